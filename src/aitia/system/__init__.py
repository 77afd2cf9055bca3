"""The contract: what every system is, what it is given, what `do` may set, and the systems there are.

Nothing of it is loaded before it is used: to read the cards takes no torch.
"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.system.base import System
    from aitia.system.capabilities import (
        CAPABILITIES,
        Counterfactuals,
        Discovers,
        Edits,
        Encodes,
        Explains,
        Noise,
        Predicts,
        verbs_of,
    )
    from aitia.system.counterfactuals import counterfactual
    from aitia.system.effects import effect
    from aitia.system.example import Example, example_of
    from aitia.system.given import Given
    from aitia.system.laws import LAWS, check
    from aitia.system.loading import load
    from aitia.system.opened import Opened
    from aitia.system.placing import ENVIRONMENT
    from aitia.system.registry import Broken, Entry, broken, find, systems
    from aitia.system.targets import Target, Targets
    from aitia.system.training import Score, Scores, Training
    from aitia.system.trial import Trial

__all__ = [
    "CAPABILITIES",
    "ENVIRONMENT",
    "LAWS",
    "Broken",
    "Counterfactuals",
    "Discovers",
    "Edits",
    "Encodes",
    "Entry",
    "Example",
    "Explains",
    "Given",
    "Noise",
    "Opened",
    "Predicts",
    "Score",
    "Scores",
    "System",
    "Target",
    "Targets",
    "Training",
    "Trial",
    "broken",
    "check",
    "counterfactual",
    "effect",
    "example_of",
    "find",
    "load",
    "systems",
    "verbs_of",
]

_HOMES = {
    "counterfactuals": "counterfactual",
    "effects": "effect",
    "base": "System",
    "capabilities": "CAPABILITIES Counterfactuals Discovers Edits Encodes Explains Noise Predicts verbs_of",
    "example": "Example example_of",
    "laws": "LAWS check",
    "trial": "Trial",
    "given": "Given",
    "loading": "load",
    "opened": "Opened",
    "placing": "ENVIRONMENT",
    "registry": "Broken Entry broken find systems",
    "targets": "Target Targets",
    "training": "Score Scores Training",
}
__getattr__ = lazily(__name__, {name: home for home, names in _HOMES.items() for name in names.split()})
