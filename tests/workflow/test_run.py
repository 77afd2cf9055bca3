"""A run of any system: what its folder holds, what is refused, and that a second process takes part in the fit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import aitia as library
from aitia.errors import AitiaError, OptionError, RunError
from aitia.workflow.loading import load_run
from aitia.workflow.source import Source

RNG = np.random.default_rng(0)
ROWS = {"z": RNG.normal(size=60), "dose": RNG.normal(size=60)}
ROWS["out"] = 2 * ROWS["dose"] + 3 * ROWS["z"] + RNG.normal(size=60)


@pytest.fixture
def table(tmp_path, plugins):
    path = tmp_path / "rows.csv"
    lines = [",".join(map(repr, row)) for row in zip(*(v.tolist() for v in ROWS.values()), strict=True)]
    path.write_text("\n".join([",".join(ROWS), *lines, ""]))
    return path


def test_a_run_folder_holds_everything_and_is_loaded_from_it_alone(table, tmp_path):
    found = library.fit("tiny-scm", table, y="out", ridge=0.1, out=tmp_path / "run", seed=3)
    held = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"run.json", "timing.json", "source.json", "model", "training.json", "metrics.json", "report.html"} <= held
    assert "checkpoint" not in held
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["config"]["options"] == {"ridge": 0.1, "center": True, "seed": 3}
    assert record["config"]["roles"] == {"y": "out"}
    assert set(record["inputs"]) == {"rows"}
    assert found.scored_on == "6 rows that the fit has not seen"
    assert found.scores["squared error"].value < found.scores["squared error"].baselines["mean"]
    again = load_run(tmp_path / "run")
    asked = again.given()
    assert (asked.given.roles, asked.warnings) == ({"z": "z", "x": "dose", "y": "out"}, ())
    page = (tmp_path / "run" / "report.html").read_text()
    for told in ("squared error", "Least squares.", "do(x=v) replaces the equation of x.", "chosen", "aitia.fit"):
        assert told in page


def test_the_same_from_memory_cannot_be_found_again(plugins, tmp_path):
    library.fit("tiny-scm", ROWS, y="out", out=tmp_path / "run")
    with pytest.raises(RunError, match=r"its rows were in memory: say where \(--data\)"):
        library.ask(tmp_path / "run", "do(x=1)")


def test_rows_that_changed_or_went_are_told(table, tmp_path):
    library.fit("tiny-scm", table, y="out", out=tmp_path / "run")
    text = table.read_text()
    table.write_text(text.rstrip() + "\n1.5,2.5,3.5\n")
    assert "has changed since the fit" in library.ask(tmp_path / "run", "do(x=1)").warnings[0]
    table.unlink()
    with pytest.raises(RunError, match=r"are not at .*rows.csv any more: say where they are \(--data\)"):
        library.ask(tmp_path / "run", "do(x=1)")


def test_a_folder_that_moved_holds_the_same_run_and_other_options_are_refused(table, tmp_path):
    library.fit("tiny-scm", table, y="out", out=tmp_path / "run")
    (tmp_path / "other").mkdir()
    moved = table.rename(tmp_path / "other" / table.name)
    library.fit("tiny-scm", moved, y="out", out=tmp_path / "run")
    with pytest.raises(RunError, match=r"holds a run with other options .*give another folder"):
        library.fit("tiny-scm", moved, y="out", ridge=1.0, out=tmp_path / "run")


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        (
            {"ridgee": 1},
            r"no role, subject or option 'ridgee'\. Did you mean 'ridge'\? Roles: z, x, y\. Options: ridge",
        ),
        ({"y": "outt"}, r"'outt' is not a variable of this table\. Did you mean 'out'"),
        ({"y": "out", "ridge": -1.0}, "ridge is 0 or more, got -1.0"),
        ({"y": "out", "ridge": "much"}, "tiny-scm: ridge is a number, got 'much'"),
        ({"y": "out", "rows": 5}, r"rows.csv is no world: rows and arguments are of worlds only"),
    ],
)
def test_mistakes_are_one_sentence_before_any_work(table, tmp_path, named, sentence):
    with pytest.raises(AitiaError, match=sentence) as told:
        library.fit("tiny-scm", table, out=tmp_path / "run", **named)
    assert "\n" not in str(told.value)
    assert not (tmp_path / "run").exists()


def test_unknown_systems_paths_and_worlds_name_the_nearest(plugins):
    with pytest.raises(OptionError, match=r"there is no system 'tiny-scn'\. Did you mean 'tiny-scm'"):
        library.fit("tiny-scn", "x.csv")
    with pytest.raises(AitiaError, match=r"there is no file, folder or world 'pendulam'\. Did you mean 'pendulum'"):
        library.fit("tiny-scm", "pendulam")
    with pytest.raises(AitiaError, match="the world pendulum has no option 'nois'"):
        library.fit("tiny-scm", "pendulum", world={"nois": 1})
    with pytest.raises(AitiaError, match="tiny-scm takes table, and these rows are tracks"):
        library.fit("tiny-scm", "orca", rows=5)


def test_a_world_and_a_folder_of_one_name_are_told_apart(plugins, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = Source.of("pendulum", rows=9)
    assert kept.is_world
    (tmp_path / "pendulum").mkdir()
    with pytest.raises(OptionError, match=r"'pendulum' is a world and a folder here: say \./pendulum for the folder, "):
        Source.of("pendulum")
    with pytest.raises(OptionError, match="world:pendulum for the world"):
        library.fit("tiny-scm", "pendulum", y="out")
    assert Source.of("world:pendulum", rows=9) == kept
    assert Source.from_json(kept.to_json()) == kept  # as a run that was kept before there was a folder
    for folder in ("./pendulum", tmp_path / "pendulum", Path("pendulum")):
        source = Source.of(folder)
        assert not source.is_world
        assert source.to_json()["data"] == str(tmp_path / "pendulum")
    (tmp_path / "orca").write_text("1")
    with pytest.raises(OptionError, match=r"'orca' is a world and a file here: say \./orca for the file"):
        Source.of("orca")
    with pytest.raises(OptionError, match=r"there is no world 'pendulam'. Did you mean 'pendulum'"):
        Source.of("world:pendulam")
    told = kept.to_json()
    del told["is_world"]
    with pytest.raises(RunError, match=r"source\.json is damaged or of an older version \('is_world'\): fit again"):
        Source.from_json(told)


def test_a_system_that_has_subjects_alone_is_bound(plugins, tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "w.txt").write_text("1")
    found = library.fit("tiny-bound", model=str(tmp_path / "net"), units=3, out=tmp_path / "run")
    assert found.scored_on == "what it is bound to"
    assert set(json.loads((tmp_path / "run" / "run.json").read_text())["inputs"]) == {"model"}
    assert library.load(tmp_path / "run").subjects["model"].hash == found.system.subjects["model"].hash
    with pytest.raises(AitiaError):
        library.fit("tiny-bound", model=str(tmp_path / "nowhere"))


def test_a_source_of_a_world_is_the_same_whoever_draws_it(plugins):
    card = library.fit("tiny-scm", ROWS, y="out").system.card
    del card
    one, two = (Source.of("latent-domains", rows=20).resolved() for _ in range(2))
    assert one == two
    assert Source.from_json(one.to_json()) == one


TWO = """
import os, sys
from pathlib import Path
import torch.distributed as group
from aitia.cli import main

try:
    main()
finally:
    told = group.get_world_size() if group.is_initialized() else "alone"
    Path(sys.argv[-1] + ".process" + os.environ["RANK"]).write_text(str(told))
"""


def test_two_processes_fit_one_model_and_the_first_writes_it(tmp_path):
    script = tmp_path / "two.py"
    script.write_text(TWO)
    out = tmp_path / "run"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    command += ["run", "domain-counterfactuals", "--data", "latent-domains", "--rows", "150"]
    command += ["--steps", "20", "--batch", "8", "--restarts", "1", "--out", str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as both:
        try:
            told, errors = both.communicate(timeout=400)
        except subprocess.TimeoutExpired:
            both.terminate()  # it ends its processes, which a kill would leave behind
            raise
    assert both.returncode == 0, errors[-3000:]
    assert [(tmp_path / f"run.process{k}").read_text() for k in range(2)] == ["2", "2"]
    assert told.count("counterfactual MSE") == 1
    assert json.loads((out / "run.json").read_text())["status"] == "finished"
