"""Kinds of columns that are no numbers: one file a kind, named after it, loaded when it is met.

A file `columns/KIND.py` has a class `Column`, which is a `Cells`. Nothing else needs to know it, but for the name of
the kind in `aitia.data.kinds`.
"""

from aitia.data.columns.cells import Cells, cells_of, looks_like

__all__ = ["Cells", "cells_of", "looks_like"]
