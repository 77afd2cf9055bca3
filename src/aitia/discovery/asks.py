"""Whom a discovery asks beside the data, and what of it goes into the result."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from aitia.errors import OptionError
from aitia.runs import Journal
from aitia.system import systems

if TYPE_CHECKING:
    from aitia.discovery.result import Discovery
    from aitia.engine import Progress, Store
    from aitia.runs import Run

__all__ = ["TRUST", "Asks", "asks_of", "consulting", "kept_answers", "told"]

ASKS = "pywhy-llm"
"""The system that asks."""
ANSWERS = "answers.journal"
"""What was answered, in the folder of a run; it stays when the run is finished."""
TRUST = ("tested", "strict", "always", "never")


@dataclass(frozen=True)
class Asks:
    """A language model that is asked about what the data leave open.

    Args:
        model: An address (`https://host/v1#NAME`), a folder, a GGUF file, or a function that answers prompts.
        about: What variables are, by name: names and these descriptions are sent, values of the table never.
        trust: `tested`: it orients where it is right on directions that the data tell more often than a coin; `strict`:
            and than an order of the variables by chance; `always`; `never`: it is only held against the data.

    Raises:
        OptionError: If trust is none of the four.
    """

    model: Any
    about: Mapping[str, str] = field(default_factory=dict)
    trust: str = "tested"

    def __post_init__(self) -> None:
        if self.trust not in TRUST:
            raise OptionError(f"trust is {', '.join(TRUST)}, got {self.trust!r}")


def asks_of(given: Any) -> Asks | None:
    """What was given as `ask_model`; None asks nobody."""
    return given if given is None or isinstance(given, Asks) else Asks(given)


def told(asks: Asks | None) -> dict[str, Any]:
    """Of the options of a run: nothing where nobody is asked."""
    if asks is None:
        return {}
    from aitia.data.subjects import Client

    return {"ask_model": {"model": Client.of(asks.model).to_json(), "about": dict(asks.about), "trust": asks.trust}}


@contextmanager
def kept_answers(run: "Run", asks: Asks | None) -> "Iterator[Store | None]":
    """The answers that a run has paid for; unlike its other journals they stay, so that no start pays for them again.

    Raises:
        RunError: If the file is damaged, or was not written by this run.
    """
    if asks is None:
        yield None
        return
    run.claim_kept(ANSWERS)
    answers = Journal(run.path / ANSWERS)
    try:
        yield answers
    finally:
        answers.close()


def consulting(found: "Discovery", asks: Asks | None, log: "Store | None", progress: "Progress | None") -> "Discovery":
    """The discovery with what the model says: edges that it oriented, where it and the data disagree, what is open.

    Raises:
        OptionError: If the graph is one of which a model is not asked.
        DataError: If the name of a column holds no knowledge.
        RunError: If the model cannot be asked; the search is kept where there is a folder.
    """
    if asks is None:
        return found
    if found.context is not None or found.summary:
        raise OptionError("a model is asked about a table without context and time: drop --ask-model or --context")
    name = asks.model if isinstance(asks.model, str) else type(asks.model).__name__
    if (label := getattr(asks.model, "name", None)) is not None:
        name = str(label)
    reader: Any = systems()[ASKS].load()().fit(None, model=asks.model)
    came = reader.consult(found.graph, asks.about, trust=asks.trust, log=log, progress=progress)
    learner: Any = found.learner
    if came.oriented:
        learner.graph_ = came.graph
        learner.orientation_reasons_ = {**learner.orientation_reasons_, **came.reasons(str(name))}
    return replace(
        found,
        graph=came.graph,
        augmented=came.graph,
        reasons=(*found.reasons, came.reason),
        warnings=(*found.warnings, *came.warnings),
    )
