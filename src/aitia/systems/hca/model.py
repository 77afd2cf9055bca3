r"""Hierarchical component analysis: latent capabilities, their order and their weights, from a table of scores.

Rows are models, columns are scores, and groups are the base models that the rows were made from. In group k

    x = G z,   z = A_k z + Ω_k^{1/2} ε,   hence  ε = M_k x,  M_k = B_k H,  B_k = Ω_k^{-1/2} (I - A_k),  H = G^+    (1)

with the same G and the same order in every group, A_k lower triangular with the source first, and noise ε of
independent, non-Gaussian components. M_k comes from independent component analysis of each group, H and B_k from all
M_k together (`ordering.py`). What (1) leaves open is this: rows of H that stand upstream may be added to one
downstream, with A_k changed to match. The order, and what a unit of noise in one latent does to all scores,
G B_k^{-1} e_i, are not touched by that; what a latent *is*, and the single weight, are. Each latent is therefore put on
the scale of the score that it is best aligned with, given the latents before it, and carries its name:

    z_i = α x_b + Σ_{j<i} β_j z_j + rest,    z_i <- (z_i - Σ_j β_j z_j) / α                                          (2)

The least inexact of (d!)^K orders is taken, so its inexactness is small also where there is nothing to find. Two
distributions say how small:

- *unrelated groups*: each M_k is replaced by a random rotation of the whitened scores of its group. The covariances
  stay, and the independent directions of one group say nothing of those of another. What (1) finds has to lie below.
- *groups alike*: the rows, centred in their groups, are dealt out anew. The groups then have one distribution, all M_k
  are the same up to noise, and (1) holds in any order. So it is no null of the order, and lies below or above what is
  found where (1) is true, as the noise will have it; it shows what groups that say nothing would give.

Source:
    Jin, Syrgkanis, Kakade and Zhang, Discovering hierarchical latent capabilities of language models via causal
    representation learning, 2025. The source compares R² of (2) over pooled rows; here rows are centred in their
    groups, since means differ between groups for reasons outside (1). It solves for B_k by an iterative optimiser; (1)
    has the closed form that is used here.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.do import Intervention
from aitia.errors import DataError, OptionError, join_names, unknown_variable
from aitia.graph.graph import Graph
from aitia.report import Block
from aitia.runs import RunStore
from aitia.saving import SavedArrays
from aitia.system import (
    Counterfactuals,
    Discovers,
    Encodes,
    Explains,
    Given,
    Noise,
    Predicts,
    Scores,
    Target,
    Targets,
    Training,
)
from aitia.systems.hca.base_models import is_harness, read_leaderboard
from aitia.systems.hca.board import groups_of, read_board, read_scores
from aitia.systems.hca.card import CARD
from aitia.systems.hca.config import HCAConfig
from aitia.systems.hca.filling import filled, moments
from aitia.systems.hca.judge import judged
from aitia.systems.hca.page import blocks, notes
from aitia.systems.hca.reading import (
    checked_scores,
    numbers,
)
from aitia.systems.hca.scales import on_one_scale
from aitia.systems.hca.search import OrderSearch
from aitia.systems.hca.state import restore, state
from aitia.systems.hca.summary import summary

__all__ = ["HCA"]

Values = NDArray[np.float64]


class HCA(SavedArrays, OrderSearch, Predicts, Counterfactuals, Encodes, Explains, Discovers):
    """Latent capabilities of a table whose rows come in groups; see the module.

    Attributes are those of `OrderSearch`.

    Example:
        >>> from aitia.worlds.capabilities import CapabilitiesWorld
        >>> world = CapabilitiesWorld(seed=3)
        >>> sample = world.sample(2000, seed=0)
        >>> found = HCA(resamples=0, null_draws=20).fit(world.render(sample), sample.labels)
        >>> found.mic_ < 0.05, found.p_value_ < 0.05
        (True, True)
    """

    card = CARD

    Config = HCAConfig
    config: HCAConfig

    # -- fit -----------------------------------------------------------------------------------------------------------

    def _opened(self, data: tuple[Any, ...], roles: Mapping[str, Any]) -> tuple[Any, ...]:
        """A folder of results of lm-evaluation-harness is a leaderboard as well."""
        if data and isinstance(data[0], (str, Path)) and is_harness(data[0]):
            return (read_leaderboard(data[0]), *data[1:])
        return super()._opened(data, roles)

    def check_given(self, given: Given) -> None:
        """Wants groups, and more scores than latents."""
        board = read_board(given, self.config)
        read_scores(given, board, self.config)
        if len(board.columns) <= self.config.factors:
            raise OptionError(
                f"{self.config.factors} latents need more than {self.config.factors} scores, got {len(board.columns)}"
            )

    def work(self, given: Given) -> str:
        """Orders that are looked for."""
        board, c = read_board(given, self.config), self.config
        orders = 1 + c.null_draws + c.permutations + c.resamples
        groups = len(set(board.labels[board.kept].tolist()))
        return (
            f"{orders} orders of {c.factors} latents behind {len(board.columns)} columns, in {groups} groups "
            f"({len(board.kept)} rows)"
        )

    def _fit(self, given: Given, run: RunStore) -> None:
        """Finds latents, order and weights; it takes seconds, so a run that was killed begins anew.

        Raises:
            DataError: If a score is missing, constant, a copy of another, or on another scale than the rest.
            IdentifiabilityError: If fewer than d + 1 groups of enough rows share a subspace.
        """
        board = read_board(given, self.config)
        self.roles = {**self.roles, "scores": board.columns}
        labels = board.labels[board.kept]
        x, self.in_shares_ = read_scores(given, board, self.config)
        x = checked_scores(x, board.columns, self.config.factors)
        self.columns_, self.dropped_ = board.columns, board.dropped
        self.matched_ = {} if board.grouping is None else board.grouping.counts
        self.unmatched_ = () if board.grouping is None else board.grouping.unmatched
        self._search(x, labels, run.progress)

    # -- a folder ------------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        self._need_fit()
        return state(self)

    @classmethod
    def _restored(cls, options: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        model = cls(**options["config"])
        restore(model, options, arrays)
        return model

    def to_json(self) -> dict[str, Any]:
        """All numbers of the fit as JSON values, for programs."""
        self._need_fit()
        return summary(self)

    @property
    def training(self) -> Training:
        """What the latents are called, which groups were left out, and what speaks against the order."""
        return Training((), notes(self), tuple(f"{doubt[0].upper()}{doubt[1:]}." for doubt in self.doubts_))

    # -- the verbs -----------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """The latents, each on the scale of the score that it is named after."""
        self._need_fit()
        return Targets(
            Target(name, (), (float(low),), (float(high),), f"named after {named}")
            for name, named, low, high in zip(self.latents_, self.named_, *self.ranges_, strict=True)
        )

    def graphs(self, rows: Any = None) -> dict[str, Graph]:
        """The latents' graph of each group: edges that are stronger than `least_edge` there.

        Args:
            rows: The same fit to these rows; None takes what was fitted.
        """
        self._need_fit()
        if rows is not None:
            return type(self)(self.config).fit(self.given(rows)).graphs()
        return {name: self._graph((name,), self.config.least_edge) for name in self.groups_}

    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """What a rise of a latent by one of its standard deviations changes in a score, for each group of the rows.

        The control is the same where the independent directions of the groups have nothing to do with each other.
        """
        self._need_fit()
        if outcome is not None and outcome not in self.columns_:
            raise unknown_variable(outcome, self.columns_, "table")
        groups = self.groups_ if given.rows is None else [g for g in self.groups_ if g in set(self._labels(given))]
        lines: dict[str, list[Any]] = {k: [] for k in ("base", "target", "outcome", "effect", "low", "high", "control")}
        for group in groups:
            for k, latent in enumerate(self.latents_):
                step = self.spread_[group][k] / self.noise_[group][k]
                for j, told in enumerate(self.shift_effects(latent, group)):
                    if target in (None, latent) and outcome in (None, told.score):
                        control = float(self.control_[group][j, k] * step)
                        cells = (group, latent, told.score, told.change, told.low, told.high, control)
                        for name, cell in zip(lines, cells, strict=True):
                            lines[name].append(cell)
        kinds = dict.fromkeys(("base", "target", "outcome"), "label")
        return Table.of(lines, kinds={**kinds, **dict.fromkeys(("effect", "low", "high", "control"), "number")})

    def _abduct(self, given: Given, draws: int, seed: int) -> dict[str, Any]:
        """The noise of the latents, and the scores with what the latents leave over of them.

        Raises:
            DataError: If a score is missing, or a row is of a group that the fit left out or has not seen.
        """
        x = self._numbers(given)
        if np.isnan(x).any():
            row, column = (int(k) for k in np.argwhere(np.isnan(x))[0])
            raise DataError(f"row {row} lacks {self.columns_[column]!r}: fill it in first (predict)")
        z, noise = x @ self.unmixing_.T, np.empty((len(x), len(self.latents_)))
        labels = self._labels(given)
        for group in sorted(set(labels)):
            here = np.flatnonzero(labels == group)
            noise[here] = z[here] - z[here] @ self.weights_[group].T
        uniform = np.random.default_rng([self.config.seed, seed]).random((len(x) * draws, len(self.latents_)))
        return {"scores": np.repeat(x, draws, axis=0), "noise": np.repeat(noise, draws, axis=0), "uniform": uniform}

    def _solve(self, noise: Noise) -> Data:
        """The scores that rows of this noise would have had; what the latents do not explain is kept."""
        given = noise.given.take(np.repeat(np.arange(len(noise.given)), noise.draws))
        x, labels = noise.parts["scores"], self._labels(given)
        factual, z = x @ self.unmixing_.T, np.zeros((len(x), len(self.latents_)))
        for group in sorted(set(labels)):
            here = np.flatnonzero(labels == group)
            weights, part = self.weights_[group], np.zeros((len(here), len(self.latents_)))
            for k, latent in enumerate(self.latents_):
                part[:, k] = part @ weights[k] + noise.parts["noise"][here, k]
                if latent in self.held:
                    part[:, k] = self.held[latent].apply(part[:, k], noise.parts["uniform"][here, k], ())
            z[here] = part
        return self._with_scores(given, x + (z - factual) @ self.mixing_.T)

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """Missing scores, from the latents of the others; see `filling.py`."""
        x, labels = self._numbers(given), self._labels(given)
        answer = np.repeat(x, draws, axis=0)
        for k, group in enumerate(sorted(set(labels))):
            mean = self.means_[group]
            law = moments(
                self.weights_[group], self.noise_[group], self.mixing_, mean, self.unmixing_ @ mean, self.rest_,
                self.latents_, self.held,
            )  # fmt: skip
            rng = None if draws == 1 else np.random.default_rng([self.config.seed, seed, k])
            here = np.flatnonzero(np.repeat(labels, draws) == group)
            answer[here] = filled(answer[here], *law, rng)
        return self._with_scores(given.take(np.repeat(np.arange(len(given)), draws)), answer)

    def _encode(self, given: Given) -> Table:
        """The latents of rows, on the scale of the score each is named after; under `do` those that they would have."""
        if self.held:
            given = given.with_rows(self.solve(self.abduct(given)))
        return Table.of_numbers("z", self._numbers(given) @ self.unmixing_.T)

    def truth(self, given: Given, intervention: Intervention) -> Data | None:
        """None: a latent has the scale of a column here, which no world knows."""
        return None if intervention else given.rows

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Inexactness, what the latents explain, and the error of scores that are filled in; see `judge.py`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """The graph of every group, what a step in a latent changes, how sure the order is, names and groups."""
        return blocks(self)

    def _with_scores(self, given: Given, x: Values) -> Data:
        kinds = dict.fromkeys(self.columns_, "number")
        return given.data.with_known(dict(zip(self.columns_, x.T, strict=True)), kinds)

    def _labels(self, given: Given) -> NDArray[np.str_]:
        """The group of each row."""
        labels = groups_of(given, self.config)
        if odd := sorted(set(labels.tolist()) - set(self.groups_)):
            row = int(np.flatnonzero(labels == odd[0])[0])
            why = self.left_out_.get(odd[0], "the fit has not seen it")
            raise DataError(
                f"row {row} is of {odd[0]!r}, which has no weights: {why}; ask for rows of {join_names(self.groups_)}"
            )
        return labels

    def _numbers(self, given: Given) -> Values:
        self._need_fit()
        if missing := [name for name in self.columns_ if name not in given.table]:
            raise DataError(f"the rows lack {', '.join(missing)}")
        x, rescale = numbers(given.table, self.columns_), self.config.scales == "rescale"
        x = x * np.where(np.isin(self.columns_, self.in_shares_), 100.0, 1.0)
        usual = np.mean([self.means_[group] for group in self.groups_], axis=0)
        return on_one_scale(x, self.columns_, [""] * len(x), range(len(x)), rescale, usual)
