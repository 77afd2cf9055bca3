"""How often queries find their positive among new texts, beside counts of shared words."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.errors import AitiaError
from aitia.system import Given, Score, Scores
from aitia.systems.causal2vec.pairs import Pairs, pairs_of
from aitia.systems.causal2vec.ranks import hits, ndcg, ranks_of_own

if TYPE_CHECKING:
    from aitia.systems.causal2vec.model import Causal2Vec

__all__ = ["candidates", "judged", "shared_words"]

Values = NDArray[np.float64]
WORDS = "shared words (tf-idf)"


def judged(model: "Causal2Vec", fresh: Given) -> Scores:
    """nDCG@10 and hit@1 of the queries of these rows among all their positives and negatives."""
    try:
        pairs = pairs_of(fresh)
    except AitiaError:  # rows that are asked about alone
        return {}
    documents, own = candidates(pairs)
    ours = model.similarities(pairs.queries, documents, pairs.instructions)
    told = {"": ranks_of_own(ours, own), WORDS: ranks_of_own(shared_words(pairs.queries, documents), own)}
    about = f"Of {len(pairs)} queries, each with one right answer among {len(documents)} texts."
    return {
        name: Score(score(told[""]), "higher", about, {WORDS: score(told[WORDS])})
        for name, score in (("nDCG@10", ndcg), ("hit@1", hits))
    }


def candidates(pairs: Pairs) -> tuple[list[str], NDArray[np.int64]]:
    """Every positive and negative once, and the place of the right one of each query."""
    documents = list(dict.fromkeys([*pairs.positives, *(text for held in pairs.negatives for text in held)]))
    place = {text: k for k, text in enumerate(documents)}
    return documents, np.array([place[text] for text in pairs.positives])


def shared_words(queries: Sequence[str], documents: Sequence[str]) -> Values:
    """(n, documents) cosines of counts of words, each weighed by how rare it is."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    counted = TfidfVectorizer(token_pattern=r"\S+").fit(documents)
    found: Values = (counted.transform(queries) @ counted.transform(documents).T).toarray()
    return found
