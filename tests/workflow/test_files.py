"""A user's own files through `aitia run` and `aitia do`, and every way in which they can be wrong."""

import csv
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

import aitia as library
from aitia.cli import app
from aitia.data.read import read
from aitia.data.reading.pictures import write_pictures
from aitia.data.reading.tracks import write_tracks
from aitia.data.tables import read_table
from aitia.data.tracks import Tracks
from aitia.errors import AitiaError, RangeWarning
from aitia.worlds import OrcaWorld, PendulumWorld, ProjectileWorld, export_world

DOMAINS = ["--set", "steps=3", "--set", "latents=4", "--set", "width=4", "--set", "batch=8", "--set", "changing=1"]


def aitia(*arguments):
    """What the command prints; a user's mistake comes back as the error that `main` prints."""
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    if isinstance(done.exception, AitiaError):
        raise done.exception
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def faces(folder, n=40, size=16, site=("north", "south")):
    """Bright squares, left or right by site, and a CSV of labels."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 90, (n, size, size, 3), dtype=np.uint8)
    for i in range(n):
        images[i, 4:8, (2 if i % 2 else 10) : (6 if i % 2 else 14)] = 220
    write_pictures(images, folder / "images", [f"{i}.png" for i in range(n)])
    lines = [f"images/{i}.png,{site[i % len(site)]},{i / n + 0.001:.4f}" for i in range(n)]
    (folder / "labels.csv").write_text("\n".join(["path,site,warmth", *lines]) + "\n")
    return folder


def lines_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "faces").mkdir()
    return faces(tmp_path / "faces")


@pytest.fixture(scope="module")
def faces_run(tmp_path_factory):
    place = tmp_path_factory.mktemp("faces")
    (place / "data").mkdir()
    aitia(
        "run", "domain-counterfactuals", "--data", faces(place / "data"), "--domain", "site", *DOMAINS,
        "--out", place / "run",
    )  # fmt: skip
    return place / "run"


# -- what works ------------------------------------------------------------------------------------------------------


def test_a_folder_of_images_is_fitted_and_asked(faces_run, tmp_path):
    metrics = json.loads((faces_run / "metrics.json").read_text())
    assert metrics["scored_on"] == "4 rows that the fit has not seen"
    assert "counterfactual MSE" not in metrics["scores"], "there is no truth of a user's images"
    assert "a counterfactual gives back image within" in (faces_run / "report.html").read_text()
    told = aitia("do", faces_run, "do(site=south)", "--rows", "3,17", "--out", tmp_path / "answer")
    assert 'do(site="south") for row 3, 17' in told
    names = {path.name for path in (tmp_path / "answer").iterdir()}
    assert names >= {"answer.json", "answer-3.png", "answer-17.png", "fact-3.png", "fact-17.png", "answer.csv"}
    told = json.loads((tmp_path / "answer" / "answer.json").read_text())
    assert (told["verb"], told["rows"]) == ("solve", [3, 17])
    assert [line["site"] for line in lines_of(tmp_path / "answer" / "answer.csv")] == ["south", "south"]


def test_a_share_to_score_on_with_rows_of_one_domain_only_is_scored(tmp_path):
    """The few rows that are left may all be from one place; every score is a number all the same."""
    (tmp_path / "data").mkdir()
    lines = [
        f"{x:.4f},{y:.4f},{'ab'[i > 36]}" for i, (x, y) in enumerate(np.random.default_rng(0).normal(size=(40, 2)))
    ]
    (tmp_path / "t.csv").write_text("\n".join(["x,y,domain", *lines]) + "\n")
    told = aitia(
        "run", "domain-counterfactuals", "--data", tmp_path / "t.csv", "--set", "steps=2", "--set", "changing=1",
        "--test-share", "0.05", "--json",
    )  # fmt: skip
    scores = json.loads(told)["scores"]
    assert all(np.isfinite(v) for row in scores.values() for who, v in row.items() if who != "better")


def test_the_images_that_are_written_are_the_rows_that_were_asked_for(faces_run, tmp_path):
    from PIL import Image

    aitia("do", faces_run, "do(site=south)", "--rows", "5", "--out", tmp_path)
    given = np.asarray(Image.open(faces_run.parent / "data" / "images" / "5.png"))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "fact-5.png")), given)


def test_a_table_is_fitted_and_asked(tmp_path):
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(120, 3)) + np.repeat([[0.0], [2.0]], 60, axis=0)
    lines = [",".join([*(f"{v:.5f}" for v in row), "ab"[i // 60]]) for i, row in enumerate(columns)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y,z,domain", *lines]) + "\n")
    aitia(
        "run", "domain-counterfactuals", "--data", tmp_path / "t.csv", "--set", "steps=5", "--set", "changing=1",
        "--out", tmp_path / "run",
    )  # fmt: skip
    aitia("do", tmp_path / "run", "do(domain=b)", "--rows", "0-2", "--out", tmp_path / "answer")
    facts, answers = (read_table(tmp_path / "answer" / f"{name}.csv") for name in ("fact", "answer"))
    assert np.allclose(facts.matrix(["x", "y", "z"]), columns[:3], atol=1e-4)
    assert answers.labels("domain").tolist() == ["b"] * 3


def test_files_of_tracks_by_environment_are_fitted_and_asked(tmp_path):
    world = OrcaWorld()
    for label in ("0.1", "0.5"):
        sample = world.sample(40, env=label)
        write_tracks(Tracks.of(world.render(sample), label), tmp_path / f"place {label}.npz")
    (tmp_path / "data").mkdir()
    for path in tmp_path.glob("*.npz"):
        path.rename(tmp_path / "data" / path.name)
    small = ["--set", "steps=3", "--set", "batch=4", "--set", "width=16"]
    aitia("run", "causal-motion", "--data", tmp_path / "data", *small, "--out", tmp_path / "run")
    told = aitia("do", tmp_path / "run", "do(environment=0.5)", "--rows", "2", "--json")
    record = json.loads(told)
    assert record["verb"] == "predict"
    place = tmp_path / "run" / "do" / "environment=0.5"
    fact, answer = (lines_of(place / f"{name}.csv") for name in ("fact", "answer"))
    assert len(fact) == len(answer) == 2 * 20
    assert [row["x"] for row in fact[:8]] == [row["x"] for row in answer[:8]]


def test_frames_with_an_id_are_read_as_clips(tmp_path):
    export_world(ProjectileWorld(frames=4), tmp_path / "throws", 12, size=16)
    clips = read(tmp_path / "throws", takes=("clips",))
    assert clips.images.shape == (12, 4, 16, 16, 3)
    again = ProjectileWorld(frames=4).sample(12)
    assert np.allclose(clips.known.column("x"), again["x"], atol=1e-6)
    assert clips.known.column("gravity").shape == (12,)
    found = library.fit("vae", str(tmp_path / "throws"), steps=2, batch=4, width=4, latents=8)
    assert found.given.data.form == "clips"


def test_a_data_set_as_the_hub_lays_it_out_is_fitted(tmp_path):
    export_world(PendulumWorld(), tmp_path / "set", 24, size=16, format="datasets")
    aitia("run", "domain-counterfactuals", "--data", tmp_path / "set", *DOMAINS, "--out", tmp_path / "run")
    (target,) = library.load(tmp_path / "run").targets
    assert target.labels == ("e1", "e2", "e3", "e4", "e5", "e6")


def test_other_rows_are_asked_about_with_data(faces_run, tmp_path):
    (tmp_path / "new").mkdir()
    faces(tmp_path / "new", n=4)
    told = aitia("do", faces_run, "do(site=north)", "--rows", "1", "--data", tmp_path / "new", "--out", tmp_path / "o")
    assert "for row 1" in told


def test_data_that_have_changed_or_gone_are_told(tmp_path):
    (tmp_path / "data").mkdir()
    faces(tmp_path / "data")
    run = tmp_path / "run"
    aitia("run", "domain-counterfactuals", "--data", tmp_path / "data", "--domain", "site", *DOMAINS, "--out", run)
    faces(tmp_path / "data", n=20)
    assert "has changed since the fit" in aitia("do", run, "do(site=south)", "--rows", "1")
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    with pytest.raises(AitiaError, match=r"are not at .*data any more: say where they are \(--data\)"):
        aitia("do", run, "do(site=south)", "--rows", "1")


def test_a_value_outside_the_trained_range_is_answered_with_how_far_it_lies(folder, tmp_path):
    small = ["--set", "steps=2", "--set", "width=4", "--set", "batch=8"]
    aitia("run", "causal-vae", "--data", folder, *small, "--out", tmp_path / "run")
    with pytest.warns(RangeWarning, match="warmth=1.976 lies 1 outside"):
        told = aitia("do", tmp_path / "run", "do(warmth=1.976)", "--rows", "3")
    assert "Note: warmth=1.976 lies 1 outside of the trained range 0.001 to 0.976" in told
    inside = aitia("do", tmp_path / "run", "do(warmth=0.5)", "--rows", "3")
    assert "outside of the trained range" not in inside
    with pytest.raises(AitiaError, match=r"'warmht' is not a variable of this system\. Did you mean 'warmth'"):
        aitia("do", tmp_path / "run", "do(warmht=0.5)")


def test_the_use_on_a_discovery_is_as_it_was(tmp_path):
    with pytest.raises(AitiaError, match="is no folder of a discovery"):
        aitia("do", tmp_path / "nowhere", "do(a=1)", "--outcome", "c")
    with pytest.raises(AitiaError, match="--rows is for the folder of a fitted system"):
        aitia("do", tmp_path, "do(a=1)", "--outcome", "c", "--rows", "1")


# -- what is wrong ---------------------------------------------------------------------------------------------------


def refused(folder, sentence, *more, method="domain-counterfactuals", error=AitiaError):
    small = DOMAINS if method == "domain-counterfactuals" else ["--set", "steps=2"]
    with pytest.raises(error, match=sentence):
        aitia("run", method, "--data", folder, *(more or ("--domain", "site")), *small)


def test_images_of_different_sizes_are_named_and_can_be_scaled(folder):
    write_pictures(np.zeros((1, 8, 8, 3), np.uint8), folder / "images", ["7.png"])
    refused(folder, r"images differ in size: .*0\.png is 16x16, .*7\.png is 8x8; give a size")
    aitia("run", "domain-counterfactuals", "--data", folder, "--domain", "site", "--size", "16", *DOMAINS)


def test_labels_without_their_files_name_the_first_three(folder):
    for i in (2, 5, 8, 9):
        (folder / "images" / f"{i}.png").unlink()
    refused(folder, r"column 'image' names 4 files that are not there .*first 'images/2\.png' \(row 2\)")


def test_a_constant_label_is_refused(tmp_path):
    (tmp_path / "one").mkdir()
    refused(faces(tmp_path / "one", site=("north",)), "at least 2 domains, got only 'north'")


def test_a_column_that_is_not_there_or_not_said_is_told_with_those_that_are(folder):
    refused(folder, "'sight' is not a variable of this table. Did you mean 'site'", "--domain", "sight")
    refused(folder, r"say which column it is \(--domain\); there are image, site, warmth", "--seed", "0")


def test_an_empty_folder_and_one_that_is_not_there_are_told(tmp_path):
    refused(tmp_path, "is empty, wanted a table")
    refused(tmp_path / "none", "there is no file, folder or world")
    refused("pendulam", "Did you mean 'pendulum'")
    refused(tmp_path, r"holds no file of tracks \(.txt or .npz\)", "--seed", "0", method="gcrl")


def test_what_a_method_does_not_take_is_told(folder):
    refused(folder, "wanted frame, agent, x, y, got 3 columns", "--seed", "1", method="causal-motion")
    refused("orca", "tdrl takes clips, and these rows are tracks", "--seed", "1", method="tdrl")
    refused("pendulum", "vae has no role, subject or option 'site'", "--site", "e1", method="vae")


def test_an_unknown_method_option_or_argument_names_the_nearest(folder):
    refused(folder, "there is no system 'domain-counterfactual'. Did you mean", method="domain-counterfactual")
    refused(folder, "no role, subject or option 'step'. Did you mean 'steps'", "--set", "step=3")
    refused("orca", "the world orca has no option 'radi'. Did you mean 'radii'", "--world", "radi=1", method="gcrl")
    with pytest.raises(AitiaError, match=r"is fitted to table: say where \(--data PATH"):
        aitia("run", "domain-counterfactuals")


def test_a_folder_of_another_run_is_refused(folder, faces_run):
    with pytest.raises(AitiaError, match="holds a run with other"):
        aitia(
            "run", "domain-counterfactuals", "--data", folder, "--domain", "site", *DOMAINS, "--seed", "5",
            "--out", faces_run,
        )  # fmt: skip


def test_weights_of_another_model_name_the_first_leaf_and_both_shapes(folder, tmp_path):
    runs = []
    for latents in ("4", "5"):
        runs.append(tmp_path / latents)
        options = [text.replace("latents=4", f"latents={latents}") for text in DOMAINS]
        aitia("run", "domain-counterfactuals", "--data", folder, "--domain", "site", *options, "--out", runs[-1])
    weights = [run / "model" / "model.safetensors" for run in runs]
    before = weights[0].read_bytes()
    weights[0].write_bytes(weights[1].read_bytes())
    with pytest.raises(AitiaError, match=r"is damaged: model/model\.safetensors is not as it was written"):
        aitia("do", runs[0], "do(site=south)")
    with pytest.raises(AitiaError, match=r"holds another model: \S+ has shape \([\d, ]+\) there, \([\d, ]+\) here"):
        library.load(runs[0] / "model")  # without the run, nobody knows what was written
    weights[0].write_bytes(before)
    config = runs[0] / "model" / "config.json"
    config.write_bytes(config.read_bytes().replace(b"\n", b" \n"))
    with pytest.raises(AitiaError, match=r"is damaged: model/config\.json is not as it was written"):
        aitia("encode", runs[0])
    weights[0].write_bytes(b"cut")
    with pytest.raises(AitiaError, match="damaged"):
        aitia("do", runs[0], "do(site=south)")


def test_a_full_disk_is_told_and_the_old_checkpoint_goes_on_from_where_it_was(tmp_path, monkeypatch):
    """The second checkpoint does not fit; the first stays as it was, and the run ends as one that was left alone."""
    world = ["--data", "latent-domains", "--rows", "120", "--world", "size=3", "--world", "intervened=2"]
    small = ["--set", "steps=1001", "--set", "restarts=1", "--set", "batch=4", "--set", "changing=1"]
    run = ["run", "domain-counterfactuals", *world, *small, "--out"]
    plain, seen = os.fsync, []

    def full(handle):
        place = os.readlink(f"/proc/self/fd/{handle}")
        if "training-1" in place:
            if seen:
                raise OSError(28, "No space left on device")
            seen.append(place)
        plain(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(AitiaError, match="cannot be written: No space left on device; what was there is unchanged"):
            aitia(*run, tmp_path / "full")
    from aitia.nn.weights import read_weights

    assert (
        read_weights(tmp_path / "full" / "checkpoint" / "training-1.safetensors")[1]["train"]["history"]["steps"] == 500
    )
    for name in ("full", "whole"):
        aitia(*run, tmp_path / name)
    assert (tmp_path / "full" / "run.json").read_text() == (tmp_path / "whole" / "run.json").read_text()


def test_without_torch_the_sentence_says_what_to_install():
    code = "import sys; sys.modules['torch'] = None; from aitia.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "run", "gcrl", "--data", "orca"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "aitia: gcrl needs torch, which is not installed: pip install 'aitia[nets]'\n"


def test_rows_are_numbers_and_there(faces_run):
    with pytest.raises(AitiaError, match="rows are numbers such as 3,17 or 0-5, got 'three'"):
        aitia("do", faces_run, "do(site=south)", "--rows", "three")
    with pytest.raises(AitiaError, match=r"there is no row 99: .* has rows 0 to 39"):
        aitia("do", faces_run, "do(site=south)", "--rows", "99")
    with pytest.raises(AitiaError, match=r"'site' is set to one of north, south, got 'sout'\. Did you mean 'south'\?"):
        aitia("do", faces_run, "do(site=sout)")
