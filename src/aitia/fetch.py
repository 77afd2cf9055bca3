"""A file of the net, got by GET from an address that a user named: no other host, no other protocol, no end of bytes.

https alone, unless it is allowed otherwise        every redirect is checked as the first address was, three at most
the host is looked up once, and refused where      the connection goes to the number that was checked, so that a
any of its numbers is of a net that is not public  name that changes in between (DNS rebinding) leads nowhere else
so many bytes, packed and unpacked                 so many seconds, however slowly bytes come
no cookies, no proxy, no password, no script       the answer is bytes; who reads them checks what they are
"""

import http.client
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urljoin

from aitia.addresses import MOST_REDIRECTS, MOVED, bare, checked_parts, public_places
from aitia.errors import FormatError, OptionError, RunError
from aitia.version import __version__

__all__ = ["Fetched", "fetch"]

MOST_BYTES = 5_000_000
"""Of an answer, as it comes and unpacked."""
TIMEOUT = 20.0
_PIECE = 1 << 16


@dataclass(frozen=True)
class Fetched:
    """What was answered.

    Args:
        status: Such as 200, 304 (not modified), 404, 410 (gone).
        address: That answered, after redirects.
        headers: By their names in small letters.
        body: Unpacked; empty unless the status is 200.
        moved_for_good: Where all of it moved for good (301, 308), if it did.
    """

    status: int
    address: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    moved_for_good: str | None = None


def fetch(
    address: str,
    *,
    accept: str = "*/*",
    headers: Mapping[str, str] | None = None,
    contact: str = "",
    allow_http: bool = False,
    allow_private: bool = False,
    timeout: float = TIMEOUT,
    most_bytes: int = MOST_BYTES,
) -> Fetched:
    """Gets what is at an address; any status but that of a redirect is an answer.

    Args:
        address: With https://, and no password in it.
        accept: Media types that are asked for.
        headers: Further ones, such as If-None-Match.
        contact: Who asks, an address or a page; it stands in User-Agent.
        allow_http: Whether http:// is fine.
        allow_private: Whether this machine and private nets may be asked.
        timeout: Seconds in all.
        most_bytes: Of the answer.

    Raises:
        OptionError: If the address is none that is asked.
        RunError: If nothing answers, the host is not public, its certificate is not trusted, or time or redirects end.
        FormatError: If the answer is too large, or cannot be unpacked.
    """
    limit, where, for_good = time.monotonic() + timeout, address, True
    asked = {
        "Accept": accept,
        "Accept-Encoding": "gzip",
        "User-Agent": f"aitia/{__version__}" + (f" (+{contact})" if contact else ""),
        "Connection": "close",
        **(headers or {}),
    }
    for _ in range(MOST_REDIRECTS + 1):
        status, told, body = _exchange(where, asked, allow_http, allow_private, limit, timeout, most_bytes)
        if status not in MOVED:
            moved = where if for_good and where != address else None
            return Fetched(status, where, told, body, moved)
        for_good = for_good and status in (301, 308)
        if not told.get("location"):
            raise RunError(f"{bare(where)} redirects to nowhere")
        try:
            where = urljoin(where, told["location"]).partition("#")[0]
        except ValueError:
            raise RunError(f"{bare(where)} redirects to what is no address") from None
    raise RunError(f"{bare(address)} redirects more than {MOST_REDIRECTS} times: give the address where it ends")


def _exchange(
    where: str, headers: Mapping[str, str], plain: bool, private: bool, limit: float, timeout: float, most: int
) -> tuple[int, dict[str, str], bytes]:
    parts = checked_parts(where, query=True)
    if parts.scheme == "http" and not plain:
        raise OptionError(
            f"{bare(where)} would come for all to read and change: give an address with https://, or allow http"
        )
    shown, host = bare(where), parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    places = public_places(host, port, private=private)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _Connection(host, port, places, parts.scheme == "https", limit)
    slow = RunError(f"{shown} took longer than {timeout:g} s")
    try:
        connection.request("GET", _ascii(path), headers=dict(headers))
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        if answer.status != 200:
            return answer.status, told, b""
        body = _unpacked(answer.read, told.get("content-encoding", ""), most, shown)
        if not connection.late and answer.length:  # fewer bytes came than were announced
            raise RunError(f"{shown} broke off in the middle of its answer")
    except ssl.SSLCertVerificationError as error:
        raise RunError(f"the certificate of {shown} is not trusted: {error.verify_message}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, RunError | FormatError):
            raise slow if connection.late else error from None
        if connection.late or isinstance(error, TimeoutError):
            raise slow from None
        if isinstance(error, ssl.SSLError):
            raise RunError(f"{shown} does not speak TLS as it should: {error.reason or error}") from None
        raise RunError(f"{shown} did not answer: {str(error)[:200] or type(error).__name__}") from None
    finally:
        connection.put_away()
    if connection.late:
        raise slow
    return answer.status, told, body


def _ascii(path: str) -> str:
    """A path whose other characters are written in per cent."""
    return "".join(c if c.isascii() else "".join(f"%{byte:02X}" for byte in c.encode()) for c in path)


def _unpacked(read: Callable[[int], bytes], packing: str, most: int, shown: str) -> bytes:
    packing = packing.strip().lower()
    if packing not in ("", "identity", "gzip", "x-gzip"):
        raise FormatError(f"{shown} answers packed as {packing[:40]!r}, which was not asked for")
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16) if "gzip" in packing else None
    content, came = bytearray(), 0
    while piece := read(_PIECE):
        came += len(piece)
        if unpack is not None:
            try:
                piece = unpack.decompress(piece, most + 1 - len(content))
            except zlib.error as error:
                raise FormatError(f"{shown} cannot be unpacked: {error}") from None
        content += piece
        if max(len(content), came) > most:
            raise FormatError(f"{shown} is larger than {most / 1e6:g} MB, and no more is read")
    if unpack is not None and came and not unpack.eof:
        raise FormatError(f"{shown} cannot be unpacked: it ends too soon")
    return bytes(content)


class _Connection(http.client.HTTPConnection):
    """One that goes to numbers that were checked, and is cut off at a point in time whatever comes in between."""

    def __init__(self, host: str, port: int, places: list[str], tls: bool, limit: float) -> None:
        super().__init__(host, port, timeout=max(limit - time.monotonic(), 0.001))
        self._places, self._tls, self._limit, self.late = places, tls, limit, False
        self._raw: socket.socket | None = None
        self._watch = threading.Timer(max(limit - time.monotonic(), 0), self._cut)
        self._watch.daemon = True
        self._watch.start()
        self.default_port = 443 if tls else 80  # so that the header Host names other ports alone

    def connect(self) -> None:
        """To the first place that takes it."""
        error: OSError = OSError("it has no address")
        for place in self._places:
            try:
                self._raw = socket.create_connection((place, self.port), max(self._limit - time.monotonic(), 0.001))
                break
            except OSError as reason:
                error = reason
        if self._raw is None:
            raise error
        self.sock = self._raw
        if self._tls:
            # Not shaken hands before the watch knows the socket, which wrapping takes over from the bare one.
            wrapped = ssl.create_default_context().wrap_socket(
                self._raw, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock = self._raw = wrapped
            wrapped.do_handshake()

    def _cut(self) -> None:
        self.late = True
        if self._raw is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._raw, socket.SHUT_RDWR)

    def put_away(self) -> None:
        """Ends the watch and the connection."""
        self._watch.cancel()
        self.close()
