from aitia.card import Card, SubjectRole

CARD = Card(
    slug="tiny-bound",
    title="Something that studies a network and no rows",
    authors=("Nobody",),
    year=2024,
    venue="nowhere",
    task="the effect of a unit of a network",
    source="https://example.org",
    home="model:TinyBound",
    rows=(),
    subjects={"model": SubjectRole("network", "the network")},
    does="replaces a state",
    do="do(UNIT=v) sets the state of a unit such as unit.3.",
    verbs=("effects",),
)
