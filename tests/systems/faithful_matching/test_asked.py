"""The verbs: reviews and edits of them in one file, texts replaced by their matches, effects on a classifier."""

import numpy as np
import pytest

from aitia.data.tables import read_table
from aitia.errors import DataError, InterventionError, OptionError, UnknownVariableError
from aitia.system import Given, example_of, load
from aitia.systems.faithful_matching import FaithfulMatching, FaithfulMatchingConfig, Matching
from aitia.systems.faithful_matching.black_box import BlackBox
from aitia.systems.faithful_matching.card import CARD
from aitia.systems.faithful_matching.reading import black_box, editor_of, parted
from aitia.systems.faithful_matching.text_edits import TextEdits
from aitia.worlds import ReviewEditor, ReviewsWorld


def ask(texts):
    """A black box that likes long texts."""
    p = np.array([0.1 + 0.8 * min(len(text), 200) / 200 for text in texts])
    return np.stack([1 - p, p], axis=1)


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return example_of("faithful-matching", tmp_path_factory.mktemp("reviews"))


@pytest.fixture(scope="module")
def fitted(example):
    return FaithfulMatching(**example.options).fit(example.files, **example.roles)


def test_a_file_of_texts_and_edits_is_fitted_as_the_pool_and_its_edits(example, fitted):
    table = read_table(example.files, kinds={"review": "text"})
    edit = ~table.absent("version of")
    pool = np.flatnonzero(~edit)
    of = [int(label.split()[1]) for label in table.labels("version of")[edit]]
    told = {name: table.labels(name)[edit].tolist() for name in ("food", "noise")}
    inner = Matching(FaithfulMatchingConfig(**example.options))
    inner.fit(
        [table.texts("review")[row] for row in pool],
        {name: table.labels(name)[pool].tolist() for name in ("food", "noise")},
        edits=TextEdits([t for t, e in zip(table.texts("review"), edit, strict=True) if e], of, told),
        groups=table.labels("number")[pool].tolist(),
    )
    assert fitted.found.texts == inner.texts
    texts = read_table(example.rows, kinds={"review": "text"}).texts("review")
    one, two = (model.match(texts, "food", "positive", 5) for model in (fitted.found, inner))
    assert [rows.tolist() for rows in one.rows] == [rows.tolist() for rows in two.rows]
    assert np.allclose(np.stack(one.scores), np.stack(two.scores))


def test_unknown_concepts_are_read_and_known_ones_stay(example, fitted):
    filled = fitted.predict(example.rows)
    texts = filled.texts("review")
    assert filled.labels("food").tolist() == fitted.found.read(texts)["food"]
    half = {"review": texts, "food": ["negative", None] * 6}
    told = fitted.predict(half).labels("food").tolist()
    assert told == [("negative", read)[row % 2] for row, read in enumerate(fitted.found.read(texts)["food"])]
    twice = fitted.predict(example.rows, draws=2)
    assert twice.column("row").tolist()[:4] == [0.0, 0.0, 1.0, 1.0]


def test_an_edit_is_the_best_match_and_a_row_that_has_the_value_stays(example, fitted):
    table = read_table(example.files, kinds={"review": "text"}).take(np.arange(80))
    held = fitted.do("do(food=positive)")
    edited = held.edit(table)
    known = {name: table.labels(name).tolist() for name in ("food", "noise")}
    groups = table.labels("number").tolist()
    best = fitted.found.match(table.texts("review"), "food", "positive", 1, groups=groups, concepts=known).rows
    for row, (old, new) in enumerate(zip(table.texts("review"), edited.texts("review"), strict=True)):
        assert new == (old if known["food"][row] == "positive" else fitted.found.texts[best[row][0]])
        if known["food"][row] != "positive":
            assert best[row][0] != row
    assert set(edited.labels("food")) == {"positive"}
    assert edited.labels("noise").tolist() == known["noise"]
    assert fitted.edit(table).hash() == fitted.given(table).data.hash()
    assert "food" not in held.edit(example.rows).names
    filled = held.predict(example.rows)
    assert set(filled.labels("food")) == {"positive"}
    assert filled.labels("noise").tolist() == fitted.found.read(held.edit(example.rows).texts("review"))["noise"]


def test_two_values_are_held_by_one_text(example, fitted):
    held = fitted.do(food="negative").do(noise="negative")
    new = held.edit(example.rows).texts("review")
    place = {text: row for row, text in enumerate(fitted.found.texts)}
    concepts = fitted.concepts
    read = fitted.found.read(fitted.given(example.rows).texts("text"))
    for row, text in enumerate(new):
        if (read["food"][row], read["noise"][row]) != ("negative", "negative"):
            assert (concepts["food"][place[text]], concepts["noise"][place[text]]) == ("negative", "negative")
    with pytest.raises(OptionError, match="which one concept is set"):
        held.match(example.rows)


def test_an_embedding_is_the_one_trained_for_what_is_held(example, fitted):
    plain, food = fitted.encode(example.rows), fitted.do(food="positive").encode(example.rows)
    assert plain.names[0] == "code1"
    assert food.names[0] == "food1"
    assert np.allclose(np.linalg.norm(food.matrix(), axis=1), 1)
    assert not np.allclose(plain.matrix(), food.matrix())
    both = fitted.do(food="positive", noise="negative").encode(example.rows)
    assert len(both.names) == 2 * len(food.names)


def test_effects_are_the_mean_of_what_explain_says_of_rows_with_another_value(example, fitted):
    system = fitted.bind(model=ask)
    table = system.effects(example.rows)
    assert table.names == ("target", "outcome", "effect", "low", "high", "control")
    assert set(table.labels("outcome")) == {"0", "1"}
    texts = system.given(example.rows).texts("text")
    own = np.array(system.found.read(texts)["food"])
    for value in system.concepts_there("food"):
        moved = [text for text, now in zip(texts, own, strict=True) if now != value]
        row = [k for k, name in enumerate(table.labels("target")) if name == f"food={value}"][1]
        for by, column in (("causal", "effect"), ("random", "control")):
            told = system.found.explain(moved, "food", value, ask, by=by, k=3).values[:, 1].mean()
            assert table.column(column)[row] == pytest.approx(told)
    held = system.do(food="positive")
    assert set(held.effects(example.rows).labels("target")) == {"food=positive"}
    assert set(system.effects(example.rows, target="noise", outcome="1").labels("outcome")) == {"1"}
    one = held.explain(example.rows, k=2)
    assert one.values == pytest.approx(system.found.explain(texts, "food", "positive", ask, k=2).values)
    with pytest.raises(UnknownVariableError, match="there is no class '7'"):
        system.effects(example.rows, outcome="7")


def test_without_a_classifier_its_labels_are_what_it_says(example, fitted):
    table = fitted.effects(example.files, target="food")
    assert set(table.labels("outcome")) == {"high", "low"}
    high = table.column("effect")[table.labels("outcome") == "high"]
    assert np.allclose(high, -table.column("effect")[table.labels("outcome") == "low"])
    assert len(fitted.effects()) == len(fitted.effects(example.files))
    with pytest.raises(DataError, match="no label says what the classifier says of"):
        fitted.effects(example.rows)
    named = FaithfulMatching(**example.options, classes=("short", "long")).fit(
        example.files, **example.roles, model=ask
    )
    assert set(named.effects(example.rows).labels("outcome")) == {"short", "long"}
    with pytest.raises(OptionError, match="give it as model"):
        black_box(None, {}, ())


def test_a_writer_writes_what_stands_in():
    asked, world = [], ReviewsWorld()
    sample = world.sample(80, seed=0)
    rows = {"text": list(world.render(sample)), **{name: world.aspects(sample)[name] for name in ("food", "noise")}}
    edits = ReviewEditor(world, sample)

    def writer(texts, concept, values, seed=0):
        if set(texts) <= set(rows["text"]):
            return edits(texts, concept, values, seed)
        asked.append((concept, tuple(values)))
        return [f"{text} now {concept} is {value}" for text, value in zip(texts, values, strict=True)]

    model = FaithfulMatching(steps=2, width=8, by="writer").fit(rows, concepts=["food", "noise"], writer=writer)
    texts = ["it was dull", "so dull"]
    told = model.do(noise="positive").edit({"text": texts, "noise": ["negative", "positive"]})
    assert told.texts("text") == ["it was dull now noise is positive", "so dull"]
    assert asked == [("noise", ("positive",))]
    with pytest.raises(OptionError, match="a writer matches nothing"):
        model.do(noise="positive").match({"text": texts})
    assert editor_of(model.subjects["writer"], {}) is writer


def test_edits_name_rows_where_there_are_no_groups():
    rows = {"text": ["a", "b", "c", "d"], "food": ["x", "y", "y", "x"], "edit_of": [None, None, "1", "0"]}
    given = Given.of(CARD, rows, concepts=["food"])
    pool, edits = parted(given, ("food",))
    assert pool.tolist() == [0, 1]
    assert edits.of == [1, 0]
    assert edits.texts == ["c", "d"]
    assert edits.concepts == {"food": ["y", "x"]}


def test_it_is_saved_with_what_it_holds(example, fitted, tmp_path):
    held = fitted.bind(model=ask).do("do(food=negative)")
    held.save_pretrained(tmp_path / "run")
    again = load(tmp_path / "run", model=ask)
    assert again.held == held.held
    assert again.roles == held.roles
    assert again.edit(example.rows).hash() == held.edit(example.rows).hash()
    assert again.effects(example.rows).hash() == held.effects(example.rows).hash()
    assert load(tmp_path / "run").said == fitted.said


def test_what_is_no_target_is_refused_with_the_nearest(fitted):
    with pytest.raises(UnknownVariableError, match="Did you mean 'food'"):
        fitted.do(fod="positive")
    with pytest.raises(InterventionError, match="Did you mean 'positive'"):
        fitted.do(food="positiv")
    assert fitted.targets.names == ("food", "noise")
    assert "positive" in fitted.targets.find("food").labels


def test_effects_are_judged_where_versions_of_a_text_are_known(example, fitted):
    given = Given.of(CARD, example.files, **example.roles)
    scores = fitted.bind(model=ask).judge(given, given)
    error = scores["L2 error of effects"]
    assert set(error.baselines) == {"random", "tf-idf", "approximate", "conexp", "no effect"}
    assert error.value < error.baselines["random"]
    read = scores["concepts read"]
    assert read.value > read.baselines["most frequent label"]
    page = "".join(block.html() for block in fitted.report(given.take(range(6))))
    assert "food=positive" in page
    assert "what stands in" in page
    assert "trainings of 20 steps" in fitted.work(given)
    assert len(fitted.training.losses) == 2


def test_an_endpoint_writes_edits_by_its_address():
    from tests.text.server import serving

    from aitia.data.subjects import Client

    with serving(lambda number, body, headers: '"the food was bad"') as server:
        editor = editor_of(Client.of(f"{server.address}#small"), {"food": ["good", "bad"]})
        assert editor(["the food was good"], "food", ["bad"]) == ["the food was bad"]
        (body,) = server.asked
    assert (body["max_tokens"], body["temperature"]) == (96, 0.7)
    assert "so that the food is bad" in body["messages"][0]["content"]


def test_a_folder_of_a_classifier_is_a_black_box(tmp_path):
    transformers = pytest.importorskip("transformers")
    from aitia.data.subjects import Client
    from aitia.nn.language import word_tokenizer

    tokenizer = word_tokenizer(["good", "bad"])
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        num_labels=3,
    )  # fmt: skip
    transformers.BertForSequenceClassification(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    told = black_box(Client.of(tmp_path), {}, ())(["good", "bad"])
    assert told == pytest.approx(BlackBox(tmp_path)(["good", "bad"]))
    with pytest.raises(OptionError, match="probabilities of classes are wanted"):
        black_box(Client.of("https://host/v1#small"), {}, ())
