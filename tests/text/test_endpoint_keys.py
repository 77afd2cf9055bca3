"""Where the key of an endpoint goes, and what is spent there."""

import json
import time

import pytest
from tests.text.server import KEY, Reply, completion, cut_short, opened, says, told

from aitia.errors import AitiaError, OptionError, RunError
from aitia.system import systems
from aitia.text import BudgetReachedError, Prices, open_client
from aitia.workflow.names import sorted_names

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


@pytest.mark.parametrize(
    "address",
    [
        f"http://127.0.0.1:9/v1?key={KEY}#m",
        f"http://127.0.0.1:9/v1?key={KEY}",
        f"http://127.0.0.1:9/v1 {KEY}#m",
        f"http://me:{KEY}@127.0.0.1:9/v1#m",
        f"http://me:{KEY}@127.0.0.1:99999/v1#m",
        f"http://me:{KEY}@[::1/v1#m",
    ],
)
def test_a_key_in_an_address_is_refused_before_it_is_written_and_not_repeated(address):
    with pytest.raises(OptionError) as caught:
        open_client(address)
    assert KEY not in str(caught.value)
    asking = [found.load() for found in systems().values() if "client" in found.card.subjects]
    assert asking
    for cls in asking:
        with pytest.raises(OptionError) as caught:
            sorted_names(cls.card, cls.Config, {"client": address})
        assert KEY not in str(caught.value)


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
    server = serve(lambda number, body, headers: cut_short("yes") if number == 1 else "yes")
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
