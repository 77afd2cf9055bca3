"""What a system opens of its subjects: once, and anew where others were bound."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

from aitia.errors import OptionError
from aitia.system.base import System

__all__ = ["Opened"]

Parts = TypeVar("Parts")


class Opened(System, Generic[Parts]):
    """A system that works on opened subjects, of which a saved one keeps no more than what they were.

    Attributes:
        needed: Subjects that it cannot do without.
    """

    needed: ClassVar[tuple[str, ...]] = ("model",)
    _open: tuple[Mapping[str, Any], Parts] | None = None

    @abstractmethod
    def _opening(self, subjects: Mapping[str, Any]) -> Parts:
        """Opens them."""

    @property
    def _opened_on(self) -> Parts:
        """What was opened of the subjects that are bound.

        Raises:
            OptionError: If one that is needed is not bound.
        """
        subjects = self.subjects
        if self._open is None or self._open[0] is not subjects:
            for name in self.needed:
                if name not in subjects:
                    raise OptionError(f"the {name} is needed: load(folder, {name}=...)")
            self._open = (subjects, self._opening(subjects))
        return self._open[1]
