"""Vqai: networks and errors against their formulas, what is held, who reasons, what is saved, what is refused."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import aitia
from aitia.errors import DataError, OptionError, UnknownVariableError
from aitia.runs import QUIET
from aitia.systems.vqai import Vqai, VqaiConfig
from aitia.systems.vqai.judge import judged, parts_right
from aitia.systems.vqai.learning import fit_editor, parts_of, vocabulary
from aitia.systems.vqai.networks import LATENT, Editor, Reasoner, bags_of, slots_of, terms_of
from aitia.systems.vqai.page import blocks
from aitia.systems.vqai.reading import Items
from aitia.systems.vqai.rules import COPY, NEAREST, SHUFFLED, errors_of, nearest, with_other_questions
from aitia.worlds import WhatIfWorld

SMALL = {"steps": 4, "reasoner_steps": 4, "batch": 8, "width": 6, "pixels": 8, "device": "cpu"}


def rows(n=24, seed=0, size=8, base="pendulum", asks="all"):
    world = WhatIfWorld(base, asks)
    return world.rows(world.sample(n, seed=seed), size).known


def open_rows(n=5, seed=1, **options):
    return rows(n, seed, **options).drop(["answer", "after"])


@pytest.fixture(scope="module")
def fitted():
    return Vqai(**SMALL).fit(rows(40))


def items(pictures, after, questions=None, known=None):
    n = len(pictures)
    return Items(
        cells=tuple(pictures), pictures=pictures, questions=tuple(questions or ["what if?"] * n), captions=("",) * n,
        answers=("",) * n, after=after, known=np.ones(n, dtype=bool) if known is None else known, kinds=("",) * n,
    )  # fmt: skip


# -- networks ----------------------------------------------------------------------------------------------------------


def test_terms_are_words_and_pairs_that_no_comma_parts():
    assert terms_of("Light 9, no shadow") == ["light", "9", "light 9", "no", "shadow", "no shadow"]
    bag = bags_of(["a b", "b, a", "c"], ["a", "a b", "b"])
    assert bag.tolist() == [[1, 1, 1], [1, 0, 1], [0, 0, 0]]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.lists(st.sampled_from("abc"), min_size=2, max_size=2), min_size=1, max_size=6))
def test_the_parts_of_answers_come_back_from_their_numbers(answers):
    texts = [", ".join(parts) for parts in answers]
    slots, codes = parts_of(texts)
    again = [", ".join(slot[k] for slot, k in zip(slots, row, strict=True)) for row in codes.tolist()]
    assert again == texts


def test_answers_of_different_lengths_are_told_whole():
    slots, codes = parts_of(["a, b", "a"])
    assert slots == [["a", "a, b"]]
    assert codes.tolist() == [[1], [0]]


def test_the_loss_of_the_reasoner_is_the_cross_entropy_of_each_part_and_its_latent_is_normed():
    torch.manual_seed(0)
    network = Reasoner(8, 6, ["light", "9"], [["x", "y"], ["u", "v", "w"]]).double()
    x, asked, said = torch.randn(5, 3, 8, 8).double(), torch.rand(5, 2).double(), torch.tensor([[0, 2]] * 5)
    hidden = network.hidden(x, asked)
    total = 0.0
    for k, head in enumerate(network.heads):
        p = torch.softmax(head(hidden), dim=1)
        total -= torch.log(p[torch.arange(5), said[:, k]]).mean().item()
    assert network(x, asked, said).item() == pytest.approx(total, rel=1e-9)
    latent = network.latent(x, asked).detach().numpy()
    h = hidden.detach().numpy()
    by_hand = (h - h.mean(1, keepdims=True)) / np.sqrt(h.var(1, keepdims=True) + 1e-5)
    assert np.allclose(latent, by_hand, atol=1e-9)
    assert latent.shape == (5, LATENT)
    best = [", ".join(("xy"[a], "uvw"[b])) for a, b in zip(
        network.heads[0](hidden).argmax(1), network.heads[1](hidden).argmax(1), strict=True)]  # fmt: skip
    assert network.answers(x, asked) == best


def test_an_untrained_editor_gives_the_picture_back_and_a_trained_one_the_planted_change():
    torch.manual_seed(0)
    x, told = torch.rand(6, 3, 8, 8), torch.eye(2)[[0, 1, 0, 1, 0, 1]]
    assert torch.equal(Editor(8, 6, 2).drawn(x, told), x)
    rng = np.random.default_rng(0)
    pictures = rng.integers(60, 200, (64, 8, 8, 3), dtype=np.uint8)
    after = pictures.copy()
    which = np.arange(64) % 2
    after[which == 0, :4], after[which == 1, 4:] = 0, 255
    config = VqaiConfig(**{**SMALL, "steps": 300, "width": 12})
    given = torch.eye(2)[which]
    editor, _ = fit_editor(items(pictures, after), given, config, QUIET)
    fresh = rng.integers(60, 200, (8, 8, 8, 3), dtype=np.uint8)
    seen = torch.from_numpy(fresh.transpose(0, 3, 1, 2)).float() / 127.5 - 1
    dark = editor.drawn(seen, torch.eye(2)[[0] * 8])
    light = editor.drawn(seen, torch.eye(2)[[1] * 8])
    assert dark[:, :, :3].mean() < -0.7, "the upper half is black where it is told so"
    assert light[:, :, 5:].mean() > 0.7, "and the lower one white"
    assert (dark[:, :, 5:] - seen[:, :, 5:]).abs().mean() < 0.2, "what is not told stays"


# -- errors and rules --------------------------------------------------------------------------------------------------


def test_errors_are_over_the_pixels_that_truly_change_and_over_the_others():
    before = np.zeros((2, 2, 2, 3), dtype=np.uint8)
    after = before.copy()
    after[0, 0, 0] = 255
    drawn = before.copy()
    drawn[0, 1, 1] = (255, 0, 0)
    found = errors_of(drawn, items(before, after))
    assert found["changed"][0] == 1.0
    assert found["kept"][0] == pytest.approx(1 / 9)
    assert np.isnan(found["changed"][1])
    assert found["kept"][1] == found["all"][1] == 0
    hidden = errors_of(drawn, items(before, after, known=np.array([False, True])))
    assert all(np.isnan(values[0]) for values in hidden.values())


def test_the_nearest_row_has_the_question_first_and_then_the_picture():
    rng = np.random.default_rng(3)
    seen = items(rng.integers(0, 255, (30, 4, 4, 3), dtype=np.uint8), rng.integers(0, 255, (30, 4, 4, 3),
                 dtype=np.uint8), [f"what if the light were {k % 3}?" for k in range(30)])  # fmt: skip
    asked = items(rng.integers(0, 255, (6, 4, 4, 3), dtype=np.uint8), np.zeros((6, 4, 4, 3), np.uint8),
                  [f"what if the light were {k % 3}?" for k in range(6)])  # fmt: skip
    found = nearest(seen, asked)
    for row in range(6):
        same = [k for k in range(30) if k % 3 == row % 3]
        apart = [((seen.pictures[k].astype(int) - asked.pictures[row]) ** 2).sum() for k in same]
        assert np.array_equal(found[row], seen.after[same[int(np.argmin(apart))]])


def test_the_question_of_another_row_is_of_another_row():
    table = rows(10)
    own = Vqai(**SMALL).fit(table).items(table)
    other = with_other_questions(own)
    assert list(other.questions) == [own.questions[(k + 5) % 10] for k in range(10)]
    assert not any(other.answers)
    assert not other.known.any()


def test_parts_that_are_right_are_counted_whatever_their_order():
    assert parts_right(["b, a", "a"], ("a, b", "a, b")).tolist() == [1.0, 0.5]


# -- the system --------------------------------------------------------------------------------------------------------


def test_holes_are_filled_and_what_is_given_stays(fitted):
    table = rows(6, seed=2)
    told = fitted.predict(table)
    assert told.texts("answer") == table.texts("answer")
    assert np.array_equal(told.pictures("after"), table.pictures("after"))
    fresh = fitted.predict(open_rows())
    assert all(len(slots_of(answer)) == 4 for answer in fresh.texts("answer"))
    assert fresh.pictures("after").shape == (5, 8, 8, 3)


def test_rows_without_a_picture_after_teach_the_reasoner_alone():
    table = rows(30)
    after = [*list(table.pictures("after"))[:10], *[None] * 20]
    partly = table.with_columns({"after": after}, {"after": "picture"})
    model, few = Vqai(**SMALL).fit(partly), Vqai(**SMALL).fit(table.take(range(10)))
    assert len(model.reasoner.slots[0]) > len(few.reasoner.slots[0])
    assert "30 rows ask, 10 of them with a picture after" in model.training.notes
    pairs = model._pairs(model.items(partly))
    assert np.array_equal(pairs.after, table.pictures("after")[:10])


def test_a_question_that_is_set_has_consequences_and_an_answer_that_is_set_has_none_upstream(fitted):
    table = rows(4, seed=3)
    asked = fitted.do(question="what if it were noon?").predict(table)
    by_hand = fitted.predict(open_rows(4, 3).with_columns({"question": ["what if it were noon?"] * 4}))
    assert asked.texts("question") == ["what if it were noon?"] * 4
    assert asked.texts("answer") == by_hand.texts("answer")
    assert np.array_equal(asked.pictures("after"), by_hand.pictures("after"))
    words = fitted.do(answer="light 2, angle 3, shadow length 4, shadow position 5").predict(table)
    assert words.texts("question") == table.texts("question")
    assert set(words.texts("answer")) == {"light 2, angle 3, shadow length 4, shadow position 5"}
    given = open_rows(4, 3).with_columns({"answer": words.texts("answer")})
    assert np.array_equal(words.pictures("after"), fitted.predict(given).pictures("after")), "as if it were given"


@pytest.mark.parametrize("guide", ["question", "latent", "words"])
def test_every_guide_draws_and_is_saved(guide, fitted, tmp_path):
    model = fitted.with_guide(guide, rows(40))
    assert model.reasoner is fitted.reasoner
    assert model.targets.names == ("question",)
    alone = Vqai(**SMALL, guide=guide).fit(rows(40))
    assert alone.predict(open_rows()).hash() == model.predict(open_rows()).hash()
    model.save_pretrained(tmp_path / "model")
    assert aitia.load(tmp_path / "model").predict(open_rows()).hash() == model.predict(open_rows()).hash()
    with pytest.raises(UnknownVariableError, match="'answer' is not a variable"):
        model.do(answer="noon")


def test_what_guides_is_what_the_option_says(fitted):
    asked = fitted.items(open_rows(8))
    by = {guide: fitted.with_guide(guide, rows(40)) for guide in ("latent", "words", "question")}
    seen, bags = fitted._seen(asked)
    assert torch.equal(by["latent"]._guides(asked, ()), fitted.reasoner.latent(seen, bags).detach())
    assert torch.equal(by["words"]._guides(asked, ()), fitted.reasoner.words(bags).detach())
    other = Items(**{**vars(asked), "pictures": asked.pictures[::-1].copy()})
    assert torch.equal(by["words"]._guides(other, ()), by["words"]._guides(asked, ())), "no look at the picture"
    assert not torch.equal(by["latent"]._guides(other, ()), by["latent"]._guides(asked, ()))
    told = bags_of(asked.questions, vocabulary(rows(40).texts("question")))
    assert torch.equal(by["question"]._guides(asked, ()), told)


def test_codes_are_the_latent(fitted):
    table = open_rows()
    seen, asked = fitted._seen(fitted.items(table))
    codes = fitted.encode(table)
    assert np.allclose(codes.matrix(codes.names), fitted.reasoner.latent(seen, asked).detach(), atol=1e-8)


def test_scores_stand_beside_copying_the_nearest_row_and_another_question(fitted):
    table, fresh = fitted.given(rows(40)), fitted.given(rows(20, seed=9))
    found = judged(fitted, fresh, table)
    own = fitted.items(fresh)
    drawn = fitted.pictures(own.asked_anew)
    assert found["changed"].value == pytest.approx(np.nanmean(errors_of(drawn, own)["changed"]))
    assert found["changed"].baselines[COPY] == pytest.approx(np.nanmean(errors_of(own.pictures, own)["changed"]))
    assert set(found["changed"].baselines) == {COPY, NEAREST, SHUFFLED}
    assert {"changed, light", "changed, angle", "kept", "words"} <= set(found)
    assert found["kept"].baselines[COPY] == 0
    assert set(found["words"].baselines) == {"the most frequent answer", "what the picture shows now"}


def test_a_perfect_model_scores_nothing_wrong(fitted, monkeypatch):
    fresh = fitted.given(rows(12, seed=9))
    truth = fitted.items(fresh)
    monkeypatch.setattr(Vqai, "pictures", lambda self, items, answers=None, seed=0: truth.after)
    found = judged(fitted, fresh, fresh)
    assert found["changed"].value == found["kept"].value == 0
    assert found["changed"].baselines[COPY] > 0


def test_the_report_shows_strips_with_the_truth_or_the_change(fitted):
    kinds = [type(block).__name__ for block in blocks(fitted, fitted.given(rows(6)))]
    assert {"ImageBlock", "TableBlock", "Callout"} <= set(kinds)
    bare = [type(block).__name__ for block in blocks(fitted, fitted.given(open_rows(3)))]
    assert "ImageBlock" in bare


# -- who reasons -------------------------------------------------------------------------------------------------------


def test_a_client_is_asked_with_examples_and_its_words_guide():
    seen = []

    def model(prompts, seed):
        seen.extend(prompts)
        return ["Answer: light 2, angle 3, shadow length 4, shadow position 5\nmore"] * len(prompts)

    table = rows(30)
    asked = Vqai(**SMALL, shown="caption", examples=2).fit(table, client=model)
    assert asked.reasoner is None
    told = asked.predict(open_rows(3))
    assert set(told.texts("answer")) == {"light 2, angle 3, shadow length 4, shadow position 5"}
    assert told.texts("said")[0].endswith("\nmore"), "kept verbatim"
    caption, question = open_rows(3).texts("caption")[0], open_rows(3).texts("question")[0]
    assert seen[0].endswith(f"Picture: {caption}\nQuestion: {question}\nAnswer:")
    assert seen[0].count("\nAnswer: light") == 2
    given = open_rows(3).with_columns({"answer": told.texts("answer")})
    assert np.array_equal(told.pictures("after"), asked.predict(given).pictures("after"))


def test_a_client_that_reads_text_alone_is_told_to_take_captions():
    with pytest.raises(OptionError, match="--shown caption"):
        Vqai(**SMALL).fit(rows(8), client=lambda prompts, seed: ["noon"] * len(prompts)).predict(open_rows(2))
    model = Vqai(**SMALL, shown="caption").fit(rows(8), client=lambda prompts, seed: ["noon"] * len(prompts))
    with pytest.raises(DataError, match="row 0 has no caption"):
        model.predict(open_rows(2).drop(["caption"]))


def test_rows_without_answers_are_answered_by_the_client_before_the_editor_learns():
    asked = []

    def model(prompts, seed):
        asked.extend(prompts)
        return ["light 2, angle 3"] * len(prompts)

    made = Vqai(**SMALL, shown="caption", examples=0).fit(rows(12).drop(["answer"]), client=model)
    assert len(asked) == len(set(asked)) > 0
    assert made.terms == tuple(vocabulary(["light 2, angle 3"]))


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drop", "options", "match"),
    [
        (["after"], {}, "name their column .--after COLUMN., or give a pipeline that edits"),
        (["answer"], {}, "guide=answer wants a reasoner: name the column of answers"),
        (["answer"], {"guide": "latent"}, "guide=latent wants a reasoner"),
    ],
)
def test_what_a_guide_lacks_is_said(drop, options, match):
    with pytest.raises(OptionError, match=match):
        Vqai(**SMALL, **options).fit(rows(8).drop(drop))


def test_a_latent_with_a_client_and_options_out_of_range_are_refused():
    with pytest.raises(OptionError, match="guide=latent is of the small reasoner"):
        Vqai(**SMALL, guide="latent").fit(rows(8), client=lambda prompts, seed: prompts)
    for options in ({"guide": "pixels"}, {"pixels": 10}, {"learning_rate": 0}, {"steps": 0}, {"guidance": -1}):
        with pytest.raises(OptionError):
            Vqai(**options)
    with pytest.raises(OptionError, match="say where the rows are"):
        Vqai(**SMALL).fit(None, client=lambda prompts, seed: prompts)


def test_questions_that_ask_or_name_nothing_are_refused_by_their_row(fitted):
    table = open_rows(3)
    for question, match in (
        ("", "row 1 asks nothing: its question is empty"),
        (" ?! ", "row 1 asks nothing"),
        ("what if the zebra sang?", "row 1 asks 'what if the zebra sang.', which names nothing"),
        ("what if it were so?", "names nothing"),
    ):
        asked = [question if k == 1 else text for k, text in enumerate(table.texts("question"))]
        with pytest.raises(DataError, match=match):
            fitted.predict(table.with_columns({"question": asked}, {"question": "text"}))
    with pytest.raises(DataError, match="names nothing"):
        fitted.do(question="what if the zebra sang?").predict(table)


def test_a_statement_is_taken_as_an_instruction_and_said():
    table = rows(8)
    stated = table.with_columns({"question": ["put the light at 9 of 12", *table.texts("question")[1:]]})
    notes = Vqai(**SMALL).fit(stated).training.notes
    assert "1 rows state a change and ask nothing: they are taken as instructions" in notes


def test_triples_with_equal_pictures_are_told_and_refused_where_all_are():
    table = rows(8)
    before, after = table.pictures("image"), table.pictures("after").copy()
    after[:2] = before[:2]
    model = Vqai(**SMALL).fit(table.with_columns({"after": after}, {"after": "picture"}))
    assert model.training.warnings == ("2 of 8 rows have equal pictures before and after: they teach to copy",)
    with pytest.raises(DataError, match="equal in all rows"):
        Vqai(**SMALL).fit(table.with_columns({"after": before.copy()}, {"after": "picture"}))


def test_too_few_rows_are_refused():
    table = rows(4)
    one = table.with_columns({"after": [table.pictures("after")[0], None, None, None]}, {"after": "picture"})
    with pytest.raises(DataError, match="fewer than 2 rows have a picture after"):
        Vqai(**SMALL).fit(one)
    with pytest.raises(DataError, match="fewer than 2 rows have an answer"):
        Vqai(**SMALL).fit(table.with_columns({"answer": ["light 2", None, None, None]}, {"answer": "text"}))


def test_what_is_saved_says_the_same_of_itself(fitted, tmp_path):
    fitted.save_pretrained(tmp_path / "model")
    again = aitia.load(tmp_path / "model")
    assert again.config == fitted.config
    assert again.names == fitted.names
    assert again.training.notes == fitted.training.notes
    with pytest.raises(DataError, match="names nothing"):
        again.do(question="what if the zebra sang?").predict(open_rows())
