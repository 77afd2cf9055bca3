"""Codes, graphs and counterfactuals judged against the truth of a world, whoever made them.

MCC                     of codes of the test rows against the latents
SHD                     of a graph against that of the world, over the latents it names; and arrowhead F1
counterfactual error    mean absolute difference from the truth, in standard deviations of what is seen (pictures:
                        in 0..1), on the rows and interventions of the trial
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.arrays import read_arrays
from aitia.errors import AitiaError, DataError, FormatError, OptionError
from aitia.graph.distances import arrowhead_scores, shd
from aitia.graph.formats import read_graph
from aitia.graph.graph import Graph
from aitia.stats.metrics import mcc
from aitia.system import Counterfactuals, Discovers, Encodes, Given, Score, System
from aitia.workflow.trials import Trial

__all__ = ["WHAT", "judged", "of_codes", "of_counterfactuals", "of_graph", "read_own"]

WHAT = ("codes", "graph", "counterfactuals")
"""What of somebody's own can be judged."""


def judged(system: System, fresh: Given, trial: Trial, what: tuple[str, ...]) -> dict[str, Score]:
    """The same measures of a system of ours; what it does not answer is left out."""
    found: dict[str, Score] = {}
    if "codes" in what and isinstance(system, Encodes):
        found |= of_codes(system.encode(fresh).matrix(), trial)
    if "graph" in what and isinstance(system, Discovers):
        graphs = system.graphs()
        if len(graphs) == 1 and set(map(str, next(iter(graphs.values())).nodes)) <= set(trial.world.names):
            found |= of_graph(next(iter(graphs.values())), trial)
    asked = {str(name) for do in trial.asked for name in do}
    if "counterfactuals" in what and isinstance(system, Counterfactuals) and asked <= set(system.targets.names):
        found |= of_counterfactuals(_answers(system, fresh, trial), trial)
    return found


def _answers(system: Any, fresh: Given, trial: Trial) -> NDArray[Any]:
    """What a system says of each row that is asked about, as the world shows it."""
    noise = {row: system.abduct(fresh.take([row])) for row in range(len(trial.asked))}
    told = []
    for row, do in enumerate(trial.asked):
        answer = system.do(do).solve(noise[row])
        told.append(next(iter(answer.parts().values()))[0] if answer.parts() else _seen(answer.known, trial))
    return np.stack(told)


def _seen(table: Any, trial: Trial) -> NDArray[Any]:
    if trial.world.seen == "image":
        return np.asarray(table.pictures("image")[0])
    return np.asarray([table.column(f"x{k + 1}")[0] for k in range(trial.facts().shape[1])])


def of_codes(codes: NDArray[Any], trial: Trial) -> dict[str, Score]:
    """MCC of codes, (n, k), of the test rows.

    Raises:
        DataError: If they are not as many as the test rows, or hold what is no number.
    """
    codes = np.asarray(codes, dtype=np.float64)
    if codes.ndim != 2 or len(codes) != len(trial.sample):
        raise DataError(f"codes have shape {codes.shape}, the world has {len(trial.sample)} test rows: (rows, numbers)")
    # A latent that varies counts by its mean over the frames.
    names = [name for name in trial.world.visible or trial.world.names if np.ptp(trial.sample[name]) > 0]
    true = np.column_stack([trial.sample[name].reshape(len(codes), -1).mean(axis=1) for name in names])
    about = "Mean correlation of the latents with the codes that match them best; 1 is perfect."
    if codes.shape[1] < true.shape[1]:
        codes = np.pad(codes, [(0, 0), (0, true.shape[1] - codes.shape[1])])
    rng = np.random.default_rng(0)
    chance = mcc(true, rng.standard_normal(codes.shape), correlation="spearman").value
    return {"MCC": Score(float(mcc(true, codes, correlation="spearman").value), "higher", about, {"chance": chance})}


def of_graph(graph: Graph, trial: Trial) -> dict[str, Score]:
    """SHD and arrowhead F1 of a graph over latents.

    Raises:
        DataError: If it names what is no latent of the world.
    """
    true = trial.world.graph
    if odd := [str(name) for name in graph.nodes if name not in true.nodes]:
        raise DataError(f"the graph names {odd[0]!r}, the world has {', '.join(map(str, true.nodes))}")
    shown = trial.world.visible or tuple(true.nodes)
    nodes = tuple(name for name in true.nodes if name in shown or name in graph.nodes)
    graph = Graph(graph.edges, nodes)  # a variable that it leaves out has no edge in it
    true = true.subgraph(nodes)
    empty = Graph((), nodes=true.nodes)
    about = "Edges that differ from the graph of the world."
    f1 = "Of the arrowheads."
    return {
        "SHD": Score(float(shd(true, graph)), "lower", about, {"no edges": float(shd(true, empty))}),
        "arrowhead F1": Score(float(arrowhead_scores(true, graph).f1), "higher", f1, {"no edges": 0.0}),
    }


def of_counterfactuals(answers: NDArray[Any], trial: Trial) -> dict[str, Score]:
    """How far answers to the interventions of the trial are from the truth.

    Raises:
        DataError: If they have another shape than the truth.
    """
    truths, facts = trial.truths(), trial.facts()
    if answers.shape != truths.shape:
        raise DataError(
            f"answers have shape {answers.shape}, the truth has {truths.shape}: one a row that is asked about"
        )
    scale: Any = 255.0 if truths.dtype == np.uint8 else np.where(facts.std(axis=0) > 0, facts.std(axis=0), 1.0)

    def off(told: NDArray[Any]) -> float:
        return float(np.mean(np.abs(np.asarray(told, dtype=np.float64) - truths) / scale))

    about = "Mean absolute difference from what the rows would have been."
    return {"counterfactual error": Score(off(answers), "lower", about, {"do nothing": off(facts)})}


def read_own(paths: Mapping[str, str], trial: Trial, seed: int) -> dict[str, Score]:
    """Somebody's own results at a seed, judged.

    Args:
        paths: Of `codes` (.npz with `codes`, or with one array a seed named by it), `graph` (a graph file) and
            `counterfactuals` (a folder with `answers.npz`); `{seed}` in a path stands for the seed.
        trial: Of that seed.
        seed: Of the rows.

    Raises:
        FormatError: If a file is missing or is not what it should be.
        DataError: If what it holds does not fit the trial.
    """
    found: dict[str, Score] = {}
    for what, text in paths.items():
        path = Path(text.replace("{seed}", str(seed)))
        try:
            if what == "codes":
                found |= of_codes(_array(path, "codes", seed), trial)
            elif what == "graph":
                found |= of_graph(read_graph(path), trial)
            elif what == "counterfactuals":
                found |= of_counterfactuals(_array(path / "answers.npz", "answers", seed), trial)
            else:
                raise OptionError(f"own results are {', '.join(WHAT)}, got {what!r}")
        except AitiaError as error:
            raise type(error)(f"{path}: {error}") from error
    return found


def _array(path: Path, name: str, seed: int) -> NDArray[Any]:
    held = read_arrays(path)
    key = next((key for key in (str(seed), f"{name}-{seed}", name) if key in held), None)
    if key is None:
        raise FormatError(f"it has no array {name!r} or {str(seed)!r}; it has {', '.join(held) or 'none'}")
    return held[key]
