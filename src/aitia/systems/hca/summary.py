"""All numbers of a fit as JSON values, for programs."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aitia.version import __version__

if TYPE_CHECKING:
    from aitia.systems.hca.model import HCA

__all__ = ["summary"]


def summary(m: "HCA") -> dict[str, Any]:
    """All numbers of a fit."""
    return {
        "rows": m.used_,
        "dropped": dict(m.dropped_),
        "groups": list(m.groups_),
        "left_out": dict(m.left_out_),
        "scores": list(m.columns_),
        "latents": {z: {"named": n} for z, n in zip(m.latents_, m.named_, strict=True)},
        "alignments": [asdict(a) for a in m.alignments_],
        "unmixing": m.unmixing_.tolist(),
        "weights": {name: w.tolist() for name, w in m.weights_.items()},
        "noise": {name: n.tolist() for name, n in m.noise_.items()},
        "inexactness": dict(m.inexactness_),
        "mic": m.mic_,
        "p_value": m.p_value_,
        "mic_of_unrelated_groups": m.null_.tolist(),
        "mic_of_groups_alike": m.alike_.tolist(),
        "orders": [asdict(order) for order in m.orders_],
        "doubts": list(m.doubts_),
        "effects": [asdict(effect) for name in m.groups_ for z in m.latents_ for effect in m.shift_effects(z, name)],
        "config": m.get_params(),
        "version": __version__,
    }
