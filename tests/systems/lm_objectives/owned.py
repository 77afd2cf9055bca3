"""What the user of the page of this system has."""

import json

from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import Vocabulary, small_sequence_model
from aitia.worlds import ScenesWorld


def owned(folder):
    world = ScenesWorld()
    (folder / "corpus").mkdir()
    for k, text in enumerate(world.render(world.sample(40, seed=0))):
        (folder / "corpus" / f"{k:02}.txt").write_text(text, encoding="utf-8")
    held = world.questions(world.sample(30, seed=1), "get-city")
    rows = list(zip(held.texts("prompt"), held.lists("options"), held.texts("answer"), strict=True))
    asked = [json.dumps({"prompt": prompt, "options": options}) for prompt, options, _ in rows]
    tasks = [json.dumps({"prompt": prompt, "options": options, "answer": answer}) for prompt, options, answer in rows]
    (folder / "asked.jsonl").write_text("\n".join(asked[:5]), encoding="utf-8")
    (folder / "tasks.jsonl").write_text("\n".join(tasks), encoding="utf-8")
    tokenizer = word_tokenizer(world.vocabulary)
    tokenizer.eos_token = "[SEP]"
    small_sequence_model(Vocabulary(tokenizer), width=16, layers=1, heads=2, longest=256).save(folder / "my-model")
    return {}
