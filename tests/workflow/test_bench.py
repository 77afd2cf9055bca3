"""A bench: the same numbers however it is run, every failure a sentence, and nothing measured twice."""

import json

import pytest
from typer.testing import CliRunner

from aitia.cli import app
from aitia.errors import AitiaError, OptionError, RunError
from aitia.workflow import bench

SMALL = {"steps": 3, "domain-counterfactuals.restarts": 1, "domain-counterfactuals.changing": 1, "batch": 8}
METHODS = ["domain-counterfactuals", "vae"]


@pytest.fixture(scope="module")
def found():
    return bench("latent-domains", METHODS, seeds=2, rows=60, options=SMALL)


def test_methods_and_what_needs_no_model_stand_in_one_table(found):
    whos = {"domain-counterfactuals", "vae", "do nothing", "mean of the domain", "random features",
            "principal components", "mean row"}  # fmt: skip
    assert set(found.scores) == whos
    assert {m.name for m in found.measures} >= {"counterfactual MSE", "MCC", "R2", "disentanglement"}
    assert set(found.scores["vae"]["MCC"]) == {0, 1}
    lines = {who: cells for who, cells, _ in found.lines}
    assert "±" in lines["vae"]["MCC"]
    assert "counterfactual MSE" not in lines["vae"]


def test_the_numbers_do_not_depend_on_the_number_of_processes(found):
    again = bench("latent-domains", METHODS, seeds=2, rows=60, options=SMALL, jobs=2)
    assert again.to_json() == found.to_json()


def test_a_cell_that_fails_is_a_sentence_and_spares_the_others(tmp_path):
    found = bench("latent-domains", ["tdrl", "vae"], seeds=1, rows=60, options={"steps": 2}, out=tmp_path / "run")
    assert found.failed == {"tdrl": {0: "tdrl takes clips; latent-domains is table"}}
    assert "MCC" in found.scores["vae"]
    page = (tmp_path / "run" / "report.html").read_text()
    assert "tdrl takes clips; latent-domains is table" in page
    assert json.loads((tmp_path / "run" / "bench.json").read_text()) == found.to_json()


def test_a_bench_that_was_stopped_goes_on_with_the_cells_that_are_left(found, tmp_path):
    told = []

    def stop(what, done, total):
        told.append(done)
        if done == 3:
            raise KeyboardInterrupt

    given = {"seeds": 2, "rows": 60, "options": SMALL, "out": tmp_path / "run"}
    with pytest.raises(KeyboardInterrupt):
        bench("latent-domains", METHODS, progress=stop, **given)
    assert (tmp_path / "run" / "cells.journal").read_text().count("\n") == 3
    done = []
    again = bench("latent-domains", METHODS, progress=lambda what, k, n: done.append(k), **given)
    assert done == [3, 4]
    assert again.to_json() == found.to_json()
    with pytest.raises(RunError, match="holds a run with other seeds"):
        bench("latent-domains", METHODS, **{**given, "seeds": 3})
    with pytest.raises(RunError, match="holds a run with other bench"):
        bench("process", METHODS, **given)


def test_the_command_prints_the_table_and_says_where_the_report_is(tmp_path):
    command = ["bench", "latent-domains", "--methods", "vae,tdrl", "--seeds", "1", "--rows", "60", "--set", "steps=2"]
    done = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "run")])
    assert done.exit_code == 0, done.exception
    assert "random" in done.output
    assert "tdrl: tdrl takes clips; latent-domains is table" in done.output
    assert "report.html" in done.output
    as_json = CliRunner().invoke(app, [*command, "--json"])
    assert json.loads(as_json.stdout)["scores"]["vae"]


@pytest.mark.parametrize(
    ("world", "methods", "options", "sentence"),
    [
        ("latent-domain", ["vae"], {}, r"there is no world 'latent-domain'\. Did you mean 'latent-domains'"),
        ("orca", ["gcrl", "gcr"], {}, r"there is no method 'gcr' to fit\. Did you mean 'gcrl'"),
        ("orca", ["gcrl", "gcrl"], {}, "named once each"),
        ("orca", [], {}, "named once each, got none"),
        ("orca", ["gcrl"], {"stepz": 1}, r"no method here has an option 'stepz'\. Did you mean 'steps'"),
        ("orca", ["gcrl"], {"vae.steps": 1}, "'vae' is not among the methods gcrl"),
        ("orca", ["gcrl"], {"steps": "many"}, "gcrl: steps is a whole number, got 'many'"),
        ("orca", ["gcrl"], {"width": 9}, "width is a multiple of 8, got 9"),
    ],
)
def test_mistakes_are_refused_before_any_work(world, methods, options, sentence):
    with pytest.raises(AitiaError, match=sentence):
        bench(world, methods, options=options)


def test_numbers_out_of_range_are_refused():
    with pytest.raises(OptionError, match="seeds is at least 1"):
        bench("orca", ["gcrl"], seeds=0)
