"""Every reader on damaged files: it gives a value or one sentence of ours, in bounded time and memory.

A good file of each kind is written by our own writer, then damaged in ways that are the same at every run: bytes
flipped, cut, doubled, moved, and replaced by what once broke a parser. What a reader may do with it is to read it or to
raise an `AitiaError` that names the file.
"""

import contextlib
import gzip
import io
import json
import random
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from tests.data.test_nwb import written

from aitia.data.read import read
from aitia.data.reading.recordings import read_recordings, write_recordings
from aitia.data.reading.tracks import read_tracks, write_tracks
from aitia.data.recordings import Recording, Recordings
from aitia.data.shipped import data_path
from aitia.data.table import Table
from aitia.data.tables import read_table, write_table
from aitia.data.tracks import Tracks
from aitia.discovery import discover, load_discovery
from aitia.errors import AitiaError, FormatError
from aitia.evidence.store import Evidence
from aitia.evidence.summary import STORED
from aitia.graph import Graph, Knowledge
from aitia.graph.formats import read_bif, read_graph, write_bif, write_graph
from aitia.runs.journal import Journal
from aitia.saving import read_config, write_config
from aitia.scm import SCM
from aitia.system import load
from aitia.system.example import example_of
from aitia.text import Answer, Question, read_questions, write_questions
from aitia.text.cache import read_answer
from aitia.workflow.loading import load_run
from aitia.workflow.run import fit

DAMAGES = 40
"""Damaged files of each kind."""
STEPS, STEPS_A_BYTE = 30_000, 30
"""Calls of functions, of Python and of C, that no file may take: some whatever its size, and so many for each byte."""
BREAKERS = (
    b"\xff\xfe\x00",
    b"\x00" * 9,
    b"[" * 3000,
    b"{" * 3000,
    b"(" * 3000,
    b'"',
    b"/*",
    b"'",
    b"9" * 5000,
    b"-1",
    b"null",
    b"1e999",
    b"NaN",
    "²".encode(),
    b"\r",
    b"\\",
)
"""What once broke a parser."""

GRAPH = Graph('a -> b; b -> c; "two words" -> c; a -> c')
ANY = Graph("a o-> b; b <-> c; c --- d")
TABLE = Table.of(
    {
        "x": np.arange(12) / 7,
        "count": np.arange(12),
        "label": ["one", "two", "three"] * 4,
        "when": [f"2020-01-{k + 1:02d}" for k in range(12)],
    }
)


def _knowledge():
    return Knowledge(tiers=[["a"], ["b*", "c"]], required=[("a", "c")], forbidden=[("a", "b1")], tiers_exclusive=[1])


def _scm():
    rng = np.random.default_rng(0)
    a = rng.normal(size=40)
    b = np.array(["no", "yes"])[(a + rng.normal(size=40) > 0).astype(int)]
    return SCM.fit(Graph("a -> b; a -> c; b -> c"), Table.of({"a": a, "b": b, "c": a + rng.normal(size=40)}))


def _tracks():
    return Tracks(np.random.default_rng(0).normal(size=(3, 2, 20, 2)), np.array(["east", "west", "east"]))


def _recordings():
    parts = [
        Recording(name, np.random.default_rng(k).normal(size=(9, 2)), ("u", "v"), 2.0) for k, name in enumerate("pq")
    ]
    return Recordings.of(parts)


def _journal(path):
    journal = Journal(path)
    for key in ("first", "second", "third"):
        journal[key] = {"value": [1.5, None, key]}
    journal.close()


def _questions(path):
    options = ("Yes", "No")
    write_questions(
        path, [Question("A -> B.", f"Is it {k}?", options, "No", group="g", more={"level": k}) for k in range(3)]
    )


def _lines(path):
    path.write_text("\n".join(f"{t * 10}\t{p}\t{0.1 * t + p}\t{p * 1.5}" for t in range(20) for p in range(2)) + "\n")


def _traces(path):
    path.write_text("time,u,v\n" + "".join(f"{t / 2},{t},{-t}\n" for t in range(9)))


DAGITTY = """dag {
bb="0,0,1,1"
"blood pressure" [pos="0.5,0.5"]
dose [exposure,
  pos='0.2,0.5']
frailty [latent]
dose -> "blood pressure" [beta=-.4]
frailty -> { dose "blood pressure" }
}
"""
TETRAD = "/knowledge\naddtemporal\n1 a\n2* b c\n3- d\nforbiddirect\na b\nrequiredirect\na c\n"

FILES = {
    "graph.json": (lambda p: write_graph(ANY, p), read_graph),
    "graph.csv": (lambda p: write_graph(GRAPH, p), read_graph),
    "graph.dot": (lambda p: write_graph(ANY, p), read_graph),
    "graph.gml": (lambda p: write_graph(GRAPH, p), read_graph),
    "graph.graphml": (lambda p: write_graph(GRAPH, p), read_graph),
    "graph.dagitty": (lambda p: write_graph(ANY, p), read_graph),
    "page.dagitty": (lambda p: p.write_text(DAGITTY), read_graph),
    "graph.txt": (lambda p: write_graph(ANY, p), read_graph),
    "net.bif": (lambda p: write_bif(read_bif(data_path("survey.bif")), p), read_bif),
    "known.json": (lambda p: p.write_text(_knowledge().to_json()), Knowledge.read),
    "known.txt": (lambda p: p.write_text(_knowledge().to_text()), Knowledge.read),
    "tetrad.txt": (lambda p: p.write_text(TETRAD), Knowledge.read),
    "table.csv": (lambda p: write_table(TABLE, p), read_table),
    "table.csv.gz": (lambda p: write_table(TABLE, p), read_table),
    "table.jsonl": (lambda p: write_table(TABLE, p), read_table),
    "table.parquet": (lambda p: write_table(TABLE, p), read_table),
    "table.feather": (lambda p: TABLE.to_pandas().to_feather(p), read_table),
    "any.csv": (lambda p: write_table(TABLE, p), read),
    "tracks.npz": (lambda p: write_tracks(_tracks(), p), read_tracks),
    "tracks.txt": (_lines, read_tracks),
    "signals.npz": (lambda p: write_recordings(_recordings(), p), read_recordings),
    "signals.csv": (
        lambda p: p.write_text("time,u,v\n" + "".join(f"{t / 2},{t},{-t}\n" for t in range(9))),
        read_recordings,
    ),
    "signals.nwb": (written, read_recordings),
    "clips.npz": (
        lambda p: np.savez(p, clips=np.zeros((2, 3, 4, 4, 3), np.uint8), size=np.arange(2.0)),
        lambda p: read(p, takes=("clips",)),
    ),
    "model.scm": (lambda p: _scm().save(p), SCM.load),
    "work.journal": (_journal, Journal),
    "questions.jsonl": (_questions, read_questions),
    "questions.parquet": (_questions, read_questions),
    "questions.csv": (
        lambda p: p.write_text('premise,question,options,label,seed\n"A, B",Is it?,"[""Yes"",""No""]",No,3\n'),
        read_questions,
    ),
    "answer.json": (
        lambda p: p.write_text(json.dumps({"answer": Answer("yes", "stop", 3, 1, 0.5, by="m").to_json()})),
        read_answer,
    ),
    "evidence.json": (
        lambda p: p.write_bytes((STORED / "hca.json").read_bytes()),
        lambda p: Evidence.from_json(p.read_bytes().decode("utf-8", "replace")),
    ),
    "config.json": (
        lambda p: write_config(p.parent, "Thing", {"a": 1, "b": [1, 2]}),
        lambda p: read_config(p.parent, "Thing"),
    ),
}
NO_PLACE = {"evidence.json"}
"""Read from a text, whose file the caller names."""


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The bytes of each good file, which its reader reads."""
    found = {}
    for name, (write, reader) in FILES.items():
        path = tmp_path_factory.mktemp("good") / name
        write(path)
        assert reader(path) is not None
        found[name] = path.read_bytes()
    return found


def damaged(data, number):
    """Damage number `number` to the bytes; the same at every run."""
    rng = random.Random(number * 7919 + len(data))
    at, other = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    if number % 5 == 0:
        out = bytearray(data)
        for _ in range(rng.choice([1, 1, 3])):
            out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
        return bytes(out)
    return [
        data[:at],
        data[:other] + data[at:other] + data[other:],
        data[:at] + data[other:],
        data[:at] + rng.choice(BREAKERS) + data[at:],
    ][number % 5 - 1]


class Steps:
    """Counts the calls of functions within, and ends what takes more than `most`; the same on every machine."""

    def __init__(self, most):
        self.most, self.taken = most, 0

    def __enter__(self):
        sys.setprofile(self._count)

    def __exit__(self, *error):
        sys.setprofile(None)

    def _count(self, frame, event, argument):
        if event in ("call", "c_call"):
            self.taken += 1
            if self.taken > self.most:
                sys.setprofile(None)
                raise AssertionError(f"more than {self.most} calls of functions")


def try_to_read(reader, path, *, names_file=True):
    """Reads it; the sentence is checked, and the work."""
    size = sum(p.stat().st_size for p in (path.rglob("*") if path.is_dir() else [path]) if p.is_file())
    counted = Steps(STEPS + STEPS_A_BYTE * size)
    try:
        with counted:
            reader(path)
    except AitiaError as error:
        told = str(error)
        assert told
        assert len(told) < 2000, told[:200]
        if names_file and isinstance(error, FormatError):  # other errors are about the rows or variables they name
            assert path.name in told or str(path.parent) in told, told


@pytest.mark.parametrize("name", FILES)
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_file_is_read_or_refused_in_one_sentence(name, good, tmp_path):
    reader, path = FILES[name][1], tmp_path / name
    for number in range(DAMAGES):
        path.write_bytes(damaged(good[name], number))
        try_to_read(reader, path, names_file=name not in NO_PLACE)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
JSON_FILES = ("graph.json", "known.json", "evidence.json", "config.json", "answer.json")


def places(value, at=()):
    """The places in a JSON value."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*at, key))


def replaced(value, at, new):
    """The value with another at this place."""
    if not at:
        return new
    copy = value.copy()
    copy[at[0]] = replaced(value[at[0]], at[1:], new)
    return copy


@pytest.mark.parametrize("name", JSON_FILES)
@settings(max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@seed(21)
@given(data=st.data())
def test_json_with_another_value_at_any_place_is_read_or_refused(name, data, good, tmp_path):
    value = json.loads(good[name])
    at = data.draw(st.sampled_from(sorted(places(value), key=repr)))
    path = tmp_path / name
    path.write_text(json.dumps(replaced(value, at, data.draw(VALUES))))
    with contextlib.suppress(AitiaError):
        FILES[name][1](path)


NPZ = ("tracks.npz", "signals.npz", "clips.npz", "model.scm")


def header(shape, descr="<f8"):
    told = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}"
    text = told.ljust((len(told) + 74) // 64 * 64 - 11) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize("name", NPZ)
@pytest.mark.parametrize(
    "entry",
    [
        header((2**50,)),
        header((2**62, 2**62)),
        header((-1,)),
        header("(" * 3000),
        header((3,), "|O") + b"\x80\x04N.",
        header((4,), "<U0"),
        b"",
        b"no array",
    ],
    ids=["2^50", "2^124", "negative", "nested", "pickle", "no width", "empty", "text"],
)
def test_an_array_that_announces_what_is_not_there_is_refused_and_nothing_is_allocated(name, entry, good, tmp_path):
    path = tmp_path / name
    with zipfile.ZipFile(io.BytesIO(good[name])) as old, zipfile.ZipFile(path, "w") as new:
        for place in old.namelist():
            new.writestr(place, entry)
    with pytest.raises(AitiaError, match=path.name):
        FILES[name][1](path)


@pytest.mark.parametrize("name", NPZ)
def test_a_bomb_is_refused_by_what_it_announces(name, tmp_path, monkeypatch):
    path = tmp_path / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("raw.npy", header((2**20,)) + bytes(2**23))
    monkeypatch.setattr("aitia.guard.allowed_bytes", lambda: 2**22)
    with pytest.raises(AitiaError, match=r"announces 0\.0 GB, and 0\.0 GB may be used here"):
        FILES[name][1](path)


def test_work_that_grows_with_the_square_of_the_size_is_caught(tmp_path):
    path = tmp_path / "t.txt"
    path.write_bytes(b"x" * 1000)
    try_to_read(lambda path: [len(line) for line in path.read_bytes().split(b"x")], path)
    with pytest.raises(AssertionError, match="more than 60000 calls of functions"):
        try_to_read(lambda path: [len(str(a)) for a in path.read_bytes() for _ in range(1000)], path)


# -- folders -----------------------------------------------------------------------------------------------------------


def folder_files(folder):
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix in (".json", ".parquet", ".safetensors"))


@pytest.fixture(scope="module")
def discovery(tmp_path_factory):
    place = tmp_path_factory.mktemp("runs") / "found"
    rng = np.random.default_rng(0)
    x = rng.normal(size=50)
    discover(Table.of({"x": x, "y": x + rng.normal(size=50), "label": ["one", "two"] * 25}), out=place)
    load_discovery(place)
    return place


def _fit(slug, tmp_path_factory):
    place = tmp_path_factory.mktemp("runs") / "fit"
    example = example_of(slug, tmp_path_factory.mktemp("example"))
    fit(slug, example.files, out=place, **{**example.named, **({"steps": 2} if slug == "gde" else {})})
    load_run(place)
    return place


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    return _fit("hca", tmp_path_factory)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return _fit("gde", tmp_path_factory)


KINDS = {"discovery": load_discovery, "fitted": load_run, "network": load_run}
WRONG = (b"[1]", b'"x"', b"{}", b"5", b"null", b"[" * 100_000, b'{"kind": [', b"\xff\xfe", b"")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore")
def test_a_run_with_wrong_things_inside_is_refused_in_one_sentence(kind, request, tmp_path):
    folder, reader = request.getfixturevalue(kind), KINDS[kind]
    for file in folder_files(folder):
        held = file.read_bytes()
        damages = [damaged(held, number) for number in range(6)] + list(WRONG)
        try:
            for wrong in damages:
                file.write_bytes(wrong)
                with contextlib.suppress(AitiaError):
                    reader(folder)
        finally:
            file.write_bytes(held)
    reader(folder)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@seed(21)
@given(data=st.data())
def test_a_run_with_another_value_at_any_place_of_its_json_is_read_or_refused(kind, data, request):
    folder, reader = request.getfixturevalue(kind), KINDS[kind]
    names = ("run.json", "kinds.json", "graph.json", "source.json", "config.json", "training.json")
    file = data.draw(st.sampled_from([p for p in folder_files(folder) if p.name in names]))
    held = file.read_bytes()
    value = json.loads(held)
    at = data.draw(st.sampled_from(sorted(places(value), key=repr)))
    try:
        file.write_text(json.dumps(replaced(value, at, data.draw(VALUES))))
        with contextlib.suppress(AitiaError):
            reader(folder)
    finally:
        file.write_bytes(held)


def test_a_folder_that_is_no_system_is_refused(tmp_path):
    for wrong in WRONG:
        (tmp_path / "config.json").write_bytes(wrong)
        with pytest.raises(AitiaError, match=str(Path(tmp_path).name)):
            load(tmp_path)


@pytest.mark.parametrize("name", ["t.csv.gz", "t.tsv.gz", "t.jsonl.gz"])
def test_a_packed_file_is_refused_by_what_it_announces_or_holds(name, tmp_path, monkeypatch):
    monkeypatch.setattr("aitia.guard.allowed_bytes", lambda: 2**20)
    monkeypatch.setattr("aitia.data.reading.packed.allowed_bytes", lambda: 2**20)
    path, packed = tmp_path / name, gzip.compress(b"a\n" * 2**22)
    path.write_bytes(packed)
    with pytest.raises(FormatError, match=rf"{name} announces 0\.0 GB, and 0\.0 GB may be used here"):
        read_table(path)
    path.write_bytes(packed[:-4] + (9).to_bytes(4, "little"))  # its end lies
    with pytest.raises(FormatError, match=rf"{name} unpacks to more than 0\.0 GB"):
        read_table(path)


def test_a_workbook_is_refused_by_what_it_announces(tmp_path, monkeypatch):
    monkeypatch.setattr("aitia.guard.allowed_bytes", lambda: 2**20)
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/worksheets/sheet1.xml", b" " * 2**22)
    with pytest.raises(FormatError, match=r"t.xlsx announces 0\.0 GB"):
        read_table(tmp_path / "t.xlsx")
