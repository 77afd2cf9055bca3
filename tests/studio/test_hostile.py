"""A studio that is asked, typed into and given files by somebody who means harm: a sentence, and nothing happens.

Routes are found by walking over the application, so that a new page is asked the same.
"""

import asyncio
import gzip
import io
import re
import socket
import urllib.parse
import zipfile
from types import SimpleNamespace

import numpy as np
import pandas
import pytest
from starlette.websockets import WebSocketDisconnect
from tests.studio.studio import HOST, Visitor, opened

from aitia.discovery import discover
from aitia.errors import FormatError, RunError
from aitia.studio import Workspace
from aitia.studio.uploads import MOST_ROWS
from aitia.system import systems

HTML = "<img src=x onerror=alert(1)>"
TYPED = (
    "http://169.254.169.254/latest/meta-data", "http://127.0.0.1:1/x", "https://localhost:1/x", "http://[::1]:1/",
    "file:///etc/passwd", "../../../etc/passwd", "--out=/nonexistent", "--data=http://10.0.0.1/x", HTML,
    "{{ 7777 * 7777 }}", "__import__('os').mkdir('canary')", "$(mkdir canary)", "\x00", "x" * 4000,
)  # fmt: skip


def routes_of(app):
    nested = [router for route in app.routes if (router := getattr(route, "original_router", None)) is not None]
    routes = [route for router in nested for route in router.routes] + list(app.routes)
    return [route for route in routes if getattr(route, "dependant", None) is not None]


def filled(kind, text):
    """A form in which every field that holds text holds this one."""
    values = {}
    for name, field in kind.model_fields.items():
        told = str(field.annotation)
        if field.annotation is str:
            values[name] = text
        elif "tuple[str" in told:
            values[name] = [[text, "-->", text]]
        elif "list[str" in told:
            values[name] = [text]
        elif "dict[str" in told:
            values[name] = {text: text}
        else:
            assert not field.is_required(), f"{kind.__name__}.{name}: say how this is filled"
    return values


def forms_of(visitor, route, sound, text):
    """The forms that a route takes; where it takes fields by name, those of the page of that address, one by one."""
    kinds = [one.field_info.annotation for one in route.dependant.body_params]
    if not kinds:
        return [None]
    if kinds[0] is str:  # fields that stand by themselves
        return [{one.alias: text for one in route.dependant.body_params}]
    if kinds[0] != dict[str, str]:
        return [filled(kinds[0], text)]
    names = re.findall(r'<(?:input|select|textarea)[^>]* name="([^"]+)"', visitor.get(sound).text)
    assert len(set(names)) > 5, (sound, names)
    return [{name: text} for name in dict.fromkeys(names)] + [dict.fromkeys(names, text)]


@pytest.fixture
def no_net(monkeypatch):
    """Addresses that this process has asked for, none of which it reaches."""
    asked = []

    def refused(*told, **more):
        asked.append(told)
        raise OSError("there is no net in this test")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(socket, "create_connection", refused)
    monkeypatch.setattr(socket.socket, "connect", refused)
    return asked


def test_whatever_is_typed_fetches_nothing_runs_nothing_and_is_no_option(tmp_path, no_net, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("aitia.studio.jobs._WORDS", ["true"])
    with opened(tmp_path / "studio") as client:
        visitor, kinds = Visitor(client), set()
        for route in routes_of(client.app):
            for text in TYPED:
                sound = route.path.replace("{name}", "survey").replace("{slug}", next(iter(systems())))
                for place, known in ((urllib.parse.quote(text, safe=""), route.path), ("1", sound)):
                    path = re.sub(r"\{\w+\}", place, known)
                    if "GET" in route.methods:
                        answers = [visitor.get(f"{path}?q={urllib.parse.quote(text)}")]
                    else:
                        answers = [visitor.post(path, json=form) for form in forms_of(visitor, route, sound, text)]
                    for answer in answers:
                        kinds.add(answer.status_code)
                        assert answer.status_code < 500, (route.path, text, answer.text[:200])
                        if answer.headers.get("content-type", "").startswith("text/html"):
                            assert HTML not in answer.text, route.path
                            assert "60481729" not in answer.text, route.path
        assert {200, 400, 404} <= kinds
        for job in client.app.state.jobs.state.jobs():
            for before, word in zip(job.command, job.command[1:], strict=False):
                option = before.startswith("--") and before not in TYPED
                assert word not in TYPED or option, f"{word!r} could be an option: {job.command}"
    assert no_net == []
    assert not list(tmp_path.rglob("canary*"))


def test_a_socket_of_the_web_is_closed_whoever_asks(client):
    for host in (HOST, "evil.example"):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/", headers={"host": host}):
            pass


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/%2e%2e%2f%2e%2e%2fguard.py",
     "/static//etc/passwd", "/static/.hidden", "/static/vendor"],
)  # fmt: skip
def test_only_files_of_the_studio_are_files_of_the_studio(visitor, path):
    answer = visitor.get(path)
    assert answer.status_code == 404
    assert "import" not in answer.text


@pytest.mark.parametrize("length", ["abc", "-1", "1e9", "9" * 30, "²"])
def test_a_length_that_is_none_is_refused(visitor, length):
    told = visitor.post("/discover/survey", content=b"{}", headers={"content-length": length.encode("latin-1")})
    assert told.status_code in (400, 413)


def test_a_form_is_small_whatever_a_file_may_be(visitor):
    words = {"content-type": "application/json"}
    told = visitor.post("/discover/survey", content=b" " * (9 << 20), headers=words)
    assert (told.status_code, told.text) == (413, "more than 8 MB at once")


# -- runs ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A discovery whose column names and labels are HTML."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    place = tmp_path_factory.mktemp("found") / "run"
    labels = np.array([HTML, "</textarea><script>alert(2)</script>"])[(x > 0).astype(int)]
    discover(pandas.DataFrame({HTML: x, "y": x + rng.normal(size=60), "label": labels}), out=place)
    return place


@pytest.fixture
def with_run(client, found):
    import shutil

    place = client.app.state.workspace.runs / "found"
    shutil.copytree(found, place)
    return SimpleNamespace(visitor=Visitor(client), place=place)


def test_names_and_values_of_a_table_are_inert(with_run, client):
    told = f'"{HTML}",y\n1,"<script>alert(2)</script>"\n2,b\n3,"<script>alert(2)</script>"\n'
    visitor = with_run.visitor
    go = visitor.post("/tables/t.csv", content=told.encode(), headers={"content-type": "application/octet-stream"})
    for path in (go.json()["go"], "/runs", "/runs/found", "/runs/found/do", "/discover"):
        text = visitor.get(path).text
        assert "<h1>" in text, path
        assert HTML not in text, path
        assert "<script>alert" not in text, path
    report = visitor.get("/runs/found/report.html")
    assert HTML not in report.text
    assert "<script>alert(2)" not in report.text
    assert "default-src 'none'" in report.headers["content-security-policy"]
    assert "sandbox allow-scripts;" in report.headers["content-security-policy"]


def test_what_a_command_says_is_inert(client, monkeypatch):
    visitor, jobs = Visitor(client), client.app.state.jobs
    job = jobs.submit(HTML, ["discover", HTML], "said")
    jobs.cancel(job.id)
    jobs._file(job, "txt").write_text(f"aitia: {HTML}\n")
    jobs.state.turn(job.id, "failed", HTML)
    for path in ("/", "/runs", "/runs/said"):
        assert HTML not in visitor.get(path).text
    assert visitor.get(f"/api/jobs/{job.id}").headers["content-type"] == "application/json"


@pytest.mark.parametrize("name", ["summary.json", "report.html", "model", ".hidden"])
def test_a_link_within_a_run_leads_nowhere(with_run, tmp_path, name):
    (tmp_path / "secret").write_text("the secret")
    (with_run.place / name).unlink(missing_ok=True)
    (with_run.place / name).symlink_to(tmp_path / "secret")
    for path in ("/runs/found", "/runs/found/report.html", "/runs/found/do", "/runs/found/graph.dot",
                 "/api/runs/found/graph"):  # fmt: skip
        answer = with_run.visitor.get(path)
        assert answer.status_code == 400
        assert "the secret" not in answer.text
        assert "links are not followed here" in answer.text


@pytest.mark.parametrize("text", ["", "[", "[1]", '{"edges": 3}', "\x00"])
@pytest.mark.parametrize("name", ["summary.json", "metrics.json", "run.json", "graph.json"])
def test_a_run_with_damage_is_a_sentence(with_run, name, text):
    (with_run.place / name).write_text(text)
    for path in ("/runs", "/runs/found", "/runs/found/do", "/api/runs/found/graph"):
        assert with_run.visitor.get(path).status_code < 500


# -- uploads ------------------------------------------------------------------------------------------------------


async def _pieces(data):
    for at in range(0, len(data), 1 << 16):
        yield data[at : at + (1 << 16)]


def keep(workspace, name, data):
    return asyncio.run(workspace.keep(name, _pieces(data)))


def packed(write):
    held = io.BytesIO()
    write(held)
    return held.getvalue()


def workbook_of_nothing(size):
    def write(held):
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("xl/worksheets/sheet1.xml", b" " * size)

    return packed(write)


ROWS = pandas.DataFrame({"a": np.zeros(300_000)})
BOMBS = {
    "t.csv.gz": gzip.compress(b"1,2\n" * 1_000_000),
    "t.jsonl.gz": gzip.compress(b'{"a": "' + b" " * 4_000_000 + b'"}'),
    "t.xlsx": workbook_of_nothing(4_000_000),
    "t.parquet": packed(lambda held: ROWS.to_parquet(held, use_dictionary=False, compression="zstd")),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_unpacks_to_too_much_is_turned_away_and_leaves_nothing(tmp_path, monkeypatch, name):
    workspace = Workspace(tmp_path / "studio")
    assert len(BOMBS[name]) < 100_000
    monkeypatch.setattr("aitia.studio.uploads.MOST_UNPACKED", 2_000_000)
    with pytest.raises(FormatError, match=rf"{name} unpacks to more than 1 MB: use the command line"):
        keep(workspace, name, BOMBS[name])
    assert list(workspace.tables.iterdir()) == []


def test_a_bomb_that_does_not_say_how_large_it_is_is_read_where_it_does_no_harm(tmp_path, monkeypatch):
    """Arrow packs its buffers: 800 MB of zeros in a few kB, read in a process that may have no more than 200 MB."""
    workspace = Workspace(tmp_path / "studio")
    small = packed(lambda held: ROWS.to_feather(held, compression="zstd"))
    assert keep(workspace, "t.feather", small) == "t.feather"
    monkeypatch.setattr("aitia.studio.uploads.MOST_UNPACKED", 0)
    monkeypatch.setattr("aitia.studio.uploads._ROOM", 200 << 20)
    large = pandas.DataFrame({"a": np.zeros(100_000_000)})
    bomb = packed(lambda held: large.to_feather(held, compression="zstd"))
    assert len(bomb) < 1 << 20
    with pytest.raises(FormatError, match=r"b.feather unpacks to more than 0 MB"):
        keep(workspace, "b.feather", bomb)
    assert workspace.table_names() == ["t.feather"]


def test_more_rows_than_are_looked_at_are_turned_away(tmp_path):
    workspace = Workspace(tmp_path / "studio")
    keep(workspace, "t.csv", b"a\n" + b"1\n" * 1000)
    for name, data in (
        ("u.csv", b"1\n" * (MOST_ROWS + 2)),
        ("u.csv.gz", gzip.compress(b"1\n" * (MOST_ROWS + 2), 1)),
        ("u.parquet", packed(lambda held: pandas.DataFrame({"a": np.zeros(MOST_ROWS + 1)}).to_parquet(held))),
    ):
        with pytest.raises(FormatError, match=rf"{name} holds more than 2,000,000 rows: use the command line"):
            keep(workspace, name, data)
    assert workspace.table_names() == ["t.csv"]


def test_a_damaged_archive_is_a_sentence(tmp_path):
    workspace = Workspace(tmp_path / "studio")
    for name in ("t.csv.gz", "t.xlsx", "t.parquet"):
        with pytest.raises(FormatError, match=f"{name} cannot be read"):
            keep(workspace, name, b"PK\x03\x04 and then nothing")
    assert list(workspace.tables.iterdir()) == []


def test_two_files_of_one_name_that_come_at_once_are_two(tmp_path):
    workspace = Workspace(tmp_path / "studio")

    async def slow(data):
        for part in data:
            await asyncio.sleep(0.01)
            yield bytes([part])

    async def both():
        return await asyncio.gather(*(workspace.keep("t.csv", slow(b"ab\n" + bytes([49 + k]))) for k in range(3)))

    assert sorted(asyncio.run(both())) == ["t-2.csv", "t-3.csv", "t.csv"]
    assert {(workspace.tables / name).read_bytes()[-1] for name in workspace.table_names()} == {49, 50, 51}


def test_what_was_on_its_way_when_the_studio_died_is_no_table_and_goes(tmp_path):
    (Workspace(tmp_path / "studio").tables / ".upload-half.csv").write_text("a,b\n1,")
    (tmp_path / "studio" / "tables" / "mine.csv").write_text("a,b\n1,2\n")
    (tmp_path / "studio" / "studio.sqlite").touch()
    with opened(tmp_path / "studio") as client:
        workspace = client.app.state.workspace
        assert workspace.table_names() == ["mine.csv"]
        assert [path.name for path in workspace.tables.iterdir()] == ["mine.csv"]


def test_an_upload_that_breaks_off_or_does_not_fit_leaves_nothing(tmp_path, monkeypatch):
    workspace = Workspace(tmp_path / "studio")

    async def broken():
        yield b"a,b\n"
        raise ConnectionError("gone")

    with pytest.raises(RunError, match="cannot be kept"):
        asyncio.run(workspace.keep("t.csv", broken()))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(RunError, match=r"t.csv cannot be kept in .*: No space left on device"):
        keep(workspace, "t.csv", b"a\n1\n")
    assert list(workspace.tables.iterdir()) == []
