"""do(finding=...): which sentences of a report and which patches of an image follow a label, and those made anew.

    a sentence follows where  log p(label | report without it) - log p(label | report)  >  nats                     (1)
    a patch follows where  TV( p(patch | report and label before), p(patch | report and label after) )  >  share    (2)

Both with the image masked, and in (1) the length of the report unknown where a sentence is out: the room that it left
would tell what it was. By Bayes' rule (1) is how much less likely the sentence is under the label. The sentences that
follow are taken out, what stays keeps its order, and the report is written to its end; then (2) is asked with both
reports, and the patches that follow are made from the new one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from aitia.systems.medim.filling import PairNetwork
from aitia.systems.medim.layout import IMAGE, LABELS, Pair

__all__ = ["Asked", "Edited", "edited"]

Ids = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Asked:
    """A whole pair whose label is set.

    Args:
        pair: As it is.
        sentences: Ids of each sentence of its report.
        place: Number of the attribute.
        label: What it is set to.
    """

    pair: Pair
    sentences: Sequence[Ids]
    place: int
    label: int


@dataclass(frozen=True, eq=False)
class Edited:
    """What became of it.

    Args:
        pair: The new one.
        kept: (sentences,) which sentences stay.
        written: Ids of what was written behind them.
        changed: (codes,) which patches were made anew.
    """

    pair: Pair
    kept: NDArray[np.bool_]
    written: Ids
    changed: NDArray[np.bool_]


def edited(network: PairNetwork, asked: Sequence[Asked], *, seed: int = 0) -> list[Edited]:
    """The pairs under their labels."""
    if not asked:
        return []
    kept = _staying(network, asked)
    random = np.random.default_rng([seed, 6])
    begun = [
        np.concatenate([np.zeros(0, np.int64), *(ids for ids, stays in zip(one.sentences, held, strict=True) if stays)])
        for one, held in zip(asked, kept, strict=True)
    ]
    set_to = [one.pair.with_label(one.place, one.label) for one in asked]
    drafts = [replace(pair, image=None) for pair in set_to]
    anew = [k for k, held in enumerate(kept) if not held.all()]
    written = [np.zeros(0, np.int64) for _ in asked]
    if anew:
        lengths = network.lengths([replace(drafts[k], report=None) for k in anew], random, [begun[k] for k in anew])
        open_rows = [
            replace(drafts[k], report=np.append(begun[k], np.full(length - len(begun[k]), network.layout.mask)))
            for k, length in zip(anew, lengths, strict=True)
        ]
        for k, pair in zip(anew, network.filled(open_rows, seed=seed), strict=True):
            assert pair.report is not None
            written[k] = pair.report[len(begun[k]) :]
    reports = [np.append(ids, more).astype(np.int64) for ids, more in zip(begun, written, strict=True)]
    changed = _following(network, asked, [replace(d, report=r) for d, r in zip(drafts, reports, strict=True)])
    return _made(network, set_to, reports, kept, written, changed, seed + 1)


def _staying(network: PairNetwork, asked: Sequence[Asked]) -> list[NDArray[np.bool_]]:
    """(1), of every sentence of every report."""
    rows, label = [], []
    for one in asked:
        pair = replace(one.pair.with_label(one.place, None), image=None)
        rows.append(network.layout.laid(pair))
        for k in range(len(one.sentences)):
            rest = [ids for place, ids in enumerate(one.sentences) if place != k]
            rows.append(network.begun(replace(pair, report=np.concatenate(rest) if rest else None)))
        label += [(one.place, one.label)] * (1 + len(one.sentences))
    log_p = network.log_probabilities(rows)
    sure = np.array(
        [
            float(log_p[k, int(np.flatnonzero(row.kinds == LABELS + place)[0]), network.layout.label(place, number)])
            for k, (row, (place, number)) in enumerate(zip(rows, label, strict=True))
        ]
    )
    found, at = [], 0
    for one in asked:
        gains = sure[at + 1 : at + 1 + len(one.sentences)] - sure[at]
        found.append(gains <= network.config.sentence_follows)
        at += 1 + len(one.sentences)
    return found


def _following(network: PairNetwork, asked: Sequence[Asked], after: Sequence[Pair]) -> list[NDArray[np.bool_]]:
    """(2), of every patch of every image."""
    rows = [network.layout.laid(replace(one.pair, image=None)) for one in asked]
    rows += [network.layout.laid(pair) for pair in after]
    p = network.log_probabilities(rows).exp()
    codes = torch.from_numpy(network.layout.vocabulary.image)
    shares = [p[k][torch.from_numpy(np.flatnonzero(row.kinds == IMAGE))][:, codes] for k, row in enumerate(rows)]
    half = len(asked)
    return [
        ((before - behind).abs().sum(dim=1) / 2 > network.config.patch_follows).numpy()
        for before, behind in zip(shares[:half], shares[half:], strict=True)
    ]


def _made(
    network: PairNetwork, set_to: Sequence[Pair], reports: Sequence[Ids], kept: Sequence[NDArray[np.bool_]],
    written: Sequence[Ids], changed: Sequence[NDArray[np.bool_]], seed: int,
) -> list[Edited]:  # fmt: skip
    """The patches that follow, from the new reports."""
    wholes = [replace(pair, report=report) for pair, report in zip(set_to, reports, strict=True)]
    drawn = network.filled_patches(wholes, changed, seed=seed)
    return [Edited(*row) for row in zip(drawn, kept, written, changed, strict=True)]
