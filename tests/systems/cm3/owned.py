"""What the user of the page of this system has."""

from tests.docs.files import example

from aitia.data.columns.picture import png
from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import Vocabulary, small_sequence_model
from aitia.worlds import DigitPagesWorld


def owned(folder):
    made = example("cm3", folder)
    made.files.rename(folder / "pages")
    world = DigitPagesWorld()
    sample = world.sample(40, seed=3)
    there = world.elements(sample)["picture"]
    (folder / "new").mkdir()
    for row in range(3):
        one = sample.take([k for k in range(40) if there[k]][row : row + 1])
        (folder / "new" / f"{row}.png").write_bytes(png(world.images(one)[0]))
        text = f'<h1>a picture</h1>\n<img src="{row}.png">\n'
        (folder / "new" / f"{row}.html").write_text(text, encoding="utf-8")
    tokenizer = word_tokenizer(sorted(world.vocabulary))
    tokenizer.eos_token = "[SEP]"
    small_sequence_model(Vocabulary(tokenizer), width=16, layers=1, heads=2, longest=256).save(folder / "my-model")
    return {}
