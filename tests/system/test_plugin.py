"""A system of another package, installed as a user installs it, is there like ours."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """`aitia` of a fresh environment into which the plugin was installed; aitia and what it needs are those of here."""
    place = tmp_path_factory.mktemp("plugin")
    shutil.copytree(ROOT / "examples" / "plugin", place / "source")
    venv.create(place / "env", with_pip=True)
    python = place / "env" / "bin" / "python"
    bare = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_")) or name == "PATH"}
    bare["HOME"] = os.environ.get("HOME", "/")
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check", place / "source"],
        check=True, env=bare,
    )  # fmt: skip
    (site,) = (place / "env" / "lib").glob("python*/site-packages")
    (site / "here.pth").write_text(f"{ROOT / 'src'}\n{sysconfig.get_paths()['purelib']}\n")

    def run(*arguments):
        return subprocess.run(
            [python, "-c", "from aitia.cli import main; main()", *map(str, arguments)],
            capture_output=True, text=True, check=False, cwd=place, env={"PATH": bare["PATH"], "HOME": "/nonexistent"},
        )  # fmt: skip

    assert sys.version_info[:2] == tuple(map(int, site.parent.name.removeprefix("python").split(".")))
    return run


def test_an_installed_system_is_listed_run_asked_and_verified(command, tmp_path):
    assert "nearest-row" in command("list").stdout
    run = command("run", "nearest-row", "--example", "--out", tmp_path / "run")
    assert run.returncode == 0, run.stderr
    done = command("do", tmp_path / "run", "do(a=5)", "--rows", "0-3", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verb"] == "predict"
    claim = command("verify", "nearest-row", "--out", tmp_path / "evidence", "--json")
    assert claim.returncode == 0, claim.stderr
    (told,) = json.loads(claim.stdout)
    assert told["slug"] == "nearest-row"
    assert len(told["rows"][0]["values"]) == 5
