"""How well what pages say at their fields is said from the rest of them, beside how common each word and code is."""

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError
from aitia.system import Given, Score, Scores
from aitia.system.unscored import UnscoredWarning
from aitia.systems.cm3.filling import span_scores
from aitia.systems.cm3.layout import Laid

if TYPE_CHECKING:
    from aitia.systems.cm3.model import Cm3

__all__ = ["judged"]

NAMED = {"alt": "captions", "title": "titles of links", "image": "pictures"}
MOST = 200
"""Pages that are judged at most."""


def judged(model: "Cm3", fresh: Given, seen: Given) -> Scores:
    """-log p for a token of each field that the fresh pages have, in nats.

    Warns:
        UnscoredWarning: If pages are too long for the model and left out, or scored on as far as they fit.

    Raises:
        DataError: If no fresh page fits into the model; says how long one is.
    """
    asked = fresh.take(range(min(len(fresh), MOST)))
    some, said = _laid(model, asked)
    for sentence in said:
        warnings.warn(sentence, UnscoredWarning, stacklevel=2)
    told, _ = _laid(model, seen)
    first = f", among the first {MOST} of {len(fresh)}" if len(fresh) > MOST else ""
    scores: dict[str, Score] = {}
    for field, name in NAMED.items():
        pages = [page for page in some if field in page.places]
        if not pages:
            continue
        spans = [page.places[field] for page in pages]
        ids = [page.ids for page in pages]
        found = span_scores(model.fitted(), model.config.objective, ids, spans)
        common = _common(told, field, len(model.fitted().vocabulary))
        plain = np.concatenate([common[page.ids[a:b]] for page, (a, b) in zip(pages, spans, strict=True)])
        baselines = {"how common it is": float(-plain.mean())}
        if model.config.objective == "causal masking":
            left = span_scores(model.fitted(), "causal masking", ids, spans, left=True)
            baselines["what stands before alone"] = float(-np.concatenate(left).mean())
        scores[f"-log p of {name}"] = Score(
            float(-np.concatenate(found).mean()), "lower", f"Of each token, in nats, of {len(pages)} pages{first}.",
            baselines, trivial=("how common it is",),
        )  # fmt: skip
    return scores


def _laid(model: "Cm3", given: Given) -> tuple[list[Laid], list[str]]:
    """The pages that fit, cut as those that were learnt, and how many were cut or are left out."""
    layout = model.layout
    pages = [layout.laid(*row) for row in zip(*model.rows(given), strict=True)]
    made = [model.fits(page, given.row_number(row)) for row, page in enumerate(pages)]
    found = [page for page, _ in made if page is not None]
    if made and not found:
        raise DataError(made[0][1])
    gone = [told for page, told in made if page is None]
    cut = sum(1 for page, told in made if page is not None and told)
    said = [f"{len(gone)} of {len(made)} pages are too long and are left out of the scores; {gone[0]}"] if gone else []
    if cut:
        said.append(
            f"{cut} of {len(made)} pages are too long and are scored on up to the last of their elements that fits; "
            "raise longest to take them whole"
        )
    return found, said


def _common(pages: Sequence[Laid], field: str, size: int) -> NDArray[np.float64]:
    """log of the share of each id in a field of pages, one added to each count."""
    counts = np.ones(size)
    for token, count in Counter(
        int(k) for page in pages if field in page.places for k in page.ids[slice(*page.places[field])]
    ).items():
        counts[token] += count
    shares: NDArray[np.float64] = np.log(counts / counts.sum())
    return shares
