r"""Which pairs of units change together, bin by bin and animal by animal.

    d_i = derivative of signal i smoothed by a Gaussian, in units of its own standard deviation                      (1)
    a_ij(t) = min(d_i, d_j)_+   [+ min(-d_i, -d_j)_+ in the symmetric form],   averaged over the frames of a bin     (2)

(2) is large only where both signals rise (or, in the symmetric form, both fall). It is symmetric in i and j: it says
who moves together, not who drives whom. A pair that an animal lacks is masked, which is not the same as zero.

What is shared by all units, a slow drift or an artefact of motion, makes all pairs alike. Against the first there is
`detrend`, which takes a wide Gaussian average off each signal. Against chance there is a null for each pair: every d_i
is shifted in a circle by an offset of its own, (2) is computed again, and bins below a quantile of that become zero.

Source:
    Dyballa et al., Learning dynamic representations of the functional connectome in neurobiological networks, ICLR
    2024, which calls it differential affinity. Its exact expression was not at hand; (2) is ours. Signals scaled to 0
    to 1 before (1) give the same d, so they are not.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.recordings import Recordings
from aitia.errors import DataError, OptionError

__all__ = ["Affinity", "differential_affinity", "pair_matrix", "pair_places", "rates", "shifted"]

Values = NDArray[np.float64]
Array = NDArray[Any]
AT_ONCE = 4_000_000
"""Numbers that are worked on together."""


@dataclass(frozen=True, eq=False)
class Affinity:
    """Affinities of pairs in bins of time.

    Args:
        tensor: (bins, animals, pairs), zero where the mask is false; pairs in the order of `pair_places`.
        mask: (animals, pairs), whether the animal has both units.
        units: Names.
        animals: Names.
        bin_frames: Frames of a bin.
        rate: Frames a second.
        scales: (animals, units) standard deviation that each derivative was divided by.

    Raises:
        DataError: If shapes do not fit, all pairs are masked, an affinity is negative or no number, or all are zero.
    """

    tensor: Array
    mask: NDArray[np.bool_]
    units: tuple[str, ...]
    animals: tuple[str, ...]
    bin_frames: int
    rate: float
    scales: Values

    def __post_init__(self) -> None:
        n = len(self.units)
        wanted = (len(self.animals), n * (n - 1) // 2)
        if self.tensor.ndim != 3 or self.tensor.shape[1:] != wanted or self.mask.shape != wanted:
            raise DataError(
                f"{len(self.animals)} animals of {n} units have affinities (bins, {wanted[0]}, {wanted[1]}) and a mask "
                f"{wanted}, got shapes {self.tensor.shape} and {self.mask.shape}"
            )
        if not self.mask.any():
            raise DataError("every pair is masked: no animal has two units that move")
        if not self.tensor.any():
            raise DataError("no two units ever rise together: every affinity is zero")
        wrong = ~(self.tensor >= 0) | ~np.isfinite(self.tensor)
        if wrong.any():
            t, w, p = (int(k) for k in np.argwhere(wrong)[0])
            bins = np.flatnonzero(wrong[:, w, p])
            i, j = (int(side[p]) for side in pair_places(n))
            first, last = int(bins[0]) * self.bin_frames, (int(bins[-1]) + 1) * self.bin_frames - 1
            raise DataError(
                f"{self.animals[w]}: the affinity of {self.units[i]!r} and {self.units[j]!r} is "
                f"{self.tensor[t, w, p]:g} in frames {first} to {last}: it is zero or more"
            )

    @property
    def bins(self) -> int:
        """How many."""
        return int(self.tensor.shape[0])

    @property
    def seconds(self) -> Values:
        """The middle of each bin."""
        return np.asarray((np.arange(self.bins) + 0.5) * self.bin_frames / self.rate)


def pair_places(units: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and second unit of each pair, (pairs,) each, the first always before the second."""
    i, j = np.triu_indices(units, 1)
    return i.astype(np.int64), j.astype(np.int64)


def pair_matrix(pairs: Array, units: int) -> Array:
    """Values of pairs as a symmetric matrix (units, units) with zero diagonal."""
    matrix = np.zeros((units, units), dtype=pairs.dtype)
    matrix[pair_places(units)] = pairs
    return np.asarray(matrix + matrix.T)


def rates(recordings: Recordings, smooth: float, detrend: float = 0.0) -> Values:
    """The derivatives of (1) before they are scaled, (animals, frames, units).

    Args:
        recordings: The animals.
        smooth: Standard deviation of the Gaussian, in frames.
        detrend: That of the average which is taken off, in frames; 0 takes nothing off.
    """
    from scipy.ndimage import gaussian_filter1d

    x = recordings.signals
    if detrend > 0:
        x = x - gaussian_filter1d(x, detrend, axis=1, mode="nearest")
    return np.asarray(gaussian_filter1d(x, smooth, axis=1, order=1, mode="nearest"), dtype=np.float64)


def differential_affinity(
    recordings: Recordings,
    *,
    bin_frames: int,
    smooth: float,
    symmetric: bool = False,
    detrend: float = 0.0,
    shifts: int = 0,
    chance: float = 0.95,
    scales: Values | None = None,
    seed: int = 0,
) -> Affinity:
    """(2) for every pair, with the frames that fill no bin left out; O(frames * animals * pairs).

    Args:
        recordings: The animals.
        bin_frames: Frames of a bin.
        smooth: Standard deviation of the Gaussian of (1), in frames.
        symmetric: Whether falling together counts as well.
        detrend: As in `rates`.
        shifts: Circular shifts behind the null of each pair; 0 leaves it out.
        chance: Quantile of the null; bins that are not above it are set to zero.
        scales: Standard deviations to divide by, (animals, units), those of other recordings of the same animals; None
            takes their own.
        seed: Of the shifts.

    Raises:
        OptionError: If a bin has more frames than there are.
        DataError: If every pair is masked, or no two units rise together.
    """
    if bin_frames > recordings.frames:
        raise OptionError(f"a bin has {bin_frames} frames, the recordings have {recordings.frames}: take smaller bins")
    d = rates(recordings, smooth, detrend)
    own = np.where(recordings.present, d.std(axis=1), 1.0)
    present = recordings.present & (own > 0)
    used = np.where(own > 0, own, 1.0) if scales is None else scales
    d = (d / used[:, None]).astype(np.float32)
    i, j = pair_places(len(recordings.units))
    mask = present[:, i] & present[:, j]
    bins = recordings.frames // bin_frames
    tensor = np.zeros((bins, len(recordings), len(i)), dtype=np.float32)
    rng = np.random.default_rng([seed, 11])
    for w in range(len(recordings)):
        tensor[:, w] = _binned(d[w], bin_frames, symmetric)
        if shifts:
            null = np.concatenate([_binned(_shifted(d[w], rng), bin_frames, symmetric) for _ in range(shifts)])
            tensor[:, w] *= tensor[:, w] > np.quantile(null, chance, axis=0)
    tensor *= mask
    return Affinity(tensor, mask, recordings.units, recordings.animals, bin_frames, recordings.rate, used)


def shifted(recordings: Recordings, seed: int) -> Recordings:
    """The animals with every signal turned in a circle by an offset of its own: what is in each unit stays, what is
    between them goes."""
    rng = np.random.default_rng([seed, 13])
    turned = np.stack([_shifted(x, rng) for x in recordings.signals])
    return Recordings(
        turned, recordings.present, recordings.units, recordings.animals, recordings.rate, recordings.stimuli
    )


def _shifted(d: Array, rng: np.random.Generator) -> Array:
    """The columns of (frames, units), each turned in a circle by an offset of its own."""
    frames = np.arange(len(d))[:, None] + rng.integers(0, len(d), d.shape[1])
    return np.take_along_axis(d, frames % len(d), axis=0)


def _binned(d: Array, bin_frames: int, symmetric: bool) -> Array:
    """(2) of one animal, (bins, pairs), from its derivatives (frames, units)."""
    bins, (i, j) = len(d) // bin_frames, pair_places(d.shape[1])
    d = d[: bins * bin_frames].reshape(bins, bin_frames, -1)
    found = np.empty((bins, len(i)), dtype=np.float32)
    step = max(AT_ONCE // max(bin_frames * len(i), 1), 1)
    for start in range(0, bins, step):
        one, two = d[start : start + step][..., i], d[start : start + step][..., j]
        both = np.maximum(np.minimum(one, two), 0)
        if symmetric:
            both += np.maximum(-np.maximum(one, two), 0)
        found[start : start + step] = both.mean(axis=1)
    return found
