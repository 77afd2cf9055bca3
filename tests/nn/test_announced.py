"""What a model's folder announces is held against what it holds before anything is allocated."""

import json
import struct

import pytest
import torch
from safetensors.torch import save_file

from aitia.errors import FormatError
from aitia.nn.announced import check_gguf, check_model_folder
from aitia.nn.language import load_language_model
from aitia.nn.weights import load_into, read_weights


def folder_of(place, **changed):
    """A folder as the library writes it, of one small embedding."""
    config = {"model_type": "gpt2", "vocab_size": 50, "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 16}
    (place / "config.json").write_text(json.dumps({**config, **changed}))
    save_file({"wte.weight": torch.zeros(50, 8)}, place / "model.safetensors")
    return place


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"hidden_size": -5}, "config.json is damaged: hidden_size is '-5', wanted a whole number from 1 on"),
        ({"hidden_size": "x"}, "config.json is damaged: hidden_size is 'x', wanted a whole number from 1 on"),
        ({"n_head": True}, "config.json is damaged: n_head is 'True', wanted a whole number from 1 on"),
        ({"text_config": {"num_layers": 0}}, "config.json is damaged: num_layers is '0'"),
        ({"vocab_size": 1.5}, "config.json is damaged: vocab_size is '1.5'"),
        ({"vocab_size": 10**11}, "config.json announces an embedding of 800,000,000,000 numbers"),
        ({"n_layer": 10**8}, "config.json announces 100,000,000 layers, and the weights beside it are 1 tensors"),
    ],
)
def test_a_configuration_of_nonsense_is_refused_before_room_is_made(changed, sentence, tmp_path):
    with pytest.raises(FormatError) as told:
        load_language_model(folder_of(tmp_path, **changed), "causal")
    assert sentence in str(told.value)
    assert str(tmp_path) in str(told.value)


@pytest.mark.parametrize("text", ["[1]", "[" * 100_000, "{", "\udcff"])
def test_a_configuration_that_is_no_object_is_refused(text, tmp_path):
    (tmp_path / "config.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FormatError, match=r"config\.json"):
        check_model_folder(tmp_path)


def test_counts_by_stage_and_shared_layers_are_as_models_have_them(tmp_path):
    check_model_folder(folder_of(tmp_path, num_attention_heads=[1, 2, 5], n_layer=12, head_dim=None))


def test_an_embedding_of_whole_numbers_is_refused_unless_it_is_said_to_be_packed(tmp_path):
    folder_of(tmp_path)
    save_file({"wte.weight": torch.zeros(50, 8, dtype=torch.int32)}, tmp_path / "model.safetensors")
    with pytest.raises(FormatError, match=r"wte\.weight is of whole numbers \(I32\)"):
        check_model_folder(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "quantization_config": {"bits": 4}}))
    check_model_folder(tmp_path)


def test_weights_of_another_kind_of_number_are_another_model_and_nested_metadata_is_refused(tmp_path):
    layer = torch.nn.Linear(2, 1)
    with pytest.raises(FormatError, match=r"weight is of torch\.int32 there, of torch\.float32 here"):
        load_into(layer, {"weight": torch.zeros(1, 2, dtype=torch.int32), "bias": torch.zeros(1)}, "w.safetensors")
    path = tmp_path / "w.safetensors"
    save_file({"x": torch.zeros(1)}, path, metadata={"aitia": "[" * 100_000})
    with pytest.raises(FormatError, match=r"w\.safetensors says of itself is nested too deeply"):
        read_weights(path)


def gguf(entries=0, tensors=0, body=b"", version=3):
    return b"GGUF" + struct.pack("<IQQ", version, tensors, entries) + body


KEY = struct.pack("<Q", 1) + b"k"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is no GGUF file"),
        (b"GGUF", "is damaged or no GGUF file"),
        (gguf(version=99), "is GGUF of version 99"),
        (gguf(entries=2**63), "is damaged: it announces 9,223,372,036,854,775,808 entries and 0 tensors in 24 bytes"),
        (gguf(tensors=2**60), "is damaged: it announces 0 entries and 1,152,921,504,606,846,976 tensors"),
        (gguf(1, 0, struct.pack("<Q", 2**62) + b"k" * 20), "an entry announces 4,611,686,018,427,387,904 bytes"),
        (gguf(1, 0, KEY + struct.pack("<IIQ", 9, 0, 2**60)), "an array announces 1,152,921,504,606,846,976 values"),
        (gguf(1, 0, KEY + struct.pack("<IIQ", 9, 8, 30)), "is damaged or no GGUF file"),
        (gguf(1, 0, KEY + struct.pack("<I", 77) + b"12345678"), "is damaged or no GGUF file"),
        (gguf(1, 0, KEY + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 20), "an array announces 1 values"),
    ],
)
def test_a_gguf_file_that_announces_what_it_does_not_have_is_refused(content, sentence, tmp_path):
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    with pytest.raises(FormatError) as told:
        check_gguf(path)
    assert sentence in str(told.value)
    assert str(path) in str(told.value)
    with pytest.raises(FormatError, match=r"bad\.gguf"):
        load_language_model(tmp_path, "causal", gguf_file="bad.gguf")


def test_a_sound_head_of_gguf_passes(tmp_path):
    words = struct.pack("<IIQ", 9, 8, 2) + struct.pack("<Q", 2) + b"ab" + struct.pack("<Q", 0)
    (tmp_path / "good.gguf").write_bytes(gguf(2, 0, KEY + words + KEY + struct.pack("<If", 6, 1.5)))
    check_gguf(tmp_path / "good.gguf")
