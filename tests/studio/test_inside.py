"""Inside a network: which models are opened, the command of a form, cells, and that what is copied gives the same."""

import contextlib
import io
import json
import shlex
import shutil

import pytest
import torch
from tests.commands import command
from tests.docs.files import language_model
from tests.studio.studio import Visitor, opened

from aitia.cli.studio import studio_command
from aitia.errors import OptionError
from aitia.inside import logit_lens, read_pairs, trace_pairs, trace_prompt
from aitia.nn.causal_language import load_causal_language_model
from aitia.nn.saelens import write_saelens
from aitia.nn.sparse_autoencoders import SparseAutoencoder
from aitia.studio.grids import Cell, of_effects, of_lens, of_trace
from aitia.studio.models import Models

PROMPT, AGAINST = "The capital of France is", "The capital of Italy is"
SITE = "model.layers.1[position=4]"
PAIRS = [(PROMPT, AGAINST), ("The big capital of Spain is", "The big capital of Italy is")]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    place = tmp_path_factory.mktemp("models") / "tiny"
    language_model(place)
    return place


@pytest.fixture
def visit(tmp_path, tiny):
    """A studio with a model, and with jobs that are written down and not started."""
    with opened(tmp_path / "studio") as client:
        state = client.app.state
        shutil.copytree(tiny, state.workspace.models / "tiny")
        state.jobs.submit = state.jobs.state.add
        state.jobs.state.next = lambda: None
        yield Visitor(client)


def state_of(visit):
    return visit.client.app.state


def made(visit, name, words, make):
    """A finished run, as its job would have left it."""
    state = state_of(visit)
    language = load_causal_language_model(state.workspace.models / "tiny")
    make(language, state.workspace.runs / name)
    job = state.jobs.state.add("trace", words, name)
    state.jobs.state.turn(job.id, "finished")


@pytest.fixture
def traced(visit):
    """A trace whose job has finished."""
    words = ["trace", "models/tiny", "--against", AGAINST, "--out", "runs/one", PROMPT]
    made(visit, "one", words, lambda language, out: trace_prompt(language, PROMPT, against=AGAINST, out=out))
    return state_of(visit).workspace.runs / "one"


# -- which models ------------------------------------------------------------------------------------------------------


def test_models_are_folders_of_weights_below_what_was_allowed(tmp_path, tiny):
    own, allowed = tmp_path / "studio", tmp_path / "shelf"
    shutil.copytree(tiny, own / "models" / "mine")
    shutil.copytree(tiny, allowed / "hub" / "deep")
    (own / "models" / "pipe").mkdir()
    (own / "models" / "pipe" / "model_index.json").write_text("{}")
    torch.manual_seed(0)
    write_saelens(SparseAutoencoder(16, 20), own / "models" / "sae")
    found = {model.name: model.kind for model in Models(own, [allowed]).all()}
    assert found == {"models/mine": "language", "models/pipe": "pictures", "models/sae": "features",
                     str(allowed / "hub" / "deep"): "language"}  # fmt: skip


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("hidden", "a hidden folder"),
        ("linked", "a link to a folder elsewhere"),
        ("weights", "a link to weights elsewhere"),
        ("pickle", "weights that are a pickle"),
        ("code", "code of its own"),
        ("encoder", "no causal model"),
        ("damaged", "a config that is none"),
        ("deep", "a folder deeper than is looked"),
    ],
)
def test_what_is_no_model_or_lies_elsewhere_is_not_offered(tmp_path, tiny, what, why):
    models, elsewhere = tmp_path / "studio" / "models", tmp_path / "elsewhere"
    models.mkdir(parents=True)
    shutil.copytree(tiny, elsewhere)
    place = models / {"hidden": ".tiny", "deep": "a/b/c/d"}.get(what, "tiny")
    if what == "linked":
        place.symlink_to(elsewhere)
    else:
        shutil.copytree(tiny, place)
    weights, config = place / "model.safetensors", place / "config.json"
    if what == "weights":
        weights.unlink()
        weights.symlink_to(elsewhere / "model.safetensors")
    elif what == "pickle":
        weights.rename(place / "pytorch_model.bin")
    elif what in ("code", "encoder"):
        told = json.loads(config.read_text())
        told |= {"auto_map": {"AutoModel": "x.Y"}} if what == "code" else {"architectures": ["BertModel"]}
        config.write_text(json.dumps(told))
    elif what == "damaged":
        config.write_text("[" * 100_000)
    assert Models(tmp_path / "studio").all() == [], why


@pytest.mark.parametrize(
    "name", ["gpt2", "owner/name", "models/../models/tiny", "/etc", "models/tiny/", "http://127.0.0.1/m", ""]
)
def test_a_model_that_is_not_on_the_list_is_refused_whatever_its_name(visit, name):
    """An id that would be fetched, a path, an address: nothing but a name of the list is opened."""
    told = visit.post("/inside", json={"model": name, "prompt": PROMPT})
    assert told.status_code == 400
    assert "is no model that may be opened here" in told.json()["error"]
    assert state_of(visit).jobs.state.jobs() == []
    assert list(state_of(visit).workspace.runs.iterdir()) == []
    if name:
        assert visit.get("/inside", params={"model": name}).status_code == 400


def test_an_empty_studio_says_where_models_go(client):
    page = client.get("/inside").text
    assert "There is no model here yet" in page
    assert str(client.app.state.workspace.models) in page


# -- starting ----------------------------------------------------------------------------------------------------------


def test_the_form_becomes_the_command_that_one_would_type(visit):
    form = {"model": "models/tiny", "prompt": PROMPT, "against": AGAINST, "answer": " capital", "other": "s",
            "sites": "model.layers.*[position=-1]\n\n model.layers.0 ", "look": "fast", "seed": 2}  # fmt: skip
    assert visit.post("/inside", json=form).json() == {"go": "/runs/trace-of-France-is"}
    (job,) = state_of(visit).jobs.state.jobs()
    assert job.command == (
        "trace", "models/tiny", "--against", AGAINST, "--answer", " capital", "--other", "s",
        "--site", "model.layers.*[position=-1]", "--site", "model.layers.0", "--fast", "--seed", "2",
        "--out", "runs/trace-of-France-is", PROMPT,
    )  # fmt: skip
    visit.post("/inside", json={"model": "models/tiny", "prompt": "--help", "look": "lens", "answer": "is"})
    assert state_of(visit).jobs.state.jobs()[0].command[2:] == (
        "--answer", "is", "--lens", "--out", "runs/lens-help", "--", "--help",
    )  # fmt: skip


def test_pairs_are_kept_beside_the_run_and_named_by_line(visit):
    lines = "\n".join(json.dumps({"prompt": a, "against": b}) for a, b in PAIRS)
    assert visit.post("/inside", json={"model": "models/tiny", "pairs": lines}).json() == {"go": "/runs/trace-pairs"}
    (job,) = state_of(visit).jobs.state.jobs()
    assert job.command == ("trace", "models/tiny", "--pairs", "notes/trace-pairs.jsonl", "--out", "runs/trace-pairs")
    assert len(read_pairs(state_of(visit).workspace.notes / "trace-pairs.jsonl")) == 2
    told = visit.post("/inside", json={"model": "models/tiny", "pairs": lines + '\n{"prompt": "a"}'})
    assert "line 3: it lacks 'against'" in told.json()["error"]
    assert len(list(state_of(visit).workspace.notes.iterdir())) == 1
    assert [path.name for path in state_of(visit).workspace.runs.iterdir()] == ["trace-pairs"]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "give one prompt, or many pairs"),
        ({"prompt": "a", "pairs": "{}"}, "give one prompt, or many pairs"),
        ({"prompt": "a", "against": "b", "subject": "a"}, "leave one of them empty"),
        ({"prompt": "a", "look": "lens", "against": "b"}, "leave against empty"),
        ({"prompt": "a", "look": "lens", "sites": "model.layers.0"}, "of one prompt at all places"),
        ({"pairs": "{}", "answer": "b"}, "leave the other fields empty"),
        ({"prompt": "a", "sites": "model.layers.0[nowhere=1]"}, "nowhere"),
        ({"prompt": "a", "sites": "model.layers.0[sae=../../../etc, feature=1]"}, "is no model that may be opened"),
        ({"prompt": "a", "sites": "model.layers.0[sae=models/tiny, feature=1]"}, "is no model that may be opened"),
        ({"prompt": "a", "look": "magic"}, "look"),
    ],
)
def test_a_form_that_cannot_be_is_told_by_the_form_and_leaves_nothing(visit, form, said):
    told = visit.post("/inside", json={"model": "models/tiny", **form})
    assert told.status_code == 400
    assert said in told.json()["error"]
    assert state_of(visit).jobs.state.jobs() == []
    assert list(state_of(visit).workspace.runs.iterdir()) == []


def test_features_of_an_autoencoder_that_is_here_are_places(visit):
    torch.manual_seed(0)
    write_saelens(SparseAutoencoder(16, 20), state_of(visit).workspace.models / "sae")
    form = {"model": "models/tiny", "prompt": PROMPT, "against": AGAINST,
            "sites": "model.layers.1[sae=models/sae, feature=*, position=-1]"}  # fmt: skip
    assert visit.post("/inside", json=form).status_code == 200
    assert "models/sae" in visit.get("/inside?model=models/tiny").text


# -- what was found ----------------------------------------------------------------------------------------------------


def test_every_place_is_a_cell_that_says_its_number(visit, traced):
    told = json.loads((traced / "trace.json").read_text())
    grid = of_trace(told)
    assert grid.rows == tuple(f"model.layers.{k}" for k in range(3))
    assert grid.names == ("layers.0", "layers.1", "layers.2")
    assert grid.columns == ("0 [UNK]", "1 capital", "2 of", "3 France", "4 is")
    shown = {cell.place: cell.value for row in grid.cells for cell in row}
    assert shown == told["sites"]
    page = visit.get("/runs/one").text
    assert f'aria-label="layers.1, 4 is: {told["sites"][SITE]:+.3f}"' in page
    assert page.count('role="gridcell"') == 15
    assert page.count('tabindex="0" data-place') == 1
    assert "style=" not in page  # the policy forbids it


def test_colours_say_sign_and_size():
    told = {"tokens": ["a", "b"], "effect": "share restored",
            "sites": {"l.0[position=0]": 0.5, "l.0[position=1]": -1.0, "l.1[position=0]": 0.01}}  # fmt: skip
    grid = of_trace(told)
    assert [[grid.colour(cell) for cell in row] for row in grid.cells] == [["up5", "down10"], ["up0", "none"]]
    assert grid.signed
    assert grid.reach == 1.0


def test_heads_features_and_whole_layers_are_places_too():
    def grid(**sites):
        return of_trace({"tokens": ["a"], "effect": "e", "sites": sites})

    heads = grid(**{"l.0[head=0, position=-1]": 1.0, "l.0[head=1, position=-1]": 2.0})
    assert (heads.rows, heads.columns, heads.axis) == (("l.0[position=-1]",), ("0", "1"), "head")
    whole = grid(**{"l.0": 1.0, "l.1": 0.0})
    assert (whole.rows, whole.columns) == (("l.0", "l.1"), ("",))
    many = grid(**{f"l.0[sae=models/sae, feature={k}, position=-1]": float(k) for k in range(100)})
    assert (many.rows, many.hidden) == (("l.0[sae=models/sae, position=-1]",), 36)
    assert (many.columns[0], many.columns[-1]) == ("36", "99")
    tall = grid(**{f"l.{k}[head={h}]": k + h / 2 for k in range(210) for h in (0, 1)})
    assert (len(tall.rows), tall.rows[0], tall.hidden) == (200, "l.10", 20)


def test_a_lens_is_a_grid_of_what_each_layer_would_say(visit):
    words = ["trace", "models/tiny", "--lens", "--out", "runs/lens", PROMPT]
    made(visit, "lens", words, lambda language, out: logit_lens(language, PROMPT, out=out))
    told = json.loads((state_of(visit).workspace.runs / "lens" / "lens.json").read_text())
    grid = of_lens(told)
    assert len(grid.rows) == 4
    last = grid.cells[-1][-1]
    assert last.value == told["layers"][-1]["answer"][-1]
    assert f"says {told['layers'][-1]['said'][-1]!r}" in last.about
    assert "logit_lens(language, " in visit.get("/runs/lens").text


def test_effects_of_places_are_grids_and_those_of_concepts_are_not():
    numbers = {"low": 0.0, "high": 0.2, "control": 0.05}
    rows = [
        {"target": "red", "outcome": "like other", "effect": 0.9, **numbers},
        {"target": "enc.layers.0.attn", "outcome": "restored", "effect": 0.7, **numbers},
        {"target": "enc.layers.1.mlp", "outcome": "restored", "effect": 0.1, **numbers},
        {"target": "unet.mid[step=0:4]", "outcome": "restored", "effect": 0.2, **numbers},
        {"target": "unet.mid[step=4:8]", "outcome": "restored", "effect": -0.2, **numbers},
    ]
    grids = of_effects(rows)
    assert list(grids) == ["restored: enc", "restored: unet"]
    assert grids["restored: enc"].rows == ("enc.layers.0", "enc.layers.1")
    assert grids["restored: enc"].columns == ("attn", "mlp")
    assert grids["restored: enc"].cells[0][1] is None
    assert grids["restored: unet"].columns == ("steps 0 to 4", "steps 4 to 8")
    told = grids["restored: unet"].cells[0][1]
    assert told == Cell(-0.2, "", "95 % interval +0.00 to +0.20, a random change +0.05")


# -- one cell, and what is copied --------------------------------------------------------------------------------------


def test_a_patched_cell_restores_what_the_trace_said(visit, traced):
    told = json.loads((traced / "trace.json").read_text())
    answer = visit.post("/api/runs/one/patch", json={"place": SITE}).json()
    assert answer["effect"] == pytest.approx(told["sites"][SITE], abs=1e-5)
    assert answer["sites"] == [SITE]
    assert answer["answers"][0]["token"] == told["answer"]
    assert answer["answers"][0]["corrupted"] < answer["answers"][0]["patched"] < answer["answers"][0]["clean"]


def test_what_is_copied_gives_the_same_numbers(visit, traced, monkeypatch):
    """Of a cell as command and as Python, and of the whole trace as both: run in the studio's folder, as pasted."""
    monkeypatch.chdir(state_of(visit).workspace.folder)
    answer = visit.post("/api/runs/one/patch", json={"place": SITE}).json()
    line = answer.pop("command")
    assert pasted(answer.pop("python")) == answer
    assert json.loads(command(*shlex.split(line)[1:], "--json")) == answer
    page = visit.get("/runs/one").text
    code = page.split('data-copy="from aitia')[1].split('"')[0].replace("&#39;", "'")
    told = json.loads((traced / "trace.json").read_text())
    assert pasted("from aitia" + code) == told


def pasted(code):
    """What lines print, as JSON values."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(code, "copied", "exec"), {})
    found = eval(said.getvalue(), {"nan": float("nan")})
    return json.loads(json.dumps(found))


def test_a_cell_of_pairs_is_patched_in_the_pair_that_is_chosen(visit):
    lines = "\n".join(json.dumps({"prompt": a, "against": b}) for a, b in PAIRS)
    notes = state_of(visit).workspace.notes / "many.jsonl"
    notes.write_text(lines)
    words = ["trace", "models/tiny", "--pairs", "notes/many.jsonl", "--out", "runs/many"]
    made(visit, "many", words, lambda language, out: trace_pairs(language, read_pairs(notes), out=out))
    told = json.loads((state_of(visit).workspace.runs / "many" / "trace.json").read_text())
    page = visit.get("/runs/many").text
    assert "first changed" in page
    assert f'<option value="1">{PAIRS[1][0]}</option>' in page
    place = next(f"{p['site']}\n{p['token']}" for p in told["places"] if p["token"] == "last token")
    for pair, position in ((0, 4), (1, 5)):
        answer = visit.post("/api/runs/many/patch", json={"place": place, "pair": pair}).json()
        assert answer["prompt"] == PAIRS[pair][0]
        assert answer["sites"] == [f"model.layers.0[position={position}]"]
    before = "model.layers.0\nbefore"
    answer = visit.post("/api/runs/many/patch", json={"place": before, "pair": 1}).json()
    assert answer["sites"] == [f"model.layers.0[position={k}]" for k in range(4)]  # what stands before the first change
    for asked, said in (({"place": before, "pair": 2}, "there are 2 pairs"),
                        ({"place": "model.layers.0\nbetween", "pair": 0}, "no token that is between")):  # fmt: skip
        refused = visit.post("/api/runs/many/patch", json=asked)
        assert refused.status_code == 400
        assert said in refused.json()["error"]


def test_other_weights_than_those_of_the_trace_are_refused(visit, traced):
    language = load_causal_language_model(state_of(visit).workspace.models / "tiny")
    next(iter(language.model.parameters())).data += 1.0
    language.save(state_of(visit).workspace.models / "tiny")
    told = visit.post("/api/runs/one/patch", json={"place": SITE})
    assert told.status_code == 400
    assert "have changed since this trace" in told.json()["error"]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("model.layers.9[position=4]", "model.layers.9"),
        ("model.layers.*[position=4]", "no *"),
        ("model.layers.1[sae=/etc, feature=1]", "may be opened"),
        ("]", "site"),
    ],
)
def test_a_place_that_is_none_is_one_sentence(visit, traced, place, said):
    told = visit.post("/api/runs/one/patch", json={"place": place})
    assert told.status_code == 400
    assert said in told.json()["error"]


def test_a_trace_that_was_made_elsewhere_is_shown_and_not_patched(visit):
    language = load_causal_language_model(state_of(visit).workspace.models / "tiny")
    trace_prompt(language, PROMPT, against=AGAINST, out=state_of(visit).workspace.runs / "theirs")
    page = visit.get("/runs/theirs").text
    assert 'data-patched=""' in page
    assert "Cells are patched where the studio made the trace" in page
    told = visit.post("/api/runs/theirs/patch", json={"place": SITE})
    assert "trace it again here" in told.json()["error"]


def test_an_estimate_says_how_well_it_agrees(visit):
    words = ["trace", "models/tiny", "--against", AGAINST, "--fast", "--out", "runs/fast", PROMPT]
    made(visit, "fast", words, lambda m, out: trace_prompt(m, PROMPT, against=AGAINST, fast=True, out=out))
    page = visit.get("/runs/fast").text
    assert "Fast: effects are estimated by one backward pass" in page
    assert "fast=True" in page


def test_a_model_too_large_to_be_kept_open_is_left_to_the_command_line(visit, traced, monkeypatch):
    monkeypatch.setattr("aitia.studio.networks.LARGEST", 100)
    told = visit.post("/api/runs/one/patch", json={"place": SITE})
    assert "copy the command" in told.json()["error"]


def test_a_folder_of_models_that_is_none_is_told(tmp_path):
    with pytest.raises(OptionError, match=r"--models .* is no folder"):
        studio_command(tmp_path / "studio", models=[tmp_path / "none"])
    assert not (tmp_path / "studio").exists()
