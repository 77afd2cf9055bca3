"""Who may ask the studio: known hosts, its own pages, with their token; and what a browser may do with an answer.

- The Host header is checked on everything, files of the studio too, so that a foreign name that resolves to this
  machine reaches nothing.
- What changes anything is no GET: it comes with an Origin that is ours, the cookie of this start, and its token.
  A page without scripts says the token in a field of its form.
- Beyond this machine every page wants the key that was printed where the studio was started, but for those of the
  papers where they have a public address: to these come readers of mails, who have no key. They have a cookie of their
  own there, which opens nothing else.
- One request alone comes from nowhere and may change something: the one by which a mail provider ends a subscription
  with one click (RFC 8058). The token in its address is what allows it.
"""

import hmac
import secrets
from collections.abc import Collection, Mapping
from hashlib import sha256
from http.cookies import SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aitia.studio.forms import is_form, read_form

__all__ = ["COOKIE", "FIELD", "HEADER", "PAPERS", "Guard"]

COOKIE, HEADER, FIELD = "aitia", "x-aitia-token", "aitia-token"
PAPERS = "/papers"
ONE_CLICK = f"{PAPERS}/unsubscribe"
SAFE = ("GET", "HEAD", "OPTIONS")
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'"
)
"""Nothing from elsewhere, and no script or style that stands in a page."""
MOST_BYTES, MOST_FORM = 210 << 20, 8 << 20
"""Of a file that is dropped, and of any other request."""


def _sealed_by(secret: bytes, what: str, cookie: str) -> str:
    """What goes with a cookie: the token of a page or the seal of one that is opened; neither is the other."""
    return hmac.new(secret, f"{what} {cookie}".encode(), sha256).hexdigest()


class Guard:
    """Middleware around all of the studio.

    Args:
        app: What it guards.
        hosts: Names under which it may be asked for, with their ports.
        key: What opens it beyond this machine; None on this machine alone.
        secret: From which tokens are made.
        public: Whether the pages of papers are there without the key.
    """

    def __init__(
        self, app: ASGIApp, hosts: Collection[str], key: str | None, secret: bytes, *, public: bool = False
    ) -> None:
        self.app, self.hosts, self.key, self.secret, self.public = app, frozenset(hosts), key, secret, public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or refuses."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # there is no websocket here
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        if headers.get("host", "").lower() not in self.hosts:
            await PlainTextResponse("this host is not the studio's", 421)(scope, receive, _sealed(send))
            return
        path, opened = scope["path"], self.key is None or self._opened(_cookie(headers, COOKIE))
        papers = path == PAPERS or path.startswith(f"{PAPERS}/")
        if not opened and not (self.public and (papers or path.startswith("/static/"))):
            await self._asked_for_the_key(scope)(scope, receive, _sealed(send))
            return
        most = MOST_BYTES if headers.get("content-type", "") == "application/octet-stream" else MOST_FORM
        length = headers.get("content-length") or "0"
        if not (length.isascii() and length.isdigit()) or len(length) > 15 or int(length) > most:
            await PlainTextResponse(f"more than {most >> 20} MB at once", 413)(scope, receive, _sealed(send))
            return
        cookie, form = _cookie(headers, _name(papers)), dict[str, str]()
        if scope["method"] not in SAFE:
            if HEADER not in headers and is_form(headers):
                read = await read_form(headers, receive)
                if read is None:
                    await PlainTextResponse("this is no form of the studio", 413)(scope, receive, _sealed(send))
                    return
                form, receive = read, _nothing_more(receive)
            fault = None if path == ONE_CLICK else self._fault(headers, cookie, papers, form)
            if fault is not None:
                await PlainTextResponse(fault, 403)(scope, receive, _sealed(send))
                return
        new = self._made(papers) if not cookie and (opened or papers) else ""  # one that opens goes to who is in alone
        token = _sealed_by(self.secret, _name(papers), cookie or new)
        scope["state"] = {**scope.get("state", {}), "token": token, "opened": opened, "form": form}
        secure = scope["scheme"] == "https"  # as a proxy before us says it
        await self.app(scope, _limited(receive, most), _sealed(send, new, papers=papers, secure=secure))

    def _asked_for_the_key(self, scope: Scope) -> Response:
        """Opens the studio to who has the key in the address, and tells anybody else that it takes one."""
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("key", [""])[0]
        if self.key is None or not hmac.compare_digest(asked.encode(), self.key.encode()):
            return PlainTextResponse("open the address that was printed where the studio was started", 401)
        answer = RedirectResponse(scope["path"], 303)
        _set(answer.headers, self._made(papers=False), papers=False, secure=scope["scheme"] == "https")
        return answer

    def _made(self, papers: bool) -> str:
        name = secrets.token_urlsafe(24)
        return name if self.key is None or papers else f"{name}.{_sealed_by(self.secret, 'open', name)}"

    def _opened(self, cookie: str) -> bool:
        name, _, seal = cookie.partition(".")
        return bool(seal) and hmac.compare_digest(seal.encode(), _sealed_by(self.secret, "open", name).encode())

    def _fault(self, headers: Headers, cookie: str, papers: bool, form: Mapping[str, str]) -> str | None:
        """Why a request that changes something is refused."""
        host = headers["host"].lower()
        if headers.get("origin", "").lower() not in (f"http://{host}", f"https://{host}"):
            return "this comes from another site, or from none"
        if not cookie:
            return "there is no cookie of the studio: load the page again"
        told = headers.get(HEADER, form.get(FIELD, ""))
        if not hmac.compare_digest(told.encode(), _sealed_by(self.secret, _name(papers), cookie).encode()):
            return "the token is not that of the page: load the page again"
        return None


def _name(papers: bool) -> str:
    """Of the cookie: the papers have one of their own, since whoever comes to them may have no key."""
    return f"{COOKIE}-papers" if papers else COOKIE


def _cookie(headers: Headers, name: str) -> str:
    held: SimpleCookie = SimpleCookie()
    try:
        held.load(headers.get("cookie", ""))
    except Exception:  # a header that is no cookie is none
        return ""
    return held[name].value if name in held else ""


def _set(headers: MutableHeaders, cookie: str, *, papers: bool, secure: bool) -> None:
    where = f"Path={PAPERS if papers else '/'}"
    told = f"{_name(papers)}={cookie}; {where}; HttpOnly; SameSite=Strict{'; Secure' if secure else ''}"
    headers.append("set-cookie", told)


def _sealed(send: Send, cookie: str = "", *, papers: bool = False, secure: bool = False) -> Send:
    """Adds to each answer what a browser is to keep to."""

    async def sealed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("content-security-policy", POLICY)
            headers["x-content-type-options"] = "nosniff"
            # Without any referrer a browser says no origin of a form that is sent without a script.
            headers["referrer-policy"] = "same-origin" if papers else "no-referrer"
            headers["cross-origin-opener-policy"] = "same-origin"
            headers["cross-origin-resource-policy"] = "same-origin"
            headers.setdefault("cache-control", "no-store")
            if cookie:
                _set(headers, cookie, papers=papers, secure=secure)
        await send(message)

    return sealed


def _limited(receive: Receive, most: int) -> Receive:
    """Ends a request whose body is larger than is taken, whatever its header says."""
    got = 0

    async def limited() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        return {"type": "http.disconnect"} if got > most else message

    return limited


def _nothing_more(receive: Receive) -> Receive:
    """The rest of a request whose body has been read."""
    told = False

    async def rest() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return rest
