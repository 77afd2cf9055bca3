"""What a model answers of pairs, in both orders and several votes, and what of that stands."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aitia.systems.pywhy_llm.config import Wording
from aitia.systems.pywhy_llm.wording import ANSWERS, ROLES, Pair, role_question, two_way_question
from aitia.text import answer_questions

if TYPE_CHECKING:
    from aitia.engine import Progress
    from aitia.text import Client

__all__ = ["UNDECIDED", "Verdict", "ask_pairs", "ask_role", "cost_of"]

UNDECIDED = "undecided"
_TURNED = {"->": "<-", "<-": "->", "neither": "neither"}


@dataclass(frozen=True)
class Verdict:
    """What was said of a pair.

    Args:
        answer: `->` (x causes y), `<-`, `neither`, or `undecided` where orders or votes disagree or say nothing.
        confidence: Share of all times that it was asked in which this was said; 0 where it is undecided.
        said: What was said each time, of x and y as they are; None where no option was named.
        texts: The same, verbatim.
        firsts: How often the first option was chosen.
    """

    answer: str
    confidence: float
    said: tuple[str | None, ...]
    texts: tuple[str, ...]
    firsts: int

    @property
    def consistent(self) -> bool:
        """Whether the same was said every time."""
        return None not in self.said and len(set(self.said)) == 1


def ask_pairs(
    client: "Client",
    pairs: Sequence[Pair],
    *,
    wording: Wording = "causes",
    orders: Sequence[str] = ("given", "swapped"),
    votes: int = 1,
    seed: int = 0,
    log: Any = None,
    progress: "Progress | None" = None,
) -> list[Verdict]:
    """Asks each pair in each order.

    Args:
        client: That answers.
        pairs: Of names.
        wording: Of the question.
        orders: `given`, `swapped` or both.
        votes: How often in each order.
        seed: Of the first vote.
        log: Folder or mapping of answers; the same call goes on there.
        progress: Told how far it is.

    Raises:
        RunError: If the client takes no questions.
    """
    said: list[list[str | None]] = [[] for _ in pairs]
    texts: list[list[str]] = [[] for _ in pairs]
    firsts = [0] * len(pairs)
    for vote in range(votes):
        questions, of = [], []
        for k, pair in enumerate(pairs):
            for order in orders:
                asked = pair if order == "given" else pair.swapped
                questions.append(two_way_question(asked, wording, f"pair {k} {order} vote {vote}"))
                of.append((k, order))
        found = answer_questions(client, questions, log=log, both_orders=False, seed=seed + vote, progress=progress)
        for (k, order), several in zip(of, found.asked, strict=True):
            one = several[0] if several else None
            choice = None if one is None or one.choice is None else ANSWERS[one.choice]
            firsts[k] += choice == ANSWERS[0]
            said[k].append(choice if choice is None or order == "given" else _TURNED[choice])
            texts[k].append("" if one is None else one.answer.text)
    return [_verdict(s, t, f, len(orders)) for s, t, f in zip(said, texts, firsts, strict=True)]


def _verdict(said: Sequence[str | None], texts: Sequence[str], firsts: int, orders: int) -> Verdict:
    """What more than half of the times was said, and in every order at least once."""
    counts = Counter(one for one in said if one is not None)
    best = max(counts, key=lambda a: (counts[a], -ANSWERS.index(a)), default=None)
    answer, confidence = UNDECIDED, 0.0
    if best is not None and counts[best] * 2 > len(said):
        every = all(best in said[k::orders] for k in range(orders))
        if every:
            answer, confidence = best, counts[best] / len(said)
    return Verdict(answer, confidence, tuple(said), tuple(texts), firsts)


def ask_role(
    client: "Client", role: str, x: str, y: str, candidates: Sequence[str], about: Mapping[str, str], *, seed: int = 0,
    log: Any = None, progress: "Progress | None" = None,
) -> dict[str, bool | None]:  # fmt: skip
    """Whether each candidate has a role for treatment x and outcome y; None where the two orders of yes and no differ.

    No candidate may have it: none is an answer.

    Raises:
        OptionError: If there is no such role.
    """
    from aitia.errors import OptionError

    if role not in ROLES:
        raise OptionError(f"a role is {', '.join(ROLES)}, got {role!r}")
    if not candidates:
        return {}
    questions = [
        role_question(role, z, x, y, about, f"{role} {k} {turned}", turned=turned)
        for k, z in enumerate(candidates)
        for turned in (False, True)
    ]
    found = answer_questions(client, questions, log=log, both_orders=False, seed=seed, progress=progress)
    said = [
        None if not several or several[0].choice is None else question.options[several[0].choice] == "Yes"
        for question, several in zip(questions, found.asked, strict=True)
    ]
    return {z: said[2 * k] if said[2 * k] == said[2 * k + 1] else None for k, z in enumerate(candidates)}


def cost_of(pairs: int, orders: int, votes: int) -> str:
    """How many questions that is, in words.

    Example:
        >>> cost_of(45, 2, 1)
        '90 questions about 45 pairs'
    """
    return f"{pairs * orders * votes:,} questions about {pairs:,} pair{'s' if pairs != 1 else ''}"
