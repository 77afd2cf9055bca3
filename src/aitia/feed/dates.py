"""Dates as feeds write them: RFC 3339 in Atom and JSON, RFC 822 in RSS."""

import email.utils
import re
from datetime import UTC, datetime

__all__ = ["date_of"]


def date_of(text: str) -> datetime | None:
    """A moment, in UTC; None where the text is no date. One without a zone is taken as UTC.

    Example:
        >>> date_of("Mon, 30 Nov 2026 06:00:00 +0100").isoformat()
        '2026-11-30T05:00:00+00:00'
        >>> date_of("2026-11-30") == date_of("2026-11-30T00:00:00Z")
        True
    """
    text = text.strip()
    try:
        if re.match(r"\d{4}(-\d{2}){0,2}(?!\d)", text):
            padded = text if len(text) > 7 else f"{text}-01-01"[:10]
            found = datetime.fromisoformat(padded)
        else:
            found = email.utils.parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
