"""Formulas over an observed distribution, as data: probabilities, products, sums and quotients of them.

They print as in a paper, say which variables they leave open, and evaluate on a table of the joint distribution.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError, join_names, unknown_variable

__all__ = ["Estimand", "Probability", "Product", "Ratio", "Sum", "product", "ratio", "total"]

Array = NDArray[np.float64]


class Estimand(ABC):
    """A formula in observed probabilities: a tree of `Probability`, `Product`, `Sum` and `Ratio`.

    Printed, a summed variable carries a prime where its name also stands for a value outside the sum.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def free(self) -> frozenset[str]:
        """The variables that the value depends on: all that are not summed over."""

    @abstractmethod
    def _array(self, joint: Array, axis: Mapping[str, int]) -> Array:
        """The value with one axis per variable of the joint, of length 1 where it does not depend on it."""

    @abstractmethod
    def _text(self, label: Mapping[str, str], used: frozenset[str]) -> str:
        """The formula with variables written as `label`; `used` are the labels already taken."""

    def evaluate(self, joint: ArrayLike | Mapping[tuple[int, ...], float], names: Sequence[str]) -> Array:
        """The value of the formula in a discrete joint distribution.

        Args:
            joint: Probabilities with one axis per name, of shape (k_1, ..., k_d); or a mapping from states, each a
                tuple of codes 0..k-1, to their probabilities (what is absent has probability 0).
            names: The names of the axes, in order.

        Returns:
            An array with the same axes in the same order, of length 1 where the formula does not depend on the
            variable; NaN where it divides by a probability of 0 that matters (no support).

        Raises:
            DataError: If the joint has another number of axes, a negative entry, or does not sum to 1.
            UnknownVariableError: If the formula has a variable that `names` lacks.

        Example:
            >>> formula = Probability(("y",), ("x",))
            >>> formula.evaluate([[0.1, 0.3], [0.2, 0.4]], ["x", "y"]).round(3).tolist()
            [[0.25, 0.75], [0.333, 0.667]]
        """
        table = _table(joint, names)
        axis = {name: i for i, name in enumerate(names)}
        for name in sorted(self._mentioned()):
            if name not in axis:
                raise unknown_variable(name, names, "joint distribution")
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._array(table, axis)

    @abstractmethod
    def _mentioned(self) -> frozenset[str]:
        """Every variable in the formula, summed or not."""

    def __str__(self) -> str:
        return self._text({}, self.free)


def _table(joint: ArrayLike | Mapping[tuple[int, ...], float], names: Sequence[str]) -> Array:
    if isinstance(joint, Mapping):
        states = np.array(list(joint), dtype=np.int64).reshape(len(joint), -1)
        if states.shape[1] != len(names) or (states < 0).any():
            raise DataError(f"each state is {len(names)} codes from 0 up, one for each of {join_names(names)}")
        table = np.zeros(tuple(states.max(axis=0) + 1))
        table[tuple(states.T)] = np.array(list(joint.values()), dtype=float)
    else:
        table = np.asarray(joint, dtype=float)
    if table.ndim != len(names) or len(set(names)) != len(names):
        raise DataError(f"the joint has {table.ndim} axes for the {len(names)} names {join_names(names)}")
    if not (table >= 0).all() or not np.isclose(table.sum(), 1.0, atol=1e-6):
        raise DataError(f"a joint distribution has entries >= 0 that sum to 1, these sum to {table.sum():.6g}")
    return table


@dataclass(frozen=True, slots=True)
class Probability(Estimand):
    """P(of | given).

    Example:
        >>> print(Probability(("y",), ("x", "z")))
        P(y | x, z)
    """

    of: tuple[str, ...]
    given: tuple[str, ...] = ()

    @property
    def free(self) -> frozenset[str]:
        """All its variables."""
        return frozenset((*self.of, *self.given))

    def _mentioned(self) -> frozenset[str]:
        return self.free

    def _array(self, joint: Array, axis: Mapping[str, int]) -> Array:
        keep = {axis[name] for name in self.free}
        both = joint.sum(axis=tuple(i for i in range(joint.ndim) if i not in keep), keepdims=True)
        below: Array = both.sum(axis=tuple(axis[name] for name in self.of), keepdims=True)
        value: Array = both / below if self.given else both
        return value

    def _text(self, label: Mapping[str, str], used: frozenset[str]) -> str:
        def written(names: tuple[str, ...]) -> str:
            return ", ".join(label.get(name, name) for name in names)

        return f"P({written(self.of)}{' | ' if self.given else ''}{written(self.given)})"


@dataclass(frozen=True, slots=True)
class Product(Estimand):
    """The product of some factors; of none it is 1. A factor of 0 makes it 0, whatever is undefined beside it."""

    factors: tuple[Estimand, ...]

    @property
    def free(self) -> frozenset[str]:
        """The variables of all factors."""
        return frozenset[str]().union(*(factor.free for factor in self.factors))

    def _mentioned(self) -> frozenset[str]:
        return frozenset[str]().union(*(factor._mentioned() for factor in self.factors))

    def _array(self, joint: Array, axis: Mapping[str, int]) -> Array:
        value: Array = np.ones((1,) * joint.ndim)
        for factor in self.factors:
            other = factor._array(joint, axis)
            value = np.where((value == 0) | (other == 0), 0.0, value * other)
        return value

    def _text(self, label: Mapping[str, str], used: frozenset[str]) -> str:
        if not self.factors:
            return "1"
        plain = [factor for factor in self.factors if not isinstance(factor, Sum)]
        plain.sort(key=lambda factor: isinstance(factor, Probability) and not factor.given)  # weights stand last
        sums = [factor for factor in self.factors if isinstance(factor, Sum)]
        parts = [f"[{f._text(label, used)}]" if isinstance(f, Ratio) else f._text(label, used) for f in plain]
        if len(sums) == 1:  # a single sum can stand last without brackets
            parts.append(sums[0]._text(label, used))
        else:
            parts += [f"[{factor._text(label, used)}]" for factor in sums]
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Sum(Estimand):
    """The sum of the body over all values of some variables."""

    over: tuple[str, ...]
    body: Estimand

    @property
    def free(self) -> frozenset[str]:
        """The variables of the body that are not summed over."""
        return self.body.free - set(self.over)

    def _mentioned(self) -> frozenset[str]:
        return self.body._mentioned() | set(self.over)

    def _array(self, joint: Array, axis: Mapping[str, int]) -> Array:
        value = self.body._array(joint, axis)
        for name in self.over:
            repeat = joint.shape[axis[name]] if value.shape[axis[name]] == 1 else 1
            value = value.sum(axis=axis[name], keepdims=True) * repeat
        return value

    def _text(self, label: Mapping[str, str], used: frozenset[str]) -> str:
        inner, taken = dict(label), set(used)
        written = []
        for name in self.over:
            mark = name
            while mark in taken:
                mark += "'"
            inner[name] = mark
            taken.add(mark)
            written.append(mark)
        under = written[0] if len(written) == 1 else f"{{{', '.join(written)}}}"
        return f"Σ_{under} {self.body._text(inner, frozenset(taken))}"


@dataclass(frozen=True, slots=True)
class Ratio(Estimand):
    """One formula divided by another; NaN where both are 0."""

    above: Estimand
    below: Estimand

    @property
    def free(self) -> frozenset[str]:
        """The variables of both parts."""
        return self.above.free | self.below.free

    def _mentioned(self) -> frozenset[str]:
        return self.above._mentioned() | self.below._mentioned()

    def _array(self, joint: Array, axis: Mapping[str, int]) -> Array:
        value: Array = self.above._array(joint, axis) / self.below._array(joint, axis)
        return value

    def _text(self, label: Mapping[str, str], used: frozenset[str]) -> str:
        def wrapped(part: Estimand) -> str:
            text = part._text(label, used)
            return text if isinstance(part, Probability) else f"({text})"

        return f"{wrapped(self.above)} / {wrapped(self.below)}"


def product(factors: Iterable[Estimand]) -> Estimand:
    """The product, flattened, with P(a | b, c) P(b | c) written as P(a, b | c)."""
    flat: list[Estimand] = []
    for factor in factors:
        flat += factor.factors if isinstance(factor, Product) else [factor]
    flat = _chained(flat)
    return flat[0] if len(flat) == 1 else Product(tuple(flat))


def _chained(factors: list[Estimand]) -> list[Estimand]:
    for i, first in enumerate(factors):
        for j, second in enumerate(factors):
            if (
                isinstance(first, Probability)
                and isinstance(second, Probability)
                and i != j
                and set(first.given) == {*second.of, *second.given}
            ):
                whole = Probability((*second.of, *first.of), second.given)
                return _chained([whole, *(f for k, f in enumerate(factors) if k not in (i, j))])
    return factors


def total(over: Iterable[str], body: Estimand) -> Estimand:
    """The sum of the body, with what sums to 1 gone and what does not depend on the variables outside."""
    inside = list(body.factors) if isinstance(body, Product) else [body]
    left = list(over)
    progress = True
    while progress:
        progress = False
        for name in left:
            touched = [factor for factor in inside if name in factor.free]
            only = touched[0] if len(touched) == 1 else None
            if isinstance(only, Probability) and name in only.of:
                rest = tuple(other for other in only.of if other != name)
                inside = [f for f in inside if f is not only] + ([Probability(rest, only.given)] if rest else [])
                inside = _chained(inside)
                left.remove(name)
                progress = True
                break
    outside = [factor for factor in inside if not factor.free & set(left)]
    inside = [factor for factor in inside if factor.free & set(left)]
    if not left:
        return product(outside)
    return product([*outside, Sum(tuple(left), product(inside))])


def ratio(above: Estimand, below: Estimand) -> Estimand:
    """The quotient, with common factors cancelled and P(a, b) / P(b) written as P(a | b)."""
    top = list(above.factors) if isinstance(above, Product) else [above]
    bottom = list(below.factors) if isinstance(below, Product) else [below]
    for factor in list(bottom):
        if factor in top:
            top.remove(factor)
            bottom.remove(factor)
    if not bottom:
        return product(top)
    for i, whole in enumerate(top):
        for part in bottom:
            if (
                isinstance(whole, Probability)
                and isinstance(part, Probability)
                and set(whole.given) == set(part.given)
                and set(part.of) < set(whole.of)
            ):
                rest = tuple(name for name in whole.of if name not in part.of)
                conditional = Probability(rest, (*part.given, *part.of))
                return ratio(
                    product([*top[:i], conditional, *top[i + 1 :]]), product(f for f in bottom if f is not part)
                )
    return Ratio(product(top), product(bottom))
