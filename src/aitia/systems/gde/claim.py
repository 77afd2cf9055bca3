"""The claim of generative distribution embeddings, on populations whose laws are known and on sets of digits.

Sets of 2-D points: zero-mean Gaussians, Gaussians, mixtures of three Gaussians, with covariances A A' + 0.05 I,
A ~ N(0, 0.6^2), and means ~ N(0, s^2 I), s = 0, 1 and 1.5. 60 sets that no fit has seen, 1000 points each.

The swap is the same sampler on a kernel mean of twice as many numbers, in which nothing of the encoder is learnt. It is
a rival in every part but (c), beside the same sampler on means and deviations.

(a) Drawing a set anew from its vector: squared sliced distance from fresh points of the same law, over that of points
    of another law. The floor is fresh points against fresh points.
(b) The population half-way between two vectors, against the one half-way in optimal transport (closed form), over the
    distance of the mixture of the two sets.
(c) The vector sees only the empirical distribution: the deviation over draws falls as m^(-1/2), and repeating a set
    changes nothing; the worst of the three families. A sum in place of the mean, with the same weights and equal to it
    at the size of the training, is the rival, in the family that suits it best.
(d) Correlation of distances of vectors with W2. Rivals: the mean alone, the vectors of the swap, an encoder of the same
    form that was not trained, and a kernel mean of 256 numbers, whose bandwidth is the best of five on seed 1000.
(e) Interventions on a system of 5 variables: the population under held-out strengths and pairs, predicted from single
    interventions, over the distance of the strongest rival, the control moved by its predicted shift of means. Every
    arm sets the targets to the values that the intervention says. Beside it the swap and the population under the
    nearest intervention that was made.
(f) Sets of handwritten digits that scikit-learn ships, with shares of the ten digits that differ: drawing sets anew,
    the shares that ridge regression reads from the vectors, and correlation of distances with those of the shares.
    Rivals: the mean image and the swap, of as many numbers, and a kernel mean of 256.

Controls: fits to points, and to images, that were dealt out anew among the sets, so that all have one law; and names of
interventions permuted among the populations.

On seed 1000 were chosen: the bandwidths of the kernel means; 64 numbers of z for digits, as many as the mean image has
(16 read shares worse); and the bars of (d) for families with means, (e) and (f). Bars of (a), (b), (c) and of
zero-mean Gaussians in (d) are those of before.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.systems.gde import GDE
from aitia.systems.gde.claim_digits import dealt_images, images
from aitia.systems.gde.claim_interventions import KINDS, MEAN_SHIFT, NEAREST, permuted, predicted
from aitia.systems.gde.claim_laws import KERNEL, MEAN, MOMENTS, OURS, TUNED, UNTRAINED, dealt, family
from aitia.systems.gde.populations import FAMILIES

__all__ = ["CLAIM"]

SEEDS = 5
Found = dict[str, Any]
SUM = "sum"
DEALT, PERMUTED = "points and images shuffled between sets", "names of interventions permuted"
REDRAWN = "SW2 of drawn sets / of another set"
HALF_WAY = "W2 to the half-way population / that of the mixture"
CORRELATION = "correlation of distances with W2"
DEVIATION = "deviation of z at 10 points / at 1000, off from 10, worst family"
REPEATED = "largest change of z when a set is repeated, worst family"
PREDICTED = {kind: f"held-out {kind}: SW2 / that of the mean shift, targets set" for kind in KINDS}
DIGITS = {
    "drawn": f"sets of digits: {REDRAWN}",
    "shares": "sets of digits: error of the shares read from vectors",
    "correlation": "sets of digits: correlation of distances with those of the shares",
}
HALF_WAY_BARS = {"zero-mean Gaussians": 0.9, "Gaussians": 0.6}
CORRELATION_BARS = {"zero-mean Gaussians": 0.88, "Gaussians": 0.85, "mixtures of three": 0.85}
PREDICTED_BARS = {"strengths": 1.0, "pairs": 0.75}


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    found = {name: context.over_seeds(name, partial(family, name), SEEDS) for name in FAMILIES}
    done = context.over_seeds("interventions", predicted, SEEDS)
    digits = context.over_seeds("digits", images, SEEDS)
    context.control(DEALT, _dealt)
    context.control(PERMUTED, _permuted)
    return [*_part_a(found), *_part_b(found), *_part_c(found), *_part_d(found), *_part_e(done), *_part_f(digits)]


def _dealt(seed: int) -> dict[str, float]:
    """What (a), (b), (d) and (f) ask of fits to sets that have all one law."""
    names = {"drawn": REDRAWN, "half-way": HALF_WAY, "correlation": CORRELATION}
    of_laws = {
        f"{name}: {names[what]}": value for name in FAMILIES for what, value in dealt(name, seed).items()
    }  # fmt: skip
    return of_laws | {DIGITS[what]: value for what, value in dealt_images(seed).items()}


def _permuted(seed: int) -> dict[str, float]:
    return {PREDICTED[kind]: value for kind, value in permuted(seed).items()}


# -- rows ------------------------------------------------------------------------------------------------------------


def _arms(found: Sequence[Mapping[str, Any]], what: str) -> tuple[list[float], dict[str, list[float]]]:
    """Ours, and the other arms, one number a seed."""
    of = {arm: [float(each[what][arm]) for each in found] for arm in found[0][what]}
    return of.pop(OURS), of


def _part_a(found: Mapping[str, list[Found]]) -> list[Row]:
    rows = []
    for name, seeds in found.items():
        ours, arms = _arms(seeds, "drawn")
        rows.append(row("a", f"{name}: {REDRAWN}", ours, direction="lower", bar=0.15, kind="ratio", baselines=arms,
                        ahead_of={KERNEL: 0.0, MOMENTS: 0.0}))  # fmt: skip
    return rows


def _part_b(found: Mapping[str, list[Found]]) -> list[Row]:
    rows = []
    for name, bar in HALF_WAY_BARS.items():
        ours, arms = _arms(found[name], "half-way")
        rows.append(row("b", f"{name}: {HALF_WAY}", ours, direction="lower", bar=bar, kind="ratio", baselines=arms,
                        ahead_of={KERNEL: 0.0, MOMENTS: 0.0}, against="mixture of the two sets"))  # fmt: skip
    return rows


def _part_c(found: Mapping[str, list[Found]]) -> list[Row]:
    """The worst family of ours, the best of the sum."""

    def over(what: str, pooling: str, chosen: Any) -> list[float]:
        return [float(chosen(each[what][pooling] for each in seeds)) for seeds in zip(*found.values(), strict=True)]

    return [
        row("c", metric, over(what, "mean", max), direction="lower", bar=bar, baselines={SUM: over(what, SUM, min)},
            ahead_of={SUM: margin})
        for what, metric, bar, margin in (("off", DEVIATION, 2.0, 2.0), ("repeated", REPEATED, 1e-5, 0.1))
    ]  # fmt: skip


def _part_d(found: Mapping[str, list[Found]]) -> list[Row]:
    rows = []
    for name, seeds in found.items():
        ours, arms = _arms(seeds, "correlation")
        rows.append(row("d", f"{name}: {CORRELATION}", ours, bar=CORRELATION_BARS[name], baselines=arms,
                        ahead_of=dict.fromkeys((MEAN, UNTRAINED, KERNEL, TUNED), 0.0)))  # fmt: skip
    return rows


def _part_e(found: list[Found]) -> list[Row]:
    rows = []
    for kind, metric in PREDICTED.items():
        ours, arms = _arms(found, kind)
        rows.append(row("e", metric, ours, direction="lower", bar=PREDICTED_BARS[kind], kind="ratio", baselines=arms,
                        ahead_of={KERNEL: 0.0, NEAREST: 0.0}, against=MEAN_SHIFT))  # fmt: skip
    return rows


def _part_f(found: list[Found]) -> list[Row]:
    read = dict.fromkeys((MEAN, KERNEL, TUNED), 0.0)
    drawn, shares, apart = (_arms(found, what) for what in DIGITS)
    return [
        row("f", DIGITS["drawn"], drawn[0], direction="lower", bar=0.45, kind="ratio", baselines=drawn[1],
            ahead_of={KERNEL: 0.0, MOMENTS: 0.0}),
        row("f", DIGITS["shares"], shares[0], direction="lower", bar=0.12, baselines=shares[1], ahead_of=read,
            note="Total variation of shares of ten digits, by ridge regression on the sets of the fit."),
        row("f", DIGITS["correlation"], apart[0], bar=0.75, baselines=apart[1], ahead_of=read),
    ]  # fmt: skip


CLAIM = Claim(
    GDE.card, run, minutes=18, swap=KERNEL, controls=(DEALT, PERMUTED),
    uncontrolled=dict.fromkeys(
        (DEVIATION, REPEATED), "what the encoder keeps follows from its form, whatever it was trained on: see the sum"
    ),
)  # fmt: skip
"""The claim of generative distribution embeddings."""
