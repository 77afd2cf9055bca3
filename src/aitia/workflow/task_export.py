"""Questions as tasks of other harnesses: a YAML of lm-evaluation-harness and a task of inspect-ai, over one JSONL.

Both ask every question in each order, as `answer_questions` does; a row names the question and its group. Pictures are
copied beside them, and shown by the task of inspect-ai alone: lm-evaluation-harness ranks options of texts.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path

from aitia.errors import FormatError, OptionError
from aitia.files import new_folder, write_whole
from aitia.guard import guarded
from aitia.text.choices import LETTERS
from aitia.text.questions import Question, orders

__all__ = ["export_tasks"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")

PICTURES = "pictures"
"""The folder beside a task."""
_LM_EVAL = """\
# lm_eval run --model hf --model_args pretrained=MODEL --include_path FOLDER --tasks {name}
task: {name}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {data}
test_split: test
output_type: multiple_choice
doc_to_text: prompt
doc_to_choice: letters
doc_to_target: answer
target_delimiter: " "
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
metadata:
  version: 1.0
"""

_INSPECT = '''\
"""inspect eval {name}.py --model MODEL"""

from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import Sample, json_dataset
from inspect_ai.model import ChatMessageUser, ContentImage, ContentText
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice


def sample(row):
    more = {{name: row[name] for name in ("question_id", "group", "label")}}
    shown = [ContentImage(image=str(Path(__file__).parent / name)) for name in row["pictures"]]
    asked = [ChatMessageUser(content=[ContentText(text=row["input"]), *shown])] if shown else row["input"]
    return Sample(
        id=row["id"], input=asked, choices=row["options"], target=row["letters"][row["answer"]], metadata=more
    )


@task
def {name}():
    rows = str(Path(__file__).parent / "{name}.jsonl")
    return Task(dataset=json_dataset(rows, sample), solver=multiple_choice(), scorer=choice())
'''


def export_tasks(
    folder: str | Path, questions: Sequence[Question], *, name: str = "aitia_questions", both_orders: bool = True
) -> list[Path]:
    """Writes questions with labels as tasks into a new folder, and gives the files.

    Args:
        folder: New, or empty.
        questions: Each with a label.
        name: Of the task: small letters, digits and `_`.
        both_orders: Ask each with its options from the last to the first too.

    Raises:
        OptionError: If the name is none, or a question has no label; says which.
        FormatError: If the folder is not empty, or cannot be written, or a picture cannot be read.
    """
    if not _NAME.fullmatch(name):
        raise OptionError(f"the name of a task is small letters, digits and _, got {name[:60]!r}")
    if not questions:
        raise OptionError("there is no question")
    for number, question in enumerate(questions, 1):
        if question.label is None:
            raise OptionError(f"question {question.id or number} has no label: such a task cannot be scored by others")
    place = Path(folder)
    beside = {picture: _copied(picture) for question in questions for picture in question.pictures}
    rows = [
        row | {"pictures": [beside[picture][0] for picture in question.pictures]}
        for k, question in enumerate(questions, 1)
        for row in _rows(question, question.id or str(k), both_orders)
    ]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    data = json.dumps(str((place / f"{name}.jsonl").resolve()), ensure_ascii=False)  # a JSON text is one of YAML too
    files = {f"{name}.jsonl": lines}
    if not beside:
        files[f"{name}.yaml"] = _LM_EVAL.format(name=name, data=data)
    files[f"{name}.py"] = _INSPECT.format(name=name)
    with new_folder(place, FormatError) as made:
        for file, text in files.items():
            write_whole(made / file, text)
        for file, content in beside.values():
            (made / PICTURES).mkdir(exist_ok=True)
            write_whole(made / file, content)
    return [place / file for file in files]


def _copied(picture: str) -> tuple[str, bytes]:
    """Where a picture stands beside the task, by its content, and its bytes."""
    with guarded(picture):
        content = Path(picture).read_bytes()
    return f"{PICTURES}/{hashlib.sha256(content).hexdigest()[:20]}{Path(picture).suffix.lower()}", content


def _rows(question: Question, name: str, both: bool) -> list[dict[str, object]]:
    """One record for each order."""
    found: list[dict[str, object]] = []
    for k, order in enumerate(orders(len(question.options), "both" if both else "given")):
        found.append(
            {
                "id": f"{name} {k + 1}",
                "question_id": name,
                "group": question.group,
                "prompt": f"{question.prompt(order)}\nAnswer:",
                "input": "\n\n".join(part for part in (question.premise.strip(), question.question.strip()) if part),
                "options": list(question.ordered(order)),
                "letters": list(LETTERS[: len(order)]),
                "answer": order.index(question.answer if question.answer is not None else -1),
                "label": question.label,
            }
        )
    return found
