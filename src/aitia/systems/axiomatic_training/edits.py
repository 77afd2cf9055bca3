"""Edits of a premise that leave its answer true, and what they change in how often the model is right.

    names=permuted     the names of the premise are dealt anew among its nodes
    names=longer       each name becomes one of 6 to 9 letters and digits
    order=reversed     the edges are told last to first
    order=shuffled     the edges are told in any order

A model that follows paths answers as before; a score that falls under an edit was not one of reasoning.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.do import Action, Intervention, Value
from aitia.stats.effects import mean_effects
from aitia.system import Given
from aitia.systems.axiomatic_training.corpus import Question
from aitia.worlds.axiom_items import Item
from aitia.worlds.axioms import SIGNS

__all__ = ["EDITS", "edited", "edited_rows", "effects_of"]

EDITS: Mapping[str, tuple[str, ...]] = {"names": ("permuted", "longer"), "order": ("reversed", "shuffled")}
LONGER = (6, 10)


def edited(item: Item, held: Intervention, seed: int) -> Item:
    """The question with its premise told otherwise; all questions about one premise are edited alike."""
    random = np.random.default_rng([seed, zlib.crc32(item.premise.encode())])
    for target, action in held.items():
        value = _value(action)
        if target == "names":
            item = _renamed(item, value, random)
        elif value == "reversed":
            item = Item(item.edges[::-1], item.x, item.y, item.given)
        else:
            order = random.permutation(len(item.edges))
            item = Item(tuple(item.edges[k] for k in order), item.x, item.y, item.given)
    return item


def _renamed(item: Item, how: str, random: np.random.Generator) -> Item:
    if how == "permuted":
        new = [item.nodes[k] for k in random.permutation(len(item.nodes))]
    else:
        made: dict[str, None] = {}
        while len(made) < len(item.nodes):
            signs = random.integers(len(SIGNS), size=int(random.integers(*LONGER)))
            made["".join(SIGNS[k] for k in signs)] = None
        new = list(made)
    name = dict(zip(item.nodes, new, strict=True))
    held = None if item.given is None else tuple(name[each] for each in item.given)
    return Item(tuple((name[a], name[b]) for a, b in item.edges), name[item.x], name[item.y], held)


def edited_rows(given: Given, questions: Sequence[Question], held: Intervention, seed: int) -> Table:
    """The rows with premise and question, or the prompt that holds both, edited; all other cells stay."""
    if not held:
        return given.table
    new = [edited(question.item, held, seed) for question in questions]
    changed: dict[str, Any] = {}
    parts = {"premise": [item.premise for item in new], "question": [item.question for item in new]}
    for role, texts in parts.items():
        column = given.column(role)
        if column is not None and column in given.table:
            gone = given.table.absent(column)
            changed[column] = [None if empty else text for empty, text in zip(gone, texts, strict=True)]
    column = given.column("prompt")
    if column is not None and column in given.table:
        gone = given.table.absent(column)
        before = [text.rpartition("Premise:") for text in given.table.texts(column)]
        changed[column] = [
            None if empty else f"{head}{mark}{' ' if mark else ''}{item.premise} {item.question}"
            for empty, (head, mark, _), item in zip(gone, before, new, strict=True)
        ]
    return given.table.with_columns(changed, dict.fromkeys(changed, "text"))


def effects_of(
    questions: Sequence[Question],
    edits: Sequence[Intervention],
    right: Mapping[str, Any],
    seed: int,
) -> Table:
    """The mean change of being right under each edit, with an interval over premises.

    Args:
        questions: With labels.
        edits: Of one target each.
        right: `model` and `control`: from questions' items to whether each is answered as its label says.
        seed: Of edits and of the bootstrap.
    """
    items = [question.item for question in questions]
    premise = np.unique([item.premise for item in items], return_inverse=True)[1]
    before = {name: np.asarray(of(items), dtype=np.float64) for name, of in right.items()}
    rows: list[tuple[Any, ...]] = []
    for edit in edits:
        new = [edited(item, edit, seed) for item in items]
        change = {name: np.asarray(of(new), dtype=np.float64) - before[name] for name, of in right.items()}
        each = _by_premise(change["model"], premise)
        low = high = float(change["model"].mean())
        if len(each) > 1:
            interval = mean_effects(each[None], ["one"], seed=seed)
            low, high = float(interval.column("low")[0]), float(interval.column("high")[0])
        name = ", ".join(f"{target}={_value(action)}" for target, action in edit.items())
        rows.append((name, "right", float(each.mean()), low, high, float(change["control"].mean())))
    names = ("target", "outcome", "effect", "low", "high", "control")
    kinds = {name: "label" if name in names[:2] else "number" for name in names}
    return Table.of(dict(zip(names, zip(*rows, strict=True), strict=True)), kinds=kinds)


def _value(action: Action) -> str:
    return str(action.value) if isinstance(action, Value) else str(action)


def _by_premise(values: NDArray[np.float64], premise: NDArray[np.int64]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = np.bincount(premise, weights=values) / np.bincount(premise)
    return mean
