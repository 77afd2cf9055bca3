"""The fit: settings are tried on every prompt, the evaluator marks them, and a policy is learnt of the marks."""

from collections.abc import Sequence

import numpy as np
import torch

from aitia.errors import DataError
from aitia.nn.pipelines import ImagePipeline
from aitia.system import Given
from aitia.systems.lina.config import LinaConfig
from aitia.systems.lina.drawing import Prompted, Strengths, calls, check_strengths
from aitia.systems.lina.evaluators import Evaluator
from aitia.systems.lina.found import Found
from aitia.systems.lina.marks import Marks, Wants, told_apart
from aitia.systems.lina.policy import learn_policy, pooled, shrunk
from aitia.systems.lina.search import first_settings, marked, more_settings

__all__ = ["LEAST", "found_of", "groups_of", "told_shares"]

LEAST = 0.6
"""Area under the curve below which an evaluator does not tell pictures of a prompt from those of others."""


def groups_of(given: Given) -> list[str]:
    """The group of each row; rows of one prompt are of one group where no column says more."""
    column = given.column("group")
    if column is not None and column in given.table:
        return [str(label) for label in given.labels("group")]
    return given.texts("prompt")


def told_shares(prompts: Sequence[str], wants: Wants) -> dict[str, float]:
    """For each attribute, in how many of the rows that want something of it the prompt says so, as a share."""
    found = {}
    for place, (name, labels) in enumerate(wants.labels.items()):
        rows = np.flatnonzero(wants.codes[:, place] >= 0).tolist()
        said = [labels[wants.codes[row, place]].lower() in prompts[row].lower().split() for row in rows]
        found[name] = float(np.mean(said)) if said else 0.0
    return found


def found_of(
    pipeline: ImagePipeline, judges: tuple[Evaluator, Evaluator], given: Given, prompted: Prompted, wants: Wants,
    config: LinaConfig,
) -> Found:  # fmt: skip
    """What is found on rows.

    Raises:
        OptionError: If the pipeline's guidance is built in and others are asked for.
        DataError: If there are fewer than four prompts, or the evaluator tells no prompt from others.
    """
    if len(prompted) < 4:
        raise DataError(f"strengths are learnt from 4 prompts or more, got {len(prompted)}")
    settings = first_settings(config)
    check_strengths(pipeline, [*settings, *(Strengths(1.0, 0.0, c) for c in config.contrast)])
    noise = pipeline.noise(len(prompted) * config.samples, config.seed)

    def tried(some: Sequence[Strengths]) -> list[list[Marks]]:
        return [marked(pipeline, prompted, wants, judges, noise, one, config) for one in some]

    seen = tried(settings)
    first = int(np.argmax([one[0].likely(wants).mean() for one in seen]))
    apart = told_apart(seen[first][0], wants)
    if apart < LEAST:
        raise DataError(
            f"by the evaluator, pictures of a prompt show what it wants hardly more than pictures of other prompts do "
            f"(area under the curve {apart:.2f}, {LEAST} is asked for): nothing can be chosen by it, or this model "
            "does not follow these prompts at all"
        )
    more = more_settings(config, settings[first], bool(prompted.contrasted.any()))
    settings, seen = [*settings, *more], [*seen, *tried(more)]
    marks = np.stack([one[0].likely(wants) for one in seen], axis=1)
    h, prompts, scores = pooled(prompted.said), given.texts("prompt"), marks.mean(2)
    policy = learn_policy(h, scores, groups_of(given), config.components, config.seed)
    own, kept = shrunk(policy, h, marks)
    prints = judges[0].fingerprint, judges[1].fingerprint
    picked = own.argmax(1)
    single = settings[policy.single]
    notes = [
        f"{len(settings)} settings, {config.samples} pictures each of {len(prompted)} prompts; the best for all is "
        f"{single}, drawn with {calls(single, config.steps, config.early)} calls of the denoiser a picture",
        f"{len(set(picked.tolist()))} of them in use on these prompts, each by its own marks, of which {kept:.0%} "
        f"is taken to be no chance; on prompts held out the policy gains {policy.gain:+.3f} of the evaluator's "
        "probability over the best for all",
        f"chosen by the evaluator {prints[0][:12]}, scored by {prints[1][:12]}",
    ]
    warnings = []
    if prints[0] == prints[1]:
        warnings.append("one evaluator chose the strengths and scores them: give another one as referee")
    if not policy.gain > 0:
        warnings.append("no policy did better on prompts held out than one setting for all: that is what new ones get")
    found = Found(settings, wants.labels, h.shape[1], policy.basis.shape[1], policy.penalty, policy.gain, prints,
                  dict(zip(prompts, picked.tolist(), strict=True)), told_shares(prompts, wants), notes,
                  warnings)  # fmt: skip
    right = np.stack([one[1].right(wants).mean((0, 1)) for one in seen])
    return found.with_numbers(mean=policy.mean, basis=policy.basis, weights=policy.weights, base=policy.base,
                              marks=torch.from_numpy(scores.mean(0)), right=torch.from_numpy(right))  # fmt: skip
