"""The claim at a tiny size: every row has its arms, controls their metrics, and what its arms are."""

import numpy as np
import pytest
import torch

from aitia.evidence import ClaimContext
from aitia.system import find
from aitia.systems.causal_diffae import claim, digits, study
from aitia.systems.causal_diffae.scene import NUISANCES, HazyPendulum
from aitia.systems.causal_diffae.study import ARMS, FRESH, LEFT, NOISED, OURS, Asked, ValueReader, nearest

TINY = {"channels": (16,), "width": 4, "hidden": 8, "steps": 2, "draw_steps": 2, "noise_steps": 20}


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(claim, "OPTIONS", TINY)
    monkeypatch.setattr(digits, "OPTIONS", TINY)
    for module in (claim, digits):
        monkeypatch.setattr(module, "VAE", {"residual": 1, "width": 4, "steps": 1})
    for name, value in {"TRAINED": 40, "ASKED": 4, "READ": 80, "READING": 2}.items():
        monkeypatch.setattr(claim, name, value)
    monkeypatch.setattr(digits, "ASKED", 4)
    monkeypatch.setattr(claim, "trained_once", lambda *_, train, **__: train())
    claim._readers.cache_clear()
    yield
    claim._readers.cache_clear()


@pytest.mark.filterwarnings("ignore")
def test_every_row_has_its_arms_and_controls_their_metrics(tiny):
    context = ClaimContext(seeds=1, first_seed=1000, find=lambda slug: find(slug).load())
    rows = claim.run(context)
    assert [row.part for row in rows] == [*"aaaaaabbcccee", *"fffg", *"dddhhh"]
    assert all(len(row.values) == 1 and set(row.ahead_of) <= set(row.arms) for row in rows)
    assert claim.CLAIM.swap in rows[0].arms
    metrics = {row.metric for row in rows}
    assert {control.name for control in context.controls} == set(claim.CLAIM.controls)
    assert all(set(control.values) <= metrics for control in context.controls)
    one, two = claim._readers()
    assert one.fingerprint != two.fingerprint
    assert one.fingerprint[:12] in rows[0].note
    assert two.fingerprint[:12] in rows[0].note


@pytest.fixture(scope="module")
def scene():
    world = HazyPendulum()
    sample = world.sample(12, seed=0)
    graph = str(world.graph.subgraph(claim.CAUSES))
    rows = world.rows(sample, 16)
    return world, sample, claim.CausalDiffae(study.small(graph=graph, device="cpu", **TINY)).fit(
        rows, cause=claim.CAUSES), rows  # fmt: skip


def test_what_no_label_tells_is_seen_and_stays_under_do(scene):
    world, sample, *_ = scene
    assert not set(NUISANCES) & set(world.visible)
    plain = world.render(sample, size=16)
    for name in NUISANCES:
        value = float(world.latent(name).high)
        assert (world.render(world.counterfactual(sample, {name: value}), size=16) != plain).any()
    other = world.counterfactual(sample, "do(light=0.4)")
    assert all((other[name] == sample[name]).all() for name in NUISANCES)
    assert (other["shadow_position"] != sample["shadow_position"]).all()


def test_the_arms_are_ours_but_for_what_they_leave_out(scene):
    *_, model, rows = scene
    asked = Asked(model, rows.known.select(["image"]).take(range(3)), 0)
    do = {"light": 0.4}
    shown = {arm: asked.pictures(do, arm) for arm in ARMS}
    assert np.array_equal(shown[OURS], model.do(do).solve(asked.noise).known.pictures("image"))
    assert np.array_equal(asked.pictures({}, LEFT), asked.pictures({}, OURS)), "nothing is done"
    end = {"shadow_length": 0.9}
    assert np.array_equal(asked.pictures(end, LEFT), asked.pictures(end, OURS)), "nothing follows from the shadow"
    assert not np.array_equal(shown[FRESH], Asked(model, rows.known.select(["image"]).take(range(3)), 1).pictures(
        do, FRESH))  # fmt: skip
    last = model._schedule.s[-1]
    assert float(last) > 0.99, "at T next to nothing of a picture is left"
    assert np.abs(shown[NOISED].astype(int) - shown[FRESH].astype(int)).mean() < 8


def test_a_diffusion_model_that_is_told_labels_moves_what_is_done_only(scene):
    _, sample, model, rows = scene
    labels = np.stack([sample[name] for name in claim.CAUSES], axis=1)
    images = rows.known.pictures("image")
    still, moved = study.conditional(model, images, labels, images[:2], labels[:2], [{}, {"light": 0.4}])
    assert still.shape == moved.shape == (2, 16, 16, 3)
    own = {"light": float(labels[0, 0])}
    (again,) = study.conditional(model, images, labels, images[:1], labels[:1], [own])
    assert np.abs(again.astype(int) - still[:1].astype(int)).max() <= 1


def test_the_nearest_picture_is_that_of_the_nearest_labels():
    y, x = np.array([[0.0, 0.0], [1.0, 100.0]]), np.arange(2, dtype=np.uint8).reshape(2, 1, 1, 1)
    assert nearest(y, x, np.array([[0.9, 60.0], [0.4, 40.0]])).ravel().tolist() == [1, 0]


def test_a_reader_learns_values_and_readers_differ():
    rng = np.random.default_rng(0)
    shade = rng.integers(0, 256, 400)
    x = np.broadcast_to(shade[:, None, None, None], (400, 8, 8, 3)).astype(np.uint8)
    y = np.stack([shade / 255.0, 1 - shade / 255.0], axis=1)
    reader = ValueReader(2, (8, 8), 0).fit(x[:300], y[:300], 60)
    assert np.abs(reader.read(x[300:]) - y[300:]).mean() < 0.1
    assert reader.fingerprint != ValueReader(2, (8, 8), 1).fit(x[:300], y[:300], 1).fingerprint


def test_stroke_and_slant_are_those_of_the_set():
    from aitia.worlds.digits import digits as digit_set
    from aitia.worlds.digits import pictures, slant_of

    ink = digit_set("test").images[:50]
    found = digits.measured(pictures(ink))
    assert np.allclose(found[:, 0], ink.mean(axis=(1, 2)) / 16, atol=0.01)
    assert np.allclose(found[:, 1], slant_of(ink), atol=0.05)


def test_noise_of_the_released_abduction_forgets_the_picture(scene):
    model = scene[2]
    x = torch.stack([torch.full((3, 16, 16), -1.0), torch.full((3, 16, 16), 1.0)])
    e = torch.zeros_like(x)
    kept = model._schedule.noised(x, e, torch.full((2,), len(model._schedule) - 1))
    assert float((kept[1] - kept[0]).abs().max()) < 0.1
