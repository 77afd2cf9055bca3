"""What the user of the page of this system has."""

import shutil

from tests.docs.files import example

from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import Vocabulary, small_sequence_model
from aitia.worlds import DigitSetsWorld


def owned(folder):
    found = example("ume-r1", folder)
    for name in ("sets.csv", "fresh.csv"):
        if not (folder / name).exists():
            shutil.copy(found.files.parent / name, folder / name)
    if not (folder / "pictures").exists():
        shutil.copytree(found.files.parent / "pictures", folder / "pictures")
    words = [word for word in DigitSetsWorld().vocabulary if not word.startswith("<")]
    tokenizer = word_tokenizer(words)
    tokenizer.eos_token = "[SEP]"
    small_sequence_model(Vocabulary(tokenizer), width=16, layers=1, heads=2, longest=256).save(folder / "my-model")
    return {}
