"""Data sets of the Hugging Face Hub and folders in its layouts, as tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aitia.data.kinds import Kind
from aitia.data.reading.pictures import of_metavalue
from aitia.data.table import Table
from aitia.errors import AitiaError, FormatError, MissingExtraError, join_names

__all__ = ["is_hub_folder", "read_hub"]


def is_hub_folder(folder: Path) -> bool:
    """Whether a folder is what `save_to_disk` wrote, or holds parquet or arrow files and no CSV."""
    if (folder / "dataset_info.json").is_file() or (folder / "dataset_dict.json").is_file():
        return True
    return not any(folder.glob("*.csv")) and any(
        True for end in ("parquet", "arrow") for _ in folder.glob(f"**/*.{end}")
    )


def read_hub(
    name: str, *, split: str = "train", size: int | None = None, kinds: Mapping[str, Kind | str] | None = None
) -> Table:
    """The table of a data set: `owner/name` of the Hub, or a folder that `save_to_disk` or the Hub wrote.

    Args:
        name: Of the data set, or the folder.
        split: Which part, where there are several.
        size: Scale pictures to size x size; None wants one size.
        kinds: Of columns, where they are not what their values suggest.

    Raises:
        FormatError: If there is no such data set, or it cannot be read.
        MissingExtraError: If `datasets` is not installed.
    """
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError("data sets of the Hub need `pip install 'aitia[nets]'`") from error
    loaded = _loaded(datasets, name, split)
    declared: dict[str, Kind | str] = dict(kinds or {})
    columns: dict[str, Any] = {}
    for column, feature in loaded.features.items():
        try:
            values = list(loaded[column])
        except Exception as error:  # the package raises whatever its decoders raise
            raise FormatError(f"column {column!r} of the data set {name} cannot be read: {error}") from error
        if isinstance(feature, datasets.Image):
            declared.setdefault(column, Kind.PICTURE)
            columns[column] = [_picture(value, size) for value in values]
        elif isinstance(feature, datasets.ClassLabel):
            columns[column] = [None if value is None or value < 0 else feature.int2str(value) for value in values]
        else:
            columns[column] = values
    if not columns:
        raise FormatError(f"the data set {name} has no columns")
    return of_metavalue(Table.of(columns, kinds=declared), kinds).sized(size)


def _loaded(datasets: Any, name: str, split: str) -> Any:
    folder = Path(name)
    try:
        if (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file():
            loaded = datasets.load_from_disk(name)
            if isinstance(loaded, datasets.DatasetDict):
                if split not in loaded:
                    raise FormatError(f"the data set {name} has no split {split!r}; it has {join_names(loaded)}")
                loaded = loaded[split]
            return loaded
        return datasets.load_dataset(name, split=split, trust_remote_code=False)
    except AitiaError:
        raise
    except Exception as error:  # the package raises whatever its transports raise
        what = (
            f"{name} is no data set that can be read"
            if folder.exists()
            else (f"there is no folder {name}, and the Hub gave no data set of that name")
        )
        raise FormatError(f"{what}: {(str(error).splitlines() or [type(error).__name__])[0]}") from error


def _picture(value: Any, size: int | None) -> Any:
    if value is None or size is None:
        return value
    import numpy as np

    from aitia.data.columns.picture import scaled

    return scaled(np.asarray(value.convert("RGB"), dtype=np.uint8), size)
