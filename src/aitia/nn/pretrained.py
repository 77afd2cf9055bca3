"""Fitted torch models as folders; see `aitia.saving`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from torch import nn

from aitia.errors import FormatError, OptionError
from aitia.guard import guarded
from aitia.nn.weights import load_into, read_weights, write_weights
from aitia.saving import Saved, made, model_folder, read_config, read_record, write_config

__all__ = ["Pretrained", "fitted"]


class Pretrained(Saved):
    """Something fitted that can be saved and read again. A subclass gives the three parts below."""

    def _options(self) -> dict[str, Any]:
        """All that `_rebuild` needs, as JSON values: the options, and what was learnt that is no weight."""
        raise NotImplementedError

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        """The model of these options, its weights still to be filled in."""
        raise NotImplementedError

    def _network(self) -> nn.Module:
        """The module with the weights.

        Raises:
            OptionError: If the model has not been fitted.
        """
        raise NotImplementedError

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes `config.json` and `model.safetensors`; a full disk leaves the old files as they were.

        Raises:
            OptionError: If the model has not been fitted.
            RunError: If the folder cannot be written.
        """
        network = self._network()
        folder = made(folder)
        write_weights(folder / "model.safetensors", network.state_dict(), {})
        write_config(folder, type(self).__name__, self._options(), self._record())

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """Reads what `save_pretrained` wrote, from a folder or from a repository on the Hub (`owner/name`).

        Raises:
            FormatError: If there is no such folder, a file is damaged, or it holds another model.
        """
        folder = model_folder(source)
        options = read_config(folder, cls.__name__)
        with guarded(folder, f"holds no whole {cls.__name__}"):
            try:
                model = cls._rebuild(options)
            except TypeError as error:  # an option that there is no more, or that is of another kind
                raise FormatError(
                    f"the options in {folder / 'config.json'} are not those of {cls.__name__}: {error}"
                ) from error
            tensors, _ = read_weights(folder / "model.safetensors")
            load_into(model._network(), tensors, folder / "model.safetensors")
            model._recall(read_record(folder))
            return model


def fitted(network: nn.Module | None, model: object) -> nn.Module:
    """The network of a fitted model.

    Raises:
        OptionError: If it has not been fitted.
    """
    if network is None:
        raise OptionError(f"this {type(model).__name__} has not been fitted: call fit first")
    return network
