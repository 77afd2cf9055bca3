"""The order of ordinal labels is said or stands in them, and is never that of the alphabet."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from aitia.cli.main import app
from aitia.data.kinds import Kind
from aitia.data.orders import order_of
from aitia.data.spreadsheet import Reading
from aitia.data.table import Table
from aitia.data.tables import read_table
from aitia.errors import DataError, OptionError
from aitia.stats.independence import RankCorrelation

SCALE = ("strongly disagree", "disagree", "neutral", "agree", "strongly agree")


def _answers(tmp_path):
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=300)
    cut = [-1.0, -0.3, 0.3, 1.0]
    columns = {name: np.digitize(hidden + 0.7 * rng.normal(size=300), cut) for name in ("trust", "use")}
    pd.DataFrame({name: np.array(SCALE)[codes] for name, codes in columns.items()}).to_csv(
        tmp_path / "a.csv", index=False
    )
    return tmp_path / "a.csv", columns


def test_a_said_order_gives_the_ranks_that_numbers_in_that_order_give(tmp_path):
    path, codes = _answers(tmp_path)
    table = read_table(path, how=Reading(order=tuple(f"{name}={'<'.join(SCALE)}" for name in codes)))
    assert all(table.kind(name) is Kind.ORDINAL and table.categories(name) == SCALE for name in codes)
    numbers = Table.of(codes, kinds=dict.fromkeys(codes, "ordinal"))
    assert RankCorrelation(table)("trust", "use") == RankCorrelation(numbers)("trust", "use")


def test_text_without_an_order_is_refused_and_not_put_into_that_of_the_alphabet(tmp_path):
    path, _ = _answers(tmp_path)
    with pytest.raises(
        DataError, match=r"nothing says the order of its labels agree, disagree, .*trust=LEAST<NEXT<MOST"
    ):
        read_table(path, kinds={"trust": "ordinal"})


def test_two_labels_need_no_order():
    assert Table.of({"x": ["b", "a", "b"]}, kinds={"x": "ordinal"}).categories("x") == ("a", "b")


@given(st.lists(st.integers(-99, 999), min_size=3, max_size=8, unique=True), st.randoms())
def test_labels_that_begin_with_their_number_are_in_its_order(numbers, random):
    labels = [f"{number} of them" for number in sorted(numbers)]
    mixed = random.sample(labels, len(labels))
    assert list(order_of("x", mixed)) == labels


def test_numbers_that_do_not_tell_labels_apart_are_no_order():
    with pytest.raises(DataError, match="nothing says the order"):
        order_of("x", ["1 a", "1 b", "2 c"])


@pytest.mark.parametrize(
    ("order", "error", "told"),
    [
        ("trust=" + "<".join(SCALE[:4]), DataError, "lacks its label 'strongly agree': name all"),
        ("trst=" + "<".join(SCALE), OptionError, "there is no column 'trst' in the table, whose order was said"),
        ("trust=agree<agree", OptionError, "an order is COLUMN=least<next<most, each label once"),
    ],
)
def test_an_order_that_does_not_fit_is_refused(tmp_path, order, error, told):
    path, _ = _answers(tmp_path)
    with pytest.raises(error, match=told):
        read_table(path, how=Reading(order=(order,)))


def test_the_command_takes_an_order(tmp_path):
    path, _ = _answers(tmp_path)
    scale = "<".join(SCALE)
    said = [part for name in ("trust", "use") for part in ("--ordinal", f"{name}={scale}")]
    done = CliRunner().invoke(app, ["discover", str(path), *said, "--bootstrap", "0"])
    assert "Test ranks: 'trust' holds labels with an order" in done.stdout
