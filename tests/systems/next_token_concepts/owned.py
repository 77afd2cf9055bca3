"""What the user of the page of this system has."""

from tests.docs.files import example

from aitia.nn.language import small_decoder, word_tokenizer
from aitia.nn.saelens import TrainedOn, write_saelens
from aitia.nn.sparse_autoencoders import SparseLoss

NOUNS = [f"noun{k}" for k in range(16)]
SIDES = {"plural": ("is", "are"), "past": ("runs", "ran")}


def owned(folder):
    lines = [(name, f"the {noun} {a}", f"the {noun} {b}") for name, (a, b) in SIDES.items() for noun in NOUNS]
    head = ("concept", "x0", "x1")
    (folder / "pairs.tsv").write_text("\n".join(map("\t".join, [head, *lines])), encoding="utf-8")
    (folder / "prompts.csv").write_text("text\nthe noun1 is\nthe noun2 ran\n", encoding="utf-8")
    (folder / "reviews.csv").write_text(example("next-token-concepts", folder).files.read_text(), encoding="utf-8")
    words = [*NOUNS, "the", *(word for side in SIDES.values() for word in side)]
    small_decoder(word_tokenizer(words), width=24, layers=4, longest=32).save(folder / "EleutherAI" / "pythia-70m")
    made = SparseLoss(24, 48, "top-k", k=4).finished()
    write_saelens(made, folder / "my-sae", TrainedOn("pythia-70m", "blocks.3.hook_resid_post"))
    return {}
