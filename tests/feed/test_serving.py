"""Passes at their time, what falls due in between, and one lock with `aitia feed run`."""

import re
import threading
from datetime import timedelta

import pytest
from tests.feed.feeds import GRAPHS, JOURNAL, atom, entry

from aitia.errors import OptionError
from aitia.feed import Pass, Store, add_source, confirm, every_of, refresh, serve, subscribe
from aitia.feed.running import send_due
from aitia.runs import Lock

WHO = "who@reader.example"


class Stop(threading.Event):
    """In the place of waiting it moves the clock, does what is to happen then, and ends after the last of it."""

    def __init__(self, clock, *happens):
        super().__init__()
        self.clock, self.happens = clock, list(happens)

    def wait(self, timeout=None):
        if not self.happens:
            self.set()
            return True
        span, act = self.happens.pop(0)
        self.clock.on(**span)
        act()
        return False


def nothing():
    pass


@pytest.mark.parametrize(("text", "span"), [("10m", {"minutes": 10}), (" 24h ", {"hours": 24}), ("7d", {"days": 7})])
def test_a_span_is_read(text, span):
    assert every_of(text) == timedelta(**span)


@pytest.mark.parametrize("text", ["", "24", "9m", "0h", "-1h", "1.5h", "24 h", "24s", "99999d", "h", "24hh", "٢٤h"])
def test_a_span_that_is_none_is_refused(text):
    with pytest.raises(OptionError, match="passes"):
        every_of(text)


def test_a_pass_comes_now_and_each_time_that_so_much_has_gone_by(store, clock, tmp_path):
    place = tmp_path / "journal.xml"
    place.write_bytes(JOURNAL)
    add_source(store, str(place))
    told, seen = [], []

    def more(k):
        return lambda: (seen.append(len(told)), place.write_bytes(atom(entry(f"Paper {k}", "x"))))

    happens = [({"hours": 23}, more(1)), ({"hours": 1}, more(2)), ({"hours": 1}, more(3)), ({"days": -9}, more(4))]
    serve(store, timedelta(days=1), Stop(clock, *happens), told.append)
    assert seen == [1, 1, 2, 2]  # after 24 hours, not after 23; and at once where the clock is set back
    assert [isinstance(one, Pass) for one in told] == [True] * 3
    assert [one.updates[0].new for one in told] == [0, 1, 1]


def test_what_falls_due_in_between_goes_without_a_visit(store, clock, office, post, links):
    told, seen = [], []

    def ask():
        subscribe(store, WHO)

    def refused():
        office.answers.append(("RCPT", "451 later"))

    def look():
        seen.append(len(office.mails))

    happens = [({"seconds": 15}, lambda: (refused(), ask())), ({"seconds": 15}, look), ({"minutes": 6}, look),
               ({"seconds": 15}, look)]  # fmt: skip
    serve(store, timedelta(days=1), Stop(clock, *happens), told.append, server=post, links=links)
    assert seen == [0, 0, 1]  # refused at first, and sent when its pause is over
    assert len(told) == 1  # one pass
    link = re.search(
        r"https://group\.example/papers/confirm\?token=([\w-]+)", office.parsed()[0].get_body(("plain",)).get_content()
    )
    assert confirm(store, link[1]).address == WHO


def test_a_pass_that_fails_is_told_once_and_the_next_one_comes(store, clock, links, post, office):
    told = []
    lock = Lock(store.place.with_name(f".{store.place.name}.lock"))
    lock.__enter__()
    subscribe(store, WHO)
    soon = {"seconds": 15}
    happens = [
        (soon, nothing),
        (soon, nothing),
        (soon, lambda: lock.__exit__(None, None, None)),
        ({"days": 1}, nothing),
    ]
    serve(store, timedelta(days=1), Stop(clock, *happens), told.append, server=post, links=links)
    assert "is in use by" in told[0]
    assert len(told) == 2
    assert isinstance(told[1], Pass)
    assert len(office.mails) == 1  # by the look after the lock was let go


def test_nobody_asks_the_mail_server_when_nothing_is_due(store, clock, links, post, office):
    assert send_due(store, post, links) is None
    subscribe(store, WHO)
    office.answers.append(("RCPT", "451 later"))
    assert send_due(store, post, links).later == 1
    assert send_due(store, post, links) is None
    clock.on(minutes=6)
    assert send_due(store, post, links).sent == 1


def test_mails_without_links_are_refused_before_anything(store, clock, post):
    with pytest.raises(OptionError, match="--public-url"):
        serve(store, timedelta(days=1), Stop(clock), print, server=post)


def test_the_edition_is_another_one_when_the_items_are_and_only_then(store, tmp_path):
    place = tmp_path / "journal.xml"
    place.write_bytes(JOURNAL)
    editions = [store.edition]

    def next_edition():
        editions.append(store.edition)
        return editions[-1] - editions[-2]

    add_source(store, str(place))
    assert next_edition() == 3
    refresh(store)  # the same again
    subscribe(store, WHO)
    assert next_edition() == 0
    place.write_bytes(atom(GRAPHS.replace("Roots", "Stones")))
    refresh(store)
    assert next_edition() == 1
    with store.writing() as db:
        db.execute("DELETE FROM items WHERE title = 'On soup'")
    assert next_edition() == 1
    with Store(store.place) as other:
        assert other.edition == editions[-1]
