"""Correlations and independences of a closed system in words, and a causal hypothesis about two of its variables.

    Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations among these 3 variables
    are as follows: A correlates with B. B correlates with C. However, A is independent of C.

First stands every pair that is dependent by itself, then every independence, pair by pair, by itself and then given
others in lexicographic order. Dependences given others are not stated: the system is closed, so they follow.

What is written here is read back by `read_premise` and `read_hypothesis`, whatever the variables are called: the names
are taken from the first sentence, and every sentence has to be one of the three kinds.

Source:
    Jin et al., Can large language models infer causation from correlation?, ICLR 2024; the wording is theirs.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aitia.errors import DataError, OptionError, join_names
from aitia.graph.separation import Independence

__all__ = [
    "Hypothesis", "Premise", "check_names", "hypothesis_text", "listed", "read_hypothesis", "read_premise",
    "sentence_of",
]  # fmt: skip

PUBLISHED: Mapping[str, tuple[str, ...]] = {
    "parent": ("{x} directly causes {y}.",),
    "ancestor": ("{x} causes something else which causes {y}.", "{x} is a cause for {y}, but not a direct one."),
    "collider": ("There exists at least one collider (i.e., common effect) of {x} and {y}.",),
    "confounder": ("There exists at least one confounder (i.e., common cause) of {x} and {y}.",),
}
"""The sentences of each kind of hypothesis, as they are published;"""
PARAPHRASED: Mapping[str, tuple[str, ...]] = {
    "parent": ("{x} directly affects {y}.",),
    "ancestor": ("{x} influences {y} through some mediator(s).",),
    "collider": ("{x} and {y} together cause some other variable(s).",),
    "confounder": ("Some variable(s) cause(s) both {x} and {y}.",),
}
"""and those that say the same in other words."""
_OPENING = "Suppose there is a closed system of {n} variables, {names}. All the statistical relations among these {n} variables are as follows: "  # noqa: E501
_HOWEVER = "However, "
_ASKED = re.compile(r"(?:Hypothesis:|Can we deduce the following:)\s*", re.IGNORECASE)
_WORDS = frozenset(
    word.strip(".,():{}")
    for text in (_OPENING, "correlates with is independent of are independent given and however",
                 *(t for of in (*PUBLISHED.values(), *PARAPHRASED.values()) for t in of))
    for word in text.split()
) - {"a", "x", "y", "n", "names"}  # fmt: skip
"""Words that no variable may be called; the article in small letters is told from a variable A."""


@dataclass(frozen=True)
class Premise:
    """What is stated of a closed system.

    Args:
        names: Of its variables.
        dependent: Pairs that are dependent by themselves.
        independent: The independences.
    """

    names: tuple[str, ...]
    dependent: tuple[tuple[str, str], ...]
    independent: tuple[Independence, ...]

    @property
    def sentences(self) -> list[str]:
        """Its statements in words."""
        return [*(f"{x} correlates with {y}." for x, y in self.dependent), *map(sentence_of, self.independent)]

    def renamed(self, names: Mapping[str, str]) -> "Premise":
        """The same of variables called otherwise, in the order of their new names' places in the old list or, where
        the names are new, in that of the old ones; statements are put in order again."""
        called = tuple(names[name] for name in self.names)
        order = self.names if set(called) == set(self.names) else called
        place = {name: k for k, name in enumerate(order)}

        def pair(x: str, y: str) -> tuple[str, str]:
            first, second = sorted((names[x], names[y]), key=place.__getitem__)
            return first, second

        independent = [
            Independence(*pair(x, y), tuple(sorted((names[z] for z in given), key=place.__getitem__)))
            for x, y, given in self.independent
        ]
        independent.sort(key=lambda one: (place[one.x], place[one.y], [place[z] for z in one.given]))
        dependent = sorted((pair(x, y) for x, y in self.dependent), key=lambda of: (place[of[0]], place[of[1]]))
        return Premise(order, tuple(dependent), tuple(independent))

    def __str__(self) -> str:
        told = " ".join(f"{x} correlates with {y}." for x, y in self.dependent)
        rest = " ".join(map(sentence_of, self.independent))
        between = f" {_HOWEVER}" if told and rest else ""
        return (_OPENING.format(n=len(self.names), names=listed(self.names)) + told + between + rest).rstrip()


@dataclass(frozen=True)
class Hypothesis:
    """What is asked of two variables.

    Args:
        kind: `parent` or `ancestor` (x of y), or `collider` or `confounder` of both.
        x: A variable.
        y: Another one.
    """

    kind: str
    x: str
    y: str


def sentence_of(independence: Independence) -> str:
    """An independence in words.

    Example:
        >>> sentence_of(Independence("A", "B", ("C", "D", "E")))
        'A and B are independent given C, D and E.'
    """
    x, y, given = independence
    return f"{x} and {y} are independent given {listed(given)}." if given else f"{x} is independent of {y}."


def listed(names: Sequence[str]) -> str:
    """Names as `A`, `A and B`, `A, B and C`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def hypothesis_text(asked: Hypothesis, *, paraphrased: bool = False, form: int = 0) -> str:
    """A hypothesis in words.

    Args:
        asked: The hypothesis.
        paraphrased: Whether in other words than the published ones.
        form: Which sentence, where a kind has several; counted on from the last to the first again.

    Example:
        >>> hypothesis_text(Hypothesis("ancestor", "A", "C"), form=1)
        'A is a cause for C, but not a direct one.'
    """
    forms = (PARAPHRASED if paraphrased else PUBLISHED)[asked.kind]
    return forms[form % len(forms)].format(x=asked.x, y=asked.y)


def check_names(names: Sequence[str]) -> tuple[str, ...]:
    """Names that can be told apart from each other and from the words around them.

    Raises:
        OptionError: If a name is empty, given twice, holds a comma, a full stop, a line break or "and", or is a word of
            the sentences.
    """
    if twice := sorted({name for name in names if list(names).count(name) > 1}):
        raise OptionError(f"two variables are called {twice[0]!r}: give each a name of its own")
    for name in names:
        if not name.strip() or name != " ".join(name.split()) or re.search(r"[.,:()]|\band\b", name):
            raise OptionError(
                f"{name!r} cannot be the name of a variable in a sentence: it is empty, or holds spaces at its ends, a "
                'line break, a sign of punctuation or the word "and"'
            )
        if name in _WORDS:
            raise OptionError(f"{name!r} is a word of the sentences themselves: call the variable otherwise")
    return tuple(names)


def read_premise(text: str) -> Premise:
    """The statements of a premise; every sentence is read, or the premise is refused.

    Raises:
        DataError: If there is no list of variables, their number is another than is said, a sentence is of no known
            kind or names something else, or one is stated twice; says which.
    """
    said = " ".join(text.split()).removeprefix("Premise:").strip()
    opening = re.match(
        r"Suppose there is a closed system of (\d+) variables?, (.+?)\. All the statistical relations among these "
        r"(\d+) variables? are as follows:\s*", said,
    )  # fmt: skip
    if opening is None:
        raise DataError(
            f'a premise begins with "Suppose there is a closed system of N variables, ..."; this one with {said[:60]!r}'
        )
    try:
        names = check_names(re.split(r", | and ", opening[2]))
    except OptionError as error:
        raise DataError(f"the premise cannot be read: {error}") from error
    if len(names) != int(opening[1]) or len(names) < 2:
        raise DataError(f"the premise speaks of {opening[1]} variables and names {len(names)}: {join_names(names)}")
    dependent, independent = _sentences(said, opening.end(), names)
    stated: list[object] = [*map(frozenset, dependent)]
    stated += [(frozenset((one.x, one.y)), frozenset(one.given)) for one in independent]
    if len(set(stated)) < len(stated):
        sentences = [*(f"{x} correlates with {y}." for x, y in dependent), *map(sentence_of, independent)]
        again = next(k for k, one in enumerate(stated) if one in stated[:k])
        raise DataError(f"the premise states twice: {sentences[again]!r}")
    return Premise(names, tuple(dependent), tuple(independent))


def _sentences(said: str, at: int, names: Sequence[str]) -> tuple[list[tuple[str, str]], list[Independence]]:
    """The statements from a place on."""
    name = _one_of(names)
    kinds = (
        re.compile(rf"({name}) correlates with ({name})\.\s*"),
        re.compile(rf"({name}) is independent of ({name})\.\s*"),
        re.compile(rf"({name}) and ({name}) are independent given ({name}(?:, {name})*(?: and {name})?)\.\s*"),
    )
    however = re.compile(r"However,\s*")
    dependent: list[tuple[str, str]] = []
    independent: list[Independence] = []
    while at < len(said):
        if skipped := however.match(said, at):
            at = skipped.end()
            continue
        found = next((match for kind in kinds if (match := kind.match(said, at))), None)
        sentence = said[at:].split(". ")[0][:90]
        if found is None:
            raise DataError(
                f"this is none of the statements that a premise makes about {join_names(names, 8)}: {sentence!r}"
            )
        x, y, *rest = found.groups()
        given = tuple(re.split(r", | and ", rest[0])) if rest else ()
        if len({x, y, *given}) < 2 + len(given):
            raise DataError(f"a statement names a variable twice: {sentence!r}")
        if found.re is kinds[0]:
            dependent.append((x, y))
        else:
            independent.append(Independence(x, y, given))
        at = found.end()
    return dependent, independent


def read_hypothesis(text: str, names: Iterable[str]) -> Hypothesis:
    """The hypothesis that a sentence states, with or without the words of the question around it.

    Raises:
        DataError: If it is of no known wording, or names something else than two of the variables.
    """
    known = tuple(names)
    said = _ASKED.sub("", " ".join(text.split())).strip().rstrip("?.").strip()
    name = _one_of(known)
    for templates in (PUBLISHED, PARAPHRASED):
        for kind, forms in templates.items():
            for form in forms:
                pattern = re.escape(form.rstrip(".")).replace(r"\{x\}", f"(?P<x>{name})").replace(
                    r"\{y\}", f"(?P<y>{name})"
                )  # fmt: skip
                if found := re.fullmatch(pattern, said):
                    if found["x"] == found["y"]:
                        raise DataError(f"the hypothesis is about {found['x']!r} and itself: {said[:90]!r}")
                    return Hypothesis(kind, found["x"], found["y"])
    raise DataError(f"this is no hypothesis of a known wording about two of {join_names(known, 8)}: {said[:90]!r}")


def _one_of(names: Sequence[str]) -> str:
    """A pattern for each of the names, the longest first."""
    return "(?:" + "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)) + ")"
