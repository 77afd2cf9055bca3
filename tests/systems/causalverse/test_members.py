"""What every member of the suite must do, in one loop."""

from dataclasses import replace

import numpy as np
import pytest

from aitia.card import Role
from aitia.errors import DataError, FormatError, InterventionError, OptionError, UnknownVariableError
from aitia.representations import Decoding, as_array, rows_of
from aitia.runs import QUIET, RunStore
from aitia.system import Given, load, verbs_of
from aitia.system.example import example_of
from aitia.systems.causalverse import members

METHODS = members()
QUICK = {"steps": 30, "batch": 16, "width": 4, "hidden": 16, "learning_rate": 3e-3}
EVERY = sorted(METHODS)
OF_TIME = {"time-ivae", "tcl", "tdrl", "idol"}
DECODING = [name for name in EVERY if issubclass(METHODS[name], Decoding)]
TRUTH = {"truth": ["a", "turn", "kind"], "angle": ["turn"]}


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
    return rows_of(x, labels, domain=domain, id=np.arange(n) // 2)


def images(n=40, frames=None, size=8):
    rng = np.random.default_rng(0)
    shape = (n, size, size, 3) if frames is None else (n, frames, size, size, 3)
    x = rng.integers(0, 256, shape, dtype=np.uint8)
    return rows_of(x, {"a": rng.normal(size=n)}, domain=np.arange(n) % 4, id=np.arange(n) // 2)


def suited(name, kind=vectors):
    return kind(frames=6) if name in OF_TIME else kind()


def fitted(name, data=None, run=QUIET, **more):
    return METHODS[name](**options(name, **more)).fit(suited(name) if data is None else data, run=run, **TRUTH)


@pytest.fixture(scope="module")
def models():
    return {name: fitted(name) for name in EVERY}


def test_the_members_are_the_eleven_of_the_suite():
    assert (
        sorted(
            [
                "supervised",
                "vae",
                "beta-vae",
                "jacobian-sparsity",
                "ivae",
                "sufficient-change",
                "multi-view",
                "time-ivae",
                "tcl",
                "tdrl",
                "idol",
            ]
        )
        == EVERY
    )


@pytest.mark.parametrize("name", EVERY)
def test_the_same_seed_gives_the_same_codes_and_another_seed_others(name, models):
    data = suited(name)
    codes = models[name].encode(data)
    assert codes == fitted(name).encode(data)
    assert codes != fitted(name, seed=1).encode(data)


@pytest.mark.parametrize("name", EVERY)
def test_a_saved_method_encodes_the_same(name, models, tmp_path):
    data = suited(name)
    models[name].save_pretrained(tmp_path)
    again = METHODS[name].from_pretrained(tmp_path)
    assert again.encode(data) == models[name].encode(data)
    assert again.get_params() == models[name].get_params()
    other = next(method for method in METHODS.values() if method is not METHODS[name])
    with pytest.raises(FormatError, match=f"holds a {METHODS[name].__name__}, not a {other.__name__}"):
        other.from_pretrained(tmp_path)


@pytest.mark.parametrize("name", EVERY)
def test_codes_have_a_row_each_and_do_not_depend_on_the_other_rows(name, models):
    data = suited(name)
    codes = models[name].codes(data)
    assert codes.shape[:-1] == ((120, 6) if name in OF_TIME else (120,))
    assert np.isfinite(codes).all()
    assert np.allclose(models[name].codes(data.take(np.arange(5, 9))), codes[5:9], atol=1e-5)
    assert np.array_equal(as_array(models[name].encode(data)), codes)


@pytest.mark.parametrize("name", EVERY)
def test_fitting_and_encoding_leave_the_inputs_alone(name):
    data = suited(name)
    before = data.hash()
    model = fitted(name, data, steps=3)
    model.encode(data)
    assert data.hash() == before


@pytest.mark.parametrize("name", EVERY)
def test_the_loss_goes_down(name):
    losses = [part["loss"] for part in fitted(name, steps=150).history.losses]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", EVERY)
def test_images_and_clips_of_images_are_seen(name):
    frames = 4 if name in OF_TIME else None
    data = images(frames=frames)
    model = METHODS[name](**options(name, steps=3)).fit(data, truth=["a"])
    assert model.codes(data).shape[:-1] == ((40, 4) if frames else (40,))
    with pytest.raises(DataError, match=r"trained on observations of shape \(8, 8, 3\), got \(16, 16, 3\)"):
        model.encode(images(n=2, frames=frames, size=16))


@pytest.mark.parametrize("name", EVERY)
def test_a_resumed_training_ends_where_a_whole_one_does(name, models, tmp_path):
    data, run = suited(name), RunStore(checkpoint=tmp_path / "kept")
    fitted(name, run=run)
    assert (tmp_path / "kept" / f"{name}.safetensors").is_file()
    assert models[name].encode(data) == fitted(name, run=run).encode(data)


ABSENT = {
    "labels": (r"labels \(values of the true variables\)", ["a", "turn", "kind", "domain", "id"]),
    "domain labels": (r"domain labels \(a column `domain` with two or more values\)", None),
    "views": (r"views \(rows that share an `id`\)", ["id"]),
    "time": (r"time \(clips of two or more frames\)", None),
}


@pytest.mark.parametrize("name", EVERY)
def test_a_method_whose_assumption_is_absent_refuses_and_says_which(name):
    for assumption in METHODS[name].assumes:
        told, missing = ABSENT[assumption]
        if assumption == "time":
            bare, roles = vectors(frames=1), {}
        elif assumption == "domain labels":
            bare, roles = vectors().with_columns({"domain": ["p"] * 120}), TRUTH
        else:
            bare, roles = vectors().drop(missing), {} if assumption == "labels" else TRUTH
        with pytest.raises(DataError, match=f"^{name} needs {told}: the data offers none"):
            METHODS[name](**options(name)).fit(bare, **roles)
        if assumption == "domain labels":
            with pytest.raises(OptionError, match=f"{name} needs which setting a row is from: .*--domain"):
                METHODS[name](**options(name)).fit(vectors().drop(["domain"]), **TRUTH)
        if assumption == "time":
            with pytest.raises(OptionError, match=f"{name} takes clips, and these rows are table"):
                METHODS[name](**options(name)).fit(vectors(), **TRUTH)


@pytest.mark.parametrize("name", EVERY)
def test_a_method_that_was_not_fitted_says_so(name):
    x = np.zeros((2, 4, 5)) if name in OF_TIME else np.zeros((2, 5))
    with pytest.raises(OptionError, match="call fit first"):
        METHODS[name]().encode(x)


@pytest.mark.parametrize("name", EVERY)
def test_options_that_are_unknown_or_out_of_range_are_refused(name):
    with pytest.raises(OptionError, match=r"has no option 'lattents'\. Did you mean 'latents'"):
        METHODS[name](lattents=3)
    for wrong in ({"latents": 0}, {"batch": 1}, {"held_out": 1.0}, {"learning_rate": 0.0}, {"steps": 0}):
        with pytest.raises(OptionError):
            METHODS[name](**wrong)
    other = next(method for method in METHODS.values() if method is not METHODS[name])
    with pytest.raises(OptionError, match=f"{METHODS[name].__name__} takes a .*Config, got a {other.__name__}Config"):
        METHODS[name](other.Config())


# -- the contract ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_the_card_says_what_the_class_does(name, models):
    card = METHODS[name].card
    assert set(card.verbs) == set(verbs_of(METHODS[name]))
    assert (card.does is not None) == bool(models[name].targets) == (name in DECODING)
    assert all(isinstance(role, Role) for role in card.takes.values())
    taken = {*card.takes, *card.subjects}
    assert not taken & set(models[name].get_params())
    assert all(kind in card.rows for kind in (("clips",) if name in OF_TIME else ("table", "clips")))


@pytest.mark.parametrize("name", EVERY)
def test_a_file_is_fitted_saved_and_asked_by_path_with_a_held_do(name, tmp_path):
    example = example_of(name, tmp_path / "files", 0)
    model = METHODS[name](**example.options).fit(example.files, **example.roles)
    held = model.do(example.do)
    held.save_pretrained(tmp_path / "saved")
    again = load(tmp_path / "saved")
    assert again.held == held.held
    assert again.encode(example.files) == held.encode(example.files)
    if example.do is None:
        assert held.encode(example.files) == model.encode(example.files)
        return
    codes = again.codes(example.files)
    assert (codes[..., 0] == 0).all()
    assert again.ranges == model.ranges
    assert again.edit(example.files).hash() == held.edit(example.files).hash()
    assert again.edit(example.files).hash() != model.do(example.other).edit(example.files).hash()


@pytest.mark.parametrize("name", DECODING)
def test_do_sets_its_latent_alone_and_the_row_is_decoded(name, models):
    data, model = suited(name), models[name]
    free, held = model.codes(data), model.do("do(z2=0.5)").codes(data)
    assert (held[..., 1] == 0.5).all()
    others = [k for k in range(free.shape[-1]) if k != 1]
    assert np.array_equal(held[..., others], free[..., others])
    assert model.edit(data) is data, "under do() a row stays itself"
    made = model.do("do(z2=0.5)").edit(data)
    seen = made.images if name in OF_TIME else made.matrix([f"x{k}" for k in range(1, 6)])
    assert np.array_equal(seen, model.decode(held))
    assert np.array_equal(made.known.column("a"), data.known.column("a")), "what is known beside stays"
    assert np.allclose(model.do("do(z2=shift(1))").codes(data)[..., 1], free[..., 1] + 1)
    with pytest.raises(UnknownVariableError, match="'z99' is not a variable"):
        model.do(z99=1)
    assert model.do(z2=1e6).outside()
    with pytest.raises(DataError, match=r"codes have shape \(3, 99\)"):
        model.decode(np.zeros((3, 99)))


@pytest.mark.parametrize("name", DECODING)
def test_the_targets_have_the_range_of_the_codes_of_the_fit(name, models):
    codes = models[name].codes(suited(name))
    flat = codes.reshape(-1, codes.shape[-1])
    assert models[name].targets.names == tuple(f"z{k + 1}" for k in range(flat.shape[1]))
    assert [t.low[0] for t in models[name].targets] == flat.min(0).tolist()
    assert [t.high[0] for t in models[name].targets] == flat.max(0).tolist()


@pytest.mark.parametrize("name", [name for name in EVERY if name not in DECODING])
def test_without_a_decoder_do_is_refused_with_the_reason(name, models):
    with pytest.raises(InterventionError, match=f"{name} answers no do: Nothing: .*no decoder"):
        models[name].do(z1=0)


@pytest.mark.parametrize("name", DECODING)
def test_pictures_and_clips_are_decoded_as_such(name):
    frames = 4 if name in OF_TIME else None
    data = images(frames=frames)
    made = METHODS[name](**options(name, steps=3)).fit(data, truth=["a"]).do(z1=0.0).edit(data)
    seen = made.images if frames else made.pictures("image")
    assert seen.dtype == np.uint8
    assert seen.shape == ((40, 4, 8, 8, 3) if frames else (40, 8, 8, 3))


@pytest.mark.parametrize("name", EVERY)
def test_a_method_is_judged_beside_codes_that_take_no_learning(name, models):
    model, given = models[name], Given.of(METHODS[name].card, suited(name), **TRUTH)
    seen, fresh = given.split(0.4, 0)
    scores = model.judge(fresh, seen)
    assert {"R2", "accuracy"} <= set(scores)
    assert scores["R2"].baselines["random features"] != scores["R2"].value
    assert ("reconstruction MSE" in scores) == (name in DECODING)
    if name in DECODING:
        assert scores["reconstruction MSE"].value < 2 * scores["reconstruction MSE"].baselines["mean row"]
        assert len(model.report(fresh)) >= 1
    held = model.do(z1=0) if name in DECODING else model
    assert held.judge(fresh, seen) == scores, "what is held is not judged"


def test_few_rows_are_not_compared_with_labels(models):
    given = Given.of(METHODS["vae"].card, vectors(), **TRUTH)
    scores = models["vae"].judge(given.take(range(20)), given)
    assert set(scores) == {"reconstruction MSE"}


def test_a_world_is_fitted_to_its_truth_and_shown_beside_the_model():
    from aitia.worlds import SpringWorld

    world = SpringWorld()
    given = Given.of_world(METHODS["vae"].card, world, 60, seed=0, size=8)
    model = METHODS["vae"](**options("vae", steps=5)).fit(given)
    fresh = given.fresh(model.card, 60, seed=9)
    seen = model.rows(fresh)
    assert set(world.names) == set(seen.labels.names)
    assert "MCC" in model.judge(fresh, given) or len(world.names) > 3
    assert "In the simulator" in str(model.report(fresh)[0])
    with_views = Given.of_world(METHODS["multi-view"].card, world, 30, seed=0, size=8)
    views = METHODS["multi-view"](**options("multi-view", steps=3)).fit(with_views)
    assert len(views.rows(with_views)) == 30 * len(world.views)
    assert len(views.encode(with_views)) == 30


def test_what_a_user_calls_the_columns_is_kept(models):
    data = vectors()
    assert models["vae"].roles["feature"] == ("x1", "x2", "x3", "x4", "x5")
    turned = data.select([*reversed(data.names)])
    assert np.array_equal(models["vae"].codes(turned), models["vae"].codes(data))
    given = Given.of(models["vae"].card, data)
    assert np.array_equal(models["vae"].codes(given), models["vae"].codes(data)), "also where nobody says the roles"
    named = METHODS["vae"](**options("vae", steps=2)).fit(data, feature=["x2", "a"])
    assert replace(Given.of(named.card, data), roles=named.roles).columns("feature") == ("x2", "a")
    assert named._shape == (2,)
