"""Names stay inside of the folder, files are whole or not there, jobs are as a restart finds them."""

import asyncio
import gzip
import io
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pandas
import pytest

from aitia.errors import FormatError, RunError
from aitia.studio import Workspace
from aitia.studio.state import State


async def pieces(*parts):
    for part in parts:
        yield part


def keep(workspace, name, *parts):
    return asyncio.run(workspace.keep(name, pieces(*parts)))


def workbook():
    held = io.BytesIO()
    pandas.DataFrame({"a": [1], "b": [2]}).to_excel(held, index=False)
    return held.getvalue()


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "studio")


@pytest.mark.parametrize(
    "name", ["..", ".", "../runs", "a/b", "/etc/passwd", ".hidden", "", "a\\b", "a..b", "x" * 99, "a\n"]
)
def test_names_that_lead_elsewhere_are_refused(workspace, name):
    with pytest.raises(FormatError, match="is no name of a file here"):
        workspace.inside(workspace.tables, name)


def test_a_link_is_no_way_out(workspace, tmp_path):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (workspace.tables / "link.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(FormatError, match="is no name"):
        workspace.inside(workspace.tables, "link.csv")
    assert workspace.table_names() == []


@pytest.mark.parametrize(
    ("name", "taken"),
    [("a.csv", "a.csv"), ("../../a.csv", "a.csv"), ("C:\\data\\my table.xlsx", "my-table.xlsx"),
     ("Größe.csv", "Groe.csv"), (".csv.csv", "csv.csv"), ("a.csv.gz", "a.csv.gz")],
)  # fmt: skip
def test_what_is_dropped_has_a_plain_name(workspace, name, taken):
    held = {".gz": gzip.compress(b"a,b\n1,2\n"), ".xlsx": workbook()}.get(Path(taken).suffix, b"a,b\n1,2\n")
    assert keep(workspace, name, held[:4], held[4:]) == taken
    assert (workspace.tables / taken).read_bytes() == held
    assert workspace.table_names() == [taken]


def test_a_second_file_of_a_name_is_kept_beside_the_first(workspace):
    assert [keep(workspace, "a.csv", bytes([97 + k])) for k in range(3)] == ["a.csv", "a-2.csv", "a-3.csv"]
    assert (workspace.tables / "a.csv").read_bytes() == b"a"


def test_what_is_no_table_empty_or_too_large_is_refused_and_leaves_nothing(workspace, monkeypatch):
    monkeypatch.setattr("aitia.studio.uploads.MOST_BYTES", 10)
    for name, parts, told in (
        ("a.exe", [b"x"], "is no table by its ending"),
        ("a.csv", [], "is empty"),
        ("a.csv", [b"x" * 6] * 3, "is larger than"),
    ):
        with pytest.raises(FormatError, match=told):
            keep(workspace, name, *parts)
    assert list(workspace.tables.iterdir()) == []


def test_somebody_elses_folder_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match="holds files and is no folder of the studio"):
        Workspace(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    (tmp_path / "thesis.txt").unlink()
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine").touch()
    with pytest.raises(RunError, match="holds files"):
        Workspace(tmp_path)
    (tmp_path / "runs" / "mine").unlink()
    Workspace(tmp_path)
    Workspace(tmp_path)  # what a studio leaves that found its port taken, or the disk full


def test_jobs_outlive_the_studio_and_what_ran_waits_again(tmp_path):
    state = State(tmp_path / "s.sqlite")
    first, second = state.add("one", ["discover", "a b"], "r1"), state.add("two", ["verify"], "r2")
    assert state.waiting() == [state.job(first.id), state.job(second.id)]
    assert state.turn(first.id, "running").state == "running"
    assert state.waiting() == [state.job(second.id)]
    state.turn(second.id, "cancelled", "by hand")
    state.close()
    again = State(tmp_path / "s.sqlite")
    assert again.wait_again() == 1
    assert [(job.title, job.command, job.state) for job in again.jobs()] == [
        ("two", ("verify",), "cancelled"), ("one", ("discover", "a b"), "queued"),
    ]  # fmt: skip
    assert again.of_run("r1").id == first.id
    assert again.of_run("r9") is None
    again.close()


def test_a_newer_file_is_not_touched(tmp_path):
    held = sqlite3.connect(tmp_path / "s.sqlite")
    held.execute("PRAGMA user_version=99")
    held.close()
    with pytest.raises(RunError, match="newer version of aitia"):
        State(tmp_path / "s.sqlite")
    (tmp_path / "t.sqlite").write_bytes(b"not a database, and long enough to look like one" * 40)
    with pytest.raises(RunError, match="cannot be used"):
        State(tmp_path / "t.sqlite")


def test_many_that_begin_at_once_make_one_table(tmp_path):
    errors = []

    def begin(k):
        try:
            with closing(State(tmp_path / "s.sqlite")) as state:
                state.add(f"job {k}", ["verify"], "r")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=begin, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with closing(State(tmp_path / "s.sqlite")) as state:
        assert len(state.jobs()) == 8
