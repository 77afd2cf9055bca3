"""The training loop: what it reaches, what it remembers, and that a killed one ends where it would have ended."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from aitia.errors import DataError, FormatError, OptionError, RunError, TrainingError
from aitia.nn.weights import read_weights
from aitia.train import EnvironmentBatches, RowBatches, TrainConfig, train


class Line(nn.Module):
    """Least squares."""

    def __init__(self, width=2):
        super().__init__()
        self.net = nn.Linear(width, 1)

    def forward(self, x, y):
        return {"loss": (self.net(x) - y).square().mean()}


def line_data(n=256):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, 2, generator=generator)
    return x, x @ torch.tensor([[2.0], [-1.0]]) + 0.5


def line(seed=0, width=2):
    torch.manual_seed(seed)
    return Line(width)


def options(**given):
    return TrainConfig(**{"steps": 60, "learning_rate": 0.05, "device": "cpu", "checkpoint_every": 10, **given})


def test_least_squares_reaches_the_coefficients_in_closed_form():
    model = line()
    train(model, RowBatches(line_data(), 64), options(steps=600, schedule="cosine"))
    assert torch.allclose(model.net.weight, torch.tensor([[2.0, -1.0]]), atol=1e-3)
    assert torch.allclose(model.net.bias, torch.tensor([0.5]), atol=1e-3)


def test_an_epoch_has_every_row_once_and_the_next_another_order():
    batches = RowBatches((torch.arange(10),), 4)
    seen = torch.cat([batches(step, 0, 1)[0] for step in range(5)])
    assert sorted(seen[:10].tolist()) == sorted(seen[10:].tolist()) == list(range(10))
    assert seen[:10].tolist() != seen[10:].tolist()


@pytest.mark.parametrize("ranks", [2, 3])
def test_the_processes_share_a_batch_without_overlap(ranks):
    batches = RowBatches((torch.arange(50),), 12, seed=3)
    whole = batches(2, 0, 1)[0].tolist()
    shares = [batches(2, rank, ranks)[0].tolist() for rank in range(ranks)]
    assert sorted(row for share in shares for row in share) == sorted(whole)


def test_every_environment_gives_as_many_rows_however_small_it_is():
    env = torch.tensor([0] * 30 + [1] * 3)
    (rows,) = EnvironmentBatches((torch.arange(33),), env, 6)(0, 0, 1)
    assert rows.shape == (2, 6)
    assert (rows[0] < 30).all()
    assert (rows[1] >= 30).all()
    assert sorted(rows[1].tolist()) == [30, 30, 31, 31, 32, 32]


def test_an_environment_without_rows_is_named():
    with pytest.raises(DataError, match="environment 1 has no row"):
        EnvironmentBatches((torch.zeros(4),), torch.tensor([0, 0, 2, 2]), 2)


def test_the_best_validation_is_kept_and_patience_stops():
    model, values = line(), iter([3.0, 1.0, 2.0, 2.0, 2.0, 0.0])
    kept = []

    def validate():
        kept.append(model.net.weight.detach().clone())
        return next(values)

    history = train(model, RowBatches(line_data(), 8), options(validate_every=5, patience=3), validate=validate)
    assert history.best_step == 10
    assert history.steps == 25
    assert torch.equal(model.net.weight, kept[1])


def test_parameters_outside_the_groups_do_not_move_and_want_gradients_again_afterwards():
    model = line()
    bias = model.net.bias.detach().clone()
    train(model, RowBatches(line_data(), 8), options(), groups=[([model.net.weight], 0.1)])
    assert torch.equal(model.net.bias, bias)
    assert model.net.bias.requires_grad


def test_a_training_leaves_the_global_random_numbers_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    model = Line()
    torch.random.set_rng_state(before)
    train(model, RowBatches(line_data(), 8), options())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_loss_that_is_not_finite_stops_with_the_step_and_the_mend():
    with pytest.raises(TrainingError, match=r"step 0.*lower the learning rate"):
        train(line(), RowBatches((torch.full((8, 2), torch.nan), torch.zeros(8, 1)), 4), options())


class Breaks(Line):
    """Least squares whose weights are lost by the update behind a number of calls."""

    def __init__(self, after):
        super().__init__()
        self.left = after

    def forward(self, x, y):
        self.left -= 1
        loss = super().forward(x, y)["loss"]
        return {"loss": loss if self.left else loss + self.net.weight.sum().mul(0).sqrt()}  # a gradient of 0 / 0


def test_the_last_good_state_of_a_broken_training_is_kept_and_told(tmp_path):
    place = tmp_path / "state.safetensors"
    with pytest.raises(TrainingError, match=rf"loss is nan at step 20;.*the state of step 10 is in {place}"):
        train(Breaks(20), RowBatches(line_data(), 8), options(), checkpoint=place)
    tensors, metadata = read_weights(place)
    assert metadata["train"]["history"]["steps"] == 10
    assert all(tensor.isfinite().all() for tensor in tensors.values())


class Narrow(Line):
    """Least squares in the memory of a GPU that holds so many rows."""

    def __init__(self, rows):
        super().__init__()
        self.rows = rows

    def forward(self, x, y):
        if len(x) > self.rows:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().forward(x, y)


@pytest.mark.parametrize(("rows", "mend"), [(11, "8 fit: lower the batch"), (0, "take a smaller model")])
def test_a_batch_that_does_not_fit_says_how_many_rows_would(rows, mend):
    model = Narrow(rows)
    with pytest.raises(TrainingError, match=f"does not hold the 32 rows of step 0; {mend}"):
        train(model, RowBatches(line_data(), 32), options())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_options_out_of_range_are_refused():
    for wrong in ({"steps": 0}, {"learning_rate": 0.0}, {"schedule": "up"}, {"patience": 0}, {"clip": 0.0}):
        with pytest.raises(OptionError):
            TrainConfig(**{"steps": 5, **wrong})


# -- checkpoints -----------------------------------------------------------------------------------------------------


def test_a_finished_training_is_not_done_again(tmp_path):
    place = tmp_path / "state.safetensors"
    train(line(), RowBatches(line_data(), 8), options(), checkpoint=place)
    bytes_then, again = place.read_bytes(), line(seed=9)
    history = train(again, RowBatches(line_data(), 8), options(), checkpoint=place)
    assert history.steps == 60
    assert place.read_bytes() == bytes_then
    assert torch.equal(again.net.weight, read_weights(place)[0]["now.net.weight"])


def test_a_checkpoint_of_other_options_is_refused(tmp_path):
    place = tmp_path / "state.safetensors"
    train(line(), RowBatches(line_data(), 8), options(), checkpoint=place)
    with pytest.raises(RunError, match="other options"):
        train(line(), RowBatches(line_data(), 8), options(seed=1), checkpoint=place)


def test_a_checkpoint_of_another_model_names_the_first_leaf_and_both_shapes(tmp_path):
    place = tmp_path / "state.safetensors"
    train(line(), RowBatches(line_data(), 8), options(), checkpoint=place)
    with pytest.raises(FormatError, match=r"net\.weight.*(1, 2).*(1, 3)|net\.weight.*(1, 3).*(1, 2)"):
        train(line(width=3), RowBatches(line_data(), 8), options(), checkpoint=place)


def test_a_truncated_checkpoint_is_refused(tmp_path):
    place = tmp_path / "state.safetensors"
    train(line(), RowBatches(line_data(), 8), options(), checkpoint=place)
    place.write_bytes(place.read_bytes()[:-40])
    with pytest.raises(FormatError, match="damaged"):
        train(line(), RowBatches(line_data(), 8), options(), checkpoint=place)


def test_a_full_disk_leaves_the_old_checkpoint_as_it_was(tmp_path, monkeypatch):
    place = tmp_path / "state.safetensors"
    train(line(), RowBatches(line_data(), 8), options(), checkpoint=place)
    old = place.read_bytes()

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    monkeypatch.setattr(os, "fsync", full)
    from aitia.nn.weights import write_weights

    with pytest.raises(RunError, match="No space left"):
        write_weights(place, {"a": torch.zeros(2)}, {})
    assert place.read_bytes() == old
    assert [file.name for file in tmp_path.iterdir()] == ["state.safetensors"]


KILLED = """
import sys, time, torch
from pathlib import Path
sys.path.insert(0, {here!r})
from test_train import line, line_data, options
from aitia.train import RowBatches, train

def slowly(what, step, steps):
    Path({mark!r}).write_text(str(step))
    time.sleep(0.2 if {slow} else 0)

train(line(), RowBatches(line_data(), 8), options(), validate=lambda: 1.0, checkpoint=Path({place!r}), progress=slowly)
"""


def test_a_training_killed_and_resumed_gives_the_same_bytes(tmp_path):
    def script(name, slow):
        return KILLED.format(
            here=str(Path(__file__).parent), mark=str(tmp_path / f"{name}.mark"), place=str(tmp_path / name), slow=slow
        )

    command = [sys.executable, "-c"]
    subprocess.run([*command, script("whole", False)], check=True, timeout=120)
    victim = subprocess.Popen([*command, script("killed", True)])
    mark, deadline = tmp_path / "killed.mark", time.monotonic() + 100
    while not (mark.exists() and mark.read_text() and int(mark.read_text()) >= 30) and time.monotonic() < deadline:
        time.sleep(0.02)
    victim.send_signal(signal.SIGKILL)
    assert victim.wait() == -signal.SIGKILL
    assert (tmp_path / "killed").read_bytes() != (tmp_path / "whole").read_bytes()
    subprocess.run([*command, script("killed", False)], check=True, timeout=120)
    assert (tmp_path / "killed").read_bytes() == (tmp_path / "whole").read_bytes()


TWO = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, {here!r})
from test_train import line, line_data, options
from aitia.train import RowBatches, train

wrote = []
sys.addaudithook(lambda event, told: wrote.append(str(told[1])) if event == "os.rename" else None)
found = train(line(), RowBatches(line_data(), 16), options(validate_every=10), checkpoint=Path({place!r}))
told = {{"processes": os.environ["WORLD_SIZE"], "losses": found.losses, "wrote": wrote}}
Path({place!r} + "." + os.environ["RANK"]).write_text(json.dumps(told))
"""


def launched(script, launcher):
    """The commands of two processes, with what each has in its environment."""
    if launcher == "torchrun":
        return [([sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", script], {})]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    # On processors `accelerate launch` starts one process and leaves it to MPI to start it once a rank, so do we.
    line = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_machines", "2", "--num_processes", "2"]
    line += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_ip", "127.0.0.1"]
    line += ["--main_process_port", port]
    ranks = [{"RANK": str(k), "LOCAL_RANK": str(k), "WORLD_SIZE": "2"} for k in (0, 1)]
    return [([*line, "--machine_rank", rank["RANK"], script], rank) for rank in ranks]


@pytest.mark.parametrize("launcher", ["torchrun", "accelerate launch"])
def test_two_processes_reach_the_weights_of_one(tmp_path, launcher):
    """Gradients of equal shares are averaged, so the weights and losses agree to rounding; the first process writes."""
    script = tmp_path / "two.py"
    script.write_text(TWO.format(here=str(Path(__file__).parent), place=str(tmp_path / "two")))
    plain = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(command, env=plain | rank, stderr=subprocess.PIPE, text=True)
        for command, rank in launched(str(script), launcher)
    ]
    for process in running:
        said = process.communicate(timeout=200)[1]
        assert process.returncode == 0, said[-2000:]
    first, second = (json.loads((tmp_path / f"two.{rank}").read_text()) for rank in (0, 1))
    assert first["processes"] == second["processes"] == "2"
    assert (set(first["wrote"]), second["wrote"]) == ({str(tmp_path / "two")}, [])
    whole = train(line(), RowBatches(line_data(), 16), options(validate_every=10), checkpoint=tmp_path / "one")
    assert len(whole.losses) == 6
    for one, a, b in zip(whole.losses, first["losses"], second["losses"], strict=True):
        assert (a["loss"] + b["loss"]) / 2 == pytest.approx(one["loss"], rel=1e-5)  # each has the loss of its share
        assert a["loss"] != b["loss"]
    two, one = read_weights(tmp_path / "two")[0], read_weights(tmp_path / "one")[0]
    for name in ("now.net.weight", "now.net.bias"):
        assert torch.allclose(two[name], one[name], atol=1e-5)
