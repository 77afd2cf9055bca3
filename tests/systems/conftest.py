"""The systems that the laws are run over: ours, the plugin of the examples, and the tiny ones of `tiny/`."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from aitia.system import Example, Given, System, Trial, example_of, registry
from aitia.workflow.loading import load_run

HERE = Path(__file__).parent
PLUGIN = HERE.parents[1] / "examples" / "plugin"
TINY = ("tiny_scm", "tiny_redact", "tiny_bound")


def install(folder):
    """A folder on the path that brings the tiny systems and the plugin by their entry points; as pip leaves them."""
    points = "\n".join(f"{name.replace('_', '-')} = tiny.{name}" for name in TINY)
    for name, lines in (("aitia_tiny", points), ("aitia_nearest", "nearest-row = aitia_nearest.nearest_row")):
        info = folder / f"{name}-0.1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
        (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{lines}\n")
    (folder / "tiny").symlink_to(HERE / "tiny")
    (folder / "aitia_nearest").symlink_to(PLUGIN / "aitia_nearest")


@pytest.fixture(scope="session")
def plugins(tmp_path_factory):
    """The folder on the path, here and for commands."""
    folder = tmp_path_factory.mktemp("plugins")
    install(folder)
    sys.path.insert(0, str(folder))
    registry._walk.cache_clear()
    yield folder
    sys.path.remove(str(folder))
    registry._walk.cache_clear()


@pytest.fixture(scope="session")
def aitia(plugins):
    """Runs a command with a bare environment, and this value of PYTHONHASHSEED."""

    def run(*arguments, cwd=None, hash_seed=0, check=False):
        source = os.pathsep.join([str(HERE.parents[1] / "src"), str(plugins)])
        bare = {
            "PATH": os.environ["PATH"], "PYTHONPATH": source, "PYTHONHASHSEED": str(hash_seed), "HOME": "/nonexistent",
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", "from aitia.cli import main; main()", *map(str, arguments)],
            capture_output=True, text=True, cwd=cwd, check=False, env=bare,
        )  # fmt: skip
        if check:
            assert done.returncode == 0, done.stderr
        return done

    return run


@dataclass(frozen=True)
class Fitted:
    """A system fitted to its example."""

    folder: Path
    run: Path
    example: Example
    system: System
    given: Given

    def trial(self, **other):
        e = self.example
        asked = {
            "do": e.do, "other": e.other, "rows": e.rows, "outcome": e.outcome, "mask": e.mask,
            "confounded": e.confounded, "exogenous": e.exogenous, "why_not": e.why_not,
        }  # fmt: skip
        return Trial.of(self.system, self.given, **{**asked, **other})


@pytest.fixture(scope="session")
def fitted(aitia, tmp_path_factory):
    """A system fitted to its example by `aitia run SLUG --example --out`, once for all tests."""
    kept = {}

    def get(slug):
        if slug not in kept:
            place = tmp_path_factory.mktemp(slug)
            aitia("run", slug, "--example", "--out", place / "run", cwd=place, check=True)
            example = example_of(slug, place / "again", 0)
            loaded = load_run(place / "run", **example.subjects)
            kept[slug] = Fitted(place, place / "run", example, loaded.system, loaded.given()[0])
        return kept[slug]

    return get
