"""What is corrupted and which positions carry loss: the second of the three switches of a transformer.

Each objective is a pure function of a sequence of token ids and a generator of random numbers, and gives an `Example`;
each corruption has its inverse, by which nothing is lost.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, OptionError

__all__ = [
    "Example",
    "absorbing",
    "causal_masking",
    "filled",
    "full_language",
    "next_tokens",
    "prefix_language",
    "responses",
    "restored",
    "span_corruption",
    "unmasked",
]

Ids = NDArray[np.int64]
Random = np.random.Generator


@dataclass(frozen=True)
class Example:
    """What a model reads, what it is to say, and where that counts.

    Args:
        tokens: (length,) ids that it reads.
        targets: (length,) the id that it is to say at each position; where nothing counts, any.
        weights: (length,) how much each position counts; 0 carries no loss.
        prefix: How many of the first positions see each other, for models with prefix visibility.
        encoder: (m,) ids that the encoder reads, for models that have one; else None, and they stand in the prefix.
    """

    tokens: Ids
    targets: Ids
    weights: NDArray[np.float64]
    prefix: int = 0
    encoder: Ids | None = field(default=None)

    @property
    def carrying(self) -> int:
        """How many positions carry loss."""
        return int(np.count_nonzero(self.weights))

    def decoded(self) -> "Example":
        """The same for a decoder alone: what the encoder reads stands before, as the prefix, without loss."""
        if self.encoder is None:
            return self
        joined = np.concatenate([self.encoder, self.tokens])
        # The first token of the answer is said at the last position of the input.
        weights = np.zeros(len(joined))
        start = len(self.encoder)
        weights[start - 1 : len(joined) - 1] = self.weights
        return Example(joined, next_tokens(joined), weights, prefix=start)

    def encoded(self, begin: int) -> "Example":
        """The same for an encoder and a decoder: the prefix to one, the rest to the other, which `begin` starts.

        Args:
            begin: The id that the decoder reads first.

        Raises:
            DataError: If there is no prefix, or nothing after it.
        """
        if self.encoder is not None:
            shifted = np.concatenate([[begin], self.tokens[:-1]])
            return Example(shifted, self.tokens, self.weights, encoder=self.encoder)
        if not 0 < self.prefix < len(self.tokens):
            raise DataError("an encoder reads the prefix of a text, and this one has none: take another objective")
        answer = self.tokens[self.prefix :]
        weights = self.weights[self.prefix - 1 : -1]
        return Example(np.concatenate([[begin], answer[:-1]]), answer, weights, encoder=self.tokens[: self.prefix])


def next_tokens(tokens: Ids) -> Ids:
    """(length,) the token after each; after the last one stands itself, where nothing is to be said."""
    return np.concatenate([tokens[1:], tokens[-1:]])


def full_language(tokens: Ids) -> Example:
    """Every token is said from those before it, the first one excepted.

    Source:
        FLM of Wang et al., ICML 2022, section 2.2.
    """
    tokens = _ids(tokens)
    weights = np.ones(len(tokens))
    weights[-1] = 0
    return Example(tokens, next_tokens(tokens), weights)


def prefix_language(tokens: Ids, random: Random) -> Example:
    """The text is cut at a place drawn uniformly; what stands before is seen both ways, what follows is said.

    Source:
        PLM of Wang et al., ICML 2022, section 2.2.

    Raises:
        DataError: If the text has fewer than two tokens.
    """
    tokens = _ids(tokens, 2)
    cut = int(random.integers(1, len(tokens)))
    weights = np.zeros(len(tokens))
    weights[cut - 1 : -1] = 1
    return Example(tokens, next_tokens(tokens), weights, prefix=cut)


def span_corruption(
    tokens: Ids, random: Random, sentinels: Sequence[int], rate: float = 0.15, mean: float = 3.0
) -> Example:
    """Spans are replaced by one sentinel each; the sentinels and what stood there are said, in order.

    The count of corrupted tokens is `rate` of the text and that of spans follows from their mean length; the lengths of
    the spans and of what is between them are uniform among all that add up, so that spans never touch, and the text
    begins with a token that stays. `decoded` makes of it an example for a decoder alone.

    Args:
        tokens: Of the text.
        random: Draws the spans.
        sentinels: Ids to stand for spans, the first for the first one.
        rate: Share of tokens that is corrupted.
        mean: Length of a span.

    Source:
        MLM of Wang et al., ICML 2022, section 2.2, after Raffel et al., T5, JMLR 2020, section 3.1.4.

    Raises:
        DataError: If the text has fewer than four tokens.
        OptionError: If there are fewer sentinels than spans, or a number is out of range.
    """
    tokens = _ids(tokens, 4)
    if not 0 < rate < 1 or mean < 1:
        raise OptionError(f"rate is between 0 and 1 and mean at least 1, got {rate} and {mean}")
    corrupted = min(max(round(len(tokens) * rate), 1), len(tokens) - 1)
    count = min(max(round(corrupted / mean), 1), corrupted, len(tokens) - corrupted)
    if count > len(sentinels):
        raise OptionError(f"{count} spans need as many sentinels, there are {len(sentinels)}: add some or cut the text")
    kept = _parts(len(tokens) - corrupted, count, random)
    gone = _parts(corrupted, count, random)
    places = np.cumsum(np.stack([kept, gone], axis=1).ravel())
    spans = [(int(places[2 * k]), int(places[2 * k + 1])) for k in range(count)]
    read, said = _moved(tokens, spans, sentinels)
    return Example(said, said, np.ones(len(said)), encoder=read)


def restored(example: Example, sentinels: Sequence[int]) -> Ids:
    """The text before `span_corruption`."""
    if example.encoder is None:
        raise OptionError("this example holds no corrupted text: it was not made by span_corruption")
    return filled(example.encoder, example.tokens, sentinels)


def causal_masking(
    tokens: Ids, random: Random, sentinels: Sequence[int], end: int, *, rate: float = 1.0, whole: float = 0.0
) -> Example:
    """Spans are moved behind the text, a sentinel at their old place and one before them; all is read from the left.

    The number of spans is Poisson, from 1 on and at most as many as there are sentinels; their ends are uniform over
    the text, so that long ones are common, and none overlap. To say a sentinel carries no loss.

    Args:
        tokens: Of the document.
        random: Draws the spans.
        sentinels: Ids, the first for the first span.
        end: Id of the end of the document, which is said after the last span.
        rate: Of the Poisson number.
        whole: Share of documents that stay as they are.

    Source:
        Aghajanyan et al., CM3, 2022, section 2.1.

    Raises:
        DataError: If the document has fewer than two tokens, or holds a sentinel.
    """
    tokens = _ids(tokens, 2)
    if np.isin(tokens, sentinels).any():
        raise DataError("the document holds a sentinel already: escape it in the text")
    if random.random() < whole:
        return full_language(np.concatenate([tokens, [end]]))
    count = int(np.clip(random.poisson(rate), 1, min(len(sentinels), len(tokens) // 2)))
    # Two ends a span, all different and in order: spans that never overlap, the empty one excepted.
    ends = np.sort(random.choice(len(tokens) + 1, 2 * count, replace=False))
    spans = [(int(a), int(b)) for a, b in ends.reshape(-1, 2)]
    read, said = _moved(tokens, spans, sentinels)
    joined = np.concatenate([read, said, [end]])
    targets = next_tokens(joined)
    weights = (~np.isin(targets, sentinels)).astype(float)
    weights[-1] = 0
    return Example(joined, targets, weights)


def unmasked(tokens: Ids, sentinels: Sequence[int], end: int) -> Ids:
    """The document before `causal_masking`, of what it made or of what a model wrote.

    Raises:
        DataError: If a sentinel stands once only, or the spans are not in order.
    """
    tokens = _ids(tokens)
    if tokens[-1] == end:
        tokens = tokens[:-1]
    where = [np.flatnonzero(tokens == sentinel) for sentinel in sentinels]
    used = [places for places in where if len(places)]
    if not used:
        return tokens
    if any(len(places) != 2 for places in used) or any(len(p) for p in where[len(used) :]):
        raise DataError(
            "each sentinel of a document stands twice, at the gap and before what fills it, from <mask:0> on"
        )
    start = int(used[0][1])
    return filled(tokens[:start], tokens[start:], sentinels)


def absorbing(
    tokens: Ids, random: Random, mask: int, time: float, open_to_noise: NDArray[np.bool_] | None = None
) -> Example:
    """Each token is masked by itself with a probability that is the time; what is masked is said at its own place.

    The weight of a masked token is 1 / time, by which the loss bounds the negative log-likelihood: log-linear noise has
    sigma'(t) / (exp(sigma(t)) - 1) = 1 / t.

    Args:
        tokens: Of the sequence.
        random: Draws which.
        mask: Id of the mask.
        time: Between 0 and 1.
        open_to_noise: (length,) which tokens may be masked; all where None.

    Source:
        Sahoo et al., Simple and effective masked diffusion language models, NeurIPS 2024, equations 7 to 10.
    """
    tokens = _ids(tokens)
    if not 0 < time <= 1:
        raise OptionError(f"time is between 0 and 1, got {time}")
    drawn = random.random(len(tokens)) < time
    if open_to_noise is not None:
        drawn &= open_to_noise
    return Example(np.where(drawn, mask, tokens), tokens, drawn / time)


def responses(pieces: Iterable[tuple[Sequence[int], bool]]) -> Example:
    """Pieces of a text after one another; only those that are responses carry loss.

    Args:
        pieces: Ids of each piece, and whether it is a response.

    Raises:
        DataError: If there is no token, or a response stands first, where nothing asks for it.
    """
    held = [(np.asarray(ids, dtype=np.int64), bool(counts)) for ids, counts in pieces if len(ids)]
    if not held:
        raise DataError("a text to learn from has no token")
    if held[0][1]:
        raise DataError("a response stands first: it needs a prompt, if only the begin of a text")
    joined = np.concatenate([ids for ids, _ in held])
    said = np.concatenate([np.full(len(ids), counts) for ids, counts in held])
    weights = np.append(said[1:], False).astype(float)
    last = next((k for k in range(len(held) - 1, -1, -1) if held[k][1]), len(held))
    before = sum(len(ids) for ids, _ in held[:last])
    return Example(joined, next_tokens(joined), weights, prefix=before)


def filled(read: Ids, said: Ids, sentinels: Sequence[int]) -> Ids:
    """A text whose sentinels are replaced by what was said for them.

    Args:
        read: The text, with a sentinel at each gap.
        said: The sentinels in order, each before what fills its gap.
        sentinels: Their ids, in order.

    Raises:
        DataError: If the sentinels of both are not the same, in the same order.
    """
    read, said = np.asarray(read, dtype=np.int64), np.asarray(said, dtype=np.int64)
    gaps, heads = np.flatnonzero(np.isin(read, sentinels)), np.flatnonzero(np.isin(said, sentinels))
    if read[gaps].tolist() != said[heads].tolist() or (len(said) and (not len(heads) or heads[0])):
        raise DataError("the gaps and what fills them have not the same sentinels in the same order")
    ends = [*heads[1:], len(said)]
    parts: list[Ids] = []
    last = 0
    for gap, head, end in zip(gaps.tolist(), heads.tolist(), ends, strict=True):
        parts += [read[last:gap], said[head + 1 : end]]
        last = gap + 1
    return np.concatenate([*parts, read[last:]])


def _moved(tokens: Ids, spans: Sequence[tuple[int, int]], sentinels: Sequence[int]) -> tuple[Ids, Ids]:
    """The text with a sentinel for each span, and the spans, each after its sentinel."""
    read: list[Any] = []
    said: list[Any] = []
    last = 0
    for (first, behind), sentinel in zip(spans, sentinels, strict=False):
        read += [tokens[last:first], [sentinel]]
        said += [[sentinel], tokens[first:behind]]
        last = behind
    return np.concatenate([*read, tokens[last:]]).astype(np.int64), np.concatenate(said).astype(np.int64)


def _parts(total: int, count: int, random: Random) -> Ids:
    """(count,) lengths from 1 on that add up to the total, each such row as likely as any other."""
    cuts = np.sort(random.choice(total - 1, count - 1, replace=False)) + 1 if count > 1 else np.empty(0, dtype=np.int64)
    return np.diff(np.concatenate([[0], cuts, [total]])).astype(np.int64)


def _ids(tokens: Ids, least: int = 1) -> Ids:
    found = np.asarray(tokens, dtype=np.int64)
    if found.ndim != 1 or len(found) < least:
        raise DataError(f"this objective needs a text of at least {least} tokens, got {found.size}: drop the text")
    return found
