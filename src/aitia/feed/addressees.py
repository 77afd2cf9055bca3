"""Addresses of mail: one that can be written to, and what of it may stand in a log."""

import hashlib
import re
import unicodedata

from aitia.errors import OptionError

__all__ = ["checked_addressee", "hashed"]

LONGEST = 254
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def checked_addressee(text: str) -> str:
    """One address, without a name beside it; its domain as names of the net are written.

    Raises:
        OptionError: If it is no address, more than one, or longer than addresses are.

    Example:
        >>> checked_addressee("who@Bücher.example")
        'who@xn--bcher-kva.example'
    """
    if re.search(r"[\x00-\x20\x7f\x85\xa0\u2028\u2029]", text):
        raise OptionError("an address of mail holds no white space and no line breaks, and no name stands beside it")
    if len(re.findall("@", text)) > 1 or re.search(r"[,;<>]", text):
        raise OptionError("one address of mail is taken at a time, such as who@example.org, without a name beside it")
    local, at, domain = unicodedata.normalize("NFC", text).rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or len(local.encode()) > 64:
        raise OptionError(f"{text[:80]!r} is no address of mail: one is such as who@example.org")
    try:
        domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise OptionError(f"{domain[:80]!r} is no name of a domain: {error}") from None
    if not all(_LABEL.fullmatch(label) for label in domain.split(".")):
        raise OptionError(f"{domain[:80]!r} is no name of a domain, which is such as example.org")
    if len(f"{local}@{domain}".encode()) > LONGEST:
        raise OptionError(f"an address of mail has at most {LONGEST} characters")
    return f"{local}@{domain}"


def hashed(text: str) -> str:
    """What stands in logs in the place of an address."""
    return hashlib.sha256(text.encode()).hexdigest()[:10]
