"""Pretraining: the loss, resume, the folder, the command."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from aitia.errors import FormatError, OptionError, RunError
from aitia.systems.tabpfn import NetworkConfig, PretrainConfig, PriorConfig, PriorFitted, TableTransformer, pretrain
from aitia.systems.tabpfn.prior import TablePrior
from aitia.systems.tabpfn.recipe import main
from aitia.systems.tabpfn.scaling import ColumnScale
from aitia.systems.tabpfn.shipped import SHIPPED, load_weights
from aitia.systems.tabpfn.training import Objective, PriorBatches
from aitia.train import TrainConfig, train

SMALL = NetworkConfig(features=4, classes=3, width=16, layers=2, heads=2)
PRIOR = PriorConfig(features=4, classes=3)
RECIPE = PretrainConfig(steps=6, rows=128, lengths=(16, 32), shares=(0.5, 0.5), seed=100)


def test_the_loss_is_the_mean_log_loss_over_queries_whose_class_some_training_row_has():
    torch.manual_seed(0)
    network = TableTransformer(SMALL)
    X, used = torch.randn(2, 8, 4), torch.tensor([4, 4])
    y = torch.tensor([[0, 1, 0, 1, 0, 2, 1, 0], [0, 2, 0, 2, 2, 2, 1, 0]])  # class 2, then class 1, is of queries only
    loss = Objective(network)(X, y, used, torch.tensor(4))
    logits = network(ColumnScale.of(X[:, :4], used).apply(X, 4), y[:, :4]).log_softmax(-1)
    by_hand = [-logits[b, q - 4, y[b, q]] for b in range(2) for q in range(4, 8) if y[b, q] in y[b, :4]]
    assert len(by_hand) == 6
    assert torch.allclose(loss, torch.stack(by_hand).mean())


def test_batches_are_a_function_of_seed_step_and_process():
    batches = PriorBatches(TablePrior(PRIOR), RECIPE)
    one, two, other, next_one = batches(3, 0, 2), batches(3, 0, 2), batches(3, 1, 2), batches(4, 0, 2)
    assert all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(one, two, strict=True))
    assert one[0].shape == other[0].shape  # one length and one training part for all processes
    assert one[3] == other[3]
    assert not torch.equal(one[0].nan_to_num(), other[0].nan_to_num())
    assert one[0].shape != next_one[0].shape or not torch.equal(one[0].nan_to_num(), next_one[0].nan_to_num())


def test_a_step_has_as_many_rows_whatever_the_length_and_a_training_part_in_range():
    batches = PriorBatches(TablePrior(PRIOR), RECIPE)
    lengths = set()
    for step in range(12):
        X, y, used, train_rows = batches(step, 0, 1)
        lengths.add(X.shape[1])
        assert X.shape[0] * X.shape[1] == 128
        assert y.shape == X.shape[:2]
        assert X.shape[1] // 8 <= train_rows <= 7 * X.shape[1] // 8
        assert used.max() <= 4
    assert lengths == {16, 32}


def test_training_makes_the_loss_smaller_on_tables_that_it_has_not_seen():
    torch.manual_seed(0)
    network = TableTransformer(SMALL)
    held = PriorBatches(TablePrior(PRIOR), PretrainConfig(rows=2048, lengths=(32,), shares=(1.0,), seed=777))
    objective = Objective(network)
    with torch.no_grad():
        before = np.mean([float(objective(*held(k, 0, 1))) for k in range(4)])
    recipe = PretrainConfig(rows=512, lengths=(32,), shares=(1.0,), seed=100)
    train(objective, PriorBatches(TablePrior(PRIOR), recipe), TrainConfig(steps=80, learning_rate=3e-3, clip=1.0))
    with torch.no_grad():
        after = np.mean([float(objective(*held(k, 0, 1))) for k in range(4)])
    assert after < before - 0.05


def test_a_training_that_stopped_goes_on_to_the_same_bytes(tmp_path, monkeypatch):
    def stop(what, done, total):
        if done >= 10:
            raise KeyboardInterrupt

    monkeypatch.setattr("aitia.systems.tabpfn.training.CHECKPOINT_EVERY", 5)
    recipe = PretrainConfig(steps=14, rows=64, lengths=(16,), shares=(1.0,), seed=100)
    options = {"network": SMALL, "prior": PRIOR, "recipe": recipe}
    whole = pretrain(tmp_path / "whole", **options)
    with pytest.raises(KeyboardInterrupt):
        pretrain(tmp_path / "cut", **options, progress=stop)
    assert (tmp_path / "cut" / "training.safetensors").exists()
    assert pretrain(tmp_path / "cut", **options).hash == whole.hash


@pytest.mark.parametrize(
    "other",
    [{"recipe": replace(RECIPE, steps=7)}, {"recipe": replace(RECIPE, rows=64)}, {"prior": replace(PRIOR, scm=1.0)}],
)
def test_a_folder_of_another_training_is_refused(tmp_path, other):
    options = {"network": SMALL, "prior": PRIOR, "recipe": RECIPE}
    pretrain(tmp_path, **options)
    with pytest.raises(RunError, match="holds a training with another prior, network or recipe"):
        pretrain(tmp_path, **{**options, **other})


def test_a_folder_that_cannot_be_made_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        pretrain(tmp_path / "file" / "out", network=SMALL, prior=PRIOR, recipe=RECIPE)


def test_the_folder_holds_prior_recipe_and_hash_and_reads_back_the_same(tmp_path):
    made = pretrain(tmp_path, network=SMALL, prior=PRIOR, recipe=RECIPE)
    told = json.loads((tmp_path / "config.json").read_text())["options"]
    assert told["recipe"]["seed"] == 100
    assert told["prior"]["layers"]["most"] == 6
    assert told["record"]["sha256"] == made.hash
    read = PriorFitted.from_pretrained(tmp_path)
    assert (read.network_config, read.prior, read.recipe) == (SMALL, PRIOR, RECIPE)
    assert read.hash == made.hash


def test_a_damaged_folder_says_so(tmp_path):
    pretrain(tmp_path, network=SMALL, prior=PRIOR, recipe=RECIPE)
    config = json.loads((tmp_path / "config.json").read_text())
    del config["options"]["prior"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(FormatError, match="damaged: 'prior'"):
        PriorFitted.from_pretrained(tmp_path)


@pytest.mark.parametrize("name", ["prior_diff_real_checkpoint.cpkt", "model.pt", "model.pkl"])
def test_a_pickle_is_refused_without_being_opened(tmp_path, name):
    (tmp_path / name).write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    with pytest.raises(FormatError, match="is a pickle, which runs what its author put into it"):
        load_weights(tmp_path / name)


def test_a_folder_that_is_not_there_says_so():
    with pytest.raises(FormatError, match="there is no folder"):
        load_weights("./nowhere")


def test_a_network_that_does_not_fit_the_prior_is_refused():
    with pytest.raises(OptionError, match="takes 4 columns and 3 classes, the prior has 20 and 5"):
        pretrain(None, network=SMALL)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"steps": 0}, "steps is at least 1"),
        ({"lengths": (8,), "shares": (1.0,)}, "16 rows or more"),
        ({"shares": (0.5, 0.5, 0.5, 0.5)}, "add up to 1"),
        ({"lengths": (64, 128)}, "each with its share"),
    ],
)
def test_recipes_out_of_range_are_refused(options, said):
    with pytest.raises(OptionError, match=said):
        PretrainConfig(**options)


def test_the_command_writes_a_folder_that_a_classifier_takes(tmp_path, capsys):
    options = ["--steps", "2", "--rows", "128", "--width", "8", "--layers", "1", "--heads", "2"]
    assert main([str(tmp_path / "out"), *options, "--features", "3", "--classes", "2", "--scm", "1.0"]) == 0
    made = load_weights(tmp_path / "out")
    assert (made.network_config.features, made.prior.classes, made.prior.scm, made.recipe.steps) == (3, 2, 1.0, 2)
    assert "hash" in capsys.readouterr().err


def test_the_command_says_what_it_takes():
    told = subprocess.run(
        [sys.executable, "-W", "error", "-m", "aitia.systems.tabpfn.recipe", "--help"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "--steps" in told
    assert "--categorical" in told


def test_the_network_shipped_is_small_and_has_the_hash_and_the_recipe_that_it_tells():
    made = load_weights(None)
    size = sum(file.stat().st_size for file in SHIPPED.iterdir())
    assert {file.name for file in SHIPPED.iterdir()} == {"config.json", "model.safetensors"}
    assert size < 5e6
    assert made.record["sha256"] == made.hash
    assert made.recipe.seed == 0
    assert made.record["cpu_minutes"] > 1
