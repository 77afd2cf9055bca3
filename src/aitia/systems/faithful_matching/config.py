"""Options of matching, and the names of sets and matchers."""

from dataclasses import dataclass
from typing import Literal, get_args

from aitia.errors import OptionError
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["MATCHERS", "PUBLISHED_RANKS", "RANKS", "SETS", "FaithfulMatchingConfig", "Matcher", "Rank"]

SETS = ("counterfactual", "match", "misspecified counterfactual", "misspecified match")
CF, M, MCF, MM = SETS

Rank = tuple[str, str, float]
PUBLISHED_RANKS: tuple[Rank, ...] = ((CF, MCF, 1.0), (CF, M, 1.0), (M, MCF, 1.0))
RANKS: tuple[Rank, ...] = (*PUBLISHED_RANKS, (M, MM, 1.0))

Matcher = Literal["causal", "embedding", "tf-idf", "random", "propensity", "approximate", "approximate tf-idf"]
MATCHERS: tuple[Matcher, ...] = get_args(Matcher)


@dataclass(frozen=True)
class FaithfulMatchingConfig:
    """Options of `FaithfulMatching`.

    Args:
        encoder: `bag` (the sum of word vectors), `small` (a two-layer transformer made here), or the id or folder of a
            Hugging Face encoder.
        width: Of the first two.
        longest: Tokens at most; None leaves it to the encoder.
        frozen: Whether a Hugging Face encoder stays as it is and a linear map of its codes alone is trained, which
            takes seconds.
        treatments: Concepts that get an embedding; None takes all.
        loss: `ranks` is (3), `joint` is (2).
        ranks: (nearer set, farther set, weight) each, of (3).
        temperature: tau; published is 0.1 for `ranks` and 1 for `joint`.
        steps: Updates an embedding.
        queries: Texts whose sets are drawn in a step; 1 in the source.
        members: Texts drawn of a set, at most.
        edits_as_queries: Whether edits are queries too.
        validation: Share of the queries that is held out; the state of the least loss on them is kept.
        learning_rate: Of Adam, falling to zero; 4e-3 is for `bag`, 5e-6 is the source's for a BERT.
        by: What stands in for a text: the best match of one of the matchers, or what the `writer` writes.
        matches: How many an effect is averaged over.
        smoothing: Share of f(x) in (1) that gives way to the mean of f over as many matches that have the value of the
            text itself; 0 in the source.
        classes: Names of the classes in the order of the probabilities; None takes those that the classifier knows, or
            numbers.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    encoder: str = "bag"
    width: int = 64
    longest: int | None = None
    frozen: bool = False
    treatments: tuple[str, ...] | None = None
    loss: Literal["ranks", "joint"] = "ranks"
    ranks: tuple[Rank, ...] = RANKS
    temperature: float = 0.1
    steps: int = 400
    queries: int = 32
    members: int = 5
    edits_as_queries: bool = False
    validation: float = 0.1
    learning_rate: float = 4e-3
    by: Matcher | Literal["writer"] = "causal"
    matches: int = 10
    smoothing: float = 0.0
    classes: tuple[str, ...] | None = None
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "ranks", tuple((str(a), str(b), float(w)) for a, b, w in self.ranks))
        if self.treatments is not None:
            object.__setattr__(self, "treatments", tuple(self.treatments))
        if self.classes is not None:
            object.__setattr__(self, "classes", tuple(map(str, self.classes)))
        need_one_of(self, loss=("ranks", "joint"))
        need_one_of(self, by=(*MATCHERS, "writer"))
        need_at_least(self, width=1, steps=1, queries=1, members=1, matches=1)
        if not self.temperature > 0 or not self.learning_rate > 0 or not 0 <= self.validation < 1:
            raise OptionError(
                f"temperature and learning_rate are positive and validation a share below 1, got {self.temperature}, "
                f"{self.learning_rate} and {self.validation}"
            )
        if not 0 <= self.smoothing <= 1:
            raise OptionError(f"smoothing is a share from 0 to 1, got {self.smoothing}")
        if self.frozen and self.encoder in ("bag", "small"):
            raise OptionError(f"frozen is for an encoder that was trained before, and {self.encoder!r} was not")
        if self.encoder == "small" and self.width % 4:
            raise OptionError(f"the small transformer has 4 heads, so its width is a multiple of 4, got {self.width}")
        if self.loss == "ranks" and (
            not self.ranks or any(a not in SETS or b not in SETS or a == b or w < 0 for a, b, w in self.ranks)
        ):
            raise OptionError(f"a rank is two of the sets {', '.join(SETS)} and a weight, got {self.ranks}")
