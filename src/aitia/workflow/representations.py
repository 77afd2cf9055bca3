"""Methods that look for latent causes: what they recover of the labels, and what an image shows when a latent is set.

The latents are z1, z2, ... and have no names of their own. In the report of a world, each cause is shown through the
latent that goes with it best: the model's picture under `do(z3=...)` beside the simulator's under `do(light=...)`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.clips import Clips
from aitia.data.images import ImageSet
from aitia.data.recordings import Recordings
from aitia.data.table import Table
from aitia.data.tracks import Tracks
from aitia.do import Intervention
from aitia.engine import Progress
from aitia.errors import DataError, OptionError
from aitia.report import Block
from aitia.stats.features import coarse, principal_components, random_features
from aitia.stats.metrics import as_sin_cos, counterfactual_mse, dci
from aitia.systems.causalverse import CausalVerse, Observations
from aitia.systems.causalverse.decoding import decode, decodes
from aitia.workflow.contract import Adapter, Form, Measure, Scores, Target, Training, columns
from aitia.workflow.observed import Observed, Rows
from aitia.workflow.pictures import Question, image_rows, table_rows

__all__ = ["RepresentationAdapter"]

Values = NDArray[np.float64]
SHOWN = {"images": 4, "clips": 2, "table": 2}
"""Rows in each picture."""
CAUSES = 4
"""Causes with a picture."""
LEAST = 40
"""Rows below which codes are not compared with labels: half of them fit a regression and half judge it."""
PLACES = {"images": (0.05, 0.35, 0.65, 0.95), "clips": (0.1, 0.9), "table": (0.1, 0.9)}
"""Quantiles of a cause that a latent is set to."""


class RepresentationAdapter(Adapter):
    """A method of the causalverse suite; see the module."""

    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("MCC", "higher", "Mean correlation of true variables and latents under the best one-to-one matching."),
        Measure("R2", "higher", "Of a kernel regression of the true variables on all latents."),
        Measure("accuracy", "higher", "Of the true categories, from the nearest codes."),
        Measure("disentanglement", "higher", "Whether each latent serves one true variable (DCI)."),
        Measure("completeness", "higher", "Whether each true variable is served by one latent (DCI)."),
        Measure("informativeness", "higher", "Of a linear regression of the true variables on the latents (DCI)."),
        Measure("reconstruction MSE", "lower", "Mean squared error of what is decoded, in shares of the brightest."),
    )

    def __init__(self, slug: str, cls: Any, config: type) -> None:
        super().__init__(slug, cls, config)
        self.forms: tuple[Form, ...] = ("clips",) if "time" in cls.assumes else ("images", "clips", "table")

    def work(self, data: Observed, config: Any) -> str:
        """Steps and rows."""
        return f"{config.steps} steps of {config.batch} rows ({len(data)} in all)"

    def fit(self, data: Observed, config: Any, *, checkpoint: Path | None, progress: Progress | None) -> Any:
        """The fitted method."""
        return self.cls(config).fit(self._observations(data), checkpoint=checkpoint, progress=progress)

    def training(self, model: Any) -> Training:
        """Losses, and which state was taken."""
        best = model.history.best_step
        notes = (f"The state after {best} steps had the best loss on held-out rows and was taken.",) if best else ()
        return Training((("training", tuple(model.history.losses)),), notes)

    # -- asking --------------------------------------------------------------------------------------------------------

    def targets(self, model: Any, data: Observed) -> tuple[Target, ...]:
        """The latents, where there is a decoder to show them."""
        if not decodes(model):
            return ()
        codes = _flat(model.encode(_seen(data)))
        return tuple(Target.of_values(f"z{k + 1}", codes[:, k]) for k in range(codes.shape[1]))

    def counterfactual(self, model: Any, data: Observed, do: Intervention) -> Rows:
        """The rows decoded from their codes, with the latents of `do` set."""
        seen: Any = decode(model, self._codes(model, data, do))
        rows = data.rows
        if isinstance(rows, Table):
            names = _numeric(data)
            return rows.with_columns(dict(zip(names, seen.T, strict=True)), kinds=dict.fromkeys(names, "number"))
        assert isinstance(rows, ImageSet | Clips)
        return type(rows)(seen, rows.labels, rows.source)

    def truth(self, data: Observed, do: Intervention) -> Rows | None:
        """None: a world knows nothing of the latents of a model."""
        return None if do else data.rows

    def latents(self, model: Any, data: Observed, do: Intervention) -> Table | None:
        """The codes; those of a clip frame after frame."""
        codes = self._codes(model, data, do)
        if codes.ndim == 2:
            return columns("z", codes)
        parts = {f"z{k + 1} frame {t}": codes[:, t, k] for t in range(codes.shape[1]) for k in range(codes.shape[2])}
        return Table.of(parts, kinds=dict.fromkeys(parts, "number"))

    def _codes(self, model: Any, data: Observed, do: Intervention) -> Values:
        codes: Values = model.encode(_seen(data)).copy()
        for name, action in do.items():
            k = int(str(name)[1:]) - 1
            u = np.random.default_rng([model.config.seed, 89, k]).random(codes.shape[:-1])
            codes[..., k] = action.apply(codes[..., k], u)
        return codes

    # -- judging -------------------------------------------------------------------------------------------------------

    def score(self, model: Any, data: Observed, fresh: Observed) -> Scores:
        """What the codes know of the labels, and how well rows come back."""
        scores = self._known(model.encode(_seen(fresh)), fresh, model.config.seed)
        if decodes(model):
            back = self.counterfactual(model, fresh, Intervention())
            scores["reconstruction MSE"] = counterfactual_mse(_scaled(back, fresh), _scaled(fresh.rows, fresh)).value
        return scores

    def baselines(self, config: Any, data: Observed, fresh: Observed) -> dict[str, Scores]:
        """As many random sums and principal components as the method has latents, and the mean row."""
        lead = _seen(fresh).shape[: 2 if self.form(fresh) == "clips" else 1]
        seen, new = (coarse(_single(rows)) for rows in (data, fresh))
        codes = {
            "random features": random_features(seen, new, config.latents, config.seed),
            "principal components": principal_components(seen[:: max(len(seen) // 5000, 1)], new, config.latents),
        }
        found = {name: self._known(z.reshape(*lead, -1), fresh, config.seed) for name, z in codes.items()}
        mean = _scaled(data.rows, data).mean(axis=0)
        error = counterfactual_mse(np.broadcast_to(mean, _scaled(fresh.rows, fresh).shape), _scaled(fresh.rows, fresh))
        return {
            **{name: scores for name, scores in found.items() if scores},
            "mean row": {"reconstruction MSE": error.value},
        }

    def _known(self, codes: Values, data: Observed, seed: int) -> Scores:
        truth = self._observations(data, views=False)
        if truth.labels is None or len(_flat(codes)) < LEAST or not _varies(truth):
            return {}
        found = CausalVerse(seed).score(codes, truth)
        scores = {"R2": found.r2} if found.r2_by_variable else {}
        if found.mcc is not None and found.r2_by_variable:
            scores["MCC"] = found.mcc
        if found.accuracy:
            scores["accuracy"] = float(np.mean(list(found.accuracy.values())))
        true = _true_columns(truth)
        if true.shape[1] > 0 and codes.shape[-1] > 1:
            parts = dci(true, _flat(codes), seed=seed)
            scores["disentanglement"] = parts.disentanglement
            scores["completeness"] = parts.completeness
            scores["informativeness"] = parts.informativeness
        return scores

    def pictures(self, model: Any, fresh: Observed) -> Sequence[Block]:
        """For each cause, rows with the latent that goes with it best set to values from its range."""
        if not decodes(model):
            return []
        form = self.form(fresh)
        codes = _flat(model.encode(_seen(fresh)))
        shown = fresh.take(range(min(SHOWN[form], len(fresh))))
        causes = self._causes(fresh)
        if not causes:
            spread = np.argsort(-codes.std(axis=0), kind="stable")[:CAUSES]
            return [self._traversal(model, shown, form, int(k), codes[:, k]) for k in np.sort(spread)]
        return [self._beside(model, shown, form, name, cause, codes) for name, cause in causes.items()]

    def _traversal(self, model: Any, shown: Observed, form: str, k: int, values: Values) -> Block:
        questions = []
        for value in np.quantile(values, PLACES[form]):
            do = Intervention({f"z{k + 1}": float(value)})
            questions.append(Question(f"do(z{k + 1}={value:.3g})", self.counterfactual(model, shown, do)))
        return _block(shown, questions, f"Rows that the fit has not seen, with z{k + 1} set to values from its range.")

    def _beside(self, model: Any, shown: Observed, form: str, name: str, cause: Values, codes: Values) -> Block:
        """The model's answer for the latent that goes with a cause, and the world's for the cause itself."""
        slopes = _slopes(cause, codes)
        k = int(np.abs(slopes).argmax())
        line = np.polyfit(cause, codes[:, k], 1)
        questions = []
        for value in np.quantile(cause, PLACES[form]):
            z = float(np.polyval(line, value))
            answer = self.counterfactual(model, shown, Intervention({f"z{k + 1}": z}))
            truth = shown.truth(Intervention({name: float(value)}))
            questions.append(Question(f"do(z{k + 1}={z:.3g})", answer, truth, f"do({name}={value:.2g})"))
        about = (
            f"{name} goes best with z{k + 1} (correlation {slopes[k]:+.2f}), which is set to what it is on average "
            f"where {name} has a value from its range."
        )
        if shown.world is not None:
            about += f" In the simulator {name} itself is set, and what it causes follows."
        return _block(shown, questions, about)

    def _causes(self, data: Observed) -> dict[str, Values]:
        """The first few labels that are numbers and vary, (n,) or (n * frames,)."""
        labels = self._observations(data, views=False).labels
        found: dict[str, Values] = {}
        n, frames = len(data), _seen(data).shape[1] if self.form(data) == "clips" else 1
        if labels is None:
            return {}
        for name in labels.names:
            values = labels.column(name).reshape(n, -1)
            if labels.continuous(name) and values.std() > 0 and len(found) < CAUSES:
                found[name] = np.broadcast_to(values, (n, frames)).ravel()
        return found

    def _observations(self, data: Observed, *, views: bool = True) -> Observations:
        """The rows as the suite takes them; of a world with all its latents as labels."""
        x: Any = _seen(data)
        world, sample, labels = data.world, data.sample, data.truths
        angles: tuple[str, ...] = ()
        if world is not None and labels is not None:
            angles = tuple(latent.name for latent in world.latents if latent.kind == "angle" and latent.name in labels)
        domain = data.labels if len(data.environments) > 1 else None
        if views and "views" in self.cls.assumes and world is not None and sample is not None and world.views:
            n = len(data)
            pictures = [world.render(sample, size=data.size, view=view) for view in world.views]
            again = np.tile(np.arange(n), len(pictures))
            return Observations.of(
                np.concatenate(pictures),
                labels=None if labels is None else labels.take(again),
                domain=None if domain is None else domain[again],
                id=again,
                angles=angles,
                source=data.name,
            )
        table = data.table
        named = None if table is None or "id" not in table else [str(v) for v in table.labels("id")]
        return Observations.of(x, labels=labels, domain=domain, id=named, angles=angles, source=data.name)


def _seen(data: Observed) -> Any:
    """Images, clips or vectors, as arrays."""
    rows = data.rows
    if isinstance(rows, ImageSet | Clips):
        return rows.images
    assert isinstance(rows, Table)
    names = _numeric(data)
    if not names:
        raise OptionError(f"{data.name} has no column of numbers to look at")
    return rows.matrix(names)


def _single(data: Observed) -> Any:
    """The same with the frames of clips one after another."""
    x = _seen(data)
    return x.reshape(-1, *x.shape[2:]) if isinstance(data.rows, Clips) else x


def _scaled(rows: Rows, data: Observed) -> Values:
    """Images as shares of the brightest; vectors as they are."""
    if isinstance(rows, Tracks | Recordings):
        raise DataError("tracks and traces are no observations of this method")
    return rows.matrix(_numeric(data)) if isinstance(rows, Table) else rows.images / np.float32(255)


def _numeric(data: Observed) -> tuple[str, ...]:
    table = data.table
    assert table is not None
    return tuple(n for n in table.names if n not in (data.environment, "id") and table.continuous(n))


def _flat(codes: Values) -> Values:
    return codes.reshape(-1, codes.shape[-1])


def _slopes(cause: Values, codes: Values) -> Values:
    """Correlation of a cause with each latent; 0 for a constant one."""
    spread = codes.std(axis=0)
    centred = (codes - codes.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.asarray(((cause - cause.mean()) / cause.std()) @ centred / len(cause))


def _varies(truth: Observations) -> bool:
    assert truth.labels is not None
    return any(np.ptp(truth.labels.column(name)) > 0 for name in truth.labels.names)


def _true_columns(truth: Observations) -> Values:
    """(n, d) of the numbers among the labels, angles by sine and cosine; (n * frames, d) of clips."""
    assert truth.labels is not None
    frames, found = truth.frames or 1, []
    for name in truth.labels.names:
        if truth.labels.continuous(name):
            values = np.broadcast_to(truth.labels.column(name).reshape(len(truth), -1), (len(truth), frames)).ravel()
            if np.ptp(values) > 0:
                found += list(as_sin_cos(values).T) if name in truth.angles else [values]
    return np.stack(found, axis=1) if found else np.empty((len(truth), 0))


def _block(shown: Observed, questions: Sequence[Question], about: str) -> Block:
    names = [f"row {i}" for i in range(len(shown))]
    if isinstance(shown.rows, Table):
        return table_rows(shown.rows, questions, names, _numeric(shown), about)
    return image_rows(shown.rows, questions, names, about)
