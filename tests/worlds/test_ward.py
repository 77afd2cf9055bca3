"""Images and reports of a ward: what is set shows in both, where it belongs and nowhere else."""

import numpy as np
import pytest

from aitia.errors import DataError, OptionError
from aitia.worlds import WardWorld
from aitia.worlds.ward import ATTRIBUTES, LABELS

WORLD = WardWorld()


def half_of_lung(sample, image, side, low, high):
    """Mean grey of a lung between two heights, as shares of the picture from the top; `side` is the patient's."""
    n = image.shape[1]
    columns = slice(n // 2 + n // 8, n - n // 8) if side == "left" else slice(n // 8, n // 2 - n // 8)
    return image[:, int(low * n) : int(high * n), columns].mean(axis=(1, 2, 3))


def test_a_report_is_read_back_as_it_was_meant():
    sample = WORLD.sample(2000, seed=1)
    reports = WORLD.reports(sample)
    for told, true in zip(WORLD.read(reports), WORLD.attributes(sample), strict=True):
        assert set(told.items()) <= set(true.items())
        assert set(true) - set(told) <= {"stain"}  # which half of the reports leave out
    assert {word for report in reports for word in report.split()} == set(WORLD.vocabulary)
    assert max(len(report.split()) for report in reports) <= 32
    said = [report.count(".") for report in reports]
    assert {min(said), max(said)} == {2, 4}


def test_what_contradicts_itself_or_is_not_said_is_left_out():
    told = WORLD.read(["heart normal . heart widened .", "lungs clear .", "small nodule left . device in place ."])
    assert told[0] == {"domain": "cxr", "device": "absent"}
    assert told[1] == {"domain": "cxr", "finding": "none", "device": "absent"}
    assert told[2] == {"domain": "cxr", "finding": "nodule", "side": "left", "extent": "small", "device": "present"}
    with pytest.raises(DataError, match="no report"):
        WORLD.read([])


def test_shares_are_those_of_the_equations():
    sample = WORLD.sample(40_000, seed=2)
    old = (sample["age"] - 20) / 70
    assert sample["heart"].mean() == pytest.approx((0.15 + 0.6 * old).mean(), abs=0.01)
    sick = 0.45 + 0.25 * old + 0.2 * sample["smoking"]
    assert (sample["finding"] > 0).mean() == pytest.approx(sick.mean(), abs=0.01)
    assert (sample["zone"][sample["finding"] == 2] == 2).all()  # an effusion lies at the base
    both = (sample["heart"] == 1) & (sample["finding"] == 2)
    assert sample["device"][both].mean() == pytest.approx(0.65, abs=0.02)
    assert sample["necrosis"][(sample["grade"] == 0) & (sample["cells"] == 0)].mean() == pytest.approx(0.05, abs=0.01)


def test_an_effusion_fills_the_base_of_the_lung_that_it_is_in_and_nothing_else():
    fact = WORLD.sample(200, seed=3, do="do(domain=cxr, finding=none, device=absent)")
    other = WORLD.counterfactual(fact, "do(domain=cxr, finding=effusion, extent=large, device=absent)")
    before, after = (WORLD.render(rows, size=32) for rows in (fact, other))
    for number, side in enumerate(LABELS["side"]):
        here = np.flatnonzero(other["side"] == number)
        assert (half_of_lung(other, after[here], side, 0.65, 0.75) > 180).all()
        assert (half_of_lung(fact, before[here], side, 0.65, 0.75) < 130).all()
        away = slice(0, 16) if side == "left" else slice(16, 32)
        assert np.array_equal(before[here][:, :, away], after[here][:, :, away])  # not even the grain
    for a, b in zip(WORLD.reports(fact), WORLD.reports(other), strict=True):
        kept = {s for s in a.split(" . ") if "lungs" not in s}
        assert {s.removesuffix(" .") for s in kept} <= {s.removesuffix(" .") for s in b.split(" . ")}


@pytest.mark.parametrize("name", [name for held in ATTRIBUTES.values() for name in held])
def test_every_attribute_shows_in_image_and_report_of_its_domain_and_in_no_other(name):
    domain = next(d for d, held in ATTRIBUTES.items() if name in held)
    there = "finding=opacity, stain=pale" if name != "finding" else "stain=pale"
    first, last = LABELS[name][0], LABELS[name][-1]
    for shown in ATTRIBUTES:
        held = ", ".join(part for part in there.split(", ") if not part.startswith(f"{name}="))
        base = f"domain={shown}" + (f", {held}" if held else "")
        fact = WORLD.sample(60, seed=4, do=f"do({base}, {name}={first})")
        other = WORLD.counterfactual(fact, f"do({base}, {name}={last})")
        still = np.array_equal(WORLD.render(fact), WORLD.render(other))
        assert still is (shown != domain)
        assert (WORLD.reports(fact) == WORLD.reports(other)) is (shown != domain)


def test_rows_are_images_with_their_reports_and_the_causes():
    sample = WORLD.sample(5, seed=5)
    rows = WORLD.rows(sample).known
    assert rows.pictures("image").shape == (5, 16, 16, 3)
    assert rows.texts("report") == WORLD.reports(sample)
    assert set(WORLD.visible) <= set(rows.names)
    assert "grain" not in rows


def test_options_out_of_range_are_refused():
    with pytest.raises(OptionError, match=r"noise lies in \[0, 1\], got 2"):
        WardWorld(noise=2)
    with pytest.raises(OptionError, match="one view"):
        WORLD.render(WORLD.sample(1), view="left")


@pytest.mark.parametrize(
    ("part", "without"),
    [("finding", {"finding": "none"}), ("device", {"device": "absent"}), ("necrosis", {"necrosis": "absent"})],
)
def test_the_pixels_of_a_part_are_those_that_change_without_it(part, without):
    world = WardWorld(noise=0.0)
    fact = world.sample(120, seed=4)
    other = world.counterfactual(fact, without)
    shown = world.segments(fact, size=32)[part]
    moved = (world.render(fact, size=32) != world.render(other, size=32)).any(-1)
    assert shown.any()
    # The soft edge of a lung has by chance the very grey of an infiltrate here and there.
    assert (shown & ~moved).sum() <= 0.01 * shown.sum()


def test_no_pixel_of_a_ward_shows_two_parts_and_each_domain_has_its_own():
    fact = WORLD.sample(60, seed=2)
    masks = WORLD.segments(fact, size=24)
    assert sum(mask.astype(int) for mask in masks.values()).max() <= 1
    tissue = fact["domain"] == 1
    assert not masks["lungs"][tissue].any()
    assert not masks["cells"][~tissue].any()
    assert masks["heart"][~tissue].any(axis=(1, 2)).all()
