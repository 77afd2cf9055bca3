"""What the user of each page has: files that it names, and names that its snippets take for granted.

The page of a system has its files in `tests/systems/SYSTEM/owned.py`: `owned(folder)` writes them and gives the names,
`NEEDS` marks a snippet that needs what no package ships; where it is empty, the whole page does.
"""

import json
import shutil
from importlib import import_module
from pathlib import Path

import numpy as np
from tests.docs.files import example, language_model, tracks

from aitia.system.example import example_of

__all__ = ["BEFORE", "NEEDS", "OWNED"]


def fit(folder):
    found = example("hca", folder)
    for name in ("board.csv", "unscored.csv"):
        shutil.copy(found.files.parent / name, folder / name)
    shutil.copy(example_of("causalm", folder / "texts", 0).files, folder / "texts.csv")
    tracks(folder)
    import aitia

    aitia.fit("gcrl", folder / "tracks", form="group", steps=4, batch=4, width=8, out=folder / "gcrl-run")
    (folder / "west.txt").rename(folder / "west-scenes.txt")
    (folder / "west").mkdir()
    (folder / "west-scenes.txt").rename(folder / "west" / "west.txt")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    return {"X": X, "y": np.where(X[:, 0] > 0, "high", "low")}


def own_codes(folder):
    """Principal directions of the pictures to be judged on."""
    from aitia.data.read import read

    pictures = read(folder / "pendulum-files" / "test").pictures("image").reshape(64, -1).astype(float)
    left, size, _ = np.linalg.svd(pictures - pictures.mean(axis=0), full_matrices=False)
    np.savez(folder / "mine.npz", codes=(left * size)[:, :4])


def tables(folder):
    rng = np.random.default_rng(0)
    lines = ["Report 2024;;;", "when;dose;grade;recovery"]
    doses, total = rng.uniform(1, 9, 411), 0.0
    for k in range(411):
        dose = "<0,1" if k in (3, 50, 90) else f"{doses[k]:.2f}".replace(".", ",")
        total += 0 if dose.startswith("<") else round(doses[k], 2)
        day = np.datetime64("2024-02-03") + k
        recovery = f"{doses[k] + rng.normal():.2f}".replace(".", ",")
        lines.append(f"{'.'.join(reversed(str(day).split('-')))};{dose};{1 + k % 3};{recovery}")
    lines.append("Total;" + f"{total:.2f}".replace(".", ",") + ";;")
    (folder / "visits.csv").write_text("\n".join([*lines, ""]))
    import aitia

    return {"aitia": aitia}


def trace(folder):
    language_model(folder / "smollm2")
    (folder / "same.txt").write_text("France's capital is\nThe capital city of France is\n")
    (folder / "others.txt").write_text("The capital of Spain is\nThe capital of Japan is\n")
    pairs = [("France", "Italy"), ("Spain", "France"), ("Italy", "Japan")]
    lines = [{"prompt": f"The capital of {a} is", "against": f"The capital of {b} is"} for a, b in pairs]
    (folder / "capitals.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return {}


def ask(folder):
    language_model(folder / "smollm2", "A", "B")
    asked = {"France": "Paris", "Italy": "Rome"}
    lines = [
        {"question": f"The capital of {of} is", "options": ["Paris", "Rome"], "label": said}
        for of, said in asked.items()
    ]
    (folder / "questions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "pairs.csv").write_text("x,y,answer\naltitude,temperature,->\nrain,clouds,<-\nrain,shoes,neither\n")
    return {}


def feed(folder):
    from tests.feed.feeds import JOURNAL

    from aitia.nn.language import small_encoder

    (folder / "journal.xml").write_bytes(JOURNAL)
    small_encoder(["which", "columns", "changed"], width=16, heads=2).save(folder / "minilm")
    return {}


def edited(folder):
    """The model stands where the page's package would put its file."""
    language_model(folder / "SmolLM2-135M-Instruct.Q4_1.gguf")
    (folder / "same.txt").write_text("France's capital is\nThe capital city of France is\n")
    (folder / "others.txt").write_text("The capital of Spain is\nThe capital of Japan is\n")
    return {}


OF_SYSTEMS = {
    f"systems/{file.parent.name.replace('_', '-')}": import_module(f"tests.systems.{file.parent.name}.owned")
    for file in sorted((Path(__file__).parents[1] / "systems").glob("*/owned.py"))
}
OWNED = {
    "fit": fit, "tables": tables, "trace": trace, "sites": lambda folder: {}, "worlds": lambda folder: {},
    "ask": ask, "feed": feed,
    "tutorials/change-a-cause": lambda folder: {},
    "tutorials/trace-explain-edit": edited,
    **{page: module.owned for page, module in OF_SYSTEMS.items() if hasattr(module, "owned")},
}  # fmt: skip
"""For each page what its user has; each gives the names of its snippets."""
NEEDS = {page: module.NEEDS for page, module in OF_SYSTEMS.items() if hasattr(module, "NEEDS")}
BEFORE = {"aitia bench pendulum --codes mine.npz": own_codes}
"""What the user makes in between, before the command that begins so."""
