"""The claim of GCRL on few scenes: do(s) comes near the simulator's counterfactual, and each row has its rivals."""

from functools import partial

import numpy as np
import pytest

import aitia.systems.gcrl.claim as claim
import aitia.systems.gcrl.claim_tracks as claim_tracks
from aitia.data.named import register
from aitia.data.tracks import Tracks
from aitia.systems.gcrl import GCRL


@pytest.fixture
def small(monkeypatch, tmp_path):
    monkeypatch.setattr(claim, "SCENES", 120)
    monkeypatch.setattr(claim, "STEPS", 110)
    monkeypatch.setattr(claim, "WIDTH", 32)
    monkeypatch.setattr(claim, "SAMPLES", 4)
    monkeypatch.setattr(claim, "ASKED", 60)
    monkeypatch.setattr(claim, "GCRL", partial(GCRL, batch=24, learning_rate=8e-3))
    monkeypatch.setattr(claim, "RADII", claim.TRAINED)
    monkeypatch.setattr(claim, "PLACES", {"trained": claim.TRAINED})
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))


def _of_two_arms(seed):
    return claim._distances({name: claim._fitted(4, seed, **claim.FOUR[name]) for name in claim.FOUR}, seed)


def test_do_s_comes_near_the_counterfactual_and_has_to_be_ahead_of_a_plain_vae_with_the_same_references(
    small, development
):
    (row,) = claim._part_c(development(3).over_seeds("c", _of_two_arms, 3))
    verdicts = {judged.rival: judged.verdict for judged in row.judged}
    assert set(verdicts) == {"s left alone", claim.STRAIGHT, claim.CLAIM.swap}
    assert verdicts["s left alone"] == verdicts[claim.STRAIGHT] == "holds"


def test_with_the_environments_shuffled_do_s_changes_nothing(small):
    assert all(ratio > 0.75 for ratio in claim._shuffled(1000).values())


def test_every_row_of_eight_frames_is_judged_and_has_the_plain_vae_among_its_rivals(small, monkeypatch, development):
    monkeypatch.setattr(claim, "STEPS", 2)
    monkeypatch.setattr(claim, "SCORED", 8)
    monkeypatch.setattr(claim, "GCRL", partial(GCRL, batch=8, adapt_steps=2))
    found = development(2).over_seeds("eight frames", claim._eight_frames, 2)
    rows = [*claim._part_a(found), *claim._part_b(found), *claim._part_d(found)]
    assert len(rows) == 8
    assert all(claim.CLAIM.swap in row.ahead_of for row in rows)
    assert [claim.POOLED in row.ahead_of for row in rows[:4]] == [True, False, True, False]


def _walks(path, seed):
    """Four people who walk for 120 frames, each from a place and at a speed of its own."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0.4, 0.1, (4, 1, 2)) + 0.05 * rng.normal(size=(4, 120, 2))
    positions = 5 * rng.normal(size=(4, 1, 2)) + steps.cumsum(1)
    lines = [f"{10 * t}\t{a}\t{x}\t{y}" for a, walk in enumerate(positions) for t, (x, y) in enumerate(walk)]
    path.write_text("\n".join(lines) + "\n")


def test_pedestrians_are_judged_where_their_tracks_are_named_and_not_run_elsewhere(
    small, monkeypatch, development, tmp_path
):
    assert all(row.values == () and "aitia data add eth-ucy" in row.note for row in claim_tracks.part_e(development(2)))
    assert claim_tracks.places_dealt(1000) == {}
    folder = tmp_path / "tracks"
    folder.mkdir()
    for number, name in enumerate(("biwi_hotel", "crowds_zara01", "students003", "west")):
        _walks(folder / f"{name}.txt", number)
    register("eth-ucy", folder)
    for name, value in {"STEPS": 2, "UPDATES": 2, "AGENTS": 2, "FEW": 2, "SAMPLES": 3}.items():
        monkeypatch.setattr(claim_tracks, name, value)
    monkeypatch.setattr(claim_tracks, "OPTIONS", {**claim_tracks.OPTIONS, "width": 8, "adapt_steps": 2})
    rows = claim_tracks.part_e(development(2))
    assert [set(row.ahead_of) for row in rows[:2]] == [{"constant velocity", "plain VAE", "ERM"}, {"plain VAE"}]
    assert all(len(row.values) == 2 and row.judged for row in rows)
    assert set(claim_tracks.places_dealt(1000)) == {claim_tracks.OWN}


def test_large_scenes_are_cut_into_pieces_of_neighbours_and_nobody_is_lost():
    rng = np.random.default_rng(0)
    there = np.array([[True] * 8, [True] * 3 + [False] * 5])
    scenes = Tracks(rng.normal(size=(2, 8, 20, 2)), np.array(["a", "b"]), there)
    pieces = claim_tracks._in_pieces(scenes)
    assert pieces.there.sum(1).tolist() == [4, 4, 3]
    assert pieces.environment.tolist() == ["a", "a", "b"]
    assert pieces.tracks[0, :4, 7, 0].max() <= pieces.tracks[1, :4, 7, 0].min()
    assert np.isclose(pieces.tracks.sum(), scenes.tracks.sum())


def test_the_best_draw_is_chosen_for_all_people_of_a_scene_together():
    scenes = Tracks(np.zeros((1, 2, 20, 2)), np.array(["a"]))
    draws = np.zeros((2, 1, 2, 12, 2))
    draws[0, 0, 0, :, 0], draws[1, 0, 1, :, 0] = 1.0, 3.0
    assert claim_tracks._best(draws, scenes) == 0.5  # chosen for each person alone it would be 0
