"""Reports with their variables and edges as JSON lines."""

from pathlib import Path

from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.do import Intervention
from aitia.files import write_whole
from aitia.system import Example
from aitia.worlds import ReportsWorld

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """40 reports whose edges are known, and 8 without."""
    world = ReportsWorld(nodes=8, distractors=4)
    kinds = {"report": "text", "variables": "list", "links": "list"}
    for name, n, more in (("reports.jsonl", 40, 0), ("fresh.jsonl", 8, 1)):
        rows = world.rows(world.sample(n, seed=seed + more, env="mixed")).known
        columns = {"report": rows.texts("text"), "variables": rows.lists("nodes")}
        if not more:
            columns["links"] = rows.lists("edges")
        table = Table.of(columns, kinds={name: kinds[name] for name in columns})
        write_whole(folder / name, table_bytes(table, ".jsonl"))
    first = world.sample(40, seed=seed, env="mixed").take([0])
    edge = " -> ".join(world.edges(first, stated=True)[0][0])
    return Example(
        folder / "reports.jsonl",
        roles={"text": "report", "nodes": "variables", "edges": "links"},
        options={"reader": "tagger"},
        rows=folder / "fresh.jsonl",
        do=str(Intervention({edge: "absent"})),
        other=str(Intervention({edge: "present"})),
        mask={"report": None},
        outcome="links",
        why_not="an edge of a text has no causes, and no other column to be conditioned on",
    )
