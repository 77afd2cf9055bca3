"""Forms as a browser sends them without a script, and as mail providers send theirs: a few short fields."""

from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Message, Receive

__all__ = ["MOST_FORM", "is_form", "read_form"]

MOST_FORM = 64 << 10
"""Bytes of a form."""
_KINDS = ("application/x-www-form-urlencoded", "multipart/form-data")


def is_form(headers: Headers) -> bool:
    """Whether a request says that it brings one."""
    return _kind(headers) in _KINDS


async def read_form(headers: Headers, receive: Receive) -> dict[str, str] | None:
    """The fields of a form, the first of each name; None where it is larger than is taken, or cut off."""
    body = bytearray()
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > MOST_FORM:
            return None
        if not message.get("more_body"):
            break
    if _kind(headers) == _KINDS[0]:
        found = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=None)
        return {name: values[0] for name, values in found.items()}
    if _kind(headers) == _KINDS[1]:
        return _parts(headers["content-type"], bytes(body))
    return {}


def _kind(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _parts(kind: str, body: bytes) -> dict[str, str]:
    """Of a body in parts (RFC 7578), which are those of a mail; a file is no field."""
    message = BytesParser(policy=HTTP).parsebytes(b"content-type: " + kind.encode("latin-1") + b"\r\n\r\n" + body)
    fields: dict[str, str] = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str) and part.get_filename() is None:
            held = part.get_payload(decode=True)
            fields.setdefault(name, (held if isinstance(held, bytes) else b"").decode("utf-8", "replace"))
    return fields
