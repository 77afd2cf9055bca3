"""Low-rank updates of the attention of a model that is too large to be trained whole."""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import torch

from aitia.errors import FormatError, OptionError, RunError
from aitia.guard import guarded
from aitia.nn.language import LanguageModel

__all__ = ["read_low_rank", "with_low_rank", "without_low_rank", "write_low_rank"]

Model = TypeVar("Model", bound=LanguageModel)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings of names in transformers that peft still uses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def with_low_rank(model: LanguageModel, rank: int, seed: int, *, classes: bool = False) -> None:
    """Freezes the weights of a model and gives its attention updates of this rank, in place.

    Args:
        model: Any language model.
        rank: Of the updates.
        seed: Of their first weights.
        classes: Whether it has a head of classes, which is trained whole beside them, and no head of words.

    Raises:
        OptionError: If no attention is found that could be updated, as in a state space; names the class.

    Source:
        Hu et al., LoRA: Low-rank adaptation of large language models, ICLR 2022.
    """
    from peft import LoraConfig, get_peft_model

    names = {name.rpartition(".")[2] for name, _ in model.model.named_modules()}
    parts = [name for name in ("q_proj", "v_proj", "c_attn", "query", "value") if name in names]
    with torch.random.fork_rng(devices=[]), _quiet():
        torch.manual_seed(seed)
        options = LoraConfig(
            r=rank,
            lora_alpha=rank,
            target_modules=parts or None,
            task_type="SEQ_CLS" if classes else "CAUSAL_LM",
            modules_to_save=_heads(model.model) if classes else None,
            fan_in_fan_out="c_attn" in parts,
        )
        try:
            model.model = get_peft_model(model.model, options)
        except ValueError as error:
            raise OptionError(
                f"{type(model.model).__name__} has no attention that low-rank updates are known for: train it whole "
                "(lora 0), or take another model"
            ) from error


def _heads(network: Any) -> list[str]:
    """The parts with weights that stand beside the transformer itself."""
    base = getattr(network, "base_model_prefix", "")
    return [name for name, part in network.named_children() if name != base and any(True for _ in part.parameters())]


def without_low_rank(model: Model) -> Model:
    """The same model with its updates added to its weights; the model itself where it has none."""
    if not hasattr(model.model, "merge_and_unload"):
        return model
    other = copy.copy(model)
    other.model = cast(Any, copy.deepcopy(model.model)).merge_and_unload()
    return other


def write_low_rank(model: LanguageModel, folder: Path) -> None:
    """Writes the updates of a model, without its weights.

    Raises:
        RunError: If the folder cannot be written.
    """
    try:
        cast(Any, model.model).save_pretrained(folder)
    except OSError as error:
        raise RunError(f"{folder} cannot be written: {error}") from error


def read_low_rank(model: LanguageModel, folder: Path, rank: int, *, classes: bool = False) -> None:
    """Gives a model the updates of a folder, in place.

    Args:
        model: That the updates are of.
        folder: That `write_low_rank` wrote.
        rank: Of the updates.
        classes: As for `with_low_rank`.

    Raises:
        FormatError: If there are none, or they are of another model.
    """
    from peft import set_peft_model_state_dict

    from aitia.nn.weights import read_weights

    place = folder / "adapter_model.safetensors"
    if not place.is_file():
        raise FormatError(f"{folder} holds no low-rank updates: it was not saved whole")
    tensors, _ = read_weights(place)
    with_low_rank(model, rank, 0, classes=classes)
    with guarded(folder, "does not fit the model: bind the one that it was tuned on (--model)"):
        told: Any = set_peft_model_state_dict(cast(Any, model.model), tensors)
        if told.unexpected_keys or any("lora_" in name for name in told.missing_keys):
            raise FormatError(f"{folder} holds updates of another model: bind the one that it was tuned on (--model)")
    model.model.eval()
