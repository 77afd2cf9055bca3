"""What the user of the page of this system has."""

import shutil

from tests.docs.files import example
from tests.systems.vqa_causal.owned import clip


def owned(folder):
    found = example("mucr", folder)
    for name in ("pairs.csv", "fresh.csv"):
        if not (folder / name).exists():
            shutil.copy(found.files.parent / name, folder / name)
    if not (folder / "pictures").exists():
        shutil.copytree(found.files.parent / "pictures", folder / "pictures")
    clip(folder / "my-clip")
    return {}
