"""Folders of other kinds than CLIP against what transformers computes, low-rank training on a user's files from end to
end, a vision-language folder that is asked, and the page with its pictures."""

import base64
import csv
import io
import json
import re

import numpy as np
import pytest
import torch
from PIL import Image
from tests.systems.vqa_causal.owned import clip
from tests.text.seeing import smolvlm
from typer.testing import CliRunner

from aitia.cli import app
from aitia.data.columns.picture import png
from aitia.errors import DataError, FormatError, OptionError
from aitia.files import write_whole
from aitia.nn.language import word_tokenizer
from aitia.systems.vqa_causal import VqaCausal
from aitia.systems.vqa_causal.clip import read_clip, with_low_rank
from aitia.systems.vqa_causal.page import SHOWN, PictureCards
from aitia.worlds import PushWorld
from aitia.worlds.push import CONNECTIVES, THINGS

WORLD = PushWorld()
WORDS = sorted({word for text in (*THINGS, *CONNECTIVES, "and with beside") for word in text.split()})
TOWER = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}


def rows(n=24, seed=0):
    return WORLD.rows(WORLD.sample(n, seed=seed))


def _folder(place, kind, config, tokenizer):
    torch.manual_seed(0)
    model = kind(config)
    for weight in model.parameters():
        if weight.ndim >= 2:
            torch.nn.init.normal_(weight, std=0.2)
    model.save_pretrained(place)
    tokenizer.save_pretrained(place)
    settings = {"do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    settings |= {"size": {"height": 16, "width": 16}}
    (place / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")


def siglip(place):
    from transformers import SiglipConfig, SiglipModel

    tokenizer = word_tokenizer(WORDS)
    text = {**TOWER, "vocab_size": len(tokenizer), "max_position_embeddings": 14, "projection_size": 16}
    config = SiglipConfig(text_config=text, vision_config={**TOWER, "image_size": 16, "patch_size": 8})
    _folder(place, SiglipModel, config, tokenizer)


def flava(place):
    from transformers import FlavaConfig, FlavaModel

    tokenizer = word_tokenizer(WORDS)
    text = {**TOWER, "vocab_size": len(tokenizer), "max_position_embeddings": 14}
    config = FlavaConfig(
        text_config=text, image_config={**TOWER, "image_size": 16, "patch_size": 8}, multimodal_config=TOWER,
        image_codebook_config={"vocab_size": 16, "hidden_size": 8}, projection_dim=16, hidden_size=16,
    )  # fmt: skip
    _folder(place, FlavaModel, config, tokenizer)


@pytest.fixture(scope="module", params=["siglip", "flava"])
def folder(request, tmp_path_factory):
    place = tmp_path_factory.mktemp(request.param)
    {"siglip": siglip, "flava": flava}[request.param](place)
    return place


def peer_cosines(folder, pixels, texts):
    """(pictures, texts) cosines by the parts of the model itself."""
    from transformers import AutoModel, AutoTokenizer

    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        if model.config.model_type == "siglip":  # trained on texts that are filled up
            held = tokenizer(texts, padding="max_length", max_length=14, return_tensors="pt")["input_ids"]
            made = model(input_ids=held, pixel_values=pixels)
            return ((made.logits_per_image - model.logit_bias) / model.logit_scale.exp()).numpy()
        eyes = model.image_projection(model.image_model(pixel_values=pixels).last_hidden_state[:, 0])
        said = []
        for text in texts:  # one by one, without padding
            states = model.text_model(**tokenizer(text, return_tensors="pt")).last_hidden_state
            said.append(model.text_projection(states[:, 0])[0])
        return torch.cosine_similarity(eyes[:, None], torch.stack(said)[None], dim=-1).numpy()


def test_another_kind_is_judged_by_its_own_cosines(folder):
    given = rows(6)
    model = VqaCausal(tune="none").fit(given, model=folder)
    pixels = read_clip(folder).prepare_pictures(list(given.pictures("image")))
    wanted = [peer_cosines(folder, pixels, list(given.texts(name))).diagonal() for name in ("sentence", "reverse")]
    assert model.margins(model.pairs(given)) == pytest.approx(wanted[0] - wanted[1], abs=1e-5)
    assert np.abs(wanted[0] - wanted[1]).max() > 1e-3


def test_another_kind_is_trained_and_opened_again(folder, tmp_path):
    given = rows(16)
    model = VqaCausal(tune="lora", steps=2, batch=8, learning_rate=1e-2, rank=2, device="cpu").fit(given, model=folder)
    pairs = model.pairs(rows(6, seed=2))
    assert not np.allclose(model.margins(pairs), VqaCausal(tune="none").fit(given, model=folder).margins(pairs))
    model.export(tmp_path / "plain")
    judged = VqaCausal(tune="none").fit(given, model=tmp_path / "plain")
    assert judged.margins(pairs) == pytest.approx(model.margins(pairs), abs=1e-6)


def test_a_folder_for_pictures_of_any_shape_is_refused(tmp_path):
    from transformers import Siglip2Config, Siglip2Model

    tokenizer = word_tokenizer(WORDS)
    text = {**TOWER, "vocab_size": len(tokenizer), "max_position_embeddings": 14, "projection_size": 16}
    config = Siglip2Config(text_config=text, vision_config={**TOWER, "num_patches": 4, "patch_size": 8})
    _folder(tmp_path, Siglip2Model, config, tokenizer)
    with pytest.raises(FormatError, match="holds a siglip2 that reads pictures of any shape: give one of squares"):
        read_clip(tmp_path)


def test_low_rank_updates_are_those_of_the_formula(tmp_path):
    """W + B A with alpha = rank, by the peer's own parts: nothing else moves, and nothing before a step."""
    towers = read_clip(clip(tmp_path / "clip"))
    before = {name: weight.clone() for name, weight in towers.model.state_dict().items()}
    take_in = with_low_rank(towers, 2, seed=0)
    parts = {name: weight for name, weight in towers.model.named_parameters() if weight.requires_grad}
    assert parts
    assert all("lora_" in name for name in parts)
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in parts.values():
            weight.copy_(torch.randn_like(weight))
    kept = {name: weight.detach().clone() for name, weight in parts.items()}
    take_in()
    for name, weight in towers.model.state_dict().items():
        down = next((w for k, w in kept.items() if name.removesuffix(".weight") in k and "lora_A" in k), None)
        up = next((w for k, w in kept.items() if name.removesuffix(".weight") in k and "lora_B" in k), None)
        moved = 0 if down is None or up is None else up @ down
        assert torch.allclose(weight, before[name] + moved, atol=1e-5), name


def test_low_rank_training_on_a_users_files_from_end_to_end(tmp_path):
    """Table and folder of pictures in, low-rank training, answers, and a folder that transformers opens."""
    from transformers import CLIPModel

    folder, images = clip(tmp_path / "clip"), tmp_path / "images"
    images.mkdir()
    sample = WORLD.sample(24, seed=0)
    lines = [["image_id", "sentence", "reverse_sentence"]]
    told = WORLD.sentences(sample, "moves because of")
    for row, (picture, pair) in enumerate(zip(WORLD.render(sample), told, strict=True)):
        write_whole(images / f"photo_{row:04d}.png", png(picture))
        lines.append([str(row), *pair])
    with open(tmp_path / "mine.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)
    words = ["run", "vqa-causal", "--data", str(tmp_path / "mine.csv"), "--images", str(images), "--model", str(folder)]
    words += ["--tune", "lora", "--rank", "2", "--steps", "6", "--batch", "8", "--learning-rate", "0.01"]
    words += ["--device", "cpu", "--test-share", "0", "--out", str(tmp_path / "run")]
    runner = CliRunner()
    done = runner.invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert page.count("<img") == SHOWN
    done = runner.invoke(
        app, ["predict", str(tmp_path / "run"), str(tmp_path / "mine.csv"), "--out", str(tmp_path / "answers")],
        catch_exceptions=False,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    done = runner.invoke(
        app, ["export", str(tmp_path / "run"), "--out", str(tmp_path / "plain")], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    old, new = (CLIPModel.from_pretrained(place).state_dict() for place in (folder, tmp_path / "plain"))
    moved = {name for name in old if not torch.equal(old[name], new[name])}
    assert moved
    assert all("q_proj.weight" in name or "v_proj.weight" in name for name in moved)
    change = next(new[name] - old[name] for name in sorted(moved))
    assert torch.linalg.matrix_rank(change, rtol=1e-3) <= 2


# -- what is seen, what is asked, what is shown ------------------------------------------------------------------------


def test_what_is_seen_is_nan_where_there_is_no_picture():
    held = rows(12)
    pictures = list(held.pictures("image"))
    pictures[5] = None
    absent = [str(text) for text in held.texts("caption")[::-1]]
    with_gap = held.with_columns({"image": pictures, "absent": absent}, kinds={"image": "picture", "absent": "text"})
    whole = held.with_columns({"absent": absent}, kinds={"absent": "text"})
    model = VqaCausal(steps=3, batch=8, width=16, layers=1, device="cpu").fit(whole)
    seen, gone = (model.sees(given, ("caption",), ("absent",)) for given in (whole, with_gap))
    assert np.isnan(gone).tolist() == [row == 5 for row in range(12)]
    assert np.array_equal(np.delete(seen, 5), np.delete(gone, 5))
    codes = model.picture_codes(list(held.pictures("image")))
    near, far = ((codes * model.text_codes(list(texts))).sum(axis=1) for texts in (held.texts("caption"), absent))
    assert np.array_equal(seen, (near > far).astype(float))
    empty = whole.with_columns({"absent": [*absent[:3], "", *absent[4:]]}, kinds={"absent": "text"})
    with pytest.raises(DataError, match="row 3 has no sentence in column 'absent'"):
        model.sees(empty, ("caption",), ("absent",))
    with pytest.raises(OptionError, match="name a column of what is in the pictures"):
        model.sees(whole, (), ("absent",))


def test_a_vision_language_folder_is_shown_the_pictures_and_asked_in_both_orders(tmp_path):
    smolvlm(tmp_path / "sees")
    given = rows(3, seed=5)
    model = VqaCausal(log=str(tmp_path / "log")).fit(given, client=tmp_path / "sees")
    margins = model.margins(model.pairs(given))
    assert set(margins) <= {-1.0, 0.0, 1.0}
    assert len(model.answered) == 3
    assert all(said.count(" | ") == 1 for said in model.answered)
    with pytest.raises(OptionError, match="a client answers, and has no codes"):
        model.sees(given, ("caption",), ("sentence",))


def pictures_of(html):
    return [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
        for data in re.findall(r"data:image/png;base64,([^\"]+)", html)
    ]


def test_the_page_shows_each_picture_with_what_was_asked_chosen_and_true():
    given = rows(14)
    model = VqaCausal(steps=3, batch=8, width=16, layers=1, device="cpu").fit(given)
    held = model.given(given)
    cards = next(block for block in model.report(held) if isinstance(block, PictureCards))
    shown = pictures_of(cards.html())
    assert len(shown) == SHOWN
    pairs = model.pairs(given)
    margins = model.margins(pairs)
    for row, picture in enumerate(shown):
        times = picture.shape[0] // pairs.pictures[row].shape[0]
        assert np.array_equal(picture[::times, ::times], pairs.pictures[row])
        lines = dict(cards.lines[row])
        assert lines[f"Row {row}."] == f"{pairs.sentences[row]} | {pairs.reverses[row]}"
        chosen, true = ("sentence", "reverse")[int(margins[row] < 0)], ("sentence", "reverse")[pairs.right[row]]
        assert lines["Chosen:"].startswith(chosen)
        assert lines["True:"].startswith(true)
        assert lines["True:"].endswith(": right" if chosen == true else ": not right")


def test_a_card_escapes_its_words_and_bounds_its_picture():
    large = np.zeros((900, 300, 3), np.uint8)
    html = PictureCards([large, None], [[("Row 0.", '<b>"a"</b>')], [("Row 1.", "b")]]).html()
    assert "<b>" not in html
    assert "no picture" in html
    (picture,) = pictures_of(html)
    assert picture.shape[:2] == (320, 107)
