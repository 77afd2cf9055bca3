"""Decoupling: the subspace and its penalty by hand, controls, resume, files, and what is refused."""

import copy
import json
from dataclasses import replace

import pytest
import torch

from aitia.errors import DataError, FormatError, OptionError, RunError, UnknownVariableError
from aitia.nn.language import LanguageModel, load_language_model, piece_tokenizer, small_decoder
from aitia.nn.probes import CodeLength
from aitia.nn.sites import record
from aitia.nn.weights import read_weights
from aitia.runs import RunStore
from aitia.system import Given
from aitia.systems.alignment_hurts import Decoupling, DecouplingConfig, Penalty, fine_tune, model, tuning
from aitia.systems.alignment_hurts.audit import VarietyProbe, tensors_of
from aitia.systems.alignment_hurts.penalty import Likelihood, Objective
from aitia.systems.alignment_hurts.reading import sentences_of, sites_of
from aitia.train import RowBatches
from aitia.train.state import TrainState
from aitia.worlds import VarietiesWorld

QUICK = {"steps": 6, "every": 3, "ramp": 2, "probe_steps": 10, "learning_rate": 1e-3, "batch": 16}
WORLD = VarietiesWorld(concepts=12, words=2)
NAMES = ("standard", "island", "west-hill")


def rows(n=60, names=NAMES, seed=0):
    fact = WORLD.sample(n, seed=seed)
    said = [WORLD.render(WORLD.counterfactual(fact, {"variety": name})).tolist() for name in names]
    return {
        "source": WORLD.meaning(fact) * len(names),
        "target": [text for texts in said for text in texts],
        "variety": [name for name in names for _ in range(n)],
    }


def with_validation(train, held):
    split = ["train"] * len(train["source"]) + ["validation"] * len(held["source"])
    return {name: train[name] + held[name] for name in train} | {"split": split}


def decoder():
    tokenizer = piece_tokenizer([*WORLD.glosses, *(f"[{name}]" for name in WORLD.varieties)], WORLD.syllables)
    return small_decoder(tokenizer, width=16, layers=2)


@pytest.fixture(scope="module")
def start():
    return decoder()


@pytest.fixture(scope="module")
def decoupled(start):
    return Decoupling(QUICK_CONFIG, strength=0.5).fit(rows(), model=start)


QUICK_CONFIG = DecouplingConfig(dominant="standard", **QUICK)


def said_as(model, sources, variety):
    return model.predict({"source": sources, "variety": [variety] * len(sources)}).texts("target")


def scores(model, data):
    given = model.given(data)
    return {name: score.value for name, score in model.judge(given, given).items()}


def penalty(basis, **options):
    made = Penalty(len(basis), 1, DecouplingConfig(**options))
    made.put(0, basis)
    return made


# -- the subspace ------------------------------------------------------------------------------------------------------


def test_the_rank_is_the_smallest_that_holds_the_share_of_the_squares():
    weights = torch.zeros(5, 4)
    weights[0, 1], weights[1, 2], weights[2, 3] = 3.0, 2.0, 1.0  # contrasts of label 0: squares 9, 4 and 1 of 14
    code = CodeLength(1.0, 1.0, 1.0, weights, torch.ones(5, 4), torch.ones(5))
    assert [code.contrasts(0, share).shape[1] for share in (0.6, 0.9, 0.95)] == [1, 2, 3]
    assert torch.allclose(code.contrasts(0, 0.9).abs(), torch.eye(5)[:, :2], atol=1e-6)
    assert code.contrasts(0, 0.95, most=2).shape[1] == 2
    assert code.contrasts(0, rank=3).shape[1] == 3
    with pytest.raises(OptionError, match="differ in 1 to 3 directions, got rank=4"):
        code.contrasts(0, rank=4)


def test_contrasts_are_directions_of_the_activations_and_not_of_their_standard_scores():
    weights, scale = torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([1.0, 10.0])
    basis = CodeLength(1.0, 1.0, 1.0, weights, torch.ones(2, 2), scale).contrasts(0)
    assert torch.allclose(basis[:, 0].abs(), torch.tensor([10.0, 1.0]) / 101**0.5, atol=1e-6)


def test_a_certain_difference_counts_more():
    weights, deviations = torch.eye(3)[:, [2, 0, 1]] * torch.tensor([0.0, 1.0, 1.5]), torch.ones(3, 3)
    deviations[:, 1] = 0.1
    deviations[:, 2] = 3.0
    code = CodeLength(1.0, 1.0, 1.0, weights, deviations, torch.ones(3))
    assert int(code.contrasts(0, rank=1).abs().argmax()) == 1
    assert int(code.contrasts(0, rank=1, certain=True).abs().argmax()) == 0


def test_fitted_subspaces_are_orthogonal_projections(decoupled):
    for layer in range(2):
        basis = decoupled._penalty.basis(layer)
        projection = basis @ basis.T
        assert basis.shape[1] == len(NAMES) - 1 or basis.shape[1] == 1
        assert torch.allclose(basis.T @ basis, torch.eye(basis.shape[1]), atol=1e-5)
        assert torch.allclose(projection @ projection, projection, atol=1e-5)


# -- the penalty -------------------------------------------------------------------------------------------------------


def states():
    return torch.tensor([[[3.0, 4.0, 12.0], [1.0, 0.0, 0.0]], [[0.0, 2.0, 0.0], [5.0, 5.0, 5.0]]])


CONTENT = torch.tensor([[True, True], [True, False]])
OTHERS = torch.tensor([False, True])


def test_the_published_penalty_is_the_mean_norm_over_the_tokens_of_targets():
    plane = penalty(torch.eye(3)[:, :2])
    assert plane([states()], CONTENT, OTHERS).item() == pytest.approx((5 + 1 + 2) / 3)


def test_the_relative_penalty_is_a_share_of_the_norm_in_the_other_varieties():
    line = penalty(torch.eye(3)[:, :1], penalty="relative")
    assert line([states()], CONTENT, ~OTHERS).item() == pytest.approx((3 / 13 + 1) / 2)
    assert line([states()], CONTENT, OTHERS).item() == 0.0
    assert line([states()], CONTENT, OTHERS & False).item() == 0.0


def test_the_gradient_of_the_published_penalty_is_the_unit_vector_in_the_subspace():
    h = torch.tensor([[[3.0, 4.0, 12.0]]], requires_grad=True)
    penalty(torch.eye(3)[:, :2])([h], torch.tensor([[True]]), torch.tensor([True])).backward()
    assert torch.allclose(h.grad[0, 0], torch.tensor([0.6, 0.8, 0.0]))


def test_the_gradient_of_the_relative_penalty_leaves_the_norm_outside_the_subspace_alone():
    h = torch.tensor([[[3.0, 4.0, 12.0]]], requires_grad=True)
    penalty(torch.eye(3)[:, :2], penalty="relative")([h], torch.tensor([[True]]), torch.tensor([True])).backward()
    assert torch.allclose(h.grad[0, 0], torch.tensor([0.6, 0.8, 0.0]) / 13)


def test_both_penalties_agree_with_finite_differences():
    generator = torch.Generator().manual_seed(0)
    basis = torch.linalg.qr(torch.randn(6, 2, generator=generator, dtype=torch.float64))[0]
    content, others = torch.ones(2, 3, dtype=torch.bool), torch.tensor([True, True])
    h = torch.randn(2, 3, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    published = penalty(basis).double()
    assert torch.autograd.gradcheck(lambda x: published([x], content, others), (h,))


class Told:
    """A probe that saw these tokens."""

    def __init__(self, tokens):
        self.states = self.tokens = [tokens]
        self.codes = [None]

    def audit(self, *told, **more):
        return ()


def objective(basis, tokens=None, **options):
    config = DecouplingConfig(**options)
    made = Penalty(len(basis), 1, config)
    return Objective(torch.nn.Identity(), made, ("layer",), Told(tokens), lambda code, states, seed: basis, config)


def test_the_strength_grows_anew_after_every_fit():
    made, strengths = objective(torch.eye(3)[:, :1], torch.ones(1, 3), strength=2.0, every=4, ramp=3), []
    for step in range(6):
        made.before(step)
        strengths.append(made._strength)
    assert strengths == pytest.approx([2 / 3, 4 / 3, 2, 2, 2 / 3, 4 / 3])
    assert sorted(made.fits) == [0, 4]


def test_the_weight_of_the_whole_state_is_the_share_that_the_subspace_has_of_it():
    made = objective(torch.eye(3)[:, :2], torch.tensor([[3.0, 4.0, 12.0], [0.0, 1.0, 0.0]]), subspace="whole")
    made.before(0)
    assert made.penalty.weights.item() == pytest.approx((5 + 1) / (13 + 1))


def test_a_smaller_subspace_takes_the_place_of_a_larger_one():
    plane = penalty(torch.eye(3)[:, :2])
    plane.put(0, torch.eye(3)[:, 2:])
    assert torch.equal(plane.basis(0), torch.eye(3)[:, 2:])


def test_an_audit_is_its_definitions_by_hand():
    torch.manual_seed(0)
    probe = object.__new__(VarietyProbe)
    probe.names, probe.sites, probe.config = ("a", "b"), ("layer",), DecouplingConfig(rank=1)
    h = torch.randn(12, 3) * torch.tensor([1.0, 2.0, 3.0]) + torch.tensor([2.0, 0.0, 1.0])
    probe.labels, probe.states = torch.tensor([0] * 5 + [1] * 7), [h]
    weights = torch.tensor([[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]])  # what tells a from b is the first unit
    probe.codes = [CodeLength(1.0, 1.0, 1.0, weights, torch.ones(3, 2), torch.ones(3))]
    audit = probe._audit(0, "now", torch.eye(3)[:, 1:2], False)
    parts = {"a": h[:5], "b": h[5:]}
    for name, part in parts.items():
        shares = (part**2 / (part**2).sum(dim=1, keepdim=True)).mean(dim=0)
        assert (audit.energy[name], audit.held[name]) == pytest.approx((shares[0].item(), shares[1].item()))
    assert audit.turned == pytest.approx(90.0)
    one, two = (part.mean(dim=0) for part in parts.values())
    assert audit.distance["b"] == pytest.approx(1 - (one @ two / one.norm() / two.norm()).item(), abs=1e-6)
    most = [torch.linalg.eigh(torch.cov(part.T))[1][:, -1] for part in parts.values()]
    assert audit.angle["b"] == pytest.approx(torch.rad2deg(torch.arccos((most[0] @ most[1]).abs())).item(), abs=0.1)


def test_the_likelihood_is_that_of_the_next_token_of_the_targets_by_hand(start):
    given = Given.of(Decoupling.card, rows(4))
    ids, mask, labels, content = tensors_of(start, sentences_of(given), QUICK_CONFIG).values()
    with torch.no_grad():
        told = Likelihood(start.model.eval())(ids, mask, labels, content).item()
        said = start.model(input_ids=ids, attention_mask=mask).logits.log_softmax(-1)
    places = [(row, at) for row, at in (labels[:, 1:] != -100).nonzero().tolist()]
    by_hand = [-said[row, at, labels[row, at + 1]].item() for row, at in places]
    assert told == pytest.approx(sum(by_hand) / len(by_hand), rel=1e-4)


def test_a_probe_looks_at_the_tokens_of_targets_alone(start):
    given = Given.of(Decoupling.card, rows(8))
    probe = VarietyProbe(start, sentences_of(given), NAMES, sites_of(start, [-1]), QUICK_CONFIG)
    probe.look()
    *_, content = probe._batch.values()
    assert len(probe.tokens[0]) == int(content.sum())


def test_the_rows_that_are_told_as_others_are_those_of_other_varieties(start, monkeypatch):
    seen = []
    monkeypatch.setattr(
        model, "RowBatches", lambda tensors, *more: (seen.append(tensors), RowBatches(tensors, *more))[1]
    )
    Decoupling(QUICK_CONFIG, steps=1, penalty="relative").fit(rows(), model=start)
    assert seen[0][-1].float().mean().item() == pytest.approx(2 / 3, abs=0.05)


# -- training ----------------------------------------------------------------------------------------------------------


def test_the_penalty_takes_energy_out_of_the_subspace(start, decoupled):
    plain = Decoupling(QUICK_CONFIG, strength=0.0).fit(rows(), model=start)
    strong = Decoupling(QUICK_CONFIG, strength=30.0, steps=30, every=None).fit(rows(), model=start)
    after = [audit for audit in strong.audits if audit.when == "after"]
    before = [audit for audit in strong.audits if audit.when == "before"]
    for first, last in zip(before, after, strict=True):
        assert all(last.held[name] < 0.5 * first.energy[name] for name in NAMES)
    assert [audit.when for audit in plain.audits] == ["before"] * 2 + ["after"] * 2
    assert [audit.when for audit in decoupled.audits][::2] == ["before", "step 0", "step 3", "after"]


def test_without_strength_it_is_plain_fine_tuning_bit_for_bit(start):
    config = replace(QUICK_CONFIG, strength=0.0)
    ours = Decoupling(config).fit(with_validation(rows(), rows(seed=5)), model=start).model
    plain = fine_tune(start, rows(), config)
    for a, b in zip(ours.model.parameters(), plain.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_model_that_is_given_stays_as_it_is(start):
    fresh = decoder()
    for a, b in zip(start.model.parameters(), fresh.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_random_control_has_the_rank_of_the_method_and_is_drawn_at_the_same_steps(start):
    seen = {}
    for subspace in ("dominant", "random"):
        model = Decoupling(QUICK_CONFIG, strength=1e-9, subspace=subspace)
        model.fit(rows(), model=start)
        seen[subspace] = [(audit.when, audit.site, audit.rank) for audit in model.audits]
        basis = [model._penalty.basis(layer) for layer in range(2)]
        seen[subspace, "basis"] = basis
        assert all(torch.allclose(b.T @ b, torch.eye(b.shape[1]), atol=1e-5) for b in basis)
    assert seen["dominant"] == seen["random"]
    for a, b in zip(seen["dominant", "basis"], seen["random", "basis"], strict=True):
        assert a.shape == b.shape
        assert not torch.allclose(a, b, atol=1e-2)


def test_the_shrink_of_the_whole_state_is_as_large_as_the_penalty_it_stands_for(start):
    method = Decoupling(QUICK_CONFIG, every=None, strength=1e-9).fit(rows(), model=start)
    shrink = Decoupling(QUICK_CONFIG, every=None, strength=1e-9, subspace="whole")
    shrink.fit(rows(), model=start)
    a, b = method.history.losses[-1]["penalty"], shrink.history.losses[-1]["penalty"]
    assert a == pytest.approx(b, rel=0.2)


def test_another_varietys_subspace_is_another_one(start):
    bases = []
    for variety in (None, "island"):
        model = Decoupling(QUICK_CONFIG, strength=0.1, every=None, rank=1, of_variety=variety)
        bases.append(model.fit(rows(), model=start)._penalty.basis(0))
    assert not torch.allclose(bases[0].abs(), bases[1].abs(), atol=1e-2)


def test_a_hard_projection_leaves_no_energy_at_its_sites(start):
    model = Decoupling(QUICK_CONFIG, hard=True).fit(rows(), model=start)
    batch = tensors_of(model.model, sentences_of(model.given(rows())), model.config)
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    with model._erased():
        run = record(model.model.model, inputs, model.sites)
    for layer, site in enumerate(model.sites):
        basis = model._penalty.basis(layer)
        assert basis.shape[1] > 0
        assert (run[site] @ basis).abs().max() < 1e-5
        assert run[site].abs().max() > 1e-2
    assert all(max(audit.held.values()) < 1e-9 for audit in model.audit(rows()))


def test_a_training_that_was_stopped_ends_in_the_same_bytes(start, tmp_path, monkeypatch):
    def trained(folder, **options):
        model = Decoupling(QUICK_CONFIG, checkpoint_every=2, seed=1, layers=[-1], **{"strength": 0.5, **options})
        return model.fit(rows(), model=start, run=RunStore(tmp_path / folder))

    whole = trained("whole")
    save, calls = TrainState.save, []

    def stop(state, writes):
        save(state, writes)
        calls.append(state)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(TrainState, "save", stop)
    with pytest.raises(KeyboardInterrupt):
        trained("cut")
    monkeypatch.setattr(TrainState, "save", save)
    again = trained("cut")
    one, other = (tmp_path / folder / "training.safetensors" for folder in ("whole", "cut"))
    assert one.read_bytes() == other.read_bytes()
    assert whole.audits == again.audits
    with pytest.raises(RunError, match="of a training with other options"):
        trained("cut", strength=0.2)


def test_low_rank_adapters_are_merged_into_a_plain_model(start, tmp_path):
    model = Decoupling(QUICK_CONFIG, strength=0.1, lora=2).fit(rows(), model=start)
    assert type(model.model.model) is type(start.model)
    changed = [
        name
        for (name, a), b in zip(model.model.model.named_parameters(), start.model.parameters(), strict=True)
        if not torch.equal(a, b)
    ]
    assert changed
    assert all("proj" in name for name in changed)
    model.save_pretrained(tmp_path)
    again = Decoupling.from_pretrained(tmp_path)
    assert said_as(again, ["c001 c002"], "island") == said_as(model, ["c001 c002"], "island")


# -- asking and files --------------------------------------------------------------------------------------------------


def test_greedy_decoding_in_batches_is_token_by_token_without_a_cache(decoupled):
    sources = WORLD.meaning(WORLD.sample(5, seed=9))
    language = decoupled.model
    expected = []
    for source in sources:
        ids = language.tokenizer(f"{source} [island]", return_tensors="pt")["input_ids"]
        begin = ids.shape[1]
        for _ in range(6):
            with torch.no_grad():
                following = language.model(input_ids=ids, use_cache=False).logits[0, -1].argmax()
            ids = torch.cat([ids, following.reshape(1, 1)], dim=1)
            if following == language.tokenizer.eos_token_id:
                break
        expected.append(language.tokenizer.decode(ids[0, begin:], skip_special_tokens=True).strip())
    short = copy.copy(decoupled).set_params(most=6)
    assert said_as(short, sources, "island") == expected
    assert [said_as(short, [source], "island") for source in sources] == [[text] for text in expected]


@pytest.mark.parametrize("hard", [False, True])
def test_what_was_saved_says_the_same(start, tmp_path, hard):
    model = Decoupling(QUICK_CONFIG, strength=0.5, hard=hard, most=6).fit(rows(), model=start)
    model.save_pretrained(tmp_path / "model")
    again = Decoupling.from_pretrained(tmp_path / "model")
    assert again.config == model.config
    assert again.model.longest == model.model.longest == 64
    assert again.audits == model.audits
    assert scores(again, rows(8, seed=3)) == scores(model, rows(8, seed=3))
    model.export(tmp_path / "plain")
    assert load_language_model(tmp_path / "plain", "causal").width == 16
    (tmp_path / "model/config.json").write_text("{}")
    with pytest.raises(FormatError, match="is damaged: it lacks 'class'"):
        Decoupling.from_pretrained(tmp_path / "model")


def test_a_folder_is_fine_tuned_like_a_model(start, tmp_path):
    start.save(tmp_path / "start")
    (tmp_path / "rows.jsonl").write_text(
        "\n".join(
            json.dumps({"source": s, "target": t, "variety": v}) for s, t, v in zip(*rows().values(), strict=True)
        )
    )
    from_folder = Decoupling(QUICK_CONFIG, strength=0.3, layers="model.layers.1").fit(
        tmp_path / "rows.jsonl", model=tmp_path / "start"
    )
    given = Decoupling(QUICK_CONFIG, strength=0.3, layers=[-1]).fit(rows(), model=start)
    assert from_folder.sites == given.sites
    assert from_folder.audits == given.audits


def test_the_audit_tells_varieties_apart_by_every_measure(decoupled):
    for audit in decoupled.audit(rows(), when="now"):
        assert audit.when == "now"
        assert audit.dominant_bits > 0
        assert 0 < audit.online_bits < 1.0
        assert audit.plain_bits == pytest.approx(torch.log2(torch.tensor(3.0)).item())
        assert audit.angle["standard"] == pytest.approx(0.0, abs=1e-3)
        assert audit.distance["standard"] == pytest.approx(0.0, abs=1e-5)
        assert audit.distance["island"] > 0
        assert all(0 <= share <= 1 for share in audit.energy.values())


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"strength": -0.1}, "strength is not negative"),
        ({"every": 0}, "every is at least 1, got 0"),
        ({"penalty": "squared"}, "penalty is one of published, relative, got 'squared'"),
        ({"subspace": "none"}, "subspace is one of dominant, random, whole"),
        ({"prompt": "{source}"}, r"a prompt holds \{source\} and \{variety\}"),
        ({"hard": True, "subspace": "whole"}, "cannot be projected out"),
        ({"speed": 1}, "alignment-hurts has no option 'speed'"),
        ({"most": 0}, "most is at least 1, got 0"),
    ],
)
def test_options_out_of_range_are_refused(options, sentence):
    with pytest.raises(OptionError, match=sentence):
        Decoupling(**options)


def test_varieties_that_do_not_fit_are_refused(start):
    model = Decoupling(QUICK_CONFIG)
    with pytest.raises(OptionError, match="no variety 'msa' in the data, there are standard, island, west-hill"):
        Decoupling(QUICK_CONFIG, dominant="msa").fit(rows(), model=start)
    with pytest.raises(OptionError, match="all rows are of standard: there is no other variety"):
        model.fit(rows(names=NAMES[:1]), model=start)
    with pytest.raises(DataError, match="standard has 49 sentences, a variety needs at least 50"):
        model.fit(rows(49), model=start)
    with pytest.raises(OptionError, match="the validation has no row of west-hill"):
        model.fit(with_validation(rows(), rows(names=NAMES[:2])), model=start)
    with pytest.raises(OptionError, match="3 varieties in 16 units differ in at most 2 directions, got rank=3"):
        Decoupling(QUICK_CONFIG, rank=3).fit(rows(), model=start)
    with pytest.raises(OptionError, match="no variety 'cairo' in the data"):
        Decoupling(QUICK_CONFIG, of_variety="cairo").fit(rows(), model=start)


def test_layers_that_are_not_there_are_refused(start):
    for layers, error, sentence in (
        (["model.layer.1"], UnknownVariableError, r"model\.layers\.1"),
        ([2], OptionError, "layer 2 is not one of the 2 layers, 0 to 1"),
        (("-3",), OptionError, "layer -3 is not one of the 2 layers, 0 to 1"),
        ([], OptionError, "at least one layer"),
    ):
        with pytest.raises(error, match=sentence):
            Decoupling(QUICK_CONFIG, layers=layers).fit(rows(), model=start)


def test_a_tokenizer_without_the_script_is_told(start):
    foreign = rows()
    foreign["target"] = ["ﷺ ka" if name == "island" else t for t, name in zip(*list(foreign.values())[1:], strict=True)]
    with pytest.warns(RuntimeWarning, match="of the tokens of island are unknown to the tokenizer"):
        Decoupling(QUICK_CONFIG, strength=0.0).fit(foreign, model=start)


def test_a_model_too_large_for_the_machine_is_refused_with_an_estimate(start, monkeypatch):
    monkeypatch.setattr(tuning, "BILLION", 1000)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(OptionError, match="billion parameters and there is no GPU: training takes about 0 GiB"):
        Decoupling(QUICK_CONFIG).fit(rows(), model=start)


def test_nothing_is_said_before_anything_is_trained(decoupled):
    with pytest.raises(OptionError, match="call fit first"):
        said_as(Decoupling(), ["c001"], "island")
    with pytest.raises(OptionError, match="no variety 'east-hill', there are standard, island, west-hill"):
        said_as(decoupled, ["c001"], "east-hill")


def test_a_row_that_does_not_fit_is_named(start):
    short = LanguageModel(start.model, start.tokenizer, 5)
    with pytest.raises(DataError, match=r"row \d+ has \d+ tokens, at most 5 fit"):
        Decoupling(QUICK_CONFIG).fit(rows(), model=short)


def test_a_checkpoint_holds_the_subspaces(start, tmp_path):
    Decoupling(QUICK_CONFIG, strength=0.5).fit(rows(), model=start, run=RunStore(tmp_path))
    tensors, _ = read_weights(tmp_path / "training.safetensors")
    assert tensors["now.penalty.bases"].abs().sum() > 0
