"""`aitia studio` from the command line."""

import configparser
import os
import re
import subprocess
import sys
import urllib.request

import pytest

from aitia.cli.studio import studio_command
from aitia.errors import FormatError, OptionError, RunError
from aitia.runs import Lock
from aitia.studio.shortcut import write_shortcut


@pytest.fixture
def studio(tmp_path):
    words = [sys.executable, "-m", "aitia", "studio", str(tmp_path / "studio"), "--no-browser"]
    env = {**os.environ, "AITIA_FEED": str(tmp_path / "feed.sqlite")}
    held = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
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


def test_a_second_double_click_opens_the_one_that_runs(studio, tmp_path, monkeypatch, capsys):
    address, seen = re.search(r"http://localhost:\d+/", studio.stdout.readline()).group(), []
    monkeypatch.setattr("webbrowser.open", seen.append)
    studio_command(tmp_path / "studio", store=tmp_path / "feed.sqlite")
    assert seen == [address]
    assert f"{address}   (it was running already)" in capsys.readouterr().out
    studio.terminate()
    studio.wait(30)
    assert not (tmp_path / "studio" / ".address").exists()
    (tmp_path / "studio" / ".address").write_text("https://evil.example/")
    with Lock(tmp_path / "studio" / ".lock"), pytest.raises(RunError, match="is in use by"):
        studio_command(tmp_path / "studio", store=tmp_path / "feed.sqlite")
    assert seen == [address]


def test_what_the_options_of_the_feed_say_is_what_the_pages_have(tmp_path, monkeypatch, capsys):
    made = []
    monkeypatch.setattr("uvicorn.Server.run", lambda server, sockets: made.append(server.config.app))
    told = {"store": tmp_path / "feed.sqlite", "browser": False, "public_url": "https://papers.group.example"}
    studio_command(tmp_path / "studio", **told, feed_every="24h", smtp="mail.example", sender="a@b.example")
    said = capsys.readouterr()
    assert re.search(r"http://localhost:\d+/\?key=\S+ ", said.out)
    assert "other machines can reach this" in said.err
    papers = made[0].state.papers
    assert (papers.place, papers.links.public) == (told["store"], told["public_url"])
    assert papers._every.total_seconds() == 24 * 3600
    assert papers._server.host == "mail.example"
    assert not (tmp_path / "studio" / ".address").exists()  # a key opens it, and stands in no file
    studio_command(tmp_path / "studio", store=told["store"], browser=False, smtp="mail.example", sender="a@b.example",
                   public_url="https://papers.group.example")  # fmt: skip
    assert made[1].state.papers._server is None  # without passes mail is left to `aitia feed run`
    studio_command(tmp_path / "studio", store=told["store"], browser=False, public_url="http://localhost:7000")
    assert "?key=" not in capsys.readouterr().out.splitlines()[-1]
    for wrong in ({"feed_every": "1s"}, {"public_url": "http://papers.example.org"}, {"smtp": "mail.example"},
                  {"smtp": "mail.example", "sender": "a@b.example", "feed_every": "24h"}):  # fmt: skip
        with pytest.raises(OptionError):
            studio_command(tmp_path / "other", store=told["store"], browser=False, **wrong)
    assert not (tmp_path / "other").exists()


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


# -- no terminal -------------------------------------------------------------------------------------------------------

NAMES = ["plain", "with space", 'quo"te', "per%cent", "dollar$HOME", "back\\slash", "back`tick", "ünïcode"]


@pytest.mark.parametrize("name", NAMES)
def test_a_launcher_starts_the_studio_of_any_folder(tmp_path, name):
    """The .desktop file as GLib reads it, the .command as sh does: the words that come out are those that went in."""
    workspace = tmp_path / name
    desktop = write_shortcut(tmp_path, workspace, "linux", "/opt/my python/bin/python")
    assert desktop.stat().st_mode & 0o111
    told = configparser.RawConfigParser(delimiters=("=",))
    told.optionxform = str
    told.read(desktop, encoding="utf-8")
    assert words_of(told["Desktop Entry"]["Exec"]) == [
        "/opt/my python/bin/python",
        "-m",
        "aitia",
        "studio",
        str(workspace),
    ]
    command = write_shortcut(tmp_path, workspace, "darwin", "/bin/echo")
    said = subprocess.run(["sh", str(command)], capture_output=True, text=True, check=True).stdout
    assert said == f"-m aitia studio {workspace}\n"
    batch = write_shortcut(tmp_path, workspace, "win32", "C:\\Program Files\\python.exe").read_text(encoding="utf-8")
    assert batch.splitlines()[1].startswith('"C:\\Program Files\\python.exe" "-m" "aitia" "studio"')


def words_of(line):
    """An Exec line by the rules of the Desktop Entry Specification: escapes of a string first, then those of quotes."""
    line = re.sub(r"\\(.)", r"\1", line)
    return [re.sub(r'\\([\\"`$])', r"\1", word).replace("%%", "%") for word in re.findall(r'"((?:\\.|[^"\\])*)"', line)]


def test_a_launcher_that_is_there_is_left_alone(tmp_path):
    place = write_shortcut(tmp_path, tmp_path / "a")
    before = place.read_text()
    with pytest.raises(FormatError, match="is there already"):
        write_shortcut(tmp_path, tmp_path / "b")
    assert place.read_text() == before
    with pytest.raises(FormatError, match="line break"):
        write_shortcut(tmp_path, tmp_path / "a\nb", "darwin")
    with pytest.raises(FormatError, match="cannot be written"):
        write_shortcut(tmp_path / "nowhere", tmp_path / "a", "darwin")
