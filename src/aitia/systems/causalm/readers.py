"""Stage (iii): heads for the task on frozen encoders, and fresh probes of what is left in them."""

from collections.abc import Mapping
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.engine import Progress
from aitia.nn.choices import TextPooling
from aitia.nn.erasure import Eraser, leace, null_space_projection
from aitia.nn.language import LanguageModel, last_states, mean_state
from aitia.nn.text_heads import TextHead
from aitia.systems.causalm.calibration import taken_from
from aitia.systems.causalm.config import CausaLMConfig
from aitia.systems.causalm.effects import ALONE, LINEAR, LINEARLY
from aitia.systems.causalm.pretraining import NO_LABEL, CorpusTensors, balancing_weights
from aitia.train import RowBatches, TrainConfig, train

__all__ = ["Reader", "Readers", "closed_form", "linear_probe", "read_all", "seen", "train_head"]

Codes = NDArray[np.int64]
BATCH = 256
HELD_OUT = 0.1
"""Share of the texts on which the best state of a head is chosen."""


class Reader(nn.Module):
    """A head on frozen states, from which a concept may have been taken out in closed form.

    Args:
        pooling: Of the head.
        classes: How many.
        width: Of the states.
        dropout: Of the pooled state.
    """

    matrix: Tensor
    around: Tensor

    def __init__(self, pooling: TextPooling, classes: int, width: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.pooling: TextPooling = pooling
        self.register_buffer("matrix", torch.zeros(width, width))
        self.register_buffer("around", torch.zeros(width))
        self.head = TextHead(width, classes, pooling, dropout)

    def erase(self, eraser: Eraser) -> None:
        """Takes a concept out of every state from now on."""
        self.matrix.copy_(eraser.matrix)
        self.around.copy_(eraser.mean)

    def erased(self, states: Tensor) -> Tensor:
        """States (..., width) without the concept."""
        return states - (states - self.around) @ self.matrix.T

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """(texts, classes) scores, from what `seen` gives."""
        scores: Tensor = self.head(self.erased(states), mask)
        return scores


class Readers(nn.Module):
    """Every classifier of a fit, by name.

    Args:
        classes: Of the task.
        width: Of the states.
        places: For each classifier the encoder that it reads and its pooling.
        values: Of the concept, how many.

    Attributes:
        taken: (classifiers, values, classes): what each takes from the texts of each value; see `calibration.py`.
    """

    taken: Tensor

    def __init__(self, classes: int, width: int, places: Mapping[str, tuple[str, TextPooling]], values: int) -> None:
        super().__init__()
        self.places, self.width = dict(places), width
        self.heads = nn.ModuleList([Reader(pooling, classes, width) for _, pooling in self.places.values()])
        self.register_buffer("taken", torch.full((len(self.places), values, classes), torch.nan))

    def knowing(self, name: str) -> str:
        """The classifier that one without the concept is compared with: it knows the concept, and reads the same."""
        return LINEAR if LINEAR in self.places and name in LINEARLY else "original"

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classifiers."""
        return tuple(self.places)

    def __contains__(self, name: str) -> bool:
        return name in self.places

    def __getitem__(self, name: str) -> Reader:
        return cast(Reader, self.heads[self.names.index(name)])


def seen(
    model: LanguageModel, ids: Tensor, mask: Tensor, pooling: TextPooling, config: CausaLMConfig
) -> tuple[Tensor, Tensor]:
    """What a head of this pooling reads: the states of all tokens, or their mean as a single one, with its mask.

    Args:
        model: The encoder.
        ids: (n, tokens).
        mask: (n, tokens).
        pooling: Of the head.
        config: Options.
    """
    use = "cuda" if config.device == "auto" and torch.cuda.is_available() else "cpu"
    tokens = 1 if pooling == "mean" else ids.shape[1]
    states = torch.zeros(len(ids), tokens, model.width)
    model.model.to(use).eval()
    with torch.no_grad():
        for start in range(0, len(ids), BATCH):
            rows = slice(start, start + BATCH)
            inputs = {"input_ids": ids[rows].to(use), "attention_mask": mask[rows].to(use)}
            found = last_states(model.model, inputs)
            kept = mean_state(found, inputs["attention_mask"]).unsqueeze(1) if pooling == "mean" else found
            states[rows] = kept.float().cpu()
    model.model.cpu()
    return states, torch.ones(len(ids), 1, dtype=torch.long) if pooling == "mean" else mask


def closed_form(model: LanguageModel, data: CorpusTensors, treated: Tensor, config: CausaLMConfig) -> Eraser:
    """What takes the concept out of the mean state: of texts, weighed as for the adversaries, or of tagged tokens.

    For a concept of words the map is found over tokens; being affine, it acts on their mean as on each of them.

    Args:
        model: The encoder.
        data: The corpus.
        treated: Labels to be hidden, like `data.treated`.
        config: Options.
    """
    if config.tag is not None:
        states, _ = seen(model, data.ids, data.mask, "attention", config)
        return leace(states[data.tags != NO_LABEL], treated)
    states = seen(model, data.ids, data.mask, "mean", config)[0][:, 0]
    if not config.balanced:
        return leace(states, treated)
    weight = balancing_weights(treated, data.strata)
    rows = torch.multinomial(weight, len(weight), True, generator=torch.Generator().manual_seed(config.seed))
    return leace(states[rows], treated[rows])


class _Task(nn.Module):
    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, states: Tensor, mask: Tensor, label: Tensor) -> Tensor:
        return nn.functional.cross_entropy(self.reader(states, mask), label)


def train_head(
    reader: Reader,
    states: Tensor,
    mask: Tensor,
    label: Tensor,
    config: CausaLMConfig,
    progress: Progress | None,
    what: str,
) -> None:
    """Trains the head of a reader; the state with the least loss on a tenth of the texts is kept.

    Args:
        reader: Trained in place.
        states: As `seen` gives.
        mask: As `seen` gives.
        label: (n,) codes.
        config: Options.
        progress: Told how far it is.
        what: Names the work.
    """
    order = torch.from_numpy(np.random.default_rng([config.seed, len(label)]).permutation(len(label)))
    held, rows = order[: max(int(HELD_OUT * len(order)), 1)], order[max(int(HELD_OUT * len(order)), 1) :]
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        for part in reader.modules():
            if isinstance(part, nn.Linear):
                part.reset_parameters()
        reader.head.learn_scale(reader.erased(states), mask)
    task = _Task(reader)
    kept = tuple(tensor[held] for tensor in (states, mask, label))
    used = tuple(tensor[rows] for tensor in (states, mask, label))
    training = TrainConfig(
        steps=config.head_steps,
        learning_rate=config.head_learning_rate,
        schedule="cosine",
        seed=config.seed,
        device=config.device,
        validate_every=max(config.head_steps // 10, 1),
    )
    train(
        task,
        RowBatches(used, min(4 * config.batch, len(rows)), config.seed),
        training,
        validate=lambda: float(task(*(tensor.to(reader.matrix.device) for tensor in kept))),
        progress=progress,
        what=what,
    )
    reader.cpu().eval()


def linear_probe(states: NDArray[np.float32], codes: Codes, train_rows: Codes, test_rows: Codes) -> float:
    """Accuracy on some rows of a logistic regression on others, on states of unit variance."""
    from sklearn.linear_model import LogisticRegression

    deviation = states[train_rows].std(axis=0)
    scaled = (states - states[train_rows].mean(axis=0)) / np.where(deviation > 1e-6, deviation, 1.0)
    probe = LogisticRegression(max_iter=1000).fit(scaled[train_rows], codes[train_rows])
    return float(probe.score(scaled[test_rows], codes[test_rows]))


def read_all(
    config: CausaLMConfig,
    encoders: Mapping[str, LanguageModel],
    data: CorpusTensors,
    hidden: Mapping[str, Tensor],
    classes: int,
    progress: Progress | None,
) -> Readers:
    """Stage (iii), on every encoder and on the states that the baselines leave.

    Args:
        config: Options.
        encoders: By name.
        data: The corpus.
        hidden: What each encoder was to hide, by its name.
        classes: Of the task.
        progress: Told how far it is.
    """
    places: dict[str, tuple[str, TextPooling]] = {name: (name, config.pooling) for name in encoders}
    erasers: dict[str, Eraser] = {}
    if config.closed_form:
        erasers = {name: closed_form(encoders[name], data, z, config) for name, z in hidden.items()}
        erasers[ALONE] = closed_form(encoders["original"], data, data.treated, config)
        places[ALONE] = ("original", "mean")
    if config.pooling != "mean":
        places[LINEAR] = ("original", "mean")
    states = {place: seen(encoders[place[0]], data.ids, data.mask, place[1], config) for place in places.values()}
    if len(torch.unique(data.present)) > 1:
        mean = states["original", "mean"][0][:, 0]
        erasers |= {"LEACE": leace(mean, data.present), "INLP": null_space_projection(mean, data.present)}
        places |= dict.fromkeys(("LEACE", "INLP"), ("original", "mean"))
    readers = Readers(classes, encoders["original"].width, places, int(data.present.max()) + 1)
    scores: dict[str, Tensor] = {}
    for name, place in places.items():
        if name in erasers:
            readers[name].erase(erasers[name])
        train_head(readers[name], *states[place], data.label, config, progress, f"head: {name}")
        with torch.no_grad():
            scores[name] = readers[name](*states[place])
    for k, name in enumerate(places):
        readers.taken[k] = taken_from(scores[readers.knowing(name)], scores[name], data.present, data.strata)
    return readers
