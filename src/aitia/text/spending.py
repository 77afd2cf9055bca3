"""Tokens and cost of a client, counted, and a budget that is never passed: what may come is set aside beforehand."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aitia.errors import CostError, OptionError

__all__ = ["BudgetReachedError", "Prices", "Reserved", "Spending"]

_MILLION = 1_000_000


class BudgetReachedError(CostError):
    """The next question might cost more than is left."""


@dataclass(frozen=True)
class Prices:
    """Of a million tokens, in any one currency.

    Raises:
        OptionError: If one is below zero or no number.
    """

    input: float = 0.0
    output: float = 0.0

    def __post_init__(self) -> None:
        if not all(0 <= price < float("inf") for price in (self.input, self.output)):
            raise OptionError(f"prices are zero or more a million tokens, got {self.input} and {self.output}")

    def of(self, read: int, written: int) -> float:
        """What so many tokens cost."""
        return (read * self.input + written * self.output) / _MILLION


@dataclass(frozen=True)
class Reserved:
    """Tokens that one question may take at most."""

    read: int
    written: int


class Spending:
    """Counts, for several threads.

    Args:
        prices: Of tokens; without them nothing costs anything.
        budget: What may be spent in the currency of the prices; None has no end.
        token_budget: Tokens that may be read and written in all; None has no end.

    Raises:
        OptionError: If a budget is no number above zero, or one of money stands without prices.

    Example:
        >>> spent = Spending(Prices(1.0, 2.0), budget=0.001)
        >>> held = spent.reserve(300, 100)
        >>> spent.settle(held, 200, 20)
        0.00024
        >>> spent.reserve(600, 100)
        Traceback (most recent call last):
        ...
        aitia.text.spending.BudgetReachedError: the budget of 0.001 is reached: 0.00024 are spent, and the next \
question may cost 0.0008
    """

    def __init__(
        self, prices: Prices | None = None, budget: float | None = None, token_budget: int | None = None
    ) -> None:
        if any(limit is not None and not 0 < limit < float("inf") for limit in (budget, token_budget)):
            raise OptionError(f"a budget is above zero, got {budget if token_budget is None else token_budget}")
        if budget is not None and (prices is None or not (prices.input or prices.output)):
            raise OptionError("a budget in money needs the prices of a million tokens, read and written: give both")
        self.prices, self.budget, self.token_budget = prices or Prices(), budget, token_budget
        self.read = self.written = self.requests = self.failed = 0
        self.cost = 0.0
        self._held: list[Reserved] = []
        self._logs: set[str] = set()
        self._changed = threading.Condition()

    def reserve(self, read: int, written: int) -> Reserved:
        """Sets tokens aside; where too few are left, waits for questions under way, which may take less.

        Raises:
            BudgetReachedError: If they are too many, and nothing is under way any more.
        """
        asked = Reserved(read, written)
        with self._changed:
            while (sentence := self._beyond(asked)) is not None:
                if not self._held:
                    raise BudgetReachedError(sentence)
                self._changed.wait()
            self._held.append(asked)
        return asked

    def settle(self, held: Reserved, read: int | None, written: int | None) -> float:
        """Counts what a question took and gives its cost; None counts all that was set aside."""
        taken = (held.read if read is None else read, held.written if written is None else written)
        with self._changed:
            self._held.remove(held)
            self.read += taken[0]
            self.written += taken[1]
            self.requests += 1
            cost = self.prices.of(*taken)
            self.cost += cost
            self._changed.notify_all()
        return cost

    def release(self, held: Reserved) -> None:
        """Counts nothing: it failed in a way that nobody is paid for."""
        with self._changed:
            self._held.remove(held)
            self.requests += 1
            self.failed += 1
            self._changed.notify_all()

    def found(self, log: str, records: Iterable[Mapping[str, Any]]) -> None:
        """Counts what a log says was spent for its answers, once for each log, so that a run that goes on keeps to its
        budget in all.
        """
        with self._changed:
            if log in self._logs:
                return
            self._logs.add(log)
            for record in records:
                self.read += record.get("input_tokens") or 0
                self.written += record.get("output_tokens") or 0
                self.cost += record.get("cost") or 0.0

    def _beyond(self, asked: Reserved) -> str | None:
        """Why it is too much, if it is."""
        if self.token_budget is not None:
            spent, next_ = self.read + self.written, asked.read + asked.written
            under_way = sum(held.read + held.written for held in self._held)
            if spent + under_way + next_ > self.token_budget:
                return (
                    f"the budget of {self.token_budget:,} tokens is reached: {spent:,} are spent, and the next "
                    f"question may take {next_:,}"
                )
        if self.budget is not None:
            price = self.prices.of(asked.read, asked.written)
            under_way_cost = sum(self.prices.of(held.read, held.written) for held in self._held)
            if self.cost + under_way_cost + price > self.budget * (1 + 1e-12):
                return (
                    f"the budget of {self.budget:g} is reached: {self.cost:.4g} are spent, and the next question may "
                    f"cost {price:.4g}"
                )
        return None

    def to_json(self) -> Mapping[str, Any]:
        """As JSON values."""
        return {
            "requests": self.requests, "failed": self.failed, "input_tokens": self.read, "output_tokens": self.written,
            "cost": self.cost, "budget": self.budget, "token_budget": self.token_budget,
        }  # fmt: skip
