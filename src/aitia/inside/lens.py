"""What a language model would say if it stopped early: the logit lens, `aitia trace --lens`.

What a layer gives, the residual stream, is taken for what the last layer gives, and what the model does after its last
layer (its norm and its head, whatever they are) makes logits of it. At the last layer they are the model's own. At
early layers they can mislead, since later layers may read the stream in another basis than the head does.

Source:
    nostalgebraist, interpreting GPT: the logit lens (2020); Belrose et al., Eliciting latent predictions from
    transformers with the tuned lens (2023), for where it misleads.
"""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.errors import InterventionError
from aitia.inside.prompt import Question, ask
from aitia.nn.causal_language import CausalLanguageModel
from aitia.nn.sites.intervene import call, record
from aitia.nn.sites.places import find_places, set_part
from aitia.nn.sites.replay import Replay
from aitia.runs import open_run

__all__ = ["LogitLens", "lens_logits", "logit_lens"]

Values = NDArray[np.float64]
FILES = ("lens.csv", "lens.json", "lens.png", "report.html")
"""What a lens writes into its folder."""


@dataclass(frozen=True, eq=False)
class LogitLens:
    """What each layer would say at each token.

    Args:
        question: The prompt and the answer that is looked for.
        layers: Names of what is looked at: what the first layer is given, and what each gives.
        said: (layers, tokens) the likeliest next token.
        sure: (layers, tokens) its probability.
        answer: (layers, tokens) the probability of the answer.
        rank: (layers,) the place of the answer among all tokens, after the prompt; 1 is the first.
        model: Its name.
    """

    question: Question
    layers: tuple[str, ...]
    said: tuple[tuple[str, ...], ...]
    sure: Values
    answer: Values
    rank: tuple[int, ...]
    model: str

    @property
    def first(self) -> str | None:
        """The first layer from which on the answer stays the likeliest; None where it is not at the last."""
        k = len(self.rank)
        while k and self.rank[k - 1] == 1:
            k -= 1
        return self.layers[k] if k < len(self.rank) else None

    def _repr_html_(self) -> str:
        from aitia.inside.notebook import lens_html

        return lens_html(self)

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "model": self.model,
            "prompt": self.question.prompt,
            "tokens": list(self.question.words),
            "answer": self.question.answer_text,
            "first": self.first,
            "layers": [
                {"layer": name, "rank": self.rank[k], "answer": self.answer[k].tolist(), "said": list(self.said[k]),
                 "sure": self.sure[k].tolist()}
                for k, name in enumerate(self.layers)
            ],
            "notes": list(self.question.notes),
        }  # fmt: skip


@torch.no_grad()
def lens_logits(model: nn.Module, inputs: Any, blocks: str) -> tuple[tuple[str, ...], list[Tensor]]:
    """The logits of each layer, (rows, tokens, vocabulary): of what the first is given, and of what each gives.

    Args:
        model: A causal transformer in evaluation mode.
        inputs: Of the run, as a mapping.
        blocks: The site of what each layer gives, such as `model.layers.*`.

    Returns:
        The names of the layers, and their logits in the same order; the last are the model's own.

    Raises:
        UnknownVariableError: If there are no such blocks.
        InterventionError: If what the last layer gives does not reach the logits by way of the model's modules.
    """
    places = find_places(model, [blocks])
    start = f"{places[0].name}[in]"
    sites = [start, *(place.name for place in places)]
    seen = record(model, {**inputs, "use_cache": False}, sites)
    last = places[-1]
    past = Replay(model, {**inputs, "use_cache": False}, len(next(iter(seen.values()))), [last])
    given = past.given(last)
    found = []
    for site in sites:
        runner = past.giving(last, set_part(given, None, seen[site], site))
        found.append(call(runner, {**inputs, "use_cache": False}).logits)
    if torch.equal(found[0], found[-1]) and not torch.equal(seen[start], seen[last.name]):
        raise InterventionError(
            f"{type(model).__name__} does not read its last layer through its modules: it has no lens"
        )
    return tuple(sites), found


def logit_lens(
    language: CausalLanguageModel,
    prompt: str,
    answer: str | None = None,
    *,
    out: str | Path | None = None,
    command: str | None = None,
) -> LogitLens:
    """What each layer of a language model would say after a prompt, and at each of its tokens.

    Args:
        language: The model.
        prompt: The text.
        answer: What is looked for, such as " Paris"; None takes the model's own first choice.
        out: Folder for `lens.csv`, `lens.json`, `lens.png` and `report.html`.
        command: The command line that repeats it.

    Raises:
        OptionError: If a text is empty, or too long for the model.
        RunError: If the folder holds another run.
    """
    question = ask(language, prompt, answer, None, None)
    opened = (
        nullcontext()
        if out is None
        else open_run(
            out, kind="lens", config={"prompt": prompt, "answer": answer}, inputs={"model": language.fingerprint},
            files=FILES, command=command,
        )
    )  # fmt: skip
    with opened as run:
        names, logits = lens_logits(language.model, {"input_ids": question.ids}, language.blocks)
        said, sure, wanted, rank = [], [], [], []
        for each in logits:
            shares = each[0].double().softmax(dim=-1).cpu()
            top = shares.max(dim=-1)
            said.append(tuple(language.words(top.indices.tolist())))
            sure.append(top.values.numpy())
            wanted.append(shares[:, question.answer].numpy())
            rank.append(1 + int((each[0, -1] > each[0, -1, question.answer]).sum()))
        found = LogitLens(question, names, tuple(said), np.array(sure), np.array(wanted), tuple(rank), language.name)
        if run is not None:
            from aitia.inside.lens_report import save

            save(found, run, command)
    return found
