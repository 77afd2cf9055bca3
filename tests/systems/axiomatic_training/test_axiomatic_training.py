"""Axiomatic training: what carries loss, what is let in when, rules by hand, what is filled, and what is refused."""

import itertools
import json

import numpy as np
import pytest
import torch

import aitia
from aitia.errors import DataError, FormatError, GraphError, OptionError, UnknownVariableError
from aitia.graph.graph import Graph
from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import Vocabulary, small_sequence_model
from aitia.systems.axiomatic_training import AxiomaticTraining, axiom_rows, read_published
from aitia.systems.axiomatic_training.cells import balanced, cells_of, told_forward
from aitia.systems.axiomatic_training.config import AxiomaticTrainingConfig
from aitia.systems.axiomatic_training.corpus import Question, questions_of
from aitia.systems.axiomatic_training.decoder import Curriculum, RisingLoss, Signs, made_decoder
from aitia.systems.axiomatic_training.given_model import INSTRUCTION
from aitia.systems.axiomatic_training.published import disputed
from aitia.systems.axiomatic_training.reasoner import asked_of
from aitia.systems.axiomatic_training.rules import rule_answers
from aitia.text import open_client
from aitia.worlds import AxiomsWorld
from aitia.worlds.axiom_items import Item, read_item

TINY = {"steps": 4, "width": 16, "layers": 1, "batch": 4, "device": "cpu"}
WORLD = AxiomsWorld(least=2, most=4)
ROWS = WORLD.rows(WORLD.sample(120, seed=0)).select(("premise", "question", "label"))
CHAIN = (("a", "b"), ("b", "c"), ("c", "d"))


@pytest.fixture(scope="module")
def model():
    return AxiomaticTraining(**TINY).fit(ROWS)


@pytest.fixture(scope="module")
def signs():
    config = AxiomaticTrainingConfig(width=16, layers=1, symbols=8)
    return Signs(made_decoder(config).vocabulary, config.symbols)


def asked(**columns):
    return {"premise": ["It causes Rain. Rain causes Mud."] * 2, "question": ["Does It cause Mud?"] * 2, **columns}


# -- rules and cells ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edges", "x", "y", "said"),
    [
        (CHAIN, "a", "d", (True, False, True, True)),
        (CHAIN, "d", "a", (False, False, False, False)),
        (CHAIN, "b", "c", (True, True, True, False)),
        (CHAIN[::-1], "a", "d", (False, False, True, True)),
        (CHAIN[::-1], "d", "a", (True, False, False, False)),
        ((("a", "b"), ("c", "b"), ("c", "d")), "a", "d", (True, False, True, True)),
    ],
)
def test_the_four_rules_say_what_they_say_by_hand(edges, x, y, said):
    found = rule_answers([Item(edges, x, y)])
    names = ["X stands before Y", "X -> Y is listed", "X is a cause, Y an effect", "out-in degree of X above Y's"]
    assert tuple(bool(found[name][0]) for name in names) == said
    assert found["always yes"].tolist() == [True]


def test_rules_of_separation_and_of_both_axioms():
    items = [Item(CHAIN, "a", "b", ()), Item(CHAIN, "a", "c", ("b",)), Item(CHAIN, "a", "d", ("c",))]
    found = rule_answers(items)
    assert found["no edge joins X and Y"].tolist() == [False, True, True]
    assert found["nothing is given"].tolist() == [True, False, False]
    assert found["a neighbour is given"].tolist() == [False, True, True]
    assert list(rule_answers([*items, Item(CHAIN, "a", "b")])) == ["always yes"]


def test_the_order_rule_is_always_right_on_chains_told_forward_and_never_on_those_told_backward():
    for shape, right in (("forward", 1.0), ("reversed", 0.0)):
        items = WORLD.items(WORLD.sample(120, seed=1, do=f"do(shape={shape}, nodes=9)"))
        true = np.array([item.true for item in items])
        found = rule_answers(items)["X stands before Y"] == true
        # Told backward the first edge names its cause first: of all pairs only that one is in order.
        odd = np.array([{item.x, item.y} == set(item.edges[0]) for item in items]) & (shape == "reversed")
        assert found[~odd].mean() == right
        assert all(told_forward(item) == right for item in items)


def test_cells_count_and_alike_halves_leave_the_order_no_use():
    both = [
        WORLD.items(WORLD.sample(90, seed=k, do=f"do(shape={shape}, nodes=10)").take(np.arange(90 - 30 * k)))
        for k, shape in enumerate(("forward", "reversed"))
    ]
    items = [item for side in both for item in side]
    true = np.array([item.true for item in items])
    cells = {cell.name: cell for cell in cells_of(items, true, ~true)}
    assert cells["all"].questions == 150
    assert cells["10 nodes"].accuracy == cells["all"].accuracy == 0.0
    assert sum(cell.questions for name, cell in cells.items() if name.startswith(("yes,", "no,"))) == 150
    assert cells["told forward"].questions == 90
    assert cells["yes, 3 or more away"].yes == 1.0
    even = balanced(items, true, true)
    assert even.questions == 120
    assert even.accuracy == 1.0
    assert even.low > 0.96
    assert even.rules["X stands before Y"] < 0.62
    assert balanced(both[0], true[:90], true[:90]) is None


# -- sequences ---------------------------------------------------------------------------------------------------------


def test_loss_stands_on_the_last_name_of_a_question_and_no_answer_is_read(signs):
    items = [Item(CHAIN, "a", "d"), Item(CHAIN, "d", "a"), Item(CHAIN, "b", "c")]
    example = signs.example(items, [True, False, True], np.random.default_rng(0))
    words = signs.vocabulary.decode(example.tokens).split()
    assert words.pop(0) == "[SEP]"  # a first token by which one without positions can count
    assert words[1:9:3] == ["causes"] * 3
    assert words[10::3] == ["cause"] * 3
    assert words[2] == words[3]  # b ends the first edge and begins the second
    marks = np.flatnonzero(example.weights)
    assert [words[k - 1] for k in marks] == [words[8], words[0], words[5]]  # d, a and c, the second names
    assert signs.vocabulary.decode(example.targets[marks]).split() == ["Yes", "No", "Yes"]
    assert not {"Yes", "No"} & {*words}
    assert len({word for word in words if word.startswith("<")}) == 4


def test_separation_names_what_is_given(signs):
    items = [Item(CHAIN, "a", "d", ("b", "c")), Item(CHAIN, "a", "b", ())]
    words = signs.vocabulary.decode(signs.example(items, [True, False], np.random.default_rng(0)).tokens).split()
    a, b, c, d = words[1], words[3], words[6], words[9]
    assert words[10:] == [b, c, "|", a, "sep", d, a, "sep", b]


def test_an_earlier_question_does_not_tell_its_answer_to_a_later_one(signs):
    """Flipping the first answer changes no token that is read, so no logit of the second."""
    items = [Item(CHAIN, "a", "d"), Item(CHAIN, "d", "a")]
    first, second = (signs.example(items, [yes, False], np.random.default_rng(0)) for yes in (True, False))
    assert first.tokens.tolist() == second.tokens.tolist()
    assert (first.targets != second.targets).sum() == 1


def questions_from(items):
    return [Question(row, item, item.true) for row, item in enumerate(items)]


def test_premises_that_differ_in_names_are_one_and_rise_with_their_nodes(signs):
    config = AxiomaticTrainingConfig(batch=16, queries=4, symbols=8)
    items = WORLD.items(WORLD.sample(360, seed=2))
    batches = Curriculum(signs, questions_from(items), config, 128)
    assert batches.sizes.tolist() == [2, 3, 4]
    for level, nodes in enumerate((2, 3, 4)):
        batches.level = lambda level=level: level
        ids, present, targets, weights, _ = batches(5, 0, 1)
        edges = (ids == signs.vocabulary.encode("causes")[0]).sum(dim=1)
        assert 1 <= int(edges.min()) <= int(edges.max()) == nodes - 1
        yes = (targets == signs.vocabulary.encode("Yes")[0]) & (weights > 0)
        # Half of the questions of a premise are yes, where there are as many different ones.
        assert abs(float(yes.sum() / (weights > 0).sum()) - 0.5) < 0.1
        again = batches(5, 0, 1)
        assert all(torch.equal(a, b) for a, b in zip((ids, present, targets, weights), again, strict=False))
    halves = [batches(5, rank, 2)[0].shape[0] for rank in (0, 1)]
    assert halves == [8, 8]


def test_the_next_size_is_let_in_when_the_last_is_solved_or_it_is_time():
    config = AxiomaticTrainingConfig(steps=100, curriculum=0.8, solved=0.3, width=16, layers=1)
    rising = RisingLoss(made_decoder(config), 5, config)
    rising.before(0)
    assert int(rising.level) == 0
    rising.mean.fill_(0.29)
    rising.before(1)
    assert int(rising.level) == 1
    assert float(rising.mean) == pytest.approx(np.log(2))
    rising.before(39)
    assert int(rising.level) == 1
    rising.before(40)  # 2 of 4 rises are due after half of 80 steps
    assert int(rising.level) == 2
    for step in range(80, 90):
        rising.before(step)
    assert int(rising.level) == 4
    assert {"level", "mean"} <= set(rising.state_dict())


def test_a_decoder_learns_which_of_two_causes_the_other():
    """Of 'x causes y' it is to say yes to (x, y) and no to (y, x): the rule that needs no path, in 250 short steps."""
    pairs = [(a, b) for a in "abcd" for b in "efgh"]
    rows = {"premise": [], "question": [], "label": []}
    for a, b in pairs:
        rows["premise"] += [f"{a} causes {b}."] * 2
        rows["question"] += [f"Does {a} cause {b}?", f"Does {b} cause {a}?"]
        rows["label"] += ["Yes", "No"]
    model = AxiomaticTraining(steps=300, symbols=4, width=32, layers=2, batch=32, device="cpu").fit(rows)
    odds = model.log_odds([Item((("Q", "w"),), *pair) for pair in (("Q", "w"), ("w", "Q"))])
    assert odds[0] > 1 > -1 > odds[1]
    assert model.training.losses[0][1][-1]["loss"] < 0.2


# -- rows --------------------------------------------------------------------------------------------------------------


def test_holes_are_filled_and_what_is_there_stays(model):
    found = model.predict(asked(label=[None, "No"]))
    assert found.labels("label")[1] == "No"
    assert found.labels("label")[0] in ("Yes", "No")
    p = found.column("p yes")
    assert np.isnan(p[1])
    assert found.labels("label")[0] == ("Yes" if p[0] > 0.5 else "No")
    several = model.predict(asked(), draws=40, seed=1)
    assert len(several) == 80
    assert several.column("p yes")[0] == pytest.approx(p[0])
    assert {*several.labels("label")} == {"Yes", "No"}


def test_a_prompt_is_read_as_premise_and_question(model):
    prompt = f"{INSTRUCTION}It causes Rain. Rain causes Mud. Does It cause Mud?"
    one = model.predict({"prompt": [prompt]}).column("p yes")
    assert one[0] == model.predict(asked()).column("p yes")[0]


def test_answers_that_are_neither_are_kept_and_counted(model):
    odd = {**asked(), "label": ["maybe", "Yes."]}
    held = questions_of(model.given(odd))
    assert [(q.answer, q.odd) for q in held] == [(None, "maybe"), (True, "")]
    assert model.predict(odd).labels("label").tolist() == ["maybe", "Yes"]
    rows = {name: [*ROWS.texts(name), *asked()[name]] for name in ("premise", "question")}
    fitted = AxiomaticTraining(**TINY).fit({**rows, "label": [*ROWS.labels("label"), "maybe", "Yes"]})
    assert "1 answers are neither Yes nor No ('maybe', 1 times)" in fitted.training.warnings[0]


def test_labels_that_the_graph_disputes_and_too_few_questions_are_told():
    swapped = {"Yes": "No", "No": "Yes"}
    labels = [swapped[label] if row < 6 else label for row, label in enumerate(ROWS.labels("label"))]
    rows = ROWS.with_columns({"label": labels}, {"label": "label"})
    told = AxiomaticTraining(**TINY).fit(rows).training.warnings
    assert "6 of 120 answers are not what transitivity or d-separation says" in told[0]
    few = ROWS.take(range(0, 120, 6))
    told = AxiomaticTraining(**TINY).fit(few).training.warnings
    assert "1." in told[-1]
    assert "a premise: a small decoder rarely starts" in told[-1]


def test_scores_stand_beside_the_rules(model):
    scores = model.judge(model.given(ROWS), model.given(ROWS))
    whole = scores["accuracy"]
    items = [question.item for question in questions_of(model.given(ROWS))]
    true = np.array([item.true for item in items])
    for name, said in rule_answers(items).items():
        assert whole.baselines[name] == pytest.approx((said == true).mean())
    assert "the commoner answer" in whole.baselines
    assert "accuracy, told both ways alike" in scores
    assert scores["accuracy, no, the reverse"].baselines["always yes"] == 0.0


def test_edits_leave_the_answer_true_and_touch_what_they_say(model):
    given = model.given(ROWS)
    before = [question.item for question in questions_of(given)]
    for do, same in (("do(names=permuted)", set), ("do(names=longer)", None), ("do(order=reversed)", tuple)):
        rows = model.do(do).edit(ROWS)
        assert rows.labels("label").tolist() == ROWS.labels("label").tolist()
        for old, new in zip(before, (question.item for question in questions_of(model.given(rows))), strict=True):
            assert (new.true, new.kind) == (old.true, old.kind)
            assert len(new.edges) == len(old.edges)
            if same is set:
                assert {*new.nodes} == {*old.nodes}
            elif same is None:
                assert all(6 <= len(name) < 10 for name in new.nodes)
            else:
                assert new.edges == old.edges[::-1]
    both = model.do("do(names=longer)").do("do(order=shuffled)").edit(ROWS)
    assert [q.item.true for q in questions_of(model.given(both))] == [item.true for item in before]
    prompt = f"{INSTRUCTION}It causes Rain. Rain causes Mud. Does It cause Mud?"
    edited = model.do("do(order=reversed)").edit({"prompt": [prompt]}).texts("prompt")
    assert list(edited) == [f"{INSTRUCTION}Rain causes Mud. It causes Rain. Does It cause Mud?"]


def test_effects_are_changes_of_being_right_and_none_of_names_alone(model):
    table = model.effects(ROWS)
    assert table.labels("target").tolist() == ["names=permuted", "names=longer", "order=reversed", "order=shuffled"]
    questions = questions_of(model.given(ROWS))
    true = np.array([bool(q.answer) for q in questions])
    turned = questions_of(model.given(model.do("do(order=reversed)").edit(ROWS)))
    right = [(model.log_odds([q.item for q in part], 0) > 0) == true for part in (questions, turned)]
    premises = [q.item.premise for q in questions]
    by = [
        np.mean([(right[1][k] - 1.0 * right[0][k]) for k, p in enumerate(premises) if p == one]) for one in {*premises}
    ]
    assert table.column("effect")[2] == pytest.approx(np.mean(by))
    assert table.column("effect")[:2].tolist() == [0.0, 0.0]  # symbols are dealt by order of naming
    held = model.do("do(order=shuffled)").effects(ROWS)
    assert held.labels("target").tolist() == ["order=shuffled"]
    with pytest.raises(UnknownVariableError, match="'wrong' is not"):
        model.effects(ROWS, outcome="wrong")


@pytest.mark.parametrize("positions", ["none", "rotary", "learned", "sinusoidal"])
def test_what_is_saved_answers_alike(positions, tmp_path):
    fitted = AxiomaticTraining(**TINY, positions=positions).fit(ROWS)
    fitted.save_pretrained(tmp_path / "saved")
    back = aitia.load(tmp_path / "saved")
    assert back.predict(asked()).column("p yes").tolist() == fitted.predict(asked()).column("p yes").tolist()


def test_an_export_is_opened_by_transformers(model, tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model.export(tmp_path / "plain")
    network = AutoModelForCausalLM.from_pretrained(tmp_path / "plain")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "plain")
    ids = torch.tensor(
        [tokenizer.convert_tokens_to_ids(["[SEP]", "<0>", "causes", "<1>", ".", "<0>", "cause", "<1>", "?"])]
    )
    assert torch.allclose(network(ids).logits, model._model.model(ids).logits, atol=1e-5)


def test_adapting_gives_a_copy_that_learnt_on(model):
    before = model.predict(asked()).column("p yes")
    other = model.adapt(ROWS.take(range(60)), steps=2)
    assert model.predict(asked()).column("p yes").tolist() == before.tolist()
    assert other.predict(asked()).column("p yes").tolist() != before.tolist()
    assert len(other.training.losses) == 2


# -- language models ---------------------------------------------------------------------------------------------------


def language_model(words=()):
    said = f"{INSTRUCTION} It causes Rain. Rain. Mud. Does It cause Mud? Answer: Yes No".split()
    tokenizer = word_tokenizer(sorted({*said, *words}))
    tokenizer.eos_token = "[SEP]"
    return small_sequence_model(Vocabulary(tokenizer), width=16, layers=1, heads=2, longest=128)


def test_a_given_model_is_tuned_on_the_answers_alone_and_theirs_stays(tmp_path):
    theirs = language_model()
    theirs.save(tmp_path / "model")
    rows = {**asked(), "label": ["Yes", "No"]}
    for lora in (0, 2):
        fitted = AxiomaticTraining(**{**TINY, "lora": lora}).fit(rows, model=tmp_path / "model")
        fitted.save_pretrained(tmp_path / f"saved{lora}")
        back = aitia.load(tmp_path / f"saved{lora}", model=tmp_path / "model")
        assert back.predict(asked()).column("p yes") == pytest.approx(fitted.predict(asked()).column("p yes"))
    still = AxiomaticTraining(**{**TINY, "steps": 0}).fit(rows, model=theirs)
    assert still.training.losses == ()
    item = Item((("It", "Rain"), ("Rain", "Mud")), "It", "Mud")
    ids = torch.tensor([theirs.vocabulary.encode(f"{INSTRUCTION}{item.premise} {item.question}\nAnswer:").tolist()])
    logits = theirs.logits(ids)[0, -1].detach()
    yes, no = (int(theirs.vocabulary.encode(word)[0]) for word in ("Yes", "No"))
    assert still.log_odds([item])[0] == pytest.approx(float(logits[yes] - logits[no]), abs=1e-5)


def test_a_tokenizer_without_the_answers_is_refused():
    tokenizer = word_tokenizer(["It"])
    tokenizer.eos_token = "[SEP]"
    network = small_sequence_model(Vocabulary(tokenizer), width=16, layers=1, heads=2, longest=128)
    with pytest.raises(DataError, match="reads 'Yes' and 'No' as no words of their own"):
        AxiomaticTraining(**TINY).fit({**asked(), "label": ["Yes", "No"]}, model=network)


def test_a_reasoner_that_always_says_a_is_consistent_nowhere_and_no_better_than_chance(model):
    questions = [q for q in questions_of(model.given(ROWS)) if q.answer is not None]
    _, found = asked_of(open_client(lambda prompts, seed: ["A"] * len(prompts)), questions[:30])
    assert found.consistency.value == 0.0
    assert found.accuracy.value == 0.5
    assert not found.above_trivial
    silent = asked_of(open_client(lambda prompts, seed: [""] * len(prompts)), questions[:30])[1]
    assert silent.unparsed == 60
    assert silent.accuracy.value == 0.0


def test_the_row_of_a_reasoner_stands_beside_the_rules():
    def knows(prompts, seed):
        parts = [prompt.split("\n")[:3:2] for prompt in prompts]
        return ["Yes" if read_item(premise, question, 0).true else "No" for premise, question in parts]

    fitted = AxiomaticTraining(**TINY, asked=24).fit(ROWS, client=knows)
    score = fitted.judge(fitted.given(ROWS), fitted.given(ROWS))["accuracy of the client"]
    assert score.value == 1.0
    assert "asked 24 questions in both orders" in score.about
    assert score.baselines["X -> Y is listed"] < 1.0


# -- files -------------------------------------------------------------------------------------------------------------

DICTIONARY = (
    "Skipping example 4 due to unexpected error\n"
    "Final graph dict:  {'w3 causes R. w3 causes t. R causes b. Does w3 cause b?': 'Yes', "
    "'a causes b. b causes a. a causes c. Does b cause c?': 'No'}\nDone\n"
)


def test_published_files_are_read_in_their_three_forms(tmp_path):
    (tmp_path / "branching.txt").write_text(DICTIONARY, encoding="utf-8")
    table = read_published(tmp_path / "branching.txt")
    assert table.labels("label").tolist() == ["Yes", "No"]
    assert table.labels("graph").tolist() == ["Yes", "Yes"]
    assert disputed(table) == [1]
    assert table.texts("question")[0] == "Does w3 cause b?"
    two = (
        "'1 causes V. 1 causes j. Are V and j d-separated given {1}?' 'Yes'",
        "'1 causes V. Are V and 1 d-separated?' 'No'",
    )
    lines = "\n".join(two)
    (tmp_path / "separated.txt").write_text(lines, encoding="utf-8")
    assert disputed(read_published(tmp_path / "separated.txt")) == []
    prompt = f"{INSTRUCTION}T causes E. e causes T Are E and e d-separated given {{T}}?"
    line = json.dumps({"prompt": prompt, "completion": "Yes"})
    (tmp_path / "asked.jsonl").write_text(f"{line}\n\n{line}\n", encoding="utf-8")
    table = read_published(tmp_path / "asked.jsonl")
    assert len(table) == 2
    assert table.texts("premise")[0] == "T causes E. e causes T"
    assert disputed(table) == []


def test_a_fitted_model_answers_a_published_file_as_it_is(model, tmp_path):
    (tmp_path / "branching.txt").write_text(DICTIONARY, encoding="utf-8")
    table = read_published(tmp_path / "branching.txt")
    assert model.judge(model.given(table), model.given(ROWS))["accuracy"].value in (0.0, 0.5, 1.0)
    prompt = f"{INSTRUCTION}T causes E. e causes T Are E and e d-separated given {{T}}?"
    (tmp_path / "a.jsonl").write_text(json.dumps({"prompt": prompt, "completion": "Yes"}), encoding="utf-8")
    assert model.predict(tmp_path / "a.jsonl").labels("completion").tolist() == ["Yes"]


@pytest.mark.parametrize(
    ("name", "text", "error", "said"),
    [
        ("a.pkl", "", FormatError, "is a pickle"),
        ("a.jsonl", '{"prompt": "a causes b. Does a cause b?"}', FormatError, "line 1 is no"),
        ("a.jsonl", '{"prompt": "x", "completion": "Yes"}\n', DataError, "ends with no question"),
        ("a.txt", "hello", FormatError, "line 1 is neither a dictionary"),
        ("a.txt", "{'a causes b. Does a cause b?': 'Yes', 'a}", FormatError, "no whole dictionary"),
        ("a.txt", "{'a causes b. Does a cause b?', 'b'}", FormatError, "holds a set"),
        ("a.jsonl", "\n", DataError, "holds no question"),
    ],
)
def test_files_of_another_form_are_refused_with_the_line(tmp_path, name, text, error, said):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(error, match=said):
        read_published(tmp_path / name)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FormatError, match="cannot be read as text"):
        read_published(tmp_path / "none.txt")


def test_a_rule_of_ones_own_makes_a_corpus():
    graph = Graph("a -> b; b -> c; a -> d")
    rows = axiom_rows([graph] * 3, lambda g, pair: pair[1] in g.children(pair[0]), queries=6, seed=1)
    assert len(rows) == 18
    for premise, question, label in zip(
        rows.texts("premise"), rows.texts("question"), rows.labels("label"), strict=True
    ):
        x, y = question.removeprefix("Does ").removesuffix("?").split(" cause ")
        assert (f"{x} causes {y}." in premise) is (label == "Yes")
    assert (rows.labels("label") == "Yes").mean() == 0.5
    with pytest.raises(OptionError, match="a corpus takes a graph"):
        axiom_rows([], lambda g, pair: True)
    with pytest.raises(GraphError, match="cycle"):
        axiom_rows([Graph("a -> b; b -> c; c -> a")], lambda g, pair: True)
    with pytest.raises(DataError, match="the axioms are asked as"):
        axiom_rows([graph], lambda g, pair: pair[0] < pair[1], ask="Is {} before {}?")


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "error", "said"),
    [
        ({"text": ["a causes b."]}, OptionError, "a row is a premise and a question, or a prompt"),
        ({"premise": ["a causes b.", None], "question": ["Does a cause b?"] * 2, "label": ["Yes", "No"]}, DataError,
         "row 1 has neither a premise with a question nor a prompt"),
        (asked(), DataError, "no row has the answer Yes or No"),
        (asked(label=["Yes", "Yes"]), DataError, "every answer is Yes"),
        ({"premise": ["a causes b. b causes c. c causes a."] * 2, "question": ["Does a cause b?", "Does b cause a?"],
          "label": ["Yes", "No"]}, DataError, "the premise of row 0 has the cycle a -> b -> c -> a"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_learnt_from_are_refused(rows, error, said):
    with pytest.raises(error, match=said):
        AxiomaticTraining(**TINY).fit(rows)


def test_what_is_beyond_the_decoder_is_refused_before_it_is_asked():
    small = AxiomaticTraining(**TINY, symbols=4, longest=18).fit(ROWS)
    nodes = [f"n{k}" for k in range(6)]
    premise = " ".join(f"{a} causes {b}." for a, b in itertools.pairwise(nodes))
    with pytest.raises(DataError, match="row 0 has 6 nodes, and the decoder has 4 symbols: fit with symbols=6"):
        small.predict({"premise": [premise], "question": ["Does n0 cause n5?"]})
    dense = "a causes b. a causes c. a causes d. b causes c. b causes d."
    with pytest.raises(DataError, match="row 0 has 19 tokens, and the positions of the decoder end at 18"):
        small.predict({"premise": [dense], "question": ["Does a cause d?"]})
    with pytest.raises(DataError, match="the decoder has 3 symbols"):
        AxiomaticTraining(**TINY, symbols=3).fit(ROWS)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"positions": "turned"}, "positions is one of none, rotary, learned, sinusoidal, got 'turned'"),
        ({"queries": 0}, "queries is at least 1"),
        ({"learning_rate": 0.0}, "learning_rate and first_scale are positive"),
        ({"curriculum": 1.5}, "curriculum is a share of the steps"),
        ({"width": 20}, "a multiple of 8, got 20"),
        ({"symbols": 2}, "symbols is at least 3"),
    ],
)
def test_options_out_of_range_are_refused(options, said):
    with pytest.raises(OptionError, match=said):
        AxiomaticTraining(**options)


def test_an_unfitted_model_says_so():
    with pytest.raises(OptionError, match="has not been fitted"):
        AxiomaticTraining().predict(asked())
