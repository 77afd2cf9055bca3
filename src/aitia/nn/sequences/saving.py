"""Fitted things that hold sequence models: each a folder of its own beside `config.json`, which transformers opens."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from aitia.guard import guarded
from aitia.nn.sequences.model import SequenceModel
from aitia.saving import Saved, made, model_folder, read_config, read_record, write_config

__all__ = ["KeepsModels", "state_file"]


def state_file(folder: Path | None, what: str) -> Path | None:
    """The file of a folder, which is made, in which a training keeps its state; None where none is kept."""
    if folder is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{what}.safetensors"


class KeepsModels(Saved):
    """Something fitted that can be saved and read again. A subclass gives the four parts below."""

    def _options(self) -> dict[str, Any]:
        """All that `_rebuild` needs, as JSON values: the options, and what was learnt that is no weight."""
        raise NotImplementedError

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        """What had these options, its models still to be taken."""
        raise NotImplementedError

    def _models(self) -> Mapping[str, SequenceModel]:
        """By the name of the folder.

        Raises:
            OptionError: If nothing has been fitted.
        """
        raise NotImplementedError

    def _take(self, models: Mapping[str, SequenceModel]) -> None:
        """Takes up what `_models` gave."""
        raise NotImplementedError

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes each model as a folder, and `config.json`.

        Raises:
            OptionError: If nothing has been fitted.
            RunError: If the folder cannot be written.
        """
        models = self._models()
        folder = made(folder)
        for name, model in models.items():
            model.save(folder / name)
        write_config(folder, type(self).__name__, {**self._options(), "models": list(models)}, self._record())

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """Reads what `save_pretrained` wrote, from a folder or from a repository on the Hub (`owner/name`).

        Raises:
            FormatError: If there is no such folder, a file is damaged, or it holds something else.
        """
        folder = model_folder(source)
        options = read_config(folder, cls.__name__)
        with guarded(folder, f"holds no whole {cls.__name__}"):
            names = options.pop("models")
            found = cls._rebuild(options)
            found._take({name: SequenceModel.load(folder / name) for name in names})
            found._recall(read_record(folder))
        return found
