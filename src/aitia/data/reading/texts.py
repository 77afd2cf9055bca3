"""Folders of texts: a table with the columns `file` and `text`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aitia.data.kinds import Kind
from aitia.data.table import Table
from aitia.guard import read_text

__all__ = ["read_texts", "text_of_file", "texts_in"]

_TEXTS = (".txt", ".md", ".html", ".htm")


def texts_in(folder: Path) -> list[Path]:
    """The texts of a folder and of those right below it, sorted."""
    return sorted(
        path
        for path in {*folder.glob("*"), *folder.glob("*/*")}
        if path.suffix.lower() in _TEXTS and path.is_file() and not path.name.startswith(".")
    )


def read_texts(folder: Path, found: Sequence[Path], kinds: Mapping[str, Kind | str] | None) -> Table:
    """A text a file, and the name of its sub-folder as its label where all are in one."""
    columns = {
        "file": [path.relative_to(folder).as_posix() for path in found],
        "text": [text_of_file(path) for path in found],
    }
    if all(path.parent != folder for path in found):
        columns["label"] = [path.parent.name for path in found]
    return Table.of(columns, kinds={"text": Kind.TEXT, "file": Kind.TEXT, **(kinds or {})})


def text_of_file(path: Path) -> str:
    """The text of a file; of a page its words, of a PDF its text layer.

    Raises:
        FormatError: If it is not in UTF-8, or cannot be read.
        MissingExtraError: If a PDF is read and pypdf is not installed.
    """
    if path.suffix.lower() == ".pdf":
        from aitia.data.reading.pdf import text_of_pdf

        return text_of_pdf(path)
    text = read_text(path)
    return _of_html(text) if path.suffix.lower() in (".html", ".htm") else text


def _of_html(page: str) -> str:
    """The words of a page, a line for each block."""
    from html.parser import HTMLParser

    class Words(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.parts: list[str] = []
            self.hidden = 0

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.hidden += tag in ("script", "style")
            if tag in ("p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "title"):
                self.parts.append("\n")

        def handle_endtag(self, tag: str) -> None:
            self.hidden -= tag in ("script", "style") and self.hidden > 0

        def handle_data(self, data: str) -> None:
            if not self.hidden:
                self.parts.append(data)

    words = Words()
    words.feed(page)
    lines = (" ".join(line.split()) for line in "".join(words.parts).splitlines())
    return "\n".join(line for line in lines if line)
