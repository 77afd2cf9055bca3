"""What a run computed before a module starts is computed once: everything earlier is replayed from the plain run.

A model is followed along the path from its root to the module of a site. Whatever stands beside that path and has
finished before the module starts - embeddings, earlier blocks, the layer norm and attention before a perceptron, the
whole encoder before a decoder - does not depend on what is done at the site. A copy of the path alone, in which those
parts hand out what they gave in the plain run, therefore computes the same as the model, from the site onwards. The
copies are shallow: weights, hooks and the model itself are the same objects and nothing is written to them.

A part that runs more than once in a run is computed again, since what it gives depends on which run it is.
"""

import copy
import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from torch import Tensor, nn

from aitia.nn.sites.intervene import call
from aitia.nn.sites.places import Place

__all__ = ["Replay", "repeat_rows"]


class Replay:
    """The plain run of a model, and the model with what comes before a place replayed.

    Args:
        model: Any module.
        inputs: Of the plain run.
        rows: How many rows the inputs have.
        places: Where the model will be intervened on.

    Attributes:
        output: What the model gave.
        copies: How many copies of the rows run side by side; set before the model is called.
    """

    def __init__(self, model: nn.Module, inputs: Any, rows: int, places: Iterable[Place]) -> None:
        self._model, self._rows = model, rows
        self.copies = 1
        self._modules = dict(model.named_modules(remove_duplicate=False))
        self._started: dict[nn.Module, int] = {}
        self._ended: dict[nn.Module, int] = {}
        self._given: dict[nn.Module, Any] = {}
        self._calls: dict[nn.Module, int] = {}
        self._kept = dict.fromkeys(
            self._modules[name] for place in places for name in self._beside(place.name, place.at)
        )
        watched = dict.fromkeys([*self._kept, *(place.module for place in places)])
        handles = [module.register_forward_pre_hook(self._before) for module in watched]
        handles += [module.register_forward_hook(self._after) for module in watched]
        try:
            self.output = call(model, inputs)
        finally:
            for handle in handles:
                handle.remove()

    def _beside(self, name: str, at: str) -> Iterator[str]:
        """The names of what stands beside the path to a module, and of the module itself where its output is meant."""
        parts = [] if name == "." else name.split(".")
        for k, part in enumerate(parts):
            parent = ".".join(parts[:k])
            for child, _ in self._modules[parent].named_children():
                if child != part:
                    yield from self._running(f"{parent}.{child}" if parent else child)
        if at == "out" and parts:
            yield name

    def _running(self, name: str) -> Iterator[str]:
        """The module, or what it contains where it is a mere list."""
        module = self._modules[name]
        if isinstance(module, (nn.ModuleList, nn.ModuleDict)):
            for child, _ in module.named_children():
                yield from self._running(f"{name}.{child}")
        else:
            yield name

    def _before(self, module: nn.Module, args: Any) -> None:
        self._started.setdefault(module, len(self._started) + len(self._ended))

    def _after(self, module: nn.Module, args: Any, output: Any) -> None:
        self._calls[module] = self._calls.get(module, 0) + 1
        self._ended[module] = len(self._started) + len(self._ended)
        if module in self._kept:
            self._given[module] = repeat_rows(output, self._rows, 1)

    def replayed(self, place: Place) -> set[str]:
        """The names of what need not be computed again for an intervention at the place."""
        start = self._started.get(place.module)
        if start is None:
            return set()
        return {
            name
            for name in self._beside(place.name, place.at)
            if self._calls.get(self._modules[name]) == 1
            and (self._ended[self._modules[name]] < start or name == place.name)
        }

    def before(self, place: Place) -> nn.Module:
        """The model, computing from the place onwards only."""
        return self._copy(self._model, "", self.replayed(place))

    def given(self, place: Place) -> Any:
        """What the module of a place gave in the plain run."""
        return self._given[place.module]

    def giving(self, place: Place, output: Any) -> nn.Module:
        """The model, computing from what the module of the place is made to give."""
        self._given[place.module] = output
        return self.before(place)

    def _hand_out(self, module: nn.Module) -> Any:
        return repeat_rows(self._given[module], self._rows, self.copies)

    def _copy(self, module: nn.Module, name: str, replayed: set[str]) -> nn.Module:
        twin = copy.copy(module)
        if name in replayed:
            twin.__dict__["forward"] = lambda *args, **kwargs: self._hand_out(module)
            return twin
        if "_hf_hook" in module.__dict__:  # accelerate put a function of the module itself in the place of its forward
            twin.__dict__["forward"] = module.__dict__["_old_forward"].__func__.__get__(twin)
        twin.__dict__["_modules"] = dict(module._modules)
        for child, part in module.named_children():
            full = f"{name}.{child}" if name else child
            if any(other == full or other.startswith(full + ".") for other in replayed):
                twin._modules[child] = self._copy(part, full, replayed)
        return twin


def repeat_rows(value: Any, rows: int, copies: int) -> Any:
    """A value with copies of its rows one after another, in every tensor that has this many rows; always fresh memory.

    Example:
        >>> import torch
        >>> repeat_rows({"x": torch.tensor([1, 2]), "step": 3}, 2, 2)
        {'x': tensor([1, 2, 1, 2]), 'step': 3}
    """
    if isinstance(value, Tensor):
        if value.ndim and len(value) == rows and copies > 1:
            return value.detach().repeat(copies, *[1] * (value.ndim - 1))
        return value.detach().clone()
    if isinstance(value, (tuple, list)):
        parts = [repeat_rows(part, rows, copies) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if isinstance(value, dict):
        made = copy.copy(value)
        for key, part in value.items():
            made[key] = repeat_rows(part, rows, copies)
        return made
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **{name: repeat_rows(part, rows, copies) for name, part in fields.items()})
    return value
