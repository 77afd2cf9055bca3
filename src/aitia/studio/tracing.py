"""Traces as the studio starts and shows them: the words of their commands, the same as Python, and what they left."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from aitia.errors import FormatError, OptionError
from aitia.guard import read_json
from aitia.runs import Record
from aitia.studio.grids import Grid, of_lens, of_pairs, of_trace, site
from aitia.studio.models import Models

__all__ = ["KINDS", "AskedTrace", "Left", "python_of", "words_of"]

KINDS: Mapping[str, tuple[str, Any]] = {
    "trace": ("trace.json", of_trace), "trace-pairs": ("trace.json", of_pairs), "lens": ("lens.json", of_lens)
}  # fmt: skip
"""Kinds of runs that are a grid, with the file that holds it."""
TEXTS = ("against", "subject", "answer", "other")


class AskedTrace(BaseModel):
    """What the form says."""

    model: str = Field(max_length=4000)
    look: Literal["patch", "fast", "lens"] = "patch"
    prompt: str = Field(default="", max_length=100_000)
    against: str = Field(default="", max_length=100_000)
    subject: str = Field(default="", max_length=1000)
    answer: str = Field(default="", max_length=1000)
    other: str = Field(default="", max_length=1000)
    sites: str = Field(default="", max_length=10_000)
    pairs: str = Field(default="", max_length=2_000_000)
    seed: int = 0

    @property
    def places(self) -> list[str]:
        """The sites, one a line."""
        return [line.strip() for line in self.sites.splitlines() if line.strip()]


def words_of(asked: AskedTrace, models: Models, pairs: str, out: str) -> list[str]:
    """The words of the command, after a check of all that needs no model.

    Args:
        asked: What the form says.
        models: What may be opened.
        pairs: The file of pairs as the command names it; empty where one prompt is asked.
        out: The run as the command names it.

    Raises:
        FormatError: If the model, or an autoencoder that a site names, is none that may be opened here.
        OptionError: If parts contradict.
        InterventionError: If a site is not of the grammar.
    """
    model = models.of(asked.model, "language")
    if bool(asked.prompt.strip()) == bool(pairs):
        raise OptionError("give one prompt, or many pairs in place of it")
    texts = {name: value for name in TEXTS if (value := getattr(asked, name)).strip()}
    if {"against", "subject"} <= texts.keys():
        raise OptionError("a prompt is corrupted by another one or by noise on a part of it: leave one of them empty")
    if asked.look == "lens":
        if given := [name for name in ("against", "subject", "other") if name in texts]:
            raise OptionError(f"what each layer would say changes nothing: leave {given[0]} empty")
        if pairs or asked.places:
            raise OptionError("what each layer would say is asked of one prompt at all places")
    for text in asked.places:
        if (folder := site(text).sae) is not None:
            models.of(str(folder), "features")
    words = ["trace", model.name]
    if pairs:
        if texts:
            raise OptionError("with many pairs each line says what it is held against: leave the other fields empty")
        words += ["--pairs", pairs]
    words += [part for name, value in texts.items() for part in (f"--{name}", value)]
    words += [part for text in asked.places for part in ("--site", text)]
    words += {"patch": [], "fast": ["--fast"], "lens": ["--lens"]}[asked.look]
    words += ["--seed", str(asked.seed)] if asked.seed and asked.look != "lens" else []
    words += ["--out", out]
    return words if pairs else [*words, *(["--"] if asked.prompt.startswith("-") else []), asked.prompt]


class Left:
    """What a trace left in its folder.

    Args:
        path: The folder.

    Raises:
        FormatError: If it is no trace, or damaged.
    """

    def __init__(self, path: Path) -> None:
        record = Record.read(path)
        if record.kind not in KINDS:
            raise FormatError(f"{path.name} is no trace")
        name, grid = KINDS[record.kind]
        self.kind, self.config = record.kind, record.config
        self.fingerprint = str(record.inputs.get("model", ""))
        self.told: dict[str, Any] = read_json(path / name, dict)
        self._grid = grid

    @property
    def grid(self) -> Grid:
        """Its places."""
        found: Grid = self._grid(self.told)
        return found

    @property
    def asked(self) -> dict[str, Any]:
        """What was asked of one prompt, as `trace_prompt` and `patched_answers` take it; without plain values."""
        plain = {"noise": 3.0, "draws": 5, "seed": 0}
        names = (*TEXTS, *plain)
        return {name: value for name in names if (value := self.config.get(name)) is not None
                and value != plain.get(name)}  # fmt: skip

    def pair(self, number: int) -> dict[str, Any]:
        """What was asked of one of the pairs.

        Raises:
            FormatError: If there is no such pair.
        """
        pairs = self.config["pairs"]
        if not 0 <= number < len(pairs):
            raise FormatError(f"there are {len(pairs)} pairs, no pair {number + 1}")
        named = dict(zip(("prompt", "against", "answer", "other"), pairs[number], strict=True))
        draws = {name: value for name in ("draws", "seed") if (value := self.config[name]) != {"draws": 5}.get(name, 0)}
        return {**{name: value for name, value in named.items() if value is not None}, **draws}

    @property
    def sentence(self) -> str:
        """The runs in words."""
        told = self.told
        if self.kind == "lens":
            first = told["first"]
            when = "never the likeliest to the end" if first is None else f"the likeliest from {first} on"
            return f"{told['model']} on {told['prompt']!r}, read after each layer: {told['answer']!r} is {when}."
        if self.kind == "trace-pairs":
            return (
                f"{told['model']} on {told['n']} pairs: the metric is {told['clean']:.3f} on average and "
                f"{told['broken']:.3f} in the corrupted prompts. Each place in turn gets back what it has after the "
                "prompt."
            )
        of = f"{told['model']} on {told['prompt']!r}: the {told['measured']} is {told['clean']:.3f}"
        if told["broken"] is None:
            return f"{of}; each place in turn is put to {told['operation']}."
        return (
            f"{of}, and {told['broken']:.3f} under {told['corrupted']}. Each place in turn gets back what it has after "
            "the prompt."
        )

    @property
    def agreement(self) -> str:
        """How estimates agree with patches; empty where nothing is estimated."""
        if self.told.get("agreement") is None:
            return ""
        from aitia.nn.sites import Agreement

        return str(Agreement(**self.told["agreement"]))

    def python(self, model: str, pairs: str) -> str:
        """The same from Python.

        Args:
            model: As the command names it.
            pairs: The file of pairs as the command names it.
        """
        if self.kind == "trace-pairs":
            how = {name: self.config[name] for name in ("fast",) if self.config.get(name)}
            return python_of(
                model, ["read_pairs", "trace_pairs"], f"trace_pairs(language, read_pairs({pairs!r}){_named(how)})"
            )
        prompt = repr(self.config["prompt"])
        if self.kind == "lens":
            answer = self.config.get("answer")
            call = f"logit_lens(language, {prompt}{'' if answer is None else f', {answer!r}'})"
            return python_of(model, ["logit_lens"], call)
        how = {**self.asked, **({"fast": True} if self.config.get("fast") else {})}
        return python_of(model, ["trace_prompt"], f"trace_prompt(language, {prompt}{self._sites()}{_named(how)})")

    def _sites(self) -> str:
        sites = self.config["sites"]
        plain = len(sites) == 1 and str(sites[0]).endswith("*[position=*]")
        return "" if plain else f", sites={json.dumps(sites, ensure_ascii=False)}"


def python_of(model: str, names: Sequence[str], call: str) -> str:
    """Lines to paste that load the model and print what a call gives as JSON values."""
    return "\n".join([
        f"from aitia.inside import {', '.join(names)}",
        "from aitia.nn.causal_language import load_causal_language_model",
        "",
        f"language = load_causal_language_model({model!r})",
        f"found = {call}",
        "print(found.to_json())",
    ])  # fmt: skip


def _named(how: Mapping[str, Any]) -> str:
    return "".join(f", {name}={value!r}" for name, value in how.items())
