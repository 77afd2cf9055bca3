"""Pictures as codes: of a codebook found on the pictures of the pages, or of a VQ model that was given."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from aitia.data.columns.picture import scaled
from aitia.data.reading.pages import picture_inside
from aitia.data.subjects import Network
from aitia.errors import DataError, OptionError
from aitia.nn.image_tokens import DiffusersVQ, ImageTokenizer, PatchVQ
from aitia.system import Given
from aitia.systems.cm3.config import Cm3Config
from aitia.systems.cm3.documents import Part

__all__ = ["Pictures", "found_pictures", "made_tokenizer", "moved", "opened_tokenizer", "steps_of"]

Pixels = NDArray[np.uint8]


class Pictures:
    """A tokenizer, and the side of the pictures that it takes.

    Args:
        tokenizer: Of images.
        side: In pixels.
    """

    def __init__(self, tokenizer: ImageTokenizer, side: int) -> None:
        self.tokenizer, self.side = tokenizer, side

    @property
    def places(self) -> int:
        """Codes of a picture."""
        rows, columns = self.tokenizer.shape
        return rows * columns

    def codes(self, pictures: Pixels) -> NDArray[np.int64]:
        """(n, places) codes of (n, side, side, 3)."""
        return self.tokenizer.encode(np.ascontiguousarray(pictures))

    def drawn(self, codes: NDArray[np.int64]) -> Pixels:
        """(n, side, side, 3) of codes."""
        return self.tokenizer.decode(codes)


def found_pictures(
    given: Given, pages: Sequence[Sequence[Part]], side: int | None, *, scale: bool
) -> dict[int, Pixels]:
    """The picture (side, side, 3) of each row that has one: of its column, or inside of its page.

    Args:
        given: The rows.
        pages: Parts of each.
        side: In pixels; None or 0 takes that of the first picture.
        scale: Whether others are scaled to it.

    Raises:
        DataError: If a picture is of another size and none is scaled, a page has no place for one, or names one that is
            not in its row; names the row.
        FormatError: If a file is no picture.
    """
    column = given.column("image")
    there = np.zeros(len(given), dtype=bool)
    if column is not None and column in given.table:
        there = ~given.table.absent(column)
    found: dict[int, Pixels] = {}
    for row, parts in enumerate(pages):
        place = next((part for part in parts if part.kind == "image"), None)
        if there[row]:
            if place is None:
                raise DataError(f"row {row} has a picture, and its document no <img> for it: put one where it stands")
            one = given.table.take(np.array([row])).pictures(str(column))[0]
        elif place is not None and place.text:
            inside = picture_inside(place.text, f"the document of row {row}")
            if inside is None:
                raise DataError(
                    f"the document of row {row} names its picture, {place.text[:40]!r}: give it in a column `image`, "
                    "as reading a folder of pages does"
                )
            one = inside
        else:
            continue
        one = np.repeat(one, 3, axis=2) if one.shape[2] == 1 else one
        side = side or int(max(one.shape[:2]) if scale else one.shape[0])
        if one.shape[:2] != (side, side):
            if not scale:
                raise DataError(
                    f"the picture of row {row} is {one.shape[1]} by {one.shape[0]} pixels, here they are {side} by "
                    f"{side}: scale it, or fit with pixels={side}, which scales all"
                )
            one = scaled(one, side)
        found[row] = one
    return found


def made_tokenizer(config: Cm3Config, pictures: Pixels) -> PatchVQ:
    """The codebook of pictures that were moved as they will be while they are learnt."""
    patches = PatchVQ(patch=config.patch, codes=config.codes, seed=config.seed)
    return patches.fit(np.concatenate([moved(pictures, *step) for step in steps_of(config.shift)]))


def opened_tokenizer(named: Network, side: int) -> DiffusersVQ:
    """The VQ model of diffusers that was given, for pictures of this side."""
    opened = cast(Any, named.opened)
    if opened is not None and not hasattr(opened, "quantize"):
        raise OptionError(f"{named.id} is no VQ model of diffusers: give one, or leave image_tokenizer out")
    return DiffusersVQ(opened, side) if opened is not None else DiffusersVQ.load(named.where(), side)


def steps_of(most: int) -> list[tuple[int, int]]:
    """Every move by so many pixels at most, none first."""
    every = [(a, b) for a in range(-most, most + 1) for b in range(-most, most + 1)]
    return sorted(every, key=lambda step: (step != (0, 0), step))


def moved(pictures: Pixels, down: int, right: int) -> Pixels:
    """Pictures moved by whole pixels; what enters is the edge."""
    n = max(abs(down), abs(right))
    if not n:
        return pictures
    height, width = pictures.shape[1:3]
    wide = np.pad(pictures, ((0, 0), (n, n), (n, n), (0, 0)), mode="edge")
    return wide[:, n - down : n - down + height, n - right : n - right + width]
