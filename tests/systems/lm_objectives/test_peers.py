"""A decoder that was exported, ranked by lm-evaluation-harness: the log-probabilities of its options are ours.

It wants an environment of its own: see `tests/text/test_peers.py`.
"""

import json

import pytest
from tests.systems.lm_objectives.test_lm_objectives import EVEN, TINY

from aitia.systems.lm_objectives import LmObjectives

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

TASK = """\
task: mine
dataset_path: json
dataset_kwargs:
  data_files:
    test: {rows}
test_split: test
output_type: multiple_choice
doc_to_text: prompt
doc_to_choice: options
doc_to_target: "{{{{options.index(answer)}}}}"
target_delimiter: " "
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
"""
ROWS = [
    {"prompt": f"w{k} w{(k + 1) % 12}", "options": [f"w{(k + 2) % 12}", f"w{(k + 5) % 12} w{k}", f"w{k} w{k} w{k}"],
     "answer": f"w{(k + 2) % 12}"}
    for k in range(12)
]  # fmt: skip


def test_an_exported_decoder_is_ranked_as_we_do(tmp_path, monkeypatch):
    lm_eval = pytest.importorskip("lm_eval", reason="not run here: needs lm-eval, in an environment of its own")
    from lm_eval.tasks import TaskManager

    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    model = LmObjectives(arms=("cd:flm",), tokens=2000, **TINY).fit(EVEN)
    model.export(tmp_path / "plain")
    asked = {name: [row[name] for row in ROWS] for name in ("prompt", "options")}
    ours = model.predict(asked)
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "mine.yaml").write_text(TASK.format(rows=rows))
    told = lm_eval.simple_evaluate(
        model="hf",
        model_args={"pretrained": str(tmp_path / "plain"), "dtype": "float32", "add_bos_token": False},
        tasks=["mine"],
        task_manager=TaskManager(include_path=str(tmp_path / "tasks"), include_defaults=False),
        device="cpu",
        batch_size=4,
        log_samples=True,
    )
    theirs = sorted(told["samples"]["mine"], key=lambda row: row["doc_id"])
    for row, held in zip(theirs, ours.lists("log p"), strict=True):
        assert [float(response[0]) for response in row["filtered_resps"]] == pytest.approx(list(held), abs=1e-4)
    right = sum(str(a) == row["answer"] for a, row in zip(ours.labels("answer"), ROWS, strict=True))
    assert told["results"]["mine"]["acc,none"] == pytest.approx(right / len(ROWS))
    assert right > 0
