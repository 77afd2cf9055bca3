"""Dynamic connectomes through `aitia run`, on a folder of a user's files."""

import csv

import numpy as np
import pytest
from typer.testing import CliRunner

from aitia.cli import app
from aitia.do import Intervention
from aitia.errors import InterventionError, OptionError
from aitia.workflow import Source, fit
from aitia.worlds import CalciumWorld

OPTIONS = {"most": 3, "starts": 3, "orders": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("recordings")
    world = CalciumWorld(20, 2, 8, 2, 100, seed=100)
    traces = world.traces(world.sample(6, seed=100))
    for x, present, animal in zip(traces.traces, traces.present, traces.animals, strict=True):
        with (path / f"{animal}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["time", *np.array(traces.units)[present]])
            writer.writerows([t / 4, *row] for t, row in enumerate(x[:, present]))
    (path / "stimuli.csv").write_text("name,start,stop\nodour <A>,0,25\nlight,25,50\n")
    return path


def test_a_folder_of_recordings_gives_motifs_and_a_report(folder, tmp_path):
    told = [f"{name}={value}" for name, value in OPTIONS.items()]
    command = ["run", "dynamic-connectomes", "--data", str(folder), "--out", str(tmp_path / "run")]
    answer = CliRunner().invoke(app, [*command, *[part for option in told for part in ("--set", option)]])
    assert answer.exit_code == 0, answer.output
    assert "Affinity is symmetric" in answer.output
    page = (tmp_path / "run" / "report.html").read_text()
    assert "pairs of units, by community" in page
    assert "odour &lt;A&gt; 0 to 25 s" in page
    assert "falls if it drives nobody" in page


def test_hidden_pairs_are_predicted_beside_averages(folder):
    found = fit("dynamic-connectomes", str(folder), options=OPTIONS, test_share=0.3)
    assert len(found.fresh) == 2
    assert set(found.scores) == {"model", "mean of the pair in the bin", "mean of the pair", "mean of all"}
    assert abs(found.scores["mean of all"]["hidden R2"]) < 0.05
    for scores in found.scores.values():
        assert scores["hidden R2"] < 1
    weights = found.method.latents(found.model, found.fresh, Intervention())
    assert weights.n == 2


def test_motifs_answer_no_do(folder):
    found = fit("dynamic-connectomes", str(folder), options={**OPTIONS, "rank": 1})
    assert found.targets == ()
    with pytest.raises(InterventionError, match="they say who changes together, not why"):
        found.method.counterfactual(found.model, found.data, Intervention({"u1": 0.0}))


def test_a_single_animal_is_scored_on_itself(folder):
    one = str(folder / "animal 1.csv")
    with pytest.raises(OptionError, match="leaves none to fit on"):
        fit("dynamic-connectomes", one, options=OPTIONS)
    assert fit("dynamic-connectomes", one, options=OPTIONS, test_share=0).fresh.rows.animals == ("animal 1",)


def test_other_methods_take_no_traces():
    with pytest.raises(OptionError, match="vae takes images or clips or table; calcium is traces"):
        fit("vae", Source("calcium", rows=2, world={"units": 8, "members": 2, "phase_frames": 20}))
    with pytest.raises(OptionError, match="dynamic-connectomes takes traces; pendulum is images"):
        fit("dynamic-connectomes", Source("pendulum", rows=4, size=8))
