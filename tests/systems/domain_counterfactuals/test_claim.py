"""The claim of domain counterfactuals on worlds of three latents: the relaxed form holds it, and its swap does not."""

from functools import partial

import pytest

import aitia.systems.domain_counterfactuals.claim as claim
from aitia.evidence import swap_holds
from aitia.systems.domain_counterfactuals import DomainCounterfactuals
from aitia.worlds import LatentDomainsWorld

SETTING = "3 domains, changing latents last"


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(claim, "ROWS", 800)
    monkeypatch.setattr(claim, "LatentDomainsWorld", partial(LatentDomainsWorld, size=3))
    monkeypatch.setattr(claim, "DomainCounterfactuals", partial(DomainCounterfactuals, steps=300, restarts=1, batch=60))


def test_it_holds_where_the_last_mechanism_alone_may_change_and_not_where_all_may(small, development):
    found = development(6).over_seeds("a", partial(claim._forms, 3, (2,), "inside"), 6)
    rows = claim._against_dense("a", SETTING, found, "relaxed", "dense", bar=0.6)
    assert all(row.holds for row in rows), [row.judged for row in rows]
    assert {j.rival for row in rows for j in row.judged} == {claim.CLAIM.swap, "do nothing", claim.AFFINE}
    assert swap_holds(rows, claim.CLAIM.swap) is False


def test_with_the_domains_shuffled_the_relaxed_form_is_no_better(small):
    errors = claim._forms(3, (2,), "inside", 1000, shuffled=True)
    assert errors["relaxed"] / errors["dense"] > 0.6
