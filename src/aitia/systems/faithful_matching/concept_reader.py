"""Reads concepts off texts: TF-IDF of words and pairs of words, and one logistic regression a concept.

It is trained on the texts whose label is known, tells the probability of each value of a concept in any text, and is
saved as tensors. Its TF-IDF codes also serve to compare texts.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from aitia.data.table import Table
from aitia.errors import DataError, unknown_variable
from aitia.nn.text_encoders import words

__all__ = ["ConceptReader"]

Values = NDArray[np.float64]
MOST_TERMS = 20_000


class ConceptReader(nn.Module):
    """Concepts of texts; `fit` makes one, the constructor makes its empty shape.

    Args:
        vocabulary: The words and pairs of words.
        categories: The values of each concept.

    Example:
        >>> texts = ["good food", "bad food", "good soup", "bad soup"] * 3
        >>> reader = ConceptReader.fit(texts, Table.of({"food": ["+", "-", "+", "-"] * 3}))
        >>> reader.predict(["good bread", "bad bread"])["food"]
        ['+', '-']
    """

    idf: torch.Tensor

    def __init__(self, vocabulary: Sequence[str], categories: Mapping[str, Sequence[Any]]) -> None:
        super().__init__()
        self.vocabulary = tuple(vocabulary)
        self.categories = {name: tuple(values) for name, values in categories.items()}
        size = len(self.vocabulary)
        self.register_buffer("idf", torch.ones(size, dtype=torch.float64))
        # By number and not by name: a concept's name may hold a dot, which no buffer's may.
        for number, values in enumerate(self.categories.values()):
            self.register_buffer(f"weight{number}", torch.zeros(len(values), size, dtype=torch.float64))
            self.register_buffer(f"bias{number}", torch.zeros(len(values), dtype=torch.float64))
        self._vectorizer: Any = None

    @classmethod
    def fit(cls, texts: Sequence[str], concepts: Table, *, strength: float = 10.0) -> Self:
        """A reader from texts and their concepts, discrete columns with missing values where a label is not known.

        Args:
            texts: (n,).
            concepts: n rows.
            strength: Inverse of the ridge penalty.

        Raises:
            DataError: If a concept is not discrete, or its labels have fewer than two values.
        """
        from sklearn.linear_model import LogisticRegression

        categories: dict[str, list[Any]] = {}
        for name in concepts.names:
            codes = concepts.column(name)
            if not concepts.discrete(name):
                raise DataError(f"concept {name!r} holds numbers without end: a concept is a column of few labels")
            seen = [concepts.categories(name)[int(code)] for code in np.unique(codes[~np.isnan(codes)])]
            if len(seen) < 2:
                told = f"has one value only, {seen[0]!r}" if seen else "has no label at all"
                raise DataError(f"concept {name!r} {told}: there is nothing to tell apart")
            categories[name] = seen
        vectorizer = _vectorizer(None)
        try:
            coded = vectorizer.fit_transform(texts)
        except ValueError as error:
            raise DataError(f"concepts cannot be read off these texts: {error}") from error
        terms = vectorizer.vocabulary_
        reader = cls(sorted(terms, key=terms.__getitem__), categories)
        reader.idf.copy_(torch.from_numpy(vectorizer.idf_))
        for number, (name, values) in enumerate(categories.items()):
            labels = concepts.labels(name)
            known = np.array([label is not None for label in labels])
            place = {value: k for k, value in enumerate(values)}
            y = np.array([place[label] for label in labels[known]])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a regression that stops early is told by its errors, if anything
                model = LogisticRegression(C=strength, max_iter=300).fit(coded[known], y)
            weight, bias = model.coef_, model.intercept_
            if len(values) == 2:
                weight, bias = np.concatenate([0 * weight, weight]), np.concatenate([0 * bias, bias])
            reader.get_buffer(f"weight{number}").copy_(torch.from_numpy(weight))
            reader.get_buffer(f"bias{number}").copy_(torch.from_numpy(bias))
        return reader

    def codes(self, texts: Sequence[str]) -> Any:
        """(n, terms) TF-IDF of unit length, a sparse matrix of scipy."""
        if self._vectorizer is None:
            made = _vectorizer(self.vocabulary)
            made.idf_ = self.idf.numpy()
            self._vectorizer = made
        return self._vectorizer.transform(texts)

    def probabilities(self, texts: Sequence[str], concept: str) -> Values:
        """(n, values) of the concept's values, in the order of `categories`.

        Raises:
            UnknownVariableError: If there is no such concept.
        """
        return self.shares(self.codes(texts), concept)

    def shares(self, codes: Any, concept: str) -> Values:
        """`probabilities` of texts whose `codes` are known.

        Raises:
            UnknownVariableError: If there is no such concept.
        """
        if concept not in self.categories:
            raise unknown_variable(concept, self.categories, "reader")
        number = list(self.categories).index(concept)
        weight, bias = self.get_buffer(f"weight{number}").numpy(), self.get_buffer(f"bias{number}").numpy()
        logits = np.asarray(codes @ weight.T) + bias
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        answer: Values = shares / shares.sum(axis=1, keepdims=True)
        return answer

    def predict(self, texts: Sequence[str]) -> dict[str, list[Any]]:
        """The likeliest value of each concept in each text."""
        codes = self.codes(texts)
        return {
            name: [values[int(k)] for k in self.shares(codes, name).argmax(axis=1)]
            for name, values in self.categories.items()
        }


def _vectorizer(vocabulary: Sequence[str] | None) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        tokenizer=words,
        token_pattern=None,
        lowercase=False,
        ngram_range=(1, 2),
        sublinear_tf=True,
        max_features=MOST_TERMS if vocabulary is None else None,
        vocabulary=vocabulary,
    )
