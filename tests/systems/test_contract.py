"""The laws, over every system by what it can answer, on the example in its folder; and each law broken on purpose.

A system that the walk finds and that has no example yet is told by name and skipped until it is ported.
"""

import copy
import dataclasses
import json
import shutil
from importlib.util import find_spec

import numpy as np
import pytest
from typer.testing import CliRunner

import aitia as library
from aitia.cli import app
from aitia.errors import AitiaError, InterventionError, OptionError, UnknownVariableError
from aitia.scm import Linear
from aitia.system import LAWS, Target, Targets, load, systems
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
def test_the_same_run_in_another_process_gives_the_same_bytes(aitia, fitted, slug, tmp_path):
    aitia("run", slug, "--example", "--out", tmp_path / "run", cwd=tmp_path, hash_seed=123, check=True)
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
    """Opens an exported model without aitia: a folder of transformers with every weight, or numbers as they lie.

    That it gives the same outputs is asked by the tests of each system.
    """
    if (folder / "config.json").is_file():
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


def command(*arguments):
    """A command in this process, which has torch already."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


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


# -- each law is broken once -------------------------------------------------------------------------------------------


def broken(system, **methods):
    """A copy of a fitted system whose class has these methods instead."""
    made = copy.copy(system)
    made.__class__ = type(type(system).__name__, (type(system),), methods)
    return made


def caught(fitted, slug, law, asked=None, **methods):
    found = fitted(slug)
    trial = dataclasses.replace(found.trial(**(asked or {})), system=broken(found.system, **methods))
    assert _judged(law, LAWS[law], found.trial(**(asked or {}))).holds, "the unbroken system obeys it"
    return _judged(law, LAWS[law], trial).holds is False


def held_copy(system, held):
    other = copy.copy(system)
    other.held = held
    return other


def test_an_answer_that_depends_on_the_hour_is_caught(fitted):
    calls = iter(range(10**6))

    def unseeded(self, given, draws, seed):
        return type(self).__mro__[1]._predict(self, given, draws, next(calls))

    assert caught(fitted, "tiny-scm", "same seed, same bytes", _predict=unseeded)


def test_a_do_of_nothing_that_does_something_is_caught(fitted):
    def do(self, intervention=None, /, **named):
        return type(self).__mro__[1].do(self, intervention or {"x": 0.5}, **named)

    assert caught(fitted, "tiny-scm", "do with nothing is the identity", do=do)


def test_a_do_where_the_first_wins_is_caught(fitted):
    def do(self, intervention=None, /, **named):
        other = type(self).__mro__[1].do(self, intervention, **named)
        return held_copy(other, other.held | self.held)

    assert caught(fitted, "tiny-scm", "the latest do wins", do=do)


def test_a_do_that_forgets_other_targets_is_caught(fitted):
    def do(self, intervention=None, /, **named):
        other = type(self).__mro__[1].do(self, intervention, **named)
        return held_copy(other, type(other.held)({name: a for name, a in other.held.items() if name not in self.held}))

    assert caught(fitted, "tiny-scm", "the latest do wins", {"do": "do(z=1)", "other": "do(z=2, x=1)"}, do=do)


def test_a_do_without_any_effect_is_caught(fitted):
    def do(self, intervention=None, /, **named):
        type(self).__mro__[1].do(self, intervention, **named)
        return copy.copy(self)

    assert caught(fitted, "tiny-scm", "different interventions have different answers", do=do)


def test_a_do_that_mutates_is_caught(fitted):
    def do(self, intervention=None, /, **named):
        self.weights = self.weights + 1.0
        return type(self).__mro__[1].do(self, intervention, **named)

    assert caught(fitted, "tiny-scm", "the system and the rows are unchanged", do=do)


def test_a_do_that_returns_the_system_itself_is_caught(fitted):
    def do(self, intervention=None, /, **named):
        self.held = type(self).__mro__[1].do(self, intervention, **named).held
        return self

    assert caught(fitted, "tiny-scm", "the system and the rows are unchanged", do=do)


def test_a_do_that_takes_any_target_is_caught(fitted):
    anything = property(lambda self: Targets((Target("x", (), (-1.0,), (1.0,)),), Target, "anything"))
    assert caught(fitted, "tiny-scm", "an unknown target is refused", targets=anything)


def test_a_counterfactual_that_redraws_its_noise_is_caught(fitted):
    def redrawn(self, given, draws, seed):
        rng = np.random.default_rng(seed)
        noise = type(self).__mro__[1]._abduct(self, given, draws, seed)
        return {name: rng.permutation(u) for name, u in noise.items()}

    assert caught(fitted, "tiny-scm", "a counterfactual with nothing done is the fact", _abduct=redrawn)

    def only_below(self, given, draws, seed):  # y alone: the fact of the others stays
        noise = type(self).__mro__[1]._abduct(self, given, draws, seed)
        return {**noise, "y": noise["y"] + np.random.default_rng(seed).normal(size=len(noise["y"]))}

    assert caught(fitted, "tiny-scm", "a counterfactual keeps the noise", _abduct=only_below)
    rounded = {"bound": {"x": 1e-5}, "_abduct": only_below}  # a bound of mere rounding excuses no noise that is drawn
    assert caught(fitted, "tiny-scm", "a counterfactual keeps the noise", **rounded)


def test_a_counterfactual_that_is_off_by_more_than_its_bound_is_caught(fitted):
    def off(self, noise):
        rows = type(self).__mro__[1]._solve(self, noise)
        return rows.with_known({"y": rows.known.column("y") + 0.2 * rows.known.column("y").std()})

    assert caught(fitted, "tiny-scm", "a counterfactual with nothing done is the fact", _solve=off)
    system = broken(fitted("tiny-scm").system, _solve=off, bound={"y": 0.25})
    trial = dataclasses.replace(fitted("tiny-scm").trial(), system=system)
    law = "a counterfactual with nothing done is the fact"
    assert _judged(law, LAWS[law], trial).holds


def test_an_effect_upstream_is_caught(fitted):
    def upstream(self, noise):
        rows = type(self).__mro__[1]._solve(self, noise)
        return rows.with_known({"z": rows.known.column("z") + ("x" in self.held)}) if self.held else rows

    assert caught(fitted, "tiny-scm", "non-descendants stay put", _solve=upstream)


def test_a_do_that_conditions_is_caught(fitted):
    def conditions(self, given, draws, seed):
        facts = {name: [a.value] * len(given) for name, a in self.held.items()}
        rows = given.with_rows(given.data.with_known(facts, dict.fromkeys(facts, "number"))) if facts else given
        rows = dataclasses.replace(rows, roles={**rows.roles, **{name: name for name in facts}})
        return type(self).__mro__[1]._predict(held_copy(self, type(self.held)()), rows, draws, seed)

    assert caught(fitted, "tiny-scm", "doing is not conditioning", {"exogenous": None}, _predict=conditions)


def test_a_fact_that_is_ignored_is_caught(fitted):
    def ignores(self, given, draws, seed):
        return type(self).__mro__[1]._predict(self, dataclasses.replace(given, roles={}), draws, seed)

    assert caught(fitted, "tiny-scm", "doing is not conditioning", {"confounded": None}, _predict=ignores)


def test_a_hole_that_is_left_and_draws_out_of_order_are_caught(fitted):
    def leaves(self, given, draws, seed):
        rows = type(self).__mro__[1]._predict(self, given, draws, seed)
        y = rows.known.column("y").copy()
        y[0] = np.nan
        return rows.with_known({"y": y}, {"y": "number"})

    assert caught(fitted, "tiny-scm", "holes are filled", _predict=leaves)

    def one(self, given, draws, seed):
        return type(self).__mro__[1]._predict(self, given, 1, seed)

    assert caught(fitted, "tiny-scm", "holes are filled", _predict=one)


def test_an_edit_outside_of_its_mask_is_caught(fitted):
    def outside(self, given):
        rows = type(self).__mro__[1]._edit(self, given)
        told = [text.replace("slow", "fast") for text in rows.known.texts("text")]
        return rows.with_known({"text": told}, {"text": "text"}) if self.held else rows

    assert caught(fitted, "tiny-redact", "an edit keeps what was not masked", _edit=outside)

    def other(self, given):
        return type(self).__mro__[1]._edit(self, given).with_known({"spans": [[], [], []]}, {"spans": "spans"})

    assert caught(fitted, "tiny-redact", "an edit keeps what was not masked", _edit=other)


def test_intervals_of_something_else_are_caught_and_one_that_leaves_its_estimate_out_is_not(fitted):
    def moved(low, high):  # of a table whose intervals reach 0.1 to either side
        def effects(self, given, target, outcome):
            table = type(self).__mro__[1]._effects(self, given, target, outcome)
            ends = {"low": table.column("effect") + low, "high": table.column("effect") + high}
            return table.with_known(ends, dict.fromkeys(ends, "number"))

        return effects

    law = "effects have intervals"
    for low, high in ((-0.1, -0.1), (0.1, -0.1), (0.3, 0.5), (np.nan, np.nan), (-0.1, np.inf)):
        assert caught(fitted, "tiny-scm", law, _effects=moved(low, high)), (low, high)
    assert not caught(fitted, "tiny-scm", law, _effects=moved(0.05, 0.3))


def test_a_state_that_is_not_saved_is_caught(fitted):
    def forgets(self):
        options, arrays = type(self).__mro__[1]._state(self)
        return options, {**arrays, "weights": arrays["weights"].round(2)}

    assert caught(fitted, "tiny-scm", "what is saved answers the same", _state=forgets)
    assert caught(fitted, "tiny-scm", "what is saved answers the same", _record=lambda self: {"slug": "tiny-scm"})


def test_names_that_stand_twice_or_mean_the_same_for_all_are_caught(fitted):
    for name in ("x", "rows", "draws"):
        options = dataclasses.make_dataclass("Config", [(name, float, 0.0)])
        assert caught(fitted, "tiny-scm", "names are told apart", Config=options)


def test_a_target_with_the_name_of_another_thing_is_caught(fitted):
    law, found = "names are told apart", fitted("tiny-scm")

    def holds(*names, **roles):
        targets = property(lambda self: Targets(Target(name, (), (-1.0,), (1.0,)) for name in names))
        system = broken(found.system, targets=targets)
        system.roles = {**system.roles, **roles}
        return _judged(law, LAWS[law], dataclasses.replace(found.trial(), system=system)).holds

    assert holds("x", "y")
    assert not holds("x", "x")
    assert holds("outcome", y="outcome")
    assert not holds("y", y="outcome")  # the column of the role y has another name


def test_a_card_that_boasts_is_caught(fitted):
    card = fitted("tiny-scm").system.card
    boast = dataclasses.replace(card, verbs=(*card.verbs, "edit"))
    assert caught(fitted, "tiny-scm", "the card is true", card=boast)
    silent = dataclasses.replace(card, does=None)
    assert caught(fitted, "tiny-scm", "without targets do is refused", card=silent)


def test_a_name_that_is_swallowed_is_caught(fitted):
    def given(self, *data, **roles):
        known = {name: value for name, value in roles.items() if name in self.card.takes}
        return type(self).__mro__[1].given(self, *data, **known)

    assert caught(fitted, "tiny-scm", "an unknown role or subject is refused", given=given)


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
