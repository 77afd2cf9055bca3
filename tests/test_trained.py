"""The models that are kept: whole, small, no pickles; stale ones are told, and checked ones that differ are red."""

import json
import shutil
import warnings

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tests import trained

SLUG = "gde"


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A copy of one model in place of all of them, which training anew gives back without the seconds it takes."""
    real = trained.place(SLUG)
    shutil.copytree(real, tmp_path / SLUG)
    monkeypatch.setattr(trained, "place", lambda slug: tmp_path / slug)
    monkeypatch.setattr(trained, "slugs", lambda: [SLUG])
    monkeypatch.setattr(trained, "build", lambda slug, folder: shutil.copytree(real, folder))
    trained.read.cache_clear()
    yield tmp_path / SLUG
    trained.read.cache_clear()


def changed(folder, tensor=None, **config):
    """A kept model with one tensor, or with what config.json says, made another."""
    told = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**told, **config}))
    if tensor is not None:
        tensors = load_file(folder / "model.safetensors")
        name = next(name for name, value in tensors.items() if value.size > 1)
        tensors[name] = tensor(tensors[name])
        save_file(tensors, folder / "model.safetensors")


def test_every_model_is_whole_and_small_and_has_who_trains_it():
    folders = sorted(trained.HERE.glob("*/*/trained_model"), key=lambda folder: folder.parent.name)
    assert [folder.parent.name for folder in folders] == trained.slugs()
    assert not [odd for folder in folders for odd in trained.odd_files(folder.parent.name, folder)]
    assert all((folder / "source.json").is_file() for folder in folders)
    assert all(trained.weight(folder) <= trained.LARGEST for folder in folders)
    assert sum(map(trained.weight, folders)) <= trained.ALL


def test_a_stale_model_is_read_with_a_warning_and_a_fresh_one_without(kept, monkeypatch):
    source = json.loads((kept / "source.json").read_text())["source"]
    monkeypatch.setattr(trained, "source_hash", lambda slug: source)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert trained.read(SLUG).card.slug == SLUG
    trained.read.cache_clear()
    monkeypatch.setattr(trained, "source_hash", lambda slug: "other")
    with pytest.warns(UserWarning, match="the trained model of gde is stale.*make fixtures"):
        assert trained.read(SLUG).card.slug == SLUG


def test_the_hash_is_of_what_trains_and_of_all_that_it_imports(tmp_path):
    from aitia.evidence.source import modules_of

    packages = {"aitia": trained.SOURCE, "tests": trained.HERE}
    found = modules_of(f"tests.systems.{SLUG}.trained", packages)
    assert {f"tests.systems.{SLUG}.trained", "aitia.systems.gde.model"} <= set(found)
    assert any(name.startswith("aitia.train") for name in found)
    assert f"tests.systems.{SLUG}.test_{SLUG}" not in found, "a test is no part of what it asks"


def test_a_check_is_red_where_a_model_is_stale_missing_or_another(kept, monkeypatch, capsys):
    source = json.loads((kept / "source.json").read_text())["source"]
    monkeypatch.setattr(trained, "source_hash", lambda slug: source)

    def checked():
        code = trained.main(["--check"])
        return code, capsys.readouterr().out

    assert checked()[0] == 0
    changed(kept, aitia_version="0.0.0", tensor=lambda x: x * (1 + 1e-6))
    assert checked()[0] == 0, "digits that another processor sums otherwise, and a version"
    changed(kept, tensor=lambda x: x * 1.1)
    code, told = checked()
    assert code == 1
    assert " is 9.1e-02 away" in told
    changed(kept, tensor=np.atleast_3d)
    assert "holds other tensors" in checked()[1]
    shutil.copytree(trained.HERE / "systems" / SLUG / "trained_model", kept, dirs_exist_ok=True)
    changed(kept, slug="other")
    assert "config.json: slug was 'other', is 'gde'" in checked()[1]
    shutil.copytree(trained.HERE / "systems" / SLUG / "trained_model", kept, dirs_exist_ok=True)
    monkeypatch.setattr(trained, "source_hash", lambda slug: "other")
    assert "stale" in checked()[1]
    assert checked()[0] == 1
    shutil.rmtree(kept)
    code, told = checked()
    assert (code, "there is none" in told) == (1, True)


def test_only_stale_and_missing_models_are_trained_and_a_failure_keeps_the_old_one(kept, monkeypatch, capsys):
    source = json.loads((kept / "source.json").read_text())["source"]
    monkeypatch.setattr(trained, "source_hash", lambda slug: source)
    assert trained.main([]) == 0
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(trained, "source_hash", lambda slug: "other")
    trained.main([])
    assert capsys.readouterr().out.startswith(f"{SLUG}: 0.")

    def fails(slug, folder):
        raise ValueError("no")

    monkeypatch.setattr(trained, "build", fails)
    with pytest.raises(ValueError, match="no"):
        trained.main([SLUG])
    assert kept.is_dir()
    with pytest.raises(SystemExit):
        trained.main(["gdee"])
    assert "no tests/systems/gdee/trained.py; there are gde" in capsys.readouterr().err


def test_a_model_that_comes_back_keeps_its_bytes_and_only_its_hash_is_new(kept, monkeypatch):
    before = (kept / "model.safetensors").read_bytes()
    monkeypatch.setattr(trained, "source_hash", lambda slug: "other")
    real = trained.build

    def built(slug, folder, factor=1 + 1e-6):
        real(slug, folder)
        changed(folder, tensor=lambda x: x * factor)
        (folder / "source.json").write_text(json.dumps({"source": "other"}))

    monkeypatch.setattr(trained, "build", built)
    assert trained.main([]) == 0
    assert not trained.is_stale(SLUG)
    assert (kept / "model.safetensors").read_bytes() == before, "digits of another processor are not a new model"
    monkeypatch.setattr(trained, "build", lambda slug, folder: built(slug, folder, factor=1.1))
    trained.main([SLUG])
    assert (kept / "model.safetensors").read_bytes() != before


def test_a_model_that_is_too_large_or_more_than_a_model_is_refused(tmp_path, monkeypatch):
    class Made:
        def __init__(self, **files):
            self.files = files

        def save_pretrained(self, folder):
            folder.mkdir()
            for name, size in self.files.items():
                (folder / name).write_bytes(b" " * size)

    class Module:
        pass

    monkeypatch.setattr(trained.importlib, "import_module", lambda name: Module)
    plain = {"config.json": 10, "model.safetensors": 100}
    Module.build = lambda: Made(**plain, **{"weights.pkl": 5})
    with pytest.raises(ValueError, match=r"and not weights\.pkl"):
        trained.build(SLUG, tmp_path / "one")
    Module.build = lambda: Made(**{**plain, "model.safetensors": trained.LARGEST})
    with pytest.raises(ValueError, match="1500000 bytes at most"):
        trained.build(SLUG, tmp_path / "two")
