"""Tracks as a picture: what lies where, that a metre is a metre, and what is refused."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from aitia.errors import DataError, OptionError
from aitia.report import TrackPanel, tracks_figure

SPACE = "{http://www.w3.org/2000/svg}"
WALK = np.cumsum(np.ones((2, 20, 2)) * [[[0.3, 0.1]], [[-0.2, 0.4]]], axis=1)


def drawn(panels, **options):
    return ElementTree.fromstring(tracks_figure(panels, **options))


def lines(svg):
    """(colour, points) of every track."""
    found = []
    for path in svg.iter(f"{SPACE}path"):
        points = [tuple(map(float, p.split())) for p in re.split("[ML]", path.get("d"))[1:] if "H" not in p]
        found.append((path.get("stroke"), np.array(points)))
    return found


def test_every_part_of_every_agent_is_a_line_and_a_future_starts_where_the_past_ends():
    panel = TrackPanel("all", WALK[:, :8], *[WALK[:, 8:] + shift for shift in (0.1, 0.2, 0.3, 0.4)])
    svg = drawn([panel])
    tracks = [(colour, points) for colour, points in lines(svg) if len(points) > 2]
    assert len(tracks) == 2 * 5
    assert len({colour for colour, _ in tracks}) == 5
    past = [points for _, points in tracks if len(points) == 8]
    for colour in {colour for colour, points in tracks if len(points) == 13}:
        starts = [points[0] for c, points in tracks if c == colour]
        assert np.allclose(starts, [points[-1] for points in past], atol=0.11)


def test_a_metre_is_as_long_across_as_up_and_up_is_up():
    square = np.array([[[0.0, 0.0], [4.0, 0.0], [4.0, 2.0]]])
    ((_, points),) = [line for line in lines(drawn([TrackPanel("L", square)])) if len(line[1]) == 3]
    across, up = points[1] - points[0], points[2] - points[1]
    assert np.allclose([across[1], up[0]], 0)
    assert np.isclose(across[0], 2 * -up[1], atol=0.2)
    assert up[1] < 0


def test_the_bar_says_how_long_it_is():
    square = np.array([[[0.0, 0.0], [10.0, 0.0]]])
    svg = drawn([TrackPanel("bar", square)])
    bar = next(path.get("d") for path in svg.iter(f"{SPACE}path") if "H" in path.get("d"))
    left, _, right = map(float, re.fullmatch(r"M(\S+) (\S+)H(\S+)", bar).groups())
    (label,) = [text.text for text in svg.iter(f"{SPACE}text") if text.text.endswith(" m")]
    assert np.isclose((right - left) / (300 - 2 * 18) * 10, float(label.split()[0]), atol=0.01)


def test_starts_have_dots_and_the_legend_names_what_is_drawn():
    svg = drawn([TrackPanel("one", WALK[:, :8], truth=WALK[:, 8:]), TrackPanel("two", WALK[:1, :8])], columns=1)
    assert len(list(svg.iter(f"{SPACE}circle"))) == 2 + 1 + 1
    words = [text.text for text in svg.iter(f"{SPACE}text")]
    assert {"one", "two", "where an agent starts", "past, seen", "what came"} <= set(words)
    assert "forecast" not in words


@pytest.mark.parametrize(("count", "columns", "wide"), [(1, 3, 1), (4, 3, 3), (4, 2, 2)])
def test_panels_stand_in_a_grid(count, columns, wide):
    svg = drawn([TrackPanel(f"{k}", WALK) for k in range(count)], columns=columns)
    assert float(svg.get("width")) == wide * 300 + (wide - 1) * 16 + 2
    places = {group.get("transform") for group in svg.iter(f"{SPACE}g")}
    assert len(places) == count


def test_titles_are_shown_as_they_are():
    nasty = "<script>alert('x')</script> & \""
    svg = tracks_figure([TrackPanel(nasty, WALK)])
    assert "<script" not in svg
    assert nasty in [text.text for text in ElementTree.fromstring(svg).iter(f"{SPACE}text")]


def test_agents_that_stand_still_are_drawn():
    assert "nan" not in tracks_figure([TrackPanel("still", np.zeros((1, 8, 2)))])


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match=r"x: forecast has shape \(1, 12, 2\), expected \(2, 'frames', 2\)"):
        TrackPanel("x", WALK[:, :8], forecast=WALK[:1, 8:])
    with pytest.raises(DataError, match=r"x: past has shape \(20, 2\)"):
        TrackPanel("x", WALK[0])
    with pytest.raises(DataError, match="truth has a position that is no number; leave that agent out"):
        TrackPanel("x", WALK[:, :8], truth=np.full((2, 12, 2), np.nan))
    with pytest.raises(OptionError, match="at least 1 panel and 1 column, got 0 and 3"):
        tracks_figure([])
