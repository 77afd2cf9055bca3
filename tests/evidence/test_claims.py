"""Claims as they are run, stored, resumed, replayed and shown, on a toy."""

import importlib
import json
from dataclasses import replace

import pytest

from aitia.card import Card
from aitia.errors import FormatError, OptionError
from aitia.evidence import Claim, ClaimContext, Evidence, row, stored_evidence
from aitia.evidence.store import control_faults
from aitia.system import find
from aitia.workflow.claim_table import evidence_table
from aitia.workflow.ledger import ledger
from aitia.workflow.ledger import main as ledger_main
from aitia.workflow.replay import differences, is_stale, replay
from aitia.workflow.verify import claim_of, verify

VERIFY = importlib.import_module("aitia.workflow.verify")  # the name `verify` in the package is the function
REPLAY = importlib.import_module("aitia.workflow.replay")
LEDGER = importlib.import_module("aitia.workflow.ledger")

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


class Toy:
    """A claim whose numbers, bars and source can be changed from outside."""

    def __init__(self):
        self.base, self.bar, self.asked, self.source, self.stop, self.minutes = 1.0, 1.5, [], "first", None, 0.1
        self.machine = {"architecture": "x", "processor": "y"}
        self.found, self.more, self.why, self.controls = 0.25, {}, {}, ("nothing to find",)
        self.later, self.needs = None, ""

    def seed(self, seed):
        if seed == self.stop:
            raise ZeroDivisionError
        self.asked.append(seed)
        return {"ours": self.base + seed, "coin": 0.5, "long": [float(seed)] * 200}

    def part_a(self, context):
        found = context.over_seeds("a", self.seed, 5)
        ours, coin = ([f[name] for f in found] for name in ("ours", "coin"))
        if self.controls:
            context.control("nothing to find", lambda seed: {"score": self.found, **self.more})
        if self.more:
            context.control("more", lambda seed: {"score": 0.5})
        return [
            row("a", "score", ours, bar=self.bar, baselines={"coin": coin}, ahead_of={"coin": 0.1}, note="A note."),
            row("a", "error | rate", ours, direction="lower", bar=0.5),
        ]

    def run(self, context):
        rows = [*self.part_a(context), row("b", "only told", context.over_seeds("b", float, 2))]
        if self.later is not None:
            rows.insert(1, row("c", "later", context.over_seeds("c", lambda seed: 2.0 + seed, 3), bar=self.later))
        return [*rows, *([row("d", "elsewhere", [], note=self.needs)] if self.needs else [])]

    @property
    def claim(self):
        names = (*self.controls, *(("more",) if self.more else ()))
        return Claim(CARD, self.run, self.minutes, "coin", cheapest=self.part_a, controls=names, uncontrolled=self.why)


@pytest.fixture
def toy(monkeypatch):
    made = Toy()
    monkeypatch.setattr(VERIFY, "claim_of", lambda slug: made.claim)
    monkeypatch.setattr(LEDGER, "claim_of", lambda slug: made.claim)
    monkeypatch.setattr(VERIFY, "machine_here", lambda: made.machine)
    monkeypatch.setattr(VERIFY, "origin_key", lambda found=None, machine=None: (machine or made.machine)["processor"])
    monkeypatch.setattr(REPLAY, "origin_key", lambda found=None, machine=None: (machine or made.machine)["processor"])
    monkeypatch.setattr(VERIFY, "source_of", lambda slug: made.source)
    monkeypatch.setattr(REPLAY, "remembered_hash", lambda module: made.source)
    return made


def test_verify_runs_stores_and_reads_back(toy, tmp_path):
    found = verify("toy", tmp_path, seeds=4)
    assert stored_evidence(tmp_path, "toy") == found
    assert [j.verdict for j in found.judged] == ["open", "open", "open"]
    assert found.rows[0].values == (1.0, 2.0, 3.0, 4.0)
    assert (found.source, found.machine, found.first_seed, found.command) == (
        "first", toy.machine, 0, "aitia verify toy --seeds 4",
    )  # fmt: skip
    assert found.first["a"]["ours"] == 1.0
    assert found.first["a"]["long"]["numbers"] == 200, "long lists are kept as sums"
    assert found.swap_holds() is None
    assert not found.control_holds("nothing to find")
    assert [p.name for p in tmp_path.iterdir()] == ["toy.json"]
    assert stored_evidence(tmp_path, "other") is None


@pytest.mark.parametrize("named", [(), ("another",), ("nothing to find", "another")])
def test_a_claim_that_runs_other_controls_than_it_names_is_refused(toy, tmp_path, monkeypatch, named):
    claim = replace(toy.claim, controls=named)
    monkeypatch.setattr(VERIFY, "claim_of", lambda slug: claim)
    with pytest.raises(OptionError, match="ran \\['nothing to find'\\]"):
        verify("toy", tmp_path, seeds=1)
    assert not (tmp_path / "toy.json").exists()


def test_a_control_whose_data_are_not_here_may_be_named_and_is_not_stored(toy, tmp_path, monkeypatch):
    def run(context):
        context.control_absent("labels of others")
        return [*toy.part_a(context), row("d", "elsewhere", [], note="Not run here: needs labels.")]

    claim = Claim(CARD, run, 0.1, "coin", controls=("nothing to find", "labels of others"))
    monkeypatch.setattr(VERIFY, "claim_of", lambda slug: claim)
    found = verify("toy", tmp_path, seeds=2)
    assert [control.name for control in found.controls] == ["nothing to find"]
    assert control_faults(found, claim.controls, toy.source) == ["the control 'labels of others' is not stored"]


def test_a_row_that_is_judged_no_more_stays_in_the_file_and_on_the_page(toy, tmp_path):
    verify("toy", tmp_path)
    toy.bar = 2.5
    again = verify("toy", tmp_path)
    assert [(old.row.metric, old.row.bar) for old in again.replaced] == [("score", 1.5)]
    assert stored_evidence(tmp_path, "toy") == again
    assert verify("toy", tmp_path).replaced == again.replaced, "it stays when the claim is measured once more"
    toy.source = "second"
    assert replay("toy", tmp_path).stamped
    assert stored_evidence(tmp_path, "toy").replaced == again.replaced
    assert "- replaced: (a) score, asked ≥ 1.5: open when last measured" in ledger([again])


def test_damaged_evidence_is_not_written_over(toy, tmp_path):
    (tmp_path / "toy.json").write_text("{")
    with pytest.raises(FormatError, match=r"toy\.json would be written over and cannot be read: move it away"):
        verify("toy", tmp_path)
    assert toy.asked == [], "it is told before anything is measured"


def test_mistakes_of_verify_are_told(toy, tmp_path):
    for options in ({"seeds": 0}, {"first_seed": -1}, {"seeds": 2, "quick": True}):
        with pytest.raises(OptionError):
            verify("toy", tmp_path, **options)


def test_all_seeds_are_shifted_and_the_file_says_so(toy, tmp_path):
    verify("toy", tmp_path)
    found = verify("toy", tmp_path, first_seed=100)
    assert toy.asked == [*range(5), *range(100, 105)]
    assert found.rows[0].values[0] == 101.0
    assert found.controls[0].seed == 100
    assert found.command == "aitia verify toy --first-seed 100"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["toy.from-100.json", "toy.json"]


@pytest.mark.parametrize(("minutes", "parts"), [(119, {"a", "b"}), (121, {"a"})])
def test_a_quick_run_takes_the_first_seed_and_of_a_long_claim_the_cheapest_part(toy, tmp_path, minutes, parts):
    toy.minutes = minutes
    found = verify("toy", tmp_path, quick=True)
    assert toy.asked == [0]
    assert {r.part for r in found.rows} == parts
    assert {j.verdict for j in found.judged} == {"open"}
    assert found.quick
    assert [p.name for p in tmp_path.iterdir()] == ["toy.quick.json"]


def test_a_stopped_claim_goes_on_with_the_seeds_it_has(toy, tmp_path):
    toy.stop = 2
    with pytest.raises(ZeroDivisionError):
        verify("toy", tmp_path)
    toy.stop = None
    found = verify("toy", tmp_path, resume=True)
    assert found.resumed
    assert toy.asked == [0, 1, 2, 3, 4]
    assert found.rows[0].values == (1.0, 2.0, 3.0, 4.0, 5.0)
    assert not verify("toy", tmp_path, resume=True).resumed


@pytest.mark.parametrize("change", [{"source": "second"}, {"machine": {"architecture": "x", "processor": "z"}}])
def test_seeds_of_other_code_or_another_machine_are_run_anew(toy, tmp_path, change):
    toy.stop = 2
    with pytest.raises(ZeroDivisionError):
        verify("toy", tmp_path)
    toy.stop = None
    vars(toy).update(change)
    assert not verify("toy", tmp_path, resume=True).resumed
    assert toy.asked == [0, 1, 0, 1, 2, 3, 4]


def test_a_replay_that_comes_back_renews_stale_evidence(toy, tmp_path):
    before = verify("toy", tmp_path)
    assert not is_stale(before)
    toy.source = "second"
    assert is_stale(before)
    toy.asked.clear()
    done = replay("toy", tmp_path)
    assert (done.stamped, done.differs, done.file) == (True, (), tmp_path / "toy.json")
    assert toy.asked == [0], "only the first seed runs"
    after = stored_evidence(tmp_path, "toy")
    assert not is_stale(after)
    assert after.rows == before.rows
    assert [r.source for r in after.replays] == ["second"]
    assert replace(after, source="first", replays=()) == before
    assert [p.name for p in tmp_path.iterdir()] == ["toy.json"]


def test_a_replay_takes_up_controls_that_were_not_stored_and_moves_nothing_else(toy, tmp_path):
    before = verify("toy", tmp_path)
    toy.more, toy.why, toy.source = {"error | rate": 0.9}, {"only told": "it is told"}, "second"
    toy.asked.clear()
    done = replay("toy", tmp_path)
    assert (done.stamped, toy.asked) == (True, [0])
    assert done.controls == ("nothing to find: error | rate 0.9", "more: score 0.5")
    after = stored_evidence(tmp_path, "toy")
    assert after.rows == before.rows
    assert [(c.name, c.values) for c in after.controls] == [
        ("nothing to find", {"score": 0.25, "error | rate": 0.9}),
        ("more", {"score": 0.5}),
    ]
    assert after.uncontrolled == toy.why
    assert after.first == before.first | {
        "control, nothing to find": {"score": 0.25, "error | rate": 0.9},
        "control, more": {"score": 0.5},
    }
    assert replay("toy", tmp_path).controls == ()


def test_a_replay_measures_a_part_that_was_not_stored_and_leaves_the_others(toy, tmp_path):
    toy.needs = "Not run here."
    before = verify("toy", tmp_path)
    toy.later, toy.needs, toy.source = 1.0, "Not run here: needs it.", "second"
    toy.asked.clear()
    done = replay("toy", tmp_path)
    assert (done.stamped, toy.asked) == (True, [0])
    assert done.rows == ("(c) later", "(d) elsewhere")
    after = stored_evidence(tmp_path, "toy")
    assert [(r.part, r.seeds) for r in after.rows] == [("a", 5), ("c", 3), ("a", 5), ("b", 2), ("d", 0)]
    assert after.rows[1].values == (2.0, 3.0, 4.0)
    assert after.rows[4].note == "Not run here: needs it."
    assert [r for r in after.rows if r.part in "ab"] == [r for r in before.rows if r.part in "ab"]
    assert after.first == before.first | {"c": 2.0}
    toy.asked.clear()
    again = replay("toy", tmp_path)
    assert (again.stamped, again.rows) == (True, ())
    assert stored_evidence(tmp_path, "toy").rows == after.rows, "from now on its first seed alone runs"
    toy.needs = ""
    assert replay("toy", tmp_path).stamped
    assert [r.part for r in stored_evidence(tmp_path, "toy").rows] == ["a", "c", "a", "b"], "what had no values may go"


def test_a_replay_takes_no_new_row_of_a_part_that_was_measured_before(toy, tmp_path):
    verify("toy", tmp_path)
    text = (tmp_path / "toy.json").read_text()
    part_b = toy.run

    def run(context):
        rows = part_b(context)
        return [*rows, row("e", "of what was seen", rows[0].values, bar=0.5)]

    toy.run, toy.source = run, "second"
    done = replay("toy", tmp_path)
    assert done.differs == ("(e) of what was seen is a new row",)
    toy.later = 1.0
    assert replay("toy", tmp_path).differs == ("(e) of what was seen is a new row",), "nor beside a part that is new"
    assert (tmp_path / "toy.json").read_text() == text


@pytest.mark.parametrize("gone", [{"found": 0.26}, {"controls": ()}])
def test_a_replay_takes_up_no_control_where_a_stored_one_does_not_come_back(toy, tmp_path, gone):
    verify("toy", tmp_path)
    text = (tmp_path / "toy.json").read_text()
    toy.more, toy.source = {"error | rate": 0.9}, "second"
    vars(toy).update(gone)
    done = replay("toy", tmp_path)
    assert not done.stamped
    assert "control, nothing to find" in done.differs[0]
    assert (tmp_path / "toy.json").read_text() == text


def test_a_replay_within_rounding_comes_back_and_one_beyond_does_not(toy, tmp_path):
    verify("toy", tmp_path)
    toy.source, toy.base = "second", 1.0 + 5e-7
    assert replay("toy", tmp_path).stamped
    toy.source, toy.base = "third", 1.0 + 5e-6
    text = (tmp_path / "toy.json").read_text()
    done = replay("toy", tmp_path)
    assert not done.stamped
    assert len(done.differs) == 1
    assert "a / ours" in done.differs[0]
    assert (tmp_path / "toy.json").read_text() == text, "what is stored stays as it was, and stale"
    assert is_stale(stored_evidence(tmp_path, "toy"))


def test_a_replay_does_not_bring_in_another_bar(toy, tmp_path):
    verify("toy", tmp_path)
    toy.bar, toy.source = 0.5, "second"
    done = replay("toy", tmp_path)
    assert not done.stamped
    assert "(a) score is judged otherwise" in done.differs[0]


def test_a_replay_on_another_machine_is_a_second_file_and_no_stamp(toy, tmp_path):
    verify("toy", tmp_path)
    text = (tmp_path / "toy.json").read_text()
    toy.source, toy.machine = "second", {"architecture": "x", "processor": "z"}
    done = replay("toy", tmp_path)
    assert (done.stamped, done.differs, done.file) == (False, (), tmp_path / "toy.replay-z.json")
    assert (tmp_path / "toy.json").read_text() == text
    assert Evidence.from_json(done.file.read_text()).machine == toy.machine
    toy.base = 7.0
    assert replay("toy", tmp_path).differs


def test_two_codes_that_agree_on_another_machine_renew_the_evidence(toy, tmp_path):
    before = verify("toy", tmp_path)
    toy.machine, toy.base = {"architecture": "x", "processor": "z"}, 7.0  # where the same code gives other numbers
    assert not replay("toy", tmp_path).stamped
    assert not replay("toy", tmp_path).stamped, "the same code beside itself says nothing"
    toy.source = "second"
    done = replay("toy", tmp_path)
    assert (done.stamped, done.differs, done.file) == (True, (), tmp_path / "toy.json")
    after = stored_evidence(tmp_path, "toy")
    assert [(r.source, r.machine) for r in after.replays] == [("second", "z")]
    assert replace(after, source="first", replays=()) == before, "not a number of the other machine comes in"
    assert "beside the code of before on z" in ledger([after])
    toy.source = "third"
    assert replay("toy", tmp_path).stamped, "the second file moves on with the evidence"


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"base": 7.1}, "a / ours"),
        ({"bar": 0.5}, "(a) score is judged otherwise"),
        ({"found": 0.26}, "control, nothing to find"),
    ],
)  # fmt: skip
def test_two_codes_that_differ_on_another_machine_renew_nothing(toy, tmp_path, change, differs):
    verify("toy", tmp_path)
    toy.machine, toy.base = {"architecture": "x", "processor": "z"}, 7.0
    replay("toy", tmp_path)
    held = {path.name: path.read_text() for path in tmp_path.iterdir()}
    vars(toy).update({"source": "second", **change})
    done = replay("toy", tmp_path)
    assert not done.stamped
    assert any(differs in told for told in done.differs), done.differs
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == held


def test_a_part_that_is_new_says_where_it_was_measured(toy, tmp_path):
    before = verify("toy", tmp_path)
    toy.machine, toy.base = {"architecture": "x", "processor": "z"}, 7.0
    replay("toy", tmp_path)
    toy.later, toy.source = 1.0, "second"
    done = replay("toy", tmp_path)
    assert (done.stamped, done.rows) == (True, ("(c) later",))
    after = stored_evidence(tmp_path, "toy")
    assert [r for r in after.rows if r.part in "ab"] == list(before.rows)
    assert (after.rows[1].values, after.rows[1].note) == ((2.0, 3.0, 4.0), "Measured on z, unlike the rows before.")
    assert after.first == before.first | {"c": 2.0}


def test_a_second_file_of_another_code_stamps_nothing(toy, tmp_path):
    verify("toy", tmp_path)
    toy.machine, toy.source = {"architecture": "x", "processor": "z"}, "second"
    replay("toy", tmp_path)
    toy.source = "third"
    assert not replay("toy", tmp_path).stamped
    assert stored_evidence(tmp_path, "toy").source == "first"


def test_a_replay_needs_values(toy, tmp_path):
    with pytest.raises(OptionError, match="no stored evidence of toy"):
        replay("toy", tmp_path)
    old = replace(verify("toy", tmp_path), source=None, first={})
    (tmp_path / "toy.json").write_text(old.to_json())
    with pytest.raises(OptionError, match="holds no values"):
        replay("toy", tmp_path)


def test_values_are_compared_wherever_they_lie():
    stored = {"a": [1.0, {"b": True}], "c": "x", "n": float("nan"), "zero": 0.0}
    same = {"a": [1.0 + 1e-9, {"b": True}], "c": "x", "n": float("nan"), "zero": 1e-15}
    assert differences(stored, same) == []
    told = differences(stored, {"a": [1.0, {"b": False}], "c": "y", "n": 1.0, "zero": 1e-9, "more": 1})
    assert [t.partition(":")[0] for t in told] == ["more was not there", "a / 1 / b", "c", "n", "zero"], told
    assert differences([1, 2], [1]) == [": 1 values in place of 2"]


def test_the_source_of_a_rival_has_to_be_written_out(toy, monkeypatch):
    monkeypatch.setattr(VERIFY, "rivals_of", lambda module: {"hca"})
    context = ClaimContext(find=lambda slug: VERIFY._rival(slug, "toy"))
    assert context.rival("hca").__name__ == "HCA"
    with pytest.raises(OptionError, match=r"write context.rival\('cd-nod'\) out"):
        context.rival("cd-nod")
    with pytest.raises(OptionError, match="knows no systems"):
        ClaimContext().rival("hca")


def test_the_ledger_tells_verdicts_the_papers_sentence_and_when_it_is_old(toy, tmp_path, capsys):
    verify("toy", tmp_path / "evidence")
    verify("toy", tmp_path / "evidence", first_seed=7, seeds=2)
    page = tmp_path / "ledger.md"
    arguments = [str(tmp_path / "evidence"), str(page)]
    assert ledger_main([*arguments, "--check"]) == 1
    assert "make ledger" in capsys.readouterr().err
    assert ledger_main(arguments) == 0
    assert ledger_main([*arguments, "--check"]) == 0
    text = page.read_text()
    assert "| [toy](#toy) | c | holds 1, open 1, fails 1 | fails: (a) error \\| rate; open: (a) score |" in text
    assert "ahead of coin by more than 0.1" in text
    assert "with coin in place of ours the claim does not hold" in text
    assert "negative control nothing to find: does not hold" in text
    assert "`aitia verify toy --seeds 2 --first-seed 7`" in text
    assert "- (a) A note." in text
    table = [line for line in text.splitlines() if line.startswith("| a |")]
    assert {line.replace("\\|", "").count("|") for line in table} == {8}
    toy.source = "second"
    assert ledger_main([*arguments, "--check"]) == 0, "stale is shown and no mistake"
    assert "aitia verify toy --replay" in capsys.readouterr().out
    assert ledger_main(arguments) == 0
    assert "fails 1 (stale)" in page.read_text()


def test_the_ledger_shows_who_matches():
    rows = (row("a", "score", [1.0, 1.1, 1.2], bar=0.8, baselines={"R": [1.1, 1.0, 1.2]}, ahead_of={"R": 0.0}),)
    text = ledger([Evidence("toy", rows, "c", {}, "here", 1.0, "today")])
    assert "(a) matched by R" in text


def test_the_ledger_tells_what_comes_out_otherwise_on_other_seeds():
    def measured(values, command):
        rows = (
            row("a", "score", values, bar=0.8, baselines={"R": [0.1, 0.2, 0.1]}, ahead_of={"R": 0.0}),
            row("b", "told", values),
        )
        return Evidence("toy", rows, command, {}, "here", 1.0, "today")

    first = measured([1.0, 1.1, 1.2], "c")
    fresh, same = measured([0.5, 0.51, 0.52], "c --first-seed 5000"), measured([1.2, 1.1, 1.0], "c --first-seed 7000")
    text = ledger([first], others=[fresh, same])
    assert "`c --first-seed 5000`, on here, today: holds 1, fails 1; 1 of 2 comparisons come out as above; " in text
    assert "(a) score: holds above, fails there" in text
    assert "`c --first-seed 7000`, on here, today: holds 2; 2 of 2 comparisons come out as above\n" in text


def test_evidence_prints_as_a_table(toy):
    from rich.console import Console

    found = Evidence("toy", tuple(toy.run(ClaimContext(seeds=5))), "aitia verify toy", {}, "here", 1.0, "today")
    console = Console(record=True, width=200)
    console.print(evidence_table(found))
    text = console.export_text()
    assert "toy: holds 1, open 1, fails 1" in text
    assert "ahead of coin by more than 0.1" in text


def test_an_unknown_claim_is_refused():
    with pytest.raises(OptionError, match="no claim here yet"):
        claim_of("no-such-system")


def test_the_claim_of_cd_nod_runs_in_every_part_and_gives_json():
    import aitia.systems.cd_nod.claim as module

    module_rows = module.run(ClaimContext(seeds=1, find=_found))
    assert {r.part for r in module_rows} == {"a", "b", "c", "d", "e", "f"}
    assert all(r.baselines for r in module_rows)
    json.dumps([r.ours for r in module_rows])


def _found(slug):
    return find(slug).load()
