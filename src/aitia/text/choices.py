"""Which option an answer chose: by its letter or its words, and by nothing else.

What is silent, does not know, names two options or none, or wants more words to be understood chooses nothing. It is
never read as "no", and never as the first option.
"""

import json
import re
from collections.abc import Sequence

from aitia.errors import OptionError

__all__ = ["LETTERS", "parse_choice"]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""What options are lettered with, so that there are 26 at most."""

_TAG = re.compile(r"<answer>(.*?)</answer>|\\boxed\{(?:\\text\w*\{)?([^{}]*)\}", re.IGNORECASE | re.DOTALL)
_UNFINISHED = re.compile(r"<answer>(?!.*</answer>)", re.IGNORECASE | re.DOTALL)
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.IGNORECASE | re.DOTALL)
_STATED = re.compile(r"\b(?:answer|choice|option)(?: is| would be|\s*[:=])+", re.IGNORECASE)
_CALLED = re.compile(r"(?:the )?(?:(?:final|correct|right|best) )?(?:answer|choice|option)\b[\s:=]*", re.IGNORECASE)
_NOT_KNOWN = re.compile(
    r"\b(?:do(?:es)?(?:n.?t| not) know|not (?:sure|certain|clear|known|enough)|no (?:idea|answer|way to)|unsure|unclear"
    r"|(?:can ?not|can.?t|could(?:n.?t| not)|unable to|impossible to|not possible to) "
    r"(?:be |really |possibly )?(?:\w+ed\b|answer|say|tell|determine|decide|know|help|assist)"
    r"|none of (?:the|these)|neither|n/?a|i refuse|(?:can ?not|can.?t|won.?t) (?:help|answer))\b",
    re.IGNORECASE,
)
_TURNED = re.compile(
    r"\W*(?:or|nor|and|not|is(?: not|n.?t)?|was(?: not|n.?t)?|(?:in)?correct|wrong|false|can.?t|cannot)\b"
)
_ORNAMENT = "*_`'\"“”‘’#> \t\r\n"
_BRACKETED = re.compile(r"([^()\[\]]+?)\s*[(\[]([^()\[\]]+)[)\]]\W*")
_FIRST = re.compile(r"[(\[]?(?P<letter>[A-Za-z])(?:[)\]]|[.:](?=\s|$)|\)|(?=\s*$))")


def parse_choice(text: str, options: Sequence[str]) -> int | None:
    """The number of the option that an answer chose, or None where it does not say one and one alone.

    Read are, in this order: what stands between `<answer>` tags; a JSON object with `answer`; the whole answer; what
    follows "answer is" or "answer:"; the first line. Each has to be a letter, the words of an option, or both of one.

    Args:
        text: The answer, verbatim.
        options: In the order in which they were lettered.

    Raises:
        OptionError: If there are fewer than two options, more than 26, one is empty or two are the same.

    Example:
        >>> options = ("Yes", "No")
        >>> [parse_choice(t, options) for t in ("B", "(A) Yes", "The answer is **no**.", "", "I do not know", "A or B")]
        [1, 0, 1, None, None, None]
    """
    check_options(options)
    said = _THOUGHT.sub(" ", text).strip()
    if not said or _UNFINISHED.search(said):
        return None
    if tagged := _TAG.findall(said):
        return _agreed([_one("".join(parts), options) for parts in tagged])
    found = _one(said, options)
    if found is not None:
        return found
    if (inside := _in_json(said)) is not None:
        return _one(inside, options)
    if _hesitates(said, options):
        return None
    if len(stated := _STATED.split(said)) > 1:
        return _agreed([_opening(part, options) for part in stated[1:]])
    return _opening(said, options)


def check_options(options: Sequence[str]) -> None:
    """Refuses options that an answer could not be told apart by.

    Raises:
        OptionError: As for `parse_choice`.
    """
    if not 2 <= len(options) <= len(LETTERS):
        raise OptionError(f"a question has 2 to {len(LETTERS)} options, got {len(options)}")
    plain = [_plain(option) for option in options]
    if not all(plain):
        raise OptionError("an option is empty: give each at least one letter or digit")
    if len(set(plain)) < len(plain):
        twice = next(option for option, p in zip(options, plain, strict=True) if plain.count(p) > 1)
        raise OptionError(f"two options read alike ({twice[:60]!r}): an answer could not be told apart")


def _plain(text: str) -> str:
    """Lower case, without ornament around it and with single spaces; what has no word keeps its signs."""
    whole = " ".join(text.casefold().split())
    return whole.strip(_ORNAMENT + ".,;:!").strip() or whole


def _agreed(found: Sequence[int | None]) -> int | None:
    """The option that all of them say."""
    return found[0] if len(set(found)) == 1 else None


def _in_json(text: str) -> str | None:
    start, end = text.find("{"), text.rfind("}")
    if not 0 <= start < end:
        return None
    try:
        value = json.loads(text[start : end + 1]).get("answer")
    except (ValueError, AttributeError, RecursionError):
        return None
    return value if isinstance(value, str) else None


def _one(text: str, options: Sequence[str]) -> int | None:
    """The option that a text is: its letter, its words, or its letter and then its words."""
    plain = _plain(text)
    words = [_plain(option) for option in options]
    if plain in words:
        return words.index(plain)
    bare = _CALLED.sub("", text.strip(_ORNAMENT), count=1) if _CALLED.match(text.strip(_ORNAMENT)) else text
    bare = bare.strip(_ORNAMENT)
    if (both := _BRACKETED.fullmatch(bare)) is not None:  # B (No), No (B)
        outer, inner = (_one(part, options) for part in both.groups())
        return outer if outer == inner else None
    first = _FIRST.match(bare)
    if first is None:
        return words.index(_plain(bare)) if _plain(bare) in words else None
    number = LETTERS.find(first["letter"].upper())
    rest = _plain(bare[first.end() :].lstrip(" -–—:.*_"))
    return number if 0 <= number < len(options) and rest in ("", words[number]) else None


def _opening(text: str, options: Sequence[str]) -> int | None:
    """The option that the first line of a text begins with, as a whole clause."""
    line = text.strip(_ORNAMENT).split("\n", 1)[0]
    if (whole := _one(line, options)) is not None:
        return whole
    words = [_plain(option) for option in options]
    first = _FIRST.match(line)
    if first is None:
        plain = " ".join(line.casefold().split()).lstrip(_ORNAMENT)
        return _only([k for k, option in enumerate(words) if _starts(plain, option)])
    number = LETTERS.find(first["letter"].upper())
    rest = " ".join(line[first.end() :].casefold().split()).lstrip(" -–—:.*_")
    named = [k for k, option in enumerate(words) if _starts(rest, option)]
    if not 0 <= number < len(options) or named not in ([], [number]) or _TURNED.match(rest):
        return None
    return number


def _only(found: Sequence[int]) -> int | None:
    return found[0] if len(found) == 1 else None


def _starts(text: str, option: str) -> bool:
    """Whether a text begins with an option and a sign that ends its clause."""
    if not text.startswith(option):
        return False
    after = text[len(option) :].lstrip("*_`'\"”’)")
    return not after or after[0] in ".,;:!\n–—" or after.startswith((" -", " –", " —", " because ", " since "))


def _hesitates(text: str, options: Sequence[str]) -> bool:
    """Whether an answer says that it does not know, in words that no option has."""
    held = " ".join(_plain(option) for option in options)
    return any(match.group().casefold() not in held for match in _NOT_KNOWN.finditer(text))
