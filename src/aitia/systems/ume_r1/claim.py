"""The claim of UME-R1, on sets of two digits with questions of arithmetic: does a reasoning make the embedding better?

A query is two pictures and one of four questions, its target a sentence or another picture that means the answer: eight
sub-tasks. 4,000 sets of the pictures to learn from are trained on; 1,200 of those held back are asked about, half of
them as queries and all as candidates, those of a sub-task against each other. A hit is a nearest candidate of the right
meaning; the numbers are means over the sub-tasks. Pictures are 4 codes of 4 by 4 pixels, of 256. All arms are a decoder
of width 64 with 2 layers, trained on the same pairs for as many steps.

(a) Hits after reasoning, of the cold start, beside the model that was trained to embed alone (DUME: the swap), one that
    learnt to write as many tokens that say nothing, the same model with its reasoning left out
    (`do(reasoning=absent)`), and a target drawn at random.
(b) How far they are ahead of those of the same model embedding in one pass.
(c) Hits of the better of both modes of each query, ahead of the better mode, and of that with a guess as the other:
    who may try twice hits oftener.
(d) Hits of the best of eight drawn reasonings, ahead of one, and of the best of eight drawn tokens that say nothing:
    of eight embeddings that differ at all one hits by luck.
(e) Hits after the reasoning was improved by its reward, beside the cold start.
(f) The share of reasonings that have their form after that.
(g) Published pictures and texts with a language model that we did not make: not run here.

Tokens that are written for a query are told beside the hits. Controls, on the first seed, each in the place of ours:
the reasoning is improved by the rewards of other queries' targets (e); the words that are learnt are those of other
rows, beside the one pass of ours (a, b); a model of one step (f). What a control of (c) and (d) would be stands in
them.

Sizes, steps and weights were chosen on seeds 1000 and 1001. (c) and (d) were judged by a lead over one try alone, which
drawn tokens that say nothing passed on seed 0 (by 43 points); the bars of that are kept, and their leads over tries by
luck were asked for before these were measured on any seed but that.
"""

from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.nn.sequences import SequenceModel
from aitia.systems.ume_r1.beginning import WORLD, cold_start, seen_sets
from aitia.systems.ume_r1.card import CARD
from aitia.systems.ume_r1.config import Mode
from aitia.systems.ume_r1.items import meanings_of, targets_of, tasks_of
from aitia.systems.ume_r1.model import UmeR1
from aitia.systems.ume_r1.retrieval import hits

__all__ = ["CLAIM"]

SEEDS = 5
ROWS, ASKED, STEPS, POLICY_STEPS, DRAWN = 4000, 1200, 850, 100, (1, 2, 4, 8)
MODEL: dict[str, Any] = {
    "width": 64, "layers": 2, "batch": 32, "learning_rate": 5e-3, "words_weight": 20.0, "most": 12, "patch": 4,
    "codes": 256, "policy_queries": 24, "policy_updates": 4, "group": 8, "policy_learning_rate": 3e-4, "device": "cpu",
}  # fmt: skip
HIT = "hit@1 after reasoning"
IMPROVED = "hit@1 after the reasoning was improved"
AHEAD = "hit@1 after reasoning less that in one pass"
BETTER = "hit@1 of the better mode of each query"
DRAWS = "hits in 8 drawn reasonings"
FORM = "share of improved reasonings that have their form"
REWARDS, OTHERS, UNTRAINED = "rewards shuffled", "reasonings of other rows", "trained for one step"
SAID = ("reasoning", "answer", "positive_reasoning", "positive_answer")
DUME, PASS, FILLER, ABSENT, RANDOM, COLD, BEST, GUESS, ONE, LUCK = (
    "trained to embed alone",
    "the same model in one pass",
    "tokens that say nothing",
    "reasoning left out",
    "a random target",
    "cold start",
    "the better mode",
    "the better mode, or a guess",
    "one drawn",
    "8 drawn that say nothing",
)
MMEB = (
    "Not run here: needs MMEB-V2 (Hugging Face, TIGER-Lab) as JSON lines with query, query_image, instruction, target "
    "and target_image, and a causal decoder such as HuggingFaceTB/SmolLM2-135M; `aitia run ume-r1 --data mmeb.jsonl "
    "--pictures query_image --positive-pictures target_image --model HuggingFaceTB/SmolLM2-135M --pixels 64 "
    "--mode disc --losses disc --out run` reads them."
)
Found = dict[str, float]


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    found = context.over_seeds("sets", _seed, SEEDS)
    context.control(REWARDS, _shuffled)
    context.control(OTHERS, partial(_exchanged, found[0]))
    context.control(UNTRAINED, _untrained)

    def values(name: str) -> list[float]:
        return [float(one[name]) for one in found]

    def less(one: str, other: str) -> list[float]:
        return [a - b for a, b in zip(values(one), values(other), strict=True)]

    tokens = f"{np.mean(values('tokens')):.1f} tokens are written for a query; one pass writes none."
    curve = ", ".join(f"{np.mean(values(f'pass@{k}')):.3f} at {k}" for k in DRAWN)
    return [
        row(
            "a",
            HIT,
            values("gen"),
            baselines={name: values(name) for name in (DUME, FILLER, ABSENT, RANDOM)},
            ahead_of={DUME: 0.3, FILLER: 0.0, ABSENT: 0.0, RANDOM: 0.0},
            note=tokens,
        ),
        row("b", AHEAD, less("gen", PASS), kind="difference", bar=0.2),
        row("c", BETTER, values("oracle"), baselines={name: values(name) for name in (BEST, GUESS)},
            ahead_of={BEST: 0.01, GUESS: 0.0}),
        row("d", DRAWS, values("pass@8"), baselines={ONE: values("pass@1"), LUCK: values(LUCK)},
            ahead_of={ONE: 0.05, LUCK: 0.0}, note=f"Share of queries that one of the drawn hits: {curve}."),
        row("e", IMPROVED, values("improved"), baselines={COLD: values("gen")}, ahead_of={COLD: 0.02}),
        row("f", FORM, values("form"), bar=0.98),
        row("g", "MMEB-V2, hit@1", [], note=MMEB),
    ]  # fmt: skip


def _seed(seed: int) -> Found:
    rows, asked = _rows(seed)
    cold = _cold(seed)
    queries = _Queries(cold, asked)
    gen, one_pass = queries.hits(cold), queries.hits(cold, "disc")
    found: Found = {
        "gen": queries.mean(gen),
        PASS: queries.mean(one_pass),
        "oracle": queries.mean(np.logical_or(gen, one_pass)),
        BEST: queries.mean(best := max(gen, one_pass, key=queries.mean)),
        GUESS: queries.or_a_guess(best),
        "tokens": queries.tokens,
        ABSENT: queries.mean(queries.hits(cold.do(reasoning="absent"))),
        RANDOM: queries.chance(),
    }
    drawn = np.stack([queries.hits(cold, temperature=1.0, seed=seed + k) for k in range(max(DRAWN))])
    found |= {f"pass@{k}": queries.mean(np.asarray(drawn[:k].any(axis=0))) for k in DRAWN}
    alone = UmeR1(**MODEL, steps=STEPS, seed=seed, losses=("disc",), mode="disc").fit(rows)
    found[DUME] = queries.mean(queries.hits(alone, "disc"))
    filler = UmeR1(**MODEL, steps=STEPS, seed=seed, thought="filler").fit(rows)
    found[FILLER] = queries.mean(queries.hits(filler))
    drawn = np.stack([queries.hits(filler, temperature=1.0, seed=seed + k) for k in range(max(DRAWN))])
    found[LUCK] = queries.mean(np.asarray(drawn.any(axis=0)))
    better = _improved(cold, rows, seed)
    found["improved"], found["form"] = queries.mean(queries.hits(better)), queries.form
    return found


def _shuffled(seed: int) -> Found:
    """The reasoning is improved by the rewards of the targets of other queries."""
    rows, asked = _rows(seed)
    cold = _cold(seed)
    queries = _Queries(cold, asked)
    return {IMPROVED: queries.mean(queries.hits(_improved(cold, rows, seed, shuffle_reward=True)))}


def _exchanged(ours: Found, seed: int) -> Found:
    """The words that are learnt of each row, on both sides, are those of another; beside the one pass of ours."""
    rows, asked = _rows(seed)
    order = np.random.default_rng([seed, 6]).permutation(len(rows))
    words = {name: [rows.texts(name)[k] for k in order] for name in SAID}
    model = UmeR1(**MODEL, steps=STEPS, seed=seed).fit(rows.with_columns(words, dict.fromkeys(SAID, "text")))
    queries = _Queries(model, asked)
    found = queries.mean(queries.hits(model))
    return {HIT: found, AHEAD: found - ours[PASS]}


def _untrained(seed: int) -> Found:
    """How often a model that has learnt next to nothing finishes its reasoning."""
    rows, asked = _rows(seed)
    model = UmeR1(**MODEL, steps=1, seed=seed).fit(rows)
    queries = _Queries(model, asked)
    queries.hits(model)
    return {FORM: queries.form}


@lru_cache(maxsize=8)
def _cold(seed: int) -> UmeR1:
    """The cold start of a seed, by which the control begins too."""
    return cold_start(seed, MODEL, STEPS, ROWS)


def _rows(seed: int) -> tuple[Table, Table]:
    return (
        seen_sets(seed, ROWS),
        WORLD.rows(WORLD.sample(ASKED, seed=seed + 500, env="test")),
    )


def _improved(cold: UmeR1, rows: Table, seed: int, **options: Any) -> UmeR1:
    return UmeR1(**MODEL, steps=0, policy_steps=POLICY_STEPS, seed=seed, **options).fit(rows, model=cold._fitted())


class _Queries:
    """Queries that every arm of a seed is asked, in sub-tasks, and the candidates of each.

    Args:
        model: That reads the pictures of the rows; all arms of a seed read them alike.
        asked: Rows; the first half are queries.
    """

    def __init__(self, model: UmeR1, asked: Table) -> None:
        given = model.given(asked)
        targets = targets_of(given, model._images, 0)
        self.targets = [target.bare() for target in targets if target is not None]
        self.count = len(asked) // 2
        self.queries = [item.bare() for item in model._queries(given)[: self.count]]
        self.meanings, self.tasks = meanings_of(given, targets), tasks_of(given)
        self.tokens = self.form = 0.0
        self._kept: tuple[SequenceModel, Mode, NDArray[np.float64]] | None = None

    def hits(self, model: UmeR1, mode: Mode = "gen", *, temperature: float = 0.0, seed: int = 0) -> NDArray[np.bool_]:
        """(n,) whether the nearest candidate of the sub-task means the same."""
        vectors, written = model.embed(self.queries, mode=mode, temperature=temperature, seed=seed)
        if written:
            self.tokens = float(np.mean([len(w.ids) + 1 for w in written]))
            self.form = float(np.mean([w.finished for w in written]))
        held = self._candidates(model, mode)
        found = np.zeros(self.count, dtype=bool)
        for task in np.unique(self.tasks):
            asked, own = np.flatnonzero(self.tasks[: self.count] == task), np.flatnonzero(self.tasks == task)
            found[asked] = hits(vectors[asked], held[own], self.meanings[asked], self.meanings[own])
        return found

    def mean(self, found: NDArray[np.bool_]) -> float:
        """The mean over the sub-tasks of the share that hits."""
        tasks = self.tasks[: self.count]
        return float(np.mean([found[tasks == task].mean() for task in np.unique(tasks)]))

    def chance(self) -> float:
        """The same of a candidate drawn at random."""
        return self.or_a_guess(np.zeros(self.count, dtype=bool))

    def or_a_guess(self, found: NDArray[np.bool_]) -> float:
        """The same where what does not hit is tried once more with a candidate drawn at random: its expectation."""
        shares: list[float] = []
        for task in np.unique(self.tasks):
            asked = self.tasks[: self.count] == task
            meanings = self.meanings[self.tasks == task]
            luck = np.array([(meanings == meaning).mean() for meaning in self.meanings[: self.count][asked]])
            shares.append(float(np.where(found[asked], 1.0, luck).mean()))
        return float(np.mean(shares))

    def _candidates(self, model: UmeR1, mode: Mode) -> NDArray[np.float64]:
        """Embeddings of all targets, made once for each model and mode, after a reasoning of their own."""
        if self._kept is None or self._kept[0] is not model._fitted() or self._kept[1] != mode:
            self._kept = model._fitted(), mode, model._asked_for_nothing().embed(self.targets, mode=mode)[0]
        return self._kept[2]


CLAIM = Claim(
    CARD, run, minutes=9, swap=DUME, controls=(REWARDS, OTHERS, UNTRAINED),
    uncontrolled={
        BETTER: "a guess as the other mode, which is what a control would be, stands in the row",
        DRAWS: "tokens that say nothing, drawn as often, which is what a control would be, stand in the row",
    },
)  # fmt: skip
