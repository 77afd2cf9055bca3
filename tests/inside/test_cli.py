"""`aitia trace` and `aitia edit` on a folder: what they print, what they write, and their errors in a sentence."""

import json

import pytest
from typer.testing import CliRunner

from aitia.cli.main import app
from aitia.errors import FormatError, OptionError

PROMPT = "the capital of France is"


def aitia(*arguments):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_trace_prints_the_strongest_sites_and_says_where_the_report_is(folder, tmp_path):
    told = aitia(
        *("trace", folder, PROMPT, "--against", "the capital of Italy is", "--answer", "Paris", "--other", "Rome"),
        *("--site", "transformer.h.*[position=3]", "--draws", 2, "--out", tmp_path / "run"),
    )
    assert "transformer.h.1[position=3]" in told
    assert "random direction" in told
    assert f"Report: {tmp_path / 'run' / 'report.html'}" in told


def test_trace_in_json(folder):
    told = json.loads(aitia("trace", folder, PROMPT, "--subject", "France", "--draws", 2, "--json"))
    assert {"measured", "strongest", "sites", "corrupted"} <= set(told)
    assert len(told["sites"]) == 15


def test_edit_writes_the_change_and_apply_saves_the_edited_model(folder, tmp_path, language):
    said = language.words([int(language.log_probabilities([PROMPT])[0].argmax())])[0]
    answer = "Rome" if said != "Rome" else "Madrid"
    (tmp_path / "near.txt").write_text("the capital of Spain is\n\nthe city lies in\n")
    common = ("--subject", "France", "--layer", 1, "--steps", 5, "--neighbours", tmp_path / "near.txt")
    told = aitia("edit", folder, PROMPT, "--answer", answer, *common, "--out", tmp_path / "run")
    assert "Written into transformer.h.1.mlp.c_proj, about 'France'" in told
    assert "locality" in told
    told = json.loads(aitia("edit", folder, "--apply", tmp_path / "run", "--save", tmp_path / "new", "--json"))
    assert [p["prompt"] for p in told] == [PROMPT, "the capital of Spain is", "the city lies in"]
    assert (tmp_path / "new" / "model.safetensors").exists()


def test_options_that_do_not_go_together_are_refused(folder, tmp_path):
    with pytest.raises(OptionError, match="an edit needs a prompt, --answer and --out FOLDER"):
        aitia("edit", folder, PROMPT)
    with pytest.raises(OptionError, match="takes --save FOLDER, no prompt and no answer"):
        aitia("edit", folder, PROMPT, "--apply", tmp_path)
    with pytest.raises(FormatError, match="cannot be read: No such file"):
        aitia("trace", folder, PROMPT, "--operation", "mean", "--reference", tmp_path / "none.txt")
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(OptionError, match=r"empty\.txt is empty: give one text a line"):
        aitia("trace", folder, PROMPT, "--operation", "mean", "--reference", tmp_path / "empty.txt")
