"""Texts whose concepts are known exactly: binary concepts behind a context of words, and behind the word that follows.

    p(c_k = 1 | parents) = logistic(b_k + sum_i w_ik (2 c_i - 1)),    the parents by a random DAG                    (1)
    p(c, s, x, y) = p(c) p(s) prod_j p(x_j | c, s) p(y | c)                                                          (2)
    log p(c | x) = log p(c) + log sum_s p(s) prod_j p(x_j | c, s) - log p(x)                                         (3)

c are the concepts, x_1 .. x_n the words of the context, y the next word, s a style that y does not depend on. Without
it log p(c | x) would be a sum of one number a word, and a linear map of one-hot words would be all that it takes. At
place j of the context there are words of its own (`a1`, `b1`, ...), so that order carries nothing. The shares
p(x_j | c, s) are Dirichlet(0.35) with 3 % mixed in evenly, p(y | c) are Dirichlet(0.3), drawn for every joint state.

(3) is computed by going through all 2^m states, which is refused above 2^16 of them. With `draws` it is estimated from
concepts that (1) draws, each weighed by p(x | c) (self-normalised importance sampling); that works for any m.

Source:
    Liu et al., I predict therefore I am, ICLR 2026, for the model; the shares, the style and the words are ours.
"""

import zlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.errors import CostError, DataError, OptionError
from aitia.graph.graph import Graph
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.texts import WORDING, TextWorld, Wording, code_of

__all__ = ["MOST_STATES", "ConceptTextWorld"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]

MOST_STATES = 2**16
"""Joint states of the concepts that are gone through."""
STYLES = ("plain", "warm", "dry")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SHARP, NEXT_SHARP, EVEN = 0.35, 0.3, 0.03
"""Of the Dirichlet shares of a word of the context and of the next word; what is mixed in evenly."""
_CHUNK = 2_000_000
"""Numbers that (3) holds at once."""


class ConceptTextWorld(TextWorld):
    """Contexts of words that concepts and a style make, and the word that follows; see the module.

    `render` gives contexts, `next_words` what follows, `posterior` (3).

    Args:
        concepts: How many there are.
        words: Of a context.
        edges: For each concept, how many edges there are to expect (1 is ER1); never more than there are pairs.
        choices: Words that may stand at a place.
        next_choices: Words that may follow.
        world_seed: Of the graph and of every share.

    Raises:
        OptionError: If a number is out of range.

    Example:
        >>> world = ConceptTextWorld(concepts=3, words=4)
        >>> fact = world.sample(2, seed=0)
        >>> texts = world.render(fact)
        >>> texts[0], world.next_words(fact)[0]
        ('e1 b2 d3 e4', 'n34')
        >>> world.posterior(texts).round(2).tolist()
        [[0.14, 0.13, 0.14], [0.53, 0.45, 0.48]]
    """

    name: ClassVar[str] = "concept_text"

    def __init__(
        self,
        concepts: int = 5,
        words: int = 8,
        edges: float = 2.0,
        choices: int = 6,
        next_choices: int = 64,
        world_seed: int = 0,
    ) -> None:
        if not 1 <= concepts <= 40 or words < 1 or edges < 0 or not 2 <= choices <= len(LETTERS) or next_choices < 2:
            raise OptionError(
                f"there are 1 to 40 concepts, 1 word or more, 0 edges or more, 2 to {len(LETTERS)} choices and 2 next "
                f"choices or more, got {concepts}, {words}, {edges}, {choices}, {next_choices}"
            )
        self.count, self.words, self.choices, self.next_choices = concepts, words, choices, next_choices
        self.world_seed = world_seed
        self._weights, self._biases = self._drawn(edges)

    # -- the concepts --------------------------------------------------------------------------------------------------

    def _drawn(self, edges: float) -> tuple[dict[tuple[str, str], float], dict[str, float]]:
        """w and b of (1), on the edges of a random DAG whose order the names say nothing of."""
        rng, m, names = np.random.default_rng([self.world_seed, 11]), self.count, self.names_of_concepts
        linked = np.triu(rng.random((m, m)) < min(2 * edges / max(m - 1, 1), 1.0), 1)
        order = rng.permutation(m)
        size = rng.choice((-1, 1), (m, m)) * rng.uniform(0.4, 1.2, (m, m))
        weights = {(names[order[i]], names[order[j]]): float(size[i, j]) for i, j in np.argwhere(linked)}
        return weights, dict(zip(names, rng.uniform(-0.5, 0.5, m).tolist(), strict=True))

    @cached_property
    def graph(self) -> Graph:
        """The DAG over the concepts; style and wording stand apart."""
        return Graph(list(self._weights), (*self.names_of_concepts, "style", WORDING))

    @property
    def names_of_concepts(self) -> tuple[str, ...]:
        """`c1`, `c2`, ..."""
        return tuple(f"c{k + 1}" for k in range(self.count))

    @cached_property
    def concepts(self) -> tuple[Latent, ...]:
        """The concepts, and the style, whose values are not handed out."""
        binary = [Latent(n, 0.0, 1.0, kind="categorical", labels=("absent", "present")) for n in self.names_of_concepts]
        style = Latent("style", 0.0, len(STYLES) - 1, kind="categorical", labels=STYLES, visible=False)
        return (*binary, style)

    def concept(self, name: str, parents: Mapping[str, Values], noise: Values, env: Codes) -> Values:
        """(1); the styles are alike probable."""
        if name == "style":
            return code_of(noise, np.full(len(STYLES), 1 / len(STYLES)))
        present = self._share(name, parents, len(noise))
        return code_of(noise, np.stack([1 - present, present], axis=1))

    def _share(self, name: str, parents: Mapping[str, Values], n: int) -> Values:
        log_odds = np.full(n, self._biases[name])
        for parent, values in parents.items():
            log_odds = log_odds + self._weights[parent, name] * (2 * values - 1)
        share: Values = 1 / (1 + np.exp(-log_odds))
        return share

    # -- the words -----------------------------------------------------------------------------------------------------

    def write(self, concepts: Mapping[str, Codes | Values], wording: Wording) -> Sequence[str]:
        """The contexts."""
        states = self._states_of(concepts)
        style = np.asarray(concepts["style"], dtype=np.int64)
        columns = []
        for j in range(self.words):
            shares = self._word_shares(j, states)[np.arange(len(states)), style]
            drawn = code_of(wording.number(f"word {j}"), shares).astype(np.int64)
            columns.append([f"{LETTERS[k]}{j + 1}" for k in drawn])
        return [" ".join(words) for words in zip(*columns, strict=True)]

    def next_words(self, sample: Sample) -> list[str]:
        """The word that follows each context, (n,); a counterfactual sample has the one that would have followed."""
        shares = self._next_shares(self._states_of(sample.latents))
        drawn = code_of(Wording(sample[WORDING]).number("next"), shares).astype(np.int64)
        return [f"n{k + 1}" for k in drawn]

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word that a context may hold, sorted."""
        return tuple(sorted(f"{letter}{j + 1}" for j in range(self.words) for letter in LETTERS[: self.choices]))

    @property
    def next_vocabulary(self) -> tuple[str, ...]:
        """Every word that may follow, in the order of `next_probabilities`."""
        return tuple(f"n{k + 1}" for k in range(self.next_choices))

    def _states_of(self, concepts: Mapping[str, Codes | Values]) -> Codes:
        """The joint state of each row as one number: c1 is its lowest bit."""
        bits = [np.asarray(concepts[name]).astype(np.int64) << k for k, name in enumerate(self.names_of_concepts)]
        states: Codes = np.sum(bits, axis=0)
        return states

    def _word_shares(self, j: int, states: Codes) -> Values:
        """p(x_j | c, s), (states, styles, choices)."""
        drawn = self._dirichlet(f"word {j}", states, len(STYLES) * self.choices, SHARP)
        drawn = drawn.reshape(len(states), len(STYLES), self.choices)
        shares: Values = (1 - EVEN) * drawn / drawn.sum(axis=2, keepdims=True) + EVEN / self.choices
        return shares

    def _next_shares(self, states: Codes) -> Values:
        """p(y | c), (states, next choices)."""
        drawn = self._dirichlet("next", states, self.next_choices, NEXT_SHARP)
        shares: Values = drawn / drawn.sum(axis=1, keepdims=True)
        return shares

    def _dirichlet(self, what: str, states: Codes, size: int, sharp: float) -> Values:
        """Gamma numbers (states, size), each a function of the world's seed, what it is for, the state and its place.

        A state has the same ones whenever it is asked for, so that no table of all states needs to be kept.
        """
        from scipy.special import gammaincinv

        known, again = np.unique(states, return_inverse=True)
        key = np.uint64(zlib.crc32(f"{self.world_seed} {what}".encode()) << 24)
        cell = known.astype(np.uint64)[:, None] * np.uint64(0x9E3779B97F4A7C15) + np.arange(size, dtype=np.uint64)
        mixed: NDArray[np.uint64] = np.bitwise_xor(cell, key) + np.uint64(0x632BE59BD9B4E019)
        for multiplier in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB):
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(multiplier)
        mixed ^= mixed >> np.uint64(31)
        u = ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
        numbers: Values = np.maximum(gammaincinv(sharp, u), 1e-300)[again]
        return numbers

    # -- the truth -----------------------------------------------------------------------------------------------------

    @cached_property
    def states(self) -> Codes:
        """Every joint state as its concepts, (2^m, m), in the order of `joint`.

        Raises:
            CostError: If there are over 2^16.
        """
        if 2**self.count > MOST_STATES:
            raise CostError(
                f"{self.count} concepts have 2^{self.count} joint states, at most {MOST_STATES} are gone through: "
                "estimate with draws=10000"
            )
        return (np.arange(2**self.count)[:, None] >> np.arange(self.count)) & 1

    def _log_prior(self, states: Codes) -> Values:
        """log p(c), (states,), of states (states, m)."""
        total = np.zeros(len(states))
        values = {name: states[:, k].astype(np.float64) for k, name in enumerate(self.names_of_concepts)}
        for name in self.names_of_concepts:
            present = self._share(name, {parent: values[parent] for parent in self.graph.parents(name)}, len(states))
            total += np.log(np.where(values[name] == 1, present, 1 - present))
        return total

    def _log_likelihood(self, codes: Codes, states: Codes) -> Values:
        """log p(x | c), (rows, states), of words (rows, n) and states as numbers."""
        logs = [np.log(self._word_shares(j, states)) for j in range(self.words)]
        found = np.empty((len(codes), len(states)))
        step = max(_CHUNK // (len(states) * len(STYLES)), 1)
        for start in range(0, len(codes), step):
            few = codes[start : start + step]
            each = sum(logs[j][:, :, few[:, j]] for j in range(self.words))  # (states, styles, rows)
            found[start : start + step] = (np.logaddexp.reduce(each, axis=1) - np.log(len(STYLES))).T
        return found

    def joint(self, texts: Sequence[str]) -> Values:
        """log p(c | x) of every joint state, (n, 2^m), in the order of `states`.

        Raises:
            CostError: If there are over 2^16 states.
            DataError: If a text is no context of this world; names the row.
        """
        states = self.states
        log = self._log_likelihood(self._codes(texts), np.arange(len(states))) + self._log_prior(states)
        normed: Values = log - np.logaddexp.reduce(log, axis=1, keepdims=True)
        return normed

    def posterior(self, texts: Sequence[str], *, draws: int | None = None, seed: int = 0) -> Values:
        """P(c_k = 1 | x) of each concept, (n, m).

        Args:
            texts: Contexts.
            draws: Of concepts from (1), by which it is estimated; None goes through all states.
            seed: Of the draws.

        Raises:
            CostError: If there are over 2^16 states, and no draws.
            DataError: If a text is no context of this world; names the row.
        """
        if draws is None:
            found: Values = np.exp(self.joint(texts)) @ self.states
            return found
        if draws < 1:
            raise OptionError(f"draws is 1 or more, got {draws}")
        sample = self.sample(draws, seed=seed)
        concepts = np.stack([sample[name] for name in self.names_of_concepts], axis=1)
        numbers, times = np.unique(self._states_of(sample.latents), return_counts=True)
        log = self._log_likelihood(self._codes(texts), numbers) + np.log(times)
        weights = np.exp(log - np.logaddexp.reduce(log, axis=1, keepdims=True))
        estimated: Values = weights @ ((numbers[:, None] >> np.arange(concepts.shape[1])) & 1)
        return estimated

    def log_odds(self, texts: Sequence[str]) -> Values:
        """log P(c_k = 1 | x) - log P(c_k = 0 | x) by going through all states, (n, m); exact in the tails too."""
        joint, states = self.joint(texts), self.states
        sides = [
            [np.logaddexp.reduce(joint[:, states[:, k] == value], axis=1) for k in range(self.count)]
            for value in (1, 0)
        ]
        odds: Values = np.stack(sides[0], axis=1) - np.stack(sides[1], axis=1)
        return odds

    def next_probabilities(self, texts: Sequence[str]) -> Values:
        """p(y | x) of every next word, (n, next choices): what the best predictor says."""
        found: Values = np.exp(self.joint(texts)) @ self._next_shares(np.arange(len(self.states)))
        return found

    def epsilon(self, sample: Sample) -> float:
        """Mean of 1 - p(c | x, y) at the true concepts: how far the map from concepts to texts is from invertible."""
        log = self.joint(list(self.render(sample)))
        place = {word: k for k, word in enumerate(self.next_vocabulary)}
        following = np.array([place[word] for word in self.next_words(sample)])
        log = log + np.log(self._next_shares(np.arange(len(self.states))))[:, following].T
        log = log - np.logaddexp.reduce(log, axis=1, keepdims=True)
        return float(1 - np.exp(log[np.arange(len(log)), self._states_of(sample.latents)]).mean())

    def _codes(self, texts: Sequence[str]) -> Codes:
        """(n, words) which word stands at each place."""
        place = [{f"{letter}{j + 1}": k for k, letter in enumerate(LETTERS[: self.choices])} for j in range(self.words)]
        codes = np.zeros((len(texts), self.words), dtype=np.int64)
        for row, text in enumerate(texts):
            words = str(text).split()
            if len(words) != self.words or any(word not in place[j] for j, word in enumerate(words)):
                raise DataError(f"row {row} is {str(text)[:60]!r}, which is no context of {self.words} words here")
            codes[row] = [place[j][word] for j, word in enumerate(words)]
        return codes
