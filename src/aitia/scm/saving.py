"""One file for a system: arrays and a JSON text in a zip (.npz), no pickle, the same bytes for the same system.

The JSON entry `scm` holds the graph, the labels, what was done, and each mechanism as an object
`{"is": class name, field: value, ...}`; an array stands in it as `{"array": entry}`.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.arrays import read_arrays
from aitia.do import Intervention
from aitia.errors import AitiaError, FormatError, OptionError
from aitia.files import write_whole
from aitia.graph.graph import Graph
from aitia.guard import guarded, parse_json
from aitia.scm.additive import AdditiveNoise
from aitia.scm.kernel import KernelTrend
from aitia.scm.linear import Linear
from aitia.scm.model import SCM
from aitia.scm.noise import Empirical, Gaussian, Laplace
from aitia.scm.softmax import Softmax
from aitia.scm.tabular import TableMechanism

__all__ = ["load_scm", "save_scm"]

FORMAT = 1
_CLASSES = (AdditiveNoise, Empirical, Gaussian, KernelTrend, Laplace, Linear, Softmax, TableMechanism)
_PARTS: Mapping[str, type[Any]] = {part.__name__: part for part in _CLASSES}


def save_scm(scm: SCM, path: Path) -> None:
    """Writes the system to `path`, whole or not at all.

    Raises:
        OptionError: If a mechanism cannot be written: a function, or a regressor other than aitia's own.
        FormatError: If the folder does not exist.
    """
    arrays: dict[str, NDArray[Any]] = {}
    mechanisms = {}
    for place, name in enumerate(scm.graph.nodes):
        mechanism = scm.mechanisms[name]
        if not mechanism.saveable or type(mechanism).__name__ not in _PARTS:
            inside = getattr(mechanism, "regressor", mechanism)
            raise OptionError(
                f"the mechanism of {name!r} ({type(inside).__name__}) cannot be saved without pickle: fit it with "
                "'linear' or 'nonlinear', or keep the code that builds it"
            )
        mechanisms[name] = _encode(mechanism, str(place), arrays)
    text = {
        "format": FORMAT,
        "graph": str(scm.observational.graph),
        "nodes": list(scm.graph.nodes),
        "categories": {name: list(scm.categories(name)) for name in scm.graph if scm.categories(name)},
        "intervention": scm.intervention.to_json(),
        "mechanisms": mechanisms,
    }
    arrays["scm"] = np.frombuffer(json.dumps(text, ensure_ascii=False).encode(), dtype=np.uint8)
    if not path.parent.is_dir():
        raise FormatError(f"there is no folder {path.parent} to save into")
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]  # numpy types its flag, not the arrays
    write_whole(path, packed.getvalue())


def load_scm(path: Path) -> SCM:
    """The system that `save_scm` wrote.

    Raises:
        FormatError: If the file is missing, damaged, or of another format.
    """
    if not path.is_file():
        raise FormatError(f"there is no file {path}")
    arrays = read_arrays(path)
    with guarded(path, "is not a saved SCM, or it is damaged"):
        text = parse_json(arrays["scm"].tobytes(), f"the entry 'scm' of {path}", dict)
        if text["format"] != FORMAT:
            raise FormatError(f"{path} has format {str(text['format'])[:40]}, this version reads {FORMAT}")
        try:
            mechanisms = {name: _decode(part, arrays) for name, part in text["mechanisms"].items()}
            scm = SCM(Graph(text["graph"], text["nodes"]), mechanisms, categories=text["categories"])
            return scm.do(Intervention.from_json(text["intervention"]))
        except AitiaError as error:
            raise FormatError(f"{path} is not a saved SCM, or it is damaged: {error}") from error


def _encode(value: Any, place: str, arrays: dict[str, NDArray[Any]]) -> Any:
    """The value as JSON, its arrays put aside under keys that begin with `place`."""
    if isinstance(value, np.ndarray):
        arrays[place] = value
        return {"array": place}
    if type(value).__name__ in _PARTS:
        inside = {f.name: _encode(getattr(value, f.name), f"{place}.{f.name}", arrays) for f in fields(value)}
        return {"is": type(value).__name__, **inside}
    return list(value) if isinstance(value, tuple) else value


def _decode(value: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return arrays[value["array"]]
    inside = {name: _decode(part, arrays) for name, part in value.items() if name != "is"}
    return _PARTS[value["is"]](**inside)
