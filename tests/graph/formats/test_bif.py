import gzip
from pathlib import Path

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


def test_every_network_that_pgmpy_ships_is_read_and_labels_that_compare_come_back():
    """`child` has the labels `<7.5` and `>=7.5`."""
    pgmpy = pytest.importorskip("pgmpy")
    networks = Path(pgmpy.__file__).parent / "utils" / "example_models"
    for name in ("alarm", "asia", "child", "hailfinder", "insurance", "sachs", "survey", "water"):
        text = gzip.decompress((networks / f"{name}.bif.gz").read_bytes()).decode()
        network = from_bif(text)
        assert len(network.graph) == text.count("variable ")
        again = from_bif(to_bif(network))
        assert again.states == network.states
        assert all(np.array_equal(again.tables[node], table) for node, table in network.tables.items())
        if name == "child":
            assert network.states["CO2Report"] == ("<7.5", ">=7.5")


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
        (("0.25, 0.75", "0.25, 0.7"), "line 5: the probabilities of 'a' sum to 0.95, not 1"),
        (("0.5, 0.25, 0.25", "0.5, 0.2, 0.2"), "line 7: the probabilities of 'b' given (no) sum to 0.9, not 1"),
        (("0.25, 0.75", "0.25"), "line 5: the table of 'a' has 1 numbers, not 2"),
        (("0.25, 0.75", "0.25, much"), "line 5: 'much' is not a number, in the table of 'a'"),
        (("0.25, 0.75", "-0.25, 1.25"), "line 5: -0.25 is no probability, in the table of 'a'"),
        (("0.25, 0.75", "nan, 0.75"), "line 5: nan is no probability, in the table of 'a'"),
        (("[ 2 ]", "[ 3 ]"), "line 3: 3 states are announced, 2 are listed"),
        (("[ 2 ]", "[ ² ]"), "line 3: ² states are announced, 2 are listed"),
        (("{ yes, no }", "{ yes, yes }"), "line 3: the state 'yes' of 'a' is listed twice"),
        (("(yes)", "(maybe)"), "line 6: 'maybe' is no state of 'a'"),
        (("(yes)", "(no)"), "line 7: the row (no) of 'b' is there twice"),
        (("(yes)", "(yes, no)"), "line 6: 2 states for 1 parents of 'b'"),
        (("( b | a )", "( b | c )"), "line 6: 'c' is not declared as a variable"),
        (("( b | a )", "( b | a, a )"), "line 6: 'a' stands twice in the head of a table"),
        (("( a )", "( )"), "line 5: expected a name, got ')'"),
        (("(no) 0.5, 0.25, 0.25;", ""), "line 7: the table of 'b' lacks the row (no): 1 of 2 rows are missing"),
        (("table 0.25, 0.75;", ""), "line 5: the table of 'a' lacks its probabilities: 1 of 1 rows are missing"),
        (("variable b", "variable a"), "line 4: the variable 'a' is declared twice"),
        (("probability ( a )", "probability ( a | b )"), "line 5: the table of 'a' has 2 numbers, not 6"),
        (("probability ( b | a )", "probability ( a | b )"), "line 6: 'yes' is no state of 'b'"),
        (("probability ( a ) { table 0.25, 0.75; }", ""), "'a' has no probability table"),
        (("// said so", "/* said so"), "line 6: a comment begins with /* and nothing ends it"),
    ],
)
def test_damage_is_told_with_its_line(change, sentence):
    with pytest.raises(FormatError) as told:
        from_bif(TEXT.replace(*change))
    assert str(told.value) == sentence


def test_a_table_that_is_announced_and_not_there_takes_no_memory():
    head = "".join(
        f"variable v{k} {{ type discrete [ 10 ] {{ {', '.join(map(str, range(10)))} }}; }}" for k in range(31)
    )
    parents = ", ".join(f"v{k}" for k in range(1, 31))
    with pytest.raises(FormatError, match=r"the table of 'v0' lacks the row .0, 0, "):
        from_bif(head + f"probability ( v0 | {parents} ) {{ }}")
    row = "default " + ", ".join(["0.1"] * 10)
    with pytest.raises(FormatError, match=r"the table of 'v0' announces .* GB, and .* GB may be used here"):
        from_bif(head + f"probability ( v0 | {parents} ) {{ {row}; }}")


def test_truncated_and_missing_files_are_refused(tmp_path):
    for cut in (30, 120, 200, len(TEXT) - 8):
        with pytest.raises(FormatError):
            from_bif(TEXT[:cut])
    with pytest.raises(FormatError, match="cannot be read: No such file"):
        read_bif(tmp_path / "none.bif")
    with pytest.raises(FormatError, match="declares no variable"):
        from_bif("network x { }")


def test_two_nodes_that_are_each_others_parent_are_refused():
    text = TEXT.replace("probability ( a ) { table 0.25, 0.75; }", "probability ( a | b ) { default 0.25, 0.75; }")
    with pytest.raises(FormatError, match="two edges between"):
        from_bif(text)
