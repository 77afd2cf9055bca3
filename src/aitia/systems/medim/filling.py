"""Pairs with holes, filled: the length of a report first, then all masks together; or all of it from the left."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.systems.medim.config import MedimConfig
from aitia.systems.medim.layout import IMAGE, LENGTH, SCAFFOLD, TEXT, Laid, Layout, Pair, padded
from aitia.systems.medim.masked_diffusion import FLOOR, MaskedDiffusion

__all__ = ["PairNetwork"]

AT_ONCE = 256
"""Sequences that the network is given together."""


@dataclass(frozen=True, eq=False)
class PairNetwork:
    """A network that knows pairs, and how it is asked.

    Args:
        layout: Of the sequences.
        diffusion: The network, its mask and its time.
        config: Options.
    """

    layout: Layout
    diffusion: MaskedDiffusion
    config: MedimConfig

    @property
    def left(self) -> bool:
        """Whether it goes on from the left."""
        return self.config.objective == "autoregressive"

    def masks(self, pair: Pair) -> int:
        """How many tokens are to be made, those of a report of unknown length apart."""
        return int((self.layout.laid(pair).ids == self.layout.mask).sum())

    def filled(self, pairs: Sequence[Pair], *, seed: int = 0, steps: int | None = None) -> list[Pair]:
        """The pairs, whole.

        Args:
            pairs: With holes.
            seed: Of the draws.
            steps: Calls of the network; None takes those of the options.
        """
        found: list[Pair] = []
        for start in range(0, len(pairs), AT_ONCE):
            part = pairs[start : start + AT_ONCE]
            number = seed + start
            found += self._from_left(part, number) if self.left else self._together(part, number, steps)
        return found

    def filled_patches(
        self, pairs: Sequence[Pair], holes: Sequence[NDArray[np.bool_]], *, seed: int = 0
    ) -> list[Pair]:  # fmt: skip
        """Whole pairs with some codes of their images made anew.

        Args:
            pairs: Whole ones.
            holes: For each (codes,) which are made anew.
            seed: Of the draws.
        """
        rows = []
        for pair, hole in zip(pairs, holes, strict=True):
            laid = self.layout.laid(pair)
            ids = laid.ids.copy()
            ids[np.flatnonzero(laid.kinds == IMAGE)[hole]] = self.layout.mask
            rows.append(Laid(ids, laid.kinds))
        found: list[Pair] = []
        for start in range(0, len(rows), AT_ONCE):
            found += self._sampled(rows[start : start + AT_ONCE], seed + start, None)
        return found

    def log_probabilities(self, rows: Sequence[Laid]) -> Tensor:
        """(rows, n, vocabulary) of what stands at the masks of sequences, each told its own share of masks as time."""
        device = self.diffusion.model.device
        found = []
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            ids, present, kinds = (tensor.to(device) for tensor in padded(part, self.layout.vocabulary.pad))
            with torch.no_grad():
                may = self.layout.allowed.to(device)[kinds]
                found.append(self.diffusion.log_probabilities(ids, present, may, self._time(ids, kinds)).cpu())
        longest = max(part.shape[1] for part in found)
        return torch.cat([torch.nn.functional.pad(p, (0, 0, 0, longest - p.shape[1]), value=0.0) for p in found])

    def begun(self, pair: Pair) -> Laid:
        """A pair whose report, if any, is the begin of one of unknown length."""
        laid = self.layout.laid(pair, shown=None if pair.report is None else len(pair.report))
        return Laid(np.where(laid.kinds == LENGTH, self.layout.mask, laid.ids), laid.kinds)

    def lengths(
        self, pairs: Sequence[Pair], random: np.random.Generator, shown: Sequence[NDArray[np.int64]] | None = None
    ) -> list[int]:
        """How many words the report of each pair is to have, drawn.

        Args:
            pairs: Without their reports.
            random: Of the draws.
            shown: For each the words that its report begins with; it is longer than they are.
        """
        rows = [
            self.begun(replace(pair, report=None if shown is None or not len(shown[k]) else shown[k]))
            for k, pair in enumerate(pairs)
        ]
        log_p = self.log_probabilities(rows)
        found = []
        for k, row in enumerate(rows):
            place = int(np.flatnonzero(row.kinds == LENGTH)[0])
            p = log_p[k, place, torch.from_numpy(self.layout.lengths)].exp().double().numpy()
            least = 0 if shown is None else len(shown[k])
            p[:least] = 0
            # A report that begins with as many words as there may be has no more.
            found.append(least if p.sum() <= 0 else int(random.choice(len(p), p=p / p.sum())) + 1)
        return found

    def _together(self, pairs: Sequence[Pair], seed: int, steps: int | None) -> list[Pair]:
        random, mask = np.random.default_rng([seed, 5]), self.layout.mask
        lacking = [k for k, pair in enumerate(pairs) if pair.report is None]
        whole = list(pairs)
        for k, length in zip(
            lacking, self.lengths([pairs[k] for k in lacking], random) if lacking else (), strict=True
        ):
            whole[k] = replace(pairs[k], report=np.full(length, mask))
        return self._sampled([self.layout.laid(pair) for pair in whole], seed, steps)

    def _sampled(self, rows: Sequence[Laid], seed: int, steps: int | None) -> list[Pair]:
        config, device = self.config, self.diffusion.model.device
        ids, present, kinds = (tensor.to(device) for tensor in padded(rows, self.layout.vocabulary.pad))
        given = (kinds != SCAFFOLD) & (kinds != LENGTH) & (ids != self.layout.mask)
        found = self.diffusion.sample(
            ids, present, self.layout.allowed.to(device)[kinds], steps=steps or config.sampling_steps,
            sampler=config.sampler, guidance=config.guidance, given=given, seed=seed,
        )  # fmt: skip
        done = found.cpu().numpy()
        return [self.layout.read(row, done[k, : len(row.ids)]) for k, row in enumerate(rows)]

    def _time(self, ids: Tensor, kinds: Tensor) -> Tensor:
        open_to = (kinds != SCAFFOLD) & (kinds != LENGTH)
        share = ((ids == self.layout.mask) & open_to).sum(dim=1) / open_to.sum(dim=1).clamp(min=1)
        return share.clamp(FLOOR, 1.0)

    # -- from the left -------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def _from_left(self, pairs: Sequence[Pair], seed: int) -> list[Pair]:
        """What is known stands first, then what is made, token by token."""
        generator = torch.Generator().manual_seed(seed)
        device, mask = self.diffusion.model.device, self.layout.mask
        begun = [self._begun(pair) for pair in pairs]
        while True:
            open_rows = [k for k, (_, rest) in enumerate(begun) if rest]
            if not open_rows:
                break
            asked = []
            for k in open_rows:
                (ids, kinds), rest = begun[k]
                asked.append(Laid(np.array([*ids, mask]), np.array([*kinds, rest[0][1]])))
            ids_t, present, kinds_t = (t.to(device) for t in padded(asked, self.layout.vocabulary.pad))
            log_p = self.diffusion.from_left(ids_t, present, self.layout.allowed.to(device)[kinds_t]).cpu()
            for place, k in enumerate(open_rows):
                at = len(asked[place].ids) - 1
                token = int(torch.multinomial(log_p[place, at].exp(), 1, generator=generator))
                self._said(begun[k], token)
        return [self.layout.read(Laid(np.array(ids), np.array(kinds)), np.array(ids)) for (ids, kinds), _ in begun]

    def _begun(self, pair: Pair) -> "tuple[tuple[list[int], list[int]], list[tuple[int, int]]]":
        """What stands first, and (id, kind) of what follows: ids of the scaffold, the mask where something is made."""
        count = len(self.layout.attributes)
        lacks = [label is None for label in pair.labels] + [pair.image is None, pair.report is None]
        order = sorted(range(count + 2), key=lambda segment: (lacks[segment], segment))
        laid = self.layout.laid(pair, order=order)
        first = int(np.argmax(laid.ids == self.layout.mask)) if (laid.ids == self.layout.mask).any() else len(laid.ids)
        ids, kinds = laid.ids.tolist(), laid.kinds.tolist()
        return (ids[:first], kinds[:first]), list(zip(ids[first:], kinds[first:], strict=True))

    def _said(self, begun: "tuple[tuple[list[int], list[int]], list[tuple[int, int]]]", token: int) -> None:
        """Adds a token, what a length makes room for, and the scaffold behind it."""
        (ids, kinds), rest = begun
        kind = rest.pop(0)[1]
        ids.append(token)
        kinds.append(kind)
        if kind == LENGTH:
            words = [(self.layout.mask, TEXT)] * self.layout.length_of(token)
            rest[:0] = [*words, (self.layout.vocabulary.end, SCAFFOLD)]
        while rest and rest[0][0] != self.layout.mask:
            following, of = rest.pop(0)
            ids.append(following)
            kinds.append(of)
