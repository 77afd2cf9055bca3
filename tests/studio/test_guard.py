"""Who may ask the studio, and what a browser may do with its answers."""

import pytest
from tests.studio.studio import HOST, Visitor, opened

from aitia.studio import Workspace, create_app

CHANGING = ("POST", "PUT", "PATCH", "DELETE")


def every_path(app):
    """Method and path of all that is answered."""
    nested = [getattr(route, "original_router", None) for route in app.routes]
    routes = [route for router in nested if router is not None for route in router.routes] + list(app.routes)
    return {(method, route.path) for route in routes for method in getattr(route, "methods", None) or ()}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:7001", "localhost.evil.example:7000", ""])
@pytest.mark.parametrize("path", ["/", "/static/studio.js", "/api/jobs/1", "/nothing"])
def test_no_other_name_reaches_anything(client, host, path):
    """A name that resolves to this machine is not the studio's: neither a page nor a file of it."""
    answer = client.get(path, headers={"host": host})
    assert answer.status_code == 421
    assert "aitia" not in answer.text


def test_every_answer_tells_the_browser_what_it_may_do(visitor):
    for path in ("/", "/static/studio.css", "/nothing", "/api/jobs/99", "/runs/none"):
        headers = visitor.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_the_cookie_is_out_of_reach(client):
    cookie = client.get("/").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "set-cookie" not in client.get("/").headers  # it is kept


def test_pages_hold_no_script_and_no_style_of_their_own(visitor):
    """The policy would keep them from working, so there must be none."""
    for path in ("/", "/discover", "/discover/survey", "/runs", "/systems", "/systems/pc", "/ledger", "/papers",
                 "/papers/unsubscribe?token=x"):  # fmt: skip
        text = visitor.get(path).text
        assert "<style" not in text
        assert " style=" not in text
        assert " onclick=" not in text
        assert "<script>" not in text


def test_whatever_changes_something_wants_origin_cookie_and_token(tmp_path):
    app = create_app(Workspace(tmp_path / "listed"), hosts={HOST})
    paths = [(method, path) for method, path in every_path(app) if method in CHANGING]
    one_click = ("POST", "/papers/unsubscribe")  # by mail providers, which come from nowhere: see test_papers
    assert one_click in paths
    paths.remove(one_click)
    app.state.jobs.state.close()
    assert len(paths) >= 8
    with opened(tmp_path / "studio") as client:
        stranger = client
        for method, path in paths:
            place = path.replace("{number}", "1").replace("{name}", "survey").replace("{slug}", "pc")
            for headers in (
                {},
                {"origin": "http://evil.example", "x-aitia-token": "0"},
                {"origin": "null"},
                {"origin": f"http://{HOST}"},
            ):
                assert stranger.request(method, place, headers=headers, json={}).status_code == 403, (method, path)
        visitor = Visitor(client)
        for wrong in ({"x-aitia-token": None}, {"x-aitia-token": "0" * 64}, {"origin": None}, {"origin": "http://[:"}):
            assert visitor.post("/discover/survey", json={}, headers=wrong).status_code in (400, 403), wrong
        assert not client.app.state.jobs.state.jobs()


def test_no_page_that_is_looked_at_changes_anything(tmp_path):
    """Every GET of the studio leaves its folder as it is, but for the state that it opened with."""
    with opened(tmp_path / "studio") as client:
        visitor, folder = Visitor(client), tmp_path / "studio"
        before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.suffix != ".sqlite-wal"}
        for method, path in every_path(client.app):
            if method == "GET":
                visitor.get(path.replace("{number}", "1").replace("{name}", "survey").replace("{slug}", "pc"))
        after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.suffix != ".sqlite-wal"}
        assert before == after


def test_a_token_goes_with_one_cookie(tmp_path):
    with opened(tmp_path / "studio") as client:
        first = Visitor(client)
        client.cookies.clear()
        second = Visitor(client)
        assert first.token != second.token
        assert first.post("/discover/survey", json={}).status_code == 403  # by now the cookie is that of the second
        assert second.post("/discover/none", json={}).status_code == 400


def test_beyond_this_machine_a_key_opens_it(tmp_path):
    with opened(tmp_path / "studio", key="the-key") as client:
        assert client.get("/").status_code == 401
        assert client.get("/static/studio.js").status_code == 401
        assert client.get("/?key=another").status_code == 401
        assert client.get("/", headers={"cookie": "aitia=name.seal"}).status_code == 401
        answer = client.get("/?key=the-key")
        assert answer.status_code == 303
        assert "key" not in answer.headers["location"]
        assert client.get("/").status_code == 200


def test_what_is_too_large_is_refused(visitor):
    """By its header before a byte is read, and by its bytes where the header says less."""
    told = visitor.post("/tables/a.csv", content=b"x", headers={"content-length": str(300 << 20)})
    assert told.status_code in (400, 413)


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>", "'\"><script>alert(1)</script>", "{{ 7777 * 7777 }}"])
def test_names_and_errors_are_inert(visitor, name):
    import urllib.parse

    for path in (f"/runs/{urllib.parse.quote(name, safe='')}", f"/systems?q={urllib.parse.quote(name)}"):
        text = visitor.get(path).text
        assert "<img src=x" not in text
        assert "<script>alert" not in text
        assert "60481729" not in text
