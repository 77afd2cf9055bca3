"""How a pair lies in one sequence of tokens, and what may stand at each place.

    <begin> label ... label <image> code ... code </image> <report> length word ... word [END]                      (1)

Labels, codes, length and words are what is made; the rest is scaffold and always there. The length stands before the
report, so that no padding has to be learnt: where a report is to be made, its length is drawn first, from sequences
that end with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.nn.sequences import Vocabulary

__all__ = ["IMAGE", "LABELS", "LENGTH", "SCAFFOLD", "TEXT", "Laid", "Layout", "Pair", "markers_of", "padded"]

Ids = NDArray[np.int64]
Attributes = tuple[tuple[str, tuple[str, ...]], ...]
SCAFFOLD, IMAGE, TEXT, LENGTH, LABELS = range(5)
"""What stands at a place; the k-th label is `LABELS + k`."""
_FRAME = ("<begin>", "<image>", "</image>", "<report>")


@dataclass(frozen=True, eq=False)
class Pair:
    """What is known of an image with its report; None where something is to be made.

    Args:
        labels: The number of the label of each attribute.
        image: (codes,) of the image.
        report: (words,) ids; the mask among them where words are to be made and their number is known.
    """

    labels: tuple[int | None, ...]
    image: Ids | None = None
    report: Ids | None = None

    def with_label(self, place: int, label: int | None) -> "Pair":
        """The same with another label."""
        return replace(self, labels=(*self.labels[:place], label, *self.labels[place + 1 :]))


@dataclass(frozen=True, eq=False)
class Laid:
    """A pair as a sequence: (n,) ids, and (n,) what stands at each place."""

    ids: Ids
    kinds: Ids


@dataclass(frozen=True, eq=False)
class Layout:
    """Where things stand; see the module.

    Args:
        vocabulary: With the codes, one mask and `markers_of`.
        attributes: Names and labels: the domain where there is one, then the findings.
        places: Codes of an image.
        words: Tokens of a report at most.
    """

    vocabulary: Vocabulary
    attributes: Attributes
    places: int
    words: int

    @property
    def mask(self) -> int:
        """Id of the mask."""
        return int(self.vocabulary.mask[0])

    @property
    def longest(self) -> int:
        """Tokens of a sequence at most."""
        return len(_FRAME) + len(self.attributes) + self.places + 1 + self.words + 1

    @cached_property
    def allowed(self) -> Tensor:
        """(kinds, vocabulary) which ids may stand at a place; all at a place of the scaffold, which is never asked."""
        found = torch.zeros(LABELS + len(self.attributes), len(self.vocabulary), dtype=torch.bool)
        found[SCAFFOLD] = True
        found[IMAGE, torch.from_numpy(self.vocabulary.image)] = True
        found[TEXT] = torch.from_numpy(self.vocabulary.of_kind("text"))
        found[LENGTH, self.lengths] = True
        for k, (_, labels) in enumerate(self.attributes):
            found[LABELS + k, [self.label(k, j) for j in range(len(labels))]] = True
        return found

    @cached_property
    def lengths(self) -> Ids:
        """(words,) the tokens that say 1, 2, ... words."""
        return np.array([self.vocabulary.markers[f"<length:{k + 1}>"] for k in range(self.words)])

    def laid(self, pair: Pair, *, order: Sequence[int] | None = None, shown: int | None = None) -> Laid:
        """(1) of a pair.

        Args:
            pair: With None where masks are to stand; a report of unknown length is left out, and its length masked.
            order: Of the segments: the attributes by number, then image and report; None takes (1).
            shown: Words of the report after which the sequence ends. None shows all.
        """
        ids, kinds = [self._frame(0)], [SCAFFOLD]
        for segment in range(len(self.attributes) + 2) if order is None else order:
            held = self._segment(pair, segment, shown)
            ids += held[0]
            kinds += held[1]
        return Laid(np.array(ids, dtype=np.int64), np.array(kinds, dtype=np.int64))

    def read(self, laid: Laid, ids: Ids) -> Pair:
        """The pair of a sequence whose masks were filled with these ids, its codes and words in order."""
        labels = tuple(
            int(np.flatnonzero(self._labels_of(k) == ids[laid.kinds == LABELS + k][0])[0])
            for k in range(len(self.attributes))
        )
        image = self.vocabulary.codes(ids[laid.kinds == IMAGE])
        return Pair(labels, image, ids[laid.kinds == TEXT])

    def length_of(self, token: int) -> int:
        """How many words a token of length says."""
        return int(np.flatnonzero(self.lengths == token)[0]) + 1

    def _segment(self, pair: Pair, segment: int, shown: int | None) -> tuple[list[int], list[int]]:
        count = len(self.attributes)
        if segment < count:
            label = pair.labels[segment]
            return [self.mask if label is None else self.label(segment, label)], [LABELS + segment]
        if segment == count:
            codes = [self.mask] * self.places if pair.image is None else self.vocabulary.image[pair.image].tolist()
            return [self._frame(1), *codes, self._frame(2)], [SCAFFOLD, *[IMAGE] * len(codes), SCAFFOLD]
        if pair.report is None:
            return [self._frame(3), self.mask], [SCAFFOLD, LENGTH]
        words = pair.report.tolist()
        length = int(self.lengths[len(words) - 1])
        behind = [self.vocabulary.end] if shown is None else []
        words = words[:shown]
        ids = [self._frame(3), length, *words, *behind]
        return ids, [SCAFFOLD, LENGTH, *[TEXT] * len(words), *[SCAFFOLD] * len(behind)]

    def _frame(self, number: int) -> int:
        return self.vocabulary.markers[_FRAME[number]]

    def label(self, attribute: int, label: int) -> int:
        """Id of a label of an attribute."""
        return self.vocabulary.markers[f"<label:{attribute}:{label}>"]

    def _labels_of(self, attribute: int) -> Ids:
        return np.array([self.label(attribute, j) for j in range(len(self.attributes[attribute][1]))])


def markers_of(attributes: Attributes, words: int) -> tuple[str, ...]:
    """The tokens that a layout needs beside words, codes and the mask."""
    labels = [f"<label:{k}:{j}>" for k, (_, held) in enumerate(attributes) for j in range(len(held))]
    return (*_FRAME, *labels, *(f"<length:{k + 1}>" for k in range(words)))


def padded(rows: Sequence[Laid], pad: int) -> tuple[Tensor, Tensor, Tensor]:
    """Ids, where there is a token, and kinds, of sequences padded on the right: (rows, n) each."""
    longest = max(len(row.ids) for row in rows)
    ids = torch.full((len(rows), longest), pad)
    kinds = torch.full((len(rows), longest), SCAFFOLD)
    present = torch.zeros(len(rows), longest, dtype=torch.bool)
    for k, row in enumerate(rows):
        ids[k, : len(row.ids)] = torch.from_numpy(row.ids)
        kinds[k, : len(row.ids)] = torch.from_numpy(row.kinds)
        present[k, : len(row.ids)] = True
    return ids, present, kinds
