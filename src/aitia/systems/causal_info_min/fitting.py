"""The trainings in their order: what comes before the main branch, the main branch, and the weight of the bias."""

import copy
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from aitia.runs import RunStore
from aitia.systems.causal_info_min.backbone import Tap
from aitia.systems.causal_info_min.building import KINDS
from aitia.systems.causal_info_min.config import CausalInfoMinConfig
from aitia.systems.causal_info_min.debiasers import AdjustedTotalEffect, Debiaser, Plain, TreatmentEffect
from aitia.systems.causal_info_min.dictionary import cluster
from aitia.systems.causal_info_min.network import Network, Objective, accuracy, features_of, said_by
from aitia.systems.causal_info_min.rows import Rows
from aitia.systems.causal_info_min.trainings import Trainings, Tried, said
from aitia.train import History, RowBatches, train

__all__ = ["Fitted", "doubts", "fit_network", "notes_of"]

TIE_WEIGHTS = tuple(k / 10 for k in range(11))


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a fit leaves.

    Args:
        net: The network, in evaluation mode.
        history: How the training of the main branch went.
        tried: The bottlenecks of the adjusted TE-D.
        full_accuracy: Of the head on the feature as it came.
        selected_on: On what the weights were chosen, in words.
        tie_weight: Of the bias where it is taken out again.
    """

    net: Network
    history: History
    tried: tuple[Tried, ...]
    full_accuracy: float | None
    selected_on: str
    tie_weight: float | None


def fit_network(
    config: CausalInfoMinConfig,
    network: nn.Module | None,
    rows: Rows,
    held: Rows | None,
    even: Rows | None,
    log_expert: Tensor,
    run: RunStore,
) -> Fitted:
    """Fits on the rows; weights are chosen on validation and balanced rows where there are any.

    Args:
        config: Options.
        network: That gives the feature; None where features are given.
        rows: To train on.
        held: Validation rows.
        even: Rows without the bias.
        log_expert: (n, answers) of the expert of `product`; (n, 0) in other variants.
        run: Where the state of the training is kept.
    """
    work, tap = Trainings(config, run.checkpoint, run.progress), Tap(network, config.feature)
    tap.check(rows.inputs)
    original = tap.frozen()
    x_0 = features_of(original, rows.inputs, work.device)
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        x_held = None if held is None else features_of(original, held.inputs, work.device)
        debiaser, full, tried, full_accuracy = _before(config, work, x_0, rows.target, x_held, held)
    learns = network is not None and config.train_backbone
    backbone = copy.deepcopy(tap).requires_grad_(True) if learns else original
    net = Network(backbone, original if learns else None, debiaser, full)

    def chosen_by() -> float:
        parts = [accuracy(said_by(net, split.inputs)[0], split.target) for split in (held, even) if split]
        return 1 - float(np.mean(parts))

    history = train(
        Objective(net, tuple(rows.inputs)),
        RowBatches((*rows.inputs.values(), x_0, rows.target, log_expert), min(config.batch, len(rows)), config.seed),
        work.training(config.steps),
        validate=None if held is None and even is None else chosen_by,
        checkpoint=work.place("main"),
        progress=run.progress,
        what="training",
    )
    net = net.cpu().eval()
    splits = [name for name, split in (("iid validation", held), ("held-out balanced", even)) if split is not None]
    selected = f"accuracy on {' and '.join(splits)} rows" if splits else "nothing: the last weights"
    weight = None if held is None else _choose_tie(net, held)
    return Fitted(net, history, tried, full_accuracy, selected, weight)


def _before(
    config: CausalInfoMinConfig,
    work: Trainings,
    x_0: Tensor,
    target: Tensor,
    x_held: Tensor | None,
    held: Rows | None,
) -> tuple[Debiaser, Plain | None, tuple[Tried, ...], float | None]:
    """What stands on the feature, with the head without debiasing, the bottlenecks tried and its accuracy."""
    width, size = x_0.shape[1], target.shape[1]
    if config.variant == "total-effect-adjusted":
        assert held is not None  # checked before
        assert x_held is not None
        full = work.full_head(width, x_0, target, x_held, held.target)
        full_accuracy = accuracy(said(full, x_held), held.target)
        branch, tried = work.branch(width, x_0, target, x_held, held.target, full_accuracy)
        return AdjustedTotalEffect(width, size, config, branch), full, tried, full_accuracy
    if config.variant.startswith("treatment"):
        dictionary = cluster(work.autoencoder(width, x_0), x_0, config.dictionary, config.seed)
        return TreatmentEffect(width, size, config, dictionary), None, (), None
    return KINDS[config.variant](width, size, config), None, (), None


def _choose_tie(net: Network, held: Rows) -> float | None:
    """The largest weight whose accuracy on iid validation is within one standard error of the best."""
    answers, bias, _ = said_by(net, held.inputs)
    if bias is None:
        return None
    found = [accuracy(answers - weight * bias, held.target) for weight in TIE_WEIGHTS]
    best = max(found)
    least = best - math.sqrt(max(best * (1 - best), 0.0) / len(held))
    return max(weight for weight, value in zip(TIE_WEIGHTS, found, strict=True) if value >= least)


def doubts(config: CausalInfoMinConfig, tried: tuple[Tried, ...], full_accuracy: float | None) -> tuple[str, ...]:
    """A sentence where no bottleneck kept enough of the full accuracy."""
    if full_accuracy is None:
        return ()
    chosen, least = next(each for each in tried if each.chosen), config.kept * full_accuracy
    if chosen.accuracy >= least:
        return ()
    return (
        f"no bottleneck keeps {config.kept:.0%} of the full accuracy ({least:.3f}); the most accurate one, "
        f"{chosen.accuracy:.3f} at {chosen.nats:.1f} nats, is in use and may hold more than the bias: "
        "try other kl_weights, or a lower kept",
    )


def notes_of(selected_on: str, tried: tuple[Tried, ...], tie_weight: float | None) -> tuple[str, ...]:
    """What was chosen in a fit, in sentences."""
    notes = [f"Weights are chosen by {selected_on}."] if selected_on else []
    notes += [
        f"The bottleneck in use holds {each.nats:.2f} nats; the bias alone is right in {each.accuracy:.1%}."
        for each in tried
        if each.chosen
    ]
    if tie_weight is not None:
        notes.append(f"do(bias=absent) takes the bias out with the weight {tie_weight:g}.")
    return tuple(notes)
