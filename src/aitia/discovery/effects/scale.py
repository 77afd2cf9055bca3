"""The units of an effect: a difference, a ratio or an odds ratio of the outcome under the two interventions."""

from aitia.errors import OptionError

__all__ = ["NULL", "SCALES", "check_scale", "in_percent", "on_scale"]

SCALES = ("difference", "ratio", "odds")
NULL = {"difference": 0.0, "ratio": 1.0, "odds": 1.0}
"""No effect, on each scale."""


def check_scale(scale: str, outcome: str, label: object | None) -> None:
    """Refuses a scale that there is not, and odds of a number.

    Raises:
        OptionError: In that case.
    """
    if scale not in SCALES:
        raise OptionError(f"scale is {', '.join(SCALES[:-1])} or {SCALES[-1]}, got {scale!r}")
    if scale == "odds" and label is None:
        raise OptionError(f"{outcome!r} is a number, and odds are of a label: say --scale difference or ratio")


def in_percent(share: float) -> str:
    """A share of the rows under an intervention, no finer than the draws of a question tell it.

    Example:
        >>> in_percent(0.5561), in_percent(0.004)
        ('56%', 'under 1%')
    """
    return f"{share:.0%}" if share >= 0.01 else "under 1%"


def on_scale(scale: str, mean: float, against: float) -> float:
    """The effect of a mean (or probability) against another.

    Raises:
        OptionError: If the denominator is zero, or a ratio of numbers has no sign.

    Example:
        >>> [round(on_scale(scale, 0.4, 0.2), 3) for scale in ("difference", "ratio", "odds")]
        [0.2, 2.0, 2.667]
    """
    if scale == "difference":
        return mean - against
    if scale == "ratio":
        if not against > 0:
            raise OptionError(
                f"a ratio needs a denominator above zero, and the outcome is {against:.4g} under what it is compared "
                "with: say --scale difference"
            )
        return mean / against
    if not 0 < against < 1 or not mean < 1:
        which = against if not 0 < against < 1 else mean
        raise OptionError(f"odds have a zero denominator where a share is {which:.4g}: say --scale difference")
    return mean / (1 - mean) / (against / (1 - against))
