"""The cold start on sets of two digits, which the claim, its improvement by rewards and its control begin with."""

from collections.abc import Mapping
from typing import Any

from aitia.data.table import Table
from aitia.evidence.trained_once import trained_once
from aitia.systems.ume_r1.model import UmeR1
from aitia.worlds import DigitSetsWorld

__all__ = ["WORLD", "cold_start", "seen_sets"]

WORLD = DigitSetsWorld(most=2)


def cold_start(seed: int, options: Mapping[str, Any], steps: int, rows: int) -> UmeR1:
    """The model after its three losses and before any reward, trained or read from the cache.

    Args:
        seed: Of the sets and of the training.
        options: Of `UmeR1`.
        steps: Updates.
        rows: Sets.
    """
    return trained_once(
        __name__, WORLD.name, {"options": dict(options), "steps": steps, "rows": rows}, seed,
        train=lambda: UmeR1(**options, steps=steps, seed=seed).fit(seen_sets(seed, rows)),
        save=lambda model, folder: model.save_pretrained(folder), read=UmeR1.from_pretrained,
    )  # fmt: skip


def seen_sets(seed: int, rows: int) -> Table:
    """Sets of the pictures to learn from."""
    return WORLD.rows(WORLD.sample(rows, seed=seed, env="train"))
