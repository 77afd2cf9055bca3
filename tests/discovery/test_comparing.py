"""Searches side by side: which agree, which do not fit, and what is kept."""

import json

import numpy as np
import pytest

from aitia.data.table import Table
from aitia.discovery import compare_searches, discover
from aitia.discovery.comparing import Pair
from aitia.errors import DataError, RunError, UnknownVariableError


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    x, y = rng.laplace(size=(2, 400))
    z = x + y + 0.5 * rng.laplace(size=400)
    half = np.repeat(["first", "second"], 200)
    return Table.of({"x": x, "y": y, "z": z, "free": rng.laplace(size=400), "half": half})


@pytest.fixture(scope="module")
def compared(rows):
    return compare_searches(rows, context="half", test="fisher-z", alpha=0.01)


def test_each_search_finds_what_it_finds_alone(rows, compared):
    for method, found in compared.found.items():
        roles = {"context": "half"} if method == "cd-nod" else {"drop": ["half"]}
        options = {"alpha": 0.01, "test": "fisher-z"} if method in ("pc", "cd-nod", "fci") else {}
        assert found.graph == discover(rows, method=method, bootstrap=0, **roles, **options).graph
    assert {"pc", "boss", "ges", "direct-lingam", "cd-nod"} <= set(compared.found)


def test_what_all_find_is_marked(compared):
    agreed = {(pair.left, pair.right): pair.agreed for pair in compared.pairs}
    assert agreed["x", "z"] in ("arrow", "edge")
    assert agreed["y", "z"] in ("arrow", "edge")
    assert compared.pairs[0].agreed, "they stand first"
    for pair in compared.pairs:
        for method, symbol in pair.edges.items():
            assert compared.found[method].graph.has_edge(pair.left, pair.right) is bool(symbol)


@pytest.mark.parametrize(
    ("edges", "agreed"),
    [
        (("-->", "-->"), "arrow"),
        (("<--", "<--"), "arrow"),
        (("-->", "<--"), "edge"),
        (("-->", "---"), "edge"),
        (("o->", "o->"), "edge"),
        (("-->", ""), ""),
    ],
)
def test_agreement_is_of_arrows_or_of_edges(edges, agreed):
    assert Pair("a", "b", dict(zip(("one", "other"), edges, strict=True))).agreed == agreed


def test_the_text_is_a_table_of_pairs_by_methods(compared):
    head, *lines = compared.to_text().splitlines()
    assert head.split() == [*compared.found, "all"]
    assert any(line.startswith("x  z ") for line in lines)
    assert any(line.startswith("pc: Test fisher-z: as asked.") for line in lines)


def test_a_search_that_does_not_fit_says_why(rows):
    compared = compare_searches(rows.select(["x", "z", "half"]), test="chi2", kinds={"x": "number"})
    assert compared.refused["cd-nod"].startswith("cd-nod needs a context")
    assert "pc: not run. 'x' is continuous: chi2 counts labels" in compared.to_text()
    assert "boss" in compared.found, "which takes no test"


def test_where_none_fits_the_first_reason_is_told():
    with pytest.raises(DataError, match=r"^no search fits this table\. a causal graph needs two variables"):
        compare_searches({"x": np.arange(30.0)})
    with pytest.raises(UnknownVariableError, match="wave"):
        compare_searches({"x": np.arange(30.0)}, context="wave")


def test_the_folder_holds_the_comparison_and_a_run_for_each_search(rows, tmp_path):
    out = tmp_path / "compared"
    first = compare_searches(rows, drop=["half"], out=out)
    kept = (out / "comparison.json").read_bytes()
    told = json.loads(kept)
    assert told == json.loads(json.dumps(first.to_json()))
    assert {path.parent.name for path in out.glob("*/graph.json")} == set(first.found)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == len(first.found)
    compare_searches(rows, drop=["half"], out=out)
    assert (out / "comparison.json").read_bytes() == kept
    with pytest.raises(RunError, match="other"):
        compare_searches(rows, drop=["half"], alpha=0.2, out=out)
