"""A folder of Parquet files by its sums: the graph that the rows give, whoever sums, in bounded memory."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.cluster import ProcessEngine
from aitia.data.moments import moments
from aitia.data.reading.sums import parquet_parts, part_sums
from aitia.data.summed import Counts, SummedTable, Sums
from aitia.data.table import Table
from aitia.discovery import discover, load_discovery
from aitia.discovery.sums import by_sums, summed_table
from aitia.errors import DataError, FormatError, OptionError, UnknownVariableError
from aitia.stats.independence import FisherZ, independence_test
from aitia.stats.search.likelihood import score_of
from aitia.stats.search.scores import LocalScore


def numbers(n, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6))
    for k in range(1, 6):
        x[:, k] += 0.6 * x[:, k % 2 : k : 2].sum(axis=1)
    return pandas.DataFrame(x + 5, columns=list("abcdef"))


def labels(n, seed=0):
    rng = np.random.default_rng(seed)
    a, c = rng.integers(0, 3, n), rng.integers(0, 2, n)
    b = (a + (rng.random(n) < 0.4) * rng.integers(0, 3, n)) % 3
    d = ((b > 0) ^ (c > 0)) & (rng.random(n) < 0.8)
    e = (d + (rng.random(n) < 0.3) * rng.integers(0, 2, n)) % 2
    return pandas.DataFrame({"a": a, "b": np.array(["low", "mid", "top"])[b], "c": c, "d": d, "e": e.astype(float)})


def written(folder, frame, files=3, group=500):
    folder.mkdir(exist_ok=True)
    for k, part in enumerate(np.array_split(np.arange(len(frame)), files)):
        frame.iloc[part].to_parquet(folder / f"part-{k}.parquet", row_group_size=group)
    return folder


SEARCHES = [
    (numbers, {"method": "pc", "test": "fisher-z"}),
    (numbers, {"method": "fci", "test": "fisher-z"}),
    (numbers, {"method": "boss"}),
    (labels, {"method": "pc", "test": "chi2"}),
    (labels, {"method": "fci", "test": "g2"}),
    (labels, {"method": "boss", "score": "bdeu"}),
    (labels, {"method": "boss", "score": "bic"}),
]


@pytest.mark.parametrize(("make", "how"), SEARCHES, ids=lambda of: of if isinstance(of, str) else None)
def test_the_graph_from_sums_is_that_of_the_rows(tmp_path, make, how):
    frame = make(4000)
    found = discover(written(tmp_path / "rows", frame), sums=True, **how)
    known = discover(frame, bootstrap=0, **how)
    assert found.graph == known.graph
    assert found.graph.edges
    assert found.table.n == 4000
    for edge in known.graph.edges:  # numbers too, to what is printed of them
        ours, theirs = (one.evidence(edge)[0] for one in (found, known))
        assert [float(x) for x in re.findall(r"[\d.]+(?:e-?\d+)?(?= nats|\))", ours)] == pytest.approx(
            [float(x) for x in re.findall(r"[\d.]+(?:e-?\d+)?(?= nats|\))", theirs)], rel=0.02
        )


@given(
    rows=st.lists(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), min_size=2, max_size=20),
    cut=st.integers(1, 19),
)
def test_moments_of_parts_add_up_to_those_of_all(rows, cut):
    x = np.array(rows)
    cut = min(cut, len(x) - 1)
    both = (Sums.of(x[:cut]) + Sums.of(x[cut:])).moments(range(3))
    whole = moments([*x.T])
    scale = max(float(np.abs(x).max()), 1e-300)
    assert both.n == whole.n
    assert np.allclose(both.mean, whole.mean, atol=1e-12 * scale)
    assert np.allclose(both.covariance, whole.covariance, atol=1e-11 * scale**2)


def test_far_from_zero_no_digit_is_lost():
    x = 1e9 + np.random.default_rng(0).normal(size=(1000, 2))
    found = (Sums.of(x[:300]) + Sums.of(x[300:])).moments([0, 1])
    assert np.allclose(found.covariance, np.cov(x.T, bias=True), rtol=1e-5)


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), cut=st.integers(1, 99))
def test_counts_of_parts_add_up_and_are_read_back(seed, cut):
    sizes = (3, 1, 4)
    codes = np.random.default_rng(seed).integers(0, sizes, (100, 3))
    found = Counts.of(codes[:cut], sizes) + Counts.of(codes[cut:], sizes)
    rows, counts = np.unique(codes, axis=0, return_counts=True)
    assert np.array_equal(found.codes(sizes), rows)
    assert np.array_equal(found.counts, counts)
    assert found.n == 100


def test_tests_and_scores_by_weights_are_those_of_the_rows(tmp_path):
    frame = labels(1500)
    summed, table = (
        summed_table(written(tmp_path / "rows", frame)),
        Table.of(frame, kinds=dict.fromkeys("abcde", "label")),
    )
    for name in ("chi2", "g2"):
        ours, theirs = (independence_test(name, of) for of in (summed, table))
        for triple in (("a", "b"), ("a", "d"), ("b", "e", "cd"), ("a", "e", "bd")):
            assert ours(*triple).p_value == pytest.approx(theirs(*triple).p_value, rel=1e-9)
            assert ours(*triple).n == 1500
        ours_of, theirs_of = score_of(ours), score_of(theirs)
        for node, parents in ((0, 0), (1, 0b101), (3, 0b10110), (4, 0b1111)):
            assert ours_of(node, parents) == pytest.approx(theirs_of(node, parents), rel=1e-9)
            assert dict(ours_of.gains(node, parents, 0b11111 ^ parents ^ 1 << node, -1e9)) == pytest.approx(
                dict(theirs_of.gains(node, parents, 0b11111 ^ parents ^ 1 << node, -1e9)), rel=1e-7, abs=1e-6
            )
    for name in ("bic", "bdeu"):
        ours_of, theirs_of = LocalScore(summed, name), LocalScore(table, name)
        assert ours_of.of("d", "bc") == pytest.approx(theirs_of.of("d", "bc"), rel=1e-9)


def test_who_sums_and_how_changes_no_number(tmp_path):
    folder = written(tmp_path / "rows", numbers(3000), files=2)
    alone, together = summed_table(folder), summed_table(folder, engine=ProcessEngine(2))
    assert np.array_equal(alone.sums.products, together.sums.products)
    assert alone.hash() == together.hash()
    other = summed_table(written(tmp_path / "other", numbers(3000), files=5, group=77))
    assert np.allclose(alone.sums.products, other.sums.products, rtol=1e-10)
    assert alone.sample == other.sample  # which rows are kept does not hang on the files


def test_a_part_is_summed_in_batches_and_the_sample_is_spread_evenly(tmp_path, monkeypatch):
    import aitia.data.reading.sums as reading

    monkeypatch.setattr(reading, "ROWS", 600)
    monkeypatch.setattr(reading, "BATCH", 1)  # 1024 rows
    monkeypatch.setattr("aitia.discovery.sums.SAMPLE", 100)
    frame = numbers(2900)
    folder = written(tmp_path / "rows", frame, files=2, group=400)
    parts, names = parquet_parts(folder)
    assert [part.rows for part in parts] == [800, 650, 800, 650]
    assert [part.first for part in parts] == [0, 800, 1450, 2250]
    assert names == [*"abcdef"]
    table = summed_table(folder)
    assert np.array_equal(table.sample.column("a"), frame["a"][::29])
    assert np.allclose(sum((part_sums(p, names, None) for p in parts[1:]), part_sums(parts[0], names, None)).mean,
                       frame.mean(), rtol=1e-12)  # fmt: skip


def test_a_run_says_what_was_summed_and_keeps_a_sample(tmp_path, monkeypatch):
    monkeypatch.setattr("aitia.discovery.sums.SAMPLE", 200)
    found = discover(written(tmp_path / "rows", numbers(2000)), sums=True, out=tmp_path / "run")
    assert any("2000 rows in 3 parts were summed" in reason for reason in found.reasons)
    assert any("fisher-z is a test by their sums" in reason for reason in found.reasons)
    assert "No resamples: they are of rows, and only sums are in memory." in found.reasons
    assert any("keeps 200 of 2000 rows" in warning for warning in found.warnings)
    assert "keeps 200 of 2000 rows" in (tmp_path / "run" / "report.html").read_text()
    assert load_discovery(tmp_path / "run").table.n == 200
    bent = numbers(2000)
    bent["f"] = bent["a"] ** 2 + 0.1 * bent["f"]
    warned = discover(written(tmp_path / "bent", bent), sums=True).warnings
    assert any("straight lines only, and in the sample" in warning for warning in warned)


REFUSED = [
    ({"method": "cd-nod"}, "cd-nod needs the rows; from sums pc, "),
    ({"test": "kci"}, "kci needs the rows"),
    ({"test": "ranks"}, "ranks needs the rows"),
    ({"bootstrap": 10}, "resamples are of rows"),
    ({"missing": "impute"}, "missing=impute needs the rows"),
    ({"context": "a"}, "a context needs the rows"),
    ({"time": "a"}, "a time needs the rows"),
    ({"kinds": {"a": "ordinal"}}, "a as ordinal was asked for"),
    ({"method": "boss", "score": "ranks"}, "the score ranks needs the rows"),
]


@pytest.mark.parametrize(("how", "why"), REFUSED)
def test_what_needs_rows_is_refused_in_a_sentence(tmp_path, how, why):
    with pytest.raises((OptionError, DataError), match=why):
        discover(written(tmp_path / "rows", numbers(300)), sums=True, **how)


def test_rows_that_have_no_sums_are_refused_in_a_sentence(tmp_path):
    def refused(frame, why, error=DataError, **how):
        with pytest.raises(error, match=why):
            summed_table(written(tmp_path / f"rows {len(list(tmp_path.iterdir()))}", frame), **how)

    frame = numbers(100)
    refused(frame.assign(g=np.where(frame["a"] > 5, np.nan, 1.5)), r"values are missing: g \(\d+ of 100\)")
    refused(frame.assign(g=np.inf), "g: some values are infinite")
    refused(frame.assign(g="x"), "labels .g. and numbers .a, b, c and 3 more. stand beside each other")
    refused(frame, "a, b, c, d, e, f: too many labels", kinds=dict.fromkeys("abcdef", "label"))
    refused(frame.assign(g=pandas.Timestamp("2020-01-01")), "'g' holds timestamp")
    refused(frame, "'z'", UnknownVariableError, drop=["z"])
    (tmp_path / "none").mkdir()
    with pytest.raises(FormatError, match="holds no row"):
        parquet_parts(tmp_path / "none")
    (tmp_path / "none" / "a.parquet").write_bytes(b"no parquet")
    with pytest.raises(FormatError, match="is no Parquet file"):
        parquet_parts(tmp_path / "none")
    folder = written(tmp_path / "two", frame)
    frame.rename(columns={"a": "other"}).to_parquet(folder / "z.parquet")
    with pytest.raises(FormatError, match=r"z\.parquet has the columns other"):
        parquet_parts(folder)
    with pytest.raises(DataError, match="so many labels that rows cannot be counted"):
        Counts.of(np.zeros((1, 9), np.int64), [1000] * 9)
    with pytest.raises(OptionError, match="sums are of a folder"):
        by_sums("rows.csv", True)


def test_a_folder_that_does_not_fit_is_taken_by_its_sums(tmp_path, monkeypatch):
    folder = written(tmp_path / "rows", numbers(2000))
    assert not by_sums(folder, None)
    assert discover(folder, test="ranks", bootstrap=0).graph == discover(numbers(2000), test="ranks", bootstrap=0).graph
    monkeypatch.setattr("aitia.discovery.sums._free", lambda: 2 * 8 * 6 * 2000 - 1)
    assert by_sums(folder, None)
    assert not by_sums(folder, False)
    assert isinstance(discover(folder).table, SummedTable)


CAPPED = """
import resource, sys
import aitia, numba, pyarrow.parquet, pyarrow.compute, pandas, scipy.special
from aitia.discovery import discover
start = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (start + (96 << 20), resource.RLIM_INFINITY))
found = discover(sys.argv[1], method="boss")
print(found.table.n, "SummedTable" == type(found.table).__name__, str(found.graph))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_table_larger_than_the_memory_is_searched_in_it(tmp_path):
    """192 MB of numbers; 96 MiB above what the process has once all is imported."""
    frame = numbers(40_000)
    folder = tmp_path / "rows"
    folder.mkdir()
    for k in range(100):
        (frame + 1e-6 * k).to_parquet(folder / f"{k:03}.parquet", row_group_size=20_000)
    done = subprocess.run(
        [sys.executable, "-c", CAPPED, str(folder)], capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "src"), "OMP_NUM_THREADS": "1", "HOME": "/nonexistent",
             "ARROW_DEFAULT_MEMORY_POOL": "system"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split()[:2] == ["4000000", "True"]


def test_the_command_takes_a_folder(tmp_path):
    from typer.testing import CliRunner

    from aitia.cli import app

    folder = written(tmp_path / "rows", numbers(1500))
    done = CliRunner().invoke(app, ["discover", str(folder), "--sums", "--method", "boss", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["graph"] == str(discover(numbers(1500), method="boss", bootstrap=0).graph)
    refused = CliRunner().invoke(app, ["discover", str(folder), "--sums", "--bootstrap", "9"])
    assert "resamples are of rows" in str(refused.exception)
    assert isinstance(FisherZ(summed_table(folder)).n, int)
