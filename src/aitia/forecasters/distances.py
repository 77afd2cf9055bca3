"""How far forecasts of tracks are off, beside what needs no model."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aitia.data.tracks import Tracks, constant_velocity
from aitia.stats.metrics import ade, fde

__all__ = ["ABOUT", "Found", "forecast_errors"]

Values = NDArray[np.float64]
Found = dict[str, tuple[float, dict[str, float]]]
"""By metric its value and that of each baseline."""
ABOUT = {
    "ADE": "Mean distance of the forecast from the true future, in metres.",
    "FDE": "The same in the last frame.",
    "counterfactual ADE": "The same in another environment's style, from the world's own answer.",
}
"""What each metric is; of all lower is better."""
Asked = tuple[Tracks, Values, Tracks]
"""Scenes, what is said would come under an intervention, and the world's own scenes under it."""


def forecast_errors(scenes: Tracks, future: Values, observed: int, asked: Sequence[Asked] = ()) -> Found:
    """Distances over the agents that are there.

    Beside them stand going on with the last step and, for interventions, the true future as it was.

    Args:
        scenes: Whole ones.
        future: What is said would come, (scenes, agents, future, 2).
        observed: Frames of the past.
        asked: Answers to interventions whose truth is known.
    """
    frames = future.shape[2]

    def straight(of: Tracks) -> Values:
        return constant_velocity(of.tracks[:, :, :observed], frames)

    def told(of: Tracks) -> Values:
        return of.tracks[:, :, observed : observed + frames]

    def apart(answer: Values, truth: Tracks) -> tuple[float, float]:
        there, wanted = truth.there, told(truth)
        return ade(answer[there], wanted[there]), fde(answer[there], wanted[there])

    ours, plain = apart(future, scenes), apart(straight(scenes), scenes)
    found: Found = {name: (ours[k], {"constant velocity": plain[k]}) for k, name in enumerate(("ADE", "FDE"))}
    if asked:
        means = np.mean(
            [
                (apart(answer, truth)[0], apart(straight(of), truth)[0], apart(told(of), truth)[0])
                for of, answer, truth in asked
            ],
            axis=0,
        ).tolist()
        found["counterfactual ADE"] = (means[0], {"constant velocity": means[1], "do nothing": means[2]})
    return found
