"""The ledger: what was measured here beside what the papers say, generated from stored evidence.

python -m aitia.workflow.ledger src/aitia/evidence/stored docs/ledger.md [--check]
"""

import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from aitia.errors import OptionError, RunError
from aitia.evidence import Evidence, Row
from aitia.files import write_whole
from aitia.workflow.replay import is_stale
from aitia.workflow.told import asked, found, marks, middle
from aitia.workflow.verify import claim_of

__all__ = ["ledger", "stored_ledger"]

_HEAD = """# Ledger

Every number below was measured by the command beside it, in one run with its baselines. The page is generated from the
evidence that ships with the package; `make ledger` writes it again.

A row *holds* where its whole 95 % interval lies on the right side of the bar, is *open* where the interval crosses the
bar or the seeds are too few for one, and *fails* where it lies on the wrong side. *Ungraded* rows were measured before
the values of each seed were stored: nobody can tell. A rival *matches* ours in a part where it passes all that ours is
asked for and ours is not ahead of it. The *swap* is the method replaced by its baseline: the claim must not hold for
it. A *negative control* has nothing to find: it must not pass any row that it stands against. What a claim was judged
by once and is no more stands as *replaced*, with its last value. Evidence is *stale* where the code that it rests on
has changed since; `aitia verify SLUG --replay` tells whether the numbers have.
"""
_STALE = " (stale)"


def ledger(
    evidence: Sequence[Evidence],
    papers: Mapping[str, str] | None = None,
    stale: Collection[str] = (),
    others: Sequence[Evidence] = (),
) -> str:
    """The page, as Markdown: first a summary, then a table a system.

    Args:
        evidence: Of each system.
        papers: What the paper says, by slug.
        stale: The slugs whose evidence is of other code than there is now.
        others: Runs on other seeds or machines, of which the verdict is told, and what comes out otherwise.
    """
    ordered = sorted(evidence, key=lambda e: e.slug)
    lines = [_HEAD, "| system | what the paper says | measured here | not ahead, or not told |", "|---|---|---|---|"]
    for e in ordered:
        mark = _STALE if e.slug in stale else ""
        said = (papers or {}).get(e.slug, "-")
        lines.append(f"| [{e.slug}](#{e.slug}) | {_cell(said)} | {e.verdict}{mark} | {_cell(_lacking(e))} |")
    for e in ordered:
        lines += ["", f"## {e.slug}", ""]
        lines += [f"The paper: {papers[e.slug]}", ""] if papers and e.slug in papers else []
        lines += [f"Measured here: **{e.verdict}**{_STALE if e.slug in stale else ''}.", "", _origin(e), ""]
        told = [f"- {mark}" for mark in marks(e)]
        told += [f"- `{o.command}`, on {o.hardware}, {o.date}: {_beside(o, e)}" for o in others if o.slug == e.slug]
        lines += [*told, ""] if told else []
        lines += [
            "| part | metric | ours [95 %] | baselines | asked | found | verdict |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [line for r in e.rows for line in _lines(r)]
        notes = list(dict.fromkeys(f"({r.part}) {r.note}" for r in e.rows if r.note))
        lines += ["", *[f"- {note}" for note in notes]] if notes else []
    return "\n".join(lines) + "\n"


def _lacking(e: Evidence) -> str:
    told = [f"{verdict}: ({j.part}) {j.metric}" + (f", {j.rival}" if j.rival else "")
            for verdict in ("fails", "open") for j in e.judged if j.verdict == verdict]  # fmt: skip
    told += [f"({part}) matched by {rival}" for part, rivals in e.matched_by.items() for rival in rivals]
    if e.swap_holds():
        told.append(f"holds for its swap, {e.swap}")
    return "; ".join(told) or "-"


def _beside(other: Evidence, e: Evidence) -> str:
    """The verdict of another run, and of which comparisons it is not that of the first."""
    here = {(j.part, j.metric, j.rival): j.verdict for j in e.judged}
    there = {(j.part, j.metric, j.rival): j.verdict for j in other.judged}
    both = [key for key in there if key in here]
    turned = [
        f"({part}) {metric}{f', {rival}' if rival else ''}: {here[part, metric, rival]} above, "
        f"{there[part, metric, rival]} there"
        for part, metric, rival in both
        if here[part, metric, rival] != there[part, metric, rival]
    ]
    lines = [f"{other.verdict}; {len(both) - len(turned)} of {len(both)} comparisons come out as above", *turned]
    return "; ".join(lines)


def _origin(e: Evidence) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in e.versions.items())
    took = "resumed, so its time is not known" if e.resumed else f"{e.seconds / 60:.1f} minutes"
    commit = f", at {e.commit[:8]}{'+' if e.commit.endswith('+') else ''}" if e.commit else ""
    return f"`{e.command}`, {took}, on {e.hardware}, {e.date}{commit}; {versions}."


def _lines(r: Row) -> list[str]:
    others = "; ".join(f"{name} {value:.3f}" for name, value in r.baselines.items() if value is not None) or "-"
    metric = r.metric if r.statistic == "mean" else f"{r.metric} (median)"
    start = f"| {r.part} | {_cell(metric)} | {middle(r)} | {_cell(others)} |"
    if not r.judged:
        return [f"{start} - | - | reported |"]
    lines = []
    for j in r.judged:
        verdict = f"**{j.verdict}**" if j.verdict == "fails" else j.verdict
        got = found(j, r) if j.rival not in (None, r.against) else "-"
        if j.verdict == "ungraded":
            verdict = f"ungraded ({r.seeds} seeds, no values)"
        lines.append(f"{start} {_cell(asked(j, r))} | {got} | {verdict} |")
        start = f"| {r.part} | {_cell(metric)} | | |"
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def stored_ledger(folder: Path) -> tuple[str, tuple[str, ...]]:
    """The page of all evidence in a folder, and the slugs of which it is stale."""
    kept = {path.stem: Evidence.from_json(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    evidence = [e for stem, e in kept.items() if stem == e.slug]
    papers, stale = {}, set()
    for e in evidence:
        try:
            papers[e.slug] = claim_of(e.slug).card.claim
            stale |= {e.slug} if is_stale(e) else set()
        except OptionError:
            continue
    others = [e for stem, e in kept.items() if stem != e.slug]
    return ledger(evidence, papers, stale, others), tuple(sorted(stale))


def main(arguments: list[str]) -> int:
    """Writes the ledger, or with --check says whether it is up to date; stale evidence is told and no mistake."""
    folder, page = Path(arguments[0]), Path(arguments[1])
    text, stale = stored_ledger(folder)
    if "--check" in arguments:
        for slug in stale:
            print(f"the evidence of {slug} is stale: run `aitia verify {slug} --replay`")
        if not page.is_file() or page.read_text(encoding="utf-8").replace(_STALE, "") != text.replace(_STALE, ""):
            print(f"{page} does not match {folder}: run `make ledger`", file=sys.stderr)
            return 1
        return 0
    write_whole(page, text, RunError)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
