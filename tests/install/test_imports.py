"""Every module is imported where each warning is an error: ours, and those that they load of other packages."""

import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
WALK = """
import importlib, pkgutil
import aitia

names = [told.name for told in pkgutil.walk_packages(aitia.__path__, "aitia.") if not told.name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""
OTHERS = """
import ast, importlib, sys
from pathlib import Path

found = set()
for file in sorted(Path(sys.argv[1]).rglob("*.py")):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
loaded = []
for name in sorted(found):
    if name.partition(".")[0] in (*sys.stdlib_module_names, "aitia"):
        continue
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        continue
    loaded.append(name)
print(len(loaded))
"""


def run(code, *words):
    bare = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(SOURCE), "HOME": "/nonexistent", "OMP_NUM_THREADS": "1",
            "MPLBACKEND": "Agg", "HF_HUB_OFFLINE": "1"}  # fmt: skip
    done = subprocess.run([sys.executable, "-W", "error", "-c", code, *words], capture_output=True, text=True, env=bare)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_the_package_alone_warns_of_nothing_and_says_nothing():
    assert run("import aitia") == ""


def test_no_module_warns():
    assert int(run(WALK)) > 1000


@pytest.mark.slow
def test_no_package_that_is_loaded_when_it_is_used_warns():
    assert int(run(OTHERS, str(SOURCE))) > 60


def test_every_python_that_is_named_is_one_that_may_install_it():
    import tomllib

    told = tomllib.loads((SOURCE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [line.rpartition(" :: ")[2] for line in told["classifiers"] if "Python :: 3." in line]
    least = told["requires-python"].removeprefix(">=")
    assert named == sorted(named, key=lambda version: tuple(map(int, version.split("."))))
    assert named[0] == least
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in named
