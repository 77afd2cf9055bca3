"""Texts with codes of their label and concepts, checked before anything is trained."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, IdentifiabilityError, OptionError, join_names
from aitia.systems.causalm.config import CausaLMConfig

__all__ = ["Corpus", "coded", "codes_of", "tags_of"]

Codes = NDArray[np.int64]


class Corpus:
    """Texts with codes of label and concepts, checked.

    Args:
        config: Options.
        texts: n texts.
        label: Of the task, n of them.
        treated: Name of the concept whose effect is asked.
        given: Its values, or the tags of the words of each text.
        controls: Values of the concepts that are kept, by name.

    Raises:
        DataError: If a value is missing, a concept has one value, a control equals the treated concept, or tags and
            words of a text differ in number.
        OptionError: If a concept is both treated and kept.
        IdentifiabilityError: If each label goes with one value of the concept, so that no text tells them apart.
    """

    def __init__(
        self,
        config: CausaLMConfig,
        texts: Sequence[str],
        label: Sequence[Any],
        treated: str,
        given: Sequence[Any],
        controls: Mapping[str, Sequence[Any]],
    ) -> None:
        self.texts, self.treated = list(texts), treated
        if treated in controls:
            raise OptionError(f"{treated!r} is treated and {join_names(controls)} are kept: name each concept once")
        self.label, self.classes = codes_of(label, "label")
        if len(self.classes) < 2:
            raise DataError(f"every text has the label {self.classes[0]!r}: there is nothing to classify")
        self.tags = None if config.tag is None else tags_of(self.texts, given, treated)
        if self.tags is None:
            self.present, self.values = codes_of(given, treated)
        else:
            self.present = np.array([config.tag in tags for tags in self.tags], dtype=np.int64)
            self.values = tuple(sorted({tag for tags in self.tags for tag in tags}))
            if config.tag not in self.values or len(self.values) < 2:
                raise DataError(
                    f"no word has the tag {config.tag!r}, or all have: the tags are {join_names(self.values)}"
                )
        if len(self.values) < 2:
            raise DataError(f"concept {treated!r} is {self.values[0]!r} in every text: its effect is not seen")
        self.controls: dict[str, Codes] = {}
        for name, kept in controls.items():
            codes, values = codes_of(kept, name)
            pairs = set(zip(codes.tolist(), self.present.tolist(), strict=True))
            if len(values) < 2:
                raise DataError(f"control {name!r} is {values[0]!r} in every text: leave it out")
            if self.tags is None and len(pairs) == len(values) == len(self.values):
                raise DataError(f"control {name!r} equals the treated {treated!r}: what is hidden cannot be kept")
            self.controls[name] = codes
        if self.tags is None:
            self._refuse_collinear(treated)
        others = np.stack([self.label, *self.controls.values()], axis=1)
        self.strata: Codes = np.unique(others, axis=0, return_inverse=True)[1].reshape(-1)

    def _refuse_collinear(self, treated: str) -> None:
        counts = Counter(zip(self.label.tolist(), self.present.tolist(), strict=True))
        sizes = [[counts[y, z] for z in range(len(self.values))] for y in range(len(self.classes))]
        if all(sum(size > 0 for size in line) == 1 for line in sizes):
            table = "; ".join(
                f"{label}: " + ", ".join(f"{value} {size}" for value, size in zip(self.values, line, strict=True))
                for label, line in zip(self.classes, sizes, strict=True)
            )
            raise IdentifiabilityError(
                f"each label goes with one value of {treated!r}, so that no text tells them apart ({table}): add texts "
                "with the other values"
            )


def codes_of(labels: Sequence[Any], name: str) -> tuple[Codes, tuple[Any, ...]]:
    """Codes of labels and what they stand for, sorted."""
    given = [value.item() if isinstance(value, np.generic) else value for value in labels]
    for row, value in enumerate(given):
        if value is None or value != value:
            raise DataError(f"{name!r} is missing in row {row}: drop the row")
    values = tuple(sorted(dict.fromkeys(given), key=lambda value: (type(value).__name__, value)))
    return coded(given, values, name), values


def coded(labels: Sequence[Any], values: Sequence[Any], name: str) -> Codes:
    """Codes of labels among known values; refuses one that is not known, with its row."""
    place = {value: k for k, value in enumerate(values)}
    for row, value in enumerate(labels):
        if value not in place:
            raise DataError(f"{name!r} is {value!r} in row {row}, which was not in the training: {join_names(values)}")
    return np.array([place[value] for value in labels], dtype=np.int64)


def tags_of(texts: Sequence[str], given: Sequence[Any], name: str) -> list[list[str]]:
    """The tags of the words of each text, given as a list or as one string."""
    tags = [line.split() if isinstance(line, str) else [str(tag) for tag in line] for line in given]
    for row, (text, line) in enumerate(zip(texts, tags, strict=True)):
        if len(text.split()) != len(line):
            raise DataError(
                f"row {row} has {len(text.split())} words and {len(line)} tags of {name!r}: one for each word"
            )
    return tags
