"""A model on this machine: what it writes, and the log-probabilities of options, held against a plain forward."""

import json
import threading

import numpy as np
import pytest
import torch
from tests.text.server import Reply, completion, cut_short, opened, told

from aitia.errors import DataError, FormatError, OptionError
from aitia.nn.language import word_tokenizer
from aitia.text import Prompt, Question, answer_questions, open_client, scores

WORDS = [
    "A",
    "B",
    "C",
    "Yes",
    "No",
    "Does",
    "cause",
    "correlates",
    "with",
    "Answer",
    "one",
    "letter",
    "or",
    ".",
    ",",
    "?",
    ":",
]
PROMPTS = ["A correlates with B .", "Does A cause B ?", "A", "Does B cause A or C ? Answer with one letter"]
TEMPLATE = "{% for m in messages %}{{ m['content'] }} {% endfor %}{% if add_generation_prompt %}Answer : {% endif %}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from transformers import LlamaConfig, LlamaForCausalLM

    place = tmp_path_factory.mktemp("model")
    tokenizer = word_tokenizer(WORDS, 64)
    tokenizer.eos_token = "[SEP]"
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=64, bos_token_id=2, eos_token_id=3, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    model = LlamaForCausalLM(config)
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.5) if weight.ndim == 2 else None
    model.save_pretrained(place)
    tokenizer.save_pretrained(place)
    return place


@pytest.fixture(scope="module")
def client(folder):
    return open_client(folder, tokens=5, device="cpu")


def plain(client, prompt, option):
    """log p(option | prompt) by one forward over both."""
    held = client.backend
    ids, said = held.ids(Prompt(prompt)), held._tokens(" " + option)
    with torch.no_grad():
        logits = held.sequence.model(torch.tensor([[*ids, *said]])).logits[0].double().log_softmax(-1)
    return sum(float(logits[len(ids) - 1 + k, token]) for k, token in enumerate(said))


def test_log_probabilities_are_those_of_one_forward_an_option(client):
    options = ["Yes", "No", "A cause B", "C ."]
    found = client.choose(PROMPTS, options)
    wanted = [[plain(client, prompt, option) for option in options] for prompt in PROMPTS]
    assert found == pytest.approx(np.array(wanted), abs=1e-4)
    means = client.choose(PROMPTS, options, mean=True)
    assert means == pytest.approx(found / np.array([1, 1, 3, 2]), abs=1e-9)


def test_prompts_may_have_options_of_their_own(client):
    found = client.choose(PROMPTS[:2], [["Yes", "No"], ["A", "B", "C"]])
    assert found.shape == (2, 3)
    assert np.isnan(found[0, 2])
    assert found[1, 2] == pytest.approx(plain(client, PROMPTS[1], "C"), abs=1e-4)
    for bad in ([["Yes"]], [["Yes"], []], []):
        with pytest.raises(OptionError, match="lists of options"):
            client.choose(PROMPTS[:2], bad)


def test_what_is_written_does_not_depend_on_what_is_asked_beside(client):
    together = [answer.text for answer in client.complete(PROMPTS)]
    assert together == [client.complete([prompt])[0].text for prompt in PROMPTS]
    assert len(set(together)) > 1


def test_what_is_written_is_that_of_generate_and_a_limit_is_told(client):
    held = client.backend
    for prompt in PROMPTS:
        (answer,) = client.complete([prompt])
        ids = torch.tensor([held.ids(Prompt(prompt))])
        made = held.sequence.model.generate(ids, max_new_tokens=5, do_sample=False, pad_token_id=0)[0, ids.shape[1] :]
        assert answer.text == held.sequence.tokenizer.decode(made, skip_special_tokens=True).strip()
        assert answer.cut == (3 not in made.tolist())
        assert answer.output_tokens <= 5
        assert answer.input_tokens == ids.shape[1]


def test_a_seed_says_what_is_drawn(folder):
    with open_client(folder, tokens=5, temperature=1.0, device="cpu") as client:
        first = [answer.text for answer in client.complete(PROMPTS, seed=1)]
        assert first == [answer.text for answer in client.complete(PROMPTS, seed=1)]
        assert first != [answer.text for answer in client.complete(PROMPTS, seed=2)]
    state = torch.random.get_rng_state()
    client.complete(PROMPTS, seed=3)
    assert torch.equal(state, torch.random.get_rng_state())


def test_a_chat_template_is_used_where_there_is_one(folder, tmp_path):
    import shutil

    place = tmp_path / "chat"
    shutil.copytree(folder, place)
    config = json.loads((place / "tokenizer_config.json").read_text())
    (place / "tokenizer_config.json").write_text(json.dumps(config | {"chat_template": TEMPLATE}))
    with open_client(place, device="cpu") as client:
        ids = client.backend.ids(Prompt("A cause B", system="Yes or No"))
        assert client.backend.sequence.tokenizer.decode(ids) == "Yes or No A cause B Answer :"
        assert client.choose(["A"], ["Yes", "No"]).shape == (1, 2)


def test_a_prompt_that_is_too_long_is_told_and_never_cut(client):
    long = " ".join(["A"] * 70)
    found = dict(client.each([PROMPTS[0], long]))
    assert not found[0].fault
    assert "the prompt has 70 tokens and its answer up to 5, the model takes 64" in found[1].fault
    with pytest.raises(DataError, match="prompt 1: the prompt has 70 tokens"):
        client.choose([PROMPTS[0], long], ["Yes", "No"])
    held = [Question(premise, "Does A cause B ?", ("Yes", "No"), "No") for premise in ("A correlates with B .", long)]
    answers = answer_questions(client, held)
    assert [len(asked) for asked in answers.asked] == [2, 2]
    assert [one.failed for asked in answers.asked for one in asked] == [False, False, True, True]
    assert scores(answers).answered == 1


def test_options_are_chosen_by_letters_or_by_words(client):
    held = [Question("A correlates with B .", "Does A cause B ?", ("Yes", "No"), "No")]
    letters = answer_questions(client, held)
    assert letters.by == "letters"
    for one in letters.asked[0]:
        prompt = held[0].prompt(one.order) + "\nAnswer:"
        said = [plain(client, prompt, letter) for letter in "AB"]
        assert one.choice == one.order[int(np.argmax(said))]
        assert one.log_probabilities == pytest.approx([said[one.order.index(k)] for k in range(2)], abs=1e-4)
    words = answer_questions(client, held, by="options")
    (one,) = words.asked[0]
    said = [plain(client, "A correlates with B .\n\nDoes A cause B ?", option) for option in ("Yes", "No")]
    assert one.choice == int(np.argmax(said))
    assert answer_questions(client, held, by="text").by == "text"


def test_options_that_the_vocabulary_lacks_are_told_apart_by_nobody(client):
    with pytest.raises(OptionError, match="reads 'Maybe', 'Perhaps' alike, since its vocabulary lacks them"):
        client.choose(["A"], ["Yes", "Maybe", "Perhaps"])


def test_a_model_without_a_preference_chooses_nothing(folder, tmp_path):
    from transformers import LlamaForCausalLM

    model = LlamaForCausalLM.from_pretrained(folder)
    torch.nn.init.zeros_(model.lm_head.weight)
    model.save_pretrained(tmp_path)
    word_tokenizer(WORDS, 64).save_pretrained(tmp_path)
    held = [Question("", "Does A cause B ?", ("Yes", "No"), "No")]
    with open_client(tmp_path, device="cpu") as client:
        found = scores(answer_questions(client, held))
    assert (found.unparsed, found.accuracy.value, found.chosen) == (2, 0.0, {})


def test_what_a_local_model_does_not_do(client, folder, tmp_path):
    with pytest.raises(OptionError, match="a local language model reads text alone"):
        client.complete([Prompt("what?", (__file__,))])
    with pytest.raises(OptionError, match="a prompt is empty"):
        client.complete(["A", " "])
    with pytest.raises(OptionError, match="put the one into brackets"):
        client.complete("A")
    with pytest.raises(OptionError, match="temperature zero or more"):
        open_client(folder, temperature=-1.0)
    with pytest.raises(OptionError, match="'concurrency' is no option of LocalModel; it has tokens, temperature"):
        open_client(folder, concurrency=3)
    with pytest.raises(FormatError, match="there is no folder gone"):
        open_client("gone")
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(FormatError, match="is a file and no GGUF"):
        open_client(tmp_path / "a.txt")


def test_a_folder_is_known_by_its_files_wherever_it_is(folder, tmp_path):
    import shutil

    shutil.copytree(folder, tmp_path / "moved")
    with open_client(folder, cache=tmp_path / "cache", tokens=5, device="cpu") as one:
        one.complete(PROMPTS)
    with open_client(tmp_path / "moved", cache=tmp_path / "cache", tokens=5, device="cpu") as other:
        assert other.missing(PROMPTS) == 0
        assert other.probed().hash == one.subject.hash != ""


def test_a_json_answer_that_is_none_is_kept_as_it_came(client):
    (answer,) = client.complete([PROMPTS[0]], schema={"type": "object"})
    assert answer.value is None
    assert "is not valid JSON" in answer.fault
    assert answer.text


def test_nothing_heavy_is_loaded_before_it_is_used():
    import subprocess
    import sys

    heavy = ("torch", "transformers", "httpx", "tenacity", "pandas", "pyarrow", "scipy", "numba", "PIL")
    script = f"import sys, aitia.text; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_same_model_behind_an_endpoint_answers_the_same_past_its_faults(client, serve):
    """A small model behind an app of chat completions that spoils the first answers, each in another way."""
    spoilt = [
        told(429, "slow down"), told(500, "broken"), Reply(200, b"<html>log in</html>"), cut_short("A"),
        Reply(200, b"\xff\x00"), Reply(200, b'{"choices": [{"mess'), Reply(200, completion("A"), wait=1.0),
    ]  # fmt: skip
    lock = threading.Lock()

    def app(number, body, headers):
        if number <= len(spoilt):
            return spoilt[number - 1]
        with lock:
            return client.complete([body["messages"][-1]["content"]])[0].text

    server = serve(app)
    with opened(server, concurrency=1, timeout=0.5, retries=8) as remote:
        found = [answer.text for answer in remote.complete(PROMPTS)]
    assert found == [answer.text for answer in client.complete(PROMPTS)]
    assert len(set(found)) > 1
    assert len(server.asked) == len(spoilt) + len(PROMPTS)
