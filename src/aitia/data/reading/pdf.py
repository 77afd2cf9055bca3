"""The text of a PDF: its text layer, page by page. What is only a picture of a text has none."""

from pathlib import Path

from aitia.errors import FormatError, MissingExtraError
from aitia.guard import check_size, guarded

__all__ = ["text_of_pdf"]

MOST_PAGES = 2000


def text_of_pdf(path: Path) -> str:
    """The text layer, with an empty line between pages; words that were broken at the end of a line are whole.

    Raises:
        MissingExtraError: If pypdf is not installed.
        FormatError: If the file is missing, damaged, locked, of too many pages, or has no text layer.
    """
    import logging
    import re

    try:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    except ImportError as error:
        raise MissingExtraError(
            "to read a PDF takes pypdf, which is not installed: pip install 'aitia[ask]'"
        ) from error
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what is wrong is raised, too
    with guarded(path, "is damaged or no PDF"):
        check_size(path, path.stat().st_size)
        try:
            reader = PdfReader(path)
            if reader.is_encrypted and not reader.decrypt(""):
                raise FormatError(f"{path} is locked with a password: save it without one")
            if len(reader.pages) > MOST_PAGES:
                raise FormatError(f"{path} has {len(reader.pages)} pages, and at most {MOST_PAGES} are read: cut it")
            pages = [page.extract_text() for page in reader.pages]
        except PyPdfError as error:
            raise FormatError(f"{path} is damaged or no PDF: {error}") from error
    text = "\n\n".join(page.strip() for page in pages if page.strip())
    if not text:
        raise FormatError(
            f"{path} has no text layer: it holds pictures of text, and takes recognition of text (OCR) first"
        )
    whole = re.sub(r"(\w)-\n(\w)", r"\1\2", text)
    return re.sub(r"(?<!\n)\n(?!\n)", " ", whole)
