"""An endpoint over real HTTP, with faults on the wire: what is asked again, what is told, and where the key goes."""

import json
import time

import pytest
from tests.text.server import KEY, Reply, completion, told

from aitia.errors import AitiaError, FormatError, OptionError, RunError
from aitia.text import BudgetReachedError, Prices, Prompt, open_client

QUICK = {"pause": 0.001, "timeout": 5.0}


def opened(server, **options):
    return open_client(f"{server.address}#small", **(QUICK | options))


def says(text):
    return lambda number, body, headers: text


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
        ("http://user:word@h/v1#m", "an address holds no password"),
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


def cut_short(text):
    whole = json.dumps(completion(text)).encode()
    return Reply(200, whole, cut=len(whole) // 2)


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
    server = serve(lambda number, body, headers: (slow, drip, "yes")[number - 1])
    with opened(server, timeout=0.3) as client:
        assert client.complete(["a"])[0].text == "yes"
    assert len(server.asked) == 3  # the second would have been whole after 12 s, a byte at a time


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


# -- where the key goes ------------------------------------------------------------------------------------------------


def test_the_key_is_of_the_environment_and_goes_to_the_address(serve, monkeypatch):
    server = serve(says("yes"))
    with opened(server) as client:
        client.complete(["a"])
    monkeypatch.setenv("AITIA_API_KEY", KEY)
    with opened(server) as client:
        client.complete(["a"])
    monkeypatch.setenv("MINE", KEY + "2")
    with opened(server, key_from="MINE") as client:
        client.complete(["a"])
    sent = [headers.get("Authorization") for headers in server.headers]
    assert sent == [None, f"Bearer {KEY}", f"Bearer {KEY}2"]


@pytest.mark.parametrize(
    ("named", "value", "sentence"),
    [
        ("GONE", None, "the environment variable GONE is not set"),
        ("MINE", " ", "is empty"),
        ("MINE", "two words", "holds what is no key"),
        ("MINE", "line\nline", "holds what is no key"),
        (KEY, None, "the name of an environment variable in capitals, and never the key itself"),
    ],
)
def test_a_key_that_is_none(monkeypatch, named, value, sentence):
    if value is not None:
        monkeypatch.setenv(named, value)
    with pytest.raises(OptionError, match=sentence) as caught:
        open_client("http://127.0.0.1:1/v1#m", key_from=named)
    assert KEY not in str(caught.value)


def test_a_key_does_not_travel_in_the_open(monkeypatch):
    monkeypatch.setenv("AITIA_API_KEY", KEY)
    with pytest.raises(OptionError, match=r"would travel to models\.example\.org for all"):
        open_client("http://models.example.org/v1#m")
    for near in (
        "http://gpu-box:8000/v1#m",
        "http://10.1.2.3/v1#m",
        "http://[::1]/v1#m",
        "https://models.example.org/v1#m",
    ):
        open_client(near).close()


def test_a_redirect_within_the_address_is_followed(serve):
    def app(number, body, headers):
        return Reply(307, b"", {"Location": "/v2/chat/completions"}) if number == 1 else "yes"

    server = serve(app)
    with opened(server) as client:
        assert client.complete(["a"])[0].text == "yes"
    assert server.paths == ["/v1/chat/completions", "/v2/chat/completions"]
    assert server.asked[0] == server.asked[1]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_key_and_no_question_go_to_another_host(serve, monkeypatch, status):
    monkeypatch.setenv("AITIA_API_KEY", KEY)
    other = serve(says("stolen"))
    server = serve(lambda n, body, h: Reply(status, b"", {"Location": f"{other.address}/chat/completions"}))
    with opened(server) as client, pytest.raises(RunError, match="where neither key nor questions are sent"):
        client.complete(["a"])
    assert not other.asked


@pytest.mark.parametrize(
    "to", ["", "//elsewhere.example/v1", "https://127.0.0.1/v1", "file:///etc/passwd", "http://[", "http://h:x/"]
)
def test_redirects_to_odd_places_are_refused(serve, to):
    server = serve(lambda n, body, h: Reply(307, b"", {"Location": to}))
    with opened(server) as client, pytest.raises(RunError, match="redirects to"):
        client.complete(["a"])


def test_a_redirect_without_end_ends(serve):
    server = serve(lambda n, body, h: Reply(307, b"", {"Location": "/v1/chat/completions"}))
    with opened(server) as client, pytest.raises(RunError, match="redirects without end"):
        client.complete(["a"])
    assert len(server.asked) == 4


def test_the_key_stands_in_no_sentence_and_no_file(serve, monkeypatch, tmp_path):
    monkeypatch.setenv("AITIA_API_KEY", KEY)

    def app(number, body, headers):  # says back all that it was told
        said = json.dumps(headers)
        return {1: told(401, said), 2: told(500, said), 3: Reply(200, said.encode()), 4: told(400, said)}.get(
            number, said
        )

    server = serve(app)
    for _ in range(4):
        with opened(server, retries=0, cache=tmp_path / "cache") as client, pytest.raises(AitiaError) as caught:
            client.complete(["a"])
        assert KEY not in str(caught.value)
        assert KEY not in repr(caught.value.__cause__)
    with opened(server, cache=tmp_path / "cache") as client:
        (answer,) = client.complete(["a"])
        assert KEY not in repr(client.__dict__)
    assert "[key]" in answer.text
    assert KEY in server.headers[-1]["Authorization"]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


# -- budgets and pace --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_budget_is_never_passed_and_what_was_answered_is_kept(serve, tmp_path, concurrency):
    server = serve(says("yes"))
    prompts = [f"prompt {k}" for k in range(40)]
    limits = {"token_budget": 400, "tokens": 10, "cache": tmp_path, "concurrency": concurrency}
    found = {}
    client = opened(server, **limits)
    answers = ((number, answer.text) for number, answer in client.each(prompts))
    with client, pytest.raises(BudgetReachedError, match="the budget of 400 tokens is reached"):
        found.update(answers)
    assert 0 < len(found) < 40
    assert len(server.asked) == len(found)
    assert client.spending.read + client.spending.written == 13 * len(found) <= 400
    with opened(server, cache=tmp_path, tokens=10) as client:
        assert client.missing(prompts) == 40 - len(found)
        client.complete(prompts)
    assert len(server.asked) == 40


def test_a_budget_in_money_needs_prices_and_is_kept_to(serve):
    with pytest.raises(OptionError, match="needs the prices"):
        open_client("http://127.0.0.1:1/v1#m", budget=1.0)
    server = serve(says("yes"))
    with opened(server, budget=0.002, prices=Prices(1.0, 4.0), tokens=100) as client, pytest.raises(BudgetReachedError):
        list(client.each([f"p{k}" for k in range(200)]))
    assert 0 < client.spending.cost <= 0.002


def test_what_may_have_been_paid_for_counts_in_full(serve):
    server = serve(lambda number, body, headers: PASSING["half an answer"] if number == 1 else "yes")
    with opened(server, tokens=10) as client:
        client.complete(["a"])
    assert client.spending.written == 10 + 2


def test_an_endpoint_that_counts_nothing_is_counted_by_what_was_set_aside(serve):
    server = serve(lambda number, body, headers: Reply(200, completion("yes", usage=None)))
    with opened(server, tokens=10) as client:
        (answer,) = client.complete(["abcd"])
    assert (answer.input_tokens, answer.output_tokens) == (None, None)
    assert client.spending.written == 10
    assert client.spending.read >= 4


def test_requests_keep_to_their_pace(serve):
    times = []
    server = serve(lambda number, body, headers: times.append(time.monotonic()) or "yes")
    with opened(server, requests_per_minute=1200, concurrency=4) as client:
        client.complete([f"p{k}" for k in range(6)])
    assert times[-1] - times[0] >= 5 * 0.05 * 0.8


# -- structured answers, pictures, the cache, the hash -----------------------------------------------------------------

EDGES = {
    "type": "object",
    "properties": {"edges": {"type": "array", "items": {"type": "string"}}},
    "required": ["edges"],
    "additionalProperties": False,
}


def test_a_schema_is_sent_and_what_comes_back_is_held_against_it(serve):
    texts = ['{"edges": ["a -> b"]}', '{"edges": "a -> b"}', "sure!", '{"edges": ["a -> ']
    server = serve(lambda number, body, headers: texts[number - 1])
    with opened(server, concurrency=1) as client:
        found = [answer for _, answer in sorted(client.each(["a", "b", "c", "d"], schema=EDGES))]
    assert server.asked[0]["response_format"]["json_schema"]["schema"] == EDGES
    assert found[0].value == {"edges": ["a -> b"]}
    assert [answer.text for answer in found] == [text.strip() for text in texts]  # verbatim, whatever it is
    assert "edges is a string, where array was asked for" in found[1].fault
    assert "is not valid JSON" in found[2].fault
    assert [answer.value for answer in found[1:]] == [None] * 3


def test_an_endpoint_without_schemas_is_asked_in_words(serve):
    def app(number, body, headers):
        return (
            told(400, "unknown field response_format") if "response_format" in body else '```json\n{"edges": []}\n```'
        )

    server = serve(app)
    with opened(server, concurrency=1) as client:
        found = client.complete(["a", "b"], schema=EDGES)
        assert "takes no schema" in client.notes[0]
    assert [answer.value for answer in found] == [{"edges": []}] * 2
    assert '"edges"' in server.prompts()[-1]
    assert len(server.asked) == 3


def test_pictures_are_sent_as_data_and_kept_by_their_bytes(serve, tmp_path):
    import base64

    from PIL import Image

    picture = tmp_path / "a.png"
    Image.new("RGB", (4, 3), "red").save(picture)
    server = serve(says("red"))
    with opened(server, cache=tmp_path / "cache") as client:
        asked = Prompt("what colour?", (str(picture),))
        assert client.complete([asked])[0].text == "red"
        assert client.complete([asked])[0].cached
        Image.new("RGB", (4, 3), "blue").save(picture)
        client.complete([asked])
    assert len(server.asked) == 2
    shown, text = server.asked[0]["messages"][0]["content"]
    kind, _, data = shown["image_url"]["url"].partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data)[:8] == b"\x89PNG\r\n\x1a\n"
    assert text == {"type": "text", "text": "what colour?"}


def test_a_model_without_eyes_is_told(serve, tmp_path):
    from PIL import Image

    Image.new("RGB", (4, 3)).save(tmp_path / "a.png")
    server = serve(lambda n, body, h: told(400, "image_url is not supported"))
    with opened(server) as client, pytest.raises(RunError, match="does this model take pictures"):
        client.complete([Prompt("what?", (str(tmp_path / "a.png"),))])


def test_pictures_that_cannot_be_sent(serve, tmp_path):
    from PIL import Image

    server = serve(says("red"))
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("hello")
    Image.new("1", (20_000, 2)).save(tmp_path / "wide.png")
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "moves.gif", save_all=True, append_images=frames[1:])
    Image.new("RGB", (64, 64), "red").save(tmp_path / "half.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "half.png").read_bytes()[:90])
    Image.new("CMYK", (8, 8)).save(tmp_path / "print.jpg")
    for name, sentence in {
        "empty.png": "is empty", "text.png": "no picture that can be read", "wide.png": "20,000 x 2 pixels",
        "moves.gif": "moves", "half.png": "no picture that can be read",
    }.items():  # fmt: skip
        with opened(server) as client, pytest.raises(RunError, match=f"prompt 0: .*{name} .*{sentence}"):
            client.complete([Prompt("what?", (str(tmp_path / name),))])
    with opened(server) as client, pytest.raises(FormatError, match=r"gone\.png cannot be read"):
        client.complete([Prompt("what?", (str(tmp_path / "gone.png"),))])
    assert not server.asked
    with opened(server) as client:
        client.complete([Prompt("what?", (str(tmp_path / "print.jpg"),))])
    assert server.asked[0]["messages"][0]["content"][0]["image_url"]["url"].startswith("data:image/png")


def test_the_cache_knows_model_revision_messages_parameters_and_seed(serve, tmp_path):
    server = serve(says("yes"))

    def ask(count, seed=0, schema=None, **options):
        with opened(server, cache=tmp_path, **options) as client:
            client.complete(["is it?"], seed=seed, schema=schema)
        assert len(server.asked) == count

    ask(1)
    ask(1)
    ask(2, seed=1)
    ask(3, revision="2026-01")
    ask(4, temperature=0.3)
    ask(5, tokens=100)
    ask(6, parameters={"top_p": 0.5})
    ask(6, concurrency=2, retries=1)  # how it is asked is not what is asked
    with open_client(f"{server.address}#other", cache=tmp_path, **QUICK) as client:
        client.complete(["is it?"])
    assert len(server.asked) == 7


def test_a_damaged_file_of_the_cache_is_named(serve, tmp_path):
    server = serve(says("yes"))
    with opened(server, cache=tmp_path) as client:
        client.complete(["a"])
    (file,) = tmp_path.rglob("*.json")
    file.write_text(file.read_text()[:20])
    with opened(server, cache=tmp_path) as client, pytest.raises(FormatError, match="remove it, and it is asked again"):
        client.complete(["a"])
    file.unlink()
    (file.parent / f".{file.name}.abc.part").write_text("{")  # what a kill leaves behind
    with opened(server, cache=tmp_path) as client:
        assert client.complete(["a"])[0].text == "yes"


def test_an_endpoint_is_hashed_by_address_model_and_three_probes(serve):
    server, other = serve(says("yes")), serve(lambda n, body, h: body["messages"][-1]["content"][::-1])
    with opened(server) as client:
        assert client.subject.hash == ""
        hashed = client.probed()
        assert client.subject is hashed
    assert server.prompts() == ["Say yes.", "What is 2 + 3?", "Name the colour of snow."] or len(server.asked) == 3
    with opened(server) as again:
        assert again.probed().hash == hashed.hash
    server.app = other.app
    with opened(server) as changed:
        assert changed.probed().hash != hashed.hash
        with pytest.raises(RunError, match="has the hash"):
            changed.subject.check(hashed.to_json())
