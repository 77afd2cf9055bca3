"""Claims of TabPFN: the network shipped, which has never seen these tables, beside models tuned on each of them.

    a  AUC with 60 training rows on thirteen real tables that a rule says are not linear, and on four that are nearly
    b  AUC on tables of structural causal models that the prior draws and the network was not trained on, and on three
       families of tables that no linear model can tell apart
    c  AUC against the number of training rows: 40 on the four tables, 240 on the thirteen
    d  log loss and calibration error on all seventeen tables of a

Rivals, in every row: logistic regression, kernel logistic regression, random forest and boosted trees, each tuned on
the training rows by eight trials (`claim_rivals`); ours has one, for nothing of it is set by a table. The swap is the
boosted trees, which the published claim is against. The real tables and the rule stand in `claim_tables`.

The families, of 120 training rows: the XOR of two of four columns with 5 % of the classes flipped; the sign of a
product of two columns with a third beside it, among six; and four columns of codes 0 to 7, two of which have an effect
of their own for each code, in no order.

Bars are 0 but for these, set on the seeds 1000 to 1002, of tables of the prior 1000 to 1011. Ours has to be ahead of
boosted trees by .008 on the four tables at 60 rows (.019, .009 there) and by .015 on tables of the prior (.039), as
before, when these were not tuned, and by .01 at 40 rows (.014 to .030). On these seeds forests were ahead of ours on
the thirteen tables, and boosted trees with 240 rows; both were in the families of XOR and codes, and the kernel in all
three. The sizes, families and tables were kept. Tables of the prior are many, for logistic regression was behind there
by .004 only.

Until 2026-11 the rivals were not tuned, the four tables were the only real ones, and two parts trained networks anew,
which took an hour: (e) the recipe with two other seeds, (f) the priors against each other. The page tells what was
found. (e) gave way to the rows of (a) and (b), whose rivals are harder.

Control: the classes of the training rows dealt out anew among them, in every row.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.stats.metrics import class_scores
from aitia.systems.tabpfn import TablePrior, TabPFNClassifier
from aitia.systems.tabpfn.card import CARD
from aitia.systems.tabpfn.claim_rivals import BOOSTED, RIVALS, fitted_rival
from aitia.systems.tabpfn.claim_tables import (
    NEEDS,
    Known,
    Parts,
    linear_tables,
    missing_packages,
    nonlinear_tables,
    split,
)
from aitia.systems.tabpfn.shipped import load_weights

__all__ = ["CLAIM"]

Values = NDArray[np.float64]
Classes = NDArray[np.int64]
Scores = dict[str, dict[str, float]]
"""By model and measure."""

SPLITS, TABLES, DRAWS = 8, 120, 16
"""Splits of a real table, tables of the prior, and tables of each family."""
TRAIN, FEW, MANY, OF_FAMILY = 60, 40, 240, 120
ASKED = 300
"""Rows asked for of a table that is drawn."""
HELD_OUT = 10_000
"""First seed of tables of the prior here; trainings draw theirs from (seed, step, process)."""
OURS, SHUFFLED = "ours", "classes shuffled"
CURVED, NEARLY = "13 real tables, not linear", "four real tables, nearly linear"
REAL = f"AUC, {CURVED}, {TRAIN} training rows"
REAL_LINEAR = f"AUC, {NEARLY}, {TRAIN} training rows"
TABLE = f"AUC, held-out SCM tables, {TRAIN} training rows"
AT_FEW, AT_MANY = f"AUC, {NEARLY}, {FEW} training rows", f"AUC, {CURVED}, {MANY} training rows"
LOSS, ERROR = "log loss, 17 real tables", "calibration error, 17 real tables"
FAMILIES = ("XOR of two columns", "sign of a product", "codes without order")
MARGINS: Mapping[str, float] = {REAL_LINEAR: 0.008, TABLE: 0.015, AT_FEW: 0.01}
"""By how much ours has to be ahead of boosted trees; 0 elsewhere, and of every other rival."""


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    context.control(SHUFFLED, _classes_shuffled)
    rows = [*_part_a(context), *_part_b(context), *_part_c(context)]
    return sorted(rows, key=lambda each: each.part)


# -- measuring -------------------------------------------------------------------------------------------------------


def _all_scores(parts: Parts, seed: int) -> Scores:
    """Ours and every rival on one table."""
    X, y, new, true = parts
    models = {OURS: TabPFNClassifier().fit(X, y), **{name: fitted_rival(name, X, y, seed) for name in RIVALS}}
    return {name: _scores(model, new, true) for name, model in models.items()}


def _scores(model: Any, new: Values, true: Classes) -> dict[str, float]:
    return class_scores(np.searchsorted(model.classes_, true), model.predict_proba(new))


def _over(tables: Mapping[str, Known], train: int, seed: int) -> dict[str, Scores]:
    return {name: _all_scores(split(table, train, seed), seed) for name, table in tables.items()}


def _nearly_linear(seed: int) -> dict[str, Scores]:
    return _over(linear_tables(), TRAIN, seed)


def _not_linear(seed: int) -> dict[str, Scores]:
    return _over(nonlinear_tables(), TRAIN, seed)


def _few_rows(seed: int) -> dict[str, Scores]:
    return _over(linear_tables(), FEW, seed)


def _many_rows(seed: int) -> dict[str, Scores]:
    return _over(nonlinear_tables(), MANY, seed)


def _held_out(seed: int) -> Scores:
    return _all_scores(_prior_table(seed), seed)


def _families(seed: int) -> dict[str, Scores]:
    return {name: _all_scores(_family(name, seed), seed) for name in FAMILIES}


def _classes_shuffled(seed: int) -> dict[str, float]:
    """What the network has where its training rows have the classes of others, the mean over tables."""
    rng = np.random.default_rng([seed, 5])

    def of(parts: Parts) -> dict[str, float]:
        X, y, new, true = parts
        return _scores(TabPFNClassifier().fit(X, rng.permutation(y)), new, true)

    def over(tables: Mapping[str, Known], train: int) -> list[dict[str, float]]:
        return [of(split(table, train, seed)) for table in tables.values()]

    def mean(found: list[dict[str, float]], measure: str = "AUC") -> float:
        return float(np.mean([each[measure] for each in found]))

    linear = over(linear_tables(), TRAIN)
    values = {
        REAL_LINEAR: mean(linear),
        AT_FEW: mean(over(linear_tables(), FEW)),
        TABLE: mean([of(_prior_table(seed + k)) for k in range(DRAWS)]),
        **{_told(name): mean([of(_family(name, seed + k)) for k in range(DRAWS)]) for name in FAMILIES},
    }
    if missing_packages():
        return values
    curved = over(nonlinear_tables(), TRAIN)
    real = {LOSS: mean([*curved, *linear], "log loss"), ERROR: mean([*curved, *linear], "calibration error")}
    return {**values, **real, REAL: mean(curved), AT_MANY: mean(over(nonlinear_tables(), MANY))}


# -- tables that are drawn -------------------------------------------------------------------------------------------


def _prior_table(seed: int) -> Parts:
    """A table of an SCM whose training rows have every class three times, as three folds ask for."""
    prior = TablePrior(load_weights(None).prior, scm=1.0, missing=0.0)
    rng = np.random.default_rng([HELD_OUT, seed])
    while True:
        batch = prior.batch(1, TRAIN + ASKED, rng)
        X, y = batch.X[0, :, : int(batch.used[0])], batch.y[0]
        constant = (X[:TRAIN] == X[0]).all(axis=0)
        enough = np.bincount(y[:TRAIN], minlength=y.max() + 1).min() > 2
        if enough and not constant.all() and len(np.unique(y[TRAIN:])) > 1:
            return X[:TRAIN], y[:TRAIN], X[TRAIN:], y[TRAIN:]


def _family(name: str, seed: int) -> Parts:
    """A table of one of the families."""
    rng = np.random.default_rng([seed, 7])
    rows = OF_FAMILY + ASKED
    if name == "XOR of two columns":
        X = rng.normal(size=(rows, 4))
        y = (X[:, 0] > 0) ^ (X[:, 1] > 0) ^ (rng.random(rows) < 0.05)
    elif name == "sign of a product":
        X = rng.normal(size=(rows, 6))
        y = X[:, 0] * X[:, 1] + 0.5 * X[:, 2] + 0.3 * rng.normal(size=rows) > 0
    else:
        codes = rng.integers(0, 8, size=(rows, 4))
        first, second = rng.normal(size=(2, 8))
        value = first[codes[:, 0]] + second[codes[:, 1]] + 0.3 * rng.normal(size=rows)
        X, y = codes.astype(np.float64), value > np.median(value)
    classes = y.astype(np.int64)
    return X[:OF_FAMILY], classes[:OF_FAMILY], X[OF_FAMILY:], classes[OF_FAMILY:]


# -- rows ------------------------------------------------------------------------------------------------------------


def _part_a(context: ClaimContext) -> list[Row]:
    """And d, which is of the same tables."""
    linear = context.over_seeds("a, nearly linear", _nearly_linear, SPLITS)
    rows = [_judged("a", REAL_LINEAR, linear)]
    if missing_packages():
        return [*rows, row("a", REAL, [], note=NEEDS), row("d", LOSS, [], note=NEEDS), row("d", ERROR, [], note=NEEDS)]
    curved = context.over_seeds("a, not linear", _not_linear, SPLITS)
    both = [{**one, **other} for one, other in zip(curved, linear, strict=True)]
    rows.insert(0, _judged("a", REAL, curved))
    return [*rows, _judged("d", LOSS, both, "log loss"), _judged("d", ERROR, both, "calibration error")]


def _part_b(context: ClaimContext) -> list[Row]:
    tables = context.over_seeds("b", _held_out, TABLES)
    return [_judged("b", TABLE, [{"table": found} for found in tables]), *_of_families(context)]


def _of_families(context: ClaimContext) -> list[Row]:
    drawn = context.over_seeds("b, families", _families, DRAWS)
    return [_judged("b", _told(name), [{name: found[name]} for found in drawn]) for name in FAMILIES]


def _part_c(context: ClaimContext) -> list[Row]:
    rows = _by_rows(context)
    if missing_packages():
        return [*rows, row("c", AT_MANY, [], note=NEEDS)]
    return [*rows, _judged("c", AT_MANY, context.over_seeds("c, many rows", _many_rows, SPLITS))]


def _by_rows(context: ClaimContext) -> list[Row]:
    return [_judged("c", AT_FEW, context.over_seeds("c, few rows", _few_rows, SPLITS))]


def _told(family: str) -> str:
    return f"AUC, {family}, {OF_FAMILY} training rows"


def _judged(part: str, metric: str, found: list[dict[str, Scores]], measure: str = "AUC") -> Row:
    """One number a seed, the mean over its tables, beside every rival."""

    def values(model: str) -> list[float]:
        return [float(np.mean([scores[model][measure] for scores in of_seed.values()])) for of_seed in found]

    return row(
        part,
        metric,
        values(OURS),
        direction="higher" if measure == "AUC" else "lower",
        baselines={name: values(name) for name in RIVALS},
        ahead_of={name: MARGINS.get(metric, 0.0) if name == BOOSTED else 0.0 for name in RIVALS},
    )


CLAIM = Claim(CARD, run, minutes=13, swap=BOOSTED, cheapest=_by_rows, controls=(SHUFFLED,))
