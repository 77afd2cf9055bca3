"""The rows of an answer in the ending of the file that was asked about, beside the CSV file that every answer has."""

from pathlib import Path

from aitia.data.base import Data
from aitia.data.kinds import Kind
from aitia.data.reading import conll, lines
from aitia.data.table import Table
from aitia.data.tables import suffix_of
from aitia.data.writing import table_bytes
from aitia.errors import FormatError

__all__ = ["rows_as_read"]


def rows_as_read(source: str | None, data: Data) -> tuple[tuple[str, bytes] | None, tuple[str, ...]]:
    """An ending with the bytes of the file, None where the CSV file says it all; and what to keep in mind.

    Tokens with tags are written as BIO. Where tags of whole tokens cannot hold the spans, JSON lines do.

    Args:
        source: What was asked about; None for the rows of the fit.
        data: The answer.
    """
    suffix = "" if source is None else suffix_of(Path(source))
    if not isinstance(data, Table) or data.of_kind(Kind.PICTURE) or suffix not in (*lines.SUFFIXES, *conll.SUFFIXES):
        return None, ()
    if suffix in lines.SUFFIXES:
        return (suffix, table_bytes(data, suffix)), ()
    if len(data.of_kind(Kind.TEXT)) != 1 or len(data.of_kind(Kind.SPANS)) != 1:
        return None, ()
    try:
        return (".conll", table_bytes(data, ".conll")), ()
    except FormatError as error:
        told = f"tags cannot hold this answer, so its rows are in .jsonl ({error})"
        return (".jsonl", table_bytes(data, ".jsonl")), (told,)
