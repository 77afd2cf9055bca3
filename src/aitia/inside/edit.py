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

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aitia.engine import Progress
from aitia.errors import OptionError
from aitia.files import check_free, new_folder
from aitia.guard import guarded, read_json
from aitia.inside.edit_means import EditScore
from aitia.inside.edit_scores import (
    GENERALISATION,
    LOCALITY,
    Scored,
    compared,
    edit_scores,
    kinds_of,
    look,
    random_edit,
    score_edit,
)
from aitia.inside.memory import ValueSearch, layer_effects, spanning, usual_keys
from aitia.inside.prompt import Question, ask, telling_word
from aitia.inside.worth import edit_alarms, layer_reason
from aitia.nn.causal_language import CausalLanguageModel, load_causal_language_model
from aitia.nn.edits import Edit, edit_memory
from aitia.nn.sites.weight_paths import oriented
from aitia.runs import open_run

__all__ = ["Applied", "FactEdit", "apply_edit", "edit_fact"]

FILES = ("edit.safetensors", "edit.json", "prompts.csv", "report.html")
"""What an edit writes into its folder."""


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
        alarms: Why the edit is worth little, in sentences.
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
    alarms: tuple[str, ...] = ()

    @property
    def took(self) -> bool:
        """Whether the model now says the answer, and not for the mere size of the change."""
        return not edit_alarms(self.prompts, self.answer)

    @property
    def layer_reason(self) -> str:
        """Why this layer, in a sentence."""
        return layer_reason(self.layer, self.layer_effects, self.subject)

    def to_json(self) -> dict[str, Any]:
        """All but the weights, as JSON values."""
        told = {name: value for name, value in vars(self).items() if name not in ("edit", "source")}
        for name in ("scores", "control", "unedited"):
            told[name] = [vars(item) for item in told[name]]
        told["prompts"] = [prompt.to_json() for prompt in self.prompts]
        told |= {name: list(told[name]) for name in ("layer_effects", "notes", "alarms")}
        return {**told, "module": self.edit.name, "took": self.took, "layer_reason": self.layer_reason}


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
    how = _How(steps, rate, divergence, decay, furthest, prefixes, seed)
    texts = _Texts(tuple(paraphrases), tuple(neighbours), tuple(usual))
    question, target = _asked(language, prompt, answer)
    config = {"prompt": prompt, "answer": answer, "subject": subject, "layer": layer}
    config |= {name: list(given) for name, given in vars(texts).items()} | vars(how)
    hashes = {"model": language.fingerprint}
    opened = (
        nullcontext()
        if out is None
        else open_run(out, kind="edit", config=config, inputs=hashes, files=FILES, command=command)
    )
    with opened as run:
        found = _found(language, question, answer, target, subject, layer, texts, how, source, progress)
        if run is not None:
            from aitia.inside.report import save_edit

            found.edit.save(run.path / "edit.safetensors")
            run.keep("edit.safetensors")
            save_edit(found, run, command)
    return found


@dataclass(frozen=True)
class _How:
    """The options of (1)."""

    steps: int
    rate: float
    divergence: float
    decay: float
    furthest: float
    prefixes: int
    seed: int

    def __post_init__(self) -> None:
        too_low = self.steps < 1 or self.prefixes < 0 or self.divergence < 0 or self.decay < 0
        if too_low or not self.rate > 0 or not self.furthest > 0:
            raise OptionError(
                "steps is at least 1, rate and furthest are above 0, and prefixes, divergence and decay not below: got "
                f"{self.steps}, {self.rate}, {self.furthest}, {self.prefixes}, {self.divergence} and {self.decay}"
            )


@dataclass(frozen=True)
class _Texts:
    """Texts beside the prompt."""

    paraphrases: tuple[str, ...]
    neighbours: tuple[str, ...]
    usual: tuple[str, ...]


def _asked(language: CausalLanguageModel, prompt: str, answer: str) -> tuple[Question, list[int]]:
    """The question, and the tokens of the answer, which is not what the model says anyway."""
    question, target = ask(language, prompt, answer, None, None), language.continuation(answer)
    if int(language.log_probabilities([prompt])[0].argmax()) == target[0]:
        raise OptionError(f"the model says {answer!r} after this prompt already: there is nothing to edit")
    return question, target


def _found(
    language: CausalLanguageModel,
    question: Question,
    answer: str,
    target: list[int],
    subject: str | None,
    layer: int | None,
    texts: _Texts,
    how: _How,
    source: str,
    progress: Progress | None,
) -> FactEdit:
    """The edit with its score."""
    prompt, ids, seed = question.prompt, question.ids[0].tolist(), how.seed
    if subject is not None:
        span = language.span_of(subject, ids)
    else:
        span, _ = telling_word(language, ask(language, prompt, None, answer, None), 3.0, range(seed, seed + 5))
    about = "".join(question.words[slice(*span)]).strip()
    effects: tuple[float, ...] = ()
    alarms: tuple[str, ...] = ()
    if layer is None:
        effects, noise = layer_effects(language, prompt, answer, span, seed, progress)
        alarms = () if noise is None else (f"the trace that chose the layer says nothing: {noise}",)
        layer = max(range(1, len(effects)), key=effects.__getitem__, default=0)
    name = language.memory(layer)
    task = ValueSearch(language, name, ids, target, span, about, how.prefixes, seed)
    key, value = task.solve(how.steps, how.rate, how.divergence, how.decay, how.furthest, progress)
    seen = usual_keys(language, name, texts.usual, seed)
    edit = edit_memory(language.model, name, key[None], value[None], usual=spanning(seen))
    weight = oriented(dict(language.model.named_modules())[name], name)
    prompts = _scored(language, edit, prompt, answer, texts, seed)
    return FactEdit(
        edit,
        prompt,
        answer,
        about,
        layer,
        effects,
        edit_scores(prompts, "success", "after"),
        edit_scores(prompts, "held_random", "random"),
        edit_scores(prompts, "held_before", "before"),
        tuple(prompts),
        float(edit.delta.float().norm()),
        float(weight.float().norm()),
        _notes(target, texts),
        language.name,
        source,
        (*alarms, *edit_alarms(prompts, answer)),
    )


def _scored(
    language: CausalLanguageModel, edit: Edit, prompt: str, answer: str, texts: _Texts, seed: int
) -> list[Scored]:
    """Every prompt under the edit, beside a random value under the same key."""
    ours = score_edit(language, edit, prompt, answer, texts.paraphrases, texts.neighbours)
    random = score_edit(language, random_edit(edit, seed), prompt, answer, texts.paraphrases, texts.neighbours)
    return [
        Scored(**{**vars(p), "random": r.after, "held_random": r.success}) for p, r in zip(ours, random, strict=True)
    ]


def _notes(target: Sequence[int], texts: _Texts) -> tuple[str, ...]:
    notes = [] if len(target) == 1 else [f"The answer is {len(target)} tokens; its probability is that of all."]
    if lacking := " and ".join(name for name in ("paraphrases", "neighbours") if not getattr(texts, name)):
        notes.append(
            f"No {lacking} were given: whether the edit carries over, or leaves the rest alone, is partly unknown."
        )
    return tuple(notes)


@dataclass(frozen=True)
class Applied:
    """A saved edit that was written into a model, as it was then measured on what was written.

    Args:
        prompt: What was edited.
        answer: What the model is to say.
        prompts: Every prompt of the score.
        alarms: Why it is worth little, in sentences: the edit did not take.
    """

    prompt: str
    answer: str
    prompts: tuple[Scored, ...]
    alarms: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        told = {"prompt": self.prompt, "answer": self.answer, "took": not self.alarms, "alarms": list(self.alarms)}
        return {**told, "prompts": [p.to_json() for p in self.prompts]}


def apply_edit(language: CausalLanguageModel, folder: str | Path, save: str | Path) -> Applied:
    """Writes a saved edit into the model and saves that as a folder, which is then read back and scored.

    The folder holds numbers of the type that the model's own files hold, whatever it was loaded as.

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
    told: Mapping[str, Any] = read_json(folder / "edit.json", dict)
    with guarded(folder / "edit.json", "is damaged"):
        prompt, answer = str(told["prompt"]), str(told["answer"])
        texts = {
            what: [p["prompt"] for p in told["prompts"] if p["what"] == what] for what in (GENERALISATION, LOCALITY)
        }
    check_free(place)
    with new_folder(place) as stage:
        edit.apply(language.model)
        try:
            language.save(stage)
        finally:
            edit.undo()
    kinds, target = kinds_of(prompt, texts[GENERALISATION], texts[LOCALITY]), language.continuation(answer)
    before = [look(language, text, target, None) for _, text in kinds]
    scored = tuple(compared(load_causal_language_model(place, dtype="auto"), kinds, target, before))
    return Applied(prompt, answer, scored, edit_alarms(scored, answer))
