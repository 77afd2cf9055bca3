"""How well causes are found: by rank among the candidates of an effect, by pair, and whether probabilities are true.

Averages are over the effects of a video, then over videos, and intervals are by bootstrap over videos: pairs of one
video are no independent observations.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.stats.metrics.attribution import auroc
from aitia.system import Score, Scores
from aitia.systems.ireason.pairs import Pairs
from aitia.systems.ireason.trivial import just_before, recall_by_chance

if TYPE_CHECKING:
    from aitia.systems.ireason.model import Ireason

__all__ = ["calibration_error", "judged", "over_videos", "ranks_of"]

Values = NDArray[np.float64]
RESAMPLES = 400
BINS = 10


def ranks_of(pairs: Pairs, scores: Values) -> tuple[Values, NDArray[np.int64], NDArray[np.int64]]:
    """Of each effect with a cause: the rank of its first cause, ties counted half; its candidates; its causes."""
    ranks, many, causes = [], [], []
    for rows in pairs.effects:
        label = pairs.label[rows]
        if not (label == 1).any():
            continue
        best = scores[rows][label == 1].max()
        others = scores[rows][label == 0]
        ranks.append(1 + (others > best).sum() + 0.5 * (others == best).sum())
        many.append(len(rows))
        causes.append(int((label == 1).sum()))
    return np.array(ranks, dtype=np.float64), np.array(many, dtype=np.int64), np.array(causes, dtype=np.int64)


def calibration_error(probability: Values, label: Values) -> float:
    """Expected calibration error: |mean probability - share of causes| over ten equal bins, by their size.

    Example:
        >>> round(calibration_error(np.array([0.9, 0.9, 0.9, 0.9]), np.array([1.0, 1.0, 1.0, 0.0])), 3)
        0.15
    """
    place = np.clip((probability * BINS).astype(int), 0, BINS - 1)
    gaps = [abs(probability[place == k].mean() - label[place == k].mean()) * (place == k).mean()
            for k in range(BINS) if (place == k).any()]  # fmt: skip
    return float(sum(gaps))


def over_videos(values: Values, videos: NDArray[np.int64], seed: int = 0) -> tuple[float, float, float]:
    """Mean over videos of the mean of each, and its 95 % interval by bootstrap over videos."""
    names, place = np.unique(videos, return_inverse=True)
    means = np.bincount(place, weights=values) / np.bincount(place)
    drawn = np.random.default_rng([seed, 5]).integers(len(names), size=(RESAMPLES, len(names)))
    low, high = np.quantile(means[drawn].mean(axis=1), [0.025, 0.975])
    return float(means.mean()), float(low), float(high)


def _area(scores: Values, label: Values) -> float:
    return auroc(scores, label == 1) if 0 < (label == 1).sum() < len(label) else float("nan")


def _area_interval(scores: Values, label: Values, videos: NDArray[np.int64]) -> tuple[float, float]:
    names, place = np.unique(videos, return_inverse=True)
    rows = np.split(np.argsort(place, kind="stable"), np.cumsum(np.bincount(place))[:-1])
    random = np.random.default_rng(5)
    found = []
    for _ in range(RESAMPLES // 4):
        picked = np.concatenate([rows[k] for k in random.integers(len(names), size=len(names))])
        found.append(_area(scores[picked], label[picked]))
    low, high = np.nanquantile(found, [0.025, 0.975]) if np.isfinite(found).any() else (np.nan, np.nan)
    return float(low), float(high)


def judged(model: "Ireason", pairs: Pairs, scores: Values, videos: NDArray[np.int64]) -> Scores:
    """Scores of labelled pairs.

    Args:
        model: That was fitted.
        pairs: The pairs.
        scores: Of each.
        videos: (n,) number of the video of each.
    """
    keep = np.flatnonzero(np.isfinite(pairs.label))
    pairs, scores, videos = pairs.take(keep), scores[keep], videos[keep]
    if not len(pairs) or not (pairs.label == 1).any():
        return {}
    rivals: dict[str, Values] = {"the event just before": just_before(pairs)}
    if model.counts.pairs:
        rivals |= {"the same sentences in the fit": model.counts.rate(pairs), "PMI of the fit": model.counts.pmi(pairs)}
    ranks, many, causes = ranks_of(pairs, scores)
    of = np.array([videos[rows[0]] for rows in pairs.effects if (pairs.label[rows] == 1).any()])
    found: dict[str, Score] = {}

    def told(name: str, of_rank: Callable[[Values], Values], chance: float, about: str) -> None:
        mean, low, high = over_videos(of_rank(ranks), of)
        beside = {"by chance": chance}
        beside |= {rival: over_videos(of_rank(ranks_of(pairs, s)[0]), of)[0] for rival, s in rivals.items()}
        found[name] = Score(mean, "higher", f"{about} {len(ranks)} effects; 95 % interval {low:.3f} to {high:.3f} "
                            "over videos.", beside)  # fmt: skip

    for k in (1, 5, 10):
        by_chance = [recall_by_chance(n, c, k) for n, c in zip(many.tolist(), causes.tolist(), strict=True)]
        chance = over_videos(np.array(by_chance), of)[0]
        if k == 1 or chance < 0.9:  # among few candidates the first ten are all of them
            told(f"recall at {k}", lambda r, k=k: (r <= k).astype(np.float64), chance,  # type: ignore[misc]
                 f"A cause is among the first {k} candidates.")  # fmt: skip
    random = np.random.default_rng(3).random((20, len(pairs)))
    by_chance = [float((1 / ranks_of(pairs, one)[0]).mean()) for one in random]
    told("mean reciprocal rank", lambda r: 1 / r, float(np.mean(by_chance)), "Of the first cause.")
    if np.isfinite(area := _area(scores, pairs.label)):
        low, high = _area_interval(scores, pairs.label, videos)
        found["AUROC of pairs"] = Score(
            area, "higher", f"Annotated pairs score above others; 95 % interval {low:.3f} to {high:.3f} over videos.",
            {"by chance": 0.5, **{name: _area(s, pairs.label) for name, s in rivals.items()}},
        )  # fmt: skip
    if "client" not in model.subjects:
        about = "Expected calibration error of the probabilities, in ten bins."
        rate = {"the same sentences in the fit": calibration_error(model.counts.rate(pairs), pairs.label)}
        found["ECE"] = Score(calibration_error(1 / (1 + np.exp(-scores)), pairs.label), "lower", about, rate, ())
    return found
