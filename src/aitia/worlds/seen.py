"""What is seen of a sample of a world, in the kind of rows that a user's own files have."""

from aitia.data.base import Data
from aitia.data.clips import Clips
from aitia.data.table import Table
from aitia.data.tracks import Tracks
from aitia.worlds.sample import Sample
from aitia.worlds.world import World

__all__ = ["seen_rows"]


def seen_rows(world: World, sample: Sample, size: int) -> Data:
    """The rows; beside pictures, texts and clips stand the visible latents, beside all of them the environment."""
    seen = world.render(sample, size=size)
    if world.seen == "tracks":
        return Tracks(seen, sample.labels)
    if world.seen == "vector":
        names = [f"x{k + 1}" for k in range(seen.shape[1])]
        table = Table.of(dict(zip(names, seen.T, strict=True)), kinds=dict.fromkeys(names, "number"))
        if len(world.environments) > 1:
            table = table.with_columns({"environment": sample.labels}, kinds={"environment": "label"})
        return table
    known = sample.table(names=world.visible or world.names)
    if world.seen == "video":
        return Clips(seen, known, world.name)
    column, kind = ("image", "picture") if world.seen == "image" else ("text", "text")
    return Table.of({column: seen}, kinds={column: kind}).with_columns(
        {name: known.labels(name) for name in known.names}, {name: known.kind(name) for name in known.names}
    )
