"""How close written texts are to their references: letters and words in common, and words of the wrong variety.

    chrF++ = 100 (1 + beta^2) p r / (beta^2 p + r),    beta = 2                                                     (1)

with p and r the means, over the orders of n-grams, of precision and recall counted over all texts together: n-grams of
letters without white space for n = 1..6 and of words for n = 1, 2. An order of which the texts or the references have
none is left out of the mean, and so are the n-grams of a text whose reference has none of that order.

Source:
    (1): Popović, chrF++: words helping character n-grams, WMT 2017, as sacreBLEU counts it (Post, A call for clarity in
    reporting BLEU scores, WMT 2018): a mark at the end or else the beginning of a word is a word of its own.
"""

import string
from collections import Counter
from collections.abc import Sequence

from aitia.errors import DataError, OptionError

__all__ = ["chrf", "leak_rate", "word_accuracy"]

_MARKS = frozenset(string.punctuation)


def chrf(
    written: Sequence[str], references: Sequence[str], *, letters: int = 6, words: int = 2, beta: float = 2.0
) -> float:
    """chrF++ (1) of texts, from 0 to 100; higher is better.

    Args:
        written: One text a row.
        references: One a row.
        letters: Longest n-gram of letters.
        words: Longest n-gram of words; 0 is chrF.
        beta: How many times recall counts as much as precision.

    Raises:
        DataError: If the two differ in number, or there is none.
        OptionError: If an order or beta is out of range.

    Example:
        >>> chrf(["the cat"], ["the cat"])
        100.0
        >>> round(chrf(["abc"], ["abd"], letters=2, words=0), 2)  # the mean of 2/3 and 1/2
        58.33
    """
    _check(written, references)
    if letters < 1 or words < 0 or not beta > 0:
        raise OptionError(f"letters is at least 1, words at least 0 and beta positive, got {letters}, {words}, {beta}")
    orders = letters + words
    matched, made, wanted = [0] * orders, [0] * orders, [0] * orders
    for text, reference in zip(written, references, strict=True):
        ours, theirs = _grams(text, letters, words), _grams(reference, letters, words)
        for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            matched[k] += (a & b).total()
            made[k] += a.total() if b else 0
            wanted[k] += b.total()
    held = [k for k in range(orders) if made[k] and wanted[k]]
    if not any(matched):
        return 0.0
    precision = sum(matched[k] / made[k] for k in held) / len(held)
    recall = sum(matched[k] / wanted[k] for k in held) / len(held)
    return 100 * (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


def _grams(text: str, letters: int, words: int) -> list[Counter[tuple[str, ...] | str]]:
    plain = "".join(text.split())
    split = [part for word in text.split() for part in _without_mark(word)]
    found: list[Counter[tuple[str, ...] | str]] = [
        Counter(plain[k : k + n] for k in range(len(plain) - n + 1)) for n in range(1, letters + 1)
    ]
    found += [Counter(tuple(split[k : k + n]) for k in range(len(split) - n + 1)) for n in range(1, words + 1)]
    return found


def _without_mark(word: str) -> list[str]:
    if len(word) > 1 and word[-1] in _MARKS:
        return [word[:-1], word[-1]]
    if len(word) > 1 and word[0] in _MARKS:
        return [word[0], word[1:]]
    return [word]


def word_accuracy(written: Sequence[str], references: Sequence[str]) -> float:
    """Share of the words of the references that stand at the same place in what was written.

    Raises:
        DataError: If the two differ in number, or there is none.

    Example:
        >>> word_accuracy(["a b"], ["a c b"])
        0.3333333333333333
    """
    _check(written, references)
    right = sum(
        a == b for x, y in zip(written, references, strict=True) for a, b in zip(x.split(), y.split(), strict=False)
    )
    return right / sum(len(text.split()) for text in references)


def leak_rate(written: Sequence[str], references: Sequence[str], standard: Sequence[str]) -> float:
    """Share of the words of the standard, where the variety says another, that were written all the same.

    A word counts as often as the standard's text has it more often than the reference has.

    Args:
        written: One text a row, meant to be in the variety.
        references: How the variety says it.
        standard: How the standard says it.

    Raises:
        DataError: If the three differ in number, or variety and standard nowhere differ.

    Example:
        >>> leak_rate(["tako mu"], ["pako mu"], ["tako mu"]), leak_rate(["pako mu"], ["pako mu"], ["tako mu"])
        (1.0, 0.0)
    """
    _check(written, references)
    _check(written, standard)
    leaked = possible = 0
    for text, reference, other in zip(written, references, standard, strict=True):
        foreign = Counter(other.split()) - Counter(reference.split())
        possible += foreign.total()
        leaked += (foreign & (Counter(text.split()) - Counter(reference.split()))).total()
    if not possible:
        raise DataError("the references say everything as the standard does: there is nothing to leak")
    return leaked / possible


def _check(written: Sequence[str], references: Sequence[str]) -> None:
    if len(written) != len(references) or not len(written):
        raise DataError(f"each text has one reference, got {len(written)} and {len(references)}")
    if not any(text.split() for text in references):
        raise DataError("every reference is empty")
