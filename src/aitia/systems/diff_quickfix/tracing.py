"""Causal tracing: which state, restored to what the prompt gives, brings the concept back into a corrupted picture.

    share(s) = how much nearer to the clean picture the corrupted one comes with s := its clean value              (1)

All three pictures begin with the same noise. The prompt is corrupted by noise on the embeddings of the concept's
tokens, or is the other prompt of the pair. States of the text encoder are restored at the last token of the concept,
and behind it if asked; those of a block of the denoiser whole, in windows of steps. Beside each stands a change as long
in a random direction.

Source:
    Basu and others, ICLR 2024, section 3; Meng and others, ROME, NeurIPS 2022, for corrupting and restoring.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor

from aitia.engine import Progress
from aitia.errors import DataError, OptionError
from aitia.nn.pipelines import ImagePipeline
from aitia.nn.readers import AttributeReader
from aitia.nn.sites import Site, intervene
from aitia.systems.diff_quickfix.config import DiffQuickfixConfig
from aitia.systems.diff_quickfix.measures import distances, likeness
from aitia.systems.diff_quickfix.prompts import Ending, Pair
from aitia.systems.diff_quickfix.states import (
    Corrupt,
    Exchange,
    drawn,
    embedding_site,
    positions_of,
    self_attentions,
)

__all__ = ["Restored", "Tracer", "windows_of"]

ALIKE = 1e-4
"""Mean difference of pixels below which two pictures are the same."""


@dataclass(frozen=True)
class Restored:
    """What a state restores.

    Args:
        site: The place; of the denoiser with its steps.
        part: Kind of place.
        share: (1).
        low: Of its interval.
        high: Of its interval.
        control: The same of a change as long in a random direction.
    """

    site: str
    part: str
    share: float
    low: float
    high: float
    control: float


def windows_of(steps: int, windows: int) -> list[slice]:
    """The denoising steps in as many windows, the first being the noisiest."""
    ends = [round(k * steps / windows) for k in range(windows + 1)]
    return [slice(first, last) for first, last in pairwise(ends)]


class Tracer:
    """Clean and corrupted pictures of some pairs, and what each place restores.

    Args:
        pipeline: It.
        pairs: Each drawn from every noise.
        config: How.
        reader: Says what pictures show; None goes by pixels.
        only: The one attribute of the reader that counts; None counts all.

    Attributes:
        faint: What corruption does to a picture, as a part of what another noise does.

    Raises:
        DataError: If the pictures with and without the concept are the same: the model does not know it.
    """

    def __init__(
        self,
        pipeline: ImagePipeline,
        pairs: Sequence[Pair],
        config: DiffQuickfixConfig,
        reader: AttributeReader | None = None,
        only: str | None = None,
    ) -> None:
        self.pipeline, self.config, self.reader, self.only = pipeline, config, reader, only
        self.pairs = [pair for pair in pairs for _ in range(config.noises)]
        self.groups = [k for k, _ in enumerate(pairs) for _ in range(config.noises)]
        one = pipeline.noise(config.noises, config.seed)
        self.noise = one.repeat(len(pairs), *[1] * (one.ndim - 1))
        attention = self_attentions(pipeline, config.encoder)[0]
        with torch.no_grad(), intervene(pipeline, record=[attention]) as run:
            pipeline.embed([self.pairs[0].prompt])
        self.length = int(run.runs(attention)[0].shape[1])
        self.clean = self._draw([pair.prompt for pair in self.pairs], self.noise)
        self.corrupted = self._run({}, {})
        told = sorted({pair.concept for pair in pairs})
        far = torch.roll(self.noise, 1, 0) if len(self.noise) > 1 and config.noises > 1 else -self.noise
        apart = self._draw([pair.prompt for pair in self.pairs], far)
        self.faint = float(
            distances(self.clean, self.corrupted).mean() / max(distances(self.clean, apart).mean(), ALIKE)
        )
        if float(distances(self.clean, self.corrupted).max()) < ALIKE:
            raise DataError(
                f"the pictures are the same with {told[0]!r} and without: {pipeline.source} does not know it, or was "
                "not trained"
            )

    def encoder_sites(self) -> list[tuple[str, str]]:
        """Site and kind of the text encoder's states, layer by layer."""
        return [
            (str(site), part)
            for part in ("self_attention", "mlp")
            for site in self.pipeline.sites(part, self.config.encoder)
        ]

    def denoiser_sites(self) -> list[tuple[str, str]]:
        """Cross-attentions and blocks of the denoiser."""
        found = []
        for part in ("cross_attention", "layer"):
            try:
                found += [(str(site), part) for site in self.pipeline.sites(part)]
            except OptionError:  # a denoiser without such places
                continue
        return found

    def text(self, site: str, part: str, *, later: bool | None = None) -> Restored:
        """What a state of the text encoder restores."""
        behind = self.config.later if later is None else later
        ends = [(mine, pair.ending) for mine, pair in zip(self._corrupted_endings(), self.pairs, strict=True)]
        at = positions_of(self.pipeline, ends, self.config.encoder, behind, self.length)
        pictures = [self._run({site: Exchange(at, random)}, {}) for random in (None, self.config.seed)]
        return self._restored(site, part, pictures)

    def block(self, site: str, part: str, window: slice) -> Restored:
        """What a block of the denoiser restores in a window of steps."""
        named = Site(Site(site).module, step=window)
        pictures = [self._run({}, {str(named): Exchange(None, random)}) for random in (None, self.config.seed)]
        return self._restored(str(named), part, pictures)

    def everything(self, progress: Progress | None = None) -> list[Restored]:
        """Every state of the text encoder, and every block and window if asked."""
        jobs = [(site, part, None) for site, part in self.encoder_sites()]
        if self.config.denoiser:
            windows = windows_of(self.config.steps, self.config.windows)
            jobs += [(site, part, window) for site, part in self.denoiser_sites() for window in windows]  # type: ignore[misc]
        found = []
        for done, (site, part, window) in enumerate(jobs):
            found.append(self.text(site, part) if window is None else self.block(site, part, window))
            if progress is not None:
                progress("places traced", done + 1, len(jobs))
        return found

    # -- its parts -----------------------------------------------------------------------------------------------------

    def _corrupted_endings(self) -> list[Ending]:
        """Where the concept is, or the words in its place, in the prompt that is corrupted."""
        return [pair.ending if self.config.corruption == "noise" else pair.other_ending for pair in self.pairs]

    def _restored(self, site: str, part: str, pictures: Sequence[Tensor]) -> Restored:
        ours, chance = (likeness(x, self.clean, self.corrupted, self.groups, self.reader, self.only) for x in pictures)
        return Restored(site, part, ours.share, *ours.interval(self.config.seed), chance.share)

    def _draw(self, prompts: Sequence[str], noise: Tensor) -> Tensor:
        return drawn(self.pipeline, prompts, noise, self.config.steps, self.config.guidance)

    def _run(self, text: dict[str, Exchange], within: dict[str, Exchange]) -> Tensor:
        """Pictures of the corrupted prompts, with states of the clean ones."""
        config = self.config
        told: dict[str, Corrupt | Exchange] = {}
        if config.corruption == "noise":
            ends = self._corrupted_endings()
            where = [self.pipeline.token_positions(end.text, end.words, config.encoder) for end in ends]
            site = embedding_site(self.pipeline, config.encoder)
            weight = cast(Tensor, self.pipeline.get_submodule(site).weight)
            told[site] = Corrupt(where, config.strength * float(weight.detach().std()), config.seed)
        clean = [pair.prompt for pair in self.pairs]
        prompts = (clean if config.corruption == "noise" else [pair.other for pair in self.pairs]) + clean
        both = {**told, **text}
        if within:
            noise = torch.cat([self.noise, self.noise])
            return drawn(self.pipeline, prompts, noise, config.steps, config.guidance, both, within=within)[
                : len(self.pairs)
            ]
        return drawn(self.pipeline, prompts, self.noise, config.steps, config.guidance, both, first=len(self.pairs))
