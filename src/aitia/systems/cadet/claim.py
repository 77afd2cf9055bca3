"""The claim of CADET, on requests whose style goes with what they want and whose counterfactual texts are known.

Every arm has the same encoder (a bag of embeddings with their places), the same 3,000 texts, as many updates and one
learning rate: ERM; ERM with the back-door weights of rows; ERM with an adversary for the style; the published losses;
the adjusted ones. Trained where style says
the intent of 90 % of the texts, asked where it says 90 %, 50 % and 10 %; epoch and threshold are chosen on texts held
out of the training. What a text says leaves 87.5 % readable, everywhere (see the world), and the best reader in the
training environment has 97.5 % there and 77.5 % where style is reversed.

(a) Macro-F1, at the threshold chosen and at .5, and three bars for `adjusted`: reversed .08 above ERM, no more than .09
    below it in the training environment, at most half its effect of style on the exact counterfactual texts. They show
    that it deconfounds, not that it does so by CADET's losses.
(b) The paper's claim: published or adjusted above ERM, and above ERM with the weights alone, by a point.
(c) The same trained with labels of style of which 20 % are wrong.
(d) What only CADET can do: texts under do(style) and do(target) that keep the intent, and the effect of style by the
    model's own account beside that on the exact counterfactual.
(e) Linear probes for style, platform and target from M.

Control: `adjusted` with labels of style that are shuffled, so that there is no confounder to take out.

Encoder, learning rate and epochs were chosen on seed 100, by ERM and ERM with weights; the free bits of `adjusted`
too, by whether its texts keep the intent. Seeds 0, 1 and 2 were run twice. The first time do(target) set the target of
.31 of the texts, for the head of the target had to find the order of the categories first; it now begins with one, as
seed 100 showed to be enough, and nothing else was changed. The verdicts of (a), (b) and (c) were the same; reversed
macro-F1 was .849 for adjusted and .727 for published (ERM .734, ERM with weights .840 both times), so that the start of
the heads costs the published losses .1, and the intent was kept in .98 of the texts under do(style).
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.nn.probes import code_length
from aitia.systems.cadet import Cadet
from aitia.systems.cadet.inputs import macro_f1
from aitia.worlds.moderation import PLATFORMS, STYLES, TARGETS, ModerationWorld
from aitia.worlds.sample import Sample

__all__ = ["CLAIM"]

TEXTS, ASKED, SEEDS = 3000, 2000, 5
BUDGET: dict[str, Any] = {
    "layers": 0, "pooling": "mean", "epochs": 8, "batch": 64, "longest": 32, "encoder_rate": 3e-3, "head_rate": 3e-3,
}  # fmt: skip
ARMS: dict[str, dict[str, Any]] = {
    "ERM": {"variant": "erm"},
    "ERM + weights": {"variant": "erm", "weights": True},
    "ERM + style adversary": {"variant": "erm", "style_adversary": 1.0},
    "published": {"variant": "published"},
    "adjusted": {"variant": "adjusted"},
}
NOISE = 0.2
SHUFFLED = "style shuffled"
GAIN, EFFECT = "macro-F1 reversed, adjusted - ERM", "effect of style, adjusted / ERM"
PLACES = {"train": "in distribution", "balanced": "balanced", "reversed": "reversed"}
Found = dict[str, Any]


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    context.control(SHUFFLED, _shuffled)
    clean = context.over_seeds("clean style", _clean, SEEDS)
    noisy = context.over_seeds("noisy style", _noisy, SEEDS)
    return [*_part_a(clean), *_part_b(clean), *_part_c(noisy), *_part_d(clean), *_part_e(clean)]


# -- what is measured ------------------------------------------------------------------------------------------------


def _codes(sample: Sample, name: str) -> NDArray[np.int64]:
    return sample[name].astype(np.int64)


def _texts(world: ModerationWorld, sample: Sample) -> list[str]:
    return list(world.render(sample))


def _fitted(arm: str, seed: int, wrong: float = 0.0, *, shuffled: bool = False) -> Cadet:
    world = ModerationWorld()
    sample = world.sample(TEXTS, seed=seed, env="train")
    style = _codes(sample, "style")
    style = np.where(np.random.default_rng(seed).random(TEXTS) < wrong, 1 - style, style)
    style = np.random.default_rng(seed).permutation(style) if shuffled else style
    target = np.array(TARGETS)[_codes(sample, "target")]
    rows = {"text": _texts(world, sample), "label": _codes(sample, "intent"), "style": style, "target": target}
    return Cadet(seed=seed, **BUDGET, **ARMS[arm]).fit(rows)


def _scores(model: Cadet, seed: int) -> Found:
    """Macro-F1 in each environment at both thresholds, and the mean effect of style on the exact counterfactuals."""
    world = ModerationWorld()
    found: Found = {"tuned": {}, "half": {}}
    for place in PLACES:
        sample = world.sample(ASKED, seed=1000 + seed, env=place)
        second = model.predict_proba({"text": _texts(world, sample)})[:, 1]
        for kind, threshold in (("tuned", model.threshold), ("half", 0.5)):
            found[kind][place] = macro_f1(_codes(sample, "intent"), second >= threshold, np.ones(ASKED))
    found["effect"] = float(np.abs(_exact_effect(model, _asked(seed))).mean())
    return found


def _asked(seed: int) -> Sample:
    return ModerationWorld().sample(ASKED, seed=2000 + seed, env="balanced")


def _exact_effect(model: Cadet, fact: Sample) -> NDArray[np.float64]:
    """P(complaint) of the texts as they would have been in the other style, less that of the texts, (n,)."""
    world = ModerationWorld()
    other = {name: _texts(world, world.counterfactual(fact, {"style": name})) for name in STYLES}
    flipped = [other[STYLES[1 - code]][row] for row, code in enumerate(_codes(fact, "style"))]
    after, before = (model.predict_proba({"text": texts})[:, 1] for texts in (flipped, _texts(world, fact)))
    effect: NDArray[np.float64] = after - before
    return effect


def _clean(seed: int) -> Found:
    found: Found = {}
    for arm in ARMS:
        model = _fitted(arm, seed)
        found[arm] = _scores(model, seed) | {"probes": _probes(model, seed)}
        if arm in ("published", "adjusted"):
            found[arm] |= {"written": _written(model, seed), "kl": model.kl}
    return found


def _shuffled(seed: int) -> dict[str, float]:
    ours, erm = (_scores(_fitted(arm, seed, shuffled=arm == "adjusted"), seed) for arm in ("adjusted", "ERM"))
    gain = ours["tuned"]["reversed"] - erm["tuned"]["reversed"]
    return {GAIN: float(gain), EFFECT: ours["effect"] / erm["effect"]}


def _noisy(seed: int) -> Found:
    return {arm: _scores(_fitted(arm, seed, NOISE), seed) for arm in ARMS if arm != "ERM"}


def _written(model: Cadet, seed: int) -> Found:
    """What the texts that it writes say, by their keywords, and the effect of style by its own account."""
    world, fact = ModerationWorld(), _asked(seed)
    texts, style, exact = _texts(world, fact), _codes(fact, "style"), _exact_effect(model, fact)
    intent = world.read(texts, "intent")
    kept, flipped, own = np.zeros(ASKED, bool), np.zeros(ASKED, bool), np.zeros(ASKED)
    for code in (0, 1):
        done, rows = model.do({"style": code}).rewrite({"text": texts}), style != code
        kept[rows] = (world.read(done.texts, "intent") == intent)[rows]
        flipped[rows] = (world.read(done.texts, "style") == code)[rows]
        own[rows] = (done.probability - done.reconstruction_probability)[rows]
    found: Found = {"style: intent kept": float(kept[intent >= 0].mean()), "style: style set": float(flipped.mean())}
    of_target = []
    for code, name in enumerate(TARGETS):
        done, rows = model.do({"target": name}).rewrite({"text": texts}), _codes(fact, "target") != code
        said = world.read(done.texts, "intent") == intent
        of_target.append((said[rows & (intent >= 0)].mean(), (world.read(done.texts, "target") == code)[rows].mean()))
    found["target: intent kept"], found["target: target set"] = (float(v) for v in np.mean(of_target, axis=0))
    found["undone: intent kept"] = float((world.read(done.reconstruction, "intent") == intent)[intent >= 0].mean())
    found["exact effect"], found["own effect"] = float(np.abs(exact).mean()), float(np.abs(own).mean())
    found["error of own effect"] = float(np.abs(own - exact).mean())
    return found


def _probes(model: Cadet, seed: int) -> Found:
    fact = _asked(seed)
    told = model.encode({"text": _texts(ModerationWorld(), fact)})
    motivation = told.matrix([name for name in told.names if name.startswith("motivation")])
    codes = torch.from_numpy(motivation[:1000]).float()
    truth = {name: torch.from_numpy(_codes(fact, name)[:1000]) for name in ("style", "platform", "target")}
    return {name: code_length(codes, true, steps=200).accuracy for name, true in truth.items()}


# -- rows ------------------------------------------------------------------------------------------------------------


def _of(results: list[Found], arm: str, *path: str) -> list[float]:
    """One number a seed."""
    found = []
    for result in results:
        value = result[arm]
        for key in path:
            value = value[key]
        found.append(float(value))
    return found


def _less(one: list[float], other: list[float]) -> list[float]:
    return [a - b for a, b in zip(one, other, strict=True)]


def _others(results: list[Found], *path: str) -> dict[str, list[float]]:
    return {arm: _of(results, arm, *path) for arm in ARMS if arm != "adjusted" and arm in results[0]}


def _part_a(results: list[Found]) -> list[Row]:
    rows = [
        row(
            "a", f"macro-F1 of adjusted, {told}, threshold {at}", _of(results, "adjusted", kind, place),
            baselines=_others(results, kind, place),
        )
        for kind, at in (("tuned", "chosen"), ("half", ".5"))
        for place, told in PLACES.items()
    ]  # fmt: skip
    ours, erm = ({place: _of(results, arm, "tuned", place) for place in PLACES} for arm in ("adjusted", "ERM"))
    effects = _of(results, "adjusted", "effect"), _of(results, "ERM", "effect")
    return [
        *rows,
        row("a", "effect of style on exact counterfactuals, adjusted", effects[0], direction="lower",
            baselines=_others(results, "effect")),
        row("a", GAIN, _less(ours["reversed"], erm["reversed"]), bar=0.08,
            kind="difference", against="ERM"),
        row("a", "macro-F1 in distribution, ERM - adjusted", _less(erm["train"], ours["train"]), direction="lower",
            bar=0.09, kind="difference", against="ERM"),
        row("a", EFFECT, [a / b for a, b in zip(*effects, strict=True)], direction="lower",
            bar=0.5, kind="ratio", against="ERM"),
    ]  # fmt: skip


def _part_b(results: list[Found]) -> list[Row]:
    note = "The paper's own claim; the weights are not the paper's."
    return [
        row("b", f"macro-F1 reversed, {arm} - {other}",
            _less(*(_of(results, each, "tuned", "reversed") for each in (arm, other))), bar=0.01, note=note,
            kind="difference", against=other)
        for arm, other in (("published", "ERM"), ("published", "ERM + weights"), ("adjusted", "ERM + weights"))
    ]  # fmt: skip


def _part_c(results: list[Found]) -> list[Row]:
    note = f"{NOISE:.0%} of the labels of style are wrong in training."
    rows = [
        row("c", f"macro-F1 of adjusted, {told}, noisy style", _of(results, "adjusted", "tuned", place),
            baselines=_others(results, "tuned", place), note=note)
        for place, told in PLACES.items()
    ]  # fmt: skip
    weighted = _of(results, "ERM + weights", "tuned", "reversed")
    return [
        *rows,
        *(
            row("c", f"macro-F1 reversed, {arm} - ERM + weights, noisy style",
                _less(_of(results, arm, "tuned", "reversed"), weighted), bar=0.01, note=note,
                kind="difference", against="ERM + weights")
            for arm in ("published", "adjusted")
        ),
    ]  # fmt: skip


def _part_d(results: list[Found]) -> list[Row]:
    rows = []
    for arm in ("adjusted", "published"):

        def told(name: str, arm: str = arm) -> list[float]:
            return _of(results, arm, "written", name)

        bar = 0.9 if arm == "adjusted" else None
        undone = {"nothing done": told("undone: intent kept")}
        rows += [
            row("d", f"texts under do(style) that keep the intent, {arm}", told("style: intent kept"), bar=bar,
                baselines=undone, note="Read by keywords; of the texts that say an intent, set to what they are not."),
            row("d", f"texts under do(style) in that style, {arm}", told("style: style set"), bar=bar),
            row("d", f"texts under do(target) that keep the intent, {arm}", told("target: intent kept"), bar=bar),
            row("d", f"texts under do(target) about it, {arm}", told("target: target set"), bar=bar),
            row("d", f"error of the effect of style by its own account, {arm}", told("error of own effect"),
                direction="lower", baselines={"no effect": told("exact effect")},
                note="Mean distance from the effect on the exact counterfactual text."),
        ]  # fmt: skip
    return rows


def _part_e(results: list[Found]) -> list[Row]:
    chance = {"style": 1 / len(STYLES), "platform": 1 / len(PLATFORMS), "target": 1 / len(TARGETS)}
    return [
        row("e", f"accuracy of a linear probe for {name} from M, adjusted", _of(results, "adjusted", "probes", name),
            direction="lower", baselines=_others(results, "probes", name) | {"chance": [level] * len(results)},
            note="Balanced texts; for ERM the state of the encoder.")
        for name, level in chance.items()
    ]  # fmt: skip


CLAIM = Claim(Cadet.card, run, minutes=15, swap="ERM", controls=(SHUFFLED,))
