"""`aitia trace` and `aitia edit` on a folder: what they print, what they write, and their errors in a sentence."""

import json

import pytest
import torch
from typer.testing import CliRunner

from aitia.cli.main import app
from aitia.errors import FormatError, InterventionError, OptionError
from aitia.nn.saelens import write_saelens
from aitia.nn.sparse_autoencoders import SparseAutoencoder

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
    assert f"model on {PROMPT!r}: the logit of 'Paris' minus logit of 'Rome' is " in told
    assert "random direction" in told
    assert f"Report: {tmp_path / 'run' / 'report.html'}" in told


def test_trace_in_json(folder):
    told = json.loads(aitia("trace", folder, PROMPT, "--subject", "France", "--draws", 2, "--json"))
    assert {"measured", "strongest", "sites", "corrupted"} <= set(told)
    assert len(told["sites"]) == 15


def test_trace_takes_features_of_an_autoencoder(folder, tmp_path):
    torch.manual_seed(0)
    write_saelens(SparseAutoencoder(16, 20), tmp_path / "sae")
    site = f"transformer.h.1[sae={tmp_path / 'sae'}, feature=*, position=3]"
    asked = ("trace", folder, PROMPT, "--against", "the capital of Italy is", "--answer", "Paris", "--other", "Rome")
    told = json.loads(aitia(*asked, "--site", site, "--draws", 2, "--out", tmp_path / "run", "--json"))
    assert len(told["sites"]) == 20
    assert "feature=" in told["strongest"][0]["site"]
    assert told["strongest"][0]["control"] is not None
    assert (tmp_path / "run" / "trace.png").exists()
    with pytest.raises(InterventionError, match=r"there is no feature 20, the autoencoder in .* has 20, 0 to 19"):
        aitia(*asked, "--site", site.replace("*", "20"))


def test_edit_writes_the_change_and_apply_saves_the_edited_model(folder, tmp_path, language):
    prompt = "the capital of France"  # a random model attends to nothing, so the subject stands last
    said = language.words([int(language.log_probabilities([prompt])[0].argmax())])[0]
    answer = "Rome" if said != "Rome" else "Madrid"
    (tmp_path / "near.txt").write_text("the capital of Spain is\n\nthe city lies in\n")
    common = ("--subject", "France", "--layer", 1, "--steps", 40, "--neighbours", tmp_path / "near.txt")
    told = aitia("edit", folder, prompt, "--answer", answer, *common, "--out", tmp_path / "run")
    assert f"After {prompt!r} the model is to say {answer!r}." in told
    assert "Written into transformer.h.1.mlp.c_proj, about 'France'. Layer 1 was asked for." in told
    assert "locality" in told
    told = json.loads(aitia("edit", folder, "--apply", tmp_path / "run", "--save", tmp_path / "new", "--json"))
    assert (told["prompt"], told["answer"], told["took"]) == (prompt, answer, True)
    assert [p["prompt"] for p in told["prompts"]] == [prompt, "the capital of Spain is", "the city lies in"]
    assert (tmp_path / "new" / "model.safetensors").exists()


def test_an_edit_that_did_not_take_ends_in_a_code_of_its_own(folder, tmp_path, language):
    said = language.words([int(language.log_probabilities([PROMPT])[0].argmax())])[0]
    answer = "Rome" if said != "Rome" else "Madrid"
    common = ("--subject", "the", "--layer", 0, "--steps", 1)
    for more in ((), ("--json",)):
        out = tmp_path / f"run{len(more)}"
        line = ["edit", folder, PROMPT, "--answer", answer, *common, "--out", out, *more]
        done = CliRunner().invoke(app, [*map(str, line)])
        assert done.exit_code == 3
        if not more:
            assert done.stdout.splitlines()[-1].startswith(f"ALARM: the edit did not take: after {PROMPT!r} the model")
        else:
            assert json.loads(done.stdout)["took"] is False
    done = CliRunner().invoke(app, [*map(str, ["edit", folder, "--apply", out, "--save", tmp_path / "new"])])
    assert done.exit_code == 3
    assert "ALARM: the edit did not take" in done.stdout
    told = CliRunner().invoke(app, ["edit", "--help"]).stdout
    assert "Exit code 3 says that the edit did not take" in " ".join(told.replace("│", " ").split())


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
