"""What answers about pairs rest on: names and descriptions as they are, under coined names, and with a word gone.

Published pairs are in the training texts of large models, and a right answer may be recalled. Under coined names with
the descriptions a model that reasons from what the variables are is as right as before, and one that knows the pair by
its name is not. Under coined names alone nothing is left to know: what is still right there is not known. A deleted
word that moves the answer is one that it rests on.

Source:
    Kiciman, Ness, Sharma and Tan, Causal reasoning and large language models, TMLR (2024), sections 3.1 and 5: the
    probes of memory and of redaction. Coined names are ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aitia.stats.shares import wilson_interval
from aitia.systems.pywhy_llm.renaming import without_words
from aitia.systems.pywhy_llm.wording import Pair

if TYPE_CHECKING:
    from aitia.systems.pywhy_llm.model import PywhyLlm

__all__ = ["Probe", "Word", "probed", "words_that_move"]


@dataclass(frozen=True)
class Probe:
    """How often the direction is right in one way of asking.

    Args:
        names: `own`, `described` or `coined`; see `renaming.NAMES`.
        right: Of how many pairs.
        pairs: That were asked.
        undecided: Of how many the orders differ, or nothing was said.
        same: Of how many the answer is that under the names themselves.
    """

    names: str
    right: int
    pairs: int
    undecided: int
    same: int

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, of the share that is right."""
        return wilson_interval(self.right, self.pairs)


@dataclass(frozen=True)
class Word:
    """A word that was deleted.

    Args:
        row: Number of the pair.
        where: `name` or `description`.
        word: Which.
        before: The answer with it.
        after: Without it.
    """

    row: int
    where: str
    word: str
    before: str
    after: str

    @property
    def moves(self) -> bool:
        """Whether the answer is another without it."""
        return self.before != self.after


def probed(system: "PywhyLlm", pairs: Sequence[Pair], true: Sequence[str], **asked: Any) -> list[Probe]:
    """The pairs under their names, under coined names with descriptions (where all have one), and without.

    Args:
        system: Bound to the model that is asked.
        pairs: Of names.
        true: The right answer of each.
        asked: `log` and `progress`, as in `PywhyLlm.ask`.
    """
    whole = all(pair.x_about.strip() and pair.y_about.strip() for pair in pairs)
    found: list[Probe] = []
    own: list[str] = []
    for names in ("own", *(("described",) if whole else ()), "coined"):
        said = [verdict.answer for verdict in system.do({"names": names}).ask(pairs, **asked)]
        own = own or said
        right = sum(a == t for a, t in zip(said, true, strict=True))
        same = sum(a == b for a, b in zip(said, own, strict=True))
        found.append(Probe(names, right, len(pairs), said.count("undecided"), same))
    return found


def words_that_move(system: "PywhyLlm", pairs: Sequence[Pair], **asked: Any) -> list[Word]:
    """What the answers are with each word of names and descriptions gone, one at a time.

    Args:
        system: Bound to the model that is asked.
        pairs: Of names.
        asked: `log` and `progress`, as in `PywhyLlm.ask`.
    """
    before = [verdict.answer for verdict in system.ask(pairs, **asked)]
    deleted = [(row, *each) for row, pair in enumerate(pairs) for each in without_words(pair)]
    after = system.ask([rest for *_, rest in deleted], **asked) if deleted else []
    return [
        Word(row, where, word, before[row], verdict.answer)
        for (row, where, word, _), verdict in zip(deleted, after, strict=True)
    ]
