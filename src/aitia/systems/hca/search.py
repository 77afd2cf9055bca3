"""The search behind hierarchical component analysis: groups, unmixings, order, weights, and how sure they are.

Equations are those of `model.py`.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from aitia.engine import Progress
from aitia.errors import IdentifiabilityError, OptionError, unknown_variable
from aitia.graph.graph import Graph
from aitia.systems.hca.chance import alike_groups, order_again, unrelated_directions, unrelated_groups
from aitia.systems.hca.config import HCAConfig
from aitia.systems.hca.ica import independent_components
from aitia.systems.hca.ordering import Ordering, order_unmixings
from aitia.systems.hca.page import doubts
from aitia.systems.hca.reading import Alignment, LatentReading, ShareOfOrders, looks_gaussian, matched, read_latents
from aitia.systems.hca.shifts import ShiftEffect
from aitia.systems.hca.subspaces import sharing_groups, subspace_distances

__all__ = ["OrderSearch"]

Values = NDArray[np.float64]
ByGroup = Mapping[str, Values]


class OrderSearch:
    """Finds latents, order and weights in scores whose rows come in groups.

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
        dropped_: Rows left out of the fit, by reason.
        matched_: {base model: {column that told: rows}}, where rules found the groups.
        drawn_: What a rise of each latent by one of its standard deviations changes in the scores, in the bootstrap
            samples, {group: (resamples, scores, d)}.
    """

    config: HCAConfig
    columns_: tuple[str, ...]
    groups_: tuple[str, ...]
    large_: tuple[str, ...]
    left_out_: dict[str, str]
    distances_: Values
    latents_: tuple[str, ...]
    named_: tuple[str, ...]
    alignments_: tuple[Alignment, ...]
    unmixing_: Values
    mixing_: Values
    weights_: dict[str, Values]
    noise_: dict[str, Values]
    means_: ByGroup
    spread_: ByGroup
    inexactness_: dict[str, float]
    mic_: float
    null_: Values
    alike_: Values
    p_value_: float
    gaussian_: tuple[str, ...]
    converged_: dict[str, bool]
    orders_: tuple[ShareOfOrders, ...]
    drawn_: ByGroup
    control_: ByGroup
    ranges_: Values
    rest_: Values
    dropped_: dict[str, int]
    matched_: dict[str, dict[str, int]]
    unmatched_: tuple[str, ...]
    used_: int
    ordering_: Ordering

    # -- the search ----------------------------------------------------------------------------------------------------

    def _search(self, x: Values, labels: NDArray[np.str_], progress: Progress | None) -> None:
        """Latents, order and weights of scores (n, columns) with the group of each row, (n,)."""
        self._find_groups(x, labels)
        self.used_ = int(np.isin(labels, self.groups_).sum())
        rows = [x[labels == name] for name in self.groups_]
        rng = np.random.default_rng(self.config.seed)
        total = 1 + self.config.null_draws + self.config.permutations + self.config.resamples

        def step(number: int) -> None:
            if progress is not None:
                progress("hierarchical components", number, total)

        components = [
            independent_components(part, self.config.factors, starts=self.config.starts, seed=self.config.seed)
            for part in rows
        ]
        found = self._read(order_unmixings(np.stack([c.unmixing for c in components]), beam=self.config.beam), rows)
        self.converged_ = {name: c.converged for name, c in zip(self.groups_, components, strict=True)}
        self.gaussian_ = tuple(
            name
            for name, found, part in zip(self.groups_, components, rows, strict=True)
            if looks_gaussian(found, len(part))
        )
        step(1)
        c = self.config
        self.null_ = unrelated_groups(rows, c.factors, c.null_draws, rng, beam=c.beam, told=lambda k: step(1 + k))
        self.p_value_ = float((1 + (self.null_ <= self.mic_).sum()) / (1 + len(self.null_)))
        done = 1 + c.null_draws
        self.alike_ = alike_groups(
            rows, c.factors, c.permutations, rng, starts=c.starts, beam=c.beam, told=lambda k: step(done + k)
        )
        self._resample(rows, found.shifts, rng, lambda k: step(done + c.permutations + k))
        by_chance = unrelated_directions(rows, c.factors, np.random.default_rng([c.seed, 57]), beam=c.beam)
        self.control_ = {
            name: matched(directions, self._shift_directions(name))
            for name, directions in zip(self.groups_, by_chance, strict=True)
        }

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

    def _read(self, order: Ordering, rows: Sequence[Values]) -> LatentReading:
        """Names, scales and weights from H and B, equation (2)."""
        self.ordering_ = order
        found = read_latents(order, rows, self.columns_)
        self.alignments_, self.named_ = found.alignments, found.named
        self.latents_ = tuple(f"z{k + 1}" for k in range(self.config.factors))
        self.unmixing_, self.mixing_ = found.unmixing, found.mixing
        self.weights_ = dict(zip(self.groups_, found.weights, strict=True))
        self.noise_ = dict(zip(self.groups_, found.noise, strict=True))
        self.spread_ = dict(zip(self.groups_, found.spread, strict=True))
        self.inexactness_ = dict(zip(self.groups_, order.inexactness.tolist(), strict=True))
        self.mic_ = order.mic
        self.means_ = {name: part.mean(axis=0) for name, part in zip(self.groups_, rows, strict=True)}
        z = np.concatenate(rows) @ self.unmixing_.T
        self.ranges_ = np.stack([z.min(axis=0), z.max(axis=0)])
        left = [
            (part - part.mean(axis=0)) @ (np.eye(len(self.columns_)) - self.mixing_ @ self.unmixing_).T for part in rows
        ]
        self.rest_ = np.concatenate(left).var(axis=0)
        return found

    # -- how sure ------------------------------------------------------------------------------------------------------

    def _resample(
        self, rows: Sequence[Values], point: Values, rng: np.random.Generator, told: Callable[[int], None]
    ) -> None:
        """Orders and effects of bootstrap samples, drawn within groups; each is read anew by (2), scale included."""
        orders: dict[tuple[str, ...], int] = {}
        drawn: dict[str, list[Values]] = {name: [] for name in self.groups_}
        for k in range(self.config.resamples):
            sample = [part[rng.integers(0, len(part), len(part))] for part in rows]
            order = order_again(sample, self.config.factors, starts=self.config.starts, beam=self.config.beam)
            found = read_latents(order, sample, self.columns_)
            orders[found.named] = orders.get(found.named, 0) + 1
            for name, shifts, to in zip(self.groups_, found.shifts, point, strict=True):
                drawn[name].append(matched(shifts, to))
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
        return doubts(self)

    # -- what was found ------------------------------------------------------------------------------------------------

    def union_graph(self) -> Graph:
        """Every edge that the order allows and that is stronger than `least_edge` in some group."""
        self._need_fit()
        return self._graph(self.groups_, self.config.least_edge)

    def _graph(self, groups: Sequence[str], least: float) -> Graph:
        edges = []
        for i, effect in enumerate(self.latents_):
            for j, cause in enumerate(self.latents_[:i]):
                strength = max(
                    abs(self.weights_[g][i, j]) * self.spread_[g][j] / max(self.spread_[g][i], 1e-12) for g in groups
                )
                if strength > least:
                    edges.append((cause, effect))
        return Graph(edges, nodes=self.latents_)

    def shift_effects(self, latent: str, group: str, *, spreads: float = 1.0) -> tuple[ShiftEffect, ...]:
        """What `do(latent += spreads sd)` changes in each score of a group; sd is the latent's own in that group.

        The direction is identified; its length rests on (2). The interval is the percentile interval of a bootstrap
        that repeats all of it, the choice of the order and the scale of (2) included. It need not hold the estimate:
        where independent component analysis of few rows errs to one side, so do its bootstrap samples, and an end that
        is moved to the estimate would cover more on one side and say so nowhere.

        Raises:
            UnknownVariableError: If there is no such latent.
            OptionError: If there is no such group.
        """
        place, name = self._latent(latent), self._group(group)
        step = float(spreads * self.spread_[name][place] / self.noise_[name][place])
        change = self._shift_directions(name)[:, place] * step
        drawn = self.drawn_[name]
        ends = [
            np.quantile(drawn[:, :, place] * spreads, q, axis=0) if len(drawn) else np.nan * change
            for q in (0.025, 0.975)
        ]
        return tuple(
            ShiftEffect(name, latent, score, float(c), float(a), float(b))
            for score, c, a, b in zip(self.columns_, change, *ends, strict=True)
        )

    def _latent(self, name: str) -> int:
        if name not in self.latents_:
            raise unknown_variable(name, self.latents_, "system")
        return self.latents_.index(name)

    def _group(self, name: str) -> str:
        if name not in self.weights_:
            raise OptionError(f"there is no group {name!r}; there are {', '.join(self.weights_)}")
        return name

    def _need_fit(self) -> None:
        if not hasattr(self, "ordering_"):
            raise OptionError("this HCA has not been fitted: call fit first")
