"""What a language model says before and after one patch: `aitia trace --says`.

The corrupted run gets back, at some sites at once, what they have in the clean one, as in a trace; told is not only the
metric but how likely each next token is in all three runs.

Source:
    Heimersheim and Nanda, How to use and interpret activation patching, 2024.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aitia.errors import InterventionError, OptionError
from aitia.inside.prompt import Question, ask
from aitia.inside.work import TraceWork
from aitia.nn.causal_language import CausalLanguageModel
from aitia.nn.sites import Patch, Site, intervene, record

__all__ = ["PatchedAnswers", "patched_answers"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PatchedAnswers:
    """What a model says next, before and after a patch.

    Args:
        question: The prompt and what was measured.
        sites: What was patched, all at once.
        corrupted: How the prompt was corrupted, in words.
        tokens: (answers,) next tokens: the answer, what it is held against, and the likeliest of the three runs.
        probabilities: (3, answers) after the prompt, after the corrupted one, and after that with the patch; means over
            the draws of the noise.
        metric: (3,) the metric of the same runs.
        model: Its name.
    """

    question: Question
    sites: tuple[Site, ...]
    corrupted: str
    tokens: tuple[str, ...]
    probabilities: Values
    metric: tuple[float, float, float]
    model: str

    @property
    def effect(self) -> float:
        """Share restored of the way from the corrupted run to the clean one."""
        clean, broken, patched = self.metric
        return (patched - broken) / (clean - broken)

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        runs = ("clean", "corrupted", "patched")
        return {
            "model": self.model,
            "prompt": self.question.prompt,
            "corrupted": self.corrupted,
            "sites": [str(site) for site in self.sites],
            "measured": self.question.measured,
            "metric": dict(zip(runs, self.metric, strict=True)),
            "effect": self.effect,
            "answers": [
                {"token": token, **dict(zip(runs, self.probabilities[:, k].tolist(), strict=True))}
                for k, token in enumerate(self.tokens)
            ],
            "notes": list(self.question.notes),
        }


@torch.no_grad()
def patched_answers(
    language: CausalLanguageModel,
    prompt: str,
    sites: Sequence[str],
    *,
    against: str | None = None,
    subject: str | None = None,
    answer: str | None = None,
    other: str | None = None,
    noise: float = 3.0,
    draws: int = 5,
    shown: int = 8,
    seed: int = 0,
) -> PatchedAnswers:
    """Patches a corrupted run at some sites at once, and tells what the model says then.

    Args:
        language: The model.
        prompt: The text whose continuation is explained.
        sites: What is patched, each one place: without `*`.
        against: Another prompt of as many tokens, which is the corrupted run; None corrupts by noise.
        subject: The part of the prompt whose embeddings get the noise; None takes the word whose noise costs most.
        answer: What may come next; None takes the model's own first choice.
        other: What it is held against.
        noise: In standard deviations of the embeddings.
        draws: Of the noise.
        shown: How many tokens are told at least.
        seed: Of the noise.

    Raises:
        OptionError: If no site is named or one holds `*`, options contradict, or the two runs measure the same.
        UnknownVariableError: If a site names no module; says the nearest.
        InterventionError: If prompts differ in token length, a place is beyond the prompt, or numbers are not finite.
    """
    places = tuple(Site(site) for site in sites)
    if not places or any("*" in str(site) for site in places):
        raise OptionError("say which places are patched, each by itself: --site 'model.layers.3[position=4]', no *")
    if against is not None and subject is not None:
        raise OptionError("a prompt is corrupted by another one (against) or by noise on a part of it (subject)")
    if not noise > 0 or draws < 2 or shown < 1:
        raise OptionError(f"noise is above 0, draws at least 2 and shown at least 1, got {noise}, {draws} and {shown}")
    question = ask(language, prompt, answer, other, against)
    work = TraceWork(language, question, "patch", noise, draws, seed, draws)
    work.prepare(against, subject)
    assert work.source is not None  # a patch has another run
    assert work.corrupted is not None
    model = language.model
    there = record(model, work.source, places)
    runs = [model(**given, use_cache=False) for given in (work.source, work.inputs)]
    with intervene(model, {site: Patch(there[site]) for site in places}):
        runs.append(model(**work.inputs, use_cache=False))
    metric = [float(question.metric(run).mean()) for run in runs]
    if not np.isfinite(metric).all():
        raise InterventionError(f"{language.name} gives numbers that are not finite: its weights are damaged, or the "
                                "type of its numbers is too narrow (--dtype float32)")  # fmt: skip
    if abs(metric[0] - metric[1]) < 1e-6:
        raise OptionError(
            f"the corrupted run measures as the clean one ({metric[0]:.3f}), so there is nothing to restore: corrupt "
            "another part, or name another answer"
        )
    shares = torch.stack([run.logits[:, -1].cpu().double().softmax(dim=-1).mean(dim=0) for run in runs])
    named = [token for token in (question.answer, question.other) if token is not None]
    likely = shares.max(dim=0).values.topk(min(shown, shares.shape[1])).indices.tolist()
    tokens = list(dict.fromkeys([*named, *likely]))[: max(shown, len(named))]
    return PatchedAnswers(
        question, places, work.corrupted, tuple(language.words(tokens)), shares[:, tokens].numpy(),
        (metric[0], metric[1], metric[2]), language.name,
    )  # fmt: skip
