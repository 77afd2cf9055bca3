"""The score of the suite: both numbers that go by the name MCC, R2, angles, categories, constants."""

import numpy as np
import pytest

from aitia.data.table import Table
from aitia.errors import DataError, InterventionError, OptionError
from aitia.representations import rows_of
from aitia.system import Given, load, verbs_of
from aitia.system.example import example_of
from aitia.systems.causalverse import CausalVerse, CausalVerseConfig

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(600, 2))


def score(codes, angles=(), seed=0, **labels):
    n = len(next(iter(labels.values())))
    rows = rows_of(np.zeros((n, 1)), labels)
    return CausalVerse(seed=seed).score(codes, rows, truth=[*labels], **({"angle": [*angles]} if angles else {}))


def test_the_truth_in_another_order_and_scale_scores_one():
    found = score(Z[:, ::-1] * [-3, 2], a=Z[:, 0], b=Z[:, 1])
    assert found.mcc == pytest.approx(1)
    assert found.r2 > 0.99


def test_a_turned_truth_has_all_of_r2_and_not_of_mcc():
    turn = np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    found = score(Z @ turn, a=Z[:, 0], b=Z[:, 1])
    assert found.r2 > 0.99
    assert found.mcc < 0.8


def test_one_latent_for_two_variables_is_a_high_best_correlation_and_a_low_mcc():
    a = Z[:, 0]
    found = score(np.column_stack([a, Z[:, 1]]), a=a, b=a + 0.01 * RNG.normal(size=600))
    assert found.best_correlation > 0.99
    assert found.mcc < 0.6


def test_angles_count_by_sine_and_cosine():
    turn = RNG.uniform(-np.pi, np.pi, 600)
    found = score(np.column_stack([np.sin(turn), np.cos(turn)]), turn=turn, angles=("turn",))
    assert found.mcc == pytest.approx(1)
    assert set(found.r2_by_variable) == {"sin turn", "cos turn"}


def test_categories_count_by_accuracy_beside_the_most_frequent_one():
    kind = (Z[:, 0] > 0.5).astype(int)
    found = score(Z, a=Z[:, 1], kind=np.array(["u", "v"])[kind])
    assert set(found.r2_by_variable) == {"a"}
    assert found.accuracy["kind"] > 0.95
    assert found.majority["kind"] == pytest.approx(1 - kind.mean(), abs=0.05)


def test_of_many_rows_those_that_are_scored_are_held_against_their_own_codes():
    z = np.random.default_rng(5).normal(size=(4400, 1))
    assert score(z, kind=np.where(z[:, 0] > 0, "u", "v")).accuracy["kind"] > 0.95


def test_a_constant_variable_is_left_out_and_named():
    found = score(Z, a=Z[:, 0], still=np.full(600, 0.5))
    assert found.dropped == ("still",)
    assert found.mcc == pytest.approx(1)


def test_with_fewer_latents_than_variables_there_is_no_mcc_but_the_rest():
    found = score(Z[:, :1], a=Z[:, 0], b=Z[:, 1])
    assert found.mcc is None
    assert found.r2_by_variable["a"] > 0.99


def test_clips_count_frame_by_frame_and_constants_of_a_clip_in_every_frame():
    z = RNG.normal(size=(60, 8, 2))
    mass = RNG.normal(size=60)
    data = rows_of(np.zeros((60, 8, 1)), {"a": z[..., 0], "mass": mass})
    codes = np.concatenate([z[..., :1], np.repeat(mass[:, None, None], 8, axis=1)], axis=2)
    assert CausalVerse().score(codes, data, truth=["a", "mass"]).mcc == pytest.approx(1)


def test_codes_of_other_rows_labels_that_are_absent_and_all_constant_are_refused():
    with pytest.raises(DataError, match=r"codes have shape \(5, 2\), expected one row for each of the 600"):
        score(Z[:5], a=Z[:, 0])
    with pytest.raises(DataError, match="the data offers none"):
        CausalVerse().score(Z, Table.of({"id": np.arange(600), "env": ["p", "q"] * 300}))
    with pytest.raises(DataError, match="every label of the data is constant"):
        score(Z, a=np.full(600, 0.5))


# -- the contract ------------------------------------------------------------------------------------------------------


def test_codes_of_a_file_are_judged_beside_random_ones(tmp_path):
    example = example_of("causalverse", tmp_path, 0)
    suite = CausalVerse().fit(example.files, **example.roles)
    assert suite.codes == ("z1", "z2", "z3")
    given = suite.given(example.files)
    scores = suite.judge(given, given)
    assert list(scores) == ["MCC", "R2", "best correlation", "accuracy"]
    assert scores["MCC"].value > 0.85 > 0.4 > scores["MCC"].baselines["random codes"]
    assert scores["R2"].value > 0.95 > 0.3 > scores["R2"].baselines["random codes"]
    assert scores["accuracy"].value > 0.85 > scores["accuracy"].baselines["most frequent"]
    told = suite.score(given.table.matrix(suite.codes), given)
    assert (told.mcc, told.r2) == (scores["MCC"].value, scores["R2"].value)
    assert "mass" in str(suite.report(given)[0])
    suite.save_pretrained(tmp_path / "saved")
    again = load(tmp_path / "saved")
    assert again.judge(given, given) == scores
    assert (again.codes, again.roles) == (suite.codes, suite.roles)
    assert verbs_of(CausalVerse) == CausalVerse.card.verbs == ()


def test_codes_that_are_named_and_codes_of_clips_are_judged():
    a = np.random.default_rng(0).normal(size=(60, 5))
    rows = rows_of(np.zeros((60, 5, 1)), {"mine": 2 * a, "z1": a * 0 + np.arange(5), "a": a})
    named = CausalVerse().fit(rows, code="mine", truth="a")
    assert named.judge(named.given(rows), named.given(rows))["MCC"].value == pytest.approx(1)
    other = CausalVerse().fit(rows, truth="a")
    assert other.codes == ("z1",)
    assert other.judge(other.given(rows), other.given(rows))["MCC"].value < 0.3


def test_rows_without_codes_or_true_variables_are_refused_and_do_says_why():
    with pytest.raises(DataError, match=r"no codes: name their columns \(--code\), or call them z1"):
        CausalVerse().fit(Table.of({"a": [0.1, 0.2]}))
    with pytest.raises(DataError, match="a score needs labels"):
        CausalVerse().fit(Table.of({"z1": [0.1, 0.2]}))
    with pytest.raises(InterventionError, match="causalverse answers no do: Nothing: it judges codes"):
        CausalVerse().do(z1=0)
    with pytest.raises(OptionError, match="seed is 0 or more"):
        CausalVerseConfig(seed=-1)
    with pytest.raises(OptionError, match="call fit first"):
        CausalVerse().save_pretrained("nowhere")


def test_members_are_compared_and_those_that_lack_something_say_what():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(300, 2))
    rows = rows_of(np.column_stack([a, a @ rng.normal(size=(2, 3))]), {"a": a[:, 0], "b": a[:, 1]})
    quick = {"latents": 2, "steps": 300, "hidden": 16, "batch": 32, "learning_rate": 5e-3}
    table = CausalVerse().compare(rows, truth=["a", "b"], only=["supervised", "vae", "ivae", "tdrl"], **quick)
    assert table.labels("member").tolist() == ["supervised", "vae", "ivae", "tdrl"]
    assert table.column("R2")[0] > 0.9
    assert table.column("R2")[1] > 0.5
    assert np.isnan(table.column("R2")[2:]).all()
    lacks = table.texts("lacks")
    assert lacks[:2] == ["", ""]
    assert "ivae needs which setting a row is from" in lacks[2]
    assert "tdrl takes clips" in lacks[3]
    with pytest.raises(OptionError, match="no member 'gcrl'"):
        CausalVerse().compare(rows, only=["gcrl"])


def test_a_world_is_scored_on_all_its_variables():
    from aitia.systems.causalverse import members
    from aitia.worlds import SpringWorld

    given = Given.of_world(members()["vae"].card, SpringWorld(), 60, seed=0, size=8)
    codes = np.random.default_rng(0).normal(size=(60, 6))
    told = CausalVerse().score(codes, given)
    assert set(told.r2_by_variable) | set(told.dropped) >= set(SpringWorld().names)
