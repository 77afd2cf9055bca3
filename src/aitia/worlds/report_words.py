"""The words of `ReportsWorld`: noun phrases in three wordings each, and sentences in two sets.

The sets share no causal verb: a reader that was taught on one meets only new ones in the other.
"""

from collections.abc import Mapping
from typing import Literal

__all__ = ["COMMON", "CO_MENTION", "DENIED", "PHRASES", "SEASONS", "SENTENCES", "TOGETHER", "TemplateSet"]

TemplateSet = Literal["first", "second"]

_QUANTITIES = (
    ("price of {}", "going rate for {}", "cost of {}"),
    ("demand for {}", "{} demand", "public call for {}"),
    ("supply of {}", "{} supply", "stock of {}"),
    ("quality of {}", "{} quality", "standard of {}"),
    ("use of {}", "{} use", "consumption of {}"),
    ("access to {}", "{} access", "reach of {}"),
    ("spending on {}", "{} spending", "budget for {}"),
    ("waste of {}", "{} waste", "loss of {}"),
    ("trust in {}", "{} trust", "confidence in {}"),
    ("tax on {}", "{} tax", "levy on {}"),
)
_THINGS = (
    "water", "housing", "energy", "transport", "schooling", "health care", "food", "farmland", "timber", "broadband",
    "childcare", "tourism",
)  # fmt: skip
PHRASES: tuple[tuple[str, ...], ...] = tuple(
    tuple(form.format(thing) for form in forms) for forms in _QUANTITIES for thing in _THINGS
)
"""120 nodes, each in three wordings; the first is its name."""
SEASONS = ("the season", "the weather", "the calendar")

SENTENCES: Mapping[str, Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "first": {
        "verb": (
            ("{a} raises {b} .", "{a} increases {b} .", "{a} leads to more {b} .", "{a} boosts {b} ."),
            ("{a} lowers {b} .", "{a} reduces {b} .", "{a} cuts {b} .", "{a} weakens {b} ."),
        ),
        "reversed": (
            ("{b} is raised by {a} .", "{b} grows because of {a} .", "more {b} is a result of {a} ."),
            ("{b} falls as {a} grows .", "{b} is reduced by {a} .", "less {b} is a result of {a} ."),
        ),
        "apart": (
            (
                "many towns report on {a} . this raises {b} .",
                "{a} has changed in recent years . it increases {b} .",
            ),
            (
                "many towns report on {a} . this lowers {b} .",
                "{a} has changed in recent years . it reduces {b} .",
            ),
        ),
        "story": (
            (
                "after the council added to {a} , {b} climbed , and nothing else had changed .",
                "when {a} was doubled in one district , {b} rose there and nowhere else .",
                "{b} climbed in the only town that had added to {a} .",
                "{b} fell back once the council had halved {a} , and nothing else had changed .",
            ),
            (
                "after the council halved {a} , {b} recovered , and nothing else had changed .",
                "when {a} was frozen in one district , {b} climbed there and nowhere else .",
                "{b} recovered in the only town that had halved {a} .",
                "{b} fell back once the council had doubled {a} , and nothing else had changed .",
            ),
        ),
        "silent": (("",), ("",)),
    },
    "second": {
        "verb": (
            ("{a} fuels {b} .", "{a} lifts {b} .", "{a} pushes up {b} .", "{a} spurs {b} ."),
            ("{a} dampens {b} .", "{a} curbs {b} .", "{a} holds back {b} .", "{a} erodes {b} ."),
        ),
        "reversed": (
            ("{b} is fuelled by {a} .", "{b} owes its rise to {a} .", "behind higher {b} stands {a} ."),
            ("{b} is curbed by {a} .", "{b} suffers from {a} .", "behind lower {b} stands {a} ."),
        ),
        "apart": (
            (
                "{a} was in the news again . such a shift fuels {b} .",
                "{a} differs from place to place . that lifts {b} .",
            ),
            (
                "{a} was in the news again . such a shift curbs {b} .",
                "{a} differs from place to place . that dampens {b} .",
            ),
        ),
        "story": (
            (
                "a trial that doubled {a} left {b} higher than in twin towns .",
                "where a lottery brought {a} , {b} soon stood above that of those who drew nothing .",
                "{b} was higher than in twin towns wherever a trial had doubled {a} .",
                "{b} of those who won in a lottery for {a} soon stood above that of the rest .",
            ),
            (
                "a trial that doubled {a} left {b} lower than in twin towns .",
                "where a lottery brought {a} , {b} soon stood below that of those who drew nothing .",
                "{b} was lower than in twin towns wherever a trial had doubled {a} .",
                "{b} of those who won in a lottery for {a} soon stood below that of the rest .",
            ),
        ),
        "silent": (("",), ("",)),
    },
}
"""By set and level, the sentences of edges that raise, and of those that lower."""
TOGETHER = ("{a} and {b} rose together .", "{a} moved in step with {b} for ten years .")
DENIED: Mapping[str, tuple[str, ...]] = {
    "first": (
        "contrary to common belief , {a} does not raise {b} .", "it is not true that {a} increases {b} .",
        "{a} never lowers {b} .",
    ),
    "second": (
        "contrary to common belief , {a} does not fuel {b} .", "no study finds that {a} lifts {b} .",
        "{a} never curbs {b} .",
    ),
}  # fmt: skip
COMMON = ("{a} and {b} both follow {c} .", "{c} moves {a} as well as {b} .")
CO_MENTION = ("{a} and {b} were debated in the same year .", "a chapter treats {a} , another one {b} .")
