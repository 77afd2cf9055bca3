"""CEBaB: short reviews of restaurants, edits of them by people, and what most of five readers saw of each aspect.

Its user names the folder with `aitia data add cebab FOLDER`: `cebab_train.csv` and `cebab_dev.csv`, by default those of
its reduced columns.

Source:
    Abraham, D'Oosterlinck, Feder, Gat, Geiger, Potts, Reichart and Wu, CEBaB: Estimating the causal effects of
    real-world concepts on NLP model behavior, NeurIPS 2022.
"""

import csv
import io
from collections.abc import Mapping
from functools import lru_cache

from aitia.data.named import located, named_data
from aitia.errors import FormatError
from aitia.guard import read_text

__all__ = ["ASPECTS", "CEBAB", "SEEN", "Review", "has_reviews", "reviews", "seen"]

CEBAB = "cebab"
ASPECTS, SEEN = ("food", "service", "ambiance", "noise"), ("Negative", "unknown", "Positive")
COLUMNS = ("original_id", "is_original", "edit_type", "description", "review_majority")
Review = Mapping[str, str]


def has_reviews() -> bool:
    """Whether the user of this machine has named them."""
    return CEBAB in named_data()


@lru_cache(maxsize=2)
def reviews(split: str) -> tuple[Review, ...]:
    """The rows of one file, `train` or `dev`.

    Raises:
        FormatError: If a column is missing.
    """
    path = located(CEBAB) / f"cebab_{split}.csv"
    rows = csv.DictReader(io.StringIO(read_text(path), newline=""))
    named = (*COLUMNS, *map(_column, ASPECTS))
    if missing := [name for name in named if name not in (rows.fieldnames or ())]:
        raise FormatError(f"{path} has no column {missing[0]!r}: it is not the reduced CEBaB")
    return tuple(rows)


def seen(review: Review, aspect: str) -> str | None:
    """One of `SEEN`, as most readers say; None where they do not agree, or were not asked."""
    told = review[_column(aspect)]
    return told if told in SEEN else None


def _column(aspect: str) -> str:
    return f"{aspect}_aspect_majority"
