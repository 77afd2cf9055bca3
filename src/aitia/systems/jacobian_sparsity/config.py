"""Options of jacobian-sparsity."""

from dataclasses import dataclass

from aitia.errors import OptionError
from aitia.representations.config import DecodingConfig

__all__ = ["JacobianSparsityConfig"]


@dataclass(frozen=True)
class JacobianSparsityConfig(DecodingConfig):
    """Options of `JacobianSparsity`.

    Args:
        sparsity: Weight of the penalty.
        jacobian_rows: Rows of a batch at which the Jacobian is taken.

    Raises:
        OptionError: If a value is out of range.
    """

    sparsity: float = 0.1
    jacobian_rows: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sparsity < 0 or self.jacobian_rows < 1:
            raise OptionError(
                f"sparsity is not negative and jacobian_rows at least 1, got {self.sparsity} and {self.jacobian_rows}"
            )
