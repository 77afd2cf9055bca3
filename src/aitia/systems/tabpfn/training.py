"""Pretraining: the network learns to answer for tables of the prior, once and for all.

    minimise  E over tables  -log q(y_query | x_query, training rows)                                              (1)

whose optimum is the posterior predictive of the prior. Every step draws fresh tables from (seed, step), so a training
that was killed goes on to the same bytes. A step has tables of one length, drawn from a few, and about as many rows in
all whatever the length: many short tables, few long ones. The training part is a uniform share of the rows between an
eighth and seven eighths. A query whose class no training row has is left out of the loss.

`python -m aitia.systems.tabpfn.recipe` is the command.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from aitia.engine import Progress
from aitia.errors import FormatError, OptionError, RunError
from aitia.files import write_whole
from aitia.nn.options import need_at_least
from aitia.nn.pretrained import Pretrained
from aitia.nn.weights import fingerprint
from aitia.systems.tabpfn.laws import Gamma, LogUniform, ScaledBeta
from aitia.systems.tabpfn.network import NetworkConfig, TableTransformer
from aitia.systems.tabpfn.prior import PriorConfig, TablePrior
from aitia.systems.tabpfn.scaling import ColumnScale
from aitia.train import TrainConfig, train

__all__ = ["PretrainConfig", "PriorFitted", "pretrain"]


CHECKPOINT_EVERY = 500
"""Steps between two checkpoints."""


@dataclass(frozen=True)
class PretrainConfig:
    """How to pretrain.

    Args:
        steps: Updates.
        rows: Rows a step, over all tables and processes.
        lengths: Rows a table; a step has one of them.
        shares: How often each length is drawn.
        learning_rate: Of AdamW, falling to zero as a cosine.
        weight_decay: Of AdamW.
        seed: Of weights and tables.
        device: `auto` takes a GPU where there is one.

    Raises:
        OptionError: If a number is out of range.
    """

    steps: int = 4000
    rows: int = 3072
    lengths: tuple[int, ...] = (64, 128, 256, 512)
    shares: tuple[float, ...] = (0.35, 0.4, 0.15, 0.1)
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        need_at_least(self, steps=1, rows=1)
        if not self.lengths or len(self.lengths) != len(self.shares) or min(self.lengths) < 16:
            raise OptionError(f"lengths are 16 rows or more, each with its share; got {self.lengths} and {self.shares}")
        if min(self.shares) < 0 or abs(sum(self.shares) - 1) > 1e-6:
            raise OptionError(f"shares of the lengths add up to 1, got {self.shares}")

    @property
    def most_rows(self) -> int:
        """Training rows that the network has been trained with at most."""
        return 7 * max(self.lengths) // 8


@dataclass(frozen=True)
class PriorBatches:
    """The tables of each step."""

    prior: TablePrior
    config: PretrainConfig

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
        """Columns, classes, columns in use, and the number of training rows, for this process."""
        shared = np.random.default_rng([self.config.seed, step])
        length = int(shared.choice(self.config.lengths, p=self.config.shares))
        train_rows = int(shared.integers(length // 8, 7 * length // 8 + 1))
        tables = max(self.config.rows // length // ranks, 1)
        batch = self.prior.batch(tables, length, np.random.default_rng([self.config.seed, step, rank]))
        return (
            torch.from_numpy(batch.X).float(),
            torch.from_numpy(batch.y),
            torch.from_numpy(batch.used),
            torch.tensor(train_rows),
        )


class Objective(nn.Module):
    """(1) on one batch.

    Args:
        network: What is trained.
    """

    def __init__(self, network: TableTransformer) -> None:
        super().__init__()
        self.network = network

    def forward(self, X: Tensor, y: Tensor, used: Tensor, train_rows: Tensor) -> Tensor:
        """The mean loss over queries; X (b, n, f), y (b, n), used (b,)."""
        t = int(train_rows)
        scaled = ColumnScale.of(X[:, :t], used).apply(X, self.network.config.features)
        logits = self.network(scaled, y[:, :t])
        wanted = y[:, t:]
        known = torch.isfinite(logits.gather(2, wanted[..., None])[..., 0])
        target = torch.where(known, wanted, -100)
        return functional.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=-100)


class PriorFitted(Pretrained):
    """A network with the prior and the recipe that made it, as a folder of `config.json` and `model.safetensors`.

    Args:
        network: Its size.
        prior: What it was trained on.
        recipe: How.
        record: What the training says of itself: CPU minutes since its last start, losses, hash of the weights.
    """

    def __init__(
        self,
        network: NetworkConfig,
        prior: PriorConfig,
        recipe: PretrainConfig,
        record: Mapping[str, Any] | None = None,
    ) -> None:
        self.network_config, self.prior, self.recipe, self.record = network, prior, recipe, dict(record or {})
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            self.network = TableTransformer(network).eval()

    def _options(self) -> dict[str, Any]:
        return {
            "network": asdict(self.network_config),
            "prior": asdict(self.prior),
            "recipe": asdict(self.recipe),
            "record": self.record,
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        try:
            prior = {key: _law(key, value) for key, value in options["prior"].items()}
            recipe: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in options["recipe"].items()}
            made = NetworkConfig(**options["network"]), PriorConfig(**prior), PretrainConfig(**recipe)
        except (KeyError, TypeError, AttributeError) as error:
            raise FormatError(f"the options of the network are damaged: {error}") from error
        return cls(*made, record=options.get("record"))

    def _network(self) -> nn.Module:
        return self.network

    @property
    def hash(self) -> str:
        """SHA-256 of the weights."""
        return fingerprint(self.network)


def _law(name: str, value: Any) -> Any:
    """A law of the prior from its JSON."""
    if not isinstance(value, Mapping):
        return value
    kinds = {field.name: field.default for field in fields(PriorConfig)}
    kind = type(kinds[name])
    if kind not in (Gamma, LogUniform, ScaledBeta):
        raise KeyError(name)
    return kind(**value)


def pretrain(
    out: str | Path | None,
    *,
    network: NetworkConfig | None = None,
    prior: PriorConfig | None = None,
    recipe: PretrainConfig | None = None,
    progress: Progress | None = None,
) -> PriorFitted:
    """Trains a network on a prior and writes it.

    Args:
        out: Folder of the result, and of the checkpoint that the same call goes on from; None writes nothing.
        network: Its size.
        prior: The tables.
        recipe: Steps, rows a step, seed.
        progress: Told how far it is.

    Raises:
        OptionError: If prior and network differ in columns or classes.
        RunError: If the folder holds the checkpoint of another training, or cannot be written.
    """
    prior, recipe = prior or PriorConfig(), recipe or PretrainConfig()
    network = network or NetworkConfig(features=prior.features, classes=prior.classes)
    if (network.features, network.classes) != (prior.features, prior.classes):
        raise OptionError(
            f"the network takes {network.features} columns and {network.classes} classes, the prior has "
            f"{prior.features} and {prior.classes}"
        )
    made = PriorFitted(network, prior, recipe)
    checkpoint = None
    if out is not None:
        _claim_folder(Path(out), made)
        checkpoint = Path(out) / "training.safetensors"
    config = TrainConfig(
        steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        schedule="cosine",
        clip=1.0,
        seed=recipe.seed,
        validate_every=max(recipe.steps // 20, 1),
        checkpoint_every=CHECKPOINT_EVERY,
        device=recipe.device,
    )
    start = time.process_time()
    history = train(
        Objective(made.network.train()),
        PriorBatches(TablePrior(prior), recipe),
        config,
        checkpoint=checkpoint,
        progress=progress,
        what="pretraining",
    )
    made.network.cpu().eval()
    made.record = {
        "cpu_minutes": round((time.process_time() - start) / 60, 2),
        "losses": [[point["step"], round(point["loss"], 4)] for point in history.losses],
        "parameters": sum(p.numel() for p in made.network.parameters()),
        "sha256": made.hash,
    }
    if out is not None and int(os.environ.get("RANK", "0")) == 0:  # under torchrun the first process alone writes
        made.save_pretrained(out)
    return made


def _claim_folder(folder: Path, made: PriorFitted) -> None:
    """Notes in the folder what is trained there, so that nothing else goes on from its checkpoint."""
    wanted = {name: value for name, value in made._options().items() if name != "record"}
    text = json.dumps(wanted, indent=2) + "\n"
    note = folder / "recipe.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if note.exists() and note.read_text(encoding="utf-8") != text:
            raise RunError(f"{folder} holds a training with another prior, network or recipe: give another folder")
        write_whole(note, text, RunError)
    except OSError as error:
        if isinstance(error, RunError):
            raise
        raise RunError(f"{folder} cannot be written: {error.strerror}") from error
