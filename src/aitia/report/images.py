"""Images side by side as one PNG, with headings, for reports and folders."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import MissingExtraError

__all__ = ["ImageBlock", "image_grid", "narrow_grid"]

_CELL, _PAGE, _PHONE, _GAP, _LINE = 96, 1100, 358, 6, 15
_INK, _SOFT = (28, 39, 51), (85, 103, 122)


@dataclass(frozen=True)
class ImageBlock:
    """A PNG picture that stands in the page itself.

    Args:
        png: The file's bytes.
        caption: Below it.
        alternative: What it shows, for who cannot see it.
        narrow: The same for a phone, where the picture is too wide for one.
    """

    png: bytes
    caption: str = ""
    alternative: str = ""
    narrow: bytes | None = None

    def html(self) -> str:
        """As HTML."""
        data = base64.b64encode(self.png).decode()
        caption = f"<figcaption>{escape(self.caption)}</figcaption>" if self.caption else ""
        name = escape(self.alternative or self.caption, quote=True)
        shown = f'<img alt="{name}" src="data:image/png;base64,{data}">'
        if self.narrow is not None:
            phone = base64.b64encode(self.narrow).decode()
            source = f'<source media="(max-width:640px)" srcset="data:image/png;base64,{phone}">'
            shown = f"<picture>{source}{shown}</picture>"
        return f'<figure class="picture">{shown}{caption}</figure>'


def image_grid(
    cells: Sequence[Sequence[NDArray[np.uint8] | None]], columns: Sequence[str], rows: Sequence[str]
) -> bytes:
    """A PNG file: images in a grid, every column under its heading, every row behind its name.

    Args:
        cells: (height, width, 3) of bytes, or None for an empty place; a list for each row.
        columns: Headings of one line or more, the last of which is printed softer.
        rows: Names.

    Raises:
        MissingExtraError: If pillow is not installed.
    """
    return _packed(_Grid(cells, columns, rows).page())


def narrow_grid(
    cells: Sequence[Sequence[NDArray[np.uint8] | None]], columns: Sequence[str], rows: Sequence[str]
) -> bytes | None:
    """The same grid in bands below each other, each as wide as a phone; None where it fits one as it is.

    The first column, which the others are compared with, begins every band. Arguments are those of `image_grid`.
    """
    from PIL import Image

    def band(places: Sequence[int]) -> _Grid:
        return _Grid([[row[k] for k in places] for row in cells], [columns[k] for k in places], rows)

    if band(range(len(columns))).width <= _PHONE:
        return None
    bands, open_ = [], [0]
    for k in range(1, len(columns)):
        if len(open_) > 1 and band([*open_, k]).width > _PHONE:
            bands.append(band(open_).page())
            open_ = [0]
        open_.append(k)
    bands.append(band(open_).page())
    page = Image.new("RGB", (max(b.width for b in bands), sum(b.height + _LINE for b in bands)), "white")
    for number, drawn in enumerate(bands):
        page.paste(drawn, (0, sum(b.height + _LINE for b in bands[:number])))
    return _packed(page)


class _Grid:
    """Where everything of a grid stands, before anything is drawn."""

    def __init__(
        self, cells: Sequence[Sequence[NDArray[np.uint8] | None]], columns: Sequence[str], rows: Sequence[str]
    ) -> None:
        try:
            from PIL import Image, ImageDraw, ImageFont
        except ImportError as error:
            raise MissingExtraError("pictures of images need `pip install 'aitia[nets]'`") from error
        self._font = ImageFont.load_default(size=12)
        measure = ImageDraw.Draw(Image.new("RGB", (1, 1)))

        def wide(text: str) -> int:
            return max((int(measure.textlength(line, font=self._font)) for line in text.split("\n")), default=0)

        self.cells, self.rows = cells, rows
        shapes = [cell.shape[:2] for row in cells for cell in row if cell is not None] or [(_CELL, _CELL)]
        tall, across = (max(side) for side in zip(*shapes, strict=True))
        self.scale = max(min(_CELL // tall, _PAGE // (across * max(len(columns), 1))), 1)
        self.tall, across = tall * self.scale, across * self.scale
        self.columns = ["\n".join(_broken(line, wide(line) > across) for line in head.split("\n")) for head in columns]
        self.widths = [max(across, wide(head)) + _GAP for head in self.columns]
        self.left = max(map(wide, rows), default=0) + 2 * _GAP
        self.width = self.left + sum(self.widths)

    def page(self) -> Any:
        """The picture."""
        from PIL import Image, ImageDraw

        top = _LINE * max((head.count("\n") + 1 for head in self.columns), default=0) + _GAP
        page = Image.new("RGB", (self.width, top + len(self.cells) * (self.tall + _GAP)), "white")
        draw = ImageDraw.Draw(page)
        places = [self.left + sum(self.widths[:k]) for k in range(len(self.columns))]
        for head, x in zip(self.columns, places, strict=True):
            lines = head.split("\n")
            for number, line in enumerate(lines):
                soft = number > 0 and number == len(lines) - 1
                draw.text((x, number * _LINE), line, fill=_SOFT if soft else _INK, font=self._font)
        for i, (row, name) in enumerate(zip(self.cells, self.rows, strict=True)):
            y = top + i * (self.tall + _GAP)
            draw.text((_GAP, y + self.tall // 2 - 8), name, fill=_INK, font=self._font)
            for cell, x in zip(row, places, strict=False):
                if cell is not None:
                    page.paste(_scaled(Image.fromarray(cell), self.scale, Image), (x, y))
        return page


def _packed(page: Any) -> bytes:
    packed = io.BytesIO()
    page.save(packed, format="PNG")
    return packed.getvalue()


def _broken(line: str, too_wide: bool) -> str:
    """A heading such as do(shadow_length=0.24) on two lines, where one is too narrow for it."""
    return line.replace("=", "=\n ", 1) if too_wide else line


def _scaled(image: Any, scale: int, pillow: Any) -> Any:
    if scale == 1:
        return image
    return image.resize((image.width * scale, image.height * scale), pillow.Resampling.NEAREST)
