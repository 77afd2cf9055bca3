"""What the user of the page of this system has."""

import json

from tests.docs.files import example

from aitia.data.tables import read_table
from aitia.worlds import ReportsWorld

TEXT = """Higher water prices reduce household consumption. As household income grows, household consumption rises.
Because of drought, river levels fell. Contrary to a common belief, tourism does not affect river levels.
"""


def owned(folder):
    table = read_table(example("recast", folder).files, kinds={"report": "text", "variables": "list", "links": "list"})
    rows = zip(table.texts("report"), table.lists("variables"), table.lists("links"), strict=True)
    lines = [json.dumps({"text": text, "nodes": nodes, "edges": edges}) for text, nodes, edges in rows]
    (folder / "reports.jsonl").write_text("\n".join(lines), encoding="utf-8")
    fresh = ReportsWorld(nodes=8, distractors=4)
    table = fresh.rows(fresh.sample(4, seed=5, env="mixed")).known
    lines = [
        json.dumps({"text": t, "nodes": n}) for t, n in zip(table.texts("text"), table.lists("nodes"), strict=True)
    ]
    (folder / "new.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "report.txt").write_text(TEXT, encoding="utf-8")
    names = ["water prices", "household consumption = consumption", "household income", "drought", "river levels"]
    (folder / "variables.txt").write_text("\n".join([*names, "tourism"]), encoding="utf-8")
    return {}
