"""A saved system knows its subjects by name, revision and hash: it opens wherever it and they have moved to."""

import json
import shutil
from contextlib import chdir
from pathlib import Path

import pytest

import aitia as library
from aitia.errors import RunError
from aitia.system import example_of, load, systems
from aitia.workflow.loading import load_run

STUDIES = [slug for slug, entry in systems().items() if any(s.needed for s in entry.card.subjects.values())]


def test_there_are_systems_with_subjects():
    assert len(STUDIES) >= 2


@pytest.fixture(scope="module", params=STUDIES)
def home(request, tmp_path_factory):
    """A place with an example and a run of it, whose subjects were given as a user types them."""
    home = tmp_path_factory.mktemp("home")
    made = example_of(request.param, home / "example")
    subjects = {name: str(Path(place).relative_to(home)) for name, place in made.subjects.items()}
    with chdir(home):
        library.fit(request.param, made.files, out="run", **{**made.named, **subjects})
    return home, made, subjects


def test_no_absolute_path_stands_in_a_saved_system(home):
    place, _, subjects = home
    told = json.loads((place / "run" / "model" / "config.json").read_text())["subjects"]
    assert {name: told[name]["id"] for name in subjects} == subjects
    assert all(len(told[name]["hash"]) == 64 for name in subjects)
    for file in (place / "run" / "model").rglob("*"):
        assert not file.is_file() or str(place).encode() not in file.read_bytes()


def test_a_run_is_asked_from_anywhere_without_naming_its_subjects_again(home, tmp_path):
    place, made, _ = home
    with chdir(tmp_path):
        found = library.ask(place / "run", made.do, data=str(made.rows))
    with chdir(place):
        assert library.ask("run", made.do, data=str(made.rows)).answer.hash() == found.answer.hash()


def test_a_run_opens_where_it_and_its_subjects_have_moved_to(home, tmp_path):
    place, made, subjects = home
    shutil.copytree(place / "run", tmp_path / "kept")
    moved = {name: shutil.copytree(place / there, tmp_path / f"my {name}") for name, there in subjects.items()}
    here = load(place / "run", **{name: place / there for name, there in subjects.items()})
    there = load(tmp_path / "kept", **moved)
    assert there.predict(made.rows).hash() == here.predict(made.rows).hash()
    name = next(iter(moved))
    (moved[name] / "further.txt").write_text("x")
    hashed = here.subjects[name].hash[:12]
    with pytest.raises(RunError, match=rf"has the hash \w+, this was fitted with {subjects[name]} of hash {hashed}"):
        load(tmp_path / "kept", **moved)


def test_a_subject_that_is_not_where_it_was_is_asked_for_by_its_hash(home, tmp_path):
    place, _, subjects = home
    shutil.copytree(place / "run", tmp_path / "run")
    source = json.loads((tmp_path / "run" / "source.json").read_text())
    assert source["subjects"] == {name: str(place / there) for name, there in subjects.items()}
    name = next(iter(subjects))
    subject = load_run(tmp_path / "run").system.subjects[name]
    assert subject.where() == str(place / subjects[name])
    source["subjects"] = {name: str(tmp_path / "gone")}
    (tmp_path / "run" / "source.json").write_text(json.dumps(source))
    subject = load_run(tmp_path / "run").system.subjects[name]
    with pytest.raises(RunError, match=f"{subjects[name]} of hash {subject.hash[:12]}, and there is no folder"):
        subject.where()
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "weights").write_text("others")
    subject = load_run(tmp_path / "run").system.subjects[name]
    with pytest.raises(RunError, match=rf"{tmp_path / 'gone'} has the hash \w+, this was fitted with"):
        subject.where()
