"""Concepts in the states of a tiny decoder with random weights, with an autoencoder of each of two kinds."""

from aitia.nn.language import small_decoder, word_tokenizer
from aitia.systems.next_token_concepts import NextTokenConcepts


def numbers() -> dict[str, list[float] | float | str]:
    nouns = [f"noun{k}" for k in range(10)]
    sides = {"plural": ("one", "many"), "colour": ("red", "blue")}
    lines = [(name, f"{noun} {a}", f"{noun} {b}") for name, (a, b) in sides.items() for noun in nouns]
    rows = {column: [line[k] for line in lines] for k, column in enumerate(("concept", "x0", "x1"))}
    words = [*nouns, *(word for side in sides.values() for word in side)]
    decoder = small_decoder(word_tokenizer(words), width=16, layers=1, longest=8)
    made: dict[str, list[float] | float | str] = {}
    for kind in ("top-k", "structured"):
        model = NextTokenConcepts(autoencoder=kind, k=3, features=20, steps=6, permutations=2, most=2, device="cpu")
        found = model.fit(rows, model=decoder).found
        assert found is not None
        scores = found.dictionaries["trained"]
        made[f"{kind}_scores"] = [*scores.correlations, scores.unexplained, scores.active, scores.dead]
    told = model.do("do(plural=2)").encode({"text": ["noun3 one", "noun5 blue"]})
    made["products"] = [value for line in found.products for value in line]
    made["shuffled"] = list(found.shuffled)
    made["usual"] = [value for pair in found.usual for value in pair]
    made["accuracy"] = [*found.accuracy, *(v for values in found.baselines.values() for v in values)]
    made["steered"] = told.matrix(told.names).ravel().tolist()
    made["written"] = model.do("do(plural=present)").predict({"text": ["noun3 one"]}).texts("written")[0]
    return made
