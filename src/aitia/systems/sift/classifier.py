"""The rivals of a model that writes: one that tags each word, from what stands before it or from the whole sentence.

A linear layer reads the state of a word's first token as B-TYPE, I-TYPE or O. With the causal mask it has seen what
stands before it; with the mask removed it sees all, in training and after.

Source:
    Dukic and Snajder, Looking right is sometimes right: Investigating the capabilities of decoder-only LLMs for
    sequence labeling, Findings of ACL 2024, section 3.
"""

import copy
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aitia.nn.sequences import SequenceModel, Visibility
from aitia.systems.sift.sentences import Sentence, Span
from aitia.train import RowBatches, TrainConfig, train

__all__ = ["TokenClassifier", "spans_of_labels"]

IGNORED = -100


class TokenClassifier:
    """A decoder that tags words.

    Args:
        model: The decoder; a copy of it is trained.
        types: That a span may have.
        visibility: `causal`, or `bidirectional` for the mask removed.
    """

    def __init__(self, model: SequenceModel, types: Sequence[str], visibility: Visibility = "causal") -> None:
        self.model = copy.copy(model)
        self.model.model = copy.deepcopy(model.model)
        self.types, self.visibility = tuple(types), visibility
        self.labels = ("O", *(f"{part}-{kind}" for kind in types for part in "BI"))
        self.head: nn.Linear | None = None

    def fit(
        self,
        labelled: Sequence[tuple[Sentence, Sequence[Span]]],
        *,
        steps: int,
        batch: int,
        learning_rate: float,
        seed: int,
    ) -> "TokenClassifier":
        """Trains all weights on labelled sentences."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.head = nn.Linear(self.model.width, len(self.labels))
        ids, present, firsts = self._laid([sentence for sentence, _ in labelled])
        targets = torch.full(firsts.shape, IGNORED)
        for row, (sentence, spans) in enumerate(labelled):
            targets[row, : len(sentence.words)] = torch.tensor([self.labels.index(t) for t in tags_of(sentence, spans)])
        config = TrainConfig(
            steps=steps, learning_rate=learning_rate, betas=(0.9, 0.95), weight_decay=0.1, schedule="cosine", clip=1.0,
            seed=seed, device="cpu",
        )  # fmt: skip
        train(_Loss(self), RowBatches((ids, present, firsts, targets), batch, seed), config)
        self.model.model.eval()
        return self

    @torch.no_grad()
    def spans(self, sentences: Sequence[Sentence]) -> list[list[Span]]:
        """The spans of sentences."""
        found: list[list[Span]] = []
        for start in range(0, len(sentences), 64):
            part = sentences[start : start + 64]
            said = self.logits(*self._laid(part)).argmax(dim=-1)
            for sentence, codes in zip(part, said, strict=True):
                tags = [self.labels[int(code)] for code in codes[: len(sentence.words)]]
                found.append(spans_of_labels(sentence, tags))
        return found

    def logits(self, ids: Tensor, present: Tensor, firsts: Tensor) -> Tensor:
        """(rows, words, labels) from the state of each word's first token."""
        base = cast(Any, getattr(self.model.model, "base_model", self.model.model))
        mask = self.model.mask(present, None, self.visibility)
        states: Tensor = base(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        picked = states.gather(1, firsts[..., None].expand(-1, -1, states.shape[-1]))
        assert self.head is not None
        return cast(Tensor, self.head(picked))

    def _laid(self, sentences: Sequence[Sentence]) -> tuple[Tensor, Tensor, Tensor]:
        """ids, where there is a token, and the place of each word's first token."""
        longest, words = max(len(s.ids) for s in sentences), max(len(s.words) for s in sentences)
        ids = torch.full((len(sentences), longest), self.model.vocabulary.pad)
        firsts = torch.zeros(len(sentences), words, dtype=torch.long)
        for row, sentence in enumerate(sentences):
            ids[row, : len(sentence.ids)] = torch.tensor(sentence.ids)
            firsts[row, : len(sentence.words)] = torch.tensor(sentence.starts)
        lengths = torch.tensor([len(s.ids) for s in sentences])
        return ids, torch.arange(longest) < lengths[:, None], firsts


class _Loss(nn.Module):
    def __init__(self, classifier: TokenClassifier) -> None:
        super().__init__()
        self.network, self.head, self._of = classifier.model.model, classifier.head, classifier

    def forward(self, ids: Tensor, present: Tensor, firsts: Tensor, targets: Tensor) -> Tensor:
        logits = self._of.logits(ids, present, firsts)
        return cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)


def tags_of(sentence: Sentence, spans: Sequence[Span]) -> list[str]:
    """B-TYPE, I-TYPE or O of each word."""
    found = ["O"] * len(sentence.words)
    for span in spans:
        first, behind = sentence.run(span)
        found[first:behind] = [f"B-{span[2]}", *[f"I-{span[2]}"] * (behind - first - 1)]
    return found


def spans_of_labels(sentence: Sentence, tags: Sequence[str] | NDArray[np.str_]) -> list[Span]:
    """The spans that tags of words say; one that begins with I- begins there."""
    found: list[Span] = []
    last = ""
    for (start, stop), tag in zip(sentence.words, tags, strict=True):
        part, _, kind = str(tag).partition("-")
        if part == "I" and last == kind and found:
            found[-1] = (found[-1][0], stop, kind)
        elif part in ("B", "I"):
            found.append((start, stop, kind))
        last = kind if part in ("B", "I") else ""
    return found
