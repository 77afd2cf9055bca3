"""A discovery that asks a language model: what the data tell stays, and the rest is told."""

import json

import numpy as np
import pytest
from tests.systems.pywhy_llm.models import who_knows
from typer.testing import CliRunner

from aitia import discover
from aitia.cli.discover import read_about
from aitia.cli.main import app
from aitia.discovery import load_discovery
from aitia.discovery.asks import Asks
from aitia.errors import FormatError, OptionError, RunError

NAMES = ["rain", "slope", "river", "flood", "harm", "age", "dose"]


def related(a, b):
    return (a in NAMES[:5]) == (b in NAMES[:5]) and {a, b} != {"rain", "slope"}


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(3)
    rain, slope, age = random.normal(size=(3, 1500))
    river = rain + slope + 0.7 * random.normal(size=1500)
    flood = river + 0.7 * random.normal(size=1500)
    columns = [rain, slope, river, flood, flood + random.normal(size=1500), age, age + random.normal(size=1500)]
    return dict(zip(NAMES, columns, strict=True))


def graph_of(found):
    return set(str(found.graph).split("; "))


def test_what_the_data_leave_open_is_oriented_by_a_model_that_is_right_on_the_rest(table):
    alone = discover(table, bootstrap=0)
    assert "age --- dose" in graph_of(alone)
    found = discover(table, bootstrap=0, ask_model=who_knows(NAMES, related))
    assert graph_of(found) == (graph_of(alone) - {"age --- dose"}) | {"age --> dose"}
    edge = next(e for e in found.graph.edges if {e.left, e.right} == {"age", "dose"})
    assert "scripted says so, and the data leave it open" in " ".join(found.evidence(edge))
    assert "right on" in found.reasons[-1]
    assert any("cannot test what the model says of age - dose" in w for w in found.warnings)


def test_a_model_that_has_it_the_wrong_way_round_costs_nothing_and_is_named(table):
    alone = discover(table, bootstrap=0)
    found = discover(table, bootstrap=0, ask_model=who_knows(NAMES, related, wrong=lambda a, b: True))
    assert found.graph == alone.graph
    told = next(w for w in found.warnings if w.startswith("The data contradict the model"))
    wrong = [(b, a) for k, a in enumerate(NAMES) for b in NAMES[k + 1 :] if related(a, b)]
    named = told.replace(",", " (")
    assert sum(f"{a} -> {b} (" in named for a, b in wrong) >= len(wrong) / 2


def test_a_model_that_knows_nothing_changes_no_edge_and_is_told_so(table):
    """Right by a coin, and silent: the graph of the data alone, and what was said stands in the result."""
    alone = discover(table, bootstrap=0)
    coin = np.random.default_rng(0)
    turned = {frozenset((a, b)): coin.random() < 0.5 for k, a in enumerate(NAMES) for b in NAMES[k + 1 :]}
    found = discover(table, bootstrap=0, ask_model=who_knows(NAMES, wrong=lambda a, b: turned[frozenset((a, b))]))
    assert found.graph == alone.graph
    assert "so it points nothing (chance might do as well" in found.reasons[-1]
    silent = discover(table, bootstrap=0, ask_model=lambda prompts, seed=0: ["I do not know."] * len(prompts))
    assert silent.graph == alone.graph
    assert any("undecided about all 21 pairs; of 42 answers 0 chose the first option and 42 named none" in w
               for w in silent.warnings)  # fmt: skip


def test_a_run_that_failed_asks_only_what_it_was_not_told(table, tmp_path):
    calls, broken = [], [True]

    def failing(prompts, seed=0):
        if broken and len(calls) >= 24:
            raise OSError("the line is down")
        calls.extend(prompts)
        return who_knows(NAMES, related)(prompts)

    failing.name = "scripted"
    with pytest.raises(RunError, match="the line is down"):
        discover(table, bootstrap=0, ask_model=failing, out=tmp_path / "run")
    broken.clear()
    found = discover(table, bootstrap=0, ask_model=failing, out=tmp_path / "run")
    assert len(calls) == len(set(calls)) == 42
    assert found.graph == load_discovery(tmp_path / "run").graph
    assert "scripted says so" in (tmp_path / "run" / "report.html").read_text()
    whole = (tmp_path / "run" / "summary.json").read_bytes()
    again = discover(table, bootstrap=0, ask_model=failing, out=tmp_path / "run")
    assert len(calls) == 42  # a finished run that is started again pays for nothing
    assert again.graph == found.graph
    log = tmp_path / "run" / "answers.journal"
    lines = log.read_bytes().split(b"\n")
    log.write_bytes(b"\n".join(lines[:10]) + b"\n" + lines[10][:30])  # as a kill leaves it
    discover(table, bootstrap=0, ask_model=failing, out=tmp_path / "run")
    assert len(calls) == 42 + 32
    assert (tmp_path / "run" / "summary.json").read_bytes() == whole
    lines[3] = lines[3][:-3] + b"..."
    log.write_bytes(b"\n".join(lines))
    with pytest.raises(RunError, match=r"line 4 of .*answers\.journal is damaged; delete the file"):
        discover(table, bootstrap=0, ask_model=failing, out=tmp_path / "run")
    assert len(calls) == 42 + 32


def test_where_nobody_can_be_asked(table, tmp_path):
    with pytest.raises(OptionError, match="trust is tested, strict, always, never, got 'maybe'"):
        Asks("http://host/v1#m", trust="maybe")
    with pytest.raises(OptionError, match="a model is asked about a table without context"):
        discover({**table, "site": ["a", "b"] * 750}, context="site", bootstrap=0, ask_model=who_knows(NAMES))
    (tmp_path / "about.txt").write_text("# what they are\nrain: mm a day\n\nriver: its level: in m\n")
    assert read_about(tmp_path / "about.txt") == {"rain": "mm a day", "river": "its level: in m"}
    (tmp_path / "bad.txt").write_text("rain\n")
    with pytest.raises(FormatError, match="line 1: write `name: description`"):
        read_about(tmp_path / "bad.txt")
    told = CliRunner().invoke(app, ["discover", "garden", "--compare", "--ask-model", "http://h/v1#m"])
    assert told.exit_code != 0


def test_columns_are_asked_about_from_the_command_line(tmp_path, monkeypatch):
    from aitia.workflow import knowing

    (tmp_path / "t.csv").write_text("rain,river,flood\n1,2,3\n4,5,7\n")
    opened = knowing.systems()["pywhy-llm"].load()
    monkeypatch.setattr(opened, "_client", lambda self: __import__("aitia.text").text.open_client(who_knows(NAMES)))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    base = [str(tmp_path / "t.csv"), "--model", str(tmp_path / "model")]
    told = CliRunner().invoke(app, ["ask", "graph", *base, "--out", str(tmp_path / "said")])
    assert told.exit_code == 0, told.output
    assert "rain --> river  (1.00)" in told.output
    assert "left out: a longer path has its effect" in told.output
    assert "forbidden: river -> rain" in (tmp_path / "said" / "knowledge.txt").read_text()
    told = CliRunner().invoke(app, ["ask", "critique", *base, "--graph", "river -> rain; river -> flood", "--json"])
    values = json.loads(told.stdout)
    assert [e["answer"] for e in values["edges"]] == ["<-", "->"]
    told = CliRunner().invoke(app, ["ask", "confounders", *base, "--treatment", "dose", "--outcome", "flood"])
    assert "'dose' is none of the variables: rain, river, flood" in str(told.exception)
