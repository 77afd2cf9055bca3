"""The one way in which aitia asks language models: an endpoint, a model on this machine, or a function of Python.

What was answered once is at hand in the cache; tokens and cost are counted; a budget is never passed.
"""

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from aitia.data.subjects import PROBES
from aitia.data.subjects import Client as Subject
from aitia.errors import FormatError, OptionError, RunError
from aitia.text.answer import Answer
from aitia.text.cache import AnswerCache, kept_folder, key_of
from aitia.text.prompts import Prompt, prompts_of
from aitia.text.schema import check_schema, structured
from aitia.text.spending import Prices, Spending
from aitia.text.transport import checked_address

__all__ = ["Client", "open_client"]


class Backend(Protocol):
    """What is behind a client."""

    notes: dict[str, None]

    @property
    def name(self) -> str:
        """Of the model, wherever it is."""
        ...

    def parameters(self) -> dict[str, Any]:
        """What changes an answer."""
        ...

    def each(
        self, prompts: Sequence[Prompt], seed: int, schema: Mapping[str, Any] | None
    ) -> Iterator[tuple[int, Answer]]:
        """The number of a prompt and its answer, as they come."""
        ...

    def close(self) -> None:
        """Lets go of what is open."""
        ...


class Client:
    """Answers prompts.

    Args:
        backend: What answers.
        subject: What it is, for what is saved.
        spending: Counts; those of the backend, where it spends.
        cache: Folder of answers that are at hand; None keeps none.
    """

    def __init__(
        self, backend: Backend, subject: Subject, spending: Spending | None = None, cache: str | Path | None = None
    ) -> None:
        self.backend, self.subject, self.spending = backend, subject, spending or Spending()
        self.cache = None if cache is None else AnswerCache(cache)
        weakref.finalize(self, backend.close)  # who holds a client for as long as a system lives closes none

    @property
    def name(self) -> str:
        """Of the model and of all that its answers depend on."""
        parts = [f"{name} {value}" for name, value in self.backend.parameters().items()]
        revision = f"@{self.subject.revision}" if self.subject.revision else ""
        return ", ".join([f"{self.backend.name}{revision}", *parts])

    @property
    def notes(self) -> list[str]:
        """What the client found out about the endpoint, in sentences."""
        return list(self.backend.notes)

    def key(self, prompt: Prompt, seed: int = 0, schema: Mapping[str, Any] | None = None, *more: Any) -> str:
        """Of a question: a hash of model, revision, messages and parameters."""
        return key_of([*self._asked(prompt, seed, schema), *more])

    def complete(
        self, prompts: Sequence[str | Prompt], seed: int = 0, schema: Mapping[str, Any] | None = None
    ) -> list[Answer]:
        """One answer to each.

        Args:
            prompts: Texts, or prompts with pictures.
            seed: Of sampling.
            schema: Of JSON that is asked for; each answer has its `value` then.

        Raises:
            RunError: If the model is not there, takes no questions, or gives no answer to one of them; what was
                answered is in the cache, with which the same call goes on.
            BudgetReachedError: If the next might cost more than is left.
            OptionError: If a prompt is empty, or the schema is none.
        """
        found: dict[int, Answer] = dict(self.each(prompts, seed, schema))
        failed = [
            number for number, answer in found.items() if answer.fault and answer.value is None and not answer.text
        ]
        if failed:
            kept = "" if self.cache is None else f"; {len(found) - len(failed)} are kept in {self.cache.folder}"
            first = min(failed)
            raise RunError(
                f"{len(failed)} of {len(prompts)} prompts got no answer{kept}; prompt {first}: {found[first].fault}"
            )
        return [found[number] for number in range(len(prompts))]

    def each(
        self, prompts: Sequence[str | Prompt], seed: int = 0, schema: Mapping[str, Any] | None = None
    ) -> Iterator[tuple[int, Answer]]:
        """The number of each prompt and its answer, as they come; with a fault where none came. Equal prompts are
        asked once.

        Raises:
            RunError: If the model is not there, or takes no questions.
            BudgetReachedError: If the next might cost more than is left; all that was answered has come before.
            OptionError: If a prompt is empty, or the schema is none.
        """
        asked = prompts_of(prompts)
        if schema is not None:
            check_schema(schema)
        places: dict[str, list[int]] = {}
        for number, prompt in enumerate(asked):
            places.setdefault(self.key(prompt, seed, schema), []).append(number)
        new = []
        for key, numbers in places.items():
            held = None if self.cache is None else self.cache.get(key)
            if held is None:
                new.append(key)
                continue
            for number in numbers:
                yield number, _valued(held, schema)
        firsts = [asked[places[key][0]] for key in new]
        kept = len(places) - len(new)
        answers = self.backend.each(firsts, seed, schema)
        while (one := self._next(answers, kept, len(places))) is not None:
            place, answer = one
            if self.cache is not None and not answer.fault:
                self.cache.put(new[place], answer, self._asked(firsts[place], seed, schema))
                kept += 1
            for number in places[new[place]]:
                yield number, _valued(answer, schema)

    def _next(self, answers: Iterator[tuple[int, Answer]], kept: int, of: int) -> tuple[int, Answer] | None:
        try:
            return next(answers, None)
        except RunError as error:
            if self.cache is None or not kept:
                raise
            raise RunError(
                f"{error}; {kept} of {of} answers are kept in {self.cache.folder}, and the same call goes on from there"
            ) from error

    def missing(self, prompts: Sequence[str | Prompt], seed: int = 0) -> int:
        """How many prompts would be asked now, to know the cost before a call."""
        keys = dict.fromkeys(self.key(prompt, seed) for prompt in prompts_of(prompts))
        return sum(self.cache is None or self.cache.get(key) is None for key in keys)

    @property
    def gives_log_probabilities(self) -> bool:
        """Whether `choose` answers; else answers are read for the option that they name."""
        return hasattr(self.backend, "choose")

    def choose(
        self, prompts: Sequence[str | Prompt], options: Sequence[str] | Sequence[Sequence[str]], *, mean: bool = False
    ) -> NDArray[np.float64]:
        """(prompts, options) log-probability of each option after each prompt, in nats; nan where a prompt has fewer.

        Args:
            prompts: Texts, or prompts with pictures.
            options: The same for all, or a list for each prompt.
            mean: Of a token of the option, so that long ones are not worse for their length.

        Raises:
            OptionError: If the client gives no log-probabilities, or the options are none.
            DataError: If a prompt is longer than the model takes.
        """
        asked = prompts_of(prompts)
        each = [list(options)] * len(asked) if options and isinstance(options[0], str) else [list(o) for o in options]
        if len(each) != len(asked) or not all(each):
            raise OptionError(f"there are {len(asked)} prompts and {len(each)} lists of options, each with some")
        choose: Callable[..., list[NDArray[np.float64]]] | None = getattr(self.backend, "choose", None)
        if choose is None:
            raise OptionError(f"{self.backend.name} gives no log-probabilities: ask it (complete) and read the option")
        rows = choose(asked, each, mean)
        found = np.full((len(rows), max(map(len, each), default=0)), np.nan)
        for row, scores in zip(found, rows, strict=True):
            row[: len(scores)] = scores
        return found

    def probed(self) -> Subject:
        """The subject with its hash, for which an endpoint is asked three fixed questions."""
        if not self.subject.hash:
            answers: dict[int, Answer] = dict(self.backend.each([Prompt(text) for text in PROBES], 0, None))
            if failed := [answer.fault for answer in answers.values() if answer.fault]:
                raise RunError(f"a probe got no answer: {failed[0]}")
            self.subject = self.subject.probed([answers[k].text for k in range(len(PROBES))])
        return self.subject

    def close(self) -> None:
        """Lets go of connections."""
        self.backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _asked(self, prompt: Prompt, seed: int, schema: Mapping[str, Any] | None) -> list[Any]:
        known = "" if self.subject.is_endpoint else self.subject.hash  # a folder that only moved is the same model
        model = [known or self.backend.name, self.subject.revision]
        return [model, prompt.key(), self.backend.parameters(), seed, None if schema is None else dict(schema)]


def open_client(
    source: Any,
    *,
    model: str = "",
    revision: str = "",
    cache: str | Path | None = None,
    prices: Prices | None = None,
    budget: float | None = None,
    token_budget: int | None = None,
    **options: Any,
) -> Client:
    """A client that is ready to answer.

    Args:
        source: An address (`https://host/v1#model`), a transformers folder, a GGUF file, an id of the Hub
            (`owner/name`), a function or object of Python that gives a text for each prompt, a subject, or a client.
        model: Name of the model at an endpoint, where the address does not say it.
        revision: Which version of the model, part of the key of the cache.
        cache: Folder of answers that are at hand; without, that of `answers_kept`, and of no function.
        prices: Of a million tokens.
        budget: What may be spent in the currency of the prices.
        token_budget: Tokens that may be spent.
        options: Of `Endpoint`, `LocalModel` or `PictureModel`, such as `tokens`, `temperature`, `concurrency` or
            `key_from`.

    Raises:
        FormatError: If there is no such folder, or it holds no model.
        OptionError: If an option is none of what answers, or out of range.
        MissingExtraError: If a package that it takes is not installed.
    """
    source = getattr(source, "opened", None) if isinstance(getattr(source, "opened", None), Client) else source
    if isinstance(source, Client):
        if options or cache is not None or model or revision:
            raise OptionError("the client is open already: give its options where it is opened")
        return source
    spending = Spending(prices, budget, token_budget)
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        checked_address(source.partition("#")[0])
    subject = Subject.of(source, model)
    subject = replace(subject, revision=revision or subject.revision)
    backend: Backend
    if subject.opened is not None:
        from aitia.text.function import FunctionModel

        backend = FunctionModel(subject.opened, subject.id, **_known(FunctionModel, options))
    elif subject.is_endpoint:
        from aitia.text.endpoint import Endpoint

        backend = Endpoint(subject.id, subject.model, spending, **_known(Endpoint, options))
    else:
        from aitia.nn.vision_language import is_vision_language
        from aitia.text.local import LocalModel
        from aitia.text.local_pictures import PictureModel

        place, version = subject.where(), subject.revision or None
        kind: type[LocalModel] | type[PictureModel]
        kind = PictureModel if is_vision_language(place, version) else LocalModel
        backend = kind(place, revision=version, **_known(kind, options))
    if cache is None and subject.opened is None:  # a function may answer otherwise the next time
        cache = kept_folder()
    return Client(backend, subject, spending, cache)


def _known(kind: type, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options, all of which are of this kind.

    Raises:
        OptionError: If one is not; names those that there are.
    """
    import inspect

    taken = [name for name, p in inspect.signature(kind).parameters.items() if p.kind is p.KEYWORD_ONLY]
    taken = [name for name in taken if name != "revision"]
    if odd := [name for name in options if name not in taken]:
        raise OptionError(f"{odd[0]!r} is no option of {kind.__name__}; it has {', '.join(taken) or 'none'}")
    return options


def _valued(answer: Answer, schema: Mapping[str, Any] | None) -> Answer:
    """With the value that its text holds under the schema, or why it holds none."""
    if schema is None or answer.fault:
        return answer
    try:
        return replace(answer, value=structured(answer.text, schema))
    except FormatError as error:
        return replace(answer, fault=f"it was cut: {error}" if answer.cut else str(error))
