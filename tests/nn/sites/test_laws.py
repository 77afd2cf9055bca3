"""What holds in every network: eleven families, each a tiny random model."""

import pytest
import torch
from site_models import same, tensors
from torch import nn

from aitia.nn.sites import Patch, Transform, intervene, record
from aitia.nn.sites.intervene import call


def recordable(model, inputs):
    """Every module that runs once and gives a tensor of numbers, and every one that is given one."""
    seen = {}

    def note(name, at):
        def hook(module, args, *rest):
            value = args if at == "[in]" else rest[-1]
            if any(t.is_floating_point() for t in tensors(value)):
                seen[name + at] = seen.get(name + at, 0) + 1

        return hook

    handles = []
    for name, module in model.named_modules():
        if name:
            handles.append(module.register_forward_pre_hook(note(name, "[in]")))
            handles.append(module.register_forward_hook(note(name, "")))
    call(model, inputs)
    for handle in handles:
        handle.remove()
    return [site for site, runs in seen.items() if runs == 1]


def hooks(model):
    return [
        (len(m._forward_hooks), len(m._forward_pre_hooks), len(m._forward_hooks_with_kwargs), type(m), id(m.forward))
        if "forward" in m.__dict__
        else (len(m._forward_hooks), len(m._forward_pre_hooks), len(m._forward_hooks_with_kwargs), type(m))
        for m in model.modules()
    ]


def test_without_an_intervention_the_output_is_the_plain_models_bit_for_bit(case):
    plain = call(case.model, case.inputs)
    with intervene(case.model):
        assert same(call(case.model, case.inputs), plain)
    everywhere = record(case.model, case.inputs, recordable(case.model, case.inputs))
    assert same(everywhere.output, plain)


def test_patching_a_run_with_its_own_activations_changes_nothing_at_any_site(case):
    sites = recordable(case.model, case.inputs)
    assert len(sites) > 10 or len(sites) == 2 * len(list(case.model.children()))
    run = record(case.model, case.inputs, sites)
    with intervene(case.model, {site: Patch(run[site]) for site in sites}):
        assert same(call(case.model, case.inputs), run.output)
    for site in sites[:: max(1, len(sites) // 12)]:
        with intervene(case.model, {site: Patch(run[site])}):
            assert same(call(case.model, case.inputs), run.output)


def test_a_patch_from_another_run_equals_a_hand_written_hook(case):
    value = record(case.model, case.other, [case.block])[case.block]

    def by_hand(module, args, output):
        if isinstance(output, torch.Tensor):
            return value
        return (value, *output[1:])

    handle = case.model.get_submodule(case.block).register_forward_hook(by_hand)
    expected = call(case.model, case.inputs)
    handle.remove()
    with intervene(case.model, {case.block: Patch(value)}):
        found = call(case.model, case.inputs)
    assert same(found, expected)
    assert not same(found, call(case.model, case.inputs))


def test_leaving_the_block_restores_everything(case):
    weights = {name: value.clone() for name, value in case.model.state_dict().items()}
    before, attached, plain = list(case.model.__dict__), hooks(case.model), call(case.model, case.inputs)
    with intervene(case.model, {case.block: 0.0}, record=[f"{case.block}[in]"]):
        call(case.model, case.inputs)

    def broken(activations):
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        record(case.model, case.inputs, [], {case.block: Transform(broken)})
    assert hooks(case.model) == attached
    assert list(case.model.__dict__) == before
    assert all(torch.equal(value, weights[name]) for name, value in case.model.state_dict().items())
    assert same(call(case.model, case.inputs), plain)


def test_a_patched_part_changes_that_part_only(case):
    value = record(case.model, case.inputs, [case.block])[case.block]
    axis = "channel" if value.ndim == 4 else "unit"
    with intervene(case.model, {f"{case.block}[{axis}=1+3]": 7.0}, record=[case.block]) as run:
        call(case.model, case.inputs)
    changed = (run[case.block] != value).movedim(1 if value.ndim == 4 else -1, 0)
    assert changed[[1, 3]].all()
    assert not changed[[k for k in range(len(changed)) if k not in (1, 3)]].any()


def test_heads_are_the_inputs_of_the_output_projection(case):
    if not case.attention:
        pytest.skip("a generator without attention")
    site = f"{case.attention}[head=1]"
    whole = record(case.model, case.inputs, [site, f"{case.attention}[head=:]"])
    assert torch.equal(whole[site], whole[f"{case.attention}[head=:]"].chunk(4, dim=-1)[1])
    place = next(iter(_projections(case)))
    width = whole[site].shape[-1]

    def by_hand(module, args):
        x = args[0].clone()
        x[..., width : 2 * width] = 0
        return (x, *args[1:])

    handle = place.register_forward_pre_hook(by_hand)
    expected = call(case.model, case.inputs)
    handle.remove()
    with intervene(case.model, {site: 0.0}):
        assert same(call(case.model, case.inputs), expected)


def _projections(case):
    attention = case.model.get_submodule(case.attention)
    for name in ("c_proj", "o_proj", "out_proj", "o", "output.dense", "to_out.0"):
        try:
            found = attention.get_submodule(name)
        except AttributeError:
            continue
        if isinstance(found, nn.Module):
            yield found
