"""Clips of a world as a user has them: a folder of frames for each clip, and a table of events."""

from pathlib import Path

from aitia.data.columns.picture import png
from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.files import write_whole
from aitia.system import Example
from aitia.worlds import ClipsWorld

__all__ = ["write"]

OPTIONS = {"context": "colours", "pixels": 24, "steps": 60, "batch": 32, "width": 16}
HEADS = ("clip", "event", "start", "end", "sentence")


def write(folder: Path, seed: int) -> Example:
    """60 clips with annotated causes, and 8 of which nobody says what caused what."""
    known = _written(folder, "clip", 60, seed)
    write_whole(folder / "events.csv", table_bytes(known, ".csv"))
    fresh = _written(folder, "new", 8, seed + 1)
    write_whole(folder / "fresh.csv", table_bytes(fresh.select(HEADS), ".csv"))
    return Example(
        folder / "events.csv",
        roles={name: name for name in (*HEADS, "causes")} | {"group": "clip"},
        options={"clips": str(folder / "clips"), **OPTIONS},
        do='do("object[red]"=other)',
        other="do(text=absent)",
        rows=folder / "fresh.csv",
        outcome="causes",
        why_not="it replaces a state, and rows give none",
    )


def _written(folder: Path, stem: str, n: int, seed: int) -> Table:
    """The table of events of a world, with its frames as files."""
    world = ClipsWorld()
    sample = world.sample(n, seed=seed, env="train")
    causes: dict[tuple[int, int], list[int]] = {}
    for link in world.links(sample):
        if link.caused:
            causes.setdefault((link.row, link.effect), []).append(link.cause + 1)
    told: dict[str, list[object]] = {name: [] for name in (*HEADS, "causes")}
    for row, (events, film) in enumerate(zip(world.events(sample), world.render(sample, size=24), strict=True)):
        name = f"{stem}-{row}"
        (folder / "clips" / name).mkdir(parents=True, exist_ok=True)
        for number, frame in enumerate(film):
            write_whole(folder / "clips" / name / f"{number:02d}.png", png(frame))
        for k, event in enumerate(events):
            line = (name, k + 1, event.start, event.stop - 1, event.sentence, causes.get((row, k), []))
            for head, value in zip(told, line, strict=True):
                told[head].append(value)
    kinds = {
        "clip": "label",
        "event": "number",
        "start": "number",
        "end": "number",
        "sentence": "text",
        "causes": "list",
    }
    return Table.of(told, kinds=kinds)
