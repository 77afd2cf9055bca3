"""Questions to a model of this machine, part by part on the workers of an engine.

The log-probabilities of a prompt depend, in their last digits, on which prompts run beside it. So the parts are the
same whoever runs them, one worker or many, and no number depends on that. What each part gives goes into the log of the
run, from which `answer_questions` then reads all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aitia.cluster import workers
from aitia.engine import Engine, Progress, Store
from aitia.errors import OptionError
from aitia.text import Client, Question, answer_questions, open_client

__all__ = ["PARTS", "Opened", "ask_apart"]

PARTS = "parts.journal"
"""Which parts are through, beside the log."""
QUESTIONS = 16
"""Of a part."""


@dataclass(frozen=True)
class Opened:
    """How a client is opened, by a worker too.

    Args:
        model: As in `open_client`.
        options: Of that, as pairs.
    """

    model: str
    options: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, model: str, **options: Any) -> "Opened":
        """With these options of `open_client`."""
        return cls(model, tuple(sorted(options.items())))


def ask_apart(
    engine: Engine,
    client: Client,
    opened: Opened | None,
    questions: Sequence[Question],
    log: Store,
    parts: Store,
    how: Mapping[str, Any],
    progress: Progress | None,
) -> None:
    """Asks what is not through yet, and puts the answers into the log.

    Args:
        engine: Where parts run.
        client: The client here, which one worker takes.
        opened: How other workers open theirs.
        questions: All of them.
        log: Of answers, by the key of their prompt.
        parts: Of what is through.
        how: Of `answer_questions`.
        progress: Told after each part.

    Raises:
        OptionError: If several workers would share a budget, or nothing says how they open a client.
    """
    part = _Part(tuple(sorted(how.items())), opened)
    ask: Callable[[Sequence[Question]], dict[str, Any]] = part
    if workers(engine) < 2:
        ask = _Here(part, client)
    elif opened is None:
        raise OptionError("several workers need to know how to open the client: give opened=")
    elif any(value is not None for name, value in opened.options if name in ("budget", "token_budget")):
        raise OptionError("a budget is kept by one process: leave out --jobs and --engine, or the budget")
    cut = [list(questions[k : k + QUESTIONS]) for k in range(0, len(questions), QUESTIONS)]
    keys = [f"questions {k * QUESTIONS}" for k in range(len(cut))]
    left = [k for k, key in enumerate(keys) if key not in parts]
    engine.map(
        ask, [cut[k] for k in left], keys=[keys[k] for k in left], store=_Into(log, parts), progress=progress,
        what="parts of the questions",
    )  # fmt: skip


@dataclass(frozen=True)
class _Part:
    """The answers to some questions, as the log keeps them; picklable."""

    how: tuple[tuple[str, Any], ...]
    opened: Opened | None

    def __call__(self, questions: Sequence[Question]) -> dict[str, Any]:
        assert self.opened is not None
        return self.asked(_client(self.opened), questions)

    def asked(self, client: Client, questions: Sequence[Question]) -> dict[str, Any]:
        """Of this client."""
        found: dict[str, Any] = {}
        answer_questions(client, questions, log=found, **dict(self.how))
        return found


@dataclass(frozen=True)
class _Here:
    """The same by the client that is open."""

    part: _Part
    client: Client

    def __call__(self, questions: Sequence[Question]) -> dict[str, Any]:
        return self.part.asked(self.client, questions)


@lru_cache(maxsize=1)
def _client(opened: Opened) -> Client:
    """A worker's client, opened with its first part."""
    return open_client(opened.model, **dict(opened.options))


class _Into(dict[str, Any]):
    """Takes the answers of a part into the log, and notes that it is through where all came."""

    def __init__(self, log: Store, parts: Store) -> None:
        super().__init__()
        self._log, self._parts = log, parts

    def __setitem__(self, key: str, answers: Mapping[str, Any]) -> None:
        self._log.update(answers)
        if not any(answer.get("fault") for answer in answers.values()):
            self._parts[key] = len(answers)
