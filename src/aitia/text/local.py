"""A causal language model on this machine: a transformers folder, an id of the Hub, or a GGUF file.

It writes answers, and says the log-probability of options after a prompt, which it reads once for all of them. Small
models answer better so: they seldom name a letter, and prefer one all the same.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, OptionError
from aitia.text.answer import Answer
from aitia.text.prompts import Prompt
from aitia.text.schema import instruction

__all__ = ["LocalModel", "answered", "check_numbers", "ends_of", "writing"]


class LocalModel:
    """Asks one model.

    Args:
        source: Folder, GGUF file or id.
        revision: Of the Hub's repository.
        tokens: Of an answer at most.
        temperature: Of sampling; 0 takes the likeliest token.
        batch_size: Prompts that are read at once.
        dtype: `float32`, `bfloat16`, `float16` or `auto`.
        device: `cpu`, `cuda`, `mps` or `auto`.

    Raises:
        FormatError: If there is no such model.
        OptionError: If a number is out of range.
        MissingExtraError: If transformers is not installed.
        InterventionError: If it is no causal model.
    """

    concurrency = 1

    def __init__(
        self,
        source: str | Path,
        *,
        revision: str | None = None,
        tokens: int = 512,
        temperature: float = 0.0,
        batch_size: int = 8,
        dtype: str = "float32",
        device: str = "auto",
    ) -> None:
        check_numbers(tokens, batch_size, temperature)
        from aitia.nn.causal_language import load_causal_language_model
        from aitia.nn.sequences import SequenceModel, Vocabulary

        loaded = load_causal_language_model(source, revision=revision, dtype=dtype, device=device)
        self.sequence = SequenceModel(loaded.model, Vocabulary.of(loaded.tokenizer))
        self.tokens, self.temperature, self.batch_size = tokens, temperature, batch_size
        self.name, self.dtype = str(source), dtype
        self.notes: dict[str, None] = {}

    def parameters(self) -> dict[str, Any]:
        """What changes an answer, for a cache."""
        return {"tokens": self.tokens, "temperature": self.temperature, "dtype": self.dtype}

    def each(
        self, prompts: Sequence[Prompt], seed: int, schema: Mapping[str, Any] | None
    ) -> Iterator[tuple[int, Answer]]:
        """The number of a prompt and its answer, batch by batch, those of like length together.

        Raises:
            OptionError: If a prompt has pictures.
        """
        _without_pictures(prompts)
        more = "" if schema is None else f"\n{instruction(schema)}"
        ids = [self.ids(Prompt(prompt.text + more, (), prompt.system)) for prompt in prompts]
        room = self.sequence.longest - self.tokens
        for number, row in enumerate(ids):
            if len(row) > room:
                yield number, Answer("", fault=self._too_long(len(row), self.tokens))
        fitting = sorted((n for n in range(len(ids)) if len(ids[n]) <= room), key=lambda n: len(ids[n]))
        for start in range(0, len(fitting), self.batch_size):
            batch = fitting[start : start + self.batch_size]
            yield from zip(batch, self._written([ids[number] for number in batch], seed), strict=True)

    def choose(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]], mean: bool = False
    ) -> list[NDArray[np.float64]]:
        """For each prompt the log-probability of each option, in nats.

        Args:
            prompts: Before the options.
            options: Of each prompt.
            mean: Divide each by its number of tokens.

        Raises:
            DataError: If a prompt and its longest option are longer than the model takes; names the prompt.
            OptionError: If a prompt has pictures, or the tokenizer reads two options alike.
        """
        from aitia.nn.sequences import option_log_probabilities

        _without_pictures(prompts)
        asked = [self.ids(prompt) for prompt in prompts]
        space = "" if self._templated else " "
        said = [[self._tokens(space + option) for option in row] for row in options]
        for number, (prompt, row) in enumerate(zip(asked, said, strict=True)):
            if alike := [b for k, b in enumerate(row) if b in row[:k]]:
                names = ", ".join(repr(o) for o, ids in zip(options[number], row, strict=True) if ids == alike[0])
                raise OptionError(f"{self.name} reads {names} alike, since its vocabulary lacks them: ask by='text'")
            if len(prompt) + max(map(len, row)) > self.sequence.longest:
                raise DataError(f"prompt {number}: {self._too_long(len(prompt), max(map(len, row)))}")
        found = option_log_probabilities(self.sequence, asked, said)
        return [scores.mean if mean else scores.total for scores in found]

    def longest_fault(self, prompt: Prompt, options: Sequence[str]) -> str:
        """Why a prompt cannot be asked with these options; empty where it can."""
        length, more = len(self.ids(prompt)), max(len(self._tokens(" " + option)) for option in options)
        return self._too_long(length, more) if length + more > self.sequence.longest else ""

    def ids(self, prompt: Prompt) -> list[int]:
        """Tokens of a prompt; a chat model gets its own template."""
        tokenizer = self.sequence.tokenizer
        if self._templated:
            before = [{"role": "system", "content": prompt.system}] if prompt.system else []
            turns = [*before, {"role": "user", "content": prompt.text}]
            text = str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
            return self._tokens(text)
        text = f"{prompt.system}\n\n{prompt.text}" if prompt.system else prompt.text
        ids = [int(token) for token in tokenizer(text)["input_ids"]]
        while len(ids) > 1 and ids[-1] == tokenizer.eos_token_id:
            ids.pop()
        return ids

    def close(self) -> None:
        """Nothing is open."""

    @property
    def _templated(self) -> bool:
        return bool(getattr(self.sequence.tokenizer, "chat_template", None))

    def _tokens(self, text: str) -> list[int]:
        return [int(token) for token in self.sequence.tokenizer(text, add_special_tokens=False)["input_ids"]]

    def _too_long(self, length: int, more: int) -> str:
        return f"the prompt has {length} tokens and its answer up to {more}, the model takes {self.sequence.longest}"

    def _written(self, rows: Sequence[Sequence[int]], seed: int) -> list[Answer]:
        """What the model writes after each row of tokens."""
        import torch

        tokenizer, model = self.sequence.tokenizer, self.sequence.model
        most = max(map(len, rows))
        ids = torch.full((len(rows), most), self.sequence.vocabulary.pad)
        present = torch.zeros((len(rows), most), dtype=torch.long)
        for k, row in enumerate(rows):
            ids[k, most - len(row) :] = torch.as_tensor(list(row))
            present[k, most - len(row) :] = 1
        options = writing(self.tokens, self.temperature, self.sequence.vocabulary.pad)
        device = self.sequence.device
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(seed)
            made = model.generate(input_ids=ids.to(device), attention_mask=present.to(device), **options)  # type: ignore[operator]
        ends = ends_of(model, tokenizer) | {self.sequence.vocabulary.pad}
        return [
            answered(tokenizer, new, ends, len(row), self.tokens)
            for row, new in zip(rows, made[:, most:].tolist(), strict=True)
        ]


def check_numbers(tokens: int, batch_size: int, temperature: float) -> None:
    """Refuses options of a model on this machine that are out of range.

    Raises:
        OptionError: If one is.
    """
    if tokens < 1 or batch_size < 1 or temperature < 0:
        raise OptionError(
            f"tokens and batch_size are at least 1 and temperature zero or more, got {tokens}, {batch_size} and "
            f"{temperature}"
        )


def writing(tokens: int, temperature: float, pad: int) -> dict[str, Any]:
    """What `generate` is told."""
    options: dict[str, Any] = {"max_new_tokens": tokens, "pad_token_id": pad}
    return options | ({"do_sample": True, "temperature": temperature} if temperature else {"do_sample": False})


def ends_of(model: Any, tokenizer: Any) -> set[int]:
    """Tokens that end an answer."""
    config: Any = getattr(model, "generation_config", None)
    held = [getattr(config, "eos_token_id", None), tokenizer.eos_token_id]
    return {token for one in held if one is not None for token in (one if isinstance(one, list) else [one])}


def answered(tokenizer: Any, new: Sequence[int], ends: Collection[int], read: int, tokens: int) -> Answer:
    """The answer that was written after a prompt.

    Args:
        tokenizer: Of the model.
        new: Tokens that it wrote.
        ends: Tokens that end an answer.
        read: Tokens of the prompt.
        tokens: Of an answer at most.
    """
    end = next((k for k, token in enumerate(new) if token in ends), None)
    said = list(new if end is None else new[:end])
    text = tokenizer.decode(said, skip_special_tokens=True).strip()
    return Answer(text, "length" if end is None and len(new) >= tokens else "stop", read, len(said))


def _without_pictures(prompts: Sequence[Prompt]) -> None:
    for number, prompt in enumerate(prompts):
        if prompt.pictures:
            raise OptionError(
                f"prompt {number} has pictures, and a local language model reads text alone: give one that sees, with "
                "its processor"
            )
