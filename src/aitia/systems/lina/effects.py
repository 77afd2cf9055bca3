"""What a setting does to what is read off pictures, beside the best setting for all prompts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aitia.data.table import Kind, Table
from aitia.stats.effects import mean_effects
from aitia.systems.lina.drawing import Prompted, Strengths
from aitia.systems.lina.marks import Wants
from aitia.systems.lina.search import marked

if TYPE_CHECKING:
    from aitia.systems.lina.model import Lina

__all__ = ["effect_table"]


def effect_table(
    system: "Lina", prompted: Prompted, wants: Wants, asked: Sequence[Strengths], outcome: str | None
) -> Table:
    """Mean change of the referee's probability of what is wanted, the same noise in both, with intervals over prompts.

    Args:
        system: Fitted.
        prompted: Rows.
        wants: Of these rows.
        asked: The settings.
        outcome: One attribute; None tells all.
    """
    config, found = system.config, system.found
    assert found is not None
    noise = system.pipeline.noise(len(prompted) * config.samples, config.seed + 1)

    def means(strengths: Strengths, of: Wants) -> Any:
        (marks,) = marked(system.pipeline, prompted, of, system.judges[1:], noise, strengths, config)
        return marks

    names = [name for name in wants.labels if outcome in (None, name)]
    other = wants.of_others()
    before = means(found.single, wants)
    rows: list[dict[str, Any]] = []
    for strengths in asked:
        after = means(strengths, wants)
        for name in names:
            place = list(wants.labels).index(name)
            own, theirs = (_probability(after, one, place) - _probability(before, one, place) for one in (wants, other))
            interval = mean_effects([own], [name])
            start = _probability(before, wants, place)
            rows.append(
                {
                    "target": str(strengths), "outcome": name, "effect": float(own.mean()),
                    "low": float(interval.column("low")[0]), "high": float(interval.column("high")[0]),
                    "control": float(theirs.mean()), "before": float(start.mean()),
                }
            )  # fmt: skip
    columns = ("target", "outcome", "effect", "low", "high", "control", "before")
    kinds = {name: Kind.LABEL if name in ("target", "outcome") else Kind.NUMBER for name in columns}
    return Table.of({name: [row[name] for row in rows] for name in columns}, kinds=kinds)


def _probability(marks: Any, wants: Wants, place: int) -> Any:
    """(n,) of one attribute; rows that want nothing of it count as shown."""
    name = list(wants.labels)[place]
    only = Wants({name: wants.labels[name]}, wants.codes[:, [place]])
    return np.asarray(type(marks)({name: marks.said[name]}).likely(only).mean(1))
