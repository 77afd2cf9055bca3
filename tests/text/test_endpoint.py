"""An endpoint over real HTTP, with faults on the wire: what is asked again, and what is told."""

import time

import pytest
from tests.text.server import QUICK, Reply, completion, cut_short, opened, says, told

from aitia.errors import AitiaError, OptionError, RunError
from aitia.text import Prices, Prompt, open_client

# -- what is sent and what comes back ----------------------------------------------------------------------------------


def test_a_prompt_is_asked_and_its_answer_comes_back_with_its_tokens_and_cost(serve):
    server = serve(says("  yes \n"))
    with opened(server, prices=Prices(1.0, 10.0), tokens=7, temperature=0.5, parameters={"top_p": 0.9}) as client:
        (answer,) = client.complete([Prompt("is it?", system="be short")], seed=3)
    assert (answer.text, answer.finish, answer.by) == ("yes", "stop", "small-1")
    assert (answer.input_tokens, answer.output_tokens) == (11, 2)
    assert answer.cost == pytest.approx((11 * 1 + 2 * 10) / 1e6)
    assert server.asked == [
        {
            "model": "small",
            "messages": [{"role": "system", "content": "be short"}, {"role": "user", "content": "is it?"}],
            "seed": 3, "max_tokens": 7, "temperature": 0.5, "top_p": 0.9,
        }
    ]  # fmt: skip
    assert server.paths == ["/v1/chat/completions"]


def test_answers_come_back_in_the_order_of_the_prompts_and_several_are_under_way_at_once(serve):
    def app(number, body, headers):
        text = body["messages"][-1]["content"]
        return Reply(200, completion(text.upper()), wait=0.02 * (3 - int(text[-1]) % 4))

    server = serve(app)
    prompts = [f"p{k}" for k in range(12)]
    with opened(server, concurrency=4) as client:
        assert [answer.text for answer in client.complete(prompts)] == [p.upper() for p in prompts]
    assert 2 <= server.most <= 4


def test_equal_prompts_are_asked_once(serve):
    server = serve(says("yes"))
    with opened(server) as client:
        assert [a.text for a in client.complete(["a", "b", "a", "a"])] == ["yes"] * 4
    assert sorted(server.prompts()) == ["a", "b"]


def test_a_message_of_parts_is_read_and_a_refusal_is_told(serve):
    parts = [{"type": "text", "text": "ye"}, {"type": "text", "text": "s"}]
    replies = [
        completion("", message={"content": parts}),
        completion("", message={"content": None, "refusal": "I cannot help with that."}),
        completion("half", finish_reason="length"),
        completion("", finish_reason="content_filter"),
        completion(None),
    ]
    server = serve(lambda number, body, headers: Reply(200, replies[number - 1]))
    with opened(server, concurrency=1) as client:
        found = client.complete(["a", "b", "c", "d", "e"])
    assert [answer.text for answer in found] == ["yes", "I cannot help with that.", "half", "", ""]
    assert [answer.refused for answer in found] == [False, True, False, True, False]
    assert [answer.cut for answer in found] == [False, False, True, False, False]


def test_an_address_is_taken_with_and_without_the_last_part(serve):
    server = serve(says("yes"))
    for address in (server.address + "/", server.address + "/chat/completions"):
        with open_client(address, model="small", **QUICK) as client:
            assert client.complete(["a"])[0].text == "yes"
    assert set(server.paths) == {"/v1/chat/completions"}


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http://h/v1", "an endpoint of many models: say which"),
        ("http://user:word@h/v1#m", "an address holds no name or password"),
        ("http:///v1#m", "starts with http:// or https:// and a host"),
        ("http://h:99999/v1#m", "is no address"),
        ("http://h/v1?key=3#m", "nothing after"),
        ("ftp://h/v1#m", "a client is an address with http:// or https://, a folder"),
    ],
)
def test_what_is_no_address(address, sentence):
    with pytest.raises(AitiaError, match=sentence):
        open_client(address)


def test_options_of_another_kind_are_named():
    with pytest.raises(OptionError, match="'batch_size' is no option of Endpoint; it has tokens, temperature"):
        open_client("http://127.0.0.1:1/v1#m", batch_size=3)
    with pytest.raises(OptionError, match="model of a request is set here"):
        open_client("http://127.0.0.1:1/v1#m", parameters={"model": "x"})
    for bad in (
        {"tokens": 0},
        {"retries": -1},
        {"concurrency": 0},
        {"temperature": -1.0},
        {"timeout": 0.0},
        {"pause": -1.0},
    ):
        with pytest.raises(OptionError):
            open_client("http://127.0.0.1:1/v1#m", **bad)


# -- faults that pass --------------------------------------------------------------------------------------------------


PASSING = {
    "429": told(429, "slow down"),
    "500": told(500, "oh"),
    "502 as HTML": Reply(502, b"<html>bad gateway</html>", {"Content-Type": "text/html"}),
    "503": told(503, "loading"),
    "408": told(408, "late"),
    "half an answer": cut_short("yes"),
    "HTML": Reply(200, b"<html>log in</html>", {"Content-Type": "text/html"}),
    "garbage": Reply(200, b"\xff\x00\xfe"),
    "JSON cut at a limit": Reply(200, b'{"choices": [{"mess'),
    "a list": Reply(200, [1, 2]),
    "no choice": Reply(200, {"choices": []}),
    "null": Reply(200, {"choices": [{"message": None}]}),
    "a number": Reply(200, {"choices": [{"message": {"content": 7}}]}),
    "an error with 200": Reply(200, {"error": {"message": "overloaded"}}),
    "deep": Reply(200, b"[" * 100_000),
    "nothing": Reply(200, b""),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_asked_again(serve, fault):
    server = serve(lambda number, body, headers: PASSING[fault] if number <= 2 else "yes")
    with opened(server) as client:
        assert client.complete(["is it?"])[0].text == "yes"
    assert len(server.asked) == 3


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_stays_is_one_sentence_and_no_answer(serve, fault):
    server = serve(lambda number, body, headers: PASSING[fault])
    with opened(server, retries=1) as client, pytest.raises(RunError, match=r"1 of 1 prompts got no answer.*2 tries"):
        client.complete(["is it?"])
    assert len(server.asked) == 2


def test_a_time_out_is_asked_again_and_an_answer_that_drips_takes_no_longer(serve):
    slow = Reply(200, completion("yes"), wait=3.0)
    drip = Reply(200, completion("yes"), drip=0.05)
    server = serve(lambda number, body, headers: {1: slow, 2: drip}.get(number, "yes"))
    with opened(server, timeout=0.5) as client:
        assert client.complete(["a"])[0].text == "yes"
    assert len(server.asked) >= 3  # the second would have been whole after 12 s, a byte at a time


def test_no_more_is_read_than_an_answer_may_have(serve, monkeypatch):
    from aitia.text import transport

    monkeypatch.setattr(transport, "MOST_BYTES", 1000)
    server = serve(lambda number, body, headers: Reply(200, completion("x" * 5000)))
    with opened(server) as client, pytest.raises(RunError, match="answered more than"):
        client.complete(["a"])
    assert len(server.asked) == 1


def test_retry_after_is_kept_to_by_all(serve):
    times = []

    def app(number, body, headers):
        times.append(time.monotonic())
        return told(429, "slow down", **{"Retry-After": "0.4"}) if number == 1 else "yes"

    server = serve(app)
    with opened(server, concurrency=1) as client:
        client.complete(["a", "b"])
    assert times[1] - times[0] >= 0.4


def test_an_endpoint_that_asks_for_an_hour_is_told_and_not_waited_for(serve):
    server = serve(lambda number, body, headers: told(429, "tomorrow", **{"Retry-After": "3600"}))
    with opened(server) as client, pytest.raises(RunError, match="asks to wait 3,600 s"):
        client.complete(["a"])
    assert len(server.asked) == 1


def test_pauses_double_and_have_chance_in_them():
    from aitia.text.endpoint import Endpoint
    from aitia.text.spending import Spending
    from aitia.text.transport import Transient

    asks = Endpoint("http://127.0.0.1:1/v1", "m", Spending(), pause=1.0)

    class Failed:
        def exception(self):
            return Transient("x")

    def pauses(attempt):
        state = type("State", (), {"attempt_number": attempt, "outcome": Failed()})
        return [asks._pause_of(state) for _ in range(200)]

    first, fourth, late = pauses(1), pauses(4), pauses(30)
    assert max(first) <= 1.0
    assert 4.0 < max(fourth) <= 8.0
    assert max(late) <= 60.0
    assert len(set(fourth)) > 190


# -- faults that do not pass -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (told(401, "no such key"), r"takes no questions with this key \(401: no such key\).*AITIA_API_KEY"),
        (told(403, "not yours"), "takes no questions with this key"),
        (told(404, "no model small"), "answered 404: no model small: look at the address and the name of the model"),
        (told(402, "pay"), "what is paid for is used up"),
        (told(429, "insufficient_quota: pay"), "what is paid for is used up"),
        (Reply(405, b"<html>no</html>"), "look at the address"),
    ],
)
def test_what_no_question_gets_past_ends_it_at_once(serve, reply, sentence):
    server = serve(lambda number, body, headers: reply)
    with opened(server, concurrency=1) as client, pytest.raises(RunError, match=sentence):
        client.complete([f"p{k}" for k in range(50)])
    assert len(server.asked) <= 3


def test_an_endpoint_that_is_not_there_is_told_after_some_tries():
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: nobody else takes the port meanwhile
        address = f"http://127.0.0.1:{held.getsockname()[1]}/v1#small"
        with (
            open_client(address, retries=2, **QUICK) as client,
            pytest.raises(RunError, match=r"3 times: is it running"),
        ):
            client.complete(["a"])


def test_one_question_that_is_refused_does_not_keep_the_others(serve):
    long = "This model's maximum context length is 4096 tokens"
    server = serve(lambda n, body, h: told(400, long) if "long" in body["messages"][-1]["content"] else "yes")
    with opened(server) as client:
        found = dict(client.each(["a", "a long one", "b"]))
    assert (found[0].text, found[2].text) == ("yes", "yes")
    assert long in found[1].fault
    assert len(server.asked) == 3  # it was not asked again


def test_five_in_a_row_end_it(serve):
    server = serve(lambda number, body, headers: told(400, "bad parameter"))
    with opened(server, concurrency=1) as client, pytest.raises(RunError, match=r"5 questions in a row.*bad parameter"):
        list(client.each([f"p{k}" for k in range(100)]))
    assert len(server.asked) <= 7


def test_a_field_that_a_model_refuses_is_left_out_and_noted(serve):
    def app(number, body, headers):
        for name, more in (("max_tokens", "Use 'max_completion_tokens' instead."), ("seed", ""), ("temperature", "")):
            if name in body:
                return told(400, f"Unsupported parameter: '{name}'. {more}")
        return "yes"

    server = serve(app)
    with opened(server, concurrency=1) as client:
        assert [a.text for a in client.complete(["a", "b"])] == ["yes", "yes"]
        assert [note.split(":")[0] for note in client.notes] == [
            "the endpoint calls the limit of tokens max_completion_tokens", "the endpoint takes no seed",
            "the endpoint takes no temperature of ours",
        ]  # fmt: skip
    assert len(server.asked) == 4 + 1  # what was found out holds for the next
    assert server.asked[-1].keys() == {"model", "messages", "max_completion_tokens"}


def test_a_field_stays_where_to_leave_it_out_does_not_help(serve):
    server = serve(lambda n, body, h: told(400, f"odd prompt in {sorted(body)}") if "odd" in str(body) else "yes")
    with opened(server, concurrency=1) as client:
        found = dict(client.each(["odd", "b"]))
        assert "odd prompt" in found[0].fault
        assert found[1].text == "yes"
        assert client.notes == []
    assert {"seed", "temperature"} <= server.asked[-1].keys()
