"""Hierarchical component analysis: exact where the unmixings are, honest where they are not, and refusals."""

import json
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from aitia.cli.main import app
from aitia.data.table import Table
from aitia.discovery.capabilities import capabilities
from aitia.errors import DataError, FormatError, IdentifiabilityError, OptionError, UnknownVariableError
from aitia.systems.hca import HCA, order_unmixings
from aitia.systems.hca.base_models import BaseRule, group_by_base, read_leaderboard, read_rules
from aitia.worlds import CapabilitiesWorld

LEADERBOARD = Path(__file__).parents[3] / "../shared/data/hca/open_llm_leaderboard_2025-02-20.csv"


def unmixings(seed, groups=4, d=3, variables=6):
    """Exact ones, rows dealt out and with signs; and H."""
    rng = np.random.default_rng(seed)
    shared = np.linalg.qr(rng.standard_normal((variables, d)))[0].T
    triangular = np.tril(rng.uniform(0.5, 1.5, (groups, d, d)) * rng.choice([-1.0, 1.0], (groups, d, d)))
    places = np.stack([rng.permutation(d) for _ in range(groups)])
    mixed = np.take_along_axis(triangular @ shared, places[:, :, None], axis=1)
    return mixed * rng.choice([-1.0, 1.0], (groups, d, 1)), shared, places


@pytest.fixture(scope="module")
def world():
    return CapabilitiesWorld(seed=3)


@pytest.fixture(scope="module")
def fitted(world):
    sample = world.sample(2000, seed=0)
    return HCA(resamples=4, draws=20, starts=4).fit(world.render(sample), sample.labels)


# -- the order ---------------------------------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.integers(2, 4), st.integers(1, 3))
@settings(max_examples=25)
def test_exact_unmixings_give_their_order_and_their_subspaces(seed, groups, d):
    mixed, shared, places = unmixings(seed, groups, d)
    found = order_unmixings(mixed)
    assert found.mic < 1e-9
    assert found.exact
    assert np.allclose(found.shared @ found.shared.T, np.eye(d))
    if d > 1:
        assert np.array_equal(found.rows, np.argsort(places, axis=1))
        assert np.allclose(np.abs(found.shared @ shared.T), np.eye(d), atol=1e-6)


def test_the_order_is_the_best_of_all_choices_of_rows():
    """Brute force over all permutations, each by its own singular value decompositions."""
    rng = np.random.default_rng(5)
    mixed = rng.standard_normal((3, 3, 5))
    best = np.inf
    for chosen in product(list(permutations(range(3))), repeat=3):
        rows = np.stack([m[list(p)] for m, p in zip(mixed, chosen, strict=True)])
        shared = np.zeros((0, 5))
        for i in range(3):
            left = rows[:, i] - rows[:, i] @ shared.T @ shared
            shared = np.vstack([shared, np.linalg.svd(left)[2][:1]])
        worst = 0.0
        for m in rows:
            j = np.tril(m @ shared.T) @ shared @ np.linalg.pinv(m)
            worst = max(worst, float(np.mean(1 - np.diag(j) ** 2 / (j**2).sum(axis=1))))
        best = min(best, worst)
    assert order_unmixings(mixed).mic == pytest.approx(best, abs=1e-12)


def test_a_narrow_beam_still_finds_what_is_exact():
    mixed, _, places = unmixings(1, groups=6, d=4, variables=8)
    found = order_unmixings(mixed, beam=500)
    assert not found.exact
    assert found.mic < 1e-9
    assert np.array_equal(found.rows, np.argsort(places, axis=1))


def test_dependent_rows_are_refused():
    mixed = unmixings(0)[0]
    mixed[2, 1] = mixed[2, 0]
    with pytest.raises(DataError, match="group 2 has linearly dependent rows"):
        order_unmixings(mixed)


# -- the fit -----------------------------------------------------------------------------------------------------------


def test_the_order_of_a_known_world_is_found(fitted, world):
    truth = np.linalg.pinv(world.mixing)
    source = truth[0] / np.linalg.norm(truth[0])
    assert abs(source @ fitted.unmixing_[0]) / np.linalg.norm(fitted.unmixing_[0]) > 0.98
    assert fitted.mic_ < 0.05
    assert fitted.p_value_ < 0.06
    assert fitted.groups_ == tuple(sorted(world.environments))
    assert not fitted.gaussian_


def test_weights_noise_and_mixing_are_one_model(fitted):
    """B_k H of equation (1) gives back the unmixing of every group in the common order."""
    for k, name in enumerate(fitted.groups_):
        back = np.diag(1 / fitted.noise_[name]) @ (np.eye(3) - fitted.weights_[name]) @ fitted.unmixing_
        exact = fitted.ordering_.triangular[k] @ fitted.ordering_.shared
        signs = np.sign(np.diag(fitted.ordering_.triangular[k] @ np.linalg.inv(remix(fitted))))
        assert np.allclose(signs[:, None] * back, exact)
        assert np.allclose(np.triu(fitted.weights_[name]), 0)
    assert np.allclose(fitted.unmixing_ @ fitted.mixing_, np.eye(3))


def remix(fitted):
    return fitted.unmixing_ @ fitted.ordering_.shared.T


def test_a_shift_does_what_the_true_noise_does(fitted, world):
    """The direction of a shift is identified: the column of the true mixing of that base."""
    truth = world.mixing @ np.linalg.inv(np.eye(3) - world.weights[0]) * world.scales[0]
    for k, latent in enumerate(fitted.latents_):
        change = np.array([e.change for e in fitted.shift_effects(latent, "base 1")])
        assert abs(change @ truth[:, k]) / np.linalg.norm(change) / np.linalg.norm(truth[:, k]) > 0.97
        assert all(e.low <= e.high for e in fitted.shift_effects(latent, "base 1"))


def test_a_counterfactual_without_intervention_is_the_fact_and_effects_are_its_differences(fitted, world):
    rows = world.render(world.sample(50, seed=9, env="base 2"))
    assert np.allclose(fitted.counterfactual(rows, {}, group="base 2"), rows)
    step = fitted.spread_["base 2"][1]
    moved = fitted.counterfactual(rows, f"do(z2=shift({step}))", group="base 2") - rows
    change = [e.change for e in fitted.shift_effects("z2", "base 2")]
    assert np.allclose(moved, np.broadcast_to(change, moved.shape))
    held = fitted.counterfactual(rows, "do(z1=2)", group="base 2")
    assert np.allclose(fitted.transform(held)[:, 0], 2)


def test_inputs_stay_and_the_same_seed_gives_the_same(world):
    sample = world.sample(800, seed=1)
    x = world.render(sample)
    before = x.copy()
    one, other = (HCA(resamples=0, draws=20, starts=3).fit(x, sample.labels) for _ in range(2))
    assert np.array_equal(x, before)
    assert np.array_equal(one.unmixing_, other.unmixing_)
    assert np.array_equal(one.null_, other.null_)


def test_a_permutation_of_the_columns_permutes_the_answer(world):
    """To the angle at which a start counts as converged, 1 - cos <= 1e-6."""
    sample = world.sample(1200, seed=2)
    x = world.render(sample)
    order = [3, 0, 5, 1, 4, 2]
    one = HCA(resamples=0, draws=20, starts=3).fit(x, sample.labels)
    other = HCA(resamples=0, draws=20, starts=3).fit(x[:, order], sample.labels)
    assert one.mic_ == pytest.approx(other.mic_, abs=3e-3)
    assert np.allclose(one.mixing_[order], other.mixing_, atol=0.03 * np.abs(one.mixing_).max())


def test_gaussian_noise_is_said_not_to_be_identifiable():
    world = CapabilitiesWorld(noise="gaussian", seed=1)
    sample = world.sample(1200, seed=1)
    found = HCA(resamples=0, draws=20, starts=3).fit(world.render(sample), sample.labels)
    assert found.gaussian_
    assert any("not identifiable" in doubt for doubt in found.doubts_)


def test_a_saved_model_answers_as_before(fitted, world, tmp_path):
    fitted.save_pretrained(tmp_path / "model")
    again = HCA.from_pretrained(tmp_path / "model")
    rows = world.render(world.sample(5, seed=3))
    assert np.array_equal(fitted.transform(rows), again.transform(rows))
    for group in fitted.groups_:
        asked = {"do": "do(z2=shift(1))", "group": group}
        assert np.array_equal(fitted.counterfactual(rows, **asked), again.counterfactual(rows, **asked))
        assert fitted.shift_effects("z1", group) == again.shift_effects("z1", group)
    for name in ("doubts_", "orders_", "named_", "alignments_", "left_out_", "mic_", "p_value_"):
        assert getattr(fitted, name) == getattr(again, name), name
    again.save_pretrained(tmp_path / "twice")
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / "model" / name).read_bytes() == (tmp_path / "twice" / name).read_bytes()


def test_options_are_those_of_scikit_learn(fitted):
    assert HCA().set_params(factors=2).get_params()["factors"] == 2
    with pytest.raises(OptionError, match="HCA has no option 'factor'"):
        HCA(factor=2)
    with pytest.raises(OptionError, match="draws is at least 20"):
        HCA(draws=3)


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda x: x.__setitem__((3, 1), np.nan), "'score_2' has no number in row 3 .*complete"),
        (lambda x: x.__setitem__((slice(None), 2), 7.0), "'score_3' is 7 in every row"),
        (lambda x: x.__setitem__((slice(None), 4), 2 * x[:, 0]), "'score_1' and 'score_5' are the same up to scale"),
    ],
)
def test_scores_that_would_mislead_are_refused(world, spoil, said):
    sample = world.sample(800, seed=1)
    x = world.render(sample).copy()
    spoil(x)
    with pytest.raises(DataError, match=said):
        HCA().fit(x, sample.labels)


def test_shares_beside_per_cents_are_refused():
    rng = np.random.default_rng(0)
    x = rng.random((500, 5)) * [1, 100, 100, 1, 100]
    with pytest.raises(
        DataError, match="score_1, score_4 look like shares of 1 and score_2, score_3, score_5 like per"
    ):
        HCA().fit(x, ["a", "b", "c", "d", "e"] * 100)


def test_too_few_groups_or_scores_are_refused(world):
    sample = world.sample(800, seed=1)
    x = world.render(sample)
    with pytest.raises(IdentifiabilityError, match="the rows are of 1 group"):
        HCA().fit(x, ["a"] * 800)
    with pytest.raises(IdentifiabilityError, match=r"3 latents need 4 groups of 100 rows or more .* found 2"):
        HCA().fit(x, ["a", "b"] * 400)
    with pytest.raises(DataError, match="6 latents need more than 6 scores, got 6"):
        HCA(factors=6).fit(x, sample.labels)
    with pytest.raises(DataError, match="800 rows and 3 groups"):
        HCA().fit(x, ["a", "b", "c"])
    with pytest.raises(DataError, match="'name' is no score: it holds labels such as 'x'"):
        HCA().fit(Table.of({"name": ["x", "y"] * 400, **{f"s{k}": x[:, k] for k in range(5)}}), sample.labels)


def test_unknown_latents_and_groups_are_refused(fitted, world):
    rows = world.render(world.sample(2, seed=9))
    with pytest.raises(UnknownVariableError, match="z9"):
        fitted.counterfactual(rows, "do(z9=1)", group="base 1")
    with pytest.raises(OptionError, match="there is no group 'base 9'"):
        fitted.shift_effects("z1", "base 9")
    with pytest.raises(DataError, match="rows have 6 scores, got 2"):
        fitted.transform(rows[:, :2])


# -- leaderboards ------------------------------------------------------------------------------------------------------


def board(**more):
    columns = {
        "fullname": ["a/Llama-3-8B-x", "b/Llama-3.1-8B-y", "c/mystery", "d/unknown"],
        "Base Model": ["", "", "Qwen/Qwen2.5-7B", ""],
        "Architecture": ["?", "?", "?", "Gemma2ForCausalLM"],
        "#Params (B)": [8.0, 8.0, 7.6, 9.4],
    }
    return Table.of(columns | more)


def test_rules_look_at_the_name_first_then_at_what_it_was_made_from_then_at_the_architecture():
    found = group_by_base(board())
    assert found.labels.tolist() == ["Llama-3-8B", "Llama-3.1-8B", "Qwen2.5-7B", "Gemma-2-9B"]
    assert found.by.tolist() == ["fullname", "fullname", "Base Model", "architecture"]
    assert "4 of 4 rows have a base model" in str(found)


def test_rules_are_data(tmp_path):
    (tmp_path / "rules.csv").write_text("base,pattern\nmine,^a/\n")
    found = group_by_base(board(), rules=read_rules(tmp_path / "rules.csv"), architecture=None)
    assert found.labels.tolist() == ["mine", "", "", ""]
    assert found.unmatched == ("b/Llama-3.1-8B-y", "c/mystery", "d/unknown")


def test_bad_rules_and_tables_are_refused(tmp_path):
    with pytest.raises(FormatError, match="no regular expression"):
        BaseRule("x", "(")
    with pytest.raises(FormatError, match="either a pattern or an architecture"):
        BaseRule("x")
    (tmp_path / "rules.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match="the columns `base` and `pattern` are needed"):
        read_rules(tmp_path / "rules.csv")
    with pytest.raises(DataError, match="the table lacks nothing; it has fullname"):
        group_by_base(board(), ["nothing"])
    with pytest.raises(DataError, match="no rule matches a row"):
        group_by_base(board(), rules=[BaseRule("x", "zzz")])
    with pytest.raises(FormatError, match=r"there is no file or folder \./nowhere"):
        read_leaderboard("./nowhere")


def test_results_of_the_evaluation_harness_are_rows(tmp_path):
    for name, score in (("one", 0.25), ("two", 0.5)):
        (tmp_path / name).mkdir()
        text = {"results": {"arc": {"acc,none": score, "alias": "arc"}}, "model_name": f"org/{name}"}
        (tmp_path / name / "results_1.json").write_text(json.dumps(text))
    table = read_leaderboard(tmp_path)
    assert list(table.labels("fullname")) == ["org/one", "org/two"]
    assert table.column("arc").tolist() == [25.0, 50.0]
    (tmp_path / "one" / "results_1.json").write_text("{}")
    with pytest.raises(FormatError, match="no result of lm-evaluation-harness"):
        read_leaderboard(tmp_path)


def test_the_command_writes_a_report_and_prints_json(world, tmp_path):
    sample = world.sample(800, seed=1)
    scores = world.render(sample)
    columns = {f"s{k}": (50 + scores[:, k]).clip(0, 100) for k in range(6)}
    Table.of({"base": sample.labels, **columns}).to_pandas().to_csv(tmp_path / "board.csv", index=False)
    line = ["capabilities", str(tmp_path / "board.csv"), "--group", "base", "--bootstrap", "2"]
    done = CliRunner().invoke(app, [*line, "--out", str(tmp_path / "run"), "--json"], catch_exceptions=False)
    found = json.loads(done.stdout)
    assert found["scores"] == list(columns)
    assert len(found["effects"]) == 4 * 3 * 6
    page = (tmp_path / "run" / "report.html").read_text()
    assert "unrelated groups" in page
    assert "do(z3 += 1 sd)" in page


def test_rows_that_cannot_be_used_are_counted(world):
    sample = world.sample(900, seed=1)
    scores = world.render(sample).clip(-50, 50) + 50
    columns = {f"s{k}": scores[:, k].copy() for k in range(6)}
    columns["s2"][5] = np.nan
    names = [f"m{k}" for k in range(900)]
    names[10] = names[14]
    base = sample.labels.astype(object)
    base[:3] = None
    table = Table.of({"fullname": names, "base": base, **columns})
    found = capabilities(table, group="base", resamples=0, draws=20, starts=3)
    assert found.dropped == {
        "no base model": 3,
        "a score is missing": 1,
        "the same model again, such as in another precision": 1,
    }
    assert found.used == 895


@pytest.mark.slow
@pytest.mark.skipif(not LEADERBOARD.is_file(), reason="the leaderboard beside the project is not there")
def test_the_public_leaderboard_gives_what_its_paper_reports():
    """Four bases share a subspace, two named ones do not, mathematics comes last; orders are only reported."""
    found = capabilities(LEADERBOARD, resamples=0, draws=40).model
    assert set(found.groups_) == {"Llama-3-8B", "Llama-3.1-8B", "Qwen2.5-7B", "Qwen2.5-14B"}
    kept = [found.large_.index(name) for name in found.groups_]
    assert found.distances_[np.ix_(kept, kept)].max() <= 0.03
    for other in ("Gemma-2-9B", "Mistral-7B"):
        assert found.distances_[found.large_.index(other), kept].min() >= 0.15
    assert found.mic_ <= 0.05
    assert found.p_value_ <= 0.05
    assert found.named_[-1] == "MATH Lvl 5"
