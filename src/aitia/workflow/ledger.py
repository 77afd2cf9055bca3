"""The ledger: what holds here and what does not, generated from stored evidence.

python -m aitia.workflow.ledger docs/evidence docs/ledger.md [--check]
"""

import sys
from pathlib import Path

from aitia.evidence.claim import Evidence, Row

__all__ = ["ledger"]

_HEAD = """# Ledger

Every number below was measured by the command beside it, in one run with its baselines. The page is generated from the
stored evidence in `docs/evidence`; `make ledger` writes it again.
"""


def ledger(evidence: list[Evidence]) -> str:
    """The page, as Markdown: first a summary, then a table a system; what does not hold stands first in the summary."""
    ordered = sorted(evidence, key=lambda e: (e.holds, e.slug))
    lines = [_HEAD, "| system | holds | rows that hold | does not hold |", "|---|---|---|---|"]
    for e in ordered:
        judged = [r for r in e.rows if r.holds is not None]
        failed = [f"({r.part}) {r.metric}" for r in judged if not r.holds]
        verdict = "yes" if e.holds else "**not all**"
        kept = f"{len(judged) - len(failed)} of {len(judged)}"
        lines.append(f"| [{e.slug}](#{e.slug}) | {verdict} | {kept} | {'; '.join(failed) or '-'} |")
    for e in ordered:
        lines += ["", f"## {e.slug}", "", _origin(e), ""]
        lines += ["| part | metric | ours [95 %] | baselines | bar | holds |", "|---|---|---|---|---|---|"]
        lines += [_line(r) for r in e.rows]
        notes = list(dict.fromkeys(f"({r.part}) {r.note}" for r in e.rows if r.note))
        lines += ["", *[f"- {note}" for note in notes]] if notes else []
    return "\n".join(lines) + "\n"


def _origin(e: Evidence) -> str:
    told = ", ".join(f"{name} {version}" for name, version in e.versions.items())
    took = "resumed, so its time is not known" if e.resumed else f"{e.seconds / 60:.1f} minutes"
    return f"`{e.command}`, {took}, on {e.hardware}, {e.date}; {told}."


def _line(r: Row) -> str:
    baselines = "; ".join(f"{name} {value:.3f}" for name, value in r.baselines.items()) or "-"
    wanted = [] if r.bar is None else [f"{'≥' if r.direction == 'higher' else '≤'} {r.bar:g}"]
    wanted += [f"{by:g} ahead of {name}" for name, by in r.margins.items()]
    verdict = {True: "yes", False: "**no**", None: "reported"}[r.holds]
    ours = f"{r.ours:.3f} [{r.low:.3f}, {r.high:.3f}], {r.seeds} seeds"
    metric = r.metric.replace("|", "\\|")
    return f"| {r.part} | {metric} | {ours} | {baselines} | {'; '.join(wanted) or '-'} | {verdict} |"


def main(arguments: list[str]) -> int:
    """Writes the ledger, or with --check says whether it is up to date."""
    folder, page = Path(arguments[0]), Path(arguments[1])
    text = ledger([Evidence.from_json(path.read_text()) for path in sorted(folder.glob("*.json"))])
    if "--check" in arguments:
        if not page.is_file() or page.read_text() != text:
            print(f"{page} does not match {folder}: run `make ledger`", file=sys.stderr)
            return 1
        return 0
    page.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
