"""The card of nearest-row."""

from aitia.card import Card, Role

__all__ = ["CARD"]

CARD = Card(
    slug="nearest-row",
    title="Nearest neighbour pattern classification",
    authors=("Cover", "Hart"),
    year=1967,
    venue="IEEE Transactions on Information Theory",
    task="a label from the nearest row",
    claim="The label of the nearest row is right more often than the most frequent label.",
    source="https://doi.org/10.1109/TIT.1967.1053964",
    home="model:NearestRow",
    takes={
        "label": Role(kind="label", about="the label to predict", names=("label",)),
        "features": Role(kind="number", about="the columns to predict from", many=True, rest=True),
    },
    fills=("label",),
    does="sets a variable",
    do="do(COLUMN=v) asks for the label that a row has if the column is v, whatever else that would change.",
    verbs=("predict",),
)
