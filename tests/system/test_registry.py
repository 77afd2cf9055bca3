"""The systems there are: a walk over folders, and what other packages add."""

import json
import shutil
import subprocess
import sys
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from aitia.data.table import Table
from aitia.errors import FormatError, InterventionError, OptionError, RunError, UnknownVariableError
from aitia.system import broken, check, find, registry, systems
from aitia.system import load as load_system
from aitia.system.registry import Entry
from aitia.systems.domain_counterfactuals import DomainCounterfactuals
from aitia.systems.pc import PC
from aitia.version import __version__
from aitia.workflow.loading import load_run


@pytest.fixture
def walked(monkeypatch):
    """The walk, done anew before and after."""
    registry._walk.cache_clear()
    yield monkeypatch
    registry._walk.cache_clear()


def plugin(folder, name, card=""):
    package = folder / name
    package.mkdir()
    (package / "__init__.py").write_text("")
    if card:
        (package / "card.py").write_text(card)


CARD = """
from aitia.card import Card
CARD = Card(slug={slug!r}, title="T", authors=("A",), year=2020, venue="V", task="t", source="s", home="model:Toy",
            do="Nothing: a toy.")
"""


def test_every_folder_of_a_system_has_a_card_and_none_is_broken():
    assert broken() == ()
    assert len([e for e in systems().values() if e.card.member_of is None]) >= 15
    assert all(e.package == f"aitia.systems.{e.card.folder}" for e in systems().values() if "aitia." in e.package)


def test_an_unknown_slug_is_told_with_the_nearest():
    assert find("cd-nod").file == "src/aitia/systems/cd_nod/model.py"
    with pytest.raises(OptionError, match=r"there is no system 'cdnod'\. Did you mean 'cd-nod'"):
        find("cdnod")


def test_cards_are_read_without_torch_pandas_or_scipy():
    code = (
        "import sys; from aitia.system import systems; assert len(systems()) > 15; "
        "print([m for m in ('torch', 'pandas', 'scipy', 'numba', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_plugins_are_there_and_broken_ones_are_told_while_the_rest_works(walked, tmp_path):
    plugin(tmp_path, "toy_good", CARD.format(slug="toy-good"))
    plugin(tmp_path, "toy_twice", CARD.format(slug="cd-nod"))
    plugin(tmp_path, "toy_same", CARD.format(slug="toy-good"))
    plugin(tmp_path, "toy_bare")
    plugin(tmp_path, "toy_odd", "CARD = 3")
    plugin(tmp_path, "toy_fails", "import no_such_package_at_all")
    plugin(tmp_path, "toy_kind", CARD.format(slug="toy-kind").replace('do="', 'takes={"x": Role(kind="colour")}, do="')
           .replace("import Card", "import Card, Role"))  # fmt: skip
    plugin(tmp_path, "toy_verb", CARD.format(slug="toy-verb").replace('do="', 'verbs=("guess",), do="'))
    walked.syspath_prepend(str(tmp_path))
    names = (
        "toy_good",
        "toy_same",
        "toy_twice",
        "toy_bare",
        "toy_odd",
        "toy_fails",
        "toy_gone",
        "toy_kind",
        "toy_verb",
    )
    points = [EntryPoint(name, name, registry.GROUP) for name in names]
    walked.setattr("importlib.metadata.entry_points", lambda group: points if group == registry.GROUP else [])
    assert isinstance(systems()["toy-good"], Entry)
    assert "gcrl" in systems()
    why = {b.name.split()[2]: b.why for b in broken()}
    assert why == {
        "toy_twice": "aitia.systems.cd_nod has the slug 'cd-nod' already",
        "toy_same": "toy_good has the slug 'toy-good' already",
        "toy_bare": "it has no card.py",
        "toy_odd": "toy_odd/card.py defines no CARD",
        "toy_fails": "No module named 'no_such_package_at_all'",
        "toy_gone": "No module named 'toy_gone'",
        "toy_kind": "a role is of kind number, count, ordinal, label, time, text, picture, list, spans, any; got "
        "'colour'",
        "toy_verb": "the card of toy-verb has verbs 'guess'; there are predict, counterfactual, edit, encode, effects, "
        "graphs, adapt, export",
    }
    with pytest.raises(OptionError, match=r"there is no system 'toy-odd'.*cannot be read: toy_odd/card.py defines no"):
        find("toy-odd")


def test_a_folder_of_ours_without_a_card_is_told(walked, tmp_path):
    import aitia.systems

    (tmp_path / "systems" / "bare").mkdir(parents=True)
    (tmp_path / "systems" / "bare" / "model.py").write_text("")
    walked.setattr(registry, "__file__", str(tmp_path / "system" / "registry.py"))
    walked.setattr(aitia.systems, "__path__", [str(tmp_path / "systems")])
    walked.setattr("importlib.metadata.entry_points", lambda group: [])
    assert systems() == {}
    assert [(b.name, b.why) for b in broken()] == [("the folder systems/bare", "it has no card.py")]


# -- what was saved ----------------------------------------------------------------------------------------------------


def test_a_folder_of_an_older_version_is_told(tmp_path):
    (tmp_path / "config.json").write_text('{"class": "GCRL", "aitia_version": "0.1", "options": {}}')
    with pytest.raises(ValueError, match=r"was saved by an older version of aitia \(0.1\): fit it again"):
        load_system(tmp_path)
    with pytest.raises(ValueError, match="there is no folder"):
        load_system(tmp_path / "gone")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Folders of a system of numpy and of one of torch."""
    place = tmp_path_factory.mktemp("saved")
    rng = np.random.default_rng(0)
    table = Table.of(rng.normal(size=(60, 3)) + np.repeat([[0.0], [3.0]], 30, axis=0), names=["a", "b", "c"])
    PC().fit(table).save_pretrained(place / "pc")
    rows = table.with_known({"site": ["n"] * 30 + ["s"] * 30}, {"site": "label"})
    small = {"changing": 1, "steps": 1, "restarts": 1}
    DomainCounterfactuals(**small).fit(rows, domain="site").save_pretrained(place / "domain-counterfactuals")
    return place


def changed(saved, slug, folder, change):
    """A copy whose `config.json` is another."""
    shutil.copytree(saved / slug, folder)
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize("slug", ["pc", "domain-counterfactuals"])
def test_what_an_older_version_saved_with_other_options_is_told_with_both_versions(saved, tmp_path, slug):
    def older(config):
        config["aitia_version"] = "0.0.1"
        config["options"]["config"]["gone"] = 3

    sentence = rf"was saved by aitia 0\.0\.1, and this is {__version__}: fit it again \(.*gone"
    with pytest.raises(FormatError, match=sentence) as told:
        load_system(changed(saved, slug, tmp_path / "x", older))
    assert "\n" not in str(told.value)


def test_a_part_that_is_missing_or_an_option_that_is_unknown_is_named(saved, tmp_path):
    slug = "domain-counterfactuals"
    with pytest.raises(FormatError, match="holds no whole DomainCounterfactuals: it lacks 'shares'"):
        load_system(changed(saved, slug, tmp_path / "a", lambda config: config["options"].pop("shares")))
    with pytest.raises(FormatError, match=r"options in .* are not those of DomainCounterfactuals: .*'gone'"):
        load_system(changed(saved, slug, tmp_path / "b", lambda config: config["options"]["config"].update(gone=3)))
    subject = {"model": {"kind": "network", "id": "a/b"}}
    with pytest.raises(
        FormatError, match="names the subject 'model', and domain-counterfactuals has none of that name"
    ):
        load_system(changed(saved, slug, tmp_path / "c", lambda config: config.update(subjects=subject)))


def test_a_system_that_is_not_here_and_a_run_without_a_model_are_told(saved, tmp_path):
    with pytest.raises(FormatError, match=r"holds a pcc, and there is no system 'pcc'. Did you mean 'pc'"):
        load_system(changed(saved, "pc", tmp_path / "x", lambda config: config.update(slug="pcc")))
    (tmp_path / "run").mkdir()
    begun = {"kind": "fit", "status": "stopped", "config": {}, "inputs": {}, "files": ["model/"], "results": {}}
    (tmp_path / "run" / "run.json").write_text(json.dumps(begun))
    with pytest.raises(RunError, match="is stopped before it was finished; to go on from there, give the same command"):
        load_system(tmp_path / "run")
    (tmp_path / "run" / "run.json").write_text(json.dumps({**begun, "status": "finished"}))
    with pytest.raises(RunError, match=r"run\.json names no model/ among the results"):
        load_system(tmp_path / "run")


def test_a_run_of_an_older_version_a_run_of_something_else_and_a_damaged_one_are_told(tmp_path):
    whole = {"kind": "fit", "status": "finished", "config": {}, "inputs": {}, "files": [], "results": {}}
    for record, sentence in (
        (whole, "older version of aitia: fit it again"),
        ({**whole, "status": "running"}, "was killed before it was finished; .*give the same command again"),
        ({**whole, "kind": "discover"}, "holds a run of 'discover', not of 'fit'"),
        ({"kind": "fit", "config": {}, "inputs": {}}, r"older version .*\('status' is missing or no text\): run again"),
        ({**whole, "results": {"model/x": 3}}, "is damaged: a name or hash of a file is no text"),
        ([1], "is no record of a run"),
        ("[" * 100_000, "is damaged"),
    ):
        (tmp_path / "run.json").write_text(record if isinstance(record, str) else json.dumps(record))
        with pytest.raises(RunError, match=sentence):
            load_run(tmp_path)


# -- check -------------------------------------------------------------------------------------------------------------


def test_what_check_is_given_is_refused_in_a_sentence_and_breaks_no_law(saved):
    model = load_system(saved / "domain-counterfactuals")
    rows = {"a": [1.0, 2.0], "b": [1.0, 2.0], "c": [0.0, 1.0], "site": ["n", "s"]}
    with pytest.raises(OptionError, match="domain-counterfactuals was fitted to rows: give some to check"):
        check(model)
    with pytest.raises(FormatError, match=r"there is no file or folder nowhere.csv"):
        check(model, "nowhere.csv")
    with pytest.raises(UnknownVariableError, match="'c' is not a variable of this table"):
        check(model, {"a": [1.0, 2.0], "b": [1.0, 2.0], "site": ["n", "s"]})
    with pytest.raises(InterventionError, match="'site' is set to one of n, s, got 'x'"):
        check(model, rows, do="do(site=x)", other="do(site=n)")
    with pytest.raises(UnknownVariableError, match=r"'sit' is not a variable of this system. Did you mean 'site'"):
        check(model, rows, do="do(sit=n)", other="do(site=n)")
    with pytest.raises(OptionError, match="unexpected keyword argument 'dos'"):
        check(model, rows, dos="do(site=n)")
    for odd in (3, "model", [1]):
        with pytest.raises(OptionError, match="check takes a fitted system, or what has do and sample; got a"):
            check(odd, rows)
