"""Files and folders that are made to do harm, through every reader there is: a value or one sentence, and nothing runs.

Readers are found by walking over the package: what takes a path or a subject first. One that wants more beside says in
`MORE` what it is given here, so that a new reader is attacked, or makes this red.
"""

import contextlib
import gzip
import importlib
import inspect
import io
import json
import os
import pickle
import pkgutil
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import aitia
from aitia.data.spreadsheet import Reading
from aitia.data.subjects import Network, Subject
from aitia.errors import AitiaError, RunError
from aitia.nn.opening import open_module
from aitia.system import load, systems
from aitia.system.loading import _unopened
from aitia.workflow.loading import load_run

NAMED = re.compile(r"(read|load|open)(_\w+)?|from_(pretrained|file|path)")
OTHERS = (
    ".runs.run.open_run", ".discovery.save.open_discovery",  # make the folder that they are given
    ".tuned.Tuned.load",  # which only the `from_pretrained` of its system calls
    ".saving.Saved.from_pretrained",  # which says what others do
)  # fmt: skip
DEEP = (".sequences.model.SequenceModel.load", ".backbone.load_network", ".backbone.open_network")
"""Of a `config.json` that is nested beyond the stack of Python they hand on what transformers raises; nothing runs."""
MORE = {
    "read_pages": lambda path: {"found": [path]},
    "read_texts": lambda path: {"found": [path], "kinds": None},
    "read_written": lambda path: {"takes": ("table", "clips")},
    "spreadsheet.reading.read_text": lambda path: {
        "data": path.read_bytes(),
        "how": Reading(),
        "separator": None,
        "kinds": {},
    },
    "open_clip_folder": lambda path: {"texts": True},
    "open_detector": lambda path: {"least": 0.5},
    "DiffusersVQ.load": lambda path: {"size": 8},
    "read_config": lambda path: {"name": "Thing"},
}
"""By the end of the name of a reader, what it wants beside the path."""
INNER = {
    "aitia.data.reading.hub.read_hub", "aitia.data.reading.pages.read_pages",
    "aitia.data.reading.parallel.read_parallel", "aitia.data.reading.pictures.read_pictures",
    "aitia.data.reading.reports.read_reports", "aitia.data.reading.rows.read_framed",
    "aitia.data.reading.rows.read_written", "aitia.data.reading.texts.read_texts", "aitia.data.reading.vqa.read_vqa",
    "aitia.data.reading.tracks.read_tracks", "aitia.data.spreadsheet.reading.read_text",
}  # fmt: skip
"""Parts of `aitia.data.read`, which turns whatever they raise into a sentence and is attacked itself."""


@pytest.fixture(scope="module")
def readers():
    """Every public function or class method that reads, by its full name, with what it is given first."""
    found = {}
    for told in pkgutil.walk_packages(aitia.__path__, "aitia."):
        if told.name.endswith("__main__") or told.name.startswith(("aitia.cli", "aitia.studio")):
            continue
        module = importlib.import_module(told.name)
        held = {n: o for n, o in vars(module).items() if getattr(o, "__module__", None) == told.name}
        parts = {n: o for n, o in held.items() if inspect.isfunction(o)}
        for name, kind in held.items():
            bound = vars(kind).items() if inspect.isclass(kind) else ()
            methods = [n for n, o in bound if isinstance(o, (classmethod, staticmethod))]
            parts |= {f"{name}.{n}": getattr(kind, n) for n in methods}
        for name, function in parts.items():
            if NAMED.fullmatch(name.rpartition(".")[2]) and not name.startswith("_"):
                first = next(iter(inspect.signature(function).parameters.values()), None)
                if first is not None and (of := _first(first)) is not None:
                    found[f"{told.name}.{name}"] = (function, of)
    return {name: found[name] for name in sorted(found) if not name.endswith(OTHERS)}


def _first(parameter):
    """The kind of what a reader takes first: a path, a subject, or neither."""
    told = parameter.annotation
    if isinstance(told, type) and issubclass(told, Subject):
        return Network if told is Subject else told
    return Path if Path in (told, *get_args(told)) else None


def _more(name):
    """What a reader is given beside the path; None where nothing is said."""
    return next((more for end, more in MORE.items() if name.endswith(f".{end}")), None)


def test_the_walk_finds_the_readers_and_each_can_be_called(readers):
    assert len(readers) > 60
    assert {"aitia.system.loading.load", "aitia.data.read.read", "aitia.workflow.loading.load_run"} <= set(readers)
    for name, (function, _) in readers.items():
        beside = list(inspect.signature(function).parameters.values())[1:]
        free = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        wanted = [p.name for p in beside if p.default is p.empty and p.kind not in free]
        assert not wanted or _more(name), f"{name} wants {wanted}: say in MORE what it is given"


# -- what is made to do harm ----------------------------------------------------------------------------------------


class Bomb:
    """Unpickled, it makes the folder `canary`."""

    def __reduce__(self):
        return eval, ("__import__('os').mkdir(__import__('os').environ['AITIA_CANARY'])",)


def pickled():
    return pickle.dumps(Bomb())


def torch_pickle():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr("archive/data.pkl", pickled())
        file.writestr("archive/version", "3")
    return held.getvalue()


def object_array(packed=False):
    held, array = io.BytesIO(), np.array([Bomb()], dtype=object)
    np.savez(held, clips=array) if packed else np.save(held, array, allow_pickle=True)
    return held.getvalue()


def safetensors(head, body=b"\0" * 64, length=None):
    text = json.dumps(head).encode() if isinstance(head, dict) else head
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def tensor(dtype="F32", shape=(4,), offsets=(0, 16)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


WEIGHTS = {
    "2^63": safetensors({"a": tensor()}, length=2**63),
    "2^63-1": safetensors({"a": tensor()}, length=2**63 - 1),
    "overlapping": safetensors({"a": tensor(), "b": tensor(offsets=(8, 24))}),
    "beyond": safetensors({"a": tensor(shape=(2**40,), offsets=(0, 2**42))}),
    "backwards": safetensors({"a": tensor(offsets=(16, 0))}),
    "negative": safetensors({"a": tensor(shape=(-4,))}),
    "wrong dtype": safetensors({"a": tensor("I64", (2,))}),
    "no dtype": safetensors({"a": tensor("PICKLE")}),
    "nested": safetensors(b"[" * 100_000),
    "no offsets": safetensors({"a": {"dtype": "F32"}}),
}
LAUGHS = '<?xml version="1.0"?><!DOCTYPE g [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY a{k} "{f"&a{k - 1 if k else str()};" * 10}">' for k in range(9)
)
FILES = {
    "x.pt": torch_pickle, "x.bin": pickled, "x.pkl": pickled, "x.npy": object_array, "x.ckpt": pickled,
    "x.npz": lambda: object_array(packed=True), "x.csv": pickled, "x.parquet": pickled, "x.gguf": pickled,
    "y.gguf": lambda: b"GGUF" + struct.pack("<IQQ", 3, 2**62, 2**62), "x.json": lambda: b"[" * 50_000,
    "y.json": lambda: b'{"class": "os:abort", "auto_map": {"AutoModel": "evil.Model"}, "data": "../../etc/passwd"}',
    "x.graphml": lambda: f"{LAUGHS}]><graphml>&a8;</graphml>".encode(),
    "y.graphml": lambda: b'<!DOCTYPE g [<!ENTITY x SYSTEM "file:///etc/passwd">]><graphml>&x;</graphml>',
    "x.html": lambda: b"<img src='file:///etc/passwd'><img src='http://127.0.0.1:1/x'><script>1</script>",
    "x.txt": lambda: b"do(x=__import__('os').system('x'))\n", "x.jsonl": lambda: b'{"a": ' + b"9" * 5000 + b"}",
    "x.csv.gz": lambda: gzip.compress(b"a\n" + b"1\n" * 1000)[:-4] + b"\xff\xff\xff\x7f", "x.xlsx": torch_pickle,
    "x.png": lambda: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 2**31 - 1, 2**31 - 1) + b"\x08\2\0\0\0abcd",
    **{f"{name}.safetensors": (lambda data=data: data) for name, data in WEIGHTS.items()},
}  # fmt: skip

BERT = {
    "architectures": ["BertModel"], "model_type": "bert", "hidden_size": 8, "num_attention_heads": 1,
    "num_hidden_layers": 1, "intermediate_size": 8, "vocab_size": 8,
}  # fmt: skip
EVIL = "import os\nos.mkdir(os.environ['AITIA_CANARY'])\n"
SOUND = safetensors({"a": tensor()})


def folder(**files):
    """Files of a folder by name, with `__` for a slash; a dict is JSON."""
    return {
        name: json.dumps(held).encode() if isinstance(held, dict) else held.encode() if isinstance(held, str) else held
        for name, held in files.items()
    }


ANY = next(iter(systems()))
RUN = {"kind": "fit", "config": {"system": ANY}, "inputs": {}, "status": "finished", "files": ["../x", "/etc/passwd"],
       "results": {"../../outside.txt": "0" * 64, "model/../../../outside.txt": "0" * 64}}  # fmt: skip
TOKENIZER = {"tokenizer_class": "Evil", "auto_map": {"AutoTokenizer": ["evil.Evil", "evil.Evil"]}}
PIPELINE = {
    "_class_name": ["evil", "Evil"],
    "_diffusers_version": "0.32",
    "unet": ["evil", "Evil"],
    "vae": ["os", "abort"],
}
NETWORKED = next(slug for slug, entry in systems().items() if "model" in entry.card.subjects)
AUTO = ("AutoConfig", "AutoModel", "AutoModelForCausalLM")
CODE = {"kind": "network", "id": "evil:Evil", "revision": "", "hash": ""}
FOLDERS = {
    "pickled weights": folder(**{"config.json": BERT, "pytorch_model.bin": torch_pickle(), "model.pt": pickled()}),
    "pickle of a name": folder(**{"config.json": BERT, "model.safetensors": pickled()}),
    "code of its own": folder(**{
        "config.json": BERT | {"model_type": "evil", "auto_map": dict.fromkeys(AUTO, "evil.Evil")},
        "evil.py": EVIL, "model.safetensors": SOUND}),
    "a tokenizer of its own": folder(**{
        "config.json": BERT, "tokenizer_config.json": TOKENIZER, "evil.py": EVIL, "model.safetensors": SOUND}),
    "a pipeline of its own": folder(**{
        "model_index.json": PIPELINE, "evil.py": EVIL, "pipeline.py": EVIL, "unet__config.json": BERT,
        "unet__diffusion_pytorch_model.bin": torch_pickle()}),
    "shards outside": folder(**{
        "config.json": BERT, "model.safetensors.index.json": {"weight_map": {"a": "../../../../etc/passwd"}}}),
    "sentence transformers": folder(**{
        "modules.json": b'[{"idx": 0, "name": "0", "path": "../..", "type": "evil.Evil"}]', "evil.py": EVIL,
        "config.json": BERT}),
    "a run that leads out": folder(**{
        "run.json": RUN, "source.json": {"data": "../../outside.txt"}, "config.json": BERT}),
    "a run of code": folder(**{
        "run.json": RUN | {"results": {}}, "source.json": {"data": "evil:Evil", "subjects": {"model": "evil:Evil"}},
        "model__config.json": {
            "slug": NETWORKED, "class": "", "subjects": {"model": CODE}}}),
    "nested": folder(**{"config.json": b"[" * 50_000, "model_index.json": b"[" * 50_000, "run.json": b"[" * 50_000}),
    "labels outside": folder(**{
        "metadata.csv": "file_name,label\n../../outside.png,1\n/etc/passwd,2\n", "labels.csv": "image\n../x.png\n"}),
    **{f"weights {name}": folder(**{"config.json": BERT, "model.safetensors": data, "tokenizer.json": {}})
       for name, data in WEIGHTS.items()},
}  # fmt: skip


@pytest.fixture(scope="module")
def attacks(tmp_path_factory):
    """All of it on disk, where the canary would be, and a module `evil` that is found by its name."""
    place = tmp_path_factory.mktemp("attacks")
    os.environ["AITIA_CANARY"] = str(place / "canary")
    sound = tmp_path_factory.mktemp("modules")
    (sound / "evil.py").write_text(EVIL + "class Evil: pass\n")
    (place / "outside.txt").write_text("the secret\n")
    found = []
    for name, make in FILES.items():
        (place / name).write_bytes(make())
        found.append(place / name)
    for name, held in FOLDERS.items():
        for file, data in held.items():
            path = place / name / file.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        found.append(place / name)
    sys.path.insert(0, str(sound))
    yield place, found
    sys.path.remove(str(sound))
    sys.modules.pop("evil", None)
    del os.environ["AITIA_CANARY"]


def test_the_canary_sings(tmp_path, monkeypatch):
    monkeypatch.setenv("AITIA_CANARY", str(tmp_path / "canary"))
    pickle.loads(pickled())
    assert (tmp_path / "canary").is_dir()
    (tmp_path / "canary").rmdir()
    exec(EVIL)
    assert (tmp_path / "canary").is_dir()


@pytest.fixture
def no_hub(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("socket.socket.connect", lambda *told: (_ for _ in ()).throw(OSError("no net in this test")))


def fault_of(name, reader, path):
    """What a reader does with a path that it may not; nothing where it gives a value or a sentence."""
    function, of = reader
    more = _more(name)
    try:
        found = function(path if of is Path else of(str(path)), **(more(path) if more else {}))
    except AitiaError as error:
        told = str(error)
        fine = 0 < len(told) < 3000 and "the secret" not in told
        return "" if fine else f"it says {told[:200]!r}"
    except Exception as error:
        told = name in INNER or (name.endswith(DEEP) and isinstance(error, RecursionError))
        return "" if told else f"{type(error).__name__}: {error}"
    return "it gives the secret" if "the secret" in repr(found)[:10_000] else ""


@pytest.mark.filterwarnings("ignore")
def test_nothing_of_it_runs_and_what_is_refused_is_a_sentence(readers, attacks, no_hub, capfd):
    place, paths = attacks
    faults = []
    for name, reader in readers.items():
        for path in paths:
            if told := fault_of(name, reader, path):
                faults.append(f"{name} on {path.name}: {told}")
            assert not (place / "canary").exists(), f"{name} has run what is in {path.name}"
    assert not faults, "\n".join(faults)
    assert "the secret" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("slug", systems())
@pytest.mark.filterwarnings("ignore")
def test_a_saved_system_that_was_made_to_do_harm_is_a_sentence(slug, attacks, no_hub, tmp_path):
    place, _ = attacks
    cls = systems()[slug].load()
    subjects = dict.fromkeys(cls.card.subjects, CODE)
    for number, options in enumerate(
        ({}, {"seed": {"__import__": "os"}}, {"model": "evil:Evil", "folder": "../../.."})
    ):
        for name, weights in {"pickle": pickled(), "none": None, **WEIGHTS}.items():
            model = tmp_path / f"{number} {name}"
            model.mkdir()
            config = {"slug": slug, "class": cls.__name__, "aitia_version": aitia.__version__, "options": options,
                      "subjects": subjects}  # fmt: skip
            (model / "config.json").write_text(json.dumps(config))
            if weights is not None:
                (model / "model.safetensors").write_bytes(weights)
            with contextlib.suppress(AitiaError):
                load(model)
            assert not (place / "canary").exists(), f"{slug} has run something of {model.name}"


def test_a_network_of_code_is_opened_where_whoever_loads_it_names_it(readers, attacks):
    place, _ = attacks
    named = _unopened("model", Network.from_json(CODE))
    for name, (function, of) in readers.items():
        if of is Network:
            more = _more(name)
            with contextlib.suppress(AitiaError):  # or what stands for it, which answers everything in a sentence
                function(named, **(more(place) if more else {}))
            assert not (place / "canary").exists(), f"{name} has imported what a folder names"
    with pytest.raises(RunError, match=r"no code runs because a folder names it: give that one \(model='evil:Evil'"):
        open_module(named)
    assert isinstance(named, Subject)
    kept = Network("aitia:load", opened=object())
    assert _unopened("model", kept) is kept
    assert _unopened("model", Network("owner/name")) == Network("owner/name")


def test_a_run_that_names_files_outside_reads_none_of_them(attacks):
    _, paths = attacks
    for name in ("a run that leads out", "a run of code"):
        path = next(path for path in paths if path.name == name)
        for reader in (load, load_run):
            with pytest.raises(AitiaError) as error:
                reader(path)
            assert "the secret" not in str(error.value)


MEASURED = """
import os, sys
from pathlib import Path
from aitia.data.read import read
from aitia.errors import AitiaError
from aitia.nn.announced import check_model_folder
from aitia.nn.opening import open_module
from aitia.nn.weights import read_weights
from aitia.data.subjects import Network
from aitia.graph.formats import read_graph
from aitia.scm import SCM
from aitia.system import load
from aitia.text import read_questions
from aitia.workflow.loading import load_run

def table(path):
    return read(path, takes=("table", "clips"))

READERS = {"weights": read_weights, "system": load, "run": load_run, "table": table, "scm": SCM.load,
           "graph": read_graph, "questions": read_questions, "module": lambda path: open_module(Network(str(path)))}

def memory(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if name in line) << 10

for line in sys.stdin:
    kind, path = line.split(None, 1)
    path = Path(path.strip())
    for small in (True, False):  # the first loads what the reader needs
        place = path / "small" if small else path / "large"
        held = next(place.iterdir())
        Path("/proc/self/clear_refs").write_text("5")
        before = memory("VmRSS")
        try:
            READERS[kind](place if kind in ("system", "run", "module") else held)
            told = "read"
        except AitiaError as error:
            told = "refused"
        used = memory("VmHWM") - before
    print(told, used, held.stat().st_size, flush=True)
"""
LARGE = 24 << 20


def large(kind, size):
    """A damaged file of a kind, of about this size."""
    if kind in WEIGHTS:
        return WEIGHTS[kind] + b"\0" * size
    if kind == "nested":
        return b"[" * size
    if kind == "pickle":
        return pickle.dumps([Bomb(), b"\0" * size])
    if kind == "npz":
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as file:
            head = "{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,)}".ljust(117) + "\n"
            file.writestr("clips.npy", b"\x93NUMPY\x01\x00\x76\x00" + head.encode() + b"\0" * size)
        return held.getvalue()
    return b"PAR1" + b"\xff" * size + b"PAR1"


SIZED = [
    *(("weights", kind, "model.safetensors") for kind in WEIGHTS), ("weights", "pickle", "model.safetensors"),
    ("system", "nested", "config.json"), ("run", "nested", "run.json"), ("table", "parquet", "t.parquet"),
    ("table", "npz", "t.npz"), ("table", "pickle", "t.npz"), ("table", "pickle", "t.xlsx"), ("scm", "npz", "m.scm"),
    ("graph", "nested", "g.json"), ("questions", "nested", "q.jsonl"), ("module", "beyond", "model.safetensors"),
]  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a moment is told by /proc")
def test_what_is_refused_takes_no_more_than_twice_its_size(tmp_path):
    lines = []
    for number, (reader, kind, name) in enumerate(SIZED):
        for size, label in ((1000, "small"), (LARGE, "large")):
            place = tmp_path / str(number) / label
            place.mkdir(parents=True)
            (place / name).write_bytes(large(kind, size))
        lines.append(f"{reader} {tmp_path / str(number)}\n")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MEASURED], input="".join(lines), capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1",
             "PYTHONPATH": os.pathsep.join(sys.path), "AITIA_CANARY": str(tmp_path / "canary")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for (reader, kind, name), line in zip(SIZED, done.stdout.splitlines(), strict=True):
        told, used, size = line.split()
        assert told == "refused", (reader, kind, name)
        assert int(size) >= LARGE, (reader, kind, name)
        assert int(used) <= 2 * int(size) + (4 << 20), f"{reader} {kind} {name}: {int(used) / int(size):.1f} times"
    assert not (tmp_path / "canary").exists()
