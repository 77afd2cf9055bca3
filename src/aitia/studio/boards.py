"""What was measured on a world: benches of this workspace, and the stored evidence of claims that draw from it."""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from aitia.errors import AitiaError
from aitia.guard import read_json
from aitia.runs import Record
from aitia.studio.measured import evidence_of
from aitia.studio.places import worlds_of
from aitia.studio.workspace import Workspace
from aitia.system.registry import Entry, systems
from aitia.workflow.board import Bench
from aitia.workflow.source import find_world
from aitia.workflow.told import asked, found, middle

__all__ = ["BENCH", "about_world", "benches", "candidates", "claims_on", "worlds_of_claims"]

BENCH = "bench"
"""The kind of a run of `aitia bench`."""


def benches(workspace: Workspace) -> Iterator[tuple[str, Bench]]:
    """The finished benches of a workspace with their runs, the newest first; what is damaged is passed over."""
    for name in workspace.run_names():
        path = workspace.runs / name
        try:
            if (path / "bench.json").is_file() and Record.read(path).finished(BENCH):
                yield name, Bench.from_json(read_json(path / "bench.json", dict), path)
        except AitiaError:
            continue


@cache
def about_world(world: str) -> str:
    """What a world is, in a line.

    Raises:
        OptionError: If there is none of this name.
    """
    return (type(find_world(world)).__doc__ or "").strip().split("\n")[0].removesuffix("; see the module.")


def candidates(world: str) -> list[Entry]:
    """The systems that take rows such as the world gives and need nothing beside them."""
    return [entry for entry in systems().values()
            if entry.card.rows and not any(subject.needed for subject in entry.card.subjects.values())
            and world in worlds_of(entry.card.rows)]  # fmt: skip


@cache
def worlds_of_claims() -> dict[str, tuple[str, ...]]:
    """The names of the worlds that the claim of a system imports, by slug."""
    import aitia.worlds
    from aitia.worlds.world import World

    every = worlds_of(("table", "clips", "tracks", "recordings"))
    classes = {name: getattr(aitia.worlds, name) for name in aitia.worlds.__all__}
    kinds = {name: kind for name, kind in classes.items() if isinstance(kind, type) and issubclass(kind, World)}
    names = {name: kind.name for name, kind in kinds.items() if getattr(kind, "name", None) in every}
    return {slug: tuple(dict.fromkeys(names[name] for name in _imported(entry) if name in names))
            for slug, entry in systems().items() if entry.card.claim}  # fmt: skip


def _imported(entry: Entry) -> Iterator[str]:
    """Names that the modules of a system and its claim import from worlds; nothing of them is executed."""
    spec = find_spec(entry.package)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        for path in sorted(Path(folder).glob("*.py")):
            if path.name in ("example.py", "page.py"):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aitia.worlds"):
                    yield from (name.name for name in node.names)


def claims_on(world: str) -> list[dict[str, Any]]:
    """The stored evidence of claims that draw from a world: each judged row with ours, its rivals and the verdict."""
    find_world(world)
    told = []
    for slug, worlds in worlds_of_claims().items():
        evidence = evidence_of(slug) if world in worlds else None
        if evidence is None:
            continue
        rows = [
            {
                "part": row.part, "metric": row.metric, "better": row.direction, "ours": middle(row),
                "rivals": {name: value for name, value in row.baselines.items() if value is not None},
                "judged": [{"asked": asked(one, row), "found": found(one, row), "verdict": str(one.verdict)}
                           for one in row.judged],
            }
            for row in evidence.rows
        ]  # fmt: skip
        told.append({"slug": slug, "date": evidence.date, "rows": rows, "also": [w for w in worlds if w != world]})
    return told
