"""What comes back from an endpoint: JSON under a schema, answers about pictures, the cache, and anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.text.server import QUICK, opened, says, told

from aitia.errors import FormatError, RunError
from aitia.text import Prompt, open_client

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
    for status, said in ((400, "image_url is not supported"), (500, "image input is not supported - hint: mmproj")):
        server = serve(lambda n, body, h, status=status, said=said: told(status, said))
        with opened(server) as client, pytest.raises(RunError, match="does this model take pictures"):
            client.complete([Prompt("what?", (str(tmp_path / "a.png"),))])
        assert len(server.asked) == 1  # to ask again is of no use


def test_a_picture_is_a_file_and_not_a_pipe(serve, tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.png")
    with opened(serve(says("A"))) as client, pytest.raises(FormatError, match=r"pipe\.png is no file, and no picture"):
        client.complete([Prompt("what?", (str(tmp_path / "pipe.png"),))])


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


# -- whatever comes back -----------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "usage", "prompt_tokens", "finish_reason", "text", "error"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(found=st.dictionaries(st.sampled_from(["choices", "usage", "error", "model"]), JSON))
def test_any_object_is_an_answer_or_asked_again(found):
    from aitia.text.endpoint import Endpoint
    from aitia.text.spending import Spending
    from aitia.text.transport import Transient

    asks = Endpoint("http://127.0.0.1:1/v1", "m", Spending())
    held = asks.spending.reserve(5, 7)
    try:
        answer = asks._read(found, held)
    except Transient:
        answer = None
    assert answer is None or isinstance(answer.text, str)
    assert asks.spending.read in (0, 5) or asks.spending.read == found["usage"]["prompt_tokens"]


ODD = st.sampled_from([b"[" * 9000, b'{"a":' * 9000, b"9" * 9000])


@given(content=st.binary(max_size=60) | ODD, status=st.integers(200, 599))
def test_any_bytes_under_any_status_are_an_object_or_one_sentence(content, status):
    from aitia.text.transport import Connection, Transient, Unanswerable

    told = ""
    try:
        found = Connection("http://127.0.0.1:1/v1")._read(status, {}, content)
    except (Transient, Unanswerable, RunError) as error:
        told, found = str(error), None
    assert isinstance(found, dict) or 0 < len(told) < 600
