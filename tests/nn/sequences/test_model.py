"""One model under the switches: padding, packing, batches and caches change nothing, and what is saved comes back."""

import numpy as np
import pytest
import torch
from tests.nn.sequences import tiny

from aitia.errors import DataError, FormatError, OptionError
from aitia.nn.sequences import (
    Gap,
    SequenceModel,
    Vocabulary,
    collate,
    fill,
    objectives,
    option_log_probabilities,
    prefill,
    write,
)
from aitia.nn.sequences.visibility import blocks, causal, places

IDS = torch.tensor([[5, 6, 7, 8, 9, 10], [11, 12, 13, 14, 15, 16]])
LENGTHS = torch.tensor([3, 4])
FAMILIES = ["llama", "gpt2", "qwen2"]
VISIBILITIES = ["causal", "prefix", "bidirectional"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_changes_nothing(family, visibility, side):
    model = tiny.model(family, visibility)
    pad = torch.zeros(2, 3, dtype=torch.long)
    parts = [pad, IDS] if side == "left" else [IDS, pad]
    ids = torch.cat(parts, dim=1)
    present = torch.cat([torch.ones_like(part) * int(part is IDS) for part in parts], dim=1)
    with torch.no_grad():
        alone = model.logits(IDS, lengths=LENGTHS)
        found = model.logits(ids, present, LENGTHS)
    inside = found[:, 3:] if side == "left" else found[:, :6]
    assert torch.allclose(alone, inside, atol=1e-4)


@pytest.mark.parametrize("visibility", VISIBILITIES)
def test_a_batch_is_its_rows(visibility):
    model = tiny.model("llama", visibility)
    with torch.no_grad():
        both = model.logits(IDS, lengths=LENGTHS)
        for row in range(2):
            alone = model.logits(IDS[row : row + 1], lengths=LENGTHS[row : row + 1])
            assert torch.allclose(both[row : row + 1], alone, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_documents_that_share_a_row_are_as_alone(family):
    network = tiny.network(family)
    row, documents = IDS.reshape(1, -1), torch.arange(2).repeat_interleave(6)[None]
    where = places(torch.ones_like(row), documents)
    with torch.no_grad():
        packed = network(input_ids=row, attention_mask=causal(12) & blocks(documents), position_ids=where).logits
        alone = network(input_ids=IDS).logits
    assert torch.allclose(packed.reshape(alone.shape), alone, atol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("visibility", ["causal", "prefix"])
def test_cached_logits_are_those_without_a_cache(family, visibility):
    model = tiny.model(family, visibility)
    prompts = [[5, 6, 7, 8, 9], [10, 11, 12]]
    more = torch.tensor([[13, 14, 15], [16, 17, 18]])
    held = prefill(model, prompts)
    with torch.no_grad():
        found = torch.cat([held.logits[:, None], held.read_on(model, more)], dim=1)
        for row, prompt in enumerate(prompts):
            ids = torch.tensor([prompt + more[row].tolist()])
            whole = model.logits(ids, lengths=torch.tensor([len(prompt)]))[0, len(prompt) - 1 :]
            assert torch.allclose(found[row], whole, atol=1e-4)


@pytest.mark.parametrize("family", [*FAMILIES, "t5"])
@pytest.mark.parametrize("visibility", ["causal", "prefix"])
@pytest.mark.parametrize("tokens", [1, 30, 10_000])
def test_options_have_the_log_probability_of_one_pass_each(family, visibility, tokens):
    model = tiny.model(family, "encoder-decoder" if family == "t5" else visibility)
    prompts = [[5, 6, 7, 8], [9, 10], [11, 12, 13]]
    options = [[[14], [15, 16], [17, 18, 19]], [[20, 21], [22]], [[5, 5, 5]]]
    found = option_log_probabilities(model, prompts, options, tokens=tokens)
    for prompt, held, scores in zip(prompts, options, found, strict=True):
        for k, option in enumerate(held):
            with torch.no_grad():
                if family == "t5":
                    ids = torch.tensor([[0, *option[:-1]]])
                    logits = model.model(input_ids=torch.tensor([prompt]), decoder_input_ids=ids).logits[0]
                else:
                    ids = torch.tensor([prompt + option])
                    logits = model.logits(ids, lengths=torch.tensor([len(prompt)]))[0, len(prompt) - 1 : -1]
            each = logits.log_softmax(-1)[range(len(option)), option]
            assert scores.total[k] == pytest.approx(float(each.sum()), abs=1e-4)
            assert scores.mean[k] == pytest.approx(float(each.mean()), abs=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_writing_greedily_is_what_transformers_writes(family):
    model = tiny.model(family)
    prompts = [[5, 6, 7], [8, 9, 10]]
    found = write(model, prompts, most=12)
    wanted = model.model.generate(
        input_ids=torch.tensor(prompts), max_new_tokens=12, do_sample=False, pad_token_id=0, eos_token_id=3
    )
    for row in range(2):
        ids = wanted[row, 3:].tolist()
        assert found[row] == ids[: ids.index(3) if 3 in ids else len(ids)]


def test_a_row_is_written_alike_in_any_batch_and_from_a_seed():
    model = tiny.model("llama")
    prompts = [[5, 6, 7], [8, 9], [10, 11, 12, 13]]
    together = write(model, prompts, most=8, temperature=1.0, seed=4)
    assert together == write(model, prompts, most=8, temperature=1.0, seed=4)
    assert together != write(model, prompts, most=8, temperature=1.0, seed=5)
    assert together[0] == write(model, prompts[:1], most=8, temperature=1.0, seed=4)[0]


def test_sampling_has_the_probabilities_of_the_model():
    model = tiny.model("llama")
    prompts = [[5, 6, 7]] * 4000
    first = [row[0] if row else 3 for row in write(model, prompts, most=1, temperature=0.7, seed=1)]
    with torch.no_grad():
        logits = model.logits(torch.tensor(prompts[:1]))[0, -1].double()
    p = (logits / 0.7).softmax(-1).numpy()
    assert np.bincount(first, minlength=len(p)) / 4000 == pytest.approx(p, abs=0.04)
    likely = {row[0] if row else 3 for row in write(model, prompts[:500], most=1, temperature=0.7, top_p=0.5, seed=1)}
    order = np.argsort(-p)
    assert likely <= set(order[: int(np.searchsorted(np.cumsum(p[order]), 0.5)) + 1].tolist())


def test_ids_outside_of_the_rule_are_never_written():
    model = tiny.model("llama", sentinels=3)
    may = np.zeros(len(model.vocabulary), dtype=bool)
    may[[7, 9]] = True
    rows = write(model, [[5, 6]] * 20, most=10, allowed=lambda row, so_far: may, temperature=5.0)
    assert {token for row in rows for token in row} == {7, 9}
    free = write(model, [[5, 6]] * 50, most=10, temperature=20.0)
    assert not {token for row in free for token in row} & {*model.vocabulary.mask.tolist()}
    with pytest.raises(DataError, match="allows no token"):
        write(model, [[5]], allowed=lambda row, so_far: may & False)


def test_gaps_are_filled_in_order_at_the_lengths_and_kinds_that_are_asked_for():
    model = tiny.model("llama", codes=5, sentinels=3)
    held = model.vocabulary
    text = [5, int(held.mask[0]), 6, int(held.mask[1]), 7]
    gaps = [Gap(held.of_kind("image"), 3), Gap(held.of_kind("text"), 2)]
    found = fill(model, [text], gaps=[gaps], temperature=1.0)[0]
    assert [len(gap) for gap in found] == [3, 2]
    assert set(found[0]) <= {*held.image.tolist()}
    assert not set(found[1]) & {*held.image.tolist(), *held.mask.tolist()}
    with pytest.raises(DataError, match="in order"):
        fill(model, [text, [5, int(held.mask[1])]])


def test_texts_with_other_numbers_of_gaps_are_filled_together_as_each_by_itself():
    model = tiny.model("llama", codes=5, sentinels=3)
    first, second = (int(k) for k in model.vocabulary.mask[:2])
    texts = [[5, first, 6, second, 7, 8], [first, 9], [6, first, 5, second]]
    together = fill(model, texts, most=6)
    assert together == [fill(model, [text], most=6)[0] for text in texts]
    assert [len(gaps) for gaps in together] == [2, 1, 2]


def test_a_gap_with_options_holds_one_of_them_the_likeliest_first_token_first():
    model = tiny.model("llama", codes=5, sentinels=3)
    text, options = [5, int(model.vocabulary.mask[0]), 6], [[7], [7, 8], [9, 5, 6]]
    drawn = {
        tuple(fill(model, [text], gaps=[[Gap(options=options)]], temperature=9.0, seed=k)[0][0]) for k in range(40)
    }
    assert drawn == {tuple(option) for option in options}
    prompt = [*text, int(model.vocabulary.mask[0])]
    likely = model.logits(torch.tensor([prompt]))[0, -1]
    greedy = fill(model, [text], gaps=[[Gap(options=[[7], [9]])]])[0][0]
    assert greedy == [7 if likely[7] > likely[9] else 9]


@pytest.mark.parametrize("family", ["llama", "gpt2", "t5"])
def test_what_is_saved_is_opened_here_and_by_plain_transformers(family, tmp_path):
    import transformers

    kind = "encoder-decoder" if family == "t5" else "prefix"
    model = tiny.model(family, kind, codes=4, sentinels=2, markers=("<begin>",))
    model.save(tmp_path)
    again = SequenceModel.load(tmp_path)
    assert (again.visibility, again.vocabulary.markers) == (kind, model.vocabulary.markers)
    text = "w1 <image:2> <mask:0> <begin> w3"
    assert again.vocabulary.encode(text).tolist() == model.vocabulary.encode(text).tolist()
    if family == "t5":
        assert not transformers.AutoModelForSeq2SeqLM.from_pretrained(tmp_path).training
        return
    plain = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    mask = model.mask(torch.ones_like(IDS), LENGTHS)
    with torch.no_grad():
        wanted = model.logits(IDS, lengths=LENGTHS)
        assert torch.allclose(again.logits(IDS, lengths=LENGTHS), wanted, atol=1e-5)
        assert torch.allclose(plain(input_ids=IDS, attention_mask=mask).logits, wanted, atol=1e-5)


def test_a_loaded_model_takes_as_many_tokens_as_its_positions_bear(tmp_path):
    model = tiny.model("gpt2", "causal")
    model.save(tmp_path)
    assert SequenceModel.load(tmp_path).longest == model.model.config.max_position_embeddings


def test_the_loss_is_the_weighted_mean_of_what_is_said():
    model = tiny.model("llama")
    random = np.random.default_rng(0)
    examples = [objectives.prefix_language(np.array(row), random) for row in ([5, 6, 7, 8, 9], [10, 11, 12])]
    batch = collate(examples, pad=0)
    with torch.no_grad():
        found = float(model.loss(batch))
        sums = [0.0, 0.0]
        for example in examples:
            logp = model.logits(torch.from_numpy(example.tokens)[None])[0].log_softmax(-1)
            for k in np.flatnonzero(example.weights):
                sums[0] -= float(logp[k, example.targets[k]])
                sums[1] += 1
    assert found == pytest.approx(sums[0] / sums[1], abs=1e-5)


def test_new_tokens_begin_as_the_mean_of_the_old_ones_and_are_known_by_kind():
    model = tiny.network("llama", 25)
    old = model.get_input_embeddings().weight.detach().clone()
    held = tiny.vocabulary(codes=3, sentinels=2, markers=("<end>",))
    held.extend(model)
    new = model.get_input_embeddings().weight.detach()
    assert torch.equal(new[:25], old)
    assert torch.allclose(new[25:], old.mean(0).expand(6, -1), atol=1e-6)
    kinds = [held.of_kind(kind) for kind in ("text", "image", "mask", "marker", "special")]
    assert np.sum(kinds, axis=0).tolist() == [1] * len(held)
    assert [int(kind.sum()) for kind in kinds] == [20, 3, 2, 1, 5]
    assert held.codes(held.image[[2, 0]]).tolist() == [2, 0]
    with pytest.raises(DataError, match="stands where an image should"):
        held.codes(np.array([6]))
    with pytest.raises(FormatError, match="do not belong together"):
        held.extend(tiny.network("llama", 10))


def test_bad_input_is_refused_in_one_sentence():
    model = tiny.model("llama")
    with pytest.raises(OptionError, match="has no encoder"):
        SequenceModel(tiny.network("llama", 30), tiny.vocabulary(), "encoder-decoder")
    with pytest.raises(OptionError, match="visibility is one of"):
        model.logits(IDS, visibility="sideways")
    with pytest.raises(DataError, match="document 1 has 9 tokens, the model takes 8"):
        collate([objectives.full_language(np.arange(k)) for k in (3, 9)], 0, longest=8)
    with pytest.raises(DataError, match="two options of row 0 are the same"):
        option_log_probabilities(model, [[5]], [[[6], [6]]])
    with pytest.raises(DataError, match="row 0 has an option without tokens"):
        option_log_probabilities(model, [[5]], [[[6], []]])
    with pytest.raises(DataError, match="row 1 is empty"):
        prefill(model, [[5], []])
    with pytest.raises(DataError, match="leaves no room to write"):
        write(model, [[5] * 64])
    with pytest.raises(DataError, match="carries loss"):
        model.loss(collate([objectives.Example(np.array([1, 2]), np.array([2, 2]), np.zeros(2))], 0))
    tokenizer = tiny.vocabulary().tokenizer
    tokenizer.eos_token = tokenizer.sep_token = None
    with pytest.raises(OptionError, match="no token for end of a sequence"):
        _ = Vocabulary(tokenizer).end
