"""The population after an intervention that was not made, from populations after others.

    z(do) = z(control) + f(code of do),   f linear (ridge) or a perceptron                                           (1)

The code of an intervention has for each variable and kind of action (set, shift, scale) whether it is there, its value
and the square of its value. Codes of interventions on several variables add up, and so do their effects where f is
linear; a perceptron sees z(control) as well.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray

from aitia.do import Intervention, Scale, Shift, Value
from aitia.errors import InterventionError, OptionError, join_names
from aitia.nn.layers import mlp
from aitia.systems.gde.model import GDE
from aitia.train import RowBatches, TrainConfig, train

__all__ = ["PerturbationPredictor", "with_targets_set"]

Values = NDArray[np.float64]
Do = Intervention | str


class PerturbationPredictor:
    """Predicts the vector of a population under an intervention (1), and draws from it.

    Args:
        model: Fitted, best on sets that include those given here.
        form: `linear` or `perceptron`.
        ridge: Weight of the squared coefficients, of the linear form; codes have unit variance.
        steps: Updates of the perceptron.
        seed: Of the perceptron.

    Raises:
        OptionError: If an option is out of range.
    """

    def __init__(
        self,
        model: GDE,
        form: Literal["linear", "perceptron"] = "linear",
        *,
        ridge: float = 0.1,
        steps: int = 500,
        seed: int = 0,
    ) -> None:
        if form not in ("linear", "perceptron") or not ridge > 0 or steps < 1:
            raise OptionError(
                f"form is linear or perceptron, ridge positive and steps at least 1, got {form!r}, {ridge}, {steps}"
            )
        self.model, self.form, self.ridge, self.steps, self.seed = model, form, ridge, steps, seed
        self._code: InterventionCode | None = None

    def fit(self, control: Any, perturbed: Mapping[Do, Any]) -> Self:
        """Learns f.

        Args:
            control: The population without an intervention: rows, a label of the fit, or a vector.
            perturbed: For each intervention the population under it, given likewise.

        Raises:
            OptionError: If there are less than two interventions.
        """
        if len(perturbed) < 2:
            raise OptionError(f"a predictor of interventions needs 2 or more, got {len(perturbed)}")
        asked = [_parsed(do) for do in perturbed]
        self._control = self.model.vector(control)
        self._code = InterventionCode.of(asked)
        x = self._code(asked)
        y = np.stack([self.model.vector(which) for which in perturbed.values()]) - self._control
        if self.form == "linear":
            self._weights = ridge_weights(x, y, self.ridge)
        else:
            self._net = self._perceptron(x, y)
        return self

    def predict(self, do: Do, control: Any = None) -> Values:
        """The vector of the population under an intervention, (latents,).

        Args:
            do: On variables of the fit, by actions of the fit.
            control: The population that it is done to; None takes that of the fit.

        Raises:
            InterventionError: If no intervention of the fit had such a target and action.
        """
        if self._code is None:
            raise OptionError("this PerturbationPredictor has not been fitted: call fit first")
        x = self._code([_parsed(do)])
        base = self._control if control is None else self.model.vector(control)
        if self.form == "linear":
            moved = (x @ self._weights)[0]
        else:
            with torch.no_grad():
                moved = self._net(torch.from_numpy(np.concatenate([x, base[None]], 1)).float())[0].double().numpy()
        found: Values = base + moved
        return found

    def draw(self, do: Do, n: int, control: Any = None, *, seed: int = 0) -> Values:
        """New rows of the population under an intervention, (n, columns).

        A column that the intervention sets to a number has this number in every row: that much is known without data,
        while the predicted vector has to learn it. Shifts and scales say no such thing.

        Args:
            do: As for `predict`.
            n: How many.
            control: As for `predict`.
            seed: Of the noise.
        """
        rows = self.model.draw(self.predict(do, control), n, seed=seed)
        return with_targets_set(rows, _parsed(do), self.model.columns)

    def _perceptron(self, x: Values, y: Values) -> torch.nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            net = mlp((x.shape[1] + len(self._control), 64, y.shape[1]), torch.nn.SELU)
        inputs = np.concatenate([x, np.broadcast_to(self._control, (len(x), len(self._control)))], 1)
        tensors = (torch.from_numpy(inputs).float(), torch.from_numpy(y).float())
        config = TrainConfig(steps=self.steps, learning_rate=3e-3, weight_decay=1e-3, schedule="cosine", device="cpu")
        train(_Squares(net), RowBatches(tensors, len(x), self.seed), config, what="perturbations")
        return net.eval()


class InterventionCode:
    """Interventions as rows of numbers: for each target and kind of action 1, its value and the square of it.

    Args:
        places: Target and kind of action of each place.
        scale: Root mean square of each number over the interventions of the fit.
    """

    def __init__(self, places: tuple[tuple[str, str], ...], scale: Values) -> None:
        self.places, self.scale = places, scale

    @classmethod
    def of(cls, asked: list[Intervention]) -> Self:
        """The code that these interventions need."""
        places = tuple(sorted({(name, _kind(action)[0]) for do in asked for name, action in do.items()}))
        code = cls(places, np.ones(3 * len(places)))
        code.scale = np.sqrt((code(asked) ** 2).mean(0)).clip(min=1e-12)
        return code

    def __call__(self, asked: list[Intervention]) -> Values:
        """(interventions, 3 places)."""
        made = np.zeros((len(asked), len(self.places), 3))
        for i, do in enumerate(asked):
            for name, action in do.items():
                kind, value = _kind(action)
                if (name, kind) not in self.places:
                    known = join_names(f"{kind} of {name}" for name, kind in self.places)
                    raise InterventionError(f"no intervention of the fit was a {kind} of {name!r}; there were: {known}")
                made[i, self.places.index((name, kind))] = 1.0, value, value**2
        code: Values = made.reshape(len(asked), -1) / self.scale
        return code


def ridge_weights(x: Values, y: Values, ridge: float) -> Values:
    """Weights w that make |y - x w|^2 + ridge |w|^2 least, (columns of x, columns of y)."""
    weights: Values = np.asarray(np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ y), dtype=np.float64)
    return weights


def with_targets_set(rows: Values, do: Intervention, columns: Sequence[str]) -> Values:
    """The rows, (n, columns), with each column that is set to a number at that number."""
    held = rows.copy()
    for name, action in do.items():
        if name in columns and _kind(action)[0] == "set":
            held[:, columns.index(name)] = _kind(action)[1]
    return held


class _Squares(torch.nn.Module):
    def __init__(self, net: torch.nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        squares: torch.Tensor = (self.net(x) - y).square().mean()
        return squares


def _parsed(do: Do) -> Intervention:
    return Intervention.parse(do) if isinstance(do, str) else do


def _kind(action: Any) -> tuple[str, float]:
    if isinstance(action, Value) and not isinstance(action.value, str | tuple):
        return "set", float(action.value)
    if isinstance(action, Shift):
        return "shift", float(action.by)
    if isinstance(action, Scale):
        return "scale", float(action.factor)
    raise InterventionError(f"an intervention is coded by a number set, a shift or a scale, got {action}")
