"""Fitted motifs as JSON values and arrays, and back."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

if TYPE_CHECKING:
    from aitia.systems.dynamic_connectomes.model import DynamicConnectomes

__all__ = ["restore", "state"]


def state(model: "DynamicConnectomes") -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Options and findings as JSON values, and arrays."""
    told = {
        "config": model.get_params(),
        "units": list(model.units_),
        "animals": list(model.animals_),
        "bin_frames": model.bin_frames_,
        "rate": model.rate_,
        "error": model.error_,
        "sweep": list(model.sweep_),
        "warnings": list(model.warnings_),
    }
    times, animals, pairs = model.factors_
    arrays: dict[str, NDArray[Any]] = {
        "times": times,
        "animals": animals,
        "pairs": pairs,
        "scales": model.scales_,
        "mask": model.mask_,
        "null_error": model.null_error_,
    }
    arrays |= {f"motif {m.number} level {k}": level for m in model.motifs_ for k, level in enumerate(m.levels)}
    return told, arrays


def restore(model: "DynamicConnectomes", options: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Puts them into a model; KeyError names what is missing."""
    model.units_, model.animals_ = tuple(options["units"]), tuple(options["animals"])
    model.bin_frames_, model.rate_, model.error_ = options["bin_frames"], options["rate"], options["error"]
    model.sweep_, model.warnings_ = tuple(options["sweep"]), tuple(options["warnings"])
    model.factors_ = (arrays["times"], arrays["animals"], arrays["pairs"])
    model.bins_, model.rank_ = (int(n) for n in arrays["times"].shape)
    model.scales_, model.mask_ = arrays["scales"], arrays["mask"]
    model.null_error_ = arrays["null_error"]
    levels = []
    for r in range(model.rank_):
        count = sum(name.startswith(f"motif {r} level ") for name in arrays)
        levels.append(tuple(arrays[f"motif {r} level {k}"] for k in range(max(count, 1))))
    model.motifs_ = model._motifs(levels)
