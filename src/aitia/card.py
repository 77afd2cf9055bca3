"""The card of a system: who published it, what it does and claims, what rows it takes, and what its `do` is.

A card is plain facts, read without the code of the system: `aitia list` shows all of them and loads no torch.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from aitia.errors import OptionError

__all__ = [
    "DOES",
    "RESERVED",
    "ROLE_KINDS",
    "ROW_KINDS",
    "SUBJECT_KINDS",
    "VERBS",
    "Card",
    "Does",
    "Role",
    "SubjectRole",
]

Does = Literal["sets a variable", "replaces a state", "erases a concept", "edits a row"]
DOES: tuple[str, ...] = ("sets a variable", "replaces a state", "erases a concept", "edits a row")
"""The four things that `do` can be."""
ROW_KINDS = ("table", "clips", "tracks", "recordings")
ROLE_KINDS = ("number", "count", "ordinal", "label", "time", "text", "picture", "list", "spans", "any")
SUBJECT_KINDS = ("network", "client", "world")
RESERVED = (
    "run", "seed", "draws", "out", "data", "rows", "size", "world", "target", "outcome", "intervention", "reading",
    "kinds",
)  # fmt: skip
"""Names of arguments that every system has: no role, subject or option has one, but the option `seed`."""
VERBS = ("predict", "counterfactual", "edit", "encode", "effects", "graphs", "adapt", "export")
"""What a system can answer beside `do`."""


@dataclass(frozen=True)
class Role:
    """What a column of the rows is to a system.

    Args:
        kind: Kind of the column; `any` takes each plain kind.
        about: What it is, in a few words.
        needed: Whether rows without it are refused.
        many: Whether it takes several columns.
        names: Names of columns that are taken where nobody says which, the first that is there.
        rest: Whether, where nobody says which, it takes all columns of its kind that no other role has.
    """

    kind: str = "any"
    about: str = ""
    needed: bool = True
    many: bool = False
    names: tuple[str, ...] = ()
    rest: bool = False

    def __post_init__(self) -> None:
        if self.kind not in ROLE_KINDS:
            raise OptionError(f"a role is of kind {', '.join(ROLE_KINDS)}; got {self.kind!r}")


@dataclass(frozen=True)
class SubjectRole:
    """What is studied or used by a system, but not fitted as rows.

    Args:
        kind: `network`: opened, trained or traced; `client`: only answers; `world`: a simulator.
        about: What it is to the system, in a few words.
        needed: Whether the system does nothing without it.
    """

    kind: str
    about: str = ""
    needed: bool = True

    def __post_init__(self) -> None:
        if self.kind not in SUBJECT_KINDS:
            raise OptionError(f"a subject is of kind {', '.join(SUBJECT_KINDS)}; got {self.kind!r}")


@dataclass(frozen=True)
class Card:
    """One published system in a few facts.

    Args:
        slug: Short lower-case name with hyphens, the name people type.
        title: Title of the paper.
        authors: Family names, in the paper's order.
        year: Year of publication.
        venue: Journal or conference.
        task: What a user gets, in a few words.
        claim: The paper's claim in one sentence, as `aitia verify` measures it; empty for a member.
        source: Link to the paper.
        home: The class, as `module:name` inside the folder of the system.
        rows: Kinds of rows that it is fitted to.
        takes: What columns are to it, by role.
        subjects: What else it needs, by name.
        fills: Roles whose empty cells are holes, which `predict` fills; all other empty cells are missing.
        does: Which of four things its `do` is; None where `do` sets nothing.
        do: What `do` is here, in one sentence; why there is none where `does` is None.
        verbs: What it answers beside `do`.
        absent: For each verb that one would expect and it lacks, or has in some fits only, the reason.
        extra: The optional dependencies that it needs, such as `nets`; empty for none.
        member_of: The slug of the suite that it is a part of; the count of papers leaves it out.

    Raises:
        OptionError: If a fact is not of its form.
    """

    slug: str
    title: str
    authors: tuple[str, ...]
    year: int
    venue: str
    task: str
    source: str
    home: str
    claim: str = ""
    rows: tuple[str, ...] = ("table",)
    takes: Mapping[str, Role] = field(default_factory=dict)
    subjects: Mapping[str, SubjectRole] = field(default_factory=dict)
    fills: tuple[str, ...] = ()
    does: Does | None = None
    do: str = ""
    verbs: tuple[str, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
    extra: str = ""
    member_of: str | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.slug):
            raise OptionError(f"a slug is lower-case words joined by hyphens, got {self.slug!r}")
        for known, given, what in (
            (ROW_KINDS, self.rows, "rows"),
            (VERBS, self.verbs, "verbs"),
            (tuple(self.takes), self.fills, "fills"),
            ((*DOES, None), (self.does,), "does"),
        ):
            if odd := [name for name in given if name not in known]:
                raise OptionError(
                    f"the card of {self.slug} has {what} {odd[0]!r}; there are {', '.join(map(str, known))}"
                )
        if not self.authors or not 1900 <= self.year <= 2100 or self.home.count(":") != 1:
            raise OptionError(f"the card of {self.slug} needs authors, a year, and a home such as model:NAME")
        if not self.do:
            raise OptionError(f"the card of {self.slug} does not say what do is, or why there is none")
        if taken := sorted({*self.takes, *self.subjects} & set(RESERVED)):
            raise OptionError(
                f"the card of {self.slug} calls a role or subject {taken[0]!r}, which means something else"
            )
        if both := sorted(set(self.takes) & set(self.subjects)):
            raise OptionError(f"the card of {self.slug} has {both[0]!r} both as a role and as a subject")

    @property
    def folder(self) -> str:
        """Name of its folder: the slug with underscores."""
        return self.slug.replace("-", "_")

    def to_json(self) -> dict[str, Any]:
        """All of it, as JSON values."""
        return asdict(self)
