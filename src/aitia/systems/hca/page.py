"""What a hierarchical component analysis found, as blocks of a report."""

import numpy as np

from aitia.report.blocks import Block, Picture, TableBlock, Text
from aitia.report.distributions import histogram, shaded_matrix
from aitia.systems.hca import HCA

__all__ = ["latent_effects", "latent_names", "order_certainty", "order_graphs"]


def order_graphs(model: HCA) -> list[Block]:
    """The graph of every group with its weights."""
    blocks: list[Block] = [
        Text(
            "Each latent carries the name of the score that it is best aligned with, given those before it, and that "
            "score's scale: a weight of 0.5 means half a point more in the effect for one point in the cause."
        )
    ]
    for name in model.groups_:
        graph, weights = model.graph(name), model.weights_[name]
        said = {f"{z}": f"{z}: {n}" for z, n in zip(model.latents_, model.named_, strict=True)}
        labels = {
            (said[a], said[b]): f"{weights[model.latents_.index(b), model.latents_.index(a)]:+.2f}"
            for a, b in ((edge.left, edge.right) for edge in graph.edges)
        }
        drawn = type(graph)(list(labels), nodes=[said[z] for z in model.latents_])
        caption = f"{name}: inexactness {model.inexactness_[name]:.3f}"
        blocks.append(Picture(drawn.to_svg(labels=labels), caption))
    return blocks


def order_certainty(model: HCA) -> list[Block]:
    """The inexactness beside its two distributions, and how often each order came out of the bootstrap."""
    drawn = {"unrelated groups (the null)": model.null_, "groups alike (noise alone)": model.alike_}
    chart = histogram(drawn, mark=model.mic_, x_label="largest inexactness of a group", told=f"found: {model.mic_:.3f}")
    blocks: list[Block] = [
        Picture(
            chart,
            f"What is found, beside groups whose independent directions have nothing to do with each other "
            f"(p = {model.p_value_:.3f}) and beside groups that are alike, where any order fits.",
        )
    ]
    if model.orders_:
        rows: list[list[object]] = [[" → ".join(o.scores), f"{o.share:.0%}"] for o in model.orders_[:8]]
        blocks.append(
            TableBlock(["order", "share"], rows, f"Over {model.config.resamples} bootstrap samples of the rows.")
        )
        shares = model.position_shares()
        rows = [[z, ", ".join(f"{s} {v:.0%}" for s, v in list(shares[z].items())[:4])] for z in model.latents_]
        blocks.append(
            TableBlock(["place", "named after"], rows, "The source is z1; single places are surer than orders.")
        )
    return blocks


def latent_names(model: HCA) -> list[Block]:
    """How well each score tells each latent."""
    grid = np.array([[a.r2 for a in model.alignments_ if a.latent == z] for z in model.latents_])
    return [
        Picture(
            shaded_matrix(model.latents_, model.columns_, grid),
            "R² of each latent on one score and the latents before it; a latent is named after the largest.",
        )
    ]


def latent_effects(model: HCA) -> list[Block]:
    """What a step in each latent changes in every score of every group."""
    blocks: list[Block] = [
        Text("The change in each score when a latent rises by one of its standard deviations in that group.")
    ]
    for z, named in zip(model.latents_, model.named_, strict=True):
        rows: list[list[object]] = []
        for name in model.groups_:
            cells = [
                f"{e.change:+.1f}" + (f" ({e.low:+.1f} to {e.high:+.1f})" if np.isfinite(e.low) else "")
                for e in model.shift_effects(z, name)
            ]
            rows.append([name, *cells])
        blocks.append(
            TableBlock(["group", *model.columns_], rows, f"do({z} += 1 sd), {named}; 95 % bootstrap intervals.")
        )
    return blocks
