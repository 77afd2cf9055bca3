"""What the user of the page of this system has."""

from tests.docs.files import example, renamed

from aitia.data.tables import read_table, write_table
from aitia.nn.language import small_encoder


def owned(folder):
    found = example("causalm", folder)
    names = {"mood": "label", "place": "topic"}
    renamed(found.files, folder / "posts.csv", names)
    table = read_table(folder / "posts.csv", kinds={"text": "text"})
    some = table.take(range(40))
    write_table(some.with_columns({"edited": some.texts("text")[::-1]}, {"edited": "text"}), folder / "new.csv")
    words = sorted({word for text in table.texts("text") for word in text.lower().split()})
    small_encoder(words, width=16, layers=1).save(folder / "bert-base-cased")
    return {}
