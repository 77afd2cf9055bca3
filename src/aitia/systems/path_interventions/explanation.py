"""What `PathInterventions.explain` found: a graph of units with effects, to be read, exported and kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from aitia.data.table import Kind, Table
from aitia.errors import OptionError, unknown_variable
from aitia.graph.graph import Graph
from aitia.nn.pretrained import Pretrained
from aitia.stats.effects import mean_effects
from aitia.systems.path_interventions.selection import Rule
from aitia.systems.path_interventions.units import Unit

if TYPE_CHECKING:
    from aitia.systems.path_interventions.explained import Explained

__all__ = ["CausalExplanation", "LayerEffects"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LayerEffects:
    """What the units that lead into one layer do to the class.

    Args:
        layer: Name of the layer whose weights were set.
        effects: Its output units that the paths lead to.
        blocks: Tried candidates: the input units of the layer that were set together.
        parents: For each, the units of earlier layers that it is; several where a skip connection adds them up.
        changes: (tried, images) the outcome under the intervention minus the outcome.
        log_changes: The same of the class's log-probability, whatever the outcome.
        divergence: (tried,) mean KL(p under the intervention || p), nats.
        p: (tried,) of the one-sided test.
        adjusted: After the correction for their number.
        causes: (tried,) whether each was kept.
        rule: By what they were kept; see `selection`.
        untried: How many candidates were left out, as the layer is wide.
        control: Mean change of the outcome when as many paths of a candidate, to units drawn at random, are set.
    """

    layer: str
    effects: tuple[int, ...]
    blocks: tuple[tuple[int, ...], ...]
    parents: tuple[tuple[Unit, ...], ...]
    changes: Values = field(repr=False)
    log_changes: Values = field(repr=False)
    divergence: Values = field(repr=False)
    p: Values = field(repr=False)
    adjusted: Values = field(repr=False)
    causes: NDArray[np.bool_] = field(repr=False)
    rule: Rule = "test"
    untried: int = 0
    control: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """Of the candidates: their units, with the place in the layer's input where these do not tell them apart."""
        several = len(set(self.parents)) < len(self.parents)
        told = []
        for parents, block in zip(self.parents, self.blocks, strict=True):
            name = "+".join(f"{layer}:{unit}" for layer, unit in parents)
            told.append(f"{name or self.layer}[in {block[0]}]" if several or not name else name)
        return tuple(told)

    @property
    def cause_units(self) -> tuple[int, ...]:
        """Input units of the layer in the blocks that were kept."""
        return tuple(unit for k in np.flatnonzero(self.causes) for unit in self.blocks[k])

    @property
    def kept(self) -> frozenset[tuple[int, ...]]:
        """The blocks that were kept."""
        return frozenset(self.blocks[k] for k in np.flatnonzero(self.causes))

    def jaccard(self, other: "LayerEffects") -> float:
        """Shared causes over all causes of both; 1 where neither has one."""
        union = self.kept | other.kept
        return len(self.kept & other.kept) / len(union) if union else 1.0


class CausalExplanation(Pretrained):
    """Why a network says a class: from its logit down, per layer the units whose outgoing paths raise it.

    Args:
        target: The class.
        layers: From the last layer down.
        effects: Units of layers that are effects, by layer, with those of the first layer, whose input was not tried.
        observed: (images,) the outcome: y_c, or its log-probability where the config says so.
        model: Class name and fingerprint of the network; methods that need it take it again and compare.
        config: Options of the probe.
        shape: Of one image.
        sizes: Units of every layer of the network, in the order in which they run.
        notes: What to keep in mind.
    """

    def __init__(
        self,
        target: int,
        layers: Sequence[LayerEffects],
        effects: Mapping[str, tuple[int, ...]],
        observed: Values,
        model: Mapping[str, str],
        config: Mapping[str, Any],
        shape: tuple[int, ...],
        sizes: Mapping[str, int],
        notes: Sequence[str] = (),
    ) -> None:
        self.target, self.layers, self.observed = target, tuple(layers), observed
        self.effects = {name: tuple(units) for name, units in effects.items()}
        self.model, self.config, self.shape = dict(model), dict(config), tuple(shape)
        self.sizes, self.notes = dict(sizes), tuple(notes)

    def __repr__(self) -> str:
        causes = sum(int(layer.causes.sum()) for layer in self.layers)
        tried = sum(len(layer.causes) for layer in self.layers)
        return f"CausalExplanation(class {self.target}: {causes} of {tried} units in {len(self.layers)} layers)"

    def layer(self, name: str) -> LayerEffects:
        """What leads into the layer of this name.

        Raises:
            UnknownVariableError: If it is not in the explanation.
        """
        found = {layer.layer: layer for layer in self.layers}
        if name not in found:
            raise unknown_variable(name, found, "explanation")
        return found[name]

    @property
    def share(self) -> float:
        """Units kept, of all that were tried."""
        return float(np.concatenate([layer.causes for layer in self.layers]).mean()) if self.layers else 0.0

    @cached_property
    def graph(self) -> Graph:
        """Causes and their effects over units called "layer:number"; `aitia.graph.formats.write_graph` writes it."""
        edges: dict[tuple[str, str], None] = {}
        for layer in reversed(self.layers):
            names = layer.names
            for k in np.flatnonzero(layer.causes):
                for name in [f"{parent}:{unit}" for parent, unit in layer.parents[k]] or [names[k]]:
                    edges |= {(name, f"{layer.layer}:{effect}"): None for effect in layer.effects}
        nodes = dict.fromkeys(name for edge in edges for name in edge)
        return Graph(list(edges), list(nodes))

    def table(self, *, confidence: float = 0.95, resamples: int = 2000) -> Table:
        """One row a candidate: its effect on the outcome with a bootstrap interval over images, and its tests.

        Columns: layer, unit, effect, low, high, relative (to the mean outcome's size), log_probability, kl, p,
        adjusted, cause. With a single image there are no intervals.

        Args:
            confidence: Coverage of the intervals.
            resamples: Of the bootstrap.

        Raises:
            OptionError: If the explanation has no layer.
        """
        if not self.layers:
            raise OptionError("the explanation has no layer, so there is no effect to list")
        names = [name for layer in self.layers for name in layer.names]
        changes = np.concatenate([layer.changes for layer in self.layers])
        low = high = np.full(len(names), np.nan)
        if changes.shape[1] > 1:
            unique = [f"{k}" for k in range(len(names))]
            found = mean_effects(changes, unique, confidence=confidence, resamples=resamples)
            low, high = found.column("low"), found.column("high")
        columns: dict[str, Any] = {
            "layer": [layer.layer for layer in self.layers for _ in layer.blocks],
            "unit": names,
            "effect": changes.mean(axis=1),
            "low": low,
            "high": high,
            "relative": changes.mean(axis=1) / (abs(float(self.observed.mean())) or 1.0),
            "log_probability": np.concatenate([layer.log_changes.mean(axis=1) for layer in self.layers]),
            "kl": np.concatenate([layer.divergence for layer in self.layers]),
            "p": np.concatenate([layer.p for layer in self.layers]),
            "adjusted": np.concatenate([layer.adjusted for layer in self.layers]),
            "cause": np.concatenate([layer.causes for layer in self.layers]).astype(float),
        }
        return Table.of(columns, kinds={name: Kind.NUMBER for name in columns if name not in ("layer", "unit")})

    def agreement(self, other: "CausalExplanation") -> float:
        """Mean over layers of the Jaccard index of causes; a layer that only one reached counts 0.

        Raises:
            OptionError: If the explanations share no layer.
        """
        mine, theirs = {x.layer: x for x in self.layers}, {x.layer: x for x in other.layers}
        if not set(mine) & set(theirs):
            raise OptionError("the explanations share no layer: they are of different networks or layers")
        both = set(mine) | set(theirs)
        return float(np.mean([mine[n].jaccard(theirs[n]) if n in mine and n in theirs else 0.0 for n in sorted(both)]))

    def beyond(self, others: Iterable["CausalExplanation"]) -> "CausalExplanation":
        """Those causes only that none of the others has: what a mistake rests on and right answers do not.

        Effects stay as they were found.

        Args:
            others: Of the same network.
        """
        shared: dict[str, set[tuple[int, ...]]] = {}
        for other in others:
            for layer in other.layers:
                shared.setdefault(layer.layer, set()).update(layer.kept)
        layers = [
            replace(
                layer,
                causes=layer.causes
                & np.array([block not in shared.get(layer.layer, ()) for block in layer.blocks], bool),
            )
            for layer in self.layers
        ]
        about = (self.effects, self.observed, self.model, self.config, self.shape, self.sizes, self.notes)
        return CausalExplanation(self.target, layers, *about)

    def on(self, model: nn.Module) -> "Explained":
        """The explanation with the network that it is of: attribution maps, sub-network, ablation, stability.

        Raises:
            OptionError: If it is another network.
        """
        from aitia.systems.path_interventions.explained import Explained

        return Explained(self, model)

    # -- as a folder ---------------------------------------------------------------------------------------------------

    _ARRAYS = ("changes", "log_changes", "divergence", "p", "adjusted", "causes")

    def _options(self) -> dict[str, Any]:
        return {
            "target": self.target,
            "layers": [
                {
                    "layer": layer.layer, "effects": layer.effects, "blocks": layer.blocks, "parents": layer.parents,
                    "rule": layer.rule, "untried": layer.untried, "control": layer.control,
                }
                for layer in self.layers
            ],
            "effects": self.effects, "images": len(self.observed), "model": self.model, "config": self.config,
            "shape": self.shape, "sizes": self.sizes, "notes": self.notes,
        }  # fmt: skip

    def _network(self) -> nn.Module:
        return _Arrays(self)

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        n, layers = int(options["images"]), []
        for each in options["layers"]:
            blocks = tuple(tuple(block) for block in each["blocks"])
            parents = tuple(tuple((name, unit) for name, unit in units) for units in each["parents"])
            line, table = np.zeros(len(blocks)), np.zeros((len(blocks), n))
            arrays = (table, table.copy(), line, line.copy(), line.copy(), np.zeros(len(blocks), bool))
            layers.append(
                LayerEffects(
                    each["layer"],
                    tuple(each["effects"]),
                    blocks,
                    parents,
                    *arrays,
                    each["rule"],
                    each["untried"],
                    each["control"],
                )
            )
        effects = {name: tuple(units) for name, units in options["effects"].items()}
        rest = (options["model"], options["config"], tuple(options["shape"]), options["sizes"], options["notes"])
        return cls(options["target"], layers, effects, np.zeros(n), *rest)


class _Arrays(nn.Module):
    """The numbers of an explanation as buffers that share its memory, so that loading fills them in."""

    def __init__(self, of: CausalExplanation) -> None:
        super().__init__()
        self.register_buffer("observed", torch.from_numpy(of.observed))
        for k, layer in enumerate(of.layers):
            for name in CausalExplanation._ARRAYS:
                self.register_buffer(f"{k}_{name}", torch.from_numpy(getattr(layer, name)))


def options_of(config: Any) -> dict[str, Any]:
    """A frozen config as JSON values."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(config).items()}
