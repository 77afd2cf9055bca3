"""The training loop: what it reaches, what it remembers, and that a killed one ends where it would have ended."""

import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from accelerate import FullyShardedDataParallelPlugin
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.commands.launch import launch_command_parser
from accelerate.utils.launch import prepare_multi_gpu_env
from torch import nn

from aitia.errors import DataError, FormatError, OptionError, RunError, TrainingError
from aitia.nn.weights import read_weights
from aitia.train import EnvironmentBatches, RowBatches, TrainConfig, train
from aitia.train.sharding import Shards


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


SHARDED = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, {here!r})
import torch
from accelerate import Accelerator, DistributedType, FullyShardedDataParallelPlugin, PartialState
from aitia.train.sharding import Shards
from test_train import EndedError, deep, deeply

state = Accelerator(cpu=True).state
state.distributed_type = PartialState().distributed_type = DistributedType.FSDP
state.fsdp_plugin = FullyShardedDataParallelPlugin(
    fsdp_version=2, auto_wrap_policy="NO_WRAP", cpu_ram_efficient_loading=False
)
parts = []
gather = Shards.gather
def watched(self):
    parts.append(self.parts.state_dict())
    gather(self)
Shards.gather = watched

model = deep()
try:
    found, moved = deeply(model, Path({place!r}), {until})
    local = {{name: list(leaf.to_local().shape) for name, leaf in parts[-1].items() if hasattr(leaf, "to_local")}}
    weights = {{name: leaf.tolist() for name, leaf in model.state_dict().items()}}
    told = {{"validations": found.validations, "local": local, "moved": moved, "weights": weights}}
except EndedError:
    told = {{"ended": True}}
Path({place!r} + "." + os.environ["RANK"]).write_text(json.dumps(told))
"""


class Deep(nn.Module):
    """Two layers, a weight that stands in two places, and a buffer that a step changes."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(2, 5), nn.Linear(5, 1)
        self.again = nn.Linear(2, 5, bias=False)
        self.again.weight = self.first.weight
        self.register_buffer("seen", torch.zeros(1))

    def hidden(self, x):
        return torch.tanh(self.first(x)) + self.again(x)

    def forward(self, x, y):
        return {"loss": (self.last(self.hidden(x)) + 0.001 * self.seen - y).square().mean()}


class EndedError(Exception):
    """The machine went away."""


def deep():
    torch.manual_seed(0)
    return Deep()


def deeply(model, place, until=60):
    """A training that reads the whole model beside its forward pass, and whether the weights moved at every step."""
    x, y = line_data(64)
    weights = []

    def before(step):
        if step == until:
            raise EndedError
        weights.append(model.first.weight.detach().clone())
        model.seen += 1

    def validate():
        assert not model.training
        return float((model.last(model.hidden(x)) - y).square().mean())

    how = options(validate_every=10, checkpoint_every=7, clip=1.0)
    found = train(model, RowBatches(line_data(), 16), how, validate=validate, before=before, checkpoint=place)
    return found, all(not torch.equal(a, b) for a, b in itertools.pairwise(weights))


def sharded(place, until=60):
    """What two processes say of a training in parts; on processors accelerate shards none unless it is made to."""
    script, here = place.parent / "sharded.py", str(Path(__file__).parent)
    script.write_text(SHARDED.format(here=here, place=str(place), until=until))
    command = launched(str(script), "torchrun")[0][0]
    plain = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=plain, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(place.with_name(f"{place.name}.{rank}").read_text()) for rank in (0, 1)]


def same_weights(one, two):
    (one, _), (two, _) = read_weights(one), read_weights(two)
    assert set(one) == set(two)
    for name, leaf in one.items():
        assert torch.allclose(two[name], leaf, atol=1e-5), name


def test_a_training_in_parts_reaches_the_weights_of_a_whole_one(tmp_path):
    model = deep()
    found, moved = deeply(model, tmp_path / "one")
    first, second = sharded(tmp_path / "two")
    assert (first["local"]["first.weight"], second["local"]["first.weight"]) == ([3, 2], [2, 2])
    assert moved
    assert first["moved"]
    assert first["weights"] == second["weights"]
    assert first["weights"]["seen"] == [60.0]
    for (s, a), (t, b) in zip(first["validations"], found.validations, strict=True):
        assert (s, a) == (t, pytest.approx(b, rel=1e-4))
    for name, leaf in model.state_dict().items():
        assert torch.allclose(torch.tensor(first["weights"][name]), leaf, atol=1e-5), name
    same_weights(tmp_path / "one", tmp_path / "two")


def test_a_training_in_parts_and_a_whole_one_go_on_from_each_other(tmp_path):
    deeply(deep(), tmp_path / "one")
    with pytest.raises(EndedError):
        deeply(deep(), tmp_path / "begun whole", until=35)
    assert [told["moved"] for told in sharded(tmp_path / "begun whole")] == [True, True]
    same_weights(tmp_path / "one", tmp_path / "begun whole")
    assert sharded(tmp_path / "begun in parts", 35) == [{"ended": True}] * 2
    found, _ = deeply(deep(), tmp_path / "begun in parts")
    assert found.steps == 60
    same_weights(tmp_path / "one", tmp_path / "begun in parts")


def launch(version=2, first_alone=False):
    """What accelerate says of itself where it is launched with FSDP."""
    plugin = SimpleNamespace(cpu_ram_efficient_loading=first_alone)
    return SimpleNamespace(is_fsdp2=version == 2, device=torch.device("cpu"), state=SimpleNamespace(fsdp_plugin=plugin))


@pytest.mark.parametrize(
    ("how", "said"),
    [({"version": 1}, "set `fsdp_version: 2`"), ({"first_alone": True}, "set `fsdp_cpu_ram_efficient_loading: false`")],
)
def test_a_launch_that_shards_otherwise_is_refused(how, said):
    with pytest.raises(TrainingError, match=said):
        Shards(deep(), launch(**how))


def test_what_cannot_be_trained_in_parts_is_refused_and_named():
    model = deep()
    model.register_parameter("scale", nn.Parameter(torch.tensor(1.0)))
    with pytest.raises(
        TrainingError, match=r"cannot part scale, one number: launch with `distributed_type: MULTI_GPU`"
    ):
        Shards(model, launch())
    with pytest.raises(TrainingError, match="parameters of its objective alone"):
        Shards(deep(), launch()).groups([(list(deep().parameters()), 0.1)])


def test_a_hook_that_would_train_the_model_in_place_of_its_copy_is_told():
    model = deep()
    model.first.register_forward_hook(lambda module, given, got: got + 0 * model.last.bias)
    kept = deep()
    kept.last.register_forward_hook(lambda module, given, got: given[0] @ kept.last.weight.T)
    for objective, lost in ((model, None), (kept, "last.weight")):
        shards = Shards(objective, launch())
        shards.parts(*line_data(8))["loss"].backward()
        if lost is None:
            shards.check()
        else:
            with pytest.raises(TrainingError, match=f"the loss does not reach {lost} where FSDP shards the model"):
                shards.check()


def test_the_configurations_of_the_page_are_accelerates(tmp_path, monkeypatch):
    page = (Path(__file__).parents[1] / "docs" / "scaling.md").read_text()
    found = re.findall(r"```yaml\n# (\w+\.yaml).*?\n(.*?)```", page, re.DOTALL)
    assert [name for name, _ in found] == ["ddp.yaml", "fsdp.yaml"]
    for name, text in found:
        (tmp_path / name).write_text(text)
        config = load_config_from_file(str(tmp_path / name))  # refuses a key that is not its own
        assert config.num_processes == 2
    told = [
        "--use_fsdp",
        "--num_processes",
        "2",
        "--num_machines",
        "1",
        "--mixed_precision",
        "no",
        "--dynamo_backend",
        "no",
    ]
    told += [word for key, value in config.fsdp_config.items() for word in (f"--{key}", str(value))]
    arguments = launch_command_parser().parse_args([*told, "train.py"])
    for key, value in prepare_multi_gpu_env(arguments).items():
        if key.startswith(("FSDP_", "ACCELERATE_USE_FSDP")):
            monkeypatch.setenv(key, value)
    plugin = FullyShardedDataParallelPlugin()
    Shards(
        deep(),
        SimpleNamespace(is_fsdp2=plugin.fsdp_version == 2, device="cpu", state=SimpleNamespace(fsdp_plugin=plugin)),
    )
