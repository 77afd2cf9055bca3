"""The suite: which methods there are, how their codes are scored against the truth, and how they compare.

`judge` scores codes that somebody, or a member, made. `compare` fits the members that the rows permit, each with the
same options, and says of the others what they lack. The members are all systems whose card names this one, those of
other packages too. The score stands in `aitia.representations.score`.

Where we differ from the suite: its R2 of videos takes the best iteration on the test half and one number for all
variables; it adds noise to constant variables; and it splits by image, so that views of one thing are on both sides.
Here the rows to score are the caller's; `compare` holds out whole ids.

Source:
    Chen, Deng, Zhu, Li, Shen, Li and Zhang, CausalVerse: benchmarking causal representation learning with configurable
    high-fidelity simulations, NeurIPS 2025.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Literal, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.data.table import Table
from aitia.errors import AitiaError, DataError, OptionError, join_names
from aitia.report import Block, TableBlock
from aitia.representations.method import Representation
from aitia.representations.rows import Rows, split_rows
from aitia.representations.score import CodeScore, score
from aitia.runs import RunStore
from aitia.saving import Arrays, SavedArrays
from aitia.system import Given, Score, Scores, System, systems
from aitia.systems.causalverse.card import CARD
from aitia.systems.causalverse.config import CausalVerseConfig

__all__ = ["CausalVerse", "members"]

Values = NDArray[np.float64]
HELD_OUT = 0.2
"""Of the ids, that `compare` scores on."""


def members() -> dict[str, type[Representation]]:
    """The class of each member by its slug."""
    return {
        slug: cast("type[Representation]", entry.load())
        for slug, entry in systems().items()
        if entry.card.member_of == CARD.slug
    }


class CausalVerse(SavedArrays, System):
    """Scores codes against true variables, and compares the methods that make codes.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        codes: The columns that hold codes.

    Example:
        >>> z = np.random.default_rng(0).normal(size=(300, 2))
        >>> rows = Table.of({"z1": z[:, 1], "z2": z[:, 0], "a": z[:, 0], "b": z[:, 1]})
        >>> score = CausalVerse().score(z[:, ::-1], rows, truth=["a", "b"])
        >>> round(score.mcc, 3), round(score.r2, 1)
        (1.0, 1.0)
    """

    card = CARD
    Config = CausalVerseConfig
    config: CausalVerseConfig
    codes: tuple[str, ...] = ()

    def check_given(self, given: Given) -> None:
        """Wants codes, and true variables that vary.

        Raises:
            DataError: If there are none.
        """
        seen = self._seen(given)
        if seen.labels is None:
            raise DataError(f"a score needs labels (values of the true variables): {seen.source} offers none")

    def work(self, given: Given) -> str:
        """Codes and rows."""
        names = self._codes(given)
        return f"{len(names)} codes ({join_names(names)}) of {len(given)} rows are compared with the true variables"

    def _fit(self, given: Given, run: RunStore) -> None:
        """Notes which columns are codes: nothing is learnt."""
        self.codes = self._codes(given)
        self.roles = {**self.roles, "code": self.codes}

    def score(self, codes: ArrayLike, *data: Any, **roles: Any) -> CodeScore:
        """The score of codes against the true variables of rows.

        Args:
            codes: (n, k), or (n, frames, k) of clips.
            data: The rows that were encoded.
            roles: `truth` and `angle`, as in `fit`.

        Raises:
            DataError: If there are no labels, or other numbers of rows, or no variable varies.
        """
        given = self.given(*data, **roles)
        sequences = given.data.sequences
        if sequences is None and not given.columns("code"):
            given = replace(given, roles={**given.roles, "code": self._codes(given, needed=False)})
        given = replace(given, roles={**given.roles, "feature": given.columns("code")})
        z = np.asarray(codes, dtype=np.float64)
        frames = () if sequences is None else sequences.shape[1:2]
        truth = Rows.of(given, x=np.zeros((len(given), *frames, 1)))
        return score(z, truth, self.config.seed)

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """What the codes know of the true variables, beside as many random numbers."""
        truth = self._seen(fresh)
        random = np.random.default_rng([self.config.seed, 64]).normal(size=truth.x.shape)
        return scores_of(score(truth.x, truth, self.config.seed), score(random, truth, self.config.seed))

    def report(self, given: Given) -> Sequence[Block]:
        """R2 of each true variable."""
        truth = self._seen(given)
        found = score(truth.x, truth, self.config.seed)
        lines: list[Sequence[object]] = [[name, value] for name, value in found.r2_by_variable.items()]
        lines += [[name, value] for name, value in found.accuracy.items()]
        about = "R2 of each number, and accuracy of each category, from all codes."
        return [TableBlock(["variable", "known"], lines, about)]

    def compare(self, *data: Any, only: Sequence[str] = (), run: RunStore | None = None, **named: Any) -> Table:
        """The members fitted to four fifths of the ids and scored on the rest, one line a member.

        Args:
            data: Rows with true variables.
            only: The slugs of some members; empty takes all.
            run: Whom it tells how far it is.
            named: Roles, as in `fit`, and options of the members; a member leaves out those that it does not have.

        Returns:
            Columns `member`, `MCC`, `R2`, `best correlation`, `accuracy`, and `lacks`: why a member was not fitted.

        Raises:
            OptionError: If there is no such member.
        """
        found = members()
        if unknown := [slug for slug in only if slug not in found]:
            raise OptionError(f"there is no member {unknown[0]!r}; there are {join_names(found, 20)}")
        lines = [self._line(slug, found[slug], data, named, run) for slug in only or found]
        columns = {name: [line.get(name) for line in lines] for name in _LINE}
        return Table.of(columns, kinds=_LINE)

    def _line(
        self, slug: str, member: type[Representation], data: tuple[Any, ...], named: Mapping[str, Any], run: Any
    ) -> dict[str, Any]:
        options = {name: named[name] for name in named if name in member().get_params()}
        roles = {name: named[name] for name in named if name in member.card.takes}
        try:
            model = member(**{"seed": self.config.seed, **options})
            given = Given.of(member.card, *data, **roles)
            ids = given.labels("id") if given.column("id") else np.arange(len(given))
            kept, held = split_rows(ids, HELD_OUT, self.config.seed)
            model.fit(given.take(kept), **({} if run is None else {"run": run}))
            rows = given.take(held)
            told = score(model.codes(rows), model.rows(rows), self.config.seed)
        except AitiaError as error:
            return {"member": slug, "lacks": str(error)}
        accuracy = float(np.mean(list(told.accuracy.values()))) if told.accuracy else None
        return {
            "member": slug,
            "MCC": told.mcc,
            "R2": told.r2 if told.r2_by_variable else None,
            "best correlation": told.best_correlation if told.r2_by_variable else None,
            "accuracy": accuracy,
            "lacks": "",
        }

    def _codes(self, given: Given, needed: bool = True) -> tuple[str, ...]:
        if named := given.columns("code"):
            return named
        table = given.table
        found = tuple(n for n in table.names if n[:1] == "z" and n[1:].isdigit() and table.continuous(n))
        if needed and not found:
            raise DataError(f"{given.name} has no codes: name their columns (--code), or call them z1, z2, ...")
        return found

    def _seen(self, given: Given) -> Rows:
        """The codes as what is looked at, and the true variables."""
        codes = self._codes(given)
        placed = replace(given, roles={**given.roles, "code": codes, "feature": codes})
        return Rows.of(placed, x=np.stack([given.table.column(name) for name in codes], axis=-1))

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        if not self.codes:
            raise OptionError("this CausalVerse has not been fitted: call fit first")
        return {"config": asdict(self.config), "codes": list(self.codes)}, {}

    @classmethod
    def _restored(cls, options: Mapping[str, Any], arrays: Arrays) -> Self:
        model = cls(CausalVerseConfig(**options["config"]))
        model.codes = tuple(options["codes"])
        return model


_LINE = {
    "member": "label",
    "MCC": "number",
    "R2": "number",
    "best correlation": "number",
    "accuracy": "number",
    "lacks": "text",
}


def scores_of(found: CodeScore, random: CodeScore) -> Scores:
    """A score beside that of random codes."""
    up: Literal["higher"] = "higher"
    made: dict[str, Score] = {}
    if found.mcc is not None and random.mcc is not None and found.r2_by_variable:
        about = "Mean correlation of true variables and latents under the best one-to-one matching."
        made["MCC"] = Score(found.mcc, up, about, {"random codes": random.mcc})
    if found.r2_by_variable:
        about = "Of a kernel regression of the true variables on all latents."
        made["R2"] = Score(found.r2, up, about, {"random codes": random.r2})
        about = "Mean over the true variables of the best correlation with any latent."
        made["best correlation"] = Score(found.best_correlation, up, about, {"random codes": random.best_correlation})
    if found.accuracy:
        mean, chance, most = (
            float(np.mean(list(part.values()))) for part in (found.accuracy, random.accuracy, found.majority)
        )
        about = "Of the true categories, from the nearest codes."
        made["accuracy"] = Score(mean, up, about, {"random codes": chance, "most frequent": most})
    return made
