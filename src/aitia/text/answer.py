"""What a model answered, verbatim, and what it took."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from aitia.errors import FormatError

__all__ = ["Answer"]


@dataclass(frozen=True)
class Answer:
    """One answer.

    Args:
        text: As it came, without white space around it.
        finish: Why it ended: `stop`, `length` (it is cut), or what else the endpoint says; empty where nobody says.
        input_tokens: Read for it; None where nobody counted.
        output_tokens: Written.
        cost: In the currency of the prices; 0 where there are none.
        refused: Whether the model declined to answer.
        value: What the text says under a schema; None without one.
        fault: Why there is no answer of use: nothing came, or it does not keep to the schema. Empty where it is well.
        by: The model that an endpoint says answered.
        cached: Whether it was at hand already, so that nothing was asked.
    """

    text: str
    finish: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float = 0.0
    refused: bool = False
    value: Any = None
    fault: str = ""
    by: str = ""
    cached: bool = False

    @property
    def cut(self) -> bool:
        """Whether it broke off at the limit of tokens."""
        return self.finish == "length"

    def to_json(self) -> dict[str, Any]:
        """As JSON values; what is empty is left out."""
        held = {name: value for name, value in asdict(self).items() if name not in ("cached", "value")}
        return {"text": self.text} | {name: value for name, value in held.items() if value not in (None, "", 0, False)}

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> "Answer":
        """The answer that `to_json` gave, at hand already.

        Raises:
            FormatError: If it is none.
        """
        if not isinstance(held, Mapping) or not isinstance(held.get("text"), str):
            raise FormatError(f"an answer has a text, got {str(held)[:80]}")
        known = {name: held[name] for name in _TYPES if name in held}
        if odd := [name for name, value in known.items() if type(value) not in _TYPES[name]]:
            raise FormatError(f"the {odd[0]} of an answer is {str(known[odd[0]])[:40]!r}")
        return replace(cls(**known), cached=True)


_TYPES: Mapping[str, tuple[type, ...]] = {
    "text": (str,), "finish": (str,), "input_tokens": (int, type(None)), "output_tokens": (int, type(None)),
    "cost": (float, int), "refused": (bool,), "fault": (str,), "by": (str,),
}  # fmt: skip
"""Of what is kept of an answer."""
