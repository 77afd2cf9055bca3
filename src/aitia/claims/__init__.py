"""Each paper's claim, measured here: on worlds with truth, beside baselines, over seeds, with an interval."""

from aitia.claims.evidence import Claim, ClaimContext, Evidence, Row, row
from aitia.claims.verify import claim_of, stored_evidence, verify

__all__ = ["Claim", "ClaimContext", "Evidence", "Row", "claim_of", "row", "stored_evidence", "verify"]
