"""Forecasts of pedestrians in a place that the model has not seen, from a folder of track files, one file a place.

python examples/pedestrians.py FOLDER [--steps 60] [--stride 5] [--seeds 1] [--cue] [--json FILE]

Each line of a file is `frame agent x y`; the public ETH and UCY files have this form (0.4 s a frame, metres). Scenes
are windows of 8 + 12 frames with two agents or more, who are there throughout. Windows of a place overlap, which is no
leak: training and test are other places. Two tables of errors in metres, the mean over the agents that are there
(ADE / FDE), every model with as many updates and with constant velocity beside it:

1. Every place is left out once. Causal motion without style is pooled training (ERM); with one, the style is read from
   the other scenes of the place. GCRL is told nothing of the place: the mean of 20 samples, and (not comparable with
   the others) the best of the 20 a scene, chosen with the truth at hand.
2. With --cue, a planted cue: a channel that leaks the turn to come, by a factor that each training place has its own
   of; the place that is left out is seen with factors from 1 to 64. The weight of a penalty is chosen at factor 16 in
   the last fifth of the training places, which is kept out of the training for this.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.reading.tracks import read_tracks
from aitia.data.tracks import Tracks, constant_velocity, planted_confidence
from aitia.stats.metrics import ade, fde
from aitia.systems.causal_motion import CausalMotion
from aitia.systems.gcrl import GCRL

OBSERVED, FUTURE, SAMPLES = 8, 12, 20
PUBLIC = {"biwi_hotel": 1, "students003": 2, "crowds_zara01": 4, "crowds_zara02": 8}
"""Factors of the source, for the public files; other places take 1, 2, 4, ... by name."""
FACTORS = (1, 2, 4, 8, 16, 32, 64)
CHOSEN_AT = 16
WEIGHTS = {"irm": (0.1, 1.0, 5.0), "v-rex": (1.0, 10.0, 100.0)}
FORECASTER: dict[str, Any] = {"form": "group", "width": 64}
GENERATIVE: dict[str, Any] = {"form": "group", "width": 32, "z_size": 8, "s_size": 8, "variance": 0.05}
Values = NDArray[np.float64]
Table = dict[str, dict[str, tuple[float, float]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=60, help="updates of every model")
    parser.add_argument("--batch", type=int, default=8, help="scenes of each place an update")
    parser.add_argument("--stride", type=int, default=5, help="frames from one window to the next")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--cue", action="store_true", help="the second table as well")
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    given = parser.parse_args()
    scenes = read_tracks(given.folder, stride=given.stride)
    for place in scenes.environments:
        of = scenes.of_environments(place)
        print(f"{place}: {len(of)} scenes of {of.there.sum(1).min()} to {of.there.sum(1).max()} agents")
    settings = f"{given.steps} updates of {given.batch} scenes of each place, windows every {given.stride} frames"
    options = {"steps": given.steps, "batch": given.batch, "learning_rate": 3e-3}
    made = {"left out": [leave_one_out(scenes, {**options, "seed": seed}) for seed in range(given.seeds)]}
    show(f"Each place left out once: ADE / FDE in metres, {settings}", made["left out"])
    if given.cue:
        test = "biwi_eth" if "biwi_eth" in scenes.environments else scenes.environments[0]
        made["cue"] = [cue(scenes, test, {**options, "seed": seed}) for seed in range(given.seeds)]
        show(f"A planted cue, tested in {test}: ADE / FDE in metres, {settings}", made["cue"])
    if given.json:
        given.json.write_text(json.dumps({"settings": settings, **made}, indent=2) + "\n")


def leave_one_out(scenes: Tracks, options: dict[str, Any]) -> Table:
    table: Table = {}
    for place in scenes.environments:
        held, rest = scenes.of_environments(place), without(scenes, place)
        pooled = CausalMotion(style="none", **FORECASTER, **options).fit(rest).forecast(held)
        modular = CausalMotion(**FORECASTER, **options).fit(rest).forecast(held, held)
        sampled = GCRL(**GENERATIVE, **options).fit(rest).forecast(held, draws=SAMPLES)
        table[place] = {
            "constant velocity": errors(straight(held), held),
            "ERM": errors(pooled.tracks, held),
            "causal motion": errors(modular.tracks, held),
            "GCRL, mean of 20": errors(sampled.mean, held),
            "GCRL, best of 20": errors(best(sampled.samples, held), held),
        }
    mean = {name: tuple(np.mean([row[name] for row in table.values()], axis=0)) for name in table[place]}
    return {**table, "mean": mean}


def cue(scenes: Tracks, test: str, options: dict[str, Any]) -> Table:
    held, rest = scenes.of_environments(test), without(scenes, test)
    early, late = rest.split(0.2)
    places = rest.environments
    factors = PUBLIC if set(places) == set(PUBLIC) else {place: 2**k for k, place in enumerate(places)}
    seen = leaking(early, np.array([factors[place] for place in early.environment]))

    def fitted(**own: Any) -> CausalMotion:
        return CausalMotion(style="none", channel=True, **FORECASTER, **options, **own).fit(seen)

    def scored(model: CausalMotion, on: Tracks, factor: int) -> tuple[float, float]:
        return errors(model.forecast(leaking(on, factor)).tracks, on)

    models = {"ERM": fitted()}
    for invariance, weights in WEIGHTS.items():
        tried = [fitted(invariance=invariance, invariance_weight=weight) for weight in weights]
        models[invariance] = min(tried, key=lambda model: scored(model, late, CHOSEN_AT)[0])
        print(f"chosen for {invariance}: weight {models[invariance].config.invariance_weight:g}")
    return {
        f"factor {factor}": {
            "constant velocity": errors(straight(held), held),
            **{name: scored(model, held, factor) for name, model in models.items()},
        }
        for factor in FACTORS
    }


def leaking(scenes: Tracks, factor: Any) -> Tracks:
    return replace(scenes, channel=planted_confidence(scenes.tracks, factor, OBSERVED))


def without(scenes: Tracks, place: str) -> Tracks:
    return scenes.of_environments(*(label for label in scenes.environments if label != place))


def straight(scenes: Tracks) -> Values:
    return constant_velocity(scenes.tracks[:, :, :OBSERVED], FUTURE)


def best(samples: Values, scenes: Tracks) -> Values:
    """The sample of each scene with the least error over all agents that are there."""
    apart = np.linalg.norm(samples - scenes.tracks[:, :, OBSERVED:], axis=-1).mean(-1) * scenes.there
    return samples[apart.sum(-1).argmin(0), np.arange(len(scenes))]


def errors(forecast: Values, scenes: Tracks) -> tuple[float, float]:
    answer, truth = forecast[scenes.there], scenes.tracks[:, :, OBSERVED:][scenes.there]
    return ade(answer, truth), fde(answer, truth)


def show(title: str, tables: list[Table]) -> None:
    print(f"\n{title}, mean of {len(tables)} seeds\n")
    names = list(next(iter(tables[0].values())))
    print("| | " + " | ".join(names) + " |\n|---" + "|---" * len(names) + "|")
    for line in tables[0]:
        cells = [np.mean([table[line][name] for table in tables], axis=0) for name in names]
        print(f"| {line} | " + " | ".join(f"{a:.2f} / {b:.2f}" for a, b in cells) + " |")


if __name__ == "__main__":
    main()
