"""Non-negative factors of a masked tensor: what was planted, what was hidden, and another implementation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import DataError, OptionError
from aitia.systems.dynamic_connectomes.tensor_factors import (
    choose_rank,
    congruence,
    factorize,
    nonnegative_rows,
    sweep_ranks,
)
from aitia.systems.dynamic_connectomes.tensor_factors.stability import match


def planted(rank=3, shape=(15, 6, 40), seed=0):
    rng = np.random.default_rng(seed)
    parts = [rng.random((n, rank)) ** 3 for n in shape]
    return np.einsum("ir,jr,kr->ijk", *parts), parts


def test_a_planted_tensor_is_recovered_with_half_of_it_masked():
    tensor, parts = planted()
    seen = np.random.default_rng(1).random(tensor.shape[1:]) < 0.5
    best = factorize(np.where(seen, tensor, 7.0), seen, rank=3, starts=4, tolerance=1e-9, iterations=4000)[0]
    assert best.error < 1e-3
    assert np.abs(best.tensor() - tensor)[:, ~seen].max() < 0.02 * tensor.max()
    unit = [part / np.linalg.norm(part, axis=0) for part in parts]
    cosines = np.prod([a.T @ b for a, b in zip(unit, (best.first, best.second, best.third), strict=True)], axis=0)
    cosines = cosines / np.linalg.norm(best.third, axis=0)
    assert cosines.max(axis=1).min() > 0.999


@given(seed=st.integers(0, 1000))
@settings(max_examples=10)
def test_what_is_masked_has_no_influence(seed):
    rng = np.random.default_rng(seed)
    tensor, seen = rng.random((6, 4, 9)), rng.random((4, 9)) < 0.5
    seen[0, 0] = True
    other = np.where(seen, tensor, rng.choice([np.nan, -1.0, 1e9], seen.shape))
    one, two = (factorize(x, seen, rank=2, starts=2, iterations=20, seed=seed) for x in (tensor, other))
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a.third, b.third)
        assert a.error == b.error


@given(seed=st.integers(0, 1000), rank=st.integers(1, 4), single=st.booleans())
@settings(max_examples=15)
def test_no_round_raises_the_error(seed, rank, single):
    rng = np.random.default_rng(seed)
    tensor = rng.random((7, 4, 10)).astype(np.float32 if single else np.float64)
    seen = rng.random((4, 10)) < 0.7
    seen[0, 0] = True
    for found in factorize(tensor, seen, rank=rank, starts=2, iterations=30, tolerance=0.0, seed=seed):
        assert (np.diff(found.errors) <= (1e-4 if single else 1e-9)).all()


def test_the_error_is_that_of_the_residual_tensor():
    rng = np.random.default_rng(0)
    tensor, seen = rng.random((8, 5, 12)), rng.random((5, 12)) < 0.6
    for found in factorize(tensor, seen, rank=3, starts=2, iterations=15):
        rest = np.linalg.norm(((tensor - found.tensor()) * seen).ravel())
        assert np.isclose(found.error, rest / np.linalg.norm((tensor * seen).ravel()), rtol=1e-10)


def test_a_start_does_not_depend_on_those_beside_it():
    """The first start of three is the start of one: they share matrix products and nothing else."""
    tensor = np.random.default_rng(0).random((8, 5, 12))
    alone = factorize(tensor, rank=1, starts=1, iterations=50)[0]
    beside = factorize(tensor, rank=1, starts=3, iterations=50)
    assert any(np.isclose(found.error, alone.error, rtol=1e-9) for found in beside)


def test_what_nobody_saw_is_zero_and_not_what_a_start_happened_to_be():
    seen = np.ones((5, 12), dtype=bool)
    seen[:, 3], seen[2] = False, False
    best = factorize(np.random.default_rng(0).random((8, 5, 12)), seen, rank=2, starts=2)[0]
    assert not best.third[3].any()
    assert not best.second[2].any()


def test_columns_have_unit_length_and_come_in_the_order_of_their_centres():
    best = factorize(planted()[0], rank=3, starts=2)[0]
    assert np.allclose(np.linalg.norm(best.first, axis=0), 1)
    assert np.allclose(np.linalg.norm(best.second, axis=0), 1)
    centres = (np.arange(15)[:, None] * best.first).sum(axis=0) / best.first.sum(axis=0)
    assert (np.diff(centres) > 0).all()
    assert min(part.min() for part in (best.first, best.second, best.third)) >= 0


def test_the_optimum_is_that_of_tensorly():
    tensorly = pytest.importorskip("tensorly.decomposition")
    rng = np.random.default_rng(3)
    tensor = planted(2, (10, 5, 20), 3)[0] + 0.3 * rng.random((10, 5, 20))
    ours = factorize(tensor, rank=2, starts=4, tolerance=1e-10, iterations=3000)[0]
    theirs = [
        tensorly.non_negative_parafac_hals(
            tensor, 2, n_iter_max=3000, init="random", tol=1e-12, random_state=k, return_errors=True
        )[1][-1]
        for k in range(3)
    ]
    assert np.isclose(ours.error, float(min(theirs)), rtol=1e-5)


@given(seed=st.integers(0, 1000))
def test_rows_are_those_of_non_negative_least_squares(seed):
    """Against scipy, whose active-set method is exact."""
    from scipy.optimize import nnls

    rng = np.random.default_rng(seed)
    basis, wanted = rng.random((12, 3)), rng.standard_normal((4, 12))
    ours = nonnegative_rows(wanted @ basis, basis.T @ basis, iterations=20_000)
    assert np.allclose(ours, [nnls(basis, row)[0] for row in wanted], atol=1e-6)


def test_congruence_is_one_for_the_same_components_in_another_order_and_size():
    best = factorize(planted()[0], rank=3, starts=2)[0]
    turned = type(best)(
        best.first[:, [2, 0, 1]], best.second[:, [2, 0, 1]], 3 * best.third[:, [2, 0, 1]], 0, None, True
    )
    assert np.isclose(congruence(best, turned), 1)
    assert match(best, turned)[0].tolist() == [1, 2, 0]
    with pytest.raises(DataError, match="3 components cannot each be matched with one of 1"):
        congruence(best, factorize(planted()[0], rank=1, starts=1)[0])


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_a_rank_is_taken_up_to_which_every_component_is_found_again(seed):
    """Exactly three components: a fourth is arbitrary, which their mean may hide and the weakest does not."""
    rng = np.random.default_rng(seed)
    parts = [(rng.random((n, 3)) < 0.4) * rng.random((n, 3)) for n in (20, 8, 60)]
    swept = sweep_ranks(np.einsum("ir,jr,kr->ijk", *parts), None, range(1, 6), starts=8, seed=0)
    assert choose_rank(swept).rank == 3
    assert choose_rank(swept, every=False).rank >= 3
    assert all(fit.weakest <= fit.stability for fit in swept)
    with pytest.raises(OptionError, match="no rank"):
        choose_rank([])


def test_numbers_out_of_range_are_refused():
    tensor = np.ones((4, 2, 3))
    for rank in (0, 5):
        with pytest.raises(OptionError, match="the rank is between 1 and 4"):
            factorize(tensor, rank=rank)
    with pytest.raises(OptionError, match="starts and iterations are 1 or more"):
        factorize(tensor, rank=1, starts=0)


@pytest.mark.parametrize(
    ("tensor", "mask", "told"),
    [
        (np.ones((2, 3)), None, "three modes"),
        (np.ones((2, 3, 4)), np.ones((3, 3)), "the mask has shape"),
        (np.ones((2, 3, 4)), np.zeros((3, 4)), "every entry is masked"),
        (np.zeros((2, 3, 4)), None, "is zero: there is nothing"),
        (-np.ones((2, 3, 4)), None, r"entry \(0, 0, 0\) is -1"),
        (np.full((2, 3, 4), np.nan), None, r"entry \(0, 0, 0\) is nan"),
    ],
)
def test_tensors_without_an_answer_are_refused(tensor, mask, told):
    with pytest.raises(DataError, match=told):
        factorize(tensor, mask, rank=1)
