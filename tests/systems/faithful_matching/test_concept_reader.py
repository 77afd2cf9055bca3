"""The reader of concepts: its probabilities are those of scikit-learn's regression on the same codes."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from aitia.data.table import Table
from aitia.systems.faithful_matching.concept_reader import ConceptReader

FOODS, SEEN = ("fine", "burnt", "cold", "late"), ("bright", "dark", "loud")
TEXTS = [f"{food} food in a {room} room" for food in FOODS for room in SEEN] * 3


@pytest.mark.parametrize("values", [("-", "+"), ("a", "b", "c")])
def test_probabilities_of_two_and_of_several_values_are_those_of_scikit_learn(values):
    rng = np.random.default_rng(0)
    labels = [values[FOODS.index(text.split()[0]) % len(values)] for text in TEXTS]
    labels = [value if rng.random() < 0.8 else str(rng.choice(values)) for value in labels]
    reader = ConceptReader.fit(TEXTS, Table.of({"other": ["x", "y"] * 18, "food": labels}))
    codes = reader.codes(TEXTS)
    theirs = LogisticRegression(C=10.0, max_iter=300).fit(codes, labels)
    place = [reader.categories["food"].index(value) for value in theirs.classes_]
    told = reader.probabilities(TEXTS, "food")[:, place]
    assert told == pytest.approx(theirs.predict_proba(codes), abs=1e-9)
    assert np.ptp(told[:, 0]) > 0.3
    assert reader.predict(TEXTS)["food"] == theirs.predict(codes).tolist()
