"""Who answers prompts with text: a causal language model here, an endpoint elsewhere; and a cache that outlives both.

A writer is anything with a `name` that is called with prompts and a seed and gives one answer each. `CachedWriter`
keeps every answer under the hash of (name, prompt, seed) as soon as it is there, so that what failed goes on where it
stopped.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch

from aitia.errors import FormatError, OptionError, RunError
from aitia.files import write_whole
from aitia.guard import guarded, read_json
from aitia.nn.language import load_language_model

__all__ = ["CachedWriter", "EndpointWriter", "LocalWriter", "Writer"]


class Writer(Protocol):
    """Answers prompts."""

    @property
    def name(self) -> str:
        """Of the model and of all that its answers depend on, for the cache."""
        ...

    def __call__(self, prompts: Sequence[str], seed: int = 0) -> list[str]:
        """One answer each."""
        ...


class LocalWriter:
    """A causal language model on this machine.

    Args:
        source: Id or folder.
        longest: New tokens at most.
        temperature: Of sampling; 0 takes the likeliest token.
        batch_size: Prompts at once.

    Raises:
        FormatError: If there is no such model.
        OptionError: If a number is out of range.
    """

    def __init__(self, source: str | Path, *, longest: int = 96, temperature: float = 0.7, batch_size: int = 8) -> None:
        if longest < 1 or batch_size < 1 or temperature < 0:
            raise OptionError(
                f"longest and batch_size are at least 1 and temperature zero or more, got {longest}, {batch_size} and "
                f"{temperature}"
            )
        self._language = load_language_model(source, "causal")
        self._language.tokenizer.padding_side = "left"
        self.name = f"{source}, {longest} tokens, temperature {temperature:g}"
        self.longest, self.temperature, self.batch_size = longest, temperature, batch_size

    def __call__(self, prompts: Sequence[str], seed: int = 0) -> list[str]:
        """One answer each; a chat model gets its own template."""
        tokenizer, model = self._language.tokenizer, self._language.model
        options: dict[str, Any] = {"max_new_tokens": self.longest, "pad_token_id": tokenizer.pad_token_id}
        options |= {"do_sample": True, "temperature": self.temperature} if self.temperature else {"do_sample": False}
        answers: list[str] = []
        for start in range(0, len(prompts), self.batch_size):
            asked = [self._templated(prompt) for prompt in prompts[start : start + self.batch_size]]
            inputs = self._language.batch(asked)
            with torch.no_grad(), torch.random.fork_rng():
                torch.manual_seed(seed)
                made = model.generate(**inputs, **options)  # type: ignore[operator]
            answers += tokenizer.batch_decode(made[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        return [answer.strip() for answer in answers]

    def _templated(self, prompt: str) -> str:
        tokenizer = self._language.tokenizer
        if not getattr(tokenizer, "chat_template", None):
            return prompt
        turn = [{"role": "user", "content": prompt}]
        return str(tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True))


class EndpointWriter:
    """A model behind an address that speaks the chat completions of OpenAI.

    Args:
        address: Up to and without `/chat/completions`.
        model: Its name there.
        key: Sent as a bearer token.
        temperature: Of sampling.
        timeout: Seconds that an answer may take.
    """

    def __init__(
        self, address: str, model: str, *, key: str | None = None, temperature: float = 0.7, timeout: float = 60.0
    ) -> None:
        if not address.startswith(("http://", "https://")):
            raise OptionError(f"an address starts with http:// or https://, got {address!r}")
        self.address, self.model, self.temperature, self.timeout = address.rstrip("/"), model, temperature, timeout
        self.name = f"{self.address} {model}, temperature {temperature:g}"
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})

    def __call__(self, prompts: Sequence[str], seed: int = 0) -> list[str]:
        """One answer each, asked one after another.

        Raises:
            RunError: If the endpoint refuses, is not there or takes too long.
            FormatError: If it answers something else.
        """
        return [self._ask(prompt, seed) for prompt in prompts]

    def _ask(self, prompt: str, seed: int) -> str:
        from urllib.request import Request, urlopen

        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            "temperature": self.temperature,
            "seed": seed,
        }
        request = Request(f"{self.address}/chat/completions", json.dumps(body).encode(), self._headers)
        try:
            with urlopen(request, timeout=self.timeout) as response:
                answer = response.read()
        except OSError as error:
            raise RunError(f"{self.address} did not answer: {error}") from error
        try:
            return str(json.loads(answer)["choices"][0]["message"]["content"]).strip()
        except (ValueError, LookupError, TypeError) as error:
            raise FormatError(f"{self.address} answered {answer[:80]!r}, which is no chat completion") from error


class CachedWriter:
    """A writer whose answers are kept in a folder, one file each.

    Args:
        writer: Asked for what is not there.
        folder: Made where it is missing.
        batch_size: Prompts that are asked before their answers are written.

    Example:
        >>> import tempfile
        >>> class Echo:
        ...     name = "echo"
        ...     def __call__(self, prompts, seed=0):
        ...         return [f"{prompt}!" for prompt in prompts]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     writer = CachedWriter(Echo(), folder)
        ...     writer.missing(["a", "b"]), writer(["a", "b"]), writer.missing(["a", "b"])
        (2, ['a!', 'b!'], 0)
    """

    def __init__(self, writer: Writer, folder: str | Path, *, batch_size: int = 8) -> None:
        if batch_size < 1:
            raise OptionError(f"at least 1 prompt is asked at once, got {batch_size}")
        self.writer, self.folder, self.batch_size = writer, Path(folder), batch_size

    @property
    def name(self) -> str:
        """Of the writer."""
        return self.writer.name

    def missing(self, prompts: Sequence[str], seed: int = 0) -> int:
        """How many prompts would be asked now, to know the cost before a call."""
        return len({prompt for prompt in prompts if not self._place(prompt, seed).is_file()})

    def __call__(self, prompts: Sequence[str], seed: int = 0) -> list[str]:
        """One answer each.

        Raises:
            RunError: If the writer fails; says how many answers are kept, with which the next call goes on.
            FormatError: If a file of the cache is damaged.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        distinct = list(dict.fromkeys(prompts))
        new = [prompt for prompt in distinct if not self._place(prompt, seed).is_file()]
        for start in range(0, len(new), self.batch_size):
            asked = new[start : start + self.batch_size]
            try:
                answers = self.writer(asked, seed)
            except Exception as error:  # whatever a user's own writer raises
                kept = len(distinct) - len(new) + start
                raise RunError(
                    f"the writer failed ({error}): {kept} of {len(distinct)} answers are kept in {self.folder}, and "
                    "the same call goes on from there"
                ) from error
            if len(answers) != len(asked):
                raise RunError(f"the writer gave {len(answers)} answers to {len(asked)} prompts")
            for prompt, answer in zip(asked, answers, strict=True):
                record = {"writer": self.name, "prompt": prompt, "seed": seed, "answer": str(answer)}
                write_whole(self._place(prompt, seed), json.dumps(record, ensure_ascii=False), RunError)
        return [self._read(prompt, seed) for prompt in prompts]

    def _place(self, prompt: str, seed: int) -> Path:
        key = json.dumps([self.name, prompt, seed])
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()}.json"

    def _read(self, prompt: str, seed: int) -> str:
        place = self._place(prompt, seed)
        try:
            with guarded(place, "is damaged"):
                return str(read_json(place, dict)["answer"])
        except FormatError as error:
            raise FormatError(f"{error}: remove it, and it is asked again") from error
