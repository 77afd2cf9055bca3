"""One exchange with an endpoint over HTTP: where the key may go, what may come back, and what a failure means.

    Transient       may go well if it is asked again: no connection, a time-out, half an answer, 429, 5xx
    Unanswerable    this question gets no answer, others may: too long, a picture that is not taken
    RunError        no question gets an answer: wrong key, unknown model, another host

The key is sent to one address and nowhere else: a redirect is followed within it alone. It stands in no sentence.
"""

import os
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from aitia.addresses import MOST_REDIRECTS, MOVED, checked_parts, is_near, origin, retry_after
from aitia.errors import AitiaError, FormatError, MissingExtraError, OptionError, RunError
from aitia.guard import parse_json

__all__ = ["KEY_VARIABLE", "Connection", "Transient", "Unanswerable", "checked_address"]

KEY_VARIABLE = "AITIA_API_KEY"
"""The environment variable whose key is sent where no other is named."""
MOST_BYTES = 16_000_000
"""Of an answer that are read."""
_AGAIN = (408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529)
_NEVER = re.compile(r"not support|multimodal|mmproj|context (?:length|size|window)", re.IGNORECASE)
"""What of a question is said that no second try helps."""


class Transient(Exception):  # noqa: N818  # an event that is met by asking again
    """It may go well the next time.

    Args:
        why: In words.
        wait: Seconds that the endpoint asks to wait.
        reached: Whether anything answered at all.
        paid: Whether it may have been counted by the endpoint.
    """

    def __init__(self, why: str, wait: float | None = None, *, reached: bool = True, paid: bool = False) -> None:
        super().__init__(why)
        self.wait, self.reached, self.paid = wait, reached, paid


class Unanswerable(Exception):  # noqa: N818  # said of one question
    """The endpoint takes other questions, and not this one."""


def checked_address(address: str) -> str:
    """An address up to and without `/chat/completions`.

    Raises:
        OptionError: If it is none of http or https, has no host, or holds a password, a question mark or a hash.
    """
    checked_parts(address)
    return address.rstrip("/").removesuffix("/chat/completions")


class Connection:
    """An endpoint that is asked by POST with JSON.

    Args:
        address: See `checked_address`.
        key_from: The environment variable that holds its key; None sends that of `KEY_VARIABLE`, where it is set.
        timeout: Seconds that an answer may take in all.
        connections: That are open at once.

    Raises:
        OptionError: If the address or a number is none, the variable is not set or holds no key, or the key would
            travel in the open.
        MissingExtraError: If httpx is not installed.
    """

    def __init__(
        self, address: str, *, key_from: str | None = None, timeout: float = 120.0, connections: int = 8
    ) -> None:
        self.address = checked_address(address)
        if not 0 < timeout < float("inf"):
            raise OptionError(f"a time-out is a number of seconds above zero, got {timeout}")
        self.timeout, self._key = timeout, _key(key_from)
        host = urlsplit(self.address).hostname or ""
        if self._key and urlsplit(self.address).scheme == "http" and not is_near(host):
            raise OptionError(f"the key would travel to {host} for all to read: give an address with https://")
        try:
            import httpx
        except ImportError as error:
            raise MissingExtraError("endpoints need httpx, which is not installed: pip install 'aitia[ask]'") from error
        self._httpx = httpx
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "aitia"}
        self._client = httpx.Client(
            headers=headers | ({"Authorization": f"Bearer {self._key}"} if self._key else {}),
            timeout=timeout,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            follow_redirects=False,
            trust_env=not is_near(host),  # a proxy of the environment does not see this machine
        )

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The object that the endpoint answers.

        Raises:
            Transient: If it may go well the next time.
            Unanswerable: If the endpoint refuses this body.
            RunError: If it refuses all, sends us elsewhere, or its certificate is not trusted.
        """
        where = f"{self.address}/{path}"
        for _ in range(MOST_REDIRECTS + 1):
            status, headers, content = self._exchange(where, body)
            if status not in MOVED:
                return self._read(status, headers, content)
            where = self._moved(where, headers.get("location", ""))
        raise RunError(f"{self.address} redirects without end: give the address where it ends")

    def hidden(self, text: str) -> str:
        """A text without the key in it."""
        return text.replace(self._key, "[key]") if len(self._key) >= 8 else text

    def close(self) -> None:
        """Closes all connections."""
        self._client.close()

    def _exchange(self, where: str, body: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        httpx, limit = self._httpx, time.monotonic() + self.timeout
        content = bytearray()
        try:
            with self._client.stream("POST", where, json=body) as answer:
                for piece in answer.iter_bytes():
                    content += piece
                    if len(content) > MOST_BYTES:
                        raise Unanswerable(f"{self.address} answered more than {MOST_BYTES / 1e6:.0f} MB")
                    if time.monotonic() > limit:
                        raise Transient(f"{self.address} took longer than {self.timeout:g} s", paid=True)
                return answer.status_code, answer.headers, bytes(content)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            if "CERTIFICATE" in str(error).upper():
                raise RunError(f"the certificate of {self.address} is not trusted: {error}") from None
            raise Transient(f"{self.address} did not answer: {error}", reached=False) from None
        except httpx.TimeoutException:
            raise Transient(f"{self.address} took longer than {self.timeout:g} s", paid=True) from None
        except httpx.TransportError as error:
            if "location header" in str(error):
                raise RunError(f"{self.address} redirects to what is no address") from None
            raise Transient(f"{self.address} broke off: {error}", paid=True) from None
        except (httpx.InvalidURL, httpx.DecodingError) as error:
            raise Unanswerable(f"{self.address} could not be read: {error}") from None

    def _read(self, status: int, headers: Mapping[str, str], content: bytes) -> dict[str, Any]:
        if status == 200:
            try:
                found: dict[str, Any] = parse_json(content, f"the answer of {self.address}", dict)
            except FormatError:
                raise Transient(
                    f"{self.address} answered {self._said(content)!r}, which is no chat completion", paid=True
                ) from None
            if "choices" not in found and "error" in found:
                raise Transient(f"{self.address} answered: {self._said(content)}")
            return found
        told = f"{self.address} answered {status}: {self._said(content)}"
        if status in (401, 403):
            raise RunError(
                f"{self.address} takes no questions with this key ({status}: {self._said(content)}): put the right one "
                f"into an environment variable and name it (key_from; {KEY_VARIABLE} where none is named)"
            )
        if status == 402 or (status == 429 and "insufficient_quota" in content.decode(errors="replace")):
            raise RunError(f"{told}: what is paid for is used up")
        if status == 500 and _NEVER.search(content[:20_000].decode(errors="replace")):
            raise Unanswerable(told)  # servers of one's own say so of a question, and would say it again
        if status in _AGAIN:
            raise Transient(told, retry_after(headers.get("retry-after")))
        if status in (400, 413, 422):
            raise Unanswerable(told)
        raise RunError(f"{told}: look at the address and the name of the model")

    def _moved(self, where: str, to: str) -> str:
        try:
            target = urljoin(where, to)
            old, new = (origin(address) for address in (where, target))
        except ValueError:
            raise RunError(f"{self.address} redirects to {to[:100]!r}, which is no address") from None
        if not to or new != old:
            shown = "nowhere" if not to else f"{new[0]}://{new[1]}:{new[2]}"
            raise RunError(
                f"{self.address} redirects to {shown}, where neither key nor questions are sent: give that address if "
                "it is the right one"
            )
        return target

    def _said(self, content: bytes) -> str:
        """What an endpoint says of an error, short and without the key."""
        text = content[:20_000].decode(errors="replace")
        try:
            held = parse_json(text, "", dict)
        except AitiaError:
            held = {}
        said = held.get("error", held.get("message", held.get("detail")))
        said = said.get("message", said) if isinstance(said, Mapping) else said
        plain = " ".join(str(said or text).split()) or "nothing"
        plain = plain.replace(self._key, "[key]") if self._key else plain
        return plain if len(plain) <= 200 else f"{plain[:200]}..."


def _key(named: str | None) -> str:
    """The key of the environment; its value stands in no sentence."""
    if named is not None and not re.fullmatch(r"[A-Z_][A-Z0-9_]{0,59}", named):
        raise OptionError("key_from is the name of an environment variable in capitals, and never the key itself")
    if named is not None and named not in os.environ:
        raise OptionError(f"the environment variable {named} is not set: put the key of the endpoint there")
    key = os.environ.get(named or KEY_VARIABLE, "").strip()
    if named is not None and not key:
        raise OptionError(f"the environment variable {named!r} is empty: put the key of the endpoint there")
    if not re.fullmatch(r"[\x21-\x7e]*", key):
        raise OptionError(
            f"the environment variable {named or KEY_VARIABLE!r} holds what is no key: letters and signs alone"
        )
    return key
