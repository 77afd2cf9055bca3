"""Domain counterfactuals: the algebra of the model, what it reaches on a world with truth, and what it refuses."""

import numpy as np
import pytest
import torch
from tests.systems.domain_counterfactuals.trained import WORLD, fitted
from tests.trained import read
from torch.distributions import Normal, kl_divergence

from aitia.data.table import Table
from aitia.do import counterfactual
from aitia.errors import DataError, FormatError, InterventionError, OptionError, UnknownVariableError
from aitia.system import load
from aitia.systems.domain_counterfactuals import DomainCounterfactuals, DomainCounterfactualsConfig
from aitia.systems.domain_counterfactuals.config import choose_sparsity
from aitia.systems.domain_counterfactuals.domain_affine import DomainAffine
from aitia.systems.domain_counterfactuals.networks import ImageModel, IndependentImages, TableModel

NAMES = ("x0", "x1", "x2", "x3")


@pytest.fixture(scope="module")
def trained():
    return read("domain_counterfactuals")


@pytest.fixture(scope="module")
def rows():
    sample = WORLD.sample(300, seed=7)
    return WORLD.render(sample), sample


def asked(model, x, intervention, domain):
    """The counterfactuals of an array, as an array."""
    return model.counterfactual(x, intervention, domain=domain).matrix(NAMES)


def error(model, x, sample):
    """Mean squared error over the domains that a row is not from, and that of doing nothing."""
    errors, still = [], []
    for d in WORLD.environments:
        away = sample.labels != d
        truth = WORLD.render(WORLD.counterfactual(sample, env=d))
        answer = asked(model, x, f"do(domain={d})", sample.labels)
        errors.append(((answer - truth)[away] ** 2).mean())
        still.append(((x - truth)[away] ** 2).mean())
    return np.mean(errors), np.mean(still)


def test_the_answers_are_near_the_truth_of_the_world(trained, rows):
    ours, nothing = error(trained, *rows)
    assert ours < 0.2 * nothing


def test_the_likelihood_is_near_that_of_the_truth(trained, rows):
    x, sample = rows
    eps = np.stack([sample.noise[name] for name in WORLD.names], axis=1)
    log_det = np.log(np.where(sample.matrix() < 0, 0.5, 1)).sum(1) - np.log(WORLD._scale).sum()
    truth = (-0.5 * (eps**2 + np.log(2 * np.pi)).sum(1) - log_det).mean()
    assert trained.log_likelihood(x, sample.labels).mean() > truth - 0.35


@pytest.mark.parametrize("structure", ["relaxed", "canonical", "dense"])
@torch.no_grad()
def test_the_latent_maps_are_their_equations_row_by_row(structure):
    torch.manual_seed(0)
    maps = DomainAffine(4, 3, structure, 2, copies=2).double()
    fixed = 0 if structure == "dense" else 2
    assert all((parameter[:, :, :fixed] == 0).all() for parameter in maps.parameters()), "rows that are shared start so"
    for parameter in maps.parameters():
        parameter.normal_()
    eps = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    found, by_hand = maps(eps), eps.clone()
    slope = torch.zeros(2, 3, dtype=torch.float64)
    for copy, d, i in np.ndindex(2, 3, 4):
        if structure == "canonical" and (d == 0 or i < 2):
            continue  # the identity
        own = d if structure == "dense" or i >= 2 else 0
        lower, log_scale, shift = (part[copy, own, i] for part in (maps.lower, maps.log_scale, maps.shift))
        z = by_hand[copy, d]
        z[:, i] = z[:, :i] @ lower[:i] + log_scale.exp() * eps[copy, d, :, i] + shift
        slope[copy, d] -= log_scale
    assert torch.allclose(found, by_hand)
    back, log_det = maps.inverse(found)
    assert torch.allclose(back, eps)
    assert torch.allclose(log_det, slope)


@torch.no_grad()
def test_of_several_starts_the_likeliest_is_taken_and_its_losses_are_told():
    torch.manual_seed(0)
    net, x, env = TableModel(3, 2, "relaxed", 1, "leaky", copies=4, steps=10), torch.randn(20, 3), torch.arange(20) % 2
    told, every = net.choose(x, env), []
    best = int(net.best)
    for start in range(4):
        net.best.fill_(start)
        every.append(net.log_prob(x, env))
    assert best == int(torch.stack(every).mean(1).argmax())
    assert len({round(float(start.mean()), 6) for start in every}) == 4
    assert np.allclose(told, -every[best].numpy(), atol=1e-5)


@torch.no_grad()
def test_the_loss_of_pictures_is_by_hand_and_a_picture_is_read_by_the_map_of_its_domain():
    torch.manual_seed(0)
    shared, apart = ImageModel(8, 2, 3, "relaxed", 1, 4, 0.5), IndependentImages(8, 2, 3, 4, 0.5)
    for maps in (shared.to_mean, shared.to_log_variance, shared.from_eps):
        for parameter in maps.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    x = torch.rand(2, 5, 3, 8, 8)

    def laws(net):
        if net is shared:
            code = net.encoder(x.flatten(0, 1)).reshape(1, 2, 5, 3)
            both = net.to_mean(code)[0], net.to_log_variance(code)[0]
        else:
            both = torch.stack([encoder(part) for encoder, part in zip(net.encoders, x, strict=True)]).chunk(2, dim=-1)
        return Normal(both[0], torch.exp(0.5 * both[1]))

    for net in (shared, apart):
        torch.manual_seed(1)
        told = {name: part.item() for name, part in net(x).items()}
        torch.manual_seed(1)
        law = laws(net)
        eps = law.mean + law.stddev * (
            torch.randn(1, 2, 5, 3)[0] if net is shared else torch.stack([torch.randn(5, 3) for _ in range(2)])
        )
        flat, env = eps.flatten(0, 1), torch.arange(2).repeat_interleave(5)
        error = (net.decode(flat, env) - x.flatten(0, 1)).square().sum().item() / 10
        kl = kl_divergence(law, Normal(0.0, 1.0)).sum(-1).mean().item()
        assert told == pytest.approx({"squared error": error, "kl": kl, "loss": (error + 0.5 * kl) / 100}, rel=1e-4)
        assert torch.allclose(net.encode(x.flatten(0, 1), env), law.mean.flatten(0, 1), atol=1e-5)


@pytest.mark.parametrize("mixing", ["linear", "leaky", "coupling"])
@pytest.mark.parametrize("structure", ["relaxed", "canonical", "dense"])
def test_encoding_and_decoding_undo_each_other(mixing, structure, rows):
    x, sample = rows
    model = fitted(mixing=mixing, structure=structure)
    back = asked(model, x, "do()", sample.labels)
    assert np.allclose(back, x, atol=2e-3)


def test_the_likelihood_is_the_change_of_variables(rows):
    model = fitted(mixing="leaky")
    net = model._net.double()
    x = torch.from_numpy(rows[0][:3])
    env = torch.tensor([0, 1, 2])
    for i in range(3):
        jacobian = torch.autograd.functional.jacobian(lambda v, i=i: net.encode(v[None], env[i : i + 1])[0], x[i])
        eps = net.encode(x[i : i + 1], env[i : i + 1])[0]
        by_hand = -0.5 * (eps**2 + np.log(2 * np.pi)).sum() + torch.linalg.slogdet(jacobian)[1]
        assert net.log_prob(x[i : i + 1], env[i : i + 1]).item() == pytest.approx(by_hand.item(), abs=1e-8)


def test_there_and_back_is_the_fact(trained, rows):
    x, sample = rows
    there = asked(trained, x, "do(domain=d2)", sample.labels)
    back = asked(trained, there, "do(domain=d0)", ["d2"] * len(x))
    keep = sample.labels == "d0"
    assert np.allclose(back[keep], x[keep], atol=1e-3)


def test_a_row_that_is_from_the_domain_asked_for_stays(trained, rows):
    x, sample = rows
    answer = asked(trained, x, "do(domain=d1)", sample.labels)
    keep = sample.labels == "d1"
    assert np.allclose(answer[keep], x[keep], atol=1e-3)


def test_samples_of_a_domain_have_its_mean_and_spread(trained):
    drawn = trained.do(domain="d1").sample(4000, seed=3).matrix(NAMES)
    true = WORLD.render(WORLD.sample(4000, seed=9, env="d1"))
    assert np.allclose(drawn.mean(0), true.mean(0), atol=0.25)
    assert np.allclose(drawn.std(0), true.std(0), rtol=0.2)


def test_tables_come_back_as_tables_under_the_verb(trained, rows):
    x, sample = rows
    columns = {f"x{i}": x[:, i] for i in range(4)}
    table = Table.of({**columns, "domain": sample.labels}, kinds={"domain": "label"})
    answer = counterfactual(trained, table, "do(domain=d0)")
    assert isinstance(answer, Table)
    assert set(answer.labels("domain")) == {"d0"}
    assert np.allclose(answer.matrix(["x0"])[:, 0], asked(trained, x, "do(domain=d0)", sample.labels)[:, 0])


def test_the_same_seed_gives_the_same_model_and_another_start_another(rows):
    x, sample = rows
    one, two = fitted(), fitted()
    assert one.encode(x, sample.labels) == two.encode(x, sample.labels)
    starts = [one.from_start(k).log_likelihood(x, sample.labels).mean() for k in range(2)]
    assert starts[0] != starts[1]
    assert max(starts) == pytest.approx(one.log_likelihood(x, sample.labels).mean(), abs=0.2)
    with pytest.raises(OptionError, match="no start 2"):
        one.from_start(2)


def test_a_saved_model_answers_the_same(tmp_path, trained, rows):
    x, sample = rows
    trained.save_pretrained(tmp_path / "model")
    again = DomainCounterfactuals.from_pretrained(tmp_path / "model")
    assert np.array_equal(
        asked(again, x, "do(domain=d0)", sample.labels), asked(trained, x, "do(domain=d0)", sample.labels)
    )
    (tmp_path / "model" / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(FormatError, match="damaged"):
        DomainCounterfactuals.from_pretrained(tmp_path / "model")


def test_the_sweep_over_k_takes_the_smallest_that_fits():
    rng = np.random.default_rng(0)
    base = rng.normal(size=400)
    choice = choose_sparsity({1: base + 1, 2: base + 0.001 * rng.normal(size=400), 3: base - 1e-6})
    assert choice.chosen == 2
    model = fitted(changing="auto", steps=20)
    assert model.sparsity.tried == (1, 2, 3)


# -- images ----------------------------------------------------------------------------------------------------------


def images(n=60, seed=0):
    """Bright squares whose side tells the domain."""
    rng = np.random.default_rng(seed)
    domain = np.array(["left", "right"])[np.arange(n) % 2]
    made = np.zeros((n, 16, 16, 3), np.uint8)
    for i in range(n):
        x, y = (3 if domain[i] == "left" else 11), int(rng.integers(3, 12))
        made[i, y - 2 : y + 2, x - 2 : x + 2] = rng.integers(120, 256, 3)
    return Table.of({"image": made, "domain": domain}, kinds={"domain": "label"})


@pytest.mark.parametrize("structure", ["relaxed", "canonical", "dense", "independent"])
def test_images_come_back_as_images_of_the_other_domain(structure):
    set_ = images()
    model = DomainCounterfactuals(changing=1, structure=structure, steps=10, latents=4, width=8, batch=10).fit(set_)
    answer = model.counterfactual(set_, "do(domain=right)")
    assert answer.pictures("image").shape == set_.pictures("image").shape
    assert set(answer.labels("domain")) == {"right"}
    drawn = model.do(domain="left").sample(3)
    assert drawn.pictures("image").shape == (3, 16, 16, 3)
    assert set(drawn.labels("domain")) == {"left"}
    assert model.encode(set_).matrix().shape == (60, 4)
    with pytest.raises(OptionError, match="no exact likelihood"):
        model.log_likelihood(set_)


def test_a_little_training_moves_the_square_to_the_other_side():
    set_ = images(200)
    model = DomainCounterfactuals(changing=1, steps=1000, latents=6, width=16, batch=32).fit(set_)
    answer = model.counterfactual(set_, "do(domain=right)").pictures("image").astype(float)
    left, right = answer[:, :, :8].sum(), answer[:, :, 8:].sum()
    assert right > 5 * left
    assert not model.warnings
    fresh = images(60, seed=5)
    fact, back, there = (
        rows.pictures("image") / 255.0
        for rows in (fresh, *(model.counterfactual(fresh, do) for do in ("do()", "do(domain=right)")))
    )
    off, moved = (np.abs(one - two).mean(axis=(1, 2, 3)) for one, two in ((back, fact), (there, back)))
    assert np.median(off) < model.bound["image"] < 2 * off.max()
    assert model.bound["image"] < np.median(moved[fresh.labels("domain") == "left"]) / 3


def test_pictures_that_hardly_come_back_are_warned_of_and_the_bound_is_saved(tmp_path):
    set_ = images(200)
    model = DomainCounterfactuals(changing=1, steps=3, latents=4, width=8, batch=10).fit(set_)
    assert "answers are no counterfactuals" in model.training.warnings[0]
    model.save_pretrained(tmp_path / "model")
    assert load(tmp_path / "model").bound == model.bound
    # By hand: no picture that comes back is as bright as these squares, the farthest lacks most of its light.
    lit = set_.pictures("image").astype(float).mean(axis=(1, 2, 3)) / 255
    assert model.bound["image"] > lit.max() / 2


def test_the_bound_of_numbers_is_their_rounding_and_holds_for_other_rows():
    assert max(fitted().bound.values(), default=0.0) < 1e-5
    loose = fitted(mixing="coupling", structure="dense")
    sample = WORLD.sample(200, seed=3)
    x = WORLD.render(sample)
    off = np.abs(asked(loose, x, "do()", sample.labels) - x).max(axis=0) / x.std(axis=0)
    for name, gap in zip(NAMES, off, strict=True):
        assert gap <= 2 * loose.bound.get(name, 1e-6)


# -- empty rows ------------------------------------------------------------------------------------------------------


def test_empty_rows_are_drawn_from_their_domain_and_full_ones_stay(trained):
    n = 3000
    hole = np.full(n, np.nan)
    empty = Table.of(
        {**dict.fromkeys(NAMES, hole), "domain": ["d1"] * n},
        kinds={**dict.fromkeys(NAMES, "number"), "domain": "label"},
    )
    drawn = trained.predict(empty, seed=4)
    true = WORLD.render(WORLD.sample(n, seed=9, env="d1"))
    assert np.allclose(drawn.matrix(NAMES).mean(0), true.mean(0), atol=0.25)
    held = trained.do(domain="d1").predict(Table.of({"id": np.arange(float(n))}), seed=4)
    assert np.array_equal(held.matrix(NAMES), drawn.matrix(NAMES))
    twice = trained.predict(empty.take([0, 1]), draws=2)
    assert twice.n == 4
    assert len(np.unique(twice.column("x0"))) == 4
    full = WORLD.sample(5, seed=1)
    kept = trained.predict(WORLD.render(full), domain=full.labels)
    assert np.array_equal(kept.matrix(NAMES), WORLD.render(full))
    assert kept.labels("domain").tolist() == full.labels.tolist()


def test_rows_of_nothing_have_the_domains_of_the_fit_in_their_shares():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2)) + np.repeat([0.0, 5.0], [300, 100])[:, None]
    model = DomainCounterfactuals(changing=1, steps=20, restarts=1).fit(x, ["a"] * 300 + ["b"] * 100)
    drawn = model.sample(4000, seed=1)
    share = np.mean(drawn.labels("domain") == "b")
    assert abs(share - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 4000)


def test_rows_in_part_or_without_a_domain_are_refused(trained):
    torn = {"x0": [1.0, 1.0], "x1": [1.0, np.nan], "x2": [1.0, 1.0], "x3": [1.0, 1.0], "domain": ["d0", "d1"]}
    with pytest.raises(DataError, match=r"row 1 has 'x0' and lacks 'x1': rows are drawn whole"):
        trained.predict(torn)
    with pytest.raises(DataError, match="row 0 has no domain: say which"):
        trained.predict(np.zeros((2, 4)))
    pictures = DomainCounterfactuals(changing=1, steps=1, latents=4, width=8, batch=10).fit(images())
    with pytest.raises(DataError, match=r"\(8, 8, 3\), this model was trained on \(16, 16, 3\)"):
        pictures.predict(images().pictures("image", 8), domain=["left"] * 60)


# -- what it refuses -------------------------------------------------------------------------------------------------


def test_one_domain_is_too_few():
    with pytest.raises(OptionError, match="at least 2 domains, got only 'a'"):
        DomainCounterfactuals().fit(np.random.default_rng(0).normal(size=(100, 3)), ["a"] * 100)


@pytest.mark.parametrize("k", [0, 4, 9])
def test_k_out_of_range_is_refused_with_the_range(k):
    with pytest.raises(OptionError, match=r"at least 1|between 1 and 3"):
        fitted(changing=k)


def test_unknown_options_and_values_are_refused():
    with pytest.raises(OptionError, match="sparsity"):
        DomainCounterfactuals(sparsity=3)
    for wrong in ({"structure": "loose"}, {"mixing": "cubic"}, {"held_out": 1.0}, {"restarts": 0}):
        with pytest.raises(OptionError):
            DomainCounterfactualsConfig(**wrong)


def test_a_domain_never_seen_and_other_targets_are_refused(trained, rows):
    x, sample = rows
    with pytest.raises(InterventionError, match=r"'domain' is set to one of d0, d1, d2, got 'mars'"):
        asked(trained, x, "do(domain=mars)", sample.labels)
    with pytest.raises(UnknownVariableError, match=r"'z1' is not a variable of this system\. It has: domain"):
        asked(trained, x, "do(z1=2)", sample.labels)


def test_rows_that_lack_a_column_are_refused_and_others_may_stand_beside(trained):
    with pytest.raises(UnknownVariableError, match="'x3' is not a variable of this table"):
        trained.counterfactual(np.zeros((2, 3)), "do(domain=d0)", domain=["d1", "d1"])
    wide = asked(trained, np.zeros((2, 5)), "do(domain=d0)", ["d1", "d1"])
    assert np.array_equal(wide, asked(trained, np.zeros((2, 4)), "do(domain=d0)", ["d1", "d1"]))


def test_pictures_of_another_size_are_refused():
    set_ = images()
    model = DomainCounterfactuals(changing=1, steps=1, latents=4, width=8, batch=10).fit(set_)
    with pytest.raises(DataError, match=r"\(8, 8, 3\), this model was trained on \(16, 16, 3\)"):
        model.counterfactual(set_.pictures("image", 8), "do(domain=left)", domain=["left"] * 60)


def test_a_file_is_fitted_with_its_columns_by_role_and_a_saved_do_is_held(tmp_path, rows):
    x, sample = rows
    lines = [
        "x0,x1,x2,x3,site",
        *(",".join([*map(repr, v), d]) for v, d in zip(x.tolist(), sample.labels, strict=True)),
    ]
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    model = DomainCounterfactuals(changing=1, steps=5, restarts=1).fit(tmp_path / "rows.csv", domain="site")
    assert model.roles == {"domain": "site", "variables": ("x0", "x1", "x2", "x3")}
    moved = model.do(site="d0")
    assert moved.held
    assert not model.held
    moved.save_pretrained(tmp_path / "model")
    again = load(tmp_path / "model")
    noise = again.abduct(tmp_path / "rows.csv")
    assert again.solve(noise) == moved.solve(model.abduct(tmp_path / "rows.csv"))
    assert set(again.solve(noise).labels("site")) == {"d0"}
    scores = model.judge(model.given(tmp_path / "rows.csv").take(range(30)), model.given(tmp_path / "rows.csv"))
    assert list(scores) == ["looks like the target", "composition error", "reversibility error"]
    assert scores["composition error"].baselines["do nothing"] == 0
    assert model.report(model.given(tmp_path / "rows.csv"))


def test_a_missing_value_or_constant_column_is_named():
    x = np.random.default_rng(0).normal(size=(200, 3))
    labels = ["a", "b"] * 100
    hole, flat = x.copy(), x.copy()
    hole[5, 1], flat[:, 2] = np.nan, 1.0
    with pytest.raises(DataError, match=r"'x1' has no number in row 5"):
        DomainCounterfactuals(steps=1).fit(hole, labels)
    with pytest.raises(DataError, match=r"'x2' is constant"):
        DomainCounterfactuals(steps=1).fit(flat, labels)


def test_a_small_domain_is_warned_of():
    x = np.random.default_rng(0).normal(size=(230, 3))
    model = DomainCounterfactuals(steps=1, changing=1).fit(x, ["a"] * 200 + ["b"] * 30)
    assert model.warnings == ("few rows in b (30): answers there are weak",)


def test_a_model_that_was_not_fitted_says_so():
    with pytest.raises(OptionError, match="call fit first"):
        DomainCounterfactuals().encode(np.zeros((2, 3)), ["a", "b"])
