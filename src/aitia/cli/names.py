"""What stands on the command line beside the options that all systems share: `--text review --steps 200`."""

from collections.abc import Mapping, Sequence

from aitia.errors import OptionError

__all__ = ["columns", "named", "pairs"]


def named(extra: Sequence[str], flags: Sequence[str] = ()) -> dict[str, str]:
    """`--steps 200 --text=review --adversarial` as a mapping from name to text.

    Args:
        extra: What the command line had left.
        flags: Names of what is true or false, which may stand without a value and after `--no-`.

    Raises:
        OptionError: If a word is no option, or an option has no value or is given twice.
    """
    found: dict[str, str] = {}

    def take(name: str, value: str) -> None:
        if name in found:
            raise _twice(f"--{name.replace('_', '-')}", found[name], value)
        found[name] = value

    words = list(extra)
    while words:
        word = words.pop(0)
        if not word.startswith("--") or word == "--":
            raise OptionError(f"{word!r} is neither an option nor the value of one: options are --name value")
        name, equals, value = word[2:].partition("=")
        name = name if name in flags else name.replace("-", "_")
        if equals:
            take(name, value)
        elif name.startswith("no_") and name[3:] in flags:
            take(name[3:], "false")
        elif words and (not words[0].startswith("--")):
            take(name, words.pop(0))
        elif name in flags:
            take(name, "true")
        else:
            raise OptionError(f"--{name.replace('_', '-')} has no value: say --{name.replace('_', '-')} VALUE")
    return found


def pairs(given: Sequence[str] | None) -> dict[str, str]:
    """`name=value` as often as given, each name once.

    Raises:
        OptionError: If one is not of that form, or a name is given twice.
    """
    found: dict[str, str] = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise OptionError(f"an option is name=value, got {text!r}")
        if name.strip() in found:
            raise _twice(name.strip(), found[name.strip()], value.strip())
        found[name.strip()] = value.strip()
    return found


def _twice(name: str, one: str, other: str) -> OptionError:
    return OptionError(
        f"{name} is given twice, as {one!r} and {other!r}: give it once; several columns of one role go between commas"
    )


def columns(given: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Both, where no name stands in both.

    Raises:
        OptionError: If one does.
    """
    if twice := sorted(set(given) & set(other)):
        raise OptionError(f"{twice[0]!r} is given twice: once by its own flag and once as name=value")
    return {**given, **other}
