"""Unusual combinations for the claim: shapes in colours that a painter hardly saw them in.

The painter learnt from `QuestionsWorld` with rho = .95: each shape has a favourite colour and size. Asked for another
colour it draws a shape that goes with the colour. Of each shape and each other colour there are three wordings.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from aitia.evidence.pictures import ABOUT, LABELS, questions
from aitia.nn.pipelines import ImagePipeline
from aitia.systems.lina.drawing import Prompted
from aitia.systems.lina.marks import Wants
from aitia.systems.lina.prompts import prompted

__all__ = ["RHO", "asked", "pairs", "usual"]

RHO = 0.95
READ: Mapping[str, tuple[str, ...]] = {"colour": LABELS["colour"], "shape": LABELS["shape"]}
_WORDINGS = ("{a} {it}", "the {it}", "a picture of {a} {it}")


def pairs() -> list[tuple[int, int]]:
    """Colour and shape of all unusual combinations."""
    favourite = questions(RHO).favourites["colour"]
    return [(c, s) for c in range(len(LABELS["colour"])) for s in range(len(LABELS["shape"])) if favourite[s] != c]


def usual() -> list[tuple[int, int]]:
    """Of the favourites."""
    return [(int(c), s) for s, c in enumerate(questions(RHO).favourites["colour"])]


def asked(pipeline: ImagePipeline, codes: list[tuple[int, int]]) -> tuple[Prompted, Wants, NDArray[np.str_]]:
    """Prompts of these combinations in all wordings, what they want, and the combination of each as its group.

    The size is the favourite of the shape. The element is the shape; what is drawn instead, as far as one is, the shape
    whose favourite the colour is.
    """
    world = questions(RHO)
    size, colour = (world.favourites[name] for name in ("size", "colour"))
    texts, elements, instead, rows = [], [], [], []
    for c, s in codes:
        it = " ".join(LABELS[name][code] for name, code in zip(ABOUT, (int(size[s]), c, s), strict=True))
        drags = [int(k) for k in np.flatnonzero(colour == c) if k != s]
        other = it.replace(LABELS["shape"][s], LABELS["shape"][drags[0]]) if drags else ""
        for wording in _WORDINGS:
            texts.append(_said(wording, it))
            elements.append(LABELS["shape"][s])
            instead.append(_said(wording, other) if other else "")
            rows.append((c, s))
    groups = np.array([f"{c} {s}" for c, s in rows])
    return prompted(pipeline, texts, elements, instead), Wants(READ, np.array(rows, dtype=np.int64)), groups


def _said(wording: str, it: str) -> str:
    return wording.format(a="an" if it[0] in "aeiou" else "a", it=it)
