"""The generator with labelled causes: counterfactuals against a scene whose truth is known, and what it refuses."""

import warnings

import numpy as np
import pytest

from aitia.data.images import ImageSet
from aitia.data.table import Table
from aitia.do import counterfactual
from aitia.errors import DataError, FormatError, GraphError, OptionError, RangeWarning, UnknownVariableError
from aitia.systems.causal_vae.model import CausalVae, CausalVaeConfig
from aitia.systems.domain_counterfactuals import DomainCounterfactuals

GRAPH = "height -> length"


def scene(height, length, hue):
    """A bar of this height on the left (0 to 1), and a shadow of this length under it; hue has no label."""
    size = 16
    y, x = np.mgrid[0:size, 0:size]
    images = np.zeros((len(height), size, size, 3))
    for k in range(len(height)):
        bar = np.clip(height[k] * 10 - (13 - y), 0, 1) * (x >= 2) * (x < 5) * (y < 14)
        shadow = np.clip(length[k] * 12 - (x - 2), 0, 1) * (x >= 2) * (y >= 14)
        images[k] = bar[..., None] * [1 - hue[k], hue[k], 0.2] + shadow[..., None] * 0.6
    return np.round(255 * np.clip(images, 0, 1)).astype(np.uint8)


def draw(n, seed):
    rng = np.random.default_rng(seed)
    height, noise, hue = rng.uniform(0.2, 0.9, n), rng.normal(size=n), rng.uniform(0, 1, n)
    return height, noise, hue


def length_of(height, noise):
    return 0.2 + 0.6 * height + 0.05 * noise


def image_set(n, seed):
    height, noise, hue = draw(n, seed)
    length = length_of(height, noise)
    labels = Table.of({"height": height, "length": length}, kinds={"height": "number", "length": "number"})
    return ImageSet(scene(height, length, hue), labels)


@pytest.fixture(scope="module")
def trained():
    return CausalVae(graph=GRAPH, steps=800, width=16, residual=2).fit(image_set(2000, 0))


def pixel_error(a, b):
    return ((a / 255.0 - b / 255.0) ** 2).mean()


def test_a_counterfactual_moves_what_follows_and_keeps_the_rest(trained):
    facts = image_set(200, 5)
    height, noise, hue = draw(200, 5)
    answer = trained.counterfactual(facts, "do(height=0.3)")
    lengths = length_of(np.full(200, 0.3), noise)
    truth = scene(np.full(200, 0.3), lengths, hue)
    assert np.allclose(answer.labels.column("height"), 0.3)
    assert np.abs(answer.labels.column("length") - lengths).mean() < 0.02
    nothing = pixel_error(facts.images, truth)
    frozen = pixel_error(scene(np.full(200, 0.3), length_of(height, noise), hue), truth)
    assert pixel_error(answer.images, truth) < 0.5 * nothing
    assert pixel_error(answer.images, truth) < frozen, "the shadow has to follow the bar"


def test_the_end_of_a_chain_does_not_move_its_cause(trained):
    facts = image_set(50, 6)
    answer = trained.counterfactual(facts, "do(length=0.5)")
    assert np.allclose(answer.labels.column("height"), facts.labels.column("height"), atol=1e-5)


def test_doing_nothing_reconstructs(trained):
    facts = image_set(100, 7)
    answer = counterfactual(trained, facts, "do()")
    assert pixel_error(answer.images, facts.images) < 0.01
    assert np.allclose(answer.labels.column("length"), facts.labels.column("length"), atol=1e-4)


def test_causes_are_read_from_the_image_where_there_are_no_labels(trained):
    facts = image_set(100, 8)
    bare = ImageSet(facts.images, Table.of({"row": np.arange(100)}))
    read = trained.encode(bare)
    assert np.corrcoef(read[:, 0], facts.labels.column("height"))[0, 1] > 0.98
    assert trained.counterfactual(bare, "do(height=0.5)").labels.names == ("row", "height", "length")


def test_actions_other_than_a_value_speak_the_units_of_the_labels(trained):
    facts = image_set(50, 9)
    answer = trained.counterfactual(facts, "do(height=shift(0.1))")
    assert np.allclose(answer.labels.column("height"), facts.labels.column("height") + 0.1, atol=1e-5)


def test_a_value_beyond_the_training_is_answered_with_a_warning_that_says_by_how_much(trained):
    facts = image_set(3, 10)
    with pytest.warns(RangeWarning, match=r"height = 1.4 is outside .* by 0\.5"):
        answer = trained.counterfactual(facts, "do(height=1.4)")
    assert np.allclose(answer.labels.column("height"), 1.4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trained.counterfactual(facts, "do(height=0.5)")


def test_a_saved_model_answers_the_same_and_another_class_refuses_it(tmp_path, trained):
    facts = image_set(10, 11)
    trained.save_pretrained(tmp_path)
    again = CausalVae.from_pretrained(tmp_path)
    assert again.graph == trained.graph
    query = "do(height=0.4)"
    assert np.array_equal(again.counterfactual(facts, query).images, trained.counterfactual(facts, query).images)
    with pytest.raises(FormatError, match="holds a CausalVae, not a DomainCounterfactuals"):
        DomainCounterfactuals.from_pretrained(tmp_path)


def test_the_same_seed_gives_the_same_model():
    rows = image_set(60, 1)
    one, two = (CausalVae(steps=4, width=4).fit(rows) for _ in range(2))
    assert np.array_equal(one.encode(rows), two.encode(rows))


def test_without_a_graph_every_label_stands_for_itself():
    rows = image_set(60, 1)
    model = CausalVae(steps=4, width=4).fit(rows)
    answer = model.counterfactual(rows, "do(height=0.5)")
    assert np.allclose(answer.labels.column("length"), rows.labels.column("length"), atol=1e-5)


# -- what it refuses -------------------------------------------------------------------------------------------------


def test_unknown_causes_are_refused_with_the_nearest(trained):
    with pytest.raises(UnknownVariableError, match="Did you mean 'height'"):
        trained.counterfactual(image_set(2, 0), "do(hieght=1)")
    with pytest.raises(UnknownVariableError, match="'width' is not a variable"):
        CausalVae(steps=1).fit(image_set(20, 0), ["width"])
    with pytest.raises(UnknownVariableError, match="'light'"):
        CausalVae(graph="light -> height", steps=1).fit(image_set(20, 0), ["height"])


def test_bad_labels_and_images_are_refused(trained):
    rows = image_set(20, 0)
    flat = ImageSet(rows.images, rows.labels.with_columns({"height": np.ones(20)}, kinds={"height": "number"}))
    words = ImageSet(rows.images, rows.labels.with_columns({"height": ["low", "high"] * 10}))
    with pytest.raises(DataError, match="'height' is constant"):
        CausalVae(graph=GRAPH, steps=1).fit(flat)
    with pytest.raises(DataError, match="'height' holds labels, not numbers"):
        CausalVae(graph=GRAPH, steps=1).fit(words)
    with pytest.raises(DataError, match="no label that is a number"):
        CausalVae(steps=1).fit(ImageSet(rows.images, Table.of({"name": ["a", "b"] * 10})))
    with pytest.raises(DataError, match="8x8, this model was trained on 16x16"):
        trained.counterfactual(ImageSet(rows.images[:, :8, :8], rows.labels), "do()")
    with pytest.raises(DataError, match="square"):
        CausalVae(steps=1).fit(ImageSet(rows.images[:, :8], rows.labels))
    with pytest.raises(GraphError):
        CausalVae(graph="height -- length", steps=1).fit(rows)


def test_options_out_of_range_are_refused():
    for wrong in ({"residual": -1}, {"held_out": 1.0}, {"label_weight": 0.0}, {"width": 0}):
        with pytest.raises(OptionError):
            CausalVaeConfig(**wrong)
    with pytest.raises(OptionError, match="call fit first"):
        CausalVae().encode(image_set(2, 0))
    with pytest.raises(OptionError, match="CausalVae"):
        CausalVae(latents=3)
