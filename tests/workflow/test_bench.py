"""A bench: the same numbers however it is run, every failure a sentence, nothing measured twice, own results judged."""

import json

import numpy as np
import pytest

import aitia as library
from aitia.errors import AitiaError, OptionError, RunError
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

    from aitia.workflow.bench_report import bench_report
    from aitia.workflow.board import Bench, Measure

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
