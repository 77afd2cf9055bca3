"""What the user of the page of this system has."""

import shutil

from tests.docs.files import example

from aitia.nn.language import small_encoder


def owned(folder):
    found = example("cadet", folder)
    shutil.copy(found.files, folder / "posts.csv")
    shutil.copy(found.files, folder / "new.csv")
    for name in ("posts.csv", "new.csv"):
        text = (folder / name).read_text().splitlines()
        styles = sorted({line.split(",")[-2] for line in text[1:]})
        topics = sorted({line.split(",")[-1] for line in text[1:]})
        known = dict(zip([*styles, *topics], ["polite", "blunt", *styles[2:], "billing", *topics[1:]], strict=True))
        lines = [",".join([*line.split(",")[:-2], *(known[c] for c in line.split(",")[-2:])]) for line in text[1:]]
        (folder / name).write_text("\n".join([text[0], *lines, ""]))
    words = sorted({w for line in lines for w in line.split(",")[0].lower().split()})
    small_encoder(words, width=16, layers=1).save(folder / "roberta-base")
    return {}
