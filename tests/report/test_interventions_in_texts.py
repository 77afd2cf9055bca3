"""Reports of CADET, of information minimisation and of decoupling: every number in them is the model's own."""

import re

import numpy as np
import pytest

from aitia.data.table import Table
from aitia.errors import DataError, OptionError
from aitia.nn.language import piece_tokenizer, small_decoder
from aitia.systems.alignment_hurts import Decoupling
from aitia.systems.alignment_hurts.page import variety_report
from aitia.systems.cadet import Cadet
from aitia.systems.cadet.page import rewriting_report
from aitia.systems.causal_info_min import CausalInfoMin
from aitia.systems.causal_info_min.page import debiasing_report
from aitia.worlds import ModerationWorld, VarietiesWorld


def _loads_nothing(page):
    return not re.search(r'(src|href)="http', page)


# -- rewritten texts ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def writer():
    world = ModerationWorld()
    sample = world.sample(240, seed=0, env="balanced")
    style, label, about = (sample[name].astype(int) for name in ("style", "intent", "target"))
    options = {"width": 16, "u_size": 4, "batch": 32, "longest": 24, "layers": 0, "pooling": "mean", "epochs": 2}
    target = np.array(["<billing>", "delivery", "quality"])[about % 3]
    model = Cadet(variant="adjusted", **options).fit(
        {"text": list(world.render(sample)), "label": label, "style": style, "target": target}
    )
    return model, {"text": list(world.render(world.sample(40, seed=1, env="balanced")))}


def test_the_effects_in_the_report_of_rewritten_texts_are_the_means_of_the_models_own(writer, tmp_path):
    model, texts = writer
    page = rewriting_report(model, texts, tmp_path / "report.html", examples=3).read_text()
    assert _loads_nothing(page)
    one, zero = (model.do(f"do(style={k})").rewrite(texts) for k in (1, 0))
    assert f"{(one.probability - zero.probability).mean():+.3f}" in page
    assert "do(target=&quot;&lt;billing&gt;&quot;)" in page
    assert "<billing>" not in page
    moved = np.argsort(-np.abs(one.probability - zero.probability), kind="stable")
    assert texts["text"][moved[0]] in page


def test_one_text_or_a_model_without_latents_is_refused(writer, tmp_path):
    model, texts = writer
    with pytest.raises(DataError, match="two texts or more, got 1"):
        rewriting_report(model, {"text": texts["text"][:1]}, tmp_path / "report.html")
    twice = {"text": texts["text"] * 2, "label": [0, 1] * len(texts["text"])}
    plain = Cadet(variant="erm", width=8, layers=0, pooling="mean", epochs=1).fit(twice)
    with pytest.raises(OptionError, match="no latents to set"):
        rewriting_report(plain, texts, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


# -- bias --------------------------------------------------------------------------------------------------------------


def _answers(n, seed):
    x = np.random.default_rng(seed).normal(size=(n, 12)).astype(np.float32)
    return x, np.array(["no", "perhaps", "yes"])[np.argmax(x[:, :3], axis=1)]


@pytest.fixture(scope="module")
def debiased():
    options = {"steps": 30, "branch_steps": 30, "batch": 16, "kl_weights": (0.1, 0.5)}
    parts = {"train": _answers(80, 0), "validation": _answers(40, 1)}
    rows = Table.of(np.concatenate([x for x, _ in parts.values()])).with_columns(
        {
            "answer": np.concatenate([y for _, y in parts.values()]),
            "split": [name for name, (_, y) in parts.items() for _ in y],
        }
    )
    return CausalInfoMin(**options).fit(rows)


def test_the_report_of_a_bias_has_accuracies_sufficiency_and_bottlenecks(debiased, tmp_path):
    x, y = _answers(60, 3)
    other = Table.of(x).with_columns({"answer": y, "kind": ["odd", "even"] * 30})
    splits = {"as before": _answers(50, 2), "other": other}
    page = debiasing_report(debiased, splits, tmp_path / "report.html").read_text()
    assert _loads_nothing(page)
    for name, accuracy in debiased.evaluate(splits).items():
        assert re.search(rf"{name}</td>\s*<td[^>]*>debiased</td>\s*<td[^>]*>{accuracy:.3f}", page), name
    told = debiased.sufficiency(other)
    assert f"{told.by_type['odd'].chosen_probability:.3f}" in page
    assert "in use" in page
    assert page.count("perhaps") == 1


def test_a_report_of_no_split_or_of_the_training_rows_is_refused(debiased, tmp_path):
    with pytest.raises(OptionError, match="one split or more"):
        debiasing_report(debiased, {}, tmp_path / "report.html")
    with pytest.raises(DataError, match="is the training rows"):
        debiasing_report(debiased, {"seen": _answers(80, 0)}, tmp_path / "report.html")
    plain = CausalInfoMin(variant="plain", steps=2, batch=16).fit(*_answers(80, 0))
    with pytest.raises(OptionError, match="no bias-only head"):
        debiasing_report(plain, {"new": _answers(20, 5)}, tmp_path / "report.html")


# -- varieties ---------------------------------------------------------------------------------------------------------

NAMES = ("standard", "island")


@pytest.fixture(scope="module")
def decoupled():
    world = VarietiesWorld(concepts=12, words=2)
    fact = world.sample(60, seed=0)
    said = [world.render(world.counterfactual(fact, {"variety": name})).tolist() for name in NAMES]
    rows = {
        "source": world.meaning(fact) * 2,
        "target": [text for texts in said for text in texts],
        "variety": [name for name in NAMES for _ in range(60)],
    }
    tokenizer = piece_tokenizer([*world.glosses, *(f"[{name}]" for name in world.varieties)], world.syllables)
    options = {"steps": 6, "every": 3, "ramp": 2, "probe_steps": 10, "batch": 16}
    decoder = small_decoder(tokenizer, width=16, layers=2)
    return Decoupling(dominant="standard", **options).fit(rows, model=decoder)


def test_the_report_of_varieties_has_every_layer_and_says_when_nothing_is_gained(decoupled, tmp_path):
    scores = {"decoupled": {"standard": 40.0, "island": 30.0}, "plain fine-tuning": {"standard": 41.0, "island": 31.0}}
    page = variety_report(decoupled, tmp_path / "report.html", scores=scores).read_text()
    assert _loads_nothing(page)
    for audit in decoupled.audits:
        if audit.when in ("before", "after"):
            assert audit.site in page
            assert f"{audit.bits:.3f}" in page
            assert f"{audit.energy['island']:.3f}" in page
    assert "does no better for them than plain fine-tuning" in page
    better = {**scores, "decoupled": {"standard": 40.0, "island": 35.0}}
    page = variety_report(decoupled, tmp_path / "report.html", scores=better).read_text()
    assert "does no better" not in page
    assert "No scores were given" in variety_report(decoupled, tmp_path / "report.html").read_text()


def test_scores_that_lack_a_variety_and_models_that_were_not_trained_are_refused(decoupled, tmp_path):
    with pytest.raises(DataError, match="'decoupled' lack the variety 'island'"):
        variety_report(decoupled, tmp_path / "report.html", scores={"decoupled": {"standard": 1.0}})
    with pytest.raises(OptionError, match="call fit first"):
        variety_report(Decoupling(), tmp_path / "report.html")
