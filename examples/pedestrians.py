"""Forecasts of pedestrians in a place that the model has not seen, from a folder of track files, one file a place.

python examples/pedestrians.py FOLDER [--steps 200] [--seeds 1] [--json FILE]

Each line of a file is `frame agent x y`; the public ETH and UCY files have this form. Two tables:

1. Every place is left out once: error there of pooled training (ERM), of IRM, and with a style from its other scenes.
2. A planted cue: a channel that leaks the turn to come, by a factor that each training place has its own of; the place
   that is left out is seen with factors from 1 to 64. The weight of a penalty is chosen at factor 16 in the last fifth
   of the training places, which is kept out of the training for this.

Constant velocity stands in both. Errors are in metres, the mean over the agents that are there (ADE / FDE).
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.learners import CausalMotion
from aitia.stats.metrics import ade, fde
from aitia.tracks import TrackSet, constant_velocity, planted_confidence, read_tracks

PUBLIC = {"biwi_hotel": 1, "students003": 2, "crowds_zara01": 4, "crowds_zara02": 8}
"""Factors of the source, for the public files; other places take 1, 2, 4, ... by name."""
FACTORS = (1, 2, 4, 8, 16, 32, 64)
CHOSEN_AT = 16
WEIGHTS = {"irm": (0.1, 1.0, 5.0), "v-rex": (1.0, 10.0, 100.0)}
ARMS: dict[str, dict[str, Any]] = {
    "ERM": {"style": "none"},
    "IRM": {"style": "none", "invariance": "irm"},
    "modular": {},
}
OBSERVED, FUTURE = 8, 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=200, help="updates of every model")
    parser.add_argument("--batch", type=int, default=8, help="scenes of each place an update")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    given = parser.parse_args()
    scenes = read_tracks(given.folder, stride=1)
    for place in scenes.environments:
        of = scenes.of_environments(place)
        print(f"{place}: {len(of)} scenes of {of.there.sum(1).min()} to {of.there.sum(1).max()} agents")
    options = {"form": "group", "width": 64, "steps": given.steps, "batch": given.batch, "learning_rate": 3e-3}
    left_out = [leave_one_out(scenes, {**options, "seed": seed}) for seed in range(given.seeds)]
    test = "biwi_eth" if "biwi_eth" in scenes.environments else scenes.environments[0]
    planted = [cue(scenes, test, {**options, "seed": seed}) for seed in range(given.seeds)]
    show("Each place left out once, ADE / FDE in metres", left_out)
    show(f"A planted cue, tested in {test}, ADE / FDE in metres", planted)
    if given.json:
        given.json.write_text(json.dumps({"left out": left_out, "planted": planted}, indent=2) + "\n")


Table = dict[str, dict[str, tuple[float, float]]]


def leave_one_out(scenes: TrackSet, options: dict[str, Any]) -> Table:
    table: Table = {}
    for place in scenes.environments:
        held, rest = scenes.of_environments(place), without(scenes, place)
        table[place] = {"constant velocity": errors(straight(held), held)}
        for name, own in ARMS.items():
            forecast = CausalMotion(**{**options, **own}).fit(rest).predict(held, held)
            table[place][name] = errors(np.asarray(forecast), held)
    mean = {name: tuple(np.mean([row[name] for row in table.values()], axis=0)) for name in table[place]}
    return {**table, "mean": mean}


def cue(scenes: TrackSet, test: str, options: dict[str, Any]) -> Table:
    held, rest = scenes.of_environments(test), without(scenes, test)
    early, late = rest.split(0.2)
    places = rest.environments
    factors = PUBLIC if set(places) == set(PUBLIC) else {place: 2**k for k, place in enumerate(places)}
    channel = leaking(early, np.array([factors[place] for place in early.environment]))

    def fitted(**own: Any) -> CausalMotion:
        return CausalMotion(style="none", channel=True, **options, **own).fit(early, channel=channel)

    def scored(model: CausalMotion, on: TrackSet, factor: int) -> tuple[float, float]:
        return errors(np.asarray(model.predict(on, channel=leaking(on, factor))), on)

    models = {"ERM": fitted()}
    for invariance, weights in WEIGHTS.items():
        tried = [fitted(invariance=invariance, invariance_weight=weight) for weight in weights]
        best = min(tried, key=lambda model: scored(model, late, CHOSEN_AT)[0])
        models[f"{invariance}, weight {best.config.invariance_weight:g}"] = best
    named = {name.split(",")[0]: model for name, model in models.items()}
    print("chosen:", "; ".join(models))
    return {
        f"factor {factor}": {
            "constant velocity": errors(straight(held), held),
            **{name: scored(model, held, factor) for name, model in named.items()},
        }
        for factor in FACTORS
    }


def leaking(scenes: TrackSet, factor: Any) -> NDArray[np.float64]:
    return planted_confidence(scenes.tracks, factor, OBSERVED)


def without(scenes: TrackSet, place: str) -> TrackSet:
    return scenes.of_environments(*(label for label in scenes.environments if label != place))


def straight(scenes: TrackSet) -> NDArray[np.float64]:
    return constant_velocity(scenes.tracks[:, :, :OBSERVED], FUTURE)


def errors(forecast: NDArray[np.float64], scenes: TrackSet) -> tuple[float, float]:
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
