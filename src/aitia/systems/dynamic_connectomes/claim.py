"""The claim of dynamic connectomes, where groups, phases, animals and drivers are known.

Eight animals of forty units in three phases, each with three fresh groups of ten and ten idle units; the groups of the
second phase are in half of the animals only; a fifth of the (animal, unit) is missing.

(a) Are the groups of each phase found? Three motifs; their communities by the block model, which finds the number of
    groups itself, and the idle units count as a group. Also spectral clustering of the motif with the number given,
    over the units in groups, as for clustering of the static correlation. Beside them the correlation inside the true
    window, which the motifs do not know. Then with as many motifs as the method takes, and how often they are three.
(b) How much of the time factor of each motif lies in its phase?
(c) How much more of the second motif do animals have in which its groups are there?
(d) In a chain, where followers come one to three frames after their leader: how much of a community goes when its
    leader, or an idle unit, is silenced? Measured on the pairs of the community that holds most followers, in the
    window of the phase; a whole motif has three groups, so that one leader can take about a third of it.
(e) Weighted graphs with planted communities, strengths as the square of the degrees, shares of edges and of weight
    between communities of 1/4, 1/2 and 3/4: the block model beside Louvain, the best level of each.
(f) People at rest, recordings that others made (`claim_real.py`): are the left and the right region of a name in one
    community? Beside Louvain on the static correlation, and on the motifs.

Controls: every signal turned in a circle by an offset of its own, so that no two units have anything in common (an arm
of (a) to (c) in every seed as well). In (f) the names of the regions are dealt out anew.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.recordings import Recordings
from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.systems.dynamic_connectomes import DynamicConnectomes, Motif
from aitia.systems.dynamic_connectomes.affinity import pair_matrix, shifted
from aitia.systems.dynamic_connectomes.block_model import fit_blocks
from aitia.systems.dynamic_connectomes.claim_real import are_here, names_dealt, part_f
from aitia.systems.dynamic_connectomes.references import louvain, louvain_levels, spectral, static_correlation
from aitia.worlds.calcium import CalciumWorld
from aitia.worlds.weighted_communities import WeightedCommunities

__all__ = ["CLAIM"]

ANIMALS, PHASES, GROUPS = 8, 3, 3
SHARES = (0.25, 0.5, 0.75)
STATIC = "static correlation, spectral"
"""The arm that groups units by one correlation over all time; it is given the number of groups."""
TURNED, DEALT = "signals turned in a circle", "regions dealt out anew"
BLOCKS = "three motifs, block model: adjusted Rand index, all units"
SPECTRAL = "three motifs, spectral, 3 groups given: adjusted Rand index, units in groups"
MASS = "share of a motif's time factor in its phase"
ACTIVE = "second motif: animals that have its groups, over the mean of all"
CHOSEN = "as many motifs as the method takes, block model: adjusted Rand index, all units"
NUMBER = "worlds in which the method takes three motifs"
TWICE = "Restarts may also agree on motifs that follow the noise of one animal: 14 of 30 on seeds 1000 to 1029."
Values = NDArray[np.float64]
Found = dict[str, Any]


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    groups = context.over_seeds("abc", _groups, 20)
    silenced = context.over_seeds("d", _silenced, 5)
    graphs = context.over_seeds("e", _graphs, 5)
    context.control(TURNED, _turned)
    if are_here():
        context.control(DEALT, names_dealt)
    else:
        context.control_absent(DEALT)
    return [*_part_a(groups), *_parts_bc(groups), *_part_d(silenced), *_part_e(graphs), *part_f(context)]


# -- (a) to (c) --------------------------------------------------------------------------------------------------------


def _groups(seed: int) -> Found:
    world = CalciumWorld(seed=seed)
    sample = world.sample(ANIMALS, seed=seed)
    signals = world.signals(sample)
    grouped = sample.env == 0
    given = DynamicConnectomes(rank=PHASES, seed=seed).fit(signals)
    free = DynamicConnectomes(seed=seed).fit(signals)
    published = max(int(s["rank"]) for s in free.sweep_ if s["stability"] > free.config.agreement)
    null = DynamicConnectomes(rank=PHASES, seed=seed).fit(shifted(signals, seed))
    static = static_correlation(signals, slice(None))
    windows = [static_correlation(signals, slice(p * 200, (p + 1) * 200)) for p in range(PHASES)]
    found: Found = {
        "rank": float(free.rank_),
        "published rank": float(published),
        "static blocks": _scored(world, [_static_blocks(given, signals, seed)] * PHASES, active=False),
        "static louvain": _scored(world, [louvain(static, seed)] * PHASES, active=False),
    }
    for name, model in (("ours", given), ("chosen", free), ("null", null)):
        found[name] = _measured(model, world, grouped, seed)
    found["louvain"] = _scored(world, [louvain(motif.matrix, seed) for motif in _by_phase(given)], active=False)
    for active, groups in ((False, GROUPS + 1), (True, GROUPS)):
        told = "active" if active else "all"
        found[f"static {told}"] = _scored(world, [spectral(static, groups, seed)] * PHASES, active=active)
        found[f"window {told}"] = _scored(world, [spectral(w, groups, seed) for w in windows], active=active)
    return found


def _measured(model: DynamicConnectomes, world: CalciumWorld, grouped: NDArray[np.bool_], seed: int) -> Found:
    """What (a) to (c) ask of the motifs; `grouped` are the animals that have the groups of the second phase."""
    motifs = _by_phase(model)
    return {
        "blocks": _scored(world, [motif.labels for motif in motifs], active=False),
        "spectral": _scored(world, [spectral(motif.matrix, GROUPS, seed) for motif in motifs], active=True),
        "mass": float(np.mean([_share(motif, phase) for phase, motif in enumerate(motifs)])),
        "animals": float(motifs[1].animals[grouped].mean() / max(float(motifs[1].animals.mean()), 1e-12)),
    }


def _turned(seed: int) -> dict[str, float]:
    """What (a) to (c) ask, of motifs of signals that have nothing in common."""
    world = CalciumWorld(seed=seed)
    sample = world.sample(ANIMALS, seed=seed)
    model = DynamicConnectomes(rank=PHASES, seed=seed).fit(shifted(world.signals(sample), seed))
    found = _measured(model, world, sample.env == 0, seed)
    return {BLOCKS: found["blocks"], SPECTRAL: found["spectral"], MASS: found["mass"], ACTIVE: found["animals"]}


def _by_phase(model: DynamicConnectomes) -> list[Motif]:
    """For each phase the motif with the largest share of its time factor in it."""
    shares = np.array([[_share(motif, phase) for motif in model.motifs_] for phase in range(PHASES)])
    return [model.motifs_[int(k)] for k in shares.argmax(axis=1)]


def _share(motif: Motif, phase: int) -> float:
    bins = len(motif.times) // PHASES
    return float(motif.times[phase * bins : (phase + 1) * bins].sum() / max(float(motif.times.sum()), 1e-12))


def _scored(world: CalciumWorld, labels: list[Any], *, active: bool) -> float:
    """Mean adjusted Rand index over the phases: all units with the idle ones as a group, or those in groups alone."""
    from sklearn.metrics import adjusted_rand_score

    scores = []
    for truth, found in zip(world.membership, labels, strict=True):
        units = truth >= 0 if active else np.ones(len(truth), dtype=bool)
        scores.append(adjusted_rand_score(truth[units], np.asarray(found)[units]))
    return float(np.mean(scores))


def _static_blocks(model: DynamicConnectomes, signals: Recordings, seed: int) -> NDArray[np.int64]:
    """The block model of affinities averaged over time and over the animals that have the pair."""
    affinity = model.affinity(signals)
    mean = affinity.tensor.mean(axis=0).sum(axis=0) / np.maximum(affinity.mask.sum(axis=0), 1)
    return fit_blocks(pair_matrix(mean, len(signals.units)), starts=3, seed=seed).labels


def _part_a(found: list[Found]) -> list[Row]:
    blocks = {
        STATIC: [f["static all"] for f in found],
        "static affinity, block model": [f["static blocks"] for f in found],
        "static correlation, Louvain": [f["static louvain"] for f in found],
        "motif, Louvain": [f["louvain"] for f in found],
        "correlation in the true window, spectral, 4 groups given": [f["window all"] for f in found],
        TURNED: [f["null"]["blocks"] for f in found],
    }
    spectral = {
        STATIC: [f["static active"] for f in found],
        "correlation in the true window": [f["window active"] for f in found],
        TURNED: [f["null"]["spectral"] for f in found],
    }
    return [
        row("a", BLOCKS, [f["ours"]["blocks"] for f in found],
            bar=0.7, baselines=blocks, ahead_of={STATIC: 0.3},
            note="Spectral baselines are given the number of groups: 4, with the units in none."),
        row("a", SPECTRAL,
            [f["ours"]["spectral"] for f in found], bar=0.85, baselines=spectral,
            ahead_of={STATIC: 0.3}),
        row("a", CHOSEN, [f["chosen"]["blocks"] for f in found], bar=0.7,
            baselines={STATIC: [f["static all"] for f in found], "three motifs": [f["ours"]["blocks"] for f in found]},
            ahead_of={STATIC: 0.3}),
        row("a", NUMBER, [float(f["rank"] == PHASES) for f in found], kind="share", bar=0.7,
            baselines={"mean agreement, as published": [float(f["published rank"] == PHASES) for f in found]},
            ahead_of={"mean agreement, as published": 0.0}, note=TWICE),
    ]  # fmt: skip


def _parts_bc(found: list[Found]) -> list[Row]:
    rows = []
    for part, name, metric, bar in (
        ("b", "mass", MASS, 0.7),
        ("c", "animals", ACTIVE, 1.5),
    ):
        of = {who: [f[who][name] for f in found] for who in ("ours", "null", "chosen")}
        others = {TURNED: of["null"], "as many motifs as the method takes": of["chosen"]}
        rows.append(row(part, metric, of["ours"], bar=bar, baselines=others))
    return rows


# -- (d) ---------------------------------------------------------------------------------------------------------------


def _silenced(seed: int) -> Found:
    world = CalciumWorld(chain=True, seed=seed)
    sample = world.sample(ANIMALS, seed=seed)
    signals = world.signals(sample)
    model = DynamicConnectomes(rank=PHASES, seed=seed).fit(signals)
    drops: dict[str, list[float]] = {"leader": [], "idle": [], "follower": [], "elsewhere": []}
    for phase, motif in enumerate(_by_phase(model)):
        bins = slice(phase * model.bins_ // PHASES, (phase + 1) * model.bins_ // PHASES)
        idle = world.units[int(np.flatnonzero(world.membership[phase] < 0)[seed % 10])]
        homes = {leader: _home(motif, follow) for leader, follow in world.followers(phase).items()}
        for leader, follow in world.followers(phase).items():
            for name, unit in (("leader", leader), ("idle", idle), ("follower", follow[seed % len(follow)])):
                silent = world.signals(world.counterfactual(sample, {unit: 0.0}))
                drops[name].append(_drop(model, signals, silent, motif.number, homes[leader], bins))
                if name == "leader":
                    others = [home for home in sorted(set(homes.values())) if home != homes[leader]]
                    drops["elsewhere"] += [_drop(model, signals, silent, motif.number, o, bins) for o in others]
    return {name: float(np.mean(values)) if values else 0.0 for name, values in drops.items()}


def _home(motif: Motif, units: tuple[str, ...]) -> int:
    """The community that holds most of the units."""
    return int(np.bincount([motif.community(unit) for unit in units]).argmax())


def _drop(
    model: DynamicConnectomes, before: Recordings, after: Recordings, motif: int, community: int, bins: slice
) -> float:
    """Share of a motif, or of its community, that is gone in these bins."""
    was, now = (float(model.course(x, motif, community=community)[bins].sum()) for x in (before, after))
    return 1 - now / was


def _part_d(found: list[Found]) -> list[Row]:
    of = {name: [f[name] for f in found] for name in found[0]}
    return [
        row("d", "share of a community's affinities that silencing its leader takes", of["leader"], bar=0.5,
            baselines={"a follower silenced": of["follower"], "an idle unit silenced": of["idle"],
                       "other communities, the leader silenced": of["elsewhere"]}),
        row("d", "share that silencing an idle unit takes", of["idle"], direction="lower", bar=0.15),
    ]  # fmt: skip


# -- (e) ---------------------------------------------------------------------------------------------------------------


def _graphs(seed: int) -> Found:
    found: Found = {"blocks": [], "louvain": []}
    for topology in SHARES:
        for weights in SHARES:
            matrix, truth = WeightedCommunities(topology=topology, weights=weights).sample(seed)
            ours = [_nmi(truth, level) for level in fit_blocks(matrix, starts=2, seed=seed).levels]
            theirs = [_nmi(truth, level) for level in louvain_levels(matrix, seed)]
            found["blocks"].append(max(ours))
            found["louvain"].append(max(theirs))
    return found


def _nmi(truth: Any, labels: Any) -> float:
    from sklearn.metrics import normalized_mutual_info_score

    return float(normalized_mutual_info_score(truth, labels))


def _part_e(found: list[Found]) -> list[Row]:
    mean = {name: [float(np.mean(f[name])) for f in found] for name in found[0]}
    return [
        row("e", "normalised mutual information with the communities, best level, mean of 9 settings", mean["blocks"],
            baselines={"Louvain": mean["louvain"]}, ahead_of={"Louvain": 0.0}),
    ]  # fmt: skip


CLAIM = Claim(DynamicConnectomes.card, run, minutes=5, swap=STATIC, controls=(TURNED, DEALT))
"""What `aitia verify dynamic-connectomes` runs."""
