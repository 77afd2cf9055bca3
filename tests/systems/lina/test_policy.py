"""The policy against scikit-learn's ridge, planted truth and its absence; marks by brute force; the scene by hand."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score

from aitia.errors import OptionError, UnknownVariableError
from aitia.systems.lina.marks import Marks, Wants, told_apart
from aitia.systems.lina.policy import _ridge, learn_policy, shrunk
from aitia.systems.lina.scene_graph import hops, scene_graph


def planted(n=120, seed=0, strength=1.0):
    """Prompts whose first number says which of two settings is better; the third setting is the best on average."""
    rng = np.random.default_rng(seed)
    h = rng.standard_normal((n, 6))
    scores = np.stack([0.5 + strength * h[:, 0], 0.5 - strength * h[:, 0], np.full(n, 0.55)], axis=1)
    return h, scores + 0.05 * rng.standard_normal((n, 3)), np.arange(n).astype(str)


@pytest.mark.parametrize("penalty", [0.1, 3.0])
def test_the_ridge_is_that_of_scikit_learn(penalty):
    h, scores, _ = planted()
    base, weights = _ridge(h, scores, penalty)
    theirs = Ridge(alpha=penalty * len(h)).fit(h, scores)
    assert np.allclose(weights, theirs.coef_.T, atol=1e-8)
    assert np.allclose(base, theirs.intercept_, atol=1e-8)


def test_what_depends_on_the_prompt_is_learnt_and_chosen_on_new_prompts():
    policy = learn_policy(*planted(), 6)
    h, scores, _ = planted(seed=1)
    picked = scores[np.arange(len(h)), policy.choose(h)].mean()
    assert policy.single == 2
    assert picked > scores[:, 2].mean() + 0.5
    assert picked > 0.95 * scores.max(1).mean()
    assert policy.gain > 0.5


def test_where_nothing_depends_on_the_prompt_all_get_the_best_for_all():
    h, scores, groups = planted(strength=0.0)
    policy = learn_policy(h, scores + np.array([0.0, 0.0, 0.2]), groups, 6)
    assert set(policy.choose(planted(seed=3)[0]).tolist()) == {2}
    assert policy.penalty == float("inf")
    assert policy.gain == 0


def test_prompts_of_one_group_say_nothing_of_each_other():
    """Copies of noise: by rows held out it looks learnable, by groups it does not."""
    rng = np.random.default_rng(0)
    h, scores = (np.repeat(rng.standard_normal((16, k)), 8, axis=0) for k in (15, 3))
    groups = np.repeat(np.arange(16), 8)
    apart, together = (learn_policy(h, scores, of, 15) for of in (np.arange(128), groups))
    assert apart.gain > together.gain + 0.3


def test_marks_of_a_prompt_count_as_far_as_they_are_no_chance():
    rng = np.random.default_rng(1)
    h, means, groups = planted(strength=0.0)
    own = means + 0.3 * rng.standard_normal(means.shape)
    exact = np.repeat(own[:, :, None], 4, axis=2)
    policy = learn_policy(h, exact.mean(2), groups, 6)
    found, kept = shrunk(policy, h, exact)
    assert kept == pytest.approx(1)
    assert (found.argmax(1) == own.argmax(1)).all()
    noisy = means.mean(0)[None, :, None] + rng.standard_normal((*means.shape, 4))
    assert shrunk(learn_policy(h, noisy.mean(2), groups, 6), h, noisy)[1] < 0.2
    assert shrunk(policy, h, exact[:, :, :1])[1] == 0  # one picture says nothing of chance


def drawn(n=9, samples=3, seed=0):
    rng = np.random.default_rng(seed)
    said = {"colour": rng.dirichlet(np.ones(3), (n, samples)), "shape": rng.dirichlet(np.ones(2), (n, samples))}
    labels = {"colour": ("red", "green", "blue"), "shape": ("disc", "bar")}
    codes = np.stack([rng.integers(-1, 3, n), rng.integers(0, 2, n)], axis=1)
    return Marks(said), Wants(labels, codes)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**16))
def test_marks_are_products_and_all_that_is_wanted(seed):
    marks, wants = drawn(seed=seed)
    for row, sample in itertools.product(range(9), range(3)):
        own, right = 1.0, True
        for place, name in enumerate(wants.labels):
            code = wants.codes[row, place]
            if code >= 0:
                own *= marks.said[name][row, sample, code]
                right &= bool(marks.said[name][row, sample].argmax() == code)
        assert marks.likely(wants)[row, sample] == pytest.approx(own)
        assert marks.joint(wants)[row, sample] == right
    assert np.array_equal(marks.take([2, 4]).likely(wants.take([2, 4])), marks.likely(wants)[[2, 4]])
    other = wants.of_others()
    assert (other.codes != wants.codes).any(1).all()


def test_an_evaluator_that_says_yes_to_everything_tells_nothing_apart():
    marks, wants = drawn(40)
    same = Marks({name: np.broadcast_to(values.mean((0, 1)), values.shape) for name, values in marks.said.items()})
    assert abs(told_apart(same, wants) - 0.5) < 0.1
    only = Wants({"shape": wants.labels["shape"]}, wants.codes[:, 1:])
    own, theirs = (Marks({"shape": marks.said["shape"]}).likely(one).ravel() for one in (only, only.of_others()))
    expected = roc_auc_score(np.arange(240) < 120, np.concatenate([own, theirs]))
    assert told_apart(Marks({"shape": marks.said["shape"]}), only) == pytest.approx(expected)
    perfect = Marks({"shape": np.eye(2)[only.codes[:, [0, 0, 0]]]})
    assert told_apart(perfect, only) == 1
    assert np.isnan(told_apart(perfect, Wants(only.labels, only.codes * 0)))


def test_hops_are_counted_from_what_is_told():
    names = ("hold", "level", "mirror", "side", "haze", "sky")
    graph = scene_graph("hold -> level; level -> mirror; side -> mirror; haze -> sky", names)
    told = {"hold": 1.0, "side": 0.9, "level": 0.1}
    assert hops(graph, told) == {"hold": 0, "level": 1, "mirror": 2, "side": 0, "haze": -1, "sky": -1}
    assert scene_graph(None, ()) is None


def test_a_scene_with_a_cycle_or_an_unknown_name_is_refused():
    with pytest.raises(UnknownVariableError, match="Did you mean 'shadow'"):
        scene_graph("light -> shadwo", ("light", "shadow"))
    with pytest.raises(OptionError, match="the graph of a scene says what determines what"):
        scene_graph("light -> shadow; shadow -> day; day -> light", ("light", "shadow", "day"))
