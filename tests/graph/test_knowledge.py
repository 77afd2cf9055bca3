import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import FormatError, GraphError, UnknownVariableError
from aitia.graph import Graph, Knowledge, apply, cpdag, markov_equivalence_class
from aitia.graph.enumeration import markov_equivalence_class as members

NAMES = ("a", "b", "c", "d")


def consistent(dag, knowledge):
    return not any(knowledge.forbids(e.left, e.right) for e in dag.edges) and all(
        dag.has_edge(a, b) and a in dag.parents(b) for a, b in knowledge.required
    )


@pytest.mark.parametrize(
    "knowledge",
    [
        Knowledge(tiers=[["a"], ["b", "c", "d"]]),
        Knowledge(tiers=[["d"], ["c"], ["b"], ["a"]]),
        Knowledge(forbidden=[("a", "b"), ("c", "d")]),
        Knowledge(tiers=[["b", "c"], ["*"]], forbidden=[("b", "c")]),
    ],
)
def test_applied_knowledge_gives_the_arrows_shared_by_all_members_that_obey_it(knowledge, all_dags):
    for dag in all_dags:
        pattern = cpdag(dag)
        obeying = [m for m in members(pattern) if consistent(m, knowledge)]
        if not obeying:
            with pytest.raises(GraphError):
                apply(pattern, knowledge)
            continue
        found = apply(pattern, knowledge)
        for e in pattern.edges:
            ways = {m.parents(e.right).count(e.left) for m in obeying}
            expected = "---" if len(ways) == 2 else "-->"
            assert next(x.symbol for x in found.edges if {x.left, x.right} == {e.left, e.right}) == expected
            if len(ways) == 1:
                assert (e.left in found.parents(e.right)) == bool(ways.pop())


names = st.sampled_from([*NAMES, "lab_1", "two words", 'q"q'])
pairs = st.lists(st.tuples(names, names).filter(lambda p: p[0] != p[1]), max_size=3, unique=True)


@given(st.lists(names, unique=True, max_size=6), st.integers(0, 3), pairs, st.booleans())
def test_both_file_forms_read_back(tmp_path_factory, order, cut, forbidden, exclusive):
    tiers = [t for t in (order[:cut], order[cut:]) if t]
    knowledge = Knowledge(tiers=tiers, forbidden=forbidden, tiers_exclusive=exclusive)
    assert Knowledge.from_json(knowledge.to_json()) == knowledge
    assert Knowledge.from_text(knowledge.to_text()) == knowledge
    folder = tmp_path_factory.mktemp("knowledge")
    for name, text in (("k.json", knowledge.to_json()), ("k.txt", knowledge.to_text())):
        (folder / name).write_text(text, encoding="utf-8")
        assert Knowledge.read(folder / name) == knowledge


def test_a_tier_may_tell_its_number_which_is_its_place():
    told = Knowledge.from_text("tier 1: age, sex\nexclusive tier 2: lab_*\ntier 3: *\n")
    assert told == Knowledge.from_text("tier: age, sex\nexclusive tier: lab_*\ntier: *\n")
    for text, told in (
        ("tier 2: age\n", "line 1 of the knowledge is tier 2, and tier 1 comes next: they are numbered 1, 2, 3"),
        ("tier 1: a\nexclusive tier 3: b\n", "line 2 of the knowledge is tier 3, and tier 2 comes next"),
    ):
        with pytest.raises(FormatError, match=told):
            Knowledge.from_text(text)


def test_a_required_edge_takes_a_name_with_the_marks_of_a_pattern_as_it_is():
    knowledge = Knowledge.from_text('required: dose -> "cured?"; "a*" -> dose\nforbidden: "cured?" -> dose\n')
    assert Knowledge.from_text(knowledge.to_text()) == knowledge
    names = ["dose", "cured?", "a*", "ab"]
    assert knowledge.required_matrix(names).astype(int).tolist() == [[0, 1, 0, 0], [0] * 4, [1, 0, 0, 0], [0] * 4]
    assert knowledge.forbidden_matrix(names)[1, 0]
    with pytest.raises(GraphError, match=r"required edges name both variables in full, got the pattern 'a\*'"):
        knowledge.validate(["dose", "cured?", "ab"])


def test_tiers_patterns_and_exclusive_tiers_by_hand():
    knowledge = Knowledge.from_text(
        "# comment\ntier: age, sex\nexclusive tier: lab_*\ntier: *\nforbidden: age -> lab_x\nrequired: sex -> out\n"
    )
    assert [knowledge.tier(n) for n in ("age", "lab_x", "out")] == [0, 1, 2]
    assert knowledge.forbids("lab_x", "age")
    assert knowledge.forbids("lab_x", "lab_y")
    assert knowledge.forbids("age", "lab_x")
    assert not knowledge.forbids("age", "lab_y")
    assert knowledge.forbids("out", "sex")
    assert knowledge.requires("sex", "out")
    matrix = knowledge.forbidden_matrix(["age", "sex", "lab_x", "out"])
    assert matrix.astype(int).tolist() == [[0, 0, 1, 0], [0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0]]


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda: Knowledge(tiers=[["a"], ["a"]]), GraphError, "can be in one only"),
        (lambda: Knowledge(required=[("a", "b"), ("b", "a")]), GraphError, "is required"),
        (lambda: Knowledge(required=[("a", "b"), ("b", "c"), ("c", "a")]), GraphError, "form a cycle"),
        (lambda: Knowledge(required=[("b", "a")], tiers=[["a"], ["b"]]), GraphError, "earlier tier"),
        (lambda: Knowledge(required=[("a*", "b")]).validate(["ab", "b"]), GraphError, "name both variables in full"),
        (lambda: Knowledge(tiers=[["a"]], tiers_exclusive=[3]), GraphError, "tiers_exclusive"),
        (lambda: Knowledge(tiers=[["a"]]).validate(["b"]), UnknownVariableError, "'a' is not a variable"),
        (lambda: Knowledge(tiers=[["a*"]]).validate(["b"]), GraphError, "fits no variable"),
        (lambda: Knowledge.from_text("first: a"), FormatError, "line 1 of the knowledge starts with"),
        (lambda: Knowledge.from_text("tier: a -> b"), FormatError, "lists names, got the edge"),
        (lambda: Knowledge.from_text("\nrequired: a"), FormatError, "line 2"),
        (lambda: Knowledge.from_json("{"), FormatError, "not valid JSON"),
        (lambda: Knowledge.from_json('{"tier": []}'), FormatError, "no field 'tier'"),
        (lambda: Knowledge.from_json("[]"), FormatError, "the knowledge holds a list, where an object was expected"),
        (lambda: Knowledge.read("none.txt"), FormatError, "none.txt cannot be read: No such file"),
        (lambda: apply(Graph("a -> b"), Knowledge(forbidden=[("a", "b")])), GraphError, "a"),
        (lambda: apply(Graph("a; b"), Knowledge(required=[("a", "b")])), GraphError, "not adjacent"),
    ],
)
def test_contradictions_and_bad_files_get_one_sentence(make, error, sentence):
    with pytest.raises(error, match=sentence):
        make()


def test_without_knowledge_nothing_changes(all_dags):
    for dag in all_dags[::20]:
        assert apply(cpdag(dag), Knowledge()) == cpdag(dag)
        assert dag in set(markov_equivalence_class(cpdag(dag)))


TETRAD = """/knowledge

addtemporal
1 age sex
2* smoking diet
3- weight, stress
4 lab_tar
5 death

forbiddirect
diet lab_tar

requiredirect
smoking lab_tar
"""


def test_the_knowledge_of_tetrad_is_read(tmp_path):
    (tmp_path / "k.txt").write_text(TETRAD)
    (tmp_path / "ours.txt").write_text(
        "tier: age, sex\nexclusive tier: smoking, diet\ntier: weight, stress\ntier: lab_tar\ntier: death\n"
        "forbidden: diet -> lab_tar; weight -> death; stress -> death\nrequired: smoking -> lab_tar\n"
    )
    assert Knowledge.read(tmp_path / "k.txt") == Knowledge.read(tmp_path / "ours.txt")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            ("forbiddirect", "forbiddengroup"),
            "line 10 of the knowledge: the sections of Tetrad's knowledge read here are",
        ),
        (("diet lab_tar", "diet"), "line 11 of the knowledge: the sections"),
        (("diet lab_tar", "diet -> lab_tar"), "line 11 of the knowledge: forbiddirect has two names a line"),
        (("2*", "1"), "line 5 of the knowledge: tier 1 is there twice"),
        (("2*", "2+"), "line 5 of the knowledge: a tier starts with its number, then '*' or '-' or nothing, got '2+'"),
        (("2*", "²"), "line 5 of the knowledge: a tier starts with its number"),
        (("addtemporal", ""), "line 4 of the knowledge: a line before the first section"),
    ],
)
def test_what_is_wrong_with_knowledge_of_tetrad_is_said_with_its_line(change, sentence, tmp_path):
    (tmp_path / "k.txt").write_text(TETRAD.replace(*change))
    with pytest.raises(FormatError) as told:
        Knowledge.read(tmp_path / "k.txt")
    assert sentence in str(told.value)
    assert str(told.value).startswith(str(tmp_path / "k.txt"))


def test_nested_knowledge_bytes_that_are_no_text_and_patterns_of_many_stars_are_taken_in_stride(tmp_path):
    (tmp_path / "k.json").write_text("[" * 100_000)
    with pytest.raises(FormatError, match="nested too deeply"):
        Knowledge.read(tmp_path / "k.json")
    (tmp_path / "k.json").write_text('{"tiers_exclusive": [[1]]}')
    with pytest.raises(FormatError, match="lists names, each a text"):
        Knowledge.read(tmp_path / "k.json")
    (tmp_path / "k.txt").write_bytes(b"tier: a\xff")
    with pytest.raises(FormatError, match=r"k\.txt cannot be read: byte 7 is not UTF-8: save it as UTF-8"):
        Knowledge.read(tmp_path / "k.txt")
    # Where each star was tried at each place, this would not end.
    assert Knowledge(tiers=[["*a" * 40 + "b"]]).tier("a" * 5000) == 1  # that of all others
    assert Knowledge(tiers=[["*a*b?*d"]]).tier("xaxbcxd") == 0
