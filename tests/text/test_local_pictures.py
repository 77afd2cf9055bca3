"""Vision-language models on this machine, of three families: what is read is what transformers reads, and each answer
is that of the prompt alone."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from tests.text.seeing import KINDS, LONGEST, WORDS
from typer.testing import CliRunner

from aitia.cli import app
from aitia.errors import DataError, FormatError, OptionError
from aitia.nn.language import word_tokenizer
from aitia.text import Prompt, Question, answer_questions, open_client

OPTIONS = ["Yes", "No", "A cause B", "red"]


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    place = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    paths = []
    for number, (wide, high) in enumerate([(24, 24), (40, 16), (20, 36)]):
        paths.append(str(place / f"{number}.png"))
        Image.fromarray(random.integers(0, 255, (high, wide, 3), dtype=np.uint8)).save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    found = {}
    for name, make in KINDS.items():
        found[name] = tmp_path_factory.mktemp(name)
        make(found[name])
    return found


@pytest.fixture(scope="module")
def clients(folders):
    return {name: open_client(folder, tokens=5, device="cpu") for name, folder in folders.items()}


@pytest.fixture(scope="module", params=list(KINDS))
def client(request, clients):
    return clients[request.param]


@pytest.fixture(scope="module")
def prompts(shown):
    return [
        Prompt("Does A cause B ?", (shown[0],)),
        Prompt("red pushes A ?", (shown[1], shown[2])),
        Prompt("Does B cause A ? Answer one letter", (shown[2],), "Yes or No"),
        Prompt("Yes or No ?"),
    ]


def one_forward(client, prompt, option):
    """log p(option | prompt) by a forward over both, of what transformers' own parts make of the prompt."""
    held = client.backend.seeing
    parts = [{"type": "image"}] * len(prompt.pictures) + [{"type": "text", "text": prompt.text}]
    turns = [{"role": "user", "content": parts}]
    if prompt.system:
        turns.insert(0, {"role": "system", "content": [{"type": "text", "text": prompt.system}]})
    text = held.tokenizer.apply_chat_template(
        turns, chat_template=held.template, tokenize=False, add_generation_prompt=True
    )
    given = {}
    for path in prompt.pictures:
        with Image.open(path) as picture:
            made = held.processor.image_processor([picture.convert("RGB")], return_tensors="pt")
        if "image_grid_thw" in made:  # a mark for each four patches
            count = int(made["image_grid_thw"].prod()) // 4
            text = text.replace("<|vision_start|><|image_pad|>", "<|vision_start|>" + "<|pad|>" * count, 1)
            given.setdefault("image_grid_thw", []).append(made["image_grid_thw"])
            given.setdefault("pixel_values", []).append(made["pixel_values"])
    if given:
        text = text.replace("<|pad|>", "<|image_pad|>")
        given = {name: torch.cat(values) for name, values in given.items()}
    elif prompt.pictures:
        pictures = [Image.open(path).convert("RGB") for path in prompt.pictures]
        given = dict(held.processor(text=[text], images=[pictures], return_tensors="pt", add_special_tokens=False))
        given = {name: value for name, value in given.items() if name not in ("input_ids", "attention_mask")}
        text = None if "input_ids" in given else text
        whole = held.processor(text=[text], images=[pictures], return_tensors="pt")["input_ids"][0].tolist()
    if not prompt.pictures or "image_grid_thw" in given:
        whole = held.tokenizer(text)["input_ids"]
    ids = whole[:-1] if whole[-1] == held.tokenizer.eos_token_id else whole
    said = held.tokenizer(option, add_special_tokens=False)["input_ids"]
    row = torch.tensor([[*ids, *said]])
    if "image_grid_thw" in given:
        mark = held.tokenizer.convert_tokens_to_ids("<|image_pad|>")
        given["mm_token_type_ids"] = (row == mark).int()
    with torch.no_grad():
        logits = (
            held.model(input_ids=row, attention_mask=torch.ones_like(row), **given).logits[0].double().log_softmax(-1)
        )
    return sum(float(logits[len(ids) - 1 + k, token]) for k, token in enumerate(said))


def test_log_probabilities_are_those_of_one_forward_an_option(client, prompts):
    found = client.choose(prompts, OPTIONS)
    wanted = [[one_forward(client, prompt, option) for option in OPTIONS] for prompt in prompts]
    assert found == pytest.approx(np.array(wanted), abs=1e-4)
    assert client.choose(prompts, OPTIONS, mean=True) == pytest.approx(found / np.array([1, 1, 3, 1]), abs=1e-9)
    letters = client.choose(prompts, ["A", "B"])
    assert letters == pytest.approx(
        np.array([[one_forward(client, p, letter) for letter in "AB"] for p in prompts]), abs=1e-4
    )


def test_an_answer_does_not_depend_on_what_is_asked_beside(client, prompts):
    together = client.complete(prompts)
    alone = [client.complete([prompt])[0] for prompt in prompts]
    assert [(a.text, a.finish, a.input_tokens, a.output_tokens) for a in together] == [
        (a.text, a.finish, a.input_tokens, a.output_tokens) for a in alone
    ]
    assert len({answer.text for answer in together}) > 1
    one = [client.choose([prompt], OPTIONS)[0] for prompt in prompts]
    assert client.choose(prompts, OPTIONS) == pytest.approx(np.array(one), abs=1e-4)


def test_what_is_written_is_that_which_is_likeliest_token_by_token(client, prompts):
    held, whole = client.backend.seeing, 0
    mark = held.tokenizer.convert_tokens_to_ids(held.picture_token)
    for prompt in prompts:
        (answer,) = client.complete([prompt])
        said = []
        while len(said) < 5 and not {0, 3, mark} & {*said}:  # padding ends an answer as its end does
            said.append(int(client.backend._after([prompt], [said])[0][-1].argmax()))
        text = held.tokenizer.decode(said, skip_special_tokens=True).strip()
        if mark in said:  # one forward over a picture that is none would fail
            assert answer.text.startswith(text)
            continue
        assert (answer.text, answer.cut) == (text, said[-1] not in (0, 3))
        whole += 1
    assert whole >= 2


def test_the_picture_is_seen_and_their_order_too(client, shown):
    asked = [Prompt("Does A cause B ?", (path,)) for path in shown[:2]]
    asked += [Prompt("Does A cause B ?", (shown[0], shown[1])), Prompt("Does A cause B ?", (shown[1], shown[0]))]
    found = client.choose(asked, ["Yes", "No"])
    assert np.abs(found[0] - found[1]).max() > 1e-2
    assert np.abs(found[2] - found[3]).max() > 1e-2


def test_questions_with_pictures_are_asked_by_letters_words_and_text(client, shown, tmp_path):
    held = [
        Question("red pushes A .", "Does A cause B ?", ("Yes", "No"), "No", id=str(k), pictures=(path,))
        for k, path in enumerate(shown)
    ]
    for by in ("auto", "options", "text"):
        answers = answer_questions(client, held, by=by, log=tmp_path / by)
        assert answers.by == ("letters" if by == "auto" else by)
        assert not any(one.failed for several in answers.asked for one in several)
        again = answer_questions(client, held, by=by, log=tmp_path / by)
        assert [[one.choice for one in several] for several in again.asked] == [
            [one.choice for one in several] for several in answers.asked
        ]
    ranked = answer_questions(client, held, by="options").asked[1][0]
    prompt = Prompt("red pushes A .\n\nDoes A cause B ?", (shown[1],))
    assert ranked.log_probabilities == pytest.approx([one_forward(client, prompt, o) for o in ("Yes", "No")], abs=1e-4)


def test_a_seed_says_what_is_drawn(folders, prompts):
    with open_client(folders["llava"], tokens=5, temperature=1.0, device="cpu") as client:
        first = [answer.text for answer in client.complete(prompts, seed=1)]
        assert first == [answer.text for answer in client.complete(prompts, seed=1)]
        assert first != [answer.text for answer in client.complete(prompts, seed=2)]


BAD = {
    "empty": "is empty (0 bytes), and no picture",
    "wide": "has 20,000 x 1 pixels, and 8,192 on a side",
    "moving": "moves (2 pictures): give one of them",
    "half": "is no picture that can be read",
    "text": "is no picture that can be read",
}


def bad_picture(kind, place):
    path = place / f"{kind}.png"
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "wide":
        Image.new("RGB", (20_000, 1)).save(path)
    elif kind == "moving":
        path = path.with_suffix(".gif")
        Image.new("P", (8, 8)).save(path, save_all=True, append_images=[Image.effect_noise((8, 8), 90).convert("P")])
    elif kind == "half":
        Image.effect_noise((64, 64), 90).save(path)
        path.write_bytes(path.read_bytes()[:900])
    else:
        path.write_text("a picture")
    return str(path)


@pytest.mark.parametrize("kind", sorted(BAD))
def test_a_picture_that_cannot_be_shown_is_told_and_the_others_are_asked(clients, shown, tmp_path, kind):
    client, path = clients["llava"], bad_picture(kind, tmp_path)
    asked = [Prompt("Does A cause B ?", (shown[0],)), Prompt("Does A cause B ?", (path,))]
    found = dict(client.each(asked))
    assert not found[0].fault
    assert found[0].text == client.complete(asked[:1])[0].text
    assert path in found[1].fault
    assert BAD[kind] in found[1].fault
    with pytest.raises(DataError, match="prompt 1: ") as told:
        client.choose(asked, ["Yes", "No"])
    assert BAD[kind] in str(told.value)
    held = [Question("", "Does A cause B ?", ("Yes", "No"), "No", pictures=prompt.pictures) for prompt in asked]
    answers = answer_questions(client, held)
    assert [[one.failed for one in several] for several in answers.asked] == [[False, False], [True, True]]


def test_a_picture_that_is_not_there_is_told(clients, tmp_path):
    with pytest.raises(FormatError, match=r"gone\.png cannot be read: No such file"):
        clients["llava"].complete([Prompt("A", (str(tmp_path / "gone.png"),))])


def test_a_picture_is_upright_opaque_and_of_three_colours(tmp_path):
    from aitia.text.prompts import opened_picture

    pixels = np.zeros((6, 9, 3), np.uint8)
    pixels[:3] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    found = np.asarray(opened_picture(tmp_path / "turned.png"))
    assert (found == np.rot90(pixels, -1)).all()
    Image.new("RGBA", (4, 4), (9, 9, 9, 0)).save(tmp_path / "clear.png")
    assert (np.asarray(opened_picture(tmp_path / "clear.png")) == 255).all()
    Image.new("CMYK", (4, 4), (0, 255, 255, 0)).save(tmp_path / "print.jpg")
    found = np.asarray(opened_picture(tmp_path / "print.jpg"))
    assert found.shape == (4, 4, 3)
    assert found[0, 0, 0] > 200 > 60 > found[0, 0, 1]


def test_a_prompt_that_is_too_long_is_told_with_its_pictures(clients, shown):
    client = clients["llava"]
    long = " ".join(["A"] * (LONGEST - 12))
    found = dict(client.each([Prompt(long, (shown[0],)), Prompt("A", (shown[0],))]))
    assert "1 pictures counted, and its answer up to 5, the model takes 200" in found[0].fault
    assert not found[1].fault
    assert not dict(client.each([Prompt(" ".join(["A"] * (LONGEST - 20)))]))[0].fault
    with pytest.raises(DataError, match=r"prompt 0: the prompt has 3\d\d tokens, 1 pictures counted"):
        client.choose([Prompt(f"{long} {long}", (shown[0],))], ["Yes", "No"])


def test_a_text_holds_no_mark_of_a_picture(clients, shown):
    found = dict(clients["llava"].each([Prompt("A <image> B", (shown[0],))]))
    assert "the text holds '<image>', which stands for a picture in this model: leave it out" in found[0].fault


def test_options_that_read_alike_are_told(clients):
    with pytest.raises(OptionError, match="reads 'Maybe', 'Perhaps' alike"):
        clients["qwen2-vl"].choose(["A"], ["Maybe", "Perhaps"])


def test_a_folder_without_template_puts_pictures_first(folders, shown, tmp_path):
    shutil.copytree(folders["llava"], tmp_path / "plain")
    (tmp_path / "plain" / "chat_template.jinja").unlink()
    with open_client(tmp_path / "plain", tokens=3, device="cpu") as client:
        assert client.backend.seeing.text("A", 2, "B") == "B\n\n<image><image>\nA"
        assert client.choose([Prompt("A cause", (shown[0],))], ["Yes", "No"]).shape == (1, 2)


def test_a_template_that_shows_no_picture_is_refused(folders, shown, tmp_path):
    shutil.copytree(folders["llava"], tmp_path / "blind")
    (tmp_path / "blind" / "chat_template.jinja").write_text("{% for m in messages %}{{ m['role'] }}{% endfor %}")
    with open_client(tmp_path / "blind", tokens=3, device="cpu") as client:
        (answer,) = dict(client.each([Prompt("A", (shown[0],))])).values()
        assert "shows 0 of 1 pictures" in answer.fault


def test_a_folder_that_lacks_a_part_is_told(folders, tmp_path):
    shutil.copytree(folders["qwen2-vl"], tmp_path / "bare")
    (tmp_path / "bare" / "preprocessor_config.json").unlink()
    with pytest.raises(FormatError, match="holds no processor of pictures: save that of this model there"):
        open_client(tmp_path / "bare")
    shutil.copytree(folders["llava"], tmp_path / "light")
    (tmp_path / "light" / "model.safetensors").unlink()
    with pytest.raises(FormatError, match="holds no safetensors"):
        open_client(tmp_path / "light")
    with pytest.raises(OptionError, match="'concurrency' is no option of PictureModel"):
        open_client(folders["llava"], concurrency=2)
    with pytest.raises(OptionError, match="dtype is one of float32"):
        open_client(folders["llava"], dtype="int8")


def test_the_command_asks_a_folder_that_sees_and_tells_one_that_does_not(folders, shown, tmp_path):
    import json

    from transformers import LlamaConfig, LlamaForCausalLM

    asked = [Question("", "Does A cause B ?", ("Yes", "No"), "No", id=str(k)).to_json() for k in range(2)]
    for number, (held, path) in enumerate(zip(asked, shown, strict=False)):
        shutil.copy(path, tmp_path / f"{number}.png")
        held["pictures"] = [f"{number}.png"]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(held) + "\n" for held in asked))
    words = ["ask", str(tmp_path / "q.jsonl"), "--device", "cpu", "--out", str(tmp_path / "run"), "--model"]
    done = CliRunner().invoke(app, [*words, str(folders["smolvlm"])], catch_exceptions=False)
    assert "Accuracy" in done.output
    rows = [json.loads(line) for line in (tmp_path / "run" / "answers.jsonl").read_text().splitlines()]
    assert len(rows) == 4
    assert all(len(row["log_probabilities"]) == 2 and not row["fault"] for row in rows)
    tokenizer = word_tokenizer(WORDS, 64)
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **small)).save_pretrained(tmp_path / "blind")
    tokenizer.save_pretrained(tmp_path / "blind")
    words[-2] = str(tmp_path / "other")
    told = CliRunner().invoke(app, [*words, str(tmp_path / "blind")]).exception
    assert isinstance(told, OptionError)
    assert "prompt 0 has pictures, and a local language model reads text alone: give one that sees" in str(told)


def test_a_processor_for_films_is_made_without_them(clients):
    for name in ("smolvlm", "qwen2-vl", "qwen2.5-vl"):
        assert not hasattr(clients[name].backend.seeing.processor, "video_processor")
