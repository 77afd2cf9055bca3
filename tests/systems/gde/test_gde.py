"""Embeddings of populations: what must hold of every fit, a law that is known, interventions, what is refused."""

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from tests.systems.gde.trained import populations
from tests.trained import read

from aitia.data.table import Table
from aitia.do import Intervention, Normal, scale, shift
from aitia.errors import (
    DataError,
    FormatError,
    InterventionError,
    OptionError,
    RangeWarning,
    UnknownVariableError,
)
from aitia.runs import RunStore
from aitia.system import Given, load, verbs_of
from aitia.systems.gde import GDE, GDEConfig, PerturbationPredictor, fixed_embedding
from aitia.systems.gde.example import write
from aitia.systems.gde.network import Network, Objective
from aitia.systems.gde.populations import Law
from aitia.systems.gde.sets import SetBatches, read_sets
from aitia.systems.gde.transport import directions, sliced_w2

SMALL = {"steps": 8, "batch": 4, "points": 8, "width": 16, "latents": 4}


def frame(sets):
    rows = np.concatenate(list(sets.values()))
    made = pd.DataFrame(rows, columns=[f"x{k + 1}" for k in range(rows.shape[1])])
    return made.assign(clone=np.repeat(list(sets), [len(s) for s in sets.values()]))


@pytest.fixture(scope="module")
def small():
    return GDE(**SMALL).fit(populations())


@pytest.fixture(scope="module")
def trained():
    return read("gde"), populations(120, 200)


def far(a, b):
    along = directions(50, a.shape[1], torch.Generator().manual_seed(0)).double()
    return float(sliced_w2(torch.from_numpy(a), torch.from_numpy(b), along))


# -- laws ------------------------------------------------------------------------------------------------------------


def test_a_population_drawn_from_its_vector_is_nearer_than_another_and_new_ones_are_too(trained):
    model, _ = trained
    new = list(populations(20, 1000, seed=5).values())
    drawn = [model.draw(rows, 1000, seed=k) for k, rows in enumerate(new)]
    own = np.mean([far(a, b) for a, b in zip(drawn, new, strict=True)])
    assert own < 0.3 * np.mean([far(a, b) for a, b in pairwise(new)])


def test_a_set_repeated_or_shuffled_has_the_vector_that_it_had(small):
    rows = populations()["p3"]
    z = small.vectors(rows)
    assert np.abs(small.vectors(np.tile(rows, (5, 1))) - z).max() < 1e-5
    assert np.abs(small.vectors(np.random.default_rng(0).permutation(rows)) - z).max() < 1e-5


def test_vectors_of_many_sets_of_any_size_are_those_of_each_alone(small):
    sets = [rows[: 3 + 7 * k] for k, rows in enumerate(populations().values()) if k < 6]
    assert np.allclose(small.vectors(sets), [small.vectors(rows) for rows in sets], atol=1e-5)


def test_a_set_larger_than_a_piece_is_read_in_pieces(small, monkeypatch):
    rows = populations()["p3"]
    z = small.vectors(rows)
    monkeypatch.setattr("aitia.systems.gde.network.PIECE", 7)
    assert np.allclose(small.vectors([rows, rows[:5]])[0], z, atol=1e-5)


def test_tables_of_every_kind_lists_and_mappings_are_one_fit(small):
    table = frame(populations())
    for data, groups in (
        (table, "clone"),
        (pl.from_pandas(table), "clone"),
        (Table.of(table), "clone"),
        (table.drop(columns="clone"), table["clone"]),
    ):
        model = GDE(**SMALL).fit(data, groups)
        order = [model.labels.index(label) for label in small.labels]
        assert np.allclose(model.vectors(populations()["p1"]), model.latents[model.labels.index("p1")], atol=1e-6)
        assert len(order) == 12
    for data in (list(populations().values()), np.stack(list(populations().values()))):
        model = GDE(**SMALL).fit(data)
        assert np.array_equal(model.latents, small.latents)
        assert model.labels[:2] == ("0", "1")
        assert np.allclose(model.vectors(data), small.latents, atol=1e-6)
    tables = [pd.DataFrame(rows, columns=["a", "b"]) for rows in populations().values()]
    tables[3] = tables[3][["b", "a"]]
    assert np.array_equal(GDE(**SMALL).fit(tables).latents, small.latents), "columns go by their names"
    assert np.allclose(
        small.vectors(table, "clone"), small.latents[[small.labels.index(s) for s in sorted(small.labels)]], atol=1e-6
    )


def test_the_same_seed_gives_the_same_fit_and_inputs_are_left_alone():
    sets = populations()
    before = {label: rows.copy() for label, rows in sets.items()}
    one, two = (GDE(**SMALL).fit(sets) for _ in range(2))
    assert np.array_equal(one.latents, two.latents)
    assert np.array_equal(one.draw("p0", 4, seed=1), two.draw("p0", 4, seed=1))
    assert not np.array_equal(one.draw("p0", 4, seed=1), one.draw("p0", 4, seed=2))
    assert all(np.array_equal(before[label], sets[label]) for label in sets)


def test_a_saved_model_gives_the_same_numbers(small, tmp_path):
    small.save_pretrained(tmp_path)
    again = GDE.from_pretrained(tmp_path)
    assert np.array_equal(again.latents, small.latents)
    assert again.config == small.config
    assert (again.labels, again.columns, again.group) == (small.labels, small.columns, small.group)
    assert np.array_equal(again.draw("p2", 5, seed=3), small.draw("p2", 5, seed=3))
    assert np.array_equal(again.vectors(populations()["p4"]), small.vectors(populations()["p4"]))
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(FormatError, match=r"config\.json"):
        GDE.from_pretrained(tmp_path)


@pytest.mark.slow
def test_a_training_that_was_cut_short_goes_on_to_the_same_weights(tmp_path):
    class CutError(Exception):
        pass

    def cut(what, done, total):
        if done >= 510:
            raise CutError

    options = {**SMALL, "steps": 520}
    with pytest.raises(CutError):
        GDE(**options).fit(populations(), run=RunStore(tmp_path, cut))
    resumed = GDE(**options).fit(populations(), run=RunStore(tmp_path))
    assert np.array_equal(resumed.latents, GDE(**options).fit(populations()).latents)


@pytest.mark.parametrize(
    "options",
    [
        {"encoder": "residual"},
        {"encoder": "attention"},
        {"encoder": "kernel mean"},
        {"encoder": "moments"},
        {"pooling": "median"},
        {"sampler": "gaussian"},
        {"sampler": "flow"},
        {"sampler": "diffusion"},
        {"sampler": "vae"},
        {"discrepancy": "mmd"},
        {"discrepancy": "sinkhorn"},
        {"mixing": 3},
        {"isometry": 0.5},
        {"scaling": "one"},
        {"scaling": "none"},
    ],
    ids=lambda o: " ".join(map(str, next(iter(o.items())))),
)
def test_every_option_is_fitted_saved_and_drawn_from(options, tmp_path):
    model = GDE(**{**SMALL, "steps": 3, **options}).fit(populations(5))
    model.save_pretrained(tmp_path)
    assert np.array_equal(GDE.from_pretrained(tmp_path).draw("p1", 3), model.draw("p1", 3))
    assert np.isfinite(model.draw("p1", 3)).all()
    assert any("published method does not have" in w for w in model.warnings) == ("isometry" in options)


def test_columns_of_any_unit_give_the_same_vectors():
    sets = populations()
    scaled = {label: rows * [1e-4, 1e5] + [7, -3e6] for label, rows in sets.items()}
    assert np.allclose(GDE(**SMALL).fit(scaled).latents, GDE(**SMALL).fit(sets).latents, atol=1e-3)


def test_isometry_brings_distances_to_those_of_the_sets():
    sets = populations(40, 200)
    pairs = [(a, b) for a in range(40) for b in range(a)]
    errors = {}
    for weight in (0.0, 1.0):
        model = GDE(
            steps=250, batch=8, points=32, width=16, latents=4, learning_rate=5e-3, isometry=weight, scaling="none"
        ).fit(sets)
        z, rows = model.latents, list(sets.values())
        errors[weight] = np.mean([(np.linalg.norm(z[a] - z[b]) - far(rows[a], rows[b]) ** 0.5) ** 2 for a, b in pairs])
    assert errors[1.0] < 0.4 * errors[0.0]


def test_one_scale_of_all_columns_is_the_root_of_their_mean_variance():
    rows = [torch.randn(50, 2, dtype=torch.float64) * torch.tensor([1.0, 3.0]) for _ in range(2)]
    spread = {}
    for scaling in ("one", "columns", "none"):
        net = Network(2, GDEConfig(width=8, latents=3))
        net.standardise(rows, scaling)
        spread[scaling] = net.spread.numpy()
    variance = torch.cat(rows).numpy().var(axis=0)
    assert np.allclose(spread["columns"], variance**0.5)
    assert np.allclose(spread["one"], [variance.mean() ** 0.5] * 2)
    assert np.array_equal(spread["none"], [1, 1])


def test_a_mixed_set_has_rows_of_each_of_its_parts_by_their_weights():
    sets = tuple(np.full((9000, 1), float(k)) for k in range(3))
    for half in SetBatches(sets, batch=3, points=3000, mixing=3, alpha=1e6)(0, 0, 1):
        for rows in half.numpy():
            assert np.allclose(np.unique(rows, return_counts=True)[1] / 3000, [1 / 3] * 3, atol=0.05)


def test_the_term_for_distances_is_the_mean_squared_error_over_pairs_of_sets():
    torch.manual_seed(0)
    net, spread = Network(1, GDEConfig(width=8, latents=3)), torch.tensor([1.0, 2.0, 3.0, 4.0])
    encoded, met = torch.randn(4, 6, 1), torch.randn(4, 6, 1) * spread[:, None, None]
    told = Objective(net, 2.0, 5)(encoded, met)["isometry"].item()
    z, rows = net.encoder(encoded).detach().numpy(), np.sort(met[..., 0].numpy(), axis=1)
    pairs = [(a, b) for a in range(4) for b in range(a)]
    apart = [(np.linalg.norm(z[a] - z[b]), np.sqrt(((rows[a] - rows[b]) ** 2).mean())) for a, b in pairs]
    assert told == pytest.approx(np.mean([(one - two) ** 2 for one, two in apart]), rel=1e-4)


def test_sets_of_unlike_sizes_have_the_vector_that_each_has_alone(small):
    rng = np.random.default_rng(3)
    sets = [rng.normal(size=(n, 2)) for n in (11, 3, 30, 7)]
    assert np.allclose(small.vectors(sets), [small.vectors(rows) for rows in sets], atol=1e-5)


# -- between and beyond ----------------------------------------------------------------------------------------------


def test_interpolation_begins_at_one_population_and_ends_at_the_other(small):
    assert np.array_equal(small.interpolate("p0", "p1", 0), small.vector("p0"))
    assert np.array_equal(small.interpolate("p0", "p1", 1), small.vector("p1"))
    half = small.interpolate("p0", "p1")
    assert np.isclose(np.linalg.norm(half - small.vector("p0")), 0.5 * small.distance("p0", "p1"))
    assert small.distance("p2", "p2") == 0
    assert small.distances("p2").argmin() == 2


def test_a_vector_far_from_the_fit_is_warned_of(small):
    with pytest.warns(RangeWarning, match="what is drawn from it is an extrapolation"):
        small.draw(small.latents[0] + 1000, 3)


def test_a_large_sample_is_drawn_in_parts_of_the_same_noise(small, monkeypatch):
    whole = small.draw("p1", 9, seed=2)
    assert np.allclose(whole, small.draw("p1", small.noise(9, seed=2)))
    monkeypatch.setattr("aitia.systems.gde.model.NUMBERS", 8)
    assert np.allclose(small.draw("p1", 9, seed=2), whole, atol=1e-5)


def test_a_row_keeps_its_noise_in_another_population(trained):
    model, _ = trained
    noise = model.noise(50, seed=4)
    here, there = (model.draw(label, noise) for label in ("p0", "p1"))
    assert np.array_equal(model.draw("p0", noise[7:9]).round(4), here[7:9].round(4))
    assert not np.allclose(here, there)


# -- batches ---------------------------------------------------------------------------------------------------------


def test_the_two_halves_of_a_step_share_no_row():
    sets = tuple(np.arange(n, dtype=np.float32)[:, None] + 1000 * k for k, n in enumerate((5, 16, 17, 900)))
    for step in range(20):
        encoded, met = SetBatches(sets, 6, 8, seed=1)(step, 0, 1)
        assert encoded.shape == met.shape == (6, 8, 1)
        for a, b in zip(encoded, met, strict=True):
            assert not set(a.ravel().tolist()) & set(b.ravel().tolist())
            assert len({int(v) // 1000 for v in torch.cat([a, b]).ravel()}) == 1


def test_mixed_sets_have_rows_of_several_sets_in_the_same_shares_on_both_sides():
    sets = tuple(np.full((400, 1), k, dtype=np.float32) for k in range(5))
    encoded, met = SetBatches(sets, 5, 200, mixing=3, seed=0)(0, 0, 1)
    shares = [torch.stack([(side == k).float().mean((1, 2)) for k in range(5)], 1) for side in (encoded, met)]
    assert (shares[0] - shares[1]).abs().max() < 0.2  # four deviations of a share of 200 rows
    assert ((shares[0] > 0).sum(1) <= 3).all()
    assert ((shares[0] > 0).sum(1) > 1).any()


# -- vectors without training ----------------------------------------------------------------------------------------


def test_fixed_vectors_are_what_they_are_called():
    sets = list(populations(5, 40).values())
    both = fixed_embedding(sets, "mean and sd")
    assert np.allclose(both, [[*rows.mean(0), *rows.std(0)] for rows in sets])
    means = fixed_embedding(sets, "mean")
    apart = np.linalg.norm(means[0] - means[1])
    assert np.isclose(np.linalg.norm(np.subtract(*fixed_embedding(sets, "pca mean")[:2])), apart)
    kernel = fixed_embedding(sets, "kernel mean", bandwidth=2.0, size=40_000)
    gram = np.exp(-((sets[0][:, None] - sets[1][None]) ** 2).sum(-1) / 8).mean()
    assert abs(kernel[0] @ kernel[1] - gram) < 0.02
    with pytest.raises(OptionError, match="kind is mean, mean and sd, pca mean or kernel mean, got 'median'"):
        fixed_embedding(sets, "median")


# -- interventions ---------------------------------------------------------------------------------------------------


def test_effects_that_are_linear_in_the_code_are_found_and_add_up(small):
    """Vectors that are z0 + 2 v a + w b, by hand; the ridge is small."""
    rng = np.random.default_rng(0)
    base, a, b = small.latents[0], *rng.normal(size=(2, 4)) * 0.01
    given = {f"do(x1={v})": base + 2 * v * a for v in (-1.0, 0.5, 1.0)}
    given |= {Intervention({"x2": shift(w)}): base + w * b for w in (-2.0, 1.0, 3.0)}
    predictor = PerturbationPredictor(small, ridge=1e-8).fit("p0", given)
    assert np.allclose(predictor.predict("do(x1=0.8)"), base + 1.6 * a, atol=1e-5)
    both = Intervention({"x1": 0.8, "x2": shift(2.0)})
    assert np.allclose(predictor.predict(both), base + 1.6 * a + 2 * b, atol=1e-5)
    assert np.allclose(predictor.predict("do(x1=0.8)", control="p1"), small.latents[1] + 1.6 * a, atol=1e-5)


def test_a_draw_has_what_the_intervention_sets_and_no_more(small):
    base = small.latents[0]
    given = {f"do(x1={v})": base + v * 1e-3 for v in (-1.0, 1.0)}
    given |= {Intervention({name: shift(v)}): base - v * 1e-3 for name in ("x2", "y") for v in (-1.0, 1.0)}
    predictor = PerturbationPredictor(small).fit("p0", given)
    do = Intervention({"x1": 0.5, "x2": shift(0.5), "y": shift(1.0)})
    rows, plain = predictor.draw(do, 20, seed=3), small.draw(predictor.predict(do), 20, seed=3)
    assert (rows[:, 0] == 0.5).all()
    assert np.array_equal(rows[:, 1:], plain[:, 1:])
    assert not np.isclose(plain[:, 0], 0.5).all()


def test_a_scale_is_coded_by_its_factor(small):
    base, a = small.latents[0], np.array([1e-3, 0.0, -1e-3, 2e-3])
    given = {Intervention({"x1": scale(f)}): base + f * a for f in (0.5, 2.0, 3.0)}
    predictor = PerturbationPredictor(small, ridge=1e-8).fit("p0", given)
    assert np.allclose(predictor.predict(Intervention({"x1": scale(1.5)})), base + 1.5 * a, atol=1e-5)


def test_effects_that_bend_with_the_value_are_found(small):
    base, a, b = small.latents[0], np.array([1e-3, 0.0, -1e-3, 2e-3]), np.array([0.0, 1e-3, 2e-3, -1e-3])
    given = {f"do(x1={v})": base + v * a + v**2 * b for v in (-1.0, 0.5, 2.0)}
    predictor = PerturbationPredictor(small, ridge=1e-8).fit("p0", given)
    assert np.allclose(predictor.predict("do(x1=1.5)"), base + 1.5 * a + 2.25 * b, atol=1e-5)


def test_a_perceptron_predicts_what_it_was_shown(small):
    given = {f"do(x1={v})": small.latents[k] for k, v in enumerate((-1.0, 0.0, 1.0))}
    predictor = PerturbationPredictor(small, "perceptron", steps=400).fit("p5", given)
    for do, z in given.items():
        assert np.abs(predictor.predict(do) - z).max() < 0.2 * np.abs(small.latents - small.latents[5]).max()


def test_interventions_that_were_never_seen_are_refused(small):
    with pytest.raises(OptionError, match="has not been fitted: call fit first"):
        PerturbationPredictor(small).predict("do(x1=1)")
    with pytest.raises(OptionError, match="needs 2 or more, got 1"):
        PerturbationPredictor(small).fit("p0", {"do(x1=1)": "p1"})
    predictor = PerturbationPredictor(small).fit("p0", {"do(x1=1)": "p1", "do(x1=2)": "p2"})
    with pytest.raises(InterventionError, match="no intervention of the fit was a set of 'x2'; there were: set of x1"):
        predictor.predict("do(x2=1)")
    with pytest.raises(InterventionError, match="coded by a number set, a shift or a scale"):
        predictor.predict(Intervention({"x1": Normal(0, 1)}))
    with pytest.raises(OptionError, match="form is linear or perceptron"):
        PerturbationPredictor(small, "tree")


# -- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "groups", "sentence"),
    [
        (frame(populations(3)), None, r"which population a row is of: say which .*--population.*x1, x2, clone"),
        (frame(populations(3)), "clones", "'clones' is not a variable of this table. Did you mean 'clone'"),
        (frame(populations(3)), np.array([1, 2]), "2 rows, the table has 180"),
        (frame(populations(3))[["clone"]], "clone", "no column of numbers beside 'clone'"),
        (frame(populations(3)).assign(x1=np.nan), "clone", "the table has nan in row 0 of x1"),
        ([np.zeros((4, 2)), np.full((4, 2), np.inf)], None, "set '1' has inf in row 0 of x1"),
        ([np.zeros((4, 2)), np.zeros((4, 3))], None, "set '1' has 3 columns, 2 are expected: x1, x2"),
        ([np.zeros((4, 2)), np.zeros((0, 2))], None, "set '1' has no row"),
        ([np.zeros((4, 2)), np.zeros((1, 2))], None, "set '1' has 1 row: 2 or more are needed"),
        ([np.zeros((4, 2)), np.zeros(4)], None, r"set '1' is rows and columns of numbers, got shape \(4,\)"),
    ],
)  # fmt: skip
def test_data_that_are_no_sets_are_refused(data, groups, sentence):
    with pytest.raises((DataError, OptionError, UnknownVariableError), match=sentence):
        GDE(**SMALL).fit(data, groups)


def test_one_set_alone_is_refused():
    with pytest.raises(OptionError, match="needs 2 sets or more, got p0"):
        GDE(**SMALL).fit(populations(1))
    with pytest.raises(OptionError, match="needs 2 sets or more, got none"):
        GDE(**SMALL).fit([])


def test_small_sets_are_warned_of_with_how_far_their_vector_may_be_off():
    sets = {**populations(4), "tiny": np.random.default_rng(0).normal(size=(6, 2))}
    model = GDE(**SMALL).fit(sets)
    assert any("set 'tiny' has only 6 rows: its vector is" in w for w in model.warnings)


def test_the_deviation_of_a_vector_is_how_far_it_is_from_that_of_the_law():
    rng = np.random.default_rng(2)
    model = GDE(**SMALL).fit([rng.normal(size=(40, 2)) for _ in range(80)])
    law = model.vectors(rng.normal(size=(40_000, 2)))
    off = np.sqrt(np.mean(np.sum((model.latents - law) ** 2, axis=1)))
    assert np.sqrt(np.mean(model.deviations**2)) == pytest.approx(off, rel=0.3), (
        "a mean over 80 sets has no larger error"
    )


def test_columns_of_unlike_spread_are_warned_of_where_they_are_not_scaled():
    sets = {label: rows * [1, 1e5] for label, rows in populations(4).items()}
    assert any("take scaling='columns'" in w for w in GDE(**SMALL, scaling="none").fit(sets).warnings)
    assert not GDE(**SMALL).fit(sets).warnings


def test_one_row_has_a_vector_alone_and_among_others(small):
    row = populations()["p3"][:1]
    assert np.allclose(small.vectors([row, row])[1], small.vectors(row), atol=1e-6)


def test_questions_that_make_no_sense_are_refused(small):
    with pytest.raises(OptionError, match="has not been fitted"):
        GDE().vectors(np.zeros((3, 2)))
    with pytest.raises(OptionError, match="at least 1 row, got n=0"):
        small.draw("p0", 0)
    with pytest.raises(DataError, match="there was no set 'q' in the fit; there were p0, p1"):
        small.draw("q", 3)
    with pytest.raises(DataError, match=r"a vector has 4 finite numbers, got shape \(3,\)"):
        small.draw(np.zeros(3), 3)
    with pytest.raises(DataError, match="the set has 3 columns, 2 are expected"):
        small.vectors(np.zeros((5, 3)))
    with pytest.raises(DataError, match=r"noise has shape \(n, 4\)"):
        small.draw("p0", np.zeros((3, 5)))
    with pytest.raises(OptionError, match="share is a number"):
        small.interpolate("p0", "p1", float("nan"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"encoder": "deep"}, "encoder is one of pooled"),
        ({"latents": 0}, "latents is at least 1"),
        ({"points": 1}, "points is at least 2"),
        ({"encoder": "kernel mean", "latents": 3}, "an even number of latents, got 3"),
        ({"encoder": "attention", "width": 6}, "width is a multiple of 4, got 6"),
        ({"mixing": 5, "batch": 4}, "at most batch=4 sets, got mixing=5"),
        ({"isometry": -1.0}, "isometry and kl_weight not negative"),
        ({"epochs": 3}, "gde has no option 'epochs'"),
    ],
)
def test_options_out_of_range_are_refused(options, sentence):
    with pytest.raises(OptionError, match=sentence):
        GDE(**options)


def test_options_can_be_read_and_set_as_in_scikit_learn():
    model = GDE().set_params(latents=8)
    assert model.config == GDEConfig(latents=8)
    assert model.get_params()["latents"] == 8
    with pytest.raises(OptionError, match="gde has no option 'epochs'"):
        model.set_params(epochs=3)
    with pytest.raises(OptionError, match="mixing=3 needs as many sets, there are 2"):
        GDE(**{**SMALL, "mixing": 3}).fit(populations(2))


def test_mapping_of_columns_is_a_table_and_needs_groups():
    with pytest.raises(DataError, match="which rows are of one set"):
        read_sets({"x1": [1.0, 2.0], "x2": [3.0, 4.0]})
    assert read_sets({"x1": [1.0, 2.0, 3.0, 4.0], "g": ["a", "b", "a", "b"]}, "g").labels == ("a", "b")


# -- the contract ----------------------------------------------------------------------------------------------------


def test_a_file_of_rows_is_fitted_and_rows_of_which_the_set_alone_is_known_are_drawn(tmp_path):
    frame(populations()).to_csv(tmp_path / "cells.csv", index=False)
    model = GDE(**SMALL).fit(tmp_path / "cells.csv", population="clone", variables=("x1", "x2"))
    assert model.labels == tuple(f"p{k}" for k in range(12))
    asked = pd.DataFrame({"clone": ["p3", "p1", "p3"]})
    said = model.predict(asked, draws=2, seed=5)
    noise = model.noise(6, seed=5)
    assert said.labels("clone").tolist() == ["p3", "p3", "p1", "p1", "p3", "p3"]
    assert said.column("row").tolist() == [0, 0, 1, 1, 2, 2]
    assert said.column("draw").tolist() == [0, 1] * 3
    assert np.allclose(said.matrix(["x1", "x2"])[[0, 1, 4, 5]], model.draw("p3", noise[[0, 1, 4, 5]]), atol=1e-5)
    assert np.allclose(said.matrix(["x1", "x2"])[2:4], model.draw("p1", noise[2:4]), atol=1e-5)


def test_under_do_rows_of_other_sets_are_drawn_anew_of_the_same_noise_and_all_others_stay():
    table = frame(populations())
    model = GDE(**SMALL).fit(table, "clone")
    assert np.array_equal(model.predict(table, seed=1).matrix(["x1", "x2"]), table[["x1", "x2"]].to_numpy())
    said = model.do(clone="p1").predict(table, seed=1)
    own = (table["clone"] == "p1").to_numpy()
    assert np.array_equal(said.matrix(["x1", "x2"])[own], table[["x1", "x2"]].to_numpy()[own])
    drawn = model.draw("p1", model.noise(len(table), seed=1))
    assert np.allclose(said.matrix(["x1", "x2"])[~own], drawn[~own], atol=1e-5)
    assert set(said.labels("clone").tolist()) == {"p1"}


def test_a_saved_do_is_held_and_a_sample_is_of_its_set(tmp_path):
    model = GDE(**SMALL).fit(frame(populations()), "clone")
    there = model.do("do(clone=p3)").do(clone="p2")
    there.save_pretrained(tmp_path)
    again = load(tmp_path)
    assert again.held == Intervention({"clone": "p2"})
    assert again.targets.names == ("clone",)
    assert again.targets.find("clone").labels == model.labels
    made = again.sample(5, seed=3)
    assert np.allclose(made.matrix(["x1", "x2"]), model.draw("p2", 5, seed=3))
    assert made.labels("clone").tolist() == ["p2"] * 5
    assert model.held == Intervention()
    with pytest.raises(OptionError, match=r"say of which population: do\(clone=LABEL\)"):
        model.sample(3)


def test_the_code_of_a_row_is_the_vector_of_its_set_from_the_rows_that_are_given(small):
    rows = np.concatenate([populations()["p1"][:20], populations(seed=9)["p0"]])
    table = pd.DataFrame(rows, columns=["x1", "x2"]).assign(set=["p1"] * 20 + ["new"] * 60)
    code = small.encode(table)
    assert code.names == ("z1", "z2", "z3", "z4")
    assert np.array_equal(code.matrix()[:20], np.tile(code.matrix()[0], (20, 1)))
    assert np.allclose(code.matrix()[0], small.vectors(rows[:20]), atol=1e-6)
    assert not np.allclose(code.matrix()[0], small.vector("p1"), atol=1e-4), "of the rows given, not of the fit"
    assert np.allclose(code.matrix()[20:], small.vectors(rows[20:]), atol=1e-6)
    assert np.array_equal(small.do(set="p2").encode(table).matrix(), np.tile(small.vector("p2"), (80, 1)))


def test_a_set_of_which_no_numbers_are_given_has_the_vector_of_the_fit_and_empty_rows_have_no_say(small):
    rows = pd.DataFrame(populations()["p1"], columns=["x1", "x2"]).assign(set="p1")
    rows.loc[50:, ["x1", "x2"]] = np.nan
    code = small.encode(pd.concat([rows, pd.DataFrame({"set": ["p4"]})])).matrix()
    assert np.array_equal(code[60], small.vector("p4"))
    assert np.allclose(code[:60], small.vectors(populations()["p1"][:50]), atol=1e-6)
    assert np.array_equal(small.encode(pd.DataFrame({"set": ["p4", "p2"]})).matrix()[1], small.vector("p2"))
    with pytest.raises(DataError, match="there was no set 'q' in the fit"):
        small.encode(pd.DataFrame({"set": ["q"]}))


def test_arrays_and_lists_are_rows_for_every_verb(small):
    rows = list(populations().values())
    assert np.allclose(small.encode(rows[3]).matrix(), np.tile(small.vectors(rows[3]), (60, 1)), atol=1e-6)
    both = small.encode(rows[:2]).matrix()
    assert np.allclose(both[[0, 60]], small.latents[:2], atol=1e-6)
    assert np.allclose(small.encode(torch.from_numpy(rows[3])).matrix(), small.encode(rows[3]).matrix())
    model = GDE(**SMALL).fit(np.concatenate(rows), np.repeat(list(populations()), 60))
    assert model.columns == ("x1", "x2")
    assert np.array_equal(model.latents, small.latents)
    named = GDE(**SMALL).fit(rows, variables=("height", "weight"))
    assert named.do(set="3").sample(2).names == ("set", "height", "weight")
    with pytest.raises(DataError, match="the set has 3 columns, 2 are expected"):
        small.encode(np.zeros((5, 3)))
    with pytest.raises(DataError, match="called 'set', as that of their labels is"):
        GDE(**SMALL).fit([pd.DataFrame({"set": [1.0, 2.0]}), pd.DataFrame({"set": [2.0, 4.0]})])


def test_a_row_that_says_no_set_is_refused_and_columns_left_out_are_told():
    table = frame(populations(4)).assign(doctor="Dr. A")
    model = GDE(**SMALL).fit(table, "clone")
    assert model.training.notes == ("left out of the rows: doctor",)
    holed = table.assign(clone=table["clone"].where(table.index != 7))
    with pytest.raises(DataError, match="row 7 of 'clone' is empty: say which it is of, or drop the row"):
        GDE(**SMALL).fit(holed, "clone")
    for verb in (model.predict, model.encode):
        with pytest.raises(DataError, match="row 7 of 'clone' is empty: say which it is of"):
            verb(holed)
    with pytest.raises(DataError, match="no column says which population a row is of: there is no 'clone'"):
        model.predict(table[["x1", "x2"]])
    assert len(model.do(clone="p1").predict(table[["x1", "x2"]])) == 240


def test_rows_of_sets_that_the_fit_had_not_are_not_scored(small):
    seen = Given.of(GDE.card, frame(populations()).rename(columns={"clone": "set"}))
    strange = seen.with_rows(seen.table.with_columns({"set": ["elsewhere"] * 720}))
    assert small.judge(strange, seen) == {}
    assert len(small.report(strange)) == 2


def test_asked_rows_and_targets_that_mean_nothing_are_refused(small):
    with pytest.raises(DataError, match="row 1 has x1 and lacks x2: rows are drawn whole"):
        small.predict(pd.DataFrame({"set": ["p0", "p1"], "x1": [np.nan, 1.0], "x2": [np.nan, np.nan]}))
    with pytest.raises(DataError, match="there was no set 'q' in the fit; there were p0, p1"):
        small.predict(pd.DataFrame({"set": ["q"]}))
    with pytest.raises(InterventionError, match="'set' is set to one of p0, p1"):
        small.do(set="q")
    with pytest.raises(UnknownVariableError, match=r"'sets'.*Did you mean 'set'"):
        small.do(sets="p1")
    with pytest.raises(DataError, match="variables is a column of number, and 'kind' is not"):
        GDE(**SMALL).fit(frame(populations(3)).assign(kind="u"), "clone", variables=("x1", "kind"))
    assert GDE(**SMALL).fit(frame(populations(3)).assign(kind="u"), "clone").columns == ("x1", "x2")


def test_the_law_half_way_between_two_has_the_mean_of_their_deviations():
    one, two = (
        Law(np.array([mean]), np.diag(np.square(deviations))[None])
        for mean, deviations in (([0, 2], [1, 2]), ([4, 0], [3, 4]))
    )
    half = one.half_way(two)
    assert np.allclose(half.means, [[2, 1]])
    assert np.allclose(half.covariances, [np.diag([4, 9])])


def test_it_is_judged_beside_baselines_and_shown(trained):
    model, sets = trained
    some = {label: sets[label] for label in ("p0", "p1", "p2")}
    rng = np.random.default_rng(3)
    fresh = {label: rng.normal(size=rows.shape) * rows.std(0) + rows.mean(0) for label, rows in some.items()}
    table = pd.concat([frame(part).rename(columns={"clone": "set"}) for part in (sets, fresh)])
    seen = Given.of(GDE.card, table.iloc[: 120 * 200])
    new = Given.of(GDE.card, table.iloc[120 * 200 :])
    scores = model.judge(new, seen)
    assert list(scores) == ["SW2 over floor", "SW2"]
    middle, spread = seen.numbers("variables").mean(0), seen.numbers("variables").std(0)
    along = directions(100, 2, torch.Generator().manual_seed(0)).double()

    def apart(a, b):
        return float(sliced_w2(*(torch.from_numpy((x - middle) / spread) for x in (a, b)), along))

    drawn = [apart(model.draw(label, 1000, seed=int(label[1:])), rows) for label, rows in fresh.items()]
    floor = [apart(sets[label], rows) for label, rows in fresh.items()]
    assert scores["SW2"].value == pytest.approx(np.mean(drawn))
    assert scores["SW2 over floor"].value == pytest.approx(np.sum(drawn) / np.sum(floor))
    assert set(scores["SW2"].baselines) == {"all sets together", "moved to the mean"}
    pooled = seen.numbers("variables")[np.random.default_rng(0).permutation(120 * 200)[:1000]]
    moved = [apart(pooled - pooled.mean(0) + sets[label].mean(0), rows) for label, rows in fresh.items()]
    assert scores["SW2"].baselines["moved to the mean"] == pytest.approx(np.mean(moved))
    assert scores["SW2"].value < min(scores["SW2"].baselines.values())
    assert len(model.report(new)) == 3
    assert model.training.losses[0][0] == "training"
    assert (
        model.work(seen)
        == "300 steps, each of 16 sets out of 120, with 32 rows encoded and as many met (24000 rows in all)"
    )


def test_its_card_names_its_verbs_and_no_name_twice():
    assert verbs_of(GDE) == GDE.card.verbs
    names = [*GDE.card.takes, *GDE.card.subjects, *(f.name for f in fields(GDEConfig))]
    assert len(set(names)) == len(names)


def test_its_example_is_fitted_and_asked(tmp_path):
    example = write(tmp_path, 0)
    model = GDE(**example.options).fit(example.files, **example.roles)
    south, north = (model.do(do).predict(example.rows).column("pressure") for do in (example.do, example.other))
    assert south.shape == (4,)
    assert (south > north).all()
    assert np.isfinite(model.predict(example.rows).matrix(["pressure", "sugar"])).all()
