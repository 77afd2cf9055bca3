"""Pages of errors: what they call wrong ends in that error, and what they call right does not."""

import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.docs.test_pages import DOCS
from typer.testing import CliRunner

import aitia
from aitia import errors
from aitia.cli import app
from aitia.data.tables import read_table
from aitia.graph import Graph, adjustment_set, identify
from aitia.systems.domain_counterfactuals import DomainCounterfactuals
from aitia.systems.pc import PC

PAGES = sorted(page.stem for page in (DOCS / "errors").glob("*.md") if page.stem != "index")
PAIR = re.compile(
    r"^## (?P<head>[^\n]*)\n(?:(?!^## ).)*?^Wrong:\s*```(?P<kind>\w+)\n(?P<wrong>.*?)^```\s*"
    r"^Right:\s*```(?P<other>\w+)\n(?P<right>.*?)^```",
    re.MULTILINE | re.DOTALL,
)


def owned(folder):
    """What the user of the pages has."""
    rng = np.random.default_rng(0)
    age, dose = rng.uniform(1, 90, 300), rng.normal(size=300)
    for name, values in (("a", rng.normal(size=(60, 2))), ("b", rng.normal(size=(60, 2)))):
        (folder / f"{name}.csv").write_text("x,y\n" + "".join(f"{u},{v}\n" for u, v in values))
    (folder / "table.csv").write_text("x,y\n1.5,2\n2.5,3\n")
    for name in ("table.parquet", "table.ods"):
        (folder / name).write_bytes(b"PAR1")
    (folder / "thesis").mkdir()
    (folder / "thesis" / "chapter.tex").write_text("1")
    CliRunner().invoke(app, ["discover", str(folder / "a.csv"), "--out", str(folder / "runs" / "a")])
    shared = rng.normal(size=(300, 10))
    wide = {f"x{k}": shared[:, k // 8] + rng.normal(size=300) for k in range(80)}
    return {
        "discover": aitia.discover, "Table": aitia.Table, "Graph": Graph, "Intervention": aitia.Intervention, "np": np,
        "adjustment_set": adjustment_set, "identify": identify, "read_table": read_table, "PC": PC,
        "DomainCounterfactuals": DomainCounterfactuals, "other": rng.normal(size=100), "age": age, "dose": dose,
        "table_with_80_columns": wide, "x": 100 * rng.normal(size=(60, 3)), "domain": ["a", "b", "c"] * 20,
    }  # fmt: skip


def follow(kind, text, names, folder):
    if kind == "python":
        exec(compile(text, "page", "exec"), names)  # a page of ours
        return
    for line in re.findall(r"^\$ (aitia [^\n]*)", text, re.MULTILINE):
        words = [word.replace("~", str(folder), 1) if word.startswith("~") else word for word in shlex.split(line)[1:]]
        done = CliRunner().invoke(app, words)
        if done.exception is not None:
            raise done.exception


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_calls_wrong_ends_in_its_error_and_what_it_calls_right_does_not(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (DOCS / "errors" / f"{name}.md").read_text(encoding="utf-8")
    error = getattr(errors, re.match(r"# (\w+)", text)[1])
    pairs = list(PAIR.finditer(text))
    assert len(pairs) == text.count("Wrong:") > 0
    names = owned(Path(tmp_path))
    if error is errors.MissingExtraError:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    for pair in pairs:
        with pytest.raises(error) as told:
            follow(pair["kind"], pair["wrong"], names, tmp_path)
        assert type(told.value) is error
        if pair["head"].startswith("`") and pair["head"].endswith("`"):
            sentence = pair["head"].strip("`").removesuffix("...")
            assert sentence in " ".join(map(str, told.value.args))
        follow(pair["other"], pair["right"], names, tmp_path)
