"""The page of an answer: what was given and what was answered, beside each other."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aitia.data.base import Data
from aitia.errors import RunError
from aitia.files import write_whole
from aitia.report import Block, Callout, Section, render
from aitia.runs import versions

__all__ = ["PAGE", "write_page"]

PAGE = "answer.html"
"""The name of its file."""


def write_page(
    folder: Path,
    title: str,
    about: str,
    shown: Mapping[str, Data],
    names: Sequence[str],
    *,
    of: str = "",
    alarms: Sequence[str] = (),
    warnings: Sequence[str] = (),
    flow: Sequence[str] = (),
) -> Path:
    """Writes the page into a folder; gives the file.

    Args:
        folder: Of the answer.
        title: What was asked.
        about: What the answer is, in words.
        shown: Data by heading, all of the same kind and as long as `names`.
        names: Of the rows.
        of: Who answers; it stands before the title.
        alarms: Why the answer is worth little.
        warnings: What to keep in mind.
        flow: How the rows came to be.

    Raises:
        RunError: If it cannot be written.
    """
    sections = [Section(title, _drawn(shown, names, about))]
    if warnings:
        sections.append(Section("Keep in mind", [Callout(list(warnings), "warning")]))
    if flow:
        sections.append(Section("The rows", [Callout(list(flow), "note")]))
    footer = "Made with " + ", ".join(f"{name} {version}" for name, version in versions().items()) + "."
    page = render(f"{of}: {title}" if of else title, about, sections, footer, alarms)
    write_whole(folder / PAGE, page, RunError)
    return folder / PAGE


def _drawn(shown: Mapping[str, Data], names: Sequence[str], about: str) -> list[Block]:
    """The data beside each other, and before them the columns of an answer that the rows before it lack."""
    first = next(iter(shown.values()))
    blocks: list[Block] = []
    if first.known is first:  # rows that are a table, and not one beside pictures, tracks or recordings
        lacking = list(dict.fromkeys(n for data in shown.values() for n in data.known.names if n not in first.known))
        new = {head: data.known.select(lacking) for head, data in shown.items()
               if all(name in data.known for name in lacking)}  # fmt: skip
        if lacking and new:
            blocks += type(first.known).draw(new, names, "What was answered.")
    return [*blocks, *type(first).draw(shown, names, about)]
