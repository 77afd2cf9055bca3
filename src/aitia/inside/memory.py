"""What an edit writes: the layer that carries a fact, the key that its prompt makes, the value to be found under it.

Equation (1) of `aitia.inside.edit`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

from aitia.engine import Progress
from aitia.errors import TrainingError
from aitia.inside.prompt import ask, embedded, noised
from aitia.nn.causal_language import CausalLanguageModel
from aitia.nn.sites import Site, intervene, record, trace
from aitia.nn.sites.places import find_places
from aitia.nn.sites.replay import Replay
from aitia.stats.worth import within_noise

__all__ = ["ValueSearch", "layer_effects", "spanning", "usual_keys"]

USUAL_TEXTS, USUAL_TOKENS = 24, 32
"""How much text the model makes up where none is given."""


class ValueSearch:
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
        made = made_up(language, prefixes, 8, seed)
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


def made_up(language: CausalLanguageModel, texts: int, length: int, seed: int) -> list[list[int]]:
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


def layer_effects(
    language: CausalLanguageModel, prompt: str, answer: str, span: tuple[int, int], seed: int, tell: Progress | None
) -> tuple[tuple[float, ...], str | None]:
    """The share of the model's own answer that each layer's perceptron restores at the subject's last token.

    Returns:
        The shares, and why they say nothing; None where they do.
    """
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
    assert found.other is not None
    return tuple(float(share) for share in found.recovered), within_noise(found.other - found.plain)


@torch.no_grad()
def usual_keys(language: CausalLanguageModel, name: str, texts: Sequence[str], seed: int) -> Tensor:
    """(tokens, inputs): what the layer is given on these texts, or on texts that the model makes up."""
    site = Site(name, at="in")
    if texts:
        seen = [record(language.model, {"input_ids": language.encode(text)}, [site])[site] for text in texts]
    else:
        with intervene(language.model, record=[site]) as run:
            made_up(language, USUAL_TEXTS, USUAL_TOKENS, seed + 1)
        seen = run.runs(site)
    return torch.cat([keys.flatten(0, 1).float().cpu() for keys in seen])


def spanning(keys: Tensor) -> Tensor:
    """The keys with a tenth of their mean square in every direction besides, so that few span all inputs."""
    inputs = keys.shape[1]
    share = 0.1 * float(keys.square().sum()) / inputs
    return torch.cat([keys, share**0.5 * torch.eye(inputs)])
