"""What the user of the page of this system has."""

from tests.docs.files import example

from aitia.data.table import Table
from aitia.data.tables import read_table, write_table
from aitia.nn.language import piece_tokenizer, small_decoder


def owned(folder):
    found = example("alignment-hurts", folder)
    table = read_table(found.files, kinds={"meaning": "text", "sentence": "text"})
    called = {"standard": "msa"}
    called[next(name for name in table.categories("dialect") if name != "standard")] = "cairo"
    varieties = [called.get(name, name) for name in table.labels("dialect")]
    columns = {"source": table.texts("meaning"), "target": table.texts("sentence"), "variety": varieties}
    columns = {name: [*cells, *cells] for name, cells in columns.items()}  # 50 of each variety or more
    pairs = Table.of(columns, kinds={"source": "text", "target": "text"})
    for name, rows in (
        ("pairs", pairs),
        ("new", pairs.take(range(0, 190, 12))),
        ("test", pairs),
    ):
        write_table(rows, folder / f"{name}.tsv")
    words = sorted({word for text in columns["source"] for word in text.split()})
    pieces = sorted({word for text in columns["target"] for word in text.split()})
    tokenizer = piece_tokenizer(
        [*words, *(f"[{name}]" for name in set(varieties))], [p for p in pieces if p not in words]
    )
    small_decoder(tokenizer, width=16, layers=18).save(folder / "owner" / "name")
    scores = dict.fromkeys(sorted(set(varieties)), 50.0)
    return {"ours": scores, "plain": scores}
