"""From a feed to a mail on a real server, parsed back; who gets it, who does not, and what a server's answers do."""

import re
from email.utils import parsedate_to_datetime

import pytest
from aiosmtpd.smtp import AuthResult
from tests.feed.feeds import GRAPHS, JOURNAL, LATENTS, SOUP, atom, entry

from aitia.errors import OptionError, RunError
from aitia.feed import (
    Links,
    MailServer,
    add_source,
    confirm,
    forget,
    run_pass,
    subscribe,
    told_of,
    trending,
    unsubscribe,
    vote,
    write_digests,
)
from aitia.feed.subscribers import counts

WHO = "who@reader.example"


def token(mail, page):
    text = mail.get_body(("plain",)).get_content()
    return re.search(rf"https://group\.example/papers/{page}\?token=([\w-]+)", text)[1]


@pytest.fixture
def journal(store, tmp_path):
    place = tmp_path / "journal.xml"
    place.write_bytes(JOURNAL)
    assert add_source(store, str(place)).new == 3
    return place


def subscribed(store, office, post, links, query="causal graphs", address=WHO, frequency="daily"):
    subscribe(store, address, query, frequency)
    run_pass(store, post, links)
    confirm(store, token(office.parsed()[-1], "confirm"))
    office.mails.clear()


def test_from_a_feed_to_one_mail_and_none_after_one_click(store, clock, office, post, links, journal):
    subscribe(store, WHO, "causal graphs of soil")
    first = run_pass(store, post, links)
    assert (first.queued, first.mails.sent) == (0, 1)
    asked = office.parsed()[0]
    assert asked["To"] == WHO
    assert "List-Unsubscribe" not in asked
    assert counts(store) == {"pending": 1}
    assert run_pass(store, post, links).mails.sent == 0  # nothing before the link is followed
    assert confirm(store, token(asked, "confirm")).state == "active"

    assert run_pass(store, post, links).mails.sent == 1
    mail = office.parsed()[1]
    assert mail["From"] == "papers@group.example"
    assert mail["Subject"] == "2 new papers on causal graphs of soil"
    assert mail["List-Id"] == "<papers.group.example>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"<[0-9a-f]{40}@group\.example>", mail["Message-ID"])
    assert abs((parsedate_to_datetime(mail["Date"]) - clock.time).total_seconds()) < 2
    plain, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for part in (plain, html):
        assert "Causal graphs of soil" in part
        assert "https://journal.example/p/1" in part
        assert part.index("Causal graphs of soil") < part.index("Latent causes of clips")
        assert "soup" not in part
    assert "We find causal graphs of soil moisture." in plain
    assert re.search(r"Nearest system here: [\w-]+ \(aitia show", plain)
    leave = token(mail, "unsubscribe")
    assert mail["List-Unsubscribe"] == f"<https://group.example/papers/unsubscribe?token={leave}>"

    clock.on(days=2)
    assert run_pass(store, post, links).mails.sent == 0  # nothing new, no mail
    unsubscribe(store, leave)
    unsubscribe(store, leave)  # a second click does no harm
    journal.write_bytes(atom(GRAPHS, SOUP, entry("More causal graphs of soil", "Causal graphs again.", "p/4")))
    clock.on(days=2)
    last = run_pass(store, post, links)
    assert last.updates[0].new == 1
    assert last.mails.sent == 0
    assert len(office.mails) == 2


def test_a_digest_has_what_came_since_the_last_whenever_that_was(store, clock, office, post, links, journal):
    subscribed(store, office, post, links, query="")
    assert run_pass(store, post, links).mails.sent == 1
    journal.write_bytes(atom(GRAPHS, SOUP, LATENTS, entry("Fourth", "x", "p/4")))
    clock.on(hours=3)
    assert run_pass(store, post, links).mails.sent == 0  # not before a day is over
    clock.on(days=9)  # days were missed, none is lost
    assert run_pass(store, post, links).mails.sent == 1
    assert office.parsed()[-1]["Subject"] == "1 new paper"
    clock.on(days=-30)  # a clock that is set back loses nothing and sends nothing twice
    journal.write_bytes(atom(entry("Fifth", "x", "p/5")))
    assert run_pass(store, post, links).mails.sent == 1
    assert "Fifth" in office.parsed()[-1].get_body(("plain",)).get_content()
    assert run_pass(store, post, links).mails.sent == 0


def test_a_weekly_digest_waits_a_week(store, clock, office, post, links, journal):
    subscribed(store, office, post, links, query="", frequency="weekly")
    assert run_pass(store, post, links).mails.sent == 1
    journal.write_bytes(atom(entry("Fourth", "x", "p/4")))
    for days, mails in ((3, 0), (5, 1)):
        clock.on(days=days)
        assert run_pass(store, post, links).mails.sent == mails


def test_strangers_texts_are_inert_in_a_mail(store, office, post, links, tmp_path):
    place = tmp_path / "evil.xml"
    title, abstract = (
        "Causal <script>alert(1)</script>\u202e graphs\r\nBcc: all@x.example",
        "<img src=x onerror=alert(2)>",
    )
    place.write_bytes(atom(entry(title, abstract, "javascript:alert(3)", author="<b>A</b>")))
    add_source(store, str(place))
    subscribed(store, office, post, links, query="causal graphs \r\nBcc: you@x.example")
    run_pass(store, post, links)
    mail = office.parsed()[0]
    assert mail["Bcc"] is None
    assert mail["Subject"] == "1 new paper on causal graphs Bcc: you@x.example"
    html = mail.get_body(("html",)).get_content()
    assert "&lt;script&gt;" in html
    for bad in ("<script", "<img", "<b>", "javascript:", "\u202e"):
        assert bad not in html
    assert set(re.findall(r"<(\w+)", html)) <= {"html", "head", "meta", "body", "h1", "h2", "p", "a", "code", "hr"}


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
def test_what_is_refused_for_now_goes_later_under_its_name(step, store, clock, office, post, links, journal):
    subscribed(store, office, post, links)
    office.answers.append((step, "451 4.7.1 greylisted, come again"))
    done = run_pass(store, post, links).mails
    assert (done.sent, done.later) == (0, 1)
    assert "451 4.7.1 greylisted, come again; it goes again" in done.told[0]
    assert WHO not in done.told[0]
    name = told_of(store, WHO)["mails"][-1]["message_id"]
    assert run_pass(store, post, links).mails.later == 0  # not at once
    clock.on(minutes=6)
    assert run_pass(store, post, links).mails.sent == 1
    assert office.parsed()[-1]["Message-ID"] == f"<{name}@group.example>"


def test_what_is_refused_for_a_day_is_given_up(store, clock, office, post, links, journal):
    subscribed(store, office, post, links)
    for _ in range(12):
        office.answers = [("RCPT", "450 later")]
        done = run_pass(store, post, links).mails
        if done.failed:
            break
        clock.on(hours=4)
    assert done.failed == 1
    assert "and so for 24 hours" in done.told[0]
    assert told_of(store, WHO)["state"] == "active"  # it is the server that was full, not the address that is wrong


def test_an_address_that_refuses_thrice_gets_no_more(store, clock, office, post, links, journal):
    subscribed(store, office, post, links, query="")
    for k in range(3):
        journal.write_bytes(atom(entry(f"Paper {k}", "x")))
        office.answers = [("RCPT", "550 5.1.1 no such user")]
        done = run_pass(store, post, links).mails
        assert done.failed == 1
        clock.on(days=1)
    assert "and 3 times: no more mail goes to it" in done.told[0]
    assert counts(store) == {"gone": 1}
    journal.write_bytes(atom(entry("Paper 4", "x")))
    assert run_pass(store, post, links).mails.sent == 0


def test_a_connection_cut_in_the_middle_is_met_by_sending_again(store, clock, office, post, links, journal):
    subscribed(store, office, post, links)
    office.answers = [("DATA", "taken, then cut")]
    done = run_pass(store, post, links).mails
    assert (done.sent, done.later) == (0, 1)
    clock.on(minutes=6)
    assert run_pass(store, post, links).mails.sent == 1
    first, second = office.parsed()
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]
    for mail in (first, second):  # whichever is read, its links work
        unsubscribe(store, token(mail, "unsubscribe"))


def test_a_server_that_cuts_every_mail_ends_the_pass(store, office, post, links, journal):
    for k in range(5):
        subscribe(store, f"who{k}@reader.example")
    office.answers = [("DATA", "cut")] * 5
    with pytest.raises(RunError, match="in the middle of 3 mails in a row; they wait"):
        run_pass(store, post, links)
    assert store.one("SELECT count(*) FROM outbox WHERE state = 'queued'") == 5


def test_a_mail_that_is_too_large_says_nothing_against_the_address(store, office, post, links, journal):
    subscribed(store, office, post, links)
    office.answers = [("DATA", "552 5.3.4 message too big")]
    assert "552 5.3.4 message too big" in run_pass(store, post, links).mails.told[0]
    assert told_of(store, WHO)["failures"] == 0


def test_a_sender_that_is_refused_is_told_and_nothing_is_lost(store, office, post, links, journal):
    subscribed(store, office, post, links)
    office.answers = [("MAIL", "553 not yours")]
    with pytest.raises(RunError, match=r"takes no mail from papers@group\.example \(553 not yours\)"):
        run_pass(store, post, links)
    assert run_pass(store, post, links).mails.sent == 1


def test_starttls_is_asked_for_and_no_password_goes_without(store, offices, links, tls, trusted):
    subscribe(store, WHO)
    plain = offices()
    with pytest.raises(RunError, match="offers no STARTTLS"):
        run_pass(store, MailServer("127.0.0.1", "a@b.example", port=plain.port), links)
    with pytest.raises(OptionError, match="the password would travel"):
        MailServer("127.0.0.1", "a@b.example", "none", 25, "me", "secret")

    def takes(server, session, envelope, mechanism, login):
        return AuthResult(success=login.password == b"right", handled=False)

    office = offices(tls_context=tls, require_starttls=True, authenticator=takes, auth_required=True)
    wrong, right = (MailServer("127.0.0.1", "a@b.example", "starttls", office.port, "me", word)
                    for word in ("wrong", "right"))  # fmt: skip
    with pytest.raises(RunError, match=r"refuses the login \(535\): look at AITIA_SMTP_USER") as told:
        run_pass(store, wrong, links)
    assert "wrong" not in str(told.value)
    assert "wrong" not in repr(wrong)
    assert run_pass(store, right, links).mails.sent == 1


def test_a_certificate_that_nobody_signed_is_refused(store, offices, links, tls):
    subscribe(store, WHO)
    office = offices(tls_context=tls)
    with pytest.raises(RunError, match=r"certificate of the mail server 127.0.0.1 is not trusted"):
        run_pass(store, MailServer("127.0.0.1", "a@b.example", port=office.port), links)


@pytest.mark.parametrize(
    ("address", "sender", "security", "login", "said"),
    [
        ("mail.example:0", "a@b.example", "starttls", {}, "HOST or HOST:PORT"),
        ("mail.example:x", "a@b.example", "starttls", {}, "HOST or HOST:PORT"),
        ("mail example", "a@b.example", "starttls", {}, "HOST or HOST:PORT"),
        ("mail.example", "a", "starttls", {}, "no address of mail"),
        ("mail.example", "a@b.example", "ssl", {}, "starttls, tls, none"),
        ("mail.example", "a@b.example", "starttls", {"AITIA_SMTP_USER": "me"}, "set both AITIA_SMTP_USER"),
    ],
)
def test_a_server_that_is_none_is_refused(address, sender, security, login, said):
    with pytest.raises(OptionError, match=said):
        MailServer.of(address, sender, security, login)


def test_a_server_that_is_not_there_is_told(store, links):
    subscribe(store, WHO)
    with pytest.raises(RunError, match=r"the mail server 127.0.0.1 does not answer"):
        run_pass(store, MailServer("127.0.0.1", "a@b.example", "none", 1), links)


def test_letters_that_a_server_does_not_take_are_told(store, offices, links):
    office = offices(enable_SMTPUTF8=False)
    subscribe(store, "jürgen@reader.example")
    done = run_pass(store, MailServer("127.0.0.1", "a@b.example", "none", office.port), links)
    assert "no SMTPUTF8" in done.mails.told[0]
    wide = offices(enable_SMTPUTF8=True)
    subscribe(store, "jörg@reader.example")
    assert run_pass(store, MailServer("127.0.0.1", "a@b.example", "none", wide.port), links).mails.sent == 1
    assert wide.mails[0][0] == "jörg@reader.example"


def test_mails_without_links_are_not_sent(store, post):
    subscribe(store, WHO)
    with pytest.raises(OptionError, match="--public-url"):
        run_pass(store, post, None)
    for bad in ("http://group.example", "ftp://x", "https://a:b@group.example"):
        with pytest.raises(OptionError):
            Links(bad)


def test_votes_count_once_and_trend(store, clock, office, post, links, journal):
    assert [item.title for item, _ in trending(store)] == sorted(
        (item.title for item, _ in trending(store)), key=lambda t: {i.title: i.id for i, _ in trending(store)}[t]
    )  # of one date: by id
    subscribed(store, office, post, links, query="")
    run_pass(store, post, links)
    mail = office.parsed()[0]
    given = token(mail, "unsubscribe")
    last = trending(store)[-1][0]
    assert f"vote?token={given}&item={last.id.replace(':', '%3A')}" in mail.get_body(("plain",)).get_content()
    assert [vote(store, given, last.id) for _ in range(2)] == [1, 1]
    assert trending(store)[0] == (last, 1)
    with pytest.raises(OptionError, match="no item"):
        vote(store, given, "title:none")
    with pytest.raises(OptionError, match="not one that was sent"):
        vote(store, "guessed", last.id)
    unsubscribe(store, given)
    with pytest.raises(OptionError, match="has ended"):
        vote(store, given, trending(store)[1][0].id)
    assert told_of(store, WHO)["votes"][0]["item"] == last.id
    assert forget(store, WHO)
    assert told_of(store, WHO) is None
    assert trending(store)[-1] == (last, 0)


def test_a_dry_run_writes_what_a_mail_program_opens_and_changes_nothing(store, office, post, links, journal, tmp_path):
    from email import message_from_bytes, policy

    subscribed(store, office, post, links)
    subscribe(store, "other@reader.example", "soup")
    before = list(store._db.iterdump())
    files = write_digests(store, tmp_path / "mails")
    assert [file.name for file in files] == ["0001-confirm.eml", "0002-digest.eml"]
    mail = message_from_bytes(files[1].read_bytes(), policy=policy.default)
    assert mail["Subject"] == "2 new papers on causal graphs"
    assert list(store._db.iterdump()) == before
    with pytest.raises(RunError, match="is not empty"):
        write_digests(store, tmp_path / "mails")
