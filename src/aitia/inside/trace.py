"""Which places in a language model carry its answer: `aitia trace`.

    patch            the prompt is corrupted, and each site in turn gets back what it has in the clean run
    zero, mean, noise     the prompt is left as it is, and each site in turn loses what it has

The corrupted run is another prompt (`against`), or the same prompt with noise on the embeddings of one word, drawn
several times. What a patch restores is told as a share of the way from the corrupted run to the clean one. Beside the
strongest sites stands a control: as large a change there in a random direction. Where an effect is not larger than that
of its control, the place is sensitive but need not carry anything.

Noise is in standard deviations of the prompt's embeddings, 3 as in the source. The source restores windows of ten
layers' perceptrons and averages over facts; here any site may be named, one prompt at a time, with an interval over the
draws of the noise.

Source:
    Meng, Bau, Andonian and Belinkov, Locating and editing factual associations in GPT, NeurIPS 2022, section 2.1;
    Heimersheim and Nanda, How to use and interpret activation patching, 2024.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.engine import Engine, Progress
from aitia.errors import OptionError
from aitia.inside.prompt import Question, ask
from aitia.inside.work import TraceWork, compared_sites
from aitia.inside.worth import trace_alarms
from aitia.nn.causal_language import CausalLanguageModel
from aitia.nn.sites import Agreement, Site, Trace, agreement
from aitia.runs import open_run
from aitia.stats.effects import mean_effects

__all__ = ["PromptTrace", "Strong", "trace_prompt"]

Values = NDArray[np.float64]
OPERATIONS = ("patch", "zero", "mean", "noise")
FILES = ("trace.csv", "trace.json", "trace.png", "report.html")
"""What a trace writes into its folder; the picture only where sites name a place on an axis."""


@dataclass(frozen=True)
class Strong:
    """One of the strongest sites.

    Args:
        site: Where.
        token: The token there, empty where the site names no position.
        effect: Share restored, or change of the metric.
        low: Of the interval over the draws of noise; None where nothing is drawn.
        high: Of the same.
        control: The same for a random direction of equal length, mean over the draws; None where there is none.
        control_low: Of the interval of that mean.
        control_high: Of the same.
    """

    site: Site
    token: str
    effect: float
    low: float | None = None
    high: float | None = None
    control: float | None = None
    control_low: float | None = None
    control_high: float | None = None


@dataclass(frozen=True, eq=False)
class PromptTrace:
    """What a trace of a prompt found.

    Args:
        question: The prompt and what was measured.
        operation: What was done at each site.
        found: The effect of each site.
        strongest: The strongest sites with their controls.
        corrupted: How the prompt was corrupted, in words; None where it was not.
        clean: The metric of the prompt left alone.
        broken: The metric of the corrupted run, mean over the draws; None where it was not corrupted.
        word_costs: How much noise on each word costs, where the word was chosen by it.
        draws: Of noise and controls.
        model: Its name.
        alarms: Why its numbers are worth little, in sentences.
        agreement: Of estimates with patches, where effects are estimates.
    """

    question: Question
    operation: str
    found: Trace
    strongest: tuple[Strong, ...]
    corrupted: str | None
    clean: float
    broken: float | None
    word_costs: dict[str, float]
    draws: int
    model: str
    alarms: tuple[str, ...] = ()
    agreement: Agreement | None = None

    @property
    def effects(self) -> Values:
        """(sites,): share restored by a patch, else mean change of the metric."""
        return self.found.recovered if self.operation == "patch" else self.found.changes.mean(axis=1)

    @property
    def effect_name(self) -> str:
        """What an effect is."""
        return "share restored" if self.operation == "patch" else f"change of the {self.question.measured}"

    def _repr_html_(self) -> str:
        from aitia.inside.notebook import trace_html

        return trace_html(self)

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        asked = self.question
        return {
            "model": self.model,
            "prompt": asked.prompt,
            "tokens": list(asked.words),
            "answer": asked.answer_text,
            "other": asked.other_text,
            "measured": asked.measured,
            "operation": self.operation,
            "corrupted": self.corrupted,
            "clean": self.clean,
            "broken": self.broken,
            "word_costs": self.word_costs,
            "draws": self.draws,
            "effect": self.effect_name,
            "strongest": [{**vars(strong), "site": str(strong.site)} for strong in self.strongest],
            "sites": {str(site): _number(effect) for site, effect in zip(self.found.sites, self.effects, strict=True)},
            "notes": list(asked.notes),
            "agreement": None if self.agreement is None else vars(self.agreement),
            "alarms": list(self.alarms),
        }


def trace_prompt(
    language: CausalLanguageModel,
    prompt: str,
    *,
    sites: Sequence[str] = (),
    against: str | None = None,
    subject: str | None = None,
    answer: str | None = None,
    other: str | None = None,
    operation: Literal["patch", "zero", "mean", "noise"] = "patch",
    reference: Sequence[str] = (),
    noise: float = 3.0,
    draws: int = 5,
    strongest: int = 10,
    fast: bool = False,
    batch_size: int = 64,
    seed: int = 0,
    engine: Engine | None = None,
    out: str | Path | None = None,
    command: str | None = None,
    progress: Progress | None = None,
) -> PromptTrace:
    """Traces an answer through a language model.

    Args:
        language: The model.
        prompt: The text whose continuation is explained.
        sites: Where; none takes what each layer gives at each token.
        against: Another prompt of as many tokens, which is the corrupted run; None corrupts by noise.
        subject: The part of the prompt whose embeddings get the noise; None takes the word whose noise costs most.
        answer: What may come next, such as " Paris"; None takes the model's own first choice.
        other: What it is held against.
        operation: What is done at each site.
        reference: Texts whose mean activations `mean` puts in.
        noise: In standard deviations, of the embeddings or of the activations at the site.
        draws: Of the noise, and of each control.
        strongest: How many sites are told and get a control.
        fast: Estimate every patch by one backward pass (`attribution`), and patch the strongest and as many others to
            tell how well the estimates agree.
        batch_size, seed: Rows that run at once; of noise and controls.
        engine: Where batches run; None runs them here.
        out: Folder for `trace.csv`, `trace.json`, `trace.png` and `report.html`; a stopped run goes on there.
        command, progress: The command line that repeats it; who is told after each batch.

    Raises:
        OptionError: If options contradict or are out of range.
        UnknownVariableError: If a site names no module; says the nearest.
        InterventionError: If prompts differ in token length, a position is beyond the prompt, the model is in training
            mode, or its numbers are not finite.
        RunError: If the folder holds another run.
    """
    _check(operation, against, subject, reference, noise, draws, strongest, fast)
    question = ask(language, prompt, answer, other, against)
    chosen = list(sites) or [f"{language.blocks}[position=*]"]
    config = {
        "prompt": prompt, "sites": chosen, "against": against, "subject": subject, "answer": answer, "other": other,
        "operation": operation, "reference": list(reference), "noise": noise, "draws": draws, "strongest": strongest,
        "batch_size": batch_size, "seed": seed, **({"fast": True} if fast else {}),
    }  # fmt: skip
    opened = (
        nullcontext()
        if out is None
        else open_run(
            out, kind="trace", config=config, inputs={"model": language.fingerprint}, files=FILES, command=command
        )
    )
    with opened as run:
        work = TraceWork(language, question, operation, noise, draws, seed, batch_size, engine)
        store = None if run is None else run.store("trace")
        if operation == "patch":
            work.prepare(against, subject)
            found = work.estimate(chosen) if fast else work.restore(chosen, store, progress)
        else:
            found = work.ablate(chosen, reference, store, progress)
        result = _told(work, found, strongest, fast, progress)
        if run is not None:
            from aitia.inside.report import save

            save(result, run, command)
    return result


def _check(
    operation: str,
    against: str | None,
    subject: str | None,
    reference: Sequence[str],
    noise: float,
    draws: int,
    strongest: int,
    fast: bool,
) -> None:
    if operation not in OPERATIONS:
        raise OptionError(f"operation is one of {', '.join(OPERATIONS)}, got {operation!r}")
    if operation != "patch" and (given := "against" if against is not None else "subject" if subject else ""):
        raise OptionError(f"{operation} acts on the prompt as it is: leave out --{given}, or take --operation patch")
    if fast and operation != "patch":
        raise OptionError(f"fast estimates patches, and {operation} is none: leave one of them out")
    if against is not None and subject is not None:
        raise OptionError("a prompt is corrupted by another one (against) or by noise on a part of it (subject)")
    if (operation == "mean") != bool(reference):
        raise OptionError("mean, and only it, needs reference texts: the mean is taken over their tokens (--reference)")
    if not noise > 0 or draws < 2 or strongest < 1:
        raise OptionError(
            f"noise is above 0, draws at least 2 and strongest at least 1, got {noise}, {draws} and {strongest}"
        )


def _told(work: TraceWork, found: Trace, strongest: int, fast: bool, tell: Progress | None) -> PromptTrace:
    """The result, with controls of the strongest sites."""
    way = 1.0
    if found.other is not None:
        way = float((found.other - found.plain).mean())
        if abs(way) < 1e-6:
            raise OptionError(
                f"the corrupted run measures as the clean one ({float(found.plain.mean()):.3f}), so there is "
                "nothing to restore: corrupt another part, or name another answer"
            )
    shares = found.changes / way
    order = np.argsort(-np.abs(shares.mean(axis=1)), kind="stable")[:strongest]
    top = [found.sites[k] for k in order]
    controls = work.controls(top, tell)
    agreed = _agreed(work, found, top, tell) if fast else None
    several = shares.shape[1] > 1
    spread = _intervals(shares[order]) if several else [(None, None)] * len(top)
    bounds = [(None, None)] * len(top) if controls is None else _intervals(controls / way)
    means = [None] * len(top) if controls is None else [float(row.mean()) / way for row in controls]
    strong = tuple(
        Strong(site, _token(work.question, site), float(shares[k].mean()), *interval, mean, *bound)
        for site, k, interval, mean, bound in zip(top, order, spread, means, bounds, strict=True)
    )
    clean, broken = (found.plain, None) if found.other is None else (found.other, found.plain)
    return PromptTrace(
        work.question,
        work.operation,
        found,
        strong,
        work.corrupted,
        float(clean.mean()),
        None if broken is None else float(broken.mean()),
        work.costs,
        work.draws,
        work.language.name,
        trace_alarms(None if found.other is None else found.other - found.plain, controls, strong),
        agreed,
    )


def _agreed(work: TraceWork, found: Trace, top: Sequence[Site], tell: Progress | None) -> Agreement:
    """How estimates agree with patches at the strongest sites and as many others."""
    patched = work.restore(compared_sites(found, top, work.seed), None, tell)
    place = {site: k for k, site in enumerate(found.sites)}
    ours = found.changes[[place[site] for site in patched.sites]].mean(axis=1)
    assert patched.other is not None  # a patch has another run
    return agreement([(ours, patched.changes.mean(axis=1))], [float((patched.other - patched.plain).mean())])


def _token(question: Question, site: Site) -> str:
    return question.words[site.position] if isinstance(site.position, int) else ""


def _intervals(values: Values) -> list[tuple[float, float]]:
    table = mean_effects(values, [str(k) for k in range(len(values))])
    return [(float(a), float(b)) for a, b in zip(table.column("low"), table.column("high"), strict=True)]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
