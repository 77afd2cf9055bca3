"""Worlds of text: every place in a text has its own chance, and a counterfactual rewrites nothing that it need not."""

import csv

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.export import export_world
from aitia.worlds.sample import Latent
from aitia.worlds.texts import TextWorld, Wording, code_of


class Notes(TextWorld):
    """A topic, and a tone that follows it."""

    name = "notes"
    graph = Graph("topic -> tone; wording")
    concepts = (
        Latent("topic", 0.0, 1.0, kind="categorical", labels=("tea", "rain")),
        Latent("tone", 0.0, 2.0, kind="categorical", labels=("sad", "plain", "glad")),
    )
    vocabulary = ("a", "b", "c", "glad", "plain", "rain", "sad", "tea")

    def concept(self, name, parents, noise, env):
        if name == "topic":
            return code_of(noise, [0.3, 0.7])
        return code_of(noise, np.where(parents["topic"][:, None] == 1, [0.1, 0.1, 0.8], [0.4, 0.4, 0.2]))

    def write(self, concepts, wording):
        filler = wording.pick("filler", 3)
        return [
            f"{('tea', 'rain')[topic]} {'abc'[k]} {('sad', 'plain', 'glad')[tone]}"
            for topic, k, tone in zip(concepts["topic"], filler, concepts["tone"], strict=True)
        ]


def test_the_laws_hold_on_texts():
    table = Notes().check()
    assert table.holds, str(table)


def test_a_counterfactual_text_differs_where_the_concept_is_written_and_nowhere_else():
    world = Notes()
    fact = world.sample(300, seed=1)
    other = world.counterfactual(fact, "do(tone=sad)")
    for before, after in zip(world.render(fact), world.render(other), strict=True):
        assert before.split()[:2] == after.split()[:2]
        assert after.split()[2] == "sad"
    moved = world.counterfactual(fact, "do(topic=tea)")
    fillers = [[text.split()[1] for text in world.render(rows)] for rows in (fact, moved)]
    assert fillers[0] == fillers[1]


def test_shares_are_those_that_were_given():
    world = Notes()
    sample = world.sample(20_000, seed=0)
    rain = sample["topic"] == 1
    assert abs(rain.mean() - 0.7) < 0.015
    assert abs((sample["tone"][rain] == 2).mean() - 0.8) < 0.015
    assert abs((sample["tone"][~rain] == 0).mean() - 0.4) < 0.02


def test_the_numbers_of_places_are_even_and_independent():
    wording = Wording(np.random.default_rng(0).random(40_000))
    places = np.stack([wording.number(f"place {k}") for k in range(6)])
    assert ((places >= 0) & (places < 1)).all()
    assert np.abs(places.mean(axis=1) - 0.5).max() < 0.01
    assert np.abs(places.var(axis=1) - 1 / 12).max() < 0.002
    assert np.abs(np.corrcoef(places) - np.eye(6)).max() < 0.02
    counts = np.bincount(wording.pick("word", 7), minlength=7)
    assert np.abs(counts / 40_000 - 1 / 7).max() < 0.01
    orders = wording.order("order", 3)
    assert (np.sort(orders, axis=1) == [0, 1, 2]).all()
    assert np.abs(np.unique(orders, axis=0, return_counts=True)[1] / 40_000 - 1 / 6).max() < 0.01
    assert abs(wording.chance("rare", 0.05).mean() - 0.05) < 0.005


def test_the_numbers_do_not_depend_on_which_rows_stand_beside():
    values = np.random.default_rng(1).random(10)
    assert np.array_equal(Wording(values).number("x")[3:5], Wording(values[3:5]).number("x"))


def test_an_export_has_the_texts_as_a_column(tmp_path):
    pytest.importorskip("pyarrow")
    world = Notes()
    texts = world.render(world.sample(200, seed=4)).tolist()
    with (export_world(world, tmp_path / "csv", 200, seed=4) / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "env", "topic", "tone", "text"]
    assert [row["text"] for row in rows] == texts
    from pyarrow.parquet import read_table

    folder = export_world(world, tmp_path / "set", 200, seed=4, format="datasets")
    assert read_table(folder / "data").column("text").to_pylist() == texts
    assert "dtype: string" in (folder / "README.md").read_text()


def test_a_text_has_one_view():
    world = Notes()
    with pytest.raises(OptionError, match="notes has one view, the text"):
        world.render(world.sample(1), view="bird")


def test_texts_are_seen_as_a_column_beside_the_concepts():
    world = Notes()
    sample = world.sample(10, seed=0)
    rows = world.rows(sample)
    assert rows.texts("text") == world.render(sample).tolist()
    assert set(world.visible) <= set(rows.names)
