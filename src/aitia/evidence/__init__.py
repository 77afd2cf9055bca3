"""What a claim is: parts that are measured on worlds with truth, beside baselines, over seeds, with an interval."""

from aitia.evidence.claim import Claim, ClaimContext, Evidence, Row, row

__all__ = ["Claim", "ClaimContext", "Evidence", "Row", "row"]
