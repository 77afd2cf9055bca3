"""What a score had to leave out, as a warning of its own: a run tells it in its log, its report and its JSON."""

__all__ = ["UnscoredWarning"]


class UnscoredWarning(UserWarning):
    """Rows that a score leaves out, or takes in part; says how many, which is the first, and the mend."""
