"""What the user of the page of this system has."""

from tests.docs.files import example

from aitia.data.tables import read_table
from aitia.data.writing import table_bytes
from aitia.nn.language import small_encoder
from aitia.systems.corr2cause.audit import disputed
from aitia.worlds import Corr2CauseWorld


def owned(folder):
    table = read_table(example("corr2cause", folder).files, kinds={"premise": "text", "question": "text"})
    (folder / "questions.jsonl").write_bytes(table_bytes(table, ".jsonl"))
    world = Corr2CauseWorld(least=3, most=3)
    fresh = world.rows(world.sample(6, seed=1)).known.select(["premise", "question"])
    (folder / "new.jsonl").write_bytes(table_bytes(fresh, ".jsonl"))
    lines = ["input,label"]
    for item in disputed()[:3]:
        text = f"Premise: {item.premise}\nHypothesis: {item.hypothesis}".replace('"', '""')
        lines.append(f'"{text}",{item.published}')
    lines.append(lines[1].rsplit(",", 1)[0] + ",1")
    (folder / "test.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = {word for name in ("premise", "question") for text in table.texts(name) for word in text.split()}
    small_encoder(sorted(words), width=16, layers=1, longest=512).save(folder / "my-model")
    return {}
