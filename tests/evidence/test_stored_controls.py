"""Negative controls of the claims that ship: each is run, stored with the code as it is, and does not hold."""

import pytest

from aitia.evidence import STORED, control_faults, stored_evidence, unfaced
from aitia.system import systems
from aitia.workflow.verify import claim_of, source_of

FACED = (
    "alignment-hurts",
    "causal2vec",
    "cm3",
    "diff-quickfix",
    "lina",
    "lm-objectives",
    "medim",
    "next-token-concepts",
    "sift",
    "tabpfn",
    "ume-r1",
)
"""Systems each of whose judged rows is to be failed by a control."""
CLAIMS = sorted(
    slug for slug, entry in systems().items() if entry.card.claim and entry.package.startswith("aitia.systems.")
)


def test_every_claim_has_evidence_that_can_be_judged():
    stored = {slug: stored_evidence(STORED, slug) for slug in CLAIMS}
    assert [slug for slug, kept in stored.items() if kept is None or kept.verdict == "ungraded"] == []


@pytest.mark.parametrize("slug", CLAIMS)
def test_every_claim_names_its_swap_and_a_control(slug):
    claim = claim_of(slug)
    assert claim.swap
    assert claim.controls


@pytest.mark.parametrize("slug", CLAIMS)
def test_the_stored_control_is_of_this_code_and_does_not_hold(slug):
    claim = claim_of(slug)
    assert control_faults(stored_evidence(STORED, slug), claim.controls, source_of(slug)) == []


@pytest.mark.parametrize("slug", FACED)
def test_every_judged_row_is_failed_by_a_control_or_the_claim_says_why_by_none(slug):
    kept = stored_evidence(STORED, slug)
    assert kept.uncontrolled == claim_of(slug).uncontrolled
    assert unfaced(kept) == []
