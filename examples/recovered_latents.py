"""Three latents behind clips: what a VAE makes of them, and what TDRL makes of them, which is given the time.

python examples/recovered_latents.py [PNG]        trains in about a minute, draws each variable against its latent
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from aitia.representations import rows_of, split_rows
from aitia.stats.metrics import mcc
from aitia.systems.causalverse import CausalVerse
from aitia.systems.tdrl import TDRL
from aitia.systems.vae import VAE
from aitia.worlds import LatentProcessWorld, ProcessConfig

STEPS = {VAE: 2000, TDRL: 2000}
GIVEN = {VAE: "VAE: frames alone", TDRL: "TDRL: frames and their past"}


def main() -> None:
    place = Path(sys.argv[1] if len(sys.argv) > 1 else "recovered-latents.png")
    config = ProcessConfig(latents=3, frames=6, instantaneous_density=0.0, noise="modulated", mechanism="mlp")
    world = LatentProcessWorld(config)
    sample = world.sample(3000, seed=100)
    z = np.stack([sample[name] for name in world.names], axis=-1)
    rows = rows_of(mixed(z), {name: sample[name] for name in world.names})
    train, test = (rows.take(part) for part in split_rows(np.arange(3000), 0.2))
    truth = np.stack([test.known.column(name) for name in world.names], axis=-1).reshape(-1, 3)
    figure = Figure(figsize=(8.2, 5.6), layout="constrained")
    axes = figure.subplots(2, 3)
    for row, (method, steps) in enumerate(STEPS.items()):
        codes = method(latents=3, steps=steps, learning_rate=5e-3).fit(train, truth=world.names).codes(test)
        score, flat = CausalVerse().score(codes, test, truth=world.names), codes.reshape(-1, 3)
        for j, place_of in enumerate(mcc(truth, flat).matching):
            axis, latent = axes[row, j], flat[:, place_of]
            sign = np.sign(np.corrcoef(truth[:, j], latent)[0, 1])
            axis.scatter(truth[:1500, j], sign * latent[:1500], s=3, alpha=0.35, color="#2a5d8f", linewidths=0)
            axis.set(xlabel=f"true {world.names[j]}", xticks=[], yticks=[])
        axes[row, 0].set_ylabel("matched latent")
        axes[row, 1].set_title(f"{GIVEN[method]}     MCC {score.mcc:.2f}, R2 {score.r2:.2f}", fontsize=11)
        print(f"{method.card.slug}: MCC {score.mcc:.3f}, R2 {score.r2:.3f}")
    figure.savefig(place, dpi=110)
    print(f"{place.resolve()}: every true variable against the latent that was matched to it")


def mixed(z: np.ndarray) -> np.ndarray:
    """What is seen of the latents: turned, bent, twice, and turned again; invertible."""
    rng = np.random.default_rng(0)
    x = (z - z.mean(axis=(0, 1))) / z.std(axis=(0, 1))
    for layer in range(3):
        x = x @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
        x = np.where(x < 0, 0.5 * x, x) if layer < 2 else x
    return x


if __name__ == "__main__":
    main()
