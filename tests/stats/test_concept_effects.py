"""Effects of concepts: by hand, and where confounding makes them differ."""

import numpy as np
import pytest

from aitia.errors import DataError, OptionError, UnknownVariableError
from aitia.stats.concept_effects import SLearner, cace, conexp, effect_size, icace


def _confounded(n, seed):
    """C copies Z with probability 0.8; f = 0.1 + 0.2 C + 0.5 Z, so the effect of C is 0.2 and CONEXP is larger."""
    rng = np.random.default_rng(seed)
    z = rng.integers(0, 2, n)
    c = np.where(rng.random(n) < 0.8, z, 1 - z)
    p = 0.1 + 0.2 * c + 0.5 * z
    return c, z, np.stack([1 - p, p], axis=1)


def test_effects_of_pairs_and_their_means_by_hand():
    effects = icace([[0.5, 0.5], [0.2, 0.8]], [[0.9, 0.1], [0.2, 0.8]])
    assert effects == pytest.approx(np.array([[0.4, -0.4], [0, 0]]))
    assert cace(effects)[None] == pytest.approx([0.2, -0.2])
    assert cace(effects, ["a", "b"])["b"] == pytest.approx([0, 0])
    assert effect_size(effects) == pytest.approx(0.4)


def test_the_mean_effect_over_all_pairs_is_the_mean_of_the_groups_by_their_shares():
    rng = np.random.default_rng(0)
    effects, groups = rng.normal(size=(50, 3)), rng.choice(["a", "b"], 50).tolist()
    means = cace(effects, groups)
    mixed = sum(means[name] * groups.count(name) / 50 for name in means)
    assert mixed == pytest.approx(cace(effects)[None])


def test_conexp_holds_the_confounder_and_the_s_learner_does_not():
    c, z, outputs = _confounded(20_000, 1)
    # E[Z | C=1] - E[Z | C=0] = 0.8 - 0.2, so that CONEXP is 0.2 + 0.5 * 0.6.
    assert conexp(outputs, c.tolist(), 0, 1)[1] == pytest.approx(0.5, abs=0.02)
    assert conexp(outputs[:, 1], c.tolist(), 1, 0) == pytest.approx(-0.5, abs=0.02)
    learner = SLearner({"c": c.tolist(), "z": z.tolist()}, outputs, strength=1e3)
    effect = learner.effect({"c": [0] * 1000, "z": z[:1000].tolist()}, "c", 1)[:, 1].mean()
    # Additive in log odds and not in probability: near, not equal.
    assert effect == pytest.approx(0.2, abs=0.03)


def test_an_s_learner_of_a_constant_box_says_no_effect():
    learner = SLearner({"c": [0, 1, 0]}, [[1.0, 0.0]] * 3)
    assert learner.effect({"c": [0]}, "c", 1).tolist() == [[0.0, 0.0]]


def test_an_s_learner_fits_saturated_probabilities_exactly():
    outputs = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
    learner = SLearner({"c": ["x", "y"]}, outputs, strength=1e6)
    assert learner.predict({"c": ["x", "y"]}) == pytest.approx(outputs, abs=1e-3)


def test_mistakes_have_their_sentence():
    with pytest.raises(DataError, match=r"before has shape \(1,\) and after \(2,\)"):
        icace([1.0], [1.0, 2.0])
    with pytest.raises(DataError, match="there are 1 effects and 2 groups"):
        cace([1.0], ["a", "b"])
    with pytest.raises(DataError, match="not finite in row 1"):
        effect_size([1.0, np.nan])
    with pytest.raises(DataError, match=r"no text has the concept value 'maybe'; there are no, yes"):
        conexp([1.0, 2.0], ["no", "yes"], "no", "maybe")
    with pytest.raises(DataError, match="2 outputs"):
        conexp([1.0, 2.0], ["no"], "no", "yes")
    with pytest.raises(DataError, match="two or more probabilities"):
        SLearner({"c": [0, 1]}, [1.0, 2.0])
    with pytest.raises(OptionError, match="strength is positive"):
        SLearner({"c": [0, 1]}, np.eye(2), strength=0)
    with pytest.raises(DataError, match="concept 'c' has one value for each of the 2 texts, none missing"):
        SLearner({"c": [0, None]}, np.eye(2))
    learner = SLearner({"c": [0, 1]}, np.eye(2))
    with pytest.raises(UnknownVariableError, match="'d' is not a variable of this S-learner"):
        learner.effect({"c": [0]}, "d", 1)
    with pytest.raises(DataError, match="concept 'c' was never 2, only 0, 1"):
        learner.predict({"c": [2]})
    with pytest.raises(DataError, match="the concept 'c' is missing"):
        learner.predict({"d": [2]})
