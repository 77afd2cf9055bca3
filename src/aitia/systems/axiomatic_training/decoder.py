"""The small decoder: premises as tokens, questions one after the other, what it learns from and what it says.

    [SEP]   x causes y   z causes w   ...   x cause y   u cause v   ...                                             (1)

The first token is always the same: by its share of what is seen, a decoder without positions can tell how far it is
(Kazemnejad et al., The impact of positional encoding on length generalization, NeurIPS 2023, theorem 1).

Loss stands on the last name of each question alone, at which yes or no is to be said: it can look for itself in the
premise at once, where a question mark would have to look for the names first, one layer later. A question sees the
premise and the questions before it, never their answers: these are said, and not read. d-separation is asked as
`z w | x sep y`.

Names are put on the symbols of the vocabulary at random, so that no answer hangs on a name, and every symbol is learnt.

With one question a premise, as the source has it, the loss of a decoder of this size does not leave log 2 in minutes.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.errors import DataError
from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import (
    Example,
    SequenceLoss,
    SequenceModel,
    Vocabulary,
    collate,
    option_log_probabilities,
    small_sequence_model,
)
from aitia.systems.axiomatic_training.config import AxiomaticTrainingConfig
from aitia.systems.axiomatic_training.corpus import Question
from aitia.worlds.axiom_items import ANSWERS, Edge, Item

__all__ = ["GUESSING", "Curriculum", "RisingLoss", "Signs", "made_decoder"]

GUESSING = float(np.log(2))
"""Loss of an answer, in nats, of who says yes and no alike."""
REMEMBERED = 20
"""Steps over which the loss is averaged, about, before the next premises are let in."""
WORDS = ("causes", "cause", "sep", "|", *ANSWERS)


def made_decoder(config: AxiomaticTrainingConfig) -> SequenceModel:
    """A decoder with random weights."""
    tokenizer = word_tokenizer([f"<{k}>" for k in range(config.symbols)] + list(WORDS))
    tokenizer.eos_token = "[SEP]"
    model = small_sequence_model(
        Vocabulary(tokenizer), width=config.width, layers=config.layers, longest=config.longest,
        positions=config.positions, seed=config.seed,
    )  # fmt: skip
    with torch.no_grad():
        for name, weight in model.model.named_parameters():
            # A table of positions that is not learnt stays as large as its tokens.
            if weight.dim() > 1 and (weight.requires_grad or "wpe" in name):
                weight.mul_(config.first_scale)
    return model


@dataclass(frozen=True)
class Signs:
    """Premises and questions as ids.

    Args:
        vocabulary: Of `made_decoder`.
        symbols: How many names there are in it.
    """

    vocabulary: Vocabulary
    symbols: int

    def __post_init__(self) -> None:
        ids = self.vocabulary.tokenizer.convert_tokens_to_ids
        object.__setattr__(self, "_word", {word: int(ids(word)) for word in WORDS})
        object.__setattr__(self, "_symbol", np.array([ids(f"<{k}>") for k in range(self.symbols)], dtype=np.int64))

    _word: dict[str, int] = field(init=False, repr=False, default_factory=dict)
    _symbol: NDArray[np.int64] = field(init=False, repr=False, default_factory=lambda: np.empty(0, dtype=np.int64))

    @property
    def answers(self) -> list[list[int]]:
        """Ids of `Yes` and of `No`."""
        return [[self._word[answer]] for answer in ANSWERS]

    def names(self, nodes: Sequence[str], random: np.random.Generator) -> dict[str, int]:
        """A symbol for each name, at random, none twice."""
        return dict(zip(nodes, self._symbol[random.permutation(self.symbols)[: len(nodes)]].tolist(), strict=True))

    def premise(self, edges: Sequence[Edge], names: dict[str, int]) -> list[int]:
        """The beginning and the edges of (1)."""
        causes = self._word["causes"]
        return [self.vocabulary.end, *(token for a, b in edges for token in (names[a], causes, names[b]))]

    def question(self, item: Item, names: dict[str, int]) -> list[int]:
        """One question of (1)."""
        if item.given is None:
            return [names[item.x], self._word["cause"], names[item.y]]
        held = [*(names[name] for name in item.given), self._word["|"]] if item.given else []
        return [*held, names[item.x], self._word["sep"], names[item.y]]

    def example(self, items: Sequence[Item], answers: Sequence[bool], random: np.random.Generator) -> Example:
        """(1) of some questions about one premise."""
        names = self.names(items[0].nodes, random)
        tokens, marks = self.premise(items[0].edges, names), []
        for item in items:
            tokens += self.question(item, names)
            marks.append(len(tokens) - 1)
        targets, weights = np.zeros(len(tokens), dtype=np.int64), np.zeros(len(tokens))
        targets[marks] = [self._word[ANSWERS[0 if answer else 1]] for answer in answers]
        weights[marks] = 1.0
        return Example(np.array(tokens, dtype=np.int64), targets, weights)

    def check(self, questions: Sequence[Question], longest: int) -> None:
        """Refuses what the decoder cannot read.

        Raises:
            DataError: If a premise has more nodes than there are symbols, or more tokens than positions; names the row.
        """
        for question in questions:
            item = question.item
            if len(item.nodes) > self.symbols:
                raise DataError(
                    f"the premise of row {question.row} has {len(item.nodes)} nodes, and the decoder has "
                    f"{self.symbols} symbols: fit with symbols={len(item.nodes)} or more, or drop the row"
                )
            length = 3 * len(item.edges) + 4 + (len(item.given) + 1 if item.given else 0)
            if length > longest:
                raise DataError(
                    f"row {question.row} has {length} tokens, and the positions of the decoder end at {longest}: fit "
                    f"with longest={length} or more, or drop the row"
                )

    def log_probabilities(self, model: SequenceModel, items: Sequence[Item], seed: int) -> NDArray[np.float64]:
        """(items, 2) of yes and of no, each question behind its premise alone."""
        random = np.random.default_rng([seed, 7])
        prompts = []
        for item in items:
            names = self.names(item.nodes, random)
            prompts.append([*self.premise(item.edges, names), *self.question(item, names)])
        found = option_log_probabilities(model, prompts, [self.answers] * len(items))
        return np.array([scores.total for scores in found]).reshape(len(items), 2)


class RisingLoss(SequenceLoss):
    """The loss of the answers, and how far the premises have risen: both are kept with the weights, so that a training
    that was killed goes on as it would have.

    Args:
        model: That is trained.
        levels: Sizes of premises there are.
        config: When the next is let in.
    """

    level: Tensor
    mean: Tensor

    def __init__(self, model: SequenceModel, levels: int, config: AxiomaticTrainingConfig) -> None:
        super().__init__(model)
        self.levels, self.config = levels, config
        self.register_buffer("level", torch.zeros((), dtype=torch.long))
        self.register_buffer("mean", torch.full((), GUESSING))

    def forward(self, *tensors: Tensor) -> Tensor:
        """Of a batch."""
        loss = super().forward(*tensors)
        if self.training:
            self.mean.lerp_(loss.detach(), 1 / REMEMBERED)
        return loss

    def before(self, step: int) -> None:
        """Lets the next size in where the last are solved, or it is time."""
        config = self.config
        due = step * (self.levels - 1) // max(round(config.curriculum * config.steps), 1)
        if int(self.level) < self.levels - 1 and (float(self.mean) < config.solved or int(self.level) < due):
            self.level.add_(1)
            self.mean.fill_(GUESSING)


class Curriculum:
    """Batches of (1), from the premises of the fewest nodes to all of them.

    Premises that differ in their names alone are one, and all questions about it are asked together.

    Args:
        signs: Makes the sequences.
        questions: With answers.
        config: Sizes.
        longest: Tokens of a sequence at most; questions that do not fit are asked in another.
    """

    def __init__(
        self, signs: Signs, questions: Sequence[Question], config: AxiomaticTrainingConfig, longest: int
    ) -> None:
        self.signs, self.config, self.longest = signs, config, longest
        groups: dict[tuple[Edge, ...], dict[Item, list[bool]]] = {}
        of_row = []
        for question in questions:
            item = _without_names(question.item)
            groups.setdefault(item.edges, {}).setdefault(item, []).append(bool(question.answer))
            of_row.append(item.edges)
        of_row.sort(key=lambda edges: len({name for edge in edges for name in edge}))
        premises = {edges: _Premise(answers) for edges, answers in groups.items()}
        self._rows = [premises[edges] for edges in of_row]
        sizes = np.array([len(premise.items[0].nodes) for premise in self._rows])
        self.sizes = np.unique(sizes)
        self._until = np.searchsorted(sizes, self.sizes, side="right")
        self.level: Callable[[], int] = lambda: len(self.sizes) - 1
        """Gives the number of the largest size that is asked."""

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
        """The tensors of a step."""
        config, there = self.config, int(self._until[self.level()])
        examples = []
        for place in range(config.batch)[rank::ranks]:
            random = np.random.default_rng([config.seed, step, place])
            held = self._rows[int(random.integers(there))]
            chosen = held.chosen(config.queries, random)
            each = 3 + max(len(item.given) + 1 if item.given else 0 for item, _ in chosen)
            chosen = chosen[: max(1, (self.longest - 1 - 3 * len(chosen[0][0].edges)) // each)]
            examples.append(self.signs.example([item for item, _ in chosen], [answer for _, answer in chosen], random))
        return collate(examples, self.signs.vocabulary.pad, self.longest).tensors()


def _without_names(item: Item) -> Item:
    """The same question, its names in order of telling being 0, 1, ..."""
    number = {name: str(k) for k, name in enumerate(item.nodes)}
    held = None if item.given is None else tuple(sorted(number[name] for name in item.given))
    return Item(tuple((number[a], number[b]) for a, b in item.edges), number[item.x], number[item.y], held)


class _Premise:
    """Different questions about one premise, each with its answers.

    Args:
        answers: Of each question, as often as it is in the rows.
    """

    def __init__(self, answers: Mapping[Item, Sequence[bool]]) -> None:
        self.items, self.answers = [*answers], [*answers.values()]
        self.kinds = [item.kind for item in self.items]

    def chosen(self, count: int, random: np.random.Generator) -> list[tuple[Item, bool]]:
        """So many questions, half of them yes where it can be, and of each half every distance alike."""
        said = [answers[int(random.integers(len(answers)))] for answers in self.answers]
        order = random.random(len(self.items))
        sides = []
        for side in (True, False):
            mine = sorted((k for k, answer in enumerate(said) if answer is side), key=lambda k: order[k])
            # The first of every kind come before the second of any.
            seen: Counter[str] = Counter()
            turn = []
            for k in mine:
                seen[self.kinds[k]] += 1
                turn.append((seen[self.kinds[k]], order[k], k))
            sides.append([k for *_, k in sorted(turn)])
        share = min(len(sides[0]), max(count // 2, count - len(sides[1])))
        mixed = [*sides[0][:share], *sides[1][: count - share]]
        return [(self.items[k], said[k]) for k in random.permutation(mixed).tolist()]
