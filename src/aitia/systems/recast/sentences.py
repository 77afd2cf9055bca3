"""Sentences of a text, each with its place, so that what is quoted stands there letter by letter."""

import re
from dataclasses import dataclass

__all__ = ["Sentence", "sentences_of"]

_ABBREVIATED = r"(?<!\b[A-Z])(?<!\be\.g)(?<!\bi\.e)(?<!\bcf)(?<!\bvs)(?<!\bal)(?<!\bDr)(?<!\bMr)(?<!\bMs)(?<!\bFig)"
_END = re.compile(rf"(?:{_ABBREVIATED}[.!?]+[\"')\]]*(?=\s|$)|\n\s*\n)")


@dataclass(frozen=True)
class Sentence:
    """A sentence and where it stands.

    Args:
        text: As it is in the text.
        start: Its first character.
    """

    text: str
    start: int

    @property
    def stop(self) -> int:
        """The character behind its last."""
        return self.start + len(self.text)


def sentences_of(text: str) -> list[Sentence]:
    """The sentences of a text, without the blanks around them; an empty line ends one too.

    Example:
        >>> [s.text for s in sentences_of("Rain falls, e.g. in May. It wets 3.5 fields!  Then\\n\\nsun")]
        ['Rain falls, e.g. in May.', 'It wets 3.5 fields!', 'Then', 'sun']
    """
    found: list[Sentence] = []
    begin = 0
    for stop in [*(match.end() for match in _END.finditer(text)), len(text)]:
        piece = text[begin:stop]
        if bare := piece.strip():
            found.append(Sentence(bare, begin + len(piece) - len(piece.lstrip())))
        begin = stop
    return found
