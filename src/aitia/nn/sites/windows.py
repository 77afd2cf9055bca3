"""Which tokens a module sees in a run: padding on either side, cached decoding, and where the prompt ended.

Positions count tokens that are no padding, so the attention mask is read where it enters: at the nearest module around
the site that takes `input_ids` or `inputs_embeds`. A run with a cache sees the last columns of the sequence. Inside
`generate` of transformers the end of the prompt stays where it was at the first run, with and without a cache; outside
of it, every call without a cache is a prompt of its own.
"""

import inspect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from aitia.errors import InterventionError
from aitia.nn.sites.site import Index

__all__ = ["Window", "WindowReader", "plain_window", "readers_around"]

_ABSENT = -(2**40)  # fills rows that have fewer positions in a slice than others
_PADDING = -(2**41)  # what a column without a token holds: no position, however negative, is equal to it


@dataclass(frozen=True, eq=False)
class Window:
    """The tokens of one run.

    Args:
        real: (rows, columns) which token each column of the whole sequence holds, far below 0 where it is padding.
        start: The column where this run begins; columns before it are in the cache.
        length: Columns of this run.
        prompt: (rows,) tokens of the prompt.
        ids: (rows, length) token ids, None if unknown.
        growing: Whether more tokens may come, so that a position beyond the end is no mistake yet.
    """

    real: Tensor
    start: int
    length: int
    prompt: Tensor
    ids: Tensor | None
    growing: bool

    def rows(self, chosen: slice) -> "Window":
        """The window of these rows."""
        ids = None if self.ids is None else self.ids[chosen]
        return replace(self, real=self.real[chosen], prompt=self.prompt[chosen], ids=ids)

    def at(self, position: Index, site: object) -> tuple[Tensor, Tensor]:
        """Columns of this run (rows, p) that hold the positions, and which of them are in this run.

        Raises:
            InterventionError: If a row has no such position.
        """
        wanted = _positions(position, self.prompt)
        held = self.real[:, None, :] == wanted[:, :, None]
        found = held.any(dim=-1)
        missing = ~found & (wanted > _ABSENT // 2) & ((wanted < 0) | (not self.growing))
        if missing.any():
            row, place = (int(number) for number in missing.nonzero()[0])
            length = int(self.prompt[row])
            asked = int(wanted[row, place])
            asked = asked if asked >= 0 else asked - length
            raise InterventionError(f"{site}: position {asked} is beyond the prompt: row {row} has {length} tokens")
        column = held.int().argmax(dim=-1) - self.start
        here = found & (column >= 0) & (column < self.length)
        return column.clamp(0, self.length - 1), here

    def holding(self, tokens: Sequence[int], site: object) -> tuple[Tensor, Tensor]:
        """Columns of this run (rows, p) that hold one of the token ids, and which of them are meant.

        Raises:
            InterventionError: If the token ids are not known.
        """
        if self.ids is None:
            raise InterventionError(f"{site}: the model was not given input_ids, so name positions in place of tokens")
        meant = torch.isin(self.ids, torch.tensor(tokens, device=self.ids.device))
        most = int(meant.sum(dim=1).max())
        here, column = meant.to(torch.uint8).sort(dim=1, descending=True, stable=True)
        return column[:, :most], here[:, :most].bool()


def _positions(position: Index, prompt: Tensor) -> Tensor:
    """(rows, p) positions counted from the start; `_ABSENT` fills rows that have fewer."""
    if isinstance(position, slice):
        each = [list(range(*position.indices(int(n)))) for n in prompt]
        most = max(map(len, each))
        return torch.tensor([row + [_ABSENT] * (most - len(row)) for row in each], device=prompt.device).view(-1, most)
    asked = torch.tensor(position if isinstance(position, tuple) else (position,), device=prompt.device)
    return torch.where(asked < 0, prompt[:, None] + asked, asked.expand(len(prompt), -1))


def plain_window(rows: int, length: int, device: torch.device) -> Window:
    """A run without padding or cache: column k holds position k."""
    columns = torch.arange(length, device=device).expand(rows, -1)
    return Window(columns, 0, length, torch.full((rows,), length, device=device), None, False)


class WindowReader:
    """Reads the window of each run of a module that takes tokens.

    Args:
        module: The module.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.window: Window | None = None
        self._names = tuple(inspect.signature(module.forward).parameters)
        self._generation: FrameType | None = None

    def __call__(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A forward pre-hook with keyword arguments."""
        given = {**dict(zip(self._names, args, strict=False)), **kwargs}
        ids, embedded = given.get("input_ids"), given.get("inputs_embeds")
        tokens = ids if isinstance(ids, Tensor) else embedded
        if not isinstance(tokens, Tensor) or tokens.ndim < 2:
            self.window = None
            return
        rows, length = tokens.shape[:2]
        start = _cached(given.get("past_key_values"))
        generation = _generation()
        present = self._present(given.get("attention_mask"), rows, start + length, tokens.device, generation)
        real = torch.where(present, present.cumsum(dim=1) - 1, _PADDING)
        before, goes_on = self.window, start > 0 or (generation is not None and generation is self._generation)
        prompt = before.prompt if goes_on and before is not None and len(before.prompt) == rows else present.sum(dim=1)
        self._generation = generation
        known = ids if isinstance(ids, Tensor) else None
        self.window = Window(real, start, length, prompt, known, generation is not None or start > 0)

    def _present(
        self, mask: Any, rows: int, columns: int, device: torch.device, generation: FrameType | None
    ) -> Tensor:
        """(rows, columns): where the mask says that a token is."""
        if isinstance(mask, Tensor) and mask.ndim == 2:
            present = mask[:, :columns].bool()
            before = torch.ones((rows, columns - present.shape[1]), dtype=torch.bool, device=device)
            return torch.cat([before, present], dim=1)
        if mask is not None and generation is not None:
            raise InterventionError(
                "positions during generation need the two-dimensional attention mask: "
                "generate with a dynamic cache, not a static one"
            )
        return torch.ones((rows, columns), dtype=torch.bool, device=device)

    def forget(self) -> None:
        """Lets go of what the last run left."""
        self.window = self._generation = None


def readers_around(parents: Sequence[nn.Module], known: Mapping[nn.Module, WindowReader]) -> list[WindowReader]:
    """A reader of each module around a site that takes tokens, the nearest first.

    Args:
        parents: The modules around the site, the nearest first.
        known: Readers that there are already.
    """
    readers = []
    for module in parents:
        names = inspect.signature(module.forward).parameters.keys()
        if names & {"input_ids", "inputs_embeds"}:
            readers.append(known.get(module) or WindowReader(module))
        elif names & {"pixel_values", "input_features", "sample"}:
            break  # a tower for images or sound: the tokens of the model around it are not its own
    return readers


def _cached(past: Any) -> int:
    """Tokens that a cache holds."""
    if past is None:
        return 0
    if hasattr(past, "get_seq_length"):
        return int(past.get_seq_length())
    return int(past[0][0].shape[-2])


def _generation() -> FrameType | None:
    """The call of `generate` of transformers that is under way, if one is."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "generate" and frame.f_globals.get("__name__", "").startswith("transformers."):
            return frame
        frame = frame.f_back
    return None
