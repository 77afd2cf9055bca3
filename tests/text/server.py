"""A small server of chat completions on loopback, whose faults are written beforehand. Nothing of it is a mock of ours:
requests go through sockets, and what is wrong is wrong on the wire.
"""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from aitia.text import open_client

KEY = "sk-loopback-7f3a9c"


def completion(text, **more):
    """The body of an answer."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    choice |= {name: more.pop(name) for name in ("finish_reason", "message") if name in more}
    usage = {"prompt_tokens": 11, "completion_tokens": 2, "total_tokens": 13}
    return {"id": "x", "object": "chat.completion", "model": "small-1", "choices": [choice], "usage": usage} | more


class Reply:
    """What is sent: a status, headers and bytes; `cut` ends the connection after so many of them."""

    def __init__(self, status=200, body=b"", headers=None, cut=None, wait=0.0, drip=None):
        self.status, self.headers, self.cut, self.wait, self.drip = status, headers or {}, cut, wait, drip
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()


def told(status, message, **headers):
    return Reply(status, {"error": {"message": message}}, headers)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        with server.lock:
            server.asked.append(body)
            server.headers.append(dict(self.headers))
            server.paths.append(self.path)
            number = len(server.asked)
            server.under_way += 1
            server.most = max(server.most, server.under_way)
        try:
            reply = server.app(number, body, dict(self.headers))
            self.answer(reply if isinstance(reply, Reply) else Reply(200, completion(reply)))
        finally:
            with server.lock:
                server.under_way -= 1

    def answer(self, reply):
        if reply.wait:
            self.server.closing.wait(reply.wait)
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if reply.drip is not None:
            for k in range(len(reply.body)):
                self.wfile.write(reply.body[k : k + 1])
                self.wfile.flush()
                if self.server.closing.wait(reply.drip):
                    return
            return
        self.wfile.write(reply.body if reply.cut is None else reply.body[: reply.cut])
        if reply.cut is not None:
            self.close_connection = True

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # with five, a machine under load drops connections, which come back after seconds

    def __init__(self, app):
        super().__init__(("127.0.0.1", 0), Handler)
        self.app, self.lock, self.closing = app, threading.Lock(), threading.Event()
        self.asked, self.headers, self.paths = [], [], []
        self.under_way = self.most = 0

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}/v1"

    def prompts(self):
        """What was asked, the last message of each."""
        return [body["messages"][-1]["content"] for body in self.asked]

    def handle_error(self, request, client_address):
        pass  # a client that went away


@contextmanager
def serving(app):
    server = Server(app)
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
def serve():
    """Starts servers, and stops them at the end of the test."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda app: stack.enter_context(serving(app))


QUICK = {"pause": 0.001, "timeout": 5.0}


def opened(server, **options):
    """A client of the server, which pauses for a moment only."""
    return open_client(f"{server.address}#small", **(QUICK | options))


def says(text):
    return lambda number, body, headers: text


def cut_short(text):
    """Half an answer."""
    whole = json.dumps(completion(text)).encode()
    return Reply(200, whole, cut=len(whole) // 2)
