"""What every method of the suite must do, in one loop, and what some of them are known to find."""

import numpy as np
import pytest

from aitia.errors import DataError, FormatError, OptionError
from aitia.stats.metrics import mcc, r2
from aitia.systems.causalverse import (
    IDOL,
    IVAE,
    METHODS,
    TCL,
    TDRL,
    VAE,
    JacobianSparsity,
    MultiView,
    Observations,
    SufficientChange,
    SufficientChangeConfig,
    Supervised,
)

QUICK = {"steps": 30, "batch": 16, "width": 4, "hidden": 16, "learning_rate": 3e-3}
EVERY = sorted(METHODS)
OF_TIME = {"time-ivae", "tcl", "tdrl", "idol"}


def options(name, **more):
    latents = {} if name == "sufficient-change" else {"latents": 3}
    return {**QUICK, **latents, **more}


def vectors(n=120, frames=None, seed=0):
    """A turned pair of latents, whose spread differs between four domains; two views of each id."""
    rng = np.random.default_rng(seed)
    domain = np.arange(n) % 4
    shape = (n, 2) if frames is None else (n, frames, 2)
    z = rng.normal(size=shape) * (1.0 + domain).reshape(-1, *[1] * (len(shape) - 1))
    x = np.tanh(z @ rng.normal(size=(2, 5)))
    labels = {"a": z[..., 0], "turn": z[..., 1] % 3.0, "kind": np.array(["u", "v", "w"])[domain % 3]}
    return Observations.of(x, labels=labels, domain=domain, id=np.arange(n) // 2, angles=("turn",), source="a toy")


def images(n=40, frames=None, size=8):
    rng = np.random.default_rng(0)
    shape = (n, size, size, 3) if frames is None else (n, frames, size, size, 3)
    x = rng.integers(0, 256, shape, dtype=np.uint8)
    return Observations.of(
        x, labels={"a": rng.normal(size=n)}, domain=np.arange(n) % 4, id=np.arange(n) // 2, source="a toy"
    )


def suited(name, kind=vectors):
    return kind(frames=6) if name in OF_TIME else kind()


@pytest.fixture(scope="module")
def models():
    return {name: METHODS[name](**options(name)).fit(suited(name)) for name in EVERY}


@pytest.mark.parametrize("name", EVERY)
def test_the_same_seed_gives_the_same_codes_and_another_seed_others(name, models):
    data = suited(name)
    codes = models[name].encode(data)
    assert np.array_equal(codes, METHODS[name](**options(name)).fit(data).encode(data))
    assert not np.array_equal(codes, METHODS[name](**options(name, seed=1)).fit(data).encode(data))


@pytest.mark.parametrize("name", EVERY)
def test_a_saved_method_encodes_the_same(name, models, tmp_path):
    data = suited(name)
    models[name].save_pretrained(tmp_path)
    again = METHODS[name].from_pretrained(tmp_path)
    assert np.array_equal(again.encode(data), models[name].encode(data))
    assert again.get_params() == models[name].get_params()
    other = next(method for method in METHODS.values() if method is not METHODS[name])
    with pytest.raises(FormatError, match=f"holds a {METHODS[name].__name__}, not a {other.__name__}"):
        other.from_pretrained(tmp_path)


@pytest.mark.parametrize("name", EVERY)
def test_codes_have_a_row_each_and_do_not_depend_on_the_other_rows(name, models):
    data = suited(name)
    codes = models[name].encode(data)
    assert codes.shape[:-1] == data.x.shape[:-1]
    assert np.isfinite(codes).all()
    assert np.allclose(models[name].encode(data.x[5:9]), codes[5:9], atol=1e-5)


@pytest.mark.parametrize("name", EVERY)
def test_fitting_and_encoding_leave_the_inputs_alone(name):
    data = suited(name)
    before, labels = data.x.copy(), data.labels.column("a").copy()
    model = METHODS[name](**options(name, steps=3)).fit(data)
    model.encode(data.x)
    assert np.array_equal(before, data.x)
    assert np.array_equal(labels, data.labels.column("a"))


@pytest.mark.parametrize("name", EVERY)
def test_the_loss_goes_down(name):
    data = suited(name)
    losses = [part["loss"] for part in METHODS[name](**options(name, steps=150)).fit(data).history.losses]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", EVERY)
def test_images_and_clips_of_images_are_seen(name):
    frames = 4 if name in OF_TIME else None
    data = images(frames=frames)
    model = METHODS[name](**options(name, steps=3)).fit(data)
    assert model.encode(data).shape[:-1] == data.x.shape[:-3]
    with pytest.raises(DataError, match=r"trained on observations of shape \(8, 8, 3\), got \(16, 16, 3\)"):
        model.encode(images(n=2, size=16))


@pytest.mark.parametrize("name", EVERY)
def test_a_resumed_training_ends_where_a_whole_one_does(name, tmp_path):
    data = suited(name)
    whole = METHODS[name](**options(name)).fit(data)
    METHODS[name](**options(name)).fit(data, checkpoint=tmp_path / "kept")
    again = METHODS[name](**options(name)).fit(data, checkpoint=tmp_path / "kept")
    assert np.array_equal(whole.encode(data), again.encode(data))


ABSENT = {
    "labels": (r"labels \(values of the true variables\)", {"labels": None}),
    "domain labels": (r"domain labels \(a column `domain` with two or more values\)", {"domain": None}),
    "views": (r"views \(rows that share an `id`\)", {"id": None}),
    "time": (r"time \(clips of two or more frames\)", {}),
}


@pytest.mark.parametrize("name", EVERY)
def test_a_method_whose_assumption_is_absent_refuses_and_says_which(name):
    from dataclasses import replace

    for assumption in METHODS[name].assumes:
        told, missing = ABSENT[assumption]
        data = vectors() if assumption == "time" else suited(name)
        bare = replace(data, **{**missing, "angles": () if assumption == "labels" else data.angles})
        with pytest.raises(DataError, match=f"^{name} needs {told}: a toy offers none"):
            METHODS[name](**options(name)).fit(bare)


@pytest.mark.parametrize("name", EVERY)
def test_a_method_that_was_not_fitted_says_so(name):
    with pytest.raises(OptionError, match="call fit first"):
        METHODS[name]().encode(np.zeros((2, 5)))


@pytest.mark.parametrize("name", EVERY)
def test_options_that_are_unknown_or_out_of_range_are_refused(name):
    with pytest.raises(OptionError, match="has no option 'lattents'; it has: latents"):
        METHODS[name](lattents=3)
    for wrong in ({"latents": 0}, {"batch": 1}, {"held_out": 1.0}, {"learning_rate": 0.0}, {"steps": 0}):
        with pytest.raises(OptionError):
            METHODS[name](**wrong)


@pytest.mark.parametrize(
    ("method", "wrong"),
    [
        (VAE, {"kl_weight": -1}),
        (SufficientChange, {"changing": 11}),
        (SufficientChange, {"extra": -1}),
        (SufficientChange, {"units": 0}),
        (JacobianSparsity, {"rows": 0}),
        (MultiView, {"temperature": 0}),
        (TCL, {"segments": 1}),
        (TDRL, {"lags": 0}),
        (IDOL, {"sparsity": -1}),
    ],
)
def test_options_of_one_method_that_are_out_of_range_are_refused(method, wrong):
    with pytest.raises(OptionError, match=next(iter(wrong))):
        method(**wrong)


# -- what they see -----------------------------------------------------------------------------------------------------


def test_a_value_that_is_no_number_is_named_by_its_row():
    x = np.zeros((20, 3))
    x[7, 1] = np.nan
    with pytest.raises(DataError, match="row 7 of the data holds a value that is no finite number"):
        VAE().fit(x)
    model = VAE(**options("vae")).fit(vectors())
    with pytest.raises(DataError, match="row 0"):
        model.encode(np.full((1, 5), np.inf))


@pytest.mark.parametrize("shape", [(8,), (8, 8, 8, 8), (0, 3)])
def test_what_is_neither_image_nor_vector_nor_clip_is_refused(shape):
    with pytest.raises(DataError, match=r"a method sees images|holds no rows"):
        VAE().fit(np.zeros(shape))


def test_images_that_are_not_square_or_of_an_odd_side_are_refused():
    with pytest.raises(DataError, match="images are square"):
        VAE(**options("vae")).fit(np.zeros((20, 8, 16, 3), np.uint8))
    with pytest.raises(OptionError, match="a power of two"):
        VAE(**options("vae")).fit(np.zeros((20, 12, 12, 3), np.uint8))


def test_clips_that_are_too_short_are_refused():
    with pytest.raises(DataError, match="tdrl with 6 lags needs clips of more frames, got 6"):
        TDRL(**options("tdrl", lags=6)).fit(vectors(frames=6))
    with pytest.raises(DataError, match="clips of 6 frames cannot be cut into 7 segments"):
        TCL(**options("tcl", segments=7)).fit(vectors(frames=6))


def test_labels_that_are_constant_or_missing_are_refused_by_the_regression():
    x = np.random.default_rng(0).normal(size=(30, 3))
    with pytest.raises(DataError, match="label 'a' of the data is constant"):
        Supervised().fit(Observations.of(x, labels={"a": np.ones(30) * 0.5}))
    hole = x[:, 0].copy()
    hole[4] = np.nan
    with pytest.raises(DataError, match="label 'a' of the data is missing in row 4"):
        Supervised().fit(Observations.of(x, labels={"a": hole}))


def test_other_numbers_of_rows_are_refused():
    with pytest.raises(DataError, match="20 rows to see and 19 rows of domain labels"):
        Observations.of(np.zeros((20, 2)), domain=["a"] * 19)


def test_the_views_of_an_id_are_never_on_both_sides_of_a_split():
    data = vectors()
    kept, held = data.split(0.3, seed=4)
    assert not set(kept.id) & set(held.id)
    assert len(kept) + len(held) == len(data)
    assert len(set(held.id)) == 18
    with pytest.raises(DataError, match="one id only"):
        Observations.of(np.zeros((4, 2)), id=["a"] * 4).split(0.5)


def test_the_pairs_of_the_multi_view_contrast_are_two_views_of_one_id():
    x = np.arange(30.0)[:, None] // 3 + np.tile([0.0, 0.1, 0.2], 10)[:, None]
    shuffled = np.random.default_rng(0).permutation(30)
    data = Observations.of(x[shuffled], id=(shuffled // 3).astype(str))
    batches = MultiView(batch=8)._batches(data)
    for step in range(20):
        one, other = batches(step, 0, 1)
        assert np.array_equal(np.floor(one.numpy()), np.floor(other.numpy()))
        assert not bool((one == other).any())


def test_views_of_too_few_ids_to_hold_any_out_are_refused():
    x, ids = np.random.default_rng(0).normal(size=(40, 3)), [0, 0, *range(1, 39)]
    with pytest.raises(DataError, match="multi-view needs views of more ids: no id of"):
        MultiView(**options("multi-view")).fit(Observations.of(x, id=ids))


def test_a_common_scale_keeps_small_columns_small():
    x = np.random.default_rng(0).normal(size=(200, 2)) * [10.0, 0.1]
    each, common = (VAE(**options("vae", scale=scale)).fit(x)._net.vae.scale.spread for scale in ("each", "common"))
    assert each[0] > 50 * each[1]
    assert common[0] == common[1]
    with pytest.raises(OptionError, match="scale is each or common"):
        VAE(scale="none")


# -- what they find ----------------------------------------------------------------------------------------------------


def test_the_regression_finds_numbers_angles_and_categories():
    rng = np.random.default_rng(0)
    a, turn, kind = rng.normal(size=2000), rng.uniform(-3, 3, 2000), rng.integers(0, 3, 2000)
    x = np.stack([a, np.sin(turn), np.cos(turn), kind + 0.1 * rng.normal(size=2000)], axis=1) @ rng.normal(size=(4, 4))
    data = Observations.of(x, labels={"a": a, "turn": turn, "kind": np.array(["u", "v", "w"])[kind]}, angles=("turn",))
    train, test = data.split(0.25)
    model = Supervised(steps=1200, learning_rate=5e-3).fit(train)
    codes = model.encode(test)
    assert model.columns == ("a", "sin turn", "cos turn", "kind is v", "kind is w")
    truth = np.stack(
        [test.labels.column("a"), np.sin(test.labels.column("turn")), np.cos(test.labels.column("turn"))], 1
    )
    assert mcc(truth, codes).value > 0.98
    guessed = np.column_stack([np.zeros(len(test)), codes[:, 3:]]).argmax(1)
    assert np.mean(guessed == test.labels.column("kind")) > 0.95


def test_the_domain_lets_ivae_find_latents_that_were_turned():
    rng = np.random.default_rng(1)
    domain = rng.integers(0, 8, 4000)
    spread, mean = np.exp(rng.uniform(-1.5, 0.5, (8, 2))), rng.uniform(-2, 2, (8, 2))
    z = mean[domain] + spread[domain] * rng.normal(size=(4000, 2))
    turn = np.array([[np.cos(0.8), np.sin(0.8)], [-np.sin(0.8), np.cos(0.8)]])
    x = (z / z.std(0)) @ turn
    data = Observations.of(np.column_stack([x, np.tanh(x)]), domain=domain)
    codes = IVAE(latents=2, steps=1200, learning_rate=4e-3, hidden=32).fit(data).encode(data)
    assert mcc(z, codes).value > 0.95
    assert mcc(z, x).value < 0.8


def test_a_domain_that_says_where_the_latents_are_spares_nats_of_divergence():
    rng = np.random.default_rng(0)
    domain = rng.integers(0, 4, 1500)
    z = 3.0 * np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])[domain] + 0.5 * rng.normal(size=(1500, 2))
    options = {"latents": 2, "changing": 2, "steps": 400, "hidden": 32, "learning_rate": 5e-3, "units": 8}
    told, shuffled = (
        SufficientChange(**options).fit(Observations.of(z, domain=labels)).history.losses[-1]["kl"]
        for labels in (domain, rng.permutation(domain))
    )
    assert 0.5 < shuffled - told < np.log(4) + 0.5


def test_the_published_options_of_sufficient_change_are_those_of_the_suite():
    config = SufficientChangeConfig.published()
    assert (config.latents - config.changing, config.changing, config.capacity) == (5, 10, 20.0)
    assert SufficientChange(config, **QUICK).fit(vectors()).encode(vectors()).shape == (120, 15)


def test_two_views_of_a_thing_tell_what_they_share():
    rng = np.random.default_rng(0)
    shared, own = rng.normal(size=(1500, 2)), rng.normal(size=(3000, 2))
    x = np.column_stack([np.repeat(shared, 2, axis=0), own]) @ rng.normal(size=(4, 6))
    data = Observations.of(x, id=np.arange(3000) // 2)
    codes = MultiView(latents=4, steps=500, learning_rate=3e-3, temperature=0.2).fit(data).encode(data)
    assert r2(np.repeat(shared, 2, axis=0), codes).value > 0.9
    assert r2(own, codes).value < 0.3


def test_a_known_graph_is_read_off_the_transitions_that_were_learnt():
    rng = np.random.default_rng(0)
    z = np.zeros((1500, 6, 3))
    for t in range(6):
        past = z[:, t - 1] if t else np.zeros((1500, 3))
        e = 0.6 * rng.laplace(size=(1500, 3))
        z[:, t, 0] = 0.7 * past[:, 0] + e[:, 0]
        z[:, t, 1] = 0.6 * past[:, 1] + 0.9 * z[:, t, 0] + e[:, 1]
        z[:, t, 2] = 0.6 * past[:, 2] + 0.9 * past[:, 0] + e[:, 2]
    import torch

    from aitia.nn.transition import TransitionPrior

    torch.manual_seed(0)
    prior, clips = TransitionPrior(3, 1, instantaneous=True), torch.from_numpy(z).float()
    optimizer = torch.optim.Adam(prior.parameters(), lr=0.02)
    for _ in range(250):
        loss = -prior.log_prob(clips[torch.randint(0, 1500, (256,))]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    lagged, within = prior.jacobian(clips)
    by_lag = (lagged.abs().mean((0, 1))[0] > 0.5).int().tolist()
    assert by_lag == [[1, 0, 0], [0, 1, 0], [1, 0, 1]]
    assert (within.abs().mean((0, 1)) > 0.5).int().tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_the_influences_of_idol_have_causes_as_rows_and_make_a_graph(models):
    data = suited("idol")
    lagged, within = models["idol"].influence(data)
    assert lagged.shape == (1, 3, 3)
    assert np.allclose(np.tril(within), 0)
    assert np.triu(within, 1).any()
    graph = models["idol"].graph(data, threshold=1e-9, names=("a", "b", "c"))
    assert graph.nodes == ("a[t-1]", "b[t-1]", "c[t-1]", "a[t]", "b[t]", "c[t]")
    assert graph.parents("b[t]") == ("a[t-1]", "b[t-1]", "c[t-1]", "a[t]")
    assert not models["tdrl"].influence(data).within.any()
    with pytest.raises(OptionError, match="a name for each of 3 latents"):
        models["idol"].graph(data, names=("a",))
