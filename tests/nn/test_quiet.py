"""Models are opened and written without bars that are not ours, and the library is left as it was."""

import pytest
from huggingface_hub import utils as hub
from transformers import ResNetConfig, ResNetForImageClassification
from transformers.utils import logging

from aitia.data.subjects import Network
from aitia.nn.causal_language import load_causal_language_model
from aitia.nn.language import load_language_model, piece_tokenizer, small_decoder
from aitia.nn.opening import open_module
from aitia.nn.quiet import without_bars
from aitia.nn.vision import load_classifier

RESNET = ResNetConfig(embedding_size=4, hidden_sizes=[4], depths=[1], layer_type="basic", num_labels=2)


@pytest.fixture
def bars():
    """With bars, however the session was started."""
    shown, downloads = logging.is_progress_bar_enabled(), not hub.are_progress_bars_disabled()
    logging.enable_progress_bar()
    yield
    (logging.enable_progress_bar if shown else logging.disable_progress_bar)()
    (hub.enable_progress_bars if downloads else hub.disable_progress_bars)()


def test_no_model_is_written_or_opened_with_a_bar(bars, tmp_path, capsys):
    text, pictures = tmp_path / "text", tmp_path / "pictures"
    small_decoder(piece_tokenizer(["a"], ["ka", "to"]), width=16, layers=1).save(text)
    with without_bars():
        ResNetForImageClassification(RESNET).save_pretrained(pictures)
    load_language_model(text, "causal")
    load_causal_language_model(text)
    open_module(Network.of(str(text)))
    load_classifier(pictures)
    said = capsys.readouterr()
    assert said.out + said.err == ""
    small_decoder(piece_tokenizer(["a"], ["ka", "to"]), width=16, layers=1).model.save_pretrained(tmp_path / "loud")
    assert "Writing model shards" in capsys.readouterr().err, "bars are on, so that silence is ours"


@pytest.mark.parametrize("downloads", [True, False])
@pytest.mark.parametrize("shown", [True, False])
def test_the_library_is_left_as_it_was_and_a_download_keeps_its_bar(bars, shown, downloads):
    (logging.enable_progress_bar if shown else logging.disable_progress_bar)()
    (hub.enable_progress_bars if downloads else hub.disable_progress_bars)()
    with without_bars():
        assert not logging.is_progress_bar_enabled()
        assert hub.are_progress_bars_disabled() is not downloads
    assert logging.is_progress_bar_enabled() is shown
    with pytest.raises(KeyError), without_bars():
        raise KeyError
    assert logging.is_progress_bar_enabled() is shown
    assert hub.are_progress_bars_disabled() is not downloads
