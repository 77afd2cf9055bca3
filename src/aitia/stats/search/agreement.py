"""What a class is scored by where the tests have no likelihood: the evidence for colliders that it upholds."""

from aitia.stats.search.assembly import Triple

__all__ = ["Agreement"]


class Agreement:
    """How much of the evidence the colliders of a node uphold: the score of rules without a likelihood."""

    def __init__(self, strengths: dict[Triple, float]) -> None:
        self.of: dict[int, list[tuple[int, float]]] = {}
        for (x, y, z), strength in strengths.items():
            self.of.setdefault(y, []).append((1 << x | 1 << z, strength))

    def __call__(self, node: int, parents: int) -> float:
        """The evidence for the colliders that these parents make."""
        return sum(strength for pair, strength in self.of.get(node, ()) if pair & parents == pair)
