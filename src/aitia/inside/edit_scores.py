"""How an edit is scored: every prompt in the final model, beside the unedited one and a random edit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from aitia.errors import InterventionError
from aitia.inside.edit_means import EditScore, edit_score
from aitia.nn.causal_language import CausalLanguageModel
from aitia.nn.edits import Edit
from aitia.nn.sites.weight_paths import oriented

__all__ = [
    "EFFICACY",
    "GENERALISATION",
    "LOCALITY",
    "Scored",
    "compared",
    "edit_scores",
    "kinds_of",
    "look",
    "random_edit",
    "score_edit",
]

EFFICACY, GENERALISATION, LOCALITY = "efficacy", "generalisation", "locality"


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
    kinds = kinds_of(prompt, paraphrases, neighbours)
    target = language.continuation(answer)
    before = [look(language, text, target, None) for _, text in kinds]
    weight = oriented(dict(language.model.named_modules())[edit.name], edit.name)
    old = weight.clone()
    edit.apply(language.model)
    try:
        if bool(edit.delta.any()) and torch.equal(weight, old):
            raise InterventionError(
                f"the edit of {edit.name} left every weight as it was, so the unedited model would be scored: it was "
                f"not applied, or is too small for {str(weight.dtype).removeprefix('torch.')}"
            )
        return compared(language, kinds, target, before)
    finally:
        edit.undo()


@dataclass(frozen=True)
class Look:
    """What a model says after one prompt: its first choice, P(new answer), P(the unedited model's first choice)."""

    first: int
    new: float
    old: float


def kinds_of(prompt: str, paraphrases: Sequence[str], neighbours: Sequence[str]) -> list[tuple[str, str]]:
    """Every prompt with what it is for."""
    return [(EFFICACY, prompt), *((GENERALISATION, p) for p in paraphrases), *((LOCALITY, n) for n in neighbours)]


def compared(
    edited: CausalLanguageModel, kinds: Sequence[tuple[str, str]], target: Sequence[int], before: Sequence[Look]
) -> list[Scored]:
    """The edited model, as it stands, beside what the unedited one said."""
    found = []
    for (what, text), was in zip(kinds, before, strict=True):
        now, stays = look(edited, text, target, was.first), what == LOCALITY
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


@torch.no_grad()
def look(language: CausalLanguageModel, text: str, target: Sequence[int], original: int | None) -> Look:
    """What the model says after a text: its first choice, and how probable the target and the original choice are."""
    ids = language.encode(text)
    whole = torch.cat([ids, torch.tensor([list(target[:-1])], dtype=ids.dtype, device=ids.device)], dim=1)
    logits = language.model(input_ids=whole, use_cache=False).logits[0, ids.shape[1] - 1 :].cpu().double()
    if not bool(torch.isfinite(logits).all()):
        raise InterventionError(f"the model gives no finite numbers after {text!r}")
    said = logits.log_softmax(dim=-1)
    first = int(said[0].argmax())
    new = sum(float(said[k, token]) for k, token in enumerate(target))
    return Look(first, math.exp(new), math.exp(float(said[0, first if original is None else original])))


def edit_scores(prompts: Sequence[Scored], held: str, value: str) -> tuple[EditScore, ...]:
    """The scores of one model, whose outcomes and probabilities are these fields."""
    scores = []
    for what in dict.fromkeys(p.what for p in prompts):
        mine = [p for p in prompts if p.what == what]
        held_there, there = ([getattr(p, field) for p in mine] for field in (held, value))
        scores.append(edit_score(what, held_there, [p.before for p in mine], there))
    return tuple(scores)


def random_edit(edit: Edit, seed: int) -> Edit:
    """A change of the same length that writes a random value under the same key."""
    key = torch.linalg.svd(edit.delta.float(), full_matrices=False)[2][0]
    drawn = torch.randn(len(edit.delta), generator=torch.Generator().manual_seed(seed + 2000))
    change = torch.outer(drawn / drawn.norm(), key.cpu()) * float(edit.delta.float().norm())
    return Edit(edit.name, change.to(edit.delta), edit.made_for)
