"""`aitia studio` from the command line."""

import re
import subprocess
import sys
import urllib.request

import pytest

from aitia.cli.studio import studio_command
from aitia.errors import OptionError, RunError
from aitia.runs import Lock


@pytest.fixture
def studio(tmp_path):
    words = [sys.executable, "-m", "aitia", "studio", str(tmp_path / "studio"), "--no-browser"]
    held = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield held
    held.terminate()
    held.communicate(timeout=30)


def test_it_says_where_it_is_and_answers_there(studio, tmp_path):
    line = studio.stdout.readline()
    address = re.search(r"http://localhost:\d+/", line).group()
    with urllib.request.urlopen(address) as answer:
        assert b"What causes what" in answer.read()
    with pytest.raises(RunError, match="is in use by"), Lock(tmp_path / "studio" / ".lock"):
        pass  # a second studio on the same folder says so and leaves


def test_other_machines_are_let_in_only_where_somebody_says_so(tmp_path):
    with pytest.raises(OptionError, match="say --expose if that is meant"):
        studio_command(tmp_path / "studio", host="0.0.0.0")
    with pytest.raises(OptionError, match="--jobs is 1 or more"):
        studio_command(tmp_path / "studio", jobs=0)
    assert not (tmp_path / "studio").exists()


def test_a_port_that_is_taken_is_told(tmp_path):
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        with pytest.raises(OptionError, match=r"port \d+ of 127.0.0.1 cannot be had: .*--port 0"):
            studio_command(tmp_path / "studio", port=held.getsockname()[1])
