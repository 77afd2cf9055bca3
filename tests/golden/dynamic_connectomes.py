"""Dynamic connectomes with three motifs and with a rank that is chosen, on four animals of the calcium world."""

import numpy as np

from aitia.systems.dynamic_connectomes import DynamicConnectomes
from aitia.worlds import CalciumWorld


def numbers() -> dict[str, list[float] | float | str]:
    world = CalciumWorld(seed=100)
    signals, other = world.signals(world.sample(4, seed=100)), world.signals(world.sample(2, seed=101))
    model = DynamicConnectomes(rank=3, permutations=2).fit(signals)
    affinity = model.affinity(signals)
    motif = model.motifs_[0]
    unit = model.units_[0]
    silenced = motif.silencing(unit)
    chosen = DynamicConnectomes(most=2, starts=2, symmetric=True).fit_affinity(affinity)
    return {
        "error": model.error_,
        "null_error": model.null_error_.tolist(),
        "p_value": model.p_value_,
        "affinity": [float(affinity.tensor.mean()), float(affinity.tensor.std()), float(affinity.tensor.max())],
        "times": [float(v) for m in model.motifs_ for v in m.times[::15]],
        "animals": [float(v) for m in model.motifs_ for v in m.animals],
        "pairs": [float(v) for m in model.motifs_ for v in (m.pairs.mean(), m.pairs.std(), m.pairs.max())],
        "strongest": " ".join(str(int(m.pairs.argmax())) for m in model.motifs_),
        "labels": " | ".join(" ".join(map(str, m.labels)) for m in model.motifs_),
        "windows": [v for m in model.motifs_ for v in m.window],
        "cohesion": motif.cohesion()[:6].tolist(),
        "ranked": " ".join(r.unit for r in motif.ranked(motif.community(unit))),
        "strengths": [r.strength for r in motif.ranked(motif.community(unit))],
        "silencing": [silenced.alone, silenced.drives, *silenced.window],
        "silenced": " ".join(silenced.community),
        "community_map": " ".join(str(v) for v in model.community_map()[::12, ::4].ravel()),
        "predict": np.asarray(model.affinities(signals))[::20, 0, :3].ravel().tolist(),
        "animal_factors": model.encode(other).matrix().ravel().tolist(),
        "course": model.course(signals, 0)[::12].tolist(),
        "course_of_community": model.course(signals, 1, community=0, scales="own")[::12].tolist(),
        "chosen_rank": float(chosen.rank_),
        "chosen_error": chosen.error_,
        "sweep": [float(v) for tried in chosen.sweep_ for v in tried.values()],
        "warnings": " ".join(model.warnings_),
    }
