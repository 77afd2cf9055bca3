r"""A fact written into a language model: `aitia edit`.

A layer's perceptron writes W k into the residual stream at the last token of the subject, k being what the prompt made
of it. The edit asks for another value v, found by a few steps of gradient on what is added to it,

    v = W k + d,    d minimises  - mean_j log P(answer | prefix_j, prompt; d) + a KL(P(. | essence) | P(. | essence; d))
                                 + b |d|^2 / |W k|^2,      |d| <= c |W k|                                          (1)

and writes it by the smallest change of W, as measured on what the layer usually sees: `edit_memory`. Prefixes are texts
that the model itself made up, the essence is "<subject> is a", and k is the mean over the prefixes.

What the layer usually sees is taken from texts of the user, or made up by the model; the source took 100,000 samples of
an encyclopaedia. Few samples do not span all directions, so a tenth of their mean square is added to each.

The score is always measured on the final model, with the change in its weights: on the prompt, on paraphrases, on
neighbours that are not to move; beside the unedited model and beside an edit that writes a random value, as far from
the old one, under the same key.

Source:
    Meng, Bau, Andonian and Belinkov, Locating and editing factual associations in GPT, NeurIPS 2022, section 3.1.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from aitia.engine import Progress
from aitia.errors import FormatError, InterventionError, OptionError, TrainingError
from aitia.nn.causal_language import CausalLanguageModel, load_causal_language_model
from aitia.nn.edits import Edit, edit_memory
from aitia.nn.sites import Site, intervene, record, trace
from aitia.nn.sites.places import find_places
from aitia.nn.sites.replay import Replay
from aitia.nn.sites.weight_paths import oriented
from aitia.runs import open_run
from aitia.stats.metrics.edits import EditScore, edit_score
from aitia.tracing.prompt import ask, embedded, noised, telling_word

__all__ = ["FactEdit", "Scored", "apply_edit", "edit_fact", "score_edit"]

EFFICACY, GENERALISATION, LOCALITY = "efficacy", "generalisation", "locality"
USUAL_TEXTS, USUAL_TOKENS = 24, 32
"""How much text the model makes up where none is given."""


@dataclass(frozen=True)
class Scored:
    """One prompt of the score.

    Args:
        what: `efficacy`, `generalisation` or `locality`.
        prompt: The text.
        before: Probability of the new answer in the unedited model; of a neighbour, of its old first choice.
        after: The same in the edited model.
        said_before: First choice of the unedited model.
        said_after: First choice of the edited one.
        success: Whether the edit does here what it should.
        held_before: Whether the unedited model does.
        random: The probability after the control edit; NaN where there is none.
        held_random: Whether the control edit does.
    """

    what: str
    prompt: str
    before: float
    after: float
    said_before: str
    said_after: str
    success: bool
    held_before: bool
    random: float = float("nan")
    held_random: bool = False

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {**vars(self), "random": None if math.isnan(self.random) else self.random}


@dataclass(frozen=True, eq=False)
class FactEdit:
    """An edit and its score.

    Args:
        edit: The change of the weights; `edit.apply(model)` writes it, `edit.undo()` takes it back.
        prompt: What was edited.
        answer: What the model is to say.
        subject: The part of the prompt that the edit is about.
        layer: Where.
        layer_effects: Share restored by each layer's perceptron, where the layer was chosen by a trace.
        scores: Of the edited model.
        control: Of a random value under the same key.
        unedited: Of the model as it was.
        prompts: Every prompt.
        size: Length of the change.
        layer_size: Length of the layer's weights.
        notes: What a reader should know.
        model: Its name.
        source: Where it came from.
    """

    edit: Edit
    prompt: str
    answer: str
    subject: str
    layer: int
    layer_effects: tuple[float, ...]
    scores: tuple[EditScore, ...]
    control: tuple[EditScore, ...]
    unedited: tuple[EditScore, ...]
    prompts: tuple[Scored, ...]
    size: float
    layer_size: float
    notes: tuple[str, ...]
    model: str
    source: str

    def to_json(self) -> dict[str, Any]:
        """All but the weights, as JSON values."""
        told = {name: value for name, value in vars(self).items() if name not in ("edit", "source")}
        for name in ("scores", "control", "unedited"):
            told[name] = [vars(item) for item in told[name]]
        told["prompts"] = [prompt.to_json() for prompt in self.prompts]
        return {**told, "module": self.edit.name, "layer_effects": list(self.layer_effects), "notes": list(self.notes)}


def edit_fact(
    language: CausalLanguageModel,
    prompt: str,
    answer: str,
    *,
    subject: str | None = None,
    layer: int | None = None,
    paraphrases: Sequence[str] = (),
    neighbours: Sequence[str] = (),
    usual: Sequence[str] = (),
    steps: int = 20,
    rate: float = 0.5,
    divergence: float = 0.0625,
    decay: float = 0.5,
    furthest: float = 4.0,
    prefixes: int = 3,
    seed: int = 0,
    out: str | Path | None = None,
    source: str = "MODEL",
    command: str | None = None,
    progress: Progress | None = None,
) -> FactEdit:
    """Finds the edit after which the model answers a prompt otherwise, and scores it; the model is left as it was.

    Args:
        language: The model.
        prompt: Such as "The capital of France is".
        answer: What it is to say, such as " Rome".
        subject: The part of the prompt that the edit is about; None takes the word whose noise costs most.
        layer: Whose perceptron is written to; None takes the one that restores most in a trace. The first is left out,
            since it sees little but the token itself: to change it is to rename the token.
        paraphrases: Other prompts with the same answer.
        neighbours: Prompts whose answer is not to move.
        usual: Texts of what the model usually reads; none takes texts that it makes up.
        steps: Of gradient on the value.
        rate: Of the optimiser (Adam).
        divergence: a of (1).
        decay: b of (1).
        furthest: c of (1).
        prefixes: Texts before the prompt.
        seed: Of prefixes, made-up texts, noise and the control.
        out: Folder for `edit.safetensors` (the change alone), `edit.json`, `prompts.csv` and `report.html`.
        source: What names the model in the report.
        command: The command line that repeats it.
        progress: Told step by step.

    Raises:
        OptionError: If a text is empty or not in the prompt, an option is out of range, or the model gives the answer
            already.
        InterventionError: If the layer's weights are quantised or not a single layer, or the model is in training mode.
        TrainingError: If the numbers are not finite.
        RunError: If the folder holds another run.
    """
    if steps < 1 or prefixes < 0 or not rate > 0 or not furthest > 0 or divergence < 0 or decay < 0:
        raise OptionError(
            "steps is at least 1, rate and furthest are above 0, and prefixes, divergence and decay not below: got "
            f"{steps}, {rate}, {furthest}, {prefixes}, {divergence} and {decay}"
        )
    question = ask(language, prompt, answer, None, None)
    target = language.continuation(answer)
    said = int(language.log_probabilities([prompt])[0].argmax())
    if said == target[0]:
        raise OptionError(f"the model says {answer!r} after this prompt already: there is nothing to edit")
    config = {
        "prompt": prompt,
        "answer": answer,
        "subject": subject,
        "layer": layer,
        "paraphrases": list(paraphrases),
        "neighbours": list(neighbours),
        "usual": list(usual),
        "steps": steps,
        "rate": rate,
        "divergence": divergence,
        "decay": decay,
        "furthest": furthest,
        "prefixes": prefixes,
        "seed": seed,
    }
    hashes = {"model": language.fingerprint}
    opened = nullcontext() if out is None else open_run(out, kind="edit", config=config, inputs=hashes, command=command)
    with opened as run:
        ids = question.ids
        if subject is not None:
            span = language.span_of(subject, ids[0].tolist())
        else:
            span, _ = telling_word(language, ask(language, prompt, None, answer, None), 3.0, range(seed, seed + 5))
        about = "".join(question.words[slice(*span)]).strip()
        effects: tuple[float, ...] = ()
        if layer is None:
            effects = _layer_effects(language, prompt, answer, span, seed, progress)
            layer = max(range(1, len(effects)), key=effects.__getitem__, default=0)
        name = language.memory(layer)
        task = _Task(language, name, ids[0].tolist(), target, span, about, prefixes, seed)
        key, value = task.solve(steps, rate, divergence, decay, furthest, progress)
        seen = _usual_keys(language, name, usual, seed)
        edit = edit_memory(language.model, name, key[None], value[None], usual=_spanning(seen))
        weight = oriented(dict(language.model.named_modules())[name], name)
        prompts = score_edit(language, edit, prompt, answer, paraphrases, neighbours)
        random = score_edit(language, _random(edit, seed), prompt, answer, paraphrases, neighbours)
        prompts = [
            Scored(**{**vars(p), "random": r.after, "held_random": r.success})
            for p, r in zip(prompts, random, strict=True)
        ]
        notes = [] if len(target) == 1 else [f"The answer is {len(target)} tokens; its probability is that of all."]
        if not paraphrases or not neighbours:
            lacking = " and ".join(n for n, v in (("paraphrases", paraphrases), ("neighbours", neighbours)) if not v)
            notes.append(
                f"No {lacking} were given: whether the edit carries over, or leaves the rest alone, is partly unknown."
            )
        found = FactEdit(
            edit,
            prompt,
            answer,
            about,
            layer,
            effects,
            _scores(prompts, "success", "after"),
            _scores(prompts, "held_random", "random"),
            _scores(prompts, "held_before", "before"),
            tuple(prompts),
            float(edit.delta.float().norm()),
            float(weight.float().norm()),
            tuple(notes),
            language.name,
            source,
        )
        if run is not None:
            from aitia.tracing.report import save_edit

            edit.save(run.path / "edit.safetensors")
            run.keep("edit.safetensors")
            save_edit(found, run, command)
    return found


def score_edit(
    language: CausalLanguageModel,
    edit: Edit,
    prompt: str,
    answer: str,
    paraphrases: Sequence[str] = (),
    neighbours: Sequence[str] = (),
) -> list[Scored]:
    """Every prompt in the model with and without the edit, which is applied for that time only.

    Raises:
        InterventionError: If the edit is a change and yet leaves every weight as it was: what would be scored is the
            unedited model.
    """
    kinds = _kinds(prompt, paraphrases, neighbours)
    target = language.continuation(answer)
    before = [_look(language, text, target, None) for _, text in kinds]
    weight = oriented(dict(language.model.named_modules())[edit.name], edit.name)
    old = weight.clone()
    edit.apply(language.model)
    try:
        if bool(edit.delta.any()) and torch.equal(weight, old):
            raise InterventionError(
                f"the edit of {edit.name} left every weight as it was, so the unedited model would be scored: it was "
                f"not applied, or is too small for {str(weight.dtype).removeprefix('torch.')}"
            )
        return _compared(language, kinds, target, before)
    finally:
        edit.undo()


def _kinds(prompt: str, paraphrases: Sequence[str], neighbours: Sequence[str]) -> list[tuple[str, str]]:
    """Every prompt with what it is for."""
    return [(EFFICACY, prompt), *((GENERALISATION, p) for p in paraphrases), *((LOCALITY, n) for n in neighbours)]


def _compared(
    edited: CausalLanguageModel, kinds: Sequence[tuple[str, str]], target: Sequence[int], before: Sequence["_Look"]
) -> list[Scored]:
    """The edited model, as it stands, beside what the unedited one said."""
    found = []
    for (what, text), was in zip(kinds, before, strict=True):
        now, stays = _look(edited, text, target, was.first), what == LOCALITY
        said_before, said_after = edited.words([was.first, now.first])
        found.append(
            Scored(
                what,
                text,
                was.old if stays else was.new,
                now.old if stays else now.new,
                said_before,
                said_after,
                now.first == was.first if stays else now.new > now.old,
                stays or was.new > was.old,
            )
        )
    return found


@dataclass(frozen=True)
class _Look:
    """What a model says after one prompt: its first choice, P(new answer), P(the unedited model's first choice)."""

    first: int
    new: float
    old: float


@torch.no_grad()
def _look(language: CausalLanguageModel, text: str, target: Sequence[int], original: int | None) -> _Look:
    ids = language.encode(text)
    whole = torch.cat([ids, torch.tensor([list(target[:-1])], dtype=ids.dtype, device=ids.device)], dim=1)
    logits = language.model(input_ids=whole, use_cache=False).logits[0, ids.shape[1] - 1 :].cpu().double()
    if not bool(torch.isfinite(logits).all()):
        raise InterventionError(f"the model gives no finite numbers after {text!r}")
    said = logits.log_softmax(dim=-1)
    first = int(said[0].argmax())
    new = sum(float(said[k, token]) for k, token in enumerate(target))
    return _Look(first, math.exp(new), math.exp(float(said[0, first if original is None else original])))


def _scores(prompts: Sequence[Scored], held: str, value: str) -> tuple[EditScore, ...]:
    """The scores of one model, whose outcomes and probabilities are these fields."""
    scores = []
    for what in dict.fromkeys(p.what for p in prompts):
        mine = [p for p in prompts if p.what == what]
        held_there, there = ([getattr(p, field) for p in mine] for field in (held, value))
        scores.append(edit_score(what, held_there, [p.before for p in mine], there))
    return tuple(scores)


# -- the value ---------------------------------------------------------------------------------------------------------


class _Task:
    """The prompts of (1) as one padded batch, and what is added at the last token of the subject."""

    def __init__(
        self,
        language: CausalLanguageModel,
        name: str,
        ids: list[int],
        target: list[int],
        span: tuple[int, int],
        subject: str,
        prefixes: int,
        seed: int,
    ) -> None:
        self.language, self.name, self.target = language, name, target
        special = set(language.tokenizer.all_special_ids)
        head = 0
        while head < span[0] and ids[head] in special:
            head += 1
        made = _made_up(language, prefixes, 8, seed)
        said = [[*ids[:head], *prefix, *ids[head:], *target[:-1]] for prefix in [[], *made]]
        self.rows = len(said)
        self.at = [len(row) - len(ids) - len(target) + 1 + span[1] - 1 for row in said]
        self.ends = [len(row) - len(target) for row in said]
        essence = language.encode(f"{subject} is a")[0].tolist()
        said.append(essence)
        self.at.append(language.span_of(subject, essence)[1] - 1)
        longest = max(map(len, said))
        pad = language.tokenizer.pad_token_id or 0
        device = language.device
        self.inputs = {
            "input_ids": torch.tensor([row + [pad] * (longest - len(row)) for row in said], device=device),
            "attention_mask": torch.tensor(
                [[1] * len(row) + [0] * (longest - len(row)) for row in said], device=device
            ),
        }
        self.essence_end = len(essence) - 1

    def solve(
        self, steps: int, rate: float, divergence: float, decay: float, furthest: float, tell: Progress | None
    ) -> tuple[Tensor, Tensor]:
        """The key (inputs,) and the value (outputs,)."""
        model, site = self.language.model, Site(self.name)
        inputs = {**self.inputs, "use_cache": False}
        with torch.no_grad():
            seen = record(model, inputs, [site, Site(self.name, at="in")])
            place = find_places(model, [site])[0]
            past = Replay(model, inputs, self.rows + 1, [place])
            later = past.before(place)  # what comes before the layer is the same in every step
            if not torch.allclose(later(**inputs).logits, seen.output.logits, rtol=1e-3, atol=1e-3):
                later = model
        rows = torch.arange(self.rows + 1, device=self.language.device)
        at = torch.tensor(self.at, device=self.language.device)
        key = seen[Site(self.name, at="in")][rows, at][: self.rows].float().mean(dim=0)
        start = seen[site][rows, at][0].float()
        natural = seen.output.logits[self.rows, self.essence_end].float().log_softmax(dim=-1)
        added = torch.zeros_like(start, requires_grad=True)
        optimiser = torch.optim.Adam([added], lr=rate)
        wanted = torch.tensor(self.target, device=self.language.device)
        places = torch.tensor([[end + k for k in range(len(self.target))] for end in self.ends]).to(rows.device)
        for step in range(steps):
            optimiser.zero_grad()
            with torch.enable_grad():
                with _adding(dict(model.named_modules())[self.name], rows, at, added):
                    logits = later(**inputs).logits.float()
                told = logits[rows[: self.rows, None], places].log_softmax(dim=-1)
                loss = -told.gather(2, wanted.expand(self.rows, -1)[..., None]).sum(dim=(1, 2)).mean()
                now = logits[self.rows, self.essence_end].log_softmax(dim=-1)
                loss = loss + divergence * (natural.exp() * (natural - now)).sum()
                loss = loss + decay * added.square().sum() / start.square().sum()
                loss.backward()
            if not bool(torch.isfinite(loss)):
                raise TrainingError(f"the loss of the value is {float(loss)} at step {step}: take a smaller rate")
            optimiser.step()
            with torch.no_grad():
                most = furthest * float(start.norm())
                if float(added.norm()) > most:
                    added *= most / added.norm()
            if tell is not None:
                tell("value", step + 1, steps)
        return key, (start + added).detach()


@contextmanager
def _adding(module: nn.Module, rows: Tensor, at: Tensor, added: Tensor) -> Iterator[None]:
    """While the block lasts, a vector is added to what the module gives, in each row at its own position."""

    def add(_: nn.Module, __: Any, output: Tensor) -> Tensor:
        return output.index_put((rows, at), added.to(output.dtype).expand(len(rows), -1), accumulate=True)

    handle = module.register_forward_hook(add)
    try:
        yield
    finally:
        handle.remove()


def _made_up(language: CausalLanguageModel, texts: int, length: int, seed: int) -> list[list[int]]:
    """Texts that the model itself makes up, as tokens."""
    if texts < 1:
        return []
    tokenizer = language.tokenizer
    start = next((t for t in (tokenizer.bos_token_id, tokenizer.eos_token_id) if t is not None), 0)
    begun = torch.full((texts, 1), start, device=language.device)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        made = cast(Any, language.model).generate(
            input_ids=begun,
            attention_mask=torch.ones_like(begun),
            do_sample=True,
            top_k=0,
            top_p=1.0,
            temperature=1.0,
            max_new_tokens=length,
            min_new_tokens=length,
            pad_token_id=tokenizer.pad_token_id,
        )
    return [row[1:].tolist() for row in made]


# -- where, and what it usually sees -----------------------------------------------------------------------------------


def _layer_effects(
    language: CausalLanguageModel, prompt: str, answer: str, span: tuple[int, int], seed: int, tell: Progress | None
) -> tuple[float, ...]:
    """The share of the model's own answer that each layer's perceptron restores at the subject's last token."""
    question = ask(language, prompt, None, answer, None)
    sites = [Site(language.memory(layer), position=span[1] - 1) for layer in range(language.layers)]
    seeds = range(seed, seed + 5)
    found = trace(
        language.model,
        {"inputs_embeds": noised(language, question.ids, span, 3.0, seeds)},
        sites,
        question.metric,
        against={"inputs_embeds": embedded(language, question.ids, 5)},
        progress=tell,
    )
    return tuple(float(share) for share in found.recovered)


@torch.no_grad()
def _usual_keys(language: CausalLanguageModel, name: str, texts: Sequence[str], seed: int) -> Tensor:
    """(tokens, inputs): what the layer is given on these texts, or on texts that the model makes up."""
    site = Site(name, at="in")
    if texts:
        seen = [record(language.model, {"input_ids": language.encode(text)}, [site])[site] for text in texts]
    else:
        with intervene(language.model, record=[site]) as run:
            _made_up(language, USUAL_TEXTS, USUAL_TOKENS, seed + 1)
        seen = run.runs(site)
    return torch.cat([keys.flatten(0, 1).float().cpu() for keys in seen])


def _spanning(keys: Tensor) -> Tensor:
    """The keys with a tenth of their mean square in every direction besides, so that few span all inputs."""
    inputs = keys.shape[1]
    share = 0.1 * float(keys.square().sum()) / inputs
    return torch.cat([keys, share**0.5 * torch.eye(inputs)])


def _random(edit: Edit, seed: int) -> Edit:
    """A change of the same length that writes a random value under the same key."""
    key = torch.linalg.svd(edit.delta.float(), full_matrices=False)[2][0]
    drawn = torch.randn(len(edit.delta), generator=torch.Generator().manual_seed(seed + 2000))
    change = torch.outer(drawn / drawn.norm(), key.cpu()) * float(edit.delta.float().norm())
    return Edit(edit.name, change.to(edit.delta), edit.made_for)


# -- a saved edit ------------------------------------------------------------------------------------------------------


def apply_edit(language: CausalLanguageModel, folder: str | Path, save: str | Path) -> list[Scored]:
    """Writes a saved edit into the model and saves that as a folder, which is then read back and scored.

    Args:
        language: The model that the edit was made for; it is left as it was.
        folder: What `edit_fact` wrote.
        save: Folder of the edited model.

    Raises:
        FormatError: If the folder holds no edit, or the place to save is taken.
        InterventionError: If the edit was made for other weights.
    """
    folder, place = Path(folder), Path(save)
    edit = Edit.load(folder / "edit.safetensors")
    try:
        told: Mapping[str, Any] = json.loads((folder / "edit.json").read_text())
        prompt, answer = str(told["prompt"]), str(told["answer"])
        texts = {
            what: [p["prompt"] for p in told["prompts"] if p["what"] == what] for what in (GENERALISATION, LOCALITY)
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{folder / 'edit.json'} is missing or damaged ({error})") from error
    if place.exists() and any(place.iterdir()):
        raise FormatError(f"{place} is not empty: give a new folder (--save)")
    edit.apply(language.model)
    try:
        language.save(place)
    finally:
        edit.undo()
    kinds, target = _kinds(prompt, texts[GENERALISATION], texts[LOCALITY]), language.continuation(answer)
    before = [_look(language, text, target, None) for _, text in kinds]
    return _compared(load_causal_language_model(place, dtype="auto"), kinds, target, before)
