"""What a system is given: columns take their roles, and what does not fit is one sentence."""

import numpy as np
import pytest

from aitia.card import Card, Role, SubjectRole
from aitia.data.table import Table
from aitia.errors import DataError, OptionError, UnknownVariableError
from aitia.saving import SavedArrays
from aitia.system import Given, Predicts
from aitia.worlds.latent_domains import LatentDomainsWorld

FACTS = {"slug": "toy", "title": "T", "authors": ("A",), "year": 2020, "venue": "V", "task": "t", "source": "s"}


def card(**facts):
    return Card(**FACTS, home="model:Toy", do="Nothing: a toy.", **facts)


TOY = card(
    takes={
        "label": Role("label", "the label", names=("y", "class")),
        "weight": Role("number", "the weight", needed=False),
        "features": Role("number", "the features", many=True, rest=True),
    },
    subjects={"model": SubjectRole("network", "the network", needed=False)},
    fills=("label",),
)
ROWS = {"a": [0.5, 1.5, 2.5, 3.5], "b": [1.0, 2.0, 3.0, 4.5], "class": ["u", "v", "u", "v"]}


def test_columns_take_the_roles_that_they_have_by_name_and_the_rest_goes_to_the_role_that_takes_it():
    given = Given.of(TOY, ROWS)
    assert given.roles == {"label": "class", "features": ("a", "b")}
    assert given.labels("label").tolist() == ["u", "v", "u", "v"]
    assert given.numbers("features").shape == (4, 2)


def test_a_role_takes_a_column_by_name_several_by_names_or_the_values_themselves():
    assert Given.of(TOY, ROWS, weight="b").roles["features"] == ("a",)
    assert Given.of(TOY, ROWS, features=["b"]).columns("features") == ("b",)
    given = Given.of(TOY, {"a": ROWS["a"]}, label=["x", "y", "x", "y"])
    assert given.labels("label").tolist() == ["x", "y", "x", "y"]
    assert given.columns("features") == ("a",)


def test_the_second_argument_is_the_label_as_scikit_learn_gives_it():
    given = Given.of(TOY, np.array([[0.5, 1.5], [2.5, 0.1]]), ["u", "v"])
    assert given.labels("label").tolist() == ["u", "v"]
    assert given.columns("features") == ("x0", "x1")
    with pytest.raises(OptionError, match="'label' is given twice"):
        Given.of(TOY, ROWS, ["u"] * 4, label="class")


@pytest.mark.parametrize(
    ("names", "error", "sentence"),
    [
        ({"lable": "class"}, OptionError, "toy has no role or subject 'lable'. Did you mean 'label'"),
        (
            {"weight": "class"},
            DataError,
            r"weight is a column of number, and 'class' is not \(.*\): name another, --weight",
        ),
        ({"weight": ("a", "b")}, OptionError, "weight is one column, got a, b"),
    ],
)
def test_what_does_not_fit_is_told(names, error, sentence):
    with pytest.raises(error, match=sentence):
        Given.of(TOY, ROWS, **names)


def test_a_name_that_is_no_column_is_told_with_the_nearest():
    with pytest.raises(UnknownVariableError, match=r"'clas' is not a variable of this table\. Did you mean 'class'"):
        Given.of(TOY, ROWS, label="clas")


def test_a_needed_role_without_a_column_is_told_and_a_filled_one_may_be_missing():
    needs = card(takes={"domain": Role("label", "the domain of a row")})
    with pytest.raises(OptionError, match=r"toy needs the domain of a row: say which column it is \(--domain\)"):
        Given.of(needs, {"a": ROWS["a"]})
    assert Given.of(TOY, {"a": ROWS["a"]}).column("label") is None


def test_rows_of_another_form_are_refused():
    with pytest.raises(OptionError, match="toy takes tracks, and these rows are table"):
        Given.of(card(rows=("tracks",)), ROWS)


def test_a_world_gives_rows_truth_and_further_rows():
    world = LatentDomainsWorld(size=3, domains=2, intervened=(2,))
    domains = card(takes={"domain": Role("label", names=("environment",)), "x": Role("number", many=True, rest=True)})
    given = Given.of_world(domains, world, 20, seed=3)
    assert given.roles == {"domain": "environment", "x": ("x1", "x2", "x3")}
    same = given.truth(environment="d1")
    at_home = given.labels("domain") == "d1"
    assert np.allclose(same.matrix(("x1",))[at_home], given.table.matrix(("x1",))[at_home])
    assert given.truth(environment="mars") is None
    assert given.fresh(domains, 20, seed=3).hash() == given.hash()
    assert given.take([4, 4]).hash() != given.take([4, 5]).hash()
    with pytest.raises(OptionError, match="there is no row 20: latent-domains has rows 0 to 19"):
        given.take([20])


def test_what_is_given_is_not_modified():
    table = Table.of(ROWS)
    before = table.hash()
    Given.of(TOY, table, label=["x", "y", "x", "y"])
    assert table.hash() == before


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"slug": "Toy_1"}, "a slug is lower-case words"),
        ({"rows": ("graphs",)}, "the card of toy has rows 'graphs'"),
        ({"verbs": ("dance",)}, "the card of toy has verbs 'dance'"),
        ({"fills": ("label",)}, "the card of toy has fills 'label'"),
        ({"do": ""}, "does not say what do is"),
        ({"home": "model"}, "a home such as model:NAME"),
        (
            {"takes": {"model": Role()}, "subjects": {"model": SubjectRole("network")}},
            "has 'model' both as a role and as a subject",
        ),
    ],
)
def test_a_card_of_another_form_is_refused(facts, sentence):
    with pytest.raises(OptionError, match=sentence):
        Card(**{**FACTS, "home": "model:Toy", "do": "Nothing: a toy.", **facts})


def test_an_unknown_kind_of_role_or_subject_is_refused():
    with pytest.raises(OptionError, match=r"a role is of kind number, count, .*; got 'colour'"):
        Role("colour")
    with pytest.raises(OptionError, match="a subject is of kind network, client, world; got 'file'"):
        SubjectRole("file")


class Toy(SavedArrays, Predicts):
    """Says what it was asked."""

    card = TOY
    Config = type("Config", (), {"__dataclass_fields__": {}})

    def __init__(self):
        self.config = None

    def reads(self, config):
        return {}

    def _fit(self, given, run):
        pass

    def _predict(self, given, draws, seed):
        return given.data.take(np.repeat(np.arange(len(given)), draws))


def test_columns_keep_the_roles_of_the_fit_when_asked_and_a_filled_one_may_be_gone():
    toy = Toy().fit(ROWS, label="class", features=["a"])
    asked = toy.given({**ROWS, "y": ["u"] * 4})
    assert asked.roles == {"label": "class", "features": ("a",)}
    bare = toy.given({"a": [1.5], "b": [2.5]})
    assert bare.roles == {"label": "class", "features": ("a",)}
    assert toy.given({"a": [1.5], "y": ["u"]}).column("label") == "y"
    assert toy.given(ROWS, features=["b"]).columns("features") == ("b",)
    with pytest.raises(UnknownVariableError, match="'a' is not a variable of this table"):
        toy.given({"b": [2.5]}).numbers("features")


def test_a_file_that_is_asked_about_may_lack_the_column_of_text_that_is_filled(tmp_path):
    writes = card(takes={"said": Role("text"), "label": Role("text", "the answer")}, fills=("label",))

    class Writes(Toy):
        card = writes

    (tmp_path / "rows.csv").write_text("q,answer\n007,one\n008,two\n")
    (tmp_path / "asked.csv").write_text("q\n009\n")
    fitted = Writes().fit(tmp_path / "rows.csv", said="q", label="answer")
    asked = fitted.given(tmp_path / "asked.csv")
    assert asked.texts("said") == ["009"]
    assert asked.column("label") == "answer"
    with pytest.raises(UnknownVariableError, match="'q' is not a variable"):
        fitted.given({"answer": ["one"]}).texts("said")
    (tmp_path / "bare.csv").write_text("answer\none\n")
    with pytest.raises(UnknownVariableError, match="'q' is not a variable"):
        fitted.given(tmp_path / "bare.csv")


def test_several_draws_say_their_row_and_draw():
    drawn = Toy().fit(ROWS).predict(ROWS, draws=2)
    assert drawn.column("row").tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert drawn.column("draw").tolist() == [0, 1] * 4
    with pytest.raises(OptionError, match="draws is 1 or more, got 0"):
        Toy().fit(ROWS).predict(ROWS, draws=0)


def test_parts_are_told_by_the_role_split():
    with_split = card(takes={"split": Role("label", needed=False), "x": Role("number", many=True, rest=True)})
    given = Given.of(with_split, {"a": ROWS["a"], "split": ["train", "validation", "train", "train"]})
    assert given.part("validation").numbers("x").tolist() == [[1.5]]
    assert given.part("balanced") is None
    assert Given.of(with_split, {"a": ROWS["a"]}).part("validation") is None


def test_rows_of_one_group_stay_together_when_rows_are_held_out():
    grouped = card(takes={"group": Role("label", needed=False), "x": Role("number", many=True, rest=True)})
    rows = {"x": np.arange(40) + 0.5, "group": [f"g{k // 4}" for k in range(40)]}
    kept, held = Given.of(grouped, rows).split(0.3, seed=1)
    assert len(held) == 12
    assert not set(kept.labels("group")) & set(held.labels("group"))
    assert len(kept) + len(held) == 40


def test_rows_that_were_taken_keep_their_numbers_and_other_rows_have_none():
    given = Given.of(TOY, ROWS)
    assert [given.row_number(row) for row in range(4)] == [0, 1, 2, 3]
    some = given.take([3, 1, 0]).take([2, 0])
    assert [some.row_number(row) for row in range(2)] == [0, 3]
    assert Given.of(TOY, some).row_number(1) == 3
    assert some.hash() == Given.of(TOY, {name: [column[k] for k in (0, 3)] for name, column in ROWS.items()}).hash()
    assert some.with_rows(given.data).row_number(1) == 1
    kept, held = given.split(0.5, 0)
    for part in (kept, held):
        numbers = [part.row_number(row) for row in range(2)]
        assert part.table.column("a").tolist() == [ROWS["a"][k] for k in numbers]
