"""What CD-NOD finds beside the graph: mechanisms that change, and how; and the same as JSON values and arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aitia.graph.formats.plain import from_json, to_json
from aitia.systems.cd_nod.mechanism_change import Curves

if TYPE_CHECKING:
    from aitia.systems.cd_nod.model import CDNOD

__all__ = ["ChangingMechanism", "DrivingForce", "kept", "recall"]


@dataclass(frozen=True)
class ChangingMechanism:
    """A variable whose mechanism changes with the context.

    Args:
        variable: Its name.
        p_value: The largest p-value among the tests that it does not.
        given: The set of that test.
    """

    variable: str
    p_value: float
    given: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class DrivingForce:
    """How one mechanism changes.

    Args:
        variable: Its name.
        parents: What its mechanism takes, by the graph that was found.
        context: (m,) the values of the context, labels for domains.
        curves: The leading curves with the linear kernel; sign and scale are arbitrary.
        gaussian: The same with the Gaussian kernel.
    """

    variable: str
    parents: tuple[str, ...]
    context: NDArray[Any]
    curves: Curves
    gaussian: Curves


def kept(model: "CDNOD") -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What a search with a context has beside those without: JSON values, and arrays."""
    options: dict[str, Any] = {
        "augmented": to_json(model.augmented_graph_),
        "changing": [[c.variable, c.p_value, list(c.given)] for c in model.changing_],
        "couplings": [[*pair, *map(float, both)] for pair, both in model.couplings_.items()],
        "evidence": [[*pair, float(factor)] for pair, factor in model.evidence_.items()],
        "forces": [],
    }
    arrays: dict[str, NDArray[Any]] = {}
    for name, force in model.forces_.items():
        labels = force.context.tolist() if force.context.dtype == object else None
        options["forces"].append([name, list(force.parents), labels])
        for kind, curves in (("linear", force.curves), ("gaussian", force.gaussian)):
            for part in ("context", "curves", "shares"):
                arrays[f"force {name} {kind} {part}"] = np.asarray(getattr(curves, part), dtype=np.float64)
    return options, arrays


def recall(model: "CDNOD", options: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Puts them into a model; KeyError names what is missing."""
    model.augmented_graph_ = from_json(options["augmented"])
    model.changing_ = tuple(ChangingMechanism(name, p, tuple(given)) for name, p, given in options["changing"])
    model.couplings_ = {(a, b): (this, other) for a, b, this, other in options["couplings"]}
    model.evidence_ = {(a, b): factor for a, b, factor in options["evidence"]}
    forces = {}
    for name, parents, labels in options["forces"]:
        linear, gaussian = (
            Curves(*(arrays[f"force {name} {kind} {part}"] for part in ("context", "curves", "shares")))
            for kind in ("linear", "gaussian")
        )
        context = linear.context if labels is None else np.array(labels, dtype=object)
        forces[name] = DrivingForce(name, tuple(parents), context, linear, gaussian)
    model.forces_ = forces
