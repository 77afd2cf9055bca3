"""Tables of few rows."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from aitia.cli.main import app
from aitia.errors import DataError
from aitia.workflow.run import fit


def table(rows):
    x, y, z = np.random.default_rng(0).normal(size=(3, rows))
    return {"x": x, "y": x + y, "z": x + z}


def test_a_search_over_forty_rows_runs_and_says_that_nothing_was_scored(tmp_path):
    found = fit("pc", table(40), out=tmp_path / "run")
    assert "x" in found.system.graph_.adjacent("y")
    assert not found.scores
    assert any("nothing was scored on the 4 row(s) that were held out" in w for w in found.training.warnings)
    assert fit("pc", table(40), test_share=0).scores
    assert fit("pc", table(400)).scores


def test_the_command_says_the_option(tmp_path):
    path = tmp_path / "t.csv"
    columns = table(40)
    path.write_text("x,y,z\n" + "".join(f"{a},{b},{c}\n" for a, b, c in zip(*columns.values(), strict=True)))
    told = CliRunner().invoke(app, ["run", "pc", "--data", str(path)])
    assert told.exit_code == 0, told.output
    assert "--test-share 0)" in " ".join(told.output.split())


def test_the_command_draws_the_graph_that_was_found(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 300))
    path = tmp_path / "t.csv"
    np.savetxt(path, np.column_stack([x, y, x + y + rng.normal(size=300)]), delimiter=",", header="x,y,z", comments="")
    told = CliRunner().invoke(app, ["run", "pc", "--data", str(path)])
    assert told.exit_code == 0, told.output
    assert "z  <-  x, y\n" in told.output
    told = CliRunner().invoke(app, ["run", "pc", "--data", str(path), "--json"])
    assert json.loads(told.stdout)["graphs"] == {"graph": "x --> z; y --> z"}
    assert fit("pc", table(400)).graphs.keys() == {"graph"}


def test_a_fault_of_the_score_on_many_rows_is_not_swallowed(monkeypatch):
    from aitia.systems.pc.model import PC

    def fails(self, fresh, seen):
        raise DataError("a fault")

    monkeypatch.setattr(PC, "judge", fails)
    with pytest.raises(DataError, match="a fault"):
        fit("pc", table(400))
