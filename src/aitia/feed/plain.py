"""Texts of strangers as plain text: without markup, without characters that hide or turn what follows."""

import html
import re
from html.parser import HTMLParser

__all__ = ["inert", "plain", "sentences", "web_link"]

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]")
"""Characters without width, those that change the direction of a line, and halves of characters."""
_DROPPED = ("script", "style", "template", "noscript", "iframe", "object")
_BREAKS = ("p", "br", "li", "div", "tr", "h1", "h2", "h3", "h4", "h5", "h6")
_ABBREVIATIONS = re.compile(r"(?:\b(?:e\.g|i\.e|et al|cf|vs|Fig|Eq|Sec|Dr|Prof|resp|approx)|\b[A-Z])\.$")


class _Text(HTMLParser):
    """Collects the text of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._inside = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside += tag in _DROPPED
        if tag in _BREAKS:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._inside = max(self._inside - (tag in _DROPPED), 0)
        if tag in _BREAKS:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.parts.append(data)


def inert(text: str) -> str:
    """One line of text: without control and unseen characters, each run of white space one space.

    Example:
        >>> inert("Causal\\u202e tables\\r\\nBcc: x")
        'Causal tables Bcc: x'
    """
    spaced = _CONTROLS.sub(" ", text)
    return " ".join((spaced if text.isascii() else _UNSEEN.sub("", spaced)).split())


def plain(markup: str) -> str:
    """The text of HTML, as `inert` leaves it; scripts and styles are dropped, tags are never shown.

    Example:
        >>> plain("<p>Do <b>graphs</b> &amp; tables<script>x()</script></p>")
        'Do graphs & tables'
    """
    if "<" not in markup:
        return inert(html.unescape(markup))
    reader = _Text()
    reader.feed(markup)
    reader.close()
    return inert("".join(reader.parts))


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order; a dot behind an initial or a common abbreviation ends none.

    Example:
        >>> sentences("Graphs, e.g. DAGs, are found. How? By tests.")
        ['Graphs, e.g. DAGs, are found.', 'How?', 'By tests.']
    """
    found: list[str] = []
    for piece in re.split(r"(?<=[.!?])\s+", text.strip()):
        if found and _ABBREVIATIONS.search(found[-1]):
            found[-1] += f" {piece}"
        elif piece:
            found.append(piece)
    return found


def web_link(address: str) -> str:
    """An address if it leads to a page of the net, else nothing."""
    kept = inert(address)
    return kept if re.match(r"https?://[^\s<>\"]+$", kept) else ""
