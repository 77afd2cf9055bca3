"""Mucr: losses and rules against their formulas, edits, sentences, what is saved, models of the CLIP kind."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.systems.vqa_causal.owned import clip

import aitia
from aitia.data.table import Table
from aitia.errors import DataError, FormatError, InterventionError, OptionError
from aitia.system import Given
from aitia.systems.mucr import Mucr, MucrConfig
from aitia.systems.mucr.answered import pairs_of, slots_of, usual_of
from aitia.systems.mucr.card import CARD
from aitia.systems.mucr.items import items_of
from aitia.systems.mucr.judge import rights
from aitia.systems.mucr.rules import chosen, pixel_rule, shares_right, typical, words_in_common
from aitia.systems.mucr.towers import Drawn, Reader, Siamese, bag_of, terms_of
from aitia.worlds import SiameseWorld

WORLD = SiameseWorld()
SMALL = {"steps": 4, "batch": 8, "width": 8, "pixels": 16, "device": "cpu"}
CANDIDATES = tuple(f"candidate_{letter}" for letter in "abcd")


def rows(n=24, seed=0, size=16, **options):
    world = SiameseWorld(**options)
    return world.rows(world.sample(n, seed=seed), size)


def items(table, **options):
    return items_of(Given.of(CARD, table), MucrConfig(**options))


@pytest.fixture(scope="module")
def fitted():
    return Mucr(**SMALL).fit(rows(40))


# -- losses ------------------------------------------------------------------------------------------------------------


def test_the_loss_of_pairs_is_that_of_the_formula():
    torch.manual_seed(1)
    network = Siamese(16, 8, []).double()
    causes, effects = torch.randn(2, 5, 3, 16, 16).double()
    a, b = (network.tower(k)(x).detach().numpy() for k, x in enumerate((causes, effects)))
    cosines = (a / np.linalg.norm(a, axis=1)[:, None]) @ (b / np.linalg.norm(b, axis=1)[:, None]).T * 10.0
    total = 0.0
    for i in range(5):
        forth = np.log(np.exp(cosines[i]).sum()) - cosines[i, i]
        back = np.log(np.exp(cosines[:, i]).sum()) - cosines[i, i]
        total += (forth + back) / 10
    assert network(causes, effects).item() == pytest.approx(total, rel=1e-6)
    with torch.no_grad():
        network.scale.fill_(9.0)  # above the largest factor
    held = np.log(np.exp(cosines * 10).sum(axis=1)) - np.diag(cosines) * 10
    back = np.log(np.exp(cosines * 10).sum(axis=0)) - np.diag(cosines) * 10
    assert network(causes, effects).item() == pytest.approx(0.5 * (held.mean() + back.mean()), rel=1e-6)


def test_recognition_has_one_tower_and_the_words_of_each_picture():
    torch.manual_seed(2)
    network = Siamese(16, 8, [], ["light 1", "shadow 2"]).double()
    assert network.tower(0) is network.tower(1)
    pictures, said = torch.randn(2, 3, 3, 16, 16).double(), torch.randint(0, 2, (2, 3, 2)).double()
    total = 0.0
    for side in (0, 1):
        p = torch.sigmoid(network.head(network.tower(0)(pictures[side])))
        total += -(said[side] * p.log() + (1 - said[side]) * (1 - p).log()).mean().item()
    assert network(*pictures, *said).item() == pytest.approx(total, rel=1e-9)


def test_a_change_is_read_off_both_codes_and_their_difference():
    torch.manual_seed(3)
    reader = Reader(16, 8, [], ["a", "b", "c"]).double()
    before, after = torch.randn(2, 4, 3, 16, 16).double()
    said = torch.tensor([0, 2, 1, 1])
    a, b = reader.tower(before), reader.tower(after)
    p = torch.softmax(reader.head(torch.cat([a, b, b - a], dim=1)), dim=1)
    by_hand = -p[torch.arange(4), said].log().mean().item()
    assert reader(before, after, said).item() == pytest.approx(by_hand, rel=1e-9)


def test_rows_of_a_step_differ_and_go_together():
    drawn = Drawn((torch.arange(50), torch.arange(50) * 2), 20, seed=4)
    first, twice = drawn(3, 0, 1)
    assert torch.equal(twice, 2 * first)
    assert len(set(first.tolist())) == 20
    assert torch.equal(first, drawn(3, 0, 1)[0])
    assert not torch.equal(first, drawn(4, 0, 1)[0])
    assert sorted([*drawn(3, 0, 2)[0].tolist(), *drawn(3, 1, 2)[0].tolist()]) == sorted(first.tolist())


def test_a_caption_is_its_words_and_their_neighbours():
    assert terms_of("Light 7 of") == ["light", "7", "of", "light 7", "7 of"]
    assert bag_of(["light 7", "7 light light"], ["7", "light", "light 7", "none"]).tolist() == [
        [1, 1, 1, 0],
        [1, 1, 0, 0],
    ]


def test_pairs_are_of_cause_and_effect_whichever_is_asked_for():
    table = rows(30, seed=1)
    pairs = pairs_of(items(table))
    own = WORLD._own(WORLD.sample(30, seed=1))
    for side in (0, 1):
        assert np.array_equal(np.stack(pairs.cells[side]), WORLD.picture(own, side, 16))
        assert pairs.said[side] == WORLD.told(own, side)


def test_recognition_sees_no_two_pictures_together_and_pairs_no_caption():
    table = rows(40)
    bare = table.drop(["captions"])
    with pytest.raises(OptionError, match="want a caption of each picture"):
        Mucr(**SMALL, learn="captions").fit(bare)
    plain, told = Mucr(**SMALL).fit(bare), Mucr(**SMALL).fit(table)
    assert np.array_equal(plain.encode(bare).matrix(), told.encode(table).matrix())


# -- scores and rules --------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=2, max_size=5), min_size=1, max_size=6))
def test_a_tie_is_shared_and_nothing_is_ahead_in_it(scores):
    held = tuple(np.array(one) for one in scores)
    right = np.zeros(len(scores), dtype=np.int64)
    places, margins = chosen(held)
    for row, one in enumerate(scores):
        best = [k for k, value in enumerate(one) if value == max(one)]
        assert shares_right(held, right)[row] == (1 / len(best) if 0 in best else 0)
        assert places[row] == (best[0] if len(best) == 1 else -1)
        assert (margins[row] > 0) == (len(best) == 1)
    assert np.isnan(shares_right(held, right - 1)).all()


def test_the_pixel_rule_compares_grey_columns():
    table = rows(30, seed=2, size=32)
    asked = items(table)
    found, plain = pixel_rule(asked), typical(asked)
    for kind in ("effect", "cause"):
        own = [k for k, one in enumerate(asked.asked) if one == kind]
        shown = np.stack([table.pictures("shown")[k].mean(axis=(0, 2)) for k in own])
        every = np.stack([[table.pictures(name)[k].mean(axis=(0, 2)) for name in CANDIDATES] for k in own])
        pixels = np.stack([[table.pictures(name)[k].astype(float) for name in CANDIDATES] for k in own])
        middle = pixels.mean(axis=(0, 1))
        for place, row in enumerate(own):
            a, b = shown[place] - shown.mean(axis=0), every[place] - every.mean(axis=(0, 1))
            cosines = [x @ a / np.sqrt((x @ x) * (a @ a)) for x in b]
            assert np.allclose(found[row], cosines)
            assert np.allclose(plain[row], [-np.sqrt(((x - middle) ** 2).sum()) for x in pixels[place]])


def test_words_in_common_are_counted():
    table = rows(10)
    said = [["light 3 of 24", "shadow 3 of 24", "shadow 4 of 24", "dark", "3 of 9"]] * 10
    found = words_in_common(items(table.with_columns({"captions": said}, kinds={"captions": "list"})))
    assert found[0].tolist() == [5, 3, 0, 3]


def test_the_right_answers_of_a_perfect_model_are_all(fitted):
    """Towers whose codes are the latents themselves: cosine of a row with its own is 1."""
    table = rows(30, seed=3)
    asked = fitted.items(table)
    known = {}
    for row in range(30):
        place = int(asked.right[row])
        known[asked.shown[row].tobytes()] = row
        for k, cell in enumerate(asked.candidates[row]):
            known[cell.tobytes()] = row if k == place else 1000 + 4 * row + k

    class Oracle:
        def prepared(self, cells):
            return [known[cell.tobytes()] for cell in cells]

        def __call__(self, numbers):
            return torch.tensor([[np.cos(n), np.sin(n)] for n in numbers])

    model = Mucr(**SMALL).fit(rows(40))
    model.tower = Oracle()
    assert rights(model, asked).min() == 1
    assert set(model.predict(table.unlabelled(["choice"])).labels("choice")) <= set("abcd")
    told = model.judge(model.given(table), model.given(table))
    assert told["right"].value == 1
    assert {"pixel rule", "what another row shows", "a guess"} <= set(told["right"].baselines)
    assert any(name.startswith("right, distractors") for name in told)


def test_causes_are_coded_by_the_tower_of_causes(fitted):
    """By hand, whichever is asked for: the first tower codes what are causes, the second what are effects."""
    asked = fitted.items(rows(20, seed=9))
    scores = fitted.answers(asked).scores
    for row in range(20):
        one, other = (0, 1) if asked.asked[row] == "effect" else (1, 0)
        with torch.no_grad():
            codes = [
                fitted.siamese.tower(side)(fitted.siamese.tower(side).prepared(list(cells))).double().numpy()
                for side, cells in ((one, (asked.shown[row],)), (other, asked.candidates[row]))
            ]
        a, b = (code / np.linalg.norm(code, axis=1)[:, None] for code in codes)
        assert np.allclose(scores[row], b @ a[0], atol=1e-6)


def test_a_model_that_knows_nothing_of_a_row_guesses():
    reader = Mucr(**SMALL).fit(rows(20, level="phrase"))
    assert rights(reader, reader.items(rows(5))).tolist() == [0.25] * 5
    assert set(reader.predict(rows(5).unlabelled(["choice"])).labels("choice")) == {"neither"}
    with pytest.raises(DataError, match=r"shows no picture: name their column \(--cause COLUMN\)"):
        reader.items(rows(5).drop(["shown"]))


# -- edits -------------------------------------------------------------------------------------------------------------


def test_rotating_moves_the_answer_with_its_candidate(fitted):
    table = rows(20, seed=4)
    turned = fitted.do(order="rotated")
    edited = turned.edit(table)
    before, after = fitted.items(table), fitted.items(edited)
    assert np.array_equal(after.right, (before.right + 1) % 4)
    for row in range(20):
        assert np.array_equal(after.candidates[row][0], before.candidates[row][3])
        assert after.said[row] == (before.said[row][0], before.said[row][4], *before.said[row][1:4])
    one, two = (fitted.predict(t.unlabelled(["choice"])).labels("choice") for t in (table, edited))
    assert all((("abcd".index(a) + 1) % 4) == "abcd".index(b) for a, b in zip(one, two, strict=True))
    assert np.allclose(rights(fitted, before), rights(fitted, after))
    cues = rows(10, level="phrase")
    model = Mucr(**SMALL).fit(cues)
    moved = model.do(order="rotated").items(cues)
    assert moved.cues[0] == (model.items(cues).cues[0][3], *model.items(cues).cues[0][:3])
    assert np.allclose(rights(model, moved), rights(model, model.items(cues)))


def test_another_row_is_one_that_asks_the_same_and_the_candidates_stay(fitted):
    asked = fitted.items(rows(21, seed=5))
    other = fitted.do(shown="other").items(rows(21, seed=5))
    for row in range(21):
        places = [k for k in range(21) if asked.shown[k] is other.shown[row] or
                  np.array_equal(asked.shown[k], other.shown[row])]  # fmt: skip
        assert row not in places
        assert {asked.asked[k] for k in places} == {asked.asked[row]}
        assert np.array_equal(asked.candidates[row], other.candidates[row])
        assert other.said[row][1:] == asked.said[row][1:]
    assert np.array_equal(asked.right, other.right)
    with pytest.raises(InterventionError, match="'shown' is set to"):
        fitted.do(shown="blank")


def test_effects_tell_what_an_edit_does(fitted):
    table = rows(30, seed=6)
    found = fitted.effects(table)
    named = dict(zip(found.labels("target"), found.column("effect"), strict=True))
    asked = fitted.items(table)
    other = rights(fitted, fitted.do(shown="other").items(table)).mean() - rights(fitted, asked).mean()
    assert named == {"order=rotated": pytest.approx(0, abs=1e-9), "shown=other": pytest.approx(other)}
    assert found.column("control").tolist() == [pytest.approx(other)] * 2
    with pytest.raises(DataError, match="moves the share of right"):
        fitted.effects(table, outcome="shown")


# -- words, phrases, sentences -----------------------------------------------------------------------------------------


def test_in_words_no_picture_is_needed():
    table = rows(40).select(("asked", "captions", "choice", "distractors"))
    model = Mucr(**SMALL, setting="words").fit(table)
    fresh = rows(8, seed=1).select(("asked", "captions"))
    assert set(model.predict(fresh).labels("choice")) <= {*"abcd", "neither"}
    with pytest.raises(DataError, match="row 0 shows no picture"):
        Mucr(**SMALL).fit(table)
    told = model.judge(model.given(table), model.given(table))["right"].baselines
    assert "words in common" in told
    assert "pixel rule" not in told


def test_a_sentence_is_its_slots():
    assert slots_of("Light rises, so shadow position falls.") == ("light", "rises", "shadow position", "falls")
    assert slots_of("The light goes up and the shadow moves.") == ()
    table = rows(40, level="sentence")
    model = Mucr(**SMALL).fit(table)
    assert model.usual == usual_of(items(table))
    told = model.predict(rows(5, seed=1, level="sentence").unlabelled(["reason"])).texts("reason")
    assert set(told) <= set(table.texts("reason"))
    scores = model.judge(model.given(table), model.given(table))
    true = [slots_of(text) for text in table.texts("reason")]
    said = [slots_of(text) for text in model.answers(model.items(table)).reasons]
    assert scores["sentence, what moved"].value == np.mean([a[0] == b[0] for a, b in zip(true, said, strict=True)])
    assert scores["sentence, all slots"].value == np.mean([a == b for a, b in zip(true, said, strict=True)])
    most = max({t[1] for t in true}, key=lambda way: sum(t[1] == way for t in true))
    assert scores["sentence, which way"].baselines["what the fit says most"] == np.mean([t[1] == most for t in true])


def test_a_cue_that_no_row_had_is_behind_all_others():
    table = rows(40, level="phrase")
    model = Mucr(**SMALL).fit(table)
    odd = [[*cues[:3], "wind rises"] for cues in table.lists("cues")]
    asked = model.items(table.unlabelled(["choice"]).with_columns({"cues": odd}, kinds={"cues": "list"}))
    assert all(own.argmin() == 3 for own in model.answers(asked).scores)
    with pytest.raises(OptionError, match="asked about changes"):
        model.encode(table)


# -- keeping, and models of the CLIP kind ------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"learn": "captions"}, {"setting": "words"}])
def test_what_is_saved_answers_the_same(tmp_path, options):
    model = Mucr(**SMALL, **options).fit(rows(40))
    model.save_pretrained(tmp_path / "saved")
    again = aitia.load(tmp_path / "saved")
    fresh = rows(10, seed=7)
    assert np.array_equal(again.encode(fresh).matrix(), model.encode(fresh).matrix())
    assert again.training.notes == model.training.notes
    changed = rows(20, level="sentence")
    reader = Mucr(**SMALL).fit(changed)
    reader.save_pretrained(tmp_path / "reader")
    told = aitia.load(tmp_path / "reader")
    assert told.answers(told.items(changed)).reasons == reader.answers(reader.items(changed)).reasons
    with pytest.raises(OptionError, match="not been fitted"):
        Mucr().save_pretrained(tmp_path / "none")


def test_a_clip_folder_is_judged_by_its_own_cosines(tmp_path):
    from transformers import CLIPModel

    folder = clip(tmp_path / "clip")
    table = rows(6)
    model = Mucr().fit(table, model=folder)
    peer = CLIPModel.from_pretrained(folder).eval()
    found = model.answers(model.items(table)).scores
    for row in range(6):
        pixels = np.stack([table.pictures(name)[row] for name in ("shown", *CANDIDATES)]).astype(np.float32) / 255
        inputs = torch.from_numpy(((pixels - 0.5) / 0.25).transpose(0, 3, 1, 2).copy())
        with torch.no_grad():
            out = peer.get_image_features(pixel_values=inputs)
            codes = out if isinstance(out, torch.Tensor) else out.pooler_output
        codes = torch.nn.functional.normalize(codes, dim=1)
        assert np.allclose(found[row], (codes[1:] @ codes[0]).numpy(), atol=1e-5)
    model.save_pretrained(tmp_path / "saved")
    again = aitia.load(tmp_path / "saved", model=folder)
    assert np.array_equal(again.encode(table).matrix(), model.encode(table).matrix())
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    (folder / "preprocessor_config.json").write_text(json.dumps(settings | {"do_center_crop": True}))
    wide = np.zeros((16, 40, 3), np.uint8)
    wide[:, 12:28] = 200
    tower = Mucr().fit(table, model=folder).tower
    assert np.allclose(tower.prepared([wide]).numpy(), (200 / 255 - 0.5) / 0.25, atol=1e-5)
    with pytest.raises(OptionError, match="sees pictures"):
        Mucr(setting="words").fit(table, model=folder)


def test_folders_without_a_tower_for_pictures_are_refused(tmp_path):
    from transformers import BertConfig, BertModel

    BertModel(BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
              ).save_pretrained(tmp_path / "bert")  # fmt: skip
    with pytest.raises(FormatError, match="holds a bert, which has not a tower for pictures: give"):
        Mucr().fit(rows(6), model=tmp_path / "bert")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(FormatError, match="holds no safetensors"):
        Mucr().fit(rows(6), model=tmp_path / "bin")
    with pytest.raises(FormatError, match="is no folder"):
        Mucr().fit(rows(6), model=torch.nn.Linear(2, 2))


def test_a_report_shows_what_was_chosen(fitted):
    table = rows(12, seed=8)
    html = "".join(block.html() for block in fitted.report(fitted.given(table)))
    assert html.count("data:image/png") >= 2
    places, _ = chosen(fitted.answers(fitted.items(table)).scores)
    for row in range(3):
        assert f"row {row}: {'abcd'[places[row]]}, true {table.labels('choice')[row]}" in html
    told = Mucr(**SMALL).fit(Table.of(rows(20, level="sentence")))
    page = "".join(block.html() for block in told.report(told.given(rows(4, level="sentence"))))
    assert rows(4, level="sentence").texts("reason")[0] in page
