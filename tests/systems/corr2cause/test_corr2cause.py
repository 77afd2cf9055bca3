"""corr2cause: two solvers, the published disputes, every way of answering, models with every habit, and refusals."""

import json

import numpy as np
import pytest

from aitia.data.table import Table
from aitia.errors import DataError, FormatError, InterventionError, OptionError
from aitia.graph import Graph, is_separated
from aitia.system import load
from aitia.systems.corr2cause import Corr2Cause, orientations, solver
from aitia.systems.corr2cause.audit import disputed, premise_of, read_audit
from aitia.systems.corr2cause.features import counts, shuffled_names
from aitia.systems.corr2cause.forest import Forest, best_threshold
from aitia.systems.corr2cause.judge import f1, f1_interval
from aitia.systems.corr2cause.reading import classes_of, read_published
from aitia.text import read_questions, write_questions
from aitia.worlds import Corr2CauseWorld
from aitia.worlds.correlation_text import Hypothesis, Premise, read_hypothesis, read_premise

WORLD = Corr2CauseWorld(least=2, most=4)
EVERY = WORLD.every()
ROWS = WORLD.rows(EVERY).known.select(["premise", "question", "label", "group"])


# -- two solvers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reading", ["path", "ancestor", "parent"])
def test_label_graphs_and_brute_force_agree_on_all_systems_of_up_to_four_variables(reading):
    world = Corr2CauseWorld(least=2, most=4, reading=reading)
    check(world, world.every(), reading)


def test_they_agree_on_systems_of_five_variables_too():
    """Some of them, and of six those of the disputed items below."""
    world = Corr2CauseWorld(5, 5)
    sample = world.every()
    groups = np.array(world.groups(sample))
    some = np.random.default_rng(5).choice(np.unique(groups), 12, replace=False)
    check(world, sample.take(np.isin(groups, some)), "path")


def check(world, sample, reading):
    graphs = {}
    for (premise, asked), relation in zip(world.asked(sample), sample["relation"], strict=True):
        members = graphs.setdefault(premise, orientations.graphs(premise))
        assert len(solver.members(premise)) == len(members)
        assert orientations.entailed(asked, members, premise.names, reading) == (relation == 2)
        assert solver.relation(premise, asked, reading) == ("contradiction", "neutral", "entailment")[int(relation)]


def test_the_eighteen_disputed_items_are_answered_by_both_solvers_against_their_label():
    """Sizes of the classes are those that the audit found."""
    sizes = [10, 3, 3, 32, 13, 2, 4, 4, 4, 4, 4, 4, 2, 4, 4, 4, 2, 2]
    items = disputed()
    assert [item.published for item in items].count(0) == 15
    for item, size in zip(items, sizes, strict=True):
        asked = read_hypothesis(item.hypothesis, item.premise.names)
        members = orientations.graphs(item.premise)
        assert len(members) == size
        exact = orientations.entailed(asked, members, item.premise.names)
        assert exact == (not item.published)
        for reading in ("path", "ancestor", "parent"):
            assert (solver.relation(item.premise, asked, reading) == "entailment") == exact


def test_a_file_of_the_audit_is_read(tmp_path):
    item = disputed()[0]
    held = {
        "index": item.index, "premise_variables": list(item.premise.names), "hypothesis": item.hypothesis,
        "stated_correlations": [f"{x}~{y}" for x, y in item.premise.dependent],
        "stated_independencies": [{"x": i.x, "y": i.y, "given": list(i.given)} for i in item.premise.independent],
        "gold_label": 0, "derived_label": 1, "equivalence_class_size": 10,
    }  # fmt: skip
    path = tmp_path / "audit.json"
    path.write_text(json.dumps({"items": [held]}))
    (found,) = read_audit(path)
    assert (found.premise, found.hypothesis, found.published) == (item.premise, item.hypothesis, 0)
    assert (found.audited, found.members) == (1, 10)
    for wrong, told in (({**held, "gold_label": 2}, "labels are 0 and 1"), ({"index": 1}, "lacks 'premise_variables'")):
        path.write_text(json.dumps({"items": [wrong]}))
        with pytest.raises(FormatError, match=told):
            read_audit(path)
    path.write_text("{}")
    with pytest.raises(FormatError, match="has no list `items`"):
        read_audit(path)


def test_names_with_spaces_are_answered_alike():
    names = {"A": "ice cream sales", "B": "heat", "C": "drownings"}
    premise = premise_of(Graph("A --> C; B --> C"))
    other = premise.renamed(names)
    assert read_premise(str(other)) == other
    for asked in (Hypothesis("parent", "A", "C"), Hypothesis("parent", "C", "A")):
        assert solver.relation(premise, asked) == solver.relation(
            other, Hypothesis("parent", names[asked.x], names[asked.y])
        )


CONTRADICTIONS = {
    "both dependent and independent": ("A~B B~C A~C", "AB|", "says both 'A correlates with B.' and 'A is independent"),
    "nothing said of a pair": ("A~B", "AC|", "neither that B correlates with C"),
    "an independence that must not hold": ("A~B B~C A~C", "AC|B AB|C", "no causal graph has"),
    "an independence that is missing": ("B~C", "AB| AC| AB|C", "'A and C are independent given B.' is not stated"),
    "two colliders against each other": (
        "A~B B~C C~D",
        "AC| AC|D AD| AD|B AD|C AD|BC BD| BD|A",
        "both|no causal graph",
    ),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_a_premise_without_a_causal_graph_names_a_statement(case):
    dependent, independent, told = CONTRADICTIONS[case]
    names = tuple(sorted(set(dependent + independent) & set("ABCD")))
    stated = tuple((pair[0], pair[2]) for pair in dependent.split())
    apart = tuple((one[0], one[1], tuple(one.split("|")[1])) for one in independent.split())
    premise = Premise(names, stated, tuple(solver.Independence(*one) for one in apart))
    assert not orientations.graphs(premise) or case == "nothing said of a pair" or "both" in case
    with pytest.raises(DataError, match=told):
        solver.members(premise)


def test_every_premise_that_is_changed_in_one_statement_is_refused():
    """A statement is left out or put in; brute force finds no graph and neither does the solver."""
    rng = np.random.default_rng(0)
    premises = list(dict.fromkeys(premise for premise, _ in WORLD.asked(EVERY)))
    for premise in premises:
        if not premise.independent:
            continue
        gone = int(rng.integers(len(premise.independent)))
        one = premise.independent[gone]
        rest = tuple(i for k, i in enumerate(premise.independent) if k != gone)
        more = premise.dependent if one.given else (*premise.dependent, (one.x, one.y))
        changed = Premise(premise.names, more, rest)
        try:
            found = len(solver.members(changed))
        except DataError:
            found = 0
        assert found == len(orientations.graphs(changed))


def test_premises_that_differ_by_names_are_of_one_class():
    items = WORLD.asked(EVERY.take(range(0, len(EVERY), 7)))
    other = [shuffled_names(item, np.random.default_rng(k)) for k, item in enumerate(items)]
    assert classes_of([p for p, _ in items]) == classes_of([p for p, _ in other])
    every = list(dict.fromkeys(premise for premise, _ in WORLD.asked(EVERY)))
    assert len(set(classes_of(every))) == len(every) == 2 + 5 + 20


def test_dealt_names_leave_the_exact_answer():
    for row, item in enumerate(WORLD.asked(EVERY.take(range(0, len(EVERY), 11)))):
        premise, asked = shuffled_names(item, np.random.default_rng(row))
        assert solver.relation(premise, asked) == solver.relation(*item)


# -- every way of answering --------------------------------------------------------------------------------------------


def test_the_solver_is_right_on_every_question_of_its_world():
    exact = Corr2Cause(method="solver").fit(ROWS)
    found = exact.predict(ROWS.drop(["label"]))
    assert (found.labels("label") == ROWS.labels("label")).all()
    scores = exact.judge(exact.given(ROWS), exact.given(ROWS))
    assert scores["F1"].value == scores["accuracy"].value == 1.0
    assert set(scores["F1"].baselines) == {"always yes", "random", "hypothesis only", "seven counts"}


@pytest.fixture(scope="module")
def memoriser():
    return Corr2Cause(method="memoriser", trees=20).fit(ROWS)


def test_a_memoriser_falls_when_letters_are_dealt_anew_and_edits_say_so(memoriser):
    given = memoriser.given(ROWS)
    table = memoriser.effects(given, target="names", outcome="F1")
    assert list(table.labels("target")) == ["names=permuted", "names=reversed", "names=words"]
    assert (table.column("effect") < -0.15).all(), table.column("effect")
    assert (table.column("high") < 0).all()
    assert (table.column("control") == 0).all()
    before = f1(memoriser.answers(given).answers, [label == "Yes" for label in ROWS.labels("label")])
    assert before > 0.65


def test_an_edit_asks_the_same_in_other_words(memoriser):
    rows = ROWS.take(range(0, len(ROWS), 9))
    exact = Corr2Cause(method="solver").fit(rows)
    for do in ("do(names=permuted)", "do(names=reversed)", "do(names=words)", "do(phrasing=paraphrased)"):
        other = exact.do(do).edit(rows)
        assert (exact.predict(other.drop(["label"])).labels("label") == rows.labels("label")).all()
        moved = [a != b for a, b in zip(other.texts("question"), rows.texts("question"), strict=True)]
        assert np.mean(moved) > (0.5 if "permuted" in do else 0.99)
    back = exact.do("do(phrasing=published)").edit(exact.do("do(phrasing=paraphrased)").edit(rows))
    assert back.texts("premise") == rows.texts("premise")
    with pytest.raises(InterventionError, match="'names' is set to one of permuted, reversed, words"):
        exact.do("do(names=greek)")


@pytest.mark.parametrize("method", ["memoriser", "counts", "hypothesis", "encoder"])
def test_what_is_learnt_is_kept(method, tmp_path):
    small = {"trees": 5, "steps": 4, "width": 16, "layers": 1, "device": "cpu", "namings": 2}
    model = Corr2Cause(method=method, **small).fit(ROWS.take(range(0, len(ROWS), 3)))
    asked = ROWS.take(range(1, 60, 3)).drop(["label"])
    model.save_pretrained(tmp_path)
    told, again = model.predict(asked), load(tmp_path).predict(asked)
    assert told.hash() == again.hash()
    assert ((told.column("p(yes)") >= 0) & (told.column("p(yes)") <= 1)).all()


def test_trees_as_arrays_answer_as_scikit_learn_does():
    from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier

    items = WORLD.asked(EVERY.take(range(0, len(EVERY), 2)))
    x, y = counts(items), EVERY["label"][::2] == 1
    forest = Forest.fit(x, y, None, trees=7, seed=3, boosted=False)
    same = ExtraTreesClassifier(7, min_samples_leaf=3, max_features=0.2, class_weight="balanced", random_state=3)
    assert np.allclose(forest.scores(x), same.fit(x, y).predict_proba(x)[:, 1], atol=1e-6)
    boosted = Forest.fit(x, y, None, trees=7, seed=3, boosted=True)
    same = GradientBoostingClassifier(n_estimators=7, max_depth=6, subsample=0.5, random_state=3).fit(x, y)
    assert np.allclose(boosted.scores(x), same.predict_proba(x)[:, 1], atol=1e-5)


def test_counts_see_no_names_and_are_those_of_a_chain():
    premise = premise_of(Graph("A --> B --> C"))
    item = (premise, Hypothesis("parent", "A", "C"))
    assert counts([item])[0].tolist() == [1, 0, 0, 0, 3, 0, 0, 0, 0, 1, 3]
    assert is_separated(Graph("A --> B --> C"), "A", "C", "B")
    dealt = [shuffled_names(item, np.random.default_rng(k)) for k in range(6)]
    assert all((counts([other]) == counts([item])).all() for other in dealt)


def test_f1_and_its_interval_are_those_by_hand():
    said, true = [True, True, None, False, False], [True, False, True, True, False]
    assert f1(said, true) == pytest.approx(2 / 5)  # one hit, two called, three there
    assert f1([None], [False]) == 0.0
    assert best_threshold(np.array([0.1, 0.4, 0.6]), np.array([False, True, True])) <= 0.4
    same = f1_interval(said, true, np.array(["a"] * 5), 0)
    assert same == pytest.approx((0.4, 0.4))
    low, high = f1_interval(said * 10, true * 10, np.array([str(k) for k in range(50)]), 0)
    assert low < 0.4 < high


# -- models ------------------------------------------------------------------------------------------------------------


def always(text):
    return lambda prompts, seed: [text] * len(prompts)


def honest(prompts, seed):
    """Solves, and answers by the letter that the order gives."""
    said = []
    for prompt in prompts:
        premise, rest = prompt.split("\n\n", 1)
        question, first, *_ = rest.split("\n")
        right = "Yes" if solver.answer(premise, question) else "No"
        said.append("A" if first == f"A. {right}" else "B")
    return said


def test_a_model_that_solves_is_scored_as_right():
    rows = ROWS.take(range(0, len(ROWS), 20))
    system = Corr2Cause().fit(None, model=honest)
    scores = system.judge(system.given(rows, group="group"), system.given(rows, group="group"))
    assert scores["F1"].value == scores["accuracy"].value == 1.0
    assert scores["no answer"].value == 0.0
    found = system.predict(rows.drop(["label"]))
    assert (found.labels("label") == rows.labels("label")).all()


@pytest.mark.parametrize("text", ["A", "", "I do not know.", "Yes and no"])
def test_a_letter_regardless_of_the_order_silence_and_doubt_are_no_answer_and_never_no(text):
    rows = ROWS.take(range(0, 60, 2))
    system = Corr2Cause().fit(None, model=always(text))
    said = system.answers(system.given(rows))
    assert set(said.answers) == {None}
    assert said.words == ["\n".join([text, text])] * len(rows)
    scores = system.judge(system.given(rows), system.given(rows))
    assert scores["F1"].value == scores["accuracy"].value == 0.0
    assert scores["no answer"].value == 1.0
    found = system.predict(rows.drop(["label"]))
    assert found.absent("label").all()
    assert not found.absent("derived").any()


def test_a_report_has_the_cost_the_silence_and_each_label_that_is_not_exact():
    texts = [f"Premise: {item.premise}\nHypothesis: {item.hypothesis}" for item in disputed()]
    rows = Table.of({"input": texts, "label": [item.published for item in disputed()]},
                    kinds={"input": "text", "label": "label"})  # fmt: skip
    system = Corr2Cause().fit(rows, model=always("No"))
    told = str(
        [vars(block) if hasattr(block, "__dict__") else str(block) for block in system.report(system.given(rows))]
    )
    assert "18 of 18 labels are not what holds in every graph of the class" in told
    assert "0 of 18 questions have no answer of use" in told
    scores = system.judge(system.given(rows), system.given(rows))
    assert scores["labels that are exact"].value == 0.0


def test_questions_are_written_for_other_programs(tmp_path):
    questions = WORLD.questions(EVERY.take(range(0, len(EVERY), 100)))
    write_questions(tmp_path / "q.jsonl", questions)
    again = read_questions(tmp_path / "q.jsonl")
    assert again == questions
    assert {question.label for question in again} == {"Yes", "No"}
    assert all(question.world == "corr2cause" and question.derived for question in again)


# -- files and refusals ------------------------------------------------------------------------------------------------


def test_a_published_file_gets_our_label_beside_its_own(tmp_path):
    item = disputed()[1]
    text = f"Premise: {item.premise}\nHypothesis: {item.hypothesis}"
    (tmp_path / "test.csv").write_text(f'input,label\n"{text}",{item.published}\n"{text}",1\n')
    system = Corr2Cause(method="solver").fit(tmp_path / "test.csv")
    found = system.predict(tmp_path / "test.csv")
    assert [str(v) for v in found.labels("label")] == ["0", "1"]
    assert [str(v) for v in found.labels("derived")] == ["1", "1"]
    (tmp_path / "three.json").write_text(json.dumps([
        {"premise": str(item.premise), "hypothesis": item.hypothesis, "relation": kind}
        for kind in ("entailment", "neutral", "contradiction")
    ]))  # fmt: skip
    other = Corr2Cause(method="solver").fit(read_published(tmp_path / "three.json"))
    found = other.predict(read_published(tmp_path / "three.json"))
    assert list(found.labels("derived")) == ["entailment"] * 3
    assert list(found.labels("relation")) == ["entailment", "neutral", "contradiction"]
    assert read_published(tmp_path / "test.csv").names == ("input", "label")
    (tmp_path / "three.json").write_text('[{"premise": "x"}]')
    with pytest.raises(FormatError, match=r"row 0 of .* lacks one of premise, hypothesis, relation"):
        read_published(tmp_path / "three.json")


def table(**columns):
    return Table.of(columns, kinds={n: "label" if n in ("label", "group") else "text" for n in columns})


TEXT = str(premise_of(Graph("A --> B; C")))
LONG = str(premise_of(Graph("A; B; C")))
QUESTION = "A directly causes B."


@pytest.mark.parametrize(
    ("rows", "options", "told"),
    [
        ({"premise": [TEXT] * 2, "question": [QUESTION] * 2, "label": ["Yes", "2"]}, {}, "row 1 has the label '2'"),
        ({"premise": [TEXT] * 2, "question": [QUESTION] * 2, "label": ["Yes", "Yes"]}, {}, "both labels"),
        ({"premise": [TEXT], "label": ["Yes"]}, {}, "reads a premise and a question"),
        ({"input": [TEXT, TEXT], "label": ["Yes", "No"]}, {}, r'row 0 has no "Hypothesis:"'),
        ({"premise": [TEXT, TEXT + " A causes B."], "question": [QUESTION] * 2, "label": ["Yes", "No"]},
         {"method": "counts"}, "row 1: this is none of the statements"),
        ({"premise": [TEXT] * 2, "question": [QUESTION, "Is it so?"], "label": ["Yes", "No"]},
         {"method": "counts"}, r"row 1: this is no hypothesis"),
        ({"premise": [LONG] * 2, "question": [QUESTION] * 2, "label": ["Yes", "No"]},
         {"longest": 8, "steps": 1}, "question 0 has 9 statements and words, and the encoder reads 8"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_asked_are_refused(rows, options, told):
    with pytest.raises((DataError, OptionError), match=told):
        Corr2Cause(**options).fit(table(**rows))


def test_a_contradictory_premise_names_its_row_and_statement_under_the_solver():
    wrong = TEXT.replace("A is independent of C. ", "A correlates with C. A is independent of C. ", 1)
    assert wrong != TEXT
    rows = table(premise=[TEXT, wrong], question=[QUESTION] * 2)
    with pytest.raises(DataError, match=r"row 1: the premise says both 'A correlates with C\."):
        Corr2Cause(method="solver").fit(rows).predict(rows)


def test_nothing_to_learn_from_and_nobody_to_ask_is_refused():
    with pytest.raises(OptionError, match="takes questions with labels, a model to ask"):
        Corr2Cause().fit(None)
    with pytest.raises(OptionError, match="has not been fitted"):
        Corr2Cause(method="counts").answers(Corr2Cause(method="solver").given(ROWS.take([0])))
    wrong = {
        "method is one of": {"method": "oracle"}, "namings is at least 1": {"namings": 0},
        "multiple of 8": {"width": 12}, "learning_rate is positive": {"learning_rate": 0.0},
    }  # fmt: skip
    for told, options in wrong.items():
        with pytest.raises(OptionError, match=told):
            Corr2Cause(**options)
