"""Rows with their holes filled: what is asked of each page, and the columns that the answers make."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from aitia.data.base import Data
from aitia.systems.cm3.documents import Part, plain
from aitia.systems.cm3.filling import span_scores
from aitia.systems.cm3.layout import FIELDS, Asked, Said
from aitia.systems.cm3.pictures import found_pictures

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.cm3.model import Cm3

__all__ = ["answered", "held_alt"]

Place = tuple[int, int]
"""A row and the number of a draw."""


def answered(model: "Cm3", given: "Given", draws: int, seed: int, *, redraw: bool = False) -> Data:
    """Every row `draws` times, its holes filled.

    Args:
        model: Fitted.
        given: Pages.
        draws: Answers a row.
        seed: Of the draws.
        redraw: Whether the pictures alone are asked, of the pages that what is held speaks of.

    Raises:
        DataError: If a row cannot be taken as it is, or the model knows no word of what is held.
    """
    model.outside()
    pages, said = model.rows(given)
    alt = held_alt(model)
    of = [alt is not None and any(part.kind == "alt" for part in parts) for parts in pages]
    if redraw:
        said = [replace(one, image=None) if spoken else one for one, spoken in zip(said, of, strict=True)]
    said = [replace(one, alt=plain(alt or "")) if spoken else one for one, spoken in zip(said, of, strict=True)]
    layout = model.layout
    rows = [row for row in range(len(pages)) if of[row] or not redraw]
    asked = {row: layout.asked(pages[row], said[row], ("image",) if redraw else FIELDS, row) for row in rows}
    asked = {row: page for row, page in asked.items() if page.holes}
    wanted = [(row, draw) for row in asked for draw in range(draws)]
    filled = _filled(model, [(row, asked[row]) for row, _ in wanted], draws, seed)
    if model.config.candidates > 1:
        filled = _likeliest(model, [(row, asked[row], pages[row], said[row]) for row, _ in wanted], filled, draws, seed)
    found: dict[str, dict[Place, Any]] = {name: {} for name in FIELDS}
    if alt is not None:
        found["alt"] = {(row, draw): alt for row in range(len(pages)) if of[row] for draw in range(draws)}
    vocabulary = model.fitted().vocabulary
    for place, held in zip(wanted, filled, strict=True):
        for (field, _), ids in zip(asked[place[0]].holes, held, strict=True):
            if field == "gap":
                found["gap"].setdefault(place, []).append(vocabulary.decode(ids).strip())
            else:
                found[field][place] = (
                    vocabulary.codes(np.array(ids)) if field == "image" else vocabulary.decode(ids).strip()
                )
    return _with_answers(model, given, draws, found, pages)


def held_alt(model: "Cm3") -> str | None:
    """What is held of the pictures, if anything."""
    action = next(iter(model.held.values()), None)
    value = getattr(action, "value", None)
    return None if value is None else str(value)


def _filled(model: "Cm3", pages: Sequence[tuple[int, Asked]], draws: int, seed: int) -> list[list[list[int]]]:
    """Ids for each hole of pages with their rows; texts of one draw are the likeliest, pictures are drawn."""
    found: list[Any] = [None] * len(pages)
    pictured = [any(field == "image" for field, _ in page.holes) for _, page in pages]
    for drawn in (True, False):
        which = [k for k, held in enumerate(pictured) if held is drawn]
        temperature = model.config.temperature if drawn else float(draws > 1)
        ids = model.fill([pages[k] for k in which], temperature=temperature, seed=seed)
        for k, one in zip(which, ids, strict=True):
            found[k] = one
    return found


def _likeliest(
    model: "Cm3",
    pages: Sequence[tuple[int, Asked, Sequence[Part], Said]],
    filled: list[list[list[int]]],
    draws: int,
    seed: int,
) -> list[list[list[int]]]:
    """The same, each picture that alone is asked the one of several from which its caption is said best."""
    which = [k for k, (_, page, _, said) in enumerate(pages) if page.holes == [("image", 0)] and said.alt]
    if not which:
        return filled
    drawn = [[filled[k][0] for k in which]]
    for more in range(1, model.config.candidates):
        again = _filled(model, [pages[k][:2] for k in which], draws, seed + 1_000_003 * more)
        drawn.append([ids[0] for ids in again])
    layout, vocabulary = model.layout, model.fitted().vocabulary
    scores = []
    for every in drawn:
        laid = [
            layout.laid(pages[k][2], replace(pages[k][3], image=vocabulary.codes(np.array(ids))))
            for k, ids in zip(which, every, strict=True)
        ]
        said = span_scores(
            model.fitted(), model.config.objective, [p.ids for p in laid], [p.places["alt"] for p in laid]
        )
        scores.append([float(one.sum()) for one in said])
    best = np.argmax(scores, axis=0)
    chosen = list(filled)
    for place, k in enumerate(which):
        chosen[k] = [drawn[int(best[place])][place]]
    return chosen


def _with_answers(
    model: "Cm3", given: "Given", draws: int, found: dict[str, dict[Place, Any]], pages: Sequence[Sequence[Part]]
) -> Data:
    """The rows with the columns of what was found; columns of which nothing was found stay as they are."""
    places = [(row, draw) for row in range(len(given)) for draw in range(draws)]
    rows = given.data if draws == 1 else given.data.take(np.repeat(np.arange(len(given)), draws))
    columns: dict[str, Any] = {}
    kinds: dict[str, str] = {}
    for role, field, kind in (("alt", "alt", "text"), ("title", "title", "text"), ("infill", "gap", "list")):
        if found[field]:
            name = given.column(role) or role
            held = _held(given, name, kind)
            columns[name] = [found[field].get(place, held[place[0]]) for place in places]
            kinds[name] = kind
    if found["image"] and model.pictures is not None:
        name = given.column("image") or "image"
        drawn = dict(zip(found["image"], model.pictures.drawn(np.stack([*found["image"].values()])), strict=True))
        own = found_pictures(given, pages, model.pictures.side, scale=model.config.pixels is not None)
        columns[name] = [drawn[place] if place in drawn else own.get(place[0]) for place in places]
        kinds[name] = "picture"
    return rows.with_known(columns, kinds) if columns else rows


def _held(given: "Given", name: str, kind: str) -> list[Any]:
    """The cells of a column, None where it has nothing."""
    if name not in given.table:
        return [None] * len(given)
    held: list[Any] = given.table.texts(name) if kind == "text" else given.table.lists(name)
    return [None if gone else one for one, gone in zip(held, given.table.absent(name), strict=True)]
