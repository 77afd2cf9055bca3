"""Small files for the examples of the systems that look for latent causes: rows of numbers, and clips of them."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

from aitia.files import write_whole
from aitia.system import Example

__all__ = ["OPTIONS", "clips_example", "table_example"]

OPTIONS = {"latents": 3, "steps": 30, "batch": 16, "hidden": 16, "learning_rate": 3e-3}
FEATURES = ("x1", "x2", "x3", "x4", "x5")


def table_example(folder: Path, seed: int, *, do: bool = True, **options: Any) -> Example:
    """120 rows of five numbers, with a number, an angle and a kind behind them, from four places, two views a thing."""
    rng = np.random.default_rng(seed)
    place = np.arange(120) % 4
    z = rng.normal(size=(120, 2)) * (1.0 + place)[:, None]
    x = np.tanh(z @ np.random.default_rng(0).normal(size=(2, 5)))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*FEATURES, "mass", "turn", "kind", "place", "id"])
    for i in range(120):
        true = [f"{z[i, 0]:.6f}", f"{z[i, 1] % 3:.6f}", "uvw"[place[i] % 3]]
        writer.writerow([*(f"{v:.6f}" for v in x[i]), *true, f"p{place[i]}", f"thing{i // 2}"])
    write_whole(folder / "rows.csv", text.getvalue())
    roles = {"feature": FEATURES, "truth": ("mass", "kind"), "angle": ("turn",), "domain": "place", "id": "id"}
    asked: dict[str, Any] = (
        {"do": "do(z1=0)", "other": "do(z1=1.5)", "outcome": "x1", "mask": dict.fromkeys(FEATURES)} if do else {}
    )
    return Example(folder / "rows.csv", roles=roles, options={**OPTIONS, **options}, **asked)


def clips_example(folder: Path, seed: int, **options: Any) -> Example:
    """60 clips of six frames of five numbers, with the two numbers behind each frame."""
    rng = np.random.default_rng(seed)
    z = np.zeros((60, 6, 2))
    for t in range(6):
        past = z[:, t - 1] if t else np.zeros((60, 2))
        z[:, t] = 0.8 * past + (0.3 + 0.2 * t + 0.5 * np.abs(past)) * rng.normal(size=(60, 2))
    x = np.tanh(z @ np.random.default_rng(0).normal(size=(2, 5)))
    packed = io.BytesIO()
    np.savez_compressed(packed, clips=x, a=z[..., 0], b=z[..., 1])
    write_whole(folder / "clips.npz", packed.getvalue())
    return Example(
        folder / "clips.npz",
        roles={"truth": ("a", "b")},
        options={**OPTIONS, **options},
        do="do(z1=0)",
        other="do(z1=1.5)",
    )
