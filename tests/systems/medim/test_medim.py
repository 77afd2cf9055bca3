"""medim: what stands where, what is learnt from what, and what an edit leaves alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from aitia.data.table import Table
from aitia.errors import DataError, InterventionError, OptionError, TrainingError
from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import Vocabulary
from aitia.systems.medim import Medim, MedimConfig
from aitia.systems.medim.batches import DrawnPairs
from aitia.systems.medim.editing import Asked, edited
from aitia.systems.medim.filling import PairNetwork
from aitia.systems.medim.layout import IMAGE, LABELS, LENGTH, SCAFFOLD, TEXT, Layout, Pair, markers_of
from aitia.systems.medim.masked_diffusion import MaskedDiffusion
from aitia.systems.medim.words import ReportTokens, common_words, sentences
from aitia.worlds import WardWorld

TINY = {"first_steps": 2, "steps": 4, "batch": 8, "width": 16, "layers": 1, "patch": 4, "codes": 16, "words": 16,
        "sampling_steps": 4, "device": "cpu"}  # fmt: skip
WORLD = WardWorld()


def rows(n=24, seed=0):
    sample = WORLD.sample(n, seed=seed)
    found = [held.get("finding", "none") for held in WORLD.attributes(sample)]
    table = WORLD.rows(sample).known.select(("image", "report", "domain"))
    return table.with_columns({"finding": found}, {"finding": "label"})


@pytest.fixture(scope="module")
def fitted():
    return Medim(**TINY).fit(rows(), findings="finding")


def layout(words=6, labels=(("domain", ("a", "b")), ("finding", ("no", "yes")))):
    tokenizer = word_tokenizer(["all", "clear", "fluid", "here", "."])
    tokenizer.eos_token = "[SEP]"
    vocabulary = Vocabulary(tokenizer, codes=3, sentinels=1, markers=markers_of(labels, words))
    return Layout(vocabulary, labels, 4, words)


def words_of(held, text):
    return held.vocabulary.encode(text)


# -- the sequence ------------------------------------------------------------------------------------------------------


def test_a_pair_is_laid_out_and_read_back():
    held = layout()
    pair = Pair((1, 0), np.array([2, 0, 0, 1]), words_of(held, "all clear ."))
    laid = held.laid(pair)
    assert held.vocabulary.decode(laid.ids) == (
        "<begin> <label:0:1> <label:1:0> <image> <image:2> <image:0> <image:0> <image:1> </image> <report> <length:3> "
        "all clear . [SEP]"
    )
    back = held.read(laid, laid.ids)
    assert back.labels == pair.labels
    assert np.array_equal(back.image, pair.image)
    assert np.array_equal(back.report, pair.report)
    assert len(laid.ids) <= held.longest


def test_every_token_of_a_pair_may_stand_where_it_does_and_no_other_kind_may():
    held = layout()
    laid = held.laid(Pair((1, 0), np.array([2, 0, 0, 1]), words_of(held, "all clear .")))
    may = held.allowed[torch.from_numpy(laid.kinds)]
    assert bool(may[torch.arange(len(laid.ids)), torch.from_numpy(laid.ids)].all())
    kinds = {IMAGE: 3, TEXT: 5, LENGTH: 6, LABELS: 2, LABELS + 1: 2}
    assert {kind: int(held.allowed[kind].sum()) for kind in kinds} == kinds
    made = [kind for kind in kinds if bool(held.allowed[kind, held.mask])]
    assert not made


def test_a_report_of_unknown_length_is_not_there_and_a_shown_beginning_ends_the_sequence():
    held = layout()
    pair = Pair((None, 0), None, words_of(held, "all clear . fluid here ."))
    assert held.vocabulary.decode(held.laid(replace(pair, report=None)).ids).endswith("<report> <mask:0>")
    shown = held.laid(pair, shown=3)
    assert held.vocabulary.decode(shown.ids).endswith("<length:6> all clear .")
    assert (shown.ids == held.mask).sum() == 1 + 4


# -- what is noised ----------------------------------------------------------------------------------------------------


def drawn(left=False, **options):
    held = layout()
    report = words_of(held, "all clear . fluid here .")
    pairs = [Pair((0, None if k % 2 else 1), np.array([0, 1, 2, 0]), report) for k in range(8)]
    config = MedimConfig(**{**TINY, "batch": 400, **options})
    return held, DrawnPairs(held, pairs, [[0, 3]] * 8, (int(words_of(held, "here")[0]),), config, left, 0)


def test_every_share_of_masks_is_as_likely_and_counts_by_what_it_leaves():
    held, batches = drawn(given=0.0, whole=0.0, prompt=0.0)
    counts = []
    for step in range(10):
        ids, present, kinds, noised, time, weights = batches(step, 0, 1)
        assert not bool(noised[kinds == SCAFFOLD].any())
        assert not bool(noised[~present].any())
        learnt = (kinds != SCAFFOLD) & (kinds != LENGTH) & (ids != held.mask) & (ids != int(words_of(held, "here")[0]))
        masks, among = (noised & learnt).sum(1), learnt.sum(1)
        assert torch.equal(time, torch.clamp(masks, min=1) / among)
        assert bool((weights[noised] > 0).all())
        counts.append(masks[among == 11])  # an image of 4, two labels, and 5 of the 6 words
    found = np.bincount(torch.cat(counts), minlength=12) / len(torch.cat(counts))
    # k of n is masked with the probability of t^k (1 - t)^(n - k) over all t, which is 1 / (n + 1) for every k.
    assert found == pytest.approx(np.full(12, 1 / 12), abs=0.03)


def test_the_loss_of_a_network_that_knows_nothing_is_the_entropy_of_its_tokens():
    # Every token costs log(how many may stand there), n / k of k masks among n: n times the mean of them.
    held, batches = drawn(given=0.0, whole=0.0, prompt=0.0, batch=4000)
    ids, present, kinds, noised, time, weights = batches(0, 0, 1)

    class Even(Knowing):
        def logits(self, ids, present):
            return torch.zeros(*ids.shape, len(self.held.vocabulary))

    diffusion = MaskedDiffusion(Even(held), held.mask)
    keep = (ids == held.vocabulary.end).any(1)  # whole reports alone, of which no length is asked
    parts = [tensor[keep] for tensor in (ids, present, kinds, noised, time, weights)]
    found = float(diffusion.loss(parts[0], parts[1], held.allowed[parts[2]], *parts[3:]))
    both = [4 * np.log(3) + (2 if k else 1) * np.log(2) + 5 * np.log(5) for k in (0, 1)]
    # A row without masks carries nothing: of n + 1 counts of masks, n do.
    expected = np.mean([total * n / (n + 1) for total, n in zip(both, (10, 11), strict=True)])
    assert found * float(parts[1].sum()) / len(parts[0]) == pytest.approx(expected, rel=0.05)


def test_a_missing_label_and_a_word_that_is_never_said_carry_no_loss():
    held, batches = drawn()
    here = int(words_of(held, "here")[0])
    for left in (False, True):
        ids, _, kinds, noised, _, _ = (drawn(left)[1] if left else batches)(0, 0, 1)
        assert not bool(noised[ids == here].any())
        missing = (kinds == LABELS + 1) & (ids == held.mask)
        assert bool(missing.any())
        assert not bool(noised[missing].any())


def test_a_length_is_asked_for_exactly_where_its_report_is_not_whole():
    held, batches = drawn()
    ids, _, kinds, noised, _, _ = batches(0, 0, 1)
    ends = (ids == held.vocabulary.end).any(dim=1)
    asked = (noised & (kinds == LENGTH)).any(dim=1)
    assert torch.equal(asked, ~ends)
    assert 0.08 < float(asked.float().mean()) < 0.25


def test_lengths_are_asked_for_as_often_of_short_reports_as_of_long_ones():
    # Else a long report would seem rare where nothing of a report is there.
    held = layout()
    reports = [words_of(held, "all ."), words_of(held, "all . all . all .")]
    pairs = [Pair((k, 0), np.array([0, 1, 2, 0]), report) for k, report in enumerate(reports)]
    config = MedimConfig(**{**TINY, "batch": 4000, "given": 0.0, "whole": 0.0, "prompt": 0.0})
    ids, _, kinds, _, _, _ = DrawnPairs(held, pairs, [[0], [0, 2, 4]], (), config, False, 0)(0, 0, 1)
    nothing = (kinds == LENGTH).any(dim=1) & ~(kinds == TEXT).any(dim=1)
    lengths = ids[nothing][kinds[nothing] == LENGTH]
    counts = [int((lengths == held.vocabulary.markers[f"<length:{n}>"]).sum()) for n in (2, 6)]
    assert sum(counts) == len(lengths) > 100
    assert counts[0] / sum(counts) == pytest.approx(0.5, abs=0.1)


def test_one_half_is_given_or_gone_as_often_as_the_options_say():
    for options, expected in (({"given": 1.0, "whole": 0.0}, "given"), ({"given": 0.0, "whole": 1.0}, "gone")):
        _, batches = drawn(**options)
        _, _, kinds, noised, _, weights = batches(0, 0, 1)
        image = kinds == IMAGE
        none = (~noised & image).sum(1) == image.sum(1)
        all_ = (noised & image).sum(1) == image.sum(1)
        share = (none if expected == "given" else all_).float().mean()
        assert float(share) > 0.45
        if expected == "gone":  # what is gone as a whole teaches nothing, and is there to be gone
            assert float(weights[noised & image].sum()) < float((noised & image).sum()) / 2


def test_labels_are_left_as_often_as_the_options_say_and_are_not_learnt_then():
    for prompt in (0.0, 1.0):
        _, batches = drawn(given=0.0, whole=0.0, prompt=prompt)
        _, _, kinds, noised, _, _ = batches(0, 0, 1)
        share = float(noised[kinds == LABELS].float().mean())
        assert share == pytest.approx(0.5 * (1 - prompt), abs=0.06)


def test_processes_share_a_batch():
    _, batches = drawn()
    whole = batches(3, 0, 1)
    halves = [batches(3, rank, 2) for rank in (0, 1)]
    for place, tensor in enumerate(whole):
        assert torch.equal(halves[0][place], tensor[0::2])
        assert torch.equal(halves[1][place], tensor[1::2])


# -- answers -----------------------------------------------------------------------------------------------------------


class Knowing:
    """A network that knows: image code 0 and `clear` go with `no`, 2 and `fluid` with `yes`; all else is even."""

    visibility = "bidirectional"
    device = torch.device("cpu")

    def __init__(self, held):
        self.held = held

    def logits(self, ids, present):
        words = {name: int(words_of(self.held, name)[0]) for name in ("clear", "fluid", "all", "here", ".")}
        label = [int(self.held.vocabulary.markers[f"<label:1:{k}>"]) for k in (0, 1)]
        found = torch.full((*ids.shape, len(self.held.vocabulary)), -30.0)
        for row, sequence in enumerate(ids.tolist()):
            yes = label[1] in sequence
            if label[0] not in sequence and not yes:
                yes = words["fluid"] in sequence
            told = yes or words["clear"] in sequence
            for place in range(len(sequence)):
                found[row, place, self.held.vocabulary.image[1]] = 0.0
                if place % 2:  # half of the patches follow the finding
                    found[row, place, self.held.vocabulary.image[2 if yes else 0]] = 20.0
                found[row, place, words["fluid" if yes else "clear"]] = 0.0
                found[row, place, self.held.vocabulary.markers["<length:6>"]] = 0.0
                for name in ("<label:0:0>", f"<label:1:{int(yes)}>", *(() if told else ("<label:1:1>",))):
                    found[row, place, self.held.vocabulary.markers[name]] = 0.0
                found[row, place, words["all"]] = found[row, place, words["."]] = -2.0
        return found


def knowing(**options):
    held = layout()
    return held, PairNetwork(held, MaskedDiffusion(Knowing(held), held.mask), MedimConfig(**{**TINY, **options}))


def test_an_edit_writes_the_sentence_that_the_label_contradicts_and_the_patches_that_follow():
    held, network = knowing()
    parts = [words_of(held, "all all ."), words_of(held, "clear clear .")]
    image = np.array([1, 0, 1, 0])
    asked = Asked(Pair((0, 0), image, np.concatenate(parts)), parts, 1, 1)
    (one,) = edited(network, [asked], seed=0)
    assert one.kept.tolist() == [True, False]
    assert held.vocabulary.decode(one.pair.report).startswith("all all .")
    assert "clear" not in held.vocabulary.decode(one.written)
    follows = (np.flatnonzero(held.laid(asked.pair).kinds == IMAGE) % 2).astype(bool)
    assert one.changed.tolist() == follows.tolist()
    assert (np.asarray(one.pair.image)[follows] == 2).all()
    assert (np.asarray(one.pair.image)[~follows] == image[~follows]).all()
    assert one.pair.labels == (0, 1)


def test_an_edit_to_the_label_that_is_there_writes_nothing():
    held, network = knowing()
    parts = [words_of(held, "all clear .")]
    (one,) = edited(network, [Asked(Pair((0, 0), np.array([1, 0, 1, 0]), parts[0]), parts, 1, 0)])
    assert one.kept.all()
    assert not one.changed.any()


def test_what_is_known_is_clamped_and_the_rest_follows_it():
    held, network = knowing(sampling_steps=8)
    made = network.filled([Pair((0, None), None, words_of(held, "fluid here ."))] * 5, seed=1)
    odd = (np.flatnonzero(held.laid(made[0]).kinds == IMAGE) % 2).astype(bool)
    for pair in made:
        assert held.vocabulary.decode(pair.report) == "fluid here ."
        assert pair.labels == (0, 1)
        assert (np.asarray(pair.image)[odd] == 2).all()


@pytest.mark.parametrize("objective", ["diffusion", "autoregressive"])
def test_every_hole_is_filled_and_what_is_there_keeps_its_bytes(objective):
    more = {"visibility": "causal", "time_input": False} if objective == "autoregressive" else {}
    model = Medim(**{**TINY, **more}, objective=objective).fit(rows(), findings="finding")
    table = rows(4, seed=5)
    holes = {
        "image": table.drop(["report"]), "report": table.drop(["image"]),
        "labels": table.drop(["domain", "finding"]), "domain": table.select(["domain"]),
    }  # fmt: skip
    for given in holes.values():
        found = model.predict(given)
        assert found.pictures("image").shape == (4, 16, 16, 3)
        assert all(found.texts("report"))
        assert set(found.labels("domain")) <= {"cxr", "path"}
        for name in given.names:
            assert not table.select([name]).gaps(found.select([name]))[name]
    assert len(model.sample(3, seed=2).texts("report")) == 3
    drawn_rows = model.predict(holes["domain"], draws=2)
    assert drawn_rows.labels("domain").tolist() == [d for d in table.labels("domain") for _ in (0, 1)]


def test_an_edit_keeps_sentences_and_pixels_that_do_not_follow(fitted):
    table = rows(40, seed=3)
    before, after = table, fitted.do("do(finding=effusion)").edit(table)
    assert after.labels("finding").tolist() == ["effusion"] * 40
    same = before.labels("finding") == "effusion"
    assert same.any()
    for row in np.flatnonzero(same):  # nothing was set anew
        assert before.texts("report")[row] == after.texts("report")[row]
        assert np.array_equal(before.pictures("image")[row], after.pictures("image")[row])
    loose = Medim(**TINY, sentence_follows=1e9, patch_follows=1.0).fit(rows(), findings="finding")
    kept = loose.do("do(finding=effusion)").edit(table)
    assert kept.texts("report") == before.texts("report")
    assert np.array_equal(kept.pictures("image"), before.pictures("image"))


def test_predict_under_do_fills_holes_by_the_label_that_is_set(fitted):
    found = fitted.do("do(finding=nodule)").predict({"domain": ["cxr"] * 3})
    assert found.labels("finding").tolist() == ["nodule"] * 3


def test_an_autoregressive_model_refuses_edits():
    model = Medim(**{**TINY, "objective": "autoregressive", "visibility": "causal", "time_input": False})
    model.fit(rows(), findings="finding")
    with pytest.raises(OptionError, match="makes no part anew: edits take --objective diffusion"):
        model.do("do(finding=none)").edit(rows(2))


def test_without_findings_nothing_can_be_set():
    model = Medim(**TINY).fit(rows().drop(["finding"]))
    with pytest.raises(InterventionError, match="medim answers no do"):
        model.do("do(domain=path)")


def test_training_lowers_the_loss_of_either_objective():
    for left in (False, True):
        more = {"objective": "autoregressive", "visibility": "causal", "time_input": False} if left else {}
        longer = {"first_steps": 0, "steps": 40, "batch": 16, "learning_rate": 0.01}
        model = Medim(**{**TINY, **longer, **more})
        (_, losses), *_ = model.fit(rows(60)).training.losses
        assert losses[-1]["loss"] < 0.8 * losses[0]["loss"]


def test_what_is_saved_answers_the_same_with_its_time_and_patches(fitted, tmp_path):
    for layer in fitted._fitted().diffusion.time.modulations:
        torch.nn.init.normal_(layer.weight, std=0.2)  # time does something
    fitted.save_pretrained(tmp_path / "kept")
    again = Medim.from_pretrained(tmp_path / "kept")
    asked = {"domain": ["cxr", "path"]}
    assert again.predict(asked, seed=3).hash() == fitted.predict(asked, seed=3).hash()


def test_a_given_model_and_vq_model_take_the_same_path(tmp_path):
    from aitia.nn.sequences import small_sequence_model

    diffusers = pytest.importorskip("diffusers")
    tokenizer = word_tokenizer(WORLD.vocabulary)
    tokenizer.eos_token = "[SEP]"
    small_sequence_model(Vocabulary(tokenizer), width=16, layers=1, heads=2, longest=128).save(tmp_path / "model")
    torch.manual_seed(0)
    diffusers.VQModel(
        block_out_channels=(8, 8, 8), down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3, layers_per_block=1, latent_channels=4, num_vq_embeddings=8,
        vq_embed_dim=4, norm_num_groups=4,
    ).save_pretrained(tmp_path / "vq")  # fmt: skip
    subjects = {"model": str(tmp_path / "model"), "image_tokenizer": str(tmp_path / "vq")}
    model = Medim(**TINY).fit(rows(), findings="finding", **subjects)
    assert model._fitted().layout.places == 16
    found = model.predict({"domain": ["cxr"]})
    assert found.pictures("image").shape == (1, 16, 16, 3)
    model.save_pretrained(tmp_path / "kept")
    from aitia.system import load

    again = load(tmp_path / "kept", **subjects)
    assert again.predict({"domain": ["cxr"]}).hash() == found.hash()
    with pytest.raises(DataError, match=r"the report of row 0 holds the mask <mask:0>: take it out"):
        model.predict(Table.of({"report": ["heart <mask:0> ."]}, kinds={"report": "text"}))
    with pytest.raises(
        OptionError, match="a pair has up to 189 tokens, 16 of them of its image, and the model takes 128"
    ):
        Medim(**{**TINY, "words": 165}).fit(rows(), findings="finding", **subjects)


# -- reports -----------------------------------------------------------------------------------------------------------


def test_reports_are_words_and_marks_and_common_words_are_counted():
    assert common_words(["Heart normal. Heart, lungs clear.", "Heart 1.5 cm."], 3) == [",", ".", "Heart"]
    held = layout()
    tokens = ReportTokens(held.vocabulary, whole=True)
    assert tokens.decode(np.concatenate(tokens.encode("all clear. fluid here."))) == "all clear . fluid here ."
    assert sentences("a\n\nb. c") == ["a", "b.", "c"]


# -- bad input ---------------------------------------------------------------------------------------------------------


def with_holes(**gone):
    table = rows(6)
    columns = {"image": list(table.pictures("image")), "report": table.texts("report")}
    for name, row in gone.items():
        columns[name][row] = None
    return Table.of({**columns, "domain": table.labels("domain")}, kinds={"image": "picture", "report": "text"})


def test_halves_of_pairs_and_empty_reports_are_named():
    with pytest.raises(DataError, match=r"row 2 has a report and no image: add it, or drop the row"):
        Medim(**TINY).fit(with_holes(image=2))
    with pytest.raises(DataError, match=r"row 3 has an image and no report: add it, or drop the row"):
        Medim(**TINY).fit(with_holes(report=3))
    with pytest.raises(DataError, match="row 1 has neither image nor report"):
        Medim(**TINY).fit(with_holes(image=1, report=1))
    table = rows(6)
    texts = [" " if k == 4 else text for k, text in enumerate(table.texts("report"))]
    with pytest.raises(DataError, match=r"row 4 has an image and no report|the report of row 4 is empty"):
        Medim(**TINY).fit(table.with_columns({"report": texts}, {"report": "text"}))


def test_images_of_another_size_are_refused_with_the_size(fitted):
    sample = WORLD.sample(2, seed=9)
    other = WORLD.rows(sample, size=24).known.select(["image", "domain"])
    with pytest.raises(DataError, match=r"images are 16x16 here, got 24x24: scale them \(--size 16\)"):
        fitted.predict(other)
    with pytest.raises(DataError, match="16 by 16 pixels is no whole number of patches of 5 by 5"):
        Medim(**{**TINY, "patch": 5}).fit(rows())


def test_grey_images_are_read_as_such():
    table = rows(8)
    grey = table.pictures("image")[..., :1]
    model = Medim(**TINY).fit(table.with_columns({"image": grey}, {"image": "picture"}))
    assert model.predict({"domain": ["cxr"]}).pictures("image").shape == (1, 16, 16, 3)


def test_a_report_that_is_too_long_is_counted_refused_or_cut():
    with pytest.raises(DataError, match=r"the report of row \d+ has \d+ tokens, and 7 fit: say --words \d+, or --cut"):
        Medim(**{**TINY, "words": 7}).fit(rows())
    model = Medim(**{**TINY, "words": 7}, cut=True).fit(rows())
    assert "reports were cut to 7 tokens" in model.training.warnings[0]
    with pytest.raises(DataError, match=r"and 2 fit: say --words \d or more"):
        Medim(**{**TINY, "words": 2}, cut=True).fit(rows())


def test_an_unknown_domain_is_refused(fitted):
    with pytest.raises(DataError, match=r"row 1 has domain 'mri', and the training had cxr, path"):
        fitted.predict({"domain": ["cxr", "mri"]})


def test_an_edit_of_half_a_pair_is_refused(fitted):
    with pytest.raises(DataError, match="row 0 has a report and no image"):
        fitted.do("do(finding=none)").edit(rows(2).drop(["image"]))


def test_a_loss_that_is_no_number_stops_with_its_step():
    with pytest.raises(TrainingError, match=r"the loss is nan at step \d+"):
        Medim(**{**TINY, "learning_rate": 1e30, "steps": 30}).fit(rows())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"sampling_steps": 0}, "sampling_steps is at least 1, got 0"),
        ({"given": 0.8, "whole": 0.3}, "given and whole are shares of one whole"),
        ({"prompt": 1.5}, "prompt is between 0 and 1"),
        ({"guidance": -1.0}, "guidance is from 0 on"),
        ({"text_weight": 0.0, "image_weight": 0.0}, "not both 0"),
        ({"objective": "autoregressive"}, "an autoregressive model is causal and has no time"),
        ({"width": 20}, "multiple of 8"),
        ({"patch_follows": 2.0}, "patch_follows is between 0 and 1"),
        ({"learning_rate": 0.0}, "learning_rate is positive"),
    ],
)
def test_options_out_of_range_are_refused(options, sentence):
    with pytest.raises(OptionError, match=sentence):
        MedimConfig(**options)


def test_it_says_that_it_is_no_medical_device(fitted):
    from aitia.systems.medim.card import CARD, NO_DEVICE

    assert "no medical device" in NO_DEVICE
    assert NO_DEVICE in fitted.training.warnings  # printed by run
    assert NO_DEVICE in fitted.outside()  # printed with every answer of do and predict
    assert "no medical device" in CARD.task
    given = fitted.given(rows(6))
    assert NO_DEVICE in fitted.report(given)[0].html()


def test_the_export_opened_by_plain_transformers_says_what_it_says(fitted, tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    bare = Medim(**TINY, positions="rotary", time_input=False).fit(rows())
    for k, model in enumerate((fitted, bare)):
        model.export(tmp_path / str(k))
        plain = AutoModelForCausalLM.from_pretrained(tmp_path / str(k), attn_implementation="sdpa").eval()
        diffusion, held = model._fitted().diffusion, model._fitted().layout
        if diffusion.time is not None:
            diffusion.time.forget()  # the time is not in the export
        table, n = rows(3), held.longest
        assert len(AutoTokenizer.from_pretrained(tmp_path / str(k))) == plain.config.vocab_size == len(held.vocabulary)
        ids = torch.randint(len(held.vocabulary), (len(table), n), generator=torch.Generator().manual_seed(0))
        present = torch.ones_like(ids, dtype=torch.bool)
        present[1, n // 2 :] = False
        sees = present[:, None, None, :].expand(-1, 1, n, n)  # every token that is there, both ways
        with torch.no_grad():
            wanted = diffusion.model.logits(ids, present)[present]
            found = plain(input_ids=ids, attention_mask=sees).logits[present]
            blind = plain(input_ids=ids, attention_mask=present.long()).logits[present]
        assert torch.allclose(found, wanted, rtol=0, atol=1e-5)
        assert not torch.allclose(blind, wanted, rtol=0, atol=1e-3), "the mask is no matter: nothing was tested"
