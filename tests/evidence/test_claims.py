import importlib
import json

import pytest

from aitia.card import Card
from aitia.errors import FormatError, OptionError
from aitia.evidence import Claim, Evidence, row
from aitia.evidence import claim as evidence_module
from aitia.workflow.claim_table import evidence_table
from aitia.workflow.ledger import main as ledger_main
from aitia.workflow.verify import claim_of, stored_evidence, verify

MODULE = importlib.import_module("aitia.workflow.verify")  # the name `verify` in the package is the function

CARD = Card(
    slug="toy",
    title="Toy",
    authors=("A",),
    year=2020,
    venue="V",
    task="t",
    claim="c",
    source="s",
    home="model:Toy",
    do="Nothing.",
)


def toy(context):
    ours = context.over_seeds("a", lambda seed: 1.0 + seed, 4)
    return [
        row("a", "score", ours, bar=2.0, baselines={"coin": [0.5] * len(ours)}, margins={"coin": 1.0}, note="A note."),
        row("a", "error | rate", ours, direction="lower", bar=1.0),
        row("b", "only told", ours),
    ]


@pytest.fixture
def _toy(monkeypatch):
    monkeypatch.setattr(MODULE, "claim_of", lambda slug: Claim(CARD, toy, 0.1))


def test_a_row_has_mean_interval_and_verdict():
    r = row("a", "score", [1.0, 2.0, 3.0], bar=2.0, baselines={"coin": [1.0, 1.0, 1.0]}, margins={"coin": 1.0})
    assert (r.ours, r.seeds, r.holds) == (2.0, 3, True)
    assert 1.0 <= r.low < 2.0 < r.high <= 3.0
    assert row("a", "score", [1.9], bar=2.0).holds is False
    assert row("a", "error", [1.9], bar=2.0, direction="lower").holds is True
    assert row("a", "error", [1.9], baselines={"b": [2.0]}, margins={"b": 0.2}, direction="lower").holds is False
    assert row("a", "told", [1.0]).holds is None


@pytest.mark.parametrize(("values", "more"), [([], {}), ([float("nan")], {}), ([1.0], {"margins": {"nobody": 1.0}})])
def test_a_row_without_sense_is_refused(values, more):
    with pytest.raises(OptionError):
        row("a", "score", values, **more)


@pytest.mark.usefixtures("_toy")
def test_verify_runs_stores_and_reads_back(tmp_path):
    found = verify("toy", tmp_path, seeds=3)
    assert stored_evidence(tmp_path, "toy") == found
    assert Evidence.from_json(found.to_json()) == found
    assert [r.holds for r in found.rows] == [True, False, None]
    assert not found.holds
    assert found.rows[0].ours == 2.0
    assert [p.name for p in tmp_path.iterdir()] == ["toy.json"]
    assert stored_evidence(tmp_path, "other") is None
    with pytest.raises(OptionError):
        verify("toy", tmp_path, seeds=0)


@pytest.mark.usefixtures("_toy")
def test_a_stopped_claim_goes_on_with_the_seeds_it_has(tmp_path, monkeypatch):
    def stops(context):
        list(context.over_seeds("a", lambda seed: 1.0 + seed if seed < 2 else 1 / 0, 4))
        return []

    monkeypatch.setattr(MODULE, "claim_of", lambda slug: Claim(CARD, stops, 0.1))
    with pytest.raises(ZeroDivisionError):
        verify("toy", tmp_path)
    asked = []

    def goes_on(context):
        ours = context.over_seeds("a", lambda seed: asked.append(seed) or 1.0 + seed, 4)
        return [row("a", "score", ours)]

    monkeypatch.setattr(MODULE, "claim_of", lambda slug: Claim(CARD, goes_on, 0.1))
    found = verify("toy", tmp_path, resume=True)
    assert found.rows[0].ours == 2.5
    assert found.resumed
    assert asked == [2, 3]
    assert not verify("toy", tmp_path, resume=True).resumed


def test_damaged_evidence_is_refused(tmp_path):
    (tmp_path / "toy.json").write_text("{}")
    with pytest.raises(FormatError, match="no stored evidence"):
        stored_evidence(tmp_path, "toy")


@pytest.mark.usefixtures("_toy")
def test_the_ledger_shows_what_does_not_hold_and_notices_when_it_is_old(tmp_path, capsys):
    verify("toy", tmp_path / "evidence", seeds=3)
    page = tmp_path / "ledger.md"
    arguments = [str(tmp_path / "evidence"), str(page)]
    assert ledger_main([*arguments, "--check"]) == 1
    assert "make ledger" in capsys.readouterr().err
    assert ledger_main(arguments) == 0
    assert ledger_main([*arguments, "--check"]) == 0
    text = page.read_text()
    assert "| [toy](#toy) | **not all** | 1 of 2 | (a) error | rate |" in text.replace("\\|", "|")
    assert "error \\| rate" in text
    assert "1 ahead of coin" in text
    assert "A note." in text
    table = [line for line in text.splitlines() if line.startswith("| a |")]
    assert {line.replace("\\|", "").count("|") for line in table} == {7}


def test_evidence_prints_as_a_table():
    from rich.console import Console

    found = Evidence(
        "toy", tuple(toy(evidence_module.ClaimContext(seeds=2))), "aitia verify toy", {}, "here", 1.0, "today"
    )
    console = Console(record=True, width=200)
    console.print(evidence_table(found))
    assert "does not hold in every part" in console.export_text()


def test_an_unknown_claim_is_refused():
    with pytest.raises(OptionError, match="no claim here yet"):
        claim_of("no-such-system")


def test_the_claim_of_cd_nod_fails_when_the_method_is_swapped_for_its_baseline(monkeypatch):
    import aitia.systems.cd_nod.claim as module
    from aitia.systems.cd_nod import CDNOD

    class Weak(CDNOD):
        def __init__(self, test="auto", **options):
            super().__init__(test="fisher-z", **options)

    monkeypatch.setattr(module, "CDNOD", Weak)
    rows = module._part_a(evidence_module.ClaimContext(seeds=4))
    assert not all(r.holds is not False for r in rows)


def test_the_claim_of_cd_nod_runs_in_every_part_and_gives_json():
    import aitia.systems.cd_nod.claim as module

    module_rows = module.run(evidence_module.ClaimContext(seeds=1))
    assert {r.part for r in module_rows} == {"a", "b", "c", "d"}
    assert all(r.baselines for r in module_rows)
    json.dumps([r.ours for r in module_rows])
