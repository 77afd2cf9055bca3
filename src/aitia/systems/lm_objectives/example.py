"""Documents of little worlds, and questions about others, as JSON lines."""

from pathlib import Path

from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.files import write_whole
from aitia.system import Example
from aitia.worlds import ScenesWorld

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """60 documents, 40 questions of one family and 20 of one that is held out; and 8 questions without answers."""
    world = ScenesWorld()
    rows: list[dict[str, object]] = [{"text": text} for text in world.render(world.sample(60, seed=seed))]
    for family, n, split in (("get-city", 40, "tasks"), ("get-job", 20, "held out")):
        held = world.questions(world.sample(n, seed=seed + 1), family)
        columns = (held.texts("prompt"), held.lists("options"), held.texts("answer"))
        for prompt, options, answer in zip(*columns, strict=True):
            rows.append({"prompt": prompt, "options": options, "answer": answer, "family": family, "split": split})
    names = ("text", "prompt", "options", "answer", "family", "split")
    kinds = {"text": "text", "prompt": "text", "options": "list", "answer": "text", "family": "label", "split": "label"}
    table = Table.of({name: [row.get(name) for row in rows] for name in names}, kinds=kinds)
    fresh = world.questions(world.sample(8, seed=seed + 2), "inverse-city").select(("prompt", "options"))
    write_whole(folder / "scenes.jsonl", table_bytes(table, ".jsonl"))
    write_whole(folder / "asked.jsonl", table_bytes(fresh, ".jsonl"))
    return Example(
        folder / "scenes.jsonl",
        options={
            "arms": ("cd:flm", "nd:mlm"), "tokens": 12_000, "task_tokens": 8_000, "width": 32, "layers": 2, "batch": 16,
        },
        rows=folder / "asked.jsonl",
    )  # fmt: skip
