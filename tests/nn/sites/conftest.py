"""The tiny models, built once."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

_SPEC = importlib.util.spec_from_file_location("site_models", Path(__file__).with_name("models.py"))
site_models = importlib.util.module_from_spec(_SPEC)
sys.modules["site_models"] = site_models
_SPEC.loader.exec_module(site_models)


@pytest.fixture(scope="session", params=list(site_models.CASES))
def case(request):
    """Each family of models in turn."""
    return _built(request.param)


_CACHE = {}


def _built(name):
    if name not in _CACHE:
        _CACHE[name] = site_models.CASES[name]()
    return _CACHE[name]


@pytest.fixture(scope="session")
def gpt2():
    return _built("GPT-2")


@pytest.fixture(scope="session")
def llama():
    return _built("Llama")


@pytest.fixture(scope="session")
def t5():
    return _built("T5")


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield
