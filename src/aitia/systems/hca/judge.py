"""How exact the order is, what the latents hold of fresh rows, and how well they fill in a score that is hidden."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.system import Given, Score, Scores
from aitia.systems.hca.board import groups_of
from aitia.systems.hca.chance import unrelated_groups

if TYPE_CHECKING:
    from aitia.systems.hca.model import HCA

__all__ = ["judged"]

Values = NDArray[np.float64]

_ABOUT: Mapping[str, tuple[Literal["lower", "higher"], str]] = {
    "inexactness": ("lower", "How far one order is from exact in the group where it is furthest; 0 to 1."),
    "explained": ("higher", "Share of the spread within groups that the latents hold, on fresh rows."),
    "error of a hidden score": ("lower", "Root mean squared error of each score filled in from the others."),
}


def judged(model: "HCA", fresh: Given, seen: Given) -> Scores:
    """Beside groups that have nothing to do with each other, as many principal components, and the group's means."""
    c = model.config
    x, labels = _whole(model, seen)
    new, of = _whole(model, fresh)
    names, counts = np.unique(labels[labels != ""], return_counts=True)
    groups = [str(name) for name, count in zip(names, counts, strict=True) if count >= c.least_rows]
    rows = [x[labels == group] for group in groups]
    rng = np.random.default_rng(c.seed)
    chance = unrelated_groups(rows, c.factors, c.null_draws, rng, beam=c.beam)
    _, _, right = np.linalg.svd(np.concatenate([part - part.mean(axis=0) for part in rows]), full_matrices=False)
    components = right[: c.factors].T @ right[: c.factors]
    projector = model.mixing_ @ model.unmixing_
    kept = np.isin(of, model.groups_)
    asked = fresh.with_rows(model._with_scores(fresh, model._numbers(fresh))).take(_rows(model, fresh, kept))
    ours = {
        "inexactness": model.mic_,
        "explained": _explained(projector, model.groups_, (x, labels), (new, of)),
        "error of a hidden score": _hidden(model, asked, new[kept]),
    }
    means = {g: x[labels == g].mean(axis=0) for g in model.groups_}
    at_means = np.array([means[g] for g in of[kept].tolist()])
    others = {
        "unrelated groups (median)": {"inexactness": float(np.median(chance))},
        "principal components": {"explained": _explained(components, groups, (x, labels), (new, of))},
        "means of the groups": {
            "explained": 0.0,
            "error of a hidden score": float(np.sqrt(np.mean((at_means - new[kept]) ** 2))) if kept.any() else np.nan,
        },
    }
    return {
        name: Score(ours[name], better, about, {who: of_[name] for who, of_ in others.items() if name in of_})
        for name, (better, about) in _ABOUT.items()
    }


def _complete(model: "HCA", given: Given) -> NDArray[np.bool_]:
    gaps: NDArray[np.bool_] = np.logical_or.reduce(np.isnan(model._numbers(given)), axis=1)
    return ~gaps


def _whole(model: "HCA", given: Given) -> tuple[Values, NDArray[np.str_]]:
    """Scores and groups of the rows without a gap."""
    there = _complete(model, given)
    return model._numbers(given)[there], groups_of(given, model.config)[there]


def _rows(model: "HCA", given: Given, kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Positions of those of the whole rows that are kept."""
    return np.flatnonzero(_complete(model, given))[kept]


def _explained(
    projector: Values,
    groups: Sequence[str],
    seen: tuple[Values, NDArray[np.str_]],
    fresh: tuple[Values, NDArray[np.str_]],
) -> float:
    """Share of the squares of fresh rows about the mean of their group in the fit that lies in the latents' space."""
    total = left = 0.0
    for group in groups:
        about = fresh[0][fresh[1] == group] - seen[0][seen[1] == group].mean(axis=0)
        total += float((about**2).sum())
        left += float(((about - about @ projector.T) ** 2).sum())
    return 1 - left / max(total, 1e-300)


def _hidden(model: "HCA", given: Given, x: Values) -> float:
    """Each score hidden in turn and filled in."""
    if not len(x):
        return float("nan")
    squares = []
    for k, name in enumerate(model.columns_):
        holed = given.with_rows(given.data.with_known({name: np.full(len(x), np.nan)}, {name: "number"}))
        squares.append((model.predict(holed).known.column(name) - x[:, k]) ** 2)
    return float(np.sqrt(np.mean(squares)))
