import pytest
from hypothesis import strategies as st

from aitia.graph import Edge, Graph, Mark

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=6) | st.sampled_from(
    [
        "two words",
        "a-b",
        'q"q',
        "it's",
        "node",
        "graph",
        "1",
        "x[t-1]",
        "ä→ö",
        "a,b",
        "a;b",
        "a\\b",
        "--",
        "@x",
        "{z}",
        "<",
        "o",
    ]
)


@st.composite
def _graphs(draw, marks):
    names = draw(st.lists(NAMES, max_size=6, unique=True))
    edges = []
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            chosen = draw(st.sampled_from([None, None, *marks]))
            if chosen is not None:
                edges.append(Edge(a, b, *chosen))
    return Graph(edges, names)


TAIL, ARROW, CIRCLE = Mark.TAIL, Mark.ARROW, Mark.CIRCLE


@pytest.fixture(scope="session")
def dags():
    return _graphs([(TAIL, ARROW)])


@pytest.fixture(scope="session")
def pdags():
    return _graphs([(TAIL, ARROW), (TAIL, TAIL), (ARROW, TAIL)])


@pytest.fixture(scope="session")
def any_graphs():
    return _graphs([(a, b) for a in Mark for b in Mark])


@st.composite
def _admgs(draw):
    """ADMGs in which a pair may have --> and <-> at once."""
    names = draw(st.lists(NAMES, max_size=5, unique=True))
    edges = []
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            edges += draw(st.sampled_from([[], [Edge(a, b)]]))
            edges += draw(st.sampled_from([[], [Edge(b, a, ARROW, ARROW)]]))
    return Graph(edges, draw(st.permutations(names)))


@pytest.fixture(scope="session")
def admgs():
    return _admgs()
