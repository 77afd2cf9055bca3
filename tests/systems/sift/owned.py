"""What the user of the page of this system has."""

import json

from tests.docs.files import example

from aitia.data.tables import read_table
from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import Vocabulary, small_sequence_model
from aitia.systems.sift.prompts import TEMPLATE
from aitia.worlds import EntitiesWorld


def owned(folder):
    table = read_table(example("sift", folder).files, kinds={"sentence": "text", "names": "spans"})
    rows = list(zip(table.texts("sentence"), table.spans("names"), strict=True))
    for name, part in (("reports.jsonl", rows), ("few.jsonl", rows[:4])):
        lines = [json.dumps({"text": text, "spans": spans}) for text, spans in part]
        (folder / name).write_text("\n".join(lines), encoding="utf-8")
    world = EntitiesWorld()
    fresh = world.render(world.sample(3, seed=1))
    (folder / "new.csv").write_text("\n".join(["text", *(f'"{text}"' for text in fresh)]), encoding="utf-8")
    tokenizer = word_tokenizer(sorted({*world.vocabulary, *TEMPLATE.split()}))
    tokenizer.eos_token = "[SEP]"
    small_sequence_model(Vocabulary(tokenizer), width=16, layers=1, heads=2, longest=256).save(folder / "my-model")
    return {}
