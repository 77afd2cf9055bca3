"""Variables of a text of which nobody said any: the phrases on both sides of a causal verb."""

import re

from aitia.systems.recast.nodes import Nodes, normalised
from aitia.systems.recast.sentences import sentences_of
from aitia.systems.recast.verbs import INSIDE

__all__ = ["proposed"]

LONGEST = 6
"""Words of a phrase."""
_OPENING = re.compile(
    r"^(?:the|a|an|this|that|these|those|more|less|higher|lower|greater|fewer|any|some|many|its|their|our|"
    r"(?:an?\s+)?(?:significant|large|small|strong|further|overall)?\s*(?:increase|decrease|reduction|rise|fall|growth|"
    r"decline|drop|changes?)\s+(?:in|of))\s+",
    re.I,
)
_LEFT = re.compile(r"(?:[,;:()]|\b(?:and|but|that|which|because|since|while|when|as|if|although|however|thus)\b)")
_RIGHT = re.compile(
    r"(?:[,;:().!?]|\b(?:and|but|or|that|which|because|since|while|when|as|if|although|by|during|through|over|after|"
    r"before|with|from|than|to)\b)",
    re.I,
)
_PRONOUNS = frozenset(
    [
        "it",
        "this",
        "that",
        "they",
        "these",
        "those",
        "he",
        "she",
        "we",
        "i",
        "you",
        "which",
        "who",
        "there",
        "what",
        "one",
    ]
)


def proposed(text: str) -> Nodes | None:
    """Phrases around causal verbs, wordings with the same words in one; None where there are fewer than two.

    Example:
        >>> found = proposed("The price of bread raises hunger. Hunger leads to a rise in unrest.")
        >>> found.names
        ('price of bread', 'hunger', 'unrest')
    """
    groups: dict[frozenset[str], list[str]] = {}
    for sentence in sentences_of(text):
        for match in INSIDE.finditer(sentence.text):
            sides = (_LEFT.split(sentence.text[: match.start()].rstrip(" ,"))[-1],
                     _RIGHT.split(sentence.text[match.end() :].lstrip())[0])  # fmt: skip
            phrases = [_phrase(side) for side in sides]
            if all(phrases):
                for phrase in phrases:
                    groups.setdefault(normalised(phrase), []).append(phrase)
    kept = [tuple(dict.fromkeys(words)) for words in groups.values()]
    seen: set[str] = set()
    distinct = []
    for words in kept:
        if fresh := tuple(w for w in words if w.lower() not in seen):
            seen |= {w.lower() for w in fresh}
            distinct.append(fresh)
    return Nodes(tuple(distinct)) if len(distinct) > 1 else None


def _phrase(side: str) -> str:
    """Without what opens it; empty for a pronoun, or for more words than a variable has."""
    bare = side.strip().strip("\"'")
    while (shorter := _OPENING.sub("", bare)) != bare:
        bare = shorter
    words = re.sub(r"\s+(?:up|down|further|sharply|strongly|slightly|significantly)$", "", bare).split()
    return "" if not words or len(words) > LONGEST or words[0].lower() in _PRONOUNS else " ".join(words)
