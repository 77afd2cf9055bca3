"""A run and its answers show a model nothing that a table names outside of its folder: nobody is asked."""

import numpy as np
from tests.text.server import serve  # noqa: F401
from typer.testing import CliRunner

from aitia.cli.main import app
from aitia.data.columns.picture import png
from aitia.errors import DataError
from aitia.system import find
from aitia.workflow.tasks import asking_systems

SHOWN = next(slug for slug in asking_systems() if {"image", "sentence", "reverse"} <= set(find(slug).card.takes))
"""A system that shows pictures to a client."""


def rows(folder, name, pictures):
    lines = [f"{one},cup {k} falls because it is pushed,cup {k} is pushed because it falls" for k, one in pictures]
    (folder / name).write_text("\n".join(["image,sentence,reverse", *lines]))
    return folder / name


def test_neither_a_run_nor_a_prediction_shows_a_picture_from_elsewhere(serve, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.delenv("AITIA_API_KEY", raising=False)
    home = tmp_path / "mine"
    home.mkdir()
    rng = np.random.default_rng(0)
    for k in range(12):
        (home / f"{k}.png").write_bytes(png(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)))
    (tmp_path / "secret.png").write_bytes(png(np.zeros((8, 8, 3), dtype=np.uint8)))
    good = rows(home, "good.csv", [(k, f"{k}.png") for k in range(12)])
    bad = rows(home, "bad.csv", [*((k, f"{k}.png") for k in range(11)), (11, "../secret.png")])
    server = serve(lambda number, body, headers: "A")
    model = ["--client", f"{server.address}#small"]

    def words(*more):
        return CliRunner().invoke(app, [*map(str, more)])

    refused = words("run", SHOWN, "--data", bad, *model, "--out", tmp_path / "refused")
    assert isinstance(refused.exception, DataError)
    assert "row 11, column 'image'" in str(refused.exception)
    assert server.asked == []
    assert not (tmp_path / "refused").exists()
    done = words("run", SHOWN, "--data", good, *model, "--test-share", "0.25", "--out", tmp_path / "run")
    assert done.exit_code == 0, (done.output, done.exception)
    before = len(server.asked)
    assert before
    refused = words("predict", tmp_path / "run", bad)
    assert isinstance(refused.exception, DataError), (refused.output, refused.exception)
    assert len(server.asked) == before
