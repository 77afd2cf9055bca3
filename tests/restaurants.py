"""Files as those of CEBaB, from a world of reviews, and an encoder of a few numbers for them."""

import csv

from aitia.data import reviews
from aitia.nn.text_encoders import text_encoder
from aitia.worlds import ReviewsWorld

HEADS = (*reviews.COLUMNS, *map(reviews._column, reviews.ASPECTS))
OTHER = {"negative": "positive", "unknown": "negative", "positive": "unknown"}


def rows(n, seed):
    """Originals of a world, and of each four edits of one aspect."""
    world = ReviewsWorld()
    sample = world.sample(n, seed=seed)
    versions = [("", sample)]
    for aspect in reviews.ASPECTS:
        values = [OTHER[value] for value in world.aspects(sample)[aspect]]
        versions.append((aspect, world.edit(sample, aspect, values)))
    found = []
    for aspect, version in versions:
        texts, labels = list(world.render(version)), world.aspects(version)
        for k, text in enumerate(texts):
            told = {name: labels[name][k].title() for name in reviews.ASPECTS}
            told = {name: value.replace("Unknown", "unknown") for name, value in told.items()}
            stars = str(1 + int(version["rating"][k]))
            found.append((f"{seed}_{k}", str(int(not aspect)), aspect, text, stars, *told.values()))
    return found


def write(folder, **numbers):
    """The files with so many originals each, such as train=60, and the encoder beside them; both folders."""
    place, encoder, texts = folder / "cebab", folder / "encoder", []
    place.mkdir()
    for seed, (split, n) in enumerate(numbers.items(), start=1):
        found = rows(n, seed)
        texts += [row[3] for row in found]
        with (place / f"cebab_{split}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([HEADS, *found])
    text_encoder("small", texts, width=16).language.save(encoder)
    return place, encoder
