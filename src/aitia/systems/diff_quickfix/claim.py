"""The claim of diff-quickfix, on the small text-to-image model of `QuestionsWorld`: where a concept is, and its edit.

The model has learnt pictures of a size, colour and shape on 16 pixels. There is one, so that intervals are over what is
asked and not over trainings: seeds draw a colour and another in its place, a shape and another, frames, the prompts
that are to stay, and noises (`claim_tasks`). One reader chooses the layer by the trace; another, learnt from other
pictures, scores. Their hashes stand in the notes.

(a) Tracing as interchange: a prompt with another value is given one state of the clean prompt, from the concept's token
    on, and the share that says the clean value is read. The first self-attention, beside a random change as long and
    the embedding of the word, which is trivially strongest; the largest of all MLPs and later self-attentions; and the
    first self-attention at the last token alone, as the paper has it, reported.
(b) The published edit at the first layer less at the last.
(c) The edit with usual keys, on frames that it was not made from, and on these in other wordings: the share that shows
    the new value, beside a random change as long, the published edit, the last layer (the swap), 100 updates of
    fine-tuning, prompt negation, the embedding of the other word, the prompts that it was made from, and the prompt
    rewritten, which costs nothing.
(d) What it leaves: the other attribute of the edited prompts, and the value of prompts with any other value of the
    attribute. Of these the values that it spared and those of which no prompt was given are reported apart, and so is
    an edit that was given prompts of all values.
(e) The same as (c) with the readers exchanged: the other chooses the layer, the one that chose scores.
(f) Blocks of the denoiser: entropy of the shares that cross-attentions restore, reported.
(g) A pipeline that we did not train: not run here.

Controls: each prompt's other words are those of another attribute's pair, so that the edit is made to mean nothing; and
in (a) a random change of the state, as long as the exchange.

Bars are those of a pilot with another model, margins ours. The ridge and which prompts are spared were chosen on seed
1001, and sizes on 1000 to 1004.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from torch import Tensor

from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.evidence.pictures import painter, reader
from aitia.nn.edits import Edit
from aitia.nn.pipelines import ImagePipeline
from aitia.nn.pixels import to_bytes
from aitia.nn.readers import AttributeReader
from aitia.systems.diff_quickfix.card import CARD
from aitia.systems.diff_quickfix.claim_tasks import ATTRIBUTES, Task, task_of
from aitia.systems.diff_quickfix.closed_form import random_edit, solve_edit
from aitia.systems.diff_quickfix.config import DiffQuickfixConfig
from aitia.systems.diff_quickfix.effects import in_force, in_parts
from aitia.systems.diff_quickfix.prompts import Pair
from aitia.systems.diff_quickfix.rivals import copied, negated, tuned
from aitia.systems.diff_quickfix.states import embedding_site
from aitia.systems.diff_quickfix.tracing import Tracer

__all__ = ["CLAIM"]

SEEDS = 5
CONFIG = DiffQuickfixConfig(steps=8, noises=1, guidance=3.0, corruption="other")
PUBLISHED = replace(CONFIG, method="published")
LAST, UPDATES = 2, 100
NOTHING, RANDOM, OLD, LATE, TUNED, NEGATED, COPIED, SPARING, OWN, REWRITTEN, EMBEDDING = (
    "no edit",
    "a random change as long",
    "the published edit",
    "the last layer",
    "100 updates of fine-tuning",
    "prompt negation",
    "the embedding of the other word",
    "with prompts of all values to spare",
    "prompts that it was made from",
    "the prompt rewritten",
    "the embedding of the word",
)
FIRST = "share that the first self-attention restores"
LATER = "the largest share of MLPs and later self-attentions"
SAYS = "share of held-out prompts that show the new value"
WORDED = "the same in other wordings"
EXCHANGED = "the same, readers exchanged"
CHANCE = "the same after a random change as long"
PLACE = "the published edit at the first layer less at the last"
KEPT = "share of held-out prompts that show the other attribute as they say"
NEIGHBOURS = "share of prompts with other values that show them"
WORDS, STATES = "other words of another attribute", "random states"
Found = dict[str, float]


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    found = context.over_seeds("questions", _seed, SEEDS)
    context.control(WORDS, _shuffled)
    context.control(STATES, _random)

    def values(name: str) -> list[float]:
        return [float(one[name]) for one in found]

    def arms(name: str, metric: str, *some: str) -> dict[str, list[float]]:
        return {arm: values(f"{name}: {metric}, {arm}") for arm in some}

    one, two = _readers()
    note = f"The layer was chosen by the reader {one.fingerprint[:12]}, pictures scored by {two.fingerprint[:12]}."
    rows = []
    for name in ATTRIBUTES:
        rows += [
            row("a", f"{name}: {FIRST}", values(f"{name}: {FIRST}"), bar=0.8,
                baselines=arms(name, FIRST, RANDOM, EMBEDDING)),
            row("a", f"{name}: {LATER}", values(f"{name}: {LATER}"), direction="lower", bar=0.1),
            row("a", f"{name}: the first self-attention at the last token alone", values(f"{name}: alone")),
        ]  # fmt: skip
    for name in ATTRIBUTES:
        every = (RANDOM, OLD, LATE, TUNED, NEGATED, COPIED, SPARING, OWN, REWRITTEN, NOTHING)
        beside = (OLD, TUNED, COPIED, SPARING, RANDOM)
        rows += [
            row("b", f"{name}: {PLACE}", values(f"{name}: {PLACE}"), kind="difference", bar=0.5),
            row("c", f"{name}: {SAYS}", values(f"{name}: {SAYS}"), bar=0.7, note=note,
                baselines=arms(name, SAYS, *every),
                ahead_of={RANDOM: 0.5, LATE: 0.4, NEGATED: 0.0, NOTHING: 0.5}),
            row("c", f"{name}: {CHANCE}", values(f"{name}: {SAYS}, {RANDOM}"), direction="lower", bar=0.1),
            row("c", f"{name}: {WORDED}", values(f"{name}: {WORDED}"), bar=0.7,
                baselines=arms(name, WORDED, REWRITTEN, NOTHING)),
            row("d", f"{name}: {KEPT}", values(f"{name}: {KEPT}"), bar=0.9,
                baselines=arms(name, KEPT, *beside, NOTHING)),
            row("d", f"{name}: {NEIGHBOURS}", values(f"{name}: {NEIGHBOURS}"), bar=0.9,
                baselines=arms(name, NEIGHBOURS, *beside, NOTHING), ahead_of={OLD: 0.0}),
            *(row("d", f"{name}: {NEIGHBOURS}, {which}", values(f"{name}: {NEIGHBOURS}, {which}"),
                  baselines=arms(name, f"{NEIGHBOURS}, {which}", *beside))
              for which in ("spared", "in no prompt of the edit")),
            row("e", f"{name}: {EXCHANGED}", values(f"{name}: {EXCHANGED}"), bar=0.7),
        ]  # fmt: skip
    for name in ATTRIBUTES:
        blocks = [(by.split()[-1], np.mean(values(by))) for by in found[0] if by.startswith(f"{name}: by ")]
        told = ", ".join(f"{site} {share:.2f}" for site, share in blocks)
        metric = f"{name}: entropy of what cross-attentions restore, of 1"
        rows.append(row("f", metric, values(f"{name}: entropy"), note=told))
    needs = (
        "Not run here: needs stable-diffusion-v1-4 and CLIP ViT-B/32; `aitia run diff-quickfix --data prompts.csv "
        "--model stable-diffusion-v1-4 --out traced`."
    )
    return [*rows, row("g", "Stable Diffusion 1.4: efficacy of the edit", [], note=needs)]


def _seed(seed: int) -> Found:
    found: Found = {}
    for attribute in ATTRIBUTES:
        task = task_of(attribute, seed)
        for metric, value in {**_traced(task), **_edited(task)}.items():
            found[f"{attribute}: {metric}"] = value
    return found


def _shuffled(seed: int) -> Found:
    """Edits towards words of another attribute."""
    found, (one, two) = {}, _readers()
    for attribute, other in zip(ATTRIBUTES, ATTRIBUTES[::-1], strict=True):
        task, words = task_of(attribute, seed), task_of(other, seed).pairs[0].words
        wrong = tuple(replace(pair, other=pair.prompt.replace(pair.concept, words), words=words) for pair in task.pairs)
        edit = solve_edit(_painter(), _layer(task, one), wrong, task.usual, CONFIG)
        shown = _edited_pictures(task.asked, seed, edit)
        places = [
            _says(_edited_pictures(task.asked, seed, solve_edit(_painter(), layer, wrong, task.usual, PUBLISHED)),
                  task, task.asked, two)
            for layer in (0, LAST)
        ]  # fmt: skip
        found[f"{attribute}: {SAYS}"] = _says(shown, task, task.asked, two)
        found[f"{attribute}: {EXCHANGED}"] = _says(shown, task, task.asked, one)
        found[f"{attribute}: {PLACE}"] = places[0] - places[1]
        reworded = _edited_pictures(task.reworded, seed, edit)
        found[f"{attribute}: {WORDED}"] = _says(reworded, task, task.reworded, two)
    return found


def _random(seed: int) -> Found:
    """What the first self-attention restores when it is changed as far in a random direction."""
    found = {}
    for attribute in ATTRIBUTES:
        tracer = _tracer(task_of(attribute, seed))
        found[f"{attribute}: {FIRST}"] = tracer.text(*tracer.encoder_sites()[0]).control
    return found


def _tracer(task: Task) -> Tracer:
    """Of the prompts that no edit is made from, by the reader that scores."""
    return Tracer(_painter(), task.asked, replace(CONFIG, seed=task.seed), _readers()[1], task.attribute)


def _traced(task: Task) -> Found:
    """What states restore."""
    tracer = _tracer(task)
    each = [tracer.text(site, part) for site, part in tracer.encoder_sites()]
    alone = tracer.text(*tracer.encoder_sites()[0], later=False)
    word = tracer.text(embedding_site(_painter(), CONFIG.encoder), "embedding", later=False)
    crosses = [site for site in tracer.denoiser_sites() if site[1] == "cross_attention"]
    shares = np.array([max(tracer.block(*site, slice(0, CONFIG.steps)).share, 0.0) for site in crosses])
    weights = shares / shares.sum() if shares.sum() > 0 else np.full(len(shares), 1 / len(shares))
    entropy = abs(float((weights * np.log(np.maximum(weights, 1e-12))).sum())) / float(np.log(len(shares)))
    by_block = {f"by {site}": float(share) for (site, _), share in zip(crosses, shares, strict=True)}
    return {
        FIRST: each[0].share, f"{FIRST}, {RANDOM}": each[0].control, f"{FIRST}, {EMBEDDING}": word.share,
        LATER: max(one.share for one in each[1:]), "alone": alone.share, "entropy": entropy, **by_block,
    }  # fmt: skip


def _edited(task: Task) -> Found:
    """All arms on prompts that no edit was made from."""
    model, seed, (one, two) = _painter(), task.seed, _readers()
    layer, other_layer = _layer(task, one), _layer(task, two)
    edit, exchanged = (solve_edit(model, k, task.pairs, task.usual, CONFIG) for k in (layer, other_layer))
    old = solve_edit(model, layer, task.pairs, task.usual, PUBLISHED)
    first, late_old = (solve_edit(model, k, task.pairs, task.usual, PUBLISHED) for k in (0, LAST))
    sparing = solve_edit(model, layer, task.pairs, task.usual_of_all, CONFIG)
    late, chance = solve_edit(model, LAST, task.pairs, task.usual, CONFIG), random_edit(edit, seed)
    learnt = tuned(model, task.pairs, replace(CONFIG, seed=seed), UPDATES)
    copy = copied(model, task.pairs[0], CONFIG.encoder)
    changed: Mapping[str, tuple[Edit | None, ImagePipeline]] = {
        "": (edit, model), NOTHING: (None, model), RANDOM: (chance, model), OLD: (old, model), LATE: (late, model),
        TUNED: (None, learnt), COPIED: (None, copy), SPARING: (sparing, model),
    }  # fmt: skip
    found: Found = {}
    for arm, (change, drawing) in changed.items():
        end = f", {arm}" if arm else ""
        x = _edited_pictures(task.asked, seed, change, drawing)
        found[f"{SAYS}{end}"] = _says(x, task, task.asked, two)
        found[f"{KEPT}{end}"] = _shows(x, task.rest, [pair.prompt for pair in task.asked], two)
        if arm != LATE:
            found |= _neighbours(task, end, change, drawing)
    away, noise = task.pairs[0].concept, _noise(seed, len(task.asked))
    negative = negated(model, [pair.prompt for pair in task.asked], away, noise, CONFIG)
    found[f"{SAYS}, {NEGATED}"] = _says(negative, task, task.asked, two)
    found[f"{SAYS}, {OWN}"] = _says(_edited_pictures(task.pairs, seed, edit), task, task.pairs, two)
    found[f"{EXCHANGED}"] = _says(_edited_pictures(task.asked, seed, exchanged), task, task.asked, one)
    places = [_says(_edited_pictures(task.asked, seed, some), task, task.asked, two) for some in (first, late_old)]
    found[PLACE] = places[0] - places[1]
    for metric, asked in ((SAYS, task.asked), (WORDED, task.reworded)):
        found[f"{metric}, {REWRITTEN}"] = _says(_drawn(model, [p.other for p in asked], seed), task, asked, two)
    for arm, some in (("", edit), (f", {NOTHING}", None)):
        found[f"{WORDED}{arm}"] = _says(_edited_pictures(task.reworded, seed, some), task, task.reworded, two)
    return found


def _neighbours(task: Task, end: str, change: Edit | None, model: ImagePipeline) -> Found:
    """The share of prompts with other values that show them: of all, of those spared, and of those never given."""
    with in_force(model, change):
        said = _readers()[1].read(to_bytes(_drawn(model, task.neighbours, task.seed))).words(task.attribute)
    right = np.array([word == value for word, value in zip(said, task.values, strict=True)])
    fresh = np.array([value in task.fresh for value in task.values])
    parts = {"": right, ", spared": right[~fresh], ", in no prompt of the edit": right[fresh]}
    return {f"{NEIGHBOURS}{which}{end}": float(part.mean()) for which, part in parts.items()}


def _layer(task: Task, chooser: AttributeReader) -> int:
    """The layer whose self-attention restores most, by a reader."""
    tracer = Tracer(_painter(), task.pairs, replace(CONFIG, seed=task.seed + 1), chooser, task.attribute)
    shares = [tracer.text(site, part).share for site, part in tracer.encoder_sites() if part == "self_attention"]
    return int(np.argmax(shares))


def _noise(seed: int, rows: int) -> Tensor:
    return _painter().noise(rows, seed + 50_000)


def _drawn(model: ImagePipeline, prompts: Sequence[str], seed: int) -> Tensor:
    return in_parts(model, prompts, _noise(seed, len(prompts)), CONFIG)


def _edited_pictures(pairs: Sequence[Pair], seed: int, edit: Edit | None, model: ImagePipeline | None = None) -> Tensor:
    """Of the prompts of pairs."""
    model = _painter() if model is None else model
    with in_force(model, edit):
        return _drawn(model, [pair.prompt for pair in pairs], seed)


def _says(x: Tensor, task: Task, pairs: Sequence[Pair], judge: AttributeReader) -> float:
    """The share that shows the new value."""
    said = judge.read(to_bytes(x)).words(task.attribute)
    return float(np.mean([word == pair.words for word, pair in zip(said, pairs, strict=True)]))


def _shows(x: Tensor, attribute: str, prompts: Sequence[str], judge: AttributeReader) -> float:
    """The share that shows an attribute as the prompt says."""
    said = judge.read(to_bytes(x)).words(attribute)
    return float(np.mean([word in prompt.split() for word, prompt in zip(said, prompts, strict=True)]))


@lru_cache(maxsize=1)
def _painter() -> ImagePipeline:
    return painter()


@lru_cache(maxsize=1)
def _readers() -> tuple[AttributeReader, AttributeReader]:
    """One that chooses and one that scores: other pictures, other weights."""
    return reader(0), reader(1)


_NEVER = {
    LATER: "it asks that there be nothing; the row of the first self-attention shows that the trace can find",
    CHANCE: "it is a control itself",
    KEPT: "no edit passes it: it is read beside the share that shows the new value",
    NEIGHBOURS: "no edit passes it: it is read beside the share that shows the new value",
}
CLAIM = Claim(
    CARD,
    run,
    minutes=6,
    swap=LATE,
    controls=(WORDS, STATES),
    uncontrolled={f"{name}: {metric}": why for name in ATTRIBUTES for metric, why in _NEVER.items()},
)
