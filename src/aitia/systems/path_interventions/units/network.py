"""The layers of a classifier with their units and parents, and runs from a layer upwards.

A unit is a channel of a convolution or an output of a linear layer. What a layer takes in are blocks of units: one
channel, or behind a flatten all cells of one. In a skip connection a block stands for a unit of each branch.

Batch norm behind a convolution or linear layer is folded into it: the layer's output is what the norm gives, and a path
weighs (gamma / sd) w.

A network is followed by torch.fx (`following`). Where that fails, its layers are taken in the order in which they run,
each the parent of the next; skip connections are then not seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx, nn

from aitia.errors import DataError, InterventionError, join_names
from aitia.nn.sites.intervene import check_ready
from aitia.systems.path_interventions.units.following import LAYERS, example_of, followed, logits_of
from aitia.systems.path_interventions.units.origins import INPUT, origins, unit_axis
from aitia.systems.path_interventions.units.upwards import ByGraph, ByHooks, Upwards

__all__ = ["Layer", "Unit", "UnitNetwork"]

Unit = tuple[str, int]
"""A layer's name and the number of one of its units."""

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer as the end of paths.

    Args:
        name: Of the module.
        module: Convolution or linear layer.
        blocks: Input units that are set together.
        parents: For each block the units of earlier layers that it is; none where nothing is known of them.
        scale: (outputs,) of a batch norm folded in.
        first: Whether its input is the image.
    """

    name: str
    module: nn.Module
    blocks: tuple[tuple[int, ...], ...]
    parents: tuple[tuple[Unit, ...], ...]
    scale: Tensor | None = field(repr=False, default=None)
    first: bool = False

    @property
    def outputs(self) -> int:
        """How many units it has."""
        return len(self.module.weight)  # type: ignore[arg-type]

    @property
    def inputs(self) -> int:
        """How many input units it has."""
        weight: Any = self.module.weight
        return int(weight.shape[1]) * int(getattr(self.module, "groups", 1))


class UnitNetwork:
    """A classifier, its layers by name in the order in which they run; the model is never written to.

    Args:
        model: Any module in evaluation mode that takes images (n, ...) and gives logits, alone or as `logits`.
        example: Some images, at least one.
        cells: Behind a flatten, blocks are single cells of a channel's map instead of all cells of the channel.

    Attributes:
        layers: Convolutions and linear layers that ran once.
        classes: How many logits there are.
        ends: For each class, the units that are its logit.
        unfollowed: Why the forward could not be followed; empty where it was.

    Raises:
        InterventionError: If the model is in training mode or compiled, has no convolution or linear layer, is in half
            precision on a processor, or gives no logits.
        DataError: If it cannot take such images.
    """

    def __init__(self, model: nn.Module, example: Tensor, *, cells: bool = False) -> None:
        check_ready(model)
        if not any(isinstance(part, LAYERS) for part in model.modules()):
            raise InterventionError(
                f"{type(model).__name__} has no Conv2d or Linear layer, so there are no paths between units"
            )
        check_precision(model)
        self.model, self._cells = model, cells
        logits = run(model, example[:2])
        self.classes = int(logits.shape[1])
        self.unfollowed = ""
        self.layers: dict[str, Layer] = {}
        self._graph: fx.GraphModule | None = None
        try:
            graph = followed(model, example[:1])
            with torch.no_grad():
                again = graph(torch.cat([example[:2], example[:1]]))
            if not torch.allclose(again[: len(logits)], logits, rtol=1e-4, atol=1e-5, equal_nan=True):
                raise InterventionError("the followed graph computes something else")
        except Exception as error:  # whatever a forward raises when proxies run through it
            self.unfollowed = (
                f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
            )
            self._follow_calls(example[:1])
        else:
            self._follow_graph(graph)

    def layer(self, name: str) -> Layer:
        """The layer of this name.

        Raises:
            UnknownVariableError: If there is none.
        """
        from aitia.errors import unknown_variable

        if name not in self.layers:
            raise unknown_variable(name, self.layers, "network")
        return self.layers[name]

    def logits(self, images: Tensor) -> Tensor:
        """What the model says of images, (n, classes)."""
        return run(self.model, images)

    @torch.no_grad()
    def upwards(self, name: str, images: Tensor) -> Upwards:
        """A run that can be taken up again at a layer: what it does not change is computed once."""
        if self._graph is None:
            return ByHooks(self.model, name, images)
        return ByGraph(self._graph, *self._nodes[name], images)

    # -- how the layers hang together ----------------------------------------------------------------------------------

    def _follow_graph(self, graph: fx.GraphModule) -> None:
        self._graph = graph
        modules = dict(graph.named_modules())
        found, last = origins(graph)
        nodes = [
            n for n in graph.graph.nodes if n.op == "call_module" and isinstance(modules.get(str(n.target)), LAYERS)
        ]
        names = {node.name: str(node.target).removeprefix("model.") for node in nodes}
        if "model" in names.values():  # the model is a single layer
            names = {name: "." if value == "model" else value for name, value in names.items()}
        if twice := {name for name in names.values() if list(names.values()).count(name) > 1}:
            raise InterventionError(
                f"{join_names(sorted(twice))} run several times in one pass: path interventions are for layers that "
                "run once"
            )
        self._nodes: dict[str, tuple[fx.Node, fx.Node]] = {}
        for node in nodes:
            module = modules[str(node.target)]
            users = list(node.users)
            norm = modules.get(str(users[0].target)) if len(users) == 1 and users[0].op == "call_module" else None
            given, gave = example_of(node.all_input_nodes[0]), example_of(node)
            folded = isinstance(norm, _NORMS) and norm.running_var is not None and gave.ndim != 3  # units on its axis
            self._nodes[names[node.name]] = (node, users[0] if folded else node)
            labels = found[node.name]
            blocks, parents = _blocks(
                int(given.shape[unit_axis(module, given)]),
                {names[k]: v for k, v in labels.items() if k != INPUT},
                self._cells,
            )
            self.layers[names[node.name]] = Layer(
                names[node.name], module, blocks, parents, _scale(norm) if folded else None, set(labels) == {INPUT}
            )
        self.ends = _ends(
            self.classes, {names[name]: line for name, line in last.items() if name != INPUT}, self.layers
        )

    def _follow_calls(self, example: Tensor) -> None:
        """The layers one after another."""
        by_module: dict[nn.Module, str] = {
            module: name or "." for name, module in self.model.named_modules() if isinstance(module, LAYERS)
        }
        ran: list[nn.Module] = []
        handles = [module.register_forward_hook(lambda m, a, o: ran.append(m)) for module in by_module]
        try:
            run(self.model, example)
        finally:
            for handle in handles:
                handle.remove()
        before: Layer | None = None
        for module in ran:
            if ran.count(module) > 1:
                raise InterventionError(
                    f"{by_module[module]} runs several times in one pass: path interventions are for layers that run "
                    "once"
                )
            inputs = Layer("", module, (), ()).inputs
            size = 0 if before is None or inputs % before.outputs else inputs // before.outputs
            line = torch.arange(inputs) // size if size else torch.full((inputs,), -1)
            blocks, parents = _blocks(inputs, {} if before is None or not size else {before.name: line}, self._cells)
            before = Layer(by_module[module], module, blocks, parents, None, before is None)
            self.layers[before.name] = before
        self.ends = _ends(self.classes, {}, self.layers)


def check_precision(model: nn.Module) -> None:
    """Refuses weights that a processor computes too coarsely.

    Raises:
        InterventionError: If weights are in half precision on a processor.
    """
    for name, weight in model.named_parameters():
        if weight.dtype in (torch.float16, torch.bfloat16) and weight.device.type == "cpu":
            kind = str(weight.dtype).removeprefix("torch.")
            raise InterventionError(
                f"{name} is {kind} on the CPU, too coarse for effects of single units: call model.float() first"
            )


@torch.no_grad()
def run(model: nn.Module, images: Tensor) -> Tensor:
    """The logits (n, classes) of a classifier.

    Raises:
        DataError: If the model cannot take the images.
        InterventionError: If it gives no logits (n, classes).
    """
    try:
        output = model(images)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        first = next(
            (f"{n} takes {m.in_channels} channels" for n, m in model.named_modules() if isinstance(m, nn.Conv2d)), ""
        )
        told = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(
            f"the model cannot take images of shape {tuple(images.shape[1:])}{f' ({first})' if first else ''}: {told}"
        ) from error
    try:
        logits = logits_of(output)
    except TypeError as error:
        raise InterventionError(f"{error}: a classifier gives one number a class") from None
    if logits.ndim != 2:
        raise InterventionError(f"a classifier gives logits (images, classes), here {tuple(logits.shape)}")
    return logits


def _blocks(
    inputs: int, labels: Mapping[str, Tensor], cells: bool
) -> tuple[tuple[tuple[int, ...], ...], tuple[tuple[Unit, ...], ...]]:
    """Input units of one origin in every source stand together, unless each cell counts; others stand alone."""
    blocks: dict[Any, list[int]] = {}
    parents: dict[Any, tuple[Unit, ...]] = {}
    lines = {name: line.tolist() for name, line in labels.items()}
    for unit in range(inputs):
        of = tuple((name, line[unit]) for name, line in lines.items() if line[unit] >= 0)
        key: Any = unit if cells or not of else of
        blocks.setdefault(key, []).append(unit)
        parents[key] = of
    return tuple(map(tuple, blocks.values())), tuple(parents.values())


def _ends(classes: int, last: Mapping[str, Tensor], layers: Mapping[str, Layer]) -> list[tuple[Unit, ...]]:
    ends = [tuple((name, k) for name, line in last.items() for k in [int(line[c])] if k >= 0) for c in range(classes)]
    if all(ends):
        return ends
    name, layer = list(layers.items())[-1]
    if layer.outputs != classes:
        raise InterventionError(
            f"the logits do not come unit by unit from a layer: the last one, {name}, has {layer.outputs} units for "
            f"{classes} classes"
        )
    return [((name, c),) for c in range(classes)]


def _scale(norm: Any) -> Tensor:
    scale: Tensor = (norm.running_var + norm.eps).rsqrt()
    return (scale if norm.weight is None else scale * norm.weight).detach()
