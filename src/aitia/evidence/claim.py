"""What a claim measures, as rows that are printed, stored and put into the ledger."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from aitia.card import Card
from aitia.engine import Engine, LocalEngine, Progress, Store
from aitia.errors import FormatError, OptionError

__all__ = ["Claim", "ClaimContext", "Evidence", "Row", "row"]

Direction = Literal["higher", "lower"]
Statistic = Literal["mean", "median"]


@dataclass(frozen=True)
class Row:
    """One measured number of a claim.

    Args:
        part: The part of the claim, such as `a`.
        metric: What was measured, in the field's words.
        direction: Whether higher or lower is better.
        ours: Mean over the seeds, or their median.
        low: Lower end of its 95 % bootstrap interval over the seeds.
        high: Upper end.
        seeds: How many.
        bar: What ours has to reach; None where only margins count.
        baselines: The same number of each baseline in the same runs.
        margins: How far ours has to be ahead of some of them.
        holds: Whether bar and margins are met; None for a number that is only reported.
        note: What to know when reading it.
        statistic: Whether the numbers are means or medians over the seeds.
    """

    part: str
    metric: str
    direction: Direction
    ours: float
    low: float
    high: float
    seeds: int
    bar: float | None = None
    baselines: Mapping[str, float] = field(default_factory=dict)
    margins: Mapping[str, float] = field(default_factory=dict)
    holds: bool | None = None
    note: str = ""
    statistic: Statistic = "mean"


def row(
    part: str,
    metric: str,
    ours: Sequence[float],
    *,
    direction: Direction = "higher",
    bar: float | None = None,
    baselines: Mapping[str, Sequence[float]] | None = None,
    margins: Mapping[str, float] | None = None,
    note: str = "",
    statistic: Statistic = "mean",
) -> Row:
    """The row of one number per seed.

    Args:
        part: The part of the claim.
        metric: What was measured.
        ours: One value a seed.
        direction: Whether higher or lower is better.
        bar: What the mean or median has to reach.
        baselines: One value a seed of each baseline.
        margins: How far it has to be ahead of a baseline's.
        note: What to know when reading it.
        statistic: `median` where single seeds may be far out.

    Raises:
        OptionError: If there is no seed, a value is not a number, or a margin names no baseline.
    """
    values = np.asarray(ours, dtype=np.float64)
    others = {name: np.asarray(v, dtype=np.float64) for name, v in (baselines or {}).items()}
    if not len(values) or not np.isfinite(values).all() or not all(np.isfinite(v).all() for v in others.values()):
        raise OptionError(f"{metric}: a row needs at least one seed, and numbers only")
    if unknown := set(margins or {}) - set(others):
        raise OptionError(f"{metric}: margins name {sorted(unknown)}, which are no baselines of the row")
    draws = np.random.default_rng(0).integers(0, len(values), (2000, len(values)))
    over: Callable[..., Any] = np.median if statistic == "median" else np.mean
    low, high = np.quantile(over(values[draws], axis=1), [0.025, 0.975])
    middle = float(over(values))
    sign = 1 if direction == "higher" else -1
    checks = [] if bar is None else [sign * (middle - bar) >= -1e-12]
    checks += [sign * (middle - float(over(others[name]))) >= by - 1e-12 for name, by in (margins or {}).items()]
    return Row(
        part=part,
        metric=metric,
        direction=direction,
        ours=middle,
        low=float(low),
        high=float(high),
        seeds=len(values),
        bar=bar,
        baselines={name: float(over(v)) for name, v in others.items()},
        margins=dict(margins or {}),
        holds=all(checks) if checks else None,
        note=note,
        statistic=statistic,
    )


@dataclass(frozen=True)
class Evidence:
    """What one run of a claim measured.

    Args:
        slug: Of the system.
        rows: The numbers.
        command: That measures them again.
        versions: Of what they depend on.
        hardware: The machine, in words.
        seconds: Wall time.
        date: Of the run.
        resumed: Whether the run went on from finished seeds of an earlier one, whose time `seconds` leaves out.
    """

    slug: str
    rows: tuple[Row, ...]
    command: str
    versions: Mapping[str, str]
    hardware: str
    seconds: float
    date: str
    resumed: bool = False

    @property
    def holds(self) -> bool:
        """Whether every row with a bar or margin holds."""
        return all(r.holds is not False for r in self.rows)

    def to_json(self) -> str:
        """As JSON text."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Evidence":
        """What `to_json` wrote.

        Raises:
            FormatError: If the text is not evidence.
        """
        try:
            fields = json.loads(text)
            return cls(**{**fields, "rows": tuple(Row(**r) for r in fields["rows"])})
        except (ValueError, TypeError, KeyError) as error:
            raise FormatError(f"this is no stored evidence: {error}") from None


@dataclass
class ClaimContext:
    """What a claim is run with.

    Args:
        seeds: How many seeds a part takes; None leaves each part its own number.
        engine: Where the seeds run.
        store: Keeps finished seeds.
        progress: Told how far it is.
    """

    seeds: int | None = None
    engine: Engine = field(default_factory=LocalEngine)
    store: Store | None = None
    progress: Progress | None = None

    def over_seeds(self, part: str, function: Callable[[int], Any], default: int) -> list[Any]:
        """The JSON value of `function(seed)` for seeds 0, 1, ..."""
        count = self.seeds or default
        keys = [f"{part} seed {seed}" for seed in range(count)]
        return self.engine.map(
            function, range(count), keys=keys, store=self.store, progress=self.progress, what=f"part {part}"
        )


@dataclass(frozen=True)
class Claim:
    """A paper's claim as something that can be run.

    Args:
        card: Of the system.
        run: From a context to the rows.
        minutes: What it takes on two cores.
    """

    card: Card
    run: Callable[[ClaimContext], list[Row]]
    minutes: float
