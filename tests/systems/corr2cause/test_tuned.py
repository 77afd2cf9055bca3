"""Models of one's own that are tuned on questions: encoders, decoders, both; kept, opened by others, and refused."""

import numpy as np
import pytest
import torch
import transformers
from tokenizers.processors import TemplateProcessing
from typer.testing import CliRunner

from aitia.cli import app
from aitia.data.subjects import Client
from aitia.errors import DataError, FormatError, OptionError, RunError
from aitia.nn.language import word_tokenizer
from aitia.system import load
from aitia.systems.corr2cause import Corr2Cause
from aitia.systems.corr2cause import tuned as module
from aitia.systems.corr2cause.tuned import Tuned
from aitia.worlds import Corr2CauseWorld

WORLD = Corr2CauseWorld(least=3, most=3)
ROWS = WORLD.rows(WORLD.every()).known.select(["premise", "question", "label", "group"])
ASKED = ROWS.drop(["label"])
TINY = {"tune": True, "steps": 2, "batch": 6, "device": "cpu", "tuning_rate": 1e-2}
SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
KINDS = {
    "bert": (transformers.BertForMaskedLM, transformers.BertConfig, {**SMALL, "max_position_embeddings": 160}),
    "llama": (
        transformers.LlamaForCausalLM, transformers.LlamaConfig,
        {**SMALL, "num_key_value_heads": 2, "max_position_embeddings": 160},
    ),
    "gpt2": (
        transformers.GPT2LMHeadModel, transformers.GPT2Config,
        {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 160},
    ),
    "bart": (
        transformers.BartForConditionalGeneration, transformers.BartConfig,
        {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
         "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "max_position_embeddings": 160},
    ),
}  # fmt: skip


def made(folder, kind, labels=None, ends=True):
    words = sorted({word for text in [*ROWS.texts("premise"), *ROWS.texts("question")] for word in text.split()})
    tokenizer = word_tokenizer(words)
    tokenizer.eos_token = "[SEP]"
    if ends:  # as the tokenizers of an encoder with a decoder do: its head reads at the end of the sequence
        end = ("[SEP]", tokenizer.eos_token_id)
        tokenizer._tokenizer.post_processor = TemplateProcessing(single="$A [SEP]", special_tokens=[end])
    tokenizer.save_pretrained(folder)
    head, config, sizes = KINDS[kind]
    if labels:
        head, sizes = transformers.BertForSequenceClassification, {**sizes, "num_labels": labels}
    torch.manual_seed(0)
    head(
        config(vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, bos_token_id=2,
               eos_token_id=tokenizer.eos_token_id, **sizes)
    ).save_pretrained(folder)  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return made(tmp_path_factory.mktemp("bert"), "bert")


def p_yes(model):
    return model.predict(ASKED).column("p(yes)")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lora", [0, 2])
def test_any_kind_is_tuned_kept_and_read_again(kind, lora, tmp_path):
    theirs = made(tmp_path / "theirs", kind)
    before = {path.name: path.read_bytes() for path in theirs.iterdir()}
    model = Corr2Cause(**TINY, lora=lora).fit(ROWS, model=theirs)
    assert {path.name: path.read_bytes() for path in theirs.iterdir()} == before
    untrained = Tuned.opened(Client.of(theirs), model.config)
    texts = list(zip(ASKED.texts("premise"), ASKED.texts("question"), strict=True))
    assert np.abs(untrained.scores(texts) - p_yes(model)).max() > 1e-4
    model.save_pretrained(tmp_path / "saved")
    weights = {path.name for path in (tmp_path / "saved" / "tuned").glob("*.safetensors")}
    assert weights == {"adapter_model.safetensors" if lora else "model.safetensors"}
    back = load(tmp_path / "saved", model=theirs)
    assert np.abs(p_yes(back) - p_yes(model)).max() < 1e-6
    assert back.predict(ASKED).labels("label").tolist() == model.predict(ASKED).labels("label").tolist()


def test_transformers_opens_what_was_tuned_and_says_the_same(folder, tmp_path):
    model = Corr2Cause(**TINY, lora=0).fit(ROWS, model=folder)
    model.save_pretrained(tmp_path)
    theirs = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "tuned").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "tuned")
    for row, ours in enumerate(p_yes(model)[:5]):
        text = f"{ASKED.texts('premise')[row]}\n{ASKED.texts('question')[row]}"
        made = tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            logits = theirs(input_ids=made["input_ids"], attention_mask=made["attention_mask"]).logits[0]
        assert float(logits.softmax(0)[1]) == pytest.approx(float(ours), abs=1e-5)


def test_updates_leave_the_weights_and_add_up_to_one_model(folder):
    model = Corr2Cause(**TINY, lora=2).fit(ROWS, model=folder)
    tuned = model._fitted_tuned()
    trained = {name for name, p in tuned.language.model.named_parameters() if p.requires_grad}
    assert trained
    assert all("lora_" in name or "classifier" in name for name in trained)
    texts = list(zip(ASKED.texts("premise"), ASKED.texts("question"), strict=True))
    assert np.abs(Tuned(tuned.merged(), 0).scores(texts) - tuned.scores(texts)).max() < 1e-5


def test_what_can_be_learnt_is_learnt(folder):
    """Whether the hypothesis speaks of a collider: a word of the question decides it."""
    labels = ["Yes" if "collider" in text else "No" for text in ROWS.texts("question")]
    rows = ROWS.with_columns({"label": labels}, {"label": "label"})
    model = Corr2Cause(**{**TINY, "steps": 40, "batch": 16}, lora=0).fit(rows, model=folder)
    assert (model.predict(ASKED).labels("label") == np.array(labels)).mean() > 0.95
    (phase, losses), *_ = model.training.losses
    assert phase == "tuning the model"
    assert losses[-1]["loss"] < np.log(2)


def test_namings_are_dealt_anew_and_the_rest_stays_as_it_is_said(folder, monkeypatch):
    seen, real = [], module._said
    monkeypatch.setattr(module, "_said", lambda text: seen.append(text) or real(text))
    Corr2Cause(**TINY, lora=0, namings=4).fit(ROWS, model=folder)
    own = set(zip(ROWS.texts("premise"), ROWS.texts("question"), strict=True))
    others = [text for text in seen if text not in own]
    assert others
    assert {len(text[0]) for text in others} <= {len(text[0]) for text in own}


def test_a_head_of_three_classes_is_replaced(tmp_path):
    theirs = made(tmp_path, "bert", labels=3)
    assert set(Corr2Cause(**TINY, lora=2).fit(ROWS, model=theirs).predict(ASKED).labels("label")) <= {"Yes", "No"}


def test_the_command_tunes_and_predicts(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ROWS.to_pandas().to_json(tmp_path / "questions.jsonl", orient="records", lines=True)
    words = ["run", "corr2cause", "--data", "questions.jsonl", "--model", str(folder), "--tune", "--lora", "2",
             "--steps", "2", "--batch", "6", "--out", "run"]  # fmt: skip
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "tuned on questions with labels" in (tmp_path / "run" / "report.html").read_text()
    assert CliRunner().invoke(app, ["predict", "run", "questions.jsonl"]).exit_code == 0


def test_what_cannot_be_tuned_is_refused(folder):
    with pytest.raises(OptionError, match="tuning_rate is positive, got 0"):
        Corr2Cause(tuning_rate=0)
    with pytest.raises(OptionError, match="give --model, a folder, and the rows"):
        Corr2Cause(**TINY).fit(ROWS)
    with pytest.raises(OptionError, match="give --model, a folder, and the rows"):
        Corr2Cause(**TINY).fit(None, model=folder)
    with pytest.raises(OptionError, match="can be asked and not tuned"):
        Corr2Cause(**TINY).fit(ROWS, model=lambda prompts, seed: ["A"] * len(prompts))
    with pytest.raises(OptionError, match="can be asked and not tuned"):
        Corr2Cause(**TINY).fit(ROWS, model="http://127.0.0.1:1/v1#small")
    one = ROWS.with_columns({"label": ["No"] * len(ROWS)}, {"label": "label"})
    with pytest.raises(DataError, match="a model that is tuned learns from questions with both labels"):
        Corr2Cause(**TINY).fit(one, model=folder)
    long = Corr2CauseWorld(least=5, most=5)
    rows = long.rows(long.sample(80, seed=0)).known.select(["premise", "question", "label", "group"])
    with pytest.raises(DataError, match=r"question \d+ has \d+ tokens, and the model reads 160"):
        Corr2Cause(**TINY).fit(rows, model=folder)


def test_an_encoder_with_a_decoder_needs_an_end_of_sequence(tmp_path):
    with pytest.raises(OptionError, match="puts no end of sequence"):
        Corr2Cause(**TINY).fit(ROWS, model=made(tmp_path, "bart", ends=False))


def test_updates_of_another_model_are_refused(folder, tmp_path):
    Corr2Cause(**TINY, lora=2).fit(ROWS, model=folder).save_pretrained(tmp_path / "saved")
    other = made(tmp_path / "other", "llama")
    with pytest.raises(RunError, match="give that one"):
        load(tmp_path / "saved", model=other).predict(ASKED)
    (tmp_path / "saved" / "tuned" / "adapter_model.safetensors").unlink()
    with pytest.raises(FormatError, match="no low-rank updates"):
        load(tmp_path / "saved", model=folder).predict(ASKED)
