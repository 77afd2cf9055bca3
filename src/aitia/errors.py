"""The errors that aitia raises, each one also the builtin that people already catch.

    AitiaError
    ├── GraphError (ValueError)              a graph that cannot be, or a question that its kind does not answer
    │   └── UnknownVariableError (KeyError)  a variable that the graph, table or system does not have
    ├── FormatError (ValueError)             a file or text that cannot be read or written in the named format
    ├── DataError (ValueError)               a table that cannot be analysed as it stands
    ├── InterventionError (ValueError)       a `do` that makes no sense for the system
    ├── IdentifiabilityError (ValueError)    the question has no answer from this graph and these data
    ├── OptionError (ValueError)             an option outside its range, or two that contradict
    ├── CostError (RuntimeError)             an exact answer would cost more than was allowed
    ├── TrainingError (ArithmeticError)      a training that cannot go on: no number, no memory
    ├── RunError (OSError)                   a run folder that is missing, damaged or of another run
    └── MissingExtraError (ImportError)      an optional dependency that is not installed

and one warning, RangeWarning (UserWarning): an intervention beyond what a model was trained on.

Each message is one sentence or two: what was given, what is wrong with it, and the mend.
"""

import difflib
from collections.abc import Iterable

__all__ = [
    "AitiaError",
    "CostError",
    "DataError",
    "FormatError",
    "GraphError",
    "IdentifiabilityError",
    "InterventionError",
    "MissingExtraError",
    "OptionError",
    "RangeWarning",
    "RunError",
    "TrainingError",
    "UnknownVariableError",
    "join_names",
    "unknown_variable",
]


_LONGEST = 2000
"""Characters of a sentence."""


class AitiaError(Exception):
    """Base of every error that a user's input can cause."""

    def __str__(self) -> str:
        """The sentence itself: KeyError would print its repr. What a file holds may be long, a sentence is not."""
        told = " ".join(str(part) for part in self.args)
        return told if len(told) <= _LONGEST else f"{told[: _LONGEST // 2]} [...] {told[-_LONGEST // 4 :]}"


class GraphError(AitiaError, ValueError):
    """The graph cannot be as given, or its kind does not answer the question."""


class UnknownVariableError(GraphError, KeyError):
    """A variable was named that is not there."""


class FormatError(AitiaError, ValueError):
    """A file or text cannot be read or written in the named format."""


class DataError(AitiaError, ValueError):
    """The table cannot be analysed as it stands."""


class InterventionError(AitiaError, ValueError):
    """The intervention makes no sense for the system."""


class IdentifiabilityError(AitiaError, ValueError):
    """The question has no answer from this graph and these data."""


class OptionError(AitiaError, ValueError):
    """An option is outside its range, or two options contradict."""


class CostError(AitiaError, RuntimeError):
    """The exact answer would cost more time or memory than was allowed."""


class TrainingError(AitiaError, ArithmeticError):
    """A training cannot go on: the loss or a matrix is not finite, or a batch does not fit into the memory."""


class RunError(AitiaError, OSError):
    """A run folder is missing, damaged, or belongs to another run."""


class MissingExtraError(AitiaError, ImportError):
    """An optional dependency is not installed."""


class RangeWarning(UserWarning):
    """A value was asked about that is outside what a model was trained on: its answer is extrapolated."""


def join_names(names: Iterable[object], limit: int = 12) -> str:
    """`a, b, c`, cut after `limit` names with the number left out."""
    listed = [str(name) for name in names]
    shown = ", ".join(listed[:limit])
    return shown if len(listed) <= limit else f"{shown} and {len(listed) - limit} more"


def unknown_variable(name: object, known: Iterable[str], what: str = "graph") -> UnknownVariableError:
    """The error for `name`, with the nearest known name and the list of them."""
    names = list(known)
    close = difflib.get_close_matches(str(name), names, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return UnknownVariableError(f"{name!r} is not a variable of this {what}.{hint} It has: {join_names(names)}")
