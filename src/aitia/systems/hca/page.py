"""What a hierarchical component analysis found, in words and as blocks of a report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aitia.report.blocks import Block, Callout, Multiples, Picture, TableBlock, Text
from aitia.report.distributions import histogram, shaded_matrix

if TYPE_CHECKING:
    from aitia.systems.hca.model import HCA
    from aitia.systems.hca.search import OrderSearch

__all__ = ["blocks", "doubts", "latent_effects", "latent_names", "notes", "order_certainty", "order_graphs"]


def blocks(model: "HCA") -> Sequence[Block]:
    """The graph of every group, what a step in a latent changes, how sure the order is, the names and the groups."""
    warned = [Callout(model.doubts_, "warning")] if model.doubts_ else []
    shown = (order_graphs, order_certainty, latent_names, latent_effects, groups_together)
    first, *others = (part(model) for part in shown)
    return [*first, *warned, *(block for part in others for block in part)]


def notes(model: "HCA") -> tuple[str, ...]:
    """What the latents are called, how sure the order is, and what was left out, in sentences."""
    chain = " -> ".join(f"{z} ({name})" for z, name in zip(model.latents_, model.named_, strict=True))
    told = [
        f"{chain}: each is named after the column that it is best aligned with, given those before it.",
        f"{model.used_} rows of {len(model.groups_)} groups: {', '.join(model.groups_)}.",
        f"Inexactness {model.mic_:.3f}; unrelated groups: median {float(np.median(model.null_)):.3f}, "
        f"p = {model.p_value_:.3f}.",
    ]
    told += [f"Bootstrap: {' -> '.join(o.scores)} in {o.share:.0%}." for o in model.orders_[:3]]
    told += [f"{group} was left out: {why}." for group, why in model.left_out_.items()]
    told += [f"{count} rows were left out: {why}." for why, count in model.dropped_.items()]
    return tuple(told)


def doubts(model: "OrderSearch") -> tuple[str, ...]:
    """What speaks against the result, one sentence each; empty where nothing does."""
    said = []
    if model.gaussian_:
        said.append(
            f"not identifiable: two or more sources of {', '.join(model.gaussian_)} cannot be told from Gaussian ones"
        )
    if model.p_value_ > 0.05:
        said.append(
            f"the order may be an accident: unrelated groups have an inexactness of {model.mic_:.3f} or less in "
            f"{(model.null_ <= model.mic_).mean():.0%} of draws"
        )
    if model.orders_ and model.orders_[0].share < 0.5:
        share = f"{model.orders_[0].share:.0%}"
        said.append(f"the order is not stable: the most frequent one has {share} of the resamples")
    if stuck := [name for name, converged in model.converged_.items() if not converged]:
        said.append(f"independent component analysis did not converge in {', '.join(stuck)}")
    if not model.ordering_.exact:
        said.append("not every choice of rows was followed: raise beam")
    return tuple(said)


def order_graphs(model: "HCA") -> list[Block]:
    """The graph of every group with its weights."""
    blocks: list[Block] = [
        Text(
            "Each latent carries the name of the score that it is best aligned with, given those before it, and that "
            "score's scale: a weight of 0.5 means half a point more in the effect for one point in the cause."
        )
    ]
    graphs, drawings = model.graphs(), []
    for name in model.groups_:
        graph, weights = graphs[name], model.weights_[name]
        said = {f"{z}": f"{z}: {n}" for z, n in zip(model.latents_, model.named_, strict=True)}
        labels = {
            (said[a], said[b]): f"{weights[model.latents_.index(b), model.latents_.index(a)]:+.2f}"
            for a, b in ((edge.left, edge.right) for edge in graph.edges)
        }
        drawn = type(graph)(list(labels), nodes=[said[z] for z in model.latents_])
        caption = f"{name}: inexactness {model.inexactness_[name]:.3f}"
        drawings.append(Picture(drawn.to_svg(labels=labels), caption))
    return [*blocks, Multiples(drawings)]


def order_certainty(model: "HCA") -> list[Block]:
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


def latent_names(model: "HCA") -> list[Block]:
    """How well each score tells each latent."""
    grid = np.array([[a.r2 for a in model.alignments_ if a.latent == z] for z in model.latents_])
    return [
        Picture(
            shaded_matrix(model.latents_, model.columns_, grid),
            "R² of each latent on one score and the latents before it; a latent is named after the largest.",
        )
    ]


def latent_effects(model: "HCA") -> list[Block]:
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


def groups_together(model: "HCA") -> list[Block]:
    """Which groups share a subspace, which rows were left out, and what the rules matched."""
    shown: list[Block] = [
        Picture(
            shaded_matrix(model.large_, model.large_, model.distances_),
            f"1 - mean cosine of the principal angles between the subspaces of {model.config.factors} dimensions.",
        )
    ]
    rows: list[list[object]] = [[name, "used"] for name in model.groups_]
    rows += [[name, why] for name, why in model.left_out_.items() if name in model.large_]
    small = len([name for name in model.left_out_ if name not in model.large_])
    caption = f"{small} more groups have fewer than {model.config.least_rows} rows." if small else ""
    shown.append(TableBlock(["group", ""], rows, caption))
    if model.dropped_:
        lost: list[list[object]] = [[why, count] for why, count in model.dropped_.items()]
        shown.append(TableBlock(["rows left out", ""], lost))
    if model.matched_:
        matched: list[list[object]] = [
            [base, sum(told.values()), ", ".join(f"{n} by {column}" for column, n in told.items())]
            for base, told in list(model.matched_.items())[:30]
        ]
        shown.append(TableBlock(["base model", "rows", "matched"], matched, "What the rules matched."))
        if model.unmatched_:
            some = ", ".join(model.unmatched_[:: max(len(model.unmatched_) // 12, 1)][:12])
            shown.append(Text(f"{len(model.unmatched_)} rows matched no rule, such as {some}.", small=True))
    return shown
