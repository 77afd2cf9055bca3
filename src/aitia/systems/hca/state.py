"""A fitted `HCA` as JSON values and arrays, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.systems.hca.ordering import Ordering
from aitia.systems.hca.reading import Alignment, ShareOfOrders

__all__ = ["restore", "state"]

NAMES = ("columns_", "groups_", "large_", "latents_", "named_", "gaussian_", "unmatched_", "in_shares_")
PLAIN = ("left_out_", "inexactness_", "converged_", "mic_", "p_value_", "dropped_", "matched_", "used_")
ARRAYS = ("distances_", "unmixing_", "mixing_", "null_", "alike_", "ranges_", "rest_")
BY_GROUP = ("weights_", "noise_", "means_", "spread_", "drawn_", "control_")
"""Attributes of a fitted model by what they are: tuples of names, JSON values, arrays, and arrays of every group."""


def state(model: Any) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The options and findings as JSON values, and the arrays."""
    order = model.ordering_
    options: dict[str, Any] = {name: list(getattr(model, name)) for name in NAMES}
    options |= {name: getattr(model, name) for name in PLAIN}
    options["config"] = model.get_params()
    options["exact"] = order.exact
    options["alignments_"] = [asdict(alignment) for alignment in model.alignments_]
    options["orders_"] = [asdict(share) for share in model.orders_]
    arrays = {name: getattr(model, name) for name in ARRAYS}
    arrays |= {name: np.stack([getattr(model, name)[group] for group in model.groups_]) for name in BY_GROUP}
    arrays |= {"rows": order.rows, "shared": order.shared, "triangular": order.triangular}
    return options, arrays


def restore(model: Any, options: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Puts them into a model; KeyError names what is missing."""
    for name in NAMES:
        setattr(model, name, tuple(options[name]))
    for name in PLAIN:
        setattr(model, name, options[name])
    for name in ARRAYS:
        setattr(model, name, arrays[name])
    for name in BY_GROUP:
        setattr(model, name, dict(zip(model.groups_, arrays[name], strict=True)))
    inexactness = np.array([options["inexactness_"][group] for group in model.groups_])
    model.ordering_ = Ordering(arrays["rows"], arrays["shared"], arrays["triangular"], inexactness, options["exact"])
    model.alignments_ = tuple(Alignment(**told) for told in options["alignments_"])
    model.orders_ = tuple(ShareOfOrders(tuple(told["scores"]), told["share"]) for told in options["orders_"])
