"""The hash follows what a claim really imports, and sees only what Python would run."""

import pytest

from aitia.errors import OptionError
from aitia.evidence.source import modules_of, rivals_of, syntax_hash

FILES = {
    "__init__.py": '"""A package."""\n',
    "claim.py": '"""A claim."""\nfrom typing import TYPE_CHECKING\n\nfrom toy.things import Thing\n'
    "if TYPE_CHECKING:\n    from toy.unused import Nothing\n\n"
    "def run():\n    from toy.inside import deep\n    return Thing(), deep\n",
    "inside.py": "deep = 2\n",
    "unused.py": "class Nothing: pass\n",
    "things/__init__.py": '"""Hands on."""\nfrom aitia.lazy import lazily\n\n__all__ = ["Other", "Thing"]\n'
    '__getattr__ = lazily(__name__, {"Thing": "thing", "Other": "other"})\n',
    "things/thing.py": 'from toy import eager\nfrom toy.eager import one\nSIZE = 3\n\n'
    'class Thing:\n    """Thing."""\n    size = SIZE\n',
    "things/other.py": "class Other: pass\n",
    "grouped/__init__.py": 'from aitia.lazy import lazily\n\n__all__ = ["Fourth", "Third"]\n\n'
    '_HOMES = {"third": "Third", "fourth": "Fourth"}\n'
    "__getattr__ = lazily(__name__, {name: home for home, names in _HOMES.items() for name in names.split()})\n",
    "grouped/third.py": "class Third: pass\n",
    "grouped/fourth.py": "class Fourth: pass\n",
    "eager/__init__.py": "from toy.eager.first import one\nfrom toy.eager.second import two\n",
    "eager/first.py": "one = 1\n",
    "eager/second.py": "two = 2\n",
    "busy/__init__.py": "from toy.busy.part import part\ntable = [part]\n",
    "busy/part.py": "part = 1\n",
    "busy/leaf.py": "leaf = 1\n",
}  # fmt: skip


@pytest.fixture
def toy(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "toy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {"toy": tmp_path / "toy"}


def change(toy, name, old, new):
    path = toy["toy"] / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_imports_are_followed_into_functions_and_through_packages_that_hand_on(toy):
    found = set(modules_of("toy.claim", toy))
    assert {"toy.claim", "toy.inside", "toy.things.thing", "toy.eager.first"} <= found
    assert not found & {"toy.unused", "toy.things.other", "toy.things", "toy.eager"}


def test_names_grouped_by_their_home_lead_there(toy):
    (toy["toy"] / "grouped_claim.py").write_text("from toy.grouped import Third\n")
    assert set(modules_of("toy.grouped_claim", toy)) == {"toy.grouped_claim", "toy.grouped.third"}


def test_a_package_that_does_more_than_hand_on_is_counted_whole(toy):
    (toy["toy"] / "busy_claim.py").write_text("from toy.busy.leaf import leaf\n")
    assert set(modules_of("toy.busy_claim", toy)) >= {"toy.busy_claim", "toy.busy", "toy.busy.part", "toy.busy.leaf"}


def test_relative_imports_and_stars_are_followed(toy):
    (toy["toy"] / "eager" / "third.py").write_text("from .first import *\nfrom ..inside import deep\n")
    assert set(modules_of("toy.eager.third", toy)) == {"toy.eager.third", "toy.eager.first", "toy.inside"}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("claim.py", '"""A claim."""', '"""Another sentence."""'),
        ("claim.py", "def run():\n", "# A comment.\n\n\ndef run():\n    'What it does.'\n\n"),
        ("claim.py", "return Thing(), deep", "return (Thing(),\n            deep)  # both"),
        ("claim.py", "import Nothing", "import Nothing as Anything"),
        ("things/thing.py", '    """Thing."""\n', ""),
        ("things/__init__.py", "Hands on.", "Hands names on."),
        ("things/other.py", "pass", "size = 1"),
        ("unused.py", "pass", "size = 1"),
    ],
)
def test_comments_docstrings_empty_lines_and_what_is_not_run_change_nothing(toy, name, old, new):
    before = syntax_hash("toy.claim", toy)
    change(toy, name, old, new)
    assert syntax_hash("toy.claim", toy) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("things/thing.py", "SIZE = 3", "SIZE = 4"),
        ("inside.py", "deep = 2", "deep = 2.0"),
        ("eager/first.py", "one = 1", "one = -1"),
        ("claim.py", "return Thing(), deep", "return deep, Thing()"),
        ("things/__init__.py", '"Thing": "thing"', '"Thing": "other"'),
    ],
)
def test_a_constant_in_what_is_imported_changes_it(toy, name, old, new):
    before = syntax_hash("toy.claim", toy)
    change(toy, name, old, new)
    assert syntax_hash("toy.claim", toy) != before


def test_a_rival_named_in_the_claim_is_part_of_it(toy):
    before = set(modules_of("toy.claim", {**toy}))
    change(toy, "claim.py", "return Thing()", "return context.rival('hca'), Thing()")
    assert rivals_of("toy.claim", toy) == {"hca"}
    assert set(modules_of("toy.claim", toy)) == before, "only of the packages that are given"


def test_the_claims_of_this_library_rest_on_their_model_and_world_and_not_on_others():
    found = set(modules_of("aitia.systems.cd_nod.claim"))
    assert {"aitia.systems.cd_nod.model", "aitia.systems.pc.model", "aitia.worlds.heterogeneous"} <= found
    assert not [
        m for m in found if m.startswith(("aitia.evidence", "aitia.workflow", "aitia.cli", "aitia.worlds.orca"))
    ]
    assert len(syntax_hash("aitia.systems.cd_nod.claim")) == 64


def test_a_module_that_is_not_there_is_told():
    with pytest.raises(OptionError, match="no source"):
        syntax_hash("aitia.systems.nobody.claim")
