"""What a reasoning is worth: its form, and how well the embedding behind it finds its target.

    r = form + ranking * margin                                                                                     (1)
    ranking = share of S+ among the |S+| largest of S+ and S-,    margin = mean S+ - mean S-                        (2)

S+ are cosines to embeddings of the own target, S- to those of the targets of other meaning in the batch, each target
embedded after several reasonings of its own. A constant text embeds all alike: its margin is 0.

Source:
    Lan et al., UME-R1, ICLR 2026, section 3.3; how the two are scaled is ours, the source does not say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.systems.ume_r1.embedding import Embedder
from aitia.systems.ume_r1.items import Item

__all__ = ["EmbeddingReward", "embedding_reward", "for_trl"]

Values = NDArray[np.float64]


def embedding_reward(own: Values, others: Values) -> float:
    """ranking * margin of (2).

    Args:
        own: S+.
        others: S-; where there are none, nothing can be won.

    Example:
        >>> round(embedding_reward(np.array([0.9, 0.2]), np.array([0.5, 0.1, 0.0])), 3)
        0.175
    """
    if not len(others):
        return 0.0
    every, mine = np.concatenate([own, others]), np.repeat([1, 0], [len(own), len(others)])
    # Of equal cosines those to others come first, so that an embedding that is alike for all ranks nothing.
    first = np.lexsort((mine, -every))[: len(own)]
    return float(mine[first].mean() * (own.mean() - others.mean()))


@dataclass
class EmbeddingReward:
    """(1), of what was written for queries; a `Reward` of the policy.

    Args:
        embedder: With the model that is improved, as it stands at each step.
        queries: Of all rows.
        targets: Of all rows.
        meanings: (n,) numbers; targets of one meaning are none of each other's S-.
        group: Reasonings of each target.
        seed: Of these.

    Attributes:
        told: For each call the mean form, the mean reward, the mean length and the share of different texts.
    """

    embedder: Embedder
    queries: Sequence[Item]
    targets: Sequence[Item]
    meanings: NDArray[np.int64]
    group: int
    seed: int = 0
    told: list[dict[str, float]] = field(default_factory=list)

    def __call__(self, numbers: Sequence[int], texts: Sequence[Sequence[int]], /) -> Values:
        """(n,) rewards of texts, which lack the marker that ends them."""
        embedder = self.embedder
        written = [embedder.layout.read(ids, embedder.most) for ids in texts]
        rows = list(dict.fromkeys(numbers))
        asked = [self.targets[row] for row in rows for _ in range(self.group)]
        said = embedder.written(asked, temperature=1.0, seed=self.seed + len(self.told))
        held = embedder.after(asked, said).reshape(len(rows), self.group, -1)
        mine = embedder.after([self.queries[row] for row in numbers], written)
        place = {row: k for k, row in enumerate(rows)}
        meanings = self.meanings[rows]
        found = np.zeros(len(texts))
        for k, (row, text, vector) in enumerate(zip(numbers, written, mine, strict=True)):
            if text.finished:
                cosines = held @ vector
                others = cosines[meanings != self.meanings[row]].ravel()
                found[k] = 1.0 + embedding_reward(cosines[place[row]], others)
        self.told.append(
            {
                "form": float(np.mean([text.finished for text in written])),
                "reward": float(found.mean()),
                "tokens": float(np.mean([len(text.ids) for text in written])),
                "different": len({text.ids for text in written}) / len(written),
            }
        )
        return found


def for_trl(reward: EmbeddingReward) -> Callable[..., list[float]]:
    """The same reward as a reward function of trl's `GRPOTrainer`; its data set has a column `row`.

    trl calls reward functions in each process by itself, so that S- are of that process alone.
    """
    end = reward.embedder.layout.gen

    def embedding(*, completion_ids: Sequence[Sequence[int]], row: Sequence[int], **_: Any) -> list[float]:
        texts = [list(ids[:-1]) if len(ids) and ids[-1] == end else list(ids) for ids in completion_ids]
        rewards: list[float] = reward(list(row), texts).tolist()
        return rewards

    return embedding
