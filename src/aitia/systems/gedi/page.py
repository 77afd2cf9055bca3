"""The report: rows of each cluster, draws of each, the strangest rows, and what was assumed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.report import Block, Callout, ImageBlock, Picture, TableBlock, Text, histogram, image_grid, narrow_grid
from aitia.system import Given
from aitia.systems.gedi.reading import IMAGE
from aitia.systems.gedi.views import told

if TYPE_CHECKING:
    from aitia.systems.gedi.model import Gedi

__all__ = ["blocks"]

ACROSS, MOST = 8, 12
"""Pictures beside each other, and clusters that are shown."""
Values = NDArray[np.float64]


def blocks(model: "Gedi", given: Given) -> Sequence[Block]:
    """Of rows that the fit has not seen."""
    codes = model.encode(given)
    p = np.stack([codes.column(name) for name in model.names], axis=1)
    cluster, energy = p.argmax(axis=1), codes.column("energy")
    made: list[Block] = [Text(told(model.config, model.draws_pictures))]
    if model.warnings:
        made.append(Callout(model.warnings, "warning"))
    made.append(_used(model, cluster, p))
    if model.draws_pictures:
        images = given.pictures(IMAGE)
        made += [_clusters(model, images, cluster, p), _drawn(model, given), _strange(images, energy)]
    else:
        made += [_means(model, given, cluster), _drawn_numbers(model, given)]
    strange = np.round(100 * codes.column("stranger"))
    svg = histogram({"rows": energy}, x_label="energy")
    caption = (
        f"Energies of {len(energy)} rows. {int((strange >= 99).sum())} of them are stranger than 99 % of the rows that "
        "were held out of the training; 1 in 100 would be by chance. Energies of two models cannot be compared."
    )
    made.append(Picture(svg, caption))
    return made


def _used(model: "Gedi", cluster: NDArray[np.int64], p: Values) -> Block:
    prior = model.config.shares
    rows = [
        [name, int((cluster == k).sum()), f"{float((cluster == k).mean()):.1%}", f"{prior[k]:.1%}",
         f"{float(p[cluster == k, k].mean()):.2f}" if (cluster == k).any() else "-"]
        for k, name in enumerate(model.names)
    ]  # fmt: skip
    heads = ["cluster", "rows", "share", "prior", "mean probability"]
    return TableBlock(heads, rows, "How often each cluster is used, and how sure the network is of its rows.")


def _grid(
    cells: Sequence[Sequence[NDArray[np.uint8] | None]], rows: Sequence[str], heads: Sequence[str], caption: str
) -> Block:
    return ImageBlock(image_grid(cells, heads, rows), caption, caption, narrow_grid(cells, heads, rows))


def _padded(images: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8] | None]:
    return [*images[:ACROSS], *[None] * (ACROSS - len(images))]


def _clusters(model: "Gedi", images: NDArray[np.uint8], cluster: NDArray[np.int64], p: Values) -> Block:
    """The rows of each cluster that the network is most sure of."""
    shown = np.argsort(-np.bincount(cluster, minlength=len(model.names)), kind="stable")[:MOST]
    shown = np.sort(shown[np.isin(shown, cluster)])
    cells = []
    for k in shown:
        mine = np.flatnonzero(cluster == k)
        cells.append(_padded(list(images[mine[np.argsort(-p[mine, k], kind="stable")]])))
    heads = ["surest", *[""] * (ACROSS - 1)]
    return _grid(cells, [model.names[k] for k in shown], heads, "Rows of each cluster, the surest first.")


def _drawn(model: "Gedi", given: Given) -> Block:
    """Draws of each cluster, and how near to the nearest row they are."""
    shown = model.names[:MOST]
    asked = Table.of({"cluster": np.repeat(shown, ACROSS).tolist()}, kinds={"cluster": "label"})
    drawn = model.predict(asked, seed=model.config.seed)
    images = drawn.known.pictures(IMAGE)
    cells = [list(images[k * ACROSS : (k + 1) * ACROSS]) for k in range(len(shown))]
    rows, made = model.numbers(given), model.numbers(drawn.known.select([IMAGE]))
    apart = np.sqrt(((made[:, None] - rows[None]) ** 2).mean(-1)).min(1) / 2
    usual = np.sqrt(((rows[:, None] - rows[None]) ** 2).mean(-1)) / 2
    np.fill_diagonal(usual, np.inf)
    caption = (
        f"Draws of each cluster by {model.config.draw_walk} Langevin steps from the draws of the training. The nearest "
        f"of these rows is {np.median(apart):.2f} of full brightness away (median); between rows it is "
        f"{np.median(usual.min(1)):.2f}."
    )
    return _grid(cells, shown, [f"draw {k + 1}" for k in range(ACROSS)], caption)


def _strange(images: NDArray[np.uint8], energy: Values) -> Block:
    order = np.argsort(energy, kind="stable")
    cells = [_padded(list(images[order[::-1]])), _padded(list(images[order]))]
    heads = [f"row {k + 1}" for k in range(ACROSS)]
    return _grid(cells, ["strangest", "most usual"], heads, "Rows of the highest and of the lowest energy.")


def _means(model: "Gedi", given: Given, cluster: NDArray[np.int64]) -> Block:
    x = given.table.matrix(model.columns)
    rows = [
        [name, *(float(value) for value in x[cluster == k].mean(axis=0))]
        for k, name in enumerate(model.names)
        if (cluster == k).any()
    ]
    return TableBlock(["cluster", *model.columns], rows, "Means of the rows of each cluster.")


def _drawn_numbers(model: "Gedi", given: Given) -> Block:
    """Means and spreads of rows and of draws."""
    drawn, x = model.sample(200, seed=model.config.seed).known.matrix(model.columns), given.table.matrix(model.columns)
    rows = [
        [name, *(float(v) for v in (x[:, k].mean(), drawn[:, k].mean(), x[:, k].std(), drawn[:, k].std()))]
        for k, name in enumerate(model.columns)
    ]
    heads = ["column", "mean", "mean of draws", "spread", "spread of draws"]
    return TableBlock(heads, rows, "200 draws beside the rows; what is far off was not learnt.")
