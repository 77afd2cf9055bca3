"""Dynamic connectomes as the commands see them: motifs of traces, scored on pairs of other animals that were hidden.

Affinity is symmetric and answers no `do`; what silencing a unit should change stands in the report as a prediction.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.recordings import Recordings
from aitia.data.table import Table
from aitia.do import Intervention
from aitia.engine import Progress
from aitia.errors import InterventionError
from aitia.report import Block, Line, Picture, TableBlock, line_chart
from aitia.systems.dynamic_connectomes import Affinity, Motif
from aitia.systems.dynamic_connectomes.page import MotifPanel, Window, motifs_figure
from aitia.workflow.contract import Adapter, Form, Measure, Scores, Target, Training
from aitia.workflow.observed import Observed, Rows

__all__ = ["ConnectomesAdapter"]

Values = NDArray[np.float64]
HIDDEN = 0.2
"""Share of the pairs of each animal that is hidden to be scored on."""
SYMMETRIC = (
    "Affinity is symmetric: it says who changes together, not who drives whom. What silencing a unit would do is a "
    "prediction, to be tested by silencing it."
)


class ConnectomesAdapter(Adapter):
    """Motifs of traces; see the module."""

    heading: ClassVar[str] = "Motifs"
    forms: tuple[Form, ...] = ("traces",)
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("hidden R2", "higher", "Of the affinities of pairs that were hidden, a fifth of those of each animal."),
        Measure("hidden RMSE", "lower", "Root mean squared error of the same affinities."),
    )

    def work(self, data: Observed, config: Any) -> str:
        """Ranks, restarts and the size of the tensor."""
        traces = _traces(data)
        units, bins = len(traces.units), traces.frames // config.bin_frames
        ranks = f"ranks 1 to {min(config.most, bins)}" if config.rank is None else f"rank {config.rank}"
        return (
            f"{ranks}, {config.starts} restarts each, of {bins} bins x {len(traces)} animals x "
            f"{units * (units - 1) // 2} pairs"
        )

    def fit(self, data: Observed, config: Any, *, checkpoint: Path | None, progress: Progress | None) -> Any:
        """The fitted motifs."""
        return self.cls(config).fit(_traces(data), progress=progress)

    def training(self, model: Any) -> Training:
        """Which rank was taken, and what to keep in mind."""
        notes = [f"{model.rank_} motifs, with an error of {model.error_:.3f} (0 is exact, 1 explains nothing)."]
        if model.sweep_:
            last = model.sweep_[-1]
            notes[0] = (
                f"{model.rank_} is the largest of {last['rank']:.0f} ranks tried whose restarts agree on "
                f"{'every motif' if model.config.every_motif else 'the mean motif'} (congruence above "
                f"{model.config.agreement:g}). {notes[0]}"
            )
        if len(model.null_error_):
            told = f"{model.null_error_.mean():.3f} on average; p = {model.p_value_:.3f}"
            notes.append(f"With every trace turned in a circle the error of as many motifs is {told}.")
        warnings = [SYMMETRIC, *model.warnings_]
        if model.sweep_ and model.rank_ == 1:
            warnings.append("Restarts agree on no more than one motif: there may be none that change over time.")
        return Training((), tuple(notes), tuple(warnings))

    # -- asking --------------------------------------------------------------------------------------------------------

    def targets(self, model: Any, data: Observed) -> tuple[Target, ...]:
        """None: affinity is not causal."""
        return ()

    def counterfactual(self, model: Any, data: Observed, do: Intervention) -> Rows:
        """The rows as they are; motifs answer no `do`.

        Raises:
            InterventionError: If something is done.
        """
        if do:
            raise InterventionError(f"motifs of affinities answer no {do}: they say who changes together, not why")
        return data.rows

    def truth(self, data: Observed, do: Intervention) -> Rows | None:
        """The traces of a world under `do`."""
        return data.truth(do)

    def latents(self, model: Any, data: Observed, do: Intervention) -> Table | None:
        """How much of each motif each animal has."""
        found = model.animal_factors(_traces(data))
        names = [f"motif {r + 1}" for r in range(found.shape[1])]
        return Table.of(dict(zip(names, found.T, strict=True)), kinds=dict.fromkeys(names, "number"))

    # -- judging -------------------------------------------------------------------------------------------------------

    def score(self, model: Any, data: Observed, fresh: Observed) -> Scores:
        """Of pairs that were hidden, from how much of each motif the animal's other pairs show."""
        affinity = model.affinity(_traces(fresh).of_units(model.units_))
        hidden = _hidden(affinity, model.config.seed)
        return _scores(model.predict(affinity, hidden=hidden), affinity.tensor, hidden)

    def baselines(self, config: Any, data: Observed, fresh: Observed) -> dict[str, Scores]:
        """Averages: of the pair and bin over the animals of the fit, of the pair over all bins, and of everything."""
        learner = self.cls(config)
        known = learner.affinity(_traces(data))
        affinity = learner.affinity(_traces(fresh).of_units(known.units))
        hidden, shape = _hidden(affinity, config.seed), affinity.tensor.shape
        count = np.maximum(known.mask.sum(axis=0), 1)
        by_bin = known.tensor.sum(axis=1) / count
        everything = float(known.tensor.sum() / (known.mask.sum() * known.bins))
        by_bin = np.where(known.mask.any(axis=0), by_bin, everything)
        answers = {
            "mean of the pair in the bin": np.broadcast_to(by_bin[:, None], shape),
            "mean of the pair": np.broadcast_to(by_bin.mean(axis=0), shape),
            "mean of all": np.full(shape, everything),
        }
        return {name: _scores(answer, affinity.tensor, hidden) for name, answer in answers.items()}

    def pictures(self, model: Any, fresh: Observed) -> Sequence[Block]:
        """Motifs, the sweep over ranks, and what silencing the strongest units should do."""
        windows = [Window(s.name, s.start, s.stop) for s in _traces(fresh).stimuli]
        panels = [
            MotifPanel(f"motif {m.number + 1}", m.seconds, m.times, m.animals, m.matrix, m.labels)
            for m in model.motifs_
        ]
        about = (
            "Above: when each motif is on, over the stimuli, which were not used to find it. Middle: how much each "
            "animal of the fit has of it. Below: which pairs of units change together, sorted into communities."
        )
        if windows:
            shown = ", ".join(f"{w.name} {w.start:g} to {w.stop:g} s" for w in windows[:8])
            about += f" Stimuli: {shown}{', ...' if len(windows) > 8 else ''}."
        blocks: list[Block] = [Picture(motifs_figure(panels, model.animals_, windows), about)]
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
            blocks.append(Picture(chart, told))
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
        blocks += [TableBlock(heads, rows, caption)] if rows else []
        return blocks


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


def _hidden(affinity: Affinity, seed: int) -> NDArray[np.bool_]:
    """Which pairs of each animal are hidden, (animals, pairs)."""
    hidden = affinity.mask & (np.random.default_rng([seed, 17]).random(affinity.mask.shape) < HIDDEN)
    return hidden if hidden.any() else affinity.mask


def _scores(answer: Values, tensor: Values, hidden: NDArray[np.bool_]) -> Scores:
    wanted = tensor[:, hidden].astype(np.float64)
    error = float(((answer[:, hidden] - wanted) ** 2).mean())
    spread = float(wanted.var())
    scores = {"hidden RMSE": error**0.5}
    return {"hidden R2": 1 - error / spread, **scores} if spread > 0 else scores


def _traces(data: Observed) -> Recordings:
    assert isinstance(data.rows, Recordings)
    return data.rows
