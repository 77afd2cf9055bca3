"""What keys a replay and a resumed run: the versions that change numbers, and the kind of machine."""

import re
import subprocess
from pathlib import Path

import pytest

import aitia
from aitia.evidence.origin import commit_here, machine_here, origin_key

HERE = {"aitia": "0.1.0", "python": "3.11.7", "numpy": "2.4", "scipy": "1.17", "torch": "2.13"}


@pytest.mark.parametrize(("name", "counts"), [("python", 1), ("numpy", 1), ("torch", 1), ("scipy", 0), ("aitia", 0)])
def test_versions_of_python_numpy_and_torch_count(name, counts):
    assert (origin_key({**HERE, name: "other"}, machine_here()) != origin_key(HERE, machine_here())) == counts


def test_the_kind_of_machine_counts():
    machine = machine_here()
    assert set(machine) == {"architecture", "processor"}
    assert origin_key(HERE, {**machine, "processor": "other"}) != origin_key(HERE, machine)
    assert origin_key() == origin_key(machine=machine)


def test_the_commit_is_that_of_the_checkout():
    folder = Path(aitia.__file__).parent
    git = subprocess.run(["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    commit = commit_here()
    if git.returncode:
        assert commit is None
    else:
        assert commit is None or re.fullmatch(rf"{git.stdout.strip()}\+?", commit)
