"""Units of networks: which comes from which, and paths set without writing a weight, against weights really written."""

import copy

import pytest
import torch
from torch import Tensor, nn

from aitia.errors import DataError, InterventionError, UnknownVariableError
from aitia.systems.path_interventions.units import UnitNetwork, changed_outputs, logits_of, path_weights, weight_mask

EFFECTS = (0, 2)


class Skip(nn.Module):
    """A skip connection with batch norm on one branch, in-place activations, a concatenation and a flatten by view."""

    def __init__(self) -> None:
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.norm, self.c3 = nn.BatchNorm2d(4), nn.Conv2d(8, 6, 3, stride=2)
        self.f, self.g, self.relu = nn.Linear(54, 5), nn.Linear(5, 4), nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        a = self.relu(self.c1(x))
        b = self.norm(self.c2(a))
        b += a
        b = self.relu(b)
        z = torch.relu(self.c3(torch.cat([a, b], 1))).view(x.shape[0], -1)
        return self.g(torch.relu(self.f(z)))


class Untraceable(Skip):
    def forward(self, x: Tensor) -> Tensor:
        if x.sum() > 1e9:
            raise ValueError("too bright")
        return super().forward(x)


class Grouped(nn.Module):
    """Grouped and depthwise convolutions, circular and same padding, dilation, global pooling, channels last."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 6, 3, padding="same", padding_mode="circular")
        self.b, self.c = nn.Conv2d(6, 6, 3, padding=2, dilation=2, groups=6), nn.Conv2d(6, 8, 1, groups=2)
        self.norm, self.d, self.e = nn.BatchNorm2d(8), nn.Linear(8, 5), nn.Linear(5, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.c(torch.relu(self.b(torch.relu(self.a(x)))))))
        return self.e(nn.functional.gelu(self.d(x.permute(0, 2, 3, 1))).mean(dim=(1, 2)))


def alive(model: nn.Module) -> nn.Module:
    """Batch norms with statistics that matter."""
    torch.manual_seed(1)
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.running_mean)
            nn.init.uniform_(part.running_var, 0.5, 2)
            nn.init.normal_(part.weight)
            nn.init.normal_(part.bias)
    return model.eval()


def transformers_model(name: str) -> nn.Module:
    transformers = pytest.importorskip("transformers")
    if name == "resnet":
        config = transformers.ResNetConfig(
            embedding_size=8, hidden_sizes=[8, 16], depths=[1, 2], layer_type="basic", num_labels=4
        )
        return transformers.ResNetForImageClassification(config)
    config = transformers.ConvNextConfig(hidden_sizes=[8, 16], depths=[1, 1], num_stages=2, num_labels=4)
    return transformers.ConvNextForImageClassification(config)


MODELS = {
    "skip": Skip,
    "untraceable": Untraceable,
    "grouped": Grouped,
    "resnet": lambda: transformers_model("resnet"),
    "convnext": lambda: transformers_model("convnext"),
}


@pytest.fixture(params=MODELS, scope="module")
def model(request):
    torch.manual_seed(0)
    return alive(MODELS[request.param]())


def pictures(model: nn.Module) -> Tensor:
    size = 32 if hasattr(model, "config") else 8
    return torch.randn(3, 3, size, size, generator=torch.Generator().manual_seed(2))


def really_set(model: nn.Module, network: UnitNetwork, name: str, block: tuple[int, ...], effects, value) -> nn.Module:
    """A copy whose weights from the block to the effects are written; `value` is in units of the folded weights."""
    layer, twin = network.layer(name), copy.deepcopy(model)
    edges = torch.zeros(layer.outputs, layer.inputs, dtype=torch.bool)
    edges[torch.tensor(effects)[:, None], torch.tensor(block)] = True
    mask = weight_mask(layer, edges)
    scale = torch.ones(layer.outputs) if layer.scale is None else layer.scale
    weight = dict(twin.named_modules())[name].weight
    with torch.no_grad():
        raw = value / scale.reshape(-1, *[1] * (weight.ndim - 1)).expand_as(weight)
        weight.copy_(torch.where(mask.expand_as(weight), raw, weight))
    return twin


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_a_path_that_is_set_gives_what_written_weights_give(model, value):
    images = pictures(model)
    network = UnitNetwork(model, images)
    assert bool(network.unfollowed) == isinstance(model, Untraceable)
    for name, layer in network.layers.items():
        effects = [e for e in EFFECTS if e < layer.outputs]
        blocks = layer.blocks[:3]
        upwards = network.upwards(name, images)
        now, _ = path_weights(layer, effects, blocks)
        gave = changed_outputs(layer, upwards, effects, blocks, weights=torch.full_like(now, value))
        found = upwards.run(gave, len(blocks)).reshape(len(blocks), len(images), -1)
        for k, block in enumerate(blocks):
            with torch.no_grad():
                expected = logits_of(really_set(model, network, name, block, effects, value)(images))
            assert torch.allclose(found[k], expected, atol=1e-5), (name, block)


def test_what_is_not_changed_gives_the_plain_logits(model):
    images = pictures(model)
    network = UnitNetwork(model, images)
    plain = network.logits(images)
    for name in network.layers:
        upwards = network.upwards(name, images)
        assert torch.allclose(upwards.run(upwards.gave, 1), plain, atol=1e-6), name


def test_a_unit_that_hands_on_what_it_does_anyway_changes_nothing_and_one_of_another_image_is_that_images():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2)).eval()
    x, other = torch.randn(4, 3), torch.randn(4, 3)
    network = UnitNetwork(model, x)
    layer, upwards = network.layer("2"), network.upwards("2", x)
    same = changed_outputs(layer, upwards, [0, 1], [(0, 1)], replacement=upwards.given)
    assert torch.allclose(same, upwards.gave, atol=1e-6)
    moved = changed_outputs(layer, upwards, [0, 1], [(0, 1)], replacement=network.upwards("2", other).given)
    assert torch.allclose(moved, model(other), atol=1e-6)


def test_no_weight_is_written_and_no_hook_is_left(model):
    before = {name: leaf.clone() for name, leaf in model.state_dict().items()}
    versions = [weight._version for weight in model.parameters()]
    images = pictures(model)
    network = UnitNetwork(model, images)
    for name, layer in network.layers.items():
        upwards = network.upwards(name, images)
        upwards.run(changed_outputs(layer, upwards, [0], layer.blocks[:2]), 2)
    assert all(torch.equal(leaf, before[name]) for name, leaf in model.state_dict().items())
    assert [weight._version for weight in model.parameters()] == versions
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


def test_both_branches_of_a_skip_connection_are_parents_and_a_concatenation_keeps_them_apart():
    network = UnitNetwork(alive(Skip()), torch.randn(2, 3, 8, 8))
    assert list(network.layers) == ["c1", "c2", "c3", "f", "g"]
    assert network.layer("c1").first
    assert network.layer("c2").parents[1] == (("c1", 1),)
    assert network.layer("c3").parents[1] == (("c1", 1),)
    assert set(network.layer("c3").parents[5]) == {("c1", 1), ("c2", 1)}
    assert network.layer("f").blocks[2] == tuple(range(18, 27))
    assert network.layer("f").parents[2] == (("c3", 2),)
    assert network.ends[3] == (("g", 3),)
    assert network.layer("c2").scale is not None
    cells = UnitNetwork(alive(Skip()), torch.randn(2, 3, 8, 8), cells=True).layer("f")
    assert cells.blocks[20] == (20,)
    assert cells.parents[20] == (("c3", 2),)


def test_a_residual_stage_reaches_back_to_the_stem():
    model = alive(transformers_model("resnet"))
    network = UnitNetwork(model, pictures(model))
    parents = network.layer("resnet.encoder.stages.1.layers.0.shortcut.convolution").parents[3]
    assert {name for name, _ in parents} == {
        "resnet.embedder.embedder.convolution",
        "resnet.encoder.stages.0.layers.0.layer.1.convolution",
    }
    assert {unit for _, unit in parents} == {3}


def test_what_cannot_be_followed_is_told_and_taken_in_the_order_in_which_it_runs():
    network = UnitNetwork(alive(Untraceable()), torch.randn(2, 3, 8, 8))
    assert "control flow" in network.unfollowed
    assert network.layer("c3").parents[0] == (("c2", 0),)
    assert network.layer("c2").scale is None


def test_networks_that_cannot_be_explained_are_refused():
    x = torch.randn(2, 3, 8, 8)
    with pytest.raises(InterventionError, match="training mode"):
        UnitNetwork(Skip(), x)
    with pytest.raises(InterventionError, match="has no Conv2d or Linear layer"):
        UnitNetwork(nn.Sequential(nn.Flatten()).eval(), x)
    with pytest.raises(InterventionError, match=r"c1.weight is float16 on the CPU.*model.float\(\)"):
        UnitNetwork(alive(Skip()).half(), x)
    with pytest.raises(DataError, match=r"cannot take images of shape \(1, 8, 8\) \(c1 takes 3 channels\)"):
        UnitNetwork(alive(Skip()), x[:, :1])
    with pytest.raises(InterventionError, match="logits"):
        UnitNetwork(nn.Conv2d(3, 4, 3).eval(), x)
    shared = nn.Linear(8, 8)
    with pytest.raises(InterventionError, match="several times in one pass"):
        UnitNetwork(nn.Sequential(nn.Linear(4, 8), shared, nn.ReLU(), shared).eval(), torch.randn(2, 4))
    with pytest.raises(UnknownVariableError, match="Did you mean 'c1'"):
        UnitNetwork(alive(Skip()), x).layer("c11")
