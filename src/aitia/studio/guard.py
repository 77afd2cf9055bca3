"""Who may ask the studio: known hosts, its own pages, with their token; and what a browser may do with an answer.

- The Host header is checked on everything, files of the studio too, so that a foreign name that resolves to this
  machine reaches nothing.
- What changes anything is no GET: it comes with an Origin that is ours, the cookie of this start, and its token.
- Beyond this machine every page wants the key that was printed where the studio was started.
"""

import hmac
import secrets
from collections.abc import Collection
from hashlib import sha256
from http.cookies import SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["COOKIE", "HEADER", "Guard", "token_of"]

COOKIE, HEADER = "aitia", "x-aitia-token"
SAFE = ("GET", "HEAD", "OPTIONS")
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'"
)
"""Nothing from elsewhere, and no script or style that stands in a page."""
MOST_BYTES, MOST_FORM = 210 << 20, 8 << 20
"""Of a file that is dropped, and of any other request."""


def token_of(secret: bytes, cookie: str) -> str:
    """The token that goes with a cookie."""
    return hmac.new(secret, cookie.encode(), sha256).hexdigest()


class Guard:
    """Middleware around all of the studio.

    Args:
        app: What it guards.
        hosts: Names under which it may be asked for, with their ports.
        key: What opens it beyond this machine; None on this machine alone.
        secret: From which tokens are made.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], key: str | None, secret: bytes) -> None:
        self.app, self.hosts, self.key, self.secret = app, frozenset(hosts), key, secret

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
        cookie = _cookie(headers)
        if self.key is not None and not self._opened(cookie):
            asked = parse_qs(scope["query_string"].decode("latin-1")).get("key", [""])[0]
            if not hmac.compare_digest(asked.encode(), self.key.encode()):
                told = "open the address that was printed where the studio was started"
                await PlainTextResponse(told, 401)(scope, receive, _sealed(send))
                return
            answer = RedirectResponse(scope["path"], 303)
            _set(answer.headers, self._made())
            await answer(scope, receive, _sealed(send))
            return
        if scope["method"] not in SAFE and (fault := self._fault(headers, cookie)) is not None:
            await PlainTextResponse(fault, 403)(scope, receive, _sealed(send))
            return
        most = MOST_BYTES if headers.get("content-type", "") == "application/octet-stream" else MOST_FORM
        length = headers.get("content-length") or "0"
        if not (length.isascii() and length.isdigit()) or len(length) > 15 or int(length) > most:
            await PlainTextResponse(f"more than {most >> 20} MB at once", 413)(scope, receive, _sealed(send))
            return
        new = "" if cookie else self._made()
        scope["state"] = {**scope.get("state", {}), "token": token_of(self.secret, cookie or new)}
        await self.app(scope, _limited(receive, most), _sealed(send, new))

    def _made(self) -> str:
        name = secrets.token_urlsafe(24)
        return name if self.key is None else f"{name}.{token_of(self.secret, f'open {name}')}"

    def _opened(self, cookie: str) -> bool:
        name, _, seal = cookie.partition(".")
        return bool(seal) and hmac.compare_digest(seal, token_of(self.secret, f"open {name}"))

    def _fault(self, headers: Headers, cookie: str) -> str | None:
        """Why a request that changes something is refused."""
        host = headers["host"].lower()
        if headers.get("origin", "").lower() not in (f"http://{host}", f"https://{host}"):
            return "this comes from another site, or from none"
        if not cookie:
            return "there is no cookie of the studio: load the page again"
        told = headers.get(HEADER, "")
        if not hmac.compare_digest(told.encode(), token_of(self.secret, cookie).encode()):
            return "the token is not that of the page: load the page again"
        return None


def _cookie(headers: Headers) -> str:
    held: SimpleCookie = SimpleCookie()
    try:
        held.load(headers.get("cookie", ""))
    except Exception:  # a header that is no cookie is none
        return ""
    return held[COOKIE].value if COOKIE in held else ""


def _set(headers: MutableHeaders, cookie: str) -> None:
    headers.append("set-cookie", f"{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Strict")


def _sealed(send: Send, cookie: str = "") -> Send:
    """Adds to each answer what a browser is to keep to."""

    async def sealed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("content-security-policy", POLICY)
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "no-referrer"
            headers["cross-origin-opener-policy"] = "same-origin"
            headers["cross-origin-resource-policy"] = "same-origin"
            headers.setdefault("cache-control", "no-store")
            if cookie:
                _set(headers, cookie)
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
