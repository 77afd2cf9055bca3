"""The picture of motifs: one group of marks a motif, every text escaped, nothing loaded."""

from xml.etree import ElementTree

import numpy as np
import pytest

from aitia.errors import DataError
from aitia.systems.dynamic_connectomes.figure import MotifPanel, Window, motifs_figure

NAMES = ["worm 01", "worm 02", "worm 03"]


def panel(title="motif 1", units=6):
    rng = np.random.default_rng(0)
    matrix = rng.random((units, units))
    np.fill_diagonal(matrix, 0)
    return MotifPanel(
        title, np.arange(10) + 0.5, rng.random(10), rng.random(3), matrix + matrix.T, np.arange(units) % 2
    )


def test_each_motif_has_its_course_its_animals_and_its_pairs():
    svg = motifs_figure([panel(), panel("motif 2")], NAMES, [Window("odour", 2.0, 8.0)])
    root = ElementTree.fromstring(svg)
    groups = root.findall("{http://www.w3.org/2000/svg}g")
    assert len(groups) == 2
    for group in groups:
        texts = [text.text for text in group.iter("{http://www.w3.org/2000/svg}text")]
        assert {"odour", "10 s", "animals", "1", "2", "3"} <= set(texts)
        titles = [title.text for title in group.iter("{http://www.w3.org/2000/svg}title")]
        assert [title.split(":")[0] for title in titles] == NAMES


def test_the_middle_of_the_matrix_shows_where_communities_meet():
    """Two communities of three: one line, half way."""
    svg = motifs_figure([panel()], NAMES)
    assert svg.count("v232M0 ") == 1  # one line down and across


def test_names_from_outside_are_escaped():
    svg = motifs_figure([panel("<b>")], ["<i>", "a", "b"], [Window("<u>", 0.0, 10.0)])
    assert "&lt;b&gt;" in svg
    ElementTree.fromstring(svg)


def test_a_motif_that_is_never_on_can_be_drawn():
    zero = MotifPanel("none", [0.5, 1.5], [0, 0], [0, 0, 0], np.zeros((2, 2)), [0, 0])
    svg = motifs_figure([zero], NAMES)
    ElementTree.fromstring(svg)
    assert "nan" not in svg.lower()
    assert ">none<" in svg


def test_impossible_panels_are_refused():
    with pytest.raises(DataError, match="no motif to draw"):
        motifs_figure([], NAMES)
    with pytest.raises(DataError, match="3 labels and a matrix"):
        MotifPanel("m", [0.5], [1.0], [1.0], np.zeros((2, 2)), [0, 0, 1])
    with pytest.raises(DataError, match="a value is no number"):
        MotifPanel("m", [0.5], [np.nan], [1.0], np.zeros((2, 2)), [0, 0])
