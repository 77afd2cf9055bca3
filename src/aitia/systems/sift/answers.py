"""What the model writes for a sentence: its spans in order, each with its type.

    answer = span : type ; span : type ... end,   or   none end

An answer holds nothing but words of the sentence, from left to right, and types: `Answers.rule` lets the model write no
other, so that every span it writes is one of the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError
from aitia.nn.sequences import Allowed, Vocabulary
from aitia.systems.sift.sentences import Sentence, Span

__all__ = ["Answers", "Written"]


class Written(NamedTuple):
    """What was read from an answer.

    Args:
        spans: Of the text.
        places: For each span its (first, behind the last) token in the answer, colon and type included.
        unaligned: How many spans were written that the text does not hold.
    """

    spans: tuple[Span, ...]
    places: tuple[tuple[int, int], ...]
    unaligned: int


@dataclass(frozen=True)
class _State:
    """A way to read what was written so far.

    Args:
        part: `open` (a span may begin), `none`, `span`, `colon`, `type`, `next` or `done`.
        at: Tokens of the part that were read; of a span, the place in the sentence that comes next.
        word: The first word that is still free.
        start: First word of the span at hand.
    """

    part: str
    at: int
    word: int
    start: int = -1
    types: tuple[int, ...] = ()


class Answers:
    """Writes and reads answers.

    Args:
        vocabulary: Of the model.
        types: That a span may have.

    Raises:
        DataError: If two types are read alike by the tokenizer, or one holds a colon or semicolon.
    """

    def __init__(self, vocabulary: Vocabulary, types: Sequence[str]) -> None:
        self.vocabulary, self.types = vocabulary, tuple(types)
        if odd := [kind for kind in types if ":" in kind or ";" in kind or not kind.strip()]:
            raise DataError(
                f"the type {odd[0]!r} is empty or holds a colon or semicolon, which part the spans: rename it"
            )
        self.kinds = [self._ids(f" {kind}") for kind in types]
        unknown = vocabulary.tokenizer.unk_token_id
        for kind, ids in zip(types, self.kinds, strict=True):
            if not ids or self.kinds.count(ids) > 1 or (unknown is not None and unknown in ids):
                raise DataError(f"the type {kind!r} is read by the tokenizer as no word of its own: rename it")
        self.colon, self.next, self.none = self._ids(":"), self._ids(" ;"), self._ids(" none")
        self.end = (vocabulary.end,)
        self._parting = {":", ";"}

    def write(self, sentence: Sentence, spans: Sequence[Span]) -> list[int]:
        """Ids of the answer for a sentence, its end included."""
        found: list[int] = []
        for k, span in enumerate(spans):
            first, behind = sentence.run(span)
            found += self.next if k else ()
            found += [token for word in sentence.tokens[first:behind] for token in word]
            found += (*self.colon, *self.kinds[self.types.index(span[2])])
        return [*(found or self.none), *self.end]

    def rule(self, sentences: Sequence[Sentence]) -> Allowed:
        """Which ids may come next in the answers for sentences, by number of the sentence."""
        held: dict[int, tuple[list[int], set[_State]]] = {}

        def allowed(row: int, so_far: Sequence[int]) -> NDArray[np.bool_]:
            sentence = sentences[row]
            written, states = held.get(row, ([], {_State("open", 0, 0)}))
            if list(so_far[: len(written)]) != written:
                written, states = [], {_State("open", 0, 0)}
            for token in so_far[len(written) :]:
                states = {after for state in states for t, after in self._steps(sentence, state) if t == token}
            held[row] = list(so_far), states
            found = np.zeros(len(self.vocabulary), dtype=bool)
            found[sorted({token for state in states for token, _ in self._steps(sentence, state)})] = True
            return found

        return allowed

    def read(self, sentence: Sentence, ids: Sequence[int]) -> Written:
        """The spans of an answer, each at its leftmost place in the text that is still free.

        Whatever is no span of the text or has no type that there is, is left out and counted; the rule writes none.
        """
        spans: list[Span] = []
        places: list[tuple[int, int]] = []
        lost, free = 0, 0
        for first, behind in self._pieces(ids):
            piece = tuple(ids[first:behind])
            if piece == self.none and not spans:
                continue
            cut = next((k for k in range(len(piece)) if piece[k : k + len(self.colon)] == self.colon), None)
            name, kind = (piece[:cut], piece[cut + len(self.colon) :]) if cut is not None else (piece, ())
            run = self._found(sentence, name, free)
            if run is None or kind not in self.kinds:
                lost += 1
                continue
            free = run[1]
            start, stop = sentence.words[run[0]][0], sentence.words[run[1] - 1][1]
            spans.append((start, stop, self.types[self.kinds.index(kind)]))
            places.append((first, behind))
        return Written(tuple(spans), tuple(places), lost)

    def _steps(self, sentence: Sentence, state: _State) -> list[tuple[int, _State]]:
        """Each id that may come next, and the way to read on after it."""
        part, at, word = state.part, state.at, state.word
        if part == "open":
            found = [(self.none[0], _State("none", 1, word))] if word == 0 and at == 0 else []
            return found + [
                (sentence.tokens[k][0], _State("span", sentence.starts[k] + 1, word, k))
                for k in self._free(sentence, word)
            ]
        if part == "none":
            return [(self.none[at], _State("none", at + 1, word))] if at < len(self.none) else self._ends()
        if part == "span":
            found = []
            if at in sentence.stops:
                found.append((self.colon[0], _State("colon", 1, sentence.stops[at] + 1)))
            within = at not in sentence.stops or (
                at < len(sentence.ids) and not self._parts(sentence, sentence.stops[at] + 1)
            )
            if within and at < len(sentence.ids):
                found.append((sentence.ids[at], _State("span", at + 1, word, state.start)))
            return found
        if part == "colon":
            if at < len(self.colon):
                return [(self.colon[at], _State("colon", at + 1, word))]
            return self._of_types(word, ())
        if part == "type":
            found = self._of_types(word, state.types)
            if state.types in self.kinds:
                found += self._ends()
                if self._free(sentence, word):
                    found.append((self.next[0], _State("next", 1, word)))
            return found
        if part == "next":
            if at < len(self.next):
                return [(self.next[at], _State("next", at + 1, word))]
            return self._steps(sentence, _State("open", 1, word))
        return []

    def _of_types(self, word: int, so_far: tuple[int, ...]) -> list[tuple[int, _State]]:
        n = len(so_far)
        following = {kind[n] for kind in self.kinds if len(kind) > n and kind[:n] == so_far}
        return [(token, _State("type", n + 1, word, types=(*so_far, token))) for token in sorted(following)]

    def _ends(self) -> list[tuple[int, _State]]:
        return [(self.end[0], _State("done", 0, 0))]

    def _free(self, sentence: Sentence, word: int) -> list[int]:
        """Words from this one on at which a span may begin."""
        return [k for k in range(word, len(sentence.tokens)) if not self._parts(sentence, k)]

    def _parts(self, sentence: Sentence, word: int) -> bool:
        """Whether a word of the text is one that parts the spans of an answer."""
        a, b = sentence.words[word]
        return sentence.text[a:b] in self._parting

    def _pieces(self, ids: Sequence[int]) -> list[tuple[int, int]]:
        """(first, behind the last) token between the semicolons."""
        found, first = [], 0
        held = [token for token in ids if token not in self.end]
        for k in range(len(held) + 1):
            if k == len(held) or tuple(held[k : k + len(self.next)]) == self.next:
                if k > first:
                    found.append((first, k))
                first = k + len(self.next)
        return found

    @staticmethod
    def _found(sentence: Sentence, name: tuple[int, ...], free: int) -> tuple[int, int] | None:
        for first in range(free, len(sentence.tokens)):
            start = sentence.starts[first]
            stop = start + len(name)
            if name and sentence.ids[start:stop] == name and stop in sentence.stops:
                return first, sentence.stops[stop] + 1
        return None

    def _ids(self, text: str) -> tuple[int, ...]:
        return tuple(self.vocabulary.encode(text).tolist())
