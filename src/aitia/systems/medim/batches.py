"""Pairs drawn anew at every step, with what is noised; and the two losses over them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.systems.medim.config import MedimConfig
from aitia.systems.medim.layout import IMAGE, LABELS, LENGTH, SCAFFOLD, TEXT, Laid, Layout, Pair, padded
from aitia.systems.medim.masked_diffusion import MaskedDiffusion, times

__all__ = ["DrawnPairs", "PairLoss"]

HIDDEN = 0.15
"""Share of pairs whose report ends behind one of its sentences, or before the first, so that its length is learnt; it
stays whole where it has not that many."""


@dataclass
class DrawnPairs:
    """Batches of pairs, another order each epoch, noised anew at each step by random numbers of the step.

    Args:
        layout: Of the sequences.
        pairs: To learn from, whole but for labels that are missing.
        ends: For each pair the words before each of its sentences, and 0.
        unsaid: Ids of words that are read and never said.
        config: Options.
        left: Whether the pairs are learnt from the left: segments in random order, nothing noised.
        seed: Of order and noise.
    """

    layout: Layout
    pairs: Sequence[Pair]
    ends: Sequence[Sequence[int]]
    unsaid: Sequence[int]
    config: MedimConfig
    left: bool
    seed: int
    _orders: dict[int, NDArray[np.int64]] = field(default_factory=dict, init=False, repr=False)

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
        """Ids, where there is a token, kinds, what is noised, times and weights of this step."""
        size = self.config.batch
        random = np.random.default_rng([self.seed, step])
        rows = [self._row(step * size + k) for k in range(size)]
        laid = [self._laid(row, random) for row in rows]
        ids, present, kinds = padded([held for held, _ in laid], self.layout.vocabulary.pad)
        time = times(size, torch.Generator().manual_seed(int(random.integers(2**31))))
        noised, weights, time = self._noise(ids, kinds, [hidden for _, hidden in laid], time, random)
        mine = slice(rank, None, ranks)
        return tuple(tensor[mine] for tensor in (ids, present, kinds, noised, time, weights))

    def _row(self, place: int) -> int:
        epoch, within = divmod(place, len(self.pairs))
        if epoch not in self._orders:
            if len(self._orders) > 8:
                self._orders.clear()
            self._orders[epoch] = np.random.default_rng([self.seed, 1, epoch]).permutation(len(self.pairs))
        return int(self._orders[epoch][within])

    def _laid(self, row: int, random: np.random.Generator) -> tuple[Laid, bool]:
        pair = self.pairs[row]
        if self.left:
            count = len(self.layout.attributes) + 2
            first = random.random(count) < 0.5
            return self.layout.laid(pair, order=[*np.flatnonzero(first), *np.flatnonzero(~first)]), False
        if random.random() < HIDDEN:
            # Drawn without regard to how many sentences there are: else long reports would seem rare.
            sentence = int(random.geometric(0.5)) - 1
            if sentence < len(self.ends[row]):
                return self.layout.laid(pair, shown=int(self.ends[row][sentence])), True
        return self.layout.laid(pair), False

    def _noise(
        self, ids: Tensor, kinds: Tensor, hidden: Sequence[bool], time: Tensor, random: np.random.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Which tokens are masked, how much each counts, and the share of masks among those that are learnt."""
        config, image, text, length = self.config, kinds == IMAGE, kinds == TEXT, kinds == LENGTH
        # A label that is missing is a mask already, and a length counts only where its report is not there.
        unknown = (ids == self.layout.mask) | torch.isin(ids, torch.tensor(list(self.unsaid), dtype=ids.dtype))
        open_to = (kinds != SCAFFOLD) & ~unknown
        weights = torch.where(image, config.image_weight, config.text_weight) * open_to
        if self.left:
            return open_to, weights, time
        noised = torch.from_numpy(random.random(ids.shape)) < time[:, None]
        drawn, which = random.random(len(ids)), random.random(len(ids)) < 0.5
        given = torch.from_numpy(drawn < config.given)[:, None]
        whole = torch.from_numpy((drawn >= config.given) & (drawn < config.given + config.whole))[:, None]
        one = torch.where(torch.from_numpy(which)[:, None], image, text)
        prompt = torch.from_numpy(random.random(len(ids)) < config.prompt)[:, None] & (kinds >= LABELS)
        noised = open_to & ((noised & ~(given & one) & ~prompt) | (whole & one))
        weights = weights * ~(whole & one)
        learnt = open_to & ~length & ~((given | whole) & one) & ~prompt
        # Over all masks that t may make, n / k of k masks among n is worth 1 / t, and never more than n: 1 / t of a
        # small t with a single mask would drown all other rows.
        share = (noised & learnt).sum(dim=1) / learnt.sum(dim=1).clamp(min=1)
        time = torch.maximum(share, 1 / learnt.sum(dim=1).clamp(min=1))
        # A length is told by the masks of its report, so that it is asked for where they are not there, at any time.
        noised = torch.where(length, torch.tensor(hidden)[:, None], noised)
        weights = torch.where(length, weights * time[:, None], weights)
        return noised, weights, time


class PairLoss(nn.Module):
    """The mean loss over the tokens of a batch: of the diffusion, or from the left.

    Args:
        diffusion: The network with its mask and time.
        allowed: (kinds, vocabulary) what may stand where.
        left: Whether each token is said from those before it.
    """

    allowed: Tensor

    def __init__(self, diffusion: MaskedDiffusion, allowed: Tensor, left: bool) -> None:
        super().__init__()
        self.network = diffusion.model.model
        if diffusion.time is not None:
            self.time = diffusion.time
        self.register_buffer("allowed", allowed, persistent=False)
        self._diffusion, self._left = diffusion, left

    def forward(
        self, ids: Tensor, present: Tensor, kinds: Tensor, noised: Tensor, time: Tensor, weights: Tensor
    ) -> Tensor:
        """Of what `DrawnPairs` gives."""
        may = self.allowed[kinds]
        if not self._left:
            return self._diffusion.loss(ids, present, may, noised, time, weights)
        log_p = self._diffusion.from_left(ids, present, may)
        own = -log_p.gather(2, ids[..., None])[..., 0].masked_fill(~noised, 0.0)
        return (own * weights).sum() / present.sum()
