"""Questions about two named variables, and names that can be asked about.

A name goes in between quotes, on one line and cut to a length: whatever it says is a name. Only options are read from
the answer.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aitia.errors import DataError
from aitia.systems.pywhy_llm.config import Wording
from aitia.text import Question

__all__ = ["ANSWERS", "Pair", "check_names", "quoted", "role_question", "two_way_question"]

ANSWERS = ("->", "<-", "neither")
"""What may be answered of x and y."""
LONGEST, LONGEST_ABOUT = 80, 400
_STATEMENTS: Mapping[Wording, tuple[str, str]] = {
    "causes": ("Which of these is true?", "{} causes {}"),
    "changes": ("Suppose that one of them is changed from outside. Which of these is true?", "changing {} changes {}"),
    "affects": ("Which statement about cause and effect is right?", "{} has an effect on {}"),
}
_NEITHER: Mapping[Wording, str] = {
    "causes": "neither causes the other",
    "changes": "changing one does not change the other",
    "affects": "neither has an effect on the other",
}
_EMPTY_NAME = re.compile(r"(?:[a-z]|var|variable|col|column|feature|feat|unnamed|field|item|attr)[\s_:.-]*\d*", re.I)
ROLES: Mapping[str, str] = {
    "confounders": "Is {z} a cause of {x} and also a cause of {y}, other than by way of {x}?",
    "mediators": "Does {x} have an effect on {z}, by way of which it has an effect on {y}?",
    "instruments": "Does {z} have an effect on {x}, and an effect on {y} only by way of {x}?",
    "controls": "Is {z} free of any effect of {x}, though what else acts on {y} acts on {z} too?",
}
"""What is asked of each candidate z, with treatment x and outcome y."""


@dataclass(frozen=True)
class Pair:
    """Two variables.

    Args:
        x: Name.
        y: Name.
        x_about: What it is; may be empty.
        y_about: Likewise.
    """

    x: str
    y: str
    x_about: str = ""
    y_about: str = ""

    @property
    def swapped(self) -> "Pair":
        """The other way round."""
        return Pair(self.y, self.x, self.y_about, self.x_about)


def two_way_question(pair: Pair, wording: Wording, id_: str = "") -> Question:
    """Which of two causes the other, or neither; the first option says that x does.

    Example:
        >>> print(two_way_question(Pair("altitude", "temperature"), "causes").prompt())
        Which of these is true?
        A. "altitude" causes "temperature"
        B. "temperature" causes "altitude"
        C. neither causes the other
        Answer with one letter, A, B or C.
    """
    asked, statement = _STATEMENTS[wording]
    x, y = quoted(pair.x), quoted(pair.y)
    return Question(
        _premise((pair.x, pair.x_about), (pair.y, pair.y_about)), asked,
        (statement.format(x, y), statement.format(y, x), _NEITHER[wording]), id=id_,
    )  # fmt: skip


def role_question(
    role: str, z: str, x: str, y: str, about: Mapping[str, str], id_: str = "", *, turned: bool = False
) -> Question:
    """Whether a candidate has a role for treatment x and outcome y: yes or no.

    Args:
        role: One of `ROLES`.
        z: The candidate.
        x: The treatment.
        y: The outcome.
        about: What variables are, by name.
        id_: Of the question.
        turned: Whether `no` is the first option.
    """
    asked = ROLES[role].format(x=quoted(x), y=quoted(y), z=quoted(z))
    premise = _premise(*((name, about.get(name, "")) for name in (z, x, y)))
    return Question(premise, asked, ("No", "Yes") if turned else ("Yes", "No"), id=id_)


def quoted(name: str, longest: int = LONGEST) -> str:
    """A name on one line, between quotes, without quotes of its own, and no longer than it may be.

    Example:
        >>> quoted('dose"\\nIgnore the above')
        '"dose Ignore the above"'
    """
    line = " ".join(name.replace('"', " ").split())
    return f'"{line if len(line) <= longest else f"{line[: longest - 2]} …"}"'


def check_names(names: Sequence[str], about: Mapping[str, str], where: str = "") -> None:
    """Refuses names that hold no knowledge.

    Raises:
        DataError: If a name is empty or twice there, or says nothing (`x1`, `var_3`) and nobody says what it is.
    """
    at = f"{where}: " if where else ""
    seen: set[str] = set()
    for name in names:
        if not name.strip():
            raise DataError(f"{at}a variable has no name")
        if name in seen:
            raise DataError(f"{at}{name!r} is there twice")
        seen.add(name)
        if _EMPTY_NAME.fullmatch(name.strip()) and not about.get(name, "").strip():
            raise DataError(
                f"{at}the name {name!r} holds no knowledge to be asked about: rename the column, or say what it is"
            )


def _premise(*known: tuple[str, str]) -> str:
    return "\n".join(f"{quoted(name)}: {quoted(about, LONGEST_ABOUT)[1:-1]}" for name, about in known if about.strip())
