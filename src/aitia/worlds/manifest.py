"""What is known of a world, for programs: graph, latents, laws of the noise, environments, assumptions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from aitia.version import __version__
from aitia.worlds.sample import Sample
from aitia.worlds.world import World

__all__ = ["manifest"]


def manifest(world: World, sample: Sample, names: Sequence[str] | None = None) -> dict[str, Any]:
    """What is known of a world, for JSON.

    Args:
        world: The world.
        sample: Rows of it: for the noise of a world that does not say its laws.
        names: The latents whose values are written; None for the visible ones.
    """
    return {
        "world": world.name,
        "class": f"{type(world).__module__}.{type(world).__qualname__}",
        "aitia": __version__,
        "seen": world.seen,
        "form": getattr(world, "form", None),
        "frames": world.frames,
        "views": list(world.views),
        "graph": {"nodes": list(world.graph.nodes), "edges": [[e.left, e.right] for e in world.graph.edges]},
        "latents": [asdict(latent) for latent in world.latents],
        "written": list(world.visible if names is None else names),
        "noise": _noise_laws(world, sample),
        "environments": list(world.environments),
        "changes": {label: list(changed) for label, changed in world.changes.items()},
        "done": world.intervention.to_json(),
        "held": [{"do": action.to_json(), "frames": [start, stop]} for action, start, stop in world.held],
        "config": world.config.to_dict() if hasattr(world, "config") else None,
        "assumptions": _assumptions(world),
    }


def _noise_laws(world: World, sample: Sample) -> dict[str, str]:
    """The laws that the world says; the standard normal one where it changes nothing; else what the rows show."""
    said: Mapping[str, str] = getattr(world, "noise_laws", {})
    laws = {}
    for name in world.names:
        if name in said:
            laws[name] = said[name]
        elif type(world).draw is World.draw:
            laws[name] = "standard normal" + (", one a frame" if world.latent(name).varies else "")
        else:
            u = sample.noise[name]
            laws[name] = f"mean {u.mean():.3g}, sd {u.std():.3g}, from {u.min():.3g} to {u.max():.3g} in these rows"
    return laws


def _assumptions(world: World) -> list[str]:
    """What a method may rely on here, as sentences."""
    offered = ["the noises of the latents are independent of each other", "the graph is known and acyclic"]
    if len(world.environments) > 1:
        changed = sorted({name for names in world.changes.values() for name in names})
        offered.append(
            f"sufficient change: {len(world.environments)} labelled environments, in which the mechanism of "
            f"{', '.join(changed) or 'no latent'} differs"
        )
    varying = [latent.name for latent in world.latents if latent.varies]
    if varying and not getattr(getattr(world, "config", None), "iid", False):
        offered.append(f"time: {', '.join(varying)} over {world.frames} frames, each with its past as a cause")
    if len(world.views) > 1:
        offered.append(f"several views: {', '.join(world.views)} show the same latents")
    if not all(latent.visible for latent in world.latents):
        unseen = ", ".join(latent.name for latent in world.latents if not latent.visible)
        offered.append(f"not offered: the values of {unseen} are withheld")
    return offered
