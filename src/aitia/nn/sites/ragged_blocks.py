"""How the blocks of a causal transformer are called, and whether it is one: what `ragged` asks of a model."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from aitia.nn.sites.places import Place, argument_names, get_part

__all__ = ["BlockCall", "changing", "list_of_blocks", "read_only", "tokens_alone", "watch"]


@dataclass(eq=False)
class BlockCall:
    """How a block was called in the plain run, and what it gave."""

    names: tuple[str, ...] = ()
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    output: Any = None
    runs: int = 0

    def hooks(self, block: nn.Module) -> list[RemovableHandle]:
        """Fills this while the model runs."""

        def given(block: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            self.names, self.args, self.kwargs, self.runs = argument_names(block), args, kwargs, self.runs + 1

        def gave(block: nn.Module, args: Any, output: Any) -> None:
            self.output = output

        return [block.register_forward_pre_hook(given, with_kwargs=True), block.register_forward_hook(gave)]

    @property
    def hidden(self) -> Tensor:
        """(rows, tokens, width) what it was given."""
        found: Tensor = self.args[0] if self.args else self.kwargs["hidden_states"]
        return found


def list_of_blocks(model: nn.Module, places: Sequence[Place]) -> str | None:
    """The name of the list of blocks of a decoder; None where it has none that any place is in."""
    count = getattr(getattr(model, "config", None), "num_hidden_layers", None)
    lists = [(name, m) for name, m in model.named_modules() if isinstance(m, nn.ModuleList) and len(m) == count]
    inside = [name for name, _ in lists if any(place.name.startswith(f"{name}.") for place in places)]
    return min(inside, key=lambda name: name.count("."), default=None)


def tokens_alone(model: nn.Module, inputs: Any, metric: object) -> bool:
    """Whether the inputs are tokens without padding and nothing else, and the metric reads the last of them."""
    if not isinstance(inputs, Mapping) or not getattr(metric, "last_position_only", False):
        return False
    if getattr(getattr(model, "config", None), "is_encoder_decoder", True) or "use_cache" not in argument_names(model):
        return False
    tensors = {name for name, value in inputs.items() if isinstance(value, Tensor) and value.ndim > 0}
    mask = inputs.get("attention_mask")
    if mask is not None and (not isinstance(mask, Tensor) or mask.ndim != 2 or not bool(mask.bool().all())):
        return False
    return (
        "past_key_values" not in inputs
        and len(tensors - {"attention_mask"}) == 1
        and bool(tensors & {"input_ids", "inputs_embeds"})
    )


def read_only(runner: nn.Module, tokens: Tensor) -> None:
    """Lets the head of a model that is ours compute the logits of these tokens alone; the others are no numbers."""
    find = getattr(runner, "get_output_embeddings", None)
    head = find() if callable(find) else None
    name = next((name for name, module in runner._modules.items() if module is head), None)
    if name is None or type(head) is not nn.Linear:
        return
    weight, bias = head.weight, head.bias
    chosen = torch.unique(tokens).to(weight.device)

    def few(hidden: Tensor) -> Tensor:
        made = hidden.new_full((*hidden.shape[:-1], len(weight)), torch.nan)
        made[..., chosen] = nn.functional.linear(hidden, weight[chosen], None if bias is None else bias[chosen])
        return made

    runner._modules[name] = twin = copy.copy(head)
    twin.__dict__["forward"] = few


def watch(module: nn.Module, at: str, seen: list[tuple[int, ...]]) -> Any:
    """Notes the (rows, tokens) that a module sees in each of its runs."""

    def look(value: Any) -> Any:
        x = get_part(value, None, at)
        seen.append(tuple(x.shape[:2]) if x.ndim > 2 else ())
        return value

    return changing(module, at, look)


def changing(module: nn.Module, at: str, change: Callable[[Any], Any]) -> Any:
    """A hook that changes what a module takes or gives."""
    if at == "out":
        return module.register_forward_hook(lambda _, args, output: change(output))

    def before(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        changed = change({**dict(enumerate(args)), **kwargs})
        return tuple(changed[k] for k in range(len(args))), {name: changed[name] for name in kwargs}

    return module.register_forward_pre_hook(before, with_kwargs=True)
