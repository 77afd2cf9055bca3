"""Discrete diffusion with an absorbing mask: what is masked is said at its place, in any order, by a two-way model.

    q(x_t | x_0):  each token is masked by itself with probability (1 - eps) t                                     (1)
    loss = E_t sum over masked of -log p(x_0 | x_t) / t                                                            (2)
    x_s from x_t, s < t:  a masked token stays so with probability s / t, else is drawn from p(x_0 | x_t)          (3)

The mask itself is never said, and a token that is there says itself (SUBS).

Source:
    Sahoo et al., Simple and effective masked diffusion language models, NeurIPS 2024, equations 5 to 11; Chang et al.,
    MaskGIT, CVPR 2022, section 3.2, for the order by confidence; Zheng et al., Masked diffusion models are secretly
    time-agnostic masked models, ICLR 2025, section 4, for the order at random: one token a step is (3) with steps
    without end.
"""

from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from aitia.errors import DataError, InterventionError, OptionError
from aitia.nn.sequences.model import SequenceModel

__all__ = ["MaskedDiffusion", "Sampler", "TimeInput", "times"]

FLOOR = 1e-3
"""The least time, and eps of (1): 1 / t of (2) has no bound below it."""
Sampler = Literal["ancestral", "confidence", "random"]
"""Which masked tokens are drawn at a step: each by itself as in (3), those that the model is surest of, or as many as
the step is due, anywhere."""


def times(n: int, generator: torch.Generator) -> Tensor:
    """(n,) times from `FLOOR` to 1, one in each of n equal parts, so that every batch has all of them."""
    even = (torch.rand(1, generator=generator) + torch.arange(n) / n) % 1
    return FLOOR + (1 - FLOOR) * even


@dataclass(frozen=True)
class MaskedDiffusion:
    """A model that fills masks in any order; see the module.

    Args:
        model: A decoder with `bidirectional` visibility (with `causal` it stays one that reads from the left, for
            comparison).
        mask: Id of the mask.
        time: Tells the model the time; None tells it nothing, which the number of masks tells too.
    """

    model: SequenceModel
    mask: int
    time: "TimeInput | None" = None

    def log_probabilities(self, ids: Tensor, present: Tensor, may: Tensor, time: Tensor) -> Tensor:
        """(rows, n, vocabulary) log p(x_0 | x_t), of what may stand where; a token that is there has 0, all else -inf.

        Args:
            ids: (rows, n), masks among them.
            present: (rows, n) where there is a token.
            may: (n, vocabulary) or (rows, n, vocabulary) what may stand at each place.
            time: (rows,) t.
        """
        if self.time is not None:
            self.time.set(time)
        logits = self.model.logits(ids, present).float()
        found = self._held(logits if self.model.visibility == "bidirectional" else _shifted(logits), may)
        there = ids != self.mask
        known = torch.full_like(found, float("-inf")).scatter(2, ids[..., None], 0.0)
        return torch.where(there[..., None], known, found)

    def from_left(self, ids: Tensor, present: Tensor, may: Tensor) -> Tensor:
        """(rows, n, vocabulary) log p(x_i | x_1 ... x_i-1) of the same network as an ordinary language model.

        At the first place, which nothing stands before, all that may stand there is alike.

        Args:
            ids: (rows, n).
            present: (rows, n) where there is a token.
            may: As for `log_probabilities`.
        """
        if self.time is not None:
            self.time.forget()
        return self._held(_shifted(self.model.logits(ids, present, visibility="causal").float()), may)

    def _held(self, logits: Tensor, may: Tensor) -> Tensor:
        """Log-probabilities of what may stand where, the mask never."""
        held = may if may.ndim == 3 else may[None]
        allowed = held[..., : logits.shape[-1]].clone()
        allowed[..., self.mask] = False
        return logits.masked_fill(~allowed, float("-inf")).log_softmax(dim=-1)

    def loss(
        self, ids: Tensor, present: Tensor, may: Tensor, noised: Tensor, time: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        """(2), over the tokens that are open to noise.

        Args:
            ids: (rows, n) without masks.
            present: (rows, n) where there is a token.
            may: As for `log_probabilities`.
            noised: (rows, n) which tokens were masked.
            time: (rows,) t.
            weights: (n,) or (rows, n) how much a token counts; 1 if None.
        """
        corrupted = torch.where(noised & present.bool(), torch.full_like(ids, self.mask), ids)
        gone = corrupted != ids
        log_p = self.log_probabilities(corrupted, present, may, time)
        own = -log_p.gather(2, ids[..., None])[..., 0].masked_fill(~gone, 0.0)
        if weights is not None:
            own = own * weights
        return (own / time[:, None]).sum() / present.sum()

    @torch.no_grad()
    def sample(
        self,
        ids: Tensor,
        present: Tensor,
        may: Tensor,
        *,
        steps: int = 32,
        sampler: Sampler = "ancestral",
        randomness: float = 10.0,
        guidance: float = 0.0,
        given: Tensor | None = None,
        seed: int = 0,
    ) -> Tensor:
        """(rows, n) with every mask filled; what is there keeps its id.

        Args:
            ids: (rows, n) with masks where something is to be made.
            present: (rows, n) where there is a token.
            may: As for `log_probabilities`.
            steps: Calls of the model at most; never more than a row has masks.
            sampler: Which masks are filled at a step.
            randomness: Of the order by confidence: of Gumbel noise, which fades as masks do.
            guidance: w of (1 + w) log p(. | given) - w log p(.); 0 has none.
            given: (rows, n) which tokens are the condition; wanted for guidance.
            seed: Of the draws.

        Raises:
            OptionError: If steps is below 1, or guidance has no condition.
            DataError: If nothing may stand at a mask.
        """
        if steps < 1:
            raise OptionError(f"steps is at least 1, got {steps}")
        if guidance and given is None:
            raise OptionError("guidance needs to know which tokens are given")
        generator = torch.Generator(device="cpu").manual_seed(seed)
        found, there = ids.clone(), present.bool()
        begun = ((found == self.mask) & there).sum(dim=1)
        most = int(begun.max()) if begun.numel() else 0
        count = min(steps, most)
        for step in range(count):
            masked = (found == self.mask) & there
            now, then = 1 - step / count, 1 - (step + 1) / count
            time = torch.full((len(found),), now, device=found.device)
            if sampler == "random":  # a row with fewer masks than another has its own share of them
                time = masked.sum(dim=1) / begun.clamp(min=1)
            time = time.clamp(min=FLOOR)
            log_p = self._guided(found, present, may, time, guidance, given)
            if bool(torch.isnan(log_p[masked]).any()):
                raise DataError("nothing may stand at a place that is to be filled: allow at least one id there")
            drawn = _draw(log_p, generator)
            if sampler == "ancestral":
                stays = torch.rand(found.shape, generator=generator).to(found.device) < then / now
                filled = masked & ~stays
            elif sampler == "random":
                filled = _anywhere(masked, (begun * then + 1e-6).floor().long(), generator)
            else:
                filled = _surest(log_p, drawn, masked, then, most, randomness * then, generator)
            found = torch.where(filled, drawn, found)
        return found

    def _guided(
        self, ids: Tensor, present: Tensor, may: Tensor, time: Tensor, guidance: float, given: Tensor | None
    ) -> Tensor:
        with_it = self.log_probabilities(ids, present, may, time)
        if not guidance or given is None:
            return with_it
        without = torch.where(given.bool(), torch.full_like(ids, self.mask), ids)
        plain = self.log_probabilities(without, present, may, time)
        joined = (1 + guidance) * with_it - guidance * plain
        # What may not stand is -inf in both, and their difference no number.
        joined = joined.masked_fill(torch.isneginf(with_it), float("-inf"))
        return joined.log_softmax(dim=-1)


class TimeInput(nn.Module):
    """Tells every block of a decoder the time, by hooks; the model and its file stay as they are.

        h = h + (1 + gate) f( (1 + scale) norm(h) + shift )                                                         (4)

    The gates, scales and shifts are linear in an embedding of the time and begin at 0, so that a model that was trained
    without begins as it was. (With a gate alone in place of 1 + gate every block would be switched off at first.)

    Args:
        model: Whose blocks have a norm before attention and one before the perceptron.
        width: Of the embedding.

    Raises:
        InterventionError: If the blocks have not these parts.

    Source:
        Peebles and Xie, Scalable diffusion models with transformers, ICCV 2023, section 3.2, adaLN-Zero.
    """

    def __init__(self, model: SequenceModel, width: int = 64) -> None:
        super().__init__()
        if width < 2 or width % 2:
            raise OptionError(f"an embedding of time has an even width from 2 on, got {width}")
        self.width = width
        self.embed = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        parts = _parts(model)
        self.modulations = nn.ModuleList(nn.Linear(width, 6 * model.width) for _ in parts)
        for layer in self.modulations:
            nn.init.zeros_(cast(nn.Linear, layer).weight)
            nn.init.zeros_(cast(nn.Linear, layer).bias)
        self._now: list[Tensor] = []
        for number, (norms, inner) in enumerate(parts):
            for half, (norm, part) in enumerate(zip(norms, inner, strict=True)):
                norm.register_forward_hook(self._moved(number, 3 * half))
                part.register_forward_hook(self._gated(number, 3 * half + 2))

    def set(self, time: Tensor) -> None:
        """What the next calls of the model are told: (rows,) t between 0 and 1."""
        half = self.width // 2
        frequency = torch.exp(-torch.arange(half, device=time.device) * (9.21 / half))  # ln 10,000
        angle = 1000 * time.float()[:, None] * frequency
        code = silu(self.embed(torch.cat([angle.cos(), angle.sin()], dim=1)))
        self._now = [layer(code)[:, None] for layer in self.modulations]

    def forget(self) -> None:
        """The next calls of the model are told no time."""
        self._now = []

    def _moved(self, number: int, place: int) -> Any:
        def hook(_module: nn.Module, _inputs: Any, out: Tensor) -> Tensor:
            if not self._now:
                return out
            shift, scale = self._now[number].tensor_split(6, dim=-1)[place : place + 2]
            return out * (1 + scale) + shift

        return hook

    def _gated(self, number: int, place: int) -> Any:
        def hook(_module: nn.Module, _inputs: Any, out: Any) -> Any:
            if not self._now:
                return out
            gate = self._now[number].tensor_split(6, dim=-1)[place]
            if isinstance(out, tuple):
                return (out[0] * (1 + gate), *out[1:])
            return out * (1 + gate)

        return hook


_NORMS = (("input_layernorm", "post_attention_layernorm"), ("ln_1", "ln_2"))
_INNER = (("self_attn", "mlp"), ("attn", "mlp"))


def _parts(model: SequenceModel) -> list[tuple[list[nn.Module], list[nn.Module]]]:
    """For each block its norms before attention and perceptron, and these two."""
    blocks = cast(nn.ModuleList, model.model.get_submodule(model.blocks.removesuffix(".*")))
    found = []
    for block in blocks:
        for norms, inner in zip(_NORMS, _INNER, strict=True):
            if all(hasattr(block, name) for name in (*norms, *inner)):
                found.append(([getattr(block, n) for n in norms], [getattr(block, n) for n in inner]))
                break
        else:
            raise InterventionError(
                f"the blocks of {type(model.model).__name__} have not the norms that time is told by: take a model of "
                "the Llama, Qwen or GPT-2 kind, or leave the time out"
            )
    return found


def _shifted(logits: Tensor) -> Tensor:
    """Logits at each place itself, of a decoder that says a token one place before it."""
    return torch.cat([torch.zeros_like(logits[:, :1]), logits[:, :-1]], dim=1)


def _draw(log_p: Tensor, generator: torch.Generator) -> Tensor:
    """(rows, n) ids by their probabilities, by Gumbel noise."""
    uniform = torch.rand(log_p.shape, generator=generator).clamp(1e-20, 1 - 1e-7).to(log_p.device)
    return (log_p - (-uniform.log()).log()).argmax(dim=-1)


def _anywhere(masked: Tensor, stay: Tensor, generator: torch.Generator) -> Tensor:
    """(rows, n) masks to be filled now, drawn evenly, so that as many stay as are to."""
    order = torch.rand(masked.shape, generator=generator).to(masked.device).masked_fill(~masked, -1.0)
    rank = order.argsort(dim=1, descending=True).argsort(dim=1)
    return masked & (rank < (masked.sum(dim=1) - stay)[:, None])


def _surest(
    log_p: Tensor, drawn: Tensor, masked: Tensor, then: float, most: int, noise: float, generator: torch.Generator
) -> Tensor:
    """(rows, n) the masks to be filled now: those whose draw was likeliest, but for as many as stay masked."""
    sure = log_p.gather(2, drawn[..., None])[..., 0]
    uniform = torch.rand(sure.shape, generator=generator).clamp(1e-20, 1 - 1e-7).to(sure.device)
    sure = (sure - noise * (-uniform.log()).log()).masked_fill(~masked, float("-inf"))
    left = masked.sum(dim=1)
    stay = torch.minimum((torch.full_like(left, most) * then).long(), left)
    rank = sure.argsort(dim=1, descending=True).argsort(dim=1)
    return masked & (rank < (left - stay)[:, None])
