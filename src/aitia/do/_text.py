"""The text form of an intervention, `do(x=1.5, y=shift(0.1))`."""

import json
import re
from dataclasses import fields
from typing import Any, NoReturn

from aitia.do.actions import ACTIONS, Categorical
from aitia.errors import InterventionError, join_names

__all__ = ["Reader", "target_text"]

_WORD = re.compile(r"""[^\s"',;=:(){}\[\]]+""")
_WORDS = re.compile(rf"\s*{_WORD.pattern}(?:\s+{_WORD.pattern})+(?=\s*(?:[,)]|$))")
_TARGET = re.compile(_WORD.pattern + r"(?:\[[^\[\]\"]*\])?")  # a place in a network ends in brackets: mlp[unit=17]
# 01 is a code and no number, as in a table; a lone 0 and 0.5 are numbers.
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![^\s,;:)}\]])")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"' + r"|'(?:[^'\\]|\\.)*'", re.DOTALL)
_QUOTES = "\"'"
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def target_text(target: Any) -> str:
    """A target as it stands in text: in quotes where it is a name that is no plain word."""
    text = str(target)
    plain = _TARGET.fullmatch(text) and text.isprintable()
    return text if plain or not isinstance(target, str) else json.dumps(text, ensure_ascii=False)


class Reader:
    """Reads the text form of an intervention from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def actions(self) -> dict[str, Any]:
        wrapped = self._take(re.compile(r"do\s*\(")) is not None
        actions: dict[str, Any] = {}
        while not self._at_end(wrapped):
            start = self.at
            name = self._string()
            if name is None and (name := self._take(_TARGET)) is None:
                self._fail()
            if name in actions:
                self.at = start
                self._fail(f"{name!r} is set twice")
            self._expect("=")
            begin = self.at
            actions[name] = self._action()
            if not self._at_end(wrapped):
                self._several_words(begin)
                self._expect(",")
        if wrapped:
            self._expect(")")
        self._skip()
        if self.at < len(self.text):
            self._fail()
        return actions

    def _action(self) -> Any:
        start = self.at
        call = self._take(re.compile(r"[A-Za-z]+\s*\("))
        if call is None:
            return self._tuple() if self._take(re.compile(r"\[")) else self._value()
        kind = ACTIONS.get(call[:-1].strip().lower())
        if kind is None:
            self.at = start
            self._fail(f"{call[:-1].strip()!r} is not one of {join_names(ACTIONS)}")
        arguments = [self._mapping()] if kind is Categorical else self._numbers(")")
        if kind is Categorical:
            self._expect(")")
        wanted = len(fields(kind))  # type: ignore[arg-type]
        if len(arguments) != wanted:
            self.at = start
            self._fail(f"{call[:-1].strip()} takes {wanted} number{'s' * (wanted > 1)}, got {len(arguments)}")
        return kind(*arguments)

    def _tuple(self) -> tuple[Any, ...]:
        return tuple(self._numbers("]"))

    def _numbers(self, close: str) -> list[Any]:
        found: list[Any] = []
        while self._take(re.compile(re.escape(close))) is None:
            if found:
                self._expect(",")
            found.append(self._number())
        return found

    def _mapping(self) -> dict[Any, float]:
        found: dict[Any, float] = {}
        self._expect("{")
        while self._take(re.compile(r"\}")) is None:
            if found:
                self._expect(",")
            label = self._value()
            self._expect(":")
            found[label] = self._number()
        return found

    def _number(self) -> Any:
        token = self._take(_NUMBER)
        if token is None:
            self._fail("a number is expected")
        return int(token) if re.fullmatch(r"[+-]?\d+", token) else float(token)

    def _value(self) -> Any:
        string = self._string()
        if string is not None:
            return string
        self._skip()
        if _NUMBER.match(self.text, self.at):
            return self._number()
        word = self._take(_WORD)
        if word is None:
            self._fail("a value is expected")
        if word.lower() in ("nan", "inf", "-inf", "+inf", "infinity"):
            return float(word)  # `Value` refuses it with the reason
        return {"True": True, "False": False}.get(word, word)

    def _string(self) -> str | None:
        token = self._take(_STRING)
        if token is None or token[0] == "'":
            return None if token is None else _ESCAPED.sub(r"\1", token[1:-1])
        try:
            return str(json.loads(token, strict=False))  # a line break may stand in a label as it is
        except json.JSONDecodeError:
            return _ESCAPED.sub(r"\1", token[1:-1])

    def _skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        self._skip()
        match = pattern.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match[0]

    def _expect(self, symbol: str) -> None:
        if self._take(re.compile(re.escape(symbol))) is None:
            self._fail(f"{symbol!r} is expected")

    def _several_words(self, begin: int) -> None:
        """Refuses a label of several words without quotes, with the quotes that it lacks."""
        words = _WORDS.match(self.text, begin)
        if words is not None and self.at < words.end():
            said = words[0].strip()
            self._fail(
                f"{said!r} is of several words and stands in double quotes: {json.dumps(said, ensure_ascii=False)}"
            )

    def _at_end(self, wrapped: bool) -> bool:
        self._skip()
        return self.at >= len(self.text) or (wrapped and self.text[self.at] == ")")

    def _fail(self, reason: str = "") -> NoReturn:
        near = self.text[max(0, self.at - 15) : self.at + 20]
        quoted = '. A label that is no plain word stands in double quotes, with \\ before each " of its own: x="6\\""'
        raise InterventionError(
            f"cannot read an intervention at character {self.at} near {near!r}"
            f"{': ' + reason if reason else ''}. Write it as 'do(x=1.5, y=shift(0.1))'"
            f"{quoted if any(mark in self.text for mark in _QUOTES) else ''}"
        )
