"""Every test runs under one hypothesis profile, on one BLAS thread, and leaves the global random state alone."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import subprocess  # noqa: E402
import sys  # noqa: E402
from dataclasses import dataclass, field  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

settings.register_profile(
    "aitia", deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("aitia")


def pytest_configure(config):
    from tests.budget import Budget

    from aitia.system import systems

    members = {slug for slug, entry in systems().items() if entry.card.member_of is not None}
    config.pluginmanager.register(Budget(members), "budget")


# -- systems that another package brings: the tiny ones of tests/tiny, and that of examples/plugin

HERE = Path(__file__).parent
PLUGIN = HERE.parent / "examples" / "plugin"
TINY = ("tiny_scm", "tiny_redact", "tiny_bound")


def install(folder):
    """A folder on the path that brings the tiny systems and the plugin by their entry points; as pip leaves them."""
    points = "\n".join(f"{name.replace('_', '-')} = tiny.{name}" for name in TINY)
    for name, lines in (("aitia_tiny", points), ("aitia_nearest", "nearest-row = aitia_nearest.nearest_row")):
        info = folder / f"{name}-0.1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
        (info / "entry_points.txt").write_text(f"[aitia.systems]\n{lines}\n")
    (folder / "tiny").symlink_to(HERE / "tiny")
    (folder / "aitia_nearest").symlink_to(PLUGIN / "aitia_nearest")


@pytest.fixture(scope="session")
def plugins(tmp_path_factory):
    """The folder on the path, here and for commands."""
    from aitia.system import registry

    folder = tmp_path_factory.mktemp("plugins")
    install(folder)
    sys.path.insert(0, str(folder))
    registry._walk.cache_clear()
    yield folder
    sys.path.remove(str(folder))
    registry._walk.cache_clear()


@pytest.fixture(scope="session")
def aitia(plugins):
    """Runs a command with a bare environment."""

    def run(*arguments, cwd=None, check=False):
        source = os.pathsep.join([str(HERE.parent / "src"), str(plugins)])
        bare = {
            "PATH": os.environ["PATH"], "PYTHONPATH": source, "PYTHONHASHSEED": "0", "HOME": "/nonexistent",
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", "from aitia.cli import main; main()", *map(str, arguments)],
            capture_output=True, text=True, cwd=cwd, check=False, env=bare,
        )  # fmt: skip
        if check:
            assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def elsewhere(plugins):
    """Runs a command in another process, under this PYTHONHASHSEED; see `Elsewhere`."""
    from tests.commands import Elsewhere

    others = {}

    def run(hash_seed, *arguments, told):
        if hash_seed not in others:
            others[hash_seed] = Elsewhere((HERE.parent / "src", plugins), hash_seed)
        others[hash_seed](*arguments, told=told)

    yield run
    for other in others.values():
        other.close()


@dataclass(frozen=True)
class Fitted:
    """A system fitted to its example."""

    folder: Path
    run: Path
    example: Any
    system: Any
    given: Any
    kept: list[Any] = field(default_factory=list)

    def trial(self, **other):
        from aitia.system import Trial

        if not other and self.kept:
            return self.kept[0]
        e = self.example
        asked = {
            "do": e.do, "other": e.other, "rows": e.rows, "outcome": e.outcome, "mask": e.mask,
            "confounded": e.confounded, "exogenous": e.exogenous, "why_not": e.why_not,
        }  # fmt: skip
        trial = Trial.of(self.system, self.given, **{**asked, **other})
        if not other:
            self.kept.append(trial)
        return trial


@pytest.fixture(scope="session")
def fitted(elsewhere, tmp_path_factory):
    """A system fitted to its example by `aitia run SLUG --example --out`, once for all tests."""

    from aitia.system import example_of
    from aitia.workflow.loading import load_run

    kept = {}

    def get(slug):
        if slug not in kept:
            place = tmp_path_factory.mktemp(slug)
            elsewhere(0, "run", slug, "--example", "--out", place / "run", told=place / "told.txt")
            example = example_of(slug, place / "again", 0)
            loaded = load_run(place / "run", **example.subjects)
            kept[slug] = Fitted(place, place / "run", example, loaded.system, loaded.given().given)
        return kept[slug]

    return get


@pytest.fixture
def rng():
    import numpy as np

    return np.random.default_rng(7)


@pytest.fixture
def development():
    """Makes a context of a claim with so many seeds from 1000, or a later one, on: evidence never uses them."""
    from aitia.evidence import ClaimContext
    from aitia.system import find

    def made(seeds, first_seed=1000):
        assert first_seed >= 1000
        return ClaimContext(seeds=seeds, first_seed=first_seed, find=lambda slug: find(slug).load())

    return made
