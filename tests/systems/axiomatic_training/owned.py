"""What the user of the page of this system has."""

import json

from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import Vocabulary, small_sequence_model
from aitia.systems.axiomatic_training.given_model import INSTRUCTION
from aitia.worlds import AxiomsWorld

ASKED = ("It causes Rain. Rain causes Mud.", "Does It cause Mud?")


def owned(folder):
    world = AxiomsWorld(least=2, most=3)
    rows = world.rows(world.sample(60, seed=0))
    parts = zip(rows.texts("premise"), rows.texts("question"), rows.labels("label"), strict=True)
    lines = [json.dumps({"premise": premise, "question": question, "label": str(y)}) for premise, question, y in parts]
    (folder / "questions.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "few.jsonl").write_text("\n".join(lines[:24]), encoding="utf-8")
    asked = json.dumps(dict(zip(("premise", "question"), ASKED, strict=True)))
    (folder / "asked.jsonl").write_text(asked, encoding="utf-8")
    published = {"A causes B. B causes C. Does A cause C?": "Yes", "A causes B. B causes A. Does A cause B?": "No"}
    (folder / "branching.txt").write_text(f"Final graph dict: {published}", encoding="utf-8")
    words = {*INSTRUCTION.split(), "Answer:", "Yes", "No", *" ".join(lines).split()}
    tokenizer = word_tokenizer(sorted(words))
    tokenizer.eos_token = "[SEP]"
    small_sequence_model(Vocabulary(tokenizer), width=16, layers=1, heads=2, longest=256).save(folder / "my-model")
    return {}
