"""A picture of the image worlds: samples, one of them under an intervention, and from another side.

python examples/worlds.py [PNG]
"""

import sys
from pathlib import Path

import numpy as np

from aitia import worlds

TILE, GAP, LABEL = 64, 4, 18
SHOWN = {
    worlds.PendulumWorld(): "light=0.5",
    worlds.FlowWorld(): "hole=0.4",
    worlds.FigureWorld("complex"): 'hat="crown"',
    worlds.FallWorld(): "gravity=4",
    worlds.SlopeWorld("complex"): "friction=0.05",
    worlds.SpringWorld("complex"): "stiffness=20",
    worlds.RefractionWorld("complex"): "index=2",
    worlds.ProjectileWorld("complex"): "wind=-3",
    worlds.CollisionWorld("complex"): "offset=0.3",
    worlds.SpringMassWorld("complex"): "gravity=1",
    worlds.RobotWorld("complex"): "torque_1=-0.5",
    worlds.TrafficWorld("complex", cars=3): "friction=0.2",
}


def row(world: worlds.World, done: str) -> np.ndarray:
    """Three samples, one more, the same under the intervention, and that from the last view; (tile, width, 3)."""
    fact = world.sample(4, seed=5)
    changed = world.counterfactual(fact.take([3]), f"do({done})")
    pictures = [*world.render(fact), *world.render(changed)]
    if world.views:
        pictures += list(world.render(changed, view=world.views[-1]))
    tiles = [picture if picture.ndim == 3 else picture[2 * len(picture) // 3] for picture in pictures]
    tiles += [np.full_like(tiles[0], 255)] * (6 - len(tiles))
    rim = ((0, GAP), (0, GAP), (0, 0))
    return np.concatenate([np.pad(tile, rim, constant_values=255) for tile in tiles], axis=1)


def main() -> None:
    from PIL import Image, ImageDraw

    target = Path(sys.argv[1] if len(sys.argv) > 1 else "worlds.png")
    rows = [row(world, done) for world, done in SHOWN.items()]
    wide, high = rows[0].shape[1], rows[0].shape[0] + LABEL
    half = -(-len(rows) // 2)
    sheet = Image.new("RGB", (2 * wide + 3 * GAP + 12, half * high + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for place, ((world, done), tiles) in enumerate(zip(SHOWN.items(), rows, strict=True)):
        left, top = GAP + place // half * (wide + GAP + 12), place % half * high
        draw.text((left, top + 3), world.name, fill="black")
        draw.text((left + 3 * (TILE + GAP), top + 3), "fact", fill="black")
        draw.text((left + 4 * (TILE + GAP), top + 3), f"do({done})", fill=(170, 20, 20))
        sheet.paste(Image.fromarray(tiles), (left, top + LABEL))
    sheet = sheet.resize((sheet.width * 3 // 2, sheet.height * 3 // 2), Image.Resampling.LANCZOS)
    sheet.quantize(256, kmeans=3, dither=Image.Dither.NONE).save(target, optimize=True)
    print(target)


if __name__ == "__main__":
    main()
