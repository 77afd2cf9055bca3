"""A text classifier of which nothing is known but what it answers: class probabilities, each text asked once."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, OptionError

__all__ = ["BlackBox", "checked_texts"]

Values = NDArray[np.float64]
TOLERANCE = 1e-3
"""How far from 1 probabilities may sum: benchmarks round them to four decimals."""


class BlackBox:
    """Class probabilities of texts; answers are kept, so that no text is asked twice.

    Args:
        source: A function from a list of texts to (n, classes) probabilities; anything with `predict_proba`, such as a
            scikit-learn pipeline; or the id or folder of a Hugging Face sequence classifier.
        batch_size: Texts that are asked at once.
        longest: Tokens at most, for a Hugging Face model.

    Raises:
        OptionError: If the source is none of these.
        FormatError: If there is no such model.

    Example:
        >>> ask = BlackBox(lambda texts: [[0.9, 0.1] if "good" in text else [0.2, 0.8] for text in texts])
        >>> ask(["good food", "cold food"]).tolist()
        [[0.9, 0.1], [0.2, 0.8]]
    """

    def __init__(self, source: Any, *, batch_size: int = 256, longest: int | None = None) -> None:
        if batch_size < 1:
            raise OptionError(f"at least 1 text is asked at once, got {batch_size}")
        self.batch_size = batch_size
        self._kept: dict[str, Values] = {}
        self._ask: Callable[[list[str]], Any]
        if isinstance(source, BlackBox):
            self._ask, self._kept = source._ask, source._kept
        elif isinstance(source, str | Path):
            self._ask = _classifier(source, longest)
        elif hasattr(source, "predict_proba"):
            self._ask = source.predict_proba
        elif callable(source):
            self._ask = source
        else:
            raise OptionError(
                f"a black box is a function, something with predict_proba, or the id of a model, got {type(source)!r}"
            )

    def __call__(self, texts: Sequence[str]) -> Values:
        """(n, classes).

        Raises:
            DataError: If a text is no string, there is none, or the answers are no probabilities.
        """
        given = checked_texts(texts)
        if not given:
            raise DataError("there is no text to ask a black box about")
        new = [text for text in dict.fromkeys(given) if text not in self._kept]
        for start in range(0, len(new), self.batch_size):
            asked = new[start : start + self.batch_size]
            answers = _probabilities(self._ask(asked), len(asked))
            self._kept.update(zip(asked, answers, strict=True))
        sizes = {len(self._kept[text]) for text in given}
        if len(sizes) > 1:
            raise DataError(f"the black box gave {min(sizes)} classes once and {max(sizes)} another time")
        return np.stack([self._kept[text] for text in given])


def checked_texts(texts: Sequence[str]) -> list[str]:
    """The texts as a list.

    Raises:
        DataError: If one is no string, or a single string was given in place of a list.
    """
    if isinstance(texts, str):
        raise DataError(f"a list of texts is needed, got the one text {texts[:40]!r}: put it into a list")
    given = list(texts)
    for row, text in enumerate(given):
        if not isinstance(text, str):
            raise DataError(f"row {row} is {text!r}, not a text")
    return given


def _probabilities(answers: Any, n: int) -> Values:
    values = np.asarray(answers, dtype=np.float64)
    if values.ndim != 2 or len(values) != n or values.shape[1] < 2:
        raise DataError(f"a black box gives (texts, classes) probabilities: got shape {values.shape} for {n} texts")
    if not np.isfinite(values).all():
        raise DataError(f"the black box gave {values[~np.isfinite(values)][0]} where a probability is wanted")
    wrong = (values < -TOLERANCE).any(axis=1) | (np.abs(values.sum(axis=1) - 1) > TOLERANCE)
    if wrong.any():
        row = values[int(np.argmax(wrong))]
        raise DataError(
            f"the black box gave {np.array2string(row, precision=3, threshold=6)}, which sums to {row.sum():.3g}: "
            "these look like logits, and probabilities are wanted, so put a softmax behind it"
        )
    return values


def _classifier(source: str | Path, longest: int | None) -> Callable[[list[str]], Values]:
    import torch

    from aitia.nn.language import by_length, load_language_model

    loaded = load_language_model(source, task="classifier", longest=longest)
    model: Any = loaded.model

    def ask(texts: list[str]) -> Values:
        found: list[Values | None] = [None] * len(texts)
        with torch.no_grad():
            for rows in by_length(texts, 64):
                shares = model(**loaded.batch([texts[row] for row in rows])).logits.double().softmax(-1).numpy()
                for row, share in zip(rows, shares, strict=True):
                    found[row] = share
        return np.stack([share for share in found if share is not None])

    return ask
