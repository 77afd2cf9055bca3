"""Latent causes, where each moves observed numbers of its own."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.jacobian_sparsity.config import JacobianSparsityConfig
    from aitia.systems.jacobian_sparsity.model import JacobianSparsity

__all__ = ["JacobianSparsity", "JacobianSparsityConfig"]

__getattr__ = lazily(__name__, {"JacobianSparsity": "model", "JacobianSparsityConfig": "config"})
