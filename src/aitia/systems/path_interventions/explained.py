"""An explanation on its network: where in the image the causes look, and the network with only them, or without.

    a(x) = sum_e mean_{j in causes} softmax_cells(x_j * w[e, j]),    resized to the image, largest value 1           (1)

The paper's text leaves open whether the contributions of the causes are spread out one by one, as in (1), or after they
are summed. The latter (`spread="sum"`) gives maps that move two to three times as much with the image and are a little
more faithful (the claim has both).

Nothing is written into the network: `only`, `without` and `at_random` are systems of `aitia.nn.sites`, which run it
with other weights.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.table import Kind, Table
from aitia.errors import OptionError
from aitia.nn.sites import Multiply, Network, Site
from aitia.nn.weights import fingerprint
from aitia.systems.path_interventions.explanation import CausalExplanation
from aitia.systems.path_interventions.selection import Test, select
from aitia.systems.path_interventions.sweep import scores, sweep
from aitia.systems.path_interventions.units import (
    Layer,
    UnitNetwork,
    chunks,
    contributions,
    logits_of,
    path_weights,
    weight_mask,
)

__all__ = ["Explained"]

Values = NDArray[np.float64]
BETAS = tuple(np.linspace(0, 0.5, 51).round(2).tolist())
"""Of the paper's soft interventions."""


class Explained:
    """What can be asked of an explanation once the network is at hand again.

    Args:
        explanation: Of a class.
        model: The network that it is of.

    Raises:
        OptionError: If it is another network, or has other weights.
    """

    def __init__(self, explanation: CausalExplanation, model: nn.Module) -> None:
        print_ = fingerprint(model)
        if print_ != explanation.model["fingerprint"]:
            raise OptionError(
                f"this is an explanation of a {explanation.model['class']} with fingerprint "
                f"{explanation.model['fingerprint'][:12]}, not of this {type(model).__name__} with {print_[:12]}: load "
                "the weights that were explained"
            )
        weight = next(model.parameters())
        self.explanation = explanation
        example = torch.zeros(1, *explanation.shape, dtype=weight.dtype, device=weight.device)
        self.network = UnitNetwork(model, example, cells=explanation.config["cells"])

    # -- attribution ---------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def attribute(
        self,
        images: Tensor,
        layer: str | None = None,
        *,
        spread: Literal["each", "sum"] = "each",
        batch_size: int = 256,
    ) -> Values:
        """(1): where in each image the causes of the class look, (n, height, width), from 0 to 1.

        Args:
            images: (n, channels, height, width).
            layer: A convolution of the explanation; None takes the highest whose maps have more than one cell.
            spread: Over which contributions the softmax is taken: of `each` cause, or of their `sum`.
            batch_size: Images that run at once; memory is that of one effect of the layer for every cause.

        Raises:
            UnknownVariableError: If the layer is not in the explanation.
            OptionError: If it is no convolution, or there is none, or `spread` is neither.
        """
        name = self._map_layer() if layer is None else self.explanation.layer(layer).layer
        found, at = self.explanation.layer(name), self.network.layer(name)
        if not isinstance(at.module, nn.Conv2d):
            raise OptionError(f"{name} is no convolution and has no map; convolutions here: {', '.join(self._maps())}")
        if not found.cause_units:
            raise OptionError(f"{name} has no causes of class {self.explanation.target}, so there is nothing to map")
        if spread not in ("each", "sum"):
            raise OptionError(f"spread is each or sum, got {spread!r}")
        causes = sorted(found.kept) if spread == "each" else [found.cause_units]
        maps = []
        for part in chunks(range(len(images)), batch_size):
            given = self.network.upwards(name, images[part[0] : part[-1] + 1]).given
            total = torch.zeros(0)
            for effect in found.effects:
                weights, _ = path_weights(at, [effect], causes)
                flow = contributions(at, given, weights, causes)[:, :, 0]
                one = torch.softmax(flow.flatten(2), dim=2).mean(dim=0).reshape(flow.shape[1:])
                total = one if not len(total) else total + one
            wide = nn.functional.interpolate(total[:, None], images.shape[2:], mode="bilinear", align_corners=False)[
                :, 0
            ]
            maps.append(wide / wide.flatten(1).amax(dim=1)[:, None, None].clamp_min(1e-30))
        return torch.cat(maps).double().cpu().numpy()

    def _maps(self) -> list[str]:
        return [x.layer for x in self.explanation.layers if isinstance(self.network.layer(x.layer).module, nn.Conv2d)]

    def _map_layer(self) -> str:
        image = torch.zeros(1, *self.explanation.shape).to(next(self.network.model.parameters()))
        for name in self._maps():
            if self.explanation.layer(name).cause_units and self.network.upwards(name, image).gave[0, 0].numel() > 1:
                return name
        raise OptionError("no convolution with causes is in the explanation, so there is no attribution map")

    # -- the network with other weights --------------------------------------------------------------------------------

    def edges(self) -> dict[str, Tensor]:
        """For each explained layer the paths from causes to effects, (outputs, inputs) of booleans."""
        found = {}
        for layer in self.explanation.layers:
            at = self.network.layer(layer.layer)
            found[layer.layer] = _rectangle(at, layer.effects, layer.cause_units)
        return found

    def only(self) -> Network:
        """The sub-network: weights off the graph are 0, biases stay. Layers that were not to be explored keep all paths
        to effects, and a layer that no effect reached keeps none."""
        return self.multiplied(self.kept_by_only())

    def kept_by_only(self, layers: Sequence[str] | None = None) -> dict[str, Tensor]:
        """For each layer the paths that `only` keeps; of these layers alone, if they are named.

        Raises:
            UnknownVariableError: If a layer is not in the explanation.
        """
        kept = self.edges()
        if layers is not None:
            return {name: kept[self.explanation.layer(name).layer] for name in layers}
        for name, layer in self.network.layers.items():
            if name not in kept:
                kept[name] = _rectangle(layer, self.explanation.effects.get(name, ()), range(layer.inputs))
        return kept

    def without(self, layers: Sequence[str] | None = None) -> Network:
        """The network without the paths of the graph: weights from causes to effects are 0.

        Args:
            layers: Names of those that are cut; None takes all.

        Raises:
            UnknownVariableError: If a layer is not in the explanation.
        """
        return self.multiplied(self.kept_without(layers))

    def kept_without(self, layers: Sequence[str] | None = None) -> dict[str, Tensor]:
        """For each layer the paths that `without` keeps.

        Raises:
            UnknownVariableError: If a layer is not in the explanation.
        """
        names = [x.layer for x in self.explanation.layers] if layers is None else layers
        return self.kept_but({name: self.explanation.layer(name).cause_units for name in names})

    def cut(self, inputs: Mapping[str, Sequence[int]], *, whole: bool = False) -> Network:
        """The network without paths from some input units of layers.

        Args:
            inputs: For each layer the units that it takes in.
            whole: Cut them off from all units of the layer; otherwise from its effects only.

        Raises:
            UnknownVariableError: If a layer is not in the explanation.
        """
        return self.multiplied(self.kept_but(inputs, whole=whole))

    def kept_but(self, inputs: Mapping[str, Sequence[int]], *, whole: bool = False) -> dict[str, Tensor]:
        """For each layer the paths that `cut` keeps.

        Raises:
            UnknownVariableError: If a layer is not in the explanation.
        """
        kept = {}
        for name, units in inputs.items():
            found, at = self.explanation.layer(name), self.network.layer(name)
            kept[name] = ~_rectangle(at, range(at.outputs) if whole else found.effects, units)
        return kept

    def at_random(self, seed: int = 0, layers: Sequence[str] | None = None) -> Network:
        """The network without as many paths per layer, drawn among all of the layer: the control of `without`.

        Args:
            seed: Of the draw.
            layers: As in `without`.

        Raises:
            UnknownVariableError: If a layer is not in the explanation.
        """
        return self.multiplied(self.kept_at_random(self.kept_without(layers), seed))

    def kept_at_random(self, like: Mapping[str, Tensor], seed: int = 0) -> dict[str, Tensor]:
        """For each layer all paths but as many as another choice leaves out or weakens, drawn by the seed."""
        kept = {}
        for k, (name, other) in enumerate(like.items()):
            at = self.network.layer(name)
            paths = [(e, block) for e in range(at.outputs) for block in at.blocks if _path(at, e, block[0])]
            cut = np.stack([(other[:, list(block)] != 1).any(dim=1).numpy() for block in at.blocks], axis=1)
            count = sum(_path(at, int(e), at.blocks[b][0]) for e, b in np.argwhere(cut))
            mask = torch.ones(at.outputs, at.inputs, dtype=torch.bool)
            for pick in np.random.default_rng([seed, k]).choice(len(paths), count, replace=False):
                mask[paths[pick][0], list(paths[pick][1])] = False
            kept[name] = mask
        return kept

    def multiplied(self, kept: Mapping[str, Tensor]) -> Network:
        """The network whose paths (outputs, inputs) of layers are multiplied: 0 cuts one, 1 leaves it."""
        return Network(
            self.network.model,
            {
                Site(name, to=slice(None)): Multiply(weight_mask(self.network.layer(name), mask).float())
                for name, mask in kept.items()
                if not bool((mask == 1).all())
            },
        )

    # -- what it rests on ----------------------------------------------------------------------------------------------

    def probability(self, system: Network, images: Tensor) -> tuple[Values, Values]:
        """Of the class, in the network as it is and in another system, (n,) each.

        Raises:
            InterventionError: If a logit is not finite.
        """
        plain = scores(self.network.logits(images), self.explanation.target)[1]
        with torch.no_grad():
            other = scores(logits_of(system(images)), self.explanation.target)[1]
        return np.exp(plain), np.exp(other)

    def stability(
        self,
        layer: str,
        images: Tensor,
        *,
        betas: Sequence[float] = BETAS,
        draws: int = 10,
        batch_size: int = 512,
        seed: int = 0,
    ) -> Table:
        """The causes in one layer under soft interventions, compared with those found: columns beta, overlap.

        The overlap is the mean Jaccard index over the draws.

        Args:
            layer: Of the explanation.
            images: Of the class.
            betas: Lower ends of the intervals of 0.01 from which weights are drawn.
            draws: For each.
            batch_size: Rows that run at once.
            seed: Of the draws.

        Raises:
            UnknownVariableError: If the layer is not in the explanation.
            OptionError: If there is no beta or draw.
        """
        if not len(betas) or draws < 1:
            raise OptionError(f"stability needs at least one beta and one draw, got {len(betas)} and {draws}")
        found, at = self.explanation.layer(layer), self.network.layer(layer)
        places = {block: k for k, block in enumerate(at.blocks)}
        tried = [places[block] for block in found.blocks]
        target, overlap = self.explanation.target, []
        test: Test = self.explanation.config["test"]
        by_logit = self.explanation.config["score"] == "logit"
        logit, log, _ = scores(self.network.logits(images), target)
        for k, beta in enumerate(betas):
            shares = []
            for draw in range(draws):
                done = sweep(
                    self.network, at, found.effects, tried, images, target, kind="soft", beta=beta,
                    seed=seed + k * draws + draw, batch_size=batch_size,
                )  # fmt: skip
                chosen = select(
                    done.changes if by_logit else done.log_changes, logit if by_logit else log, test=test,
                    correction=self.explanation.config["correction"], alpha=self.explanation.config["alpha"],
                )  # fmt: skip
                both, either = (chosen.causes & found.causes).sum(), (chosen.causes | found.causes).sum()
                shares.append(both / either if either else 1.0)
            overlap.append(float(np.mean(shares)))
        columns = {"beta": [float(beta) for beta in betas], "overlap": overlap}
        return Table.of(columns, kinds=dict.fromkeys(columns, Kind.NUMBER))


def _rectangle(layer: Layer, outputs: Sequence[int], inputs: Sequence[int]) -> Tensor:
    mask = torch.zeros(layer.outputs, layer.inputs, dtype=torch.bool)
    mask[torch.tensor(list(outputs), dtype=torch.long)[:, None], torch.tensor(list(inputs), dtype=torch.long)] = True
    return mask


def _path(layer: Layer, output: int, unit: int) -> bool:
    """Whether a grouped convolution has a path there; others always have."""
    groups = int(getattr(layer.module, "groups", 1))
    return output // (layer.outputs // groups) == unit // (layer.inputs // groups)
