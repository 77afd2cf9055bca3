"""A trace of a prompt says what hooks by hand say, with its controls, and goes on where it was stopped."""

import csv
import json
import re
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch
from tests.inside.conftest import NOUNS

from aitia.errors import InterventionError, OptionError, UnknownVariableError
from aitia.inside import trace_prompt
from aitia.inside.prompt import ask, embedded, noised, telling_word
from aitia.inside.trace import Strong
from aitia.inside.worth import trace_alarms
from aitia.nn.sites import Site, trace

PROMPT, OTHER = "the capital of France is", "the capital of Italy is"


def test_patching_restores_what_a_hook_by_hand_restores(language):
    found = trace_prompt(language, PROMPT, against=OTHER, answer="Paris", other="Rome", draws=2)
    model = language.model
    clean, corrupted = language.encode(PROMPT), language.encode(OTHER)
    paris, rome = (language.continuation(word)[0] for word in ("Paris", "Rome"))
    kept = model(clean, output_hidden_states=True).hidden_states[2][:, 3]

    def put(module, args, output):
        hidden = output[0] if isinstance(output, tuple) else output
        hidden = hidden.clone()
        hidden[:, 3] = kept
        return (hidden, *output[1:]) if isinstance(output, tuple) else hidden

    handle = model.transformer.h[1].register_forward_hook(put)
    patched = model(corrupted).logits[0, -1]
    handle.remove()
    left = [model(ids).logits[0, -1] for ids in (corrupted, clean)]
    by_hand = [float(logits[paris] - logits[rome]) for logits in (*left, patched)]
    share = (by_hand[2] - by_hand[0]) / (by_hand[1] - by_hand[0])
    place = found.found.sites.index(Site("transformer.h.1[position=3]"))
    assert found.effects[place] == pytest.approx(share, abs=1e-4)
    assert (found.broken, found.clean) == pytest.approx(by_hand[:2], abs=1e-4)
    assert found.to_json()["sites"]["transformer.h.1[position=3]"] == pytest.approx(share, abs=1e-4)
    assert len(found.found.sites) == 3 * 5


def test_the_whole_stream_at_every_position_restores_everything_and_noise_has_intervals(language):
    found = trace_prompt(language, PROMPT, sites=["transformer.h.*"], subject="France", draws=4)
    assert np.allclose(found.effects, 1, atol=1e-4)
    assert found.corrupted == "noise on 'France'"
    low, high = found.strongest[0].low, found.strongest[0].high
    assert low <= 1 <= high
    assert low < high


def test_the_answer_is_what_the_model_says_and_the_other_what_it_says_elsewhere(language):
    found = ask(language, PROMPT, None, None, OTHER)
    assert found.answer == int(language.log_probabilities([PROMPT])[0].argmax())
    assert found.other in (None, int(language.log_probabilities([OTHER])[0].argmax()))
    alone = ask(language, PROMPT, None, None, None)
    assert alone.other is None
    assert "log-probability" in alone.measured


def test_noise_falls_on_the_words_it_is_for_and_the_one_that_costs_most_is_taken(language):
    question = ask(language, PROMPT, None, None, None)
    changed = noised(language, question.ids, (1, 3), 2.0, [0, 1]) - embedded(language, question.ids, 2)
    assert torch.equal(changed[:, [0, 3, 4]], torch.zeros(2, 3, 16))
    assert not torch.equal(changed[0, 1], changed[1, 1])
    span, costs = telling_word(language, question, 3.0, range(3))
    assert len(costs) == 5
    assert costs[span] == max(costs.values())


@pytest.mark.parametrize("operation", ["zero", "mean", "noise"])
def test_ablation_is_what_the_sweep_of_sites_says(language, operation):
    reference = ["the city is big", "Rome lies in Italy"] if operation == "mean" else []
    sites = ["transformer.h.*.mlp[position=-1]"]
    found = trace_prompt(
        language, PROMPT, sites=sites, operation=operation, reference=reference, draws=3, answer="Paris"
    )
    assert found.found.values.shape == (3, 3 if operation == "noise" else 1)
    assert found.broken is None
    if operation == "zero":
        metric, inputs = found.question.metric, {"input_ids": found.question.ids}
        assert np.allclose(
            found.found.values, trace(language.model, inputs, sites, metric, operation=0.0).values, atol=1e-5
        )
    if operation == "mean":
        module, seen = language.model.transformer.h[1].mlp, []
        handle = module.register_forward_hook(lambda m, a, out: seen.append(out[0]))
        for text in reference:
            language.model(language.encode(text))
        handle.remove()
        mean = torch.cat(seen).mean(0)
        handle = module.register_forward_hook(lambda m, a, out: torch.cat([out[:, :-1], mean.expand(1, 1, -1)], dim=1))
        expected = found.question.metric(language.model(found.question.ids))
        handle.remove()
        assert float(found.found.values[1, 0]) == pytest.approx(float(expected), abs=1e-4)
    assert (found.strongest[0].control is None) == (operation == "noise")


def test_the_control_moves_each_site_as_far_in_another_direction(language):
    """A control in the very direction of the patch would restore all: the one drawn must differ and be as long."""
    from aitia.inside import work as module

    moved = {}
    original = module.trace

    def watched(model, inputs, sites, metric, **options):
        if options.get("operation") is not None:
            moved.update({site: options["operation"](site).value for site in sites})
        return original(model, inputs, sites, metric, **options)

    module.trace = watched
    try:
        found = trace_prompt(language, PROMPT, against=OTHER, answer="Paris", other="Rome", draws=3, strongest=2)
    finally:
        module.trace = original
    from aitia.nn.sites import record

    for site in (strong.site for strong in found.strongest):
        here, there = (record(language.model, {"input_ids": language.encode(t)}, [site])[site] for t in (OTHER, PROMPT))
        assert torch.allclose(moved[site].flatten(1).norm(dim=1), (there - here).norm().expand(3), rtol=1e-4)
        assert not torch.allclose(moved[site][0], moved[site][1])


def test_the_folder_has_the_table_the_picture_and_a_report_that_loads_nothing(language, tmp_path):
    found = trace_prompt(
        language, PROMPT, against=OTHER, answer="Paris", other="Rome", draws=2, out=tmp_path, command="x"
    )
    rows = list(csv.DictReader((tmp_path / "trace.csv").read_text().splitlines()))
    assert [row["site"] for row in rows] == [str(site) for site in found.found.sites]
    assert np.allclose([float(row["recovered"]) for row in rows], found.effects)
    told = json.loads((tmp_path / "trace.json").read_text())
    assert told["tokens"] == list(found.question.words)
    assert (tmp_path / "trace.png").read_bytes()[:4] == b"\x89PNG"
    page = (tmp_path / "report.html").read_text()
    assert "data:image/png" in page
    assert not re.search(r'(src|href)="http', page)


def test_a_stopped_trace_goes_on_and_ends_with_the_same_bytes(language, tmp_path):
    class StoppedError(Exception):
        pass

    def stop(what, done, total):
        if done >= 5:
            raise StoppedError

    how = {"against": OTHER, "answer": "Paris", "other": "Rome", "draws": 2, "batch_size": 5}
    with pytest.raises(StoppedError):
        trace_prompt(language, PROMPT, out=tmp_path / "a", progress=stop, **how)
    assert (tmp_path / "a" / "trace.journal").exists()
    trace_prompt(language, PROMPT, out=tmp_path / "a", **how)
    trace_prompt(language, PROMPT, out=tmp_path / "b", **how)
    names = {path.name for path in (tmp_path / "b").iterdir()} - {"timing.json", ".lock"}
    assert names == {path.name for path in (tmp_path / "a").iterdir()} - {"timing.json", ".lock"}
    assert all((tmp_path / "a" / n).read_bytes() == (tmp_path / "b" / n).read_bytes() for n in names)


def test_prompts_of_other_token_length_are_shown_in_tokens(language):
    with pytest.raises(InterventionError, match=r"same token length: 'the\|capital\|of.*has 5 tokens and .* has 6"):
        trace_prompt(language, PROMPT, against="the big capital of Italy is")


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"sites": ["transformer.h.1.mlpp"]}, UnknownVariableError, "Did you mean 'transformer.h.1.mlp'"),
        ({"sites": ["transformer.h.1[position=9]"], "subject": "France"}, InterventionError, "beyond the prompt"),
        ({"against": PROMPT}, OptionError, "both prompts are the same"),
        ({"operation": "shuffle"}, OptionError, "operation is one of patch, zero, mean, noise"),
        ({"operation": "zero", "against": OTHER}, OptionError, "leave out --against"),
        ({"operation": "mean"}, OptionError, "needs reference texts"),
        ({"against": OTHER, "subject": "France"}, OptionError, "by another one (against) or by noise"),
        ({"draws": 1}, OptionError, "draws at least 2"),
        ({"answer": "Paris", "other": "Paris"}, OptionError, "begin with the same token"),
        ({"subject": "Madrid"}, OptionError, "does not hold 'Madrid'"),
    ],
)
def test_questions_without_an_answer_are_refused(language, options, error, sentence):
    with pytest.raises(error, match=re.escape(sentence)):
        trace_prompt(language, PROMPT, **options)


def test_a_model_in_training_mode_or_without_finite_numbers_is_refused(language):
    language.model.train()
    with pytest.raises(InterventionError, match="the model is in training mode"):
        trace_prompt(language, PROMPT, against=OTHER)
    language.model.eval()
    language.model.transformer.h[2].mlp.c_proj.bias.data[:] = float("nan")
    with pytest.raises(InterventionError, match="the metric is nan"):
        trace_prompt(language, PROMPT, against=OTHER, answer="Paris", other="Rome")


# -- what a trace is worth ---------------------------------------------------------------------------------------------


def test_shares_of_a_difference_that_is_noise_set_an_alarm_and_others_none(language, tmp_path):
    log = language.log_probabilities([PROMPT, OTHER])
    way = {}
    for answer, other in permutations(NOUNS, 2):
        a, b = (language.continuation(word)[0] for word in (answer, other))
        way[answer, other] = float((log[0, a] - log[0, b]) - (log[1, a] - log[1, b]))
    small, large = (most(way, key=lambda pair: abs(way[pair])) for most in (min, max))
    found = trace_prompt(language, PROMPT, against=OTHER, answer=small[0], other=small[1], out=tmp_path / "run")
    assert abs(way[small]) < 0.01
    assert max(abs(strong.effect) for strong in found.strongest) > 2, "five times of what was lost is restored"
    (alarm,) = found.alarms
    assert alarm.startswith(f"the difference that shares are taken of is {way[small]:.3g}, and random changes make one")
    assert alarm.endswith("what is restored is no share of anything (corrupt another part, or name another answer)")
    assert json.loads((tmp_path / "run" / "trace.json").read_text())["alarms"] == [alarm]
    page = (tmp_path / "run" / "report.html").read_text()
    assert page.index("The difference that shares are taken of is") < page.index("<section>")
    assert trace_prompt(language, PROMPT, against=OTHER, answer=large[0], other=large[1]).alarms == ()


def test_noise_that_moves_the_answer_either_way_sets_an_alarm(language):
    found = trace_prompt(language, PROMPT, subject="France", sites=["transformer.h.1[position=3]"])
    way = found.found.other - found.found.plain
    assert way.min() < 0 < way.max()
    assert f"is {way.mean():.3g}, which is within its noise over 5 draws" in found.alarms[0]


def test_strongest_sites_that_do_no_more_than_random_changes_set_an_alarm():
    weak = [Strong(Site(f"h.{k}"), "", 0.2, None, None, control) for k, control in enumerate((0.3, -0.2))]
    told = "none of the 2 strongest sites does more than as large a change in a random direction"
    assert trace_alarms(None, None, weak) == (told,)
    assert trace_alarms(None, None, [*weak, replace(weak[0], effect=-0.4)]) == ()
    assert trace_alarms(None, None, [replace(weak[0], control=None)]) == ()
    one = "the strongest site does not do more than as large a change in a random direction"
    assert trace_alarms(None, None, weak[:1]) == (one,)
