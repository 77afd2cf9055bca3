"""What a fit wants of rows, the graph that it takes, and the training."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.data.table import Table
from aitia.errors import DataError, OptionError, join_names, unknown_variable
from aitia.graph.graph import Graph
from aitia.nn.diffusion import Schedule
from aitia.nn.opening_pictures import open_pipeline
from aitia.representations.labelled_causes import arrows, labels_of, numbers_of
from aitia.representations.learnt_graph import learnt_graph
from aitia.runs import RunStore
from aitia.system import Given
from aitia.systems.causal_diffae.codec import Codec
from aitia.systems.causal_diffae.config import LEARN, CausalDiffaeConfig
from aitia.systems.causal_diffae.drawing import tensors
from aitia.systems.causal_diffae.network import Network, Objective, small_unet
from aitia.train import Batches, History, RowBatches, TrainConfig, train

__all__ = ["Fitted", "causes_of", "check_rows", "fit", "graph_told"]

FEW = 200
"""Pictures below which a diffusion model draws what it was given by heart."""
MEASURED = 64
"""Pictures at most on which the inversion is measured."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a fit found.

    Args:
        net: The moving mean of the weights.
        graph: Over the causes.
        schedule: Of the noise.
        size: Height and width.
        ranges: Of each cause.
        notes: In words.
        history: Of the training.
        held_out: Rows that the training was not given, 64 at most.
    """

    net: Network
    graph: Graph
    schedule: Schedule
    size: tuple[int, int]
    ranges: Mapping[str, tuple[float, float]]
    notes: tuple[str, ...]
    history: History
    held_out: NDArray[np.int64]


def causes_of(given: Given, config: CausalDiffaeConfig) -> tuple[str, ...]:
    """Those that the user names, else those of the graph, else every column of numbers."""
    named = given.columns("cause")
    told = () if config.graph in ("", LEARN) else Graph(config.graph).nodes
    return named or tuple(told) or numbers_of(given)


def graph_told(given: Given, config: CausalDiffaeConfig) -> str:
    """The graph that is given: that of the options, or of the world that made the rows."""
    if config.graph or given.world is None:
        return config.graph
    names = given.columns("cause") or numbers_of(given)
    return str(given.world.graph.subgraph(names)) if set(names) <= set(given.world.names) else ""


def check_rows(given: Given, config: CausalDiffaeConfig) -> None:
    """Refuses rows and graphs with which there is nothing to train.

    Raises:
        DataError: If there are no causes, fewer than two pictures, a row without one, a picture that moves, or a cause
            with no two values.
        UnknownVariableError: If the graph names what is no cause.
        GraphError: If it is no DAG.
    """
    names = causes_of(given, config)
    if not names:
        raise DataError(
            "the pictures have no label that is a number: without labels no cause has a name, as many codes draw the "
            "same pictures; label some rows"
        )
    if config.graph != LEARN:
        edges = arrows(Graph(graph_told(given, config)))
        if unknown := [name for edge in edges for name in edge if name not in names]:
            raise unknown_variable(unknown[0], names, "list of causes")
    if len(given) < 2:
        raise DataError("a generator is trained on at least 2 pictures, got 1")
    column = given.column("image") or "image"
    if column in given.table and (gone := np.flatnonzero(given.table.absent(column))).size:
        rows = "row" if len(gone) == 1 else f"{len(gone)} rows, first"
        raise DataError(f"{rows} {given.row_number(int(gone[0]))} has no picture: a fit takes rows that have one")
    _check_still(given, column)
    y = labels_of(given, names)
    for name, values in zip(names, y.T, strict=True):
        known = values[~np.isnan(values)]
        if not len(known):
            raise DataError(f"label {name!r} has no value in any row: label some of them, or leave it out")
        if len(np.unique(known)) < 2:
            where = f"in the {len(known)} rows that have it" if len(known) < len(values) else "in every row"
            raise DataError(f"label {name!r} is {known[0]:g} {where}: a cause that never varies is none, leave it out")
    if config.graph == LEARN and (whole := int((~np.isnan(y).any(axis=1)).sum())) < 10:
        raise DataError(f"a graph is searched for in rows with all labels, and {whole} have them: give the graph")


def _check_still(given: Given, column: str) -> None:
    """Refuses files that hold several pictures, of which only the first would be seen."""
    from PIL import Image

    for path in given.table.labels(column) if column in given.table else ():
        if not isinstance(path, str):
            continue
        try:
            with Image.open(path) as opened:
                frames = int(getattr(opened, "n_frames", 1))
        except (OSError, ValueError, Image.DecompressionBombError):
            continue  # who reads the pixels says what is wrong
        if frames > 1:
            raise DataError(f"{path} moves, in {frames} frames: save the one that is meant as a picture of its own")


def fit(given: Given, config: CausalDiffaeConfig, codec: Codec, run: RunStore) -> Fitted:
    """Trains by (4) of the model.

    Raises:
        DataError: If pictures do not fit the UNet.
        OptionError: If the UNet that is given has other channels than what is diffused.
    """
    names = causes_of(given, config)
    images, y = given.pictures("image"), labels_of(given, names)
    graph, notes = _graph(given, config, names, y)
    notes += _counted(y)
    size = (int(images.shape[1]), int(images.shape[2]))
    x = codec.encode(tensors(images))
    inner = (x.shape[2], x.shape[3])
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        unet, schedule = _unet(given, config, inner, codec.channels)
        net = Network(config, graph, inner, unet)
    centre, spread = np.nanmean(y, axis=0), np.nanstd(y, axis=0)
    net.centre.copy_(torch.from_numpy(centre))
    net.spread.copy_(torch.from_numpy(spread))
    z = torch.from_numpy((y - centre) / spread).float()
    order = np.random.default_rng([config.seed, 83]).permutation(len(given))
    cut = min(max(int(config.held_out * len(given)), 1), len(given) - 1)
    held, kept = order[:cut], torch.from_numpy(order[cut:])
    if run.checkpoint is not None:
        run.checkpoint.mkdir(parents=True, exist_ok=True)
    objective = Objective(net, config, schedule)

    def before(step: int) -> None:
        if step:
            objective.follow(step)

    history = train(
        objective,
        _batches(x[kept], z[kept], config),
        TrainConfig(
            steps=config.steps,
            learning_rate=config.learning_rate,
            schedule="one-cycle",
            clip=1.0,
            seed=config.seed,
            validate_every=max(config.steps // 10, 1),
            device="cpu" if config.device == "cpu" else "auto",
        ),
        before=before,
        checkpoint=None if run.checkpoint is None else run.checkpoint / "training.safetensors",
        progress=run.progress,
    )
    objective.follow(config.steps)
    ranges = {name: (float(np.nanmin(c)), float(np.nanmax(c))) for name, c in zip(names, y.T, strict=True)}
    mean = objective.mean.cpu().eval()
    return Fitted(mean, graph, schedule, size, ranges, notes, history, np.sort(held[:MEASURED]))


def _batches(x: Tensor, z: Tensor, config: CausalDiffaeConfig) -> Batches:
    """Rows of each step; where fewer than half have a label, half of the step is of those that have one."""
    known = ~torch.isnan(z).all(dim=1)
    if config.batch < 2 or not bool(known.any()) or float(known.float().mean()) >= 0.5:
        return RowBatches((x, z), config.batch, config.seed)
    half = config.batch // 2
    one = RowBatches((x[known], z[known]), half, config.seed)
    two = RowBatches((x[~known], z[~known]), config.batch - half, config.seed)

    def batch(step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
        pairs = zip(one(step, rank, ranks), two(step, rank, ranks), strict=True)
        return tuple(torch.cat(pair) for pair in pairs)

    return batch


def _graph(
    given: Given, config: CausalDiffaeConfig, names: tuple[str, ...], y: NDArray[np.float64]
) -> tuple[Graph, tuple[str, ...]]:
    if config.graph == LEARN:
        whole = y[~np.isnan(y).any(axis=1)]
        columns = dict(zip(names, whole.T, strict=True))
        return learnt_graph(Table.of(columns, kinds=dict.fromkeys(names, "number")), config.alpha)
    told = graph_told(given, config)
    notes = () if told else ("No graph given: the causes are taken as independent.",)
    return Graph(arrows(Graph(told)), names), notes


def _counted(y: NDArray[np.float64]) -> tuple[str, ...]:
    """What is to be known of how few rows or labels there are."""
    notes: tuple[str, ...] = ()
    if missing := int(np.isnan(y).any(axis=1).sum()):
        none = int(np.isnan(y).all(axis=1).sum())
        notes += (
            f"{missing} of {len(y)} rows lack labels, {none} of them all: their causes are read from the picture.",
        )
    if len(y) < FEW:
        notes += (
            f"{len(y)} pictures are few: below {FEW} a diffusion model learns them by heart, and draws of it are near "
            "to pictures of the training.",
        )
    return notes


def _unet(given: Given, config: CausalDiffaeConfig, size: tuple[int, int], channels: int) -> tuple[Any, Schedule]:
    """That of the pipeline that is given, whose noise schedule is kept, or a small one."""
    subject = given.subjects.get("unet")
    if subject is None:
        return small_unet(config, size, channels), Schedule.cosine(config.noise_steps)
    pipeline = open_pipeline(subject)
    unet: Any = pipeline.denoiser
    both = None if type(unet).__name__ != "UNet2DModel" else (unet.config.in_channels, unet.config.out_channels)
    if both != (channels, channels):
        raise OptionError(
            f"{subject.id} holds a {type(unet).__name__}: causal-diffae trains on the UNet2DModel of a pipeline that "
            f"draws pictures in pixels ({join_names(('DDPMPipeline', 'DDIMPipeline'))}), or, with a vae, in {channels} "
            "channels of its latents"
        )
    if config.draw_steps > len(pipeline.schedule):
        raise OptionError(f"{subject.id} has {len(pipeline.schedule)} noise steps: draw_steps is no more")
    return copy.deepcopy(unet).float(), pipeline.schedule
