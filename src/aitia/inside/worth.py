"""What a trace or an edit is worth: when its numbers say nothing, and whether the edit took."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.stats.worth import SURE, beyond_control, within_noise

if TYPE_CHECKING:
    from aitia.inside.edit_scores import Scored
    from aitia.inside.study import PlaceEffect
    from aitia.inside.trace import Strong

__all__ = ["edit_alarms", "layer_reason", "study_alarms", "trace_alarms"]

Values = NDArray[np.float64]


def trace_alarms(way: Values | None, controls: Values | None, strongest: Sequence["Strong"]) -> tuple[str, ...]:
    """A sentence for each reason to take a trace for nothing.

    Args:
        way: (draws,) from the corrupted run to the clean one, which shares are taken of; None where none are.
        controls: (sites, draws) what random changes at the strongest sites do to the metric; None where there are none.
        strongest: The strongest sites.
    """
    told = []
    if way is not None and (noise := within_noise(way, controls)) is not None:
        told.append(f"{noise}: what is restored is no share of anything (corrupt another part, or name another answer)")
    return (*told, *_beyond(strongest))


def study_alarms(way: Values, strongest: Sequence["PlaceEffect"]) -> tuple[str, ...]:
    """A sentence for each reason to take a trace of many pairs for nothing.

    Args:
        way: (pairs,) from the corrupted run to the clean one, which shares are taken of.
        strongest: The strongest places.
    """
    told = []
    mean, error = float(way.mean()), float(way.std(ddof=1)) / len(way) ** 0.5
    if abs(mean) <= SURE * error:
        told.append(
            f"the difference that shares are taken of is {mean:.3g}, which is within its noise over {len(way)} pairs: "
            "what is restored is no share of anything (give pairs whose answers differ)"
        )
    return (*told, *_beyond(strongest))


def _beyond(strongest: Sequence["Strong | PlaceEffect"]) -> tuple[str, ...]:
    beyond = beyond_control(
        [s.effect for s in strongest],
        [s.control for s in strongest],
        [s.low for s in strongest],
        [s.high for s in strongest],
    )
    if not beyond or any(clear is not False for clear in beyond):
        return ()
    what = "the strongest site does" if len(beyond) == 1 else f"none of the {len(beyond)} strongest sites does"
    return (f"{what} {'not do ' if len(beyond) == 1 else ''}more than as large a change in a random direction",)


def edit_alarms(prompts: Sequence["Scored"], answer: str) -> tuple[str, ...]:
    """Why an edit did not take; empty where it did.

    Args:
        prompts: Every prompt of the score, the edited one first.
        answer: What the model is to say.
    """
    p = prompts[0]
    told = f"the edit did not take: after {p.prompt!r} the model gives {answer!r} a probability of {p.after:.3g}"
    if not p.success:
        return (f"{told} (before it {p.before:.3g}), which is less than that of what it said before",)
    if not np.isnan(p.random) and p.after <= p.random:
        return (f"{told}, and with a change as long in a random direction {p.random:.3g}",)
    return ()


def layer_reason(layer: int, shares: Sequence[float], subject: str) -> str:
    """Why the edit is written into this layer, in a sentence.

    Args:
        layer: Its number.
        shares: Of the answer that each layer's perceptron restores in a trace; empty where the layer was named.
        subject: Where it does.
    """
    if not shares:
        return f"Layer {layer} was asked for."
    others = sorted((k for k in range(len(shares)) if k not in (0, layer)), key=lambda k: -shares[k])[:2]
    beside = " and ".join(f"layer {k} {shares[k]:.0%}" for k in others)
    return (
        f"Layer {layer} was chosen by a trace: with noise on {subject!r}, its perceptron alone restores "
        f"{shares[layer]:.0%} of the answer there, the most of all{f', before {beside}' if beside else ''}"
        + (f"; the first ({shares[0]:.0%}) is left out, since to change it is to rename the token." if layer else ".")
    )
