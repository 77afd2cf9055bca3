"""Options of every command that takes a table: how to read the file, and what its columns are.

`--separator`, `--decimal` and the others overrule what the reader took from the file and told; `--discrete`,
`--ordinal` and `--continuous` say what columns are.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aitia.errors import OptionError

if TYPE_CHECKING:
    from aitia.data.spreadsheet import Reading

__all__ = ["MISSING_OPTION", "reads_tables"]

_GROUP = "Reading a table"
_KINDS = {"discrete": "label", "ordinal": "ordinal", "continuous": "number", "text_column": "text"}


def _option(about: str) -> Any:
    return typer.Option(help=about, rich_help_panel=_GROUP)


MISSING_OPTION = typer.Option(
    "--missing", help="Of rows with gaps: complete leaves them out, impute fills them, or error."
)
"""Of commands that ask a fitted system."""
_OPTIONS: Mapping[str, tuple[Any, Any]] = {
    "discrete": (
        Annotated[list[str] | None, _option("Column of labels that looks like numbers; as often as needed.")],
        None,
    ),
    "ordinal": (
        Annotated[
            list[str] | None,
            _option('Column of ranks, such as answers from 1 to 5; labels in their order, "use=never<rarely<often".'),
        ],
        None,
    ),
    "continuous": (Annotated[list[str] | None, _option("Column of numbers that looks like labels.")], None),
    "text_column": (Annotated[list[str] | None, _option("Column of texts, kept as written.")], None),
    "separator": (Annotated[str | None, _option("Between cells: a character, or comma, semicolon, tab, bar.")], None),
    "decimal": (Annotated[str | None, _option("Decimal mark, . or ,; the other one then groups thousands.")], None),
    "date_order": (Annotated[str | None, _option("dmy or mdy, for dates such as 3/4/2021.")], None),
    "missing_value": (
        Annotated[list[str] | None, _option("Cell that stands for missing: -999, or COLUMN=-999.")],
        None,
    ),
    "keep_value": (
        Annotated[list[str] | None, _option("Cell that looks as if it did and does not, in the same form.")],
        None,
    ),
    "header": (Annotated[int | None, _option("Line of the names of columns, from 1; 0 if there is none.")], None),
    "encoding": (Annotated[str | None, _option("Of the text, such as cp1252.")], None),
    "sheet": (Annotated[str | None, _option("Sheet of a workbook, by name or number.")], None),
    "keep_totals": (Annotated[bool | None, _option("Keep rows of totals.")], None),
    "as_written": (Annotated[bool | None, _option("Labels that differ in case or blanks alone are different.")], None),
    "skip_bad_rows": (Annotated[bool | None, _option("Leave out rows of other length than the header.")], None),
}


def reads_tables(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command these options; it is called with `reading` and `kinds` in their place."""
    signature = inspect.signature(command)
    own = [p for name, p in signature.parameters.items() if name not in ("reading", "kinds")]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in _OPTIONS.items()
    ]

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        told = {name: kwargs.pop(name) for name in _OPTIONS}
        command(*args, reading=_reading(told), kinds=_kinds(told), **kwargs)

    wrapped.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in (*own, *added)} | {"return": None}
    return wrapped


def _reading(told: Mapping[str, Any]) -> "Reading":
    from aitia.data.spreadsheet import Reading

    others = {name: told[name] for name in told if name not in _KINDS and name not in ("missing_value", "keep_value")}
    return Reading(
        missing=tuple(told["missing_value"] or ()), keep=tuple(told["keep_value"] or ()),
        order=tuple(text for text in told["ordinal"] or () if _says_order(text)), **others,
    )  # fmt: skip


def _kinds(told: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for option, kind in _KINDS.items():
        orders = told[option] or () if option == "ordinal" else ()
        ranked = [text.partition("<")[0].rpartition("=")[0].strip() for text in orders if _says_order(text)]
        for name in (*_names(told[option]), *ranked):
            if found.get(name, kind) != kind:
                raise OptionError(
                    f"{name!r} is declared in two ways: give it to one of --discrete, --ordinal, --continuous"
                )
            found[name] = kind
    return found


def _names(given: Sequence[str] | None) -> list[str]:
    return [name.strip() for text in given or () if not _says_order(text) for name in text.split(",") if name.strip()]


def _says_order(text: str) -> bool:
    """Whether a column is named with the order of its labels, `use=never<rarely<often`."""
    return "=" in text.partition("<")[0] and "<" in text
