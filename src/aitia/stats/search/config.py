"""The options of a search with independence tests."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from aitia.errors import OptionError
from aitia.graph.knowledge import Knowledge
from aitia.stats.independence import Gaps
from aitia.stats.search.evidence import ColliderRule

__all__ = ["SearchConfig"]


@dataclass(frozen=True)
class SearchConfig:
    """Options of a constraint-based search.

    Args:
        alpha: Level of the tests; a pair with a p-value above it counts as independent.
        test: `auto` looks at the table; or `fisher-z`, `ranks`, `degenerate-gaussian`, `chi2`, `g2`, `kci`, `rcit`.
        max_depth: Largest conditioning set; None for no limit.
        colliders: How a collider is told: `majority`, `conservative` and `max-p` test all sets of neighbours and go by
            most of them, by all of them, or by the one with the largest p-value; `strongest-first` goes by the sets
            that separate best. Where colliders contradict each other the stronger evidence stands. `likelihood` goes on
            from there to the class of graphs that explains the rows best, and puts back edges without which a graph
            contradicts them (not with kernels). `auto` is `likelihood` where the test has one, else `majority`.
        knowledge: What is known beforehand, or the file that says it.
        missing: `error`; `testwise` to use for each test the rows that have its variables; or `impute` to fill gaps 20
            times by chained equations and pool each test.
        bootstrap: How many times to search again in resampled rows; None for not at all.
        record: `decisive` keeps of each pair the test that decided; `all` keeps every test (slower with fisher-z).
        seed: Of the bootstrap and of random features.
        jobs: Cores; they do not change the answer.
        accept_cost: Start even where hours of tests are predicted.

    Raises:
        OptionError: If a value is out of range.
        FormatError: If the file of knowledge cannot be read.
    """

    alpha: float = 0.05
    test: str = "auto"
    max_depth: int | None = None
    colliders: ColliderRule | Literal["auto"] = "auto"
    knowledge: Knowledge | str | None = None
    missing: Gaps = "error"
    bootstrap: int | None = None
    record: Literal["decisive", "all"] = "decisive"
    seed: int = 0
    jobs: int = 1
    accept_cost: bool = False

    def __post_init__(self) -> None:
        known: Any = self.knowledge
        if isinstance(known, str):
            object.__setattr__(self, "knowledge", Knowledge.read(known))
        elif isinstance(known, Mapping):  # as JSON keeps it
            object.__setattr__(self, "knowledge", Knowledge(**known))
        if not 0 < self.alpha < 1:
            raise OptionError(f"alpha lies between 0 and 1, got {self.alpha}")
        if self.max_depth is not None and self.max_depth < 0:
            raise OptionError(f"max_depth is 0 or more, got {self.max_depth}")
        if self.bootstrap is not None and self.bootstrap < 1:
            raise OptionError(f"a bootstrap needs at least one sample, got {self.bootstrap}")
        if self.jobs < 1:
            raise OptionError(f"jobs is 1 or more, got {self.jobs}")
        if self.seed < 0:
            raise OptionError(f"a seed is 0 or more, got {self.seed}")
        choices = {
            "colliders": ("auto", *get_args(ColliderRule)),
            "record": ("decisive", "all"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise OptionError(f"{name} is one of {', '.join(allowed)}, got {getattr(self, name)!r}")

    @property
    def known(self) -> Knowledge | None:
        """What is known beforehand."""
        return self.knowledge if isinstance(self.knowledge, Knowledge) else None

    def to_json(self) -> dict[str, Any]:
        """The options as JSON values."""
        return asdict(self)
