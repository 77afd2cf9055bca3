"""Panels of points: what is drawn, that names do not cover each other, that both axes can have one unit."""

import re

import numpy as np

from aitia.report import ScatterPanel, scatter_panels

RNG = np.random.default_rng(0)


def circles(svg):
    return np.array([[float(x), float(y)] for x, y in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="4"', svg)])


def test_every_point_stands_where_it_belongs():
    points = np.array([[0.0, 0.0], [1.0, 10.0], [2.0, 5.0]])
    drawn = circles(scatter_panels([ScatterPanel("t", {"a": points})]))
    assert len(drawn) == 3
    assert np.allclose(np.corrcoef(drawn[:, 0], points[:, 0])[0, 1], 1)
    assert np.allclose(np.corrcoef(drawn[:, 1], points[:, 1])[0, 1], -1), "up is the larger value"


def test_with_one_unit_distances_in_the_picture_are_distances():
    points = RNG.normal(size=(20, 2)) * [10, 3]
    drawn = circles(scatter_panels([ScatterPanel("t", {"a": points})], equal=True))
    ratios = np.linalg.norm(drawn[0] - drawn[1:], axis=1) / np.linalg.norm(points[0] - points[1:], axis=1)
    assert np.ptp(ratios) < 0.02 * ratios.mean()


def test_names_stand_apart_from_each_other_or_are_left_out():
    points = np.zeros((5, 2))
    svg = scatter_panels([ScatterPanel("t", {"a": points}, [f"set {k}" for k in range(5)])])
    assert 1 <= sum(f">set {k}<" in svg for k in range(5)) < 5
    apart = np.column_stack([np.arange(5.0), np.arange(5.0)])
    svg = scatter_panels([ScatterPanel("t", {"a": apart}, [f"set {k}" for k in range(5)])], scale=2)
    assert all(f">set {k}<" in svg for k in range(5))


def test_text_from_outside_is_escaped_and_many_points_are_thinned():
    svg = scatter_panels([ScatterPanel("<b>", {"<i>": RNG.normal(size=(5000, 2)), "b": RNG.normal(size=(3, 2))})])
    assert "<b>" not in svg
    assert "<i>" not in svg
    assert svg.count("<circle") == 400 + 3 + 2, "400 of the many, 3 of the few, 2 in the legend"
