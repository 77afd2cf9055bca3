"""The options of searches whose edges have scores."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_args

from aitia.errors import OptionError
from aitia.graph.knowledge import Knowledge
from aitia.stats.search.scores import ScoreName

__all__ = ["GraphConfig", "ScoreConfig"]


@dataclass(frozen=True)
class GraphConfig:
    """Options of a search whose edges have scores.

    Args:
        penalty: Factor of the penalty of `bic`, `ranks` and `degenerate-gaussian`: 1 is that of Schwarz, 2 finds fewer
            edges that are not there.
        max_parents: Most causes of a variable beside those that are required; None takes one for every ten rows.
        knowledge: What is known beforehand, or the file that says it.
        missing: `error`, or `complete` to use the rows that have every variable.
        bootstrap: How many times to search again in resampled rows; None for not at all.
        seed: Of random orders and of the bootstrap.
        jobs: Cores for the bootstrap; they do not change the answer.

    Raises:
        OptionError: If a value is out of range.
        FormatError: If the file of knowledge cannot be read.
    """

    penalty: float = 2.0
    max_parents: int | None = None
    knowledge: Knowledge | str | None = None
    missing: str = "error"
    bootstrap: int | None = None
    seed: int = 0
    jobs: int = 1

    def __post_init__(self) -> None:
        known: Any = self.knowledge
        if isinstance(known, str):
            object.__setattr__(self, "knowledge", Knowledge.read(known))
        elif isinstance(known, Mapping):  # as JSON keeps it
            object.__setattr__(self, "knowledge", Knowledge(**known))
        _above_zero("penalty", self.penalty)
        if self.missing not in ("error", "complete"):
            raise OptionError(f"missing is error or complete, got {self.missing!r}")
        for name, least in (("max_parents", 0), ("bootstrap", 1), ("seed", 0), ("jobs", 1)):
            given = getattr(self, name)
            if given is not None and given < least:
                raise OptionError(f"{name} is {least} or more, got {given}")

    @property
    def known(self) -> Knowledge | None:
        """What is known beforehand."""
        return self.knowledge if isinstance(self.knowledge, Knowledge) else None

    def to_json(self) -> dict[str, Any]:
        """The options as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class ScoreConfig(GraphConfig):
    """Options of a search by scores: those of `GraphConfig`, and which score.

    Args:
        score: `auto` looks at the kinds of the columns; or `bic`, `bdeu` (labels), `ranks` (numbers, ordinals, two
            labels), `degenerate-gaussian` (mixed).
        prior: Equivalent sample size of `bdeu`.
        structure_prior: Causes s of a variable that `bdeu` expects beforehand: with p variables an edge costs
            log((p - 1 - s) / s) nats, or nothing where half of the others or more are expected.

    Raises:
        OptionError: If a value is out of range.
        FormatError: If the file of knowledge cannot be read.
    """

    score: str = "auto"
    prior: float = 3.0
    structure_prior: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.score not in ("auto", *get_args(ScoreName)):
            raise OptionError(f"score is one of auto, {', '.join(get_args(ScoreName))}; got {self.score!r}")
        _above_zero("prior", self.prior)
        _above_zero("structure_prior", self.structure_prior)


def _above_zero(name: str, value: float) -> None:
    if not 0 < value < float("inf"):
        raise OptionError(f"{name} is above 0, got {value}")
