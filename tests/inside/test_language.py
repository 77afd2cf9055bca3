"""A model is read from a folder or a file, and whatever is wrong with it is said in a sentence."""

import shutil

import pytest
import torch

from aitia.errors import FormatError, InterventionError, OptionError
from aitia.nn.causal_language import CausalLanguageModel, load_causal_language_model


def test_a_folder_gives_the_model_in_evaluation_mode_with_its_tokenizer(folder, language):
    assert not language.model.training
    assert not any(p.requires_grad for p in language.model.parameters())
    ids = language.encode("the capital of France is")
    assert "".join(language.words(ids[0])).replace(" ", "") == "thecapitalofFranceis"
    assert language.name == "model"
    assert load_causal_language_model(str(folder), dtype="bfloat16").model.dtype == torch.bfloat16


def test_layers_and_memories_are_found_in_every_family(language):
    from transformers import GemmaConfig, GemmaForCausalLM, LlamaConfig, LlamaForCausalLM

    assert (language.blocks, language.layers) == ("transformer.h.*", 3)
    assert language.memory(-1) == "transformer.h.2.mlp.c_proj"
    sizes = {"vocab_size": 40, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2}
    heads = {
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 12,
    }  # the attention is wider than the model
    special = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    for config, build in ((LlamaConfig, LlamaForCausalLM), (GemmaConfig, GemmaForCausalLM)):
        model = CausalLanguageModel(build(config(**sizes, **heads, **special)), language.tokenizer)
        assert (model.blocks, model.memory(1)) == ("model.layers.*", "model.layers.1.mlp.down_proj")


def test_words_are_runs_of_tokens_and_parts_of_a_prompt_are_found(language):
    ids = language.encode("the capital of France is the capital")[0].tolist()
    assert language.spans(ids) == [(k, k + 1) for k in range(7)]
    assert language.span_of("capital of", ids) == (1, 3)
    assert language.span_of("capital", ids) == (6, 7)  # the last time
    with pytest.raises(OptionError, match="does not hold 'Rome' as whole tokens; its words are the, capital"):
        language.span_of("Rome", ids)


def test_log_probabilities_are_those_of_the_next_token(language):
    found = language.log_probabilities(["the capital of", "the city"])
    plain = language.model(input_ids=language.encode("the city")).logits[0, -1].double().log_softmax(-1)
    assert torch.allclose(found[1], plain, atol=1e-5)
    assert torch.allclose(found.exp().sum(1), torch.ones(2, dtype=torch.float64))


@pytest.mark.parametrize("broken", ["cut", "no tokenizer", "pickle", "empty", "missing", "a file", "two files"])
def test_what_cannot_be_read_is_said_in_a_sentence(folder, tmp_path, broken):
    place = tmp_path / "model"
    shutil.copytree(folder, place)
    weights = place / "model.safetensors"
    sentence = {
        "cut": "model.safetensors is damaged: its head announces",
        "no tokenizer": "holds no tokenizer",
        "pickle": "is a pickle, which can run any program when it is read",
        "empty": "holds no model: neither config.json nor a GGUF file",
        "missing": "there is no folder",
        "a file": "is a file: give the folder of the model, or a GGUF file",
        "two files": "holds 2 GGUF files: name one of them",
    }[broken]
    if broken == "cut":
        weights.write_bytes(weights.read_bytes()[:1000])
    elif broken == "no tokenizer":
        for file in place.glob("tokenizer*"):
            file.unlink()
    elif broken == "pickle":
        torch.save({}, place / "pytorch_model.bin")
        weights.unlink()
    elif broken in ("empty", "two files"):
        for file in place.iterdir():
            file.unlink()
        if broken == "two files":
            (place / "a.gguf").touch()
            (place / "b.gguf").touch()
    elif broken == "missing":
        shutil.rmtree(place)
    with pytest.raises(FormatError, match=sentence):
        load_causal_language_model(weights if broken == "a file" else place)


def test_a_folder_with_nothing_but_a_pickle_is_refused_too(tmp_path):
    torch.save({}, tmp_path / "model.pt")
    with pytest.raises(FormatError, match="is a pickle"):
        load_causal_language_model(tmp_path)


def test_models_that_read_ahead_are_refused(language):
    from transformers import BertConfig, BertLMHeadModel

    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}
    model = BertLMHeadModel(BertConfig(vocab_size=30, is_decoder=False, **sizes))
    for parameter in model.parameters():
        parameter.data += 0.5 * torch.randn_like(parameter)
    with pytest.raises(InterventionError, match="reads ahead, as encoders do"):
        CausalLanguageModel(model, language.tokenizer)


def test_options_outside_their_range_are_refused(folder, language):
    with pytest.raises(OptionError, match="dtype is one of float32"):
        load_causal_language_model(folder, dtype="int8")
    with pytest.raises(OptionError, match="device is auto, cpu, cuda or mps"):
        load_causal_language_model(folder, device="tpu9")
    with pytest.raises(OptionError, match="the prompt is empty"):
        language.encode("  ")
    with pytest.raises(OptionError, match="the prompt has 80 tokens, model takes 64"):
        language.encode("the " * 80)
    with pytest.raises(OptionError, match="the answer is empty"):
        language.continuation("")
    with pytest.raises(OptionError, match="layer 7 is not one of the 3 layers"):
        language.memory(7)


def test_weights_that_are_quantised_cannot_be_edited(language):
    module = language.model.transformer.h[1].mlp.c_proj
    module._parameters["weight"] = torch.nn.Parameter(module.weight.to(torch.int8), requires_grad=False)
    with pytest.raises(InterventionError, match=r"the weights are quantised \(int8\) and cannot be edited"):
        language.memory(1)
