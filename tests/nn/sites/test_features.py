"""Features of sparse autoencoders as sites: the decoder's row by hand, own features change nothing, bad folders."""

import numpy as np
import pytest
import torch
from site_models import CASES

from aitia.do import Intervention, do
from aitia.errors import FormatError, InterventionError
from aitia.nn.saelens import write_saelens
from aitia.nn.sites import LogitDifference, Network, Patch, Site, attribution, intervene, record, trace
from aitia.nn.sparse_autoencoders import SparseAutoencoder

METRIC = LogitDifference([3, 4], 7)
BLOCK = "transformer.h.1"


def _written(folder, width=32, **options):
    torch.manual_seed(1)
    made = SparseAutoencoder(width, 40, **options).eval()
    with torch.no_grad():
        for leaf in made.parameters():
            leaf.add_(0.1 * torch.randn_like(leaf))
    write_saelens(made, folder)
    return made


@pytest.fixture
def folder(tmp_path):
    _written(tmp_path / "sae")
    return tmp_path / "sae"


def _hand(model, inputs, change):
    """The logits with what block 1 gives changed by hand."""
    handle = model.get_submodule(BLOCK).register_forward_hook(
        lambda m, a, out: change(out) if isinstance(out, torch.Tensor) else (change(out[0]), *out[1:])
    )
    logits = model(**inputs).logits
    handle.remove()
    return logits


@pytest.mark.parametrize(
    "options",
    [{}, {"activation": "top-k", "k": 4}, {"normalised": "layer"}, {"activation": "top-k", "k": 5, "by_length": True}],
)
def test_holding_a_feature_adds_its_row_of_the_decoder(gpt2, tmp_path, options):
    sae = _written(tmp_path / "sae", **options)
    site = Site(BLOCK, sae=str(tmp_path / "sae"), feature=7, position=-1)

    def change(x):
        at_end = x[:, -1]
        scale = at_end.sub(at_end.mean(-1, keepdim=True)).std(-1, keepdim=True) if "normalised" in options else 1.0
        row = sae.decoder[7] / (sae.decoder[7].norm() if options.get("by_length") else 1.0)
        moved = at_end + scale * (3.0 - sae.encode(at_end)[:, 7:8]) * row
        return torch.cat([x[:, :-1], moved[:, None]], dim=1)

    with intervene(gpt2.model, {site: 3.0}):
        ours = gpt2.model(**gpt2.inputs).logits
    assert torch.allclose(ours, _hand(gpt2.model, gpt2.inputs, change), atol=1e-5)
    assert not torch.allclose(ours, gpt2.model(**gpt2.inputs).logits, atol=1e-3)


def test_own_features_change_no_bit_and_are_those_of_the_autoencoder(gpt2, folder):
    for site in (Site(BLOCK, sae=str(folder)), Site(BLOCK, sae=str(folder), feature=(3, 5), position=slice(1, 3))):
        run = record(gpt2.model, gpt2.inputs, [site, BLOCK])
        with intervene(gpt2.model, {site: Patch(run[site])}):
            ours = gpt2.model(**gpt2.inputs).logits
        assert torch.equal(ours, gpt2.model(**gpt2.inputs).logits)
    sae = _written(folder)
    assert torch.allclose(run[site], sae.encode(run[BLOCK])[:, 1:3, [3, 5]], atol=1e-6)


def test_a_trace_takes_each_feature_in_turn_and_attribution_is_its_slope(gpt2, folder):
    sites = [f"{BLOCK}[sae={folder}, feature=*, position=-1]", f"{BLOCK}[position=*, sae={folder}]"]
    found = trace(gpt2.model, gpt2.inputs, sites, METRIC, against=gpt2.other)
    whole = trace(gpt2.model, gpt2.inputs, sites, METRIC, against=gpt2.other, replay=False)
    assert len(found.sites) == 40 + 6
    assert np.allclose(found.values, whole.values, atol=1e-5)
    assert found.table().column("feature")[7] == 7
    source = record(gpt2.model, gpt2.other, found.sites)
    with intervene(gpt2.model, {found.sites[9]: Patch(source[found.sites[9]])}):
        assert np.allclose(found.values[9], METRIC(gpt2.model(**gpt2.inputs)), atol=1e-5)
    fast = attribution(gpt2.model, gpt2.inputs, sites, METRIC, against=gpt2.other)
    assert np.corrcoef(fast.changes[:40].ravel(), found.changes[:40].ravel())[0, 1] > 0.98


def test_do_and_steering_take_features(gpt2, folder):
    site = f"{BLOCK}[sae={folder}, feature=7]"
    asked = Intervention.parse(f"do({site}=shift(4))")
    assert Intervention.parse(str(asked)) == asked
    network = do(Network(gpt2.model), asked)
    sae = _written(folder)
    by_hand = _hand(gpt2.model, gpt2.inputs, lambda x: x + 4 * sae.decoder[7])
    assert torch.allclose(network(**gpt2.inputs).logits, by_hand, atol=1e-5)
    said = network.generate(gpt2.inputs["input_ids"], max_new_tokens=3, do_sample=False, pad_token_id=0)
    assert int(said[0, 6]) == int(by_hand[0, -1].argmax())


def test_a_model_in_half_precision_is_read_in_single(folder):
    model = CASES["GPT-2"]().model.to(torch.bfloat16)
    run = record(model, CASES["GPT-2"]().inputs, [f"{BLOCK}[sae={folder}, feature=:3]"])
    (value,) = run.values()
    assert value.dtype == torch.float32
    with intervene(model, {f"{BLOCK}[sae={folder}, feature=:3]": 1.0}):
        assert model(**CASES["GPT-2"]().inputs).logits.dtype == torch.bfloat16


def test_the_text_of_a_site_is_read_as_it_was_written():
    site = Site("h.8", sae="some/dir-2", feature=123, position=-1)
    assert str(site) == "h.8[sae=some/dir-2, position=-1, feature=123]"
    assert Site(str(site)) == site
    assert (site.sae, site.feature) == ("some/dir-2", 123)


def test_what_no_autoencoder_has_is_refused_in_a_sentence(gpt2, folder, tmp_path):
    def refused(site, error, sentence):
        with pytest.raises(error, match=sentence), intervene(gpt2.model, {site: 0.0}):
            gpt2.model(**gpt2.inputs)

    refused(f"{BLOCK}[sae={folder}, feature=40]", InterventionError, "there is no feature 40, .* has 40, 0 to 39")
    refused(f"{BLOCK}[sae={folder}, feature=50:60]", InterventionError, "there are none of those features")
    refused(f"{BLOCK}[sae={tmp_path / 'none'}, feature=1]", FormatError, "none.cfg.json cannot be read: No such file")
    _written(tmp_path / "wide", width=24)
    refused(
        f"{BLOCK}[sae={tmp_path / 'wide'}, feature=1]", InterventionError, "takes activations of 24 units, and there is"
    )
    with pytest.raises(InterventionError, match="names a feature of no autoencoder"):
        Site("h.8[feature=3]")
    with pytest.raises(InterventionError, match="is among features and takes no unit"):
        Site("h.8", sae="dir", unit=3)
    with pytest.raises(InterventionError, match="rename it"):
        Site("h.8", sae="a,b")
    (folder / "cfg.json").write_text("{")
    refused(f"{BLOCK}[sae={folder}, feature=1]", FormatError, r"cfg\.json")
