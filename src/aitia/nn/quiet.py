"""Keeps the progress bars of transformers out of the output, where models are opened and written."""

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["without_bars"]


@contextmanager
def without_bars() -> Iterator[None]:
    """Without the bars of transformers ("Loading weights" and the like); what it warns of is still said.

    A download from the Hub keeps its bar, for it may take long. Afterwards all is as it was before.
    """
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars
    from transformers.utils import logging

    shown, downloads = logging.is_progress_bar_enabled(), not are_progress_bars_disabled()
    logging.disable_progress_bar()  # that of downloads too
    if downloads:
        enable_progress_bars()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # and again
            if not downloads:
                disable_progress_bars()
