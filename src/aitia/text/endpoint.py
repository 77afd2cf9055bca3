"""A model behind an address that speaks the chat completions of OpenAI, of any vendor or a server of one's own.

Questions are asked several at once, at a pace; what fails for a while is asked again after a pause that doubles, with
chance in it, or as long as the endpoint asks for.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from aitia.errors import FormatError, MissingExtraError, OptionError, RunError
from aitia.text.answer import Answer
from aitia.text.pace import Pace
from aitia.text.prompts import Prompt, messages
from aitia.text.schema import instruction
from aitia.text.spending import Reserved, Spending
from aitia.text.transport import Connection, Transient, Unanswerable

__all__ = ["Endpoint"]

PICTURE_TOKENS = 2_000
"""Set aside for a picture beside a budget."""
_PER_MESSAGE = 32
"""Tokens that a template may put around a message."""
LONGEST_PAUSE = 60.0
"""Seconds between two tries at most, unless the endpoint asks for more."""
MOST_ASKED_PAUSE = 600.0
"""Seconds that an endpoint may ask to wait; one that asks for more is told to have no room."""
SPARE = {
    "max_tokens": "max_completion_tokens", "response_format": "response_format", "seed": "seed",
    "temperature": "temperature",
}  # fmt: skip
"""Fields that a question can do without, and what an endpoint says that refuses one."""
NOTES = {
    "max_tokens": "the endpoint calls the limit of tokens max_completion_tokens",
    "response_format": "the endpoint takes no schema: it stands in the prompt, and answers are held against it here",
    "seed": "the endpoint takes no seed: asked again it may answer otherwise",
    "temperature": "the endpoint takes no temperature of ours: it draws answers as it likes",
}
IN_A_ROW = 5
"""Questions that fail one after another before the rest is left."""
GRACE = 5.0
"""Seconds that questions under way have where one of them got the answer that no question is taken."""


class Endpoint:
    """Asks one model.

    Args:
        address: Up to and without `/chat/completions`.
        model: Its name there.
        spending: Counts and bounds what is spent.
        tokens: Of an answer at most.
        temperature: Of sampling; None leaves it to the endpoint.
        parameters: Further fields of each request, such as `{"reasoning_effort": "low"}`.
        key_from: The environment variable that holds the key; None sends that of AITIA_API_KEY, where it is set.
        timeout: Seconds that an answer may take.
        retries: Times that a question is asked again after a failure that may pass.
        concurrency: Questions under way at once.
        requests_per_minute: At most; None has no limit.
        tokens_per_minute: At most; None has no limit.
        pause: Seconds before the first retry.

    Raises:
        OptionError: If one of them is none.
        MissingExtraError: If httpx or tenacity is not installed.
    """

    def __init__(
        self,
        address: str,
        model: str,
        spending: Spending,
        *,
        tokens: int = 512,
        temperature: float | None = 0.0,
        parameters: Mapping[str, Any] | None = None,
        key_from: str | None = None,
        timeout: float = 120.0,
        retries: int = 5,
        concurrency: int = 4,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        pause: float = 1.0,
    ) -> None:
        _check(tokens, temperature, retries, concurrency, pause)
        try:
            import tenacity
        except ImportError as error:
            raise MissingExtraError(
                "endpoints need tenacity, which is not installed: pip install 'aitia[ask]'"
            ) from error
        self._tenacity = tenacity
        self.connection = Connection(address, key_from=key_from, timeout=timeout, connections=concurrency)
        self.address, self.model = self.connection.address, model
        self.tokens, self.temperature, self.more = tokens, temperature, dict(parameters or {})
        if taken := sorted(self.more.keys() & {"model", "messages", "stream", "n"}):
            raise OptionError(f"{taken[0]} of a request is set here: leave it out of the parameters")
        self.spending, self.retries, self.concurrency, self.pause = spending, retries, concurrency, pause
        self._pace = Pace(requests_per_minute, tokens_per_minute)
        self.notes: dict[str, None] = {}
        self._without: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of what its answers depend on."""
        return f"{self.address} {self.model}"

    def parameters(self) -> dict[str, Any]:
        """What changes an answer, for a cache."""
        return {"tokens": self.tokens, "temperature": self.temperature} | self.more

    def each(
        self, prompts: Sequence[Prompt], seed: int, schema: Mapping[str, Any] | None
    ) -> Iterator[tuple[int, Answer]]:
        """The number of a prompt and its answer, as they come; an answer with a fault where none came.

        Raises:
            RunError: If the endpoint takes no question at all, or several in a row failed.
            BudgetReachedError: If the next might cost more than is left; what was under way has come before.
        """
        halted = threading.Event()
        tasks: SimpleQueue[int] = SimpleQueue()
        results: SimpleQueue[tuple[int, Answer | BaseException]] = SimpleQueue()

        def work() -> None:
            while not halted.is_set():
                number = tasks.get()
                if number < 0:
                    return
                try:
                    results.put((number, self._ask(prompts[number], seed, schema, halted)))
                except BaseException as error:  # told where it is waited for
                    results.put((number, error))

        waiting, under_way = iter(range(len(prompts))), 0
        stop: BaseException | None = None
        in_a_row = 0
        threads = min(self.concurrency, len(prompts))
        try:
            for _ in range(threads):
                # No process waits for them at its end, as it does for those of an executor.
                threading.Thread(target=work, name="ask", daemon=True).start()
            while True:
                # One is asked only after an answer was handed on and kept: a kill loses those under way and no more.
                while stop is None and under_way < threads and (number := next(waiting, None)) is not None:
                    tasks.put(number)
                    under_way += 1
                if not under_way:
                    break
                try:
                    number, found = results.get(timeout=GRACE if isinstance(stop, RunError) else None)
                except Empty:
                    break
                under_way -= 1
                if isinstance(found, BaseException):
                    stop = stop or found
                else:
                    in_a_row = in_a_row + 1 if found.fault else 0
                    yield number, found
                    if in_a_row >= IN_A_ROW and stop is None:
                        stop = RunError(f"{in_a_row} questions in a row got no answer; the last: {found.fault}")
                if isinstance(stop, RunError):
                    halted.set()
            if stop is not None:
                raise stop
        finally:
            halted.set()
            for _ in range(threads):
                tasks.put(-1)

    def close(self) -> None:
        """Closes all connections."""
        self.connection.close()

    def _ask(self, prompt: Prompt, seed: int, schema: Mapping[str, Any] | None, halted: threading.Event) -> Answer:
        """One answer, after as many tries as are allowed."""
        tenacity = self._tenacity
        try:
            shown = messages(prompt)
        except FormatError as error:  # a picture that cannot be sent
            return Answer("", fault=str(error))
        tries = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.retries + 1) | tenacity.stop_when_event_set(halted),
            wait=self._pause_of,
            sleep=tenacity.sleep_using_event(halted),
            retry=tenacity.retry_if_exception_type(Transient),
            reraise=True,
        )
        try:
            answer: Answer = tries(self._once, prompt, shown, seed, schema, halted)
        except Transient as error:
            if not error.reached:
                raise RunError(f"{error}, {self.retries + 1} times: is it running, and is the address right?") from None
            return Answer("", fault=f"{error} ({self.retries + 1} tries)")
        except Unanswerable as error:
            picture = " (does this model take pictures?)" if prompt.pictures else ""
            return Answer("", fault=f"{error}{picture}")
        return answer

    def _pause_of(self, state: Any) -> float:
        """Seconds before the next try: twice as many each time, with chance in them, or what the endpoint asks for."""
        chance = self._tenacity.wait_random_exponential(multiplier=self.pause, max=LONGEST_PAUSE)(state)
        error = state.outcome.exception()
        asked = error.wait if isinstance(error, Transient) else None
        if asked is None:
            return float(chance)
        if asked > MOST_ASKED_PAUSE:
            raise RunError(f"{error}; it asks to wait {asked:,.0f} s: go on then with the same command")
        self._pace.hold(asked)
        return float(asked + min(chance, self.pause))

    def _once(
        self,
        prompt: Prompt,
        shown: list[dict[str, Any]],
        seed: int,
        schema: Mapping[str, Any] | None,
        halted: threading.Event,
    ) -> Answer:
        read = bound(prompt) + (len(instruction(schema)) + _PER_MESSAGE if schema is not None else 0)
        held = self.spending.reserve(read, self.tokens)
        settled = False
        try:
            self._pace.wait(read + self.tokens, halted)
            if halted.is_set():
                raise Unanswerable("it was stopped before it was asked")
            found = self._posted(shown, seed, schema)
            answer = self._read(found, held)
            settled = True
            return answer
        except Transient as error:
            if error.paid:
                self.spending.settle(held, None, None)
                settled = True
            raise
        finally:
            if not settled:
                self.spending.release(held)

    def _posted(self, shown: list[dict[str, Any]], seed: int, schema: Mapping[str, Any] | None) -> dict[str, Any]:
        """What comes back; a field that the endpoint names and refuses is left out where that helps, and noted."""
        without = self._without
        while True:
            body = self._body(shown, seed, schema, without)
            try:
                found = self.connection.post("chat/completions", body)
            except Unanswerable as error:
                refused = [name for name, said in SPARE.items() if name in body and said in str(error)]
                if not refused:
                    raise
                without = (*without, refused[0])
            else:
                self.notes |= {NOTES[name]: None for name in without}
                self._without = without
                return found

    def _body(
        self, shown: list[dict[str, Any]], seed: int, schema: Mapping[str, Any] | None, without: Sequence[str]
    ) -> dict[str, Any]:
        counted = "max_completion_tokens" if "max_tokens" in without else "max_tokens"
        body: dict[str, Any] = {"model": self.model, "messages": shown, "seed": seed, counted: self.tokens}
        if self.temperature is not None:
            body["temperature"] = self.temperature
        if schema is not None and "response_format" not in without:
            wanted = {"name": "answer", "strict": True, "schema": dict(schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": wanted}
        elif schema is not None:
            body["messages"] = [*shown, {"role": "user", "content": instruction(schema)}]
        return {name: value for name, value in body.items() if name not in without} | self.more

    def _read(self, found: Mapping[str, Any], held: Reserved) -> Answer:
        """The answer in a completion.

        Raises:
            Transient: If there is none in it.
        """
        usage = found.get("usage") if isinstance(found.get("usage"), Mapping) else {}
        read, written = (_count(usage, name) for name in ("prompt_tokens", "completion_tokens"))
        try:
            choice = found["choices"][0]
            message = choice["message"]
            text, declined = _text(message.get("content")), message.get("refusal")
            finish = str(choice.get("finish_reason") or "")
        except (LookupError, TypeError, AttributeError, FormatError):
            told = self.connection.hidden(str(found))[:120]
            raise Transient(f"{self.address} answered {told!r}, which is no chat completion", paid=True) from None
        cost = self.spending.settle(held, read, written)
        text = text or (declined if isinstance(declined, str) else "")
        return Answer(
            self.connection.hidden(_whole(text).strip()),
            _whole(finish)[:40],
            read,
            written,
            cost,
            refused=bool(declined) or finish == "content_filter",
            by=_whole(str(found.get("model") or ""))[:120],
        )


def bound(prompt: Prompt) -> int:
    """Tokens that a prompt may have at most: a token is a byte or more."""
    texts = sum(len(text.encode(errors="replace")) + _PER_MESSAGE for text in (prompt.text, prompt.system) if text)
    return texts + PICTURE_TOKENS * len(prompt.pictures)


def _count(usage: Any, name: str) -> int | None:
    value = usage.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40 else None


def _text(content: Any) -> str:
    """What a message says: a text, a list of parts, or nothing.

    Raises:
        FormatError: If it is something else.
    """
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(part, Mapping) for part in content):
        return "".join(str(part.get("text", "")) for part in content if part.get("type", "text") == "text")
    raise FormatError("no text")


def _whole(text: str) -> str:
    """A text without half of a pair of surrogates, which no file takes."""
    return text.encode(errors="replace").decode()


def _check(tokens: int, temperature: float | None, retries: int, concurrency: int, pause: float) -> None:
    if tokens < 1 or retries < 0 or not 1 <= concurrency <= 256:
        raise OptionError(
            f"tokens are at least 1, retries 0 or more and concurrency 1 to 256, got {tokens}, {retries} and "
            f"{concurrency}"
        )
    if temperature is not None and not 0 <= temperature <= 10:
        raise OptionError(f"temperature is zero or more, got {temperature}")
    if not 0 <= pause < float("inf"):
        raise OptionError(f"a pause is a number of seconds, got {pause}")
