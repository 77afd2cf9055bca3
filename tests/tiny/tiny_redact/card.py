from aitia.card import Card, Role

CARD = Card(
    slug="tiny-redact",
    title="Words in place of spans",
    authors=("Nobody",),
    year=2024,
    venue="nowhere",
    task="spans of texts, written anew",
    source="https://example.org",
    home="model:TinyRedact",
    takes={"text": Role(kind="text", about="the text"), "spans": Role(kind="spans", about="what may be written anew")},
    does="edits a row",
    do="do(word=LABEL) writes the label in the place of each span.",
    verbs=("edit",),
)
