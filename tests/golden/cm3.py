"""A model of pages with a small decoder, trained for a few steps on twelve of them."""

import numpy as np

from aitia.systems.cm3 import Cm3


def numbers() -> dict[str, list[float] | float | str]:
    grey = np.random.default_rng(0).integers(0, 256, (12, 4, 4, 3), dtype=np.uint8)
    words = ["one", "two", "three"]
    rows = {
        "document": ['<h1>a page</h1><img alt="" src=""><p><a title="">x</a> is here</p>'] * 12,
        "alt": [f"number {words[k % 3]}" for k in range(12)],
        "image": grey,
        "title": [f"to {words[k % 3]}" for k in range(12)],
    }
    model = Cm3(steps=6, width=16, layers=1, batch=4, codes=8, shift=0, device="cpu").fit(rows)
    found = model.do(alt="number two").edit(rows)
    losses = [step["loss"] for _, steps in model.training.losses for step in steps]
    said = model.predict({"document": rows["document"][:2], "image": grey[:2]}).known
    return {
        "losses": losses,
        "said": "; ".join([*said.texts("alt"), *said.texts("title")]),
        "drawn": [float(one.mean()) for one in found.known.pictures("image")],
    }
