"""Which units of earlier layers the inputs of a layer are: numbers that travel through the graph in place of values.

A layer's output carries the number of its unit in every cell. What moves cells about (flatten, permute, concatenate,
slice) moves the numbers; what works cell by cell or pools over space leaves them with their channel; a sum, as in a
skip connection, carries those of all its terms. What mixes units by no weights of its own, as attention does, carries
none.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn

from aitia.systems.path_interventions.units.following import LAYERS, example_of

__all__ = ["INPUT", "origins"]

INPUT = "input"
"""The name under which the images themselves count as a layer."""

Labels = dict[str, Tensor]
"""Per layer: which of its units each cell of a value is, -1 for none."""

_MOVES = {
    "flatten", "view", "reshape", "permute", "transpose", "squeeze", "unsqueeze", "contiguous", "clone", "getitem",
    "chunk", "split", "expand", "cat", "concat", "stack", "movedim", "swapaxes", "Flatten", "Unflatten",
}  # fmt: skip
_AVERAGES = {"mean", "amax", "amin", "adaptive_avg_pool2d"}
_MIXES = {"matmul", "bmm", "einsum", "baddbmm", "scaled_dot_product_attention", "linear", "conv2d", "mm", "addmm"}


def origins(module: fx.GraphModule) -> tuple[dict[str, Labels], Labels]:
    """For each layer, by the name of its node, and for the logits: the earlier layers that their units come from.

    Returns:
        Per layer and source a vector over the input units: the unit of the source, or -1; the same of the logits.
    """
    labels: dict[fx.Node, Labels] = {}
    modules = dict(module.named_modules())
    found: dict[str, Labels] = {}
    last: Labels = {}
    for node in module.graph.nodes:
        value = example_of(node)
        layer = modules.get(str(node.target)) if node.op == "call_module" else None
        if isinstance(layer, LAYERS):
            axis = unit_axis(layer, value)
            given = labels.get(node.all_input_nodes[0], {})
            found[node.name] = {name: line for name, cells in given.items() if (line := _line(cells, axis)) is not None}
            labels[node] = {node.name: _numbered(value, axis)}
        elif node.op == "output":
            given = labels.get(node.args[0], {})
            last = {name: line for name, cells in given.items() if (line := _line(cells, 1)) is not None}
        elif node.op == "placeholder":
            labels[node] = {INPUT: _numbered(value, 1)}
        elif isinstance(value, Tensor):
            name = type(layer).__name__ if layer is not None else getattr(node.target, "__name__", str(node.target))
            labels[node] = _through(node, name, labels, layer)
        elif isinstance(value, (tuple, list)):
            labels[node] = {}
    return found, last


def unit_axis(layer: nn.Module, value: Tensor) -> int:
    """The axis of the units in what a layer takes or gives."""
    return value.ndim - 1 if isinstance(layer, nn.Linear) else 1


def _numbered(value: Tensor, axis: int) -> Tensor:
    shape = [-1 if k == axis else 1 for k in range(value.ndim)]
    return torch.arange(value.shape[axis], dtype=torch.float64).reshape(shape).expand(value.shape)


def _line(cells: Tensor, axis: int) -> Tensor | None:
    """The numbers along the axis; None if other axes differ, or there are none."""
    lines = cells.movedim(axis, 0).flatten(1)
    if not lines.shape[1] or not (lines == lines[:, :1]).all() or not (lines >= 0).any():
        return None
    return lines[:, 0].long()


def _through(node: fx.Node, name: str, labels: Mapping[fx.Node, Labels], module: nn.Module | None) -> Labels:
    value = example_of(node)
    name = name.strip("_")
    if name in _MIXES or isinstance(module, nn.MultiheadAttention):
        return {}
    if name == "getitem" and not isinstance(example_of(node.args[0]), Tensor):  # type: ignore[arg-type]
        return _piece(node, labels)
    sources = dict.fromkeys(source for given in node.all_input_nodes for source in labels.get(given, {}))
    found: Labels = {}
    for source in sources:
        if name in _MOVES or name in _AVERAGES:
            moved = _moved(node, source, labels, module, value)
        else:
            given = [labels[other][source] for other in node.all_input_nodes if source in labels.get(other, {})]
            terms = [_spread(cells, value) for cells in given]
            same = all(term is not None and torch.equal(term, terms[0]) for term in terms)  # type: ignore[arg-type]
            moved = terms[0] if same else None
        if moved is not None:
            found[source] = moved
    return found


def _moved(
    node: fx.Node, source: str, labels: Mapping[fx.Node, Labels], module: nn.Module | None, value: Tensor
) -> Tensor | None:
    """The numbers after the very operation of the node."""

    def numbers(given: fx.Node) -> Any:
        example = example_of(given)
        if not isinstance(example, Tensor):
            return example
        cells = labels.get(given, {}).get(source, torch.full(example.shape, -1.0, dtype=torch.float64))
        return cells.contiguous()

    args, kwargs = fx.node.map_arg(node.args, numbers), fx.node.map_arg(node.kwargs, numbers)
    function: Callable[..., Any] = (
        module if module is not None else getattr(Tensor, str(node.target)) if node.op == "call_method" else node.target  # type: ignore[assignment]
    )
    moved = function(*args, **kwargs)
    if not isinstance(moved, Tensor) or moved.shape != value.shape:
        return None
    if (
        getattr(function, "__name__", "") in _AVERAGES
    ):  # over cells of one unit only: then squares average to the square
        cells: Any = args[0]
        squares = function(cells**2, *args[1:], **kwargs)
        return moved if torch.allclose(squares, moved**2) else None
    return moved


def _piece(node: fx.Node, labels: Mapping[fx.Node, Labels]) -> Labels:
    """One of several tensors that a module or operation gave, such as chunk: moved from what was cut."""
    whole, index = node.args
    if not isinstance(whole, fx.Node) or getattr(whole.target, "__name__", str(whole.target)) not in _MOVES:
        return {}
    found: Labels = {}
    given = whole.all_input_nodes[0]
    for source, cells in labels.get(given, {}).items():

        def numbers(node: fx.Node, cells: Tensor = cells) -> Any:
            return cells if node is given else example_of(node)

        args = fx.node.map_arg(whole.args, numbers)
        function = getattr(Tensor, str(whole.target)) if whole.op == "call_method" else whole.target
        found[source] = operator.getitem(function(*args, **whole.kwargs), index)  # type: ignore[operator]
    return found


def _spread(cells: Tensor, value: Tensor) -> Tensor | None:
    """The numbers in the shape of what came of them, where the axis along which they differ is still there."""
    if cells.ndim == value.ndim:
        for axis in range(1, cells.ndim):
            line = cells.movedim(axis, 0).flatten(1)
            if cells.shape[axis] == value.shape[axis] and bool((line == line[:, :1]).all()):
                shape = [-1 if k == axis else 1 for k in range(value.ndim)]
                return line[:, 0].reshape(shape).expand(value.shape)
    try:
        return cells.expand(value.shape)
    except RuntimeError:
        return None
