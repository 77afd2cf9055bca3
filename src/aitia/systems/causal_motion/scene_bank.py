"""Reference scenes: which of them speak for a scene, and those that a fitted network carries with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import pad

from aitia.data.overlap import common_steps
from aitia.data.tracks import Tracks
from aitia.errors import DataError, OptionError, join_names

__all__ = ["References", "SceneBank"]


@dataclass(frozen=True, eq=False)
class References:
    """Codes of reference scenes, and what each is to each scene that is asked about.

    Args:
        codes: (references, size).
        positive: (scenes, references) whether a reference is of the scene's place and shares no step with it.
        negative: (scenes, references) whether it is of another place and shares no step with it.
        told: What they are, in words.

    Raises:
        DataError: If a scene has no positive left.
    """

    codes: Tensor
    positive: Tensor
    negative: Tensor
    told: str

    def __post_init__(self) -> None:
        if alone := torch.nonzero(~self.positive.any(1)).flatten().tolist():
            raise DataError(f"scene {alone[0]} overlaps with all of its references: give other scenes of the place")

    @property
    def style(self) -> Tensor:
        """The mean code of each scene's positives, (scenes, size)."""
        weight = self.positive.to(self.codes.dtype)
        return weight @ self.codes / weight.sum(1, keepdim=True)


class SceneBank(nn.Module):
    """Scenes by environment, saved with the weights; empty at first.

    Args:
        shape: Of the tracks, (scenes, agents, frames, 2): what to read weights into.
    """

    tracks: Tensor
    present: Tensor
    environment: Tensor

    def __init__(self, shape: Sequence[int] = (0, 0, 0, 2)) -> None:
        super().__init__()
        self.register_buffer("tracks", torch.zeros(tuple(shape)))
        self.register_buffer("present", torch.zeros(tuple(shape[:2]), dtype=torch.bool))
        self.register_buffer("environment", torch.zeros(shape[0], dtype=torch.int64))

    def keep(self, scenes: Tracks, environments: Sequence[str], most: int, first: int = 0) -> None:
        """Adds scenes of these environments, numbered from `first` on: all, or `most` of each at even distances."""
        for number, label in enumerate(environments, first):
            mine = np.flatnonzero(scenes.environment == label)
            rows = mine[np.linspace(0, len(mine) - 1, min(len(mine), most)).round().astype(int)]
            tracks, there = torch.from_numpy(scenes.tracks[rows]).float(), torch.from_numpy(scenes.there[rows])
            if len(self.tracks):
                agents = max(tracks.shape[1], self.tracks.shape[1])
                tracks = torch.cat([pad(t, (0, 0, 0, 0, 0, agents - t.shape[1])) for t in (self.tracks, tracks)])
                there = torch.cat([pad(t, (0, agents - t.shape[1])) for t in (self.present, there)])
            self.tracks, self.present = tracks, there
            self.environment = torch.cat([self.environment, torch.full((len(rows),), number)])

    def forget(self, number: int) -> None:
        """Drops the scenes of an environment; later environments move up by one number."""
        stay = self.environment != number
        self.tracks, self.present, later = self.tracks[stay], self.present[stay], self.environment[stay]
        self.environment = later - (later > number).long()

    def scenes(self, environments: Sequence[str]) -> Tracks:
        """What is kept, with the labels of the environments."""
        labels = np.asarray(environments)[self.environment.numpy()]
        return Tracks(self.tracks.double().numpy(), labels, self.present.numpy())

    def named(
        self, labels: Sequence[str], scenes: Tracks, environments: Sequence[str], read: Callable[[Tracks], Tensor]
    ) -> References:
        """The kept scenes as references, those of an environment for each scene.

        Args:
            labels: The environment for each scene.
            scenes: What is asked about.
            environments: Labels of the environments of the bank.
            read: From scenes to codes.

        Raises:
            OptionError: If a label is unknown, or there is not one a scene.
        """
        if len(labels) != len(scenes):
            raise OptionError(f"there are {len(scenes)} scenes and {len(labels)} labels of references")
        if unknown := sorted(set(labels) - set(environments)):
            raise OptionError(f"there is no environment {unknown[0]!r}; known are {join_names(environments)}")
        bank = self.scenes(environments)
        mine = bank.environment == np.asarray(labels)[:, None]
        what = f"{mine.any(0).sum()} scenes of {join_names(dict.fromkeys(labels))} that the model keeps"
        return _references(read(bank), mine, ~mine, common_steps(scenes, bank), what)

    def given(
        self, few: Tracks, scenes: Tracks, environments: Sequence[str], read: Callable[[Tracks], Tensor]
    ) -> References:
        """Other scenes as references for every scene; kept ones of environments with other labels are the negatives.

        Args:
            few: The references.
            scenes: What is asked about.
            environments: Labels of the environments of the bank.
            read: From scenes to codes.
        """
        bank = self.scenes(environments)
        mine = np.tile(np.arange(len(few) + len(bank)) < len(few), (len(scenes), 1))
        elsewhere = ~np.isin(np.concatenate([few.environment, bank.environment]), few.environments)
        overlap = np.concatenate([common_steps(scenes, few), common_steps(scenes, bank)], axis=1)
        codes = torch.cat([read(few), read(bank)])
        return _references(codes, mine, ~mine & elsewhere, overlap, f"{len(few)} scenes that were given")


def _references(
    codes: Tensor, mine: NDArray[np.bool_], other: NDArray[np.bool_], overlap: NDArray[np.bool_], what: str
) -> References:
    met = int((mine & overlap).any(0).sum())
    apart = "none of them is among the scenes forecast"
    told = f"{met} of them overlap with scenes forecast and were left out for those" if met else apart
    positive, negative = (torch.from_numpy(mask & ~overlap) for mask in (mine, other))
    return References(codes, positive, negative, f"{what}; {told}")
