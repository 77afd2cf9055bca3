"""CM3: layout by hand, the three ways to fill against sums over all fillings, edits, files, and what is refused."""

import copy
import itertools
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.commands import command

from aitia import load
from aitia.data.columns.picture import png
from aitia.data.table import Table
from aitia.errors import DataError, InterventionError, OptionError
from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import Gap, SequenceModel, Vocabulary, objectives, small_sequence_model
from aitia.systems.cm3 import Cm3
from aitia.systems.cm3.documents import Part, parts_of
from aitia.systems.cm3.filling import fill_pages, span_scores
from aitia.systems.cm3.layout import Asked, Layout, Said
from aitia.systems.cm3.learning import hidden_spans, page_example
from aitia.systems.cm3.pictures import moved, steps_of
from aitia.workflow.held_out import held_out
from aitia.workflow.run import fit
from aitia.worlds import DigitPagesWorld

WORDS = ["seven", "nine", "a", "left", "by", "hand", "jordan", "river", "town", "flows"]
TAGS = ["<page>", "<h1>", "</h1>", "<p>", "</p>", "<img", "alt=", "src=", "/>", "<a", "title=", ">", "</a>"]
PAGE = (
    '<h1>seven</h1><div class="x"><img class=big src="" alt=""></div>'
    '<p><a href="q" title="">jordan</a> flows <!-- no --> by</p>'
)
SAID = Said("a left seven", np.array([3, 0, 1, 2]), "jordan river")


def vocabulary():
    tokenizer = word_tokenizer(WORDS)
    tokenizer.eos_token = "[SEP]"
    return Vocabulary(tokenizer, codes=4, sentinels=4, markers=TAGS)


def layout(titles=None):
    return Layout(vocabulary(), 4, titles or {})


def small(objective="causal masking", seed=0):
    visibility = "bidirectional" if objective == "masked" else "causal"
    return small_sequence_model(vocabulary(), visibility, width=16, layers=2, heads=2, longest=64, seed=seed)


@pytest.fixture(scope="module")
def rows():
    world = DigitPagesWorld()
    sample = world.sample(60, seed=3, env="train")
    return world.rows(sample).known.select(["document", "alt", "image", "title"])


@pytest.fixture(scope="module")
def fitted(rows):
    return Cm3(steps=3, width=16, layers=1, batch=4, codes=16, shift=0, longest=128, device="cpu").fit(rows)


# -- pages as ids ------------------------------------------------------------------------------------------------------


def test_a_page_is_laid_out_as_written_by_hand():
    held = layout()
    laid = held.laid(parts_of(PAGE, 0), SAID)
    assert held.vocabulary.decode(laid.ids) == (
        "<page> <h1> seven </h1> <img src= <image:3> <image:0> <image:1> <image:2> alt= a left seven /> "
        "<p> <a title= jordan river > jordan </a> flows by </p>"
    )
    assert [held.vocabulary.decode(laid.ids[slice(*laid.places[k])]) for k in ("alt", "image", "title")] == [
        "a left seven", "<image:3> <image:0> <image:1> <image:2>", "jordan river",
    ]  # fmt: skip
    assert laid.elements == (4, 15, 23, 26)


def test_a_field_of_which_nothing_is_known_is_left_out_with_its_name_or_asked_for():
    held, parts = layout({"jordan": ["jordan river", "jordan town"], "": ["x"]}), parts_of(PAGE, 0)
    assert held.vocabulary.decode(held.laid(parts, Said()).ids) == (
        "<page> <h1> seven </h1> <img /> <p> <a > jordan </a> flows by </p>"
    )
    asked = held.asked(parts, Said())
    assert held.vocabulary.decode(asked.ids) == (
        "<page> <h1> seven </h1> <img src= <mask:0> alt= <mask:1> /> <p> <a title= <mask:2> > jordan </a> flows by </p>"
    )
    assert asked.holes == [("image", 0), ("alt", 0), ("title", 0)]
    assert asked.gaps[0].length == 4
    assert [held.vocabulary.decode(one) for one in asked.gaps[2].options] == ["jordan river", "jordan town"]
    alone = held.asked(parts, Said(), ("image",))
    assert held.vocabulary.decode(alone.ids).split(" <img ")[1].startswith("src= <mask:0> /> <p> <a > jordan")


def test_what_the_page_itself_says_counts_where_the_row_says_nothing():
    page = '<img alt="a seven" src=""><p><a title="jordan town">jordan</a></p>'
    held = layout()
    shown = held.vocabulary.decode(held.laid(parts_of(page, 0), Said(title="jordan river")).ids)
    assert shown == "<page> <img alt= a seven /> <p> <a title= jordan river > jordan </a> </p>"


def test_text_is_never_read_as_a_code_or_a_gap():
    parts = parts_of("<p>a &lt;mask:0&gt; and &lt;image:3&gt; by</p>", 0)
    held = layout()
    ids = held.laid(parts, Said(alt="x")).ids
    assert not np.isin(ids, held.vocabulary.mask).any()
    assert not np.isin(ids, held.vocabulary.image).any()


# -- learning ----------------------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 2**31), whole=st.sampled_from([0.0, 1.0]))
@settings(deadline=None, max_examples=30)
def test_an_example_of_causal_masking_holds_the_page_and_no_sentinel_carries_loss(seed, whole):
    held, ids = vocabulary(), layout().laid(parts_of(PAGE, 0), SAID).ids
    config = Cm3(whole=whole).config
    made = page_example(ids, config, held, 64, np.random.default_rng(seed))
    assert made.tokens[0] == ids[0]
    back = objectives.unmasked(made.tokens[1:], held.mask.tolist(), held.end)
    assert np.array_equal(np.concatenate([ids[:1], back]), ids)
    said = made.targets[made.weights > 0]
    assert not np.isin(said, held.mask).any()
    # Everything but the first token of the page is said once, and the end.
    assert sorted(said.tolist()) == sorted([*ids[1:].tolist(), held.end])
    assert len(made.tokens) <= 64


@given(seed=st.integers(0, 2**31))
@settings(deadline=None, max_examples=30)
def test_between_fifteen_and_fifty_in_a_hundred_are_hidden_and_said_at_their_place(seed):
    ids = np.arange(5, 105)
    made = hidden_spans(ids, np.random.default_rng(seed), mask=0)
    hidden = made.tokens == 0
    assert np.array_equal(hidden, made.weights > 0)
    assert np.array_equal(made.tokens[~hidden], ids[~hidden])
    assert np.array_equal(made.targets, ids)
    assert not hidden[0]
    assert 0.14 <= hidden[1:].mean() <= 0.51


# -- filling -----------------------------------------------------------------------------------------------------------


def asked_for_two():
    held = layout()
    parts = [Part("tag", "<h1>"), Part("gap"), Part("tag", "</h1>"), Part("tag", "<img"), Part("tag", "src="),
             Part("image"), Part("tag", "/>"), Part("text", "by hand")]  # fmt: skip
    return held, held.asked(parts, Said())


@pytest.mark.parametrize("objective", ["causal masking", "causal"])
def test_the_likeliest_filling_of_one_token_is_found_by_trying_all(objective):
    held, _ = asked_for_two()
    model = small(objective)
    parts = [Part("text", "a left"), Part("gap"), Part("text", "by hand")]
    words = [held.vocabulary.encode(word)[0] for word in WORDS]
    asked = held.asked(parts, Said())
    asked = Asked(asked.ids, asked.holes, [Gap(held.text, 1)])
    found = fill_pages(model, objective, [asked], most=4, temperature=0.0, seed=0)[0][0]
    pages = [held.laid(parts, Said(infill=[word])).ids for word in WORDS]
    scores = [one.sum() for one in span_scores(model, objective, pages, [(3, 4)] * len(pages))]
    assert found == [words[int(np.argmax(scores))]]


@pytest.mark.parametrize("objective", ["causal masking", "causal", "masked"])
def test_the_probabilities_of_all_fillings_add_up_to_one(objective):
    model, count = small(objective), len(vocabulary())
    around = np.array([21, 5, 6, 0, 0, 7, 8])
    pages = []
    for one, two in itertools.product(range(count), repeat=2):
        page = around.copy()
        page[3:5] = one, two
        pages.append(page)
    said = [score.sum() for score in span_scores(model, objective, pages, [(3, 5)] * len(pages))]
    assert np.exp(said).sum() == pytest.approx(1.0, abs=1e-4)


def test_what_stands_behind_a_hole_counts_for_all_but_a_causal_model():
    one, other = np.array([21, 5, 6, 7, 8]), np.array([21, 5, 6, 7, 9])
    for objective, how, same in (
        ("causal masking", {}, False),
        ("masked", {}, False),
        ("causal", {}, True),
        ("causal masking", {"left": True}, True),
    ):  # fmt: skip
        said = span_scores(small(objective), objective, [one, other], [(2, 4)] * 2, **how)
        assert np.allclose(*said, atol=1e-6) is same


@pytest.mark.parametrize("objective", ["causal masking", "causal"])
def test_a_picture_has_all_its_codes_and_a_text_words_alone(objective):
    held, asked = asked_for_two()
    for seed in range(5):
        text, picture = fill_pages(small(objective, seed), objective, [asked], most=6, temperature=2.0, seed=seed)[0]
        assert len(picture) == 4
        assert set(picture) <= {*held.vocabulary.image.tolist()}
        assert held.text[text].all()


def test_a_masked_model_fills_what_has_a_length_and_refuses_what_has_none():
    held, asked = asked_for_two()
    model = small("masked")
    with pytest.raises(OptionError, match="how long a text is"):
        fill_pages(model, "masked", [asked], most=4, temperature=0.0, seed=0)
    parts = parts_of('<img src=""><a title="">jordan</a>', 0)
    options = {"jordan": ["jordan river", "jordan town"], "": []}
    one = layout(options).asked(parts, Said(alt="a left seven"))
    picture, title = fill_pages(model, "masked", [one], most=4, temperature=0.0, seed=0)[0]
    assert set(picture) <= {*held.vocabulary.image.tolist()}
    assert held.vocabulary.decode(title) in options["jordan"]


# -- the system --------------------------------------------------------------------------------------------------------


def test_an_edit_draws_the_picture_anew_and_keeps_every_other_byte(fitted, rows):
    there = np.flatnonzero(~rows.absent("image"))
    after = fitted.do(alt="a heavy right seven").edit(rows).known
    for name in ("document", "title"):
        assert after.texts(name) == rows.texts(name)
    assert {after.texts("alt")[k] for k in there} == {"a heavy right seven"}
    assert np.array_equal(after.absent("image"), rows.absent("image"))
    fact = rows.take(there).pictures("image")
    assert (after.take(there).pictures("image") != fact).any(axis=(1, 2, 3)).mean() > 0.9
    assert fitted.edit(rows).hash() == rows.hash()


def test_holes_are_filled_and_what_is_given_stays(fitted, rows):
    k = int(np.flatnonzero(~rows.absent("image") & ~rows.absent("title"))[0])
    one = rows.take([k])
    asked = one.with_columns({"alt": [None], "title": [None]}, {"alt": "text", "title": "text"})
    found = fitted.predict(asked, draws=3).known
    assert found.n == 3
    assert np.array_equal(found.pictures("image"), np.repeat(one.pictures("image"), 3, axis=0))
    mention = one.texts("title")[0].split()[0]
    assert all(title.split()[0] == mention for title in found.texts("title"))
    drawn = fitted.predict(one.with_columns({"image": [None]}, {"image": "picture"})).known
    assert drawn.pictures("image").shape == (1, 8, 8, 3)
    assert drawn.texts("alt") == one.texts("alt")


def test_of_several_pictures_the_one_is_kept_from_which_the_caption_is_said_best(fitted, rows):
    some = rows.take(np.flatnonzero(~rows.absent("image"))[:6])
    asked = some.with_columns({"image": [None] * 6}, {"image": "picture"})
    many = copy.copy(fitted).set_params(candidates=4)
    layout = fitted.layout

    def best(table):
        pages = [layout.laid(*row) for row in zip(*fitted.rows(fitted.given(table)), strict=True)]
        spans = [page.places["alt"] for page in pages]
        return [one.sum() for one in span_scores(fitted.fitted(), "causal masking", [p.ids for p in pages], spans)]

    one, kept = best(fitted.predict(asked, seed=1).known), best(many.predict(asked, seed=1).known)
    assert all(after >= before - 1e-6 for before, after in zip(one, kept, strict=True))
    assert sum(kept) > sum(one)


def test_gaps_of_a_text_are_filled_in_their_order(fitted):
    found = fitted.predict({"document": ["<p>a <mask:0> drawn <mask:1> hand</p>", "<h1>seven</h1>"]}).known
    assert [None if row is None else len(row) for row in found.lists("infill")] in ([2, 0], [2, None])


def test_a_picture_is_read_alike_from_a_column_and_from_inside_a_page(fitted):
    world = DigitPagesWorld()
    sample = world.sample(20, seed=4)
    inside = Table.of({"document": list(world.render(sample))}, kinds={"document": "text"})
    columns = world.rows(sample).known.select(["document", "alt", "image", "title"])
    for one, other in zip(zip(*fitted.rows(fitted.given(inside)), strict=True),
                          zip(*fitted.rows(fitted.given(columns)), strict=True), strict=True):  # fmt: skip
        assert np.array_equal(fitted.layout.laid(*one).ids, fitted.layout.laid(*other).ids)


def test_a_saved_model_is_the_same_and_its_export_is_opened_by_transformers(fitted, rows, tmp_path):
    import transformers

    fitted.save_pretrained(tmp_path / "saved")
    again = load(tmp_path / "saved")
    asked = rows.with_columns({"image": [None] * rows.n}, {"image": "picture"})
    assert again.predict(asked, seed=3).hash() == fitted.predict(asked, seed=3).hash()
    fitted.export(tmp_path / "plain")
    plain = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "plain")
    ids = torch.tensor([[5, 9, 12, 30, 41]])
    assert torch.allclose(plain(ids).logits, fitted.fitted().logits(ids), atol=1e-5)


def test_a_model_and_an_image_tokenizer_of_ones_own_are_taken_and_stay_as_they_were(rows, tmp_path):
    from diffusers import VQModel

    tokenizer = word_tokenizer(sorted(DigitPagesWorld().vocabulary))
    tokenizer.eos_token = "[SEP]"
    own = small_sequence_model(Vocabulary(tokenizer), width=16, layers=1, heads=2, longest=128)
    own.save(tmp_path / "model")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        images = VQModel(block_out_channels=(32, 32), down_block_types=("DownEncoderBlock2D",) * 2,
                         up_block_types=("UpDecoderBlock2D",) * 2, num_vq_embeddings=12, latent_channels=3)  # fmt: skip
    images.save_pretrained(tmp_path / "vq")
    before = {k: v.clone() for k, v in own.model.state_dict().items()}
    model = Cm3(steps=2, batch=4, shift=0, device="cpu")
    model.fit(rows, model=str(tmp_path / "model"), image_tokenizer=str(tmp_path / "vq"))
    assert (model.layout.places, len(model.fitted().vocabulary.image)) == (16, 12)
    drawn = model.predict(rows.take([int(np.flatnonzero(~rows.absent("image"))[0])]).with_columns(
        {"image": [None]}, {"image": "picture"})).known  # fmt: skip
    assert drawn.pictures("image").shape == (1, 8, 8, 3)
    again = SequenceModel.load(tmp_path / "model")
    assert all(torch.equal(before[k], v) for k, v in again.model.state_dict().items())


def test_moves_are_every_step_once_and_none_first():
    assert steps_of(1)[0] == (0, 0)
    assert {*steps_of(1)} == {(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)}
    image = np.arange(4 * 4 * 3, dtype=np.uint8).reshape(1, 4, 4, 3)
    assert np.array_equal(moved(image, 1, -1)[0, 1:, :-1], image[0, :-1, 1:])
    assert np.array_equal(moved(image, 1, 0)[0, 0], image[0, 0])


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("<p> </p>", "row 0 is empty"),
        ("<p>a <mask:1> b</p>", "<mask:1> where <mask:0> comes next"),
        ("".join(f"a <mask:{k}> " for k in range(17)), "has 17 gaps, at most 16"),
        ('<img src=""><img src="">', "has 2 pictures, and a row holds one"),
        ('<img src="">' + "".join(f"a <mask:{k}> " for k in range(15)), "row 0 has over 16 holes"),
        ('<img src="" alt="<mask:0>">', r"row 0 has <mask:0> in its alt: .* by an empty one"),
        ('<a title="a <mask:1>">x</a>', r"row 0 has <mask:1> in its title"),
    ],
)
def test_a_page_that_cannot_be_taken_is_named(fitted, document, told):
    with pytest.raises(DataError, match=told):
        fitted.predict({"document": [document]})


def test_a_page_to_learn_from_is_whole():
    with pytest.raises(DataError, match=r"row 1 has a gap, <mask:0>"):
        Cm3(steps=1).fit({"document": ["<p>a b</p>", "<p>a <mask:0></p>"]})


def test_a_gap_in_a_caption_that_stands_beside_the_page_is_refused(fitted):
    with pytest.raises(DataError, match="row 1 has <mask:0> in its alt"):
        fitted.predict({"document": ["<p>a</p>", '<img src="">'], "alt": ["", "<mask:0>"]})


def test_a_picture_of_another_size_is_named_by_the_row_of_the_file(tmp_path):
    for k in range(12):
        wide = 12 if k == 7 else 8
        (tmp_path / f"{k}.png").write_bytes(png(np.full((8, wide, 3), k, np.uint8)))
    files = {"document": ['<img src="" alt="a">'] * 12, "image": [str(tmp_path / f"{k}.png") for k in range(12)]}
    with pytest.raises(DataError, match="the picture of row 7 is 12 by 8 pixels"):
        fit("cm3", files, steps=1, test_share=0.3)


def test_a_picture_of_another_size_is_named_and_a_grey_one_taken(fitted, rows):
    k = int(np.flatnonzero(~rows.absent("image"))[0])
    large = rows.take([k]).with_columns({"image": np.full((1, 10, 12, 3), 9, np.uint8)}, {"image": "picture"})
    with pytest.raises(DataError, match="row 0 is 12 by 10 pixels, here they are 8 by 8"):
        fitted.predict(large)
    grey = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1), dtype=np.uint8)
    some = rows.take(np.flatnonzero(~rows.absent("image"))[:12]).with_columns({"image": grey}, {"image": "picture"})
    assert Cm3(steps=1, width=16, layers=1, codes=4, device="cpu").fit(some).layout.places == 16


def test_files_of_other_sizes_are_scaled_where_that_is_asked_for(rows, tmp_path):
    for row in range(6):
        random = np.random.default_rng(row)
        side = 8 + 4 * (row % 2)
        (tmp_path / f"{row}.png").write_bytes(png(random.integers(0, 256, (side, side, 3), dtype=np.uint8)))
        (tmp_path / f"{row}.html").write_text(f'<p>page {row}</p><img src="{row}.png">', encoding="utf-8")
    with pytest.raises(DataError, match="the picture of row 1 is 12 by 12 pixels, here they are 8 by 8"):
        Cm3(steps=1, codes=8, width=16, layers=1).fit(tmp_path)
    model = Cm3(steps=1, codes=8, width=16, layers=1, pixels=8, device="cpu").fit(tmp_path)
    assert model.layout.places == 16


def test_a_picture_that_a_page_only_names_or_has_no_place_for_is_refused(fitted):
    with pytest.raises(DataError, match=r"row 0 names its picture, 'a\.png'"):
        fitted.predict({"document": ['<img src="a.png">']})
    with pytest.raises(DataError, match="row 0 has a picture, and its document no <img>"):
        fitted.predict(Table.of({"document": ["<p>a</p>"], "image": np.zeros((1, 8, 8, 3), np.uint8)},
                                kinds={"document": "text", "image": "picture"}))  # fmt: skip


def test_a_page_longer_than_the_context_is_refused_or_cut_behind_an_element():
    pages = ["<p>a b c</p><p>d e f</p><p>g h i</p><p>j k l</p>", "<p>a b</p>"]
    options = {"steps": 1, "width": 16, "layers": 1, "longest": 16, "device": "cpu"}
    with pytest.raises(DataError, match="row 0 has 21 tokens, 13 fit: raise longest, or let too_long=cut"):
        Cm3(**options).fit({"document": pages})
    cut = Cm3(**options, too_long="cut").fit({"document": pages})
    assert cut.training.warnings == ("the document of row 0 has 21 tokens, 13 fit: its first 11 were learnt",)
    with pytest.raises(DataError, match="row 0 needs 23 tokens with its holes, the model takes 16"):
        cut.predict({"document": [pages[0].replace("b", "<mask:0>")]})
    with pytest.raises(DataError, match="its first element is longer"):
        Cm3(**options, too_long="cut").fit({"document": ["<p>" + "a " * 20 + "</p>"]})


def long_pages(folder):
    """Forty pages in files, one of them long: its number."""
    for row in range(40):
        words = "a b c d e f g h i j k l m n" if row == 23 else "a b"
        (folder / f"{row:02}.html").write_text(f"<p>{words}</p><p>c d</p>", encoding="utf-8")
    return 23


def test_a_page_that_is_too_long_is_named_by_its_row_in_what_was_given(tmp_path):
    options = {"steps": 1, "width": 16, "layers": 1, "longest": 16, "device": "cpu"}
    long, told = long_pages(tmp_path), "row 23 has 21 tokens, 13 fit: its first element is longer"
    given = Cm3(**options).given(tmp_path)
    for seed in range(4):
        kept, held = given.split(0.5, seed)
        (where,) = (part for part in (kept, held) if long in part.row_numbers)
        with pytest.raises(DataError, match=f"the document of {told}"):
            Cm3(**options).fit(where)
        if where is held:
            alone = held.take([held.row_numbers.tolist().index(long)])
            with pytest.raises(DataError, match=f"the document of {told}"):
                Cm3(**options).fit(kept).judge(alone, kept)


def test_held_out_pages_that_are_too_long_are_told_in_log_report_and_json(tmp_path):
    """Of 40 pages two begin with an element that is too long and one ends with one; all three are held out."""
    link, words = '<p><a href="q" title="a b">c</a></p>', "a b c d e f g h i j k l m n o p q r"
    pages = {7: f"<p>{words}</p>{link}", 19: f"<p>{words}</p>{link}", 31: f"{link}<p>{words}</p>"}
    (tmp_path / "data").mkdir()
    for row in range(40):
        (tmp_path / "data" / f"{row:02}.html").write_text(pages.get(row, f"<p>a b</p>{link}"), encoding="utf-8")
    rows = Cm3().given(tmp_path / "data")
    seed = next(k for k in range(1000) if {*pages} <= {*held_out(rows, 0.5, k)[1].row_numbers.tolist()})
    options = ["--steps", 1, "--width", 16, "--layers", 1, "--longest", 22, "--device", "cpu", "--seed", seed]
    place = ["--data", tmp_path / "data", "--test-share", 0.5, "--out", tmp_path / "run"]
    left = (
        "2 of 20 pages are too long and are left out of the scores; the document of row 7 has 30 tokens, 19 fit: its "
        "first element is longer"
    )
    cut = "1 of 20 pages are too long and are scored on up to the last of their elements that fits"
    log = command("run", "cm3", *place, *options, "--too-long", "cut")
    told = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))["warnings"]
    assert told[0] == left
    assert told[1].startswith(cut)
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    for said in (left, cut):
        assert said in log
        assert said in page


def test_a_report_counts_the_pages_that_it_cannot_show(fitted, rows):
    some = fitted.given(rows.take(range(12)))
    short = copy.copy(fitted)
    lengths = sorted(len(short.layout.laid(*row).ids) + 3 for row in zip(*short.rows(some), strict=True))
    held = fitted.fitted()
    short._model = SequenceModel(held.model, held.vocabulary, held.visibility, lengths[5])
    gone = sum(length > lengths[5] for length in lengths)
    assert gone > 0
    assert any(f"{gone} of the first 12 are longer than the model takes" in str(block) for block in short.report(some))
    assert not any("are not shown" in str(block) for block in fitted.report(some))


def test_words_of_a_caption_that_the_model_does_not_know_are_told_or_refused(fitted, rows):
    known = next(filter(None, rows.texts("alt"))).split()[0]
    told = ("1 of 2 words of what alt is set to are unknown to the tokenizer and read as [UNK], such as 'qwert'",)
    assert fitted.do(alt=f"{known} qwert").outside() == told
    assert fitted.do(alt=known).outside() == ()
    with pytest.raises(DataError, match="the tokenizer knows no word of what alt is set to, such as 'qwert'"):
        fitted.do(alt="qwert").edit(rows)


def test_without_pictures_nothing_is_drawn_and_nothing_can_be_set():
    model = Cm3(steps=1, width=16, layers=1, device="cpu").fit({"document": ["<p>a b</p>", "<p>b a</p>"]})
    with pytest.raises(InterventionError, match="answers no do"):
        model.do(alt="x")
    with pytest.raises(DataError, match="no picture was in the pages"):
        model.predict({"document": ['<img src="">']})


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"objective": "prefix"}, "objective"),
        ({"whole": 2.0}, "whole is a share"),
        ({"width": 12}, "multiple of 8"),
        ({"learning_rate": 0.0}, "learning_rate is positive"),
        ({"longest": 4}, "at least 16"),
        ({"pixels": 1}, "side of a patch"),
    ],
)  # fmt: skip
def test_an_option_out_of_range_is_told(options, told):
    with pytest.raises(OptionError, match=told):
        Cm3(**options)


def test_a_run_says_how_its_target_of_free_text_is_asked_for(tmp_path):
    world = DigitPagesWorld()
    (tmp_path / "pages").mkdir()
    for row, page in enumerate(world.render(world.sample(24, seed=3))):
        (tmp_path / "pages" / f"{row}.html").write_text(page, encoding="utf-8")
    told = command(
        "run", "cm3", "--data", tmp_path / "pages", "--set", "steps=1", "--set", "width=16", "--set", "layers=1",
        "--out", tmp_path / "run",
    )  # fmt: skip
    assert "do(alt=...)" in told


def test_the_report_shows_pictures_beside_those_that_are_drawn(fitted, rows):
    from aitia.report import ImageBlock
    from aitia.systems.cm3.page import blocks

    pictured = rows.take(np.flatnonzero(~rows.absent("image"))[:3])
    assert isinstance(blocks(fitted, fitted.given(pictured))[0], ImageBlock)
    without = pictured.with_columns({"image": [None] * 3}, {"image": "picture"})
    assert not any(isinstance(block, ImageBlock) for block in blocks(fitted, fitted.given(without)))
