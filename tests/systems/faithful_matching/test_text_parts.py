"""Black boxes, readers of concepts, and edits of texts."""

import numpy as np
import pytest
import torch

from aitia.data.table import Table
from aitia.errors import DataError, OptionError, UnknownVariableError
from aitia.nn.language import word_tokenizer
from aitia.systems.faithful_matching.black_box import BlackBox
from aitia.systems.faithful_matching.concept_reader import ConceptReader
from aitia.systems.faithful_matching.text_edits import PromptedEditor, TextEdits, edit_faults

WORDS = ["good", "bad", "food", "service", "the", "is"]
TEXTS = ["the food is good", "the service is bad", "good service", "bad food is bad food"]


# -- black boxes -------------------------------------------------------------------------------------------------------


def test_a_black_box_is_asked_about_each_text_once():
    asked = []

    def ask(texts):
        asked.extend(texts)
        return [[len(text) / 100, 1 - len(text) / 100] for text in texts]

    box = BlackBox(ask, batch_size=2)
    first = box(["a", "bb", "a", "ccc"])
    assert first[:, 0] == pytest.approx([0.01, 0.02, 0.01, 0.03])
    assert BlackBox(box)(["ccc", "a"])[:, 0] == pytest.approx([0.03, 0.01])
    assert asked == ["a", "bb", "ccc"]


def test_a_pipeline_and_a_folder_of_a_classifier_are_black_boxes(tmp_path):
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from transformers import BertConfig, BertForSequenceClassification

    pipeline = make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, [1, 0, 1, 0])
    assert np.array_equal(BlackBox(pipeline)(TEXTS), pipeline.predict_proba(TEXTS))

    tokenizer = word_tokenizer(WORDS, 16)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=16, num_labels=3,
    )  # fmt: skip
    model = BertForSequenceClassification(config).eval()
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with torch.no_grad():
        alone = [model(**tokenizer([text], return_tensors="pt")).logits.softmax(-1)[0].numpy() for text in TEXTS]
    assert BlackBox(str(tmp_path))(TEXTS) == pytest.approx(np.stack(alone), abs=1e-5)


def test_what_a_black_box_must_not_give_has_its_sentence():
    with pytest.raises(DataError, match=r"which sums to 4: these look like logits"):
        BlackBox(lambda texts: [[1.0, 3.0]])(["a"])
    with pytest.raises(DataError, match="look like logits"):
        BlackBox(lambda texts: [[-1.0, 2.0]])(["a"])
    with pytest.raises(DataError, match="gave nan where a probability is wanted"):
        BlackBox(lambda texts: [[np.nan, 1.0]])(["a"])
    with pytest.raises(DataError, match=r"got shape \(1,\) for 1 texts"):
        BlackBox(lambda texts: [0.5])(["a"])
    with pytest.raises(DataError, match="row 1 is 3, not a text"):
        BlackBox(lambda texts: [[1.0, 0.0]] * 2)(["a", 3])
    with pytest.raises(DataError, match="put it into a list"):
        BlackBox(lambda texts: [[1.0, 0.0]])("a")
    with pytest.raises(DataError, match="there is no text to ask"):
        BlackBox(lambda texts: [[1.0, 0.0]])([])
    with pytest.raises(OptionError, match="a black box is a function"):
        BlackBox(3)
    with pytest.raises(OptionError, match="at least 1 text is asked at once"):
        BlackBox(lambda texts: [[1.0, 0.0]], batch_size=0)
    sizes = iter([[[1.0, 0.0]], [[1.0, 0.0, 0.0]]])
    with pytest.raises(DataError, match="gave 2 classes once and 3 another time"):
        BlackBox(lambda texts: next(sizes), batch_size=1)(["a", "b"])


def test_probabilities_rounded_to_four_decimals_are_taken():
    assert BlackBox(lambda texts: [[0.3333, 0.3333, 0.3333]])(["a"]).sum() == pytest.approx(0.9999)


# -- concepts ----------------------------------------------------------------------------------------------------------


def test_a_reader_learns_from_the_rows_whose_label_is_known_and_reads_the_others():
    texts = [f"{quality} {thing}" for quality in ("good", "bad") for thing in ("food", "soup", "bread", "tea")] * 3
    labels = ["+" if text.startswith("good") else "-" for text in texts]
    half = [label if k % 2 else None for k, label in enumerate(labels)]
    drink = ["yes" if "tea" in text else "no" for text in texts]
    reader = ConceptReader.fit(texts, Table.of({"quality": half, "drink.kind": drink}))
    assert reader.predict(texts) == {"quality": labels, "drink.kind": drink}
    shares = reader.probabilities(texts, "quality")
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(texts)))


def test_a_reader_agrees_with_the_regression_it_is_made_of_and_survives_saving():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, 6)) for _ in range(80)]
    labels = rng.choice(["a", "b", "c"], 80)
    reader = ConceptReader.fit(texts, Table.of({"c": labels}), strength=2.0)
    peer = LogisticRegression(C=2.0, max_iter=300).fit(reader.codes(texts), labels)
    assert reader.probabilities(texts, "c") == pytest.approx(peer.predict_proba(reader.codes(texts)))
    again = ConceptReader(reader.vocabulary, reader.categories)
    again.load_state_dict(reader.state_dict())
    assert np.array_equal(again.probabilities(texts, "c"), reader.probabilities(texts, "c"))


def test_concepts_that_cannot_be_read_have_their_sentence():
    with pytest.raises(DataError, match="concept 'c' has one value only, 'a'"):
        ConceptReader.fit(TEXTS, Table.of({"c": ["a"] * 4}))
    with pytest.raises(DataError, match="numbers without end"):
        ConceptReader.fit(TEXTS, Table.of({"c": [0.1, 0.2, 0.3, 0.4]}))
    with pytest.raises(DataError, match="cannot be read off these texts"):
        ConceptReader.fit(["!", "?"], Table.of({"c": ["a", "b"]}))
    reader = ConceptReader.fit(TEXTS, Table.of({"c": ["a", "b", "a", "b"]}))
    with pytest.raises(UnknownVariableError, match="'d' is not a variable of this reader"):
        reader.probabilities(TEXTS, "d")


# -- edits -------------------------------------------------------------------------------------------------------------


def test_filters_name_what_is_wrong_with_each_edit():
    text = "the food was mentioned by all"
    cases = {
        "": "empty",
        "The food was mentioned by all!": "unchanged",
        "bad food, as mentioned by all": "",
        "bad food as mentioned by  all": "duplicate",
        "the revised food was bad": "speaks of the task",
        "I cannot do this": "speaks of the task",
        "the food was bad however": "breaks off",
    }
    faults = edit_faults([text] * 7, list(cases), ["-"] * 7, ["-"] * 7)
    assert faults == list(cases.values())
    assert edit_faults([text], ["good food"], ["-"], ["+"]) == ["value not seen"]
    assert edit_faults([text], [None], ["-"], ["-"]) == ["empty"]
    with pytest.raises(DataError, match="they go together"):
        edit_faults([text], [], ["-"], ["-"])


def test_a_prompt_names_what_changes_and_what_stays():
    concepts = {"food": ["good", "bad"], "service": ["good", "bad"]}
    editor = PromptedEditor(None, concepts, examples=[("hot soup", "food", "bad", "cold soup")])
    prompt = editor.prompt("cold soup", "food", "good")
    assert prompt.count("so that the food is") == 2
    assert "keep service and everything else word for word" in prompt
    assert prompt.endswith("Text: cold soup\nNew text:")
    with pytest.raises(UnknownVariableError, match="Did you mean 'food'"):
        editor.prompt("cold soup", "foud", "good")
    with pytest.raises(OptionError, match="'food' is one of good, bad, got 'fine'"):
        editor.prompt("cold soup", "food", "fine")
    with pytest.raises(DataError, match="edits differ in number"):
        TextEdits(["a"], [0, 1])
