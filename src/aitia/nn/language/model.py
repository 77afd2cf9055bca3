"""A language model with its tokenizer: states of texts, and what it writes after a prompt."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from aitia.errors import InterventionError, RunError
from aitia.nn.language.tokens import by_length, token_batch
from aitia.nn.quiet import without_bars

__all__ = ["LanguageModel", "last_states", "mean_state"]


class LanguageModel:
    """A Hugging Face model in evaluation mode, and its tokenizer.

    Args:
        model: The model.
        tokenizer: Its tokenizer; one without a padding token pads with its end of sequence.
        longest: Tokens at most; None takes what the tokenizer says, at most 512.
    """

    def __init__(self, model: nn.Module, tokenizer: Any, longest: int | None = None) -> None:
        self.model, self.tokenizer = model.eval(), tokenizer
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
        self.longest = longest or int(min(tokenizer.model_max_length, 512))

    @property
    def width(self) -> int:
        """Of its hidden states."""
        return int(cast(Any, self.model).config.hidden_size)

    @property
    def blocks(self) -> str:
        """The site of what each layer gives, such as `model.layers.*`: the residual stream.

        Raises:
            InterventionError: If the model has no list of layers.
        """
        count = getattr(cast(Any, self.model).config, "num_hidden_layers", None)
        lists = [(name, module) for name, module in self.model.named_modules() if isinstance(module, nn.ModuleList)]
        fitting = [name for name, module in lists if len(module) == count] or [n for n, m in lists if len(m) > 1]
        if not fitting:
            raise InterventionError(f"{type(self.model).__name__} has no list of layers: name the sites")
        return f"{min(fitting, key=lambda name: name.count('.'))}.*"

    @property
    def layers(self) -> int:
        """How many layers there are."""
        return len(cast(nn.ModuleList, self.model.get_submodule(self.blocks.removesuffix(".*"))))

    def batch(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """`token_batch` of texts."""
        return token_batch(self.tokenizer, texts, self.longest)

    def states(self, texts: Sequence[str], *, batch_size: int = 256) -> Tensor:
        """The mean last hidden state of each text, (n, width), without gradient."""
        found = torch.empty(len(texts), self.width)
        with torch.no_grad():
            for rows in by_length(texts, batch_size):
                inputs = self.batch([texts[row] for row in rows])
                states = last_states(self.model, inputs)
                found[rows] = mean_state(states, inputs["attention_mask"])
        return found

    def generate(self, prompts: Sequence[str], *, most: int = 64, batch_size: int = 256) -> list[str]:
        """What a causal model writes after each prompt, greedily and at most so many tokens, without special tokens.

        Raises:
            DataError: If a prompt is no string or is empty; names the row.
        """
        model, tokenizer = cast(Any, self.model), self.tokenizer
        device = next(self.model.parameters()).device
        found = [""] * len(prompts)
        for rows in by_length(prompts, batch_size):
            inputs = token_batch(tokenizer, [prompts[row] for row in rows], self.longest, side="left")
            inputs = {name: tensor.to(device) for name, tensor in inputs.items()}
            with torch.no_grad():
                ids = model.generate(
                    **inputs, do_sample=False, max_new_tokens=most, pad_token_id=tokenizer.pad_token_id
                )
            texts = tokenizer.batch_decode(ids[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
            for row, text in zip(rows, texts, strict=True):
                found[row] = text.strip()
        return found

    def state_dict(self) -> dict[str, Any]:
        """Of the model, as a torch module has it: by these numbers a system knows it again."""
        return dict(self.model.state_dict())

    def save(self, folder: str | Path) -> None:
        """Writes model and tokenizer as one folder that `load_language_model` reads.

        Raises:
            RunError: If it cannot be written.
        """
        from safetensors import SafetensorError

        try:
            with without_bars():
                cast(Any, self.model).save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)
        except (OSError, SafetensorError) as error:
            raise RunError(f"{folder} cannot be written: {error}") from error


def last_states(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    """(rows, tokens, width) what the last layer of any Hugging Face model gives, without its head."""
    base = cast(Any, getattr(model, "base_model", model))
    return cast(Tensor, base(**inputs).last_hidden_state)


def mean_state(states: Tensor, mask: Tensor) -> Tensor:
    """(rows, width) the mean of (rows, tokens, width) over the tokens of the mask."""
    weight = mask.to(states.dtype).unsqueeze(-1)
    return (states * weight).sum(dim=-2) / weight.sum(dim=-2).clamp(min=1)
