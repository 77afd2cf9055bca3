"""Rows as pairs of sentences about a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.kinds import Kind
from aitia.do import Intervention
from aitia.errors import DataError
from aitia.system import Given
from aitia.systems.vqa_causal.connectives import Clauses, Connective, parted
from aitia.systems.vqa_causal.folder import pictures_named

__all__ = ["CHOICES", "Pairs", "pairs_of"]

Picture = NDArray[np.uint8]
CHOICES = ("sentence", "reverse")
"""What `choice` may be."""
GREY = 127


@dataclass(frozen=True)
class Pairs:
    """Two sentences about a picture, one of them true; n rows.

    Args:
        pictures: Of bytes, (height, width, 3) each; None where one is missing or not shown.
        sentences: The first of each row.
        reverses: The second.
        captions: Plain ones; empty where a row has none.
        right: (n,) 0 where the sentence is true, 1 where its reverse is, -1 where nobody says.
        parts: Each sentence in its clauses; None where it has no known connective.
        reverse_parts: Each reversed sentence.
    """

    pictures: tuple[Picture | None, ...]
    sentences: tuple[str, ...]
    reverses: tuple[str, ...]
    captions: tuple[str, ...]
    right: NDArray[np.int64]
    parts: tuple[Clauses | None, ...]
    reverse_parts: tuple[Clauses | None, ...]

    def __len__(self) -> int:
        return len(self.sentences)

    @property
    def same(self) -> NDArray[np.bool_]:
        """(n,) where both sentences are the same: there is nothing to choose."""
        return np.array(
            [a.strip() == b.strip() for a, b in zip(self.sentences, self.reverses, strict=True)], dtype=bool
        )

    @property
    def forward(self) -> NDArray[np.int64]:
        """(n,) 1 where the cause stands first, 0 where the effect does, -1 where no connective is found."""
        return np.array([-1 if part is None else int(part.connective.forward) for part in self.parts], dtype=np.int64)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(n,) which have a picture."""
        return np.array([picture is not None for picture in self.pictures], dtype=bool)

    def take(self, rows: Sequence[int] | NDArray[Any]) -> "Pairs":
        """Some of the rows."""
        pick = [int(k) for k in rows]
        parts: dict[str, Any] = {
            name: tuple(getattr(self, name)[k] for k in pick)
            for name in ("pictures", "sentences", "reverses", "captions", "parts", "reverse_parts")
        }
        return Pairs(right=self.right[pick], **parts)

    def under(self, held: Intervention, picture: str, connectives: Mapping[str, Connective]) -> "Pairs":
        """The rows as an intervention makes them.

        Args:
            held: On `connective`, on the target of the pictures, or on both.
            picture: Name of that target.
            connectives: Those that are known, by phrase.
        """
        found = self
        values = {str(name): str(getattr(action, "value", "")) for name, action in held.items()}
        if (shown := values.get(picture)) is not None:
            found = replace(found, pictures=_others(self.pictures, shown))
        if (phrase := values.get("connective")) is not None:
            found = found._joined(connectives[phrase])
        return found

    def _joined(self, connective: Connective) -> "Pairs":
        sides = [_joined(self.parts, connective), _joined(self.reverse_parts, connective)]
        texts = [
            tuple(text if part is None else part.written() for text, part in zip(given, parts, strict=True))
            for given, parts in ((self.sentences, sides[0]), (self.reverses, sides[1]))
        ]
        before = self.forward
        found = replace(self, sentences=texts[0], reverses=texts[1], parts=sides[0], reverse_parts=sides[1])
        turned = (before >= 0) & (before != found.forward) & (self.right >= 0)
        return replace(found, right=np.where(turned, 1 - self.right, self.right))


def _joined(parts: Sequence[Clauses | None], connective: Connective) -> tuple[Clauses | None, ...]:
    return tuple(None if part is None else part.joined_by(connective) for part in parts)


def _others(pictures: Sequence[Picture | None], shown: str) -> tuple[Picture | None, ...]:
    """`blank`: a grey field of the same size; `other`: the picture of the row half of all rows further on."""
    if shown == "blank":
        return tuple(None if one is None else np.full_like(one, GREY) for one in pictures)
    n = len(pictures)
    return tuple(pictures[(k + max(1, n // 2)) % n] for k in range(n))


def pairs_of(given: Given, connectives: Mapping[str, Connective], images: str = "") -> Pairs:
    """The pairs of all rows.

    Args:
        given: Rows.
        connectives: Those that are known, by phrase.
        images: Folder of the pictures that the role `named` names.

    Raises:
        DataError: If a row lacks a sentence, or its choice is neither of the two; says which.
        FormatError: If a picture cannot be read, or its name leaves the folder.
    """
    table = given.table
    sentences, reverses = given.texts("sentence"), given.texts("reverse")
    for role, texts in (("sentence", sentences), ("reverse", reverses)):
        if empty := [row for row, text in enumerate(texts) if not str(text or "").strip()]:
            raise DataError(f"row {empty[0]} has no {role} ({len(empty)} rows): fill it in, or drop the rows")
    caption = given.column("caption")
    captions = [""] * len(given) if caption is None or caption not in table else [t or "" for t in table.texts(caption)]
    parts, reverse_parts = (tuple(parted(text, connectives) for text in texts) for texts in (sentences, reverses))
    return Pairs(
        _pictures(given, images),
        tuple(sentences),
        tuple(reverses),
        tuple(captions),
        _right(given),
        parts,
        reverse_parts,
    )


def _pictures(given: Given, images: str) -> tuple[Picture | None, ...]:
    column = given.column("image")
    if column is not None and column in given.table:
        gone = given.table.absent(column)
        try:
            held: Sequence[Picture] = list(given.table.pictures(column))
        except DataError:  # they differ in size
            held = [given.table.take([k]).pictures(column)[0] for k in range(len(given))]
        return tuple(None if g else _three(one) for g, one in zip(gone, held, strict=True))
    name = given.column("named")
    if name is not None and name in given.table and images:
        return pictures_named(images, given.table.labels(name).tolist())
    return (None,) * len(given)


def _three(picture: Picture) -> Picture:
    """With three channels."""
    return picture if picture.shape[-1] == 3 else np.repeat(picture, 3, axis=-1)


def _right(given: Given) -> NDArray[np.int64]:
    column = given.column("choice")
    if column is None or column not in given.table:
        return np.zeros(len(given), dtype=np.int64)  # as the published tables are: the sentence is the true one
    found = np.full(len(given), -1, dtype=np.int64)
    if given.table.kind(column) not in (Kind.LABEL, Kind.ORDINAL):
        raise DataError(f"column {column!r} says which is true, `sentence` or `reverse`, and holds numbers")
    for row, (label, gone) in enumerate(zip(given.table.labels(column), given.table.absent(column), strict=True)):
        if gone or label in (None, ""):
            continue
        if str(label) not in CHOICES:
            raise DataError(f"row {row} of {column!r} is {str(label)[:40]!r}: it is `sentence` or `reverse`")
        found[row] = CHOICES.index(str(label))
    return found
