"""Sift: what is written is a span of the text, read back by hand; what carries loss; what is refused."""

import itertools
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.nn.sequences.without_sdpa import written

import aitia
from aitia.data.as_read import rows_as_read
from aitia.data.table import Table
from aitia.data.tables import read_table, write_table
from aitia.errors import DataError, FormatError, OptionError
from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import SequenceModel, Vocabulary, small_sequence_model, write
from aitia.systems.sift import Sift
from aitia.systems.sift.answers import Answers
from aitia.systems.sift.judge import seen_names
from aitia.systems.sift.prompts import TEMPLATE, Prompts
from aitia.systems.sift.sentences import check_spans, sentence_of
from aitia.workflow.answers import predict
from aitia.workflow.run import fit

WORDS = ("ann", "lee", "met", "bob", ",", ";", ":", "in", "rome", "none", "person", "place", "home")
ROWS = {
    "text": ["ann met bob", "bob left rome", "it rained", "ann left", "bob met ann lee", "rome is far"] * 3,
    "spans": [
        [[0, 3, "person"], [8, 11, "person"]], [[0, 3, "person"], [9, 13, "place"]], [], [[0, 3, "person"]],
        [[0, 3, "person"], [8, 15, "person"]], [[0, 4, "place"]],
    ] * 3,
}  # fmt: skip
TINY = {"steps": 3, "first_steps": 2, "width": 16, "layers": 1, "batch": 4}


def vocabulary():
    tokenizer = word_tokenizer(sorted({*WORDS, *TEMPLATE.split()}))
    tokenizer.eos_token = "[SEP]"
    return Vocabulary(tokenizer)


HELD = vocabulary()
ANSWERS = Answers(HELD, ("person", "place"))


def words(ids):
    return HELD.decode(ids)


def test_an_answer_is_spans_in_order_with_their_types():
    sentence = sentence_of("ann lee met bob in rome", HELD, 0)
    answer = ANSWERS.write(sentence, [(0, 7, "person"), (12, 15, "person"), (19, 23, "place")])
    assert words(answer) == "ann lee : person ; bob : person ; rome : place [SEP]"
    assert words(ANSWERS.write(sentence, [])) == "none [SEP]"


spans = st.lists(st.tuples(st.integers(0, 7), st.integers(1, 3), st.sampled_from(["person", "place"])), max_size=4)
texts = st.lists(st.sampled_from(["ann", "lee", "met", "bob", ",", "none", "person", "place"]), min_size=1, max_size=8)


@given(texts, spans)
@settings(deadline=None, max_examples=200)
def test_what_is_written_is_read_and_the_rule_allows_every_step_of_it(tokens, drawn):
    text = " ".join(tokens)
    sentence, held, free = sentence_of(text, HELD, 0), [], 0
    for first, length, kind in sorted(drawn):
        if free <= first and first + length <= len(tokens):
            held.append((sentence.words[first][0], sentence.words[first + length - 1][1], kind))
            free = first + length
    answer = ANSWERS.write(sentence, held)
    rule = ANSWERS.rule([sentence])
    for k, token in enumerate(answer):
        assert rule(0, answer[:k])[token], words(answer[: k + 1])
    found = ANSWERS.read(sentence, answer)
    assert found.unaligned == 0
    # Equal runs of words are one to the reader, which takes the leftmost that is free.
    assert [(text[a:b], kind) for a, b, kind in found.spans] == [(text[a:b], kind) for a, b, kind in held]
    if len(set(tokens)) == len(tokens):
        assert list(found.spans) == held


def test_the_rule_allows_the_answers_there_are_and_no_other():
    sentence = sentence_of("ann , bob", HELD, 0)
    rule, done, todo = ANSWERS.rule([sentence]), set(), [()]
    while todo:
        so_far = todo.pop()
        for token in np.flatnonzero(rule(0, list(so_far))):
            (done.add if token == HELD.end else todo.append)((*so_far, int(token)))
    runs = [(0, 3), (0, 5), (0, 9), (4, 5), (4, 9), (6, 9)]
    wanted = {tuple(ANSWERS.write(sentence, []))}
    for count in (1, 2, 3):
        for chosen in itertools.combinations(runs, count):
            if all(b <= c for (_, b), (c, _) in itertools.pairwise(chosen)):
                for kinds in itertools.product(ANSWERS.types, repeat=count):
                    picked = [(a, b, kind) for (a, b), kind in zip(chosen, kinds, strict=True)]
                    wanted.add(tuple(ANSWERS.write(sentence, picked)))
    assert {(*row[:-1], HELD.end) for row in done} == wanted


def test_colons_and_semicolons_of_a_text_are_in_no_span():
    sentence = sentence_of("ann : bob ; lee", HELD, 0)
    model = small_sequence_model(HELD, width=16, layers=1, longest=64)
    rows = write(model, [[5]] * 30, most=30, ends=[HELD.end], allowed=ANSWERS.rule([sentence] * 30), temperature=5.0)
    for row in rows:
        found = ANSWERS.read(sentence, row)
        assert found.unaligned == 0
        assert not any(mark in sentence.text[a:b] for a, b, _ in found.spans for mark in ":;")


def test_a_free_answer_is_read_as_far_as_it_is_of_the_text():
    sentence = sentence_of("ann met bob ann", HELD, 0)
    said = HELD.encode("ann : person ; rome : place ; bob : home ; ann : person ; met")
    found = ANSWERS.read(sentence, said.tolist())
    assert found.spans == ((0, 3, "person"), (12, 15, "person"))
    assert found.unaligned == 3
    assert [words(said[a:b]) for a, b in found.places] == ["ann : person", "ann : person"]


def loss_on(example):
    return " ".join(words([t]) for t, w in zip(example.targets, example.weights, strict=True) if w)


def test_each_strategy_counts_what_the_source_says():
    shown = [(sentence_of("ann met bob", HELD, 0), ((0, 3, "person"),)), (sentence_of("in rome", HELD, 1), ())]
    asked, spans = sentence_of("lee met ann", HELD, 2), ((0, 3, "person"),)
    prompts = Prompts(ANSWERS, False, 200)
    answers = "ann : person [SEP]", "none [SEP]", "lee : person [SEP]"
    assert loss_on(prompts.example(asked, spans, shown, "multi")) == " ".join(answers)
    assert loss_on(prompts.example(asked, spans, shown, "single")) == answers[2]
    vanilla = prompts.example(asked, spans, shown, "vanilla")
    assert loss_on(vanilla) == words(vanilla.tokens[1:])
    told = Prompts(ANSWERS, True, 200).example(asked, spans, [], "single")
    assert "Options : person , place" in words(told.tokens)


def test_demonstrations_that_do_not_fit_are_left_out_whole_the_first_ones_first():
    shown = [(sentence_of("ann met bob", HELD, k), ((0, 3, "person"),)) for k in range(3)]
    asked = sentence_of("lee met ann", HELD, 2)
    one = len(Prompts(ANSWERS, False, 500).prompt(asked, shown[:1], 0)) - len(
        Prompts(ANSWERS, False, 500).prompt(asked, [], 0)
    )
    bare = len(Prompts(ANSWERS, False, 500).prompt(asked, [], 4)) + 4
    for count in range(4):
        prompts = Prompts(ANSWERS, False, bare + count * one)
        assert prompts.shown(asked, shown, 4) == count
        assert len(prompts.prompt(asked, shown, 4)) + 4 == bare + count * one
    with pytest.raises(DataError, match=r"needs .* tokens with its answer"):
        Prompts(ANSWERS, False, bare - 1).prompt(asked, shown, 4)


def test_pieces_of_words_go_with_the_blank_before_them():
    # A tokenizer of bytes: the blank belongs to the word that follows, and parts of words make a whole.
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer, core.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    core.train_from_iterator(
        ["ann lee met bob.", "ann-marie left"] * 5,
        trainers.BpeTrainer(
            vocab_size=300, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=["</s>"]
        ),
    )
    held = Vocabulary(PreTrainedTokenizerFast(tokenizer_object=core, eos_token="</s>", pad_token="</s>"))
    for text in ("ann lee met bob.", "ann-marie, unseen; left"):
        sentence = sentence_of(text, held, 0)
        assert held.decode(sentence.ids).strip() == text
        answers = Answers(held, ("person",))
        span = (0, sentence.words[1][1], "person")
        answer = answers.write(sentence, [span])
        rule = answers.rule([sentence])
        assert all(rule(0, answer[:k])[token] for k, token in enumerate(answer))
        assert answers.read(sentence, answer).spans == (span,)


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ([(0, 99, "p")], "ends outside of the text, which has 11 characters"),
        ([(1, 3, "p")], "cuts a word, 'nn'"),
        ([(0, 7, "p"), (4, 11, "q")], "overlaps another"),
    ],
)
def test_spans_that_cannot_be_written_are_refused_by_row(held, said):
    with pytest.raises(DataError, match=f"row 3.*{said}"):
        check_spans(sentence_of("ann met bob", HELD, 3), held, 3)
    with pytest.raises(DataError, match="holds a colon"):
        check_spans(sentence_of("ann : bob", HELD, 3), [(0, 9, "p")], 3)


def test_types_that_the_tokenizer_cannot_tell_apart_are_refused():
    with pytest.raises(DataError, match="colon or semicolon"):
        Answers(HELD, ("a:b",))
    with pytest.raises(DataError, match="no word of its own"):
        Answers(HELD, ("unheard",))


def test_it_learns_what_a_list_of_names_cannot_know():
    # Every name is of a person as often as of a place: the word before it tells.
    random = np.random.default_rng(0)

    def rows(n):
        texts, spans = [], []
        for _ in range(n):
            kind = str(random.choice(["person", "place"]))
            text = f"{'doctor' if kind == 'person' else 'city'} n{random.integers(8)} was seen"
            texts.append(text)
            spans.append([[text.index(" ") + 1, text.index(" was"), kind]])
        return {"text": texts, "spans": spans}

    seen, fresh = rows(200), rows(60)
    options = {"steps": 300, "first_steps": 30, "width": 32, "layers": 2, "batch": 16, "learning_rate": 3e-3}
    model = Sift(demonstrations=1, **options).fit(seen)
    score = model.judge(model.given(fresh), model.given(seen))["F1"]
    assert 0.2 < score.baselines["names seen in training"] < 0.75
    assert score.value > 0.9
    listed = seen_names(model._labelled(seen["text"], seen["spans"]), seen["text"][:3], model)
    assert [spans[0][:2] for spans in listed] == [tuple(spans[0][:2]) for spans in seen["spans"][:3]]


def test_spans_that_are_there_stay_and_holes_are_filled_with_their_log_probability():
    model = Sift(**TINY, demonstrations=1).fit(ROWS)
    found = model.predict({"text": ["ann met bob", "rome is far"], "spans": [[[8, 11, "place"]], None]})
    assert found.spans("spans")[0] == [(8, 11, "place")]
    said = found.lists("log p")
    assert said[0] is None or len(said[0]) == 0
    assert len(said[1]) == len(found.spans("spans")[1])
    assert all(value < 0 for value in said[1])
    drawn = model.predict({"text": ["ann met bob"]}, draws=4, seed=1)
    assert len(drawn) == 4
    assert model.unaligned == 0


def test_the_log_probability_of_a_span_is_that_of_its_tokens():
    model = Sift(**TINY, demonstrations=0).fit(ROWS)
    network, sentence = model._fitted(), sentence_of("ann met bob", model._fitted().vocabulary, 0)
    (written, scores), = model.answers([sentence])  # fmt: skip
    prompt = model._prompts().prompt(sentence, [], 20)
    answer = model._answers().write(sentence, written.spans)
    with torch.no_grad():
        logits = network.logits(torch.tensor([[*prompt, *answer]]))[0].log_softmax(-1)
    each = [float(logits[len(prompt) - 1 + k, token]) for k, token in enumerate(answer)]
    for (a, b), score in zip(written.places, scores, strict=True):
        assert score == pytest.approx(sum(each[a:b]), abs=1e-4)


def test_no_demonstration_is_the_sentence_that_is_asked_about():
    model = Sift(**TINY, demonstrations=2).fit(ROWS)
    texts = [text for text, _ in model._shown]
    sentences = [sentence_of(text, model._fitted().vocabulary, 0) for text in texts]
    asked = []
    prompts = model._prompts
    model._prompts = lambda: _Spy(prompts(), asked)
    model.answers(sentences)
    assert all(text not in shown for text, shown in asked)
    assert len(asked) == 2


class _Spy:
    def __init__(self, held, asked):
        self.held, self.asked = held, asked

    def prompt(self, sentence, shown, room):
        self.asked.append((sentence.text, [each.text for each, _ in shown]))
        return self.held.prompt(sentence, shown, room)


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    """A folder of a small decoder that knows the words, as a model of one's own."""
    held = vocabulary()
    words = sorted({word for text in ROWS["text"] for word in text.split()} - set(held.tokenizer.get_vocab()))
    held.tokenizer.add_tokens(words)
    folder = tmp_path_factory.mktemp("backbone")
    small_sequence_model(held, width=16, layers=1, heads=2, longest=128).save(folder)
    return folder


@pytest.mark.parametrize("lora", [0, 2])
def test_a_model_of_ones_own_is_tuned_and_comes_back(backbone, tmp_path, lora):
    model = Sift(**TINY, demonstrations=1, lora=lora, most=20).fit(ROWS, model=str(backbone))
    before = SequenceModel.load(backbone)
    model.save_pretrained(tmp_path / "saved")
    again = aitia.load(tmp_path / "saved")
    asked = {"text": ["ann met rome", "bob left"]}
    assert again.predict(asked).spans("spans") == model.predict(asked).spans("spans")
    model.export(tmp_path / "plain")
    plain, ids = SequenceModel.load(tmp_path / "plain"), torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        assert torch.allclose(plain.logits(ids), model._fitted().logits(ids), atol=1e-5)
        assert not torch.allclose(plain.logits(ids), before.logits(ids), atol=1e-6)
    weights = list((tmp_path / "saved").rglob("*.safetensors"))
    assert [path.name for path in weights] == ["adapter_model.safetensors" if lora else "model.safetensors"]
    if lora:
        weights[0].unlink()
        with pytest.raises(FormatError, match="not saved whole"):
            aitia.load(tmp_path / "saved").predict(asked)


@pytest.mark.parametrize("lora", [0, 2])
def test_a_model_that_is_handed_over_stays_as_it_is(backbone, lora):
    held = SequenceModel.load(backbone)
    before = {name: value.clone() for name, value in held.model.state_dict().items()}
    one = Sift(**TINY, demonstrations=1, lora=lora, most=20).fit(ROWS, model=held)
    Sift(**TINY, demonstrations=0, lora=lora, most=20).fit(ROWS, model=held)
    again = Sift(**TINY, demonstrations=1, lora=lora, most=20).fit(ROWS, model=held)
    after = held.model.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        assert torch.equal(one._fitted().logits(ids), again._fitted().logits(ids))


def test_without_a_step_the_model_is_only_shown_the_demonstrations(backbone):
    model = Sift(steps=0, demonstrations=2, most=20).fit(ROWS, model=str(backbone))
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        assert torch.equal(model._fitted().logits(ids), SequenceModel.load(backbone).logits(ids))


def test_a_few_rows_of_other_texts_adapt_a_copy():
    model = Sift(**TINY, demonstrations=1).fit(ROWS)
    few = {"text": ["lee met ann", "rome left bob"], "spans": [[[0, 3, "person"]], [[0, 4, "place"]]]}
    other, ids = model.adapt(few, steps=3), torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        assert not torch.allclose(other._fitted().logits(ids), model._fitted().logits(ids), atol=1e-6)
    with pytest.raises(DataError, match="'firm' is none of the training"):
        model.adapt({"text": ["x y", "z"], "spans": [[[0, 1, "firm"]], []]})


def test_bad_input_is_refused_before_any_work():
    with pytest.raises(DataError, match="2 rows have spans, and 2 are shown"):
        Sift(**TINY).fit({"text": ["a b", "c"], "spans": [[[0, 1, "x"]], []]})
    with pytest.raises(DataError, match="no row has a span"):
        Sift(**TINY, demonstrations=0).fit({"text": ["a b", "c"], "spans": [[], []]})
    with pytest.raises(DataError, match="the text of row 1 is empty"):
        Sift(**TINY, demonstrations=0).fit({"text": ["a b", " "], "spans": [[[0, 1, "x"]], []]})
    with pytest.raises(OptionError, match="has not been fitted"):
        Sift().predict({"text": ["a"]})
    with pytest.raises(OptionError, match="strategy is one of"):
        Sift(strategy="all")
    with pytest.raises(OptionError, match="multiple of 8"):
        Sift(width=20)


def test_a_span_outside_of_its_text_is_named_by_the_row_of_the_file():
    texts, spans = ["ann met bob"] * 20, [[[0, 3, "person"]] for _ in range(20)]
    spans[15] = [[0, 30, "person"]]
    with pytest.raises(DataError, match=r"row 15: the span \[0, 30, 'person'\] ends outside of the text"):
        fit("sift", {"text": texts, "spans": spans}, test_share=0.5)


def test_rows_without_spans_and_texts_that_do_not_fit_are_told():
    with pytest.raises(DataError, match="no row has spans to learn from: name their column"):
        Sift().fit({"text": ["ann met bob", "it rained"]})
    rows = {"text": ["ann met bob", "ann met bob", "bob " * 300], "spans": [[[0, 3, "person"]]] * 3}
    with pytest.raises(DataError, match=r"the text 'bob bob .*' has 301 tokens, 128 fit: cut it, or raise longest"):
        Sift(steps=1, first_steps=1, demonstrations=0, width=16, layers=1, device="cpu").fit(rows)


@pytest.mark.parametrize("given", [False, True])
def test_a_sentence_that_does_not_fit_is_named_by_its_row_before_any_step(backbone, given, monkeypatch):
    monkeypatch.setattr(torch.optim.Optimizer, "__init__", lambda *_, **__: pytest.fail("a training began"))
    long = "bob " * (300 if given else 116)
    rows = {"text": ["ann met bob"] * 40, "spans": [[[0, 3, "person"]] for _ in range(40)]}
    rows["text"][17] = long
    more = {"model": str(backbone)} if given else {}
    model = Sift(**TINY, demonstrations=0, longest=120, device="cpu")
    with pytest.raises(DataError, match=r"row 17: the sentence 'bob bob .*' needs \d+ tokens with its answer, 120 fit"):
        model.fit(model.given(rows, **more).take(range(5, 40)), **more)


def test_a_state_space_is_refused_before_any_step(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.optim.Optimizer, "__init__", lambda *_, **__: pytest.fail("a training began"))
    for lora in (0, 2):
        with pytest.raises(OptionError, match=r"MambaForCausalLM keeps no keys and values .* as state spaces do not"):
            Sift(**TINY, demonstrations=1, lora=lora).fit(ROWS, model=str(written("mamba", tmp_path)))


def test_an_answer_to_a_sentence_that_does_not_fit_names_its_row():
    model = Sift(**TINY, demonstrations=0, longest=60, device="cpu").fit(ROWS)
    with pytest.raises(DataError, match=r"row 1: the sentence 'ann ann .*' needs \d+ tokens with its answer, 60 fit"):
        model.predict({"text": ["ann met bob", "ann " * 70]})


def tagged(folder, name, rows):
    text = "".join("".join(f"{token} {tag}\n" for token, tag in row) + "\n" for row in rows)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


TAGGED = [[("ann", "B-person"), ("met", "O"), ("bob", "B-person")], [("bob", "B-person"), ("left", "O")]] * 8


def test_what_is_predicted_is_written_in_the_ending_of_what_was_read(tmp_path):
    rows = [{"tokens": [token for token, _ in row], "tags": [tag for _, tag in row]} for row in TAGGED]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    asked = [*rows[:2], {"tokens": ["ann", "left"], "tags": None}]
    (tmp_path / "asked.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked), encoding="utf-8")
    options = {**TINY, "demonstrations": 1, "device": "cpu"}
    fit("sift", tmp_path / "rows.jsonl", out=tmp_path / "run", test_share=0, **options)
    told = predict(tmp_path / "run", str(tmp_path / "asked.jsonl"))
    files = told.write(tmp_path / "one")
    assert [file.name for file in files] == ["predict.csv", "predict.jsonl", "answer.html", "answer.json"]
    again = read_table(tmp_path / "one" / "predict.jsonl", kinds={"spans": "spans"})
    assert again.texts("text") == ["ann met bob", "bob left", "ann left"]
    assert again.spans("spans") == told.data.spans("spans")
    assert not again.absent("spans").any()

    path = tagged(tmp_path, "asked.conll", TAGGED[:3])
    told = predict(tmp_path / "run", str(path))
    assert told.warnings == ()
    files = told.write(tmp_path / "two")
    assert [file.name for file in files] == ["predict.csv", "predict.conll", "answer.html", "answer.json"]
    assert (tmp_path / "two" / "predict.conll").read_bytes() == path.read_bytes()
    record = json.loads((tmp_path / "two" / "answer.json").read_text(encoding="utf-8"))
    assert record["files"] == ["answer.html", "predict.conll", "predict.csv"]

    write_table(Table.of({"text": ["ann left"]}, kinds={"text": "text"}), tmp_path / "asked.csv")
    files = predict(tmp_path / "run", str(tmp_path / "asked.csv")).write(tmp_path / "three")
    assert [file.name for file in files] == ["predict.csv", "answer.html", "answer.json"]


def test_spans_that_tags_cannot_hold_are_written_as_json_lines():
    cut = Table.of({"text": ["ann's"], "spans": [[[0, 3, "person"]]]}, kinds={"text": "text", "spans": "spans"})
    (ending, data), told = rows_as_read("asked.iob.gz", cut)
    assert (ending, json.loads(data)["text"]) == (".jsonl", "ann's")
    assert 'a span ends inside of "ann\'s"' in told[0]
    assert rows_as_read("asked.conll", cut.select(["text"])) == (None, ())
    assert rows_as_read(None, cut) == rows_as_read("asked.csv", cut) == (None, ())
