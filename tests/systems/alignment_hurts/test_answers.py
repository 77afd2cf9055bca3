"""Decoupling by the verbs of the contract: rows of a file, holes, erasure of a concept, scores, the report, keeping."""

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from aitia.errors import DataError, InterventionError, OptionError, RunError, UnknownVariableError
from aitia.nn.language import load_language_model
from aitia.nn.sites import record
from aitia.report import Picture, TableBlock
from aitia.stats.metrics import chrf, leak_rate
from aitia.system import load
from aitia.systems.alignment_hurts import Decoupling
from aitia.systems.alignment_hurts.audit import tensors_of
from aitia.systems.alignment_hurts.example import VARIETIES, write
from aitia.systems.alignment_hurts.reading import Sentences, sentences_of

FIRST, SECOND = "model.layers.0", "model.layers.1"


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write(tmp_path_factory.mktemp("example"), 0)


@pytest.fixture(scope="module")
def model(example):
    return Decoupling(**example.options).fit(example.files, **example.roles, **example.subjects)


def said(rows):
    return rows.known.texts("sentence")


def states(model):
    """Of every fitted layer, over the tokens of the rows of the fit."""
    batch = tensors_of(model.model, sentences_of(model.given(model_rows(model))), model.config)
    with model._erased():
        run = record(model.model.model, {name: batch[name] for name in ("input_ids", "attention_mask")}, model.sites)
    return {str(site): run[site] for site in model.sites}


def model_rows(model):
    return {"meaning": ["c001 c002", "c003"] * 2, "sentence": ["tudu dedu"] * 4, "dialect": ["standard", "island"] * 2}


# -- rows --------------------------------------------------------------------------------------------------------------


def test_a_file_is_fitted_by_its_path_and_asked_by_the_names_of_the_fit(model, example):
    assert model.varieties == VARIETIES
    assert model.roles == {"source": "meaning", "written": "sentence", "variety": "dialect"}
    filled = model.predict(example.rows)
    assert filled.names == ("meaning", "dialect", "sentence")
    assert len(said(filled)) == 18
    assert len(set(said(filled))) > 5
    assert model.training.losses[0][0] == "decoupling"
    assert "model.layers.1: 2" in model.training.notes[0]
    assert model.work(model.given(example.files)) == (
        "60 steps of 32 sentences (198 in 3 varieties), the probe of each layer fitted every 30 steps"
    )


def test_what_is_written_stays_and_every_hole_is_filled_in_its_place(model):
    asked = {"meaning": ["c001", "c002", "c001"], "dialect": ["island", "standard", "standard"]}
    whole = said(model.predict(asked))
    part = model.predict({**asked, "sentence": ["", "as it was", ""]})
    assert said(part) == [whole[0], "as it was", whole[2]]
    drawn = model.predict(asked, draws=2)
    assert said(drawn) == [text for text in whole for _ in range(2)]
    assert drawn.column("draw").tolist() == [0, 1] * 3
    assert said(model.predict({**asked, "sentence": ["x", "y", "z"]})) == ["x", "y", "z"]


def test_columns_of_other_names_are_taken_and_the_order_of_rows_is_kept(model):
    asked = {"text": ["c003 c001", "c002"], "lang": ["west-hill", "island"]}
    two = said(model.predict(asked, source="text", variety="lang"))
    one = [said(model.predict({"meaning": [m], "dialect": [v]}))[0] for m, v in zip(*asked.values(), strict=True)]
    assert two == one


def test_rows_of_the_split_validation_are_seen_by_the_probe_alone(example):
    given = Decoupling().given(example.files, **example.roles)
    table = given.table
    held = [k % 66 >= 61 for k in range(len(table))]
    split = table.with_known({"split": ["validation" if h else "train" for h in held]})
    other = table.with_known({"split": ["validation" if h else "" for h in held]})
    without = table.take([k for k, h in enumerate(held) if not h])
    options = {**example.options, "steps": 3, "strength": 0.0}
    roles = {**example.roles, **example.subjects}
    weights = [
        torch.cat([p.flatten() for p in Decoupling(**options).fit(rows, **roles).model.model.parameters()])
        for rows in (split, other)
    ]
    assert torch.equal(*weights)
    model = Decoupling(**options)
    assert "(183 in 3 varieties), plain fine-tuning" in model.work(model.given(split, **example.roles))
    assert not torch.equal(
        weights[0], torch.cat([p.flatten() for p in model.fit(without, **roles).model.model.parameters()])
    )


def test_line_aligned_files_and_a_table_of_tabs_are_the_same_rows(tmp_path):
    (tmp_path / "folder").mkdir()
    for name, lines in {"source": "a\nb", "north": 'NA\n"y', "south": "007\nv"}.items():
        (tmp_path / "folder" / f"{name}.txt").write_text(lines)
    (tmp_path / "rows.tsv").write_text(
        'source\ttarget\tvariety\na\tNA\tnorth\nb\t"y\tnorth\na\t007\tsouth\nb\tv\tsouth\n'
    )
    expected = Sentences(("a", "b", "a", "b"), ("NA", '"y', "007", "v"), ("north", "north", "south", "south"))
    for place in (tmp_path / "folder", tmp_path / "rows.tsv"):
        assert sentences_of(Decoupling().given(place)) == expected
    assert expected.names == ("north", "south")
    assert expected.of("south").targets == ("007", "v")
    assert expected.take([3, 0]).sources == ("b", "a")
    with pytest.raises(OptionError, match="no variety 'west', there are north, south"):
        expected.of("west")


# -- doing -------------------------------------------------------------------------------------------------------------


def test_erasing_takes_the_subspace_out_of_the_states_of_every_layer_and_nothing_else(model):
    assert model.targets.names == ("dialect", FIRST, SECOND)
    bases = {str(site): model._penalty.basis(layer) for layer, site in enumerate(model.sites)}
    free, erased = states(model), states(model.do("do(dialect=absent)"))
    for site, basis in bases.items():
        assert (free[site] @ basis).abs().max() > 1e-2
        assert (erased[site] @ basis).abs().max() < 1e-5
    first = free[FIRST]
    assert torch.allclose(erased[FIRST], first - first @ bases[FIRST] @ bases[FIRST].T, atol=1e-5)


def test_one_layer_is_erased_alone(model):
    bases = {str(site): model._penalty.basis(layer) for layer, site in enumerate(model.sites)}
    one = states(model.do({SECOND: "absent"}))
    assert torch.equal(one[FIRST], states(model)[FIRST])
    assert (one[SECOND] @ bases[SECOND]).abs().max() < 1e-5
    both = model.do({FIRST: "absent"}).do({SECOND: "absent"})
    assert torch.equal(states(both)[SECOND], states(model.do("do(dialect=absent)"))[SECOND])


def test_an_erasure_changes_what_is_written_and_not_what_is_known(model, example):
    before, held = model.predict(example.rows), model.do(example.do)
    assert said(held.predict(example.rows)) != said(before)
    assert said(held.predict(model_rows(model))) == ["tudu dedu"] * 4
    assert said(model.predict(example.rows)) == said(before)
    now = held.audit(example.files)
    assert all(max(audit.held.values()) < 1e-9 for audit in now)
    assert all(max(audit.held.values()) > 1e-3 for audit in model.audit(example.files))


def test_an_unknown_target_value_or_name_is_told_with_the_nearest(model):
    with pytest.raises(
        UnknownVariableError, match=r"'dialekt' is not a variable of this system. Did you mean 'dialect'"
    ):
        model.do("do(dialekt=absent)")
    with pytest.raises(UnknownVariableError, match=r"'model\.layers\.2'"):
        model.do("do(model.layers.2=absent)")
    with pytest.raises(InterventionError, match="'dialect' is set to one of absent, got 'absend'"):
        model.do("do(dialect=absend)")
    with pytest.raises(OptionError, match="no role or subject 'langage'"):
        model.predict({"meaning": ["c001"]}, langage="dialect")


@pytest.mark.parametrize("options", [{"strength": 0.0}, {"hard": True}])
def test_where_there_is_no_subspace_or_it_is_out_already_nothing_can_be_erased(example, options):
    made = Decoupling(**{**example.options, **options, "steps": 2}).fit(
        example.files, **example.roles, **example.subjects
    )
    assert not made.targets
    with pytest.raises(InterventionError, match="with hard=True it is out already, and strength=0 finds no such"):
        made.do("do(dialect=absent)")
    assert not Decoupling().targets


# -- scores and the report ---------------------------------------------------------------------------------------------


def test_the_scores_are_those_of_the_metrics_beside_what_takes_no_model(model, example):
    given = model.given(example.files)
    rows = sentences_of(given)
    told = model.judge(given, given)
    island, standard = rows.of("island"), rows.of("standard")
    asked = {"meaning": island.sources, "dialect": ["island"] * 66}
    ours = said(model.predict(asked))
    assert told["chrF++ of island"].value == pytest.approx(chrf(ours, island.targets))
    assert told["chrF++ of island"].baselines["the source"] == chrf(island.sources, island.targets)
    copied = chrf(standard.targets, island.targets)
    assert told["chrF++ of island"].baselines["the dominant variety's text"] == pytest.approx(copied)
    assert "the dominant variety's text" not in told["chrF++ of standard"].baselines
    others = [told[f"chrF++ of {name}"] for name in VARIETIES[1:]]
    assert next(iter(told)) == "chrF++ of the other varieties"
    mean = told["chrF++ of the other varieties"]
    assert mean.value == pytest.approx(sum(score.value for score in others) / 2)
    for who, value in mean.baselines.items():
        assert value == pytest.approx(sum(score.baselines[who] for score in others) / 2)
    leaked = []
    for name in VARIETIES[1:]:
        part = rows.of(name)
        texts = said(model.predict({"meaning": part.sources, "dialect": [name] * 66}))
        leaked.append(leak_rate(texts, part.targets, standard.targets))
    assert told["leak rate"].value == pytest.approx(sum(leaked) / 2)
    assert told["leak rate"].better == "lower"


def test_rows_of_which_nothing_is_known_have_no_score_and_some_have_fewer(model, example):
    given = model.given(example.files)
    assert model.judge(model.given(example.rows), given) == {}
    only = model.judge(given.take(range(6)), given.take(range(66, 76)))
    assert list(only) == ["chrF++ of standard"]
    assert set(only["chrF++ of standard"].baselines) == {"the source"}
    strange = model.judge(given.take(range(66, 72)), given.take(range(66, 76)))
    assert "leak rate" not in strange
    assert "the dominant variety's text" not in strange["chrF++ of island"].baselines


def test_the_report_shows_what_an_erasure_does_to_the_writing(model, example):
    blocks = model.report(model.given(example.files))
    texts = next(block for block in blocks if isinstance(block, TableBlock))
    assert list(texts.columns) == ["variety", "source", "in the rows", "as it is", 'do(dialect="absent")']
    assert len(texts.rows) == 6
    assert texts.rows[0][3] == said(model.predict({"meaning": [texts.rows[0][1]], "dialect": ["standard"]}))[0]
    assert [row[3] for row in texts.rows] != [row[4] for row in texts.rows]
    assert sum(isinstance(block, Picture) for block in blocks) == 5
    held = model.do(example.do).report(model.given(example.files))
    assert next(block for block in held if isinstance(block, TableBlock)).rows == texts.rows
    assert len(model.report(model.given(example.rows))) == len(blocks) - 2


# -- keeping -----------------------------------------------------------------------------------------------------------


def test_what_was_saved_answers_the_same_with_what_it_holds(model, example, tmp_path):
    held = model.do(example.do)
    held.save_pretrained(tmp_path / "model")
    again = load(tmp_path / "model", **example.subjects)
    assert again.held == held.held
    assert (again.roles, again.config, again.varieties) == (held.roles, held.config, held.varieties)
    assert again.audits == held.audits
    assert again.predict(example.rows).hash() == held.predict(example.rows).hash()
    assert again.audit(example.files) == held.audit(example.files)
    assert again.do({FIRST: "absent"}).predict(example.rows).hash() == held.predict(example.rows).hash()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "weights").write_text("1")
    with pytest.raises(RunError, match="has the hash"):
        load(tmp_path / "model", model=tmp_path / "other")


def test_an_export_is_a_plain_language_model(model, example, tmp_path):
    model.export(tmp_path / "plain")
    plain = load_language_model(tmp_path / "plain", "causal")
    assert plain.generate(["c001 c002 [island]"], most=8) == said(
        model.predict({"meaning": ["c001 c002"], "dialect": ["island"]})
    )
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path / "plain").eval()
    tokens = AutoTokenizer.from_pretrained(tmp_path / "plain")(["c001 c002 [island]"], return_tensors="pt")
    with torch.no_grad():
        ours = model.model.model(tokens["input_ids"]).logits
        assert torch.equal(theirs(tokens["input_ids"]).logits, ours)
    start = load_language_model(example.subjects["model"], "causal")
    assert not torch.equal(next(start.model.parameters()), next(plain.model.parameters()))
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        model.export(tmp_path / "file")


# -- what is refused ---------------------------------------------------------------------------------------------------


def test_a_fit_without_a_model_a_dominant_variety_or_rows_is_refused(example):
    with pytest.raises(OptionError, match=r"alignment-hurts fine-tunes a language model: say which \(model\)"):
        Decoupling(dominant="standard").fit(example.files, **example.roles)
    with pytest.raises(OptionError, match=r"which variety is the dominant one .*: one of standard, island, west-hill"):
        Decoupling().fit(example.files, **example.roles, **example.subjects)
    with pytest.raises(OptionError, match="no rows are given"):
        Decoupling(dominant="standard").fit(None, **example.subjects)
    with pytest.raises(OptionError, match="the rows have no column 'written': say which it is"):
        Decoupling(dominant="standard").fit({"source": ["a"], "variety": ["b"]}, **example.subjects)
    with pytest.raises(OptionError, match="call fit first"):
        Decoupling().export("nowhere")
    with pytest.raises(OptionError, match="call fit first"):
        Decoupling().save_pretrained("nowhere")


def test_rows_that_cannot_be_written_are_refused(model):
    with pytest.raises(OptionError, match="the rows have no column 'dialect'"):
        model.predict({"meaning": ["c001"]})
    with pytest.raises(OptionError, match="the rows have no column 'meaning'"):
        model.predict({"dialect": ["island"]})
    with pytest.raises(DataError, match="row 1 of those to be written has no source"):
        model.predict({"meaning": ["c001", " "], "dialect": ["island", "island"]})


def test_a_row_of_the_fit_that_lacks_a_part_is_named(example):
    rows = {"source": ["a", "b"], "written": ["x", "y"], "variety": ["u", "v"]}
    for name, sentence in (("source", "row 1 has no source"), ("written", "row 1 has no target")):
        with pytest.raises(DataError, match=sentence):
            Decoupling(dominant="u").fit({**rows, name: [rows[name][0], ""]}, **example.subjects)
    with pytest.raises(DataError, match="row 1 has no variety"):
        Decoupling(dominant="u").fit({**rows, "variety": ["u", None]}, **example.subjects)


def test_layers_may_be_numbers_in_text(example):
    options = {**example.options, "steps": 1}
    made = [
        Decoupling(**options, layers=layers).fit(example.files, **example.roles, **example.subjects).sites
        for layers in (("-1",), [1], "model.layers.1")
    ]
    assert made[0] == made[1] == made[2]
    assert [str(site) for site in made[0]] == [SECOND]
