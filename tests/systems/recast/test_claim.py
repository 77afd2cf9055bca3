"""The claim at a tiny size: every row has its arms, and exchanged edges teach nothing."""

import pytest

from aitia.evidence import ClaimContext
from aitia.systems.recast import claim


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(claim, "find_spec", lambda name: None)  # the language model is slow
    for name, value in {"TAUGHT": 20, "ASKED": 5, "OF_MODEL": 1}.items():
        monkeypatch.setattr(claim, name, value)


def test_every_row_has_its_arms_and_the_control_its_metric(tiny):
    context = ClaimContext(seeds=2, first_seed=1000)
    rows = claim.run(context)
    assert [row.part for row in rows] == list("aabbccdeffggghi")
    assert all(len(row.values) == 2 and set(row.ahead_of) <= set(row.arms) for row in rows if row.part not in "hi")
    assert claim.CLAIM.swap in rows[0].arms
    assert rows[-1].note.startswith("Not run here: needs RyanSaklad/ReCast")
    exchanged = next(row for row in rows if "takes its place" in row.metric)
    assert exchanged.arms[claim.MENTIONED] == (0.0, 0.0)  # who pairs the things of a sentence names them all the same
    assert set(context.controls[0].values) == {claim.F1}
    assert context.controls[0].values[claim.F1] < rows[0].values[0]


def test_exchanged_edges_are_edges_between_variables_of_the_report():
    rows = claim.FIRST.rows(claim.FIRST.sample(30, seed=1000)).known
    moved = claim._with_others(rows, 0)
    names = [{words[0] for words in cell} for cell in rows.lists("nodes")]
    assert all({n for edge in cell for n in edge} <= of for cell, of in zip(moved.lists("edges"), names, strict=True))
    assert moved.lists("edges") != rows.lists("edges")
    assert sorted(map(len, moved.lists("edges"))) == sorted(map(len, rows.lists("edges")))


def test_an_edge_is_found_by_its_number():
    sample = claim.FIRST.sample(20, seed=1000, env="mixed")
    stated = claim.FIRST.edges(sample, stated=True)
    for row in range(20):
        named = [claim._edge_of(sample, row, k, stated[row]) for k in range(claim.FIRST.edges_each)]
        assert [edge for edge in named if edge is not None] == stated[row]
