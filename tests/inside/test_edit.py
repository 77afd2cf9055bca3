"""An edit does what it says on the final model, beside a control, and leaves the model it was found in as it was."""

import json
import math
import re
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open

from aitia.errors import DataError, FormatError, InterventionError, OptionError
from aitia.inside import apply_edit, edit_fact
from aitia.inside.edit_means import edit_score
from aitia.inside.edit_scores import score_edit
from aitia.inside.memory import ValueSearch
from aitia.inside.worth import edit_alarms
from aitia.nn.causal_language import load_causal_language_model
from aitia.nn.edits import Edit
from aitia.nn.sites import record

PROMPT = "the capital of France"  # a random model attends to nothing in particular, so the subject stands last
PARAPHRASES = ["a capital of France", "the big capital of France"]
NEIGHBOURS = ["the capital of Spain", "the capital of Italy", "the city lies in"]
FEW = {"subject": "France", "layer": 1, "steps": 40, "prefixes": 2, "decay": 0.0, "furthest": 50.0}


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    """An answer that the model does not give, written into it; and where the edit was saved."""
    language = load_causal_language_model(folder)
    said = language.words([int(language.log_probabilities([PROMPT])[0].argmax())])[0]
    answer = next(word for word in ("Rome", "Madrid") if word != said)
    out = tmp_path_factory.mktemp("edit") / "run"
    before = {name: weight.clone() for name, weight in language.model.state_dict().items()}
    found = edit_fact(language, PROMPT, answer, paraphrases=PARAPHRASES, neighbours=NEIGHBOURS, out=out, **FEW)
    assert all(torch.equal(before[name], weight) for name, weight in language.model.state_dict().items())
    return found, out


def test_the_edited_model_says_the_new_answer_and_a_random_value_does_not(language, made):
    found, _ = made
    efficacy = next(score for score in found.scores if score.what == "efficacy")
    assert (efficacy.success, efficacy.prompts) == (1.0, 1)
    assert efficacy.change > 0.5
    assert [score.what for score in found.scores] == ["efficacy", "generalisation", "locality"]
    assert next(score for score in found.unedited if score.what == "efficacy").success == 0
    assert all(score.change == 0 for score in found.unedited)
    assert found.control[0].change < efficacy.change / 2
    found.edit.apply(language.model)
    target = language.continuation(found.answer)[0]
    by_hand = float(language.log_probabilities([PROMPT])[0, target].exp())
    assert found.prompts[0].after == pytest.approx(by_hand, abs=1e-6)
    found.edit.undo()
    assert found.prompts[0].before == pytest.approx(
        float(language.log_probabilities([PROMPT])[0, target].exp()), abs=1e-6
    )


def test_only_one_layer_changes_and_undoing_restores_every_bit(language, made):
    found, _ = made
    before = {name: weight.clone() for name, weight in language.model.state_dict().items()}
    found.edit.apply(language.model)
    changed = {name for name, weight in language.model.state_dict().items() if not torch.equal(before[name], weight)}
    assert changed == {"transformer.h.1.mlp.c_proj.weight"}
    found.edit.undo()
    assert all(torch.equal(before[name], weight) for name, weight in language.model.state_dict().items())


def test_the_layer_gives_the_value_for_its_key_after_the_edit(language):
    name, ids = language.memory(1), language.encode(PROMPT)[0].tolist()
    target = language.continuation("Rome")
    task = ValueSearch(language, name, ids, target, (3, 4), "France", 2, 0)
    key, value = task.solve(5, 0.5, 0.0625, 0.5, 4.0, None)
    seen = record(language.model, {**task.inputs}, [f"{name}[in]"])[f"{name}[in]"]
    rows = [seen[row, at] for row, at in zip(range(task.rows), task.at, strict=False)]
    assert torch.allclose(key, torch.stack(rows).mean(0), atol=1e-5)
    for row, at in enumerate(task.at):  # the last token of the subject, in every row and in the essence
        assert language.words([task.inputs["input_ids"][row, at]])[0].strip() == "France"
    assert value.shape == (16,)


def test_an_edit_that_does_nothing_gains_nothing(language):
    nothing = Edit(language.memory(1), torch.zeros(16, 64))
    scored = score_edit(language, nothing, PROMPT, "Rome", PARAPHRASES, NEIGHBOURS)
    assert all(p.before == p.after for p in scored)
    assert all(p.success for p in scored if p.what == "locality")
    score = edit_score("efficacy", [scored[0].success], [scored[0].before], [scored[0].after])
    assert score.change == 0


def test_an_edit_that_leaves_the_model_unedited_is_caught(language):
    class Stub(Edit):
        """Claims to be applied."""

        def apply(self, model):
            pass

        def undo(self):
            pass

    with pytest.raises(InterventionError, match="left every weight as it was, so the unedited model would be scored"):
        score_edit(language, Stub(language.memory(1), torch.ones(16, 64)), PROMPT, "Rome")
    with pytest.raises(InterventionError, match="too small for float32"):
        score_edit(language, Edit(language.memory(1), torch.full((16, 64), 1e-30)), PROMPT, "Rome")


def test_a_saved_edit_is_written_into_a_folder_and_scored_there(language, made, tmp_path):
    found, out = made
    done = apply_edit(language, out, tmp_path / "edited")
    assert (done.prompt, done.answer, done.alarms) == (PROMPT, found.answer, ())
    assert done.to_json()["took"]
    scored = done.prompts
    assert [p.prompt for p in scored] == [PROMPT, *PARAPHRASES, *NEIGHBOURS]
    assert [p.after for p in scored] == pytest.approx([p.after for p in found.prompts], abs=1e-6)
    edited = load_causal_language_model(tmp_path / "edited")
    name = language.memory(1) + ".weight"
    gap = edited.model.state_dict()[name] - language.model.state_dict()[name]
    assert torch.allclose(gap.T, found.edit.delta, atol=1e-6)
    with pytest.raises(FormatError, match=r"is not empty \(config\.json is there\), and .*: give a new folder"):
        apply_edit(language, out, tmp_path / "edited")
    with pytest.raises(InterventionError, match=r"was made for weights with the hash .* the model is another one"):
        apply_edit(edited, out, tmp_path / "again")
    (out / "edit.json").rename(tmp_path / "kept.json")
    with pytest.raises(FormatError, match=r"edit\.json cannot be read: No such file"):
        apply_edit(language, out, tmp_path / "third")
    (tmp_path / "kept.json").rename(out / "edit.json")


def test_the_folder_has_the_change_the_score_and_a_report_that_loads_nothing(made):
    found, out = made
    told = json.loads((out / "edit.json").read_text())
    assert told["module"] == "transformer.h.1.mlp.c_proj"
    assert [p["prompt"] for p in told["prompts"]] == [p.prompt for p in found.prompts]
    assert torch.equal(Edit.load(out / "edit.safetensors").delta, found.edit.delta)
    page = (out / "report.html").read_text()
    assert "random direction" in page
    assert not re.search(r'(src|href)="http', page)


def test_the_layer_is_found_by_a_trace_and_the_subject_by_noise(language, made):
    found = edit_fact(language, PROMPT, made[0].answer, steps=2, prefixes=0)
    assert len(found.layer_effects) == 3
    assert found.layer == max((1, 2), key=found.layer_effects.__getitem__)
    assert found.subject in PROMPT.split()
    assert "No paraphrases and neighbours were given" in found.notes[-1]


def test_texts_that_the_user_gives_are_what_the_layer_usually_sees(language, made):
    usual = ["the city of Rome is big", "Paris lies in France"]
    found = edit_fact(language, PROMPT, made[0].answer, usual=usual, **{**FEW, "steps": 2})
    assert not torch.equal(found.edit.delta, made[0].edit.delta)


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"subject": "Madrid"}, OptionError, "does not hold 'Madrid'"),
        ({"layer": 9}, OptionError, "layer 9 is not one of the 3 layers"),
        ({"steps": 0}, OptionError, "steps is at least 1"),
        ({"answer": ""}, OptionError, "the answer is empty"),
    ],
)
def test_edits_that_make_no_sense_are_refused(language, made, options, error, sentence):
    given = {"answer": made[0].answer, **FEW, **options}
    with pytest.raises(error, match=sentence):
        edit_fact(language, PROMPT, given.pop("answer"), **given)


def test_what_the_model_says_already_is_no_edit(language):
    said = language.words([int(language.log_probabilities([PROMPT])[0].argmax())])[0]
    with pytest.raises(OptionError, match="already: there is nothing to edit"):
        edit_fact(language, PROMPT, said, **FEW)


def test_scores_are_means_with_intervals_over_prompts():
    score = edit_score("locality", [1, 1, 0, 1], [0.9, 0.8, 0.7, 0.6], [0.9, 0.7, 0.1, 0.6])
    assert (score.success, score.prompts) == (0.75, 4)
    assert score.change == pytest.approx(-0.175)
    assert score.success_interval[0] <= 0.75 <= score.success_interval[1]
    assert score.change_interval[0] < -0.175 < score.change_interval[1]
    assert edit_score("efficacy", [1], [0.1], [0.9]).change_interval == (None, None)
    with pytest.raises(DataError, match="as many outcomes as probabilities"):
        edit_score("efficacy", [1, 0], [0.1], [0.9])
    with pytest.raises(DataError, match="not between 0 and 1"):
        edit_score("efficacy", [1], [math.nan], [0.9])


# -- what an edit is worth ---------------------------------------------------------------------------------------------


def test_an_edit_that_took_sets_no_alarm_and_says_where_it_is_and_why(made):
    found, out = made
    assert found.took
    assert found.alarms == ()
    assert found.layer_reason == "Layer 1 was asked for."
    told = json.loads((out / "edit.json").read_text())
    assert (told["took"], told["alarms"], told["layer_reason"]) == (True, [], "Layer 1 was asked for.")
    assert "Layer 1 was asked for." in (out / "report.html").read_text()


def test_an_edit_that_leaves_the_old_answer_ahead_did_not_take(language, made, tmp_path):
    found = edit_fact(
        language, PROMPT, made[0].answer, **{**FEW, "steps": 1, "rate": 1e-3}, out=tmp_path / "run"
    )  # fmt: skip
    p = found.prompts[0]
    assert not found.took
    assert found.alarms == (
        f"the edit did not take: after {PROMPT!r} the model gives {found.answer!r} a probability of {p.after:.3g} "
        f"(before it {p.before:.3g}), which is less than that of what it said before",
    )
    page = (tmp_path / "run" / "report.html").read_text()
    assert page.index("The edit did not take") < page.index("<section>")
    done = apply_edit(language, tmp_path / "run", tmp_path / "edited")
    assert done.alarms[0].startswith("the edit did not take: ")
    assert not done.to_json()["took"]


def test_an_edit_no_better_than_a_random_direction_did_not_take(made):
    p = replace(made[0].prompts[0], after=0.4, random=0.5)
    assert edit_alarms([p], "Rome") == (
        f"the edit did not take: after {PROMPT!r} the model gives 'Rome' a probability of 0.4, and with a change as "
        "long in a random direction 0.5",
    )
    assert edit_alarms([replace(p, random=0.3)], "Rome") == ()
    assert edit_alarms([replace(p, random=float("nan"))], "Rome") == ()


def test_the_choice_of_the_layer_is_told_with_its_trace(language, made, tmp_path):
    found = edit_fact(language, PROMPT, made[0].answer, subject="France", steps=2, prefixes=0, out=tmp_path / "run")
    shares = found.layer_effects
    other = 3 - found.layer
    assert found.layer_reason == (
        f"Layer {found.layer} was chosen by a trace: with noise on 'France', its perceptron alone restores "
        f"{shares[found.layer]:.0%} of the answer there, the most of all, before layer {other} {shares[other]:.0%}; "
        f"the first ({shares[0]:.0%}) is left out, since to change it is to rename the token."
    )
    page = (tmp_path / "run" / "report.html").read_text()
    assert f"<td>{shares[other]:.1%}</td>" in page


def test_an_answer_outside_of_the_vocabulary_is_refused(language):
    sentence = (
        r"the answer ' Berlin' is outside of the vocabulary of model, which reads it as \[UNK\]: give one in words"
    )
    with pytest.raises(OptionError, match=sentence):
        edit_fact(language, PROMPT, " Berlin", **FEW)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float32])
def test_the_edited_model_is_written_in_the_type_of_the_model(folder, made, tmp_path, kind):
    load_causal_language_model(folder, dtype=str(kind).removeprefix("torch.")).save(tmp_path / "same")
    held = load_causal_language_model(tmp_path / "same", dtype="auto").model
    assert held.dtype == torch.float32, "the folder's own type, whatever it was loaded as"
    held.to(kind).save_pretrained(tmp_path / "small")
    for path in folder.glob("token*"):
        (tmp_path / "small" / path.name).write_bytes(path.read_bytes())
    language = load_causal_language_model(tmp_path / "small")
    assert language.model.dtype == torch.float32
    edit_fact(language, PROMPT, made[0].answer, **{**FEW, "steps": 5}, out=tmp_path / "run")
    apply_edit(language, tmp_path / "run", tmp_path / "edited")
    for path in (tmp_path / "edited").glob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            assert {file.get_tensor(name).dtype for name in file.keys()} == {kind}  # noqa: SIM118
    assert load_causal_language_model(tmp_path / "edited", dtype="auto").model.dtype == kind
    assert language.model.dtype == torch.float32
    names = set(safe_names(tmp_path / "edited"))
    assert names == set(safe_names(tmp_path / "small")), "what shares its numbers is written once"


def safe_names(folder):
    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            yield from file.keys()
