"""What a network names is opened: objects, places in the code, folders; and no other than the one that was hashed."""

import pytest
import torch
from torch import nn

from aitia.data.subjects import Network
from aitia.errors import FormatError, OptionError, RunError
from aitia.nn.language import LanguageModel, piece_tokenizer, small_decoder
from aitia.nn.opening import open_classifier, open_language_model, open_module
from aitia.nn.vision import ImageClassifier


def made() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2))


MODULE = made()
NUMBER = 3


def test_a_module_is_opened_as_it_is_and_one_in_the_code_in_evaluation_mode():
    assert open_module(Network.of(MODULE)) is MODULE
    assert open_module(Network.of(f"{__name__}:MODULE")) is MODULE
    fresh = open_module(Network.of(f"{__name__}:made"))
    assert not fresh.training
    assert Network.of(fresh).hash == Network.of(MODULE).hash
    with pytest.raises(FormatError, match="gives no network"):
        open_module(Network.of(f"{__name__}:nothing"))
    with pytest.raises(FormatError, match="is a int, not a torch module"):
        open_module(Network.of(f"{__name__}:NUMBER"))


def test_what_the_code_gives_has_the_hash_that_was_stored():
    stored = Network.from_json(Network(f"{__name__}:made", "", Network.of(MODULE).hash).to_json())
    assert open_module(stored).state_dict().keys() == MODULE.state_dict().keys()
    with pytest.raises(RunError, match="give that one"):
        open_module(Network(f"{__name__}:made", "", "0" * 64))


def test_a_bare_classifier_takes_as_many_channels_as_its_first_convolution():
    found = open_classifier(Network.of(MODULE))
    assert found.model is MODULE
    assert (found.labels, found.mean, found.size) == ((), (0.0,), None)
    given = ImageClassifier(MODULE, ("cat", "dog"), 4)
    network = Network.of(given)
    assert open_classifier(network) is given
    assert open_module(network) is MODULE
    assert network.hash == Network.of(MODULE).hash


def test_a_language_model_is_read_from_its_folder_and_needs_its_tokenizer(tmp_path):
    decoder = small_decoder(piece_tokenizer(["[west]"], ["ka", "to"]), width=16, layers=1)
    assert open_language_model(Network.of(decoder)) is decoder
    decoder.save(tmp_path / "net")
    again = open_language_model(Network.of(tmp_path / "net"))
    assert isinstance(again, LanguageModel)
    assert again.generate(["kato"], most=3) == decoder.generate(["kato"], most=3)
    assert type(open_module(Network.of(tmp_path / "net"))).__name__ == "LlamaForCausalLM"
    with pytest.raises(OptionError, match="has no tokenizer: give the folder"):
        open_language_model(Network.of(decoder.model))
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(FormatError, match="pickle"):
        open_language_model(Network.of(tmp_path / "old"))
    with pytest.raises(FormatError, match="no safetensors"):
        open_module(Network.of(tmp_path / "old"))
