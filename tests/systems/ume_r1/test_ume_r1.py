"""UmeR1: states are read at their markers, losses and rewards as written out by hand, reasoning that is set."""

import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import aitia
from aitia.data.table import Table
from aitia.errors import DataError, FormatError, MissingExtraError, OptionError
from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import SequenceModel, Vocabulary, small_sequence_model, write
from aitia.systems.ume_r1 import UmeR1
from aitia.systems.ume_r1.embedding import Embedder, states_at, together
from aitia.systems.ume_r1.improving import improved
from aitia.systems.ume_r1.items import Item
from aitia.systems.ume_r1.layout import MARKERS, Layout
from aitia.systems.ume_r1.retrieval import gallery_of, hits
from aitia.systems.ume_r1.reward import EmbeddingReward, embedding_reward, for_trl
from aitia.systems.ume_r1.training import PairBatches, PairLoss
from aitia.worlds import DigitSetsWorld

NUMBERS = ("one", "two", "three", "four")
WORDS = (*NUMBERS, "and", "make", "look", "for", "so", "it", "is")


def vocabulary(codes=8):
    tokenizer = word_tokenizer(WORDS)
    tokenizer.eos_token = "[SEP]"
    return Vocabulary(tokenizer, codes=codes, markers=MARKERS)


HELD = vocabulary()
LAYOUT = Layout(HELD)
MODEL = small_sequence_model(HELD, width=16, layers=2, heads=2, longest=64, seed=3)
ITEMS = [
    Item(((1, 2), (3,)), "one and two", "look", "so one make two", "two"),
    Item((), "three", "", "it is three", "three"),
    Item(((5, 5),), "", "look for it", "so it is four", "four"),
]


def told(ids):
    return HELD.decode(ids)


def sums(n, seed=0):
    """Sums of one and two, as texts, with what they make and a sentence that says it."""
    random = np.random.default_rng(seed)
    a, b = random.integers(0, 2, (2, n))
    made = [NUMBERS[k] for k in a + b + 1]
    return {
        "text": [f"{NUMBERS[i]} and {NUMBERS[j]}" for i, j in zip(a, b, strict=True)],
        "reasoning": [f"so {NUMBERS[i]} and {NUMBERS[j]} make {m}" for i, j, m in zip(a, b, made, strict=True)],
        "answer": made,
        "positive": [f"look for {m}" if k % 2 else f"it is {m}" for k, m in enumerate(made)],
        "positive_reasoning": [f"it is {m}" for m in made],
        "positive_answer": made,
        "meaning": made,
        "task": ["a" if k % 2 else "b" for k in range(n)],
    }


SMALL = {"width": 16, "layers": 1, "heads": 2, "batch": 8, "together": 4, "most": 14, "learning_rate": 0.02}


@pytest.fixture(scope="module")
def fitted():
    return UmeR1(**SMALL, steps=150, words_weight=5.0, device="cpu").fit(sums(60))


# -- what stands where -------------------------------------------------------------------------------------------------


def test_a_sequence_is_pictures_words_the_one_marker_what_is_written_and_the_other():
    first = "<picture> <image:1> <image:2> <picture> <image:3> one and two look <disc_emb>"
    assert told(LAYOUT.prompt(ITEMS[0])) == first
    said = "<think> so one make two </think> <answer> two <gen_emb>"
    assert told(LAYOUT.said("so one make two", "two")) == said
    filler = told(LAYOUT.said("so one make two", "two", filler=True))
    assert filler == "<think> <filler> <filler> <filler> <filler> </think> <answer> two <gen_emb>"
    asking = Layout(HELD, "look for it")
    assert told(asking.prompt(ITEMS[1])) == "three <disc_emb> look for it"
    assert told(asking.bare(ITEMS[1])) == "three <disc_emb>"


def test_pictures_stand_where_the_words_say():
    item = Item(((1,), (2,)), "one <image> and <image> two", "look")
    assert told(LAYOUT.prompt(item)) == "one <picture> <image:1> and <picture> <image:2> two look <disc_emb>"


@pytest.mark.parametrize(
    ("said", "reasoning", "answer", "finished"),
    [
        ("<think> so it is </think> <answer> two", "so it is", "two", True),
        ("<think> </think> <answer> two", "", "two", True),
        ("so it is </think> <answer> two", "so it is", "two", False),
        ("<think> so <answer> two", "so", "two", False),
        ("<think> so </think> it <answer> two", "so it", "two", False),
        ("<think> so </think> <answer>", "so", "", False),
        ("<think> so it", "", "so it", False),
        ("", "", "", False),
    ],
)
def test_what_was_written_is_read_as_far_as_its_tags_go(said, reasoning, answer, finished):
    ids = HELD.encode(said).tolist() if said else []
    assert LAYOUT.read(ids, 20)[:3] == (reasoning, answer, finished)
    assert not LAYOUT.read(ids, len(ids)).finished  # cut where nothing more could be written


def test_a_tokenizer_without_markers_is_refused():
    with pytest.raises(FormatError, match=r"lacks <disc_emb>.*fit the model"):
        Layout(Vocabulary(word_tokenizer(["one"])))


# -- states ------------------------------------------------------------------------------------------------------------


def test_an_embedding_is_the_state_of_the_marker_as_it_is_read():
    rows = [[*LAYOUT.prompt(i), *LAYOUT.said(i.reasoning, i.answer)] for i in ITEMS]
    found = states_at(MODEL, rows, LAYOUT.gen)
    for row, vector in zip(rows, found, strict=True):
        with torch.no_grad():
            states = MODEL.model(torch.tensor([row]), output_hidden_states=True).hidden_states[-1][0]
        alone = states[-1] / states[-1].norm()
        assert np.allclose(vector, alone.numpy(), atol=1e-5)  # padding and company change nothing
        before = states[-2] / states[-2].norm()
        assert not np.allclose(vector, before.numpy(), atol=1e-2)  # nor is it the state that wrote the marker
    embedder = Embedder(MODEL, LAYOUT, 12)
    written = embedder.written(ITEMS)
    assert [(w.reasoning, w.answer, w.finished) for w in written] == [(i.reasoning, i.answer, True) for i in ITEMS]
    assert np.allclose(embedder.after(ITEMS, written), found, atol=1e-6)
    one_pass = states_at(MODEL, [LAYOUT.bare(item) for item in ITEMS], LAYOUT.disc)
    assert np.allclose(embedder.in_one_pass(ITEMS), one_pass)


def test_what_is_written_freely_ends_with_its_marker_or_is_told_to_be_unfinished():
    bare = [item.bare() for item in ITEMS]
    written = Embedder(MODEL, LAYOUT, 6).written(bare)
    alone = write(MODEL, [LAYOUT.prompt(item) for item in bare], most=6, ends=[LAYOUT.gen])
    assert [list(w.ids) for w in written] == alone
    assert not any(w.finished for w in written)  # random weights close no tag
    assert Embedder(MODEL, LAYOUT, 6).after(bare, written).shape == (3, 16)


def test_a_sequence_that_does_not_fit_is_refused():
    with pytest.raises(DataError, match=r"72 tokens and 6 that may be written, the model takes 64"):
        Embedder(MODEL, LAYOUT, 6).written([Item((tuple([1] * 70),), "")])


# -- losses ------------------------------------------------------------------------------------------------------------


def pairs_of(n=8):
    random, sides = np.random.default_rng(1), ([], [])
    for _ in range(n):
        for side in sides:
            item = ITEMS[random.integers(len(ITEMS))]
            prompt = LAYOUT.prompt(item)
            side.append(([*prompt, *LAYOUT.said(item.reasoning, item.answer)], len(prompt)))
    return sides


def test_the_three_losses_are_those_written_out_by_hand():
    queries, targets = pairs_of()
    meanings = np.array([0, 1, 2, 0, 1, 2, 3, 3])
    batches = PairBatches(queries, targets, meanings, np.zeros(8, dtype=int), 8, 8, HELD.pad)
    rows, tensors = batches.rows(0), batches(0, 0, 1)
    parts = PairLoss(MODEL, LAYOUT, ("disc", "gen", "language"), 0.1, 3.0)(*tensors)
    lost, count, states = 0.0, 0, {LAYOUT.disc: [], LAYOUT.gen: []}
    for ids, begin in [side[row] for side in (queries, targets) for row in rows]:
        with torch.no_grad():
            found = MODEL.model(torch.tensor([ids]), output_hidden_states=True)
        logs = found.logits[0].log_softmax(-1)
        lost -= sum(float(logs[k - 1, ids[k]]) for k in range(begin, len(ids)))
        count += len(ids) - begin
        for marker, held in states.items():
            state = found.hidden_states[-1][0, ids.index(marker)].numpy()
            held.append(state / np.linalg.norm(state))
    assert float(parts["language"].detach()) == pytest.approx(lost / count, rel=1e-4)
    for name, marker in (("disc", LAYOUT.disc), ("gen", LAYOUT.gen)):
        first, second = np.array(states[marker][:8]), np.array(states[marker][8:])
        each = []
        for i in range(8):
            others = [k for k in range(8) if k == i or meanings[rows[k]] != meanings[rows[i]]]
            p = np.exp(second[others] @ first[i] / 0.1)
            each.append(-np.log(p[others.index(i)] / p.sum()))
        assert float(parts[name].detach()) == pytest.approx(np.mean(each), rel=1e-4)
    whole = float((parts["disc"] + parts["gen"] + 3 * parts["language"]).detach())
    assert float(parts["loss"].detach()) == pytest.approx(whole, rel=1e-6)


def test_chunks_have_the_same_gradient():
    queries, targets = pairs_of()
    tensors = PairBatches(queries, targets, np.arange(8), np.zeros(8, dtype=int), 8, 8, HELD.pad)(0, 0, 1)
    found = []
    for chunk in (0, 3):
        MODEL.model.zero_grad()
        PairLoss(MODEL, LAYOUT, ("disc", "gen", "language"), chunk=chunk)(*tensors)["loss"].backward()
        found.append(torch.cat([p.grad.ravel() for p in MODEL.model.parameters()]))
    MODEL.model.zero_grad()
    assert torch.allclose(*found, atol=1e-5)


def test_rows_of_one_task_stand_together_and_processes_share_a_step():
    tasks = np.array([0] * 30 + [1] * 10)
    side = [([k, LAYOUT.disc], 2) for k in range(40)]
    batches = PairBatches(side, side, np.arange(40), tasks, 12, 4, HELD.pad, seed=1)
    drawn = [batches.rows(step) for step in range(60)]
    assert all(len(rows) == 12 and all(len(set(tasks[rows[k : k + 4]])) == 1 for k in (0, 4, 8)) for rows in drawn)
    assert 0.6 < np.mean([tasks[rows] == 0 for rows in drawn]) < 0.9
    assert all(len(set(rows[k : k + 4])) == 4 for rows in drawn for k in (0, 4, 8))
    shares = [meaning for rank in range(3) for meaning in batches(5, rank, 3)[3].tolist()]
    assert sorted(shares) == sorted(drawn[5].tolist())


# -- rewards -----------------------------------------------------------------------------------------------------------

cosines = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=6)


@given(cosines, cosines)
@settings(deadline=None)
def test_the_reward_is_ranking_times_margin(own, others):
    own, others = np.array(own), np.array(others)
    every = sorted([(-value, 0) for value in others] + [(-value, 1) for value in own])
    share = sum(mine for _, mine in every[: len(own)]) / len(own)
    assert embedding_reward(own, others) == pytest.approx(share * (own.mean() - others.mean()))


def test_an_embedding_that_is_alike_for_all_is_worth_nothing():
    assert embedding_reward(np.ones(4), np.ones(9)) == 0.0
    assert embedding_reward(np.ones(2), np.empty(0)) == 0.0


def test_only_what_has_its_form_is_worth_something_and_trl_gets_the_same():
    embedder = Embedder(MODEL, LAYOUT, 12)
    made = lambda: EmbeddingReward(embedder, ITEMS, ITEMS, np.array([0, 1, 2]), 3, seed=4)  # noqa: E731
    good = LAYOUT.said("so it is two", "two")[:-1]
    texts = [good, good[1:], LAYOUT.said("it is", "four")[:-1], [*good, *good]]
    ours = made()
    rewards = ours([0, 0, 2, 2], texts)
    assert rewards[1] == rewards[3] == 0.0
    assert 0.0 < rewards[0] != rewards[2]
    assert ours.told[0]["form"] == 0.5
    assert ours.told[0]["different"] == 1.0
    theirs = for_trl(made())(
        prompts=["x"] * 4, completions=["y"] * 4, row=[0, 0, 2, 2], trainer_state=None,
        completion_ids=[[*text, LAYOUT.gen] if k < 3 else text for k, text in enumerate(texts)],
    )  # fmt: skip
    assert theirs == rewards.tolist()


@pytest.fixture(scope="module")
def early():
    """A model that closes its tags and is often wrong."""
    return UmeR1(**SMALL, steps=60, words_weight=5.0, device="cpu").fit(sums(60))


ASKED = {**SMALL, "steps": 0, "policy_queries": 6, "group": 6, "policy_learning_rate": 2e-3, "device": "cpu"}


def test_a_policy_learns_what_is_rewarded(early):
    later = UmeR1(**ASKED, policy_steps=12).fit(sums(60), model=early._fitted())
    (name, steps), = later.training.losses  # fmt: skip
    assert name == "improving the reasoning"
    assert [step["step"] for step in steps] == list(range(1, 13))
    assert np.mean([s["reward"] for s in steps[-4:]]) > np.mean([s["reward"] for s in steps[:4]])
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        assert not torch.allclose(later._fitted().logits(ids), early._fitted().logits(ids), atol=1e-5)


def test_without_trl_it_says_so(early, monkeypatch):
    monkeypatch.setitem(sys.modules, "trl", None)
    with pytest.raises(MissingExtraError, match="learner=trl needs trl"):
        UmeR1(**ASKED, policy_steps=1, learner="trl").fit(sums(60), model=early._fitted())


@pytest.mark.filterwarnings("ignore")  # of trl and of what it calls
def test_trl_takes_the_reward(early):
    pytest.importorskip("trl", reason="trl is not installed: its trainer is not run")
    later = UmeR1(**ASKED, policy_steps=3, learner="trl").fit(sums(60), model=early._fitted())
    (_, steps), = later.training.losses  # fmt: skip
    assert len(steps) == 3
    assert sum(step["reward"] for step in steps) > 0
    assert all(step["tokens"] > 3 for step in steps)
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        assert not torch.allclose(later._fitted().logits(ids), early._fitted().logits(ids), atol=1e-5)
    assert later.predict({"text": ["one and two"]}).labels("finished")[0] in ("yes", "no")


def test_the_shuffled_reward_is_that_of_other_targets():
    seen = []

    def held(embedder, queries, targets, meanings, group, seed):
        seen.append((targets, meanings.tolist()))
        raise StopIteration

    for shuffled in (False, True):
        config = UmeR1(shuffle_reward=shuffled, policy_steps=1, seed=1).config
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("aitia.systems.ume_r1.improving.EmbeddingReward", held)
            with pytest.raises(StopIteration):
                improved(MODEL, LAYOUT, ITEMS, ITEMS, np.arange(3), config)
    assert seen[0] == (ITEMS, [0, 1, 2])
    assert seen[1][0] == [ITEMS[k] for k in seen[1][1]]
    assert sorted(seen[1][1]) == [0, 1, 2] != seen[1][1]


# -- finding -----------------------------------------------------------------------------------------------------------


def test_hits_are_the_nearest_of_the_same_meaning():
    random = np.random.default_rng(0)
    queries, held = random.normal(size=(20, 5)), random.normal(size=(9, 5))
    meanings, of = random.integers(0, 3, 20), random.integers(0, 3, 9)
    each = [of[max(range(9), key=lambda k: queries[i] @ held[k])] == meanings[i] for i in range(20)]
    assert hits(queries, held, meanings, of).tolist() == each


def test_a_gallery_has_every_target_once_by_its_first_row():
    found = gallery_of([ITEMS[1], None, ITEMS[0], ITEMS[1].bare(), ITEMS[2]], np.array([4, 9, 5, 4, 6]))
    assert found.rows.tolist() == [0, 2, 4]
    assert found.meanings.tolist() == [4, 5, 6]
    assert [found.told(k) for k in range(3)] == ["three", "one and two", "pictures of row 4"]


def test_reasoning_is_written_and_what_belongs_to_a_query_is_found(fitted):
    asked = {"text": ["one and one", "two and two"]}
    found = fitted.predict(asked)
    assert found.texts("reasoning") == ["so one and one make two", "so two and two make four"] or (
        found.texts("answer") == ["one", "three"]
    )
    fresh = sums(30, seed=7)
    scores = fitted.judge(fitted.given(fresh), fitted.given(sums(60)))
    assert scores["hit@1, gen"].value > 0.9 > 0.6 > scores["hit@1, gen"].baselines["a random target"]
    assert scores["finished"].value == 1.0
    assert scores["hit@1, the better mode"].value >= max(scores["hit@1, gen"].value, scores["hit@1, disc"].value)
    ranked = fitted.retrieve(asked, fresh, most=2)
    assert ranked.column("rank").tolist() == [1.0, 2.0, 1.0, 2.0]
    best = [fresh["meaning"][int(row)] for row in ranked.column("found")]
    assert best[0] == found.texts("answer")[0]
    assert best[2] == found.texts("answer")[1]
    vectors = fitted.encode(asked).matrix()
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_a_reasoning_that_is_set_or_known_stands_in_the_place_of_ones_own(fitted):
    asked = {"text": ["one and one"]}
    own = fitted.predict(asked)
    count = len(own.texts("reasoning")[0].split())
    filler = fitted.do(reasoning="filler").predict(asked)
    assert filler.texts("reasoning") == [" ".join(["<filler>"] * count)]
    assert fitted.do("do(reasoning=absent)").predict(asked).texts("reasoning") == [""]
    other = fitted.do(reasoning="so two and two make three").predict(asked)
    known = fitted.predict({**asked, "reasoning": ["so two and two make three"]})
    assert other.texts("reasoning") == known.texts("reasoning") == ["so two and two make three"]
    assert other.texts("answer") == known.texts("answer") == ["three"] != own.texts("answer")
    assert other.column("similarity").tolist() == known.column("similarity").tolist()
    set_over = fitted.do(reasoning="so two and two make three").predict({**asked, "reasoning": ["so it is one"]})
    assert set_over.texts("answer") == ["three"]
    whole = {**asked, "reasoning": ["so it is"], "answer": ["four"]}
    assert fitted.predict(whole).texts("answer") == ["four"]
    assert fitted.predict({**asked, "answer": ["four"]}).texts("answer") == ["four"]


def test_draws_are_drawn_and_the_likeliest_is_written_alone(fitted):
    asked = {"text": ["one and one", "two and one"]}
    drawn = fitted.predict(asked, draws=8, seed=1)
    assert len(drawn) == 16
    assert drawn.texts("answer") == fitted.predict(asked, draws=8, seed=1).texts("answer")


def test_a_model_that_embeds_alone_needs_no_reasoning_and_writes_none():
    rows = {name: values for name, values in sums(40).items() if "reasoning" not in name and "answer" not in name}
    model = UmeR1(**SMALL, steps=4, losses=("disc",), mode="disc").fit(rows)
    found = model.predict({"text": ["one and two"]})
    assert found.names == ("text", "positive", "found", "similarity")
    assert not model.targets
    assert set(model.judge(model.given(rows), model.given(rows))) == {"hit@1, disc"}
    with pytest.raises(OptionError, match="no column is the reasoning: name it"):
        UmeR1(**SMALL, steps=4).fit(rows)


def test_it_comes_back_with_its_targets_and_plain_transformers_embeds_alike(fitted, tmp_path):
    import transformers

    fitted.save_pretrained(tmp_path / "saved")
    again = aitia.load(tmp_path / "saved")
    asked = {"text": ["one and two"]}
    assert again.predict(asked).hash() == fitted.predict(asked).hash()
    fitted.export(tmp_path / "plain")
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "plain").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "plain")
    read = fitted.predict(asked)
    said = f"<think> {read.texts('reasoning')[0]} </think> <answer> {read.texts('answer')[0]} <gen_emb>"
    ids = tokenizer(f"one and two <disc_emb> {said}", add_special_tokens=False, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        state = model(ids, output_hidden_states=True).hidden_states[-1][0, -1]
    assert np.allclose(fitted.encode(asked).matrix()[0], (state / state.norm()).numpy(), atol=1e-5)
    (tmp_path / "saved" / "gallery.safetensors").unlink()
    with pytest.raises(FormatError, match="save the model again"):
        aitia.load(tmp_path / "saved")


def test_a_model_of_ones_own_gets_the_markers_and_stays_as_it_was(tmp_path):
    tokenizer = word_tokenizer(WORDS)
    tokenizer.eos_token = "[SEP]"
    small_sequence_model(Vocabulary(tokenizer), width=16, layers=1, heads=2, longest=64).save(tmp_path / "own")
    model = UmeR1(**SMALL, steps=2).fit(sums(20), model=str(tmp_path / "own"))
    assert set(MARKERS) <= set(model._fitted().vocabulary.markers)
    plain = SequenceModel.load(tmp_path / "own")
    assert len(plain.vocabulary) < len(model._fitted().vocabulary)


def test_pictures_come_from_files_of_several_columns(tmp_path):
    from aitia.system import example_of

    held = example_of("ume-r1", tmp_path, 0)
    options = {**held.options, "steps": 2}
    model = UmeR1(**options).fit(held.files, **held.roles)
    world = DigitSetsWorld(most=2)
    rows = world.rows(world.sample(200, seed=0, env="train"))
    again = UmeR1(**options).fit(rows, **held.roles)
    asked = rows.select(("first", "second", "instruction"))
    assert np.array_equal(model.encode(asked).matrix(), again.encode(asked).matrix())
    queries = model._queries(model.given(asked))
    assert all(len(item.pictures) == 2 and len(item.pictures[0]) == 16 for item in queries)


def test_bad_input_is_refused_before_any_work():
    rows = sums(20)
    with pytest.raises(DataError, match="the query of row 3 has neither words nor a picture"):
        UmeR1(**SMALL).fit({**rows, "text": [*rows["text"][:3], "", *rows["text"][4:]]})
    with pytest.raises(DataError, match="row 0 says <image> 1 times and has 0 pictures"):
        UmeR1(**SMALL).fit({**rows, "text": ["look <image>", *rows["text"][1:]]})
    with pytest.raises(DataError, match="all targets mean the same"):
        UmeR1(**SMALL).fit({**rows, "meaning": ["x"] * 20})
    with pytest.raises(DataError, match=r"20 of 40 reasonings .* longer than most=8 tokens, the longest 11"):
        UmeR1(**{**SMALL, "most": 8}).fit(rows)
    with pytest.raises(DataError, match="row 0 has no answer to learn from: fill it in, or drop it"):
        UmeR1(**SMALL).fit({**rows, "answer": [None, *rows["answer"][1:]]})
    with pytest.raises(OptionError, match="no column says what belongs to a query"):
        UmeR1(**SMALL).fit({"text": ["one", "two"]})
    with pytest.raises(OptionError, match="has not been fitted"):
        UmeR1().predict({"text": ["one"]})
    for wrong, said in (
        ({"mode": "both"}, "mode is one of"),
        ({"losses": ("disc", "words")}, "losses are some of"),
        ({"losses": ("disc",)}, "need more losses than disc"),
        ({"most": 4}, "most is at least 5"),
        ({"group": 1}, "group is at least 2"),
        ({"width": 20, "heads": 4}, "multiple of twice"),
        ({"temperature": 0.0}, "temperature is positive"),
        ({"beta": -1.0}, "beta is zero or more"),
    ):
        with pytest.raises(OptionError, match=said):
            UmeR1(**wrong)


def test_padding_on_the_right_is_no_token():
    ids, present = together([[5], [6, 7, 8]], HELD.pad)
    assert ids[0, 1:].tolist() == [HELD.pad] * 2
    assert present.sum(dim=1).tolist() == [1, 3]


def test_the_report_shows_pictures_and_says_where_no_words_were_written():
    from aitia.report import ImageBlock, TableBlock
    from aitia.systems.ume_r1.page import NONE, blocks

    world = DigitSetsWorld(most=2)
    rows = world.rows(world.sample(24, seed=0, env="train"))
    model = UmeR1(**{**SMALL, "most": 12, "steps": 1}, patch=4, codes=16).fit(rows)
    found = blocks(model, model.given(rows))
    assert sum(isinstance(block, ImageBlock) for block in found) == 1
    table = next(block for block in found if isinstance(block, TableBlock))
    assert all(row[2] and row[3] for row in table.rows), f"{NONE} where there is nothing"
    words = UmeR1(**SMALL).fit(sums(20))
    assert not any(isinstance(block, ImageBlock) for block in blocks(words, words.given(sums(20))))


def test_pictures_of_several_sizes_are_told_with_the_option_that_scales_them(tmp_path):
    from aitia.data.columns.picture import png

    for k in range(4):
        pixels = np.random.default_rng(k).integers(0, 256, (8, 12 if k == 2 else 8, 3)).astype(np.uint8)
        (tmp_path / f"{k}.png").write_bytes(png(pixels))
    files = {"pictures": [str(tmp_path / f"{k}.png") for k in range(4)], "positive": ["a", "b", "c", "d"]}
    rows = Table.of(files, kinds={"pictures": "picture", "positive": "text"})
    with pytest.raises(DataError, match=r"2.png is 12x8; give a size to scale them to, which is --pixels"):
        UmeR1(**SMALL, losses=("disc",), mode="disc").fit(rows)
    found = UmeR1(**{**SMALL, "steps": 1}, losses=("disc",), mode="disc", pixels=8, patch=4, codes=4).fit(rows)
    assert len(found.predict(rows.select(["pictures"]))) == 4
