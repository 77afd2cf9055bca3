"""Texts rewritten so that one concept has another value: who writes them, and which of them are of no use.

An editor is called with texts, a concept, the value wanted in each and a seed, and gives one text each. Any function
will do; `PromptedEditor` asks a language model. What comes back is looked at before it is used: `edit_faults` drops
what is empty, unchanged, a duplicate, breaks off, speaks of the task in place of doing it, or does not show the value.

Source:
    Gat et al., Faithful explanations of black-box NLP models using LLM-generated counterfactuals, ICLR 2024, and the
    filters of its published code, of which we took the kinds; the lists of words are ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aitia.errors import DataError, OptionError, join_names, unknown_variable
from aitia.nn.text_encoders import words

__all__ = ["Editor", "PromptedEditor", "TextEdits", "Writer", "edit_faults"]

META_WORDS = (
    "mentioned",
    "rewrite",
    "rewritten",
    "revised",
    "edited",
    "sentiment",
    "counterfactual",
    "aspect",
    "prompt",
)
META_PHRASES = ("no information", "the original text", "the review", "i cannot", "language model")
DANGLING = ("a", "an", "the", "and", "or", "but", "however", "because", "although", "with", "of", "to", "was", "were")


class Written(Protocol):
    """An answer."""

    @property
    def text(self) -> str:
        """Verbatim."""
        ...


class Writer(Protocol):
    """Answers prompts, as `aitia.text.Client` does."""

    def complete(self, prompts: Sequence[str], seed: int = 0) -> Sequence[Written]:
        """One answer to each."""
        ...


class Editor(Protocol):
    """Rewrites texts."""

    def __call__(self, texts: Sequence[str], concept: str, values: Sequence[Any], /, seed: int = 0) -> Sequence[str]:
        """Each text with the concept at its value."""
        ...


@dataclass(frozen=True, eq=False)
class TextEdits:
    """Edits of texts.

    Args:
        texts: The edits.
        of: For each, the row of the text that it is an edit of.
        concepts: For each concept its value in each edit, None where it is not known; a concept left out is read off.

    Raises:
        DataError: If the lengths differ.
    """

    texts: Sequence[str]
    of: Sequence[int]
    concepts: Mapping[str, Sequence[Any]] | None = None

    def __post_init__(self) -> None:
        sizes = {"texts": len(self.texts), "of": len(self.of)}
        sizes |= {name: len(values) for name, values in (self.concepts or {}).items()}
        if len(set(sizes.values())) > 1:
            raise DataError(f"edits differ in number: {join_names(f'{size} {name}' for name, size in sizes.items())}")


class PromptedEditor:
    """Asks a language model for edits.

    Args:
        writer: Answers prompts; a client with a cache is asked for no edit twice.
        concepts: What the text is about: the name of each concept and its values, in words that the model knows.
        kind: What the texts are, in the singular.
        examples: Shown before the question: (text, concept, value, edit) each; none asks without.

    Example:
        >>> from types import SimpleNamespace
        >>> class Shout:
        ...     def complete(self, prompts, seed=0):
        ...         return [SimpleNamespace(text=prompt.splitlines()[-2].upper()) for prompt in prompts]
        >>> editor = PromptedEditor(Shout(), {"food": ["good", "bad"], "service": ["good", "bad"]})
        >>> editor(["cold soup"], "food", ["good"])
        ['TEXT: COLD SOUP']
    """

    def __init__(
        self,
        writer: Writer,
        concepts: Mapping[str, Sequence[Any]],
        *,
        kind: str = "review",
        examples: Sequence[tuple[str, str, Any, str]] = (),
    ) -> None:
        self.writer, self.concepts, self.kind, self.examples = writer, dict(concepts), kind, tuple(examples)

    def prompt(self, text: str, concept: str, value: Any) -> str:
        """What the model is asked.

        Raises:
            UnknownVariableError: If there is no such concept.
            OptionError: If it has no such value.
        """
        if concept not in self.concepts:
            raise unknown_variable(concept, self.concepts, "editor")
        if value not in self.concepts[concept]:
            raise OptionError(f"{concept!r} is one of {join_names(self.concepts[concept])}, got {value!r}")
        parts = [self._question(shown, of, to) + f" {edit}\n" for shown, of, to, edit in self.examples]
        return "\n".join([*parts, self._question(text, concept, value)])

    def _question(self, text: str, concept: str, value: Any) -> str:
        others = join_names([name for name in self.concepts if name != concept])
        keep = f"keep {others} and everything else" if others else "keep everything else"
        return (
            f"Write the {self.kind} again so that the {concept} is {value}; {keep} word for word. "
            f"Answer with the new {self.kind} alone.\nText: {text}\nNew text:"
        )

    def __call__(self, texts: Sequence[str], concept: str, values: Sequence[Any], seed: int = 0) -> list[str]:
        """Each text with the concept at its value, as the model writes it."""
        prompts = [self.prompt(text, concept, value) for text, value in zip(texts, values, strict=True)]
        return [answer.text.strip().strip('"') for answer in self.writer.complete(prompts, seed)]


def edit_faults(texts: Sequence[str], edits: Sequence[Any], wanted: Sequence[Any], seen: Sequence[Any]) -> list[str]:
    """Why each edit is of no use, or an empty text.

    A word or phrase that speaks of the task counts only where the text itself does not hold it.

    Args:
        texts: The originals, one for each edit.
        edits: What was written; None where nothing was.
        wanted: The value that each edit should have.
        seen: The value that a reader sees in each edit.

    Raises:
        DataError: If the lengths differ.

    Example:
        >>> edit_faults(["good soup"] * 4, ["bad soup", "good soup", "", "the"], ["-"] * 4, ["-", "+", "+", "-"])
        ['', 'unchanged', 'empty', 'breaks off']
    """
    if {len(texts), len(edits), len(wanted)} != {len(seen)}:
        raise DataError(f"got {len(texts)} texts, {len(edits)} edits and {len(seen)} readings: they go together")
    faults, before = [], set()
    for text, edit, value, read in zip(texts, edits, wanted, seen, strict=True):
        found = words(edit) if isinstance(edit, str) else []
        key = (text, str(value), tuple(found))
        if not found:
            fault = "empty"
        elif found == words(text):
            fault = "unchanged"
        elif key in before:
            fault = "duplicate"
        elif _speaks_of_task(edit, text):
            fault = "speaks of the task"
        elif found[-1] in DANGLING:
            fault = "breaks off"
        elif read != value:
            fault = "value not seen"
        else:
            fault = ""
            before.add(key)
        faults.append(fault)
    return faults


def _speaks_of_task(edit: str, text: str) -> bool:
    new = set(words(edit)) - set(words(text))
    lower, known = edit.lower(), text.lower()
    return any(word in new for word in META_WORDS) or any(p in lower and p not in known for p in META_PHRASES)
