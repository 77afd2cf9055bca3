"""Causal words of English: which way they point, and whether the effect goes up or down with its cause."""

import re
from collections.abc import Iterable

__all__ = ["BACKWARD", "FORWARD", "INSIDE", "JOINED", "MOVES", "NEGATED", "PASSIVE", "WHILE", "sign_of"]

_UP = (
    "raise", "increase", "boost", "improve", "strengthen", "enhance", "promote", "encourage", "fuel", "lift", "spur",
    "stimulate", "accelerate", "worsen", "intensify", "amplify", "heighten", "elevate", "expand",
)  # fmt: skip
_DOWN = (
    "reduce", "lower", "decrease", "weaken", "limit", "dampen", "curb", "erode", "diminish", "hinder", "inhibit",
    "suppress", "discourage", "prevent", "slow", "undermine", "impede", "cut", "mitigate", "shrink",
)  # fmt: skip
_PLAIN = (
    "cause", "affect", "influence", "shape", "determine", "trigger", "produce", "create", "generate", "induce",
    "change", "alter", "feed", "provoke", "drive",
)  # fmt: skip
_UP_PHRASES = ("lead to", "leads to", "led to", "leading to", "result in", "results in", "resulted in", "resulting in",
               "contribute to", "contributes to", "contributed to", "bring about", "brings about", "brought about",
               "give rise to", "gives rise to", "gave rise to", "push up", "pushes up", "pushed up")  # fmt: skip
_DOWN_PHRASES = ("hold back", "holds back", "held back", "cut into", "cuts into", "bring down", "brings down",
                 "brought down")  # fmt: skip
_BACK = (
    "because of", "due to", "owing to", "thanks to", "as a result of", "in response to", "results? from",
    "resulted from", "stems? from", "stemmed from", "arises? from", "arose from", "depends? (?:up)?on", "depended on",
    "follows? from", "(?:is|are|was|were) (?:a|the|one) (?:direct )?(?:result|consequence|effect|function|product) of",
    "ow(?:e|es|ed) (?:its|their) \\w+ to", "responds? to", "responded to", "reacts? to", "suffers? from",
    "suffered from", "benefits? from", "benefited from", "caused by",
)  # fmt: skip
_IRREGULAR = {"feed": ("feed", "feeds", "fed", "feeding"), "cut": ("cut", "cuts", "cutting"),
              "drive": ("drive", "drives", "drove", "driven", "driving"),
              "shrink": ("shrink", "shrinks", "shrank", "shrunk", "shrinking")}  # fmt: skip


def _inflected(verb: str) -> tuple[str, ...]:
    """Base, third person, past and gerund; English of both sides of the Atlantic."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith("e"):
        return (verb, f"{verb}s", f"{verb}d", f"{verb[:-1]}ing")
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return (verb, f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb}ing")
    doubled = {"fuel": "fuell", "spur": "spurr", "curb": "curb"}.get(verb, verb)
    return (verb, f"{verb}s", f"{verb}ed", f"{verb}ing", f"{doubled}ed", f"{doubled}ing")


def _participles(verb: str) -> tuple[str, ...]:
    found = {"feed": ("fed",), "cut": ("cut",), "drive": ("driven",), "shrink": ("shrunk",)}
    return found.get(verb, tuple(w for w in _inflected(verb) if w.endswith("ed")))


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(dict.fromkeys(w.replace(" ", r"\s+") for w in words), key=len, reverse=True))


_LEAD = (
    r"(?:\w+ly|can|may|might|will|would|could|should|also|often|further|then|in\s+turn|thus|tends?\s+to|"
    r"helps?(?:\s+to)?|has|have|had)"
)
_FILL = r"(?!and\b|or\b|but\b|that\b|which\b|while\b|when\b|than\b|not\b|no\b|by\b|with\b)[\w'-]+"
_VERBS = _any([*(w for v in (*_UP, *_DOWN, *_PLAIN) for w in _inflected(v)), *_UP_PHRASES, *_DOWN_PHRASES])
FORWARD = re.compile(
    rf"^\W*(?:which\s+|that\s+)?(?:{_LEAD}\s+){{0,3}}(?P<verb>{_VERBS})(?:\s+{_FILL}){{0,4}}\s*$", re.I
)
"""Between cause and effect: `A raises B`."""
PASSIVE = re.compile(
    rf"^\W*(?:{_LEAD}\s+){{0,3}}(?:is|are|was|were|be|been|being|get|gets|got)\s+(?:{_LEAD}\s+){{0,2}}"
    rf"(?P<verb>{_any(w for v in (*_UP, *_DOWN, *_PLAIN) for w in _participles(v))})\s+(?:\w+ly\s+)?by"
    rf"(?:\s+{_FILL}){{0,4}}\s*$",
    re.I,
)
"""Between effect and cause: `B is raised by A`."""
BACKWARD = re.compile(rf"^\W*(?:{_FILL}\s+){{0,4}}(?P<verb>{'|'.join(_BACK)})(?:\s+{_FILL}){{0,4}}\s*$", re.I)
"""Between effect and cause: `B grows because of A`."""
INSIDE = re.compile(
    rf"\b(?:{_LEAD}\s+)*(?:(?:is|are|was|were|been|being)\s+(?:\w+ly\s+)?"
    rf"(?:{_any(w for v in (*_UP, *_DOWN, *_PLAIN) for w in _participles(v))})\s+by|{'|'.join(_BACK)}|(?:{_VERBS}))\b",
    re.I,
)
"""A causal verb or phrase anywhere in a sentence."""
_RISES = ("rise", "rises", "grow", "grows", "increase", "increases", "climb", "climbs", "go up", "goes up")
_FALLS = ("fall", "falls", "drop", "drops", "decline", "declines", "decrease", "decreases", "shrink", "shrinks")
MOVES = rf"(?:{_any((*_RISES, *_FALLS))})"
WHILE = re.compile(rf"^\s*(?P<effect>{MOVES})\s+(?:as|when|whenever|if|once)\s*$", re.I)
"""Between effect and cause: `B falls as A grows`."""
JOINED = re.compile(r"^\s*(?:,\s*)?(?:and|or|as\s+well\s+as|,|both)\s*(?:the\s+|a\s+|an\s+)?$", re.I)
"""Between members of a list."""
NEGATED = re.compile(
    r"\b(?:not|never|no|nor|neither|hardly|without|contrary|unlikely|denied|denies|false|rather\s+than)\b|n't\b", re.I
)


def sign_of(verb: str) -> int:
    """1 where the effect goes the way of its cause, -1 where it goes against it, 0 where a word does not say.

    Example:
        >>> sign_of("raises"), sign_of("curbed"), sign_of("affects")
        (1, -1, 0)
    """
    word = " ".join(verb.lower().split())
    if word in _SIGNS:
        return _SIGNS[word]
    return 0


_SIGNS = {
    **{w: 1 for v in _UP for w in _inflected(v)},
    **{w: -1 for v in _DOWN for w in _inflected(v)},
    **dict.fromkeys(_UP_PHRASES, 1),
    **dict.fromkeys(_DOWN_PHRASES, -1),
}
