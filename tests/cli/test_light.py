"""What people type to look around is light: no card, no options and no help loads a network's or a table's library."""

import json
import subprocess
import sys

import pytest

from aitia.system import systems

HEAVY = ("torch", "transformers", "pandas", "scipy", "numba", "sklearn", "pyarrow", "matplotlib", "networkx",
         "datasets", "diffusers", "accelerate", "PIL", "joblib")  # fmt: skip
"""Packages that nothing here may so much as look for."""
COMMANDS = ("discover", "run", "do", "predict", "encode", "effects", "adapt", "export", "trace", "edit",
            "feed", "bench", "world", "list", "show", "verify")  # fmt: skip
LOOKING = """
import contextlib, io, json, sys

class Blocked(BaseException):
    "Nothing that catches Exception hides it."

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HEAVY:
            raise Blocked(name)

HEAVY, lines = json.loads(sys.argv[1])
sys.meta_path.insert(0, Block())
from aitia.cli import main

found = []
for line in lines:
    sys.argv = ["aitia", *line]
    out, code = io.StringIO(), 0
    with contextlib.redirect_stdout(out):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        except Blocked as name:
            code = f"loads {name}"
    found.append((" ".join(line), code, out.getvalue()))
print(json.dumps([found, [name for name in HEAVY if name in sys.modules]]))
"""


def looked(*lines):
    asked = json.dumps([HEAVY, lines])
    done = subprocess.run([sys.executable, "-c", LOOKING, asked], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_no_card_option_or_help_loads_anything_heavy():
    # What another test adds to the path is not there in the process that looks.
    slugs = sorted(slug for slug, entry in systems().items() if entry.package.startswith("aitia."))
    lines = [["list"], ["list", "--json"], ["--help"], ["run"]]
    lines += [[command, "--help"] for command in COMMANDS]
    for slug in slugs:
        lines += [["show", slug], ["show", slug, "--json"], ["run", slug, "--help"]]
    found, loaded = looked(*lines)
    assert [(line, code) for line, code, _ in found if code != (2 if line == "run" else 0)] == []
    assert loaded == []
    told = {line: out for line, _, out in found}
    assert "Broken" not in told["list"]
    for slug in slugs:
        assert slug in told["list"]
        assert systems()[slug].card.title in told[f"show {slug}"]
        assert "default" in told[f"run {slug} --help"] or "  none" in told[f"run {slug} --help"]


@pytest.mark.parametrize("slug", sorted(systems()))
def test_the_options_of_a_system_stand_in_its_config(slug):
    entry = systems()[slug]
    if not entry.package.startswith("aitia."):
        return
    assert entry.config().__module__ == f"{entry.package}.config"
    assert entry.config() is entry.load().Config
