"""What a language model says of named variables: directions, graphs, roles, a critique; data may refute it."""

from aitia.systems.pywhy_llm.card import CARD
from aitia.systems.pywhy_llm.config import PywhyLlmConfig
from aitia.systems.pywhy_llm.graphs import Drawn, drawn
from aitia.systems.pywhy_llm.model import PywhyLlm
from aitia.systems.pywhy_llm.refuting import Consulted, consulted
from aitia.systems.pywhy_llm.verdicts import Verdict
from aitia.systems.pywhy_llm.wording import Pair

__all__ = ["CARD", "Consulted", "Drawn", "Pair", "PywhyLlm", "PywhyLlmConfig", "Verdict", "consulted", "drawn"]
