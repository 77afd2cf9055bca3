"""Images of gymnasium's cart: what is set is what they show, and environments differ in it."""

import importlib

import numpy as np
import pytest

from aitia.systems.causalverse import cart

claim = importlib.import_module("aitia.systems.causalverse.claim")

pytest.importorskip("gymnasium", reason="gymnasium is not installed")
pytest.importorskip("pygame", reason="pygame is not installed")


def dark(images):
    """The mean column of what is darker than the sky, of each image."""
    weight = (255.0 - images.mean(axis=-1)).sum(axis=1)
    weight -= weight.min(axis=1, keepdims=True)
    return (weight * np.arange(images.shape[2])).sum(axis=1) / weight.sum(axis=1)


def test_the_cart_stands_where_it_is_set_and_the_pole_leans_as_it_is():
    images = cart._drawn(np.array([-0.8, 0.0, 0.8]), np.zeros(3))
    assert images.shape == (3, 12, 24, 3)
    seen = dark(images)
    assert seen[1] == pytest.approx(11.5, abs=0.1), "in the middle"
    assert seen[2] - seen[1] == pytest.approx(seen[1] - seen[0], abs=0.2)
    assert seen[2] - seen[1] == pytest.approx(0.8 / 4.8 * 24, abs=0.3), "4.8 metres are the width"
    left, right = dark(cart._drawn(np.zeros(2), np.array([-0.6, 0.6]))[:, :6])
    assert left < 11 < 12 < right, "the pole, above the cart"


def test_environments_differ_in_means_and_spreads_and_a_seed_gives_the_same():
    one, two = cart.images_of_cart(600, 1000), cart.images_of_cart(600, 1000)
    assert one.roles["truth"] == ["position", "lean"]
    assert (one.data.known.column("x1") == two.data.known.column("x1")).all()
    place, domain = one.data.known.column("position"), np.array(one.data.known.labels("domain"))
    assert np.abs(place).max() <= cart.FARTHEST["position"]
    names = sorted(set(domain))
    assert len(names) == cart.ENVIRONMENTS
    means, spreads = zip(*((place[domain == d].mean(), place[domain == d].std()) for d in names), strict=True)
    assert np.std(means) > 0.1
    assert max(spreads) > 1.5 * min(spreads)


def test_elsewhere_the_rows_say_what_they_need(monkeypatch, development):
    monkeypatch.setattr(claim, "has_cart", lambda: False)
    rows = claim._part_e(development(2))
    assert [row.values for row in rows] == [(), ()]
    assert all("pip install gymnasium pygame" in row.note for row in rows)
