"""The remembered hash is the hash, whatever became of the files or of the cache."""

import json

import pytest

from aitia.errors import OptionError
from aitia.evidence import remembered
from aitia.evidence.remembered import remembered_hash
from aitia.evidence.source import syntax_hash


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "__init__.py").write_text("")
    (tmp_path / "toy" / "claim.py").write_text("from toy.part import one\n")
    (tmp_path / "toy" / "part.py").write_text("one = 1\n")
    return {"toy": tmp_path / "toy"}


@pytest.fixture
def counted(monkeypatch):
    made = []
    monkeypatch.setattr(remembered, "syntax_hash", lambda *given: made.append(given[0]) or syntax_hash(*given))
    return made


def test_it_is_made_once_and_anew_when_a_file_changes(toy, counted):
    first = remembered_hash("toy.claim", toy)
    assert remembered_hash("toy.claim", toy) == first == syntax_hash("toy.claim", toy)
    assert counted == ["toy.claim"]
    (toy["toy"] / "part.py").write_text("one = 2\n")
    assert remembered_hash("toy.claim", toy) == syntax_hash("toy.claim", toy) != first
    assert len(counted) == 2


def test_a_file_that_is_moved_or_comes_anew_is_seen(toy, counted):
    remembered_hash("toy.claim", toy)
    (toy["toy"] / "part.py").rename(toy["toy"] / "other.py")
    (toy["toy"] / "part").mkdir()
    (toy["toy"] / "part" / "__init__.py").write_text("one = 1\n")
    assert remembered_hash("toy.claim", toy) == syntax_hash("toy.claim", toy)
    assert len(counted) == 2


def test_claims_stand_side_by_side(toy, counted):
    (toy["toy"] / "second.py").write_text("two = 2\n")
    for _ in range(2):
        for name in ("toy.claim", "toy.second"):
            assert remembered_hash(name, toy) == syntax_hash(name, toy)
    assert counted == ["toy.claim", "toy.second"]


@pytest.mark.parametrize("damaged", ["", "[]", "{", '{"toy.claim": 3}', '{"toy.claim": ["a"]}', "\x00"])
def test_a_damaged_cache_is_made_anew(toy, tmp_path, damaged):
    place = tmp_path / "cache" / "aitia" / "sources.json"
    place.parent.mkdir(parents=True)
    place.write_text(damaged)
    assert remembered_hash("toy.claim", toy) == syntax_hash("toy.claim", toy)
    assert list(json.loads(place.read_text())) == ["toy.claim"]


def test_a_cache_that_cannot_be_written_is_done_without(toy, tmp_path):
    (tmp_path / "cache").write_text("a file where a folder should be")
    assert remembered_hash("toy.claim", toy) == syntax_hash("toy.claim", toy)


def test_an_unknown_module_is_refused(toy):
    with pytest.raises(OptionError, match=r"there is no source of toy.nothing"):
        remembered_hash("toy.nothing", toy)
