"""Part (e) of the claim: a public leaderboard, which its user names with `aitia data add open-llm-leaderboard FILE`."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.named import named_data
from aitia.errors import IdentifiabilityError
from aitia.evidence import ClaimContext, Row, row
from aitia.systems.hca import HCA
from aitia.systems.hca.base_models import group_by_base, read_leaderboard
from aitia.systems.hca.completion import complete

__all__ = ["FILLED", "LAST", "board_shuffled", "part_e"]

BOARD = "open-llm-leaderboard"
BASES = ("Llama-3-8B", "Qwen2.5-14B", "Llama-3.1-8B", "Qwen2.5-7B")
"""Those of the paper."""
SCORES = ("IFEval", "BBH", "MATH Lvl 5", "GPQA", "MUSR", "MMLU-PRO")
MATHS = "x2"
LAST = "leaderboard: share of resamples in which the last factor is mathematics"
FILLED = "leaderboard, 10% hidden: error filled in within bases / over all rows"
SEEDS, HIDDEN, FACTORS = 40, 0.1, 3
WITHIN, OVER, MEANS, DEALT = "within bases", "over all rows", "mean of the base / over all rows", "bases shuffled"
NEEDS = f"Not run here: needs the table of the Open LLM Leaderboard (version 2) as `aitia data add {BOARD} FILE`."
Values = NDArray[np.float64]


def part_e(context: ClaimContext) -> list[Row]:
    """The rows; without values where nobody has named the leaderboard."""
    if BOARD not in named_data():
        return [row("e", LAST, [], note=NEEDS), row("e", FILLED, [], note=NEEDS)]
    found = context.over_seeds("e", _on_board, SEEDS)
    note = f"{len(_board()[0])} models of {', '.join(BASES)}; a seed draws the rows of each base anew."
    return [
        row("e", LAST, [f["last"] for f in found], kind="share", bar=0.9,
            baselines={DEALT: [f["last, dealt"] for f in found]}, ahead_of={DEALT: 0.0}, note=note),
        row("e", FILLED, [f[WITHIN] / f[OVER] for f in found], direction="lower", kind="ratio", against=OVER, bar=0.85,
            baselines={MEANS: [f["means"] / f[OVER] for f in found]}, ahead_of={MEANS: 0.0}),
    ]  # fmt: skip


def board_shuffled(seed: int) -> dict[str, float]:
    """The same where the base models are dealt out anew among the rows."""
    if BOARD not in named_data():
        return {}
    x, labels = _board()
    errors = _filled(x, np.random.default_rng([seed, 10]).permutation(labels), seed)
    return {LAST: _last(*_drawn(seed), seed, dealt=True), FILLED: errors[WITHIN] / errors[OVER]}


def _on_board(seed: int) -> dict[str, float]:
    drawn = _drawn(seed)
    last = {"last": _last(*drawn, seed, dealt=False), "last, dealt": _last(*drawn, seed, dealt=True)}
    return last | _filled(*_board(), seed)


@lru_cache(maxsize=1)
def _board() -> tuple[Values, NDArray[np.str_]]:
    """Scores and base models of the rows that have all of them."""
    table = read_leaderboard(named_data()[BOARD].path)
    x, labels = np.stack([table.column(name) for name in SCORES], axis=1), group_by_base(table).labels
    kept = np.isin(labels, BASES) & ~np.isnan(x).any(axis=1)
    return x[kept], labels[kept]


def _drawn(seed: int) -> tuple[Values, NDArray[np.str_]]:
    """As many rows of each base, drawn with replacement."""
    (x, labels), rng = _board(), np.random.default_rng([seed, 5])
    rows = np.concatenate([rng.choice(of, len(of)) for of in (np.flatnonzero(labels == base) for base in BASES)])
    return x[rows], labels[rows]


def _last(x: Values, labels: NDArray[np.str_], seed: int, *, dealt: bool) -> float:
    """Whether the last factor is mathematics; not so where the base models are refused, as sharing no subspace."""
    if dealt:
        labels = np.random.default_rng([seed, 11]).permutation(labels)
    try:
        model = HCA(factors=FACTORS, resamples=0, null_draws=20, seed=seed).fit(x, labels)
    except IdentifiabilityError:
        return 0.0
    return float(model.named_[-1] == MATHS)


def _filled(x: Values, labels: NDArray[Any], seed: int) -> dict[str, float]:
    """Root mean squared error of hidden scores, by each way to fill them in."""
    hidden = np.random.default_rng([seed, 6]).random(x.shape) < HIDDEN
    hidden[hidden.all(axis=1), 0] = False
    gaps = np.where(hidden, np.nan, x)
    filled = {WITHIN: np.empty_like(x), "means": np.empty_like(x), OVER: complete(gaps, FACTORS)}
    for base in np.unique(labels):
        here = labels == base
        filled[WITHIN][here] = complete(gaps[here], FACTORS)
        filled["means"][here] = np.nanmean(gaps[here], axis=0)
    return {name: float(np.sqrt(((y - x)[hidden] ** 2).mean())) for name, y in filled.items()}
