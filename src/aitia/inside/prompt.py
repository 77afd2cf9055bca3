"""The question that a trace asks: a prompt, an answer, and the tokens of both."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from aitia.errors import InterventionError, OptionError
from aitia.nn.causal_language import CausalLanguageModel
from aitia.nn.sites import LogitDifference, LogProbability

__all__ = ["Question", "ask", "embedded", "noised", "same_length", "telling_word"]


@dataclass(frozen=True, eq=False)
class Question:
    """A prompt and what is measured after it.

    Args:
        prompt: The text.
        ids: Its tokens, (1, tokens).
        words: The text of each.
        answer: The first token of the answer.
        other: The first token of what it is held against, None for the probability of the answer alone.
        answer_text: The answer's token in words.
        other_text: The other's.
        notes: What a reader should know of it.
    """

    prompt: str
    ids: Tensor
    words: tuple[str, ...]
    answer: int
    other: int | None
    answer_text: str
    other_text: str | None
    notes: tuple[str, ...]

    @property
    def metric(self) -> LogitDifference | LogProbability:
        """Logit of the answer minus that of the other; without another, the answer's log-probability."""
        return LogProbability(self.answer) if self.other is None else LogitDifference(self.answer, self.other)

    @property
    def measured(self) -> str:
        """The metric in words."""
        if self.other_text is None:
            return f"log-probability of {self.answer_text!r}"
        return f"logit of {self.answer_text!r} minus logit of {self.other_text!r}"


def ask(
    language: CausalLanguageModel, prompt: str, answer: str | None, other: str | None, against: str | None
) -> Question:
    """The question: the answer is what the model says after the prompt, the other what it says after `against`.

    Args:
        language: The model.
        prompt: The text.
        answer: What may come next, such as " Paris"; None takes the model's own first choice.
        other: What it is held against; None takes the first choice after `against` where that is another token.
        against: Another prompt.

    Raises:
        OptionError: If a text is empty, or the two answers begin with the same token.
    """
    ids = language.encode(prompt)
    notes: list[str] = []
    said = language.log_probabilities([prompt])[0]
    first = int(said.argmax()) if answer is None else _first(language, answer, "answer", notes)
    if answer is not None and not answer.startswith(" ") and not prompt.endswith(" "):
        spaced = language.continuation(" " + answer)[0]
        if said[spaced] > said[first] + 1:
            notes.append(f"' {answer}', with a space before it, is likelier here than {answer!r}")
    second = None if other is None else _first(language, other, "other", notes)
    if other is None and against is not None:
        there = int(language.log_probabilities([against])[0].argmax())
        second = there if there != first else None
    if second == first:
        raise OptionError(f"answer and other begin with the same token, {language.words([first])[0]!r}")
    words = tuple(language.words(ids[0].tolist()))
    texts = [None if token is None else language.words([token])[0] for token in (first, second)]
    return Question(prompt, ids, words, first, second, str(texts[0]), texts[1], tuple(notes))


def _first(language: CausalLanguageModel, text: str, what: str, notes: list[str]) -> int:
    tokens = language.continuation(text, what)
    if len(tokens) > 1:
        notes.append(f"{text!r} is {len(tokens)} tokens; its first, {language.words(tokens[:1])[0]!r}, is measured")
    return tokens[0]


def same_length(language: CausalLanguageModel, prompt: str, against: str) -> Tensor:
    """The tokens of `against`, which are as many as those of the prompt.

    Raises:
        InterventionError: If they are not; shows both in tokens.
        OptionError: If the two are the same text.
    """
    one, two = language.encode(prompt), language.encode(against)
    if one.shape != two.shape:
        told = ["|".join(language.words(ids[0].tolist())) for ids in (one, two)]
        raise InterventionError(
            f"a patch needs two prompts of the same token length: {told[0]!r} has {one.shape[1]} tokens and "
            f"{told[1]!r} has {two.shape[1]}"
        )
    if torch.equal(one, two):
        raise OptionError("both prompts are the same: there is nothing to patch")
    return two


def embedded(language: CausalLanguageModel, ids: Tensor, rows: int = 1) -> Tensor:
    """The embeddings (rows, tokens, width) of the tokens (1, tokens), the same in every row."""
    table = language.model.get_input_embeddings()  # type: ignore[operator]  # of transformers
    with torch.no_grad():
        made: Tensor = table(ids)
    return made.expand(rows, -1, -1).clone()


def noised(
    language: CausalLanguageModel, ids: Tensor, span: tuple[int, int], sd: float, seeds: Sequence[int]
) -> Tensor:
    """The embeddings (seeds, tokens, width) with noise on the tokens of the span, drawn anew for each seed.

    Args:
        language: The model.
        ids: (1, tokens).
        span: (first, behind the last) token.
        sd: Of the noise, in standard deviations of the prompt's embeddings.
        seeds: One a row.
    """
    made = embedded(language, ids, len(seeds))
    first, behind = span
    size = sd * float(made[0].float().std())
    for row, seed in enumerate(seeds):
        drawn = torch.randn(behind - first, made.shape[2], generator=torch.Generator().manual_seed(seed))
        made[row, first:behind] += (size * drawn).to(made)
    return made


def telling_word(
    language: CausalLanguageModel, question: Question, sd: float, seeds: Sequence[int]
) -> tuple[tuple[int, int], dict[tuple[int, int], float]]:
    """The word whose noise costs the answer most, and how much the noise of each word costs, as a mean over the seeds.

    Raises:
        OptionError: If the prompt has one word only.
    """
    spans = language.spans(question.ids[0].tolist())
    if len(spans) < 2:
        raise OptionError("the prompt has one word: name the part to corrupt (--subject) or give another prompt")
    metric = question.metric
    with torch.no_grad():
        plain = float(metric(language.model(inputs_embeds=embedded(language, question.ids), use_cache=False))[0])
        costs = {
            span: plain
            - float(
                metric(
                    language.model(inputs_embeds=noised(language, question.ids, span, sd, seeds), use_cache=False)
                ).mean()
            )
            for span in spans
        }
    return max(costs, key=costs.__getitem__), costs
