"""The claim at a tiny size: every row has its arms, the control is shuffled, and codes are read as they are."""

import numpy as np
import pytest

from aitia.evidence import ClaimContext
from aitia.systems.mucr import Mucr, claim


@pytest.fixture
def tiny(monkeypatch):
    for name, value in {"ROWS": 60, "READ": 40, "ASKED": 60, "SAID": 2}.items():
        monkeypatch.setattr(claim, name, value)
    small = {"steps": 2, "batch": 8, "width": 8, "pixels": 16}
    for name in ("MODEL", "WORDS"):
        monkeypatch.setattr(claim, name, {**getattr(claim, name), **small})
    caches = (claim._rows, claim._asked)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


def test_every_row_has_its_arms_and_the_control_its_metrics(tiny, monkeypatch):
    first = claim._seed(1000)
    assert all(value <= 1 for value in first.values())
    monkeypatch.setattr(claim, "_seed", lambda seed: first)
    monkeypatch.setattr(claim, "find_spec", lambda name: None)
    context = ClaimContext(seeds=2, first_seed=1000)
    rows = claim.run(context)
    assert [row.part for row in rows] == list("aaabcccddeeffgh")
    assert all(len(row.values) == (0 if row.part in "gh" else 2) for row in rows)
    assert claim.CLAIM.swap in rows[0].ahead_of
    assert set(context.controls[0].values) == {rows[0].metric, rows[1].metric}
    assert context.controls[0].name in claim.CLAIM.controls
    assert "Not run here: needs" in rows[-1].note


def test_the_control_pairs_rows_with_effects_of_others(tiny, monkeypatch):
    held = {}

    class Kept(Mucr):
        def fit(self, table, **more):
            held["table"] = table
            return super().fit(table, **more)

    monkeypatch.setattr(claim, "Mucr", Kept)
    claim._shuffled(1000)
    table, own = held["table"], claim._rows(1000)
    assert np.array_equal(table.pictures("shown"), own.pictures("shown"))
    assert table.labels("asked").tolist() == own.labels("asked").tolist()
    for row in range(len(own)):
        true = own.pictures(f"candidate_{own.labels('choice')[row]}")[row]
        learnt = table.pictures(f"candidate_{table.labels('choice')[row]}")[row]
        assert not np.array_equal(true, learnt)


def test_codes_that_are_the_latents_have_an_r2_of_one(tiny):
    sample = claim.WORLD.sample(claim.ASKED, seed=3)
    values = np.column_stack([sample[kind] for kind in claim.KINDS])
    model = Mucr(**claim.MODEL).fit(claim._rows(1000))

    class Known:
        def prepared(self, cells):
            return len(cells)

        def __call__(self, count):
            import torch

            return torch.from_numpy(np.column_stack([values, np.sqrt(9 - (values**2).sum(axis=1))]))

    model.tower = Known()
    assert all(value == pytest.approx(1, abs=1e-9) for value in claim._probed(model, sample).values())


def test_shares_are_told_by_kind():
    class Told:
        distractors = ("light", "angle", "light", "random")

    found = claim._by_kind("x", np.array([1.0, 0.5, 0.0, 1.0]), Told())
    assert found == {"x light": 0.5, "x angle": 0.5, "x random": 1.0, "x all": 0.625}
