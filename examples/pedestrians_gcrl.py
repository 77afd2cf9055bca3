"""GCRL on a folder of track files, one file a place: each place is left out once and then forecast.

python examples/pedestrians_gcrl.py FOLDER [--steps 300] [--seeds 1] [--json FILE]

Lines of a file are `frame agent x y`; the public ETH and UCY files have this form (0.4 s a frame, metres). Scenes are
windows of 8 + 12 frames with two agents or more. They overlap, which is no leak: training and test are other places.
Printed are ADE and FDE in metres over the agents that are there: of constant velocity, of pooled training (ERM) with as
many updates, of the mean of 20 samples of GCRL, and (not comparable with the others) of the best of the 20 a scene.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.learners import GCRL
from aitia.stats.metrics import ade, fde
from aitia.tracks import TrackSet, constant_velocity, read_tracks

OBSERVED, FUTURE, SAMPLES = 8, 12, 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=300, help="updates of every model")
    parser.add_argument("--batch", type=int, default=8, help="scenes of each place an update")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    given = parser.parse_args()
    scenes = read_tracks(given.folder, stride=1)
    options = {"form": "group", "width": 32, "z_size": 8, "s_size": 8, "variance": 0.05, "learning_rate": 3e-3}
    options |= {"steps": given.steps, "batch": given.batch}
    tables = [leave_one_out(scenes, {**options, "seed": seed}) for seed in range(given.seeds)]
    names = list(next(iter(tables[0].values())))
    print(f"{'place left out':>16}" + "".join(f"{name:>28}" for name in names))
    for place in tables[0]:
        cells = [np.mean([table[place][name] for table in tables], axis=0) for name in names]
        print(f"{place:>16}" + "".join(f"{a:>21.3f} /{f:5.2f}" for a, f in cells))
    if given.json:
        given.json.write_text(json.dumps(tables, indent=2) + "\n")


def leave_one_out(scenes: TrackSet, options: dict[str, Any]) -> dict[str, dict[str, tuple[float, float]]]:
    table: dict[str, dict[str, tuple[float, float]]] = {}
    for place in scenes.environments:
        held = scenes.of_environments(place)
        rest = scenes.of_environments(*(label for label in scenes.environments if label != place))
        forecast = GCRL(**options).fit(rest).predict(held, samples=SAMPLES)
        pooled = GCRL(latents="none", **options).fit(rest).predict(held)
        table[place] = {
            "constant velocity": errors(constant_velocity(held.tracks[:, :, :OBSERVED], FUTURE), held),
            "ERM": errors(pooled.mean, held),
            "GCRL, mean of 20": errors(forecast.mean, held),
            "GCRL, best of 20": errors(best(forecast.samples, held), held),
        }
    mean = {name: tuple(np.mean([row[name] for row in table.values()], axis=0)) for name in table[place]}
    return {**table, "mean": mean}


def best(samples: NDArray[np.float64], scenes: TrackSet) -> NDArray[np.float64]:
    """The sample of each scene with the least error over all agents that are there."""
    apart = np.linalg.norm(samples - scenes.tracks[:, :, OBSERVED:], axis=-1).mean(-1) * scenes.there
    return samples[apart.sum(-1).argmin(0), np.arange(len(scenes))]


def errors(forecast: NDArray[np.float64], scenes: TrackSet) -> tuple[float, float]:
    answer, truth = forecast[scenes.there], scenes.tracks[:, :, OBSERVED:][scenes.there]
    return ade(answer, truth), fde(answer, truth)


if __name__ == "__main__":
    main()
