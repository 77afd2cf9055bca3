"""What the report shows and says: motifs, the sweep over ranks, and what silencing the strongest units should do."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aitia.data.recordings import Recordings
from aitia.report import Block, Line, Picture, TableBlock, line_chart
from aitia.systems.dynamic_connectomes.figure import MotifPanel, Window, motifs_figure
from aitia.systems.dynamic_connectomes.motif import Motif

if TYPE_CHECKING:
    from aitia.systems.dynamic_connectomes.model import DynamicConnectomes

__all__ = ["blocks", "notes", "warned"]

SYMMETRIC = (
    "Affinity is symmetric: it says who changes together, not who drives whom. What silencing a unit would do is a "
    "prediction, to be tested by silencing it."
)


def notes(model: "DynamicConnectomes") -> tuple[str, ...]:
    """Which rank was taken, and how small its error is."""
    told = [f"{model.rank_} motifs, with an error of {model.error_:.3f} (0 is exact, 1 explains nothing)."]
    if model.sweep_:
        last = model.sweep_[-1]
        told[0] = (
            f"{model.rank_} is the largest of {last['rank']:.0f} ranks tried whose restarts agree on "
            f"{'every motif' if model.config.every_motif else 'the mean motif'} (congruence above "
            f"{model.config.agreement:g}). {told[0]}"
        )
    if len(model.null_error_):
        mean = f"{model.null_error_.mean():.3f} on average; p = {model.p_value_:.3f}"
        told.append(f"With every signal turned in a circle the error of as many motifs is {mean}.")
    return tuple(told)


def warned(model: "DynamicConnectomes") -> tuple[str, ...]:
    """What to keep in mind."""
    told = [SYMMETRIC, *model.warnings_]
    if model.sweep_ and model.rank_ == 1:
        told.append("Restarts agree on no more than one motif: there may be none that change over time.")
    return tuple(told)


def blocks(model: "DynamicConnectomes", recordings: Recordings) -> Sequence[Block]:
    """Motifs over the stimuli of these recordings."""
    windows = [Window(s.name, s.start, s.stop) for s in recordings.stimuli]
    panels = [
        MotifPanel(f"motif {m.number + 1}", m.seconds, m.times, m.animals, m.matrix, m.labels) for m in model.motifs_
    ]
    about = (
        "Above: when each motif is on, over the stimuli, which were not used to find it. Middle: how much each "
        "animal of the fit has of it. Below: which pairs of units change together, sorted into communities."
    )
    if windows:
        shown = ", ".join(f"{w.name} {w.start:g} to {w.stop:g} s" for w in windows[:8])
        about += f" Stimuli: {shown}{', ...' if len(windows) > 8 else ''}."
    parts: list[Block] = [Picture(motifs_figure(panels, model.animals_, windows), about)]
    if len(model.sweep_) > 1:
        ranks = [int(s["rank"]) for s in model.sweep_]
        lines = [
            Line("error", [s["error"] for s in model.sweep_]),
            Line("agreement, mean", [s["stability"] for s in model.sweep_]),
            Line("agreement, weakest", [s["weakest"] for s in model.sweep_]),
        ]
        chart = line_chart(ranks, lines, x_label="motifs", y_label="share")
        told = (
            f"The error falls with every motif; {model.rank_} was taken. Agreement: congruence of restarts with "
            "the best one, of all motifs on average and of the motif that is found again least."
        )
        parts.append(Picture(chart, told))
    rows = [row for motif in model.motifs_ for row in _predictions(motif)]
    heads = [
        "motif",
        "on, in seconds",
        "community",
        "strongest unit",
        "falls if it drives nobody",
        "if it drives all",
    ]
    caption = "What silencing the strongest unit of each tight community should do to the community's affinities."
    parts += [TableBlock(heads, rows, caption)] if rows else []
    return parts


def _predictions(motif: Motif) -> list[list[object]]:
    """A row for each community that is tighter than the motif is on average."""
    cohesion, rows = motif.cohesion(), list[list[object]]()
    for community in np.argsort(-cohesion, kind="stable"):
        members = motif.members(int(community))
        if len(members) < 2 or (len(cohesion) > 1 and cohesion[community] <= float(np.mean(motif.pairs))):
            continue
        told = motif.silencing(motif.ranked(int(community))[0].unit)
        shown = ", ".join(members[:12]) + (f" and {len(members) - 12} more" if len(members) > 12 else "")
        window = f"{told.window[0]:.0f} to {told.window[1]:.0f}"
        rows.append([motif.number + 1, window, shown, told.unit, f"{told.alone:.0%}", "100%"])
    return rows
