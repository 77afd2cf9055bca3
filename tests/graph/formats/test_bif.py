import numpy as np
import pytest

from aitia.data.shipped import data_path
from aitia.errors import FormatError
from aitia.graph import Graph
from aitia.graph.formats import from_bif, read_bif, read_graph, to_bif, write_bif

TEXT = """
network x { property author me; }
variable a { type discrete [ 2 ] { yes, no }; property p; }
variable b { type discrete [ 3 ] { l, m, h }; }
probability ( a ) { table 0.25, 0.75; }
probability ( b | a ) { (yes) 0.1, 0.2, 0.7; // said so
  (no) 0.5, 0.25, 0.25; }
"""


@pytest.fixture(scope="module")
def survey():
    return read_bif(data_path("survey.bif"))


def test_the_survey_network_by_its_published_numbers(survey):
    graph = Graph(
        "age -> education <- sex; education -> occupation; education -> residence; occupation -> travel <- residence"
    )
    assert survey.graph == graph
    assert survey.states["age"] == ("young", "adult", "old")
    assert survey.tables["age"].tolist() == [0.3, 0.5, 0.2]
    assert survey.tables["travel"].shape == (2, 2, 3)
    assert read_graph(data_path("survey.bif")) == graph


def test_a_network_reads_back_exactly(survey, tmp_path):
    write_bif(survey, tmp_path / "s.bif")
    again = read_bif(tmp_path / "s.bif")
    assert again.graph == survey.graph
    assert again.states == survey.states
    assert again.parents == survey.parents
    for name in survey.graph.nodes:
        assert (again.tables[name] == survey.tables[name]).all()
    assert from_bif(to_bif(again)).graph == survey.graph


def test_tables_by_hand_in_both_layouts():
    network = from_bif(TEXT)
    assert network.tables["b"].tolist() == [[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]]
    flat = TEXT.replace(
        "(yes) 0.1, 0.2, 0.7; // said so\n  (no) 0.5, 0.25, 0.25;", "table 0.1, 0.5, 0.2, 0.25, 0.7, 0.25;"
    )
    assert from_bif(flat).tables["b"].tolist() == network.tables["b"].tolist()
    default = TEXT.replace("(no) 0.5, 0.25, 0.25;", "default 0.5, 0.25, 0.25;")
    assert from_bif(default).tables["b"].tolist() == network.tables["b"].tolist()


def test_rows_follow_the_tables():
    network = from_bif(TEXT)
    table = network.sample(40_000, seed=1)
    a, b = table.labels("a"), table.labels("b")
    assert np.mean(a == "yes") == pytest.approx(0.25, abs=0.01)
    assert np.mean(b[a == "yes"] == "h") == pytest.approx(0.7, abs=0.02)
    assert table == network.sample(40_000, seed=1)


@pytest.mark.filterwarnings("ignore")
def test_pgmpy_reads_what_we_write_with_the_same_tables(survey, tmp_path):
    reader = pytest.importorskip("pgmpy.readwrite").BIFReader
    write_bif(survey, tmp_path / "s.bif")
    model = reader(str(tmp_path / "s.bif")).get_model()
    assert set(model.edges) == {(e.left, e.right) for e in survey.graph.edges}
    cpd = model.get_cpds("travel")
    states = cpd.state_names
    for i, t in enumerate(survey.states["travel"]):
        for j, o in enumerate(survey.states["occupation"]):
            for k, r in enumerate(survey.states["residence"]):
                place = {"travel": t, "occupation": o, "residence": r}
                index = tuple(states[v].index(place[v]) for v in cpd.variables)
                order = {"occupation": j, "residence": k}
                ours = survey.tables["travel"][(*(order[p] for p in survey.parents["travel"]), i)]
                assert cpd.values[index] == pytest.approx(ours)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("0.25, 0.75", "0.25, 0.7"), "sum to 0.95"),
        (("0.25, 0.75", "0.25"), "has 1 numbers, not 2"),
        (("0.25, 0.75", "0.25, much"), "expected numbers"),
        (("[ 2 ]", "[ 3 ]"), "3 states are announced, 2 are listed"),
        (("(yes)", "(maybe)"), "'maybe' is no state of 'a'"),
        (("( b | a )", "( b | c )"), "'c' is not declared"),
        (("(no) 0.5, 0.25, 0.25;", ""), "the table of 'b' is incomplete"),
        (("variable b", "variable a"), "declared twice"),
        (("probability ( a )", "probability ( a | b )"), "a"),
        (("probability ( a ) { table 0.25, 0.75; }", ""), "'a' has no probability table"),
    ],
)
def test_damage_is_told_with_its_line(change, sentence):
    with pytest.raises(FormatError, match=sentence):
        from_bif(TEXT.replace(*change))


def test_truncated_and_missing_files_are_refused(tmp_path):
    for cut in (30, 120, 200, len(TEXT) - 8):
        with pytest.raises(FormatError):
            from_bif(TEXT[:cut])
    with pytest.raises(FormatError, match="cannot read"):
        read_bif(tmp_path / "none.bif")
    with pytest.raises(FormatError, match="declares no variable"):
        from_bif("network x { }")


def test_two_nodes_that_are_each_others_parent_are_refused():
    text = TEXT.replace("probability ( a ) { table 0.25, 0.75; }", "probability ( a | b ) { default 0.25, 0.75; }")
    with pytest.raises(FormatError, match="two edges between"):
        from_bif(text)
