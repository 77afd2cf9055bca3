"""A vision-language model on this machine: a transformers folder or an id of the Hub whose model reads pictures too.

It writes answers, and says the log-probability of options after a prompt. Letters, and other options of one token, are
read off one pass over the prompt; longer ones take a pass each, since models keep what they read of pictures in ways
of their own.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, FormatError, OptionError
from aitia.text.answer import Answer
from aitia.text.local import answered, check_numbers, ends_of, writing
from aitia.text.prompts import Prompt, opened_picture
from aitia.text.schema import instruction

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["PictureModel"]

REMEMBERED = 10_000
"""Prompts whose lengths are kept."""


class PictureModel:
    """Asks one model, with pictures or without.

    Args:
        source: Folder or id.
        revision: Of the Hub's repository.
        tokens: Of an answer at most.
        temperature: Of sampling; 0 takes the likeliest token.
        batch_size: Prompts, or prompts with an option, that are read at once.
        dtype: `float32`, `bfloat16`, `float16` or `auto`.
        device: `cpu`, `cuda`, `mps` or `auto`.

    Raises:
        FormatError: If there is no such model, or no processor beside it.
        OptionError: If a number is out of range.
        MissingExtraError: If transformers, or a package that the processor takes, is not installed.
        InterventionError: If it writes with a decoder apart.
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
        from aitia.nn.vision_language import load_vision_language_model

        self.seeing = load_vision_language_model(source, revision=revision, dtype=dtype, device=device)
        self.tokens, self.temperature, self.batch_size = tokens, temperature, batch_size
        self.name, self.dtype = str(source), dtype
        self.notes: dict[str, None] = {}
        self._read: dict[Prompt, int] = {}

    def parameters(self) -> dict[str, Any]:
        """What changes an answer, for a cache."""
        return {"tokens": self.tokens, "temperature": self.temperature, "dtype": self.dtype}

    def each(
        self, prompts: Sequence[Prompt], seed: int, schema: Mapping[str, Any] | None
    ) -> Iterator[tuple[int, Answer]]:
        """The number of a prompt and its answer, batch by batch, those of like length together."""
        more = "" if schema is None else f"\n{instruction(schema)}"
        asked = [Prompt(prompt.text + more, prompt.pictures, prompt.system) for prompt in prompts]
        for batch in self._batches(asked):
            fine, faults = self._sorted_out([asked[number] for number in batch], self.tokens)
            for place, why in faults.items():
                yield batch[place], Answer("", fault=why)
            if fine:
                numbers = [batch[place] for place in fine]
                yield from zip(numbers, self._written([asked[number] for number in numbers], seed), strict=True)

    def choose(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]], mean: bool = False
    ) -> list[NDArray[np.float64]]:
        """For each prompt the log-probability of each option, in nats.

        Args:
            prompts: Before the options.
            options: Of each prompt.
            mean: Divide each by its number of tokens.

        Raises:
            DataError: If a picture cannot be read, a text holds the mark of a picture, or a prompt and its longest
                option are longer than the model takes; names the prompt.
            OptionError: If the tokenizer reads two options alike.
        """
        said = [[self._tokens(option) for option in row] for row in options]
        for number, row in enumerate(said):
            if alike := [ids for k, ids in enumerate(row) if ids in row[:k]]:
                names = ", ".join(repr(o) for o, ids in zip(options[number], row, strict=True) if ids == alike[0])
                raise OptionError(f"{self.name} reads {names} alike, since its vocabulary lacks them: ask by='text'")
            if not all(row):
                raise OptionError(f"{self.name} reads no token in an option of prompt {number}")
        found = [np.zeros(len(row)) for row in said]
        for batch in self._batches(prompts):
            held = [prompts[number] for number in batch]
            most = max(len(ids) for number in batch for ids in said[number])
            _, faults = self._sorted_out(held, most)
            if faults:
                place = min(faults)
                raise DataError(f"prompt {batch[place]}: {faults[place]}")
            for number, scores in zip(batch, self._scored(held, [said[number] for number in batch]), strict=True):
                found[number] = scores / np.array([len(ids) for ids in said[number]]) if mean else scores
        return found

    def longest_fault(self, prompt: Prompt, options: Sequence[str]) -> str:
        """Why a prompt cannot be asked with these options; empty where it can."""
        _, faults = self._sorted_out([prompt], max(len(self._tokens(option)) for option in options))
        return faults.get(0, "")

    def close(self) -> None:
        """Nothing is open."""

    # -- prompts as what the model reads -------------------------------------------------------------------------------

    def _batches(self, prompts: Sequence[Prompt]) -> list[list[int]]:
        """Numbers of prompts that are read together: all with pictures or none, of like length."""
        found: list[list[int]] = []
        for shown in (False, True):
            those = [number for number, prompt in enumerate(prompts) if bool(prompt.pictures) == shown]
            those.sort(key=lambda number: (len(prompts[number].pictures), len(prompts[number].text)))
            found += [those[k : k + self.batch_size] for k in range(0, len(those), self.batch_size)]
        return found

    def _sorted_out(self, prompts: Sequence[Prompt], more: int) -> tuple[list[int], dict[int, str]]:
        """Places of prompts that can be asked, and why the others cannot."""
        fine, faults = [], {}
        for place, prompt in enumerate(prompts):
            try:
                read = self._length(prompt)
            except FormatError as error:
                faults[place] = str(error)
                continue
            if read + more > self.seeing.longest:
                shown = f", {len(prompt.pictures)} pictures counted" if prompt.pictures else ""
                faults[place] = (
                    f"the prompt has {read} tokens{shown}, and its answer up to {more}, the model takes "
                    f"{self.seeing.longest}"
                )
            else:
                fine.append(place)
        return fine, faults

    def _length(self, prompt: Prompt) -> int:
        """Tokens of a prompt, those of its pictures counted; remembered, since pictures take time."""
        if prompt not in self._read:
            if len(self._read) >= REMEMBERED:
                self._read.clear()
            self._read[prompt] = int(self._inputs([prompt])["input_ids"].shape[1])
        return self._read[prompt]

    def _inputs(self, prompts: Sequence[Prompt]) -> dict[str, "Tensor"]:
        """What the model reads of prompts.

        Raises:
            FormatError: If a picture cannot be read, or a text holds the mark of a picture.
        """
        for prompt in prompts:
            if self.seeing.picture_token in prompt.text + prompt.system:
                raise FormatError(
                    f"the text holds {self.seeing.picture_token!r}, which stands for a picture in this model: leave it "
                    "out"
                )
        pictures = [[opened_picture(path) for path in prompt.pictures] for prompt in prompts]
        texts = [self.seeing.text(prompt.text, len(prompt.pictures), prompt.system) for prompt in prompts]
        return self.seeing.inputs(texts, pictures)

    def _tokens(self, option: str) -> list[int]:
        text = option if self.seeing.template is not None else f" {option}"
        return [int(token) for token in self.seeing.tokenizer(text, add_special_tokens=False)["input_ids"]]

    # -- answers -------------------------------------------------------------------------------------------------------

    def _written(self, prompts: Sequence[Prompt], seed: int) -> list[Answer]:
        """What the model writes after each prompt."""
        import torch

        inputs, model, tokenizer = self._inputs(prompts), self.seeing.model, self.seeing.tokenizer
        ids = inputs["input_ids"]
        options = writing(self.tokens, self.temperature, int(tokenizer.pad_token_id))
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(seed)
            made = model.generate(**inputs, **options)  # type: ignore[operator]
        again = made.shape[1] >= ids.shape[1] and torch.equal(made[:, : ids.shape[1]], ids)
        new = made[:, ids.shape[1] :] if again else made  # some give what they wrote alone
        ends = ends_of(model, tokenizer) | {int(tokenizer.pad_token_id)}
        read = inputs["attention_mask"].sum(dim=1).tolist()
        rows = zip(new.tolist(), read, strict=True)
        return [answered(tokenizer, row, ends, int(count), self.tokens) for row, count in rows]

    def _scored(
        self, prompts: Sequence[Prompt], said: Sequence[Sequence[Sequence[int]]]
    ) -> Iterator[NDArray[np.float64]]:
        """Log-probabilities of the options of each prompt."""
        if all(len(ids) == 1 for row in said for ids in row):
            logs = self._after(prompts, [[] for _ in prompts])
            for row, scores in zip(said, logs, strict=True):
                yield np.array([scores[0, ids[0]] for ids in row])
            return
        pairs = [(place, ids) for place, row in enumerate(said) for ids in row]
        totals: list[float] = []
        for start in range(0, len(pairs), self.batch_size):
            some = pairs[start : start + self.batch_size]
            logs = self._after([prompts[place] for place, _ in some], [ids[:-1] for _, ids in some])
            for (_, ids), scores in zip(some, logs, strict=True):
                totals.append(float(scores[np.arange(len(ids)), ids].sum()))
        start = 0
        for row in said:
            yield np.array(totals[start : start + len(row)])
            start += len(row)

    def _after(self, prompts: Sequence[Prompt], tails: Sequence[Sequence[int]]) -> list[NDArray[np.float64]]:
        """(tail + 1, vocabulary) log-probabilities of the token after each prompt and after each token of its tail."""
        import inspect

        import torch

        inputs, model = self._inputs(prompts), self.seeing.model
        ids, present = inputs["input_ids"], inputs["attention_mask"].bool()
        lengths = present.sum(dim=1).tolist()
        wide = max(length + len(tail) for length, tail in zip(lengths, tails, strict=True))
        # Padding goes to the right, where no position depends on it.
        for name, value in list(inputs.items()):
            if value.shape != ids.shape:
                continue
            fill = int(self.seeing.tokenizer.pad_token_id) if name == "input_ids" else 0
            made = value.new_full((len(tails), wide), fill)
            for row, tail in enumerate(tails):
                made[row, : lengths[row]] = value[row, present[row]]
                rest = slice(lengths[row], lengths[row] + len(tail))
                made[row, rest] = value.new_tensor(list(tail)) if name == "input_ids" else int(name == "attention_mask")
            inputs[name] = made
        first = min(lengths) - 1
        takes = "logits_to_keep" in inspect.signature(model.forward).parameters
        with torch.no_grad():
            logits = model(**inputs, use_cache=False, **({"logits_to_keep": wide - first} if takes else {})).logits
        skipped = logits.shape[1] - wide
        logs = []
        for row, tail in enumerate(tails):
            begin = lengths[row] - 1 + skipped
            own = logits[row, begin : begin + len(tail) + 1].float().log_softmax(dim=-1)
            logs.append(own.double().cpu().numpy())
        return logs
