"""The forecaster with style: what it must leave alone, what it reaches, and what it refuses."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.systems.causal_motion.trained import WORLD, scenes
from tests.trained import read

from aitia.data.reading.tracks import read_tracks, write_tracks
from aitia.data.tracks import Tracks, constant_velocity, planted_confidence
from aitia.do import Intervention
from aitia.errors import DataError, FormatError, InterventionError, OptionError, TrainingError, UnknownVariableError
from aitia.runs import RunStore
from aitia.stats.metrics import ade
from aitia.system import Given, load, verbs_of
from aitia.systems.causal_motion import CausalMotion, CausalMotionConfig
from aitia.systems.causal_motion.example import write
from aitia.systems.causal_motion.invariance import irm_penalty, vrex_penalty
from aitia.systems.causal_motion.network import Network
from aitia.systems.causal_motion.objective import Objective, Phase, phases
from aitia.systems.domain_counterfactuals import DomainCounterfactuals
from aitia.worlds import OrcaWorld, WalkersWorld

PUBLIC = Path(__file__).parents[4] / "shared" / "data" / "gcrl" / "eth_ucy"


def fitted(**options):
    tracks, labels = scenes(200)
    given = {"observed": 4, "steps": 8, "batch": 16, "width": 16, **options}
    extra = {"given_style": np.where(labels == "0.1", 0.1, 0.5)} if options.get("style") == "given" else {}
    return CausalMotion(**given).fit(tracks, labels, **extra)


@pytest.fixture(scope="module")
def trained():
    return read("causal_motion")


# -- what it reaches -------------------------------------------------------------------------------------------------


def test_it_learns_the_style_of_each_place(trained):
    for place, other in (("0.1", "0.5"), ("0.5", "0.1")):
        tracks, _ = scenes(200, seed=5, env=place)
        past, future = tracks[:, :, :4], tracks[:, :, 4:16]
        right, wrong = (ade(trained.forecast(past, label), future) for label in (place, other))
        assert right < 0.5 * wrong
    assert right < 0.5 * ade(constant_velocity(past, 12), future)


def test_the_style_of_a_known_place_is_that_of_reference_scenes(trained):
    references, _ = scenes(64, seed=8, env="0.5")
    tracks, _ = scenes(50, seed=9, env="0.5")
    known, shown = trained.forecast(tracks, "0.5"), trained.forecast(tracks, references)
    assert np.linalg.norm(known.tracks - shown.tracks, axis=-1).mean() < 0.03
    assert np.allclose(shown.style, trained.styles(references).mean(0), atol=1e-5)


def test_a_counterfactual_style_is_near_the_simulators_counterfactual(trained):
    fact = WORLD.sample(100, seed=11, env="0.1")
    truth = WORLD.render(WORLD.counterfactual(fact, env="0.5"))[:, :, 4:16]
    past = WORLD.render(fact)
    answer = trained.do(environment="0.5").forecast(past)
    assert ade(answer, truth) < 0.5 * ade(trained.do("do(environment='0.1')").forecast(past), truth)
    assert np.array_equal(answer, trained.forecast(past, "0.5"))


def test_refinement_with_no_step_is_the_forecast_and_more_steps_move_it_to_the_references(trained):
    past = scenes(30, seed=5, env="0.1")[0][:, :, :4]
    plain = trained.forecast(past, "0.1")
    assert np.array_equal(trained.refine(past, "0.5", style="0.1", steps=0), plain)
    wide = trained.refine(past, "0.5", style="0.1", steps=10, rate=3e-2)

    def nearest(forecast):
        return np.linalg.norm(forecast.tracks[:, 0] - forecast.tracks[:, 1], axis=-1).min(1).mean()

    assert nearest(wide) > nearest(plain) + 0.05
    assert np.allclose(trained.refine(past[:3], "0.5", style="0.1", steps=10, rate=3e-2), wide.tracks[:3], atol=1e-4)


def test_adaptation_updates_only_what_it_says_and_leaves_the_old_model_alone(trained):
    few = OrcaWorld((0.8,))
    tracks = few.render(few.sample(80))
    kept = {name: leaf.clone() for name, leaf in trained._net.state_dict().items()}
    parts = {"modulation": {"forecaster.modulation"}, "modulation and style": {"forecaster.modulation", "reader"}}
    for update, wanted in parts.items():
        adapted = trained.adapt(tracks[:64], "0.8", update=update, steps=60)
        changed = {n for n, leaf in adapted._net.named_parameters() if not torch.equal(leaf, kept[n])}
        assert {".".join(n.split(".")[: 2 if "modulation" in n else 1]) for n in changed} == wanted
        past, future = tracks[64:, :, :4], tracks[64:, :, 4:16]
        assert ade(adapted.forecast(past, "0.8"), future) < ade(trained.forecast(past, tracks[:64]), future)
    assert all(torch.equal(leaf, kept[name]) for name, leaf in trained._net.state_dict().items())
    assert adapted.environments == ("0.1", "0.5", "0.8")
    whole = trained.adapt(tracks[:8], "0.5", update="all", steps=1)
    assert whole.environments == ("0.1", "0.5")
    assert whole._net.bank.environment.bincount().tolist() == [64, 8]


@pytest.mark.slow
@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public pedestrian tracks are not here")
def test_pedestrians_of_a_place_left_out_are_forecast_better_than_by_standing_still():
    scenes = read_tracks(PUBLIC, stride=5)
    held, rest = scenes.of_environments("biwi_hotel"), scenes.take(scenes.environment != "biwi_hotel")
    truth = held.tracks[:, :, 8:][held.there]
    still = ade(np.repeat(held.tracks[:, :, 7:8], 12, axis=2)[held.there], truth)
    for arm in ({"style": "none"}, {}):
        model = CausalMotion(form="group", width=32, batch=8, steps=150, learning_rate=3e-3, **arm).fit(rest)
        assert ade(model.forecast(held, held).tracks[held.there], truth) < still


# -- what it must leave alone ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["pair", "group"])
def test_a_turned_and_shifted_scene_gets_a_turned_and_shifted_forecast(form):
    model = fitted(form=form)
    past = scenes(10)[0][:, :, :4]
    turn = np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    moved = model.forecast(past @ turn.T + 3.0, "0.1").tracks
    assert np.allclose(moved, model.forecast(past, "0.1").tracks @ turn.T + 3.0, atol=1e-4)


def test_the_future_of_a_scene_is_never_looked_at():
    model, tracks = fitted(), scenes(10, seed=3)[0]
    other = tracks.copy()
    other[:, :, 4:] += 7.0
    assert np.array_equal(model.forecast(tracks, "0.1"), model.forecast(other, "0.1"))


def test_references_are_other_scenes_than_the_scored_ones_and_the_result_says_so():
    model = fitted()
    new, own = scenes(5, seed=3)[0], scenes(200)[0][:6]
    assert model.forecast(new, "0.1").references == (
        "64 scenes of 0.1 that the model keeps; none of them is among the scenes forecast"
    )
    told = model.forecast(own[:, :, :4], own)
    assert told.references == (
        "6 scenes that were given; 6 of them overlap with scenes forecast and were left out for those"
    )
    assert np.allclose(told.style[0], model.styles(own[1:]).mean(0), atol=1e-5)
    changed = own.copy()
    changed[0, :, 4:] += 3.0
    assert np.allclose(model.forecast(own[:1], changed).style, told.style[0], atol=1e-5)


def test_in_training_a_scene_has_no_style_from_windows_that_share_its_frames():
    torch.manual_seed(0)
    config = CausalMotionConfig(observed=4, width=16, style_size=3)
    net = Network(config)
    tracks, there = torch.randn(2, 4, 2, 16, 2), torch.ones(2, 4, 2) > 0
    begins = torch.tensor([[0.0, 40.0, 10.0, 100.0]] * 2)  # scenes 0 and 1 are scored; 2 overlaps with scene 0
    seen = []
    net.forecaster.modulation[0].register_forward_hook(lambda module, given, out: seen.append(given[1]))
    Objective(net, config, Phase("one", 1))(tracks, there, torch.zeros(2, 4, 1), torch.zeros(2, 4), begins)
    codes = net.reader(tracks[:, 2:], there[:, 2:])
    assert torch.allclose(seen[0], torch.stack([codes[:, 1], codes.mean(1)], dim=1), atol=1e-6)


@pytest.mark.parametrize("schedule", ["joint", "phases"])
@pytest.mark.parametrize("invariance", ["none", "irm", "v-rex"])
def test_every_schedule_and_penalty_trains_and_reports_its_parts(schedule, invariance):
    model = fitted(schedule=schedule, invariance=invariance, frame="plane" if schedule == "phases" else "scene")
    assert len(model.history) == (4 if schedule == "phases" else 1)
    assert sum(h.steps for h in model.history) == 8
    assert np.isfinite(model.forecast(scenes(3)[0], "0.1").tracks).all()
    named = {"error"} | ({"penalty", "slope"} if invariance != "none" else set())
    assert named <= set(model.history[0].losses[-1])
    if schedule == "phases":
        assert "error" not in model.history[1].losses[-1]
        assert not {"penalty", "slope"} & set(model.history[3].losses[-1])


def test_the_published_phases_train_their_own_parameters_at_their_own_rates():
    config = CausalMotionConfig(schedule="phases", steps=470, width=16)
    net = Network(config)
    name = {id(p): n.replace("forecaster.", "").replace("reader.", "").split(".")[0] for n, p in net.named_parameters()}
    found = [
        (phase.steps, {name[id(p)]: rate for params, rate in phase.groups for p in params})
        for phase in phases(config, net)
    ]
    assert found == [
        (100, {"psi": 1e-3, "g": 1e-3}),
        (50, {"phi": 5e-4, "head": 1e-2}),
        (20, {"modulation": 1e-2}),
        (300, {"g": 1e-3, "modulation": 1e-2, "phi": 5e-4, "head": 1e-2}),
    ]


def test_the_loss_is_the_sum_of_risks_with_the_weighted_penalty_once_it_is_on():
    torch.manual_seed(0)
    config = CausalMotionConfig(observed=4, width=16, style="none", invariance="irm", invariance_weight=2.0)
    net, there = Network(config), torch.ones(2, 6, 2, dtype=torch.bool)
    tracks = torch.randn(2, 6, 2, 16, 2)
    objective = Objective(net, config, Phase("one", 10, invariance=True))
    given = (tracks, there, torch.zeros(2, 6, 1), torch.zeros(2, 6), torch.zeros(2, 6))
    past, future = tracks[..., :4, :], tracks[..., 4:, :]
    y = net.forecaster(past, there, None, None)
    risk = (y - future).square().sum(-1).mean((1, 2, 3)).sum()
    penalty = irm_penalty(lambda w: (past[..., -1:, :] * (1 - w) + w * y - future).square().sum(-1).mean((2, 3)))
    assert torch.allclose(objective(*given)["loss"], risk)
    parts = objective(*given)
    assert torch.allclose(parts["loss"], risk + 2 * penalty)
    slope = (2 * (y - future) * (y - past[..., -1:, :])).sum(-1).mean((1, 2, 3))
    assert torch.allclose(parts["slope"], slope.norm())


def test_the_penalty_multiplies_the_slopes_of_even_and_odd_scenes_of_each_environment():
    slopes = torch.tensor([[1.0, 4.0, 3.0, 8.0], [-1.0, 2.0, 5.0, 0.0]])
    assert irm_penalty(lambda w: w * slopes).item() == pytest.approx(2 * 6 + 2 * 1)
    assert irm_penalty(lambda w: w * slopes, halves=False).item() == pytest.approx(4.0**2 + 1.5**2)


def test_the_penalty_of_v_rex_is_the_variance_between_environments():
    assert vrex_penalty(torch.tensor([1.0, 2.0, 6.0])).item() == pytest.approx((4 + 1 + 9) / 3)


def test_scenes_of_one_new_place_are_contrasted_with_those_that_are_kept_of_others():
    torch.manual_seed(0)
    config = CausalMotionConfig(observed=4, width=16, style_size=3, temperature=0.5)
    net, there = Network(config), torch.ones(5, 2, dtype=torch.bool)
    references, kept = torch.randn(2, 2, 16, 2), torch.randn(3, 2, 16, 2)
    net.bank.tracks, net.bank.present, net.bank.environment = kept, there[:3], torch.tensor([0, 0, 1])
    tracks = torch.cat([torch.randn(2, 2, 16, 2), references])[None]
    objective = Objective(net, config, Phase("one", 1, error=False, contrast=3.0))
    told = objective(tracks, there[None, :4], torch.zeros(1, 4, 1), torch.zeros(1, 4), torch.zeros(1, 4))
    h = net.reader.project(net.reader(torch.cat([references, kept]), there))
    near = torch.exp(h @ h.T / 0.5) * (1 - torch.eye(5))
    pairs = [(0, 1), (1, 0), (2, 3), (3, 2)]  # the last one of its place has no other
    by_hand = -torch.stack([torch.log(near[a, b] / near[a].sum()) for a, b in pairs]).mean()
    assert torch.allclose(told["contrast"], by_hand, atol=1e-5)
    assert torch.allclose(told["loss"], 3 * by_hand, atol=1e-5)


@pytest.mark.parametrize("style", ["none", "given"])
@pytest.mark.parametrize("schedule", ["joint", "phases"])
def test_the_arms_without_references_forecast(style, schedule):
    model = fitted(style=style, schedule=schedule)
    extra = {"given_style": np.full(3, 0.3)} if style == "given" else {}
    assert model.forecast(scenes(3)[0], **extra).tracks.shape == (3, 2, 12, 2)
    assert len(model.history) == 1
    if style == "none":
        assert len(model.adapt(scenes(8, seed=1)[0], "new", update="all", steps=2).forecast(scenes(3)[0])) == 3


def test_the_group_form_takes_any_number_of_agents_and_a_channel():
    rng = np.random.default_rng(0)
    tracks = np.cumsum(rng.normal(size=(40, 5, 20, 2)), axis=2)
    present = rng.random((40, 5)) < 0.7
    present[:, :2] = True
    channel = rng.random((40, 5, 8))
    many = Tracks(tracks, np.array(["a", "b"] * 20), present, channel=channel)
    model = CausalMotion(form="group", channel=True, steps=4, batch=8, width=16).fit(many)
    answer = model.forecast(many, "a").tracks
    assert answer.shape == (40, 5, 12, 2)
    assert (answer[~present] == 0).all()
    moved = tracks.copy()
    moved[~present] += 50.0
    other = model.forecast(Tracks(moved, many.environment, present, channel=channel), "a")
    assert np.allclose(other, answer, atol=1e-5)
    new = np.cumsum(rng.normal(size=(6, 7, 20, 2)), axis=2)
    larger = model.adapt(Tracks(new, np.array(["c"] * 6), channel=rng.random((6, 7, 8))), "c", steps=2)
    assert larger.do("do(environment=c)").forecast(many).tracks.shape == (40, 5, 12, 2)
    with pytest.raises(DataError, match=r"finite numbers of shape \(40, 5, 8\)"):
        model.forecast(Tracks(tracks, many.environment, present), "a")
    with pytest.raises(OptionError, match="without a further channel"):
        model.refine(many, "a")


def test_a_planted_cue_is_followed_without_a_penalty():
    world = WalkersWorld((1.0, 2.0))
    sample = world.sample(80)
    tracks, cue = world.render(sample), world.confidence(sample)
    assert np.array_equal(cue, planted_confidence(tracks, sample["alpha"]))
    model = CausalMotion(form="group", style="none", channel=True, steps=4, batch=16, width=16)
    seen, louder = (Tracks(tracks, sample.labels, channel=k * cue) for k in (1, 8))
    model.fit(seen)
    assert not np.allclose(model.forecast(seen), model.forecast(louder))


def test_a_folder_of_track_files_is_fitted_and_forecast(tmp_path):
    rng = np.random.default_rng(0)
    for place, step in (("north", 0.3), ("south", 0.6)):
        paths = np.cumsum(step * rng.normal(size=(3, 400, 2)), axis=1)
        lines = [f"{10 * t}\t{p}\t{x:.6f}\t{y:.6f}" for t in range(400) for p, (x, y) in enumerate(paths[:, t])]
        (tmp_path / f"{place}.txt").write_text("\n".join(lines) + "\n")
    found = read_tracks(tmp_path)
    early, late = found.split(0.25)
    model = CausalMotion(form="group", steps=4, width=16).fit(early)
    forecast = model.forecast(late, late.environment)
    assert forecast.tracks.shape == (len(late), 3, 12, 2)
    assert "none of them" in forecast.references
    assert model.warnings == (
        f"environment north has {len(early) // 2} scenes: a step scores {len(early) // 4} of each and not 64",
    )


def test_a_saved_model_forecasts_the_same(tmp_path, trained):
    trained.save_pretrained(tmp_path)
    again = CausalMotion.from_pretrained(tmp_path)
    past = scenes(5)[0]
    assert np.array_equal(again.forecast(past, "0.5"), trained.forecast(past, "0.5"))
    assert np.array_equal(again.refine(past, "0.5"), trained.refine(past, "0.5"))
    assert again.environments == trained.environments
    with pytest.raises(FormatError, match="holds a CausalMotion, not a DomainCounterfactuals"):
        DomainCounterfactuals.from_pretrained(tmp_path)


def test_the_same_seed_gives_the_same_forecast_and_inputs_stay_as_they_are():
    past, before = scenes(5)[0], scenes(5)[0]
    assert np.array_equal(fitted().forecast(past, "0.1"), fitted().forecast(past, "0.1"))
    assert not np.array_equal(fitted().forecast(past, "0.1"), fitted(seed=1).forecast(past, "0.1"))
    assert np.array_equal(past, before)


def test_a_training_that_was_stopped_in_a_phase_ends_the_same(tmp_path):
    class StopError(Exception):
        pass

    def stop(what, done, of):
        if what == "modulation":
            raise StopError

    tracks, labels = scenes(100)
    model = CausalMotion(observed=4, steps=47, batch=8, width=16, schedule="phases")
    with pytest.raises(StopError):
        model.fit(tracks, labels, run=RunStore(tmp_path, stop))
    model.fit(tracks, labels, run=RunStore(tmp_path))
    whole = CausalMotion(model.config).fit(tracks, labels)
    assert np.array_equal(model.forecast(tracks, "0.1"), whole.forecast(tracks, "0.1"))


# -- what it refuses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"style": "none", "invariance": "irm"}, "irm compares environments: it needs at least 2, got 1"),
        ({"style": "none", "invariance": "v-rex"}, "v-rex compares environments"),
        ({}, "style 'modular' compares environments"),
    ],
)
def test_one_environment_is_too_few(options, sentence):
    tracks, labels = scenes(20, env="0.1")
    with pytest.raises(OptionError, match=sentence):
        CausalMotion(observed=4, steps=1, **options).fit(tracks, labels)


def test_scenes_that_do_not_fit_are_refused():
    tracks, labels = scenes(20)
    with pytest.raises(DataError, match=r"a scene has 15 frames, needs obs\+fut=20"):
        CausalMotion(steps=1).fit(tracks[:, :, :15], labels)
    with pytest.raises(OptionError, match=r"2 agents, got 1: take form='group'"):
        CausalMotion(steps=1).fit(tracks[:, :1], labels)
    with pytest.raises(OptionError, match="2 agents, got scenes where one is missing"):
        CausalMotion(steps=1).fit(Tracks(tracks, labels, np.eye(20, 2) == 0))
    with pytest.raises(DataError, match=r"environment 0\.5 has 3 scenes: 2 to score and 2 references"):
        CausalMotion(steps=1).fit(tracks[:13], ["0.1"] * 10 + ["0.5"] * 3)
    with pytest.raises(DataError, match="takes a finite number for each of the 20 scenes"):
        CausalMotion(steps=1, style="given").fit(tracks, labels)
    with pytest.raises(TrainingError, match="the loss is"):
        CausalMotion(steps=3, style="none").fit(tracks * 1e30, labels)


def test_questions_that_do_not_fit_are_refused():
    model, tracks = fitted(), scenes(20, seed=3)[0]
    for ask in (model.forecast, model.refine):
        with pytest.raises(OptionError, match=r"no environment '0\.9'; known are 0\.1.*0\.5"):
            ask(tracks, "0.9")
        with pytest.raises(OptionError, match="give reference scenes"):
            ask(tracks[:, :, :4], None)
        with pytest.raises(DataError, match=r"a scene has 10 frames, needs obs\+fut=16"):
            ask(tracks, tracks[:, :, :10])
    with pytest.raises(DataError, match=r"a scene has 3 frames, needs obs\+fut=4"):
        model.forecast(tracks[:, :, :3], "0.1")
    with pytest.raises(DataError, match="scene 0 overlaps with all of its references"):
        model.forecast(tracks[:1], tracks[:1])
    with pytest.raises(OptionError, match="no further channel"):
        model.forecast(Tracks(tracks, ["0.1"] * 20, channel=np.zeros((20, 2, 4))), "0.1")
    with pytest.raises(InterventionError, match=r"'environment' is set to one of 0\.1, 0\.5, got '0\.7'"):
        model.do("do(environment='0.7')")
    with pytest.raises(UnknownVariableError, match=r"'radius'.*environment"):
        model.do("do(radius=0.5)")
    with pytest.raises(OptionError, match="style 'modular'"):
        fitted(style="none").refine(tracks, "0.1")
    with pytest.raises(InterventionError, match="causal-motion answers no do"):
        fitted(style="none").do("do(environment='0.1')")
    with pytest.raises(OptionError, match="without style encodes nothing"):
        fitted(style="none").encode(tracks)
    with pytest.raises(OptionError, match="style 'modular'"):
        fitted(style="none").styles(tracks)
    with pytest.raises(OptionError, match="call fit first"):
        CausalMotion().forecast(tracks, "0.1")


def test_adaptations_that_cannot_be_are_refused():
    model, tracks = fitted(), scenes(20, seed=3)[0]
    for few, found in ((None, 0), (tracks[:3], 3)):
        with pytest.raises(DataError, match=f"at least 4 scenes, got {found}"):
            model.adapt(few, "new")
    with pytest.raises(DataError, match="there is no scene"):
        model.adapt(tracks[:0], "new")
    with pytest.raises(OptionError, match=r"one new environment, and the scenes are of 0\.1, 0\.5: say which"):
        model.adapt(Tracks(*scenes(20)))
    with pytest.raises(OptionError, match="update is"):
        model.adapt(tracks, "new", update="most")
    with pytest.raises(OptionError, match="no modulation"):
        fitted(style="none").adapt(tracks, "new")
    with pytest.raises(OptionError, match="give the number"):
        fitted(style="given").adapt(tracks, "new")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"invariance_weight": -1.0}, "invariance_weight is zero or more"),
        ({"contrastive_weight": -0.1}, "contrastive_weight is zero or more"),
        ({"form": "triple"}, "form is one of pair, group"),
        ({"temperature": 0.0}, "temperature is positive"),
        ({"learning_rate": 0.0}, "learning_rate is positive"),
        ({"observed": 1}, "observed is at least 2"),
        ({"schedule": "phases", "steps": 3}, "steps is at least 4"),
        ({"channel": True}, "read by the group form"),
        ({"form": "group", "frame": "plane"}, "for the pair form"),
        ({"depth": 3}, "depth"),
    ],
)
def test_options_out_of_range_are_refused(wrong, sentence):
    with pytest.raises(OptionError, match=sentence):
        CausalMotion(CausalMotionConfig(), **wrong)


# -- the contract ----------------------------------------------------------------------------------------------------


def test_a_file_of_tracks_is_fitted_and_its_scenes_are_forecast_in_the_style_of_their_own_place(tmp_path):
    write_tracks(Tracks(*scenes(60)), tmp_path / "scenes.npz")
    past, labels = scenes(4, seed=4)
    write_tracks(Tracks(past[:, :, :8], labels), tmp_path / "past.npz")
    model = CausalMotion(steps=3, batch=8, width=16).fit(tmp_path / "scenes.npz", environment="environment")
    said = model.predict(tmp_path / "past.npz", draws=2)
    assert said.tracks.shape == (8, 2, 20, 2)
    assert np.array_equal(said.tracks[:, :, :8], np.repeat(past[:, :, :8], 2, axis=0))
    assert said.known.column("draw").tolist() == [0.0, 1.0] * 4
    own = model.forecast(past, labels).tracks
    assert np.array_equal(said.tracks[::2, :, 8:], own)
    assert np.array_equal(said.tracks[1::2, :, 8:], own), "there is no chance in it"


def test_a_place_that_is_not_known_has_the_style_of_its_other_scenes():
    model, new = fitted(), OrcaWorld((0.8,))
    tracks = new.render(new.sample(5))
    known, _ = scenes(3, seed=7, env="0.1")
    both = Tracks(np.concatenate([tracks, known]), np.array(["0.8"] * 5 + ["0.1"] * 3))
    said = model.forecast(both)
    assert np.allclose(said.tracks[:5], model.forecast(tracks, tracks).tracks, atol=1e-6)
    assert np.allclose(said.tracks[5:], model.forecast(known, "0.1").tracks, atol=1e-6)
    assert "0.8: 5 scenes that were given; 5 of them overlap" in said.references


def test_a_saved_do_is_held_and_the_latest_wins(tmp_path):
    model, past = fitted(), scenes(5, seed=3)[0][:, :, :4]
    there = model.do("do(environment='0.1')").do(environment="0.5")
    there.save_pretrained(tmp_path)
    again = load(tmp_path)
    assert again.held == there.held == Intervention({"environment": "0.5"})
    assert again.targets.names == ("environment",)
    assert again.targets.find("environment").labels == ("0.1", "0.5")
    assert np.array_equal(again.predict(past).tracks, there.predict(past).tracks)
    assert np.array_equal(there.predict(past).tracks[:, :, 4:], model.forecast(past, "0.5").tracks)
    assert np.array_equal(there.predict(past).tracks[:, :, :4], past)
    assert model.held == Intervention()
    assert not fitted(style="given").targets


def test_the_code_of_a_scene_is_the_style_that_it_is_decoded_with():
    model, (tracks, labels) = fitted(), scenes(6, seed=3)
    code = model.encode(tracks, labels)
    assert code.names == tuple(f"style{k + 1}" for k in range(8))
    assert np.allclose(code.matrix(), model.forecast(tracks, labels).style)
    assert np.allclose(model.do(environment="0.5").encode(tracks, labels).matrix(), model.forecast(tracks, "0.5").style)


def test_it_is_judged_beside_baselines_and_by_the_world_and_shown(trained):
    given = Given.of_world(CausalMotion.card, WORLD, 60, seed=21)
    scores = trained.judge(given, given)
    tracks, labels = given.data.tracks, given.labels("environment")
    own = np.empty((60, 2, 12, 2))
    for label in ("0.1", "0.5"):
        own[labels == label] = trained.forecast(tracks[labels == label], label).tracks
    assert scores["ADE"].value == pytest.approx(ade(own, tracks[:, :, 4:16]))
    straight = constant_velocity(tracks[:, :, :4], 12)
    assert scores["ADE"].baselines == {"constant velocity": pytest.approx(ade(straight, tracks[:, :, 4:16]))}
    asked, still = [], []
    for label in ("0.1", "0.5"):
        away = given.take(np.flatnonzero(labels != label))
        truth = WORLD.render(WORLD.counterfactual(away.sample, env=label))[:, :, 4:16]
        asked.append(ade(trained.forecast(away, label), truth))
        still.append(ade(away.data.tracks[:, :, 4:16], truth))
    assert scores["counterfactual ADE"].value == pytest.approx(np.mean(asked))
    assert scores["counterfactual ADE"].baselines["do nothing"] == pytest.approx(np.mean(still))
    assert scores["counterfactual ADE"].value < 0.5 * np.mean(still)
    truth = trained.truth(given, Intervention({"environment": "0.5"}))
    assert np.array_equal(truth.tracks, WORLD.render(WORLD.counterfactual(given.sample, env="0.5")))
    (block,) = trained.report(given)
    assert block.svg.count("from 0.1: do(environment=") == block.svg.count("from 0.5: do(environment=") == 4
    assert fitted().training.losses[0][0] == "training"
    assert CausalMotion.reads(trained.config) == {"window": (4, 12)}


def test_an_adaptation_takes_its_options_from_the_config_and_the_label_from_the_scenes():
    few, _ = scenes(8, seed=1)
    model = fitted(adapt_update="all", adapt_steps=2)
    named = model.adapt(Tracks(few, ["new"] * 8))
    again = model.adapt(few, "new", update="all", steps=2)
    assert named.environments == again.environments == ("0.1", "0.5", "new")
    assert named.history[0].steps == 2
    assert np.array_equal(named.forecast(few, "0.1"), again.forecast(few, "0.1"))


def test_its_card_names_its_verbs_and_no_name_twice():
    assert verbs_of(CausalMotion) == CausalMotion.card.verbs
    names = [*CausalMotion.card.takes, *CausalMotion.card.subjects, *(f.name for f in fields(CausalMotionConfig))]
    assert len(set(names)) == len(names)


def test_its_example_is_fitted_and_asked(tmp_path):
    example = write(tmp_path, 0)
    model = CausalMotion(**example.options).fit(example.files, **example.roles)
    said = [model.do(do).predict(example.rows).tracks for do in (None, example.do, example.other)]
    assert all(np.array_equal(one[:, :, :8], said[0][:, :, :8]) for one in said)
    assert not np.allclose(said[1], said[2])


def test_do_sets_the_column_of_the_places_by_its_own_name(rng):
    tracks = np.cumsum(rng.normal(size=(24, 2, 20, 2)), axis=2)
    scenes = Tracks.of(tracks).with_known({"street": ["a", "b"] * 12})
    model = CausalMotion(steps=2, batch=4, width=16).fit(scenes, environment="street")
    assert model.targets.names == ("street",)
    a, b = (model.do(street=label).predict(scenes).tracks for label in "ab")
    assert not np.array_equal(a, b)
    with pytest.raises(UnknownVariableError, match=r"'environment' is not a variable of this system\. It has: street"):
        model.do(environment="b")
