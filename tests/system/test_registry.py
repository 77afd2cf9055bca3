"""The systems there are: a walk over folders, and what other packages add."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from aitia.errors import OptionError
from aitia.system import broken, find, registry, systems
from aitia.system import load as load_system
from aitia.system.registry import Entry


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
    plugin(tmp_path, "toy_bare")
    plugin(tmp_path, "toy_odd", "CARD = 3")
    plugin(tmp_path, "toy_fails", "import no_such_package_at_all")
    walked.syspath_prepend(str(tmp_path))
    names = ("toy_good", "toy_twice", "toy_bare", "toy_odd", "toy_fails", "toy_gone")
    points = [EntryPoint(name, name, registry.GROUP) for name in names]
    walked.setattr("importlib.metadata.entry_points", lambda group: points if group == registry.GROUP else [])
    assert isinstance(systems()["toy-good"], Entry)
    assert "gcrl" in systems()
    why = {b.name.split()[2]: b.why for b in broken()}
    assert why == {
        "toy_twice": "aitia.systems.cd_nod has the slug 'cd-nod' already",
        "toy_bare": "it has no card.py",
        "toy_odd": "toy_odd/card.py defines no CARD",
        "toy_fails": "No module named 'no_such_package_at_all'",
        "toy_gone": "No module named 'toy_gone'",
    }
    with pytest.raises(OptionError, match=r"there is no system 'toy-odd'.*cannot be read: toy_odd/card.py defines no"):
        find("toy-odd")


def test_a_folder_of_an_older_version_is_told(tmp_path):
    (tmp_path / "config.json").write_text('{"class": "GCRL", "aitia_version": "0.1", "options": {}}')
    with pytest.raises(ValueError, match=r"was saved by an older version of aitia \(0.1\): fit it again"):
        load_system(tmp_path)
    with pytest.raises(ValueError, match="there is no folder"):
        load_system(tmp_path / "gone")
