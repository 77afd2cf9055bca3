"""Evidence as a table on the terminal."""

from typing import TYPE_CHECKING

from aitia.evidence.claim import Evidence

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["evidence_table"]


def evidence_table(evidence: Evidence) -> "Table":
    """A rich table: a row a number, with its interval, baselines, bar, and whether it holds."""
    from rich.table import Table

    told = "holds" if evidence.holds else "does not hold in every part"
    table = Table(title=f"{evidence.slug}: {told} ({evidence.seconds:.0f} s, {evidence.date})", title_justify="left")
    for head in ("part", "metric", "ours", "95 %", "baselines", "bar", "holds"):
        table.add_column(head)
    for r in evidence.rows:
        wanted = [] if r.bar is None else [f"{'≥' if r.direction == 'higher' else '≤'} {r.bar:g}"]
        wanted += [f"{by:g} ahead of {name}" for name, by in r.margins.items()]
        table.add_row(
            r.part,
            r.metric if r.statistic == "mean" else f"{r.metric} ({r.statistic})",
            f"{r.ours:.3f}",
            f"{r.low:.3f}, {r.high:.3f}",
            "\n".join(f"{name} {value:.3f}" for name, value in r.baselines.items()),
            "\n".join(wanted),
            {True: "yes", False: "[red]no[/red]", None: ""}[r.holds],
        )
    return table
