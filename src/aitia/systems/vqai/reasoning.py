"""A language model that reasons: what would the picture show, in words like those of the rows."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from aitia.data.columns.picture import png
from aitia.data.subjects import Client
from aitia.errors import DataError, OptionError
from aitia.files import write_whole
from aitia.system import Given
from aitia.systems.vqai.config import VqaiConfig
from aitia.systems.vqai.reading import Items
from aitia.text import Prompt, open_client

__all__ = ["Told", "examples_of", "reasoned"]

_TALL = 96
"""Pixels on a side, at least, of a small picture that a client is sent."""
_ASK = "Say in a few words, apart by commas, what the picture would show then, what follows from the change included."


class Told:
    """What a client said.

    Args:
        answers: In words, on one line each.
        said: Verbatim.
    """

    def __init__(self, answers: Sequence[str], said: Sequence[str]) -> None:
        self.answers, self.said = tuple(answers), tuple(said)


def examples_of(items: Items, count: int) -> tuple[str, ...]:
    """The first rows with an answer as examples, each of another question."""
    found: dict[str, str] = {}
    for caption, question, answer in zip(items.captions, items.questions, items.answers, strict=True):
        if answer and question not in found and len(found) < count:
            found[question] = f"{_shown(caption)}Question: {question}\nAnswer: {answer}"
    return tuple(found.values())


def reasoned(
    client: Client, items: Items, config: VqaiConfig, examples: Sequence[str], seed: int, given: Given | None = None
) -> Told:
    """Asks a client about rows.

    Raises:
        DataError: If a row lacks the caption that is to be shown in the place of its picture.
        OptionError: If the client reads text alone and is shown pictures.
        RunError: If it takes no questions, or gives no answer.
    """
    if config.shown == "caption" and (bare := [k for k, text in enumerate(items.captions) if not text]):
        number = bare[0] if given is None else given.row_number(bare[0])
        raise DataError(f"row {number} has no caption, which stands in the place of its picture (--shown caption)")
    options: dict[str, Any] = {"tokens": config.tokens} if client.opened is None else {}
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        opened = stack.enter_context(open_client(client, cache=config.log or None, **options))
        prompts = [_prompt(items, row, config, examples, place) for row in range(len(items))]
        try:
            answers = opened.complete(prompts, seed)
        except OptionError as error:
            if config.shown == "picture" and "pictures" in str(error):
                raise OptionError(
                    f"{error}; or show it the captions of the rows in their place (--shown caption)"
                ) from error
            raise
    said = [answer.text for answer in answers]
    return Told([_line(text) for text in said], said)


def _prompt(items: Items, row: int, config: VqaiConfig, examples: Sequence[str], place: Path) -> Prompt:
    words = config.shown == "caption"
    asked = f"{_shown(items.captions[row]) if words else ''}Question: {items.questions[row]}\nAnswer:"
    text = "\n\n".join([_ASK, *examples, asked])
    return Prompt(text, () if words else (_file(items, row, place),))


def _file(items: Items, row: int, place: Path) -> str:
    cell = items.cells[row]
    if isinstance(cell, str):
        return cell
    times = max(1, -(-_TALL // min(cell.shape[:2])))
    path = place / f"{row}.png"
    write_whole(path, png(cell.repeat(times, axis=0).repeat(times, axis=1)))
    return str(path)


def _shown(caption: str) -> str:
    return f"Picture: {caption}\n" if caption else ""


def _line(text: str) -> str:
    """The first line that says something, without what repeats the form of the prompt."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    first = lines[0] if lines else ""
    return first.removeprefix("Answer:").strip()
