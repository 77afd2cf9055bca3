"""A bench: the same numbers however it is run, every failure a sentence, nothing measured twice, own results judged."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

import aitia as library
from aitia.cli.fitting_tables import fitting_tables
from aitia.errors import AitiaError, OptionError, RunError
from aitia.workflow.bench_report import bench_report
from aitia.workflow.board import Bench, Measure
from aitia.workflow.source import find_world
from aitia.workflow.trials import trial_of

SMALL = {"steps": 3, "domain-counterfactuals.restarts": 1, "domain-counterfactuals.changing": 1, "batch": 8}
OURS = ["domain-counterfactuals"]


@pytest.fixture(scope="module")
def found():
    return library.bench("latent-domains", OURS, seeds=2, rows=60, options=SMALL)


def test_systems_and_what_needs_no_model_stand_in_one_table(found):
    assert {"domain-counterfactuals", "do nothing", "mean of the domain"} <= set(found.scores)
    assert set(found.scores["domain-counterfactuals"]["counterfactual MSE"]) == {0, 1}
    assert "[" in {who: cells for who, cells, _ in found.lines}["do nothing"]["counterfactual MSE"]


def test_the_numbers_depend_neither_on_the_number_of_processes_nor_on_a_folder_of_that_name(
    found, tmp_path, monkeypatch
):
    (tmp_path / "latent-domains").mkdir()
    monkeypatch.chdir(tmp_path)
    again = library.bench("latent-domains", OURS, seeds=2, rows=60, options=SMALL, jobs=2)
    assert again.to_json() == found.to_json()


def test_a_cell_that_fails_is_a_sentence_and_a_bench_goes_on_with_the_cells_that_are_left(plugins, tmp_path):
    told = []

    def stop(what, done, total):
        told.append(done)
        if done == 1:
            raise KeyboardInterrupt

    given = {"seeds": 2, "rows": 20, "out": tmp_path / "run"}
    with pytest.raises(KeyboardInterrupt):
        library.bench("orca", ["tiny-scm"], progress=stop, **given)
    assert (tmp_path / "run" / "cells.journal").read_text().count("\n") == 1
    done = []
    found = library.bench("orca", ["tiny-scm"], progress=lambda what, k, n: done.append(k), **given)
    assert done == [1, 2]
    sentence = "tiny-scm takes table, and these rows are tracks"
    assert found.failed == {"tiny-scm": {0: sentence, 1: sentence}}
    assert sentence in (tmp_path / "run" / "report.html").read_text()
    assert json.loads((tmp_path / "run" / "bench.json").read_text()) == found.to_json()
    with pytest.raises(RunError, match="holds a run with other seeds"):
        library.bench("orca", ["tiny-scm"], **{**given, "seeds": 3})


def test_own_results_are_judged_on_the_same_rows_as_ours(tmp_path):
    world = find_world("latent-domains")
    trials = [trial_of(world, 60, seed=seed) for seed in range(2)]
    codes = {str(k): np.column_stack([t.sample[n] for n in world.names]) for k, t in enumerate(trials)}
    np.savez(tmp_path / "mine.npz", **codes)
    for seed, trial in enumerate(trials):
        (tmp_path / f"cf{seed}").mkdir()
        np.savez(tmp_path / f"cf{seed}" / "answers.npz", answers=trial.truths())
    library.write_graph(world.graph, tmp_path / "g.json")
    own = {"codes": "mine.npz", "graph": "g.json", "counterfactuals": "cf{seed}"}
    own = {name: str(tmp_path / path) for name, path in own.items()}
    found = library.bench(
        "latent-domains", OURS, seeds=2, rows=60, options=SMALL, own=own, called="mine", out=tmp_path / "run"
    )
    perfect = {"MCC": 1.0, "SHD": 0.0, "arrowhead F1": 1.0, "counterfactual error": 0.0}
    assert {name: by[1] for name, by in found.scores["mine"].items()} == pytest.approx(perfect)
    assert set(found.scores["domain-counterfactuals"]["MCC"]) == {0, 1}
    assert found.scores["do nothing"]["counterfactual error"][0] > 0.1
    latex = (tmp_path / "run" / "bench.tex").read_text()
    assert r"\textbf{1 [1, 1]}" in latex
    assert "latent-domains,mine,MCC,higher,0," in (tmp_path / "run" / "bench.csv").read_text()
    for name, sentence in (("codes", "no array 'codes' or '2'"), ("graph", "cannot be read: No such file")):
        with pytest.raises(AitiaError, match=sentence):
            library.bench("latent-domains", seeds=3, rows=60, own={name: own[name].replace("g.json", "h.json")})
    np.savez(tmp_path / "mine.npz", codes=np.zeros((3, 2)))
    with pytest.raises(AitiaError, match=r"codes have shape \(3, 2\), the world has 60 test rows"):
        library.bench("latent-domains", seeds=1, rows=60, own={"codes": own["codes"]})


def two_forecasters():
    """A bench of two systems whose baseline is measured on different windows."""
    scores = {
        "causal-motion": {"ADE": {0: 0.30, 1: 0.34}},
        "constant velocity": {"ADE": {0: 0.18, 1: 0.18}},
        "gcrl": {"ADE": {0: 0.38, 1: 0.36}},
        "constant velocity (gcrl)": {"ADE": {0: 0.20, 1: 0.20}},
        "do nothing": {"ADE": {0: 0.5, 1: 0.5}},
    }
    worth = {"gcrl": {0: ["no better"], 1: ["no better"]}, "causal-motion": {1: ["no better"]}}
    systems = ("causal-motion", "gcrl")
    return Bench("orca", systems, 2, 40, {}, (Measure("ADE", "lower", "e"),), scores, worth=worth)


def test_a_baseline_stands_once_with_the_range_of_what_it_is_beside_each_system():
    found = two_forecasters()
    assert [who for who, _, _ in found.lines] == ["causal-motion", "gcrl", "constant velocity", "do nothing"]
    cells = {who: by["ADE"] for who, by, _ in found.lines}
    assert (cells["constant velocity"], cells["do nothing"]) == ("0.18 to 0.2", "0.5 [0.5, 0.5]")
    (note,) = found.notes
    assert note.startswith("A baseline with two values, as in 0.1 to 0.2, differs by system")
    assert found.to_latex().count("constant velocity") == 1
    assert bench_report(found, None, {}).count("constant velocity") == 1
    assert found.to_json()["scores"]["constant velocity (gcrl)"]["ADE"]["0"] == 0.20, "no number is lost"
    assert replace(found, scores={n: s for n, s in found.scores.items() if "(" not in n}).notes == []


def test_a_bench_says_which_systems_are_worth_little_and_at_which_seeds():
    found = two_forecasters()
    assert found.alarms == ("gcrl: no better", "causal-motion, seed 1: no better")
    assert found.to_json()["alarms"] == list(found.alarms)
    page = bench_report(found, None, {})
    assert page.index("Causal-motion, seed 1: no better.") < page.index("<section>")


def drawn(tables, width):
    """What is printed on a terminal of this width."""
    console = Console(width=width, file=io.StringIO(), highlight=False)
    for table in tables:
        console.print(table)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 200])
def test_tables_of_a_bench_fit_the_terminal_and_cut_no_name(width):
    names = ["domain-counterfactuals", "alignment-hurts", "the same without a model"]
    heads = ["counterfactual MSE ↓", "looks like the target ↑", "composition error ↓", "reversibility error ↓"]
    cells = [[f"{row}.{k}23 [0.1, 0.2]" if (row, k) != (2, 3) else "" for k in range(4)] for row in range(3)]
    text = drawn(fitting_tables(names, heads, cells, "a bench", width), width)
    assert all(len(line) <= width for line in text.splitlines())
    assert all(head in text for head in heads)
    assert all(cell in text for row in cells for cell in row if cell)
    assert all(name in text for name in names)
    assert text.count("a bench") == 1
    assert len(fitting_tables(names, heads, cells, "", 200)) == 1


def test_a_table_of_many_columns_is_turned():
    heads = [f"measure {k}" for k in range(12)]
    (table,) = fitting_tables(["ours", "theirs"], heads, [["0.5"] * 12] * 2, "", 80)
    assert [str(column.header) for column in table.columns] == ["", "ours", "theirs"]


def test_a_world_is_written_without_its_truth(aitia, tmp_path):
    aitia("world", "pendulum", "--n", 20, "--size", 8, "--out", tmp_path / "p", check=True)
    assert "light" in (tmp_path / "p" / "train" / "train.csv").read_text().splitlines()[0]
    assert (tmp_path / "p" / "test" / "test.csv").read_text().splitlines()[0] == "row,image,environment"
    assert json.loads((tmp_path / "p" / "interventions.json").read_text())[0]["do"].startswith("do(")
    assert "is not empty" in aitia("world", "pendulum", "--out", tmp_path / "p").stderr


@pytest.mark.parametrize(
    ("world", "systems", "options", "sentence"),
    [
        ("latent-domain", OURS, {}, r"there is no world 'latent-domain'\. Did you mean 'latent-domains'"),
        ("orca", ["tiny-scn"], {}, r"there is no system 'tiny-scn'\. Did you mean 'tiny-scm'"),
        ("orca", ["tiny-scm", "tiny-scm"], {}, "named once each"),
        ("orca", [], {}, "named once each, got none"),
        ("orca", ["tiny-scm"], {"ridg": 1}, r"no system here has an option 'ridg'\. Did you mean 'ridge'"),
        ("orca", ["tiny-scm"], {"vae.steps": 1}, "'vae' is not among the systems tiny-scm"),
        ("orca", ["tiny-scm"], {"ridge": "many"}, "tiny-scm: ridge is a number, got 'many'"),
        ("orca", ["tiny-scm"], {"ridge": -1.0}, "ridge is 0 or more, got -1"),
    ],
)
def test_mistakes_are_refused_before_any_work(plugins, world, systems, options, sentence):
    with pytest.raises(AitiaError, match=sentence):
        library.bench(world, systems, options=options)


def test_numbers_out_of_range_are_refused(plugins):
    with pytest.raises(OptionError, match="seeds is at least 1"):
        library.bench("orca", ["tiny-scm"], seeds=0)


@pytest.mark.parametrize(("seeds", "how"), [(9, "Student's t"), (10, "accelerated bootstrap")])
def test_the_intervals_are_those_of_evidence(seeds, how):
    from scipy.stats import bootstrap, t

    values = np.random.default_rng(0).exponential(size=seeds)
    scores = {"mine": {"error": dict(enumerate(values.tolist()))}}
    found = Bench("orca", ("mine",), seeds, 60, {}, (Measure("error", "lower", "e"),), scores)
    if seeds < 10:
        low, high = t.interval(0.95, seeds - 1, values.mean(), values.std(ddof=1) / seeds**0.5)
    else:
        low, high = bootstrap((values,), np.mean, method="BCa", rng=np.random.default_rng(1)).confidence_interval
    ((who, cells, _),) = found.lines
    ends = [float(end) for end in cells["error"].split("[")[1].rstrip("]").split(", ")]
    assert who == "mine"
    assert ends == pytest.approx([low, high], rel=0.02)
    assert how in found.to_latex()
    assert how.replace("'", "&#x27;") in bench_report(found, None, {}) or how in bench_report(found, None, {})
    assert Bench("orca", ("mine",), 1, 60, {}, found.measures, {"mine": {"error": {0: 1.0}}}).lines[0][1] == {
        "error": "1"
    }


def test_a_graph_that_leaves_variables_out_lacks_their_edges():
    from aitia.graph import Graph
    from aitia.workflow.judging import of_graph

    world = find_world("pendulum")
    trial = trial_of(world, 8, seed=0, size=16)
    whole, part = of_graph(world.graph, trial), of_graph(Graph("light -> shadow_length"), trial)
    assert whole["SHD"].value == 0
    assert part["SHD"].value == len(world.graph.edges) - 1
    assert part["arrowhead F1"].value < 1
