"""The verbs: a CSV file and a folder of a decoder, sentences written, the variety erased, saved, loaded, exported."""

from copy import copy

import numpy as np
import pytest
import torch

from aitia.data.parallel import Parallel
from aitia.data.tables import read_table
from aitia.errors import DataError, InterventionError, OptionError, RunError, UnknownVariableError
from aitia.nn.language import load_language_model
from aitia.nn.sites import ProjectOut, intervene
from aitia.stats.metrics import chrf
from aitia.system import Given, example_of, load
from aitia.systems.alignment_hurts import Decoupling
from aitia.systems.alignment_hurts.card import CARD
from aitia.systems.alignment_hurts.reading import most_frequent, rows_of

ROLES = {"source": "meaning", "written": "said", "variety": "dialect"}


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return example_of("alignment-hurts", tmp_path_factory.mktemp("varieties"))


@pytest.fixture(scope="module")
def fitted(example):
    return Decoupling(**example.options).fit(example.files, **example.roles, **example.subjects)


def table(example, name="pairs.csv"):
    return read_table(example.files.parent / name, kinds={"meaning": "text", "said": "text"})


def test_sentences_that_are_not_written_are_written_in_their_variety(example, fitted):
    assert (fitted.dominant, fitted.varieties) == ("standard", ("standard", "island"))
    filled = fitted.predict(example.rows)
    fresh = table(example, "fresh.csv")
    for row, (source, name) in enumerate(zip(fresh.texts("meaning"), fresh.labels("dialect"), strict=True)):
        assert filled.texts("said")[row] == fitted.translate([source], str(name))[0]
    whole = table(example).take(np.arange(3))
    assert fitted.predict(whole).texts("said") == whole.texts("said")
    twice = fitted.predict(example.rows, draws=2)
    assert twice.texts("said")[::2] == filled.texts("said") == twice.texts("said")[1::2]
    with pytest.raises(OptionError, match="in which variety it is to be written"):
        fitted.predict({"meaning": ["c001"]})
    with pytest.raises(OptionError, match="there is no variety 'west', there are standard, island"):
        fitted.predict({"meaning": ["c001 c002"], "dialect": ["west"]})


def test_do_takes_the_subspace_out_of_all_layers_or_of_one(example, fitted):
    fresh = table(example, "fresh.csv").take([1])
    prompt = [fitted.config.prompt.format(source=fresh.texts("meaning")[0], variety="island")]
    for do, layers in (("do(dialect=absent)", (0, 1)), ("do(model.layers.0=absent)", (0,))):
        sites = {fitted.sites[k]: ProjectOut(fitted._penalty.basis(k)) for k in layers}
        with intervene(fitted.model.model, sites):
            expected = fitted.model.generate(prompt, most=6)
        assert fitted.do(do).predict(fresh).texts("said") == expected
        held = fitted.do(do).audit(table(example))
        for k, audit in enumerate(held):
            assert (max(audit.held.values()) < 1e-9) is (k in layers)
    assert fitted.do(example.do).predict(example.rows).hash() != fitted.predict(example.rows).hash()
    assert fitted.predict(example.rows).hash() == fitted.do().predict(example.rows).hash()
    assert fitted.targets.names == ("dialect", "model.layers.0", "model.layers.1")


def test_what_is_no_target_is_refused_and_plain_fine_tuning_has_none(example, fitted):
    with pytest.raises(UnknownVariableError, match=r"Did you mean 'model\.layers\.1'"):
        fitted.do({"model.layers.2": "absent"})
    with pytest.raises(InterventionError, match="is set to one of absent, got 'island'"):
        fitted.do(dialect="island")
    plain = Decoupling(**{**example.options, "strength": 0.0, "steps": 2})
    plain.fit(example.files, **example.roles, **example.subjects)
    assert not plain.targets
    with pytest.raises(InterventionError, match="alignment-hurts answers no do"):
        plain.do(dialect="absent")


def test_the_dominant_variety_is_the_one_with_the_most_rows_where_none_is_named():
    rows = Parallel(["a"] * 5, ["b"] * 5, ["one", "two", "two", "three", "three"])
    assert most_frequent(rows) == "two"


def test_rows_of_the_validation_are_for_the_probe_alone():
    rows = {"source": ["a", "b", "c"], "target": ["x", "y", "z"], "variety": ["n", "s", "n"]}
    given = Given.of(CARD, {**rows, "split": ["train", "validation", "train"]}, model="owner/name")
    kept, held = rows_of(given)
    assert (kept.sources, held.targets) == (("a", "c"), ("y",))
    assert rows_of(Given.of(CARD, rows, model="owner/name"))[1] is None
    with pytest.raises(OptionError, match="there is none to train on"):
        rows_of(Given.of(CARD, {**rows, "split": ["validation"] * 3}, model="owner/name"))
    with pytest.raises(DataError, match="row 1 has no target"):
        rows_of(Given.of(CARD, {**rows, "target": ["x", None, "z"]}, model="owner/name"))


def test_a_folder_of_line_aligned_files_is_read(example, fitted, tmp_path):
    both = table(example)
    (tmp_path / "source.txt").write_text("\n".join(both.texts("meaning")[:60]))
    for k, name in enumerate(("island", "standard")):
        start = 60 * (1 - k)
        (tmp_path / f"{name}.txt").write_text("\n".join(both.texts("said")[start : start + 60]))
    made = Decoupling(**{**example.options, "steps": 2}).fit(tmp_path, **example.subjects)
    assert set(made.varieties) == {"standard", "island"}
    assert made.score(tmp_path).keys() == {"standard", "island"}


def test_it_is_saved_with_what_it_holds_and_knows_its_base_model(example, fitted, tmp_path):
    held = fitted.do(example.do)
    held.save_pretrained(tmp_path / "run")
    again = load(tmp_path / "run", **example.subjects)
    assert again.held == held.held
    assert again.roles == held.roles
    assert again.predict(example.rows).hash() == held.predict(example.rows).hash()
    assert again.audits == fitted.audits
    with pytest.raises(RunError, match="give that one"):
        load(tmp_path / "run", model=fitted.model)


def test_the_language_model_is_exported_as_a_plain_folder(example, fitted, tmp_path):
    fitted.export(tmp_path / "net")
    again = load_language_model(tmp_path / "net", "causal", longest=fitted.model.longest)
    for a, b in zip(again.model.parameters(), fitted.model.model.parameters(), strict=True):
        assert torch.equal(a, b)
    hard = copy(fitted)
    hard.config = Decoupling(**example.options, hard=True).config
    for system in (fitted.do(dialect="absent"), hard):
        with pytest.raises(OptionError, match="no weights do so"):
            system.export(tmp_path / "other")
    with pytest.raises(OptionError, match="call fit first"):
        Decoupling().export(tmp_path / "other")


def test_how_well_varieties_are_written_stands_beside_texts_that_need_no_model(example, fitted):
    given = Given.of(CARD, example.files, **ROLES, **example.subjects)
    scores = fitted.judge(given, given)
    both = table(example)
    island = both.take(np.flatnonzero(both.labels("dialect") == "island"))
    other = scores["chrF++ of the other varieties"]
    assert other.value == pytest.approx(fitted.score(given)["island"])
    assert other.value == pytest.approx(chrf(fitted.translate(island.texts("meaning"), "island"), island.texts("said")))
    assert other.baselines["the source as it is"] == pytest.approx(chrf(island.texts("meaning"), island.texts("said")))
    assert set(scores) == {"chrF++ of the other varieties", "chrF++ of standard"}
    page = "".join(block.html() for block in fitted.report(given))
    assert "How well each variety is written" in page
    assert "100 steps of 32 sentences" in fitted.work(given)
    assert fitted.training.losses[0][0] == "decoupling"
