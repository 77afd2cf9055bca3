"""Pipelines that draw pictures from words: which systems look into them, told by their cards alone."""

from aitia.system.registry import Entry, systems

__all__ = ["concept_systems", "prompt_roles"]


def concept_systems() -> list[Entry]:
    """The systems that take a concept out of a network that draws pictures from prompts, and tell where it lives."""
    return [entry for entry in systems().values() if _fits(entry)]


def _fits(entry: Entry) -> bool:
    card = entry.card
    needed = [role.kind for role in card.subjects.values() if role.needed]
    texts = [role.needed for role in card.takes.values() if role.kind == "text"]
    draws = any(card.takes[name].kind == "picture" for name in card.fills)
    asked = "effects" in card.verbs and card.does == "erases a concept"
    return asked and draws and needed == ["network"] and sorted(texts) == [False, True]


def prompt_roles(entry: Entry) -> tuple[str, str, str]:
    """The names of the prompt's role, of the other prompt's, and of the network."""
    texts = {role.needed: name for name, role in entry.card.takes.items() if role.kind == "text"}
    return texts[True], texts[False], next(name for name, role in entry.card.subjects.items() if role.needed)
