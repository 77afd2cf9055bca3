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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from aitia.do import Intervention
from aitia.engine import Progress
from aitia.errors import DataError, IdentifiabilityError, OptionError, unknown_variable
from aitia.graph.graph import Graph
from aitia.saving import SavedArrays
from aitia.stats.ica import independent_components
from aitia.stats.subspaces import sharing_groups, subspace_distances
from aitia.systems.hca.card import CARD
from aitia.systems.hca.chance import alike_groups, order_again, unrelated_groups
from aitia.systems.hca.ordering import Ordering, order_unmixings
from aitia.systems.hca.reading import (
    ShareOfOrders,
    aligned,
    checked_scores,
    group_labels,
    looks_gaussian,
    matched,
    numbers,
    score_table,
)
from aitia.systems.hca.state import restore, state

__all__ = ["HCA", "HCAConfig", "ShareOfOrders", "ShiftEffect"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class HCAConfig:
    """How to look.

    Args:
        factors: d, latents.
        starts: Of independent component analysis, for each group.
        least_rows: Groups with fewer are left out; at least 50.
        apart: Groups whose principal subspaces are further apart are not put together.
        draws: Of unrelated groups, behind the null distribution of the inexactness; at least 20.
        permutations: Of the rows between groups; at least 20.
        resamples: Bootstrap samples behind the order's share and the intervals.
        beam: Choices of rows that are followed at most.
        seed: Of everything drawn.

    Raises:
        OptionError: If a number is out of range.
    """

    factors: int = 3
    starts: int = 10
    least_rows: int = 100
    apart: float = 0.05
    draws: int = 100
    permutations: int = 20
    resamples: int = 100
    beam: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        least = {"factors": 2, "starts": 1, "least_rows": 50, "draws": 20, "permutations": 20, "resamples": 0}
        least |= {"beam": 1, "seed": 0}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise OptionError(f"{name} is at least {low}, got {getattr(self, name)}")
        if not 0 < self.apart < 1:
            raise OptionError(f"apart is between 0 and 1, got {self.apart}")


@dataclass(frozen=True)
class ShiftEffect:
    """What a shift of one latent changes in one score.

    Args:
        group: Where.
        latent: What is shifted.
        score: What changes.
        change: By how much.
        low: Lower end of the 95 % bootstrap interval; NaN without resamples.
        high: Upper end.
    """

    group: str
    latent: str
    score: str
    change: float
    low: float
    high: float


class HCA(SavedArrays):
    """Latent capabilities of a table whose rows come in groups; see the module.

    Args:
        config: Options of `HCAConfig` as keywords.

    Attributes:
        columns_: The scores.
        groups_: Those that share a subspace, largest first; the others stand in `left_out_` with the reason.
        distances_: Of the principal subspaces of all large groups, (large groups, large groups), named by `large_`.
        latents_: `z1` (the source) to `zd` (the sink).
        named_: The score that each latent is named after.
        alignments_: Every latent beside every score.
        unmixing_: H on the scale of (2), (d, scores).
        mixing_: G, (scores, d).
        weights_: A_k, {group: (d, d)}, lower triangular; [i, j] is the edge from z_j to z_i.
        noise_: Standard deviations of the noise, {group: (d,)}.
        inexactness_: {group: number}.
        mic_: The largest of them.
        null_: `mic_` of unrelated groups, (draws,).
        alike_: `mic_` of groups alike, (permutations,).
        p_value_: Share of `null_` that is as small, the data counted in.
        gaussian_: Groups in which two or more sources cannot be told from Gaussian ones.
        orders_: Orders of the bootstrap samples with their shares, most frequent first.
        drawn_: What one standard deviation of noise does in the bootstrap samples, {group: (resamples, scores, d)}.

    Example:
        >>> from aitia.worlds.capabilities import CapabilitiesWorld
        >>> world = CapabilitiesWorld(seed=3)
        >>> sample = world.sample(2000, seed=0)
        >>> found = HCA(resamples=0, draws=20).fit(world.render(sample), sample.labels)
        >>> found.mic_ < 0.05, found.p_value_ < 0.05
        (True, True)
    """

    card = CARD

    def __init__(self, **config: Any) -> None:
        known = {field.name for field in fields(HCAConfig)}
        if unknown := sorted(set(config) - known):
            raise OptionError(f"HCA has no option {unknown[0]!r}; it has {', '.join(sorted(known))}")
        self.config = HCAConfig(**config)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options, as scikit-learn asks for them."""
        return {field.name: getattr(self.config, field.name) for field in fields(HCAConfig)}

    def set_params(self, **options: Any) -> Self:
        """Other options, as scikit-learn gives them."""
        self.config = HCAConfig(**{**self.get_params(), **options})
        return self

    # -- fit -----------------------------------------------------------------------------------------------------------

    def fit(self, X: Any, groups: Sequence[Any] | NDArray[Any], progress: Progress | None = None) -> Self:
        """Finds latents, order and weights.

        Args:
            X: Scores (n, columns): numpy, pandas, polars, Arrow or a `Table`; whole rows.
            groups: (n,) the base model of each row; None, NaN or an empty text for a row without one, left out.
            progress: Told how far it is.

        Raises:
            DataError: If a score is missing, constant, a copy of another, or on another scale than the rest.
            IdentifiabilityError: If fewer than d + 1 groups of enough rows share a subspace.
        """
        scores, labels = score_table(X), group_labels(groups)
        if len(labels) != scores.n:
            raise DataError(f"there are {scores.n} rows and {len(labels)} groups: one group a row")
        x = checked_scores(scores, self.config.factors)
        self.columns_ = scores.names
        self._find_groups(x, labels)
        rows = [x[labels == name] for name in self.groups_]
        rng = np.random.default_rng(self.config.seed)
        total = 1 + self.config.draws + self.config.permutations + self.config.resamples

        def step(number: int) -> None:
            if progress is not None:
                progress("hierarchical components", number, total)

        components = [
            independent_components(part, self.config.factors, starts=self.config.starts, seed=self.config.seed)
            for part in rows
        ]
        self._read(order_unmixings(np.stack([c.unmixing for c in components]), beam=self.config.beam), rows)
        self.converged_ = {name: c.converged for name, c in zip(self.groups_, components, strict=True)}
        self.gaussian_ = tuple(
            name
            for name, found, part in zip(self.groups_, components, rows, strict=True)
            if looks_gaussian(found, len(part))
        )
        step(1)
        c = self.config
        self.null_ = unrelated_groups(rows, c.factors, c.draws, rng, beam=c.beam, told=lambda k: step(1 + k))
        self.p_value_ = float((1 + (self.null_ <= self.mic_).sum()) / (1 + len(self.null_)))
        done = 1 + c.draws
        self.alike_ = alike_groups(
            rows, c.factors, c.permutations, rng, starts=c.starts, beam=c.beam, told=lambda k: step(done + k)
        )
        self._resample(rows, rng, lambda k: step(done + c.permutations + k))
        return self

    def _find_groups(self, x: Values, labels: NDArray[np.str_]) -> None:
        d, least = self.config.factors, self.config.least_rows
        names, counts = np.unique(labels[labels != ""], return_counts=True)
        by_size = [(str(names[k]), int(counts[k])) for k in np.argsort(-counts, kind="stable")]
        if len(by_size) < 2:
            raise IdentifiabilityError(
                f"the rows are of {len(by_size)} group: the order of latents shows only where groups differ"
            )
        self.large_ = tuple(name for name, count in by_size if count >= least)
        self.left_out_ = {name: f"{count} rows, fewer than {least}" for name, count in by_size if count < least}
        self.distances_ = subspace_distances([x[labels == name] for name in self.large_], d)
        chosen = sharing_groups(self.distances_, self.config.apart)
        self.groups_ = tuple(self.large_[k] for k in chosen)
        for k, name in enumerate(self.large_):
            if k not in chosen:
                distance = float(np.mean([self.distances_[k, other] for other in chosen]))
                self.left_out_[name] = f"another subspace: {distance:.2f} from those kept, at most {self.config.apart}"
        if len(self.groups_) < d + 1:
            raise IdentifiabilityError(
                f"{d} latents need {d + 1} groups of {least} rows or more that share a subspace, found "
                f"{len(self.groups_)} ({', '.join(self.groups_) or 'none'}); of {len(self.large_)} large groups"
            )

    def _read(self, order: Ordering, rows: Sequence[Values]) -> None:
        """Names, scales and weights from H and B, equation (2)."""
        self.ordering_ = order
        remix, self.alignments_, self.named_ = aligned(order, rows, self.columns_)
        self.latents_ = tuple(f"z{k + 1}" for k in range(self.config.factors))
        self.unmixing_ = remix @ order.shared
        self.mixing_ = np.linalg.pinv(self.unmixing_)
        self.weights_, self.noise_ = {}, {}
        for name, triangular in zip(self.groups_, order.triangular @ np.linalg.inv(remix), strict=True):
            diagonal = np.diagonal(triangular)
            self.weights_[name] = np.eye(len(diagonal)) - triangular / diagonal[:, None]
            self.noise_[name] = np.abs(1 / diagonal)
        self.inexactness_ = dict(zip(self.groups_, order.inexactness.tolist(), strict=True))
        self.mic_ = order.mic
        self.means_ = {name: part.mean(axis=0) for name, part in zip(self.groups_, rows, strict=True)}
        self.spread_ = {
            name: (part @ self.unmixing_.T).std(axis=0) for name, part in zip(self.groups_, rows, strict=True)
        }

    # -- a folder ------------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        if not hasattr(self, "ordering_"):
            raise OptionError("this HCA has not been fitted: call fit first")
        return state(self)

    @classmethod
    def _restored(cls, options: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        model = cls(**options["config"])
        restore(model, options, arrays)
        return model

    # -- how sure ------------------------------------------------------------------------------------------------------

    def _resample(self, rows: Sequence[Values], rng: np.random.Generator, told: Callable[[int], None]) -> None:
        """Orders and effects of bootstrap samples, drawn within groups."""
        point = {name: self._shift_directions(name) for name in self.groups_}
        orders: dict[tuple[str, ...], int] = {}
        drawn: dict[str, list[Values]] = {name: [] for name in self.groups_}
        for k in range(self.config.resamples):
            sample = [part[rng.integers(0, len(part), len(part))] for part in rows]
            order = order_again(sample, self.config.factors, starts=self.config.starts, beam=self.config.beam)
            named = aligned(order, sample, self.columns_)[2]
            orders[named] = orders.get(named, 0) + 1
            inverse = np.linalg.pinv(order.triangular @ order.shared)
            for name, directions in zip(self.groups_, inverse, strict=True):
                drawn[name].append(matched(directions, point[name]))
            told(k + 1)
        total = max(self.config.resamples, 1)
        ranked = sorted(orders.items(), key=lambda item: (-item[1], item[0]))
        self.orders_ = tuple(ShareOfOrders(named, count / total) for named, count in ranked)
        self.drawn_ = {name: np.array(values) for name, values in drawn.items()}

    def _shift_directions(self, group: str) -> Values:
        """What one standard deviation of noise in each latent does to the scores, (scores, d)."""
        inverse = np.linalg.inv(np.eye(len(self.latents_)) - self.weights_[group])
        directions: Values = np.asarray(self.mixing_ @ inverse * self.noise_[group], dtype=np.float64)
        return directions

    def position_shares(self) -> dict[str, dict[str, float]]:
        """For each place in the order, in which share of the bootstrap samples each score named the latent there."""
        found: dict[str, dict[str, float]] = {}
        for place, latent in enumerate(self.latents_):
            shares: dict[str, float] = {}
            for order in self.orders_:
                shares[order.scores[place]] = shares.get(order.scores[place], 0.0) + order.share
            found[latent] = dict(sorted(shares.items(), key=lambda item: -item[1]))
        return found

    @property
    def doubts_(self) -> tuple[str, ...]:
        """What speaks against the result, one sentence each; empty where nothing does."""
        said = []
        if self.gaussian_:
            said.append(
                f"not identifiable: two or more sources of {', '.join(self.gaussian_)} cannot be told from Gaussian "
                "ones"
            )
        if self.p_value_ > 0.05:
            said.append(
                f"the order may be an accident: unrelated groups have an inexactness of {self.mic_:.3f} or less in "
                f"{(self.null_ <= self.mic_).mean():.0%} of draws"
            )
        if self.orders_ and self.orders_[0].share < 0.5:
            share = f"{self.orders_[0].share:.0%}"
            said.append(f"the order is not stable: the most frequent one has {share} of the resamples")
        if stuck := [name for name, converged in self.converged_.items() if not converged]:
            said.append(f"independent component analysis did not converge in {', '.join(stuck)}")
        if not self.ordering_.exact:
            said.append("not every choice of rows was followed: raise beam")
        return tuple(said)

    # -- the verbs -----------------------------------------------------------------------------------------------------

    def graph(self, group: str | None = None, least: float = 0.0) -> Graph:
        """The latents' graph: every edge that the order allows and that is stronger than `least` in a group, or any.

        Args:
            group: Whose weights count; None draws an edge that some group has.
            least: Of the size of a weight times the standard deviation of the cause over that of the effect.
        """
        groups = self.groups_ if group is None else (self._group(group),)
        edges = []
        for i, effect in enumerate(self.latents_):
            for j, cause in enumerate(self.latents_[:i]):
                strength = max(
                    abs(self.weights_[g][i, j]) * self.spread_[g][j] / max(self.spread_[g][i], 1e-12) for g in groups
                )
                if strength > least:
                    edges.append((cause, effect))
        return Graph(edges, nodes=self.latents_)

    def transform(self, X: Any) -> Values:
        """The latents of rows, (n, d), each on the scale of the score that it is named after."""
        return self._rows(X) @ self.unmixing_.T

    def shift_effects(self, latent: str, group: str, *, spreads: float = 1.0) -> tuple[ShiftEffect, ...]:
        """What `do(latent += spreads sd)` changes in each score of a group; sd is the latent's own in that group.

        The direction is identified; its length rests on (2).

        Raises:
            UnknownVariableError: If there is no such latent.
            OptionError: If there is no such group.
        """
        place, name = self._latent(latent), self._group(group)
        step = float(spreads * self.spread_[name][place] / self.noise_[name][place])
        change = self._shift_directions(name)[:, place] * step
        drawn = self.drawn_[name]
        ends = [
            np.quantile(drawn[:, :, place] * step, q, axis=0) if len(drawn) else np.nan * change for q in (0.025, 0.975)
        ]
        return tuple(
            ShiftEffect(name, latent, score, float(c), float(a), float(b))
            for score, c, a, b in zip(self.columns_, change, *ends, strict=True)
        )

    def counterfactual(self, X: Any, do: Intervention | Mapping[str, Any] | str, *, group: str) -> Values:
        """The scores that rows of a group would have had; what the latents do not explain is kept.

        Args:
            X: Rows of all columns.
            do: Of latents, such as `do(z2=shift(5))`, on the scale of the score each is named after.
            group: Whose weights hold.

        Raises:
            UnknownVariableError: If a latent is not there.
        """
        intervention = Intervention.parse(do) if isinstance(do, str) else Intervention(do)
        for target, action in intervention.items():
            self._latent(target)
            action.check(target, ())
        name, x = self._group(group), self._rows(X)
        factual = x @ self.unmixing_.T
        weights, z = self.weights_[name], np.zeros_like(factual)
        noise = factual - factual @ weights.T
        rng = np.random.default_rng(self.config.seed)
        for k, latent in enumerate(self.latents_):
            z[:, k] = z @ weights[k] + noise[:, k]
            if latent in intervention:
                z[:, k] = intervention[latent].apply(z[:, k], rng.random(len(z)), ())
        answer: Values = x + (z - factual) @ self.mixing_.T
        return answer

    def _latent(self, name: str) -> int:
        if name not in self.latents_:
            raise unknown_variable(name, self.latents_, "model")
        return self.latents_.index(name)

    def _group(self, name: str) -> str:
        if name not in self.weights_:
            raise OptionError(f"there is no group {name!r}; there are {', '.join(self.weights_)}")
        return name

    def _rows(self, X: Any) -> Values:
        scores = score_table(X)
        if isinstance(X, np.ndarray):
            if scores.n and len(scores.names) != len(self.columns_):
                raise DataError(f"rows have {len(self.columns_)} scores, got {len(scores.names)}")
            return numbers(scores, scores.names)
        if missing := [name for name in self.columns_ if name not in scores]:
            raise DataError(f"the rows lack {', '.join(missing)}")
        return numbers(scores, self.columns_)
