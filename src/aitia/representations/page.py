"""What the report shows: rows whose latents are set, for each true variable the latent that goes with it best.

Of a world the simulator's rows under `do` of the variable itself stand beside the model's.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.do import Intervention
from aitia.report import Block
from aitia.representations.rows import Rows
from aitia.system import Given

if TYPE_CHECKING:
    from aitia.representations.method import Decoding

__all__ = ["blocks"]

Values = NDArray[np.float64]
PICTURES, OTHERS = 4, 2
"""Rows in each figure, of pictures and of what takes more room."""
CAUSES = 4
"""True variables, or latents, with a figure."""
PLACES: Mapping[bool, tuple[float, ...]] = {True: (0.05, 0.35, 0.65, 0.95), False: (0.1, 0.9)}
"""Quantiles that a variable is set to, of pictures and of what takes more room."""


def blocks(model: "Decoding", given: Given) -> Sequence[Block]:
    """A figure for each of the first true variables; for the latents that vary most where none is known."""
    seen = Rows.of(given)
    codes = model._encoded(seen.x)
    flat = codes.reshape(-1, codes.shape[-1])
    pictures = bool(given.column("image"))
    shown = given.take(range(min(PICTURES if pictures else OTHERS, len(given))))
    causes = _causes(seen)
    found: list[Block] = []
    if not causes:
        for k in np.sort(np.argsort(-flat.std(axis=0), kind="stable")[:CAUSES]).tolist():
            asked = {f"z{k + 1}": [float(v) for v in np.quantile(flat[:, k], PLACES[pictures])]}
            about = f"Rows that the fit has not seen, with z{k + 1} set to values from its range."
            found += _figure(model, shown, asked, {}, about)
        return found
    for name, cause in causes.items():
        slopes = _slopes(cause, flat)
        k = int(np.abs(slopes).argmax())
        line = np.polyfit(cause, flat[:, k], 1)
        values = [float(v) for v in np.quantile(cause, PLACES[pictures])]
        asked = {f"z{k + 1}": [float(np.polyval(line, v)) for v in values]}
        about = (
            f"{name} goes best with z{k + 1} (correlation {slopes[k]:+.2f}), which is set to what it is on average "
            f"where {name} has a value from its range."
        )
        if shown.world is not None:
            about += f" In the simulator {name} itself is set, and what it causes follows."
        found += _figure(model, shown, asked, {name: values}, about)
    return found


def _figure(
    model: "Decoding", rows: Given, asked: Mapping[str, list[float]], true: Mapping[str, list[float]], about: str
) -> Sequence[Block]:
    """The rows under each value of a latent, beside the truth under each value of a variable."""
    shown: dict[str, Data] = {"fact": rows.data}
    for z, values in asked.items():
        for i, value in enumerate(values):
            shown[f"do({z}={value:.3g})"] = model.do({z: value}).edit(rows)
            for name, of in true.items():
                truth = rows.truth(Intervention({name: of[i]}))
                if truth is not None:
                    shown[f"do({name}={of[i]:.2g})\ntruth"] = truth
    return rows.data.draw(shown, [f"row {i}" for i in range(len(rows))], about)


def _causes(seen: Rows) -> dict[str, Values]:
    """The first few labels that are numbers and vary, (n,) or (n * frames,)."""
    found: dict[str, Values] = {}
    if seen.labels is None:
        return found
    n, frames = len(seen), seen.frames or 1
    for name in seen.labels.names:
        if not seen.labels.continuous(name) or len(found) == CAUSES:
            continue
        values = seen.labels.column(name).reshape(n, -1)
        if np.ptp(values) > 0:
            found[name] = np.broadcast_to(values, (n, frames)).ravel()
    return found


def _slopes(cause: Values, codes: Values) -> Values:
    """Correlation of a cause with each latent; 0 for a constant one."""
    spread = codes.std(axis=0)
    centred = (codes - codes.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.asarray(((cause - cause.mean()) / cause.std()) @ centred / len(cause))
