"""The training of CADET: its rows and their weights, the epochs, and the threshold of the decision."""

from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.nn.gaussian import gaussian_kl
from aitia.runs import RunStore
from aitia.systems.cadet.config import CadetConfig
from aitia.systems.cadet.inputs import macro_f1
from aitia.systems.cadet.losses import Objective, back_door_weights
from aitia.systems.cadet.network import CadetNetwork, chunks, second_class
from aitia.train import History, RowBatches, TrainConfig, train

__all__ = ["Checked", "Trained", "collapsed", "nats_of_latents", "train_network"]

Codes = NDArray[np.int64]
Checked = tuple[Tensor, Tensor, Codes, Codes]
"""Of validation texts: ids, mask, labels, styles."""
Trained = tuple[Tensor, Tensor, Codes, Codes, Codes, NDArray[np.float64]]
"""Of training texts: ids, mask, labels, styles, topics, weights of the topics."""

COLLAPSED = 0.05
"""Nats of KL below which M or U says nothing."""
SETTLED = 5
"""Epoch from whose end on the validation texts choose."""
THRESHOLDS = tuple(np.linspace(0.05, 0.95, 19).round(2).tolist())
"""Among which the threshold of the decision is chosen."""


def train_network(
    net: CadetNetwork, config: CadetConfig, end: int, data: Trained, checked: Checked, run: RunStore
) -> tuple[History, float]:
    """Trains in place; how it went, and the threshold with the best macro-F1 on the validation texts.

    Args:
        net: The network.
        config: Options.
        end: The token that ends a text.
        data: Of the training.
        checked: Of validation.
        run: Where the state of the training is kept.
    """
    ids, mask = data[:2]
    y, s, t = (torch.from_numpy(codes) for codes in data[2:5])
    sure, balance = torch.from_numpy(data[5]).float(), back_door_weights(s, y)
    weight = balance if config.balanced else torch.ones(len(y))
    counts = checked[2], checked[3]
    check_weight = back_door_weights(*(torch.from_numpy(c) for c in counts[::-1])).double().numpy()
    check_weight = check_weight if config.balanced else np.ones(len(check_weight))
    steps = ceil(len(y) / config.batch)
    objective = Objective(net, config, steps, end)

    def score(*thresholds: float) -> list[float]:
        said = second_class(net, *checked[:2])
        return [macro_f1(checked[2], said >= threshold, check_weight) for threshold in thresholds]

    def validate() -> float:
        # Before all losses are in force no state is kept for good: each epoch counts as better than the one before.
        return -score(0.5)[0] if objective.epoch >= SETTLED else 1 / objective.epoch

    own = {id(parameter) for parameter in net.encoder.parameters()}
    groups: list[list[nn.Parameter]] = [[], []]
    for parameter in net.parameters():
        if parameter.requires_grad:
            groups[id(parameter) not in own].append(parameter)
    if run.checkpoint is not None:
        run.checkpoint.mkdir(parents=True, exist_ok=True)
    history = train(
        objective,
        RowBatches((ids, mask, y, s, t, sure, weight, balance), config.batch, config.seed),
        TrainConfig(
            steps=config.epochs * steps,
            weight_decay=0.01,
            clip=1.0,
            seed=config.seed,
            validate_every=steps,
            checkpoint_every=steps,
            patience=config.patience,
            device=config.device,
        ),
        groups=list(zip(groups, config.rates, strict=True)),
        validate=validate,
        before=objective.begin,
        checkpoint=None if run.checkpoint is None else run.checkpoint / "training.safetensors",
        progress=run.progress,
        what=f"cadet ({config.variant})",
    )
    net.cpu().eval()
    f1 = score(*THRESHOLDS)
    best = [threshold for threshold, found in zip(THRESHOLDS, f1, strict=True) if found >= max(f1) - 1e-12]
    return history, min(best, key=lambda threshold: abs(threshold - 0.5))


def nats_of_latents(net: CadetNetwork, ids: Tensor, mask: Tensor) -> dict[str, float]:
    """Nats that a text says about M (`motivation`) and U (`platform`); nothing where there are no latents."""
    if net.decoder is None:
        return {}
    nats: dict[str, list[Tensor]] = {"m": [], "u": []}
    with torch.no_grad():
        for rows in chunks(len(ids)):
            for name, law in net.infer(net.see(ids[rows], mask[rows]), sample=False).laws.items():
                nats[name].append(gaussian_kl(*law))
    return {told: float(torch.cat(nats[name]).mean()) for name, told in (("m", "motivation"), ("u", "platform"))}


def collapsed(kl: dict[str, float], config: CadetConfig) -> list[str]:
    """A sentence for each latent that says nothing."""
    return [
        f"{name} has collapsed: a text says {said:.3f} nats about it; take free_bits, or drop the loss 'kl'"
        for name, said in kl.items()
        if said < COLLAPSED and "kl" not in config.drop
    ]
