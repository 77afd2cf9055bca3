"""The papers in the studio: found, subscribed to, mailed, voted for and left, without a script; and who may do what."""

import re
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient
from tests.feed.conftest import post_office
from tests.feed.feeds import GRAPHS, JOURNAL, LATENTS, SOUP, atom, entry
from tests.studio.studio import HOST, opened

from aitia.errors import OptionError
from aitia.feed import Links, MailServer, Store, add_source, parse_feed, run_pass, subscribe, told_of
from aitia.studio import Workspace, create_app
from aitia.studio.papers import Papers

WHO = "who@reader.example"
PUBLIC = "papers.group.example"
LINKS = Links(f"https://{PUBLIC}")
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def place(tmp_path):
    """A feed's file, with three papers."""
    (tmp_path / "journal.xml").write_bytes(JOURNAL)
    with Store(tmp_path / "feed.sqlite") as store:
        add_source(store, str(tmp_path / "journal.xml"))
    return tmp_path / "feed.sqlite"


class Reader:
    """A browser without scripts: it sends the fields of the form that it sees, and keeps cookies."""

    def __init__(self, client, host=HOST, scheme="http"):
        self.client, self.host, self.origin = client, host, f"{scheme}://{host}"

    def get(self, path):
        return self.client.get(path, headers={"host": self.host})

    def send(self, page, path=None, origin="", **fields):
        """Sends the last form of a page, to where it says, or to another place."""
        form = re.findall(r'<form method="post" action="([^"]+)">(.*?)</form>', page.text, re.DOTALL)[-1]
        told = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[1])) | fields
        headers = {"host": self.host, "origin": origin or self.origin}
        return self.client.post(path or form[0].replace("&amp;", "&"), data=told, headers=headers)


@pytest.fixture
def near(tmp_path, place):
    """Who sits at the machine; the studio has no public address."""
    with opened(tmp_path / "studio", feed=Papers(place)) as client:
        yield Reader(client)


@pytest.fixture
def client(tmp_path, place):
    with opened(tmp_path / "studio", feed=Papers(place, links=LINKS), key="the-key") as client:
        yield client


@pytest.fixture
def far(client):
    """Who comes by the public address, and has no key."""
    return Reader(client, PUBLIC, "https")


def link(mail, page):
    """Path and query of a link of a mail."""
    return re.search(rf"https://{PUBLIC}(/papers/{page}\?\S+)", mail.get_body(("plain",)).get_content())[1]


# -- the whole way -----------------------------------------------------------------------------------------------------


def test_from_a_feed_to_a_mail_and_out_by_one_click(far, place, tmp_path):
    """Atom file, search, subscription, confirmation, pass, mail on a real server, one click, nothing more."""
    assert "Causal graphs of soil" in far.get("/papers?q=moisture").text
    with post_office() as office:
        ahead = timedelta(0)

        def sent():
            with Store(place, lambda: datetime.now(UTC) + ahead) as store:
                return run_pass(store, MailServer("127.0.0.1", "papers@group.example", "none", office.port), LINKS)

        done = far.send(far.get("/papers"), address=WHO, query="causal graphs of soil", frequency="daily")
        assert "a mail with a link is on its way" in done.text
        assert sent().mails.sent == 1
        confirm = link(office.parsed()[0], "confirm")
        looked = far.get(confirm)  # a scanner of mail looks, too
        assert far.get(confirm).status_code == 200
        assert sent().mails.sent == 0
        with Store(place) as store:
            assert told_of(store, WHO)["state"] == "pending"
        assert f"{WHO} gets daily what is new on “causal graphs of soil”" in far.send(looked).text

        assert sent().mails.sent == 1
        assert sent().mails.sent == 0
        mail = office.parsed()[1]
        leave = link(mail, "unsubscribe")
        assert mail["List-Unsubscribe"] == f"<https://{PUBLIC}{leave}>"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

        assert "button" in far.get(leave).text
        with Store(place) as store:
            assert told_of(store, WHO)["state"] == "active"
        far.client.cookies.clear()
        answer = far.client.post(leave, content=mail["List-Unsubscribe-Post"], headers={"host": PUBLIC, **FORM})
        assert answer.status_code == 200  # as a provider of mail does it: no cookie, no origin (RFC 8058)
        (tmp_path / "journal.xml").write_bytes(atom(entry("More causal graphs of soil", "Again.", "p/4")))
        ahead = timedelta(days=2)
        last = sent()
        assert (last.updates[0].new, last.mails.sent) == (1, 0)
        assert len(office.mails) == 2


def test_the_button_ends_a_subscription_too(far, reading):
    page = far.get(f"/papers/unsubscribe?token={reading}")
    assert "No more mail comes." in far.send(page).text


@pytest.fixture
def reading(place):
    """The token of a digest that somebody has got."""
    from aitia.feed.subscribers import new_token

    with Store(place) as store:
        subscribe(store, WHO)
        with store.writing() as db:
            db.execute("UPDATE subscribers SET state = 'active', last_digest = asked")
            db.execute("DELETE FROM outbox")
            return new_token(db, 1, "reader", store.now())


# -- what is shown -----------------------------------------------------------------------------------------------------


def test_the_list_says_of_each_paper_what_there_is(near):
    text = near.get("/papers").text
    assert len(re.findall(r'<a class="name"', text)) == 3
    assert "2026-11-29 · Ada Byron · 0 votes · nearest system here: <a href=" in text
    found = near.get("/papers?q=soil").text
    assert re.findall(r'<a class="name"[^>]*>([^<]*)', found) == ["Causal graphs of soil"]
    assert '<p class="reason">We find causal graphs of soil moisture.</p>' in found
    assert "by BM25" in found
    assert "Nothing has a word of it" in near.get("/papers?q=xylophone").text
    assert "a query has a word at least" in near.get("/papers?q=%3F").text


def test_a_paper_has_its_page(near):
    name = re.search(r'href="(/papers/item\?id=[^"]+)"', near.get("/papers?q=soil").text)[1]
    page = near.get(name).text
    assert "Roots come last." in page
    assert '<a href="https://journal.example/p/1"' in page
    for bad in ("/papers/item?id=none", "/papers/item", "/papers/item?id=system:pc", "/papers/vote?item=none&token=x"):
        assert near.get(bad).status_code == 400


def test_a_long_list_is_cut_into_pages(near, place, tmp_path):
    (tmp_path / "long.xml").write_bytes(atom(*(entry(f"Lake number {k}", "Water.", f"l/{k}") for k in range(45))))
    with Store(place) as store:
        add_source(store, str(tmp_path / "long.xml"))
    seen, path = [], "/papers?q=lake"
    while path:
        page = near.get(path).text
        seen += re.findall(r'<a class="name"[^>]*>([^<]*)', page)
        further = re.search(r'<a class="button" href="([^"]+)">Further', page)
        path = further and further[1].replace("&amp;", "&")
    assert sorted(seen) == sorted(f"Lake number {k}" for k in range(45))
    for odd in ("-3", "0", "x", "99999999999", "٣"):
        assert near.get(f"/papers?page={odd}").status_code == 200


def test_the_feed_of_ours_is_read_by_ours(near):
    answer = near.get("/papers/feed.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    told = parse_feed(answer.content, "ours", datetime.now(UTC), "https://a.example")
    assert sorted(item.title for item in told.items) == [
        "Causal graphs of soil", "Latent causes of clips", "On soup",
    ]  # fmt: skip
    assert told.title == "Papers"
    some = parse_feed(
        near.get("/papers/feed.atom?q=soil+%26+water").content, "ours", datetime.now(UTC), "https://a.example"
    )
    assert (some.title, [item.title for item in some.items]) == ("Papers on soil & water", ["Causal graphs of soil"])
    assert f'href="http://{HOST}/papers/feed.atom?q=soil+%26+water"'.replace("&", "&amp;") in near.get(
        "/papers/feed.atom?q=soil+%26+water"
    ).text.replace("&", "&amp;")
    assert near.get("/papers/feed.atom?q=%3F").status_code == 400


def test_texts_of_strangers_are_inert(near, place, tmp_path):
    title = "Causal <script>alert(1)</script> \u202egraphs"
    bad = entry(
        title, '<img src=x onerror=alert(2)> {{ 7777 * 7777 }} "quoted"', "javascript:alert(3)", author="<b>A</b>"
    )
    (tmp_path / "evil.xml").write_bytes(atom(bad))
    with Store(place) as store:
        add_source(store, str(tmp_path / "evil.xml"))
    pages = [near.get("/papers?q=script").text]
    pages.append(near.get(re.search(r'href="(/papers/item\?id=[^"]+)"', pages[0])[1]).text)
    pages.append(near.get("/papers?q=%3Cscript%3Ealert(1)%3C/script%3E%22").text)
    pages.append(near.get("/papers/unsubscribe?token=%22%3E%3Cscript%3Ealert(1)").text)
    for text in pages:
        for mark in ("<script>", "<img", "<b>A", "javascript:", "\u202e", "60481729"):
            assert mark not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages[1]


def test_what_is_new_is_shown_at_once_or_as_soon_as_it_is_ready(near, place, tmp_path, monkeypatch):
    papers = near.client.app.state.papers
    assert "3 items" not in near.get("/papers").text
    waits, go = papers._made, threading.Event()
    monkeypatch.setattr(papers, "_made", lambda kinds: go.wait(30) and waits(kinds))
    (tmp_path / "journal.xml").write_bytes(atom(GRAPHS, SOUP, LATENTS, entry("Newest", "x", "p/9")))
    with Store(place) as store:
        run_pass(store)
    assert "Newest" not in near.get("/papers").text  # the one before, while the new one is made
    go.set()
    end = time.monotonic() + 30
    while "Newest" not in near.get("/papers").text:
        assert time.monotonic() < end


def test_a_file_that_cannot_be_used_is_told_and_the_studio_goes_on(tmp_path):
    (tmp_path / "feed.sqlite").write_bytes(b"no database at all, but long enough to be looked at" * 20)
    with opened(tmp_path / "studio", feed=Papers(tmp_path / "feed.sqlite")) as client:
        for path in ("/papers", "/systems?q=causes"):
            answer = client.get(path)
            assert answer.status_code == 400
            assert "is no SQLite file" in answer.text
        assert client.get("/discover").status_code == 200
        assert 'href="/systems/pc"' in client.get("/systems").text
        (tmp_path / "feed.sqlite").unlink()
        assert client.get("/papers").status_code == 200  # it is tried again


def test_the_catalogue_is_searched_by_a_need(near):
    def found(q):
        return re.findall(r'<h2><a href="/systems/([^"]+)"', near.get(f"/systems?q={q}").text)

    assert found("what changed between domains or over time")[0] == "cd-nod"
    assert found("GCRL")[0] == "gcrl"  # by its name
    assert "cd-nod" in found("biwei huang")  # by who wrote it
    assert len(found("causal graph of a table")) == 12
    assert found("") == found("%20") != []
    assert near.get("/systems?q=%3F").status_code == 200


def test_an_encoder_searches_by_meaning(tmp_path, place):
    from tests.feed.test_search import save_encoder

    feed = Papers(place, encoder=save_encoder(tmp_path / "encoder", pooling="mean_tokens"))
    with opened(tmp_path / "studio", feed=feed) as client:
        for path in ("/papers?q=soil", "/systems?q=soil"):
            text = client.get(path).text
            assert f"by {tmp_path / 'encoder'}" in text
            assert "<h2>" in text
    with opened(tmp_path / "other", feed=Papers(place, encoder=tmp_path / "nowhere")) as client:
        assert "is a folder of" in client.get("/papers?q=soil").text
        (tmp_path / "encoder").rename(tmp_path / "nowhere")
        assert "On soup" in client.get("/papers?q=soup").text  # it is tried again


# -- who may do what ---------------------------------------------------------------------------------------------------


def test_without_a_public_address_nobody_subscribes(near, place):
    page = near.get("/papers")
    assert "Subscriptions are closed" in page.text
    token = re.search(r'name="aitia-token" content="([0-9a-f]+)"', page.text)[1]
    headers = {"origin": near.origin, "host": HOST}
    told = near.client.post("/papers/subscribe", data={"aitia-token": token, "address": WHO}, headers=headers)
    assert told.status_code == 403
    with Store(place) as store:
        assert told_of(store, WHO) is None


def test_who_has_no_key_comes_to_the_papers_alone(far, place):
    for path in ("/", "/runs", "/discover", "/systems", "/systems?q=x", "/papersx", "/papers/../runs", "/api/jobs/1"):
        assert far.get(path).status_code in (401, 404), path
    page = far.get("/papers")
    assert page.status_code == 200
    style = far.get("/static/studio.css")
    assert style.status_code == 200
    assert "set-cookie" not in style.headers
    assert set(far.client.cookies) == {"aitia-papers"}
    assert re.findall(r'href="(/[a-z]*)"', page.text.partition("</header>")[0].partition("<header>")[2]) == [
        "/papers", "/papers",
    ]  # fmt: skip
    assert "/systems/" not in far.get("/papers?q=soil").text
    assert "this machine" not in page.text
    answer = far.client.post("/discover/survey", json={}, headers={"host": PUBLIC, "origin": far.origin})
    assert answer.status_code == 401
    assert far.client.get("/papers", headers={"host": "evil.example"}).status_code == 421


def test_the_cookie_of_a_reader_opens_nothing_and_its_token_is_no_key(far):
    """Whoever chooses the cookie of the papers gets its token; none of these is the seal of one that is opened."""
    page = far.get("/papers")
    given = page.headers["set-cookie"]
    assert given.startswith("aitia-papers=")
    for part in ("Path=/papers", "HttpOnly", "SameSite=Strict"):
        assert part in given
    value = re.match(r"aitia-papers=([^;]+)", given)[1]
    tokens = {value: re.search(r'name="aitia-token" content="([0-9a-f]+)"', page.text)[1]}
    for chosen in ("open name", "name", "aitia name", "papers name"):
        told = far.client.get("/papers", headers={"host": PUBLIC, "cookie": f'aitia-papers="{chosen}"'})
        tokens[chosen] = re.search(r'name="aitia-token" content="([0-9a-f]+)"', told.text)[1]
    for chosen, token in tokens.items():
        for cookie in (chosen, f"{chosen}.{token}", f"name.{token}"):
            for name in ("aitia", "aitia-papers"):
                answer = far.client.get("/runs", headers={"host": PUBLIC, "cookie": f'{name}="{cookie}"'})
                assert answer.status_code == 401, (name, cookie)


def test_a_public_address_wants_a_key(tmp_path):
    with pytest.raises(OptionError, match="wants a key"):
        create_app(Workspace(tmp_path / "public"), feed=Papers(tmp_path / "f.sqlite", links=LINKS))
    near = Papers(tmp_path / "f.sqlite", links=Links("http://127.0.0.1:7000"))
    assert create_app(Workspace(tmp_path / "near"), feed=near)
    with pytest.raises(OptionError, match="--public-url"):
        Papers(tmp_path / "f.sqlite", server=MailServer("127.0.0.1", "a@b.example", "none", 25))


@pytest.mark.parametrize("path", ["/papers/subscribe", "/papers/confirm?token=x", "/papers/vote?token=x&item=y"])
def test_a_form_wants_origin_cookie_and_the_token_of_the_page(far, path):
    page = far.get("/papers")
    fields = {"address": WHO, "query": "", "frequency": "daily"}
    assert far.send(page, path, origin="https://evil.example", **fields).status_code == 403
    assert far.send(page, path, origin="null", **fields).status_code == 403
    assert far.send(page, path, **fields | {"aitia-token": "0" * 64}).status_code == 403
    assert far.send(page, path, **fields | {"aitia-token": "ü"}).status_code == 403
    assert far.client.post(path, data=fields, headers={"host": PUBLIC, "origin": far.origin}).status_code == 403
    far.client.cookies.clear()
    assert far.send(page, path, **fields).status_code == 403
    far.get("/papers")  # another cookie
    assert far.send(page, path, **fields).status_code == 403


def test_a_form_is_short_and_is_read_where_forms_are(near):
    page = near.get("/papers")
    token = re.search(r'name="aitia-token" content="([0-9a-f]+)"', near.get("/").text)[1]
    headers = {"origin": near.origin, "host": HOST}
    large = {"aitia-token": token, "address": "x" * 70_000}
    assert near.client.post("/papers/subscribe", data=large, headers=headers).status_code == 413
    answer = near.client.post("/discover/survey", data={"aitia-token": token}, headers=headers)  # wants JSON
    assert answer.status_code == 400
    assert page.headers["referrer-policy"] == "same-origin"  # without any a browser would send its form from "null"
    assert near.get("/runs").headers["referrer-policy"] == "no-referrer"


PARTS = '--b\r\ncontent-disposition: form-data; name="{}"\r\n\r\n{}\r\n--b--\r\n'


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        (FORM["content-type"], "List-Unsubscribe=One-Click", 200),
        (FORM["content-type"] + "; charset=utf-8", "List-Unsubscribe=One-Click", 200),
        ("multipart/form-data; boundary=b", PARTS.format("List-Unsubscribe", "One-Click"), 200),
        (FORM["content-type"], "", 400),
        (FORM["content-type"], "List-Unsubscribe=Two", 400),
        ("multipart/form-data; boundary=b", PARTS.format("Other", "One-Click"), 400),
        ("multipart/form-data; boundary=c", PARTS.format("List-Unsubscribe", "One-Click"), 400),
        ("multipart/form-data", "x", 400),
        ("application/json", '{"List-Unsubscribe": "One-Click"}', 400),
        (FORM["content-type"], "List-Unsubscribe=One-Click&x=" + "x" * 70_000, 413),
    ],
)
def test_one_click_is_what_the_body_says_and_nothing_else(far, place, reading, kind, body, code):
    headers = {"host": PUBLIC, "content-type": kind}
    told = far.client.post(f"/papers/unsubscribe?token={reading}", content=body, headers=headers)
    assert told.status_code == code
    with Store(place) as store:
        assert told_of(store, WHO)["state"] == ("gone" if code == 200 else "active")
    again = far.client.post(f"/papers/unsubscribe?token={reading}", content="List-Unsubscribe=One-Click",
                            headers={"host": PUBLIC, **FORM})  # fmt: skip
    assert again.status_code == 200  # a second click does no harm


def test_one_click_ends_only_what_its_token_is_of(far, place, reading):
    for token in ("", "guessed", reading[:-1], reading + "x", "é"):
        told = far.client.post("/papers/unsubscribe", params={"token": token}, content="List-Unsubscribe=One-Click",
                               headers={"host": PUBLIC, **FORM})  # fmt: skip
        assert told.status_code == 400
        assert "is not one that was sent" in told.text
    for path in ("/papers/confirm", "/papers/vote", "/papers/subscribe", "/papers/unsubscribe/", "/papers/Unsubscribe"):
        told = far.client.post(f"{path}?token={reading}", content="List-Unsubscribe=One-Click",
                               headers={"host": PUBLIC, **FORM})  # fmt: skip
        assert told.status_code == 403
    with Store(place) as store:
        assert told_of(store, WHO)["state"] == "active"


def test_the_same_is_said_of_every_address_and_not_too_often(far, place):
    page = far.get("/papers")

    def ask(address):
        return far.send(page, address=address, query="", frequency="weekly")

    first, second = ask(WHO), ask(WHO)
    other = ask("other@reader.example")
    assert first.text == second.text == other.text
    assert first.status_code == 200
    with Store(place) as store:
        assert len(told_of(store, WHO)["mails"]) == 1
    for k in range(17):
        assert ask(f"who{k}@reader.example").text == first.text
    refused = ask("last@reader.example")
    assert refused.status_code == 400
    assert "are not taken from one place: wait" in refused.text
    assert 'value="last@reader.example"' in refused.text  # what was typed is still there


@pytest.mark.parametrize(
    ("peers", "refused"),
    [
        ([f"2001:db8::{k:x}" for k in range(21)], True),  # of one line
        ([f"2001:db8:0:{k:x}::1" for k in range(21)], False),
        ([f"192.0.2.{k}" for k in range(21)], False),
    ],
)
def test_limits_count_lines_and_not_their_many_addresses(tmp_path, place, peers, refused):
    app = create_app(Workspace(tmp_path / "studio"), hosts={HOST}, feed=Papers(place, links=Links(f"http://{HOST}")))
    with TestClient(app, base_url=f"http://{HOST}") as first:
        for k, peer in enumerate(peers):
            client = TestClient(app, base_url=f"http://{HOST}", client=(peer, 1234), cookies=first.cookies)
            reader = Reader(client)
            told = reader.send(reader.get("/papers"), address=f"who{k}@reader.example", query="", frequency="daily")
        assert told.status_code == (400 if refused else 200)


def test_cookies_are_secure_where_the_way_is(tmp_path, place):
    for scheme in ("http", "https"):
        feed = Papers(place, links=LINKS)
        app = create_app(Workspace(tmp_path / scheme), hosts={HOST}, feed=feed, key="the-key")
        with TestClient(app, base_url=f"{scheme}://{HOST}", follow_redirects=False) as client:
            for path in ("/papers", "/?key=the-key"):
                assert ("; Secure" in client.get(path).headers["set-cookie"]) == (scheme == "https")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"address": "who"}, "no address of mail"),
        ({"address": ""}, "no address of mail"),
        ({"address": "a@b.example,c@d.example"}, "one address of mail"),
        ({"frequency": "hourly"}, "daily or weekly"),
        ({"query": "?"}, "a word at least"),
        ({"query": "word " * 200}, "at most 500"),
    ],
)
def test_a_subscription_that_cannot_be_is_told_beside_the_form(far, fields, said):
    told = far.send(far.get("/papers"), **{"address": WHO, "query": "soil", "frequency": "daily"} | fields)
    assert told.status_code == 400
    assert said in re.search(r'<p class="fault" id="trouble">([^<]*)', told.text)[1]


def test_a_vote_is_one_of_each_subscriber_and_needs_no_further_mail(far, reading):
    soup, graphs = (
        re.search(r'href="/papers/item\?id=([^"]+)"', far.get(f"/papers?q={q}").text)[1] for q in ("soup", "soil")
    )
    assert "Vote for it" not in far.get(f"/papers/item?id={soup}").text
    page = far.get(f"/papers/vote?token={reading}&item={soup}")
    assert "0 votes" in page.text
    assert "1 vote " in (first := far.send(page)).text.replace("1 vote<", "1 vote <")
    assert "HttpOnly" in first.headers["set-cookie"]
    assert "Path=/papers" in first.headers["set-cookie"]
    assert "0 votes" in far.get(f"/papers/item?id={graphs}").text
    assert " 1 vote" in far.send(page).text  # no second one
    assert re.findall(r'<a class="name"[^>]*>([^<]*)', far.get("/papers").text)[0] == "On soup"
    assert " 1 vote" in far.send(far.get(f"/papers/item?id={graphs}")).text  # by the cookie
    wrong = far.send(page, f"/papers/vote?token=guessed&item={soup}")
    assert wrong.status_code == 400
    assert "is not one that was sent" in wrong.text


def test_passes_are_made_beside_the_pages(tmp_path, place):
    told, seen = [], threading.Event()

    def tell(done):
        told.append(done)
        seen.set()

    with opened(tmp_path / "studio", feed=Papers(place, every=timedelta(hours=24), tell=tell)) as client:
        assert seen.wait(30)
        assert client.get("/papers").status_code == 200
    assert [update.trouble for update in told[0].updates] == [""]
    assert not [thread for thread in threading.enumerate() if "_serve" in thread.name]
