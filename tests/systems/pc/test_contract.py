"""PC as a system: from a file, its graph, the SCM on it, what is kept, and what it refuses."""

import json

import numpy as np
import pytest

from aitia import do
from aitia.data.table import Table
from aitia.errors import FormatError, IdentifiabilityError, InterventionError, OptionError, UnknownVariableError
from aitia.graph import Knowledge
from aitia.system import Given, find, load, verbs_of
from aitia.systems.pc import PC, PCConfig
from aitia.systems.pc.example import write


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write(tmp_path_factory.mktemp("pc"), 0)


@pytest.fixture(scope="module")
def found(example):
    return PC(knowledge=Knowledge(required=[("rain", "water")]), bootstrap=5, **example.options).fit(example.files)


def test_its_verbs_are_those_of_its_card_and_it_sets_nothing(found):
    assert find("pc").load() is PC
    assert verbs_of(PC) == PC.card.verbs == ("graphs",)
    assert not found.targets
    with pytest.raises(InterventionError, match="pc answers no do: nothing is set"):
        found.do(rain=1)


def test_a_file_by_its_path_gives_the_graph_of_the_columns_that_are_named(example, found):
    assert found.roles["variables"] == ("rain", "water", "light", "growth")
    assert str(found.graph) == "rain --> water; water --> growth; light --> growth"
    assert found.graphs() == {"graph": found.graph_}
    part = PC(test="fisher-z").fit(example.files, variables=["rain", "growth"])
    assert str(part.graph) == "rain --- growth"
    with pytest.raises(UnknownVariableError, match="Did you mean 'light'"):
        PC().fit(example.files, variables=["rain", "ligth"])
    with pytest.raises(OptionError, match="no role or subject 'contexts'"):
        PC().fit(example.files, contexts="rain")


def test_graphs_of_other_rows_are_found_by_the_same_search(example, found):
    rows = Given.of(PC.card, example.files).table
    noise = np.random.default_rng(1).normal(size=(300, 4))
    other = Table.of(dict(zip(rows.names, noise.T, strict=True)))
    assert not found.graphs(other)["graph"].has_edge("light", "growth")
    assert found.graphs(rows)["graph"] == found.graph_


def test_the_scm_on_the_graph_obeys_do(found):
    rows = found.rows_
    scm = found.scm()
    slope = np.polyfit(rows.column("water"), rows.column("growth"), 1)[0]
    one, nothing = (do(scm, water=v).sample(2000, seed=0).column("growth").mean() for v in (1.0, 0.0))
    assert abs(one - nothing - slope) < 0.1
    assert np.array_equal(do(scm, water=1.0).sample(50, seed=0).column("rain"), scm.sample(50, seed=0).column("rain"))
    again = found.scm(rows.take(range(100)))
    assert do(again, water=1.0).sample(2000, seed=0).column("growth").mean() != one


def test_where_the_graph_leaves_an_edge_open_there_is_no_scm(example):
    open_ = PC(**example.options).fit(example.files)
    with pytest.raises(IdentifiabilityError, match=r"which way an edge points \(rain --- water\).*knowledge"):
        open_.scm()
    with pytest.raises(OptionError, match="has not been fitted"):
        PC().scm()
    with pytest.raises(OptionError, match="has not been fitted"):
        PC().graphs()


def test_what_was_saved_has_the_same_findings(found, tmp_path):
    found.save_pretrained(tmp_path)
    read = load(tmp_path)
    assert read.graphs() == found.graphs()
    assert read.skeleton_.graph == found.skeleton_.graph
    assert read.skeleton_.separators == found.skeleton_.separators
    assert read.skeleton_.separating_set("rain", "growth") == ("water",)
    assert tuple(read.skeleton_.tests) == tuple(found.skeleton_.tests)
    assert tuple(read.tests_) == tuple(found.tests_)
    assert read.orientation_reasons_ == found.orientation_reasons_
    assert read.edge_frequencies_ == found.edge_frequencies_
    assert read.warnings_ == found.warnings_
    assert read.rows_ == found.rows_
    assert read.config == found.config
    assert read.scm().sample(20, seed=0) == found.scm().sample(20, seed=0)
    assert [read.why(edge) for edge in read.graph.edges] == [found.why(edge) for edge in found.graph.edges]
    text = json.loads((tmp_path / "config.json").read_text())
    del text["options"]["skeleton"]
    (tmp_path / "config.json").write_text(json.dumps(text))
    with pytest.raises(FormatError, match="lacks 'skeleton'"):
        load(tmp_path)


def test_labels_and_gaps_of_the_rows_are_kept(tmp_path):
    rng = np.random.default_rng(0)
    a = rng.normal(size=300)
    kind = np.array(["low", "high"], dtype=object)[(a + rng.normal(size=300) > 0).astype(int)]
    a[:5] = np.nan
    found = PC(test="kci", missing="testwise", max_depth=0).fit({"a": a, "kind": kind})
    found.save_pretrained(tmp_path)
    read = load(tmp_path)
    assert read.rows_.categories("kind") == ("high", "low")
    assert read.rows_ == found.rows_


def test_what_the_graph_states_is_asked_of_fresh_rows(found):
    rng = np.random.default_rng(7)
    rain, light = rng.normal(size=(2, 400))
    water = rain + 0.7 * rng.normal(size=400)
    growth = water + light + 0.7 * rng.normal(size=400)
    fresh = Given.of(PC.card, {"rain": rain, "water": water, "light": light, "growth": growth})
    score = found.judge(fresh, fresh)["statements upheld"]
    assert score.value == 1.0
    assert score.baselines["empty graph"] == pytest.approx(2 / 6)  # light is independent of rain and of water
    assert set(score.baselines) == {"empty graph", "full graph"}
    noise = dict(zip(found.rows_.names, rng.normal(size=(4, 400)), strict=True))
    assert found.judge(Given.of(PC.card, noise), fresh)["statements upheld"].value < 0.6


def test_the_report_says_why_each_edge_stands(found):
    page = "".join(block.html() for block in found.report(Given.of(PC.card, found.rows_)))
    for said in ("water --&gt; growth", "its weakest test of all", "resamples 100% join the two"):
        assert said in page
    assert found.training.notes == (
        "Test fisher-z: as asked.",
        "Collider rule likelihood: the arrows that explain the rows best.",
    )


def test_options_read_knowledge_from_a_file_or_from_json(tmp_path):
    (tmp_path / "known.txt").write_text("required: rain -> water\n")
    config = PCConfig(knowledge=str(tmp_path / "known.txt"))
    assert config.known == Knowledge(required=[("rain", "water")])
    assert PCConfig(**json.loads(json.dumps(config.to_json()))) == config
    with pytest.raises(OptionError, match="depth"):
        PC(depth=3)
