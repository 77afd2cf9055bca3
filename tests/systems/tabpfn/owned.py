"""What the user of the page of this system has."""

import shutil

import numpy as np
from tests.docs.files import example


def owned(folder):
    found = example("tabpfn", folder)
    shutil.copy(found.files, folder / "iris.csv")
    shutil.copy(found.rows, folder / "unknown.csv")
    X = np.random.default_rng(0).normal(size=(60, 3))
    return {"X_train": X[:40], "y_train": (X[:40, 0] > 0).astype(int), "X_test": X[40:]}
