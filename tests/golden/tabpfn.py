"""TabPFN: the shipped network and one of six pretraining steps on blobs, and tables of the prior."""

import tempfile
from pathlib import Path

import numpy as np

from aitia.system import Given
from aitia.systems.tabpfn import NetworkConfig, PretrainConfig, PriorConfig, TablePrior, TabPFN, pretrain, sample_table


def numbers() -> dict[str, list[float] | float | str]:
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    x = rng.normal(size=(60, 4)) + 1.5 * rng.normal(size=(3, 4))[labels]
    y = np.array(["ant", "bee", "cat"])[labels]
    train, asked = slice(40), slice(40, 60)
    shipped = TabPFN(ensemble=3).fit(x[train], y[train])
    with tempfile.TemporaryDirectory() as folder:
        pretrain(
            Path(folder),
            network=NetworkConfig(features=6, classes=4, width=16, layers=2, heads=2),
            prior=PriorConfig(features=6, classes=4),
            recipe=PretrainConfig(steps=6, rows=128, lengths=(16, 32), shares=(0.5, 0.5), seed=100),
        )
        small = TabPFN(weights=folder, ensemble=2, subsample=True).fit(x[train], y[train]).predict_proba(x[asked])
    table = sample_table(30, seed=3, missing=0.0)
    moved, classes = table.do(f"do({table.scm.graph.nodes[0]}=0.5)")
    batch = TablePrior(features=4, classes=3).batch(6, 16, np.random.default_rng(1))
    return {
        "probabilities": shipped.predict_proba(x[asked])[:6].ravel().tolist(),
        "predict": " ".join(shipped.predict(x[asked]).labels("label").tolist()),
        "score": shipped.judge(*(Given.of(TabPFN.card, x[rows], y[rows]) for rows in (asked, train)))["accuracy"].value,
        "small_probabilities": small[:6].ravel().tolist(),
        "graph": str(table.graph),
        "columns": " ".join(table.columns),
        "table": table.X[:4].ravel().tolist(),
        "classes": "".join(map(str, table.y)),
        "do": moved[:4].ravel().tolist(),
        "do_classes": "".join(map(str, classes)),
        "batch": [float(np.nanmean(batch.X)), float(np.nanstd(batch.X)), float(batch.y.mean())],
        "batch_classes": "".join(map(str, batch.y.ravel())),
        "batch_used": batch.used.tolist(),
    }
