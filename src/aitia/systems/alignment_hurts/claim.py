"""The claim of decoupling: off the standard's subspace, a model writes the dialects better and the standard worse.

World: a standard and five dialects with regular sound shifts and replaced words; a model reads concepts and the name
of a variety and writes words. It has seen the standard only (stage 1, shared by all arms of a seed), and is then
fine-tuned on as many sentences of each variety, its rarer concepts being met in the standard but hardly in a dialect.
Every row is beside plain fine-tuning (SFT, the swap) and a random subspace of the same rank, drawn anew at the same
steps; where it is about what is written, beside a shrink of the whole state by an equal penalty too.

(a) The intervention acts: the states' relative energy in the standard's subspace falls by half, on sentences that no
    training saw and with a probe fitted anew, and the code of standard against dialects gets longer.
(b) Fewer words of the standard leak into the dialects.
(c) The paper's claim: mean chrF++ of the dialects is 0.5 above SFT's, and that of the standard below it. The card's
    weaker bar, no more than 0.3 below SFT, gave way to this one: plain fine-tuning itself passes it.
(d) Where varieties compete: dialects that share every word with the standard but for the shifts, written by a model of
    64 channels as in the usual setting, and by one of 24. Mean chrF++ of the dialects is 0.5 above SFT's there, and the
    gain is larger than in the usual setting.
(e) Names of countries, languages and currencies in bokmål, nynorsk, Danish and Swedish; see `claim_real`.

Each of the published and the relative penalty takes the lambda with the best mean chrF++ of the dialects on validation
sentences, of two that are not so small that the penalty does nothing. Random subspace and shrink take the lambda of the
published penalty. World, model, sizes and learning rate were chosen on seed 100, for plain fine-tuning to leak words of
the standard; lambdas on nothing but validation. The width of (d) was set beforehand and run once on seed 1000. Learning
rate and steps of (e) were chosen on seed 1000 by plain fine-tuning: the first, 1e-3, made it forget names (and the
penalty no better). The bars of (d) and (e) are that of (c), and were not moved for what the penalty got there.

Controls: the random subspace on the first seed, which holds nothing of the standard; and in (e) the varieties dealt out
anew among the rows of fine-tuning. On seed 1000 the latter came near to the bars of (e), .51 of the energy and .4 of a
gain, so that being ahead of it is asked in every seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from aitia.data.table import Table
from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.nn.language import LanguageModel, piece_tokenizer, small_decoder
from aitia.systems.alignment_hurts import Decoupling, DecouplingConfig, fine_tune
from aitia.systems.alignment_hurts.claim_arms import (
    ENERGY,
    RANDOM,
    SHRINK,
    Beside,
    Found,
    Split,
    arms,
    parallel,
)
from aitia.systems.alignment_hurts.claim_real import DEALT, part_e
from aitia.worlds import VarietiesWorld
from aitia.worlds.varieties import STANDARD

__all__ = ["CLAIM"]

CONCEPTS, WORDS, SEEDS = 160, 3, 5
WIDTH, NARROW = 64, 24
"""Channels of the model; on seed 1000 plain fine-tuning of the narrow one has half the chrF++ of the other."""
STAGE_1 = DecouplingConfig(steps=600, learning_rate=3e-3, strength=0.0)
STAGE_2 = DecouplingConfig(steps=250, learning_rate=1e-3, every=100, ramp=25, probe_rows=80, dominant=STANDARD)
DOMINANCE, EACH, HELD, TEST = 8000, 200, 80, 120
"""Standard sentences of stage 1; sentences of each variety to train on, to validate and probe on, and to test on."""
LAMBDAS = {"published": (0.1, 0.3), "relative": (0.3, 1.0)}
CODE = "code length of standard against dialects / SFT"
GAIN, LEAK = "gain in chrF++ of the dialects over SFT", "leak rate - SFT"
FALL = "chrF++ of the standard - SFT"
USUAL = "usual setting"
COMPETING = {f"published, shared words, {width} channels: {GAIN}": width for width in (WIDTH, NARROW)}
"""By row, the channels where no word is replaced."""
MARGIN = 0.5
"""Of the paper's claim, in chrF++."""


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    usual = context.over_seeds("arms", _usual, SEEDS)
    shared = context.over_seeds("competing", _competing, SEEDS)
    rows = [row for penalty in LAMBDAS for row in _judged(penalty, usual)]
    rows += _part_d(usual, shared)
    rows += part_e(context, SEEDS)
    context.control(RANDOM, partial(_random, usual[:1], shared[:1]))
    return rows


# -- what is measured --------------------------------------------------------------------------------------------------


def sentences(world: VarietiesWorld, n: int, seed: int, varieties: Sequence[str] | None = None) -> Table:
    """n parallel sentences in each of the varieties."""
    fact = world.sample(n, seed=seed)
    names = varieties or world.varieties
    said = {name: world.render(world.counterfactual(fact, {"variety": name})).tolist() for name in names}
    return parallel(world.meaning(fact), said)


def pretrained(world: VarietiesWorld, seed: int, width: int = WIDTH) -> LanguageModel:
    """Stage 1: a small decoder that has seen the standard only."""
    tokenizer = piece_tokenizer([*world.glosses, *(f"[{name}]" for name in world.varieties)], world.syllables)
    model = small_decoder(tokenizer, width=width, layers=2, seed=seed)
    return fine_tune(model, sentences(world, DOMINANCE, 10 * seed + 1, [STANDARD]), STAGE_1)


def _split(world: VarietiesWorld, seed: int) -> Split:
    train, held, test = (sentences(world, n, 10 * seed + k) for n, k in ((EACH, 2), (HELD, 3), (TEST, 4)))
    return Split(train, held, test)


def _usual(seed: int) -> Found:
    world = VarietiesWorld(concepts=CONCEPTS, words=WORDS, world_seed=seed)
    options = replace(STAGE_2, seed=seed)
    return arms(pretrained(world, seed), _split(world, seed), options, LAMBDAS, controls=(RANDOM, SHRINK))


def _competing(seed: int) -> dict[str, Found]:
    world = VarietiesWorld(concepts=CONCEPTS, words=WORDS, replaced=0.0, world_seed=seed)
    options, lambdas, split = replace(STAGE_2, seed=seed), {"published": LAMBDAS["published"]}, _split(world, seed)
    return {
        metric: arms(pretrained(world, seed, width), split, options, lambdas, controls=(RANDOM,))
        for metric, width in COMPETING.items()
    }


def _random(usual: Sequence[Found], shared: Sequence[Mapping[str, Found]], seed: int) -> dict[str, float]:
    """The random subspace's part in the first seed's arms."""
    beside = Beside(usual, "published")
    found = {
        ENERGY: beside.ratio("energy", RANDOM)[0],
        CODE: beside.ratio("bits", RANDOM)[0],
        LEAK: beside.gain("leak", RANDOM)[0],
        GAIN: beside.gain("dialects", RANDOM)[0],
        FALL: beside.gain("standard", RANDOM)[0],
    }
    each = {f"{penalty}: {metric}": value for penalty in LAMBDAS for metric, value in found.items()}
    there = {metric: Beside([found[metric] for found in shared], "published") for metric in COMPETING}
    return each | {metric: found.gain("dialects", RANDOM)[0] for metric, found in there.items()}


# -- rows --------------------------------------------------------------------------------------------------------------


def _judged(penalty: str, results: Sequence[Found]) -> list[Row]:
    found = Beside(results, penalty)
    level, none = [1.0] * len(results), [0.0] * len(results)
    return [
        row("a", f"{penalty}: {ENERGY}", found.ratio("energy"), kind="ratio", against="SFT", direction="lower", bar=0.5,
            baselines={RANDOM: found.ratio("energy", RANDOM)}, ahead_of={RANDOM: 0.0},
            note=f"Mean of ||hP||^2/||h||^2 over layers and sentences; {found.told}"),
        row("a", f"{penalty}: {CODE}", found.ratio("bits"), kind="ratio", against="SFT",
            baselines={RANDOM: found.ratio("bits", RANDOM), "SFT": level}, ahead_of={RANDOM: 0.0, "SFT": 0.0},
            note="Variational; mean over layers."),
        row("b", f"{penalty}: {LEAK}", found.gain("leak"), kind="difference", against="SFT", direction="lower",
            baselines={"SFT": none, RANDOM: found.gain("leak", RANDOM), SHRINK: found.gain("leak", SHRINK)},
            ahead_of={"SFT": 0.0, RANDOM: 0.0, SHRINK: 0.0},
            note="Words of the standard written where the dialect has another."),
        row("c", f"{penalty}: {GAIN}", found.gain("dialects"), kind="difference", against="SFT", bar=MARGIN,
            baselines={RANDOM: found.gain("dialects", RANDOM), SHRINK: found.gain("dialects", SHRINK)},
            ahead_of={RANDOM: 0.0, SHRINK: 0.0}, note=found.told),
        row("c", f"{penalty}: {FALL}", found.gain("standard"), kind="difference", against="SFT", direction="lower",
            baselines={"SFT": none, RANDOM: found.gain("standard", RANDOM)}, ahead_of={"SFT": 0.0, RANDOM: 0.0},
            note="The paper's trade-off: the standard falls."),
    ]  # fmt: skip


def _part_d(usual: Sequence[Found], shared: Sequence[Mapping[str, Found]]) -> list[Row]:
    rows = []
    for metric in COMPETING:
        there = Beside([found[metric] for found in shared], "published")
        rivals = {RANDOM: there.gain("dialects", RANDOM), USUAL: Beside(usual, "published").gain("dialects")}
        rows.append(
            row(
                "d", metric, there.gain("dialects"), kind="difference", against="SFT", bar=MARGIN, note=there.told,
                baselines=rivals, ahead_of=dict.fromkeys(rivals, 0.0),
            )
        )  # fmt: skip
    return rows


CLAIM = Claim(Decoupling.card, run, minutes=17, swap="SFT", controls=(RANDOM, DEALT))
