"""How good a fit is: strange rows told from usual ones, and clusters against classes that are known."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from aitia.stats.metrics import auroc
from aitia.system import Given, Score, Scores
from aitia.systems.gedi.agreement import adjusted_mutual_information
from aitia.systems.gedi.groups import Components, KMeans

if TYPE_CHECKING:
    from aitia.systems.gedi.model import Gedi

__all__ = ["judged", "mixed"]

Values = NDArray[np.float64]
PIXELS, PARTS, ALL = "k-means", "k-means on principal components", "all in one"


def judged(model: "Gedi", fresh: Given, seen: Given) -> Scores:
    """AUROC of the energy against rows that are put together from others; with known classes the AMI of clusters."""
    x, before = model.numbers(fresh), model.numbers(seen)
    strange = mixed(x, model.config.seed)
    means, parts = KMeans(before, model.config.clusters, model.config.seed), Components(before)
    middle = before.mean(0)
    both = np.concatenate([x, strange])
    marks = np.arange(len(both)) >= len(x)
    beside = {
        "distance to the mean": auroc(np.linalg.norm(both - middle, axis=1), marks),
        "distance to the nearest centre of k-means": auroc(means.distance(both), marks),
        "what principal components leave out": auroc(parts.left_out(both), marks),
    }
    ours = auroc(np.concatenate([-logsumexp(model.logits(side), axis=1) for side in (x, strange)]), marks)
    about = "How often a row whose every number or pixel is that of another row has a higher energy than a fresh one."
    scores = {"strange rows": Score(ours, "higher", about, beside, trivial=("distance to the mean",))}
    column = fresh.column("label")
    if column is None or column not in fresh.table or fresh.table.absent(column).any():
        return scores
    classes = fresh.labels("label")
    if len(set(classes.tolist())) < 2:
        return scores
    codes = KMeans(parts.codes(before), model.config.clusters, model.config.seed).predict(parts.codes(x))
    found = {
        PIXELS: adjusted_mutual_information(classes, means.predict(x)),
        PARTS: adjusted_mutual_information(classes, codes),
        ALL: adjusted_mutual_information(classes, np.zeros(len(x))),
    }
    agreed = adjusted_mutual_information(classes, model.logits(x).argmax(1))
    about = "Adjusted mutual information of clusters and known classes: 1 is the same, 0 is by chance."
    return {**scores, "clusters": Score(agreed, "higher", about, found, trivial=(ALL,))}


def mixed(x: Values, seed: int) -> Values:
    """Rows put together from others: each number is one of its column, of another row for each column."""
    random = np.random.default_rng([seed, 92])
    n = len(x)
    shifts = random.integers(1, max(n, 2), (1, x.shape[1]))
    order = random.permutation(n)
    others = order[(np.arange(n)[:, None] + shifts) % n]
    taken: Values = np.take_along_axis(x, others, axis=0)
    return taken
