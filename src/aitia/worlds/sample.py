"""The latents of a world, and rows of it with everything that made them."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.data.table import Table
from aitia.errors import OptionError, unknown_variable

__all__ = ["NOISE", "Latent", "Sample", "stream"]

Values = NDArray[np.float64]

NOISE = "noise of "
"""Before the name of a latent: the column of its noise in a table of a sample."""


@dataclass(frozen=True)
class Latent:
    """A variable of a world.

    Args:
        name: What it is called.
        low: Least value that the world draws by itself; also the lower end of what `render` shows.
        high: Largest value.
        unit: Such as `rad` or `m/s`; empty for a plain number.
        kind: `angle` values are compared by their sine and cosine; `categorical` ones are codes of `labels`.
        labels: Of a categorical latent, code 0 first.
        varies: Whether it has a value in every frame.
        visible: Whether its values are handed out with the data as labels.
    """

    name: str
    low: float
    high: float
    unit: str = ""
    kind: Literal["continuous", "angle", "categorical"] = "continuous"
    labels: tuple[str, ...] = ()
    varies: bool = False
    visible: bool = True

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise OptionError(f"the range of {self.name!r} goes up, got {self.low} to {self.high}")
        if bool(self.labels) != (self.kind == "categorical"):
            raise OptionError(
                f"{self.name!r} has labels exactly if it is categorical, got {self.kind} and {self.labels}"
            )


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows of a world with everything that made them.

    Args:
        latents: Values, (n,) each; (n, frames) for a latent that varies.
        noise: The exogenous noise of each latent, n rows each.
        env: Number of the environment of each row, (n,).
        environments: Their names.
        categories: Labels of the categorical latents.
        acted: Uniform numbers behind the latents that an intervention drew at random, (n,) each.
    """

    latents: Mapping[str, Values]
    noise: Mapping[str, Values]
    env: NDArray[np.int64]
    environments: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]
    acted: Mapping[str, Values] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.env)

    def __getitem__(self, name: str) -> Values:
        if name not in self.latents:
            raise unknown_variable(name, tuple(self.latents), "world")
        return self.latents[name]

    @property
    def labels(self) -> NDArray[np.str_]:
        """The environment's name of each row."""
        return np.asarray(self.environments)[self.env]

    def take(self, rows: ArrayLike | slice) -> "Sample":
        """Some of the rows, in the order given."""
        pick = rows if isinstance(rows, slice) else np.asarray(rows)
        return replace(
            self,
            latents={name: values[pick] for name, values in self.latents.items()},
            noise={name: values[pick] for name, values in self.noise.items()},
            acted={name: values[pick] for name, values in self.acted.items()},
            env=self.env[pick],
        )

    def matrix(self, names: Sequence[str] | None = None) -> Values:
        """The latents side by side, (n, d); a latent that varies gives one column a frame."""
        return np.concatenate([self[name].reshape(len(self), -1) for name in names or tuple(self.latents)], axis=1)

    def table(self, *, noise: bool = False, names: Sequence[str] | None = None) -> Table:
        """A table of the latents, with the environment where there are several.

        Args:
            noise: Add a column `noise of NAME` for each, so that the rows can be given back for a counterfactual.
            names: The latents to take; None takes all.
        """
        columns: dict[str, Any] = {name: self[name] for name in names or tuple(self.latents)}
        if noise:
            columns |= {NOISE + name: values for name, values in self.noise.items()}
        table = Table.from_codes(columns, {k: v for k, v in self.categories.items() if k in columns})
        if len(self.environments) > 1:
            table = table.with_columns({"environment": self.labels}, kinds={"environment": "label"})
        return table


def stream(seed: int, name: str) -> np.random.Generator:
    """The generator of a seed for what has this name."""
    return np.random.default_rng([int(seed), zlib.crc32(name.encode())])
