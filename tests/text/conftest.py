"""What the tests of texts share."""

import pytest
from tests.text.server import serve  # noqa: F401


@pytest.fixture(autouse=True)
def without_keys(monkeypatch):
    for name in ("AITIA_API_KEY", "OPENAI_API_KEY", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
