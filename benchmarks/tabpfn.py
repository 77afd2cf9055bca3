"""CPU seconds to fit and predict on four tables of the claim, beside untuned models of scikit-learn fitted to each.

Also: what keeping the training rows saves, and how many tables of the prior are drawn a second.

python benchmarks/tabpfn.py [--json FILE]
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from aitia.systems.tabpfn import TablePrior, TabPFNClassifier
from aitia.systems.tabpfn.claim_tables import linear_tables


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    models = {"aitia": TabPFNClassifier(), "aitia, one pass": TabPFNClassifier(ensemble=1, power=False)}
    models |= {
        "boosted trees": HistGradientBoostingClassifier(random_state=0),
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
    }
    result = {"seconds": {}}
    for name, (X, y) in linear_tables().items():
        train, test, train_y, _ = train_test_split(X, y, train_size=60, stratify=y, random_state=0)
        test = test[:200]
        result["seconds"][name] = {
            who: best(lambda m=model, a=train, b=train_y, c=test: m.fit(a, b).predict_proba(c))
            for who, model in models.items()
        }
        told = ", ".join(f"{who} {1e3 * s:.0f} ms" for who, s in result["seconds"][name].items())
        print(f"{name}, 60 rows, {len(test)} queries: {told}")

    rng = np.random.default_rng(0)
    X = rng.normal(size=(448, 20))
    y = (X[:, 0] + X[:, 1] > 0).astype(int)
    model, query = TabPFNClassifier(power=False).fit(X, y), X[:1]
    kept = best(lambda: model.predict_proba(query))
    again = best(lambda: model.fit(X, y).predict_proba(query))
    result |= {"kept_seconds": kept, "read_again_seconds": again, "ratio": again / kept}
    told = f"{1e3 * kept:.1f} ms with keys and values kept, {1e3 * again:.0f} ms reading all rows again"
    print(f"one query beside 448 rows: {told}, {again / kept:.0f} times")

    prior = TablePrior()
    seconds = best(lambda: prior.batch(24, 128, np.random.default_rng(0)))
    alone = best(lambda: [prior.batch(1, 128, np.random.default_rng(k)) for k in range(24)])
    result |= {"prior_tables_per_second": 24 / seconds, "one_at_a_time_per_second": 24 / alone}
    print(f"prior, 128 rows: {24 / seconds:.0f} tables a second together, {24 / alone:.0f} one at a time")
    if given.json:
        given.json.write_text(json.dumps(result, indent=2) + "\n")


def best(function, repeats=5):
    function()
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        seconds.append(time.process_time() - start)
    return min(seconds)


if __name__ == "__main__":
    main()
