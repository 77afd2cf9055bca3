"""Part (f) of the claim: pedestrians of ETH and UCY, which their user names with `aitia data add eth-ucy FOLDER`.

The folder has a file a place. Places of PLACES are left out, one after another; the forecaster is trained on the other
four, on windows of 8 + 12 frames at every frame. It sees each person from a frame of their own (last position at the
origin, turned along their way), so that turning the training scenes would change nothing. Of the place that is left
out, FEW windows of the earlier half are given, drawn by the seed, and every fifth window of the later half is scored:
the distance to where people went, mean over people and steps (ADE), then over places. Seeds are of the network, its
batches and the windows that are given.

Asked are (1) a forecast in the style of the given windows, nothing updated; (2) the modulation updated with them; (3)
whether references of the place err less than those of another. Rivals: constant velocity; ERM (the same network without
style, as many updates), in (2) with everything updated; linear regression in each person's own frame, fitted on the
training places, in (2) on the given windows. On seed 1000, biwi_hotel and
crowds_zara01, four trainings were tried with all arms alike (150 to 400 updates of 8 or 16 scenes) and the longest
taken; rates of 0.001, 0.003 and 0.01 for the modulation and of 0.001 and 0.003 for all of ERM differ little. In none of
them was ours ahead of constant velocity, and references of another place did as well: the bars are what the paper would
have one expect, not what was seen.

The forecast has no chance in it, so the published best of 20 samples is the same as the error told here.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.named import located, named_data
from aitia.data.reading.tracks import read_tracks
from aitia.data.tracks import Tracks, constant_velocity
from aitia.evidence import ClaimContext, Row, row
from aitia.systems.causal_motion import CausalMotion

__all__ = ["dealt_out", "own_regression", "part_f"]

DATA = "eth-ucy"
PLACES = ("biwi_hotel", "crowds_zara01", "students003")
OBSERVED, FUTURE = 8, 12
FEW, EVERY = 32, 5
TRAINING: dict[str, Any] = {"form": "group", "width": 32, "batch": 8, "steps": 400, "learning_rate": 5e-3}
ADAPTING: dict[str, Any] = {"steps": 50, "learning_rate": 3e-3}
STRAIGHT, ERM, LINEAR = "constant velocity", "ERM", "linear regression"
ERM_WHOLE, LINEAR_FEW, NOTHING = "ERM, everything updated", "linear regression on the 32", "nothing updated"
LEFT_OUT = "pedestrians, place left out: ADE modular / constant velocity"
LOW_SHOT = "pedestrians, 32 windows of the place: ADE modulation updated / constant velocity"
TRANSFER = "pedestrians: ADE, references of the place / of another place"
NEEDS = f"Not run here: needs the ETH and UCY tracks, a text file a place, as `aitia data add {DATA} FOLDER`."
Values = NDArray[np.float64]
Errors = dict[str, dict[str, float]]


def part_f(context: ClaimContext, seeds: int) -> list[Row]:
    """The rows; without values where nobody has named the tracks."""
    if DATA not in named_data():
        return [row("f", metric, [], note=NEEDS) for metric in (LEFT_OUT, LOW_SHOT, TRANSFER)]
    found = context.over_seeds("f", _on_pedestrians, seeds)
    asked = (
        (LEFT_OUT, "modular", (ERM, LINEAR)),
        (LOW_SHOT, "modulation updated", (ERM_WHOLE, LINEAR_FEW, NOTHING)),
    )
    rows = [
        row(
            "f", metric, [_over(f, ours, STRAIGHT) for f in found], direction="lower", bar=1.0, kind="ratio",
            against=STRAIGHT, baselines={name: [_over(f, name, STRAIGHT) for f in found] for name in rivals},
            ahead_of=dict.fromkeys(rivals, 0.0), note=_by_place(found, (ours, *rivals, STRAIGHT)),
        )
        for metric, ours, rivals in asked
    ]  # fmt: skip
    other = "references of another place"
    return [
        *rows,
        row("f", TRANSFER, [_over(f, "modular", other) for f in found], direction="lower", bar=0.98, kind="ratio",
            against=other, note=_by_place(found, ("modular", other))),
    ]  # fmt: skip


def dealt_out(seed: int) -> dict[str, float]:
    """The same where the places are dealt out anew among the training windows; nothing where there are no tracks."""
    if DATA not in named_data():
        return {}
    found = _on_pedestrians(seed, dealt=True)
    return {
        LEFT_OUT: _over(found, "modular", STRAIGHT),
        LOW_SHOT: _over(found, "modulation updated", STRAIGHT),
        TRANSFER: _over(found, "modular", "references of another place"),
    }


def own_regression(whole: Values) -> Callable[[Values], Values]:
    """Least squares from past to future of tracks (n, 20, 2), each seen from its last position along its way."""
    turned, _, _ = _own(whole, whole[:, :OBSERVED])
    weights = np.linalg.lstsq(_inputs(turned[:, :OBSERVED]), turned[:, OBSERVED:].reshape(len(whole), -1), rcond=None)[
        0
    ]

    def ahead(past: Values) -> Values:
        seen, last, axes = _own(past, past)
        return (_inputs(seen) @ weights).reshape(len(past), -1, 2) @ axes + last

    return ahead


def _inputs(past: Values) -> Values:
    return np.concatenate([past.reshape(len(past), -1), np.ones((len(past), 1))], axis=1)


def _own(tracks: Values, past: Values) -> tuple[Values, Values, Values]:
    """Tracks as seen from the last position of the past along its way; that position, and the axes."""
    last = past[:, -1:]
    way = (last - past[:, :1])[:, 0]
    length = np.linalg.norm(way, axis=-1, keepdims=True)
    way = np.where(length > 1e-6, way / np.maximum(length, 1e-6), [1.0, 0.0])
    axes = np.stack([way, np.stack([-way[:, 1], way[:, 0]], axis=-1)], axis=1)
    return (tracks - last) @ axes.transpose(0, 2, 1), last, axes


def _on_pedestrians(seed: int, *, dealt: bool = False) -> Errors:
    """ADE of each arm by place."""
    found: Errors = {}
    for place in PLACES:
        for name, error in _left_out(place, seed, dealt).items():
            found.setdefault(name, {})[place] = error
    return found


def _left_out(place: str, seed: int, dealt: bool) -> dict[str, float]:
    scenes, rng = _scenes(), np.random.default_rng([seed, 3])
    here = scenes.of_environments(place)
    rest = scenes.take(np.flatnonzero(scenes.environment != place))
    other = rng.choice(rest.environments)
    if dealt:
        rest = replace(rest, environment=rng.permutation(rest.environment))
    early, late = here.split_rows(0.5)
    few, scored = here.take(np.sort(rng.choice(early, FEW, replace=False))), here.take(late[::EVERY])
    past = scored.tracks[:, :, :OBSERVED]
    modular = CausalMotion(seed=seed, **TRAINING).fit(rest)
    in_style = modular.forecast(scored, few)
    answers: dict[str, Any] = {
        STRAIGHT: constant_velocity(past, FUTURE),
        LINEAR: _each(rest, past),
        LINEAR_FEW: _each(few, past),
        "modular": in_style,
        NOTHING: in_style,
        "references of another place": modular.forecast(scored, str(other)),
        "modulation updated": modular.adapt(few, place, update="modulation", **ADAPTING).forecast(scored, place),
    }
    if not dealt:
        erm = CausalMotion(seed=seed, style="none", **TRAINING).fit(rest)
        answers[ERM] = erm.forecast(scored)
        answers[ERM_WHOLE] = erm.adapt(few, place, update="all", **ADAPTING).forecast(scored)
    return {name: _error(np.asarray(answer), scored) for name, answer in answers.items()}


@lru_cache(maxsize=1)
def _scenes() -> Tracks:
    return read_tracks(located(DATA), observed=OBSERVED, future=FUTURE, stride=1)


def _each(known: Tracks, past: Values) -> Values:
    """Linear regression that is fitted on all people of some scenes, for each person of others."""
    ahead = own_regression(known.tracks[known.there])(past.reshape(-1, OBSERVED, 2))
    return ahead.reshape(*past.shape[:2], FUTURE, 2)


def _error(ahead: Values, scenes: Tracks) -> float:
    """ADE over the people that are there."""
    apart = ahead[scenes.there] - scenes.tracks[:, :, OBSERVED:][scenes.there]
    return float(np.linalg.norm(apart, axis=-1).mean())


def _over(found: Errors, above: str, below: str) -> float:
    """Mean ADE over places of one arm over that of another."""
    return float(np.mean(list(found[above].values())) / np.mean(list(found[below].values())))


def _by_place(found: Sequence[Errors], names: Sequence[str]) -> str:
    """ADE in metres by place, mean over seeds, in words."""
    told = [
        f"{place}: " + ", ".join(f"{name} {np.mean([f[name][place] for f in found]):.2f}" for name in names)
        for place in PLACES
    ]
    return f"ADE in m, mean over seeds. {'; '.join(told)}."
