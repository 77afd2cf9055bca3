"""A small encoder that reads a question, one token a statement, and says whether it follows.

The kind of the hypothesis and its two names are tokens, then each statement is one. A statement that the training has
not seen, such as one about other names, is an unknown token.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aitia.errors import DataError
from aitia.nn.language import by_length, last_states, small_encoder, token_batch
from aitia.nn.sequences.saving import state_file
from aitia.nn.text_heads import TextHead
from aitia.runs import RunStore
from aitia.systems.corr2cause.config import Corr2CauseConfig
from aitia.systems.corr2cause.features import Asked, shuffled_names
from aitia.train import TrainConfig, train

__all__ = ["Drawn", "Reader", "Weighted"]

WEIGHT = 3.0
"""Of an entailed question in the loss: there is one in seven."""
AT_ONCE = 256


class Reader:
    """The encoder with its head.

    Args:
        words: The tokens that it knows.
        config: Sizes.
    """

    def __init__(self, words: Sequence[str], config: Corr2CauseConfig) -> None:
        self.words, self.longest = tuple(words), config.longest
        self.language = small_encoder(
            self.words, width=config.width, layers=config.layers, longest=config.longest, seed=config.seed
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.network = _Network(self.language.model, TextHead(config.width, 2, "attention"))
        self.losses: tuple[Mapping[str, float], ...] = ()

    @classmethod
    def fit(cls, items: Sequence[Asked], labels: NDArray[np.bool_], config: Corr2CauseConfig, run: RunStore) -> Self:
        """Trains it on labelled questions, their names dealt anew where the config says so."""

        def naming(row: int, which: int) -> Asked:
            if config.namings == 1:
                return items[row]
            return shuffled_names(items[row], np.random.default_rng([config.seed, row, which]))

        # Two namings of each question have all statements but those of which there are few.
        seen = (naming(row, which) for row in range(len(items)) for which in range(min(config.namings, 2)))
        reader = cls(sorted({word for item in seen for word in _text(item).split()}), config)
        reader._check(items)
        drawn = Drawn(reader.batch, lambda row, which: _text(naming(row, which)), labels, config)
        history = train(
            reader.network,
            drawn,
            TrainConfig(
                steps=config.steps, learning_rate=config.learning_rate, schedule="cosine", clip=1.0, weight_decay=0.05,
                seed=config.seed, device=config.device,
            ),
            progress=run.progress,
            what="reading questions",
            checkpoint=state_file(run.checkpoint, "reading"),
        )  # fmt: skip
        reader.network.eval()
        reader.losses = tuple(history.losses)
        return reader

    def scores(self, items: Sequence[Asked]) -> NDArray[np.float64]:
        """(n,) probability that each is entailed.

        Raises:
            DataError: If a question is longer than the encoder reads; names it.
        """
        self._check(items)
        texts = [_text(item) for item in items]
        found = np.zeros(len(items))
        self.network.eval()
        with torch.no_grad():
            for rows in by_length(texts, AT_ONCE):
                batch = self.batch([texts[row] for row in rows])
                found[rows] = self.network.logits(*batch).softmax(dim=-1)[:, 1].double().numpy()
        return found

    def batch(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Tokens and mask."""
        made = token_batch(self.language.tokenizer, texts, self.longest)
        return made["input_ids"], made["attention_mask"]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The weights."""
        return {name: tensor.cpu().numpy() for name, tensor in self.network.state_dict().items()}

    def take(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Takes up weights."""
        state = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
        self.network.load_state_dict(state)
        self.network.eval()

    def _check(self, items: Sequence[Asked]) -> None:
        for row, item in enumerate(items):
            if (length := len(_text(item).split())) > self.longest:
                raise DataError(
                    f"question {row} has {length} statements and words, and the encoder reads {self.longest}: give a "
                    "larger longest; a question that is cut would be another one"
                )


class Weighted(nn.Module):
    """A loss over questions of which few are entailed; a subclass gives `logits`."""

    def logits(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(questions, 2) of no and of yes."""
        raise NotImplementedError

    def forward(self, ids: Tensor, mask: Tensor, labels: Tensor) -> Tensor:
        """The weighted loss."""
        weight = torch.tensor([1.0, WEIGHT], device=labels.device)
        return cross_entropy(self.logits(ids, mask), labels, weight=weight)


class _Network(Weighted):
    def __init__(self, model: nn.Module, head: TextHead) -> None:
        super().__init__()
        self.model, self.head = model, head

    def logits(self, ids: Tensor, mask: Tensor) -> Tensor:
        scores: Tensor = self.head(last_states(self.model, {"input_ids": ids, "attention_mask": mask}), mask)
        return scores


class Drawn:
    """Batches of questions, each step's drawn by its number.

    Args:
        batch: From texts to tokens and mask.
        text: From the number of a question, and that of a naming, to its text.
        labels: Whether each question is entailed.
        config: Size, namings and seed.
    """

    def __init__(
        self, batch: Callable[[Sequence[str]], tuple[Tensor, Tensor]], text: Callable[[int, int], str],
        labels: NDArray[np.bool_], config: Corr2CauseConfig,
    ) -> None:  # fmt: skip
        self.batch, self.text, self.labels, self.config = batch, text, labels, config

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
        """The tensors of a step."""
        random = np.random.default_rng([self.config.seed, step])
        rows = random.integers(len(self.labels), size=self.config.batch)
        which = random.integers(self.config.namings, size=self.config.batch)
        pick = range(rank, self.config.batch, ranks)
        ids, mask = self.batch([self.text(int(rows[k]), int(which[k])) for k in pick])
        return ids, mask, torch.from_numpy(self.labels[rows[list(pick)]].astype(np.int64))


def _text(item: Asked) -> str:
    """A question as tokens apart by spaces; names may hold spaces, tokens not."""
    premise, asked = item
    name = {one: one.replace(" ", "_") for one in premise.names}
    x, y = (name[asked.x], name[asked.y])
    if asked.kind in ("collider", "confounder"):
        x, y = sorted((x, y))
    told = [f"?{asked.kind}", f"?1{x}", f"?2{y}"]
    told += [f"{name[a]}~{name[b]}" for a, b in premise.dependent]
    told += [f"{name[i.x]}#{name[i.y]}|{','.join(name[z] for z in i.given)}" for i in premise.independent]
    return " ".join(told)
