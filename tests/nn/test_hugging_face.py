"""A model folder never runs code of its own, whatever somebody answers on the terminal."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from aitia.data.subjects import Network
from aitia.errors import FormatError
from aitia.nn.language import load_language_model, piece_tokenizer, small_decoder
from aitia.nn.opening import open_module
from aitia.nn.vision import load_classifier

SOURCE = Path(__file__).parents[2] / "src"
LOADS = {"from_pretrained", "from_config", "load_dataset", "load_dataset_builder"}
"""Functions of other libraries that run what they load, where they are not told otherwise."""
SENTENCE = r"asks for code of its own \(auto_map\), which is never run: give a model of a type"


def trusting(tree):
    """Lines that load something with another library and do not say that its code is not trusted.

    Ours are classes that are imported from aitia or stand in the same file, what `super()` has, and those of systems.
    """
    ours = {
        alias.asname or alias.name
        for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aitia")
        for alias in node.names
    } | {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}  # fmt: skip
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name not in LOADS:
            continue
        of = getattr(node.func, "value", None)
        if isinstance(of, ast.Call) and ast.unparse(of) in ("super()", "entry.load()", "type(system)"):
            continue
        if isinstance(of, ast.Name) and of.id in ours:
            continue
        told = [k.value for k in node.keywords if k.arg == "trust_remote_code"]
        for spread in (k.value for k in node.keywords if k.arg is None and isinstance(k.value, ast.Dict)):
            told += [v for k, v in zip(spread.keys, spread.values, strict=True)
                     if isinstance(k, ast.Constant) and k.value == "trust_remote_code"]  # fmt: skip
        if not told or not all(isinstance(value, ast.Constant) and value.value is False for value in told):
            yield node.lineno


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("AutoModel.from_pretrained(folder)", True),
        ("AutoModel.from_pretrained(folder, trust_remote_code=True)", True),
        ("AutoModel.from_pretrained(folder, trust_remote_code=trust)", True),
        ("AutoModel.from_pretrained(folder, trust_remote_code=False)", False),
        ("AutoModel.from_pretrained(folder, **options)", True),
        ("AutoModel.from_pretrained(folder, **{**options, 'trust_remote_code': False})", False),
        ("getattr(transformers, name).from_pretrained(folder)", True),
        ("AutoModel.from_config(config)", True),
        ("datasets.load_dataset(name)", True),
        ("super().from_pretrained(folder)", False),
        ("from aitia.saving import Saved\nSaved.from_pretrained(folder)", False),
        ("class Saved:\n    pass\nSaved.from_pretrained(folder)", False),
    ],
)
def test_a_call_that_trusts_what_it_loads_is_found(line, found):
    assert bool(list(trusting(ast.parse(line)))) == found


def test_nothing_trusts_what_it_loads():
    wrong = [
        f"{path.relative_to(SOURCE)}, line {line}"
        for path in SOURCE.rglob("*.py")
        for line in trusting(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert wrong == []


KINDS = (
    "AutoConfig", "AutoModel", "AutoModelForCausalLM", "AutoModelForMaskedLM", "AutoModelForSeq2SeqLM",
    "AutoModelForSequenceClassification", "AutoModelForImageClassification", "AutoTokenizer",
)  # fmt: skip
EVIL = "from pathlib import Path\nPath({touched!r}).touch()\nclass It:\n    pass\n"


@pytest.fixture
def asked(monkeypatch):
    """Whoever is asked on the terminal says yes."""
    questions = []
    monkeypatch.setattr("builtins.input", lambda question="": questions.append(question) or "y")
    return questions


FILES = ("config.json", "tokenizer_config.json")
both_files = pytest.mark.parametrize("evil", FILES, indirect=True)


@pytest.fixture
def evil(request, tmp_path):
    """A language model, one file of which names code that stands beside it; and the file that the code touches."""
    folder = tmp_path / "net"
    small_decoder(piece_tokenizer(["[west]"], ["ka", "to"]), width=16, layers=1).save(folder)
    file = folder / request.param
    told = json.loads(file.read_text())
    told["auto_map"] = {kind: ["evil.It", "evil.It"] if kind == "AutoTokenizer" else "evil.It" for kind in KINDS}
    if request.param == "config.json":
        told["model_type"] = "evil"
    else:
        told["tokenizer_class"] = "It"
    file.write_text(json.dumps(told))
    touched = tmp_path / "touched"
    (folder / "evil.py").write_text(EVIL.format(touched=str(touched)))
    return folder, touched


HEADS = ("encoder", "causal", "masked", "classifier", "seq2seq")
OF_A_DECODER = ("encoder", "causal", "classifier")
"""Those that the decoder has, so that its tokenizer is reached."""


@pytest.mark.parametrize(
    ("evil", "task"), [(FILES[0], head) for head in HEADS] + [(FILES[1], head) for head in OF_A_DECODER],
    indirect=["evil"],
)  # fmt: skip
def test_a_language_model_with_code_of_its_own_is_refused(evil, asked, task):
    folder, touched = evil
    with pytest.raises(FormatError, match=SENTENCE):
        load_language_model(folder, task)
    assert not touched.exists()
    assert asked == []


@both_files
@pytest.mark.parametrize("opened", [load_classifier, lambda folder: open_module(Network.of(folder))])
def test_a_network_with_code_of_its_own_is_refused(evil, asked, opened):
    folder, touched = evil
    told = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**told, "architectures": ["AutoModel"]}))
    if told["model_type"] == "evil":
        with pytest.raises(FormatError, match=SENTENCE):
            opened(folder)
    elif opened is load_classifier:
        with pytest.raises(FormatError, match="no image classifier"):
            opened(folder)
    else:
        assert isinstance(opened(folder), torch.nn.Module)  # of a network the tokenizer is not read
    assert not touched.exists()
    assert asked == []


@both_files
def test_a_trace_of_such_a_model_is_one_sentence_though_somebody_says_yes(evil, tmp_path):
    folder, touched = evil
    done = subprocess.run(
        [sys.executable, "-c", "from aitia.cli import main; main()", "trace", folder, "ka to", "--out", "t"],
        input="y\n" * 9, capture_output=True, text=True, check=False, cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(f"aitia: {folder} cannot be loaded: it asks for code of its own")
    assert done.stderr.count("\n") == 1
    assert not touched.exists()
