"""What the user of the page of this system has."""

import numpy as np
from tests.docs.files import example

from aitia.data.tables import read_table, write_table


def owned(folder):
    found = example("causal-info-min", folder)
    table = read_table(found.files)
    kinds = {"question_type": np.where(np.arange(table.n) % 2, "yes/no", "other")}
    for name, rows in (("answers", table), ("new", table), ("iid", table), ("shifted", table.take(range(80)))):
        part = rows if name == "answers" else rows.drop(["split"]).with_columns(
            {"question_type": kinds["question_type"][: rows.n]}
        )  # fmt: skip
        write_table(part, folder / f"{name}.parquet")
    return {}


NEEDS = "questions and annotations (.json)"
"""Of VQA-CP, and LXMERT."""
