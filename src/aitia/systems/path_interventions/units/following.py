"""A classifier as a graph of operations (torch.fx), also where its forward asks for shapes.

It carries an example through: a question for a shape is answered by the example's, except for the number of
rows, which stays open. Modules without a convolution or linear layer inside stay whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter
from typing import Any, cast

import torch
from torch import Tensor, fx, nn

__all__ = ["LAYERS", "Forward", "example_of", "followed", "logits_of"]

LAYERS = (nn.Conv2d, nn.Linear)
"""Modules whose weights are paths from units to units."""


def logits_of(output: Any) -> Tensor:
    """The logits (n, classes) in what a classifier gives: itself, its `logits`, or the first of several.

    Raises:
        TypeError: If there are none.
    """
    if isinstance(output, dict) and "logits" in output:
        output = output["logits"]
    elif hasattr(output, "logits") and not isinstance(output, fx.Proxy):
        output = output.logits
    elif isinstance(output, (tuple, list)) and output:
        output = output[0]
    if not isinstance(output, (Tensor, fx.Proxy)):
        raise TypeError(f"the model gives a {type(output).__name__} without logits")
    return cast(Tensor, output)


class Forward(nn.Module):
    """From images to logits, whatever the model wraps its logits in."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        """Logits (n, classes)."""
        return logits_of(self.model(images))


def followed(model: nn.Module, example: Tensor) -> fx.GraphModule:
    """The graph of `Forward(model)`; every node holds what it gave for the example (see `example_of`).

    Args:
        model: In evaluation mode.
        example: Images of one row.

    Raises:
        Exception: Of whatever kind the forward raises where it cannot be followed.
    """
    root = Forward(model)
    root.training = False
    tracer = _Tracer(example)
    with torch.no_grad():
        graph = tracer.trace(root)
    return fx.GraphModule(root, graph)


def example_of(node: fx.Node) -> Any:
    """What the node gave for the example."""
    return node.meta.get("example")


class _Sizes(tuple[Any, ...]):
    """The shape of a followed tensor: the number of rows open, the rest known."""

    def numel(self) -> Any:
        """The product."""
        product = self[0]
        for size in self[1:]:
            product = product * size
        return product


class _Known(fx.Proxy):
    """A followed value that knows what the example gave."""

    def __getattr__(self, name: str) -> Any:
        value = example_of(self.node)
        if isinstance(value, Tensor):
            if name == "shape":
                return self.size()
            if name in ("ndim", "dtype", "device", "requires_grad"):
                return getattr(value, name)
        return super().__getattr__(name)

    def size(self, axis: int | None = None) -> Any:
        """The shape, or one number of it."""
        shape = tuple(example_of(self.node).shape)
        if axis is not None:
            return self._rows() if axis in (0, -len(shape)) else shape[axis]
        return _Sizes((self._rows(), *shape[1:])) if shape else _Sizes()

    def dim(self) -> int:
        """Number of axes."""
        return int(example_of(self.node).ndim)

    def _rows(self) -> Any:
        return self.tracer.create_proxy("call_method", "size", (self, 0), {})

    def __len__(self) -> int:
        return len(example_of(self.node))

    def __iter__(self) -> Iterator[Any]:
        value = example_of(self.node)
        if not isinstance(value, (tuple, list)):
            return super().__iter__()
        return iter([cast(Any, self)[k] for k in range(len(value))])


class _Tracer(fx.Tracer):
    def __init__(self, example: Tensor) -> None:
        super().__init__()
        self._example = example

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Layers, what contains none, and attention, whose layers do not run as modules."""
        return isinstance(m, (*LAYERS, nn.MultiheadAttention)) or not any(isinstance(p, LAYERS) for p in m.modules())

    def proxy(self, node: fx.Node) -> fx.Proxy:
        return _Known(node, self)

    def create_proxy(self, kind: str, target: Any, args: Any, kwargs: Any, *rest: Any, **more: Any) -> Any:
        made = super().create_proxy(kind, target, args, kwargs, *rest, **more)
        made.node.meta["example"] = self._value(kind, target, args, kwargs)
        return made

    def _value(self, kind: str, target: Any, args: Any, kwargs: Any) -> Any:
        if kind == "placeholder":
            return self._example
        if kind == "output":
            return None
        given = fx.node.map_aggregate((args, kwargs), _example_of_proxy)
        args, kwargs = given
        with _plain_modules():
            if kind == "get_attr":
                return attrgetter(target)(self.root)
            if kind == "call_module":
                return self.root.get_submodule(target)(*args, **kwargs)
            if kind == "call_method":
                return getattr(args[0], target)(*args[1:], **kwargs)
            return target(*args, **kwargs)


_CALL, _GETATTR = nn.Module.__call__, nn.Module.__getattr__


@contextmanager
def _plain_modules() -> Iterator[None]:
    """Modules as they are before a forward is followed, which replaces how they are called."""
    call, getattr_ = nn.Module.__call__, nn.Module.__getattr__
    nn.Module.__call__, nn.Module.__getattr__ = _CALL, _GETATTR  # type: ignore[method-assign]
    try:
        yield
    finally:
        nn.Module.__call__, nn.Module.__getattr__ = call, getattr_  # type: ignore[method-assign]


def _example_of_proxy(value: Any) -> Any:
    if isinstance(value, fx.Proxy):
        found = example_of(value.node)
        return found.clone() if isinstance(found, Tensor) else found
    return value
