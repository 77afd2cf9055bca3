"""Scores on two scales within a column: found where they were put, named by group and row, refused or rescaled."""

from pathlib import Path

import numpy as np
import pytest

from aitia.data.table import Table
from aitia.errors import DataError, OptionError
from aitia.system import Given
from aitia.systems.hca import HCA
from aitia.systems.hca.base_models import read_leaderboard
from aitia.systems.hca.board import read_board
from aitia.systems.hca.reading import numbers
from aitia.systems.hca.scales import shares
from aitia.worlds import CapabilitiesWorld

LEADERBOARD = Path(__file__).parents[3] / "../shared/data/hca/open_llm_leaderboard_2025-02-20.csv"
SMALL = {"factors": 2, "starts": 2, "null_draws": 20, "resamples": 0}
NAMES = ("reading", "writing", "logic", "sums", "facts")


@pytest.fixture(scope="module")
def board():
    """600 models in per cent, and the group of each."""
    world = CapabilitiesWorld(capabilities=2, scores=5, seed=3)
    sample = world.sample(600, seed=0)
    return np.clip(50 + 4 * np.asarray(world.render(sample)), 2.0, 100.0), np.array(sample.labels)


def fitted(x, labels, **options):
    return HCA(**SMALL, **options).fit(Table.of({**dict(zip(NAMES, x.T, strict=True)), "base": labels}), base="base")


def mixed(board, rows, columns=slice(None)):
    x, labels = board
    made = x.copy()
    made[np.ix_(np.flatnonzero(rows), np.arange(5)[columns])] /= 100
    return made, labels


def test_a_group_in_shares_of_one_is_named_and_rescaled_on_request(board):
    x, labels = board
    where = labels == labels[0]
    made, _ = mixed(board, where)
    sentence = (
        rf"reading, writing, logic, sums, facts are in shares of 1 in {where.sum()} of 600 rows and in per cent in the "
        rf"others: all {where.sum()} rows of group '{labels[0]}'\. Bring all to one scale, or say scales=rescale "
        r"\(--scales rescale\)"
    )
    with pytest.raises(DataError, match=sentence):
        fitted(made, labels)
    assert fitted(made, labels, scales="rescale").mic_ == pytest.approx(fitted(x, labels).mic_, rel=1e-6)


def test_rows_in_shares_of_one_are_named_with_their_groups(board):
    x, labels = board
    made, _ = mixed(board, np.isin(np.arange(600), (5, 17, 99)))
    sentence = (
        rf"in 3 of 600 rows .*: row 5 of group '{labels[5]}', row 17 of group '{labels[17]}', "
        rf"row 99 of group '{labels[99]}'\. Bring"
    )
    with pytest.raises(DataError, match=sentence):
        fitted(made, labels)
    many, _ = mixed(board, np.arange(600) % 50 == 7)
    with pytest.raises(DataError, match=r"row 207 of group 'base \d' and 7 rows more\. Bring all"):
        fitted(many, labels)
    assert fitted(made, labels, scales="rescale").mic_ == pytest.approx(fitted(x, labels).mic_, rel=1e-6)


def test_one_column_that_is_on_two_scales_is_named(board):
    x, labels = board
    made, _ = mixed(board, np.arange(600) % 10 == 3, slice(1, 2))
    with pytest.raises(
        DataError, match=r"^writing is in shares of 1 in 60 of 600 rows and in per cent in the others: "
    ):
        fitted(made, labels)
    assert fitted(made, labels, scales="rescale").mic_ == pytest.approx(fitted(x, labels).mic_, rel=1e-6)


def test_a_column_of_shares_beside_columns_of_per_cent_is_rescaled_on_request(board):
    x, labels = board
    made, _ = mixed(board, np.ones(600, dtype=bool), slice(1, 2))
    with pytest.raises(DataError, match=r"writing look like shares of 1 and .* or say scales=rescale \(--scales resc"):
        fitted(made, labels)
    model = fitted(made, labels, scales="rescale")
    assert model.mic_ == pytest.approx(fitted(x, labels).mic_, rel=1e-6)
    one, two = (Table.of(dict(zip(NAMES, of[7:8].T, strict=True))) for of in (made, x))
    assert np.allclose(model.encode(one).matrix(), fitted(x, labels).encode(two).matrix()), "one row alone, too"


def test_rows_that_are_asked_about_are_held_to_the_scale_of_the_fit(board):
    x, labels = board
    asked = {
        "base": labels[:2],
        **dict(zip(NAMES, x[:2].T / [[100.0], [100.0], [100.0], [100.0], [100.0]], strict=True)),
    }
    with pytest.raises(DataError, match="in shares of 1 in 2 of 2 rows"):
        fitted(x, labels).encode(Table.of(asked, kinds=dict.fromkeys(NAMES, "number")))
    model = fitted(x, labels, scales="rescale")
    told = model.encode(Table.of(asked, kinds=dict.fromkeys(NAMES, "number")))
    plain = {"base": labels[:2], **dict(zip(NAMES, x[:2].T, strict=True))}
    assert np.allclose(told.matrix(), model.encode(Table.of(plain, kinds=dict.fromkeys(NAMES, "number"))).matrix())


def test_weak_models_and_other_scales_are_left_as_they_are(board, rng):
    x, _ = board
    assert not shares(x).any()
    assert not shares(x / 100).any()
    assert not shares(rng.normal(size=(200, 5))).any()
    assert not shares(rng.normal(1200, 100, size=(200, 5))).any(), "ratings"
    weak = x.copy()
    weak[3] = [0.9, 60, 40, 50, 55]  # bad at one thing
    weak[4] = [0.8, 0.0, 3.0, 2.0, 1.2]  # bad at everything
    assert not shares(weak).any()
    assert not shares(np.full((3, 2), np.nan)).any()


@pytest.mark.skipif(not LEADERBOARD.exists(), reason="the leaderboard is not beside this repository")
def test_no_score_of_the_real_leaderboard_is_taken_for_a_share():
    table = read_leaderboard(LEADERBOARD)
    found = read_board(Given.of(HCA.card, table), HCA().config)
    x = numbers(table.take(found.kept), found.columns)
    assert len(x) > 2000
    assert not shares(x).any()
    odd = np.arange(len(x)) % 100 == 4
    made = np.where(odd[:, None], x / 100, x)
    assert np.array_equal(shares(made).any(axis=1), odd & (x > 0).any(axis=1))


def test_a_table_without_groups_names_the_option(board):
    x, _ = board
    with pytest.raises(OptionError, match=r"say which column tells them \(base=COLUMN, --base COLUMN\)"):
        HCA(**SMALL).fit(Table.of(dict(zip(NAMES, x.T, strict=True))))
    with pytest.raises(OptionError, match="scales is one of error, rescale"):
        HCA(scales="guess")
