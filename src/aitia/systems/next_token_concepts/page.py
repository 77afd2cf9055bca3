"""The report: W A as a picture, concepts one by one, and sparse autoencoders against the probes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aitia.report import Block
from aitia.report.blocks import Callout, Picture, TableBlock, Text
from aitia.report.distributions import shaded_matrix

if TYPE_CHECKING:
    from aitia.systems.next_token_concepts.model import NextTokenConcepts

__all__ = ["blocks"]

LARGEST = 30
"""Concepts in the picture of W A."""
SMALL = 0.3
"""A score of W A below which directions are not to be trusted."""


def blocks(model: "NextTokenConcepts") -> Sequence[Block]:
    """What the fit tells."""
    found = model.fitted_findings
    null = np.array(found.shuffled)
    names = list(model.names)
    shown: list[Block] = [
        Text(
            f"States of {model.site}. Probes W and directions A come from texts that they do not share. The mean of "
            f"the diagonal of W A less the mean absolute value off it is {found.score:.3f}, {found.exchanged:.3f} "
            f"with the halves exchanged, {null.mean():.3f} ({null.min():.3f} to {null.max():.3f}) with the concepts "
            "shuffled."
        )
    ]
    if found.score < max(SMALL, float(null.max())):
        shown.append(
            Callout(
                ["Probes and directions do not fit each other: steering one concept moves others too."],
                "warning",
                "W A is far from the identity",
            )
        )
    few = names[:LARGEST]
    products = np.array(found.products)[: len(few), : len(few)]
    shown.append(Picture(shaded_matrix(few, few, products), "W A: probes in rows, directions in columns."))
    heads = ["concept", "pairs or texts", "W A", "accuracy", *found.baselines, "usual log-odds without", "with"]
    rows = [
        [
            name, found.pairs[k], found.products[k][k], found.accuracy[k],
            *(values[k] for values in found.baselines.values()), *found.usual[k],
        ]
        for k, name in enumerate(names)
    ]  # fmt: skip
    shown.append(TableBlock(heads, rows, "Accuracy of probes on the texts that they were not fitted to."))
    if found.dictionaries:
        body = [
            [name, s.mean, s.unexplained, s.active, s.dead, ", ".join(map(str, s.features[:8]))]
            for name, s in found.dictionaries.items()
        ]
        told = (
            "Correlation of the best single feature with what the probe says, in the mean over concepts; the feature "
            "is chosen on one half of the texts and scored on the other. Compare autoencoders at like numbers of "
            "features that are on."
        )
        shown.append(
            TableBlock(["autoencoder", "correlation", "MSE", "features on", "dead", "best features"], body, told)
        )
    about = [
        "The theorem speaks of what the output layer is given, and its remainder need not vanish: only what the "
        "contrasts between tokens span is in a state, and log-odds far from 0 are not read well.",
        *found.notes,
    ]
    shown.append(Callout(about, "note", "What to keep in mind"))
    return shown
