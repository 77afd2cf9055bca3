"""VqaCausal: sentences are built from clauses, choices follow cosines and answers, ties and gaps are counted."""

import csv
from base64 import b64encode

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.systems.vqa_causal.owned import clip
from tests.text.server import Reply, serve  # noqa: F401

import aitia
from aitia.data.columns.picture import png
from aitia.data.table import Table
from aitia.errors import DataError, FormatError, InterventionError, OptionError, RunError
from aitia.systems.vqa_causal import VqaCausal
from aitia.systems.vqa_causal.clip import read_clip
from aitia.systems.vqa_causal.connectives import CONNECTIVES, known_connectives, parted
from aitia.systems.vqa_causal.controls import TextOnly, folded, no_pronoun_first, share_right
from aitia.systems.vqa_causal.small import SmallTowers
from aitia.systems.vqa_causal.training import PairBatches, TowersLoss
from aitia.worlds import PushWorld

WORLD = PushWorld()
SMALL = {"steps": 3, "batch": 8, "width": 16, "layers": 1, "device": "cpu"}
WORDS = sorted({word for pair in WORLD.sentences(WORLD.sample(200, seed=0)) for text in pair for word in text.split()})


def rows(n=24, seed=0):
    return WORLD.rows(WORLD.sample(n, seed=seed))


@pytest.fixture(scope="module")
def fitted():
    return VqaCausal(**SMALL).fit(rows(40))


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory):
    return clip(tmp_path_factory.mktemp("clip") / "model")


# -- sentences ---------------------------------------------------------------------------------------------------------

NOUN = st.lists(st.sampled_from(["rain", "Wind", "a dog", "it being cold"]), min_size=1, max_size=3).map(" ".join)


@given(first=NOUN, second=NOUN, phrase=st.sampled_from(sorted(CONNECTIVES)), end=st.sampled_from(["", ".", "?!"]))
def test_a_sentence_is_its_clauses_and_its_connective(first, second, phrase, end):
    text = f"{first} {phrase} {second}{end}"
    found = parted(text, CONNECTIVES)
    assert (found.first, found.connective.phrase, found.second, found.end) == (first, phrase, second, end)
    assert found.written() == text
    assert {found.cause, found.effect} == {first, second}
    assert (found.cause == first) == CONNECTIVES[phrase].forward or first == second


@given(first=NOUN, second=NOUN, phrase=st.sampled_from(["is due to", "leads to"]))
def test_clauses_that_are_exchanged_twice_are_as_they_were_but_for_capitals(first, second, phrase):
    text = f"{first} {phrase} {second}."
    again = parted(text, CONNECTIVES).exchanged().exchanged().written()
    assert again.lower() == text.lower()


def test_another_connective_takes_the_place_of_one_that_joins_the_same():
    street = parted("The street is wet is due to the rain.", CONNECTIVES)
    assert street.joined_by(CONNECTIVES["leads to"]).written() == "The street is wet leads to the rain."
    assert street.joined_by(CONNECTIVES["because"]) is street
    assert street.joined_by(CONNECTIVES["pushes"]) is street


def test_the_longest_connective_counts_and_no_part_of_a_word():
    found = parted("The cart moves because of the horse", CONNECTIVES)
    assert (found.first, found.second) == ("The cart", "the horse")
    assert parted("He removes snow", CONNECTIVES) is None
    assert parted("is due to rain", CONNECTIVES) is None
    assert parted("Sparks fly off from friction", known_connectives(backward=("fly off from",))).cause == "friction"
    with pytest.raises(OptionError, match="forward and backward"):
        known_connectives(("makes",), ("makes",))


# -- rows --------------------------------------------------------------------------------------------------------------


def test_the_gold_flips_where_the_cause_then_stands_on_the_other_side(fitted):
    given = rows(30, seed=3)
    before = fitted.pairs(given)
    for phrase in ("pushes", "is pushed by"):
        after = fitted.do(connective=phrase).pairs(given)
        turned = before.forward != after.forward
        assert turned.any()
        assert np.array_equal(after.right, np.where(turned, 1 - before.right, before.right))
        truth = WORLD.sentences(WORLD.sample(30, seed=3), phrase)
        for row, (true, reverse) in enumerate(truth):
            said = (after.sentences[row], after.reverses[row])
            assert said[after.right[row]] == true
            assert said[1 - after.right[row]] == reverse


def test_an_edit_writes_what_predict_is_asked(fitted):
    held = fitted.do('do(connective="is pushed by")')
    given = rows(10, seed=4)
    edited = held.edit(given)
    assert all(" is pushed by " in text for text in edited.texts("sentence"))
    assert np.array_equal(fitted.margins(fitted.pairs(edited)), held.margins(held.pairs(given)))


def test_ties_count_half_and_gaps_and_same_sentences_are_counted():
    held = rows(12)
    same = [held.texts("sentence")[0], *held.texts("reverse")[1:]]
    pictures = list(held.pictures("image"))
    pictures[5] = None
    held = held.with_columns({"reverse": same, "image": pictures}, kinds={"reverse": "text", "image": "picture"})
    model = VqaCausal(**SMALL).fit(held)
    assert any(note.startswith("1 of 12 rows have no picture") for note in model.training.notes)
    assert any(note.startswith("1 of 12 rows have the same sentence twice") for note in model.training.notes)
    margins = model.margins(model.pairs(held))
    assert margins[0] == 0
    assert np.isnan(margins[5])
    assert share_right(np.array([0.0, 2.0, -1.0]), np.array([0, 0, 0])).tolist() == [0.5, 1.0, 0.0]
    assert model.predict(held.unlabelled(["choice"])).labels("choice")[0] == "neither"
    with pytest.raises(DataError, match="1 of 12 rows have no picture, first row 5"):
        VqaCausal(**SMALL, missing="refuse").fit(held)


# -- the published tables ----------------------------------------------------------------------------------------------


def published(folder, names=("240301", "393267", "240301"), **more):
    """A table as the published ones are, and pictures as those of COCO are called."""
    (folder / "val2014").mkdir(exist_ok=True)
    sample = WORLD.sample(2, seed=1)
    for number, picture in zip((240301, 393267), WORLD.render(sample), strict=True):
        (folder / "val2014" / f"COCO_val2014_{number:012d}.jpg").write_bytes(png(picture))
    texts = [("The cow lies is due to it's tired.", "It's tired is due to the cow lies."),
             ("People wear hats is caused by it being cold.", "It being cold is caused by people wear hats."),
             ("The gap is due to air.", "Air is due to the gap.")]  # fmt: skip
    lines = [[name, *pair] for name, pair in zip(names, texts, strict=True)]
    with open(folder / "table.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["image_id", "sentence", "reverse_sentence"], *lines])
    return folder / "table.csv", folder / "val2014"


def test_a_published_table_is_read_as_it_is(tmp_path, clip_folder):
    table, images = published(tmp_path, names=("240301", "393267", "7"))
    model = VqaCausal(tune="none", images=str(images)).fit(table, model=clip_folder)
    notes = " ".join(model.training.notes)
    assert "1 of 3 rows have no picture" in notes
    assert "`sentence` is taken for it" in notes
    given = model.given(table)
    pairs = model.pairs(given)
    assert pairs.seen.tolist() == [True, True, False]
    assert pairs.right.tolist() == [0, 0, 0]
    assert np.array_equal(pairs.pictures[0], WORLD.render(WORLD.sample(2, seed=1))[0])
    scores = model.judge(given, given)
    assert 0 <= scores["order"].value <= 1
    assert model.do(connective="leads to").pairs(given).right.tolist() == [1, 1, 1]


def test_a_name_that_leaves_the_folder_is_refused(tmp_path, clip_folder):
    table, images = published(tmp_path, names=("240301", "../table.csv", "240301"))
    with pytest.raises(FormatError, match=r"row 1 names the picture '\.\./table\.csv', which lies outside"):
        VqaCausal(tune="none", images=str(images)).fit(table, model=clip_folder)
    (images / "broken.png").write_bytes(b"")
    table, images = published(tmp_path, names=("240301", "broken.png", "240301"))
    with pytest.raises(FormatError, match=r"broken\.png is no image"):
        VqaCausal(tune="none", images=str(images)).fit(table, model=clip_folder)
    with pytest.raises(OptionError, match="'image_id' names pictures: say their folder"):
        VqaCausal(**SMALL).fit(table)
    with pytest.raises(FormatError, match="there is no folder"):
        VqaCausal(**SMALL, images=str(tmp_path / "nowhere")).fit(table)


def test_a_pronoun_rule_decides_what_it_can_and_texts_alone_learn_it():
    texts = [(f"The {a} runs is due to it sees {b}.", f"It sees {b} is due to the {a} runs.")
             for a in ("dog", "cat", "cow", "man", "boy") for b in ("food", "water", "home", "rain")]  # fmt: skip
    held = Table.of(
        {"sentence": [a for a, _ in texts], "reverse": [b for _, b in texts],
         "image": np.zeros((20, 8, 8, 3), np.uint8)}, kinds={"sentence": "text", "reverse": "text", "image": "picture"},
    )  # fmt: skip
    model = VqaCausal(**SMALL).fit(held)
    pairs = model.pairs(held)
    assert share_right(no_pronoun_first(pairs), pairs.right).mean() == 1
    assert share_right(folded(pairs, range(20)), pairs.right).mean() == 1
    assert model.judge(model.given(held), model.given(held))["order"].baselines["texts alone, learnt on the fit"] == 1


def test_texts_alone_are_a_logistic_regression_on_differences():
    """Against scikit-learn on the same columns, mirrored so that there is no intercept."""
    from sklearn.linear_model import LogisticRegression

    pairs = VqaCausal(**SMALL).fit(rows(60)).pairs(rows(60))
    ours = TextOnly(ridge=2.0).fit(pairs)
    x = ours._features(pairs)
    y = 1 - 2 * pairs.right
    peer = LogisticRegression(C=0.5, fit_intercept=False, tol=1e-10, max_iter=10_000).fit(np.r_[x, -x], np.r_[y, -y])
    twice = TextOnly(ridge=1.0).fit(pairs)  # the mirrored rows count twice, so that half the ridge is the same
    assert np.allclose(twice.weights, peer.coef_[0], atol=1e-3)
    assert np.abs(ours.weights).sum() < np.abs(twice.weights).sum()


# -- training ----------------------------------------------------------------------------------------------------------


def test_the_loss_is_that_of_the_formula():
    torch.manual_seed(1)
    towers = SmallTowers(WORDS, 16, 16, 1, True).double()
    pictures = torch.randn(4, 3, 16, 16).double()
    ids, back = torch.randint(2, len(WORDS), (2, 4, 5))
    numbers = torch.tensor([[0, 9], [1, 8], [0, 7], [3, 6]])  # rows 0 and 2 have the same text
    said = torch.tensor([True, False, True, True])
    x = torch.nn.functional.normalize(towers.picture_codes(pictures), dim=-1)
    t, r = (torch.nn.functional.normalize(towers.text_codes(k), dim=-1) for k in (ids, back))
    scale, total = towers.scale.exp(), 0.0
    for i in range(4):
        rivals = [j for j in range(4) if j == i or numbers[j, 0] != numbers[i, 0]]
        over = [scale * x[i] @ t[j] for j in rivals] + [scale * x[i] @ r[j] for j in range(4) if said[j]]
        to_text = torch.logsumexp(torch.stack(over), 0) - scale * x[i] @ t[i]
        to_picture = torch.logsumexp(torch.stack([scale * x[j] @ t[i] for j in rivals]), 0) - scale * x[i] @ t[i]
        total = total + 0.5 * (to_text + to_picture) / 4
    assert TowersLoss(towers, True)(pictures, ids, back, numbers, said).item() == pytest.approx(total.item(), rel=1e-9)
    bare = TowersLoss(towers, False)(pictures, ids, back, numbers, said).item()
    assert bare < total.item()


def test_a_batch_shows_as_many_sentences_as_asked_for_and_their_own_reverse():
    n = 500
    batches = PairBatches(torch.zeros(n, 1), torch.arange(3 * n)[:, None], np.arange(n), np.arange(n, 2 * n)[:, None],
                          np.arange(2 * n, 3 * n)[:, None], 0.3, 200, seed=4)  # fmt: skip
    shares = []
    for step in range(20):
        _, ids, back, numbers, said = batches(step, 0, 1)
        shares.append(said.float().mean().item())
        assert torch.equal(ids[:, 0], numbers[:, 0])
        assert torch.equal(back[said, 0], ids[said, 0] + n)
        assert (ids[~said, 0] < n).all()
    assert np.mean(shares) == pytest.approx(0.3, abs=0.03)


def test_a_bag_of_words_cannot_tell_a_sentence_from_its_reverse():
    model = VqaCausal(**SMALL, order=False).fit(rows(40))
    pairs = model.pairs(rows(20, seed=2))
    assert not model.margins(pairs).any()
    assert not np.allclose(VqaCausal(**SMALL).fit(rows(40)).margins(pairs), 0, atol=1e-4)


def test_training_goes_on_from_given_towers_and_leaves_them(fitted):
    before = {name: value.clone() for name, value in fitted.towers.state_dict().items()}
    further = VqaCausal(**SMALL).fit(rows(40), model=fitted.towers)
    assert all(torch.equal(before[name], value) for name, value in fitted.towers.state_dict().items())
    assert any(not torch.equal(before[name], value) for name, value in further.towers.state_dict().items())


def test_a_small_model_is_taken_again_from_its_folder(fitted, tmp_path):
    fitted.export(tmp_path / "towers")
    judged = VqaCausal(tune="none").fit(rows(40), model=tmp_path / "towers")
    pairs = fitted.pairs(rows(10, seed=2))
    assert np.array_equal(judged.margins(pairs), fitted.margins(pairs))


# -- models of the CLIP kind -------------------------------------------------------------------------------------------


def test_a_clip_folder_is_judged_by_its_own_cosines(clip_folder):
    from transformers import AutoTokenizer, CLIPModel

    given = rows(6)
    model = VqaCausal(tune="none").fit(given, model=clip_folder)
    peer, tokenizer = CLIPModel.from_pretrained(clip_folder).eval(), AutoTokenizer.from_pretrained(clip_folder)
    pixels = read_clip(clip_folder).prepare_pictures(list(given.pictures("image")))
    for row in range(6):
        texts = [given.texts(name)[row] for name in ("sentence", "reverse")]
        with torch.no_grad():
            out = peer(**tokenizer(texts, return_tensors="pt", padding=True), pixel_values=pixels[row : row + 1])
        a, b = (out.logits_per_image[0] / peer.logit_scale.exp()).tolist()
        assert model.margins(model.pairs(given))[row] == pytest.approx(a - b, abs=1e-5)


@pytest.mark.parametrize("tune", ["full", "lora"])
def test_a_clip_folder_is_trained_saved_and_exported(clip_folder, tmp_path, tune):
    model = VqaCausal(tune=tune, steps=2, batch=8, learning_rate=1e-2, rank=2, device="cpu").fit(
        rows(20), model=clip_folder
    )
    pairs = model.pairs(rows(8, seed=2))
    before = VqaCausal(tune="none").fit(rows(20), model=clip_folder).margins(pairs)
    assert not np.allclose(model.margins(pairs), before)
    model.save_pretrained(tmp_path / "saved")
    again = aitia.load(tmp_path / "saved")
    assert np.allclose(again.margins(pairs), model.margins(pairs), atol=1e-7)
    model.export(tmp_path / "plain")
    judged = VqaCausal(tune="none").fit(rows(20), model=tmp_path / "plain")
    assert np.allclose(judged.margins(pairs), model.margins(pairs), atol=1e-6)
    if tune == "lora":
        old, new = (read_clip(place).model.state_dict() for place in (clip_folder, tmp_path / "plain"))
        moved = {name for name in old if not torch.equal(old[name], new[name])}
        assert moved
        assert all("q_proj" in name or "v_proj" in name for name in moved)


def test_a_judged_folder_is_named_and_not_kept(clip_folder, tmp_path):
    model = VqaCausal(tune="none").fit(rows(20), model=clip_folder)
    model.save_pretrained(tmp_path / "saved")
    assert sum(path.stat().st_size for path in (tmp_path / "saved").rglob("*")) < 20_000
    again = aitia.load(tmp_path / "saved", model=clip_folder)
    pairs = model.pairs(rows(8, seed=2))
    assert np.array_equal(again.margins(pairs), model.margins(pairs))


def test_folders_that_are_no_clip_are_refused(tmp_path, clip_folder):
    from transformers import BertConfig, BertModel

    BertModel(BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
              ).save_pretrained(tmp_path / "bert")  # fmt: skip
    with pytest.raises(FormatError, match="holds a bert, which has not a tower for pictures and one for texts"):
        VqaCausal().fit(rows(20), model=tmp_path / "bert")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "config.json").write_text("{}")
    (tmp_path / "bin" / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(FormatError, match="holds no safetensors"):
        VqaCausal().fit(rows(20), model=tmp_path / "bin")
    with pytest.raises(FormatError, match="has no picture_codes"):
        VqaCausal().fit(rows(20), model=torch.nn.Linear(2, 2))
    assert [read_clip(clip_folder).cut([text]) for text in ("red disc", "red " * 30)] == [[False], [True]]


# -- clients -----------------------------------------------------------------------------------------------------------


def seeing(body):
    """The pictures and the words of a request."""
    content = body["messages"][-1]["content"]
    if isinstance(content, str):
        return [], content
    return [part for part in content if part["type"] == "image_url"], content[-1]["text"]


def test_an_endpoint_sees_the_picture_and_is_asked_in_both_orders(serve):  # noqa: F811
    given = rows(4, seed=5)
    told = WORLD.sentences(WORLD.sample(4, seed=5))
    true = {b64encode(png(picture)).decode(): t for picture, (t, _) in zip(given.pictures("image"), told, strict=True)}

    def answers(number, body, headers):
        pictures, text = seeing(body)
        assert len(pictures) == 1
        said = true[pictures[0]["image_url"]["url"].partition(",")[2]]
        return next(line[0] for line in text.splitlines() if line[3:] == said)

    server = serve(answers)
    model = VqaCausal().fit(given, client=f"{server.address}#small")
    found = model.predict(given.unlabelled(["choice"]))
    assert found.labels("choice").tolist() == given.labels("choice").tolist()
    assert len(server.asked) == 8
    assert model.judge(model.given(given), model.given(given))["order"].value == 1


def test_an_endpoint_that_always_says_a_chooses_nothing(serve):  # noqa: F811
    given = rows(4, seed=5)
    model = VqaCausal().fit(given, client=f"{serve(lambda *_: 'A').address}#small")
    assert set(model.predict(given.unlabelled(["choice"])).labels("choice")) == {"neither"}
    scores = model.judge(model.given(given), model.given(given))
    assert scores["order"].value == 0.5
    assert scores["ties"].value == 1


def test_what_is_no_answer_is_kept_and_never_taken_for_one(serve):  # noqa: F811
    given = rows(2, seed=5).unlabelled(["choice"])
    model = VqaCausal().fit(rows(4), client=f"{serve(lambda *_: 'I do not know').address}#small")
    found = model.predict(given)
    assert set(found.labels("choice")) == {"neither"}
    assert found.texts("said")[0] == "I do not know | I do not know"


def test_an_endpoint_without_pictures_says_so(serve):  # noqa: F811
    refusal = Reply(400, {"error": {"message": "image_url is not supported by this model"}})
    model = VqaCausal().fit(rows(4), client=f"{serve(lambda *_: refusal).address}#small")
    with pytest.raises(RunError, match="image_url is not supported"):
        model.predict(rows(2).unlabelled(["choice"]))


def test_a_client_is_asked_blindly_about_sentences_alone(serve):  # noqa: F811
    def answers(number, body, headers):
        assert seeing(body)[0] == []
        return "B"

    server = serve(answers)
    held = rows(3).select(("sentence", "reverse", "choice"))
    model = VqaCausal(blind=True).fit(held, client=f"{server.address}#small")
    assert set(model.predict(held.unlabelled(["choice"])).labels("choice")) == {"neither"}
    with pytest.raises(OptionError, match="no column has the pictures"):
        VqaCausal().fit(held, client=f"{server.address}#small")
    with pytest.raises(OptionError, match="give one"):
        VqaCausal(blind=True).fit(held)
    with pytest.raises(OptionError, match="a client answers, and has no codes"):
        model.encode(held)


# -- bad input ---------------------------------------------------------------------------------------------------------


def test_rows_without_a_sentence_or_with_a_strange_choice_are_named():
    held = rows(6)
    texts = held.texts("reverse")
    texts[3] = " "
    with pytest.raises(DataError, match=r"row 3 has no reverse \(1 rows\)"):
        VqaCausal(**SMALL).fit(held.with_columns({"reverse": texts}, kinds={"reverse": "text"}))
    odd = held.with_columns({"choice": ["both", *held.labels("choice")[1:]]}, kinds={"choice": "label"})
    with pytest.raises(DataError, match="row 0 of 'choice' is 'both': it is `sentence` or `reverse`"):
        VqaCausal(**SMALL).fit(odd)
    with pytest.raises(OptionError, match="one of --model and --client"):
        VqaCausal(**SMALL).fit(held, model=torch.nn.Linear(1, 1), client=print)


def test_targets_and_options_out_of_range_are_refused(fitted):
    with pytest.raises(InterventionError, match="'connective' is set to one of"):
        fitted.do(connective="eats")
    with pytest.raises(InterventionError, match="'image' is set to one of other, blank"):
        fitted.do(image="none")
    for options in ({"causal": 2.0}, {"width": 18}, {"learning_rate": 0}, {"tune": "some"}, {"batch": 1}):
        with pytest.raises(OptionError):
            VqaCausal(**options)


def test_effects_tell_what_an_edit_does_beside_another_picture(fitted):
    given = rows(40, seed=6)
    table = fitted.effects(given)
    named = dict(zip(table.labels("target"), table.column("effect"), strict=True))
    assert {"image=other", "image=blank", "connective=pushes"} <= set(named)
    assert "connective=leads to" not in named
    pairs = fitted.pairs(given)
    other = fitted.do(image="other").pairs(given)
    by_hand = (
        share_right(fitted.margins(other), pairs.right).mean() - share_right(fitted.margins(pairs), pairs.right).mean()
    )
    assert named["image=other"] == pytest.approx(by_hand)
    assert table.column("control")[0] == pytest.approx(by_hand)
    with pytest.raises(DataError, match="moves the share of right choices"):
        fitted.effects(given, outcome="sentence")
