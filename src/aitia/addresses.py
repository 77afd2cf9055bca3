"""Addresses of the net: what is one, what of it may be shown, and which hosts lie within a net that is not public.

Who asks the net for anything stands on these: the client of language models, and `aitia.fetch`.
"""

import email.utils
import ipaddress
import re
import socket
import time
from urllib.parse import SplitResult, urlsplit

from aitia.errors import OptionError, RunError

__all__ = ["MOST_REDIRECTS", "MOVED", "bare", "checked_parts", "is_near", "origin", "public_places", "retry_after"]

MOVED = (301, 302, 303, 307, 308)
"""Statuses of a redirect."""
MOST_REDIRECTS = 3
_HANDED_ON = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that stand for the IPv4 address in their last 32 bits."""
_METADATA = ("168.63.129.16",)
"""Addresses that look public, under which clouds give keys away."""


def checked_parts(address: str, *, query: bool = False) -> SplitResult:
    """The parts of an address.

    Args:
        address: It.
        query: Whether it may go on after a question mark.

    Raises:
        OptionError: If it is none of http or https, has no host, or holds a password, white space, or what may be a
            key behind a question mark or a hash.
    """
    shown = repr(bare(address))
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise OptionError(f"{shown} is no address: it starts with http:// or https:// and a host") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise OptionError(f"an address starts with http:// or https:// and a host, got {shown}")
    if parts.username is not None or parts.password is not None:
        raise OptionError("an address holds no name or password: the key stands in an environment variable")
    if parts.fragment or (parts.query and not query) or re.search(r"\s|[\x00-\x1f]", address):
        after = "#" if query else "? or #"
        raise OptionError(f"an address has no white space and nothing after {after}, got {shown} and more")
    return parts


def bare(address: str) -> str:
    """An address without what may be a password or a key in it."""
    return re.sub(r"//[^/?#]*@", "//", re.split(r"[?#\s]", address, maxsplit=1)[0])[:200]


def origin(address: str) -> tuple[str, str, int]:
    """Scheme, host and port.

    Raises:
        ValueError: If the port is none.
    """
    parts = urlsplit(address)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def is_near(host: str) -> bool:
    """Whether a host by its name is this machine or of a private net, where no certificates are given out."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".localhost"))
    return address.is_private or address.is_loopback


def public_places(host: str, port: int, *, private: bool = False) -> list[str]:
    """The numeric addresses of a host, all of which are public: who connects takes one of these, and no name.

    Args:
        host: Its name or number.
        port: That is asked.
        private: Whether addresses of this machine and of private nets are fine too.

    Raises:
        RunError: If it has no address, or one of them is of this machine, a private net, or none that a host has.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise RunError(f"there is no host {host!r}, or the net is down") from None
    places = list(dict.fromkeys(str(told[4][0]) for told in found))
    if not private and (inner := [place for place in places if not _is_public(place)]):
        raise RunError(
            f"{host} is {inner[0]}, which is this machine or of a private net, and is not asked: an address of the "
            "public net is needed, or the permission of whoever runs this"
        )
    return places


def _is_public(place: str) -> bool:
    address = ipaddress.ip_address(place.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        within = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _HANDED_ON:
            within = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if within is not None:
            return _is_public(str(within))
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and place not in _METADATA


def retry_after(told: str | None) -> float | None:
    """Seconds of a header Retry-After, which is a number or a date."""
    if told is None:
        return None
    if re.fullmatch(r"\s*[0-9]{1,9}(\.[0-9]*)?\s*", told):
        return float(told)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(told).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
