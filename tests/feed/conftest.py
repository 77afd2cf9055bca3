"""Real servers on loopback: of mail, by aiosmtpd, and of feeds; and a clock that is set by hand."""

import socket
import threading
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from aitia.feed import Links, MailServer, Store


class Clock:
    """Stands until it is moved."""

    def __init__(self):
        self.time = datetime(2026, 11, 30, 6, tzinfo=UTC)

    def __call__(self):
        self.time += timedelta(microseconds=1)
        return self.time

    def on(self, **span):
        self.time += timedelta(**span)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    with Store(tmp_path / "feed.sqlite", clock) as opened:
        yield opened


class PostOffice:
    """Takes mail and keeps it; `answers` are given first, one a mail, by the step at which each is given."""

    def __init__(self):
        self.mails, self.answers = [], []

    def _answer(self, step):
        return self.answers.pop(0)[1] if self.answers and self.answers[0][0] == step else None

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        if said := self._answer("MAIL"):
            return said
        envelope.mail_from = address
        return "250 fine"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if said := self._answer("RCPT"):
            return said
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        said = self._answer("DATA")
        if said == "cut":
            server.transport.abort()
            return "250 nobody hears"
        if said is None:
            self.mails.append((envelope.rcpt_tos[0], envelope.content))
        if said == "taken, then cut":
            self.mails.append((envelope.rcpt_tos[0], envelope.content))
            server.transport.abort()
        return said or "250 taken"

    def parsed(self):
        return [message_from_bytes(content, policy=policy.default) for _, content in self.mails]


@contextmanager
def post_office(**options):
    handler = PostOffice()
    controller = Controller(handler, hostname="127.0.0.1", port=0, **options)

    def first_client():
        """aiosmtpd would look for it at port 0, and the system has chosen another."""
        handler.port = controller.server.sockets[0].getsockname()[1]
        with socket.create_connection(("127.0.0.1", handler.port)) as client:
            client.recv(100)

    controller._trigger_server = first_client
    controller.start()
    try:
        yield handler
    finally:
        controller.stop()


@pytest.fixture
def offices():
    """Starts servers of mail."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(post_office(**options))


@pytest.fixture
def office(offices):
    return offices()


@pytest.fixture
def post(office):
    """The server as the feed knows it."""
    return MailServer("127.0.0.1", "papers@group.example", "none", office.port)


LINKS = Links("https://group.example")


@pytest.fixture
def links():
    return LINKS


class Web(ThreadingHTTPServer):
    """`answers` is path -> (status, headers, body) or a function of the handler; what was asked is in `asked`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), WebHandler)
        self.answers, self.asked, self.closing = {}, [], threading.Event()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        pass  # a client that went away


class WebHandler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        answer = self.server.answers.get(self.path, (404, {}, b""))
        if callable(answer):
            answer(self)
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def web_server(context=None):
    server = Web()
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def web():
    with web_server() as server:
        yield server


CERTIFICATE = Path(__file__).parent / "localhost.pem"
"""For localhost and 127.0.0.1, signed by nobody but itself, with its key: `openssl req -x509 -days 36500`."""


@pytest.fixture
def tls():
    """A server's side."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.fixture
def trusted(monkeypatch):
    """A machine that trusts that certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
