"""Effects as a table: of every unit that was tried, or of all that `do` holds at once."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from aitia.data.table import Kind, Table
from aitia.stats.effects import mean_effects
from aitia.systems.path_interventions.explanation import CausalExplanation
from aitia.systems.path_interventions.held import target_of
from aitia.systems.path_interventions.sweep import scores
from aitia.systems.path_interventions.units import logits_of

if TYPE_CHECKING:
    from aitia.systems.path_interventions.model import PathInterventions

__all__ = ["DRAWS", "effects_of_held", "effects_of_units"]

DRAWS = 5
"""Random choices of paths behind a control."""
_TEXTS = ("target", "outcome", "layer", "unit")


def effects_of_units(found: CausalExplanation, outcome: str, target: str | None) -> Table:
    """`CausalExplanation.table`, with what `do` would say as target, and the control of each layer.

    Args:
        found: The explanation.
        outcome: Name of the class.
        target: One target; None tells all.
    """
    table = found.table()
    targets = [target_of(layer, k) for layer in found.layers for k in range(len(layer.blocks))]
    own = {name: table.labels(name).tolist() if name in _TEXTS else table.column(name) for name in table.names}
    columns: dict[str, Any] = {
        "target": [f"{name}=0" for name in targets],
        "outcome": [outcome] * table.n,
        "effect": own.pop("effect"),
        "low": own.pop("low"),
        "high": own.pop("high"),
        "control": np.concatenate([np.full(len(layer.blocks), layer.control) for layer in found.layers]),
        **own,
    }
    made = Table.of(columns, kinds={n: Kind.LABEL if n in _TEXTS else Kind.NUMBER for n in columns})
    return made if target is None else made.take([k for k, name in enumerate(targets) if name == target])


def effects_of_held(system: "PathInterventions", images: Tensor, outcome: str) -> Table:
    """One row: the mean change of the outcome over the rows, beside that of as many paths cut at random."""
    on, kept = system.explained, system.kept()
    by_logit, number = system.config.score == "logit", system.found.target

    def told(masks: Any) -> tuple[Any, Any, Any]:
        with torch.no_grad():
            logit, log, shares = scores(logits_of(on.multiplied(masks)(images)), number)
        return (logit if by_logit else log), log, shares

    before, before_log, plain = told({})
    after, after_log, shares = told(kept)
    control = [told(on.kept_at_random(kept, seed))[0].mean() - before.mean() for seed in range(DRAWS)]
    change = after - before
    low = high = np.full(1, np.nan)
    if len(change) > 1:
        interval = mean_effects(change[None], ["held"])
        low, high = interval.column("low"), interval.column("high")
    kl = (shares.exp() * (shares - plain)).sum(dim=1).mean()
    columns: dict[str, Any] = {
        "target": [str(system.held)[3:-1]], "outcome": [outcome], "effect": [change.mean()], "low": low, "high": high,
        "control": [float(np.mean(control))], "log_probability": [(after_log - before_log).mean()], "kl": [float(kl)],
    }  # fmt: skip
    return Table.of(columns, kinds={n: Kind.LABEL if n in _TEXTS else Kind.NUMBER for n in columns})
