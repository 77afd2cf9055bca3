"""Concepts of a small decoder: rows, steering by the amount asked for, dictionaries, saving, and what is refused."""

import json

import numpy as np
import pytest
import torch
from scipy.stats import ttest_1samp, ttest_ind

from aitia.do import Intervention
from aitia.errors import DataError, FormatError, InterventionError, OptionError, UnknownVariableError
from aitia.nn.language import small_decoder, small_encoder, word_tokenizer
from aitia.nn.saelens import TrainedOn, read_saelens, write_saelens
from aitia.nn.sites import record
from aitia.nn.sparse_autoencoders import SparseAutoencoder, SparseLoss
from aitia.nn.weights import read_weights
from aitia.report.blocks import Section
from aitia.report.page import render
from aitia.system import load
from aitia.systems.next_token_concepts import NextTokenConcepts
from aitia.systems.next_token_concepts.dictionary import score_dictionary, score_features
from aitia.systems.next_token_concepts.effects import effects_of
from aitia.systems.next_token_concepts.findings import BAG, RANDOM
from aitia.systems.next_token_concepts.predictors import summed_words, teach
from aitia.systems.next_token_concepts.reading import Concept, Examples, examples_of, halves_of
from aitia.systems.next_token_concepts.readout import Readout, accuracy_of
from aitia.systems.next_token_concepts.states import States, bag_of_words, output_site, random_network, site_of
from aitia.systems.next_token_concepts.steering import steer
from aitia.worlds import ConceptTextWorld

NOUNS = [f"noun{k}" for k in range(12)]
WORDS = [*NOUNS, "one", "many", "red", "blue", "not"]


def pairs(concepts=("plural", "colour"), nouns=NOUNS):
    sides = {"plural": ("one", "many"), "colour": ("red", "blue")}
    lines = [(name, f"{noun} {sides[name][0]}", f"{noun} {sides[name][1]}") for name in concepts for noun in nouns]
    return {column: [line[k] for line in lines] for k, column in enumerate(("concept", "x0", "x1"))}


@pytest.fixture(scope="module")
def decoder():
    return small_decoder(word_tokenizer(WORDS), width=24, layers=2, longest=16)


@pytest.fixture(scope="module")
def model(decoder):
    return NextTokenConcepts(permutations=2, most=3, autoencoder="l1", steps=20).fit(pairs(), model=decoder)


# -- reading and steering ----------------------------------------------------------------------------------------------


def test_a_state_is_what_the_output_layer_is_given_at_the_last_token(model, decoder):
    texts = ["noun1 not many", "noun2 one"]
    with torch.no_grad():
        wanted = [decoder.model.base_model(**decoder.batch([t])).last_hidden_state[0, -1].numpy() for t in texts]
    assert np.allclose(model.states(texts), wanted, atol=1e-5)  # rows of unlike length are padded
    assert str(model.site) == "lm_head[in]"


def test_any_layer_is_read_and_told_to_be_outside_of_the_theorem(decoder):
    found = NextTokenConcepts(layer="model.layers.0", permutations=1, baselines=False).fit(pairs(), model=decoder)
    assert "outside of the theorem" in found.training.warnings[0]
    with torch.no_grad():
        states = record(decoder.model, decoder.batch(["noun1 one"]), ["model.layers.0"])["model.layers.0"]
    assert np.allclose(found.states(["noun1 one"])[0], states[0, -1].numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("do(plural=3.25)", {"plural": 3.25}),
        ("do(plural=-4, colour=1.5)", {"plural": -4.0, "colour": 1.5}),
        ("do(plural=shift(2))", {"plural": ("by", 2.0)}),
        ("do(plural=shift(-1), colour=0.5)", {"plural": ("by", -1.0), "colour": 0.5}),
    ],
)
def test_steering_moves_the_log_odds_of_the_probes_by_what_was_asked(model, asked, wanted):
    texts = {"text": ["noun3 one", "noun5 not blue", "noun1 noun2 noun3 many"]}
    before, after = model.encode(texts), model.do(asked).encode(texts)
    for name, value in wanted.items():
        column = f"log-odds of {name}"
        goal = before.column(column) + value[1] if isinstance(value, tuple) else value
        assert np.allclose(after.column(column), goal, atol=1e-3)


def test_present_and_absent_are_the_usual_log_odds_of_texts_that_the_probe_has_not_seen(model):
    usual = model.found.usual[model.names.index("plural")]
    for label, value in zip(("absent", "present"), usual, strict=True):
        told = model.do({"plural": label}).encode({"text": ["noun3 one"]})
        assert told.column("log-odds of plural")[0] == pytest.approx(value, abs=1e-3)
    assert usual[0] < 0 < usual[1]


def test_a_steered_state_moves_along_the_direction_and_nowhere_else(model):
    texts = ["noun3 one"]
    move = (model.do("do(plural=shift(3))").states(texts) - model.states(texts))[0]
    direction = model._learnt.values("directions")[model.names.index("plural")]
    cosine = move @ direction / np.linalg.norm(move) / np.linalg.norm(direction)
    assert cosine == pytest.approx(1, abs=1e-4)


def test_what_is_written_is_that_of_the_moved_states(model, decoder):
    """At the output layer the logits of a steered prompt are those of its moved state, by hand."""
    steered = model.do("do(plural=25)")
    written = steered.predict({"text": ["noun3 one"]}).texts("written")[0].split()
    state = torch.from_numpy(steered.states(["noun3 one"])).float()
    first = int((state @ decoder.model.lm_head.weight.T).argmax())
    assert written[0] == decoder.tokenizer.convert_ids_to_tokens(first)
    plain = model.predict({"text": ["noun3 one"]}).texts("written")[0]
    assert plain == decoder.generate(["noun3 one"], most=3)[0]


def test_what_is_written_already_stays(model):
    rows = {"text": ["noun3 one", "noun1 many"], "written": ["as it was", ""]}
    told = model.predict(rows, draws=2)
    assert told.texts("written")[:2] == ["as it was"] * 2
    assert told.texts("written")[2] == told.texts("written")[3] != ""


def test_directions_that_do_not_move_their_probes_are_refused():
    w, usual = np.eye(3), np.tile([-1.0, 1.0], (3, 1))
    asked = Intervention.parse("do(b=present)")
    with pytest.raises(
        InterventionError, match=r"the direction of 'b' does not move its probe \(their cosine is -1.000"
    ):
        steer(asked, ("a", "b", "c"), w, np.zeros(3), -w, usual)
    together = np.array([[1.0, 0, 0], [1.0, 1e-6, 0], [0, 0, 1.0]])
    with pytest.raises(InterventionError, match="the concepts a, b cannot be set apart from each other"):
        steer(Intervention.parse("do(a=1, b=2)"), ("a", "b", "c"), together, np.zeros(3), together, usual)
    assert steer(Intervention(), ("a", "b", "c"), w, np.zeros(3), w, usual) is None


def test_prompts_are_asked_of_a_system_that_was_fitted_to_pairs_and_pairs_give_their_first_text(model, tmp_path):
    (tmp_path / "prompts.csv").write_text("text\nnoun3 not one\n", encoding="utf-8")
    asked, wanted = model.predict(tmp_path / "prompts.csv"), model.predict({"text": ["noun3 not one"]})
    assert asked.texts("written") == wanted.texts("written")
    pair = {"concept": ["plural"], "x0": ["noun3 one"], "x1": ["noun3 many"]}
    assert model.encode(pair) == model.encode({"text": ["noun3 one"]})


def test_effects_are_mean_differences_of_log_odds_with_the_intervals_of_t_tests(model):
    rows = pairs()
    told = model.effects(rows)
    assert told.labels("target").tolist() == ["plural", "plural", "colour", "colour"]
    sides = [model.log_odds(model.states(rows[x][:12])) for x in ("x0", "x1")]
    for k, line in enumerate(range(2)):
        each = (sides[1] - sides[0])[:, k]
        interval = ttest_1samp(each, 0).confidence_interval()
        assert told.column("effect")[line] == pytest.approx(each.mean())
        assert (told.column("low")[line], told.column("high")[line]) == pytest.approx(tuple(interval))
    own, control = (told.column(name)[0] for name in ("effect", "control"))
    assert own > 5 * abs(control)
    one = model.effects(rows, target="plural", outcome="colour")
    assert one.labels("outcome").tolist() == ["colour"]
    assert model.do("do(plural=1)").effects(rows, target="plural", outcome="plural").column("effect")[0] == (
        pytest.approx(0, abs=1e-3)
    )


def test_effects_of_labels_are_differences_of_means_with_the_interval_of_welch():
    rng = np.random.default_rng(0)
    concept = Concept("c", np.arange(20), np.arange(20, 50), False)
    said = rng.standard_normal((50, 1)) * np.repeat([1, 3], [20, 30])[:, None]
    told = effects_of(Examples(tuple(map(str, range(50))), (concept,)), said, ["c"])
    wanted = ttest_ind(said[20:, 0], said[:20, 0], equal_var=False).confidence_interval()
    assert (told.column("low")[0], told.column("high")[0]) == pytest.approx(tuple(wanted))


# -- halves, baselines, judging ----------------------------------------------------------------------------------------


def test_halves_share_no_text_and_keep_two_pairs_each():
    lines = {"concept": ["c"] * 6, "x0": ["a", "b", "b", "d", "e", "g"], "x1": ["b", "c", "x", "y", "f", "h"]}
    examples = examples_of(NextTokenConcepts().given(lines))
    for seed in range(20):
        one, two = (half[0] for half in halves_of(examples, 0.5, seed))
        assert min(len(one), len(two)) >= 2
        assert len(one) + len(two) == 6
        assert not set(one.rows.tolist()) & set(two.rows.tolist())


def test_pairs_that_all_hang_together_are_refused():
    lines = {"concept": ["c"] * 5, "x0": ["a"] * 5, "x1": list("bcdef")}
    with pytest.raises(DataError, match="'c' share their texts, so that no two sets of them are apart"):
        halves_of(examples_of(NextTokenConcepts().given(lines)), 0.5, 0)


def test_a_bag_of_words_counts_tokens(decoder):
    counts, tokens = bag_of_words(decoder, ["one one red", "blue"])
    named = decoder.tokenizer.convert_ids_to_tokens(tokens)
    assert {named[k]: counts[0, k] for k in range(3)} == {"one": 2, "red": 1, "blue": 0}
    assert bag_of_words(decoder, ["many blue"], tokens)[0].tolist() == [[float(name == "blue") for name in named]]


def test_a_random_network_has_other_weights_and_the_same_shapes(decoder):
    other = random_network(decoder, 5)
    ours, theirs = decoder.model.state_dict(), other.model.state_dict()
    assert {k: v.shape for k, v in ours.items()} == {k: v.shape for k, v in theirs.items()}
    assert not torch.equal(ours["lm_head.weight"], theirs["lm_head.weight"])
    again = random_network(decoder, 5).model.state_dict()
    assert torch.equal(again["lm_head.weight"], theirs["lm_head.weight"])


def test_a_taught_predictor_is_read_better_than_a_random_one_and_than_its_words():
    world = ConceptTextWorld(concepts=3, words=8, next_choices=24)
    language = summed_words(world, width=16, hidden=64)
    teach(language, world, rows=20_000, steps=700, batch=256, learning_rate=5e-3)
    given = NextTokenConcepts(permutations=1, seed=1)
    sample = world.sample(1200, seed=5)
    rows = {"text": world.render(sample)} | {
        name: [("absent", "present")[int(v)] for v in sample[name]] for name in world.names_of_concepts
    }
    found = given.fit(rows, labels=world.names_of_concepts, model=language).found
    ours, random, bag = map(np.mean, (found.accuracy, found.baselines[RANDOM], found.baselines[BAG]))
    best = (
        (world.log_odds(list(rows["text"])) > 0) == np.stack([sample[n] for n in world.names_of_concepts], 1)
    ).mean()
    assert best + 0.02 > ours > max(random, bag)
    assert ours > 0.85 * best
    assert found.score > 0.3 > abs(np.mean(found.shuffled))


def test_accuracy_is_the_share_of_texts_that_are_told(model):
    states = model.states(["noun1 one", "noun1 many"])
    concept = Concept("plural", np.array([0]), np.array([1]), True)
    said = model.log_odds(states)[:, model.names.index("plural")]
    readout = Readout(*(model._learnt.values(n)[:1] for n in ("probes", "intercepts", "directions")))
    assert accuracy_of(readout, states, [concept])[0] == np.mean([said[0] < 0, said[1] > 0])


def test_judged_on_new_rows_beside_what_takes_no_model(model):
    fresh, seen = model.given(pairs(nouns=["noun1", "noun7", "not"])), model.given(pairs())
    scores = model.judge(fresh, seen)
    assert list(scores) == ["accuracy"]
    assert scores["accuracy"].baselines.keys() == {"most frequent value", "random network", "bag of words"}
    assert scores["accuracy"].baselines["most frequent value"] == 0.5
    assert scores["accuracy"].value == 1.0  # the last word tells all


def test_on_the_rows_of_a_world_that_knows_the_true_log_odds_are_compared():
    from aitia.system import Given

    world = ConceptTextWorld(concepts=2, words=3, next_choices=6)
    language = summed_words(world, width=8, hidden=16)
    card = NextTokenConcepts.card
    given = Given.of_world(card, world, 200, seed=1, roles={"labels": ("c1", "c2")}, subjects={"model": language})
    found = NextTokenConcepts(permutations=1).fit(given)
    scores = found.judge(given.fresh(card, 100, seed=2), given)
    assert scores["R2 of the log-odds"].baselines.keys() == {"random network", "bag of words"}
    assert scores["R2 of the log-odds"].value < 1


# -- dictionaries ------------------------------------------------------------------------------------------------------


def test_the_feature_is_chosen_on_one_half_and_scored_on_the_other():
    """One feature is the reference; a crowd of random ones would win if they were scored where they were chosen."""
    rng = np.random.default_rng(0)
    reference = rng.standard_normal((40, 1))
    concept = Concept("c", np.arange(20), np.arange(20, 40), False)
    features = np.concatenate([rng.standard_normal((40, 500)), 2 * reference + 1], axis=1)
    assert score_features(features, [concept], reference) == ((500,), (pytest.approx(1.0),))
    alone = score_features(features[:, :500], [concept], reference)[1][0]
    here = max(abs(np.corrcoef(f, reference[:, 0])[0, 1]) for f in features[:, :500].T)
    assert alone < here


def test_scores_of_a_dictionary_are_their_definitions():
    rng = np.random.default_rng(1)
    states = rng.standard_normal((60, 4)) * [1, 2, 3, 4] + 5
    spread = states.std(axis=0)
    made = (
        SparseLoss(4, 6, "top-k", k=2, seed=2)
        .finished()
        .on_scale(torch.from_numpy(states.mean(0)).float(), torch.from_numpy(spread).float())
    )
    concept = Concept("c", np.arange(30), np.arange(30, 60), False)
    said = rng.standard_normal((60, 1))
    found = score_dictionary(made, states, spread, [concept], said)
    x = torch.from_numpy(states).float()
    back, z = made(x).detach().numpy(), made.encode(x).detach().numpy()
    assert found.unexplained == pytest.approx((((back - states) / spread) ** 2).mean(), rel=1e-4)
    assert found.active == pytest.approx((z != 0).sum(axis=1).mean())
    assert found.dead == pytest.approx((z == 0).all(axis=0).mean())


def test_an_autoencoder_trained_on_few_sparse_directions_finds_them():
    from aitia.systems.next_token_concepts.config import NextTokenConceptsConfig
    from aitia.systems.next_token_concepts.dictionary import train_dictionary

    rng = np.random.default_rng(3)
    directions = np.linalg.qr(rng.standard_normal((12, 12)))[0][:8]
    codes = np.where(rng.random((3000, 8)) < 0.15, rng.uniform(1, 2, (3000, 8)), 0)
    states = codes @ directions
    config = NextTokenConceptsConfig(autoencoder="top-k", k=2, features=16, steps=600, learning_rate=1e-2)
    made = train_dictionary(states, np.zeros(12), np.ones(12), config)
    z = made.encode(torch.from_numpy(states).float()).detach().numpy()
    best = [max(abs(np.nan_to_num(np.corrcoef(f, codes[:, k])[0, 1])) for f in z.T if f.std() > 0) for k in range(8)]
    assert np.median(best) > 0.9


def test_a_folder_of_saelens_is_scored_beside_the_one_trained_here(decoder, tmp_path):
    made = SparseLoss(24, 40, "top-k", k=4).finished()
    write_saelens(made, tmp_path / "sae", TrainedOn("tiny", "blocks.1.hook_resid_post"))
    given = NextTokenConcepts(permutations=1, autoencoder="p-annealing", steps=10, baselines=False)
    found = given.fit(pairs(), model=decoder, dictionary=tmp_path / "sae")
    assert found.found.dictionaries.keys() == {"trained", "given"}
    assert found.found.dictionaries["given"].active <= 4
    assert "The dictionary was trained on blocks.1.hook_resid_post of tiny" in found.training.warnings[-1]
    write_saelens(SparseAutoencoder(9, 12), tmp_path / "narrow")
    with pytest.raises(OptionError, match=r"takes states of 9 units, those of lm_head.in. have 24"):
        given.fit(pairs(), model=decoder, dictionary=tmp_path / "narrow")
    (tmp_path / "sae" / "cfg.json").write_text("{}")
    with pytest.raises(FormatError, match="lacks 'd_in'"):
        given.fit(pairs(), model=decoder, dictionary=tmp_path / "sae")


# -- keeping and telling -----------------------------------------------------------------------------------------------


def test_what_is_exported_reads_states_as_they_are(model, tmp_path):
    model.export(tmp_path)
    tensors, told = read_weights(tmp_path / "model.safetensors")
    states = torch.from_numpy(model.states(["noun1 one"])).float()
    said = states @ tensors["probes"].T + tensors["intercepts"]
    assert np.allclose(said.numpy(), model.log_odds(states.numpy()), atol=1e-3)
    assert told == {"concepts": list(model.names), "site": "lm_head[in]"}
    again, _ = read_saelens(tmp_path)
    assert torch.equal(again(states), model.autoencoder(states))
    assert json.loads((tmp_path / "cfg.json").read_text())["architecture"] == "standard"


def test_a_saved_system_answers_once_it_has_its_model(model, decoder, tmp_path):
    model.save_pretrained(tmp_path / "kept")
    again = load(tmp_path / "kept")
    with pytest.raises((OptionError, FormatError)):
        again.encode({"text": ["noun1 one"]})
    bound = again.bind(model=decoder)
    assert bound.encode({"text": ["noun1 one"]}) == model.encode({"text": ["noun1 one"]})
    assert bound.found == model.found


def test_the_report_shows_products_concepts_and_autoencoders(model):
    page = render("t", "l", [Section("s", list(model.report(model.given(pairs()))))], "f")
    for part in ("W A: probes in rows", "random network", "features on", "remainder need not vanish", "plural"):
        assert part in page


# -- what is refused ---------------------------------------------------------------------------------------------------


def labelled(**columns):
    return {"text": [f"{noun} one" for noun in NOUNS], **columns}


@pytest.mark.parametrize(
    ("rows", "roles", "error", "told"),
    [
        ({"x0": ["a"] * 4, "x1": ["b"] * 4}, {}, OptionError, "names the concept"),
        ({"text": ["a"] * 4}, {}, OptionError, "give pairs .* or texts"),
        ({**pairs(("plural",), NOUNS[:3])}, {}, DataError, "'plural' has 3 different pairs, at least 4"),
        ({**pairs(("plural",)), "concept": ["p"] * 11 + ["q"]}, {}, DataError, "'q' has 1 different pair, at least"),
        ({"concept": ["p", "q"], "x0": ["a", "a"], "x1": ["b", "b"]}, {}, DataError, "one pair .* under 'p' and 'q'"),
        ({**pairs(("plural",)), "x0": ["a"] * 11 + [" "]}, {}, DataError, "row 11 has no x0"),
        (labelled(c=["yes"] * 12), {"labels": ("c",)}, DataError, "'c' is 'yes' in every text"),
        (labelled(c=["p", "q", "r"] * 4), {"labels": ("c",)}, DataError, "'c' has 3 values .* a column of each"),
        (labelled(c=["p", "q"] * 6), {"labels": ("c",)}, DataError, "'c' is 'p' or 'q': say which means"),
        (labelled(c=["no"] * 10 + ["yes"] * 2), {"labels": ("c",)}, DataError, "a value with 2 texts, at least 4"),
        (labelled(c=["no", "yes"] * 5 + ["no", None]), {"labels": ("c",)}, DataError, "missing in row 11"),
    ],
)  # fmt: skip
def test_rows_that_tell_no_concept_apart_are_refused(decoder, rows, roles, error, told):
    with pytest.raises(error, match=told):
        NextTokenConcepts().fit(rows, model=decoder, **roles)


def test_pairs_of_equal_texts_are_left_out_and_few_pairs_are_told(decoder):
    rows = pairs(("plural",), NOUNS[:5])
    rows = {name: [*values, {"concept": "plural", "x0": "red", "x1": "red"}[name]] for name, values in rows.items()}
    found = NextTokenConcepts(permutations=1, baselines=False).fit(rows, model=decoder)
    assert found.training.warnings[0].startswith("1 pairs are left out")
    assert "'plural' has 5 pairs" in found.training.warnings[1]


LONG = " ".join(["noun1"] * 20)


@pytest.mark.parametrize("side", ["x0", "x1"])
def test_a_text_longer_than_the_model_reads_is_refused_by_row_and_column(decoder, side):
    rows = pairs()
    rows[side][5] = LONG
    told = f"row 5, column '{side}': the text has 20 tokens, and 16 are read: .*; cut or drop it$"
    with pytest.raises(DataError, match=told):
        NextTokenConcepts(permutations=1).fit(rows, model=decoder)
    rows["x0"][7] = f"{LONG} many"
    with pytest.raises(DataError, match=r"row 5.* are read \(2 such texts\)"):
        NextTokenConcepts(permutations=1).fit(rows, model=decoder)


@pytest.mark.parametrize("verb", ["encode", "predict", "judge", "states"])
def test_a_fitted_system_reads_no_text_in_part(model, verb):
    texts = ["noun1 one", LONG]
    if verb == "states":
        with pytest.raises(DataError, match="row 1: the text has 20 tokens"):
            model.states(texts)
    elif verb == "judge":
        fresh = pairs(nouns=NOUNS[:2])
        fresh["x1"][3] = LONG
        with pytest.raises(DataError, match="row 3, column 'x1': the text has 20 tokens"):
            model.judge(model.given(fresh), model.given(pairs()))
    else:
        rows = {"text": ["noun2 one", *texts], "written": ["", "", ""]} if verb == "predict" else {"text": texts}
        place = 2 if verb == "predict" else 1
        with pytest.raises(DataError, match=f"row {place}, column 'text': the text has 20 tokens, and 16 are read"):
            getattr(model, verb)(rows)


def test_longest_is_the_mend_where_the_model_bears_more(decoder, tmp_path):
    decoder.save(tmp_path)
    rows = pairs()
    rows["x0"][0] = "noun1 noun1 noun1 one"
    with pytest.raises(DataError, match=r"has 4 tokens, and 3 are read: .*, or raise longest, up to 16$"):
        NextTokenConcepts(permutations=1, longest=3, device="cpu").fit(rows, model=tmp_path)
    found = NextTokenConcepts(permutations=1, longest=4, device="cpu").fit(rows, model=tmp_path)
    with torch.no_grad():
        wanted = decoder.model.base_model(**decoder.batch(rows["x0"][:1])).last_hidden_state[0, -1].numpy()
    assert np.allclose(found.states(rows["x0"][:1]), wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        (
            "model.layers.7",
            "there is no layer 'model.layers.7'.*take layer=model.layers.0 to model.layers.1, or lm_head",
        ),
        ("model.layers.0[unit=3]", "layer is one whole module"),
        ("model.layers.*", "layer is one whole module"),
        ("mo[", "there is no layer"),
    ],
)
def test_a_layer_that_is_not_there_is_refused_with_those_that_are(decoder, layer, told):
    with pytest.raises(OptionError, match=told):
        site_of(decoder, layer)


def test_a_model_that_predicts_no_token_is_refused():
    from aitia.nn.language import LanguageModel

    encoder = small_encoder(WORDS, width=16, layers=2)
    bare = LanguageModel(encoder.model.base_model, encoder.tokenizer)
    assert output_site(bare) is None
    with pytest.raises(OptionError, match="has no output layer, so it predicts no token"):
        site_of(bare, "")


def test_states_that_overflow_are_refused_by_the_name_of_their_layer(decoder):
    import copy

    from aitia.nn.language import LanguageModel

    broken = copy.deepcopy(decoder.model)
    with torch.no_grad():
        broken.model.norm.weight[3] = float("inf")
    model = LanguageModel(broken, decoder.tokenizer, 16)
    with pytest.raises(DataError, match=r"states of lm_head\[in\] are not finite.*half precision"):
        States(model, site_of(model, "")).of(["noun1 one"])


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda m: m.do("do(plurl=present)"), UnknownVariableError, "Did you mean 'plural'"),
        (lambda m: m.do("do(plural=presnt)"), InterventionError, "Did you mean 'present'"),
        (lambda m: m.do("do(plural=scale(2))"), InterventionError, "set to absent or present, to log-odds or to shift"),
        (lambda m: m.effects(pairs(), outcome="plurl"), UnknownVariableError, "Did you mean 'plural'"),
        (lambda m: m.encode({"written": ["a"]}), OptionError, "no text to read"),
        (lambda m: NextTokenConcepts(ridge=0), OptionError, "ridge is above 0"),
        (lambda m: NextTokenConcepts(autoencoder="dense"), OptionError, "autoencoder is one of none, top-k"),
        (lambda m: NextTokenConcepts().fit(pairs()), OptionError, "reads the states of a language model"),
        (lambda m: NextTokenConcepts(autoencoder="l1", features=8).fit(pairs(), model=m.language), OptionError,
         "8 features are fewer than the 24 units"),
        (lambda m: NextTokenConcepts().do("do(plural=1)"), InterventionError, "answers no do"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(model, call, error, told):
    with pytest.raises(error, match=told):
        call(model)


def test_a_number_beyond_the_usual_log_odds_is_told_as_an_extrapolation(model):
    assert "outside of the trained range" in model.do("do(plural=500)").outside()[0]
    assert model.do("do(plural=shift(500))").outside() == ()
