"""Pairs of sentences scored by a causal language model, without any training.

    score(s -> t) = log p(s | "t because") - log p(s | "because")                                                   (4)

the logarithm of how much likelier the cause is behind the effect than behind the bare word. No picture is seen: what
the model gives to a pair it gives in every clip.
"""

import numpy as np
from numpy.typing import NDArray

from aitia.data.subjects import Client
from aitia.errors import OptionError
from aitia.systems.ireason.pairs import Pairs
from aitia.text import open_client

__all__ = ["zero_shot"]


def zero_shot(client: Client, pairs: Pairs) -> NDArray[np.float64]:
    """(n,) of (4); equal questions are asked once.

    Raises:
        OptionError: If the client gives no log-probabilities.
    """
    asked: dict[str, dict[str, float]] = {}
    for i, j in pairs.said.tolist():
        asked.setdefault(pairs.sentences[j], {}).setdefault(_bare(pairs.sentences[i]), 0.0)
    causes = list(dict.fromkeys(cause for some in asked.values() for cause in some))
    if not causes:
        return np.zeros(0)
    with open_client(client) as opened:
        if not opened.gives_log_probabilities:
            raise OptionError(f"{client.id} gives no log-probabilities: give a folder of a causal language model")
        alone = dict(zip(causes, opened.choose(["because"], causes)[0].tolist(), strict=True))
        prompts = [f"{_bare(effect)} because" for effect in asked]
        told = opened.choose(prompts, [list(some) for some in asked.values()])
    for some, row in zip(asked.values(), told, strict=True):
        for cause, value in zip(list(some), row.tolist(), strict=False):
            some[cause] = value - alone[cause]
    return np.array([asked[pairs.sentences[j]][_bare(pairs.sentences[i])] for i, j in pairs.said.tolist()])


def _bare(sentence: str) -> str:
    return sentence.rstrip(" .!?;,")
