"""How close written texts are to their references: letters and words in common, and words of the wrong variety.

    chrF++ = 100 (1 + beta^2) p r / (beta^2 p + r),    beta = 2                                                     (1)

with p and r the means, over the orders of n-grams, of precision and recall counted over all texts together: n-grams of
letters without white space for n = 1..6 and of words for n = 1, 2. An order of which the texts or the references have
none is left out of the mean, and so are the n-grams of a text whose reference has none of that order.

    BLEU = exp(min(0, 1 - |references| / |texts|)) (p_1 ... p_n)^(1/n)                                              (2)
    METEOR = (1 - gamma (chunks / m)^beta) p r / (alpha p + (1 - alpha) r),    alpha, beta, gamma = .9, 3, .5       (3)

with p_k the precision of k-grams of words over all texts together, and in (3) m words in common, p and r the shares of
them in text and reference, and chunks the runs that they stand in. Words match where they are the same: no stems and no
synonyms, which would take a dictionary of one language.

Source:
    (1): Popović, chrF++: words helping character n-grams, WMT 2017, as sacreBLEU counts it (Post, A call for clarity in
    reporting BLEU scores, WMT 2018): a mark at the end or else the beginning of a word is a word of its own.
    (2): Papineni, Roukos, Ward and Zhu, BLEU, ACL 2002, without smoothing.
    (3): Banerjee and Lavie, METEOR, ACL workshop 2005, with the constants of NLTK.
"""

import math
import string
from collections import Counter
from collections.abc import Sequence

from aitia.errors import DataError, OptionError

__all__ = ["bleu", "chrf", "leak_rate", "meteor", "word_accuracy"]

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


def bleu(written: Sequence[str], references: Sequence[str], order: int = 4) -> float:
    """BLEU (2) of texts whose words are apart by white space, from 0 to 1; higher is better.

    It is 0 where no k-gram of some order up to `order` is in common.

    Args:
        written: One text a row.
        references: One a row.
        order: Words of the longest n-gram.

    Raises:
        DataError: If the two differ in number, or there is none.
        OptionError: If the order is below 1.

    Example:
        >>> round(bleu(["the cat sat"], ["the cat sat down"], order=2), 3)  # exp(1 - 4/3)
        0.717
    """
    _check(written, references)
    if order < 1:
        raise OptionError(f"order is 1 or more, got {order}")
    made, wanted, matched = 0, 0, [0] * order
    counted = [0] * order
    for text, reference in zip(written, references, strict=True):
        ours, theirs = text.split(), reference.split()
        made, wanted = made + len(ours), wanted + len(theirs)
        for k in range(order):
            own, other = (Counter(zip(*(words[i:] for i in range(k + 1)), strict=False)) for words in (ours, theirs))
            matched[k] += (own & other).total()
            counted[k] += own.total()
    if not all(matched):
        return 0.0
    precision = sum(math.log(m / c) for m, c in zip(matched, counted, strict=True)) / order
    return math.exp(min(0.0, 1 - wanted / made) + precision)


def meteor(
    written: Sequence[str], references: Sequence[str], *, alpha: float = 0.9, beta: float = 3.0, gamma: float = 0.5
) -> float:
    """The mean of METEOR (3) over texts whose words are apart by white space, from 0 to 1; higher is better.

    Which of several equal words match is chosen so that the longest runs are found first.

    Args:
        written: One text a row.
        references: One a row.
        alpha: How much recall counts beside precision.
        beta: How fast the penalty of being torn grows.
        gamma: Its largest size.

    Raises:
        DataError: If the two differ in number, or there is none.

    Example:
        >>> round(meteor(["the cat sat"], ["the cat sat"]), 4)  # 1 - .5 (1 / 3)^3
        0.9815
    """
    _check(written, references)
    total = 0.0
    for text, reference in zip(written, references, strict=True):
        ours, theirs = text.split(), reference.split()
        runs = _runs(ours, theirs)
        if not runs:
            continue
        matches = sum(runs)
        precision, recall = matches / len(ours), matches / len(theirs)
        mean = precision * recall / (alpha * precision + (1 - alpha) * recall)
        total += mean * (1 - gamma * (len(runs) / matches) ** beta)
    return total / len(written)


def _runs(ours: Sequence[str], theirs: Sequence[str]) -> list[int]:
    """Lengths of the runs of words in common, the longest taken first and no word twice."""
    free, open_to = [True] * len(ours), [True] * len(theirs)
    found: list[int] = []
    while True:
        best, at = 0, (0, 0)
        length = [[0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
        for i, word in enumerate(ours):
            for j, other in enumerate(theirs):
                if free[i] and open_to[j] and word == other:
                    length[i + 1][j + 1] = length[i][j] + 1
                    if length[i + 1][j + 1] > best:
                        best, at = length[i + 1][j + 1], (i + 1, j + 1)
        if not best:
            return found
        found.append(best)
        for back in range(1, best + 1):
            free[at[0] - back] = open_to[at[1] - back] = False


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
