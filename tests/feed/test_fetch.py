"""What is fetched, from where alone, and how much of it; real servers, real sockets."""

import gzip
import socket
import threading
import zlib

import pytest
from tests.feed.conftest import web_server

from aitia.addresses import checked_parts, public_places
from aitia.errors import AitiaError, FormatError, OptionError, RunError
from aitia.fetch import fetch

OPEN = {"allow_http": True, "allow_private": True, "timeout": 5.0}


def test_what_is_there_comes_with_its_headers_and_without_secrets(web):
    web.answers["/feed?a=1"] = (200, {"ETag": '"7"', "Set-Cookie": "a=b"}, b"<rss/>")
    got = fetch(f"{web.address}/feed?a=1", contact="https://group.example", headers={"If-None-Match": '"6"'}, **OPEN)
    assert (got.status, got.body, got.headers["etag"]) == (200, b"<rss/>", '"7"')
    asked = web.asked[0][1]
    assert asked["User-Agent"].endswith("(+https://group.example)")
    assert asked["If-None-Match"] == '"6"'
    assert asked["Host"] == web.address.removeprefix("http://")
    fetch(f"{web.address}/feed?a=1", **OPEN)
    assert not {"Cookie", "Authorization", "Referer"} & set(web.asked[1][1])


def test_a_proxy_of_the_environment_is_not_asked(web, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    web.answers["/"] = (200, {}, b"x")
    assert fetch(web.address, **OPEN).body == b"x"


@pytest.mark.parametrize("status", [304, 404, 410, 429, 500, 206])
def test_any_other_status_is_an_answer_without_a_body(web, status):
    web.answers["/"] = (status, {"Retry-After": "7"}, b"")
    got = fetch(web.address, **OPEN)
    assert (got.status, got.body, got.headers["retry-after"]) == (status, b"", "7")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("file:///etc/passwd", "starts with http"),
        ("ftp://a.example/x", "starts with http"),
        ("gopher://127.0.0.1:25/", "starts with http"),
        ("http://a.example/", "with https://, or allow http"),
        ("https://me:secret@a.example/", "no name or password"),
        ("https://a.example/#x", "nothing after #"),
        ("https://a.example/a b", "no white space"),
        ("https://a.example/\r\nHost: b", "no white space"),
        ("https://a.example:99999/", "no address"),
        ("https://", "and a host"),
        ("", "and a host"),
    ],
)
def test_an_address_that_is_none_is_refused_before_anything_is_asked(address, said):
    with pytest.raises(OptionError, match=said) as told:
        fetch(address)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0.0.0.0", "10.0.0.1", "172.16.9.9",
        "192.168.1.1", "169.254.169.254", "100.100.100.200", "168.63.129.16", "224.0.0.1", "255.255.255.255",
        "[::1]", "[::]", "[fe80::1]", "[fd00:ec2::254]", "[fec0::1]", "[::ffff:127.0.0.1]", "[::ffff:a00:1]",
        "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[ff02::1]", "192.0.2.1",
    ],
)  # fmt: skip
def test_hosts_within_are_not_asked(host):
    with pytest.raises(RunError, match=r"this machine or of a private net|there is no host"):
        fetch(f"https://{host}/latest/meta-data")


@pytest.mark.parametrize(
    "number", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "8.8.8.8", "64:ff9b::808:808"]
)
def test_hosts_of_the_public_net_are(number):
    assert public_places(number, 443) == [number]


def test_a_name_with_one_number_within_is_refused_and_the_number_is_what_is_connected_to(monkeypatch, web):
    port = web.server_port
    answers = [["93.184.216.34", "10.0.0.1"], ["127.0.0.1"]]

    def looked_up(host, port, *rest, **more):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in answers[0]]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    with pytest.raises(RunError, match=r"rebound\.example is 10\.0\.0\.1"):
        fetch("https://rebound.example/")
    answers.pop(0)
    web.answers["/"] = (200, {}, b"inside")
    with pytest.raises(RunError, match=r"rebound\.example is 127\.0\.0\.1"):
        fetch(f"http://rebound.example:{port}/", allow_http=True)
    assert web.asked == []
    assert fetch(f"http://rebound.example:{port}/", **OPEN).body == b"inside"
    assert web.asked[0][1]["Host"] == f"rebound.example:{port}"


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("file:///etc/passwd", "starts with http"),
        ("https://127.0.0.1:1/", "did not answer"),
        ("//[", "no address"),
        ("", "redirects to nowhere"),
        ("/again", "redirects more than 3 times"),
    ],
)
def test_a_redirect_is_checked_as_the_first_address_was(web, to, said):
    web.answers["/"] = web.answers["/again"] = (302, {"Location": to}, b"")
    with pytest.raises(AitiaError, match=said):
        fetch(web.address, **OPEN)


def test_a_redirect_does_not_lead_within(web, monkeypatch):
    """The first host is public as far as names tell; where it sends us to is not."""
    real = socket.getaddrinfo

    def looked_up(host, port, *rest, **more):
        if host == "public.example":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))]
        return real(host, port, *rest, **more)

    def connected(place, *rest, **more):
        assert place[0] == "93.184.216.34"
        return opened(("127.0.0.1", web.server_port))

    opened = socket.create_connection
    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    monkeypatch.setattr(socket, "create_connection", connected)
    for to in (f"http://127.0.0.1:{web.server_port}/keys", "http://169.254.169.254/latest", "http://localhost/"):
        web.answers["/"] = (301, {"Location": to}, b"")
        with pytest.raises(RunError, match="this machine or of a private net"):
            fetch("http://public.example/", allow_http=True)
    web.answers["/"] = (301, {"Location": "http://public.example/x"}, b"")
    assert [path for path, _ in web.asked] == ["/"] * 3


def test_where_it_moved_for_good_is_told(web):
    web.answers["/"] = (301, {"Location": "/b"}, b"")
    web.answers["/b"] = (308, {"Location": "/c"}, b"")
    web.answers["/c"] = (200, {}, b"x")
    assert fetch(web.address, **OPEN).moved_for_good == f"{web.address}/c"
    web.answers["/b"] = (302, {"Location": "/c"}, b"")
    got = fetch(web.address, **OPEN)
    assert (got.moved_for_good, got.address) == (None, f"{web.address}/c")


def test_no_more_is_read_than_is_allowed(web):
    web.answers["/long"] = (200, {}, b"x" * 2000)
    with pytest.raises(FormatError, match=r"larger than 0.001 MB"):
        fetch(f"{web.address}/long", most_bytes=1000, **OPEN)
    assert len(fetch(f"{web.address}/long", most_bytes=2000, **OPEN).body) == 2000

    def without_end(handler):
        handler.send_response(200)
        handler.end_headers()
        while not handler.server.closing.is_set():
            handler.wfile.write(b"x" * 65536)

    web.answers["/endless"] = without_end
    with pytest.raises(FormatError, match="larger than 1 MB"):
        fetch(f"{web.address}/endless", most_bytes=1_000_000, **OPEN)


def test_what_is_packed_is_unpacked_no_further_than_is_allowed(web):
    import tracemalloc

    web.answers["/fine"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"<rss/>"))
    assert fetch(f"{web.address}/fine", **OPEN).body == b"<rss/>"
    bomb = gzip.compress(bytes(200_000_000), compresslevel=1)
    web.answers["/bomb"] = (200, {"Content-Encoding": "gzip"}, bomb)
    tracemalloc.start()
    with pytest.raises(FormatError, match="larger than 5 MB"):
        fetch(f"{web.address}/bomb", **OPEN)
    assert tracemalloc.get_traced_memory()[1] < 30e6
    tracemalloc.stop()
    web.answers["/short"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"<rss/>" * 99)[:-9])
    web.answers["/none"] = (200, {"Content-Encoding": "gzip"}, b"<rss/>")
    web.answers["/other"] = (200, {"Content-Encoding": "deflate"}, zlib.compress(b"<rss/>"))
    for path, said in (("short", "ends too soon"), ("none", "cannot be unpacked"), ("other", "was not asked for")):
        with pytest.raises(FormatError, match=said):
            fetch(f"{web.address}/{path}", **OPEN)


def test_an_answer_that_breaks_off_is_told(web):
    web.answers["/"] = (200, {"Content-Length": "100"}, b"<rss/>")
    with pytest.raises(RunError, match="broke off in the middle"):
        fetch(web.address, **OPEN)


@pytest.mark.parametrize("slow", ["headers", "body"])
def test_it_ends_in_time_however_slowly_bytes_come(web, slow):
    """Each byte comes before a time-out of the socket would end it."""

    def drip(handler):
        if slow == "body":
            handler.send_response(200)
            handler.end_headers()
        else:
            handler.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
        while not handler.server.closing.wait(0.05):
            handler.wfile.write(b"x")

    web.answers["/"] = drip
    with pytest.raises(RunError, match=r"took longer than 0.5 s"):
        fetch(web.address, allow_http=True, allow_private=True, timeout=0.5)


def test_a_handshake_that_does_not_end_is_ended():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"https://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(RunError, match=r"took longer than 0.5 s"):
            fetch(address, allow_private=True, timeout=0.5)


def test_what_is_no_http_is_told():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            client, _ = server.accept()
            client.recv(1000)
            client.sendall(b"220 mail.example ESMTP\r\n")
            client.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(RunError, match="did not answer"):
            fetch(f"http://127.0.0.1:{server.getsockname()[1]}/", **OPEN)
        thread.join()


def test_certificates_are_checked(tls, monkeypatch):
    with web_server(tls) as web:
        web.answers["/"] = (200, {}, b"sealed")
        address = web.address.replace("http:", "https:")
        with pytest.raises(RunError, match=r"certificate of .* is not trusted"):
            fetch(address, allow_private=True)
        from tests.feed.conftest import CERTIFICATE

        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        assert fetch(address, allow_private=True).body == b"sealed"
        web.answers["/"] = (302, {"Location": "http://127.0.0.1:1/"}, b"")
        with pytest.raises(OptionError, match="allow http"):
            fetch(address, allow_private=True)


def test_https_to_a_server_without_it_is_told(web):
    with pytest.raises(RunError, match="does not speak TLS as it should"):
        fetch(web.address.replace("http:", "https:"), allow_private=True, timeout=5)


def test_letters_beyond_ascii_travel_in_per_cent(web):
    web.answers["/%C3%A4?q=%C3%B6"] = (200, {}, b"x")
    assert fetch(f"{web.address}/ä?q=ö", **OPEN).status == 200


def test_the_parts_of_an_address_with_a_query_are_kept_where_it_may_have_one():
    assert checked_parts("https://a.example/x?y=1", query=True).query == "y=1"
    with pytest.raises(OptionError, match="nothing after"):
        checked_parts("https://a.example/x?y=1")
