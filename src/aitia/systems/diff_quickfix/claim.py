"""The claim of diff-quickfix, on the small text-to-image model of `QuestionsWorld`: where a concept is, and its edit.

The model has learnt pictures of a size, colour and shape on 16 pixels; there is one, and seeds draw what is asked: a
colour and another in its place, a shape and another, wordings, the prompts that are to stay, and noises. One reader
chooses the layer by the trace; another, learnt from other pictures, scores. Their hashes stand in the notes.

(a) Tracing as interchange: a prompt with another value is given one state of the clean prompt, from the concept's token
    on, and the share that says the clean value is read. The first self-attention, beside the largest of all MLPs and
    later self-attentions; the last token alone is reported.
(b) The published edit at the first layer less at the last.
(c) The edit with usual keys, on sizes and shapes (or colours) that it was not made from: the share that shows the new
    value, beside a random change as long, the published edit, the last layer (the swap), 100 updates of fine-tuning,
    prompt negation, the embedding of the other word, and the prompt rewritten, which costs nothing and is best.
(d) What it leaves: the other attributes of the edited prompts, and all attributes of prompts of sizes and shapes that
    no edit was made from, with other values of the same attribute; beside the published edit and fine-tuning. Two
    values were in no prompt of the edit, not even among those that it spares: they are reported last.
(e) The same as (c) with the readers exchanged.
(f) Blocks of the denoiser: entropy of the shares that cross-attentions restore, reported.
(g) A pipeline that we did not train: not run here.

Control: each prompt's other words are those of another attribute's pair, so that the edit is made to mean nothing.

Sizes were chosen on seeds 1000 and 1001; bars are those of a pilot with another model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from torch import Tensor

from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.evidence.pictures import LABELS, painter, reader
from aitia.nn.edits import Edit
from aitia.nn.pipelines import ImagePipeline
from aitia.nn.pixels import to_bytes
from aitia.nn.readers import AttributeReader
from aitia.systems.diff_quickfix.card import CARD
from aitia.systems.diff_quickfix.closed_form import random_edit, solve_edit
from aitia.systems.diff_quickfix.config import DiffQuickfixConfig
from aitia.systems.diff_quickfix.effects import in_force, in_parts
from aitia.systems.diff_quickfix.prompts import Pair
from aitia.systems.diff_quickfix.rivals import copied, negated, tuned
from aitia.systems.diff_quickfix.tracing import Tracer

__all__ = ["CLAIM"]

SEEDS = 5
CONFIG = DiffQuickfixConfig(steps=8, noises=1, guidance=3.0, corruption="other")
PUBLISHED = replace(CONFIG, method="published")
LAST, UPDATES = 2, 100
MADE, ASKED, STAY, USUAL = 6, 8, 8, 16
"""Prompts that an edit is made from, that it is scored on, whose neighbours are scored; and frames of usual prompts."""
NOTHING, RANDOM, OLD, LATE, TUNED, NEGATED, COPIED, REWRITTEN = (
    "no edit",
    "a random change as long",
    "the published edit",
    "the last layer",
    "100 updates of fine-tuning",
    "prompt negation",
    "the embedding of the other word",
    "the prompt rewritten",
)
ATTRIBUTES = ("colour", "shape")
SAYS = "share of held-out prompts that show the new value"
Found = dict[str, float]


@dataclass(frozen=True)
class _Task:
    """A value, another in its place, and prompts."""

    attribute: str
    pairs: tuple[Pair, ...]
    asked: tuple[Pair, ...]
    usual: tuple[str, ...]
    neighbours: tuple[str, ...]
    never: tuple[str, ...]
    seed: int


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    found = context.over_seeds("questions", _seed, SEEDS)
    context.control("other words of another attribute", _shuffled)

    def values(name: str) -> list[float]:
        return [float(one[name]) for one in found]

    def less(one: str, other: str) -> list[float]:
        return [a - b for a, b in zip(values(one), values(other), strict=True)]

    one, two = _readers()
    note = f"The layer was chosen by the reader {one.fingerprint[:12]}, pictures scored by {two.fingerprint[:12]}."
    rows = []
    for name in ATTRIBUTES:
        rows += [
            row("a", f"{name}: share that the first self-attention restores", values(f"{name}, first"), bar=0.8,
                note=f"By the last token alone {np.mean(values(f'{name}, alone')):.2f}."),
            row("a", f"{name}: the largest share of MLPs and later self-attentions", values(f"{name}, later"),
                direction="lower", bar=0.1),
        ]  # fmt: skip
    for name in ATTRIBUTES:
        arms = (RANDOM, OLD, LATE, TUNED, NEGATED, COPIED, REWRITTEN, NOTHING)
        rows += [
            row("b", f"{name}: the published edit at the first layer less at the last",
                less(f"{name}, {OLD}", f"{name}, published, {LATE}"), kind="difference", bar=0.5),
            row("c", f"{name}: {SAYS}", values(name), bar=0.7, note=note,
                baselines={arm: values(f"{name}, {arm}") for arm in arms},
                ahead_of={RANDOM: 0.5, LATE: 0.4, NEGATED: 0.0, NOTHING: 0.5}),
            row("c", f"{name}: the same after a random change as long", values(f"{name}, {RANDOM}"),
                direction="lower", bar=0.1),
            row("d", f"{name}: share of other attributes as the prompt says", values(f"{name}, kept"), bar=0.9,
                baselines={arm: values(f"{name}, kept, {arm}") for arm in (OLD, TUNED, RANDOM, NOTHING)}),
            row("d", f"{name}: share of neighbours kept", values(f"{name}, neighbours"), bar=0.9,
                baselines={arm: values(f"{name}, neighbours, {arm}") for arm in (OLD, TUNED, RANDOM)},
                ahead_of={OLD: 0.0}),
            row("d", f"{name}: the same of values that no prompt of the edit had", values(f"{name}, never"),
                baselines={arm: values(f"{name}, never, {arm}") for arm in (OLD, TUNED, RANDOM)}),
            row("e", f"{name}: {SAYS}, readers exchanged", values(f"{name}, exchanged"), bar=0.7),
        ]  # fmt: skip
    entropies = {name: values(f"{name}, entropy") for name in ATTRIBUTES}
    rows += [
        row("f", f"{name}: entropy of what cross-attentions restore, of 1", entropies[name]) for name in ATTRIBUTES
    ]
    needs = (
        "Not run here: needs stable-diffusion-v1-4 and CLIP ViT-B/32; `aitia run diff-quickfix --data prompts.csv "
        "--model stable-diffusion-v1-4 --out traced`."
    )
    return [*rows, row("g", "Stable Diffusion 1.4: efficacy of the edit", [], note=needs)]


def _seed(seed: int) -> Found:
    found: Found = {}
    for attribute in ATTRIBUTES:
        found |= _traced(_task(attribute, seed))
        found |= _edited(_task(attribute, seed))
    return found


def _shuffled(seed: int) -> Found:
    """Edits towards words of another attribute."""
    found = {}
    for attribute, other in zip(ATTRIBUTES, ATTRIBUTES[::-1], strict=True):
        task, words = _task(attribute, seed), _task(other, seed).pairs[0].words
        wrong = tuple(replace(pair, other=pair.prompt.replace(pair.concept, words), words=words) for pair in task.pairs)
        edit = solve_edit(_painter(), _layer(task), wrong, task.usual, CONFIG)
        found[f"{attribute}: {SAYS}"] = _says(_pictures(task.asked, seed, edit), task, _readers()[1])
    return found


def _traced(task: _Task) -> Found:
    """What states restore, by the reader that scores."""
    model, name = _painter(), task.attribute
    tracer = Tracer(model, task.asked, replace(CONFIG, seed=task.seed), _readers()[1], name)
    each = [tracer.text(site, part) for site, part in tracer.encoder_sites()]
    alone = tracer.text(*tracer.encoder_sites()[0], later=False)
    crosses = [site for site in tracer.denoiser_sites() if site[1] == "cross_attention"]
    shares = np.array([max(tracer.block(*site, slice(0, CONFIG.steps)).share, 0.0) for site in crosses])
    weights = shares / shares.sum() if shares.sum() > 0 else np.full(len(shares), 1 / len(shares))
    entropy = -float((weights * np.log(np.maximum(weights, 1e-12))).sum()) / float(np.log(len(shares)))
    return {f"{name}, first": each[0].share, f"{name}, later": max(one.share for one in each[1:]),
            f"{name}, alone": alone.share, f"{name}, entropy": entropy}  # fmt: skip


def _edited(task: _Task) -> Found:
    """All arms on prompts that no edit was made from."""
    model, name, (one, two) = _painter(), task.attribute, _readers()
    layer = _layer(task)
    edit = solve_edit(model, layer, task.pairs, task.usual, CONFIG)
    old = solve_edit(model, layer, task.pairs, task.usual, PUBLISHED)
    late, late_old = (solve_edit(model, LAST, task.pairs, task.usual, how) for how in (CONFIG, PUBLISHED))
    other = tuned(model, task.pairs, replace(CONFIG, seed=task.seed), UPDATES)
    pictures: Mapping[str, Tensor] = {
        "": _pictures(task.asked, task.seed, edit),
        NOTHING: _pictures(task.asked, task.seed),
        RANDOM: _pictures(task.asked, task.seed, random_edit(edit, task.seed)),
        OLD: _pictures(task.asked, task.seed, old),
        LATE: _pictures(task.asked, task.seed, late),
        f"published, {LATE}": _pictures(task.asked, task.seed, late_old),
        TUNED: _pictures(task.asked, task.seed, model=other),
        COPIED: _pictures(task.asked, task.seed, model=copied(model, task.pairs[0], CONFIG.encoder)),
        NEGATED: negated(
            model, [p.prompt for p in task.asked], task.pairs[0].concept, _noise(task.seed, ASKED), CONFIG
        ),
        REWRITTEN: _drawn(model, [pair.other for pair in task.asked], task.seed),
    }
    found: Found = {f"{name}, {arm}" if arm else name: _says(x, task, two) for arm, x in pictures.items()}
    found[f"{name}, exchanged"] = _says(pictures[""], task, one)
    found[f"{name}, kept, {NOTHING}"] = _rest(pictures[NOTHING], task, two)
    before, never = (_drawn(model, some, task.seed) for some in (task.neighbours, task.never))
    for arm, change, drawing in (
        ("", edit, model), (OLD, old, model), (RANDOM, random_edit(edit, task.seed), model), (TUNED, None, other)
    ):  # fmt: skip
        end = f", {arm}" if arm else ""
        found[f"{name}, kept{end}"] = _rest(pictures[arm], task, two)
        with in_force(drawing, change):
            after, last = (_drawn(drawing, some, task.seed) for some in (task.neighbours, task.never))
        found[f"{name}, neighbours{end}"] = _alike(after, before, tuple(LABELS), two)
        found[f"{name}, never{end}"] = _alike(last, never, tuple(LABELS), two)
    return found


def _layer(task: _Task) -> int:
    """The layer whose self-attention restores most, by the reader that chooses."""
    tracer = Tracer(_painter(), task.pairs, replace(CONFIG, seed=task.seed + 1), _readers()[0], task.attribute)
    shares = [tracer.text(site, part).share for site, part in tracer.encoder_sites() if part == "self_attention"]
    return int(np.argmax(shares))


def _task(attribute: str, seed: int) -> _Task:
    """A value and another, both and two neighbours of them drawn by the seed; edits see small prompts of two sizes."""
    random = np.random.default_rng([seed, ATTRIBUTES.index(attribute)])
    rest = "shape" if attribute == "colour" else "colour"
    old, new, *others = (str(label) for label in random.permutation(LABELS[attribute]))
    frames = [(str(size), str(label)) for size in LABELS["size"] for label in LABELS[rest]]
    order = [frames[k] for k in random.permutation(len(frames))]

    def told(frame: tuple[str, str], value: str) -> str:
        size, label = frame
        colour, shape = (value, label) if attribute == "colour" else (label, value)
        return f"{'an' if size[0] in 'aeiou' else 'a'} {size} {colour} {shape}"

    pairs = [Pair(told(frame, old), told(frame, new), old, new) for frame in order[: MADE + ASKED]]
    spared, fresh = others[2:], others[:2]
    usual = [told(frame, value) for frame in order[MADE + ASKED : MADE + ASKED + USUAL] for value in spared]
    neighbours = [told(order[MADE + k], spared[k % len(spared)]) for k in range(STAY)]
    never = [told(order[MADE + k], fresh[k % len(fresh)]) for k in range(STAY)]
    return _Task(
        attribute, tuple(pairs[:MADE]), tuple(pairs[MADE:]), tuple(usual), tuple(neighbours), tuple(never), seed
    )


def _noise(seed: int, rows: int) -> Tensor:
    return _painter().noise(rows, seed + 50_000)


def _drawn(model: ImagePipeline, prompts: Sequence[str], seed: int) -> Tensor:
    return in_parts(model, prompts, _noise(seed, len(prompts)), CONFIG)


def _pictures(asked: Sequence[Pair], seed: int, edit: Edit | None = None, model: ImagePipeline | None = None) -> Tensor:
    model = _painter() if model is None else model
    with in_force(model, edit):
        return _drawn(model, [pair.prompt for pair in asked], seed)


def _says(x: Tensor, task: _Task, judge: AttributeReader) -> float:
    """The share that shows the new value."""
    said = judge.read(to_bytes(x)).words(task.attribute)
    return float(np.mean([word == pair.words for word, pair in zip(said, task.asked, strict=True)]))


def _rest(x: Tensor, task: _Task, judge: AttributeReader) -> float:
    """The share of other attributes that are as the prompt says."""
    said = judge.read(to_bytes(x))
    rest = [said.words(name) for name in LABELS if name != task.attribute]
    return float(np.mean([word in pair.prompt.split() for words in rest
                          for word, pair in zip(words, task.asked, strict=True)]))  # fmt: skip


def _alike(x: Tensor, before: Tensor, names: Sequence[str], judge: AttributeReader) -> float:
    """The share of attributes that are read as before."""
    said = [judge.read(to_bytes(one)).codes for one in (x, before)]
    return float(np.mean([said[0][name] == said[1][name] for name in names]))


@lru_cache(maxsize=1)
def _painter() -> ImagePipeline:
    return painter()


@lru_cache(maxsize=1)
def _readers() -> tuple[AttributeReader, AttributeReader]:
    """One that chooses and one that scores: other pictures, other weights."""
    return reader(0), reader(1)


CLAIM = Claim(CARD, run, minutes=8, swap=LATE, controls=("other words of another attribute",))
