"""The file: made, brought forward, refused where it is not ours, and told where it cannot be written."""

import sqlite3
import stat
import threading
from contextlib import closing

import pytest
from tests.unprivileged import run_unprivileged

from aitia.errors import FormatError, RunError
from aitia.feed import Store, all_items, subscribe, take_systems
from aitia.feed import store as module
from aitia.feed.items import keep


def test_it_is_made_for_its_user_alone_where_programs_keep_data(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with Store() as store:
        subscribe(store, "who@reader.example")
        assert store.place == tmp_path / "data" / "aitia" / "feed.sqlite"
        for file in store.place.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert store.one("PRAGMA journal_mode") == "wal"
        assert store.one("PRAGMA foreign_keys") == 1


def test_a_file_of_an_older_version_is_brought_forward_with_what_it_holds(tmp_path, monkeypatch):
    with Store(tmp_path / "f.sqlite") as store:
        take_systems(store)
        held = all_items(store)
    monkeypatch.setattr(module, "MIGRATIONS", (*module.MIGRATIONS, ("ALTER TABLE sources ADD COLUMN colour TEXT",)))
    with Store(tmp_path / "f.sqlite") as store:
        assert store.one("PRAGMA user_version") == len(module.MIGRATIONS)
        assert store.read("SELECT colour FROM sources") == []
        assert all_items(store) == held


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    Store(tmp_path / "f.sqlite").close()
    steps = (*module.MIGRATIONS, ("CREATE TABLE more (a)", "CREATE TABLE sources (a)"))
    with monkeypatch.context() as patch:
        patch.setattr(module, "MIGRATIONS", steps)
        with pytest.raises(RunError, match="already exists"):
            Store(tmp_path / "f.sqlite")
    with Store(tmp_path / "f.sqlite") as store:
        assert store.one("SELECT count(*) FROM sqlite_master WHERE name = 'more'") == 0


def test_a_file_of_a_newer_version_is_refused(tmp_path):
    Store(tmp_path / "f.sqlite").close()
    with closing(sqlite3.connect(tmp_path / "f.sqlite")) as db, db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(RunError, match=r"a newer aitia \(version 99 of the file, this one knows 2\)"):
        Store(tmp_path / "f.sqlite")


def test_a_file_of_something_else_is_left_alone(tmp_path):
    with closing(sqlite3.connect(tmp_path / "f.sqlite")) as db, db:
        db.execute("CREATE TABLE mine (a)")
    before = (tmp_path / "f.sqlite").read_bytes()
    with pytest.raises(FormatError, match="of something else than a feed"):
        Store(tmp_path / "f.sqlite")
    assert (tmp_path / "f.sqlite").read_bytes() == before
    (tmp_path / "g.sqlite").write_bytes(b"no database at all, but long enough to be looked at" * 20)
    with pytest.raises(FormatError, match="is no SQLite file"):
        Store(tmp_path / "g.sqlite")


def test_a_damaged_file_is_told(tmp_path):
    with Store(tmp_path / "f.sqlite") as store:
        take_systems(store)
        store.one("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray((tmp_path / "f.sqlite").read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    (tmp_path / "f.sqlite").write_bytes(data)
    with pytest.raises(FormatError, match="is damaged"), Store(tmp_path / "f.sqlite") as store:
        all_items(store)


OPENED = """
import sys
from aitia.errors import AitiaError
from aitia.feed.store import Store
from aitia.feed.subscribers import subscribe

try:
    with Store(sys.argv[1]) as store:
        subscribe(store, "who@reader.example")
except AitiaError as error:
    print(error)
"""


@pytest.mark.parametrize("place", ["{}", "{}/none.txt/f.sqlite"])
def test_a_place_where_no_file_can_be_is_told(tmp_path, place):
    (tmp_path / "none.txt").write_text("x")
    with pytest.raises(RunError, match=r"cannot be opened|cannot be made"):
        Store(place.format(tmp_path))


def test_a_file_that_is_read_only_is_told(tmp_path):
    Store(tmp_path / "f.sqlite").close()
    (tmp_path / "f.sqlite").chmod(0o444)
    done = run_unprivileged(OPENED, tmp_path / "f.sqlite")
    assert "f.sqlite cannot be opened: Permission denied" in done.stdout, done.stderr
    (tmp_path / "closed").mkdir(mode=0o555)
    done = run_unprivileged(OPENED, tmp_path / "closed" / "f.sqlite")
    assert "f.sqlite cannot be opened: Permission denied" in done.stdout, done.stderr


def test_a_folder_that_is_read_only_is_told_when_something_is_written(tmp_path):
    with Store(tmp_path / "in" / "f.sqlite") as store:
        take_systems(store)
    (tmp_path / "in").chmod(0o555)
    done = run_unprivileged(OPENED, tmp_path / "in" / "f.sqlite")
    (tmp_path / "in").chmod(0o755)
    assert "what was there is unchanged" in done.stdout or "look at its folder" in done.stdout, done.stderr


def test_a_full_disk_is_told_and_nothing_is_half_written(store):
    take_systems(store)
    held = all_items(store)
    store.read(f"PRAGMA max_page_count = {store.one('PRAGMA page_count') + 2}")
    big = [type(held[0])(id=f"title:{k}", title="t" * 400, abstract="a" * 9000) for k in range(200)]
    with pytest.raises(RunError, match="the disk is full; what was there is unchanged"), store.writing() as db:
        keep(db, big, store.now())
    assert all_items(store) == held
    store.read("PRAGMA max_page_count = 1000000")
    with store.writing() as db:
        keep(db, big, store.now())
    assert len(all_items(store)) == len(held) + 200


def test_a_file_that_another_keeps_locked_is_told(store, monkeypatch):
    store.read("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(store.place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RunError, match="is in use: another process has been writing"):
        subscribe(store, "who@reader.example")
    other.execute("ROLLBACK")
    subscribe(store, "who@reader.example")
    other.close()


def test_who_reads_does_not_wait_for_who_writes(store):
    take_systems(store)
    with store.writing() as db, Store(store.place) as other:
        db.execute("DELETE FROM items")
        assert len(all_items(other)) > 10


def test_many_at_once_make_one_file(tmp_path):
    errors = []

    def work(k):
        try:
            with Store(tmp_path / "f.sqlite") as store:
                subscribe(store, f"who{k}@reader.example")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with Store(tmp_path / "f.sqlite") as store:
        assert store.one("SELECT count(*) FROM subscribers") == 8
