"""Atom 1.0, RSS 2.0 and RSS 1.0, read entry by entry; a document type declaration is refused before it is read.

Without such a declaration there are no entities but the five of XML, so that nothing is looked up and nothing grows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from aitia.errors import FormatError
from aitia.feed.plain import inert, plain

__all__ = ["Raw", "read_xml"]

ATOM = "http://www.w3.org/2005/Atom"
RSS1 = "http://purl.org/rss/1.0/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"
TERMS = "http://purl.org/dc/terms/"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
PRISM = ("http://prismstandard.org/namespaces/basic/2.0/", "http://prismstandard.org/namespaces/basic/3.0/")
ARXIV = "http://arxiv.org/schemas/atom"
BASE = "{http://www.w3.org/XML/1998/namespace}base"
DEEPEST = 100
_FEEDS = "a feed is Atom, RSS or JSON Feed"
_LOOK = "look there for the address of its feed"
_ROOTS = {f"{{{ATOM}}}feed": "Atom", "rss": "RSS 2.0", f"{{{RDF}}}RDF": "RSS 1.0"}
_ENTRIES = (f"{{{ATOM}}}entry", "item", f"{{{RSS1}}}item")
_TITLES = (f"{{{ATOM}}}title", "title", f"{{{RSS1}}}title")


@dataclass
class Raw:
    """An entry as a feed says it: plain texts, dates as they stand there, an absolute link, and what may name it."""

    title: str = ""
    abstract: str = ""
    authors: list[str] = field(default_factory=list)
    published: str = ""
    updated: str = ""
    link: str = ""
    names: list[str] = field(default_factory=list)


def read_xml(data: bytes, place: str, base: str) -> tuple[str, list[Raw]]:
    """Title and entries of a feed.

    Args:
        data: Its bytes, in an encoding that they name themselves.
        place: What it is called in a sentence.
        base: The address from which relative links go on.

    Raises:
        FormatError: If it is no XML or none of the three, has a document type declaration, or is nested too deeply.
    """
    reader = _Reader(place, base)
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise FormatError(
            f"{place} is no well-formed XML (line {error.lineno}, column {error.offset + 1}: "
            f"{expat.ErrorString(error.code)})"
        ) from None
    except (LookupError, UnicodeError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{place} is in an encoding that is not known: {error}; save it as UTF-8") from None
    return reader.title, reader.entries


class _Reader:
    """Builds a tree of one entry at a time, so that a long feed takes no more memory than its texts."""

    def __init__(self, place: str, base: str) -> None:
        self.place, self.title = place, ""
        self.entries: list[Raw] = []
        self._bases, self._path = [base], list[str]()
        self._builder: TreeBuilder | None = None
        self._begun = 0
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data

    def _doctype(self, name: str, *_: object) -> None:
        if name.lower() == "html":
            raise FormatError(f"{self.place} is a web page: {_LOOK}")
        raise FormatError(
            f"{self.place} has a document type declaration, which feeds do not need and attacks do: it is not read"
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = _named(tag)
        if not self._path and tag not in _ROOTS:
            shown = tag.rpartition("}")[2][:40]
            wrong = f"is a web page: {_LOOK}" if shown.lower() == "html" else f"begins with <{shown}>: {_FEEDS}"
            raise FormatError(f"{self.place} {wrong}")
        if len(self._path) >= DEEPEST:
            raise FormatError(f"{self.place} is nested too deeply: tags in tags are read to {DEEPEST} levels")
        told = {_named(name): value for name, value in attributes.items()}
        self._path.append(tag)
        self._bases.append(_joined(self._bases[-1], told.get(BASE, "")))
        if self._builder is None and (tag in _ENTRIES or (tag in _TITLES and not self.title and len(self._path) <= 3)):
            self._builder, self._begun = TreeBuilder(), len(self._path)
        if self._builder is not None:
            self._builder.start(tag, {**told, BASE: self._bases[-1]})

    def _end(self, tag: str) -> None:
        if self._builder is not None:
            self._builder.end(_named(tag))
            if len(self._path) == self._begun:
                element = self._builder.close()
                self._builder = None
                if element.tag in _ENTRIES:
                    self.entries.append(_of_atom(element) if element.tag == _ENTRIES[0] else _of_rss(element))
                else:
                    self.title = _atom_text(element) if element.tag == _TITLES[0] else plain(_inside(element))
        self._path.pop()
        self._bases.pop()

    def _data(self, text: str) -> None:
        if self._builder is not None:
            self._builder.data(text)


def _named(name: str) -> str:
    return f"{{{name}" if "}" in name else name


def _joined(base: str, to: str) -> str:
    try:
        return urljoin(base, to.strip())
    except ValueError:
        return ""


def _inside(element: Element | None) -> str:
    return "" if element is None else "".join(element.itertext())


def _atom_text(element: Element | None) -> str:
    """An Atom text construct: text, HTML that is escaped, or XHTML."""
    if element is None:
        return ""
    kind = element.get("type", "text")
    return plain(_inside(element)) if kind in ("html", "text/html") else inert(_inside(element))


def _of_atom(entry: Element) -> Raw:
    def found(name: str) -> Element | None:
        return entry.find(f"{{{ATOM}}}{name}")

    links = entry.findall(f"{{{ATOM}}}link")
    pages = [link for link in links if link.get("rel", "alternate") == "alternate"]
    page = pages[0] if pages else None
    link = "" if page is None else _joined(page.get(BASE, ""), page.get("href", ""))
    dois = [_inside(entry.find(f"{{{ARXIV}}}doi")), *_dois(entry)]
    related = [link.get("href", "") for link in links if link.get("title") == "doi"]
    summary = _atom_text(found("summary"))
    return Raw(
        title=_atom_text(found("title")),
        abstract=summary or _atom_text(found("content")),
        authors=[inert(_inside(a.find(f"{{{ATOM}}}name"))) for a in entry.findall(f"{{{ATOM}}}author")],
        published=_inside(found("published")),
        updated=_inside(found("updated")),
        link=link,
        names=[*dois, *related, _inside(found("id"))],
    )


def _of_rss(item: Element) -> Raw:
    def found(*names: str) -> str:
        return next((text for name in names if (text := _inside(item.find(name)).strip())), "")

    guid = item.find("guid")
    link = found("link", f"{{{RSS1}}}link")
    if not link and guid is not None and guid.get("isPermaLink", "true") == "true":
        link = _inside(guid)
    date = found("pubDate", f"{{{DC}}}date", f"{{{TERMS}}}issued")
    authors = [_inside(creator) for creator in item.findall(f"{{{DC}}}creator")]
    if len(authors) == 1:  # some write all into one
        authors = plain(authors[0]).replace(" and ", ", ").split(", ")
    authors = authors or [_mail_name(found("author"))]
    told = plain(found(f"{{{CONTENT}}}encoded")) if not found("description", f"{{{RSS1}}}description") else ""
    return Raw(
        title=plain(found("title", f"{{{RSS1}}}title", f"{{{DC}}}title")),
        abstract=plain(found("description", f"{{{RSS1}}}description")) or told,
        authors=[plain(author) for author in authors],
        published=date,
        updated=found(f"{{{TERMS}}}modified"),
        link=_joined(item.get(BASE, ""), link) if link else "",
        names=[*_dois(item), "" if guid is None else _inside(guid)],
    )


def _dois(element: Element) -> Iterable[str]:
    names = [*(f"{{{space}}}doi" for space in PRISM), f"{{{DC}}}identifier"]
    return [_inside(child) for name in names for child in element.findall(name)]


def _mail_name(text: str) -> str:
    """`who@example.org (A Name)`, as RSS 2.0 writes authors."""
    name = text.partition("(")[2].rpartition(")")[0]
    return name or ("" if "@" in text else text)
