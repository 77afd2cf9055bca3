"""Rows that a method is fitted to or asked about, with where each is from, and the truth where a world made them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.clips import Clips
from aitia.data.images import ImageSet
from aitia.data.recordings import Recordings
from aitia.data.table import Table
from aitia.data.tracks import Tracks
from aitia.do import Intervention
from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.runs import content_hash
from aitia.worlds.calcium import CalciumWorld
from aitia.worlds.world import Sample, World

__all__ = ["ENVIRONMENT", "Observed", "Rows"]

Rows = ImageSet | Clips | Table | Tracks | Recordings

ENVIRONMENT = "environment"
"""The column that says where a row of a world is from."""
_NO_TRUTHS = (ENVIRONMENT, "id", "view", "frame", "row")


@dataclass(frozen=True, eq=False)
class Observed:
    """Rows and what is known of them.

    Args:
        rows: Images, clips, a table, tracks or traces.
        environment: The column that says where a row is from; None for tracks and traces, and where nobody says.
        name: What the user called them.
        world: The simulator that made them, where one did.
        sample: Everything that made these rows, where a world did.
        size: Pixels on a side of the world's pictures.
        causes: Labels that are causes and numbers.
        graph: The DAG over them, where it is known.
    """

    rows: Rows
    environment: str | None
    name: str
    world: World | None = None
    sample: Sample | None = None
    size: int = 64
    causes: tuple[str, ...] = ()
    graph: Graph | None = None

    @classmethod
    def of_world(cls, world: World, n: int, *, seed: int, size: int = 64) -> "Observed":
        """n rows of a world."""
        sample = world.sample(n, seed=seed)
        environment = ENVIRONMENT if len(world.environments) > 1 and world.seen not in ("tracks", "traces") else None
        numbers = [latent.name for latent in world.latents if latent.visible and latent.kind == "continuous"]
        causes = tuple(name for name in numbers if np.ptp(sample[name]) > 0)
        graph = world.graph.subgraph(causes)
        return cls(_seen(world, sample, size), environment, world.name, world, sample, size, causes, graph)

    def fresh(self, n: int, *, seed: int) -> "Observed":
        """Other rows of the same world.

        Raises:
            OptionError: If the rows are of no world.
        """
        if self.world is None:
            raise OptionError(f"{self.name} is no world: it has no other rows")
        return Observed.of_world(self.world, n, seed=seed, size=self.size)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def table(self) -> Table | None:
        """What is known of each row; None for tracks and traces."""
        if isinstance(self.rows, Tracks | Recordings):
            return None
        return self.rows if isinstance(self.rows, Table) else self.rows.labels

    @property
    def truths(self) -> Table | None:
        """Values of true variables: all latents of a world, or the labels that came with images or clips."""
        if self.sample is not None:
            table: Table = self.sample.table()
        elif isinstance(self.rows, ImageSet | Clips):
            table = self.rows.labels
        else:
            return None
        kept = [n for n in table.names if n not in (self.environment, *_NO_TRUTHS)]
        return table.select(kept) if kept else None

    @property
    def labels(self) -> NDArray[np.str_]:
        """Where each row is from, (n,); all the same where nobody says."""
        if isinstance(self.rows, Tracks):
            return self.rows.environment
        if self.environment is None or self.table is None:
            return np.full(len(self), "all")
        return np.array([str(label) for label in self.table.labels(self.environment)])

    @property
    def environments(self) -> tuple[str, ...]:
        """The places that rows are from, sorted."""
        return tuple(sorted(set(self.labels.tolist())))

    def take(self, rows: Sequence[int] | NDArray[Any]) -> "Observed":
        """Some of the rows, in the order given.

        Raises:
            OptionError: If there is no such row.
        """
        pick = np.asarray(rows, dtype=np.int64)
        if len(pick) and not (pick.min() >= 0 and pick.max() < len(self)):
            odd = int(pick[(pick < 0) | (pick >= len(self))][0])
            raise OptionError(f"there is no row {odd}: {self.name} has rows 0 to {len(self) - 1}")
        return replace(self, rows=self.rows.take(pick), sample=None if self.sample is None else self.sample.take(pick))

    def truth(self, do: Intervention | None = None, *, environment: str | None = None) -> Rows | None:
        """What these rows would truly have been; None where no world knows, or it has no such latent or environment."""
        if self.world is None or self.sample is None:
            return None
        if set(do or ()) - set(self.world.names) or environment not in (None, *self.world.environments):
            return None
        other: Sample = self.world.counterfactual(self.sample, do, env=environment)
        return _seen(self.world, other, self.size)

    def split(self, share: float, seed: int) -> tuple["Observed", "Observed"]:
        """Rows to fit on and rows to score on: later scenes of tracks; otherwise at random, whole ids where there are.

        Raises:
            OptionError: If the share leaves a part empty.
        """
        if isinstance(self.rows, Tracks):
            early, late = self.rows.split(share)
            return replace(self, rows=early, sample=None), replace(self, rows=late, sample=None)
        if not 0 < share < 1:
            raise OptionError(f"the share of rows to score on is between 0 and 1, got {share}")
        table = self.table
        groups = np.arange(len(self))
        if table is not None and "id" in table:
            groups = np.unique(table.column("id"), return_inverse=True)[1]
        order = np.random.default_rng([seed, 83]).permutation(int(groups.max()) + 1)
        chosen = np.isin(groups, order[: max(round(share * len(order)), 1)])
        if chosen.all():
            raise OptionError(f"a share of {share} of {len(self)} rows leaves none to fit on")
        return self.take(np.flatnonzero(~chosen)), self.take(np.flatnonzero(chosen))

    def hash(self) -> str:
        """SHA-256 of the rows: equal rows have equal hashes on every machine."""
        rows = self.rows
        if isinstance(rows, Table):
            return rows.hash()
        if isinstance(rows, ImageSet | Clips):
            return content_hash([content_hash(rows.images.tobytes()), list(rows.images.shape), rows.labels.hash()])
        if isinstance(rows, Recordings):
            numbers = np.ascontiguousarray(rows.traces, dtype="<f8").tobytes()
            return content_hash([content_hash(numbers), rows.present.tolist(), list(rows.units), rows.rate])
        numbers = np.ascontiguousarray(rows.tracks, dtype="<f8").tobytes()
        return content_hash([content_hash(numbers), list(rows.tracks.shape), rows.environment.tolist()])


def _seen(world: World, sample: Sample, size: int) -> Rows:
    """What is seen of rows of a world, in the type that a user's files of that kind have."""
    if world.seen == "text":
        raise OptionError(f"{world.name} is seen as text, which no method here is fitted on: see its methods in Python")
    if isinstance(world, CalciumWorld):
        return world.traces(sample)
    seen = world.render(sample, size=size)
    if world.seen == "tracks":
        return Tracks(seen, sample.labels)
    if world.seen == "vector":
        names = [f"x{k + 1}" for k in range(seen.shape[1])]
        table = Table.of(dict(zip(names, seen.T, strict=True)), kinds=dict.fromkeys(names, "number"))
        if len(world.environments) > 1:
            table = table.with_columns({ENVIRONMENT: sample.labels}, kinds={ENVIRONMENT: "label"})
        return table
    labels = sample.table(names=world.visible or world.names)
    return ImageSet(seen, labels, world.name) if world.seen == "image" else Clips(seen, labels, world.name)
