"""Data sets by name: what ships, what a user registers, and what is refused."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import aitia as package
from aitia.cli import app
from aitia.data.named import located, named_data, register
from aitia.data.tables import read_table
from aitia.errors import FormatError, OptionError


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_ships_has_a_source_and_a_licence_and_is_read_by_its_name(home):
    shipped = named_data()
    assert {"us-macro", "survey"} <= set(shipped)
    for name, data in shipped.items():
        assert data.source
        assert data.licence
        assert read_table(name).n > 100
    assert read_table("us-macro").names[0] == "quarter"


def test_the_rows_of_survey_come_from_its_network(home):
    from aitia.data.shipped import data_path
    from aitia.graph.formats import read_bif

    assert read_table("survey") == read_bif(data_path("survey.bif")).sample(2000, seed=0)


def test_a_file_or_folder_of_that_name_goes_before(home):
    (home / "us-macro").mkdir()
    assert located("us-macro").resolve() == (home / "us-macro").resolve()


def test_a_registered_folder_is_found_by_its_name_until_it_changes(home):
    (home / "tracks" / "inner").mkdir(parents=True)
    (home / "tracks" / "inner" / "a.csv").write_text("x,y\n1,2\n")
    added = register("walkers", "tracks")
    assert len(added.checksum) == 64
    assert located("walkers") == (home / "tracks").resolve()
    assert register("walkers", "tracks").checksum == added.checksum
    (home / "tracks" / "inner" / "a.csv").write_text("x,y\n1,3\n")
    with pytest.raises(FormatError, match=r"'walkers' at .* is not what was registered: put it back, or register"):
        located("walkers")
    (home / "tracks").rename(home / "gone")
    with pytest.raises(FormatError, match=r"'walkers' is no longer at .*: put it back"):
        located("walkers")


@pytest.mark.parametrize(
    ("name", "path", "error", "sentence"),
    [("us-macro", ".", OptionError, "'us-macro' ships with aitia: take another name"),
     ("../evil", ".", OptionError, "small letters, digits and hyphens, got '../evil'"),
     ("mine", "nowhere", FormatError, "there is no file or folder nowhere")],
)  # fmt: skip
def test_what_cannot_be_registered_is_said(name, path, error, sentence, home):
    with pytest.raises(error, match=sentence):
        register(name, path)


@pytest.mark.parametrize("text", ["[", "[1]", '{"a": 1}', '{"a": {"path": "."}}', "[" * 100_000])
def test_a_damaged_list_is_one_sentence(text, home):
    (home / "home" / "aitia").mkdir(parents=True)
    (home / "home" / "aitia" / "data.json").write_text(text)
    with pytest.raises(FormatError, match="is damaged: delete it, and add them again"):
        named_data()


def test_the_command_lists_and_adds_and_a_system_is_fitted_by_name(home):
    def run(*arguments):
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    rng = np.random.default_rng(0)
    rows = "".join(f"{a:.3f},{a + b:.3f}\n" for a, b in rng.normal(size=(100, 2)))
    (home / "pairs.csv").write_text("x,y\n" + rows)
    assert "pairs is " in run("data", "add", "pairs", "pairs.csv")
    listed = json.loads(run("data", "--json"))
    assert [d["name"] for d in listed][-1] == "pairs"
    assert "licence: public domain" in run("data")
    assert "x ---  y" in run("discover", "pairs")
    assert package.fit("pc", "pairs", test="fisher-z").system.graph_.has_edge("x", "y")


def test_a_name_that_is_none_is_met_with_the_nearest(home, aitia):
    done = aitia("discover", "us-macr")
    assert done.returncode == 2
    assert done.stderr == (
        "aitia: there is no file us-macr. Did you mean 'us-macro'? aitia data lists the data sets that have a name\n"
    )
