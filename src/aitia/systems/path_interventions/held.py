"""What `do` means in an explained network: texts of targets, and the paths that are cut.

LAYER[unit=N]       a unit of the graph, on all of its paths to the effects: 0 cuts them, 1 leaves them
LAYER[source=N]     one input of an explored layer, such as a cell behind a flatten, likewise
graph, LAYER        all paths of the graph, or those into one layer: `absent` without them, `only` with them alone,
                    `random` without as many others
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from aitia.do import Intervention, Value
from aitia.errors import InterventionError
from aitia.nn.sites import Site
from aitia.system import Target, Targets
from aitia.systems.path_interventions.explanation import CausalExplanation, LayerEffects
from aitia.systems.path_interventions.units import UnitNetwork

if TYPE_CHECKING:
    from aitia.systems.path_interventions.explained import Explained

__all__ = ["GRAPH", "WAYS", "check_values", "kept_paths", "listed", "target_of"]

GRAPH = "graph"
WAYS = ("absent", "only", "random")
"""What may be done to the paths of a graph."""


def target_of(layer: LayerEffects, k: int) -> str:
    """How `do` says the k-th candidate of a layer."""
    parents, block = layer.parents[k], layer.blocks[k]
    if parents and len(set(layer.parents)) == len(layer.parents):
        return str(Site(parents[0][0], unit=parents[0][1]))
    return str(Site(layer.layer, source=block[0] if len(block) == 1 else tuple(block)))


def listed(found: CausalExplanation | None, network: UnitNetwork | None) -> Targets:
    """The units that were tried, the layers and the graph; other units and inputs of explored layers by their text."""
    if found is None:
        return Targets()
    units = dict.fromkeys(target_of(layer, k) for layer in found.layers for k in range(len(layer.blocks)))
    about = "0 cuts its paths to the effects, 1 leaves them"
    targets = [Target(name, (), (0.0,), (1.0,), about) for name in units]
    layers = [Target(layer.layer, WAYS, about=f"the paths of the graph into {layer.layer}") for layer in found.layers]
    graph = Target(GRAPH, WAYS, about="the paths of the graph: without them, with them alone, without as many others")

    def find(text: str) -> Target | None:
        try:
            site = Site(text)
        except InterventionError:
            return None
        there = bool(_inputs(found, network, site)) and text != site.module
        return Target(text, (), (0.0,), (1.0,), about) if there else None

    return Targets([graph, *layers, *targets], find, "LAYER[unit=N]")


def check_values(held: Intervention) -> None:
    """Refuses what is neither a label nor one number.

    Raises:
        InterventionError: Naming the target.
    """
    for target, action in held.items():
        if not (isinstance(action, Value) and isinstance(action.value, (int, float, str))):
            raise InterventionError(f"the paths of {target} are multiplied by one number, such as 0, got {action}")


def kept_paths(on: "Explained", held: Intervention, *, whole: bool, seed: int) -> dict[str, Tensor]:
    """For each layer what its paths (outputs, inputs) are multiplied by."""
    found: dict[str, Tensor] = {}

    def add(masks: Mapping[str, Tensor]) -> None:
        for name, mask in masks.items():
            found[name] = mask.float() * found[name] if name in found else mask.float()

    for target, action in held.items():
        value = action.value if isinstance(action, Value) else None
        layers = None if target == GRAPH else [str(target)]
        if value == "absent":
            add(on.kept_without(layers))
        elif value == "only":
            add(on.kept_by_only(layers))
        elif value == "random":
            add(on.kept_at_random(on.kept_without(layers), seed))
        else:
            for name, units in _inputs(on.explanation, on.network, Site(str(target))).items():
                cut = on.kept_but({name: units}, whole=whole)
                add({name: torch.where(mask, 1.0, float(cast(float, value))) for name, mask in cut.items()})
    return found


def _inputs(found: CausalExplanation, network: UnitNetwork | None, site: Site) -> dict[str, Sequence[int]]:
    """For each explored layer its input units that a site names; empty where it names none."""
    inputs: dict[str, Sequence[int]] = {}
    for layer in found.layers:
        blocks, parents = layer.blocks, layer.parents
        if network is not None:
            whole = network.layer(layer.layer)
            blocks, parents = whole.blocks, whole.parents
        if site.source is not None and site.module == layer.layer:
            wanted = _numbers(site.source)
            if all(any(unit in block for block in blocks) for unit in wanted):
                inputs[layer.layer] = sorted(wanted)
        elif site.unit is not None:
            named = {(site.module, unit) for unit in _numbers(site.unit)}
            known = {unit for units in parents for unit in units}
            if named <= known:
                inputs[layer.layer] = [
                    i for block, units in zip(blocks, parents, strict=True) if named & set(units) for i in block
                ]
    return inputs


def _numbers(index: object) -> set[int]:
    places = index if isinstance(index, tuple) else (index,)
    return {place for place in places if isinstance(place, int)} or {-1}
