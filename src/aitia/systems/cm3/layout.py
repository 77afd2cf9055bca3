"""Pages as ids of one vocabulary: tags, words, codes of pictures, and sentinels where something is asked.

    <page> <h1> seven </h1> <img alt= a heavy left seven src= v1 ... v16 > <a title= jordan river > jordan </a> ...

Every part is made into ids by itself, so that no tokenizer joins markup with text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError
from aitia.nn.sequences import Gap, Vocabulary
from aitia.system import Given
from aitia.systems.cm3.documents import Part, check_words, plain

__all__ = ["FIELDS", "Asked", "Laid", "Layout", "Said", "said_of", "titles_of"]

Ids = NDArray[np.int64]
FIELDS = ("alt", "image", "title", "gap")
"""What may be asked of a page."""


@dataclass(frozen=True)
class Said:
    """What a row says beside its document; None where it says nothing.

    Args:
        alt: Of the picture.
        image: (codes,) of the picture.
        title: Of the link.
        infill: What stands at each gap.
    """

    alt: str | None = None
    image: Ids | None = None
    title: str | None = None
    infill: Sequence[str] | None = None


@dataclass(frozen=True)
class Laid:
    """A page as ids.

    Args:
        ids: All of them, `<page>` first, without the end.
        places: Of each field that is there the first id and the one behind its last.
        elements: Places behind which an element is whole, so that a page can be cut there.
    """

    ids: Ids
    places: Mapping[str, tuple[int, int]]
    elements: tuple[int, ...]

    def cut(self, longest: int) -> "Laid | None":
        """Its first elements, as many as have so many ids together; None where the first has more."""
        if len(self.ids) <= longest:
            return self
        stop = max((k for k in self.elements if k <= longest), default=0)
        places = {name: span for name, span in self.places.items() if span[1] <= stop}
        return Laid(self.ids[:stop], places, self.elements) if stop else None


@dataclass(frozen=True)
class Asked:
    """A page with holes.

    Args:
        ids: With a sentinel at each hole, from `<mask:0>` on.
        holes: Field of each, and the number of the gap where it is one.
        gaps: What may stand there.
    """

    ids: list[int]
    holes: list[tuple[str, int]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


class Layout:
    """Lays pages out.

    Args:
        vocabulary: With the tags as markers, the codes and the sentinels.
        places: Codes of a picture.
        titles: For the text of a link the titles that it may have; that of "" is of all of them. Empty for any text.
    """

    def __init__(self, vocabulary: Vocabulary, places: int, titles: Mapping[str, Sequence[str]]) -> None:
        self.vocabulary, self.places, self.titles = vocabulary, places, titles
        self.text = vocabulary.of_kind("text")
        self.image = vocabulary.of_kind("image")

    def laid(self, parts: Sequence[Part], said: Said) -> Laid:
        """A page with all that is known of it; a field of which nothing is known is left out."""
        ids, places, elements = [self.vocabulary.markers["<page>"]], dict[str, tuple[int, int]](), list[int]()
        gaps, linked = 0, False
        for number, part in enumerate(parts):
            held = self._field(part, said, gaps)
            gaps += part.kind == "gap"
            linked = (linked or part.text == "<a") and part.text != "</a>"
            if self._names_nothing(parts, number, said, gaps):
                continue
            if part.kind not in ("tag", "text") and held is not None:
                places[part.kind] = (len(ids), len(ids) + len(held))
            ids += held or []
            if part.kind == "tag" and (part.text.startswith("</") or part.text == "/>") and not linked:
                elements.append(len(ids))
        return Laid(np.array(ids), places, tuple(elements))

    def asked(self, parts: Sequence[Part], said: Said, of: Sequence[str] = FIELDS, row: int = 0) -> Asked:
        """A page with a sentinel where nothing is known of these fields; others of which nothing is known are left out.

        Args:
            parts: Of the page.
            said: What its row says.
            of: What is asked for.
            row: For messages.

        Raises:
            DataError: If a picture is asked of a model that learnt none, or more is asked than there are sentinels.
        """
        found, gaps = Asked([self.vocabulary.markers["<page>"]]), 0
        for number, part in enumerate(parts):
            held = self._field(part, said, gaps)
            if held is None and part.kind in of:
                if len(found.holes) == len(self.vocabulary.mask):
                    most = len(self.vocabulary.mask)
                    raise DataError(f"the document of row {row} has over {most} holes: ask for some in another row")
                found.ids.append(int(self.vocabulary.mask[len(found.holes)]))
                found.holes.append((part.kind, gaps))
                found.gaps.append(self._gap(part.kind, parts, number))
            elif not self._names_nothing(parts, number, said, gaps, of):
                found.ids.extend(held or ())
            gaps += part.kind == "gap"
        return found

    def _names_nothing(self, parts: Sequence[Part], number: int, said: Said, gap: int, of: Sequence[str] = ()) -> bool:
        """Whether a tag such as `alt=` stands before a field that is left out."""
        if parts[number].kind != "tag" or parts[number].text not in ("alt=", "src=", "title="):
            return False
        follows = parts[number + 1]
        return self._field(follows, said, gap) is None and follows.kind not in of

    def encode(self, text: str) -> list[int]:
        """Ids of words."""
        found: list[int] = self.vocabulary.encode(text).tolist()
        return found

    def _field(self, part: Part, said: Said, gap: int) -> list[int] | None:
        """Ids of a part; None where nothing is known."""
        if part.kind == "tag":
            held = self.vocabulary.markers.get(part.text)
            return [] if held is None else [held]
        if part.kind == "text":
            return self.encode(part.text)
        if part.kind == "image":
            return None if said.image is None else self.vocabulary.image[said.image].tolist()
        if part.kind == "gap":
            return None if said.infill is None else self.encode(said.infill[gap])
        known: str = getattr(said, part.kind) or part.text
        return self.encode(known) if known else None

    def _gap(self, kind: str, parts: Sequence[Part], number: int) -> Gap:
        if kind == "image":
            if not self.places:
                raise DataError("no picture was in the pages that this model learnt, so it draws none")
            return Gap(self.image, self.places)
        if kind == "title" and self.titles:
            link = next((part.text for part in parts[number + 1 :] if part.kind == "text"), "")
            return Gap(options=[self.encode(one) for one in self.titles.get(link) or self.titles[""]])
        return Gap(self.text)


def titles_of(pages: Sequence[Sequence[Part]], said: Sequence[Said]) -> dict[str, list[str]]:
    """For the text of each link the titles that it had, and under "" all of them."""
    found: dict[str, dict[str, Any]] = {}
    for parts, row in zip(pages, said, strict=True):
        for number, part in enumerate(parts):
            title = (row.title or part.text) if part.kind == "title" else ""
            if title:
                link = next((one.text for one in parts[number + 1 :] if one.kind == "text"), "")
                found.setdefault(link, {})[title] = None
                found.setdefault("", {})[title] = None
    return {link: sorted(titles) for link, titles in found.items()}


def said_of(given: Given, codes: Mapping[int, Ids]) -> list[Said]:
    """What each row says beside its document.

    Args:
        given: The rows.
        codes: Of the picture of each row that has one.

    Raises:
        DataError: If a caption or title holds `<mask:0>`; names the row.
    """
    texts = {name: _cells(given, name) for name in ("alt", "title", "infill")}
    return [
        Said(texts["alt"][row], codes.get(row), texts["title"][row], texts["infill"][row]) for row in range(len(given))
    ]


def _cells(given: Given, name: str) -> list[Any]:
    """The cells of a role, None where nothing is said."""
    column = given.column(name)
    if column is None or column not in given.table:
        return [None] * len(given)
    gone = given.table.absent(column)
    if name == "infill":
        lists = zip(given.table.lists(column), gone, strict=True)
        return [None if away else [plain(str(one)) for one in row] for row, away in lists]
    texts = [" ".join(text.split()) for text in given.table.texts(column)]
    for row, text in enumerate(texts):
        check_words(text, name, row)
    return [None if away or not text else plain(text) for text, away in zip(texts, gone, strict=True)]
