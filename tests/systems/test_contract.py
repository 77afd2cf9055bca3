"""The laws, over every system by what it can answer, on the example in its folder.

A system that the walk finds and that has no example yet is told by name and skipped until it is ported.
"""

import json
import shutil
from importlib.util import find_spec

import numpy as np
import pytest
from tests.commands import command
from typer.testing import CliRunner

import aitia as library
from aitia.cli import app
from aitia.errors import AitiaError, InterventionError, OptionError, UnknownVariableError
from aitia.scm import Linear
from aitia.system import LAWS, load, systems
from aitia.system.laws import _judged

OURS = tuple(
    slug
    for slug, entry in systems().items()
    if entry.package.startswith("aitia.") and find_spec(f"{entry.package}.example")
)
"""Systems that are ported; a plugin that is installed is no business of these tests."""
OTHERS = ("tiny-scm", "tiny-redact", "tiny-bound", "nearest-row")
EVERY = (*OURS, *OTHERS)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("slug", EVERY)
def test_every_system_obeys_every_law(fitted, slug, law):
    found = _judged(law, LAWS[law], fitted(slug).trial())
    assert found.holds is not False, f"{slug}: {law}: {found.detail}"
    if law == "doing is not conditioning" and found.holds is None:
        card = fitted(slug).system.card
        named = fitted(slug).example.why_not or card.does != "sets a variable" or "predict" not in card.verbs
        assert named, f"{slug} sets a variable and predicts: its example names confounded, exogenous, or why_not"


@pytest.mark.parametrize("slug", EVERY)
def test_the_same_run_in_another_process_gives_the_same_bytes(elsewhere, fitted, slug, tmp_path):
    elsewhere(123, "run", slug, "--example", "--out", tmp_path / "run", told=tmp_path / "told.txt")
    first, second = fitted(slug).run, tmp_path / "run"
    told = [json.loads((place / "run.json").read_text())["results"] for place in (first, second)]
    assert list(told[0]) == list(told[1])
    for name in (name for name in told[0] if told[0][name] != told[1][name]):  # where a subject lies is in its id
        texts = [(place / name).read_bytes().replace(str(place).encode(), b"HERE") for place in (first, second)]
        assert texts[0] == texts[1], name


@pytest.mark.parametrize("slug", EVERY)
def test_the_config_is_read_without_the_class_and_is_the_same(plugins, slug):
    entry = systems()[slug]
    assert entry.config() is entry.load().Config


NOTHING_TO_EXPORT = {
    "causal-info-min": "causal-info-min exports the network that it was fitted on, and this was fitted on features: "
    "there is no network behind them; fit it with model="
}
"""Of which the example has nothing to export, in the words of the refusal; its own tests export a network."""


def opened_elsewhere(folder):
    """Opens an exported model without aitia: a pipeline, a folder of transformers with every weight, or bare numbers.

    That it gives the same outputs is asked by the tests of each system.
    """
    if (folder / "model_index.json").is_file():
        import diffusers

        index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
        absent = {part: None for part, value in index.items() if value == [None, None]}
        assert diffusers.DiffusionPipeline.from_pretrained(folder, trust_remote_code=False, **absent).unet
    elif (folder / "config.json").is_file():
        import transformers

        (name,) = json.loads((folder / "config.json").read_text())["architectures"]
        _, told = getattr(transformers, name).from_pretrained(folder, output_loading_info=True)
        assert not told["missing_keys"]
        assert not told["unexpected_keys"]
    elif (folder / "model.safetensors").is_file():
        from safetensors.numpy import load_file

        assert load_file(folder / "model.safetensors")
    else:
        assert np.loadtxt((folder / "weights.txt").read_text().replace("[", "").replace("]", "").split(",")).size == 12


@pytest.mark.parametrize("slug", EVERY)
def test_every_verb_answers_from_the_command_line(fitted, slug, tmp_path):
    found, run = fitted(slug), fitted(slug).run
    verbs, example = found.system.card.verbs, found.example
    if {"counterfactual", "edit", "predict", "encode"} & set(verbs) and example.do is not None:
        told = json.loads(command("do", run, example.do, "--out", tmp_path / "do", "--json"))
        assert told["about"].startswith(f"{slug} answers by {told['verb']}")
        assert all((tmp_path / "do" / name).is_file() for name in told["files"])
    if "predict" in verbs:
        rows = [] if example.rows is None else [example.rows]
        assert json.loads(command("predict", run, *rows, "--out", tmp_path / "p", "--json"))["verb"] == "predict"
    for verb in ("encode", "effects"):
        if verb in verbs:
            assert json.loads(command(verb, run, "--out", tmp_path / verb, "--json"))["verb"] == verb
    if "export" in verbs:
        done = CliRunner().invoke(app, ["export", str(run), "--out", str(tmp_path / "export")])
        if slug in NOTHING_TO_EXPORT:
            assert isinstance(done.exception, OptionError)
            assert str(done.exception) == NOTHING_TO_EXPORT[slug]
            assert verbs.count("export") == 1 <= len(found.system.card.absent["export"])
            assert not (tmp_path / "export").exists(), "it is refused before anything is written"
        else:
            assert done.exit_code == 0, (done.output, done.exception)
            opened_elsewhere(tmp_path / "export")
    assert (run / "report.html").is_file()


def test_the_laws_from_python_and_for_what_samples(fitted):
    found = fitted("tiny-scm")
    table = library.check(found.system, found.given)
    assert table.holds, str(table)
    assert table["the latest do wins"].holds
    assert table["an edit keeps what was not masked"].holds is None
    scm = library.SCM(library.Graph("x -> y"), {"x": Linear(), "y": Linear(("x",), (2.0,))})
    assert library.check(scm, n=200).holds
    with pytest.raises(OptionError, match="check"):
        library.check(found.system, found.given, nothing=1)


# -- counterfactual and effect -----------------------------------------------------------------------------------------


def test_a_name_in_counterfactual_is_a_role_or_a_target(fitted):
    found = fitted("domain-counterfactuals")  # its target is `site`, the column of the role `domain`
    rows = found.given.data.take(range(4))
    other = rows.with_known({"place": rows.known.labels("site")}, {"place": "label"})
    done = library.counterfactual(found.system, rows, site="d2")
    assert done == library.counterfactual(found.system, rows, "do(site=d2)")
    assert done == found.system.counterfactual(rows, "do(site=d2)")
    bound = library.counterfactual(found.system, other, "do(site=d2)", domain="place")
    assert bound.labels("place").tolist() == ["d2"] * 4
    assert np.array_equal(bound.column("d"), done.column("d"))
    assert library.counterfactual(found.system, rows, site="d2", draws=2).n == 8
    with pytest.raises(UnknownVariableError, match=r"'domian' is not a variable .* Did you mean 'domain'\?"):
        library.counterfactual(found.system, rows, domian="site")
    with pytest.raises(OptionError, match="draws is a whole number, got 'many'"):
        library.counterfactual(found.system, rows, site="d2", draws="many")
    with pytest.raises(InterventionError, match=r"tiny-redact answers no counterfactual: "):
        library.counterfactual(fitted("tiny-redact").system, fitted("tiny-redact").given, word="good")


def test_a_name_that_is_a_role_and_a_target_says_what_the_column_is(fitted):
    tiny = fitted("tiny-scm")  # x, y, z are roles, columns and targets
    rows = tiny.given.data.take(range(4))
    with pytest.raises(InterventionError, match=r"x is a role of tiny-scm and a target: .* such as 'do\(x=\.\.\.\)'"):
        library.counterfactual(tiny.system, rows, x="x")
    done = library.counterfactual(tiny.system, rows, "do(x=1)", x="x")
    assert done == library.counterfactual(tiny.system, rows, {"x": 1.0})
    scm = library.SCM(library.Graph("x -> y"), {"x": Linear(), "y": Linear(("x",), (2.0,))})
    fact = scm.sample(5, seed=0)
    assert np.allclose(library.counterfactual(scm, fact, x=1.0).column("x"), 1.0)  # of an SCM a name is a target


def test_effect_by_solve_by_predict_and_by_the_own_table(fitted):
    found = fitted("tiny-scm")
    b = float(found.system.weights[2, 2])
    solved = library.effect(found.system, "do(x=1)", "do(x=0)", outcome="y", rows=found.given)
    assert solved.estimate == pytest.approx(b)
    assert solved.high - solved.low < 1e-9  # every row has the same effect, and keeps its noise
    sampled = library.effect(found.system, "do(x=1)", "do(x=0)", outcome="y", n=50)
    assert sampled.estimate == pytest.approx(b)
    assert library.effect(fitted("tiny-bound").system, {"unit.3": 1.0}, outcome="answer").estimate == 3.0
    with pytest.raises(AitiaError, match="tiny-redact answers no effect"):
        library.effect(fitted("tiny-redact").system, "do(word=good)", outcome="text")


def test_load_gives_back_run_folders_and_refuses_another_subject(fitted, tmp_path):
    found = fitted("tiny-bound")
    assert load(found.run).name == found.system.name
    moved = shutil.copytree(found.system.subjects["model"].id, tmp_path / "moved")
    assert load(found.run, model=str(moved)).bind().name == found.system.name  # the same files elsewhere are the same
    other = tmp_path / "network"
    other.mkdir()
    (other / "weights.txt").write_text("4 5 6")
    with pytest.raises(AitiaError, match=r"has the hash .* give that one"):
        load(found.run, model=str(other))
    with pytest.raises(OptionError, match="Did you mean 'model'"):
        load(found.run, modle=str(other))


def test_ported_systems_are_those_with_an_example():
    waiting = [slug for slug in systems() if slug not in EVERY and systems()[slug].package.startswith("aitia.")]
    print(f"not ported yet: {', '.join(waiting) or 'none'}")
    assert isinstance(waiting, list)
