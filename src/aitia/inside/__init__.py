"""Language models from within: which places carry an answer, and how to change it."""

from aitia.inside.edit import Applied, FactEdit, apply_edit, edit_fact
from aitia.inside.lens import LogitLens, logit_lens
from aitia.inside.pairs import Pair, read_pairs
from aitia.inside.says import PatchedAnswers, patched_answers
from aitia.inside.study import PairsTrace, PlaceEffect, trace_pairs
from aitia.inside.trace import PromptTrace, Strong, trace_prompt

__all__ = [
    "Applied",
    "FactEdit",
    "LogitLens",
    "Pair",
    "PairsTrace",
    "PatchedAnswers",
    "PlaceEffect",
    "PromptTrace",
    "Strong",
    "apply_edit",
    "edit_fact",
    "logit_lens",
    "patched_answers",
    "read_pairs",
    "trace_pairs",
    "trace_prompt",
]
