"""The claim of CADET, on requests whose style goes with what they want and whose counterfactual texts are known.

Every arm has the same encoder (a bag of embeddings with their places), the same 3,000 texts, as many updates and one
learning rate: ERM; ERM with the back-door weights of rows; ERM with an adversary for the style; the published losses;
the adjusted ones. Trained where style says
the intent of 90 % of the texts, asked where it says 90 %, 50 % and 10 %; epoch and threshold are chosen on texts held
out of the training. What a text says leaves 87.5 % readable, everywhere (see the world), and the best reader in the
training environment has 97.5 % there and 77.5 % where style is reversed.

(a) Three bars for `adjusted`: macro-F1 reversed .08 above ERM, no more than .09 below it in the training environment,
    at most half its effect of style on the exact counterfactual texts. They show that it deconfounds, not that it does
    so by CADET's losses; so the adversary and the weights alone are to be passed as well, at the threshold chosen.
(b) The paper's claim: published or adjusted above ERM, and above ERM with the weights alone, by a point.
(c) The same trained with labels of style of which 20 % are wrong.
(d) What only CADET can do: texts under do(style) and do(target) that keep the intent; and the effect of style by the
    model's own account, which is to be nearer to that on the exact counterfactual than no effect is.
(e) Linear probes for style, platform and target from M: less is to be read of each than from the state of ERM.

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
WEIGHTED, ADVERSARY = "ERM + weights", "ERM + style adversary"
ARMS: dict[str, dict[str, Any]] = {
    "ERM": {"variant": "erm"},
    WEIGHTED: {"variant": "erm", "weights": True},
    ADVERSARY: {"variant": "erm", "style_adversary": 1.0},
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
    """Macro-F1 in each environment at the threshold chosen, and the mean effect of style on exact counterfactuals."""
    world = ModerationWorld()
    found: Found = {"score": {}}
    for place in PLACES:
        sample = world.sample(ASKED, seed=1000 + seed, env=place)
        second = model.predict_proba({"text": _texts(world, sample)})[:, 1]
        found["score"][place] = macro_f1(_codes(sample, "intent"), second >= model.threshold, np.ones(ASKED))
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
    gain = ours["score"]["reversed"] - erm["score"]["reversed"]
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
    return {arm: _of(results, arm, *path) for arm in results[0] if arm != "adjusted"}


def _part_a(results: list[Found]) -> list[Row]:
    ours, erm = ({place: _of(results, arm, "score", place) for place in PLACES} for arm in ("adjusted", "ERM"))
    effects = _of(results, "adjusted", "effect"), _of(results, "ERM", "effect")
    return [
        *(
            row("a", f"macro-F1 of adjusted, {PLACES[place]}, threshold chosen", ours[place],
                baselines=_others(results, "score", place), ahead_of=dict.fromkeys(("ERM", ADVERSARY), 0.0))
            for place in ("balanced", "reversed")
        ),
        row("a", "effect of style on exact counterfactuals, adjusted", effects[0], direction="lower",
            baselines=_others(results, "effect"), ahead_of=dict.fromkeys((ADVERSARY, WEIGHTED), 0.0)),
        row("a", GAIN, _less(ours["reversed"], erm["reversed"]), bar=0.08,
            kind="difference", against="ERM"),
        row("a", "macro-F1 in distribution, ERM - adjusted", _less(erm["train"], ours["train"]), direction="lower",
            bar=0.09, kind="difference", against="ERM", baselines={"adjusted": ours["train"], "ERM": erm["train"]}),
        row("a", EFFECT, [a / b for a, b in zip(*effects, strict=True)], direction="lower",
            bar=0.5, kind="ratio", against="ERM"),
    ]  # fmt: skip


def _part_b(results: list[Found]) -> list[Row]:
    note = "The paper's own claim; the weights are not the paper's."
    return [
        row("b", f"macro-F1 reversed, {arm} - {other}",
            _less(*(_of(results, each, "score", "reversed") for each in (arm, other))), bar=0.01, note=note,
            kind="difference", against=other)
        for arm, other in (("published", "ERM"), ("published", WEIGHTED), ("adjusted", WEIGHTED))
    ]  # fmt: skip


def _part_c(results: list[Found]) -> list[Row]:
    note = f"{NOISE:.0%} of the labels of style are wrong in training."
    scores = {arm: _of(results, arm, "score", "reversed") for arm in results[0]}
    return [
        row("c", f"macro-F1 reversed, {arm} - {WEIGHTED}, noisy style", _less(scores[arm], scores[WEIGHTED]), bar=0.01,
            note=note, kind="difference", against=WEIGHTED,
            baselines={f"{name} itself": values for name, values in scores.items()})
        for arm in ("published", "adjusted")
    ]  # fmt: skip


def _part_d(results: list[Found]) -> list[Row]:
    def told(name: str, arm: str = "adjusted") -> list[float]:
        return _of(results, arm, "written", name)

    asked = {
        "texts under do(style) that keep the intent, adjusted": "style: intent kept",
        "texts under do(style) in that style, adjusted": "style: style set",
        "texts under do(target) that keep the intent, adjusted": "target: intent kept",
        "texts under do(target) about it, adjusted": "target: target set",
    }
    note = "Read by keywords; of the texts that say an intent, set to what they are not."
    undone = {"nothing done": told("undone: intent kept")}
    return [
        *(
            row("d", metric, told(name), bar=0.9, note=note,
                baselines={"published": told(name, "published"), **(undone if "keep" in metric else {})})
            for metric, name in asked.items()
        ),
        row("d", "error of the effect of style by its own account, adjusted", told("error of own effect"),
            direction="lower", ahead_of={"no effect": 0.0}, baselines={"no effect": told("exact effect"), **{
                f"published{tail}": told(name, "published")
                for tail, name in (("", "error of own effect"), (", no effect", "exact effect"))}},
            note="Mean distance from the effect on the exact counterfactual text."),
    ]  # fmt: skip


def _part_e(results: list[Found]) -> list[Row]:
    chance = {"style": 1 / len(STYLES), "platform": 1 / len(PLATFORMS), "target": 1 / len(TARGETS)}
    return [
        row("e", f"accuracy of a linear probe for {name} from M, adjusted", _of(results, "adjusted", "probes", name),
            direction="lower", baselines=_others(results, "probes", name) | {"chance": [level] * len(results)},
            ahead_of={"ERM": 0.0}, note="Balanced texts; for ERM the state of the encoder.")
        for name, level in chance.items()
    ]  # fmt: skip


CLAIM = Claim(Cadet.card, run, minutes=15, swap="ERM", controls=(SHUFFLED,))
