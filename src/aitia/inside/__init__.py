"""Language models from within: which places carry an answer, and how to change it."""

from aitia.inside.edit import Applied, FactEdit, apply_edit, edit_fact
from aitia.inside.trace import PromptTrace, Strong, trace_prompt

__all__ = ["Applied", "FactEdit", "PromptTrace", "Strong", "apply_edit", "edit_fact", "trace_prompt"]
