"""The forecaster with two latents: its objective against brute force, what it must leave alone, what it refuses."""

import math
import warnings
from dataclasses import fields

import numpy as np
import pytest
import torch
from tests.systems.gcrl.trained import WORLD, scenes
from tests.trained import read

from aitia.data.reading.tracks import read_tracks, write_tracks
from aitia.data.tracks import Tracks, constant_velocity
from aitia.do import Intervention
from aitia.errors import DataError, FormatError, InterventionError, OptionError, UnknownVariableError
from aitia.runs import RunStore
from aitia.stats.metrics import ade
from aitia.system import Given, load, verbs_of
from aitia.systems.causal_motion import CausalMotion
from aitia.systems.gcrl import COLLAPSED, GCRL, GCRLConfig
from aitia.systems.gcrl.example import write
from aitia.systems.gcrl.network import Network
from aitia.systems.gcrl.objective import Objective, weighted_bound
from aitia.systems.gcrl.sampling import Sampler
from aitia.systems.gcrl.track_vae import Gaussian, Seen
from aitia.worlds import OrcaWorld

pytestmark = pytest.mark.filterwarnings("ignore:s has collapsed:RuntimeWarning")


def fitted(**options):
    given = {"steps": 6, "batch": 16, "width": 16, **options}
    return GCRL(**given).fit(*scenes(100))


@pytest.fixture(scope="module")
def trained():
    return read("gcrl")


def crowd(n=40, seed=0):
    rng = np.random.default_rng(seed)
    tracks = np.cumsum(rng.normal(size=(n, 5, 20, 2)), axis=2)
    present = rng.random((n, 5)) < 0.7
    present[:, :2] = True
    return Tracks(tracks, np.array(["a", "b"] * (n // 2)), present)


# -- the objective ---------------------------------------------------------------------------------------------------


def test_the_weighted_bound_is_the_formula_of_the_paper_computed_by_hand():
    torch.manual_seed(0)
    likely, bound = torch.randn(7, 5, dtype=torch.float64), torch.randn(7, 5, dtype=torch.float64)
    for scene in range(5):
        p = [math.exp(float(v)) for v in likely[:, scene]]
        q = sum(p) / 7
        expected = math.log(q) + sum(a / q * float(b) for a, b in zip(p, bound[:, scene], strict=True)) / 7
        assert math.isclose(float(weighted_bound(likely, bound)[scene]), expected, rel_tol=1e-12)


def test_the_weighted_bound_does_not_underflow():
    likely = torch.tensor([[-5000.0], [-5001.0]], dtype=torch.float64)
    value = weighted_bound(likely, torch.tensor([[1.0], [2.0]], dtype=torch.float64))
    first = 1 / (1 + math.exp(-1))
    assert math.isclose(
        float(value), -5000 + math.log(1 / first) - math.log(2) + first + 2 * (1 - first), rel_tol=1e-12
    )


MEAN, LATENT, NOISE = 0.4, 0.2, 0.5
"""q(z | x) and q(s | x) are N(MEAN x_2, LATENT), and x and y have variance NOISE given z and s."""
X = np.array([[0.9, -0.2], [0.8, -0.3]])
Y = np.array([[0.5, 0.1]])


class LinearTracks(torch.nn.Module):
    """x_1 = x_2 = z + s and y = z - s, each with noise, for one agent: all integrals are known."""

    observed = 2

    def see(self, past):
        return Seen(past, past[..., -1, :], (past.new_zeros(1, 1, 2), torch.eye(2, dtype=past.dtype)))

    def z_of(self, seen, present):
        mean = MEAN * seen.past[..., -1, :]
        return Gaussian(mean, torch.full_like(mean, math.log(LATENT)))

    def s_of(self, tracks, present):
        mean = MEAN * tracks[..., 0, 1, :]
        return Gaussian(mean, torch.full_like(mean, math.log(LATENT)))

    def past(self, z, s):
        return (z + s.unsqueeze(-2)).unsqueeze(-2).expand(*z.shape[:-1], 2, 2)

    def ahead(self, z, s, seen):
        return (z - s.unsqueeze(-2)).unsqueeze(-2)


def linear_loss(objective):
    config = GCRLConfig(
        observed=2, future=1, coupling=False, components=1, variance=NOISE, objective=objective, latent_draws=200_000
    )
    net = Network(config, 1)
    net.tracks = LinearTracks()
    tracks = torch.tensor(np.concatenate([X, Y])[None, None, None])
    torch.manual_seed(0)
    with torch.no_grad():
        parts = Objective(net, config)(tracks, torch.ones(1, 1, 1, dtype=torch.bool))
    return {name: float(part) for name, part in parts.items()}


def test_the_joint_objective_is_the_closed_form_of_a_linear_gaussian_case():
    mean = MEAN * X[1]
    squares = [((x - 2 * mean) ** 2 + 2 * LATENT).sum() for x in X] + [(y**2 + 2 * LATENT).sum() for y in Y]
    likely = sum(-0.5 * square / NOISE - math.log(2 * math.pi * NOISE) for square in squares)
    kl = 2 * 0.5 * (mean**2 + LATENT - 1 - math.log(LATENT)).sum()
    parts = linear_loss("joint")
    assert math.isclose(parts["loss"], kl - likely, abs_tol=0.03)
    assert math.isclose(parts["kl_z"] + parts["kl_s"], kl, abs_tol=0.02)


def test_the_weighted_objective_is_its_integral_and_lies_between_the_joint_one_and_the_evidence():
    grid, width = np.linspace(-4, 4, 801), 0.01
    z, s = np.meshgrid(grid, grid, indexing="ij")

    def normal(a, mean, variance):
        return np.exp(-0.5 * (a - mean) ** 2 / variance) / np.sqrt(2 * np.pi * variance)

    total, evidence = 0.0, 0.0
    for axis in range(2):  # the two coordinates are independent: logarithms, and means under the weights, add up
        mean = MEAN * X[1, axis]
        q = normal(z, mean, LATENT) * normal(s, mean, LATENT)
        likely = normal(Y[0, axis], z - s, NOISE)
        model = normal(X[0, axis], z + s, NOISE) * normal(X[1, axis], z + s, NOISE) * normal(z, 0, 1) * normal(s, 0, 1)
        q_y = (q * likely).sum() * width**2
        total += np.log(q_y) + (q * likely / q_y * np.log(model / q)).sum() * width**2
        evidence += np.log((model * likely).sum() * width**2)
    weighted = -linear_loss("weighted")["loss"]
    assert math.isclose(weighted, total, abs_tol=0.03)
    assert -linear_loss("joint")["loss"] < weighted < evidence


@pytest.mark.parametrize(("weight", "scale"), [(3.0, 3.0), (None, 2 * 12 / (2 * 1e-3))])
def test_the_decoupled_gradient_is_that_of_the_least_error_over_all_draws(weight, scale):
    """Without a weight the error counts as in the log-density of two agents over twelve frames."""
    options = {"objective": "decoupled", "labels": False, "width": 16, "best_of": 6, "latent_draws": 2}
    config = GCRLConfig(**options, prediction_weight=weight)
    torch.manual_seed(1)
    net = Network(config, 2).double()
    tracks, there = torch.from_numpy(scenes(8)[0]).reshape(2, 4, 2, 20, 2), torch.ones(2, 4, 2, dtype=torch.bool)
    torch.manual_seed(2)
    parts = Objective(net, config)(tracks, there)
    parts["loss"].backward()
    ours = {name: p.grad.clone() for name, p in net.named_parameters() if p.grad is not None}
    net.zero_grad()
    torch.manual_seed(2)
    seen = net.tracks.see(tracks[..., :8, :])
    z, s = net.tracks.z_of(seen, there), net.tracks.s_of(tracks, there)
    draws = []
    for law in (z, s):
        noise = torch.randn(6, *law.mean.shape, dtype=torch.float64)
        draws.append(law.mean + torch.exp(0.5 * law.log_variance) * noise)
    future = seen.home(net.tracks.ahead(*draws, seen))
    least = (future - tracks[..., 8:, :]).square().sum(-1).mean((-1, -2)).amin(0)
    rebuilt = seen.home(net.tracks.past(draws[0][:2], draws[1][:2])) - tracks[..., :8, :]
    density = -0.5 * (rebuilt.square().sum((-1, -2, -3)) / 1e-3 + 32 * math.log(2 * math.pi * 1e-3))
    kl = [
        -0.5 * (((d - law.mean) ** 2) / law.log_variance.exp() + law.log_variance + math.log(2 * math.pi)).sum(-1)
        - prior.log_prob(d)
        for d, law, prior in ((draws[0][:2], z, net.z_prior), (draws[1][:2], s, net.s_prior))
    ]
    bound = (density - kl[0].sum(-1) - kl[1]).mean(0)
    loss = (scale * least - bound).mean(1).sum()
    loss.backward()
    assert torch.isclose(loss, parts["loss"], rtol=1e-9)
    for name, gradient in ours.items():
        assert torch.allclose(gradient, dict(net.named_parameters())[name].grad, rtol=1e-6, atol=1e-7), name


def test_agents_that_are_not_there_have_no_divergence():
    torch.manual_seed(0)
    net = Network(GCRLConfig(form="group", width=16), 2)
    size, present = net.tracks.z_size, torch.tensor([[True, False, True], [False, True, False]])
    z, s = (Gaussian(*torch.randn(2, *shape)) for shape in ((2, 3, size), (2, net.tracks.s_size)))
    z_draws = z.draws(5)
    told, _ = net.divergences(z, s, z_draws, s.draws(5), present, None)
    law = torch.distributions.Normal(z.mean, torch.exp(0.5 * z.log_variance))
    each = law.log_prob(z_draws).sum(-1) - net.z_prior.log_prob(z_draws)
    assert torch.allclose(told, torch.stack([each[:, 0, 0] + each[:, 0, 2], each[:, 1, 1]], dim=1), atol=1e-4)


def test_without_labels_an_environment_is_the_parts_that_its_own_scenes_are_likely_from():
    torch.manual_seed(0)
    net = Network(GCRLConfig(labels=False, components=2, width=16), 2)
    tracks, there = torch.from_numpy(scenes(6)[0]).float(), torch.ones(6, 2, dtype=torch.bool)
    shares = torch.rand(6, 2).softmax(-1)
    net.shares = lambda shown, present: shares
    with torch.no_grad():
        net.look(tracks, there, torch.tensor([0, 0, 0, 0, 1, 1]))
    assert torch.allclose(net.weights, torch.stack([shares[:4].mean(0), shares[4:].mean(0)]))


@torch.no_grad()
def test_a_group_is_rebuilt_in_the_frame_of_each_agent_and_its_style_leaves_out_who_is_not_there():
    torch.manual_seed(0)
    net = Network(GCRLConfig(form="group", width=16), 2).tracks
    z, s = torch.randn(4, 3, net.z_size), torch.randn(4, net.s_size)
    past = net.past(z, s)
    assert past.shape == (4, 3, 8, 2)
    assert (past[..., -1, :] == 0).all(), "an agent's own frame begins where it was seen last"
    tracks, there = torch.randn(4, 3, 20, 2).cumsum(-2), torch.tensor([[True, True, False]] * 4)
    assert torch.allclose(net.s_of(tracks, there).mean, net.s_of(tracks[:, :2], there[:, :2]).mean, atol=1e-5)


@torch.no_grad()
def test_draws_of_a_style_have_the_law_that_is_read_from_the_reference():
    torch.manual_seed(0)
    config = GCRLConfig(width=16)
    sampler, place = Sampler(Network(config, 2), config, ("a", "b")), np.array(["a"] * 3)
    asked, shown = (Tracks(scenes(3, seed=seed)[0], place) for seed in (1, 2))
    law, drawn = sampler.s_of(shown), sampler._s_draws(asked, shown, 4000, True)
    assert torch.allclose(drawn.mean(0), law.mean, atol=0.02)
    assert torch.allclose(drawn.std(0), torch.exp(0.5 * law.log_variance), rtol=0.1)


def test_in_training_the_style_is_read_from_another_scene_of_the_environment():
    config = GCRLConfig(style="references", width=16)
    net, seen = Network(config, 2), []
    tracks = torch.from_numpy(scenes(8)[0]).float().reshape(2, 4, 2, 20, 2)
    read_style = net.tracks.s_of
    net.tracks.s_of = lambda shown, there: (seen.append(shown), read_style(shown, there))[1]
    Objective(net, config)(tracks, torch.ones(2, 4, 2, dtype=torch.bool))
    assert torch.equal(seen[0], tracks[:, [3, 0, 1, 2]])


# -- what it reaches -------------------------------------------------------------------------------------------------


def test_it_reads_the_style_of_a_place_from_one_of_its_scenes(trained):
    for place, other in (("0.1", "0.5"), ("0.5", "0.1")):
        tracks, _ = scenes(150, seed=5, env=place)
        future = tracks[:, :, 4:16]
        right, wrong = (
            ade(trained.forecast(tracks, scenes(150, seed=6, env=e)[0], paired=True).mean, future)
            for e in (place, other)
        )
        assert right < 0.6 * wrong
    assert trained.kl["s"] > COLLAPSED
    assert trained.warnings == ()


def test_do_of_a_scenes_style_is_near_the_simulators_counterfactual(trained):
    fact = WORLD.sample(150, seed=11, env="0.1")
    tracks = WORLD.render(fact)
    truth = WORLD.render(WORLD.counterfactual(fact, env="0.5"))[:, :, 4:16]
    own, wide = scenes(150, seed=12, env="0.1")[0], scenes(150, seed=13, env="0.5")[0]
    left_alone = ade(trained.forecast(tracks, own, paired=True).mean, truth)
    assert ade(trained.forecast(tracks, wide, paired=True).mean, truth) < 0.6 * left_alone
    assert ade(trained.do('do(environment="0.5")').forecast(tracks).mean, truth) < 0.8 * left_alone


def test_an_adapted_model_is_better_at_the_new_place_and_the_old_one_stays_as_it_was(trained):
    wide = OrcaWorld((0.8,))
    tracks = wide.render(wide.sample(120))
    kept = {name: leaf.clone() for name, leaf in trained._net.state_dict().items()}
    past = tracks[64:]
    changed = {}
    for update in ("style", "style without flow"):
        adapted = trained.adapt(tracks[:64], "0.8", update=update, steps=60)
        changed[update] = {n for n, leaf in adapted._net.named_parameters() if not torch.equal(leaf, kept[n])}
        assert adapted.environments == ("0.1", "0.5", "0.8")
        before, after = (model.forecast(past, tracks[:64]).mean for model in (trained, adapted))
        assert ade(after, past[:, :, 4:16]) < 0.8 * ade(before, past[:, :, 4:16])
    assert all(torch.equal(leaf, kept[name]) for name, leaf in trained._net.state_dict().items())
    moved = {name.rsplit(".", 1)[0] for name in changed["style"] - changed["style without flow"]}
    assert moved
    assert all("s_prior.flow" in name for name in moved)
    assert not any("z_" in name for name in changed["style"])


def test_an_environment_that_is_known_is_replaced_by_an_adaptation():
    model = fitted()
    assert model.adapt(scenes(20)[0], "0.1", steps=2).environments == ("0.5", "0.1")


def test_an_adaptation_trains_the_law_of_the_new_environment_and_of_no_other():
    model, few = fitted(), scenes(20, seed=8)[0]
    old, one, three = (
        m._net.label_logits.detach()
        for m in (model, model.adapt(few, "new", steps=1), model.adapt(few, "new", steps=3))
    )
    assert torch.equal(one[:2], old)
    assert torch.equal(three[:2], old)
    assert not torch.equal(one[2], three[2])


# -- laws ------------------------------------------------------------------------------------------------------------


def test_the_mean_and_spread_of_a_forecast_are_those_of_its_samples():
    forecast = fitted().forecast(scenes(5)[0], draws=7)
    assert forecast.draws.shape == (7, 5, 2, 12, 2)
    assert np.allclose(forecast.mean, forecast.draws.mean(0))
    assert np.allclose(forecast.spread**2, forecast.draws.var(0).sum(-1))


@pytest.mark.parametrize("objective", ["joint", "decoupled", "weighted"])
@pytest.mark.parametrize("form", ["pair", "group"])
def test_the_same_seed_gives_the_same_forecast(form, objective):
    past = scenes(5)[0]
    one, again, other = (fitted(form=form, objective=objective, steps=2, seed=s).forecast(past).mean for s in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_a_forecast_is_the_same_for_the_same_seed_and_moves_no_global_random_state():
    model, past = fitted(), scenes(5)[0]
    before = torch.random.get_rng_state()
    one, again, other = (model.forecast(past, seed=seed).draws for seed in (0, 0, 1))
    assert torch.equal(before, torch.random.get_rng_state())
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_renaming_the_environments_changes_nothing():
    tracks, labels = scenes(100)
    renamed = np.where(labels == "0.1", "zürich", "aarhus")
    one = GCRL(steps=4, batch=8, width=16).fit(tracks, labels)
    other = GCRL(steps=4, batch=8, width=16).fit(tracks, renamed)
    assert np.array_equal(one.forecast(tracks).draws, other.forecast(tracks).draws)
    again = {"0.1": "zürich", "0.5": "aarhus"}
    assert np.array_equal(
        one.do('do(environment="0.5")').forecast(tracks[:5]).mean,
        other.do(f'do(environment="{again["0.5"]}")').forecast(tracks[:5]).mean,
    )


@pytest.mark.parametrize(
    "options", [{}, {"style": "references"}, {"form": "group"}, {"latents": "plain"}, {"latents": "none"}]
)
def test_a_saved_model_forecasts_the_same(tmp_path, options):
    model = fitted(**options)
    model.save_pretrained(tmp_path)
    again = GCRL.from_pretrained(tmp_path)
    past, references = scenes(5)[0], scenes(6, seed=3)[0] if "style" in options else None
    assert np.array_equal(again.forecast(past, references).draws, model.forecast(past, references).draws)
    assert (again.environments, again.kl, again.warnings) == (model.environments, model.kl, model.warnings)
    with pytest.raises(FormatError, match="holds a GCRL, not a CausalMotion"):
        CausalMotion.from_pretrained(tmp_path)


@pytest.mark.parametrize("form", ["pair", "group"])
@pytest.mark.parametrize("style", ["past", "references"])
def test_a_turned_and_shifted_scene_gets_a_turned_and_shifted_forecast(form, style):
    model = fitted(form=form, style=style)
    past = scenes(10)[0]
    references = scenes(10, seed=4)[0] if style == "references" else None
    turn = np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    moved = model.forecast(past @ turn.T + 3.0, references).mean
    assert np.allclose(moved, model.forecast(past, references).mean @ turn.T + 3.0, atol=2e-3)


@pytest.mark.parametrize("form", ["pair", "group"])
def test_the_future_of_a_scene_is_never_looked_at(form):
    model = fitted(form=form)
    tracks, _ = scenes(10)
    other = tracks.copy()
    other[:, :, 8:] += 7.0
    assert np.array_equal(model.forecast(tracks).draws, model.forecast(other).draws)


def test_agents_that_are_not_there_do_not_count_and_any_number_is_taken():
    many = crowd()
    model = GCRL(form="group", steps=3, batch=8, width=16).fit(many)
    answer = model.forecast(many)
    assert answer.mean.shape == (40, 5, 12, 2)
    moved = np.where(many.there[:, :, None, None], many.tracks, 50.0)
    other = model.forecast(Tracks(moved, many.environment, many.there))
    assert np.allclose(other.mean[many.there], answer.mean[many.there], atol=1e-5)
    wider = np.concatenate([many.tracks, np.zeros((40, 2, 20, 2))], axis=1)
    there = np.concatenate([many.there, np.zeros((40, 2), bool)], axis=1)
    z = np.zeros((7, 2))
    s = np.zeros(2)
    assert np.allclose(
        model.forecast(Tracks(wider, many.environment, there), z=z, s=s).mean[:, :5],
        model.forecast(many, z=z[:5], s=s).mean,
        atol=1e-5,
    )


def test_latents_held_at_what_the_encoders_say_give_the_forecast_without_spread():
    model, past = fitted(), scenes(5)[0]
    code = model.latents(past)
    held = model.forecast(past, z=code.z, s=code.s)
    assert held.spread.max() < 1e-6
    assert np.allclose(held.mean, model.forecast(past, draws=4000).mean, atol=0.05)
    assert code.z.shape == code.z_spread.shape == (5, 2, 2)
    assert code.s.shape == code.s_spread.shape == (5, 2)


def test_do_on_both_latents_leaves_only_the_frame_and_the_last_step_of_a_scene():
    model, past = fitted(), scenes(5)[0]
    held = model.do("do(s=[0.5, -0.5], z=[0.1, 0.2])").forecast(past).mean
    again = model.forecast(past, s=[0.5, -0.5], z=[[0.1, 0.2], [0.1, 0.2]], draws=1).mean
    assert np.allclose(held, again, atol=1e-6)
    each = model.do("do(z=[0.1, 0.2, 0.3, 0.4], s=[0.5, -0.5])").forecast(past).mean
    assert not np.allclose(each, held)


def test_a_model_that_reads_references_needs_none_where_s_is_set():
    model, past = fitted(style="references"), scenes(5)[0]
    assert model.do("do(s=[0.1, 0.2])").forecast(past).mean.shape == (5, 2, 12, 2)
    references = scenes(5, seed=2)[0]
    kept = model.do("do(z=[0.1, 0.2])").forecast(past, references).mean
    assert np.allclose(kept, model.forecast(past, references, z=np.tile([0.1, 0.2], (2, 1))).mean)


def test_setting_s_wins_over_the_environment_that_only_acts_through_it():
    model, past = fitted(), scenes(5)[0]
    both = model.do("do(environment=0.5, s=[0.1, 0.2])").forecast(past).mean
    assert np.allclose(both, model.do("do(s=[0.1, 0.2])").forecast(past).mean)


def test_the_state_with_the_best_validation_is_kept_and_a_resumed_training_gives_the_same(tmp_path):
    held = Tracks(*scenes(20, seed=3))
    both = Tracks(*(np.concatenate(parts) for parts in zip(scenes(100), scenes(20, seed=3), strict=True)))
    split = ["train"] * 100 + ["validation"] * 20
    place = RunStore(tmp_path / "state")
    options = {"steps": 20, "batch": 8, "width": 16}
    whole = GCRL(**options).fit(both, split=split, run=place)
    assert [step for step, _ in whole.history.validations] == [20]
    again = GCRL(**options).fit(both, split=split, run=place)
    assert np.array_equal(whole.forecast(held).draws, again.forecast(held).draws)
    references = GCRL(style="references", steps=3, batch=8, width=16).fit(both, split=split)
    assert np.isfinite(references.history.validations[0][1])


def test_a_collapsed_style_is_told_loudly():
    with pytest.warns(RuntimeWarning, match=r"s has collapsed: it says 0\.0\d\d nats"):
        model = GCRL(variance=1e4, learning_rate=0.03, steps=200, width=8, batch=8, labels=False).fit(*scenes(50))
    assert model.kl["s"] < COLLAPSED
    assert "s has collapsed" in model.warnings[0]


def test_the_arms_of_a_comparison_train_and_forecast():
    past = scenes(4)[0]
    for options in ({"latents": "plain"}, {"latents": "none"}, {"raw": True}, {"learned": True}, {"coupling": False}):
        forecast = fitted(**options).forecast(past, draws=3)
        assert forecast.draws.shape == (3, 4, 2, 12, 2)
        assert (forecast.spread.max() == 0) == (options.get("latents") == "none")


def test_the_plain_arm_is_the_causal_one_but_for_its_law():
    past = scenes(4)[0]
    plain = fitted(latents="plain")
    same_law = fitted(components=1, coupling=False, learned=False, labels=False)
    assert np.array_equal(plain.forecast(past).draws, same_law.forecast(past).draws)
    assert plain.kl == same_law.kl


def test_arms_of_a_comparison_see_the_same_scenes_in_the_same_order(monkeypatch):
    seen = {}

    class Recording(Objective):
        def forward(self, tracks, present):
            seen.setdefault(self.config.latents, []).append(tracks.clone())
            return super().forward(tracks, present)

    monkeypatch.setattr("aitia.systems.gcrl.model.Objective", Recording)
    for latents in ("causal", "plain", "none"):
        fitted(latents=latents)
    for batches in zip(*seen.values(), strict=True):
        assert all(torch.equal(batches[0], other) for other in batches[1:])
    assert len(seen["causal"]) == 6


def test_a_single_environment_is_enough_where_the_law_knows_none():
    tracks, labels = scenes(30, env="0.1")
    model = GCRL(latents="plain", steps=2, batch=8, width=16).fit(tracks, labels)
    assert model.forecast(tracks).mean.shape == (30, 2, 12, 2)


# -- what it refuses -------------------------------------------------------------------------------------------------


def test_scenes_that_do_not_fit_are_refused():
    tracks, labels = scenes(20)
    with pytest.raises(DataError, match=r"a scene has 15 frames, needs obs\+fut=20"):
        GCRL(steps=1).fit(tracks[:, :, :15], labels)
    with pytest.raises(OptionError, match=r"needs at least 2 training environments \(got 1: 0\.1\).*ERM"):
        GCRL(steps=1).fit(*scenes(20, env="0.1"))
    for agents in (tracks[:, :1], np.concatenate([tracks, tracks + 1], axis=1)):
        with pytest.raises(OptionError, match=r"the pair form takes scenes of 2 agents, got \d: take form='group'"):
            GCRL(steps=1).fit(agents, labels)
    broken = tracks.copy()
    broken[3, 1, 5] = np.nan
    with pytest.raises(DataError, match=r"scene 3 \(.*\), agent 1, frame 5 has no position"):
        GCRL(steps=1).fit(broken, labels)


def test_questions_that_mean_nothing_are_refused():
    model, (tracks, _) = fitted(), scenes(20)
    with pytest.raises(OptionError, match="call fit first"):
        GCRL().forecast(tracks)
    with pytest.raises(DataError, match=r"a scene has 7 frames, needs obs\+fut=8"):
        model.forecast(tracks[:, :, :7])
    with pytest.raises(OptionError, match=r"no environment '0\.9'; known are 0\.1.*0\.5|0\.5.*0\.1"):
        model.forecast(tracks, "0.9")
    with pytest.raises(OptionError, match="at least 1 sample"):
        model.forecast(tracks, draws=0)
    with pytest.raises(DataError, match=r"s is finite numbers of shape \(2,\) or \(20, 2\), got shape \(3,\)"):
        model.forecast(tracks, s=[1, 2, 3])
    with pytest.raises(DataError, match=r"20 scenes and 4 references"):
        model.forecast(tracks, tracks[:4], paired=True)
    with pytest.raises(InterventionError, match=r"'environment' is set to one of 0\.\d, 0\.\d, got '0\.7'"):
        model.do('do(environment="0.7")')
    with pytest.raises(UnknownVariableError, match=r"'radius'.*environment, s, z"):
        model.do("do(radius=0.5)")
    with pytest.raises(
        InterventionError, match=r"do\(environment=LABEL\), do\(s=NUMBERS\) and do\(z=NUMBERS\), not do"
    ):
        model.do("do(s=shift(1))")
    with pytest.raises(InterventionError, match="z is 2 or 4 numbers, got 3"):
        model.do("do(z=[1, 2, 3])").forecast(tracks)
    with pytest.raises(InterventionError, match="s is 2 numbers, got 1"):
        model.do("do(s=1)")
    with pytest.raises(InterventionError, match="gcrl answers no do"):
        fitted(latents="none").do("do(s=[1, 2])")
    with pytest.raises(OptionError, match="encodes nothing"):
        fitted(latents="none").latents(tracks)
    seeing = fitted(style="references")
    with pytest.raises(OptionError, match="give reference scenes of the place, or a known environment"):
        seeing.forecast(tracks)
    with pytest.raises(DataError, match=r"a scene has 10 frames, needs obs\+fut=20"):
        seeing.forecast(tracks, tracks[:, :, :10])


def test_a_reference_that_shows_the_future_is_refused_or_left_out():
    walk = np.cumsum(np.random.default_rng(0).normal(size=(2, 2, 40, 2)), axis=2)
    overlapping = np.concatenate([walk[:, :, begin : begin + 20] for begin in (0, 15)])
    labels = ["a", "b"] * 2
    with pytest.raises(DataError, match=r"scenes 0 and 1 of a share a step.*windows that do not overlap"):
        GCRL(style="references", steps=1).fit(overlapping, labels)
    model, tracks = fitted(style="references"), scenes(6)[0]
    with pytest.raises(DataError, match="scene 0 shares a step with its reference, which shows its future"):
        model.forecast(tracks, tracks, paired=True)
    with pytest.raises(DataError, match="scene 0 shares a step with every reference"):
        model.forecast(tracks[:1], tracks[:1])
    other = scenes(1, seed=9)[0]
    law = model.latents(other)
    drawn = model.forecast(tracks[:1], np.concatenate([tracks[:1], other]), z=np.zeros((2, 2)), draws=2000)
    held = model.forecast(tracks[:1], other, z=np.zeros((2, 2)), draws=2000)
    assert np.allclose(drawn.mean, held.mean, atol=0.05 * float(np.abs(law.s_spread).max()) + 0.02)


def test_adaptations_that_cannot_be_are_refused():
    model, (tracks, _) = fitted(), scenes(20)
    with pytest.raises(DataError, match="there is no scene"):
        model.adapt(tracks[:0], "new")
    with pytest.raises(OptionError, match="at least 1 scene of the new environment, got 0"):
        model.adapt(None, "new")
    with pytest.raises(OptionError, match=r"one new environment, and the scenes are of 0\.1, 0\.5: say which"):
        model.adapt(Tracks(*scenes(20)))
    with pytest.raises(OptionError, match="at least 2 scenes of the new environment, got 1"):
        fitted(style="references").adapt(tracks[:1], "new")
    with pytest.raises(OptionError, match="update is 'style'"):
        model.adapt(tracks, "new", update="most")
    with pytest.raises(OptionError, match="take update='all'"):
        fitted(latents="none").adapt(tracks, "new")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"form": "triple"}, "form is one of pair, group"),
        ({"objective": "decoupled", "best_of": 1}, "best of 2 draws or more, got best_of=1"),
        ({"s_size": 3}, "coupling needs an even size, got s_size=3"),
        ({"z_size": 1}, "coupling needs an even size, got z_size=1"),
        ({"variance": 0.0}, "are positive"),
        ({"prediction_weight": -1.0}, "are positive"),
        ({"observed": 1}, "observed is at least 2"),
        ({"components": 0}, "components"),
        ({"width": 20}, "multiple of 8"),
        ({"raw": True, "form": "group"}, "pair form"),
        ({"depth": 3}, "gcrl has no option .depth."),
    ],
)
def test_options_out_of_range_are_refused(wrong, sentence):
    with pytest.raises(OptionError, match=sentence):
        GCRL(GCRLConfig(), **wrong)


def test_an_odd_size_is_fine_without_coupling():
    assert fitted(s_size=3, coupling=False).latents(scenes(4)[0]).s.shape == (4, 3)


def test_constant_velocity_is_what_an_untrained_decoder_deviates_from():
    past = scenes(30)[0]
    model = fitted(steps=1, learning_rate=1e-9)
    with torch.no_grad():
        for parameter in model._net.tracks.future_decoder.parameters():
            parameter.zero_()
    assert np.allclose(model.forecast(past).mean, constant_velocity(past[:, :, :8], 12), atol=1e-4)


# -- the contract ----------------------------------------------------------------------------------------------------


def test_a_file_of_tracks_is_fitted_and_its_scenes_are_forecast_with_their_draws(tmp_path):
    write_tracks(Tracks(*scenes(60)), tmp_path / "scenes.npz")
    write_tracks(Tracks.of(scenes(3, seed=4)[0][:, :, :8]), tmp_path / "past.npz")
    model = GCRL(steps=3, batch=8, width=16).fit(tmp_path / "scenes.npz", environment="environment")
    past = read_tracks(tmp_path / "past.npz")
    said = model.predict(tmp_path / "past.npz", draws=4, seed=3)
    assert said.tracks.shape == (12, 2, 20, 2)
    assert np.array_equal(said.tracks[:, :, :8], np.repeat(past.tracks, 4, axis=0))
    assert said.known.column("row").tolist() == [0.0] * 4 + [1.0] * 4 + [2.0] * 4
    assert said.known.column("draw").tolist() == [0.0, 1.0, 2.0, 3.0] * 3
    forecast = model.forecast(past, draws=4, seed=3)
    assert np.array_equal(said.tracks.reshape(3, 4, 2, 20, 2)[:, :, :, 8:], forecast.draws.swapaxes(0, 1))


def test_a_saved_do_is_held_and_the_same_seed_has_the_same_chance_under_it(tmp_path):
    model, past = fitted(), scenes(5)[0]
    there = model.do("do(s=[0.5, -0.5])")
    there.save_pretrained(tmp_path)
    again = load(tmp_path)
    assert again.held == there.held
    assert again.targets.names == model.targets.names == ("environment", "s", "z")
    assert np.array_equal(again.predict(past, seed=2).tracks, there.predict(past, seed=2).tracks)
    assert np.array_equal(again.predict(past).tracks[:, :, :8], past[:, :, :8])
    assert not np.allclose(model.predict(past, seed=2).tracks, there.predict(past, seed=2).tracks)
    assert model.held == Intervention()
    one = there.do("do(z=[0.1, 0.2])")
    assert np.array_equal(one.predict(past, seed=0).tracks, one.predict(past, seed=1).tracks), "no chance is left"


def test_targets_have_the_range_of_the_fit_and_what_lies_outside_is_told():
    model, (tracks, _) = fitted(), scenes(100)
    code = model.latents(tracks)
    s, z = (model.targets.find(name) for name in ("s", "z"))
    assert np.allclose((s.low, s.high), (code.s.min(0), code.s.max(0)))
    assert np.allclose((z.low, z.high), (code.z.min((0, 1)), code.z.max((0, 1))))
    assert model.targets.find("environment").labels == model.environments
    assert "outside of the trained range" in model.do(s=[99.0, 0.0]).outside()[0]
    assert fitted(latents="plain").targets.names == ("s", "z")
    assert not fitted(latents="none").targets


def test_the_code_of_a_scene_follows_what_is_held():
    model, past = fitted(), scenes(5)[0]
    code, latents = model.encode(past), model.latents(past)
    names = [f"s{k}" for k in (1, 2)] + [f"z{k} of agent {a}" for a in (1, 2) for k in (1, 2)]
    assert set(code.names) == {*names, *(f"spread of {name}" for name in names)}
    assert np.allclose(code.matrix(names[:2]), latents.s)
    assert np.allclose(code.matrix(names[2:]), latents.z.reshape(5, -1))
    assert np.allclose(code.matrix([f"spread of {n}" for n in names[2:]]), latents.z_spread.reshape(5, -1))
    held = model.do("do(z=[0.1, 0.2], s=[1, 2])").encode(past)
    assert held.matrix(names).tolist() == [[1, 2, 0.1, 0.2, 0.1, 0.2]] * 5
    assert not held.matrix([f"spread of {name}" for name in names]).any()
    assert set(model.do(environment="0.5").encode(past).names) & {"s1", "s2"} == set(), "s is drawn there"


def test_scenes_of_known_places_need_no_references_in_a_model_that_reads_them():
    model, (tracks, labels) = fitted(style="references"), scenes(6)
    said = model.predict(tracks[:, :, :8], labels, draws=5)
    assert said.tracks.shape == (30, 2, 20, 2)
    for label in set(labels):
        rows = np.flatnonzero(labels == label)
        own = model.forecast(tracks[rows], str(label), draws=5).draws.swapaxes(0, 1)
        assert np.allclose(said.tracks.reshape(6, 5, 2, 20, 2)[rows, :, :, 8:], own)


def test_it_is_judged_beside_baselines_and_by_the_world_and_shown(trained):
    given = Given.of_world(GCRL.card, WORLD, 60, seed=21)
    scores = trained.judge(given, given)
    tracks, labels = given.data.tracks, given.labels("environment")
    assert scores["ADE"].value == pytest.approx(ade(trained.forecast(given).mean, tracks[:, :, 4:16]))
    straight = constant_velocity(tracks[:, :, :4], 12)
    assert scores["ADE"].baselines == {"constant velocity": pytest.approx(ade(straight, tracks[:, :, 4:16]))}
    asked = []
    for label in ("0.1", "0.5"):
        away = given.take(np.flatnonzero(labels != label))
        truth = WORLD.render(WORLD.counterfactual(away.sample, env=label))[:, :, 4:16]
        asked.append(ade(trained.do(environment=label).forecast(away).mean, truth))
        assert trained.truth(away, Intervention({"environment": label})).tracks.shape == away.data.tracks.shape
    assert scores["counterfactual ADE"].value == pytest.approx(np.mean(asked))
    assert set(scores["counterfactual ADE"].baselines) == {"constant velocity", "do nothing"}
    assert scores["counterfactual ADE"].value < scores["counterfactual ADE"].baselines["do nothing"]
    assert trained.truth(given, Intervention({"s": (0.0, 0.0)})) is None
    (block,) = trained.report(given)
    assert block.svg.count("from 0.1: do(environment=") == block.svg.count("from 0.5: do(environment=") == 4
    assert trained.training.losses[0][0] == "training"
    assert "Nats that the latents say" in trained.training.notes[0]
    assert GCRL.reads(trained.config) == {"window": (4, 12)}
    assert trained.work(given).startswith("500 steps, each of 16 scenes from every one of 2 environments")


def test_its_card_names_its_verbs_and_no_name_twice():
    assert verbs_of(GCRL) == GCRL.card.verbs
    names = [*GCRL.card.takes, *GCRL.card.subjects, *(f.name for f in fields(GCRLConfig))]
    assert len(set(names)) == len(names)


def test_its_example_is_fitted_and_asked(tmp_path):
    example = write(tmp_path, 0)
    model = GCRL(**example.options).fit(example.files, **example.roles)
    said = [model.do(do).predict(example.rows, seed=1).tracks for do in (None, example.do, example.other)]
    assert all(np.array_equal(one[:, :, :8], said[0][:, :, :8]) for one in said)
    assert not np.allclose(said[1], said[2])


def test_do_sets_the_column_of_the_places_by_its_own_name(rng):
    tracks = np.cumsum(rng.normal(size=(24, 2, 20, 2)), axis=2)
    scenes = Tracks.of(tracks).with_known({"street": ["a", "b"] * 12, "s": ["a", "b"] * 12})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        model = GCRL(steps=2, batch=4, width=16).fit(scenes, environment="street")
    assert model.targets.names == ("street", "s", "z")
    assert model.do(street="b").predict(scenes).tracks.shape == tracks.shape
    with pytest.raises(UnknownVariableError, match="'environment' is not a variable of this system"):
        model.do(environment="b")
    with pytest.raises(OptionError, match="the column of the environments is called 's', as a latent is: rename it"):
        GCRL(steps=2, batch=4, width=16).fit(scenes, environment="s")
