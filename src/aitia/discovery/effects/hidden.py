"""The question to each MAG of a PAG's class: where an adjustment set gives the effect, where nothing does, where none.

References:
    Malinsky and Spirtes, Estimating causal effects with ancestral graph Markov models, PGM 2016 (LV-IDA).
"""

from collections.abc import Sequence
from dataclasses import replace

from aitia.discovery.effects.members import MOST_MEMBERS
from aitia.discovery.effects.question import Asked, part_of
from aitia.discovery.effects.result import Unidentified
from aitia.errors import IdentifiabilityError
from aitia.graph import Graph, Identification
from aitia.graph._class_adjustment import class_adjustment

__all__ = ["each_mag"]


def each_mag(pag: Graph, targets: Sequence[str], outcome: str, refused: Identification, count: bool = True) -> Asked:
    """The question to the members that answer it in their own way; those that do not are told, never filled in.

    Args:
        pag: A PAG.
        targets: What is set.
        outcome: What is watched.
        refused: Why the PAG itself does not answer.
        count: Whether members are counted.

    Raises:
        IdentifiabilityError: If in no member an adjustment set gives the effect, or it is zero in all others.
        CostError: If the class is too large.
    """
    found = class_adjustment(pag, targets, outcome, count=count)
    given = found.identified
    unidentified = None
    if found.unidentified:
        (none,) = found.unidentified
        unidentified = Unidentified(none.reason, none.count, found.members)
    if unidentified is not None and not any(reading.effect for reading in given):
        more = unidentified.told("it is zero") if given else "no member of the class has one"
        raise IdentifiabilityError(f"{refused.reason}; {more}")
    if len(given) > MOST_MEMBERS:
        raise IdentifiabilityError(
            f"{refused.reason}; more than {MOST_MEMBERS} members of its class answer in their own way: "
            "say what is known of these edges"
        )
    answers = tuple(_answer(refused, r.adjustment, r.reason) for r in given)
    parts = tuple(
        part_of(r.member, answer, targets, outcome, (), hidden=True) for r, answer in zip(given, answers, strict=True)
    )
    return Asked(parts, answers, found.deciding, tuple(r.count for r in given), unidentified)


def _answer(refused: Identification, adjustment: tuple[str, ...] | None, reason: str) -> Identification:
    if adjustment is None:
        return replace(refused, identified=True, method="no-effect", reason=reason)
    return replace(refused, identified=True, method="adjustment", adjustment=adjustment, reason=reason)
