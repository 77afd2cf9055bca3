"""CD-NOD as a system: from a file, its graph, the SCM on it, what is kept, and what it refuses."""

import numpy as np
import pytest

from aitia import do
from aitia.errors import IdentifiabilityError, InterventionError, OptionError, UnknownVariableError
from aitia.system import Given, find, load, verbs_of
from aitia.systems.cd_nod import CDNOD
from aitia.systems.cd_nod.example import write
from aitia.worlds import ChainWorld


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write(tmp_path_factory.mktemp("cd-nod"), 0)


@pytest.fixture(scope="module")
def found(example):
    return CDNOD(test="kci", bootstrap=2).fit(example.files, **example.roles)


def test_its_verbs_are_those_of_its_card_and_it_sets_nothing(found):
    assert find("cd-nod").load() is CDNOD
    assert verbs_of(CDNOD) == CDNOD.card.verbs == ("graphs",)
    assert not found.targets
    with pytest.raises(InterventionError, match="cd-nod answers no do: nothing is set"):
        found.do(water=1)


def test_a_file_by_its_path_gives_the_graph_without_its_context(example, found):
    assert found.roles == {"context": "plot", "variables": ("light", "water", "growth")}
    assert str(found.graph) == "light --> water; water --> growth"
    assert found.augmented_graph_.parents("water") == ("light", "plot")
    assert found.graphs(example.files) == found.graphs() == {"graph": found.graph_}
    with pytest.raises(UnknownVariableError, match=r"'plots' is not a variable of this table\. Did you mean 'plot'"):
        CDNOD().fit(example.files, context="plots")
    with pytest.raises(OptionError, match="cd-nod needs the domain or the time of a row"):
        CDNOD().fit(example.files)


def test_the_scm_has_the_context_as_a_cause_and_obeys_do(found):
    scm = found.scm()
    assert scm.graph == found.augmented_graph_
    set_ = do(scm, water=2.0).sample(500, seed=0)
    assert np.array_equal(set_.column("light"), scm.sample(500, seed=0).column("light"))
    assert abs(set_.column("growth").mean() - 2 * np.tanh(2)) < 0.2  # by the equation of the example


def test_where_the_graph_leaves_an_edge_open_there_is_no_scm():
    rng = np.random.default_rng(0)
    site = np.repeat(["a", "b", "c", "d"], 60)
    x = rng.normal(size=240)
    found = CDNOD(test="fisher-z", phases=2).fit({"x": x, "y": x + rng.normal(size=240), "site": site}, context="site")
    assert str(found.graph) == "x --- y"
    with pytest.raises(IdentifiabilityError, match=r"\(x --- y\)"):
        found.scm()


def test_what_was_saved_has_the_same_findings(found, tmp_path):
    found.save_pretrained(tmp_path)
    read = load(tmp_path)
    for name in ("graph_", "augmented_graph_", "changing_", "couplings_", "evidence_", "test_name_",
                 "orientation_reasons_", "edge_frequencies_", "warnings_", "rows_", "config", "roles"):  # fmt: skip
        assert getattr(read, name) == getattr(found, name), name
    assert read.skeleton_.graph == found.skeleton_.graph
    assert read.skeleton_.separators == found.skeleton_.separators
    assert tuple(read.tests_) == tuple(found.tests_)
    ours, theirs = found.forces_["water"], read.forces_["water"]
    assert (theirs.parents, theirs.context.tolist()) == (ours.parents, ours.context.tolist())
    for kind in ("curves", "gaussian"):
        for part in ("context", "curves", "shares"):
            assert np.array_equal(getattr(getattr(theirs, kind), part), getattr(getattr(ours, kind), part))
    assert read.scm().sample(20, seed=0) == found.scm().sample(20, seed=0)


def test_over_time_forces_and_evidence_are_kept_too(tmp_path):
    found = CDNOD(test="fisher-z").fit(ChainWorld().sample(150, seed=1), context="time")
    found.evidence_ = {("x1", "x2"): 2.5}
    found.save_pretrained(tmp_path)
    read = load(tmp_path)
    assert read.evidence_ == {("x1", "x2"): 2.5}
    assert {k: f.context.tolist() for k, f in read.forces_.items()} == {
        k: f.context.tolist() for k, f in found.forces_.items()
    }


def test_what_the_graph_states_is_asked_of_fresh_rows(found):
    rng = np.random.default_rng(5)  # other plots, of the same kind
    plot = np.repeat(np.arange(20), 25)
    light = rng.normal(size=500)
    water = 1.5 * rng.normal(size=20)[plot] + light + 0.6 * rng.normal(size=500)
    growth = 2 * np.tanh(water) + 0.6 * rng.normal(size=500)
    table = {"light": light, "water": water, "growth": growth, "plot": [f"plot {k}" for k in plot]}
    fresh = Given.of(CDNOD.card, table, context="plot")
    score = found.judge(fresh, fresh)["statements upheld"]
    assert score.value == 1.0
    assert max(score.baselines.values()) < 1.0


def test_the_report_shows_what_changes_and_how(found):
    page = "".join(block.html() for block in found.report(Given.of(CDNOD.card, found.rows_, context="plot")))
    for said in ("water --&gt; growth", "driving force", "Variables whose mechanism changes", "change with plot"):
        assert said in page
    assert found.training.notes[-1] == "Mechanisms that change with plot: water."
