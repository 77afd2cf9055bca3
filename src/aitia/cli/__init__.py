"""The command line: `aitia discover`, `run`, `do`, `bench`, `list`, `show`, `verify`."""

from aitia.cli.main import app, main

__all__ = ["app", "main"]
