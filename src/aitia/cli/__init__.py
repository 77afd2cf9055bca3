"""The command line: `aitia discover`, `do`, `list`, `show`, `verify`."""

from aitia.cli.main import app, main

__all__ = ["app", "main"]
