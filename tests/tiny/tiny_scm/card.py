from aitia.card import Card, Role

CARD = Card(
    slug="tiny-scm",
    title="A linear system of three variables",
    authors=("Nobody",),
    year=2024,
    venue="nowhere",
    task="everything that a system of three variables can be asked",
    source="https://example.org",
    home="model:TinySCM",
    takes={
        "z": Role(kind="number", about="the common cause"),
        "x": Role(kind="number", about="the treatment", names=("dose",)),
        "y": Role(kind="number", about="the outcome"),
    },
    fills=("z", "x", "y"),
    does="sets a variable",
    do="do(x=v) replaces the equation of x.",
    verbs=("predict", "counterfactual", "encode", "effects", "graphs", "adapt", "export"),
)
