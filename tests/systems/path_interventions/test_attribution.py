import pytest
import torch
from torch import nn

from aitia.errors import InterventionError, OptionError
from aitia.systems.path_interventions.attribution import (
    activation_x_gradient,
    as_map,
    grad_cam,
    input_x_gradient,
    integrated_gradients,
    saliency,
)


def conv_net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 4)).eval()


def test_the_gradients_of_a_linear_model_are_its_weights():
    model, x = nn.Linear(5, 3).eval(), torch.randn(4, 5)
    weight = model.weight.detach()[2]
    assert torch.allclose(saliency(model, x, 2), weight.expand(4, 5))
    assert torch.allclose(input_x_gradient(model, x, 2), x * weight)
    assert torch.allclose(integrated_gradients(model, x, 2, steps=2), x * weight, atol=1e-6)
    assert torch.allclose(activation_x_gradient(model, x, 2, "."), x * weight)


def test_integrated_gradients_add_up_to_what_the_logit_gains_over_the_baseline():
    model, x = conv_net(), torch.rand(3, 2, 6, 6)
    for baseline in (0.0, torch.full((1, 2, 6, 6), 0.3)):
        parts = integrated_gradients(model, x, 1, baseline=baseline).sum(dim=(1, 2, 3))
        start = torch.zeros_like(x) + baseline
        with torch.no_grad():
            assert torch.allclose(parts, model(x)[:, 1] - model(start)[:, 1], atol=1e-5)


def test_grad_cam_before_a_mean_and_a_linear_layer_weighs_the_maps_by_its_weights():
    model, x = conv_net(), torch.rand(3, 2, 6, 6)
    with torch.no_grad():
        maps = model[1](model[0](x))
        weights = model[4].weight[2] / maps[0, 0].numel()
        by_hand = torch.relu((maps * weights[:, None, None]).sum(dim=1, keepdim=True))
        wide = nn.functional.interpolate(by_hand, (6, 6), mode="bilinear", align_corners=False)[:, 0]
    assert torch.allclose(grad_cam(model, x, 2, "1"), wide, atol=1e-6)


def test_activation_x_gradient_inside_a_network_is_its_gradient_there():
    model, x = conv_net(), torch.rand(3, 2, 6, 6)
    given = model[3](model[2](model[1](model[0](x)))).detach()
    assert torch.allclose(activation_x_gradient(model, x, 0, "4"), given * model[4].weight[0].detach(), atol=1e-6)


def test_parameters_get_no_gradient_and_no_hook_is_left_also_without_gradients_around():
    model, x = conv_net(), torch.rand(2, 2, 6, 6)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    with torch.no_grad():
        for found in (
            saliency(model, x, 0), integrated_gradients(model, x, 0), grad_cam(model, x, 0, "0"),
            activation_x_gradient(model, x, 0, "4"),
        ):  # fmt: skip
            assert not found.requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


def test_a_map_has_largest_value_one_and_one_of_nothing_is_nothing():
    found = as_map(torch.stack([torch.randn(3, 4, 4), torch.zeros(3, 4, 4)]))
    assert found[0].max() == 1
    assert found[1].max() == 0


def test_bad_questions_are_refused():
    model, x = conv_net(), torch.rand(2, 2, 6, 6)
    with pytest.raises(OptionError, match="classes 0 to 3, got 4"):
        saliency(model, x, 4)
    with pytest.raises(OptionError, match="steps is at least 1"):
        integrated_gradients(model, x, 0, steps=0)
    with pytest.raises(OptionError, match="no maps"):
        grad_cam(model, x, 0, "4")
    with pytest.raises(InterventionError, match="training mode"):
        saliency(model.train(), x, 0)
