"""Radiographs and tissue with their reports: PNG files beside text files, a folder a domain."""

from pathlib import Path

import numpy as np

from aitia.data.reading.pictures import write_pictures
from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.files import write_whole
from aitia.system import Example
from aitia.worlds import WardWorld

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """60 pairs of images and reports with what was found, and six rows of which one half or both are to be made."""
    world = WardWorld()
    sample = world.sample(60, seed=seed)
    images, reports = world.render(sample), world.reports(sample)
    told = world.attributes(sample)
    files = [f"{held['domain']}-{row:02}.png" for row, held in enumerate(told)]
    write_pictures(images, folder / "pairs" / "images", files)
    found = [held.get("finding", held.get("necrosis", "").replace("present", "necrosis").replace("absent", "none"))
             for held in told]  # fmt: skip
    table = Table.of(
        {"image": [f"images/{name}" for name in files], "report": reports, "domain": [h["domain"] for h in told],
         "finding": found},
        kinds={"image": "text", "report": "text", "domain": "label", "finding": "label"},
    )  # fmt: skip
    write_whole(folder / "pairs" / "pairs.csv", table_bytes(table, ".csv"))
    asked = table.take(np.arange(6)).select(["report", "domain"])
    write_whole(folder / "asked.csv", table_bytes(asked, ".csv"))
    return Example(
        folder / "pairs",
        roles={"findings": "finding"},
        options={
            "first_steps": 5, "steps": 15, "batch": 16, "width": 32, "layers": 1, "patch": 4, "codes": 24, "words": 16,
            "sampling_steps": 8,
        },
        do="do(finding=effusion)",
        other="do(finding=none)",
        rows=folder / "asked.csv",
        mask={"image": None, "report": None, "finding": None},
    )  # fmt: skip
