"""Each operation against its formula, weights against weights written by hand, and the sentence of every mistake."""

import copy
import re
import warnings

import pytest
import torch
from site_models import IDS, gpt2, same
from torch import nn

from aitia.do import Intervention, Normal, Uniform, counterfactual, do, scale, shift
from aitia.errors import InterventionError, UnknownVariableError
from aitia.nn.sites import (
    Add,
    Interchange,
    Mean,
    Multiply,
    Network,
    Noise,
    Patch,
    PatchSubspace,
    ProjectOut,
    Resample,
    Site,
    Transform,
    intervene,
    record,
)

MLP = "transformer.h.1.mlp"


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def after(case, operation, site=MLP):
    plain = record(case.model, case.inputs, [site])[site]
    return plain, record(case.model, case.inputs, [site], {site: operation})[site]


BASIS = torch.linalg.qr(drawn(32, 3))[0]
CODE = drawn(32, seed=1)
BATCH = drawn(2, 6, 32, seed=2)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (0.0, lambda x: torch.zeros_like(x)),
        (shift(1.5), lambda x: x + 1.5),
        (scale(3), lambda x: x * 3),
        (Patch(BATCH), lambda x: BATCH),
        (Patch(CODE), lambda x: CODE.expand_as(x)),
        (Add(CODE), lambda x: x + CODE),
        (Multiply(CODE), lambda x: x * CODE),
        (Interchange([1, 0]), lambda x: x[[1, 0]]),
        (Mean(BATCH), lambda x: BATCH.mean(0, keepdim=True).expand_as(x)),
        (Mean(BATCH[:, :4], everywhere=True), lambda x: BATCH[:, :4].mean((0, 1)).expand_as(x)),
        (ProjectOut(BASIS), lambda x: x - x @ BASIS @ BASIS.T),
        (ProjectOut(BASIS @ drawn(3, 3), CODE), lambda x: x - (x - CODE) @ BASIS @ BASIS.T),
        (PatchSubspace(BATCH, BASIS), lambda x: x + (BATCH - x) @ BASIS @ BASIS.T),
        (Transform(torch.relu), torch.relu),
    ],
    ids=lambda value: str(value)[:20],
)
def test_an_operation_is_its_formula(gpt2, operation, expected):
    plain, found = after(gpt2, operation)
    assert torch.allclose(found, expected(plain), atol=1e-5)


def test_what_is_drawn_is_the_same_in_every_run_and_of_the_law_asked_for(gpt2):
    for operation in (Normal(2, 3), Uniform(1, 2), Noise(0.5), Resample(BATCH, seed=3)):
        assert torch.equal(after(gpt2, operation)[1], after(gpt2, operation)[1])
    plain, found = after(gpt2, Noise(2.0))
    assert abs(float((found - plain).std()) - 2) < 0.3
    assert not torch.equal(after(gpt2, Noise(1.0, seed=1))[1], after(gpt2, Noise(1.0, seed=2))[1])
    _, found = after(gpt2, Uniform(1, 2))
    assert 1 <= float(found.min()) < 1.1 < 1.9 < float(found.max()) <= 2
    _, found = after(gpt2, Resample(BATCH, seed=3))
    assert all(any(torch.equal(row, other) for other in BATCH) for row in found)


def test_later_interventions_act_on_top_of_earlier_ones(gpt2):
    plain = record(gpt2.model, gpt2.inputs, [MLP])[MLP]
    both = {MLP: shift(1.0), Site(MLP, unit=3): 0.0, Site(MLP, position=2): scale(2)}
    found = record(gpt2.model, gpt2.inputs, [MLP], both)[MLP]
    expected = plain + 1
    expected[..., 3] = 0
    expected[:, 2] *= 2
    assert torch.allclose(found, expected)


def test_a_wildcard_acts_in_every_layer(gpt2):
    run = record(gpt2.model, gpt2.inputs, ["transformer.h.*.mlp"], {"transformer.h.*.mlp[unit=5]": 1.0})
    assert [str(site) for site in run] == [f"transformer.h.{k}.mlp" for k in range(3)]
    assert all((value[..., 5] == 1).all() for value in run.values())


def test_inputs_named_parts_and_masks(gpt2):
    run = record(
        gpt2.model, gpt2.inputs, ["transformer.h.1[in]", "transformer.h.0", "transformer[part=last_hidden_state]"]
    )
    assert torch.equal(run["transformer.h.1[in]"], run["transformer.h.0"])
    assert run["transformer[part=last_hidden_state]"].shape == (2, 6, 32)
    attention = record(
        gpt2.model, gpt2.inputs, ["transformer.h.1.attn[in, part=hidden_states]", "transformer.h.1.ln_1"]
    )
    assert torch.equal(*attention.values())
    net = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU()).eval()
    cells = torch.zeros(4, 4, dtype=torch.bool)
    cells[1, 2] = cells[3, 0] = True
    site = Site("0", channel=(0, 2), mask=cells)
    run = record(net, drawn(2, 1, 4, 4), [site, "0"], {site: 9.0})
    changed = torch.zeros(2, 3, 4, 4, dtype=torch.bool)
    changed[:, [0, 2]] = cells
    assert ((run["0"] == 9) == changed).all()
    assert run[site].shape == (2, 2, 2)


def test_gradients_flow_through_an_intervention(gpt2):
    direction = torch.zeros(32, requires_grad=True)
    with torch.enable_grad():
        with intervene(gpt2.model, {Site(MLP, position=-1): Add(direction)}):
            gpt2.model(**gpt2.inputs).logits[:, -1, 7].sum().backward()
        run = record(gpt2.model, gpt2.inputs, [MLP], gradients=True)
    gpt2.model.zero_grad()
    assert direction.grad.abs().max() > 0
    assert run[MLP].requires_grad
    step = 1e-2 * direction.grad
    with intervene(gpt2.model, {Site(MLP, position=-1): Add(step)}):
        moved = gpt2.model(**gpt2.inputs).logits[:, -1, 7].sum()
    linear = gpt2.model(**gpt2.inputs).logits[:, -1, 7].sum() + (step * direction.grad).sum()
    assert torch.allclose(moved, linear, atol=1e-3)


# -- weights -----------------------------------------------------------------------------------------------------------


def conv_net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(4, 3, 2, 2),
        nn.Flatten(),
        nn.Linear(3 * 64, 5),
    ).eval()


@pytest.mark.parametrize("name", ["0", "2", "4"])
@pytest.mark.parametrize("action", [0.25, scale(-2), Uniform(0.25, 0.250001)])
def test_weights_of_a_path_equal_weights_written_by_hand(name, action):
    net, x = conv_net(), drawn(6, 1, 4, 4)
    place = Site(name, source=0, to=(0, 2))
    twin = copy.deepcopy(net)
    weight = twin.get_submodule(name).weight.data
    weight = weight.transpose(0, 1) if name == "2" else weight
    before = weight[[0, 2], 0].clone()
    weight[[0, 2], 0] = -2 * before if action == scale(-2) else torch.full_like(before, 0.25)
    with intervene(net, {place: action}):
        if isinstance(action, Uniform):  # a soft intervention that is nearly the hard one
            assert torch.allclose(net(x), twin(x), atol=1e-4)
        else:
            assert torch.equal(net(x), twin(x))


def test_weights_are_read_anew_after_training(gpt2):
    case = gpt2
    place = Site("transformer.h.0.mlp.c_fc", source=3, to=slice(0, 7))
    twin = copy.deepcopy(case.model)
    twin.transformer.h[0].mlp.c_fc.weight.data[3, :7] = 0
    with intervene(case.model, {place: 0.0}):
        assert torch.equal(case.model(**case.inputs).logits, twin(**case.inputs).logits)
        case.model.transformer.h[0].mlp.c_fc.weight.data.mul_(1.0)
        assert torch.equal(case.model(**case.inputs).logits, twin(**case.inputs).logits)


def test_weights_and_activations_of_one_module_are_both_intervened_on():
    net, x = conv_net(), drawn(6, 1, 4, 4)
    with intervene(net, {Site("4", source=slice(0, 64)): 0.0, Site("4", unit=1): 3.0}, record=["4"]) as run:
        net(x)
    assert (run["4"][:, 1] == 3).all()
    weight = net[4].weight.clone()
    weight[:, :64] = 0
    expected = nn.functional.linear(net[:4](x), weight, net[4].bias)
    assert torch.allclose(run["4"][:, [0, 2, 3, 4]], expected[:, [0, 2, 3, 4]])


# -- the verbs ---------------------------------------------------------------------------------------------------------


def test_a_network_answers_do_and_the_latest_one_wins(gpt2):
    network = Network(gpt2.model)
    text = f"do({MLP}[unit=17]=0, transformer.h.2.attn[head=1, position=-1]=shift(0.5))"
    held = do(network, text)
    assert str(held.done) == text
    assert held.done == Intervention(
        {Site(MLP, unit=17): 0.0, Site("transformer.h.2.attn[head=1,position=-1]"): shift(0.5)}
    )
    with intervene(gpt2.model, text):
        expected = gpt2.model(**gpt2.inputs)
    assert same(held(**gpt2.inputs), expected)
    assert same(counterfactual(network, gpt2.inputs, text), expected)
    assert same(network(**gpt2.inputs), gpt2.model(**gpt2.inputs))
    assert same(
        do(held, {Site(MLP, unit=17): 1.0})(**gpt2.inputs),
        do(network, held.done | {Site(MLP, unit=17): 1.0})(**gpt2.inputs),
    )
    assert torch.equal(
        do(network, {MLP: scale(-5)}).generate(IDS, max_new_tokens=4, do_sample=False, pad_token_id=0)[:, :6], IDS
    )


def test_a_site_is_its_text():
    site = Site("transformer.h.3.attn", at="in", head=(5, 0), position=-1, part=1)
    assert str(site) == "transformer.h.3.attn[in, part=1, head=5+0, position=-1]"
    assert Site("transformer.h.3.attn[in,part=1,head=5+0,position=-1]") == site
    assert {site: 1}[str(site)] == 1
    action = Intervention({site: 0.0, Site("fc2", source=5, to=slice(0, 3)): scale(2), Site("a", unit="*"): 1})
    assert Intervention.parse(str(action)) == action
    assert Intervention.from_json(action.to_json()) == action
    assert Site(site, head=2).head == 2
    assert site.with_(head=None, unit=3) == "transformer.h.3.attn[in, part=1, unit=3, position=-1]"


# -- mistakes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("site", "error", "sentence"),
    [
        (
            "transformer.h.1.mpl",
            UnknownVariableError,
            "no module of this GPT2LMHeadModel. Did you mean 'transformer.h.1.mlp'",
        ),
        ("h.1.mlp", UnknownVariableError, "Did you mean 'transformer.h.1.mlp'"),
        ("transformer.h.9", UnknownVariableError, "is no module of this"),
        ("transformer.*.nothing", UnknownVariableError, "is no module of this"),
        (f"{MLP}[unit=32]", InterventionError, "there is no unit 32, only 32 of them in a tensor (2, 6, 32)"),
        (f"{MLP}[head=0]", InterventionError, "names a head, but no attention is around it"),
        ("transformer.h.1.attn[in, head=0]", InterventionError, "heads are mixed there"),
        ("transformer.h.1.attn.c_proj[head=0]", InterventionError, "heads are mixed there"),
        ("transformer.h.1.attn.c_attn[head=0]", InterventionError, "96 units are not 4 heads of 8"),
        ("transformer.h.1.attn[head=4]", InterventionError, "there is no head 4, only 4 of them"),
        (f"{MLP}[unit=*]", InterventionError, "stands for many sites"),
        (f"{MLP}[part=3]", InterventionError, "there is no tensor of real numbers as part 3"),
        ("transformer.wte[in]", InterventionError, "there is no tensor of real numbers; there is 0 (int64 (2, 6))"),
        (f"{MLP}[mask=4x4.8000]", InterventionError, "has a mask for maps (4, 4), but there is (2, 6, 32)"),
        (f"{MLP}[step=3]", InterventionError, "did not run in the block"),
        (f"{MLP}[unit=x]", InterventionError, "unit of the site"),
        (f"{MLP}[unit=3+3]", InterventionError, "several different ones"),
        (f"{MLP}[size=3]", InterventionError, "cannot read 'size=3'"),
        (f"{MLP}[unit=1, channel=2]", InterventionError, "both unit and channel"),
        (f"{MLP}[source=1, unit=2]", InterventionError, "is among the weights and takes no unit"),
        (f"{MLP}[source=1]", InterventionError, "has no weights of its own"),
        ("transformer.h.1.mlp.c_fc[source=1]", InterventionError, "which no run changes"),
        ("a b", InterventionError, "cannot read the site 'a b'"),
    ],
)
def test_a_site_that_is_not_there_is_refused(gpt2, site, error, sentence):
    operations = {site: 0.0} if "weights of its own" in sentence else {}
    with pytest.raises(error, match=re.escape(sentence)):
        record(gpt2.model, gpt2.inputs, [] if operations else [site], operations)


@pytest.mark.parametrize(
    ("operation", "sentence"),
    [
        (
            Patch(torch.zeros(2, 5, 32)),
            "(2, 5, 32) does not fit activations of shape (2, 6, 32): runs of other lengths",
        ),
        (Patch(torch.zeros(3, 6, 32)), "rows must be as many or one"),
        (Add(torch.zeros(7)), "(7,) does not fit"),
        (Interchange([0]), "one of the rows 0 to 1 for each"),
        (ProjectOut(torch.zeros(31, 2)), "here (32, rank), got (31, 2)"),
        (ProjectOut(torch.ones(32, 2)), "linearly dependent"),
        ("formal", "is continuous and cannot be 'formal'"),
    ],
)
def test_an_operation_that_does_not_fit_is_refused(gpt2, operation, sentence):
    with pytest.raises(InterventionError, match=re.escape(sentence)):
        record(gpt2.model, gpt2.inputs, [], {MLP: operation})


def test_models_on_which_hooks_fail_are_refused():
    model = gpt2().model
    compiled = torch.compile(model, backend="eager")
    with pytest.raises(InterventionError, match="the model is compiled, and compiled code runs past hooks"):
        record(compiled, {"input_ids": IDS}, ["transformer.h.1"])
    model.train()
    with pytest.raises(InterventionError, match=r"in training mode, where dropout makes two runs differ"):
        record(model, {"input_ids": IDS}, [MLP])
    assert record(model, {"input_ids": IDS}, [MLP], training=True)[MLP].shape == (2, 6, 32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted = torch.jit.script(nn.Sequential(nn.Linear(2, 2)).eval())
    with pytest.raises(InterventionError, match="TorchScript, whose modules cannot be reached"):
        record(scripted, torch.ones(1, 2), ["0"])


@pytest.mark.filterwarnings("ignore:Guards may run slower on Python 3.13.0")
def test_code_compiled_elsewhere_is_never_silently_wrong():
    net, x = conv_net(), drawn(6, 1, 4, 4)
    plain = net(x)
    fast = torch.compile(net, backend="eager")
    with intervene(net, {"1": 0.0}):  # compiled with the hooks in place
        inside = fast(x)
    assert not torch.allclose(inside, plain)
    assert torch.allclose(fast(x), plain)
    torch._dynamo.reset()
    fast = torch.compile(net, backend="eager")
    fast(x)
    with pytest.raises(InterventionError, match="was compiled before"), intervene(net, {"1": 0.0}):
        fast(x)


def test_quantised_weights_cannot_be_edited():
    net = nn.Sequential(nn.Linear(4, 3)).eval()
    net[0].weight = nn.Parameter(torch.zeros(3, 4, dtype=torch.int8), requires_grad=False)
    with (
        pytest.raises(InterventionError, match=r"quantised \(int8\) and cannot be edited"),
        intervene(net, {"0[source=1]": 0.0}),
    ):
        pass
    grouped = nn.Sequential(nn.Conv2d(4, 4, 3, groups=2)).eval()
    with pytest.raises(InterventionError, match="grouped"), intervene(grouped, {"0[source=1]": 0.0}):
        pass


def test_what_was_not_recorded_or_ran_twice_is_said(gpt2):
    run = record(gpt2.model, gpt2.inputs, [MLP])
    with pytest.raises(UnknownVariableError, match=r"h\.0 was not recorded; there are transformer\.h\.1\.mlp"):
        run["transformer.h.0"]
    assert "transformer.h.0" not in run
    assert run.get("transformer.h.0") is None
    assert record(gpt2.model, gpt2.inputs, [MLP, "transformer.h.*.mlp"])[MLP].shape == (2, 6, 32)
    twice = nn.Sequential(nn.Linear(2, 2), nn.ReLU()).eval()
    with intervene(twice, record=["0"]) as run:
        twice(drawn(1, 2))
        twice(drawn(1, 2))
    with pytest.raises(InterventionError, match=r"0 ran 2 times: name the step"):
        run["0"]
    with pytest.raises(InterventionError, match="did not run in the block"), intervene(twice, {"0": 1.0}):
        pass
