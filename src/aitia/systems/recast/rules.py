"""Edges by rules: causal words of English between two variables of a sentence, and a pronoun for one of the last.

What is not said by a causal word is not read: that something moved after something else (`after the tax was cut, sales
rose`) is no cause in most texts. A clause that is denied gives no edge.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aitia.systems.recast.nodes import Mention, Nodes
from aitia.systems.recast.sentences import Sentence, sentences_of
from aitia.systems.recast.verbs import BACKWARD, FORWARD, JOINED, MOVES, NEGATED, PASSIVE, WHILE, sign_of

__all__ = ["Found", "by_mention", "by_rules", "groups_of"]

_AS = re.compile(r"(?:^|[,;:]\s*|\s)(?:as|when|whenever|if|once|where)\s*(?:the\s+|a\s+|an\s+)?$", re.I)
_THEN = re.compile(rf"^\s*(?P<cause>{MOVES})\s*,\s*(?:then\s+)?(?:the\s+|a\s+|an\s+)?$", re.I)
_MOVE = re.compile(rf"^\s*(?:\w+ly\s+)?(?P<effect>{MOVES})\b", re.I)
_PRONOUN = re.compile(r"^(?:this|that|it|they|these|such\s+an?\s+\w+|the\s+latter|which)\b(?:\s+\w+ly)?", re.I)
_BECAUSE = re.compile(
    r"(?:because\s+of|due\s+to|owing\s+to|thanks\s+to|as\s+a\s+result\s+of|in\s+response\s+to)\s*(?:the\s+|a\s+|an\s+)?$",
    re.I,
)
_COMMA = re.compile(r"^\s*,\s*(?:the\s+|a\s+|an\s+)?$", re.I)
_CLAUSE = re.compile(r"[,;:]\s*(?:and|but|while|whereas|although|though)\s|[;:]")
_STRIP = re.compile(r"\s*\b(?:the|a|an|more|less|higher|lower|its|their)\s*$", re.I)


@dataclass(frozen=True)
class Found:
    """An edge and the sentence that says so.

    Args:
        cause: Number of its node.
        effect: Of its node.
        start: First character of the quote in the text.
        stop: The character behind its last.
        sign: 1 where the effect goes the way of its cause, -1 where against it, 0 where it is not said.
        probability: That the text says so, where it is known.
    """

    cause: int
    effect: int
    start: int
    stop: int
    sign: int = 0
    probability: float | None = None


Group = tuple[Mention, ...]


def by_rules(text: str, nodes: Nodes) -> list[Found]:
    """The edges that a text says by a causal word, in the order of their sentences.

    Example:
        >>> nodes = Nodes.of(["sun", "rain", "yield"], 0)
        >>> [(f.cause, f.effect, f.sign) for f in by_rules("Yield is reduced by rain.", nodes)]
        [(1, 2, -1)]
    """
    found: list[Found] = []
    before: tuple[Sentence, list[Group]] | None = None
    for sentence in sentences_of(text):
        groups = groups_of(text, nodes.mentions(sentence.text, sentence.start))
        for causes, effects, sign in _in_one(text, sentence, groups):
            found += _all(causes, effects, sign, sentence.start, sentence.stop)
        if before is not None and groups and len(before[1]) == 1:
            pronoun = _PRONOUN.match(sentence.text)
            if pronoun and groups[0][0].start >= sentence.start + pronoun.end():
                between = _bare(text[sentence.start + pronoun.end() : groups[0][0].start])
                if (verb := FORWARD.match(between)) and not NEGATED.search(between):
                    sign = sign_of(verb["verb"])
                    found += _all(before[1][0], groups[0], sign, before[0].start, sentence.stop)
        before = (sentence, groups) if groups else before if before and not groups and len(sentence.text) < 3 else None
    return found


def by_mention(text: str, nodes: Nodes) -> list[Found]:
    """Every two variables of a sentence, the first the cause: what reads no verb."""
    found = []
    for sentence in sentences_of(text):
        order = list(dict.fromkeys(m.node for m in nodes.mentions(sentence.text, sentence.start)))
        found += [Found(a, b, sentence.start, sentence.stop) for k, a in enumerate(order) for b in order[k + 1 :]]
    return found


def groups_of(text: str, mentions: Sequence[Mention]) -> list[Group]:
    """Mentions, with those of a list (`a, b and c`) together; a comma alone joins nothing (`due to a, b fell`).

    Example:
        >>> nodes = Nodes.of(["a", "b", "c"], 0)
        >>> [len(g) for g in groups_of("a, b and c", nodes.mentions("a, b and c"))]
        [3]
        >>> [len(g) for g in groups_of("due to a, b fell", nodes.mentions("due to a, b fell"))]
        [1, 1]
    """
    groups: list[Group] = []
    run: list[Mention] = []
    listed = 0  # members up to the last `and`

    def close() -> None:
        groups.extend([tuple(run[:listed])] if listed else [])
        groups.extend((mention,) for mention in run[listed:])

    for mention in mentions:
        between = text[run[-1].stop : mention.start] if run else None
        if between is None or not JOINED.match(between):
            close()
            run, listed = [], 0
        run.append(mention)
        if between is not None and len(run) > 1 and re.search(r"\w", between):
            listed = len(run)
    close()
    return groups


def _in_one(text: str, sentence: Sentence, groups: Sequence[Group]) -> Iterator[tuple[Group, Group, int]]:
    """Causes, effects and sign of neighbours in a sentence."""
    last = sentence.start
    for first, second in itertools.pairwise(groups):
        lead, between = text[last : first[0].start], text[first[-1].stop : second[0].start]
        after = text[second[-1].stop : sentence.stop]
        last = first[-1].stop
        clause = _CLAUSE.split(lead)[-1]
        if NEGATED.search(clause) or NEGATED.search(between):
            continue
        if opened := _THEN.match(between):
            if _AS.search(lead) and (moved := _MOVE.match(after)):
                yield first, second, _same(opened["cause"], moved["effect"])
        elif _BECAUSE.search(lead) and _COMMA.match(between):
            yield first, second, 0
        elif closed := WHILE.match(between):
            if moved := _MOVE.match(after):
                yield second, first, _same(closed["effect"], moved["effect"])
        elif verb := PASSIVE.match(_bare(between)) or BACKWARD.match(_bare(between)):
            yield second, first, sign_of(verb["verb"])
        elif verb := FORWARD.match(_bare(between)):
            yield first, second, sign_of(verb["verb"])


def _all(causes: Group, effects: Group, sign: int, start: int, stop: int) -> list[Found]:
    pairs = dict.fromkeys((a.node, b.node) for a in causes for b in effects if a.node != b.node)
    return [Found(a, b, start, stop, sign) for a, b in pairs]


def _bare(between: str) -> str:
    """Without the article or comparative of the next variable."""
    return _STRIP.sub("", between)


def _same(one: str, other: str) -> int:
    """1 where both rise or both fall."""
    up = re.compile(r"rise|grow|increas|climb|go", re.I)
    return 1 if bool(up.match(one)) == bool(up.match(other)) else -1
