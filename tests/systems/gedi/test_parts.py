"""The parts of the loss, the steps, the views and the measures, against closed forms, brute force and scikit-learn."""

import itertools
import math

import numpy as np
import pytest
import sklearn.decomposition
import sklearn.metrics
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from aitia.systems.gedi import GediConfig
from aitia.systems.gedi.agreement import adjusted_mutual_information, matched_accuracy, mutual_information
from aitia.systems.gedi.groups import Components, KMeans
from aitia.systems.gedi.judge import mixed
from aitia.systems.gedi.losses import bound, invariance, sums, usage
from aitia.systems.gedi.network import Network
from aitia.systems.gedi.rivals import balanced
from aitia.systems.gedi.sampling import langevin, replayed
from aitia.systems.gedi.views import viewed
from aitia.worlds.digits import shifted

SEEDS = st.integers(0, 2**31 - 1)
STILL = {"turn": 0.0, "zoom": 0.0, "shift": 0.0, "light": 0.0, "grain": 0.0}


def normal(seed, *shape, scale=1.0):
    return torch.from_numpy(scale * np.random.default_rng(seed).standard_normal(shape)).double()


def shares(seed, k):
    drawn = np.random.default_rng([seed, 1]).dirichlet(np.ones(k))
    return torch.from_numpy((drawn + 1e-3) / (drawn + 1e-3).sum())


# -- the bound and its failure modes -----------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(seed=SEEDS, n=st.integers(1, 12), k=st.integers(2, 6), scale=st.floats(0.01, 50))
def test_no_network_is_below_the_bound(seed, n, k, scale):
    a, b, prior = normal(seed, n, k, scale=scale), normal(seed + 1, n, k, scale=scale), shares(seed, k)
    found = bound(a, b, prior)
    assert found.invariance >= -1e-9
    assert found.usage >= -1e-9
    entropy = -float((prior * prior.log()).sum())
    total = float(invariance(a, b) + usage(torch.cat([a, b]), prior))
    assert found.gap == pytest.approx(total - entropy, abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(seed=SEEDS, n=st.integers(2, 9), k=st.integers(2, 5))
def test_both_parts_are_cross_entropies(seed, n, k):
    a, b, prior = normal(seed, n, k), normal(seed + 1, n, k), shares(seed, k)
    theirs = (cross_entropy(b, a.softmax(1)) + cross_entropy(a, b.softmax(1))) / 2
    assert float(invariance(a, b)) == pytest.approx(float(theirs), abs=1e-9)
    mean = a.softmax(1).mean(0)
    assert float(usage(a, prior)) == pytest.approx(-float((prior * mean.log()).sum()), abs=1e-9)


def certain(clusters, k, size=40.0):
    return size * torch.eye(k, dtype=torch.float64)[torch.tensor(clusters)]


def test_what_reaches_the_bound_is_certain_shared_and_used_by_the_prior_and_each_failure_is_above_it():
    prior = torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64)
    right = certain([0, 0, 1, 2], 3)
    assert bound(right, right, prior).gap == pytest.approx(0, abs=1e-12)
    same = torch.zeros(4, 3, dtype=torch.float64)  # one answer for all rows
    assert bound(same, same, prior).invariance == pytest.approx(math.log(3))
    collapsed = certain([0, 0, 0, 0], 3)  # all rows in one cluster: infinite as the answer grows certain
    told = bound(collapsed, collapsed, prior)
    assert told.invariance == pytest.approx(0, abs=1e-12)
    assert told.usage == pytest.approx(0.5 * 40 + 0.5 * math.log(0.5) + 0.5 * math.log(0.25), rel=1e-6)
    apart = bound(right, certain([2, 1, 0, 0], 3), prior)  # clusters that the views do not share
    assert apart.usage == pytest.approx(0, abs=1e-12)
    assert apart.invariance == pytest.approx(40, rel=1e-6)
    even = torch.full((3,), 1 / 3, dtype=torch.float64)
    assert bound(right, right, even).gap > 0.05, "a prior that is not that of the clusters is not reached by them"


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS, k=st.integers(2, 5))
def test_the_probability_of_a_sum_is_that_over_all_pairs(seed, k):
    a, b = normal(seed, 3, k), normal(seed + 1, 3, k)
    p, q = a.softmax(1), b.softmax(1)
    every = [torch.full((3,), total) for total in range(2 * k - 1)]
    found = torch.stack([(-sums(a, b, total)).exp() for total in every])
    assert torch.allclose(found.sum(0), torch.ones(3, dtype=torch.float64))
    for total in range(2 * k - 1):
        brute = sum(p[:, i] * q[:, j] for i, j in itertools.product(range(k), repeat=2) if i + j == total)
        assert torch.allclose(found[total], brute)


# -- Langevin steps ----------------------------------------------------------------------------------------------------


def box(size=100.0):
    return torch.full((1,), -size), torch.full((1,), size)


def test_steps_on_a_parabola_have_the_variance_of_their_recursion():
    """x <- (1 - a/2) x + s e has the variance s^2 / (1 - (1 - a/2)^2); at s^2 = a -> 0 that is 1, the density's own."""
    a, s = 0.4, 0.5
    start = torch.zeros(20_000, 1)
    x = langevin(lambda z: -(z**2).sum(1) / 2, start, 40, (a, s), box(), generator=torch.Generator().manual_seed(0))
    expected = s**2 / (1 - (1 - a / 2) ** 2)
    assert float(x.var()) == pytest.approx(expected, rel=5 * math.sqrt(2 / 20_000))
    assert abs(float(x.mean())) < 5 * math.sqrt(expected / 20_000)


def test_steps_without_noise_go_uphill_stay_in_the_box_and_move_what_is_free():
    start = torch.tensor([[1.0, -3.0]])
    free = torch.tensor([[True, False]])
    x = langevin(lambda z: -(z**2).sum(1) / 2, start, 1, (0.5, 0.0), box(), free=free)
    assert torch.equal(x, torch.tensor([[0.75, -3.0]]))
    up = langevin(lambda z: z.sum(1), start, 9, (2.0, 0.0), box(2.5))
    assert torch.equal(up, torch.tensor([[2.5, 2.5]]))
    settled = langevin(lambda z: z.sum(1), torch.zeros(1, 1), 3, (2.0, 0.0), box(), settle=True)
    assert float(settled) == pytest.approx(1 + (1 - 0.475) + 0.05)
    assert torch.equal(start, torch.tensor([[1.0, -3.0]])), "where it begins is not changed"


def test_the_buffer_takes_up_the_draws_that_were_walked_on_with():
    config = GediConfig(clusters=2, hidden=8, buffer=30, restart=0.0, walk=2)
    torch.manual_seed(0)
    net = Network(config, (2,))
    before = net.noise(30)
    net.replay.copy_(before)
    drawn = replayed(net, config, 6)
    moved = (net.replay != before).any(1)
    assert 1 <= int(moved.sum()) <= 6
    assert all((net.replay == one).all(1).any() for one in drawn[-1:])
    assert (drawn >= net.low).all()
    assert (drawn <= net.high).all()


# -- views -------------------------------------------------------------------------------------------------------------


def test_a_view_that_may_change_nothing_changes_nothing():
    x = torch.rand(4, 3, 6, 6) * 2 - 1
    assert torch.allclose(viewed(x, GediConfig(**STILL)), x, atol=1e-5)
    rows = torch.randn(4, 3)
    assert torch.equal(viewed(rows, GediConfig(grain=0.0)), rows)


@pytest.fixture
def largest(monkeypatch):
    """Every draw of a change is the largest."""
    monkeypatch.setattr(torch, "rand", lambda n, device=None: torch.ones(n))


def test_turns_shifts_light_and_mirrors_are_what_they_are_called(largest, monkeypatch):
    ink = np.zeros((1, 8, 8), dtype=np.uint8)
    ink[0, 2:6, 3:5] = 7
    ink[0, 2, 3] = 15
    x = torch.from_numpy(ink / 7.5 - 1).float()[:, None]
    turned = viewed(x, GediConfig(**{**STILL, "turn": 90.0}))
    assert any(torch.allclose(turned, torch.rot90(x, k, (2, 3)), atol=1e-4) for k in (1, 3))
    moved = viewed(x, GediConfig(**{**STILL, "shift": 1 / 8}))
    by_hand = shifted(ink, np.array([-1]), np.array([-1]))
    assert torch.allclose(moved[:, 0], torch.from_numpy(by_hand / 7.5 - 1).float(), atol=1e-4)
    lit = viewed(x, GediConfig(**{**STILL, "light": 0.5}))
    assert torch.allclose(lit, ((x + 1) * 1.5 - 1).clamp(-1, 1), atol=1e-5)
    monkeypatch.setattr(torch, "rand", lambda n, device=None: torch.full((n,), 0.49))
    assert torch.allclose(viewed(x, GediConfig(**STILL, flip=True)), x.flip(3), atol=1e-4)


# -- measures and rivals -----------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(seed=SEEDS, n=st.integers(2, 60), k=st.integers(1, 6), m=st.integers(1, 6))
def test_agreement_is_that_of_scikit_learn(seed, n, k, m):
    random = np.random.default_rng(seed)
    a, b = random.integers(0, k, n), random.integers(0, m, n)
    assert mutual_information(a, b) == pytest.approx(sklearn.metrics.normalized_mutual_info_score(a, b), abs=1e-9)
    if len(set(a)) > 1 or len(set(b)) > 1:
        theirs = sklearn.metrics.adjusted_mutual_info_score(a, b)
        assert adjusted_mutual_information(a, b) == pytest.approx(theirs, abs=1e-7)
    names = sorted(set(b))
    best = max(
        np.mean([a[i] == dict(zip(names, way, strict=True))[b[i]] for i in range(n)])
        for way in itertools.permutations(range(max(k, m)), len(names))
    )
    assert matched_accuracy(a, b) == pytest.approx(best)


def test_k_means_and_components_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    x = random.normal(size=(150, 5)) + 8 * random.normal(size=(3, 5))[random.integers(0, 3, 150)]
    ours, theirs = KMeans(x, 3), sklearn.cluster.KMeans(3, n_init=10, random_state=0).fit(x)
    assert (ours.distance(x) ** 2).sum() == pytest.approx(theirs.inertia_, rel=1e-6)
    assert mutual_information(ours.predict(x), theirs.labels_) == pytest.approx(1)
    parts = sklearn.decomposition.PCA(0.9, svd_solver="full").fit(x)
    back = np.linalg.norm(x - parts.inverse_transform(parts.transform(x)), axis=1)
    assert np.allclose(Components(x).left_out(x), back)


@settings(deadline=None, max_examples=20)
@given(seed=SEEDS, n=st.integers(2, 20), d=st.integers(1, 6))
def test_mixed_rows_keep_every_column_and_no_number_of_their_row(seed, n, d):
    x = np.arange(n * d, dtype=float).reshape(n, d)
    strange = mixed(x, seed)
    assert np.array_equal(np.sort(strange, axis=0), x)
    assert n < 2 or len(np.unique(strange)) == n * d


def test_balanced_codes_use_each_cluster_alike():
    q = balanced(normal(0, 200, 4, scale=0.2).float())
    assert torch.allclose(q.sum(1), torch.ones(200), atol=1e-5)
    assert torch.allclose(q.sum(0), torch.full((4,), 50.0), rtol=0.2)
