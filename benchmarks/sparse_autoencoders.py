"""A training step of a sparse autoencoder beside that of sae-lens, at equal sizes: one run.

OMP_NUM_THREADS=1 python benchmarks/sparse_autoencoders.py [--full] [--json FILE]

Activations of 768 units, 3,072 features, 512 rows a step, Adam, gradients clipped at 1; ours is `aitia.train.train`
with `SparseLoss`, its batches and all, theirs `SAETrainer.step` of a training autoencoder on rows drawn alike. CPU
seconds a step, median over alternating runs. Both begin with the same weights, rows of the decoder of unit length, and
the loss of the same rows is the same to 1e-4 of it, or it stops. (Behind the first step the two differ: sae-lens lets
the rows grow and has features count by their length, ours are normalised in the loss.)

sae-lens and what it needs are heavy, so no environment of ours holds them: make one with both, and run this file there.
Where it is not installed a bare loop stands in: forward, backward, clip and step of the same update in plain torch.
`--full` repeats more often.
"""

import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, Literal

import torch
from torch import Tensor, nn

from _measure import arguments, write
from aitia.nn.sparse_autoencoders import SparseLoss
from aitia.train import RowBatches, TrainConfig, train

WIDTH, FEATURES, ROWS, BATCH, K, RATE, WEIGHT = 768, 3072, 4096, 512, 32, 3e-4, 0.05
Kind = Literal["top-k", "l1"]


def activations() -> Tensor:
    """Sums of few directions out of many, and noise."""
    random = torch.Generator().manual_seed(0)
    directions = nn.functional.normalize(torch.randn(2 * WIDTH, WIDTH, generator=random), dim=1)
    on = torch.rand(ROWS, 2 * WIDTH, generator=random) < 0.02
    return (on * torch.rand(ROWS, 2 * WIDTH, generator=random) * 4) @ directions + 0.1 * torch.randn(
        ROWS, WIDTH, generator=random
    )


def made(kind: Kind) -> SparseLoss:
    """Ours, with first weights that are drawn."""
    return SparseLoss(WIDTH, FEATURES, kind, k=K, sparsity=WEIGHT, seed=0)


def ours(x: Tensor, kind: Kind, steps: int) -> float:
    """CPU seconds a step."""
    loss, config = made(kind), TrainConfig(steps, RATE, clip=1.0, device="cpu")
    started = time.process_time()
    train(loss, RowBatches((x,), BATCH, 0), config)
    return (time.process_time() - started) / steps


def _sae_lens(kind: Kind, steps: int) -> Any:
    """A trainer of sae-lens with our first weights."""
    from sae_lens.config import LoggingConfig, SAETrainerConfig
    from sae_lens.saes.standard_sae import StandardTrainingSAE, StandardTrainingSAEConfig
    from sae_lens.saes.topk_sae import TopKTrainingSAE, TopKTrainingSAEConfig
    from sae_lens.training.sae_trainer import SAETrainer

    sizes: dict[str, Any] = {"d_in": WIDTH, "d_sae": FEATURES, "device": "cpu", "apply_b_dec_to_input": True}
    sae: Any
    if kind == "top-k":
        sae = TopKTrainingSAE(TopKTrainingSAEConfig(**sizes, k=K))
    else:
        sae = StandardTrainingSAE(StandardTrainingSAEConfig(**sizes, l1_coefficient=WEIGHT, l1_warm_up_steps=0))
    first = made(kind).autoencoder
    with torch.no_grad():
        for leaf, value in (("W_enc", first.encoder), ("W_dec", first.decoder), ("b_enc", first.encoder_bias)):
            getattr(sae, leaf).copy_(value)
        sae.b_dec.zero_()
    config = SAETrainerConfig(
        total_training_samples=steps * BATCH,
        train_batch_size_samples=BATCH,
        lr=RATE,
        lr_end=RATE,
        logger=LoggingConfig(log_to_wandb=False),
    )
    return SAETrainer(config, sae, data_provider=iter(()))


def sae_lens(x: Tensor, kind: Kind, steps: int) -> float:
    """CPU seconds a step of sae-lens."""
    trainer, order = _sae_lens(kind, steps), torch.randperm(ROWS)
    started = time.process_time()
    for step in range(steps):
        trainer.step(x[order[(step * BATCH) % ROWS :][:BATCH]])
        trainer.n_training_steps += 1
    return (time.process_time() - started) / steps


def bare(x: Tensor, kind: Kind, steps: int) -> float:
    """CPU seconds a step of the same update in plain torch."""
    loss, order = made(kind), torch.randperm(ROWS)
    optimiser = torch.optim.Adam(loss.parameters(), RATE)
    started = time.process_time()
    for step in range(steps):
        optimiser.zero_grad()
        loss(x[order[(step * BATCH) % ROWS :][:BATCH]])["loss"].backward()
        nn.utils.clip_grad_norm_(loss.parameters(), 1.0)
        optimiser.step()
    return (time.process_time() - started) / steps


def first_losses(x: Tensor, kind: Kind) -> tuple[float, float]:
    """The loss of the same rows under the same weights, ours and theirs."""
    mine: Tensor = made(kind)(x[:BATCH])["loss"]
    return mine.item(), _sae_lens(kind, 1).step(x[:BATCH]).loss.item()


def main() -> None:
    given = arguments(__doc__)
    x, steps, repeats = activations(), 12, 7 if given.full else 3
    installed = find_spec("sae_lens") is not None
    name = f"sae-lens {version('sae-lens')}" if installed else "bare loop (sae-lens is not installed)"
    peer: Callable[[Tensor, Kind, int], float] = sae_lens if installed else bare
    rows = []
    kinds: tuple[Kind, ...] = ("top-k", "l1")
    for kind in kinds:
        row: dict[str, Any] = {"kind": kind, "peer": name}
        if installed:
            mine, theirs = first_losses(x, kind)
            row |= {"loss": mine, "peer_loss": theirs}
            if abs(mine - theirs) > 1e-4 * abs(theirs):
                raise SystemExit(f"{kind}: the losses differ, {mine} and {theirs}")
        took = [(ours(x, kind, steps), peer(x, kind, steps)) for _ in range(repeats + 1)]
        mine, theirs = (statistics.median(column) for column in zip(*took[1:], strict=True))
        row |= {"ours_s": mine, "theirs_s": theirs, "ratio": theirs / mine}
        print(f"{kind}: ours {mine:.4f} s a step, {name} {theirs:.4f} s: {theirs / mine:.2f} times ours")
        rows.append(row)
    write(given.json, rows)


if __name__ == "__main__":
    main()
