"""The question that a diagram asks by itself: what it marks as exposure is set, what it marks as outcome is watched."""

from aitia.data.table import Table
from aitia.do import Intervention, shift
from aitia.errors import OptionError, join_names
from aitia.graph import Roles

__all__ = ["marked_contrast", "marked_outcome", "passed_over"]


def marked_outcome(roles: Roles) -> str:
    """The one outcome of a diagram.

    Raises:
        OptionError: If it marks none, or several.
    """
    return _one(roles.outcome, "outcome", "say which variable to watch (--outcome)")


def marked_contrast(roles: Roles, table: Table) -> tuple[Intervention, Intervention]:
    """What is set and against what: of two values the second against the first, of a number one more of it.

    Raises:
        OptionError: If the diagram marks no exposure or several, or it has more than two labels.
        UnknownVariableError: If the table has no such column.

    Example:
        >>> table = Table.of({"dose": ["no", "yes", "no"], "age": [31.5, 40.2, 28.0]})
        >>> print(*marked_contrast(Roles(exposure=("dose",)), table), sep=" against ")
        do(dose="yes") against do(dose="no")
        >>> print(marked_contrast(Roles(exposure=("age",)), table)[0])
        do(age=shift(1))
    """
    name = _one(roles.exposure, "exposure", 'say what is set, such as "do(x=1)"')
    labels = table.categories(name)
    if not labels:
        return Intervention({name: shift(1)}), Intervention({})
    if len(labels) != 2:
        raise OptionError(
            f"the exposure {name!r} has the values {join_names(labels)}: say which to set and what against, "
            'such as "do(x=a)" --against "do(x=b)"'
        )
    return Intervention({name: labels[1]}), Intervention({name: labels[0]})


def passed_over(roles: Roles) -> list[str]:
    """What a diagram marks and the answer makes no use of, a sentence each."""
    told = []
    if roles.adjusted:
        told.append(f"the graph marks {join_names(roles.adjusted)} as adjusted: what to adjust for is chosen anew here")
    if roles.selected:
        told.append(
            f"the graph says that rows were selected by {join_names(roles.selected)}: the effect is that among these "
            "rows, and selection may bias it"
        )
    return told


def _one(names: tuple[str, ...], role: str, mend: str) -> str:
    if len(names) == 1:
        return names[0]
    if names:
        raise OptionError(f"the graph marks {join_names(names)} as {role}: {mend}")
    raise OptionError(f"{mend}; a DAGitty graph may mark its {role} instead")
