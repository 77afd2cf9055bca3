"""Part (f) of the claim: series of an economy, of the sun and of a sea, which others measured and statsmodels ships."""

from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.evidence import ClaimContext, Row, row
from aitia.systems.cd_nod.model import CDNOD

__all__ = ["LINKED", "part_f", "time_permuted"]

ECONOMY = ("realgdp", "cpi", "unemp", "infl", "realint", "m1", "tbilrate", "pop")
NATURE = ("sunspots", "sea temperature")
LINKED = "series of the US economy linked with sunspots or the sea"
POOLED = "PC, kernel test, pooled"
NEEDS = "Not run here: needs statsmodels, `pip install statsmodels`."
NOTE = (
    "Quarters of 1959 to 2009; each of eight series with yearly sunspots and with the temperature of the El Niño sea. "
    "The pairs are the same whatever the first seed, and had been seen when the part was written; the bar is that of "
    "(d). No series is independent from quarter to quarter, which the method supposes."
)


def part_f(context: ClaimContext) -> list[Row]:
    """The row; without values where the package is absent."""
    if find_spec("statsmodels") is None:
        return [row("f", LINKED, [], note=NEEDS)]
    results = context.over_seeds("f", _Linked(context.rival("pc")), len(ECONOMY) * len(NATURE))
    return [
        row("f", LINKED, [r["ours"] for r in results], direction="lower", bar=0.1, kind="share",
            baselines={POOLED: [r["pooled"] for r in results]}, ahead_of={POOLED: 0.0}, note=NOTE),
    ]  # fmt: skip


def time_permuted(seed: int) -> dict[str, float]:
    """The same where the quarters are dealt out anew among the rows."""
    if find_spec("statsmodels") is None:
        return {}
    when, economy, nature = _pair(seed)
    return {LINKED: _linked(np.random.default_rng([seed, 3]).permutation(when), economy, nature)}


class _Linked:
    """One pair of series: whether each side links them."""

    def __init__(self, pc: type[Any]) -> None:
        self.pc = pc

    def __call__(self, seed: int) -> dict[str, float]:
        when, economy, nature = _pair(seed)
        pooled = self.pc(test="kci").fit(Table.of({"economy": economy, "nature": nature}))
        return {
            "ours": _linked(when, economy, nature),
            "pooled": float(pooled.graph_.has_edge("economy", "nature")),
        }


def _linked(when: NDArray[Any], economy: NDArray[Any], nature: NDArray[Any]) -> float:
    table = Table.of({"quarter": when, "economy": economy, "nature": nature})
    found = CDNOD(test="kci", phases=2, context_kind="time").fit(table, context="quarter")
    return float(found.graph_.has_edge("economy", "nature"))


def _pair(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The middles of the quarters, and the two series there."""
    from statsmodels.datasets import elnino, macrodata, sunspots

    rows = macrodata.load_pandas().data
    when = rows["year"].to_numpy() + (rows["quarter"].to_numpy() - 1) / 4 + 0.125
    name, of = divmod(seed % (len(ECONOMY) * len(NATURE)), len(NATURE))
    if NATURE[of] == "sunspots":
        told = sunspots.load_pandas().data
        nature = np.interp(when, told["YEAR"].to_numpy() + 0.5, told["SUNACTIVITY"].to_numpy())
    else:
        years = elnino.load_pandas().data.set_index("YEAR")
        months = (years.index.to_numpy()[:, None] + (np.arange(12) + 0.5) / 12).ravel()
        nature = np.interp(when, months, years.to_numpy().ravel())
    return when, rows[ECONOMY[name]].to_numpy(float), nature
