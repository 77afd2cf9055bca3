"""Latent causes of clips whose law differs between the parts of a clip."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.tcl.config import TCLConfig
    from aitia.systems.tcl.model import TCL

__all__ = ["TCL", "TCLConfig"]

__getattr__ = lazily(__name__, {"TCL": "model", "TCLConfig": "config"})
