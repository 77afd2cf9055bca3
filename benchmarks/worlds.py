"""Pictures of the image worlds beside plain loops: the same scenes, one run, equal pictures.

OMP_NUM_THREADS=1 python benchmarks/worlds.py [--json FILE] [--full]

Frames of 64x64 a second on one core, from CPU seconds, the least of three repeats after one call that is not counted.
The first loop goes scene by scene, pixel by pixel and shape by shape in Python; the second scene by scene and shape by
shape, with numpy over the whole picture. Both paint few frames, and one of them at a time, as one would who writes a
scene first. Without --full, the loops run on the simple forms.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from _measure import arguments, best, write
from aitia import worlds
from aitia.worlds import World
from aitia.worlds.canvas import Canvas

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "worlds"))
from test_canvas import painted_by_hand  # the plain loop, against which the tests hold the compiled one

FRAMES, FEW_PIXELS, FEW_NUMPY = 2048, 2, 24
LEAST_FRAMES, LEAST_RATIO = 2000, 50
BOTH_FORMS = (
    worlds.FigureWorld,
    worlds.FallWorld,
    worlds.SlopeWorld,
    worlds.SpringWorld,
    worlds.RefractionWorld,
    worlds.ProjectileWorld,
    worlds.CollisionWorld,
    worlds.SpringMassWorld,
    worlds.RobotWorld,
)


def image_worlds() -> list[World]:
    made: list[World] = [worlds.PendulumWorld(), worlds.FlowWorld()]
    made += [kind(form) for kind in BOTH_FORMS for form in ("simple", "complex")]
    made += [worlds.TrafficWorld(), worlds.TrafficWorld("complex", cars=4)]
    return [*made, worlds.LatentProcessWorld(), worlds.LatentProcessWorld(worlds.ProcessConfig(latents=8))]


def canvases(world: Any, sample: worlds.Sample, count: int) -> list[Canvas]:
    """The first frames of a sample, each on a canvas of its own."""
    drawn = []
    for k in range(count):
        row, frame = divmod(k, world.frames)
        one = {name: values[row : row + 1] for name, values in sample.latents.items()}
        one = {name: values if values.ndim == 1 else values[:, frame] for name, values in one.items()}
        drawn.append(world.paint(one, 64))
    return drawn


def painted_with_numpy(canvas: Canvas) -> np.ndarray:
    """The picture of a canvas of one frame, shape by shape."""
    size = canvas.size
    x, y = np.meshgrid(np.arange(size) + 0.5, size - np.arange(size) - 0.5)
    part = (np.arange(size) / (size - 1))[:, None, None]
    picture = np.broadcast_to(canvas._top[0] + part * (canvas._bottom[0] - canvas._top[0]), (size, size, 3)).copy()
    for kind, shapes, colors in zip(canvas._kinds, canvas._shapes, canvas._colors, strict=True):
        p, color = shapes[0].astype(float), colors[0].astype(float)
        cover = np.clip(0.5 - distances(kind, p, x, y) / 1.5, 0, 1) * color[3]
        picture += cover[..., None] * (color[:3] - picture)
    return (255 * picture + 0.5).astype(np.uint8)[None]


def distances(kind: int, p: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if kind == 0:
        return np.hypot(x - p[0], y - p[1]) - p[2]
    if kind in (1, 3):
        along, across = p[4] * (x - p[0]) + p[5] * (y - p[1]), p[4] * (y - p[1]) - p[5] * (x - p[0])
        if kind == 1:
            u, v = along / p[2], across / p[3]
            k0, k1 = np.hypot(u, v), np.hypot(u / p[2], v / p[3])
            return np.where(k1 < 1e-12, -min(p[2], p[3]), k0 * (k0 - 1) / np.maximum(k1, 1e-12))
        u, v = abs(along) - p[2], abs(across) - p[3]
        return np.hypot(np.maximum(u, 0), np.maximum(v, 0)) + np.minimum(np.maximum(u, v), 0)
    if kind == 2:
        return to_segment(x, y, *p[:4]) - p[4]
    if kind == 4:
        corners = p.reshape(3, 2)
        sides = [(corners[i], corners[(i + 1) % 3]) for i in range(3)]
        turns = np.array([(b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]) for a, b in sides])
        near = np.min([to_segment(x, y, *a, *b) for a, b in sides], axis=0)
        return np.where((turns > 0).all(axis=0) | (turns < 0).all(axis=0), -near, near)
    return (y - p[1]) * p[2] - (x - p[0]) * p[3]


def to_segment(x: np.ndarray, y: np.ndarray, x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    ex, ey = x1 - x0, y1 - y0
    t = np.clip(((x - x0) * ex + (y - y0) * ey) / max(ex * ex + ey * ey, 1e-12), 0, 1)
    return np.hypot(x - x0 - t * ex, y - y0 - t * ey)


def main() -> None:
    given = arguments(__doc__)
    rows: list[dict[str, Any]] = []
    for world in image_worlds():
        form = getattr(world, "form", f"{len(world.names)} latents")
        sample = world.sample(FRAMES // world.frames)
        ours = world.render(sample).reshape(-1, 64, 64, 3)
        mine, _, _ = best(lambda world=world, sample=sample: world.render(sample), 3)
        row: dict[str, Any] = {"world": world.name, "form": form, "frames_a_second": len(ours) / mine}
        if world.views:
            world.render(sample.take([0]), view=world.views[-1])
            other, _, _ = best(lambda world=world, sample=sample: world.render(sample, view=world.views[-1]), 3)
            row["frames_a_second_another_view"] = len(ours) / other
        if hasattr(world, "paint") and (form == "simple" or given.full):
            loops = {
                "pixel_loop": (FEW_PIXELS, painted_by_hand),
                "numpy_loop": (FEW_NUMPY, painted_with_numpy),
            }
            for name, (few, paint) in loops.items():
                seconds, _, theirs = best(
                    lambda world=world, sample=sample, few=few, paint=paint: np.concatenate(
                        [paint(canvas) for canvas in canvases(world, sample, few)]
                    ),
                    3,
                )
                if np.abs(theirs.astype(int) - ours[:few]).max() > 1:
                    raise SystemExit(f"{world.name} {form}: the {name} and the compiled canvas differ")
                row[f"{name}_frames_a_second"] = few / seconds
                row[f"ratio_{name}"] = row["frames_a_second"] * seconds / few
        rows.append(row)
        told = "".join(
            f", {row[f'ratio_{name}']:.0f} times the {name}"
            for name in ("pixel_loop", "numpy_loop")
            if f"ratio_{name}" in row
        )
        print(f"{world.name:12} {form:10} {row['frames_a_second']:8,.0f} frames/s{told}", flush=True)
    slow = [row for row in rows if row["frames_a_second"] < LEAST_FRAMES]
    near = [row for row in rows if row.get("ratio_pixel_loop", LEAST_RATIO) < LEAST_RATIO]
    print(
        f"{len(rows) - len(slow)} of {len(rows)} worlds at {LEAST_FRAMES:,} frames/s or more; "
        f"{len(near)} below {LEAST_RATIO} times the pixel loop"
    )
    write(given.json, rows)


if __name__ == "__main__":
    main()
