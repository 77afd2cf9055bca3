import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import aitia
from aitia.data.shipped import data_path
from aitia.data.table import Table
from aitia.discovery import choose, discover, load_discovery
from aitia.errors import DataError, FormatError, OptionError, RunError, UnknownVariableError
from aitia.graph import Graph, cpdag
from aitia.graph.formats import read_bif, read_graph


@pytest.fixture(scope="session")
def rows():
    rng = np.random.default_rng(0)
    site = np.repeat(np.arange(20), 20)
    x = rng.normal(size=20)[site] * 1.5 + 0.7 * rng.normal(size=400)
    y = 2 * np.tanh(x) + 0.5 * rng.normal(size=400)
    return Table.of({"x <b>": x, "y": y, "z": rng.normal(size=400), "site": [f"s{k:02d}" for k in site]})


@pytest.fixture(scope="session")
def saved(rows, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    found = discover(rows, context="site", bootstrap=3, test="kci", out=out, command="aitia discover t.csv")
    return found, out


def test_auto_says_what_it_chose_and_why(rows):
    found = discover(rows, context="site")
    assert (found.method, found.test) == ("cd-nod", "kci")
    assert any("Method CD-NOD" in r for r in found.reasons)
    assert any("treated as a domain" in r for r in found.reasons)
    assert any(r.startswith("Test kci") for r in found.reasons)
    assert str(found.graph) == '"x <b>" --> y; z'
    assert [c.variable for c in found.changing] == ["x <b>"]


def test_the_folder_holds_everything_and_reads_back(rows, saved):
    found, out = saved
    for name in ("graph.json", "graph.dot", "graph.dagitty", "augmented.json"):
        graph = read_graph(out / name)
        assert graph == (found.augmented if name == "augmented.json" else found.graph)
    import pandas

    tests = pandas.read_parquet(out / "tests.parquet")
    assert len(tests) == len(found.learner.tests_)
    assert set(tests.columns) == {"x", "y", "given", "statistic", "p_value"}
    assert isinstance(json.loads(tests["given"].iloc[0]), list)
    changes = json.loads((out / "changes.json").read_text())
    assert changes["changing"][0]["variable"] == "x <b>"
    assert len(changes["forces"]["x <b>"]["context"]) == 20
    assert json.loads((out / "bootstrap.json").read_text())["samples"] == 3
    again = load_discovery(out)
    assert again.graph == found.graph
    assert again.context == "site"
    assert again.table == found.table


def test_the_report_tells_the_graph_the_evidence_and_how_to_do_it_again(saved):
    _, out = saved
    page = (out / "report.html").read_text()
    for text in (
        "aitia discover t.csv",
        "import aitia",
        "x &lt;b&gt; → y",
        "What changes with site",
        "its weakest test of all",
        "3 resamples",
        "driving force",
        "r2 sortability",
        aitia.__version__,
    ):
        assert text in page
    assert "<b> " not in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page


def test_cores_and_repetition_change_no_byte_of_the_result(rows, saved, tmp_path):
    _, out = saved
    discover(
        rows, context="site", bootstrap=3, test="kci", out=tmp_path / "again", jobs=2, command="aitia discover t.csv"
    )
    for path in out.iterdir():
        if path.name != "timing.json":
            assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


_KILL = """
import sys
import aitia
from pathlib import Path
aitia.discover(sys.argv[1], test="kci", bootstrap=30, out=sys.argv[2], command="c")
"""


def test_a_discovery_that_is_killed_goes_on_to_the_same_bytes(rows, tmp_path):
    table = tmp_path / "table.csv"
    rows.take(np.arange(150)).drop(["site"]).to_pandas().to_csv(table, index=False)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run([sys.executable, "-c", _KILL, str(table), str(whole)], check=True)
    process = subprocess.Popen([sys.executable, "-c", _KILL, str(table), str(broken)])
    journal = broken / "search.journal"
    deadline = time.time() + 60
    while time.time() < deadline and not (journal.exists() and b"bootstrap" in journal.read_bytes()):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    subprocess.run([sys.executable, "-c", _KILL, str(table), str(broken)], check=True)
    for path in whole.iterdir():
        if path.name != "timing.json":
            assert path.read_bytes() == (broken / path.name).read_bytes(), path.name


def test_a_folder_of_other_options_is_refused(rows, saved):
    _, out = saved
    with pytest.raises(RunError, match=r"other alpha \(0.05, now 0.01\)"):
        discover(rows, context="site", bootstrap=3, test="kci", out=out, alpha=0.01)


def test_folders_that_are_no_discovery_are_refused(saved, tmp_path):
    _, out = saved
    with pytest.raises(RunError, match=r"no run\.json"):
        load_discovery(tmp_path)
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(out, broken)
    (broken / "graph.json").write_text("{")
    with pytest.raises(RunError, match="is damaged"):
        load_discovery(broken)
    record = json.loads((broken / "run.json").read_text())
    (broken / "run.json").write_text(json.dumps({**record, "status": "stopped"}))
    with pytest.raises(RunError, match="give the same command again"):
        load_discovery(broken)


def test_a_context_of_dates_is_a_time(rows):
    n = 120
    dates = [str(np.datetime64("2020-01-01") + k) for k in range(n)]
    t = np.arange(n)
    drift = Table.of(
        {"a": np.sin(t / 15) + 0.2 * np.random.default_rng(0).normal(size=n), "b": np.cos(t / 9.0), "day": dates}
    )
    found = discover(drift, context="day", method="cd-nod")
    assert found.config["context_kind"] == "time"
    assert "a" in {c.variable for c in found.changing}


def test_knowledge_comes_from_a_file(rows, tmp_path):
    file = tmp_path / "knowledge.txt"
    file.write_text("tier: y\ntier: *\n")
    found = discover(rows.drop(["site"]), knowledge=file, test="kci")
    assert found.graph.parents("x <b>") == ("y",)


def test_the_call_in_python_repeats_the_discovery(saved, rows):
    found, _ = saved
    table = rows
    code = found.python()
    scope = {"table": table}
    exec(code.replace("print(found.graph.to_text())", ""), scope)
    assert scope["found"].graph == found.graph
    assert rows is table


def test_the_call_in_python_names_file_knowledge_kinds_and_dropped_columns(rows, tmp_path):
    path, known = tmp_path / "t.csv", tmp_path / "what we know.txt"
    rows.to_pandas().to_csv(path, index=False)
    known.write_text("tier: y\ntier: *\n")
    options = {"knowledge": known, "kinds": {"site": "label"}, "drop": ["z"], "test": "kci", "max_depth": 1}
    found = discover(path, **options)
    assert "z" not in found.graph
    scope = {}
    exec(found.python().replace("print(found.graph.to_text())", ""), scope)
    assert scope["found"].graph == found.graph
    assert scope["found"].config == found.config
    given = discover(rows, knowledge=aitia.Knowledge(forbidden=[("y", "z")]), drop=["site"], test="kci")
    scope = {"table": rows}
    exec(given.python().replace("print(found.graph.to_text())", ""), scope)
    assert scope["found"].config == given.config


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"method": "cd-nod"}, OptionError, "needs a context"),
        ({"method": "pc", "context": "site"}, OptionError, "no use for a context"),
        ({"method": "lingam"}, OptionError, "method is"),
        ({"context": "sites"}, UnknownVariableError, "Did you mean 'site'"),
        ({"context": "site", "context_kind": "place"}, OptionError, "context_kind is"),
        ({"alpha": 2.0}, OptionError, "alpha lies between"),
        ({"seed": -1, "context": "site"}, OptionError, "a seed is 0 or more"),
        ({"drop": ["zz"]}, UnknownVariableError, "Did you mean 'z'"),
        ({"test": "fisher-z"}, DataError, "'site' holds labels"),
    ],
)
def test_contradicting_options_get_one_sentence(rows, options, error, sentence):
    with pytest.raises(error, match=sentence):
        discover(rows, **options)


def test_files_that_are_no_tables_get_one_sentence(tmp_path):
    with pytest.raises(FormatError, match="there is no file"):
        discover(tmp_path / "none.csv")
    (tmp_path / "x.xyz").write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match=r"ends in \.xyz"):
        discover(tmp_path / "x.xyz")


def test_the_survey_network_is_found_up_to_its_weak_orientations():
    network = read_bif(data_path("survey.bif"))
    found = discover(network.sample(20_000, seed=0), alpha=0.01)
    assert found.test == "chi2"
    assert found.graph.skeleton() == cpdag(network.graph).skeleton()


def test_real_macro_economic_series_show_the_change_that_everybody_knows():
    found = discover(data_path("us_macro.csv"), context="quarter")
    assert {"inflation", "bill_rate"} <= {c.variable for c in found.changing}
    assert found.graph.has_edge("bill_rate", "inflation")


@pytest.mark.parametrize("n", [50, 51, 400])
def test_whole_numbers_that_repeat_are_domains_and_many_values_are_times(n):
    rng = np.random.default_rng(0)
    table = Table.of({"a": rng.normal(size=800), "b": rng.normal(size=800), "c": np.arange(800) % n})
    assert choose(table, context="c").context_kind == ("domain" if n == 50 else "time")


def test_an_empty_graph_is_reported_as_such(tmp_path):
    rng = np.random.default_rng(1)
    out = tmp_path / "run"
    found = discover({"a": rng.normal(size=100), "b": rng.normal(size=100)}, out=out)
    assert found.graph == Graph((), ["a", "b"])
    assert "No edges" in (out / "report.html").read_text()


def test_a_folder_that_cannot_be_written_is_one_sentence(rows, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(RunError, match="cannot be made"):
        discover(rows, context="site", out=tmp_path / "run")
