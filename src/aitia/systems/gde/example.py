"""A small table of three hospitals, whose patients differ in mean and spread, and patients still to be drawn."""

from pathlib import Path

import numpy as np

from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.files import write_whole
from aitia.system.example import Example

__all__ = ["write"]

HOSPITALS = {"north": (0.0, 1.0), "south": (3.0, 1.0), "west": (0.0, 3.0)}
"""Mean of the first column, and spread of the second."""


def write(folder: Path, seed: int) -> Example:
    """A CSV file of patients, and one of patients to draw."""
    rng = np.random.default_rng(seed)
    parts = {name: rng.normal(size=(80, 2)) * (1.0, wide) + (mean, 0.0) for name, (mean, wide) in HOSPITALS.items()}
    rows = np.concatenate(list(parts.values()))
    labels = np.repeat(list(parts), 80)
    numbers = dict.fromkeys(("pressure", "sugar"), "number")
    patients = Table.of(
        {"hospital": labels, "pressure": rows[:, 0], "sugar": rows[:, 1]}, kinds={"hospital": "label", **numbers}
    )
    write_whole(folder / "patients.csv", table_bytes(patients, ".csv").decode())
    empty = Table.of({"hospital": ["north", "south", "west", "south"]}, kinds={"hospital": "label"})
    write_whole(folder / "drawn.csv", table_bytes(empty, ".csv").decode())
    return Example(
        files=folder / "patients.csv",
        roles={"population": "hospital"},
        options={"steps": 60, "batch": 3, "points": 32, "width": 16, "latents": 4},
        do="do(hospital=south)",
        other="do(hospital=north)",
        rows=folder / "drawn.csv",
        outcome="pressure",
        exogenous="do(hospital=south)",
    )
