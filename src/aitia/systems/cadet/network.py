"""The network of CADET: an encoder, four latents, their purification, three heads and a decoder of texts.

    h = first state of the encoder, or the mean of all                                                              (1)
    U, M_raw ~ N(mean(h), variance(h)),   T_raw, S_raw = linear(h)
    M = g_m(M_raw, U),   T = gumbel(g_t(T_raw, U)),   S = gumbel(g_s(S_raw, U))
    text = decoder(proj M + proj U + proj T + proj S),   label = linear(M)

Each g is Linear, LayerNorm, ReLU, Linear. A LayerNorm as wide as the style, two numbers, would turn every style into
-1 and +1; the hidden width here is that of h, and a linear path runs past it.

Where words are drawn, a straight-through draw lets the gradient into the decoder: forward it is one word, backward it
is the softmax. The words then enter the encoder as rows of its own table of embeddings, so any encoder of Hugging Face
that takes `inputs_embeds` can read what the decoder wrote.

Source:
    Zhao, Causality guided representation learning for cross-style hate speech detection, WWW 2026.
    Jang, Gu and Poole, Categorical reparameterization with Gumbel-softmax, ICLR 2017.
"""

import copy
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.nn.gaussian import draw
from aitia.nn.language import mean_state

__all__ = [
    "CadetNetwork",
    "Inferred",
    "ParallelDecoder",
    "Purify",
    "SequenceDecoder",
    "chunks",
    "gumbel",
    "pick_words",
    "second_class",
]

TEMPERATURE = 0.5
"""Of every Gumbel-softmax."""


def gumbel(logits: Tensor, *, hard: bool = False, temperature: float = TEMPERATURE) -> Tensor:
    """A draw of softmax(logits) that lets gradients through, of the shape of the logits.

    Args:
        logits: (..., categories).
        hard: Forward exactly one category; backward the soft draw (straight through).
        temperature: Of the soft draw; the lower, the nearer to one category.
    """
    noise = -torch.empty_like(logits).exponential_().clamp(min=1e-20).log()
    soft = ((logits + noise) / temperature).softmax(-1)
    if not hard:
        return soft
    one = nn.functional.one_hot(soft.argmax(-1), logits.shape[-1]).to(soft.dtype)
    return one + soft - soft.detach()


def pick_words(logits: Tensor, end: int, *, sample: bool) -> tuple[Tensor, Tensor]:
    """One-hot words (n, tokens, vocabulary), drawn or most likely, and the mask (n, tokens) up to and with `end`."""
    one = gumbel(logits, hard=True) if sample else nn.functional.one_hot(logits.argmax(-1), logits.shape[-1])
    ended = (one.argmax(-1) == end).long().cumsum(-1)
    return one.to(logits.dtype), ended - (one.argmax(-1) == end).long() == 0


@dataclass(frozen=True)
class Inferred:
    """What the encoder side says of texts: draws in training, means otherwise.

    Args:
        m: Purified motivation, (n, width).
        u: (n, u).
        t: Target, (n, targets), sums to 1.
        s: Style, (n, 2), sums to 1.
        t_logits: (n, targets).
        s_logits: (n, 2).
        laws: Mean and log-variance of M_raw and of U.
    """

    m: Tensor
    u: Tensor
    t: Tensor
    s: Tensor
    t_logits: Tensor
    s_logits: Tensor
    laws: dict[str, tuple[Tensor, Tensor]]


class Purify(nn.Module):
    """g of (1): takes out of a latent what U says.

    Args:
        size: Of the latent.
        u: Of U.
        hidden: Width between.
    """

    def __init__(self, size: int, u: int, hidden: int) -> None:
        super().__init__()
        layers = (nn.Linear(size + u, hidden), nn.LayerNorm(hidden), nn.ReLU(), nn.Linear(hidden, size))
        self.net, self.past = nn.Sequential(*layers), nn.Linear(size + u, size)

    def forward(self, latent: Tensor, u: Tensor) -> Tensor:
        """(n, size)."""
        both = torch.cat([latent, u], dim=-1)
        pure: Tensor = self.net(both) + self.past(both)
        return pure


class ParallelDecoder(nn.Module):
    """All words of a text at once, each place by its own gates, in the encoder's table of embeddings.

    Args:
        width: Of the code and of the embeddings.
        positions: Tokens at most.
        vocabulary: Words.
    """

    def __init__(self, width: int, positions: int, vocabulary: int) -> None:
        super().__init__()
        self.read = nn.Linear(width, 4 * width)
        self.gate = nn.Parameter(1 + 0.5 * torch.randn(positions, 4 * width))
        self.shift = nn.Parameter(0.5 * torch.randn(positions, 4 * width))
        self.write = nn.Sequential(nn.GELU(), nn.Linear(4 * width, width), nn.LayerNorm(width))
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def forward(self, code: Tensor, table: Tensor, ids: Tensor | None = None) -> Tensor:
        """Logits (n, tokens, vocabulary) of a code (n, width); as many tokens as ids has, or all."""
        tokens = len(self.gate) if ids is None else min(ids.shape[1], len(self.gate))
        hidden = self.read(code)[:, None] * self.gate[:tokens] + self.shift[:tokens]
        logits: Tensor = self.write(hidden) @ table.T + self.bias
        return logits


class SequenceDecoder(nn.Module):
    """The decoder of a Hugging Face sequence-to-sequence model, which reads the code in place of its encoder's states.

    Given ids it predicts each token from those before (teacher forcing), otherwise it writes greedily.

    Args:
        model: Such as BART, with the encoder's vocabulary; its own encoder is not used.
        width: Of the code.
        positions: Tokens at most.
    """

    def __init__(self, model: nn.Module, width: int, positions: int) -> None:
        super().__init__()
        config = cast(Any, model).config
        self.body = cast(Any, model).get_decoder()
        self.head = copy.deepcopy(cast(Any, model).get_output_embeddings())  # a weight of its own, for it is saved
        self.start, self.positions = int(config.decoder_start_token_id), positions
        self.into = nn.Linear(width, config.hidden_size)

    def forward(self, code: Tensor, table: Tensor, ids: Tensor | None = None) -> Tensor:
        """Logits (n, tokens, vocabulary)."""
        states = self.into(code)[:, None].expand(-1, self.positions if ids is None else ids.shape[1], -1)
        begin = torch.full((len(code), 1), self.start, device=code.device)
        if ids is not None:
            return self._logits(torch.cat([begin, ids[:, :-1]], dim=1), states)
        written = begin
        for _ in range(self.positions):
            logits = self._logits(written, states)
            written = torch.cat([written, logits[:, -1:].argmax(-1)], dim=1)
        return logits

    def _logits(self, ids: Tensor, states: Tensor) -> Tensor:
        out = self.body(input_ids=ids, encoder_hidden_states=states, use_cache=False).last_hidden_state
        return cast(Tensor, self.head(out))


def _named(categories: int) -> nn.Linear:
    """A head that begins by calling category k value k: with any other start the order has to be found first."""
    head = nn.Linear(categories, categories)
    nn.init.eye_(head.weight).data.mul_(3.0)
    nn.init.zeros_(head.bias)
    return head


class CadetNetwork(nn.Module):
    """(1). With `latents=False` the label is read from h itself, which is empirical risk minimisation.

    Args:
        encoder: A Hugging Face model without head.
        decoder: From a code to words; None where there are no latents.
        targets: How many.
        u_size: Numbers of U.
        mean: Whether h is the mean of the encoder's states and not the first.
    """

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module | None, targets: int, u_size: int, mean: bool = False
    ) -> None:
        super().__init__()
        self.mean = mean
        width = int(cast(Any, encoder).config.hidden_size)
        self.encoder, self.decoder = encoder, decoder
        self.label_head = nn.Linear(width, 2)
        self.style_adversary = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2))
        if decoder is None:
            return
        sizes = {"m": width, "t": targets, "s": 2}
        self.u_law, self.m_law = nn.Linear(width, 2 * u_size), nn.Linear(width, 2 * width)
        self.t_raw, self.s_raw = nn.Linear(width, targets), nn.Linear(width, 2)
        self.purify = nn.ModuleDict({name: Purify(size, u_size, width) for name, size in sizes.items()})
        self.target_head, self.style_head = _named(targets), _named(2)
        sizes["u"] = u_size
        self.into_code = nn.ModuleDict({name: nn.Linear(size, width) for name, size in sizes.items()})
        self.compare = nn.ModuleDict({name: nn.Linear(size, 128) for name, size in sizes.items()})
        self.guess_u = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Linear(sizes[name], width), nn.ReLU(), nn.Linear(width, u_size))
                for name in ("m", "t", "s")
            }
        )

    @property
    def table(self) -> Tensor:
        """The encoder's table of embeddings, (vocabulary, width)."""
        return cast(Tensor, cast(Any, self.encoder).get_input_embeddings().weight)

    def see(self, ids: Tensor, mask: Tensor) -> Tensor:
        """h of token ids (n, tokens)."""
        return self._pool(self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state, mask)

    def see_words(self, words: Tensor, mask: Tensor) -> Tensor:
        """h of words that are rows of weights over the vocabulary, (n, tokens, vocabulary)."""
        given = words @ self.table
        return self._pool(self.encoder(inputs_embeds=given, attention_mask=mask).last_hidden_state, mask)

    def _pool(self, states: Tensor, mask: Tensor) -> Tensor:
        return mean_state(states, mask) if self.mean else states[:, 0]

    def infer(self, h: Tensor, *, sample: bool) -> Inferred:
        """The latents of h: drawn, or their means and most likely categories."""
        laws = {}
        for name, layer in (("m", self.m_law), ("u", self.u_law)):
            mean, log_variance = layer(h).chunk(2, dim=-1)
            laws[name] = mean, log_variance.clamp(-10, 6)
        m_raw, u = (draw(*laws[name]) if sample else laws[name][0] for name in ("m", "u"))
        m = self.purify["m"](m_raw, u)
        logits = [self.purify[name](raw(h), u) for name, raw in (("t", self.t_raw), ("s", self.s_raw))]
        t, s = (
            gumbel(given) if sample else nn.functional.one_hot(given.argmax(-1), given.shape[-1]).to(given.dtype)
            for given in logits
        )
        return Inferred(m, u, t, s, logits[0], logits[1], laws)

    def code(self, m: Tensor, u: Tensor, t: Tensor, s: Tensor) -> Tensor:
        """What the decoder reads, (n, width)."""
        parts = {"m": m, "u": u, "t": t, "s": s}
        return torch.stack([self.into_code[name](part) for name, part in parts.items()]).sum(0)

    def words(self, code: Tensor, ids: Tensor | None = None) -> Tensor:
        """Logits of the decoder, (n, tokens, vocabulary)."""
        assert self.decoder is not None
        logits: Tensor = self.decoder(code, self.table, ids)
        return logits

    def label_logits(self, h: Tensor, *, sample: bool = False) -> Tensor:
        """(n, 2) by the motivation, or by h where there are no latents."""
        logits: Tensor = self.label_head(h if self.decoder is None else self.infer(h, sample=sample).m)
        return logits


def chunks(n: int, size: int = 256) -> list[slice]:
    """The rows in parts that fit into memory."""
    return [slice(begin, begin + size) for begin in range(0, n, size)]


def second_class(net: CadetNetwork, ids: Tensor, mask: Tensor) -> NDArray[np.float64]:
    """P(second class) of texts as tokens, (n,), from means."""
    device = net.label_head.weight.device
    with torch.no_grad():
        logits = [net.label_logits(net.see(ids[r].to(device), mask[r].to(device))) for r in chunks(len(ids))]
    second: NDArray[np.float64] = torch.cat(logits).softmax(-1)[:, 1].double().cpu().numpy()
    return second
