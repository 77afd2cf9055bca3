"""Negative controls of the claims that ship: each is run, stored with the code as it is, and does not hold."""

import pytest

from aitia.evidence import STORED, control_faults, stored_evidence, unfaced
from aitia.system import systems
from aitia.workflow.verify import claim_of, source_of

BEFORE_VALUES = "measured before the values of each seed were stored, and before there were controls"
UNGRADED = dict.fromkeys(
    (
        "alignment-hurts", "causal-motion",
        "domain-counterfactuals", "gcrl", "gde", "tabpfn",
    ),
    BEFORE_VALUES,
)  # fmt: skip
"""Systems whose stored evidence has no controls, and why: each leaves the list once its claim is measured anew."""
NOT_MEASURED: dict[str, str] = {}
"""Systems whose claim was written and not run: each leaves the list with its first evidence."""
FACED = ("causal2vec", "cm3", "diff-quickfix", "lm-objectives", "medim", "next-token-concepts", "sift", "ume-r1")
"""Systems each of whose judged rows is to be failed by a control."""
CLAIMS = sorted(
    slug for slug, entry in systems().items() if entry.card.claim and entry.package.startswith("aitia.systems.")
)
GRADED = [slug for slug in CLAIMS if slug not in UNGRADED and slug not in NOT_MEASURED]


def test_only_evidence_without_values_is_exempt():
    stored = {slug: stored_evidence(STORED, slug) for slug in CLAIMS}
    ungraded = {slug for slug, kept in stored.items() if kept is not None and kept.verdict == "ungraded"}
    assert ungraded == set(UNGRADED), "what is measured anew leaves UNGRADED, and nothing joins it"


def test_only_claims_that_were_never_run_have_no_evidence():
    assert {slug for slug in CLAIMS if stored_evidence(STORED, slug) is None} == set(NOT_MEASURED)


@pytest.mark.parametrize("slug", CLAIMS)
def test_every_claim_names_its_swap_and_a_control(slug):
    claim = claim_of(slug)
    assert claim.swap
    assert claim.controls


@pytest.mark.parametrize("slug", GRADED)
def test_the_stored_control_is_of_this_code_and_does_not_hold(slug):
    claim = claim_of(slug)
    assert control_faults(stored_evidence(STORED, slug), claim.controls, source_of(slug)) == []


@pytest.mark.parametrize("slug", FACED)
def test_every_judged_row_is_failed_by_a_control_or_the_claim_says_why_by_none(slug):
    kept = stored_evidence(STORED, slug)
    assert kept.uncontrolled == claim_of(slug).uncontrolled
    assert unfaced(kept) == []
