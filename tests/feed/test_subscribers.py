"""Who is written to: whoever said so twice. What strangers can learn or do by asking: nothing."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.feed.feeds import JOURNAL

from aitia.errors import OptionError
from aitia.feed import add_source, confirm, forget, run_pass, subscribe, told_of, unsubscribe
from aitia.feed.addressees import checked_addressee, hashed
from aitia.feed.subscribers import counts, new_token

WHO = "who@reader.example"


def token_of(store, purpose="confirm", content='{"query": "soil", "frequency": "daily"}', address=WHO):
    with store.writing() as db:
        number = db.execute("SELECT id FROM subscribers WHERE address = ?", (address,)).fetchone()[0]
        return new_token(db, number, purpose, store.now(), content)


def waiting(store):
    return store.one("SELECT count(*) FROM outbox")


def test_the_answer_is_the_same_for_every_address(store, clock):
    answers = {subscribe(store, WHO, "soil")}
    answers.add(subscribe(store, WHO, "soil"))  # pending
    confirm(store, token_of(store))
    clock.on(hours=2)
    answers.add(subscribe(store, WHO))  # active
    unsubscribe(store, token_of(store, "reader"))
    clock.on(hours=2)
    answers.add(subscribe(store, WHO))  # gone
    assert len(answers) == 1


def test_one_confirmation_an_hour_goes_to_an_address_whoever_asks(store, clock):
    for k in range(10):
        subscribe(store, WHO, f"query {k}", peer=f"10.0.0.{k}")
    assert waiting(store) == 1
    clock.on(hours=1, seconds=1)
    subscribe(store, WHO)
    assert waiting(store) == 2


def test_one_peer_asks_for_twenty_in_an_hour(store, clock):
    for k in range(20):
        subscribe(store, f"who{k}@reader.example", peer="10.0.0.1")
    with pytest.raises(OptionError, match="are not taken from one place"):
        subscribe(store, "who20@reader.example", peer="10.0.0.1")
    assert counts(store) == {"pending": 20}
    subscribe(store, "who20@reader.example", peer="10.0.0.2")
    clock.on(hours=1, seconds=1)
    subscribe(store, "who21@reader.example", peer="10.0.0.1")
    assert store.read("SELECT DISTINCT peer FROM asked") == [(hashed("10.0.0.1"),)]


def test_a_confirmation_holds_for_two_days_and_may_be_followed_twice(store, clock):
    subscribe(store, WHO, "soil")
    link = token_of(store)
    clock.on(hours=47)
    assert confirm(store, link).state == "active"
    before = told_of(store, WHO)
    assert confirm(store, link).query == "soil"
    assert told_of(store, WHO) == before
    clock.on(hours=2)
    with pytest.raises(OptionError, match="older than two days: subscribe again"):
        confirm(store, link)


def test_nobody_changes_the_subscription_of_another(store, clock):
    subscribe(store, WHO, "soil")
    confirm(store, token_of(store))
    clock.on(hours=2)
    subscribe(store, WHO, "spam", "weekly")
    told = told_of(store, WHO)
    assert (told["query"], told["frequency"], told["state"]) == ("soil", "daily", "active")


def test_tokens_are_for_one_thing_and_none_is_kept(store, tmp_path):
    subscribe(store, WHO, "soil")
    asks, reads = token_of(store), token_of(store, "reader")
    with pytest.raises(OptionError, match="not one that was sent"):
        confirm(store, reads)
    with pytest.raises(OptionError, match="not one that was sent"):
        unsubscribe(store, asks)
    for wrong in ("", "x", asks[:-1], asks + "x", "é" * 50, "\ud800", "'; DROP TABLE tokens", "x" * 100_000):
        with pytest.raises(OptionError, match="not one that was sent"):
            confirm(store, wrong)
    assert len(asks) == 43  # 32 bytes
    store.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("feed.sqlite*"))
    assert hashlib.sha256(asks.encode()).digest() in kept
    assert asks.encode() not in kept


def test_who_has_left_is_not_brought_back_by_an_old_link(store, clock):
    subscribe(store, WHO, "soil")
    asks, reads = token_of(store), token_of(store, "reader")
    confirm(store, asks)
    clock.on(days=400)
    unsubscribe(store, reads)  # never too late
    assert counts(store) == {"gone": 1}
    with pytest.raises(OptionError, match="not one that was sent"):
        confirm(store, asks)


def test_what_waits_for_whom_has_left_is_not_sent(store, office, post, links, tmp_path):
    (tmp_path / "f.xml").write_bytes(JOURNAL)
    add_source(store, str(tmp_path / "f.xml"))
    subscribe(store, WHO)
    run_pass(store, post, links)
    confirm(store, token_of(store, content='{"query": "", "frequency": "daily"}'))
    run_pass(store)
    assert store.one("SELECT count(*) FROM outbox WHERE state = 'queued'") == 1
    unsubscribe(store, token_of(store, "reader"))
    assert run_pass(store, post, links).mails.sent == 0


def test_addresses_that_were_never_confirmed_are_forgotten_after_a_week(store, clock):
    subscribe(store, WHO)
    clock.on(days=6)
    run_pass(store)
    assert told_of(store, WHO) is not None
    clock.on(days=2)
    run_pass(store)
    assert told_of(store, WHO) is None
    assert waiting(store) == 0


def test_all_of_an_address_is_told_and_deleted_on_request(store):
    subscribe(store, WHO, "soil")
    token_of(store, "reader")
    told = told_of(store, "Who@READER.example".replace("Who", "who"))
    assert (told["address"], told["state"], len(told["mails"])) == (WHO, "pending", 1)
    assert forget(store, WHO)
    assert not forget(store, WHO)
    for table in ("subscribers", "tokens", "votes", "outbox"):
        assert store.one(f"SELECT count(*) FROM {table}") == 0


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("who", "no address of mail"),
        ("@reader.example", "no address of mail"),
        ("who@", "no name of a domain"),
        ("Who <who@reader.example>", "no name stands beside it"),
        ("who@reader.example, you@reader.example", "no white space"),
        ("who@reader.example,you@reader.example", "one address of mail"),
        ("who@reader.example;you@reader.example", "one address of mail"),
        ("who@reader.example\r\nBcc: all@x.example", "no line breaks"),
        ("who@reader.example\n", "no line breaks"),
        ("who\x00@reader.example", "no white space"),
        ('"who"@reader.example', "no address of mail"),
        ("who..o@reader.example", "no address of mail"),
        ("who@-reader.example", "no name of a domain"),
        ("who@reader..example", "no name of a domain"),
        ("who@[127.0.0.1]", "no name of a domain"),
        ("who@xn--\udc80.example", "no name of a domain"),
        ("w" * 65 + "@reader.example", "no address of mail"),
        ("who@" + ".".join(["r" * 60] * 5), "at most 254"),
    ],
)
def test_an_address_that_is_none_is_refused(store, address, said):
    with pytest.raises(OptionError, match=said):
        subscribe(store, address)
    assert counts(store) == {}


def test_a_domain_of_other_letters_is_written_as_the_net_does():
    assert checked_addressee("jürgen@BÜCHER.example") == "jürgen@xn--bcher-kva.example"


@given(st.text(max_size=40))
def test_no_text_gets_into_a_header(text):
    try:
        kept = checked_addressee(text)
    except OptionError:
        return
    assert not set(kept) & set("\r\n\t ,;<>\x00")
    assert kept.count("@") == 1


def test_a_query_or_frequency_that_is_none_is_refused(store):
    with pytest.raises(OptionError, match="daily or weekly, got 'hourly'"):
        subscribe(store, WHO, frequency="hourly")
    with pytest.raises(OptionError, match=r"a word at least, got '[?]!'"):
        subscribe(store, WHO, "?!")
    with pytest.raises(OptionError, match="at most 500 characters, got 501"):
        subscribe(store, WHO, "x" * 501)
