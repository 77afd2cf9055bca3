"""What the user of the page of this system has."""

import shutil

from tests.docs.files import example


def owned(folder):
    found = example("diff-quickfix", folder)
    if not (folder / "painter").exists():
        shutil.copytree(found.subjects["model"], folder / "painter")
    for name, place in (("prompts.csv", found.files), ("asked.csv", found.rows)):
        if not (folder / name).exists():
            shutil.copy(place, folder / name)
    (folder / "stay.txt").write_text("a small blue disc\n", encoding="utf-8")
    return {}
