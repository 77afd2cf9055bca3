"""What the user of the page of this system has."""

import numpy as np


def owned(folder):
    from PIL import Image

    rng = np.random.default_rng(0)
    (folder / "scans").mkdir()
    lines = ["path,hospital"]
    for k in range(36):
        Image.fromarray(rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(folder / "scans" / f"{k}.png")
        lines.append(f"{k}.png,{('north', 'south', 'west')[k % 3]}")
    (folder / "scans" / "scans.csv").write_text("\n".join([*lines, ""]))
    return {}
