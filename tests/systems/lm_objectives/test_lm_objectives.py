"""LmObjectives: budgets counted by hand, a bare loop beside the training, masks that are switched alone, toys."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import aitia
from aitia.errors import DataError, FormatError, OptionError
from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import SequenceModel, Vocabulary, small_sequence_model
from aitia.systems.lm_objectives import LmObjectives
from aitia.systems.lm_objectives.judge import accuracy, surprise
from aitia.systems.lm_objectives.making import pieces_of, sentinels_of
from aitia.systems.lm_objectives.stages import OBJECTIVES, Stage, most_spans, parsed
from aitia.systems.lm_objectives.tasks import asked_ids, ranked, tasks_of
from aitia.systems.lm_objectives.training import drawn_documents, switched
from aitia.worlds import FactsWorld

ARMS = ("cd:flm", "cd:mlm", "nd:plm", "nd:mlm", "ed:plm", "ed:mlm")
TINY = {"width": 16, "layers": 1, "batch": 4, "length": 32}
WORDS = [f"w{k}" for k in range(12)]
EVEN = {"text": [" ".join(WORDS[(k + j) % 12] for j in range(19)) for k in range(12)]}
"""Twelve documents of 19 words: 20 tokens with the end."""


@pytest.fixture(scope="module")
def fitted():
    """All architectures and objectives on documents of one length."""
    return LmObjectives(arms=ARMS, tokens=400, **TINY).fit(EVEN)


def test_both_budgets_are_those_that_are_counted_by_hand(fitted):
    # Of 20 tokens 15 % are 3, in one span: 17 and its sentinel are read, and 3 and its sentinel are said.
    by_hand = {"flm": (20, 19), "plm": (20, None), "mlm": (18 + 4, 4)}
    for name, arm in fitted.arms.items():
        (phase,) = arm.phases
        each, carrying = by_hand[arm.stage.objective]
        assert phase.steps == -(-400 // (4 * each)), name  # whole steps of four, until the budget is reached
        assert phase.processed == phase.steps * 4 * each, name
        if carrying is not None:
            assert phase.carrying == phase.steps * 4 * carrying, name
        else:  # a cut that is even over 1 to 19 leaves 10 on average
            assert phase.steps * 4 <= phase.carrying <= phase.steps * 4 * 19
            assert 5 < phase.carrying / (phase.steps * 4) < 15


def test_the_plan_is_what_the_training_then_counts(fitted):
    arm = fitted.arms["nd:plm"]
    pieces, _ = pieces_of([*enumerate(EVEN["text"])], arm.model.vocabulary, 32, (arm.stage,))
    drawn = drawn_documents(arm.model, arm.stage, pieces, 4, 0)
    planned = drawn.planned(400)
    for step in range(planned.steps):
        drawn(step, 0, 1)
    assert (drawn.processed, drawn.carrying) == (planned.processed, planned.carrying) == (
        arm.processed, arm.carrying,
    )  # fmt: skip


def test_a_budget_of_tokens_with_loss_is_reached_by_all():
    model = LmObjectives(arms=("cd:flm", "nd:mlm"), tokens=300, budget="carrying", **TINY).fit(EVEN)
    flm, mlm = model.arms.values()
    assert 300 <= flm.carrying < 300 + 4 * 19
    assert 300 <= mlm.carrying < 300 + 4 * 4
    assert mlm.processed > 4 * flm.processed


def test_the_causal_arm_learns_as_a_bare_loop_does():
    steps, rate = 8, 3e-3
    model = LmObjectives(tokens=steps * 4 * 20, learning_rate=rate, **TINY).fit(EVEN)
    (phase,) = model.arms["cd:flm"].phases
    assert [step for step, _ in phase.losses] == [*range(1, steps + 1)]

    tokenizer = word_tokenizer(sorted(WORDS))
    tokenizer.eos_token = "[SEP]"
    bare = small_sequence_model(
        Vocabulary(tokenizer, sentinels=most_spans(32)), width=16, layers=1, longest=model.answering.model.longest
    )
    network, ids = bare.model.train(), [[*bare.vocabulary.encode(text), 3] for text in EVEN["text"]]
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, betas=(0.9, 0.95), weight_decay=0.1)
    for step, (_, told) in enumerate(phase.losses):
        epoch, first = divmod(4 * step, 12)
        rows = np.random.default_rng([0, epoch]).permutation(12)[first : first + 4]
        batch = torch.tensor([ids[row] for row in rows])
        loss = network(input_ids=batch, labels=batch).loss
        assert told == pytest.approx(float(loss.detach()), abs=1e-5)
        for group in optimizer.param_groups:
            group["lr"] = rate * 0.5 * (1 + np.cos(np.pi * step / steps))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()


@pytest.mark.parametrize("name", ARMS)
def test_options_on_kept_prompts_score_as_whole_texts_do(fitted, name):
    arm = fitted.arms[name]
    rows = {"prompt": ["w0 w1 w2", "w4 w5"], "options": [["w3", "w3 w4", "w9 w1 w1"], ["w6 w7", "w1"]]}
    tasks = tasks_of(fitted.given(rows))
    for task, scores in zip(tasks, ranked(arm.model, tasks), strict=True):
        for option, total, mean in zip(task.options, scores.total, scores.mean, strict=True):
            prompt, answer = asked_ids(arm.model.vocabulary, task.prompt, option, arm.model.has_encoder)
            with torch.no_grad():
                if arm.model.has_encoder:
                    read, said = torch.tensor([prompt]), torch.tensor([answer])
                    logits = arm.model.model(input_ids=read, labels=said).logits[0]
                else:
                    ids, length = torch.tensor([[*prompt, *answer]]), torch.tensor([len(prompt)])
                    logits = arm.model.logits(ids, lengths=length)[0, len(prompt) - 1 : -1]
            each = logits.log_softmax(-1)[range(len(answer)), answer]
            assert total == pytest.approx(float(each.sum()), abs=1e-4)
            assert mean == pytest.approx(float(each.mean()), abs=1e-4)


def test_a_change_switches_the_mask_and_nothing_else(fitted):
    before = fitted.arms["cd:flm"].model
    after = switched(before, Stage("nd", "mlm"))
    assert after.model is before.model
    assert (before.visibility, after.visibility) == ("causal", "prefix")
    ids, length = torch.tensor([[5, 6, 7, 8, 9]]), torch.tensor([3])
    with torch.no_grad():
        plain, seen = before.logits(ids), after.logits(ids, lengths=length)
        other = after.logits(torch.tensor([[5, 6, 10, 8, 9]]), lengths=length)
    assert torch.equal(plain, after.logits(ids, visibility="causal").detach())
    # Under the prefix mask the first position sees the third; under the causal one it sees itself.
    assert not torch.allclose(seen[0, 0], other[0, 0], atol=1e-5)
    assert torch.allclose(plain[0, 0], before.logits(torch.tensor([[5, 6, 10, 8, 9]])).detach()[0, 0], atol=1e-6)


def test_an_adapted_arm_goes_on_from_the_weights_of_the_first_and_leaves_them(fitted):
    weights = {k: v.clone() for k, v in fitted.arms["cd:flm"].model.model.state_dict().items()}
    other = fitted.adapt(EVEN, to="nd:mlm", tokens=100)
    assert [*other.arms] == ["cd:flm>nd:mlm"]
    arm = other.answering
    assert [phase.name for phase in arm.phases] == ["cd:flm", "nd:mlm"]
    assert arm.model.visibility == "prefix"
    assert 100 <= arm.phases[1].processed < 100 + 4 * 22
    for key, value in fitted.arms["cd:flm"].model.model.state_dict().items():
        assert torch.equal(value, weights[key])
    assert any(not torch.equal(v, weights[k]) for k, v in arm.model.model.state_dict().items())
    # The same by an arm that says so: the first training is that of the arm without a change.
    whole = LmObjectives(arms=("cd:flm>nd:mlm",), tokens=400, change_tokens=100, **TINY).fit(EVEN).answering
    assert whole.phases == arm.phases
    for key, value in whole.model.model.state_dict().items():
        assert torch.allclose(value, arm.model.model.state_dict()[key], atol=1e-6)


def test_a_bijection_that_was_told_is_answered_and_its_other_direction_is_chance():
    world = FactsWorld(persons=12)
    table = world.questions("pupil")
    said = zip(table.texts("prompt"), table.texts("answer"), strict=True)
    told = [f"{prompt} {answer} ." for prompt, answer in said]
    options = {"tokens": 20_000, "width": 32, "layers": 1, "batch": 12, "length": 16, "learning_rate": 0.01}
    model = LmObjectives(**options).fit({"text": told})
    assert accuracy(model.answering.model, tasks_of(model.given(table))) == (1.0, 1.0)
    answered = model.predict(table.drop(["answer"]))
    assert answered.texts("answer") == table.texts("answer")
    assert np.allclose([max(held) for held in answered.lists("log p")], 0, atol=0.2)
    # Without options it is written, to the end of the sentence.
    written = model.predict({"prompt": table.texts("prompt")})
    assert [text.split()[0] for text in written.texts("answer")] == table.texts("answer")
    back = world.questions("pupil", backward=True)
    assert accuracy(model.answering.model, tasks_of(model.given(back)))[0] < 0.5


def test_prompts_that_are_held_out_teach_nothing():
    asked = {"prompt": ["w0 then", "w1 then"] * 4, "options": [["w1", "w2"]] * 8, "answer": ["w1", "w2"] * 4,
             "family": ["next"] * 8, "split": ["tasks"] * 8}  # fmt: skip
    rows = [{"prompt": "w5 before", "options": ["w4", "w9"], "family": "last", "split": "held out"}]

    def fit(answer):
        columns = {k: [*asked[k], *(r.get(k, answer) for r in rows)] for k in asked}
        return LmObjectives(tokens=0, task_tokens=200, **TINY).fit(columns)

    first, second = fit("w4"), fit("w9")
    (phase,) = first.answering.phases
    # A prompt of two words, one of answer and the end: two carry loss.
    assert (phase.name, phase.processed, phase.carrying) == ("tasks", 208, 104)
    for key, value in first.answering.model.model.state_dict().items():
        assert torch.equal(value, second.answering.model.model.state_dict()[key])


def test_finetuned_arms_of_every_kind_answer_what_they_were_taught():
    # Each letter is followed by another: closed book, the same for encoder and decoder.
    rows = {"prompt": [f"after {w}" for w in WORDS], "options": [WORDS] * 12, "answer": WORDS[1:] + WORDS[:1]}
    options = {"tokens": 0, "task_tokens": 5_000, "width": 32, "layers": 1, "batch": 12, "learning_rate": 0.01}
    model = LmObjectives(arms=("cd:flm", "nd:mlm", "ed:mlm"), **options).fit(rows)
    for name in model.arms:
        model.set_params(answer_by=name)
        assert model.predict({k: rows[k] for k in ("prompt", "options")}).texts("answer") == rows["answer"], name
        assert model.predict({"prompt": rows["prompt"]}).texts("answer") == rows["answer"], name


def test_the_loss_of_held_out_texts_is_that_of_the_library(fitted):
    arm = fitted.arms["cd:flm"]
    pieces, _ = pieces_of([*enumerate(EVEN["text"])], arm.model.vocabulary, 32, (arm.stage,))
    ids = torch.tensor(np.stack(pieces))
    with torch.no_grad():
        loss = arm.model.model(input_ids=ids, labels=ids).loss
    assert surprise(arm, pieces) == pytest.approx(float(loss), abs=1e-5)
    score = fitted.judge(fitted.given(EVEN), fitted.given(EVEN))["perplexity"]
    assert score.trivial == ("unigram",), "a model that is no better than counting is told"
    assert score.value == pytest.approx(float(loss.exp()), rel=1e-4)
    targets = np.concatenate([piece[1:] for piece in pieces])
    counts = np.bincount(targets, minlength=len(arm.model.vocabulary)) + 1
    assert score.baselines["unigram"] == pytest.approx(float(np.exp(-np.log(counts / counts.sum())[targets].mean())))


def test_the_judge_counts_as_by_hand(fitted):
    seen = {"prompt": ["a", "b", "c"], "options": [["w1", "w2"]] * 3, "answer": ["w2", "w2", "w1"]}
    fresh = {"prompt": ["w0", "w1", "w4 w5", "w7"], "options": [["w1", "w2"]] * 2 + [["w2", "w6", "w3"]] * 2,
             "answer": ["w1", "w2", "w6", "w2"]}  # fmt: skip
    score = fitted.judge(fitted.given(fresh), fitted.given(seen))["accuracy"]
    # w2 is the commonest answer: right in rows 1 and 3. All words are alike common where texts are the prompts.
    assert score.baselines["majority option"] == 0.5
    assert score.baselines["chance"] == pytest.approx((0.5 + 0.5 + 1 / 3 + 1 / 3) / 4)
    answered = fitted.predict({k: fresh[k] for k in ("prompt", "options")}).texts("answer")
    assert score.value == np.mean([a == b for a, b in zip(answered, fresh["answer"], strict=True)])
    assert set(ARMS[1:]) < set(score.baselines)


@given(st.sampled_from(ARMS), st.integers(4, 40), st.integers(0, 10_000))
@settings(deadline=None, max_examples=60)
def test_every_example_says_tokens_of_its_document_and_counts_what_it_reads(name, length, seed):
    (stage,) = parsed(name)
    ids, sentinels = np.arange(100, 100 + length), list(range(50, 60))
    made = stage.example(ids, np.random.default_rng(seed), sentinels, begin=0)
    said = made.targets[made.weights > 0]
    assert set(said) <= {*ids, *sentinels}
    assert (made.encoder is not None) == (stage.architecture == "ed")
    assert np.array_equal(said[said >= 100], np.sort(said[said >= 100]))
    if stage.objective == "mlm":
        assert (said >= 100).sum() == max(round(0.15 * length), 1)
        assert (said < 100).sum() == most_spans(length)


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    """A folder of a small decoder without sentinels, as a model of one's own."""
    tokenizer = word_tokenizer(sorted(WORDS))
    tokenizer.eos_token = "[SEP]"
    folder = tmp_path_factory.mktemp("backbone")
    small_sequence_model(Vocabulary(tokenizer), width=16, layers=1, heads=2, longest=64).save(folder)
    return folder


def test_a_model_of_ones_own_is_adapted_and_exported(backbone, tmp_path):
    options = {"tokens": 300, "batch": 4, "length": 32}
    with pytest.raises(OptionError, match=r"0 sentinel rows, and nd:mlm needs 2.*--add-sentinels"):
        LmObjectives(arms=("nd:mlm",), **options).fit(EVEN, model=str(backbone))
    model = LmObjectives(arms=("nd:mlm",), add_sentinels=True, **options).fit(EVEN, model=str(backbone))
    model.export(tmp_path / "plain")
    from transformers import AutoModelForCausalLM, AutoTokenizer

    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "plain")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "plain")
    ids = torch.tensor([tokenizer("w1 w2 w3", add_special_tokens=False)["input_ids"]])
    with torch.no_grad():
        assert torch.allclose(plain(ids).logits, model.answering.model.logits(ids, visibility="causal"), atol=1e-5)
    assert json.loads((tmp_path / "plain" / "config.json").read_text())["visibility"] == "prefix"
    model.save_pretrained(tmp_path / "saved")
    asked = {"prompt": ["w1 w2"], "options": [["w3", "w4 w5"]]}
    again = aitia.load(tmp_path / "saved")
    assert again.predict(asked).lists("log p") == model.predict(asked).lists("log p")
    assert again.answering.phases == model.answering.phases


def test_an_encoder_is_not_asked_of_a_decoder(backbone):
    with pytest.raises(OptionError, match="has no encoder, so its visibility is not 'encoder-decoder'"):
        LmObjectives(arms=("ed:plm",), tokens=100, **TINY).fit(EVEN, model=str(backbone))
    with pytest.raises(FormatError, match="there is no folder"):
        LmObjectives(tokens=100, **TINY).fit(EVEN, model="/nowhere/at/all")


def test_a_t5_of_ones_own_has_its_own_sentinels(tmp_path):
    tokenizer = word_tokenizer([*sorted(WORDS), "<extra_id_0>", "<extra_id_1>"])
    tokenizer.eos_token = "[SEP]"
    small_sequence_model(Vocabulary(tokenizer), "encoder-decoder", width=16, layers=1, heads=2).save(tmp_path / "t5")
    model = LmObjectives(arms=("ed:mlm",), tokens=200, batch=4, length=32).fit(EVEN, model=str(tmp_path / "t5"))
    held = model.answering.model
    assert held.vocabulary.decode(sentinels_of(held.vocabulary)) == "<extra_id_0> <extra_id_1>"
    assert len(model.predict({"prompt": ["w1 w2"]}, draws=3).texts("answer")) == 3


def test_a_long_document_is_cut_and_its_short_end_is_left_out():
    text = " ".join(WORDS * 3)  # 36 words and the end: three pieces of 12, and 1
    model = LmObjectives(arms=("nd:plm",), tokens=50, width=16, layers=1, batch=1, length=12).fit({"text": [text]})
    assert model.training.warnings == ("nd:plm: 1 ends of documents were too short to learn from and are left out",)
    assert model.answering.processed % 12 == 0


TASK = {"prompt": ["ann is"], "options": [["old", "new"]], "answer": ["old"]}


def test_a_text_that_is_too_short_is_named_by_its_row_in_what_was_given():
    model = LmObjectives(arms=("nd:plm",), tokens=20, **TINY)
    given = model.given({"text": [*["w0 w1 w2 w3 w4"] * 6, "w0 w1 w2", *["w0 w1 w2 w3"] * 5]})
    for part in given.split(0.5, 1):
        if 6 in part.row_numbers:
            assert part.row_numbers.tolist().index(6) != 6
            with pytest.raises(DataError, match="the text of row 6 has 3 tokens, and nd:plm needs 4"):
                model.fit(part)


def test_words_that_ones_own_tokenizer_does_not_know_are_told_or_refused(tmp_path):
    tokenizer = word_tokenizer([f"w{k}" for k in range(11)])
    tokenizer.eos_token = "[SEP]"
    tokenizer.save_pretrained(tmp_path)
    model = LmObjectives(arms=("cd:flm",), tokens=20, tokenizer=str(tmp_path), **TINY).fit(EVEN)
    count = sum(text.split().count("w11") for text in EVEN["text"])
    assert model.training.warnings == (
        f"{count} of 228 words of the rows are unknown to the tokenizer and read as [UNK], such as 'w11'",
    )
    with pytest.raises(DataError, match="the tokenizer knows no word of the rows, such as 'x'"):
        LmObjectives(arms=("cd:flm",), tokens=20, tokenizer=str(tmp_path), **TINY).fit({"text": ["x y z"] * 3})


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({**TASK, "options": [[]]}, "row 0 has an empty list of options"),
        ({**TASK, "options": [["old", "old"]]}, "row 0 has the option 'old' twice"),
        ({**TASK, "options": [["old", " "]]}, "row 0 has an option without a word"),
        ({**TASK, "answer": ["red"]}, "the answer of row 0, 'red', is none of its options, old, new"),
        ({**TASK, "prompt": [" "]}, "the prompt of row 0 is empty"),
        ({"text": ["a b c d", " "]}, "the text of row 1 is empty"),
        (
            {k: v * 2 for k, v in TASK.items()} | {"family": ["x", "x"], "split": ["tasks", "held out"]},
            "the family 'x' is held out in row 1 and finetuned on in others",
        ),
        (
            {k: v * 2 for k, v in TASK.items()} | {"split": ["tasks", "held out"]},
            "the prompt 'ann is' is held out in row 1 and finetuned on in others",
        ),
    ],
)
def test_rows_that_cannot_be_used_are_refused_by_number(rows, said):
    with pytest.raises(DataError, match=said):
        LmObjectives(tokens=0, task_tokens=10, **TINY).fit(rows)


def test_documents_that_are_too_short_for_an_objective_are_refused():
    rows = {"text": ["w0 w1 w2 w3", "w0 w1 w2"]}
    LmObjectives(tokens=20, **TINY).fit(rows)
    for arm in ("nd:plm", "nd:mlm", "cd:flm>nd:mlm"):
        with pytest.raises(DataError, match=r"the text of row 1 has 3 tokens, and nd:.lm needs 4"):
            LmObjectives(arms=(arm,), tokens=20, **TINY).fit(rows)


@pytest.mark.parametrize(
    ("arm", "said"),
    [
        ("gpt", "an arm is cd, nd, ed"),
        ("cd:plm", "plm sees what stands before the cut both ways"),
        ("nd:flm", "in cd alone"),
        ("nd:mlm>ed:mlm", "adds or drops no encoder"),
    ],
)
def test_arms_that_are_none_are_refused(arm, said):
    with pytest.raises(OptionError, match=said):
        LmObjectives(arms=(arm,))


def test_options_that_contradict_each_other_are_refused(fitted):
    for options, said in (
        ({"arms": ("cd:flm", "cd:flm")}, "different from each other"),
        ({"answer_by": "nd:mlm"}, "answer_by is one of the arms"),
        ({"adapt_to": "cd:flm>nd:mlm"}, "adapt_to is one architecture"),
        ({"width": 20}, "multiple of 8"),
        ({"learning_rate": 0.0}, "learning_rate is positive"),
        ({"budget": "all"}, "budget is one of"),
    ):
        with pytest.raises(OptionError, match=said):
            LmObjectives(**options)
    with pytest.raises(OptionError, match="no row has a text to learn from"):
        LmObjectives().fit(TASK)
    with pytest.raises(OptionError, match="no row has a prompt with its answer"):
        LmObjectives(task_tokens=10).fit(EVEN)
    with pytest.raises(OptionError, match="there is nothing to train"):
        LmObjectives(tokens=0).fit(TASK)
    with pytest.raises(OptionError, match="has not been fitted"):
        LmObjectives().predict(TASK)
    with pytest.raises(DataError, match="row 0 has no prompt"):
        fitted.predict({"text": ["w1"]})
    with pytest.raises(DataError, match="to adapt takes texts"):
        fitted.adapt({"prompt": ["w1"]}, to="nd:mlm")
    assert OBJECTIVES == ("flm", "plm", "mlm")


def test_options_that_the_tokenizer_cannot_tell_apart_are_refused_and_left_out_of_scores(fitted):
    rows = {"prompt": ["w1", "w2"], "options": [["w2", "w3"], ["unheard", "unseen"]], "answer": ["w2", "unseen"]}
    with pytest.raises(DataError, match="cannot tell two options of row 1 apart, unheard, unseen"):
        fitted.predict({k: rows[k] for k in ("prompt", "options")})
    score = fitted.judge(fitted.given(rows), fitted.given(EVEN))["accuracy"]
    assert score.value in (0.0, 1.0)
    assert score.about.startswith("Of 1 prompts")
    assert "of 1 others apart" in score.about


def test_a_piece_that_the_model_cannot_take_is_told_with_the_length_that_it_can(backbone):
    long = {"text": [" ".join(WORDS * 8)] * 3}
    with pytest.raises(OptionError, match="up to 70 in cd:mlm, the model takes 64: say --length 58"):
        LmObjectives(arms=("cd:mlm",), tokens=100, batch=2, length=64, add_sentinels=True).fit(
            long, model=str(backbone)
        )
    assert isinstance(SequenceModel.load(backbone), SequenceModel)


def test_a_state_space_and_an_encoder_are_named(tmp_path):
    from transformers import BertConfig, BertLMHeadModel, MambaConfig, MambaForCausalLM

    tokenizer = word_tokenizer(sorted(WORDS))
    tokenizer.eos_token = "[SEP]"
    sizes = {"vocab_size": len(tokenizer), "hidden_size": 16, "num_hidden_layers": 1}
    space = MambaForCausalLM(MambaConfig(**sizes))
    encoder = BertLMHeadModel(BertConfig(**sizes, intermediate_size=16, num_attention_heads=2))
    for name, network in (("space", space), ("encoder", encoder)):
        network.save_pretrained(tmp_path / name)
        tokenizer.save_pretrained(tmp_path / name)
    options = {"tokens": 100, "batch": 4, "length": 32}
    with pytest.raises(OptionError, match="MambaForCausalLM has layers of linear_attention"):
        LmObjectives(arms=("nd:plm",), **options).fit(EVEN, model=str(tmp_path / "space"))
    with pytest.raises(OptionError, match="encoder is an encoder, whose tokens see those behind them"):
        LmObjectives(arms=("cd:flm",), **options).fit(EVEN, model=str(tmp_path / "encoder"))
