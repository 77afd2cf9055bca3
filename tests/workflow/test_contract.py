"""What holds of every method that can be fitted from the command line, one loop over all of them."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from aitia.cli import app
from aitia.data.images import ImageSet
from aitia.data.table import Table
from aitia.data.tracks import Tracks
from aitia.do import Intervention
from aitia.workflow import Source, find_method, fit, method_names
from aitia.workflow.pictures import as_images
from aitia.workflow.report import python

IMAGES = Source("pendulum", size=16, rows=60)
CLIPS = Source("projectile", size=16, rows=24, world={"frames": 4})
TABLE = Source("latent-domains", rows=150)
TRACKS = Source("orca", rows=60)
TRACES = Source("calcium", rows=6, world={"units": 12, "members": 3, "phase_frames": 40})
CODES = {"steps": 4, "batch": 8, "width": 4, "latents": 6}

CASES = {
    "domain-counterfactuals": [
        (TABLE, {"steps": 6, "restarts": 1, "batch": 20}),
        (IMAGES, {"steps": 3, "latents": 4, "width": 4, "batch": 8}),
    ],
    "causal-vae": [(IMAGES, {"steps": 4, "width": 4, "batch": 8, "hidden": 4})],
    "causal-motion": [(TRACKS, {"steps": 4, "batch": 8, "width": 16})],
    "gcrl": [(TRACKS, {"steps": 4, "batch": 8, "width": 16})],
    "gde": [(TABLE, {"steps": 6, "batch": 3, "points": 8, "width": 8, "latents": 4})],
    "multi-view": [(Source("spring", size=16, rows=30), CODES)],
    **{name: [(CLIPS, CODES)] for name in ("time-ivae", "tcl", "tdrl", "idol")},
}
ALL = [(slug, *case) for slug in method_names() for case in CASES.get(slug, [(IMAGES, CODES)])]
NAMES = [f"{slug} on {source.data}" for slug, source, _ in ALL]


@pytest.fixture(scope="module")
def fits(tmp_path_factory):
    """Each case fitted once, in a run folder."""
    kept = {}

    def get(slug, source, options):
        if (slug, source.data) not in kept:
            out = tmp_path_factory.mktemp("fit") / "run"
            kept[slug, source.data] = fit(slug, source, options=options, out=out, command="aitia run ...")
        return kept[slug, source.data]

    return get


every = pytest.mark.parametrize(("slug", "source", "options"), ALL, ids=NAMES)


def numbers(rows):
    if isinstance(rows, Tracks):
        return rows.tracks
    if isinstance(rows, Table):
        return rows.matrix([name for name in rows.names if rows.continuous(name)])
    return rows.images.astype(float)


@every
def test_a_run_holds_model_scores_and_a_report_that_loads_nothing(fits, slug, source, options):
    found = fits(slug, source, options)
    page = (found.path / "report.html").read_text()
    assert all(f'{where}="http' not in page for where in ("src", "href"))
    assert "aitia run ..." in page
    assert "from aitia.workflow import ask, fit" in page
    metrics = json.loads((found.path / "metrics.json").read_text())
    assert metrics["scores"]
    for name, row in metrics["scores"].items():
        assert all(np.isfinite(v) for who, v in row.items() if who != "better"), name
    assert len(found.scores) >= 2, "a trivial baseline stands beside the model"
    record = json.loads((found.path / "run.json").read_text())
    assert record["status"] == "finished"
    assert {"model/model.safetensors", "metrics.json"} <= set(record["results"])
    assert not (found.path / "checkpoint").exists()


@every
def test_the_same_seed_gives_the_same_bytes_and_the_saved_model_the_same_answers(fits, slug, source, options, tmp_path):
    found = fits(slug, source, options)
    config = found.method.configure(options, 0)
    fitted = found.method.fit(found.data, config, checkpoint=None, progress=None)
    fitted.save_pretrained(tmp_path)
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / name).read_bytes() == (found.path / "model" / name).read_bytes()
    rows = found.data.take([0, 3, 5])
    for do in _questions(found):
        ours, again = (found.method.counterfactual(model, rows, do) for model in (fitted, found.model))
        assert np.array_equal(numbers(ours), numbers(again)), str(do)


def _questions(found):
    """do(), and one intervention on a target where there is one."""
    if not found.targets:
        return []
    target = found.targets[0]
    middle = tuple(0.5 * (a + b) for a, b in zip(target.low, target.high, strict=True))
    value = target.labels[-1] if target.labels else middle[0] if len(middle) == 1 else middle
    return [Intervention(), Intervention({target.name: value})]


@every
def test_setting_what_already_is_changes_nothing(fits, slug, source, options):
    """The do-nothing counterfactual is the reconstruction or forecast, and so is setting a row's own value."""
    found = fits(slug, source, options)
    if not found.targets:
        pytest.skip("it answers no interventions")
    row = found.data.take([4])
    still = numbers(found.method.counterfactual(found.model, row, Intervention()))
    target = found.targets[0]
    if slug == "gcrl":  # an environment is a law of s there: the row's own s is none of its values
        assert np.allclose(still[:, :, 8:], found.model.predict(row.rows).mean)
        return
    if target.labels:
        own = str(row.labels[0])
    else:
        latents = found.method.latents(found.model, row, Intervention())
        own = float(np.ravel(latents.column(latents.names[0]))[0])
        if any(" frame " in name for name in latents.names):
            pytest.skip("a latent of a clip has a value in every frame")
    same = numbers(found.method.counterfactual(found.model, row, Intervention({target.name: own})))
    assert np.allclose(same, still, atol=1.0 if as_images(row.rows) is not None else 1e-3)


def test_equal_runs_have_equal_bytes_in_every_file(fits, tmp_path):
    found = fits(*ALL[NAMES.index("domain-counterfactuals on latent-domains")])
    case = next(case for case in ALL if case[0] == found.slug)
    again = fit(*case[:2], options=case[2], out=tmp_path / "again", command="elsewhere")
    assert (found.path / "run.json").read_text() == (again.path / "run.json").read_text()


@pytest.mark.parametrize("slug", ["domain-counterfactuals", "causal-vae", "causal-motion", "vae"])
def test_the_lines_of_python_in_the_report_are_the_run(fits, slug):
    """The folder takes them for the run that it holds, and refuses any other."""
    case = next(case for case in ALL if case[0] == slug)
    found = fits(*case)
    lines = python(found, found.method.configure(case[2], 0))
    made = {}
    exec(compile(lines, "report", "exec"), made)
    assert made["found"].scores == found.scores


@every
def test_questions_are_asked_through_the_command(fits, slug, source, options):
    found = fits(slug, source, options)
    if not found.targets:
        answer = CliRunner().invoke(app, ["do", str(found.path), "do(z1=1)"])
        assert answer.exit_code != 0
        return
    question = str(_questions(found)[1])
    answer = CliRunner().invoke(app, ["do", str(found.path), question, "--rows", "3,1"])
    assert answer.exit_code == 0, answer.exception
    (folder,) = (found.path / "do").iterdir()
    record = json.loads((folder / "answer.json").read_text())
    assert record["rows"] == [3, 1]
    assert record["intervention"] == question
    assert all((folder / name).is_file() for name in record["files"])
    wanted = {ImageSet: "grid.png", Table: "rows.csv", Tracks: "tracks.svg"}.get(type(found.data.rows), "grid.png")
    assert wanted in record["files"]
    assert "latents.csv" in record["files"]
    assert str(folder / record["files"][0]) in answer.output.replace("\n", "")


def test_a_slug_finds_its_class_and_configuration():
    for slug in method_names():
        method = find_method(slug)
        assert hasattr(method.cls, "save_pretrained")
        assert method.configure({}, 7).seed == 7


# -- kills and several processes -------------------------------------------------------------------------------------

RUN = [sys.executable, "-c", "from aitia.cli import main; main()", "run"]
KILLED = {
    "domain-counterfactuals": [
        "--data",
        "latent-domains",
        "--world",
        "size=3",
        "--world",
        "intervened=2",
        "--rows",
        "90",
        "--set",
        "restarts=1",
        "--set",
        "batch=4",
    ],
    "causal-motion": ["--data", "orca", "--rows", "60", "--set", "batch=8", "--set", "width=16"],
    "gcrl": ["--data", "orca", "--rows", "60", "--set", "batch=8", "--set", "width=16", "--set", "best_of=2"],
    "causal-vae": ["--data", "pendulum", "--size", "8", "--rows", "60", "--set", "batch=8", "--set", "width=4"],
    "vae": ["--data", "pendulum", "--size", "8", "--rows", "60", "--set", "batch=8", "--set", "width=4"],
}
SLOW = [slug if slug == "domain-counterfactuals" else pytest.param(slug, marks=pytest.mark.slow) for slug in KILLED]


@pytest.mark.parametrize("slug", SLOW)
def test_a_run_that_was_killed_goes_on_and_ends_in_the_same_bytes(slug, tmp_path):
    """SIGKILL once a checkpoint is there; the same command again; every byte as in a run that was left alone."""
    command = [*RUN, slug, *KILLED[slug], "--set", "steps=1001"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    victim = subprocess.Popen([*command, "--out", str(tmp_path / "killed")], env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 200
    while not any((tmp_path / "killed" / "checkpoint").glob("*.safetensors")) and time.monotonic() < deadline:
        assert victim.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)
    victim.send_signal(signal.SIGKILL)
    assert victim.wait() == -signal.SIGKILL
    assert json.loads((tmp_path / "killed" / "run.json").read_text())["status"] == "running"
    for name in ("killed", "whole"):
        subprocess.run([*command, "--out", str(tmp_path / name)], check=True, env=environment, capture_output=True)
    killed, whole = ((tmp_path / name / "run.json").read_text() for name in ("killed", "whole"))
    assert killed == whole
    for name in json.loads(whole)["results"]:
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


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
    command += ["--set", "steps=20", "--set", "batch=8", "--set", "restarts=1", "--out", str(out)]
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
    assert CliRunner().invoke(app, ["do", str(out), "do(domain=d1)", "--rows", "2"]).exit_code == 0


def test_rows_of_a_world_are_the_same_whoever_draws_them():
    one, two = (replace(TABLE, rows=20).read(("table",)) for _ in range(2))
    assert one.hash() == two.hash()
    assert one.take([1]).hash() != one.hash()
