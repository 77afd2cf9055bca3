"""The words of a text one after another: what the readers of DOT, dagitty and BIF share.

No more of the text is split than a reader has asked for, so that what is no graph at all is refused at its first word;
brackets in brackets are counted in one place.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise, product
from types import MappingProxyType

from aitia.errors import FormatError
from aitia.guard import DEEPEST

__all__ = ["COMMENTS", "HASHES", "Word", "Words", "pairs_of_chain"]

COMMENTS = r"(?P<comment>//[^\n]*|/\*.*?\*/) | (?P<open>/\*)"
"""For the beginning of a pattern of words: comments of both kinds, and one that nothing ends."""
HASHES = r"(?P<hash>\#[^\n]*)"
"""Comments to the end of a line as shells have them."""
_MOST = 2_000_000


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its kind, which is the group of the pattern that it fits, and its line; a quoted one is a `name`."""

    kind: str
    text: str
    line: int
    quoted: bool = False


class Words:
    """Reads a text from left to right.

    Args:
        text: It.
        pattern: Of a word with the blanks before it. Its groups are the kinds; `quoted` is a name in quotes, in which a
            backslash stands before any character.
        form: Name of the format, for the sentences.
        escapes: What a character after a backslash stands for, where it is not itself.
    """

    def __init__(
        self, text: str, pattern: re.Pattern[str], form: str, escapes: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._text = text.rstrip()
        self._pattern = pattern
        self._form = form
        self._escapes = escapes
        self._position, self._line = 0, 1
        self._ahead: deque[Word] = deque()
        self._depth = 0

    def peek(self, ahead: int = 0) -> Word | None:
        """The word that comes next, or one further ahead; None where the text ends before it."""
        while len(self._ahead) <= ahead:
            word = self._split()
            if word is None:
                return None
            self._ahead.append(word)
        return self._ahead[ahead]

    def stands(self, kind: str, text: str | None = None, ahead: int = 0) -> bool:
        """Whether the next word is of this kind and reads so; a name in quotes is never a word of the language."""
        word = self.peek(ahead)
        return word is not None and word.kind == kind and (text is None or (word.text == text and not word.quoted))

    def next(self, kind: str | None = None, text: str | None = None) -> Word:
        """Takes the next word.

        Raises:
            FormatError: If it is of another kind, reads otherwise, or the text has ended.
        """
        word = self.peek()
        if word is None:
            raise FormatError(f"the {self._form} text ends before its closing brace")
        if (kind is not None and word.kind != kind) or (text is not None and word.text != text):
            raise self.fault(f"expected {text or 'a name'}, got {word.text[:40]!r}", word)
        return self._ahead.popleft()

    def fault(self, what: str, word: Word | None = None) -> FormatError:
        """The error that says what is wrong, with the line of a word or of where reading is."""
        word = word or (self._ahead[0] if self._ahead else None)
        return FormatError(f"line {self._line if word is None else word.line}: {what}")

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Around what is read within brackets.

        Raises:
            FormatError: If they are in too many others.
        """
        self._depth += 1
        if self._depth > DEEPEST:
            raise self.fault(f"{self._form} groups are nested too deeply: they are read to {DEEPEST} levels")
        yield
        self._depth -= 1

    def _split(self) -> Word | None:
        while self._position < len(self._text):
            match = self._pattern.match(self._text, self._position)
            if match is None or match.end() == self._position:
                start = re.compile(r"\s*").match(self._text, self._position)
                at = self._position if start is None else start.end()
                line = self._line + self._text.count("\n", self._position, at)
                raise FormatError(f"line {line}: cannot read {self._text[at : at + 30]!r} as {self._form}")
            kind = match.lastgroup or ""
            line = self._line + self._text.count("\n", self._position, match.start(kind))
            if kind == "open":
                raise FormatError(f"line {line}: a comment begins with /* and nothing ends it")
            self._line += self._text.count("\n", self._position, match.end())
            self._position = match.end()
            if kind == "quoted":
                text = re.sub(r"\\(.)", lambda m: self._escapes.get(m[1], m[1]), match[kind], flags=re.DOTALL)
                return Word("name", text, line, quoted=True)
            if kind not in ("comment", "hash"):
                return Word(kind, match[kind], line)
        return None


def pairs_of_chain(chain: list[list[str]], have: int) -> Iterator[tuple[str, str]]:
    """Each pair that a chain of groups such as `a -> {b c} -> d` joins, for a graph that has so many edges already.

    Raises:
        FormatError: If groups of thousands make more edges than anybody draws.
    """
    made = sum(len(lefts) * len(rights) for lefts, rights in pairwise(chain))
    if have + made > _MOST:
        raise FormatError(f"the groups in braces make {have + made:,} edges; up to {_MOST:,} are read")
    for lefts, rights in pairwise(chain):
        yield from product(lefts, rights)
