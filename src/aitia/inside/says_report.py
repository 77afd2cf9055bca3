"""What a model says before and after a patch, as text."""

from aitia.inside.says import PatchedAnswers

__all__ = ["SAYS_COLUMNS", "says_rows", "says_sentence"]

SAYS_COLUMNS = ("says", "after the prompt", "corrupted", "patched")


def says_rows(found: PatchedAnswers) -> list[list[str]]:
    """One row a token with its probabilities, under `SAYS_COLUMNS`."""
    return [
        [repr(token), *(f"{value:.4f}" for value in found.probabilities[:, k])] for k, token in enumerate(found.tokens)
    ]


def says_sentence(found: PatchedAnswers) -> str:
    """The three runs in words."""
    clean, broken, patched = found.metric
    places = ", ".join(map(str, found.sites))
    return (
        f"{found.model} on {found.question.prompt!r}: the {found.question.measured} is {clean:.3f}, {broken:.3f} under "
        f"{found.corrupted}, and {patched:.3f} when {places} gets back what it has after the prompt: that restores "
        f"{found.effect:+.3f} of the way."
    )
