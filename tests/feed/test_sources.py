"""Sources that are watched: what is kept of them, and how each way in which one fails is told while others go on."""

import pytest
from tests.feed.feeds import GRAPHS, JOURNAL, SOUP, atom, entry

from aitia.errors import FormatError, OptionError, RunError
from aitia.feed import add_source, all_items, refresh, remove_source, take_systems, watched

FINE = {"Content-Type": "application/atom+xml", "ETag": '"1"', "Last-Modified": "Mon, 30 Nov 2026 05:00:00 GMT"}
OPEN = {"allow_http": True, "allow_private": True}


@pytest.fixture
def journal(store, web):
    web.answers["/feed"] = (200, FINE, JOURNAL)
    add_source(store, f"{web.address}/feed", **OPEN)
    return f"{web.address}/feed"


def test_a_source_is_asked_only_for_what_is_new(store, clock, web, journal):
    assert [item.title for item in all_items(store)] == sorted(
        (item.title for item in all_items(store)), key=lambda t: next(i.id for i in all_items(store) if i.title == t)
    )
    assert refresh(store)[0].waited  # not twice within an hour
    clock.on(hours=1)
    web.answers["/feed"] = (304, {}, b"")
    update = refresh(store)[0]
    assert (update.new, update.revised, update.trouble) == (0, 0, "")
    asked = web.asked[-1][1]
    assert asked["If-None-Match"] == '"1"'
    assert asked["If-Modified-Since"] == FINE["Last-Modified"]
    assert len(all_items(store)) == 3


def test_a_revised_abstract_is_one_item_with_another_text(store, clock, web, journal):
    before = {item.id: item for item in all_items(store)}
    clock.on(hours=1)
    web.answers["/feed"] = (200, FINE, atom(GRAPHS, entry("On soup", "Now with lentils.", "p/2")))
    update = refresh(store)[0]
    assert (update.new, update.revised) == (0, 1)
    after = {item.id: item for item in all_items(store)}
    assert after.keys() == before.keys()  # what a feed no longer lists is kept
    changed = [name for name in after if after[name] != before[name]]
    assert [after[name].abstract for name in changed] == ["Now with lentils."]
    assert after[changed[0]].number == before[changed[0]].number


def test_an_entry_without_date_keeps_the_day_on_which_it_came(store, clock, tmp_path):
    place = tmp_path / "f.xml"
    place.write_bytes(atom(entry("Undated", "x", date="")))
    add_source(store, str(place))
    clock.on(days=3)
    place.write_bytes(atom(entry("Undated", "y", date="")))
    assert refresh(store)[0].revised == 1
    assert all_items(store)[0].published == "2026-11-30"


@pytest.mark.parametrize(
    ("answer", "said", "state"),
    [
        ((404, {}, b""), "answered 404", "active"),
        ((410, {}, b""), "answered 410: it is gone for good", "gone"),
        ((500, {}, b""), "answered 500", "active"),
        (
            (200, {"Content-Type": "text/html; charset=utf-8"}, b"<html/>"),
            "is text/html and no feed: look on",
            "active",
        ),
        ((200, {"Content-Type": "image/png"}, JOURNAL), "is image/png and no feed", "active"),
        ((200, FINE, b""), "is empty", "active"),
        ((200, FINE, b"<!DOCTYPE rss><rss/>"), "document type declaration", "active"),
        ((302, {"Location": "file:///etc/passwd"}, b""), "starts with http:// or https://", "active"),
    ],
)
def test_a_source_that_fails_is_told_and_others_go_on(store, clock, web, journal, tmp_path, answer, said, state):
    other = tmp_path / "other.xml"
    other.write_bytes(atom())
    add_source(store, str(other))
    other.write_bytes(atom(entry("Another", "x")))
    clock.on(hours=1)
    web.answers["/feed"] = answer
    one, two = refresh(store)
    assert said in one.trouble
    assert two.new == 1
    assert (watched(store)[0].state, watched(store)[0].trouble) == (state, one.trouble)
    assert len(all_items(store)) == 4
    clock.on(hours=1)
    web.answers["/feed"] = (200, FINE, JOURNAL)
    assert refresh(store)[0].waited == (state == "gone")
    assert (watched(store)[0].trouble == "") == (state == "active")


def test_a_server_that_asks_to_wait_is_left_alone_so_long(store, clock, web, journal):
    clock.on(hours=1)
    web.answers["/feed"] = (429, {"Retry-After": "10000"}, b"")
    assert "answered 429" in refresh(store)[0].trouble
    web.answers["/feed"] = (200, FINE, JOURNAL)
    for hours, waited in ((2, True), (1, False)):
        clock.on(hours=hours)
        assert refresh(store)[0].waited is waited


def test_a_clock_that_was_wrong_does_not_stop_visits_for_ever(store, clock, web, journal):
    clock.on(days=400)
    refresh(store)
    clock.on(days=-400)
    assert not refresh(store)[0].waited


def test_a_feed_that_moved_for_good_is_asked_there(store, clock, web, journal):
    clock.on(hours=1)
    web.answers["/feed"] = (301, {"Location": "/new"}, b"")
    web.answers["/new"] = (200, FINE, JOURNAL)
    refresh(store)
    assert watched(store)[0].place == f"{web.address}/new"


def test_what_cannot_be_read_at_first_is_not_watched(store, web, tmp_path):
    web.answers["/page"] = (200, {"Content-Type": "text/html"}, b"<html/>")
    for place, kind, said in (
        (f"{web.address}/none", RunError, "answered 404"),
        (f"{web.address}/page", FormatError, "no feed"),
        ("https://127.0.0.1/", RunError, "did not answer"),
        (str(tmp_path), OptionError, "neither a file nor an address"),
        ("nowhere.xml", OptionError, "neither a file nor an address"),
        ("file:///etc/passwd", OptionError, "starts with http"),
    ):
        with pytest.raises(kind, match=said):
            add_source(store, place, **OPEN)
    assert watched(store) == []
    assert web.asked[0][0] == "/none"


def test_without_permission_nothing_within_is_asked(store, web):
    with pytest.raises(RunError, match="this machine or of a private net"):
        add_source(store, f"{web.address}/feed", allow_http=True)
    with pytest.raises(OptionError, match="allow http"):
        add_source(store, f"{web.address}/feed", allow_private=True)
    assert web.asked == []


def test_a_source_is_watched_once_and_no_more_when_it_is_removed(store, web, journal, tmp_path):
    with pytest.raises(OptionError, match="is watched already"):
        add_source(store, journal, **OPEN)
    other = tmp_path / "other.xml"
    other.write_bytes(atom(SOUP))
    add_source(store, str(other))
    with pytest.raises(OptionError, match=r"is not watched; there are: 1 http://127.*, 2 /"):
        remove_source(store, "https://nowhere.example/feed")
    assert remove_source(store, journal) == 2
    assert [item.title for item in all_items(store)] == ["On soup"]  # which the other lists too
    assert remove_source(store, "2") == 1


def test_of_two_sources_the_first_says_what_a_paper_is(store, tmp_path):
    one, two = tmp_path / "one.xml", tmp_path / "two.xml"
    one.write_bytes(atom(entry("On soup", "As its journal has it.", "p/2")))
    two.write_bytes(atom(entry("On soup", "As a blog has it.", "p/2")))
    assert add_source(store, str(one)).new == 1
    for update in (add_source(store, str(two)), *refresh(store)):
        assert (update.new, update.revised) == (0, 0)
    assert all_items(store)[0].abstract == "As its journal has it."
    assert remove_source(store, str(one)) == 0
    assert refresh(store)[0].revised == 1
    assert all_items(store)[0].abstract == "As a blog has it."


def test_a_file_that_is_gone_is_told(store, tmp_path):
    place = tmp_path / "f.xml"
    place.write_bytes(JOURNAL)
    add_source(store, str(place))
    place.unlink()
    assert "is no file any more" in refresh(store)[0].trouble


def test_our_systems_are_those_of_the_registry(store):
    from aitia.system import systems

    take_systems(store)
    assert {item.slug for item in all_items(store)} == set(systems())
    changes = store._db.total_changes
    take_systems(store)
    assert store._db.total_changes == changes  # nothing to do the second time
    with store.writing() as db:
        db.execute("UPDATE items SET abstract = 'old' WHERE id = 'system:pc'")
        db.execute("UPDATE items SET id = 'system:no-more' WHERE id = 'system:fci'")
    take_systems(store)
    items = {item.slug: item for item in all_items(store)}
    assert set(items) == set(systems())
    assert items["pc"].abstract != "old"
