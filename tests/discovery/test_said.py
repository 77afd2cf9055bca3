"""Sentences of a discovery: dates as dates, samples that are left, files that hold no graph alone."""

import numpy as np
import pytest

from aitia import write_graph
from aitia.data.table import Table
from aitia.discovery import discover
from aitia.discovery.choose import _context_kind
from aitia.errors import DataError, FormatError, OptionError
from aitia.graph import Graph


def days(count, step=1):
    return np.datetime64("2020-01-31") + np.arange(count) * step


def test_when_a_mechanism_moves_is_told_in_dates():
    rng = np.random.default_rng(0)
    when = days(240)
    x = rng.normal(size=240) + 3 * (np.arange(240) > 120)
    found = discover({"when": when, "x": x, "y": rng.normal(size=240)}, context="when", bootstrap=0)
    (first, last), *_ = found.fastest["x"]
    assert "2020-02" < found.context_text(first) < found.context_text(last) < "2020-10"
    from aitia.cli.discover import text_of

    assert f"x moves fastest {found.context_text(first)} to {found.context_text(last)}" in text_of(found)
    plain = discover({"when": np.arange(240.0), "x": x, "y": rng.normal(size=240)}, context="when", bootstrap=0)
    assert plain.context_text(12.5) == "12.5"


def test_few_dates_are_a_time_and_few_whole_numbers_a_domain():
    table = Table.of({"when": np.repeat(days(20), 20), "site": np.repeat(np.arange(20), 20), "x": np.arange(400.0)})
    table = table.with_columns({"site": np.repeat(np.arange(20.0), 20)}, {"site": "number"})
    assert _context_kind(table, "when", "auto")[0] == "time"
    assert "'when' holds 20 dates, so it is treated as time" in _context_kind(table, "when", "auto")[1]
    assert _context_kind(table, "site", "auto")[0] == "domain"


def test_a_series_that_leaves_too_few_samples_says_so():
    rng = np.random.default_rng(0)
    table = {"day": np.arange(12), "temp": rng.normal(size=12), "sales": rng.normal(size=12)}
    with pytest.raises(DataError, match=r"12 rows leave 2 samples of 11 times each, too few .* fewer lags"):
        discover(table, time="day", lags=5)


def test_gaps_say_how_many_samples_they_leave():
    rng = np.random.default_rng(0)
    day = np.array([d for d in range(560) if d % 7 < 5])
    found = discover(
        {"day": day, "a": rng.normal(size=400), "b": rng.normal(size=400)}, time="day", lags=2, bootstrap=0
    )
    assert any("79 gaps; no sample crosses one, which leaves 80 samples of 5 times each from 400 rows" in w
               for w in (*found.reasons, *found.warnings))  # fmt: skip


def test_a_graph_alone_is_no_bif_file(tmp_path):
    with pytest.raises(FormatError, match=r"holds probabilities too.*write_bif"):
        write_graph(Graph("a -> b"), tmp_path / "x.bif")
    assert not (tmp_path / "x.bif").exists()


def test_rows_that_were_entered_twice_are_told_and_labels_that_meet_again_are_not():
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    rows = {"x": x, "y": x + rng.normal(size=300), "g": rng.choice(["a", "b"], 300)}
    twice = {name: np.concatenate([column, column]) for name, column in rows.items()}
    assert not any("different ones" in w for w in discover(rows, bootstrap=0).warnings)
    assert any("600 rows hold 300 different ones" in w for w in discover(twice, bootstrap=0).warnings)
    labels = {name: rng.choice(["a", "b"], 300) for name in "pqr"}
    assert not any("different ones" in w for w in discover(labels, bootstrap=0).warnings)
    rounded = {"x": np.round(x, 1), "y": np.round(rows["y"], 1)}  # few values, and still pairs that differ
    assert not any("different ones" in w for w in discover(rounded, bootstrap=0).warnings)


def test_the_rule_of_colliders_can_be_asked_for_and_is_kept(tmp_path):
    rng = np.random.default_rng(0)
    x, y, e = rng.normal(size=(3, 400))
    rows = {"x": x, "y": y, "z": x + y + e}
    found = discover(rows, colliders="conservative", bootstrap=0, out=tmp_path / "run")
    assert found.learner.rule_ == "conservative"
    assert found.config["colliders"] == "conservative"
    assert "colliders='conservative'" in found.python()
    assert "Method PC" in " ".join(found.reasons)
    from aitia.discovery.effects.over import Search
    from aitia.discovery.save import load_discovery

    search = Search.of(load_discovery(tmp_path / "run"), 1)
    assert search.graph(search.table) == found.graph
    with pytest.raises(OptionError, match="boss has no option colliders"):
        discover(rows, method="boss", colliders="majority", bootstrap=0)


def test_a_conservative_graph_of_the_command_is_asked_over_all_its_members(tmp_path):
    from typer.testing import CliRunner

    from aitia.cli import app

    rng = np.random.default_rng(3)
    a, c, e = rng.normal(size=(3, 60))
    lines = ["a,b,c"] + [f"{p},{q},{r}" for p, q, r in zip(a, 0.5 * a + 0.5 * c + e, c + 0.25 * a, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    run = str(tmp_path / "run")
    line = ["discover", str(tmp_path / "t.csv"), "--colliders", "conservative", "--bootstrap", "0", "--out", run]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 0, done.output
    assert "Collider rule conservative: as asked." in done.output
    asked = CliRunner().invoke(app, ["do", run, "do(a=1)", "--against", "do(a=0)", "--outcome", "b", "--graphs", "0"])
    assert asked.exit_code in (0, 2), asked.output
    assert "Traceback" not in asked.output
