"""Mucr before an endpoint: what is sent, each candidate under each letter, refusals, sheets, sentences, tasks."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from tests.text.seeing import smolvlm
from tests.text.server import Reply, serve  # noqa: F401

from aitia.errors import AitiaError, DataError, RunError
from aitia.systems.mucr import Mucr
from aitia.systems.mucr.as_questions import questions
from aitia.systems.mucr.pictures import sheet_of
from aitia.workflow.task_export import export_tasks
from aitia.worlds import SiameseWorld

CANDIDATES = tuple(f"candidate_{letter}" for letter in "abcd")


def rows(n=3, seed=0, size=16, **options):
    world = SiameseWorld(**options)
    return world.rows(world.sample(n, seed=seed), size)


def sent(body):
    """The pictures of a request, and its text."""
    content = body["messages"][-1]["content"]
    if isinstance(content, str):
        return [], content
    urls = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
    found = [Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB") for url in urls]
    return [np.asarray(one) for one in found], content[-1]["text"]


def oracle(table):
    """Answers with the letter under which the right picture stands, whatever the order."""
    shown, choice = table.pictures("shown"), table.labels("choice")

    def answers(number, body, headers):
        pictures, text = sent(body)
        small = [one[::6, ::6] for one in pictures]
        row = next(k for k in range(len(table)) if np.array_equal(small[0], shown[k]))
        assert ("shows a cause" in text) == (table.labels("asked")[row] == "effect")
        true = table.pictures(f"candidate_{choice[row]}")[row]
        return "ABCD"[next(k for k, one in enumerate(small[1:]) if np.array_equal(one, true))]

    return answers


def test_each_candidate_stands_once_under_each_letter(serve):  # noqa: F811
    table = rows(3)
    server = serve(oracle(table))
    model = Mucr().fit(table, client=f"{server.address}#small")
    found = model.predict(table.unlabelled(["choice"]))
    assert found.labels("choice").tolist() == table.labels("choice").tolist()
    asked = model.answers(model.items(table))
    assert asked.letters == {"a": 3, "b": 3, "c": 3, "d": 3}
    assert asked.shares.tolist() == [1, 1, 1]
    assert "pictures were shown one after the other" in asked.notes[0]
    assert all(len(sent(body)[0]) == 5 for body in server.bodies) if hasattr(server, "bodies") else True
    told = model.judge(model.given(table), model.given(table))
    assert told["right"].value == 1
    assert told["most frequent letter"].value == 0.25


def test_an_endpoint_that_always_says_a_chooses_nothing(serve):  # noqa: F811
    table = rows(4)
    model = Mucr().fit(table, client=f"{serve(lambda *_: 'A').address}#small")
    assert set(model.predict(table.unlabelled(["choice"])).labels("choice")) == {"neither"}
    told = model.judge(model.given(table), model.given(table))
    assert told["right"].value == 0.25
    assert told["most frequent letter"].value == 1


def test_what_names_no_letter_counts_as_wrong_and_is_kept(serve):  # noqa: F811
    table = rows(2)
    model = Mucr().fit(table, client=f"{serve(lambda *_: 'I do not know').address}#small")
    found = model.answers(model.items(table))
    assert found.shares.tolist() == [0, 0]
    assert found.said[0] == " | ".join(["I do not know"] * 4)
    assert "8 of 8 answers name no option: they count as wrong" in found.notes


def test_a_sheet_is_shown_where_several_pictures_are_refused(serve):  # noqa: F811
    table = rows(2)
    items = Mucr(steps=1, batch=2).fit(table).items(table)
    sheets = {}
    for row in range(2):
        for k in range(4):
            order = [(k + place) % 4 for place in range(4)]
            name = {"effect": "cause", "cause": "effect"}[items.asked[row]]
            data = sheet_of([(name, items.shown[row])], [items.candidates[row][place] for place in order])
            pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
            sheets[pixels.tobytes()] = "ABCD"[order.index(int(items.right[row]))]
    counts = []

    def answers(number, body, headers):
        pictures, text = sent(body)
        counts.append(len(pictures))
        if len(pictures) > 1:
            return Reply(400, {"error": {"message": "at most 1 image_url may be given"}})
        assert "on the left" in text
        return sheets[pictures[0].tobytes()]

    model = Mucr().fit(table, client=f"{serve(answers).address}#small")
    found = model.answers(model.items(table))
    assert found.shares.tolist() == [1, 1]
    assert counts.count(1) == 8
    assert "on a sheet, since several were refused" in found.notes[0]
    assert "at most 1 image_url" in found.notes[0]


def test_an_endpoint_without_pictures_says_so(serve):  # noqa: F811
    refusal = Reply(400, {"error": {"message": "image_url is not supported by this model"}})
    model = Mucr().fit(rows(2), client=f"{serve(lambda *_: refusal).address}#small")
    with pytest.raises(RunError, match="image_url is not supported"):
        model.predict(rows(2).unlabelled(["choice"]))


def test_a_log_keeps_answers_and_the_same_asking_goes_on(serve, tmp_path):  # noqa: F811
    table = rows(2)
    server = serve(oracle(table))
    model = Mucr(log=str(tmp_path / "log"), layout="several").fit(table, client=f"{server.address}#small")
    first = model.answers(model.items(table))
    count = len(server.asked)
    assert count == 8
    assert model.answers(model.items(table)).shares.tolist() == first.shares.tolist()
    assert len(server.asked) == count


def test_in_words_any_client_is_asked_and_equal_captions_are_left_out():
    table = rows(4).drop(["shown", *CANDIDATES])
    said = table.lists("captions")
    said[1] = [said[1][0], *[said[1][1]] * 4]
    table = table.with_columns({"captions": said}, kinds={"captions": "list"})

    def answers(texts, seed):
        found = []
        for text in texts:
            row = next(k for k in range(4) if f": {said[k][0]}." in text)
            true = said[row]["abcd".index(table.labels("choice")[row]) + 1]
            found.append(next(line[0] for line in text.splitlines() if line[3:] == true))
        return found

    model = Mucr(setting="words").fit(table, client=answers)
    found = model.answers(model.items(table))
    assert np.isnan(found.shares[1])
    assert found.shares[[0, 2, 3]].tolist() == [1, 1, 1]
    assert model.predict(table.unlabelled(["choice"])).labels("choice")[1] == "neither"
    assert len(questions_of(table)) == 3
    with pytest.raises(DataError, match="no caption of each picture"):
        Mucr(setting="words").fit(rows(2).drop(["captions"]), client=answers).answers(
            model.items(rows(2).drop(["captions"]))
        )


def test_a_client_without_pictures_is_told(tmp_path):
    model = Mucr().fit(rows(2), client=lambda texts, seed: ["A"] * len(texts))
    with pytest.raises(AitiaError, match="is given texts alone"):
        model.predict(rows(2).unlabelled(["choice"]))


def questions_of(table):
    return questions(Mucr(setting="words").given(table), None)


def test_a_vision_language_folder_is_shown_the_pictures(tmp_path):
    pytest.importorskip("transformers")
    smolvlm(tmp_path / "model")
    table = rows(1)
    model = Mucr().fit(table, client=str(tmp_path / "model"))
    found = model.predict(table.unlabelled(["choice"]))
    assert found.labels("choice")[0] in ("a", "b", "c", "d", "neither")
    assert found.texts("said")[0]


def test_rows_in_words_are_tasks_of_other_harnesses(tmp_path):
    table = rows(5)
    questions = questions_of(table)
    export_tasks(tmp_path / "tasks", questions, name="siamese")
    lines = [json.loads(line) for line in (tmp_path / "tasks" / "siamese.jsonl").read_text().splitlines()]
    assert len(lines) == 2 * len(questions)
    for line in lines:
        assert line["options"][line["answer"]] == line["label"]
        assert line["group"] in ("random", "light", "angle")
    said = table.lists("captions")[0]
    assert questions[0].label == said["abcd".index(table.labels("choice")[0]) + 1]


def test_sentences_are_asked_for_slot_by_slot(serve):  # noqa: F811
    table = rows(6, level="sentence")
    true = table.texts("reason")[0].replace(",", "").replace("so ", "").split()
    slots = {"Which cause was it": true[0], "did the cause go": true[1], "Which effect": " ".join(true[2:4]),
             "did the one go": true[4]}  # fmt: skip

    def answers(number, body, headers):
        pictures, text = sent(body)
        assert len(pictures) == 2
        want = next(said for part, said in slots.items() if part in text)
        return next(line[0] for line in text.splitlines() if line[3:] == want)

    model = Mucr().fit(table, client=f"{serve(answers).address}#small")
    one = table.take([0])
    assert model.predict(one.unlabelled(["reason"])).texts("reason") == [table.texts("reason")[0]]
    scores = model.judge(model.given(one), model.given(one))
    assert scores["sentence, all slots"].value == 1


def test_prose_is_kept_and_not_scored(serve):  # noqa: F811
    table = rows(3, level="sentence")
    prose = table.with_columns({"reason": ["the sun went down, you see"] * 3}, kinds={"reason": "text"})
    server = serve(lambda *_: "The shadow grew as the sun sank.")
    model = Mucr().fit(prose, client=f"{server.address}#small")
    assert any("no sentence with slots" in note for note in model.training.notes)
    found = model.predict(prose.unlabelled(["reason"]))
    assert set(found.texts("reason")) == {"The shadow grew as the sun sank."}
    assert model.judge(model.given(prose), model.given(prose)) == {}


def test_cues_are_asked_for_under_both_pictures(serve):  # noqa: F811
    table = rows(3, level="phrase")
    after = table.pictures("after")

    def answers(number, body, headers):
        pictures, text = sent(body)
        row = next(k for k in range(3) if np.array_equal(pictures[1][::6, ::6], after[k]))
        cue = table.lists("cues")[row]["abcd".index(table.labels("choice")[row])]
        return next(line[0] for line in text.splitlines() if line[3:] == cue)

    model = Mucr().fit(table, client=f"{serve(answers).address}#small")
    assert model.judge(model.given(table), model.given(table))["right"].value == 1
