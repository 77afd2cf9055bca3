"""The claim of causal motion forecasting on few scenes: style from references pays, and its swap gains nothing."""

from functools import partial

import numpy as np
import pytest

import aitia.systems.causal_motion.claim as claim
import aitia.systems.causal_motion.claim_tracks as tracks
from aitia.data.named import register
from aitia.data.tracks import constant_velocity
from aitia.evidence import swap_holds
from aitia.systems.causal_motion import CausalMotion

PLACES = ("biwi_hotel", "crowds_zara01", "students003", "elsewhere")


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(claim, "SCENES", 150)
    monkeypatch.setattr(claim, "STEPS", 250)
    monkeypatch.setattr(claim, "SCORED", 100)
    monkeypatch.setattr(claim, "PLACES", {"trained": claim.TRAINED})
    monkeypatch.setattr(claim, "CausalMotion", partial(CausalMotion, width=32, batch=32, learning_rate=5e-3))


@pytest.fixture
def walks(tmp_path, monkeypatch):
    """Straight walks of three people in each of four places, under the name of the public tracks."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "walks"
    folder.mkdir()
    for place in PLACES:
        start, step = rng.normal(size=(3, 2)), 0.3 * rng.normal(size=(3, 2))
        lines = [f"{10 * t} {a} {x} {y}" for t in range(80) for a, (x, y) in enumerate(start + t * step)]
        (folder / f"{place}.txt").write_text("\n".join(lines) + "\n")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    register(tracks.DATA, folder)
    monkeypatch.setattr(tracks, "TRAINING", {**tracks.TRAINING, "steps": 3, "width": 8})
    monkeypatch.setattr(tracks, "ADAPTING", {**tracks.ADAPTING, "steps": 2})
    monkeypatch.setattr(tracks, "FEW", 6)
    tracks._scenes.cache_clear()
    yield
    tracks._scenes.cache_clear()


def test_style_from_references_pays_where_the_past_hides_it_and_pooled_training_does_not(small, development):
    found = development(3).over_seeds("a", partial(claim._style, 4, claim.ADJUSTED), 3)
    rows = [claim._over_erm("a", found, claim.HIDDEN, "trained", 0.75)]
    assert all(row.holds for row in rows), [row.judged for row in rows]
    assert {j.rival for row in rows for j in row.judged} == {claim.CLAIM.swap, claim.LINEAR, claim.STRAIGHT}
    assert swap_holds(rows, claim.CLAIM.swap) is False


def test_with_the_environments_shuffled_references_do_not_pay(small):
    arms = claim._arms(4, claim.ADJUSTED, 1000, names=("modular", claim.ERM), shuffled=True)
    errors = claim._scored(arms, 4, 1000)
    assert errors["modular"]["trained"] / errors[claim.ERM]["trained"] == pytest.approx(1.0, abs=0.2)


def test_linear_regression_in_own_frames_continues_straight_walks_wherever_they_lead():
    rng = np.random.default_rng(0)
    start, step = rng.normal(size=(2, 40, 1, 2))
    walks = start + step * np.arange(20)[:, None]
    ahead = tracks.own_regression(walks[:30])(walks[30:, :8])
    assert np.allclose(ahead, constant_velocity(walks[30:, :8], 12), atol=1e-6)


def test_without_the_pedestrians_their_rows_say_what_they_need(development, monkeypatch):
    monkeypatch.setattr(tracks, "named_data", dict)
    rows = tracks.part_f(development(2), 2)
    assert [row.values for row in rows] == [(), (), ()]
    assert all("aitia data add eth-ucy FOLDER" in row.note for row in rows)
    assert tracks.dealt_out(1000) == {}


def test_with_them_each_row_has_its_rivals_and_the_control_faces_it(walks, development):
    rows = tracks.part_f(development(2), 2)
    assert [len(row.values) for row in rows] == [2, 2, 2]
    assert set(rows[0].ahead_of) == {tracks.ERM, tracks.LINEAR}
    assert set(rows[1].ahead_of) == {tracks.ERM_WHOLE, tracks.LINEAR_FEW, tracks.NOTHING}
    assert set(tracks.dealt_out(1000)) == {row.metric for row in rows}
