"""The sentence for a package that is not installed: which extra of aitia brings it."""

import re

__all__ = ["extra_of", "lacking"]

NAMED_OTHERWISE = {
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "huggingface_hub": "transformers",
    "tokenizers": "transformers",
}
"""Modules whose package, or the package that brings them, has another name."""
ORDER = ("data", "nets", "language", "ask", "all")
"""The smallest extra comes first."""


def extra_of(module: str) -> str | None:
    """The smallest extra that brings a module, read from what aitia says of itself; None where none does."""
    from importlib import metadata

    package = NAMED_OTHERWISE.get(module, module).lower().replace("_", "-")
    found = set()
    for line in metadata.requires("aitia") or ():
        name = re.match(r"[\w.-]+", line)
        extra = re.search(r"""extra == ['"]([\w-]+)['"]""", line)
        if name and extra and name.group().lower().replace("_", "-") == package:
            found.add(extra.group(1))
    return next((extra for extra in ORDER if extra in found), None)


def lacking(error: ModuleNotFoundError) -> str | None:
    """What to install; None where the module that is missing is one of aitia's own.

    >>> lacking(ModuleNotFoundError("No module named 'torch'", name="torch.nn"))
    "this needs torch, which is not installed: pip install 'aitia[nets]'"
    """
    module = (error.name or "").partition(".")[0]
    if module in ("", "aitia"):
        return None
    extra = extra_of(module)
    brought = f"'aitia[{extra}]'" if extra else NAMED_OTHERWISE.get(module, module)
    return f"this needs {module}, which is not installed: pip install {brought}"
