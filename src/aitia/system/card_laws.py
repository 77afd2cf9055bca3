"""The laws of names: what the card says is so, and names of different things differ. They stand in `LAWS` too."""

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

from aitia.card import RESERVED
from aitia.errors import AitiaError, OptionError
from aitia.system.capabilities import verbs_of
from aitia.system.trial import Trial, misspelt

__all__ = ["card_is_true", "names_are_told_apart", "refused", "refuses_unknown_names"]


def names_are_told_apart(trial: Trial) -> Iterator[str]:
    """No two of a system's roles, subjects and options share a name, and none has one that means the same for all.

    A target has a name of its own too, but for one that stands for the column of a role: it may be called as the role.
    """
    card = trial.system.card
    options = [field.name for field in fields(trial.system.Config)]
    names = [*card.takes, *card.subjects, *options]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield f"{twice[0]!r} is more than one of role, subject and option"
    taken = [n for n in names if n in RESERVED and not (n == "seed" and n in options)]
    if taken:
        yield f"{taken[0]!r} is a name that means the same for all systems"
    system = trial.system
    for name in system.targets.names:
        column = system.roles.get(name)
        if name in card.subjects or (
            name in card.takes and name not in ((column,) if isinstance(column, str) else column or ())
        ):
            yield f"the target {name!r} has the name of a role or subject, and is not the column of that role"
    if twice := sorted({name for name in system.targets.names if system.targets.names.count(name) > 1}):
        yield f"two targets are called {twice[0]!r}"


def card_is_true(trial: Trial) -> Iterator[str]:
    """The card says what the class answers."""
    told, found = trial.system.card.verbs, verbs_of(type(trial.system))
    if set(told) != set(found):
        yield f"the card says {', '.join(told) or 'no verb'}, the class answers {', '.join(found) or 'none'}"


def refuses_unknown_names(trial: Trial) -> Iterator[str]:
    """A role or subject that is not there is refused in one sentence with the nearest name."""
    for name in (*trial.system.card.takes, *trial.system.card.subjects):
        yield from refused(lambda name=name: trial.system.given(None, **{misspelt(name): "x"}), name, OptionError)  # type: ignore[misc]


def refused(call: Callable[[], Any], names: str, error: type[AitiaError]) -> Iterator[str]:
    """Whether a call is refused by this error, in one sentence that has the name; else what is wrong."""
    try:
        call()
    except error as told:
        sentence = str(told)
        if names not in sentence or "\n" in sentence:
            yield f"the sentence {sentence!r} does not name {names!r}, or is more than one line"
    except Exception as told:
        yield f"it ends in {type(told).__name__}, not in {error.__name__}"
    else:
        yield f"what is misspelt for {names!r} is taken"
