"""What a folder of a model announces, held against what it holds before a library makes room for it.

`config.json` says how many layers and words there are, and the library allocates them; the weights beside it say how
many there can be. A GGUF file says in its first bytes how many entries follow.
"""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from aitia.errors import FormatError
from aitia.guard import check_size, guarded, parse_json, read_json

__all__ = ["check_gguf", "check_model_folder"]

_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers", "decoder_layers")
_WIDTHS = ("hidden_size", "n_embd", "d_model", "dim", "embedding_size", "word_embed_proj_dim")
_COUNTS = (
    *(*_LAYERS, *_WIDTHS, "vocab_size", "num_attention_heads", "n_head", "n_heads", "num_key_value_heads"),
    *("intermediate_size", "max_position_embeddings", "n_positions", "head_dim", "num_labels", "num_channels"),
)
_SHARED = 1000
"""Layers that a model may have without tensors of their own, where its layers share them."""
_SLACK = 16
"""Numbers of an embedding a byte of weights: more than any packing gives."""
_WHOLE = ("I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "BOOL")
_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Of a GGUF value, by the number of its type; 8 is text and 9 an array."""


def check_model_folder(folder: Path) -> None:
    """Checks `config.json` and the heads of the safetensors files of a folder; no weight is read.

    Raises:
        FormatError: If a count is no whole number from 1 on, there are more layers or words than the weights can hold,
            or an embedding is of whole numbers; names the file and the entry.
    """
    place = folder / "config.json"
    if not place.is_file():
        return
    config = read_json(place, dict)
    for part in _parts(config):
        for name in _COUNTS:
            for value in _listed(part.get(name)):
                if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                    told = f"{name} is {str(value)[:40]!r}, wanted a whole number from 1 on"
                    raise FormatError(f"{place} is damaged: {told}")
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        return
    heads = {path: _head(path) for path in files}
    weights = sum(path.stat().st_size for path in files)
    tensors = sum(len(head) for head in heads.values())
    for part in _parts(config):
        layers = max((value for name in _LAYERS for value in _listed(part.get(name))), default=0)
        if layers > max(_SHARED, tensors):
            raise FormatError(f"{place} announces {layers:,} layers, and the weights beside it are {tensors:,} tensors")
        width = max((value for name in _WIDTHS for value in _listed(part.get(name))), default=1)
        numbers = width * max(_listed(part.get("vocab_size")), default=0)
        if numbers > _SLACK * weights:
            raise FormatError(
                f"{place} announces an embedding of {numbers:,} numbers (vocab_size times its width), and the weights "
                f"beside it are {weights:,} bytes"
            )
    if "quantization_config" not in config:
        _check_embeddings(heads)


def _parts(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The configuration and those inside of it, such as `text_config`."""
    yield config
    for value in config.values():
        if isinstance(value, Mapping):
            yield from _parts(value)


def _listed(value: Any) -> list[Any]:
    """A count, or one for each stage of a network, as a list; empty where it is not said."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _head(path: Path) -> dict[str, Any]:
    """What a safetensors file says of its tensors, by name."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > path.stat().st_size:
            raise FormatError(f"{path} is damaged: its head announces {length:,} bytes, and the file is shorter")
        head: dict[str, Any] = parse_json(file.read(length), f"the head of {path}", dict)
    head.pop("__metadata__", None)
    return head


def _check_embeddings(heads: Mapping[Path, Mapping[str, Any]]) -> None:
    for path, head in heads.items():
        for name, told in head.items():
            kind = told.get("dtype") if isinstance(told, dict) else None
            if kind in _WHOLE and name.endswith(".weight") and len(told.get("shape", ())) == 2:
                raise FormatError(
                    f"{path} is damaged: {name} is of whole numbers ({kind}), and config.json says of no quantisation"
                )


def check_gguf(path: Path) -> None:
    """Walks over the head of a GGUF file, which takes time in the length of the file whatever it announces.

    Raises:
        FormatError: If it is no GGUF file, or an entry announces more than the file has.
    """
    size = path.stat().st_size
    check_size(path, size)
    with guarded(path, "is damaged or no GGUF file"), path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise FormatError(f"{path} is no GGUF file: it does not begin with GGUF")
        version, tensors, entries = struct.unpack("<IQQ", file.read(20))
        if version not in (2, 3):
            raise FormatError(f"{path} is GGUF of version {version}; 2 and 3 are read")
        if 13 * entries + 24 * tensors > size:  # the fewest bytes of an entry and of a tensor
            raise FormatError(
                f"{path} is damaged: it announces {entries:,} entries and {tensors:,} tensors in {size:,} bytes"
            )
        for _ in range(entries):
            _skip(file, 8, size)
            _skip(file, _number(file, "<I"), size)


def _skip(file: IO[bytes], kind: int, size: int, depth: int = 0) -> None:
    """Passes over a value of a type."""
    if kind == 9:
        inner, count = _number(file, "<I"), _number(file, "<Q")
        if depth > 8 or count > size:
            raise ValueError(f"an array announces {count:,} values")
        if inner in _BYTES:
            _pass(file, count * _BYTES[inner], size)
        else:
            for _ in range(count):
                _skip(file, inner, size, depth + 1)
    elif kind == 8:
        _pass(file, _number(file, "<Q"), size)
    else:
        _pass(file, _BYTES[kind], size)


def _number(file: IO[bytes], form: str) -> int:
    return int(struct.unpack(form, file.read(struct.calcsize(form)))[0])


def _pass(file: IO[bytes], length: int, size: int) -> None:
    if file.tell() + length > size:
        raise ValueError(f"an entry announces {length:,} bytes, and the file ends before")
    file.seek(length, 1)
