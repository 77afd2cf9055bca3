"""A studio in a folder, and a browser's manners without one."""

import re
from contextlib import contextmanager

import pytest
from starlette.testclient import TestClient

from aitia.studio import Workspace, create_app

HOST = "127.0.0.1:7000"


class Visitor:
    """Keeps the cookie, and says Origin and token as a page of the studio does."""

    def __init__(self, client):
        self.client = client
        found = client.get("/")
        self.token = re.search(r'name="aitia-token" content="([0-9a-f]+)"', found.text).group(1)

    def get(self, path, **more):
        return self.client.get(path, **more)

    def post(self, path, json=None, content=None, headers=None):
        told = {"origin": f"http://{HOST}", "x-aitia-token": self.token} | (headers or {})
        told = {name: value for name, value in told.items() if value is not None}
        return self.client.post(path, json=json, content=content, headers=told)


@contextmanager
def opened(folder, **options):
    app = create_app(Workspace(folder), hosts={HOST}, **options)
    with TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture
def client(tmp_path):
    with opened(tmp_path / "studio") as client:
        yield client


@pytest.fixture
def visitor(client):
    return Visitor(client)
