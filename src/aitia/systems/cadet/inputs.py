"""What CADET is fitted to, read from rows and checked: labels, styles, topics and the annotators' confidence."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, OptionError, join_names
from aitia.system import Given
from aitia.systems.cadet.config import CadetConfig

__all__ = ["Posts", "held_out", "macro_f1", "open_transfer", "read_posts"]

Codes = NDArray[np.int64]
Values = NDArray[np.float64]

MOST_TOPICS = 200


@dataclass(frozen=True, eq=False)
class Posts:
    """Texts with the codes of what is known of them, n of each.

    Args:
        texts: The texts.
        label: 0 or 1.
        style: 0 or 1; all 0 where none is given.
        topic: Codes; all 0 where none is given.
        sure: Weight of the topic.
        classes: The two labels, sorted.
        styles: What 0 and 1 of the style are called; empty where none is given.
        topics: The values of the topic, sorted.
    """

    texts: list[str]
    label: Codes
    style: Codes
    topic: Codes
    sure: Values
    classes: NDArray[Any]
    styles: tuple[str, ...]
    topics: tuple[Any, ...]


def read_posts(given: Given, config: CadetConfig) -> tuple[Posts, Posts | None, list[str]]:
    """Texts to train on, those for validation where a column says which, and what to know of them.

    Raises:
        OptionError: If there is no column of labels.
        DataError: If a column has not the values that it should, or a value is missing.
    """
    if given.column("label") is None:
        raise OptionError("cadet learns from labelled texts: say which column is the label (--label)")
    split = given.labels("split")
    if odd := sorted(set(split.tolist()) - {"all", "train", "validation"}):
        raise DataError(f"the split of a text is train or validation, got {odd[0]!r}")
    blank = given.table.absent(str(given.column("label")))
    told = [f"{int(blank.sum())} texts have no label and are left out"] if blank.any() else []
    for_check = (split == "validation") & ~blank
    posts = _posts(given.take(np.flatnonzero((split != "validation") & ~blank)), config, None)
    check = _posts(given.take(np.flatnonzero(for_check)), config, posts) if for_check.any() else None
    warning = open_transfer(posts.style, posts.label, posts.classes) if posts.styles else None
    return posts, check, [*([warning] if warning else []), *told]


def _posts(given: Given, config: CadetConfig, train: Posts | None) -> Posts:
    if len(given) == 0:
        raise DataError("there are no texts to fit")
    classes, label = _label_codes(given, None if train is None else train.classes)
    styles, style = _style_codes(given, config, None if train is None else train.styles)
    topics, topic, sure = ((), np.zeros(len(given), np.int64), np.ones(len(given)))
    if train is None:
        topics, topic = _topic_codes(given)
        sure = _confidences(given, config.least_confidence)
    return Posts(given.texts("text"), label, style, topic, sure, classes, styles, topics)


def _label_codes(given: Given, classes: NDArray[Any] | None) -> tuple[NDArray[Any], Codes]:
    """The two labels, sorted, and the code of each row; classes that are known already are kept."""
    values = np.array(given.table.labels(str(given.column("label"))).tolist())
    found, codes = np.unique(values, return_inverse=True)
    if classes is None:
        if len(found) != 2:
            raise DataError(f"labels have two values, got {len(found)}: {join_names(found.tolist())}")
        return found, codes.astype(np.int64)
    if unknown := sorted(set(found.tolist()) - set(classes.tolist())):
        raise DataError(f"validation texts have the label {unknown[0]!r}, which no training text has")
    if len(found) < 2:
        raise DataError(f"every validation text has the label {found[0].item()!r}: give texts of both labels")
    return classes, np.searchsorted(classes, values).astype(np.int64)


def _style_codes(given: Given, config: CadetConfig, known: tuple[str, ...] | None) -> tuple[tuple[str, ...], Codes]:
    """What the styles are called, and 0 or 1 for each text."""
    column = given.column("style")
    if column is None:
        if config.needs_style:
            raise DataError(
                f"variant={config.variant!r} learns from the style of each text: give style, or take variant='erm' "
                "without weights"
            )
        return (), np.zeros(len(given), dtype=np.int64)
    if (absent := given.table.absent(column)).any():
        raise DataError(f"the style of row {int(np.argmax(absent))} is missing: drop the row, or fill it")
    if given.table.fits(column, "number"):
        scores = np.array(given.table.labels(column).tolist(), dtype=np.float64)
        if not np.isfinite(scores).all():
            raise DataError("style is one finite number a text")
        if config.style_threshold is None and (odd := scores[(scores != 0) & (scores != 1)]).size:
            raise DataError(f"style is 0 or 1, got {odd[0]:g}: set style_threshold where it is a score")
        codes = (scores >= (1.0 if config.style_threshold is None else config.style_threshold)).astype(np.int64)
        styles: tuple[str, ...] = ("0", "1")
    else:
        labels = given.labels("style")
        styles = known if known is not None else tuple(sorted(set(labels.tolist())))
        if len(styles) > 2 or not set(labels.tolist()) <= set(styles):
            raise DataError(f"style has two values, got {join_names(sorted(set(labels.tolist()) | set(styles)))}")
        codes = np.searchsorted(styles, labels).astype(np.int64)
    if known is None and config.needs_style and len(np.unique(codes)) < 2:
        raise DataError(
            f"every text has style {styles[codes[0]]}, so nothing says what style is: give weak labels of style within "
            "it, such as a score with style_threshold"
        )
    return styles, codes


def _topic_codes(given: Given) -> tuple[tuple[Any, ...], Codes]:
    """The values of the topic, sorted, and the code of each row; 0 where it is missing."""
    column = given.column("topic")
    if column is None:
        return (), np.zeros(len(given), dtype=np.int64)
    there = ~given.table.absent(column)
    values = given.table.labels(column)
    kinds, codes = np.unique(np.array(values[there].tolist()), return_inverse=True)
    if len(kinds) > MOST_TOPICS:
        raise DataError(f"a topic has at most {MOST_TOPICS} values, got {len(kinds)}: group them")
    found = np.zeros(len(given), dtype=np.int64)
    found[there] = codes
    return tuple(kinds.tolist()), found


def _confidences(given: Given, least: float) -> Values:
    """(n,) weights of the topics: the confidence, and 0 below the least or where the topic is missing."""
    topic, column = given.column("topic"), given.column("confidence")
    there: Values = np.ones(len(given)) if topic is None else (~given.table.absent(topic)).astype(np.float64)
    if column is None:
        return there
    sure = np.array(given.table.labels(column).tolist(), dtype=np.float64)
    if not ((sure >= 0) & (sure <= 1)).all():
        raise DataError(f"confidence is one number in [0, 1] a text, got {sure[~((sure >= 0) & (sure <= 1))][0]:g}")
    weights: Values = np.where(sure >= least, sure, 0.0) * there
    return weights


def open_transfer(style: Codes, label: Codes, classes: NDArray[Any]) -> str | None:
    """The warning that within a style every text has one label, with the table of counts; None where it is not so."""
    counts = np.array([[int(((style == s) & (label == y)).sum()) for y in (0, 1)] for s in (0, 1)])
    if (counts > 0).all():
        return None
    table = "; ".join(
        f"style {s}: {counts[s, 0]} {classes[0]}, {counts[s, 1]} {classes[1]}" for s in (0, 1) if counts[s].any()
    )
    return f"within a style every text has one label, so what style and label owe to each other stays open ({table})"


def held_out(style: Codes, label: Codes, share: float, seed: int) -> tuple[Codes, Codes]:
    """Rows to train on and rows held out: of every pair of style and label this share, and one at least.

    Raises:
        DataError: If there are too few rows to hold one of each label out.
    """
    rng = np.random.default_rng(seed)
    held: list[int] = []
    for pair in range(4):
        rows = rng.permutation(np.flatnonzero(2 * style + label == pair))
        if len(rows) > 1:
            held += rows[: max(round(share * len(rows)), 1)].tolist()
    if len(np.unique(label[held])) < 2:
        raise DataError(f"{len(label)} texts are too few to hold one of each label out: give validation texts")
    kept = np.setdiff1d(np.arange(len(label)), held)
    return kept, np.array(sorted(held), dtype=np.int64)


def macro_f1(label: Codes, said: NDArray[np.bool_], weight: Values) -> float:
    """The mean of the F1 of both classes, rows weighted.

    Example:
        >>> macro_f1(np.array([0, 0, 1, 1]), np.array([False, True, True, True]), np.ones(4))
        0.7333333333333334
    """
    found = []
    for value in (0, 1):
        true, claimed = label == value, said == bool(value)
        both = weight[true & claimed].sum()
        found.append(2 * both / max(weight[true].sum() + weight[claimed].sum(), 1e-12))
    return float(np.mean(found))
