"""What people type, from a feed to a mail and out again; one sentence where something is wrong."""

import json
import os
import re
import subprocess
import sys

import pytest
from tests.feed.feeds import JOURNAL, atom, entry
from typer.testing import CliRunner

from aitia.cli import app
from aitia.errors import AitiaError

WHO = "who@reader.example"


@pytest.fixture
def feed(tmp_path, monkeypatch):
    """Runs `aitia feed` in a folder with a file of a feed; gives what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AITIA_FEED", str(tmp_path / "feed.sqlite"))
    for name in ("AITIA_SMTP", "AITIA_SMTP_FROM", "AITIA_SMTP_SECURITY", "AITIA_PUBLIC_URL", "AITIA_FEED_ENCODER"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "journal.xml").write_bytes(JOURNAL)

    def run(*words, code=0):
        done = CliRunner().invoke(app, ["feed", *map(str, words)])
        if isinstance(done.exception, AitiaError):
            assert code == 2
            return str(done.exception)
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    return run


def test_from_a_file_to_a_mail_and_out_again(feed, office, monkeypatch, tmp_path):
    assert "3 new, 0 revised" in feed("add", "journal.xml")
    found = json.loads(feed("search", "soil moisture", "--k", 2, "--json"))
    assert found["by"] == "BM25"
    assert found["found"][0]["title"] == "Causal graphs of soil"
    assert found["found"][0]["reason"] == "We find causal graphs of soil moisture."
    assert "aitia show" in feed("search", "a causal graph of a table", "--systems")
    assert "Nothing has a word of it" in feed("search", "xylophone")

    feed("subscribe", WHO, "--query", "causal graphs")
    assert "1 mail to be sent once there is a mail server" in feed("run")
    monkeypatch.setenv("AITIA_SMTP", f"127.0.0.1:{office.port}")
    monkeypatch.setenv("AITIA_SMTP_SECURITY", "none")
    assert "--from papers@example.org" in feed("run", code=2)
    monkeypatch.setenv("AITIA_SMTP_FROM", "papers@group.example")
    assert "--public-url" in feed("run", code=2)
    monkeypatch.setenv("AITIA_PUBLIC_URL", "https://group.example")
    assert "1 mail sent; 0 put off, 0 given up, 0 waiting" in feed("run")
    link = re.search(r"https://\S+", office.parsed()[0].get_body(("plain",)).get_content())[0]
    assert f"{WHO} gets daily what is new on 'causal graphs'" in feed("confirm", link)
    out = feed("digest", "--dry-run", "--out", "mails")
    assert "1 mail in mails; nothing was sent" in out
    assert (tmp_path / "mails" / "0001-digest.eml").is_file()
    out = feed("run")
    assert "1 digest made\n1 mail sent" in out
    assert WHO not in out
    assert office.parsed()[1]["Subject"] == "2 new papers on causal graphs"
    assert "0 digests made\n0 mails sent" in feed("run")

    (tmp_path / "journal.xml").write_bytes(atom(entry("Newer", "x", date="2026-11-30T00:00:00Z")))
    assert "1 new" in feed("run")
    assert json.loads(feed("list", "--address", WHO))["state"] == "active"
    listed = feed("list", "--items", 1)
    assert "Journal, 4 papers, active" in listed
    assert "subscribers: 1 active\nmails: 2 sent" in listed
    assert WHO not in listed
    assert json.loads(feed("list", "--json"))["subscribers"] == {"active": 1}
    assert feed("forget", WHO) == "forgotten\n"
    assert feed("forget", WHO) == "nothing was kept of it\n"
    assert feed("remove", 1) == "4 papers dropped\n"
    assert "Nothing is watched" in feed("list")


def test_a_source_that_fails_is_told_and_the_code_says_so(feed, tmp_path):
    feed("add", "journal.xml")
    (tmp_path / "journal.xml").write_bytes(b"<rss>")
    out = feed("run", code=1)
    assert "journal.xml is no well-formed XML" in out
    assert "no mail waits" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "http://127.0.0.1/feed"), "allow http"),
        (("add", "https://169.254.169.254/latest"), "this machine or of a private net"),
        (("add", "nowhere.xml"), "neither a file nor an address"),
        (("search", "?"), "a word at least"),
        (("search", "x", "--encoder", "nowhere"), "is a folder of"),
        (("subscribe", "who"), "no address of mail"),
        (("subscribe", WHO, "--frequency", "hourly"), "daily or weekly"),
        (("confirm", "x"), "not one that was sent"),
        (("confirm", "https://a.example/?token=x"), "not one that was sent"),
        (("digest", "--dry-run"), "give both"),
        (("digest", "--out", "x"), "give both"),
        (("remove", "7"), "is not watched; there are: none"),
        (("forget", "who"), "no address of mail"),
        (("run", "--public-url", "http://a.example"), "with https://"),
        (("run", "--smtp", "a b", "--from", WHO, "--public-url", "https://a.example"), "HOST or HOST:PORT"),
    ],
)
def test_what_is_wrong_is_one_sentence(feed, words, said):
    told = feed(*words, code=2)
    assert said in told
    assert "\n" not in told


def test_it_is_light_without_an_encoder(tmp_path):
    code = (
        "import sys\nfrom aitia.cli import main\n"
        "try:\n    main()\nfinally:\n"
        "    heavy = {'torch', 'pandas', 'scipy', 'transformers', 'httpx', 'numba'} & set(sys.modules)\n"
        "    assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code, "feed", "search", "causal graph", "--k", "1"], check=False,
                          capture_output=True, text=True,
                          env={**os.environ, "AITIA_FEED": str(tmp_path / "f.sqlite")})  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "by BM25" in done.stdout
