"""Domain counterfactuals of handwritten digits: what would this digit look like, had it come from another rotation?

python examples/rotated_digits.py [PNG]        trains in about two minutes, draws facts, answers and truths
"""

import sys
from pathlib import Path

import numpy as np

from aitia.data.table import Table
from aitia.report import image_grid
from aitia.systems.domain_counterfactuals import DomainCounterfactuals
from aitia.systems.domain_counterfactuals.claim import ANGLES, turned_digits

SHOWN = 5


def main() -> None:
    place = Path(sys.argv[1] if len(sys.argv) > 1 else "rotated-digits.png")
    digits, _ = turned_digits()
    n = digits.shape[1]
    domain = np.random.default_rng(0).integers(0, len(ANGLES), n)
    labels = np.array([str(angle) for angle in ANGLES])[domain]
    rows = Table.of({"image": digits[domain, np.arange(n)], "domain": labels}, kinds={"domain": "label"})
    train, test = np.arange(n - 100), np.arange(n - SHOWN, n)
    model = DomainCounterfactuals(changing=2, steps=2000, batch=32, width=16).fit(rows.take(train))
    facts = rows.take(test)
    answers = [model.counterfactual(facts, {"domain": str(angle)}).known.pictures("image") for angle in ANGLES]
    cells, names = [], []
    for k, row in enumerate(test):
        cells.append([facts.pictures("image")[k], *(answer[k] for answer in answers)])
        cells.append([None, *(digits[d, row] for d in range(len(ANGLES)))])
        names += [f"from {labels[row]}°", "truth"]
    place.write_bytes(image_grid(cells, ["fact", *(f"do(domain={angle})" for angle in ANGLES)], names))
    print(f"{place.resolve()}: five digits, and what the model makes of them at every rotation")


if __name__ == "__main__":
    main()
