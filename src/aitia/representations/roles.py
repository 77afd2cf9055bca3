"""What columns are to a system that looks for latent causes; for cards, so that nothing else is imported."""

from collections.abc import Mapping

from aitia.card import Role

__all__ = ["KNOWN", "NOT_DECODED", "SEEN", "WITHOUT_DECODER", "needed"]

SEEN: Mapping[str, Role] = {
    "image": Role(kind="picture", about="the pictures, where rows are pictures", needed=False),
    "feature": Role(
        kind="number",
        about="the numbers that are seen, where rows are no pictures; all that have no other role if nobody says which",
        needed=False,
        many=True,
    ),
}
"""What is looked at; clips bring their frames."""
KNOWN: Mapping[str, Role] = {
    "truth": Role(kind="any", about="values of true variables, which codes are compared with", needed=False, many=True),
    "angle": Role(kind="number", about="true variables that are angles, in radians", needed=False, many=True),
    "domain": Role(
        kind="label",
        about="which setting a row is from",
        needed=False,
        names=("environment", "env"),
    ),
    "id": Role(kind="label", about="rows with the same id are views of one thing", needed=False),
}
"""What is known beside it."""
NOT_DECODED: Mapping[str, str] = {
    "counterfactual": "a row comes back only as its reconstruction: what the codes do not hold is lost",
    "predict": "latents are no columns, and the codes do not follow the prior that rows would be drawn from",
}
"""Why a system with a decoder lacks what it lacks."""
WITHOUT_DECODER: Mapping[str, str] = {"edit": "it has no decoder", "counterfactual": "it has no decoder"}
"""Why a system without one does."""


def needed(roles: Mapping[str, Role], *names: str) -> dict[str, Role]:
    """The same roles with these needed."""
    from dataclasses import replace

    return {name: replace(role, needed=True) if name in names else role for name, role in roles.items()}
