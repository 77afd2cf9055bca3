"""Evidence as a table on the terminal."""

from typing import TYPE_CHECKING

from aitia.evidence import Evidence
from aitia.workflow.told import asked, found, middle

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["evidence_table"]

_COLORS = {"holds": "green", "open": "yellow", "fails": "red", "ungraded": "dim"}


def evidence_table(evidence: Evidence) -> "Table":
    """A rich table: a line a comparison, with what was found, what was asked, and the verdict."""
    from rich.markup import escape
    from rich.table import Table

    about = f"{evidence.seconds:.0f} s, {evidence.date}"
    table = Table(title=f"{evidence.slug}: {evidence.verdict} ({about})", title_justify="left")
    for head in ("part", "metric", "ours [95 %]", "baselines", "asked", "found", "verdict"):
        table.add_column(head)
    for r in evidence.rows:
        metric = r.metric if r.statistic == "mean" else f"{r.metric} (median)"
        others = "\n".join(f"{name} {value:.3f}" for name, value in r.baselines.items() if value is not None)
        lines = [
            (asked(j, r), found(j, r) if j.rival not in (None, r.against) else "",
             f"[{_COLORS[j.verdict]}]{j.verdict}[/]")
            for j in r.judged
        ] or [("", "", "")]  # fmt: skip
        for k, (wanted, got, verdict) in enumerate(lines):
            first = (r.part, escape(metric), escape(middle(r)), escape(others)) if not k else ("", "", "", "")
            table.add_row(*first, escape(wanted), escape(got), verdict)
    return table
