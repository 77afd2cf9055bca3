"""Schedules, steps, inversion and guidance against closed forms of a Gaussian, and against diffusers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import DataError, OptionError
from aitia.nn.diffusion import Schedule, draw, guided, invert

PREDICTIONS = ("epsilon", "sample", "v_prediction")


def gaussian_denoiser(schedule, mean, sd):
    """What the best denoiser of N(mean, sd^2) says: E[e | x_t] in closed form, in each way of saying it."""

    def denoise(x, time):
        t = int(time[0])
        a, s = schedule.a[t].to(x), schedule.s[t].to(x)
        noise = s * (x - a * mean) / (a**2 * sd**2 + s**2)
        clean = (x - s * noise) / a
        return {"epsilon": noise, "sample": clean, "v_prediction": a * noise - s * clean, "flow": noise - clean}[
            schedule.prediction
        ]

    return denoise


def flow_of(schedule, mean, sd, x, t, to):
    """The exact flow of (1): (x_t - a_t mean) / sqrt(a_t^2 sd^2 + s_t^2) stays as it is."""
    (a, s), (b, r) = ((part.double() for part in schedule.at(k, x)) for k in (t, to))
    return b * mean + (x - a * mean) * ((b**2 * sd**2 + r**2) / (a**2 * sd**2 + s**2)).sqrt()


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_inversion_and_draw_go_to_the_exact_flow_of_a_gaussian_as_steps_grow(prediction):
    schedule = Schedule.cosine(1000, prediction=prediction)
    x = torch.linspace(-1, 2, 7, dtype=torch.float64)[:, None]
    denoise, errors, trips = gaussian_denoiser(schedule, 0.4, 0.5), [], []
    exact = flow_of(schedule, 0.4, 0.5, x, -1, 999)
    for steps in (20, 100, 500):
        found = invert(denoise, x, schedule, steps)
        errors.append(float((found.noise - exact).abs().max()))
        trips.append(float(found.error.max()))
    # A first-order method: five times the steps make it at least three times as exact.
    assert errors[1] < errors[0] / 3
    assert errors[2] < errors[1] / 3
    assert trips[1] < trips[0] / 3
    drawn = draw(denoise, exact, schedule, 1000)
    assert float((drawn - x).abs().max()) < 0.01


def test_refined_inversion_comes_back_to_the_picture():
    schedule = Schedule.cosine(200)
    x = torch.linspace(-1, 2, 7, dtype=torch.float64)[:, None]
    denoise = gaussian_denoiser(schedule, 0.4, 0.5)
    plain, refined = (invert(denoise, x, schedule, 20, refine=k) for k in (0, 20))
    assert float(refined.error.max()) < 0.02 * float(plain.error.max())
    assert torch.equal(refined.again, draw(denoise, refined.noise, schedule, 20))


@pytest.mark.parametrize("prediction", [*PREDICTIONS, "flow"])
@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**31), t=st.integers(0, 49), to=st.integers(-1, 49))
def test_a_step_with_the_true_answer_lands_on_the_line_of_picture_and_noise(prediction, seed, t, to):
    s = torch.linspace(0.02, 0.99, 50)
    schedule = Schedule(1 - s if prediction == "flow" else (1 - s**2).sqrt(), s, prediction)
    x, noise = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(seed)).double()
    when = torch.full((3,), t)
    said = schedule.target(x, noise, when)
    a, r = schedule.at(to, x)
    assert torch.allclose(schedule.step(said, schedule.noised(x, noise, when), t, to), a * x + r * noise, atol=1e-4)


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_a_step_is_that_of_diffusers(prediction):
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDIMScheduler(
        num_train_timesteps=100, prediction_type=prediction, clip_sample=False, timestep_spacing="trailing"
    )
    scheduler.set_timesteps(20)
    schedule = Schedule.of(scheduler)
    assert scheduler.timesteps.tolist() == schedule.timesteps(20)
    x, said = torch.randn(2, 5, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    for t, to in zip(schedule.timesteps(20), [*schedule.timesteps(20)[1:], -1], strict=True):
        theirs = scheduler.step(said, t, x).prev_sample
        assert torch.allclose(schedule.step(said, x, t, to), theirs, rtol=1e-4, atol=1e-4), t


def test_flow_matching_steps_are_those_of_diffusers():
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(num_train_timesteps=100, shift=3.0)
    schedule = Schedule.of(scheduler)
    assert len(schedule) == 100
    x, said = torch.randn(2, 2, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    scheduler.set_timesteps(sigmas=np.array([0.9, 0.5]))
    sigmas = scheduler.sigmas[:2]
    moved = Schedule(1 - sigmas.flip(0), sigmas.flip(0), "flow").step(said, x, 1, 0)
    assert torch.allclose(moved, scheduler.step(said, scheduler.timesteps[0], x).prev_sample, atol=1e-5)


def test_guidance_of_weight_one_is_the_conditional_model_and_of_zero_the_other():
    given_, empty = torch.randn(2, 4, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(guided(given_, empty, 1.0), given_)
    assert torch.equal(guided(given_, empty, 0.0), empty)
    rows = guided(given_, empty, torch.tensor([0.0, 1.0, 2.0, 3.0]))
    assert torch.allclose(rows[3], guided(given_, empty, 3.0)[3])
    assert torch.allclose(rows[2], 2 * given_[2] - empty[2], atol=1e-6)


def test_what_is_wrong_is_said():
    schedule = Schedule.cosine(50)
    still = gaussian_denoiser(schedule, 0.0, 1.0)
    x = torch.zeros(2, 1)
    with pytest.raises(OptionError, match="there are 1 to 50 steps, got 51"):
        draw(still, x, schedule, 51)
    with pytest.raises(OptionError, match="steps fall"):
        draw(still, x, schedule, [3, 7])
    with pytest.raises(OptionError, match="refine"):
        invert(still, x, schedule, 10, refine=-1)
    with pytest.raises(DataError, match="not finite"):
        invert(still, x / 0, schedule, 10)
    with pytest.raises(OptionError, match="predicts"):
        Schedule(schedule.a, schedule.s, "score")
    with pytest.raises(OptionError, match="alphas_cumprod"):
        Schedule.of(type("Odd", (), {"config": {}})())
