"""Runs of a classifier from one of its layers upwards: what lies below is computed once.

By the graph that torch.fx followed, or, for a model that cannot be followed, by hooks and replays of modules.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, fx, nn

from aitia.nn.sites.intervene import call
from aitia.nn.sites.places import find_places
from aitia.nn.sites.replay import Replay, repeat_rows
from aitia.nn.sites.site import Site
from aitia.systems.path_interventions.units.following import example_of, logits_of

__all__ = ["ByGraph", "ByHooks", "Upwards"]


class Upwards(Protocol):
    """One run, to be taken up again at a layer.

    Attributes:
        given: What the layer was given, rows first.
        gave: What it gave, with its batch norm.
    """

    given: Tensor
    gave: Tensor

    def run(self, gave: Tensor, copies: int) -> Tensor:
        """The logits (copies * rows, classes) if the layer gave this, (copies * rows, ...), instead."""


class ByGraph:
    """Runs the operations below the layer once, and those above it for every copy."""

    def __init__(self, graph: fx.GraphModule, layer: fx.Node, out: fx.Node, images: Tensor) -> None:
        self._modules, self._out, self._rows = graph, out, len(images)
        nodes = list(graph.graph.nodes)
        self._above = _above(nodes, out)
        within = {*self._above, out}
        needed = dict.fromkeys(n for node in self._above for n in node.all_input_nodes if n not in within)
        wanted = {*needed, out, *layer.all_input_nodes}
        below = _below(nodes, wanted)
        env = _execute(graph, below, {}, images, wanted)
        self.given: Tensor = env[layer.all_input_nodes[0]]
        self.gave: Tensor = env[out]
        self._kept = {node: env[node] for node in needed}

    @torch.no_grad()
    def run(self, gave: Tensor, copies: int) -> Tensor:
        """The logits if the layer gave this instead; see `Upwards`."""
        env = {node: repeat_rows(value, self._rows, copies) for node, value in self._kept.items()}
        env[self._out] = gave
        last = self._above[-1]
        found = _execute(self._modules, self._above, env, None, {last})
        return found[last]  # type: ignore[no-any-return]


def _above(nodes: Sequence[fx.Node], out: fx.Node) -> list[fx.Node]:
    """What depends on the layer, with what these need that is no image-by-image tensor (sizes, parameters)."""
    depends, of_images = {out}, set()
    for node in nodes:
        if node.op == "placeholder" or any(n in of_images for n in node.all_input_nodes):
            of_images.add(node)
        if any(n in depends for n in node.all_input_nodes):
            depends.add(node)
    depends.discard(out)
    for node in reversed(nodes):
        again = node not in of_images or not isinstance(example_of(node), Tensor)
        if again and node.op != "output" and any(user in depends for user in node.users):
            depends.add(node)
    return [node for node in nodes if node in depends]


def _below(nodes: Sequence[fx.Node], wanted: Iterable[fx.Node]) -> list[fx.Node]:
    needed = set(wanted)
    for node in reversed(nodes):
        if node in needed:
            needed |= set(node.all_input_nodes)
    return [node for node in nodes if node in needed]


def _execute(
    graph: fx.GraphModule, nodes: Sequence[fx.Node], env: dict[fx.Node, Any], images: Tensor | None, kept: set[fx.Node]
) -> dict[fx.Node, Any]:
    """Runs nodes in order; a value is let go after its last use unless it is kept."""
    last = {given: node for node in nodes for given in node.all_input_nodes}
    for node in nodes:
        if node.op == "placeholder":
            env[node] = images
        elif node.op == "output":
            env[node] = env[node.args[0]]  # type: ignore[index]
        else:
            env[node] = _evaluate(graph, node, env)
        for given in node.all_input_nodes:
            if last[given] is node and given not in kept:
                env.pop(given, None)
    return env


def _evaluate(graph: fx.GraphModule, node: fx.Node, env: Mapping[fx.Node, Any]) -> Any:
    if node.op == "get_attr":
        value: Any = graph
        for part in str(node.target).split("."):
            value = getattr(value, part)
        return value
    module = graph.get_submodule(str(node.target)) if node.op == "call_module" else None
    fresh = _writes(node, module)

    def value_of(given: fx.Node) -> Any:
        value = env[given]
        return value.clone() if fresh and isinstance(value, Tensor) else value

    args, kwargs = fx.node.map_arg(node.args, value_of), fx.node.map_arg(node.kwargs, value_of)
    if module is not None:
        return module(*args, **kwargs)
    if node.op == "call_method":
        return getattr(args[0], str(node.target))(*args[1:], **kwargs)
    return node.target(*args, **kwargs)  # type: ignore[operator]


def _writes(node: fx.Node, module: nn.Module | None) -> bool:
    """Whether an operation may write into what it is given; it then gets copies."""
    if module is not None:
        return any(getattr(part, "inplace", False) for part in module.modules())
    name = getattr(node.target, "__name__", str(node.target))
    in_place = (name.endswith("_") and not name.endswith("__")) or name in (
        "iadd",
        "imul",
        "isub",
        "itruediv",
        "setitem",
    )
    return in_place or bool(node.kwargs.get("inplace")) or any(given is True for given in node.args)


class ByHooks:
    """The same for a model that cannot be followed: modules that ended before the layer are replayed."""

    def __init__(self, model: nn.Module, name: str, images: Tensor) -> None:
        self._images, self._place = images, find_places(model, [Site(name)])[0]
        kept: list[Tensor] = []

        def look(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
            kept.extend([args[0].detach().clone(), output.detach().clone()])

        handle = self._place.module.register_forward_hook(look)
        try:
            self._replay = Replay(model, images, len(images), [self._place])
        finally:
            handle.remove()
        self.given, self.gave = kept
        self._above = self._replay.before(self._place)
        plain, again = logits_of(self._replay.output), self.run(self.gave.repeat(2, *[1] * (self.gave.ndim - 1)), 2)
        if not torch.allclose(again, plain.repeat(2, 1), rtol=1e-4, atol=1e-5):
            self._above = model

    @torch.no_grad()
    def run(self, gave: Tensor, copies: int) -> Tensor:
        """The logits if the layer gave this instead; see `Upwards`."""
        self._replay.copies = copies
        handle = self._place.module.register_forward_hook(lambda module, args, output: gave)
        try:
            return logits_of(call(self._above, repeat_rows(self._images, len(self._images), copies)))
        finally:
            handle.remove()
