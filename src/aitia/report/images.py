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
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as error:
        raise MissingExtraError("pictures of images need `pip install 'aitia[nets]'`") from error
    font = ImageFont.load_default(size=12)
    measure = ImageDraw.Draw(Image.new("RGB", (1, 1)))

    def wide(text: str) -> int:
        return max((int(measure.textlength(line, font=font)) for line in text.split("\n")), default=0)

    shapes = [cell.shape[:2] for row in cells for cell in row if cell is not None] or [(_CELL, _CELL)]
    tall, across = (max(side) for side in zip(*shapes, strict=True))
    scale = max(min(_CELL // tall, _PAGE // (across * max(len(columns), 1))), 1)
    tall, across = tall * scale, across * scale
    columns = ["\n".join(_broken(line, wide(line) > across) for line in head.split("\n")) for head in columns]
    widths = [max(across, wide(head)) + _GAP for head in columns]
    left = max(map(wide, rows), default=0) + 2 * _GAP
    top = _LINE * max((head.count("\n") + 1 for head in columns), default=0) + _GAP
    page = Image.new("RGB", (left + sum(widths), top + len(cells) * (tall + _GAP)), "white")
    draw = ImageDraw.Draw(page)
    for k, head in enumerate(columns):
        lines = head.split("\n")
        for number, line in enumerate(lines):
            soft = number > 0 and number == len(lines) - 1
            draw.text((left + sum(widths[:k]), number * _LINE), line, fill=_SOFT if soft else _INK, font=font)
    for i, (row, name) in enumerate(zip(cells, rows, strict=True)):
        y = top + i * (tall + _GAP)
        draw.text((_GAP, y + tall // 2 - 8), name, fill=_INK, font=font)
        for k, cell in enumerate(row):
            if cell is not None:
                page.paste(_scaled(Image.fromarray(cell), scale, Image), (left + sum(widths[:k]), y))
    packed = io.BytesIO()
    page.save(packed, format="PNG", optimize=True)
    return packed.getvalue()


def narrow_grid(
    cells: Sequence[Sequence[NDArray[np.uint8] | None]], columns: Sequence[str], rows: Sequence[str]
) -> bytes | None:
    """The same grid in bands below each other, each as wide as a phone; None where it fits one as it is.

    The first column, which the others are compared with, begins every band. Arguments are those of `image_grid`.
    """
    from PIL import Image

    def drawn(places: Sequence[int]) -> Any:
        part = [[row[k] for k in places] for row in cells]
        return Image.open(io.BytesIO(image_grid(part, [columns[k] for k in places], rows)))

    if drawn(range(len(columns))).width <= _PHONE:
        return None
    bands, open_ = [], [0]
    for k in range(1, len(columns)):
        if len(open_) > 1 and drawn([*open_, k]).width > _PHONE:
            bands.append(drawn(open_))
            open_ = [0]
        open_.append(k)
    bands.append(drawn(open_))
    page = Image.new("RGB", (max(b.width for b in bands), sum(b.height + _LINE for b in bands)), "white")
    for number, band in enumerate(bands):
        page.paste(band, (0, sum(b.height + _LINE for b in bands[:number])))
    packed = io.BytesIO()
    page.save(packed, format="PNG", optimize=True)
    return packed.getvalue()


def _broken(line: str, too_wide: bool) -> str:
    """A heading such as do(shadow_length=0.24) on two lines, where one is too narrow for it."""
    return line.replace("=", "=\n ", 1) if too_wide else line


def _scaled(image: Any, scale: int, pillow: Any) -> Any:
    if scale == 1:
        return image
    return image.resize((image.width * scale, image.height * scale), pillow.Resampling.NEAREST)
