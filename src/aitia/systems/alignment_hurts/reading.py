"""Rows as sentences in varieties, those that only the probe sees, and the layers that are meant."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from aitia.errors import DataError, OptionError, join_names
from aitia.nn.language import LanguageModel
from aitia.nn.sites import Site
from aitia.nn.sites.places import find_places
from aitia.system import Given
from aitia.systems.alignment_hurts.config import FEWEST, DecouplingConfig

__all__ = [
    "Sentences",
    "check_rank",
    "parted",
    "sentences_of",
    "sites_of",
    "trained_on",
    "unknown_shares",
    "varieties_of",
]


@dataclass(frozen=True)
class Sentences:
    """What is said, how a variety says it, and which it is, row by row.

    Args:
        sources: What is said, in any language or code.
        targets: How the variety of the row says it.
        varieties: One a row.

    Raises:
        DataError: If there is no row, or one lacks a part; names the row.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    varieties: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.sources:
            raise DataError("there are no rows")
        for row, parts in enumerate(zip(self.sources, self.targets, self.varieties, strict=True)):
            for name, text in zip(("source", "target", "variety"), parts, strict=True):
                if not text.strip():
                    raise DataError(f"row {row} has no {name}: drop it")

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def names(self) -> tuple[str, ...]:
        """The varieties, in the order in which they come."""
        return tuple(dict.fromkeys(self.varieties))

    def take(self, rows: Sequence[int]) -> "Sentences":
        """Some of the rows, in the order given."""
        parts = (self.sources, self.targets, self.varieties)
        return Sentences(*(tuple(part[row] for row in rows) for part in parts))

    def of(self, variety: str) -> "Sentences":
        """The rows of one variety.

        Raises:
            OptionError: If there is none.
        """
        rows = [row for row, name in enumerate(self.varieties) if name == variety]
        if not rows:
            raise OptionError(f"there is no variety {variety!r}, there are {join_names(self.names)}")
        return self.take(rows)


def sentences_of(given: Given) -> Sentences:
    """The sources, what is written for them, and the varieties.

    Raises:
        DataError: If a row lacks one of them; names it.
        OptionError: If a column is not there.
    """
    for role in ("source", "written", "variety"):
        if (column := given.column(role)) is None or column not in given.table:
            raise OptionError(f"the rows have no column {column or role!r}: say which it is (--{role})")
    table, variety = given.table, given.column("variety") or ""
    if (gone := table.absent(variety)).any():
        raise DataError(f"row {int(np.flatnonzero(gone)[0])} has no variety: drop it")
    return Sentences(
        tuple(given.texts("source")), tuple(given.texts("written")), tuple(given.labels("variety").tolist())
    )


def trained_on(given: Given) -> Given:
    """The rows of the fit: of the split `train` where there is one, else all that are not of `validation`."""
    if (train := given.part("train")) is not None:
        return train
    return given.take(np.flatnonzero(given.labels("split") != "validation"))


def varieties_of(rows: Sentences, config: DecouplingConfig, dominant: str | None) -> tuple[str, ...]:
    """The varieties, the dominant one first.

    Raises:
        OptionError: If the dominant variety is not named, not there or the only one.
        DataError: If a variety has fewer than 50 sentences.
    """
    if dominant is None:
        raise OptionError(f"say which variety is the dominant one (dominant): one of {join_names(rows.names)}")
    for wanted in (dominant, config.of_variety):
        if wanted is not None and wanted not in rows.names:
            raise OptionError(f"there is no variety {wanted!r} in the data, there are {join_names(rows.names)}")
    if len(rows.names) < 2:
        raise OptionError(f"all rows are of {dominant}: there is no other variety to decouple from it")
    for name in rows.names:
        if (count := rows.varieties.count(name)) < FEWEST:
            raise DataError(
                f"{name} has {count} sentences, a variety needs at least {FEWEST}: add some or leave it out"
            )
    return (dominant, *(name for name in rows.names if name != dominant))


def parted(
    rows: Sentences, names: Sequence[str], config: DecouplingConfig, held: Sentences | None
) -> tuple[Sentences, Sentences]:
    """Rows to train on, and rows that only the probe sees: those given, or a share of each variety."""
    if held is not None:
        if missing := [name for name in names if name not in held.names]:
            raise OptionError(f"the validation has no row of {missing[0]}")
        return rows, held
    kept: list[int] = []
    for name in names:
        members = [row for row, variety in enumerate(rows.varieties) if variety == name]
        order = torch.randperm(len(members), generator=torch.Generator().manual_seed(config.seed)).tolist()
        kept += [members[k] for k in order[: max(round(config.held * len(members)), 2)]]
    hidden = set(kept)
    return rows.take([row for row in range(len(rows)) if row not in hidden]), rows.take(sorted(hidden))


def sites_of(language: LanguageModel, layers: Sequence[int | str] | str | None) -> tuple[Site, ...]:
    """The layers: numbers of blocks, as numbers or as text, or sites.

    Raises:
        OptionError: If there is no such block, or no layer is named.
        UnknownVariableError: If there is no such site; names the nearest.
    """
    if layers is None or isinstance(layers, str):
        wanted: list[str] = [language.blocks if layers is None else layers]
    else:
        wanted = []
        for layer in layers:
            if isinstance(layer, str) and not re.fullmatch(r"-?\d+", layer):
                wanted.append(layer)
                continue
            number = int(layer)
            if not -language.layers <= number < language.layers:
                raise OptionError(
                    f"layer {number} is not one of the {language.layers} layers, 0 to {language.layers - 1}"
                )
            wanted.append(language.blocks.replace("*", str(number % language.layers)))
    if not wanted:
        raise OptionError("at least one layer is needed, got none")
    return tuple(place.site for place in find_places(language.model, wanted))


def check_rank(rank: int | None, varieties: int, width: int) -> None:
    """Refuses more directions than so many varieties differ in."""
    if rank is not None and rank > (most := min(varieties - 1, width)):
        raise OptionError(
            f"{varieties} varieties in {width} units differ in at most {most} directions, got rank={rank}"
        )


def unknown_shares(language: LanguageModel, rows: Sentences) -> tuple[str, ...]:
    """A sentence for each variety of whose tokens the tokenizer does not know more than 5 %."""
    unknown = language.tokenizer.unk_token_id
    if unknown is None:
        return ()
    told = []
    for name in rows.names:
        ids = [i for line in language.tokenizer(list(rows.of(name).targets))["input_ids"] for i in line]
        if (share := ids.count(unknown) / len(ids)) > 0.05:
            told.append(f"{share:.0%} of the tokens of {name} are unknown to the tokenizer: it may lack the script")
    return tuple(told)
