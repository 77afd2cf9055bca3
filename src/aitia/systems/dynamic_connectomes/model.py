r"""Dynamic connectomes: which pairs of units change together, when, and in which animals, as a sum of motifs.

    a_wp(t) ≈ Σ_r T_tr W_wr P_pr,   T, W, P >= 0,   over the pairs p that animal w has                               (1)

a is the differential affinity of `affinity.py`, in bins of time. T says when a motif is on, W in which animals, P for
which pairs of units; the communities of a motif are the groups of a nested weighted stochastic block model of P_:r. The
rank is the largest whose restarts agree on every motif. Stimuli are not used; they only help to read T.

Affinity is symmetric, and what moves together need not drive each other. A motif predicts what silencing a unit would
do at least (its own pairs go) and at most (all of its community goes); only recordings under that intervention tell
which, and `course` measures them on the scale of the fit.

Source:
    Dyballa et al., Learning dynamic representations of the functional connectome in neurobiological networks, ICLR
    2024. The rule for the rank is ours: the source's was not at hand.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self, cast

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.recordings import Recordings
from aitia.data.table import Table
from aitia.do import Intervention
from aitia.engine import Progress
from aitia.errors import DataError, OptionError, join_names
from aitia.report import Block
from aitia.runs import QUIET, RunStore
from aitia.saving import SavedArrays
from aitia.system import Encodes, Explains, Given, Scores, Target, Targets, Training
from aitia.systems.dynamic_connectomes.affinity import (
    Affinity,
    differential_affinity,
    pair_matrix,
    pair_places,
    shifted,
)
from aitia.systems.dynamic_connectomes.block_model import fit_blocks, need_engine
from aitia.systems.dynamic_connectomes.card import CARD
from aitia.systems.dynamic_connectomes.config import DynamicConnectomesConfig
from aitia.systems.dynamic_connectomes.judge import judged
from aitia.systems.dynamic_connectomes.motif import Motif
from aitia.systems.dynamic_connectomes.page import blocks, notes, warned
from aitia.systems.dynamic_connectomes.state import restore, state
from aitia.systems.dynamic_connectomes.tensor_factors import choose_rank, factorize, nonnegative_rows, sweep_ranks

__all__ = ["DynamicConnectomes"]

Values = NDArray[Any]
LEAST = 1e-3
"""Pair weights below this share of the largest are no edge."""


class DynamicConnectomes(SavedArrays, Encodes, Explains):
    """Motifs of units that change together; see the module.

    Attributes:
        motifs_: In the order of their centre in time.
        rank_: How many.
        sweep_: For each rank tried {"rank", "error", "stability", "weakest"}: the mean congruence of restarts, and that
            of the motif that is found again least; empty where the rank was given.
        error_: Root mean squared error of (1), as a share of that of zero.
        units_, animals_: Names.
        null_error_: The same error where every signal is turned in a circle, (permutations,).
        warnings_: What to keep in mind, in sentences.

    Example:
        >>> from aitia.worlds.calcium import CalciumWorld
        >>> world = CalciumWorld()  # three phases of 20 bins each
        >>> found = DynamicConnectomes(rank=3).fit(world.signals(world.sample(8)))
        >>> [int(motif.times.argmax()) // 20 for motif in found.motifs_]
        [0, 1, 2]
    """

    card = CARD
    Config = DynamicConnectomesConfig
    config: DynamicConnectomesConfig

    # -- fit -----------------------------------------------------------------------------------------------------------

    def work(self, given: Given) -> str:
        """Ranks, restarts and the size of the tensor."""
        recordings, config = _recordings(given), self.config
        units, bins = len(recordings.units), recordings.frames // config.bin_frames
        ranks = f"ranks 1 to {min(config.most, bins)}" if config.rank is None else f"rank {config.rank}"
        return (
            f"{ranks}, {config.starts} restarts each, of {bins} bins x {len(recordings)} animals x "
            f"{units * (units - 1) // 2} pairs"
        )

    def _fit(self, given: Given, run: RunStore) -> None:
        """Finds motifs in recordings of several animals.

        Raises:
            DataError: If every pair is masked, or no two units rise together.
            OptionError: If a bin is longer than the recordings, or the rank larger than the tensor allows.
            MissingExtraError: If graph-tool is asked for and not installed.
        """
        self._find(_recordings(given), run.progress)

    def fit_affinity(self, affinity: Affinity, run: RunStore = QUIET) -> Self:
        """Finds motifs in affinities, however they were measured; otherwise as `fit`.

        Raises:
            OptionError: If permutations are asked for, which turn signals.
        """
        self._find(affinity, run.progress)
        return self

    def _find(self, X: Recordings | Affinity, progress: Progress | None) -> None:
        config = self.config
        need_engine(config.engine)
        if config.permutations and isinstance(X, Affinity):
            raise OptionError("the control turns signals in a circle: fit to recordings, or leave permutations at 0")
        affinity = X if isinstance(X, Affinity) else self.affinity(X)
        most = min(config.most, affinity.bins, affinity.mask.size)
        total = (most if config.rank is None else 1) + config.permutations
        step = _Steps(progress, total)
        options: dict[str, Any] = {
            "iterations": config.iterations,
            "tolerance": config.tolerance,
            "seed": config.seed,
        }
        self.sweep_: tuple[dict[str, float], ...] = ()
        if config.rank is None:
            swept = sweep_ranks(
                affinity.tensor, affinity.mask, range(1, most + 1), starts=config.starts, told=step.at, **options
            )
            best = choose_rank(swept, config.agreement, every=config.every_motif).best
            self.sweep_ = tuple(
                {"rank": s.rank, "error": s.error, "stability": s.stability, "weakest": s.weakest} for s in swept
            )
        else:
            best = factorize(affinity.tensor, affinity.mask, rank=config.rank, starts=config.starts, **options)[0]
            step.at(1)
        self.units_, self.animals_, self.rank_, self.error_ = affinity.units, affinity.animals, best.rank, best.error
        self.bin_frames_, self.rate_, self.bins_ = affinity.bin_frames, affinity.rate, affinity.bins
        self.scales_, self.mask_ = affinity.scales, affinity.mask
        self.warnings_ = () if isinstance(X, Affinity) else X.warnings
        if unseen := int((~affinity.mask.any(axis=0)).sum()):
            self.warnings_ += (
                f"{unseen} of {affinity.mask.shape[1]} pairs are in no animal: they count as no affinity.",
            )
        self.factors_ = tuple(np.ascontiguousarray(part) for part in (best.first, best.second, best.third))
        blocks = [self._communities(best.third[:, r]) for r in range(best.rank)]
        self.motifs_ = self._motifs(blocks)
        self.null_error_ = np.array([])
        if not isinstance(X, Affinity):
            self._control(X, step, total - config.permutations)

    @property
    def p_value_(self) -> float:
        """Share of `null_error_` that is as small as the error, the data counted in; NaN without permutations."""
        count = len(self.null_error_)
        return (1 + int((self.null_error_ <= self.error_).sum())) / (1 + count) if count else float("nan")

    def affinity(self, recordings: Recordings, scales: NDArray[np.float64] | None = None) -> Affinity:
        """The affinities of recordings, each derivative in units of its own spread or of `scales`."""
        c = self.config
        return differential_affinity(
            recordings,
            bin_frames=c.bin_frames,
            smooth=c.smooth,
            symmetric=c.symmetric,
            detrend=c.detrend,
            shifts=c.shifts,
            chance=c.chance,
            scales=scales,
            seed=c.seed,
        )

    def _communities(self, pairs: Values) -> tuple[NDArray[np.int64], ...]:
        matrix = pair_matrix(np.asarray(pairs, dtype=np.float64), len(self.units_))
        matrix[matrix < LEAST * matrix.max()] = 0
        if not matrix.any():
            return (np.zeros(len(self.units_), dtype=np.int64),)
        config = self.config
        return fit_blocks(matrix, starts=config.orders, seed=config.seed, engine=config.engine).levels

    def _motifs(self, levels: Sequence[tuple[NDArray[np.int64], ...]]) -> tuple[Motif, ...]:
        times, animals, pairs = self.factors_
        seconds = (np.arange(self.bins_) + 0.5) * self.bin_frames_ / self.rate_
        return tuple(
            Motif(r, times[:, r], animals[:, r], pairs[:, r], self.units_, levels[r], seconds)
            for r in range(self.rank_)
        )

    def _control(self, recordings: Recordings, step: "_Steps", done: int) -> None:
        """The error that as many motifs reach where units have nothing to do with each other."""
        config, found = self.config, []
        for k in range(config.permutations):
            turned = self.affinity(shifted(recordings, config.seed + k))
            answer = factorize(
                turned.tensor,
                turned.mask,
                rank=self.rank_,
                starts=max(config.starts // 4, 1),
                iterations=config.iterations,
                tolerance=config.tolerance,
                seed=config.seed,
            )[0]
            found.append(answer.error)
            step.at(done + k + 1)
        self.null_error_ = np.array(found)

    # -- reading -------------------------------------------------------------------------------------------------------

    def community_map(self) -> NDArray[np.int64]:
        """(bins, units): the community of each unit in the largest motif of the bin, numbered through all motifs."""
        self._fitted()
        times, animals, pairs = self.factors_
        size = times * animals.mean(axis=0) * np.linalg.norm(pairs, axis=0)
        offset = np.cumsum([0, *[int(motif.labels.max()) + 1 for motif in self.motifs_[:-1]]])
        largest = size.argmax(axis=1)
        return np.stack([self.motifs_[r].labels + offset[r] for r in largest])

    def affinities(self, *data: Any, hidden: NDArray[np.bool_] | None = None, **roles: Any) -> Values:
        """The affinities that the motifs say, (bins, animals, pairs), also of pairs that nobody saw.

        Under `do` the pairs of silent units have none: what goes at least.

        Args:
            data: Other animals, or their `Affinity`; how much of each motif they have comes from the pairs that they
                have. None gives the animals of the fit.
            hidden: (animals, pairs), pairs of theirs that are not to be looked at.
            roles: As in `fit`.

        Raises:
            DataError: If the animals have none of the units, or other bins than the fit.
        """
        self._fitted()
        times, animals, pairs = self.factors_
        if data and data[0] is not None:
            asked = data[0] if isinstance(data[0], Affinity) else _recordings(self.given(*data, **roles))
            animals = self._animals(asked, hidden=hidden)
        made: Values = np.einsum("tr,wr,pr->twp", times, animals, pairs, optimize=True)
        return made * ~self._silent_pairs()

    def _animals(
        self, recordings: Recordings | Affinity, *, hidden: NDArray[np.bool_] | None = None, silent: bool = False
    ) -> NDArray[np.float64]:
        """How much of each motif animals have, (animals, rank), the times and pairs held."""
        self._fitted()
        affinity = self._affinities(recordings)
        seen = affinity.mask if hidden is None else affinity.mask & ~hidden
        times, _, pairs = (np.asarray(part, dtype=np.float64) for part in self.factors_)
        left = seen & ~self._silent_pairs() if silent else seen
        products = np.einsum("twp,tr,pr->wr", affinity.tensor * left, times, pairs, optimize=True)
        gram = (times.T @ times) * np.einsum("wp,pr,ps->wrs", seen.astype(float), pairs, pairs, optimize=True)
        return nonnegative_rows(products, gram)

    def course(
        self, recordings: Recordings, motif: int, *, community: int | None = None, scales: Literal["fit", "own"] = "fit"
    ) -> NDArray[np.float64]:
        """How strong a motif, or one community of it, is in every bin, (bins,), its animals and pairs held.

        Args:
            recordings: The animals of the fit, such as what they would have been under `do`.
            motif: Its number.
            community: Only the pairs inside of it.
            scales: `fit` measures changes in the units of the fit, so that a silenced unit is not blown up; `own` in
                their own.

        Raises:
            DataError: If the animals are others than those of the fit.
            OptionError: If there is no such motif.
        """
        self._fitted()
        if not 0 <= motif < self.rank_:
            raise OptionError(f"there are motifs 0 to {self.rank_ - 1}, got {motif}")
        if scales == "fit" and (recordings.animals != self.animals_ or recordings.units != self.units_):
            raise DataError("on the scale of the fit there are only its own animals and units: say scales='own'")
        affinity = self.affinity(recordings, self.scales_ if scales == "fit" else None)
        if affinity.tensor.shape[1] != len(self.animals_):
            raise DataError(f"the motif knows {len(self.animals_)} animals, got {affinity.tensor.shape[1]}")
        of = self.motifs_[motif]
        seen = affinity.mask & self.mask_
        if community is not None:
            seen = seen & of.inside(community)
        weights = np.outer(of.animals, of.pairs) * seen
        size = float((weights**2).sum())
        if size == 0:
            raise DataError(f"no animal has a pair of this community of motif {motif}")
        return np.asarray(np.einsum("twp,wp->t", affinity.tensor, weights, optimize=True) / size, dtype=np.float64)

    def _affinities(self, recordings: Recordings | Affinity) -> Affinity:
        """Of other animals, on the units of the fit."""
        affinity = recordings if isinstance(recordings, Affinity) else self.affinity(recordings.of_units(self.units_))
        if affinity.units != self.units_:
            raise DataError(f"the fit has the units {join_names(self.units_)}: give affinities on the same list")
        if affinity.bins != self.bins_ or not np.isclose(affinity.rate, self.rate_):
            raise DataError(
                f"the fit has {self.bins_} bins at {self.rate_:g} frames a second, these animals {affinity.bins} at "
                f"{affinity.rate:g}: bring them to the same times by resampling or cutting"
            )
        return affinity

    def _fitted(self) -> None:
        if not hasattr(self, "motifs_"):
            raise OptionError("nothing has been fitted yet: call fit first")

    # -- the verbs -----------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """The units."""
        self._fitted()
        return Targets(Target(unit, ("silent",), about="takes the pairs of the unit away") for unit in self.units_)

    def _silent_pairs(self) -> NDArray[np.bool_]:
        """(pairs,), which pairs have a unit that is silent."""
        silent = np.isin(self.units_, [str(target) for target in self.held.targets])
        i, j = pair_places(len(self.units_))
        return np.asarray(silent[i] | silent[j])

    def _encode(self, given: Given) -> Table:
        """How much of each motif each animal has, (animals, motifs), the times and pairs of the fit held.

        Under `do` the pairs of silent units count as no affinity: what goes at least, if they drive nobody.
        """
        found = self._animals(_recordings(given), silent=True)
        names = [f"motif {r + 1}" for r in range(found.shape[1])]
        return Table.of(dict(zip(names, found.T, strict=True)), kinds=dict.fromkeys(names, "number"))

    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """Which share of the affinities of its community silencing a unit takes, in each motif.

        `low` if it drives nobody (its own pairs go), `high` if it drives all of them; `effect` is `low`, what is sure.
        The control is the share of the pairs of another community that goes, which is none.
        """
        self._fitted()
        names = [f"motif {r + 1}" for r in range(self.rank_)]
        if outcome is not None and outcome not in names:
            raise OptionError(f"there are {join_names(names)}, got {outcome!r}")
        lines: dict[str, list[Any]] = {name: [] for name in (*_LABELS, *_NUMBERS)}
        for motif, name in zip(self.motifs_, names, strict=True):
            for unit in self.units_ if outcome in (None, name) else ():
                if target in (None, unit):
                    told = motif.silencing(unit)
                    cells = (unit, name, ", ".join(told.community), told.alone, told.alone, told.drives, 0.0)
                    for column, cell in zip(lines, (*cells, *told.window), strict=True):
                        lines[column].append(cell)
        return Table.of(lines, kinds={**dict.fromkeys(_LABELS, "label"), **dict.fromkeys(_NUMBERS, "number")})

    def truth(self, given: Given, intervention: Intervention) -> Data | None:
        """The recordings of a world in which the units are held at rest."""
        return given.truth(Intervention(dict.fromkeys(intervention.targets, 0.0)))

    @property
    def training(self) -> Training:
        """Which rank was taken, and what to keep in mind."""
        return Training((), notes(self), warned(self))

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """On pairs of fresh animals that were hidden, beside means of the animals of the fit; see `judge.py`."""
        return judged(self, _recordings(fresh), _recordings(seen))

    def report(self, given: Given) -> Sequence[Block]:
        """Motifs, the sweep over ranks, and what silencing the strongest units should do."""
        return blocks(self, _recordings(given))

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        self._fitted()
        return state(self)

    @classmethod
    def _restored(cls, options: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        model = cls(**options["config"])
        restore(model, options, arrays)
        return model


_LABELS = ("target", "outcome", "community")
_NUMBERS = ("effect", "low", "high", "control", "from", "to")


def _recordings(given: Given) -> Recordings:
    """The rows, which the card says are recordings."""
    return cast(Recordings, given.data)


class _Steps:
    """Tells how many of the steps are done."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total = progress, total

    def at(self, number: int) -> None:
        if self.progress is not None:
            self.progress("motifs", number, self.total)
