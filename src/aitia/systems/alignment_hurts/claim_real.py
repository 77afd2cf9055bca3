"""Part (e) of the claim: names of countries, languages and currencies in closely related languages, made by others.

The names are those of the Unicode CLDR, as the package `babel` ships them. Standard: bokmål (`nb`). Other varieties:
nynorsk (`nn`), Danish (`da`) and Swedish (`sv`). A row is a code with its name in a variety. The model reads the
English name, a token a word, and writes letters and pairs of a consonant and a vowel. Stage 1 has seen every name in
bokmål; fine-tuning sees some codes in all four, and others are asked for. Codes that all four name alike are left out
of it. A seed draws which codes are seen, and the weights of stage 1; the names are the same.

The paper's own penalty is judged, beside plain fine-tuning, a random subspace, a shrink, the same penalty where the
varieties are dealt out anew among the rows of fine-tuning and validation (beside plain fine-tuning on those), and what
takes no model: the name in bokmål. Steps and learning rates were chosen on seed 1000 by the chrF++ of plain fine-tuning
on validation.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType

import numpy as np

from aitia.data.table import Table
from aitia.evidence import ClaimContext, Row, row
from aitia.nn.language import LanguageModel, piece_tokenizer, small_decoder
from aitia.stats.metrics import chrf
from aitia.systems.alignment_hurts.claim_arms import (
    ENERGY,
    RANDOM,
    SHRINK,
    Beside,
    Found,
    Split,
    arms,
    chosen,
    parallel,
)
from aitia.systems.alignment_hurts.config import DecouplingConfig
from aitia.systems.alignment_hurts.reading import Sentences
from aitia.systems.alignment_hurts.tuning import fine_tune

__all__ = ["DEALT", "codes_of_all", "names_split", "part_e"]

STANDARD, OTHERS = "nb", ("nn", "da", "sv")
VARIETIES = (STANDARD, *OTHERS)
GLOSS = "en"
KINDS = ("territories", "languages", "currencies")
LONGEST = 20
"""Letters of a name at most."""
VOWELS = "aeiouyåæøäö"
STAGE_1 = DecouplingConfig(steps=900, learning_rate=3e-3, strength=0.0)
STAGE_2 = DecouplingConfig(
    steps=150, learning_rate=3e-4, every=50, ramp=25, probe_rows=60, most=LONGEST + 2, dominant=STANDARD
)
EACH, HELD, TEST = 150, 60, 120
"""Codes to fine-tune on, to validate and probe on, and to ask for."""
LAMBDAS = {"published": (0.1, 0.3)}
MARGIN = 0.5
COPIED = "the name in bokmål"
DEALT = "varieties dealt out anew"
PLAIN_DEALT = f"SFT, {DEALT}"
GAIN = "names, published: gain in chrF++ of nn, da and sv over SFT"
LEVEL = "names, published: chrF++ of nn, da and sv"
ACTS = f"names, published: {ENERGY}"
NEEDS = "Not run here: needs babel, `pip install babel`."


def part_e(context: ClaimContext, seeds: int) -> list[Row]:
    """The rows; without values where the package is absent."""
    if find_spec("babel") is None:
        return [row("e", metric, [], note=NEEDS) for metric in (ACTS, GAIN, LEVEL)]
    results = context.over_seeds("names", _on_names, seeds)
    context.control(DEALT, partial(_control, results[0]))
    found = Beside(results, "published")
    dealt = [_without_varieties(result) for result in results]
    gains = {name: found.gain("dialects", name) for name in (RANDOM, SHRINK)} | {DEALT: [d[GAIN] for d in dealt]}
    energy = {RANDOM: found.ratio("energy", RANDOM), DEALT: [d[ACTS] for d in dealt]}
    levels = {name: found.of("dialects", name) for name in ("SFT", RANDOM, SHRINK, COPIED)}
    return [
        row("e", ACTS, found.ratio("energy"), kind="ratio", against="SFT", direction="lower", bar=0.5,
            baselines=energy, ahead_of=dict.fromkeys(energy, 0.0), note=found.told),
        row("e", GAIN, found.gain("dialects"), kind="difference", against="SFT", bar=MARGIN,
            baselines=gains, ahead_of=dict.fromkeys(gains, 0.0),
            note=f"{EACH} codes to learn from and {TEST} others to name, of the CLDR's as babel ships them."),
        row("e", LEVEL, found.of("dialects"), baselines=levels, ahead_of={"SFT": 0.0, COPIED: 0.0},
            note=f"{COPIED} takes no model, for codes whose bokmål is known."),
    ]  # fmt: skip


def _without_varieties(result: Found) -> dict[str, float]:
    """What the chosen lambda gets where the varieties were dealt out anew, beside plain fine-tuning on these rows."""
    ours, plain = result[DEALT], result[PLAIN_DEALT]
    return {
        ACTS: ours["energy"] / plain["energy"],
        GAIN: ours["dialects"] - plain["dialects"],
        LEVEL: ours["dialects"],
    }


def _control(first: Found, seed: int) -> dict[str, float]:
    """The part of the varieties that were dealt out anew in the first seed's arms."""
    return _without_varieties(first)


# -- what is measured --------------------------------------------------------------------------------------------------


def _on_names(seed: int) -> Found:
    start, split, options = _beginning(seed), names_split(seed), replace(STAGE_2, seed=seed)
    found = arms(start, split, options, LAMBDAS, controls=(RANDOM, SHRINK))
    best = chosen(found, "published")
    dealt = arms(start, _dealt(split, seed), options, {"published": (float(best.split()[-1]),)})
    return {**found, COPIED: {"dialects": _copied(split)}, PLAIN_DEALT: dealt["SFT"], DEALT: dealt[best]}


def _copied(split: Split) -> float:
    """Mean chrF++ of the standard's names, as the names of the others."""
    rows = Sentences(*(tuple(split.test.labels(name).tolist()) for name in ("source", "target", "variety")))
    standard = rows.of(STANDARD).targets
    return float(np.mean([chrf(standard, rows.of(name).targets) for name in OTHERS]))


def _dealt(split: Split, seed: int) -> Split:
    rng = np.random.default_rng([seed, 2])

    def dealt(table: Table) -> Table:
        return table.with_columns({"variety": rng.permutation(table.labels("variety")).tolist()})

    return Split(dealt(split.train), dealt(split.held), split.test)


@cache
def _names(locale: str) -> Mapping[str, str]:
    """The name of each code that the locale has a short name for."""
    told = import_module("babel").Locale.parse(locale)
    found = {f"{kind} {code}": name for kind in KINDS for code, name in sorted(getattr(told, kind).items())}
    return MappingProxyType({code: name for code, name in found.items() if len(name) <= LONGEST or locale == GLOSS})


def _gloss(code: str) -> str:
    """The English name, its words marked: the same letters in a target are other tokens."""
    return " ".join(f"en:{word}" for word in _names(GLOSS)[code].split())


def codes_of_all() -> list[str]:
    """The codes that have a name in every variety, and not the same one in all."""
    codes = sorted(set.intersection(*({*_names(name)} for name in (GLOSS, *VARIETIES))))
    return [code for code in codes if len({_names(name)[code] for name in VARIETIES}) > 1]


def names_split(seed: int) -> Split:
    """Codes to learn from, to validate on and to ask for, each in every variety; the seed draws which."""
    codes = np.random.default_rng([seed, 1]).permutation(codes_of_all()).tolist()
    ends = np.cumsum([EACH, HELD, TEST]).tolist()
    parts = [codes[start:end] for start, end in zip((0, *ends), ends, strict=False)]
    made = [
        parallel([_gloss(code) for code in part], {name: [_names(name)[code] for code in part] for name in VARIETIES})
        for part in parts
    ]
    return Split(*made)


def _beginning(seed: int) -> LanguageModel:
    """Stage 1: a small decoder that has seen all names in bokmål, and none in another variety."""
    codes = sorted({*_names(GLOSS)} & {*_names(STANDARD)})
    glosses = [_gloss(code) for code in codes]
    words = sorted({word for name in VARIETIES for text in _names(name).values() for word in text.split()})
    letters = sorted({letter for word in words for letter in word})
    pairs = sorted(
        {
            word[k : k + 2]
            for word in words
            for k in range(len(word) - 1)
            if word[k].islower() and word[k] not in VOWELS and word[k + 1] in VOWELS
        }
    )
    read = sorted({word for text in glosses for word in text.split()})
    tokenizer = piece_tokenizer([*read, *(f"[{name}]" for name in VARIETIES)], [*letters, *pairs])
    rows = parallel(glosses, {STANDARD: [_names(STANDARD)[code] for code in codes]})
    return fine_tune(small_decoder(tokenizer, layers=2, seed=seed), rows, STAGE_1)
