"""The report of the effect of a concept on a classifier of texts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aitia.errors import RunError
from aitia.files import write_whole
from aitia.report.blocks import Block, Callout, Picture, Section, TableBlock, Text
from aitia.report.intervals import Interval, interval_chart
from aitia.report.page import render
from aitia.system import Given
from aitia.version import __version__

if TYPE_CHECKING:
    from aitia.systems.causalm.effects import ConceptEffect, Erasure
    from aitia.systems.causalm.model import CausaLM

__all__ = ["blocks", "concept_report"]


def blocks(model: "CausaLM", given: Given) -> Sequence[Block]:
    """The effect of the concept by every estimate that these rows allow, and what probes still read."""
    if len(given) < 2:
        return ()
    erasure = model.erasure(given) if model.can_be_probed(given) else ()
    return [block for section in _sections(model.estimate(given), erasure) for block in section.blocks]


def concept_report(
    model: "CausaLM", effects: "Sequence[ConceptEffect]", path: str | Path, *, erasure: "Sequence[Erasure]" = ()
) -> Path:
    """Writes what `CausaLM` found as one HTML file.

    Args:
        model: The fitted one.
        effects: From its `estimate`.
        path: Of the file.
        erasure: From its `erasure`.

    Raises:
        OptionError: If there is no effect.
        RunError: If the file cannot be written.
    """
    concept, kept = model.concept, ", ".join(model.kept)
    lead = f"How far {concept} moves a classifier of {', '.join(map(str, model.classes))}"
    lead += f", with {kept} kept." if kept else "."
    page = render(f"The effect of {concept}", lead, _sections(effects, erasure), f"aitia {__version__}, CausaLM")
    target = Path(path)
    write_whole(target, page, RunError)
    return target


def _sections(effects: "Sequence[ConceptEffect]", erasure: "Sequence[Erasure]") -> list[Section]:
    by_name = {effect.name: effect for effect in effects}
    truth = by_name.get("true ATE")
    lines = [Interval(e.name, e.estimate, e.low, e.high, e.causal) for e in effects]
    chart = interval_chart(
        lines, x_label="change of the class probabilities, 0 to 2", reference=None if truth is None else truth.estimate
    )
    told = "Solid: meant as effects. Hollow: correlations and controls."
    rows = [[e.name, e.estimate, e.low, e.high, e.note] for e in effects]
    sections = [
        Section("The effect", [Picture(chart, told + (" Broken line: the truth." if truth else "")), _advice(by_name)]),
        Section("In numbers", [TableBlock(["estimate of", "mean", "low", "high", "note"], rows)]),
    ]
    if erasure:
        controls = list(erasure[0].controls)
        head = ["encoder", "linear probe", "attention probe", "most frequent value", *(f"keeps {c}" for c in controls)]
        body = [[e.encoder, e.linear, e.attention, e.chance, *e.controls.values()] for e in erasure]
        note = (
            "Accuracy of fresh probes on texts that they were not trained on. A linear probe at chance says nothing of "
            "an attention probe, and a probe reads the concept off whatever goes with it in these texts."
        )
        sections.append(Section("What the encoders still know", [TableBlock(head, body, note)]))
    return sections


def _advice(effects: "Mapping[str, ConceptEffect]") -> Callout | Text:
    lines = []
    shares = {name: _placebo_share(effects, name) for name in ("TReATE", "calibrated TReATE")}
    for name, share in shares.items():
        if share is not None and share > 1 / 3:
            placebo = effects[name.replace("TReATE", "placebo TReATE")].estimate
            lines.append(
                f"Hiding a shuffled concept moves the classifier by {placebo:.3f}, more than a third of the {name} "
                f"({effects[name].estimate:.3f}): much of it is not due to the concept."
            )
    if lines and (share := shares["calibrated TReATE"]) is not None and share <= 1 / 3:
        lines.append(f"The calibrated TReATE leaves that out: there the shuffled concept has {share:.0%} of it.")
    left = effects.get("left in f_CF")
    if left and (truth := effects.get("true ATE")) and left.estimate > truth.estimate / 2:
        lines.append(
            f"Edited texts still move the classifier that should not know the concept by {left.estimate:.3f}, more "
            f"than half of what they move the other ({truth.estimate:.3f}): the concept was not unlearnt."
        )
    if lines:
        return Callout(lines, "warning", "Do not trust this TReATE")
    return Text(
        "TReATE contrasts the concept with none, the true effect one value with another, which is about twice; so does "
        "the calibrated TReATE."
    )


def _placebo_share(effects: "Mapping[str, ConceptEffect]", name: str) -> float | None:
    """The placebo of an estimate over the estimate; None where one of them is not there."""
    treated, placebo = effects.get(name), effects.get(name.replace("TReATE", "placebo TReATE"))
    return None if treated is None or placebo is None else placebo.estimate / max(treated.estimate, 1e-12)
