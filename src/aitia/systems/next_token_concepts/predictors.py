"""Next-token predictors of the world of concepts: how one is taught, and one that takes seconds."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from aitia.evidence.trained_once import trained_once
from aitia.nn.language import LanguageModel, word_tokenizer
from aitia.nn.weights import load_into, read_weights, write_weights
from aitia.train import History, RowBatches, TrainConfig, train
from aitia.worlds.concept_text import ConceptTextWorld

__all__ = ["SummedWords", "summed_words", "taught_predictor", "teach"]


class SummedWords(nn.Module):
    """A causal language model without attention: what it knows of a text is the sum of one vector a word.

        f(x_1 .. x_t) = U relu(V relu(sum_j e(x_j)) + v) + u,    p(y | x) = softmax(G f(x))                          (1)

    The words of the world stand at places of their own, so that no order is lost.

    Args:
        config: `vocab_size`; `hidden_size` of f; `intermediate_size` of e and of the layer within.
    """

    def __init__(self, config: SimpleNamespace) -> None:
        super().__init__()
        self.config = config
        vocabulary, width, hidden = config.vocab_size, config.hidden_size, config.intermediate_size
        self.words = nn.Embedding(vocabulary, hidden)
        self.layers = nn.ModuleList([nn.Sequential(nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())])
        self.norm = nn.Linear(hidden, width)
        self.head = nn.Linear(width, vocabulary)
        nn.init.normal_(self.words.weight, std=0.5)

    def get_output_embeddings(self) -> nn.Module:
        """The output layer."""
        return self.head

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any) -> Any:
        """Logits (rows, tokens, vocabulary) of the next token at each place."""
        summed = self.words(input_ids)
        if attention_mask is not None:
            summed = summed * attention_mask[..., None]
        return SimpleNamespace(logits=self.head(self.norm(self.layers[0](summed.cumsum(dim=1)))))

    def after(self, input_ids: Tensor) -> Tensor:
        """Logits (rows, vocabulary) of what follows whole texts: the last ones of `forward`, and no others."""
        logits: Tensor = self.head(self.norm(self.layers[0](self.words(input_ids).sum(dim=1))))
        return logits


class _Following(nn.Module):
    """-log p of the word that follows each text."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor) -> Tensor:
        """Of rows whose last token is the one that follows."""
        if isinstance(self.model, SummedWords):
            logits = self.model.after(ids[:, :-1])
        else:
            logits = cast(Any, self.model)(input_ids=ids[:, :-1], use_cache=False, logits_to_keep=1).logits[:, -1]
        return nn.functional.cross_entropy(logits, ids[:, -1])


def summed_words(world: ConceptTextWorld, width: int = 40, hidden: int = 128, seed: int = 0) -> LanguageModel:
    """(1) of `SummedWords` over the words of a world, with random weights."""
    tokenizer = word_tokenizer([*world.vocabulary, *world.next_vocabulary])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = SimpleNamespace(
            vocab_size=len(tokenizer), hidden_size=width, intermediate_size=hidden, num_hidden_layers=1
        )
        return LanguageModel(SummedWords(config), tokenizer)


def teach(
    language: LanguageModel,
    world: ConceptTextWorld,
    *,
    rows: int,
    steps: int,
    batch: int = 256,
    learning_rate: float = 3e-3,
    shuffled: bool = False,
    seed: int = 0,
) -> History:
    """Trains a model in place on what follows texts of the world.

    Args:
        language: Over the words of the world.
        world: Whose texts.
        rows: Texts.
        steps: Updates.
        batch: Texts an update.
        learning_rate: Of Adam, rising and falling.
        shuffled: Whether what follows is that of another text, so that there is nothing to learn.
        seed: Of texts and batches.
    """
    sample = world.sample(rows, seed=seed)
    place = {word: k for k, word in enumerate(language.tokenizer.convert_ids_to_tokens(range(len(language.tokenizer))))}
    following = world.next_words(sample)
    if shuffled:
        following = np.random.default_rng([seed, 17]).permutation(following).tolist()
    texts = zip(world.render(sample), following, strict=True)
    ids = torch.tensor([[place[word] for word in (*text.split(), after)] for text, after in texts])
    history = train(
        _Following(language.model),
        RowBatches((ids,), batch, seed),
        TrainConfig(steps, learning_rate, schedule="one-cycle", seed=seed, device="cpu"),
        what="next words",
    )
    language.model.eval()
    return history


def taught_predictor(
    world: ConceptTextWorld, seed: int, *, edges: float, shuffled: bool = False, **sizes: Any
) -> LanguageModel:
    """`summed_words` after `teach`, trained or read from the cache.

    Args:
        world: Whose texts.
        seed: Of everything.
        edges: Of the graph of the world, for a concept.
        shuffled: Whether what follows is that of another text.
        sizes: Of `teach`.
    """

    def train() -> LanguageModel:
        language = summed_words(world, seed=seed)
        teach(language, world, seed=seed, shuffled=shuffled, **sizes)
        return language

    def save(language: LanguageModel, folder: Path) -> None:
        write_weights(folder / "predictor.safetensors", language.model.state_dict(), {})

    def read(folder: Path) -> LanguageModel:
        language = summed_words(world, seed=seed)
        load_into(language.model, read_weights(folder / "predictor.safetensors")[0], folder)
        language.model.eval()
        return language

    all_sizes = {**sizes, "concepts": world.count, "words": world.words, "edges": edges, "shuffled": shuffled}
    return trained_once(__name__, world.name, all_sizes, seed, train=train, save=save, read=read)
