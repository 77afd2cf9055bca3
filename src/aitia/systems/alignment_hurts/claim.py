"""The claim of decoupling: off the standard's subspace, a model writes the dialects better and the standard worse.

World: a standard and five dialects with regular sound shifts and replaced words; a model reads concepts and the name
of a variety and writes words. It has seen the standard only (stage 1, shared by all arms of a seed), and is then
fine-tuned on as many sentences of each variety, its rarer concepts being met in the standard but hardly in a dialect.

(a) The intervention acts: beside plain fine-tuning (SFT) the states' relative energy in the standard's subspace falls
    by half, on sentences that no training saw and with a probe fitted anew, and the code of standard against dialects
    gets longer; a random subspace of the same rank, drawn anew at the same steps, does neither.
(b) Direction: mean chrF++ of the dialects is no more than 0.3 below SFT's while the leak rate falls, and above that of
    the random subspace.
(c) The paper's claim: mean chrF++ of the dialects is 0.5 above SFT's, and that of the standard below it.
(d) The trade-off, and what a shrink of the whole state by an equal penalty does; nothing is judged.

Each of the published and the relative penalty takes the lambda with the best mean chrF++ of the dialects on validation
sentences, among those below; every lambda is shown in (d). The random subspace and the shrink take the lambda of the
published penalty. World, model, sizes and learning rate were chosen on seed 100, for plain fine-tuning to leak words of
the standard; lambdas on nothing but validation.

Control: the random subspace beside plain fine-tuning on the first seed; it holds nothing of the standard.

It does not hold. Validation prefers hardly any penalty, so that at the lambda it chooses even (a) fails; (d) shows that
the largest published lambda does halve the energy and lengthen the code, while more words leak.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from aitia.data.table import Table
from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.nn.language import LanguageModel, piece_tokenizer, small_decoder
from aitia.stats.metrics import chrf, leak_rate, word_accuracy
from aitia.systems.alignment_hurts import Decoupling, DecouplingConfig, fine_tune
from aitia.systems.alignment_hurts.reading import Sentences, sentences_of
from aitia.worlds import VarietiesWorld
from aitia.worlds.varieties import STANDARD

__all__ = ["CLAIM"]

CONCEPTS, WORDS, SEEDS = 160, 3, 5
STAGE_1 = DecouplingConfig(steps=600, learning_rate=3e-3, strength=0.0)
STAGE_2 = DecouplingConfig(steps=250, learning_rate=1e-3, every=100, ramp=25, probe_rows=80)
DOMINANCE, EACH, HELD, TEST = 8000, 200, 80, 120
"""Standard sentences of stage 1; sentences of each variety to train on, to validate and probe on, and to test on."""
LAMBDAS: Mapping[str, tuple[float, ...]] = {"published": (0.01, 0.1, 0.3), "relative": (0.03, 0.3, 1.0)}
METRICS = ("dialects", "standard", "accuracy", "leak", "energy", "bits", "online")
ENERGY = "energy in the standard's subspace / SFT"
CONTROL = "random subspace"
Found = dict[str, Any]


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    results = context.over_seeds("arms", _arms, SEEDS)
    context.control(CONTROL, partial(_random, results[0]))
    rows = []
    for penalty in LAMBDAS:
        chosen = [_chosen(result, penalty) for result in results]
        rows += _judged(penalty, results, chosen)
    return [*rows, *_trade_off(results)]


# -- what is measured --------------------------------------------------------------------------------------------------


def sentences(
    world: VarietiesWorld, n: int, seed: int, varieties: Sequence[str] | None = None, split: str = "train"
) -> Table:
    """n parallel sentences in each of the varieties."""
    fact = world.sample(n, seed=seed)
    names = varieties or world.varieties
    said = {name: world.render(world.counterfactual(fact, {"variety": name})).tolist() for name in names}
    columns = {
        "source": world.meaning(fact) * len(names),
        "target": [text for name in names for text in said[name]],
        "variety": [name for name in names for _ in range(n)],
        "split": [split] * n * len(names),
    }
    return Table.of(columns, kinds={"source": "text", "target": "text"})


def pretrained(world: VarietiesWorld, seed: int) -> LanguageModel:
    """Stage 1: a small decoder that has seen the standard only."""
    tokenizer = piece_tokenizer([*world.glosses, *(f"[{name}]" for name in world.varieties)], world.syllables)
    model = small_decoder(tokenizer, layers=2, seed=seed)
    return fine_tune(model, sentences(world, DOMINANCE, 10 * seed + 1, [STANDARD]), STAGE_1)


def _arms(seed: int) -> Found:
    world = VarietiesWorld(concepts=CONCEPTS, words=WORDS, world_seed=seed)
    start = pretrained(world, seed)
    data, test = sentences(world, EACH, 10 * seed + 2), sentences(world, TEST, 10 * seed + 4)
    held = sentences(world, HELD, 10 * seed + 3, split="validation")
    both = {name: [*data.labels(name), *held.labels(name)] for name in data.names}
    rows = Table.of(both, kinds={"source": "text", "target": "text"})
    arms: dict[str, Mapping[str, Any]] = {"SFT": {"strength": 0.0}}
    for penalty, strengths in LAMBDAS.items():
        arms |= {f"{penalty} {s:g}": {"penalty": penalty, "strength": s} for s in strengths}
    found: Found = {}

    def measure(name: str, options: Mapping[str, Any]) -> None:
        model = Decoupling(STAGE_2, seed=seed, dominant=STANDARD, **options).fit(rows, model=start)
        found[name] = {"validation": _dialects(model, held), **_measured(model, test)}

    for name, options in arms.items():
        measure(name, options)
    strength = float(_chosen(found, "published").split()[-1])
    measure("random", {"subspace": "random", "strength": strength})
    measure("shrink", {"subspace": "whole", "strength": strength})
    return found


def _random(first: Found, seed: int) -> dict[str, float]:
    """The random subspace's part in the first seed's arms."""
    ratio = float(first["random"]["energy"] / first["SFT"]["energy"])
    return {f"{penalty}: {ENERGY}": ratio for penalty in LAMBDAS}


def _measured(model: Decoupling, test: Table) -> dict[str, float]:
    rows = sentences_of(model.given(test))
    standard = rows.of(STANDARD).targets
    written = _written(model, rows)
    references = {name: rows.of(name).targets for name in rows.names}
    dialects = [name for name in rows.names if name != STANDARD]
    audits = model.audit(test)
    return {
        "dialects": float(np.mean([chrf(written[name], references[name]) for name in dialects])),
        "standard": chrf(written[STANDARD], standard),
        "accuracy": float(np.mean([word_accuracy(written[name], references[name]) for name in dialects])),
        "leak": float(np.mean([leak_rate(written[name], references[name], standard) for name in dialects])),
        "energy": float(np.mean([np.mean(list(audit.energy.values())) for audit in audits])),
        "bits": float(np.mean([audit.dominant_bits or 0.0 for audit in audits])),
        "online": float(np.mean([audit.online_bits or 0.0 for audit in audits])),
    }


def _written(model: Decoupling, rows: Sentences) -> dict[str, list[str]]:
    """What the model writes for the rows of each variety."""
    found = {}
    for name in rows.names:
        asked = {"source": rows.of(name).sources, "variety": [name] * len(rows.of(name))}
        found[name] = model.predict(asked).known.texts("target")
    return found


def _dialects(model: Decoupling, held: Table) -> float:
    """Mean chrF++ of the dialects."""
    rows = sentences_of(model.given(held))
    written = _written(model, _dialect_rows(rows))
    return float(np.mean([chrf(texts, rows.of(name).targets) for name, texts in written.items()]))


def _dialect_rows(rows: Sentences) -> Sentences:
    return rows.take([k for k, name in enumerate(rows.varieties) if name != STANDARD])


def _chosen(found: Found, penalty: str) -> str:
    """The arm of a penalty that is best on validation."""
    names = [f"{penalty} {strength:g}" for strength in LAMBDAS[penalty]]
    return max(names, key=lambda name: float(found[name]["validation"]))


# -- rows --------------------------------------------------------------------------------------------------------------


def _judged(penalty: str, results: list[Found], chosen: list[str]) -> list[Row]:
    def ours(metric: str) -> list[float]:
        return [result[name][metric] for result, name in zip(results, chosen, strict=True)]

    def of(name: str, metric: str) -> list[float]:
        return [result[name][metric] for result in results]

    def ratio(values: Sequence[float], metric: str) -> list[float]:
        return [a / b for a, b in zip(values, of("SFT", metric), strict=True)]

    def gain(values: Sequence[float], metric: str) -> list[float]:
        return [a - b for a, b in zip(values, of("SFT", metric), strict=True)]

    level = [1.0] * len(results)
    told = f"lambda by seed: {', '.join(name.split()[-1] for name in chosen)}."
    return [
        _energy(penalty, results, chosen, told),
        row("a", f"{penalty}: code length of standard against dialects / SFT", ratio(ours("bits"), "bits"),
            kind="ratio", against="SFT",
            baselines={"random subspace": ratio(of("random", "bits"), "bits"), "SFT": level},
            ahead_of={"random subspace": 0.0, "SFT": 0.0},
            note="Variational; mean over layers."),
        row("a", f"{penalty}: online code length / SFT", ratio(ours("online"), "online"),
            kind="ratio", against="SFT",
            baselines={"random subspace": ratio(of("random", "online"), "online")}),
        row("b", f"{penalty}: chrF++ of the dialects - SFT", gain(ours("dialects"), "dialects"),
            kind="difference", against="SFT", bar=-0.3,
            baselines={"random subspace": gain(of("random", "dialects"), "dialects"),
                       "shrink": gain(of("shrink", "dialects"), "dialects")},
            ahead_of={"random subspace": 0.0, "shrink": 0.0}, note=told),
        row("b", f"{penalty}: leak rate - SFT", gain(ours("leak"), "leak"),
            kind="difference", against="SFT", direction="lower",
            baselines={"random subspace": gain(of("random", "leak"), "leak"),
                       "shrink": gain(of("shrink", "leak"), "leak"), "SFT": [0.0] * len(results)},
            ahead_of={"SFT": 0.0},
            note="Words of the standard written where the dialect has another."),
        row("b", f"{penalty}: word accuracy in the dialects - SFT", gain(ours("accuracy"), "accuracy"),
            kind="difference", against="SFT",
            baselines={"random subspace": gain(of("random", "accuracy"), "accuracy"),
                       "shrink": gain(of("shrink", "accuracy"), "accuracy")}),
        row("c", f"{penalty}: gain in chrF++ of the dialects over SFT", gain(ours("dialects"), "dialects"),
            kind="difference", against="SFT", bar=0.5),
        row("c", f"{penalty}: chrF++ of the standard - SFT", gain(ours("standard"), "standard"),
            kind="difference", against="SFT", direction="lower",
            bar=0.0, note="The paper's trade-off: the standard falls."),
    ]  # fmt: skip


def _energy(penalty: str, results: list[Found], chosen: list[str], told: str = "") -> Row:
    """Of the arm that is chosen in each seed, over that of plain fine-tuning."""

    def over_plain(names: Sequence[str]) -> list[float]:
        return [r[name]["energy"] / r["SFT"]["energy"] for r, name in zip(results, names, strict=True)]

    return row(
        "a", f"{penalty}: {ENERGY}", over_plain(chosen), kind="ratio", against="SFT", direction="lower", bar=0.5,
        baselines={"random subspace": over_plain(["random"] * len(results))}, ahead_of={"random subspace": 0.0},
        note=f"Mean of ||hP||^2/||h||^2 over layers and sentences; {told}",
    )  # fmt: skip


def _trade_off(results: list[Found]) -> list[Row]:
    idle = [result["random"]["energy"] / result["SFT"]["energy"] for result in results]
    rows = [row("a", f"random subspace: {ENERGY}", idle, bar=0.5, kind="ratio")]
    for name in results[0]:
        values = {metric: [result[name][metric] for result in results] for metric in METRICS}
        rows += [
            row("d", f"{name}: chrF++ of the dialects", values["dialects"],
                baselines={"standard": values["standard"], "word accuracy x 100": [100 * a for a in values["accuracy"]],
                           "leak rate x 100": [100 * a for a in values["leak"]]}),
            row("d", f"{name}: energy in the standard's subspace", values["energy"], direction="lower",
                baselines={"code length, bits a sentence": values["bits"], "online": values["online"]}),
        ]  # fmt: skip
    return rows


CLAIM = Claim(Decoupling.card, run, minutes=30, swap="SFT", controls=(CONTROL,))
