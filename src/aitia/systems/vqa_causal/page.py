"""The report: scores by direction of the connective, and rows with their picture, what was asked, chosen and true."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.report.blocks import Block, TableBlock, Text
from aitia.systems.vqa_causal.items import CHOICES, Pairs
from aitia.systems.vqa_causal.judge import judged

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.vqa_causal.model import VqaCausal

__all__ = ["PictureCards", "blocks"]

SHOWN = 12
"""Rows that a report shows."""
SIDE = 160
"""Pixels that the longer side of a shown picture has at least, and twice as many at most."""
_CARD = "flex:1 1 200px;text-align:left"
"""As many side by side as there is room for: three on a desk, one on a phone."""
SAID = 200
"""Characters of an answer that are shown."""


@dataclass(frozen=True)
class PictureCards:
    """Rows side by side, each a picture with lines below it.

    Args:
        pictures: Of bytes, (height, width, 3) each; None where a row has none.
        lines: Below each, with a word before each line.
    """

    pictures: Sequence[NDArray[np.uint8] | None]
    lines: Sequence[Sequence[tuple[str, str]]]

    def html(self) -> str:
        """As HTML."""
        cards = []
        for picture, lines in zip(self.pictures, self.lines, strict=True):
            name = escape(lines[0][1], quote=True)
            shown = "<p>no picture</p>"
            if picture is not None:
                data = base64.b64encode(_png(picture)).decode()
                shown = f'<img alt="{name}" src="data:image/png;base64,{data}">'
            told = "<br>".join(f"<strong>{escape(head)}</strong> {escape(text)}" for head, text in lines)
            cards.append(f'<figure style="{_CARD}">{shown}<figcaption>{told}</figcaption></figure>')
        return f'<div class="multiples">{"".join(cards)}</div>'


def blocks(system: "VqaCausal", given: "Given") -> list[Block]:
    """The share right beside what texts alone reach, then rows with their pictures."""
    found: list[Block] = [Text(note[:1].upper() + note[1:] + ".") for note in system.training.notes]
    lines = []
    for name, score in judged(system, given).items():
        beside = ", ".join(f"{rival} {value:.3f}" for rival, value in score.baselines.items())
        lines.append([name, f"{score.value:.3f}", beside or "-", score.about])
    if lines:
        found.append(TableBlock(["score", "value", "beside", "what it is"], lines, "On the rows of the report."))
    rows = given.take(range(min(SHOWN, len(given))))
    pairs = system.pairs(rows)
    margins = system.margins(pairs)
    said = system.answered if "client" in system.subjects else ("",) * len(pairs)
    found.append(Text(f"The first {len(pairs)} rows: which of two sentences is true of the picture?"))
    cards = [_card(pairs, row, float(margin), said[row]) for row, margin in enumerate(margins)]
    found.append(PictureCards([None] * len(pairs) if system.config.blind else pairs.pictures, cards))
    return found


def _card(pairs: Pairs, row: int, margin: float, said: str) -> list[tuple[str, str]]:
    """What was asked, chosen and true of a row."""
    both = (pairs.sentences[row], pairs.reverses[row])
    lines = [(f"Row {row}.", f"{both[0]} | {both[1]}")]
    if said:
        lines.append(("Said:", said if len(said) <= SAID else f"{said[:SAID]}..."))
    if not np.isfinite(margin) or margin == 0:
        lines.append(("Chosen:", "neither"))
    else:
        chosen = int(margin < 0)
        lines.append(("Chosen:", f"{CHOICES[chosen]} ({both[chosen]}), ahead by {abs(margin):.4f}"))
    true = int(pairs.right[row])
    if true < 0:
        lines.append(("True:", "nobody says"))
    else:
        right = np.isfinite(margin) and margin != 0 and int(margin < 0) == true
        lines.append(("True:", f"{CHOICES[true]} ({both[true]}): {'right' if right else 'not right'}"))
    return lines


def _png(picture: NDArray[np.uint8]) -> bytes:
    """A picture as a PNG that is neither tiny nor large: whole pixels where it is enlarged."""
    from PIL import Image

    image = Image.fromarray(picture)
    longest = max(image.size)
    if longest < SIDE:
        times = -(-SIDE // longest)
        image = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    else:
        image.thumbnail((2 * SIDE, 2 * SIDE))
    packed = io.BytesIO()
    image.save(packed, "PNG")
    return packed.getvalue()
