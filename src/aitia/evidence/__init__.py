"""What a claim is: parts that are measured on worlds with truth, beside rivals, over seeds, and judged by intervals.

intervals   of 95 % over seeds: means, ratios, shares, medians
verdict     holds, open, fails
rows        the values of ours and of every arm, seed by seed, and what they are judged by
replaced    what was asked once and is no more
rivals      who matches ours, and whether the claim would hold for its swap
claim       what is run, and with what
source      the hash of the code that a claim rests on
remembered  that hash in the cache of the user, for `aitia show`
trained_once  small models that several parts begin with, in the same cache
origin      commit, versions, machine
store       the evidence of one run, and its file
summary     the verdict on a system, read from its file alone
"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.evidence.claim import Claim, ClaimContext, Control
    from aitia.evidence.intervals import Interval
    from aitia.evidence.replaced import Replaced, no_more_asked
    from aitia.evidence.rivals import in_place_of_ours, matched_by, swap_holds
    from aitia.evidence.rows import Row, Summary, row
    from aitia.evidence.source import syntax_hash
    from aitia.evidence.store import Evidence, Replay, control_faults, stored_evidence, unfaced
    from aitia.evidence.summary import STORED, verdict_of
    from aitia.evidence.verdict import Judged, judge, tally

__all__ = [
    "STORED",
    "Claim",
    "ClaimContext",
    "Control",
    "Evidence",
    "Interval",
    "Judged",
    "Replaced",
    "Replay",
    "Row",
    "Summary",
    "control_faults",
    "in_place_of_ours",
    "judge",
    "matched_by",
    "no_more_asked",
    "row",
    "stored_evidence",
    "swap_holds",
    "syntax_hash",
    "tally",
    "unfaced",
    "verdict_of",
]

__getattr__ = lazily(
    __name__,
    {
        "Claim": "claim",
        "ClaimContext": "claim",
        "Control": "claim",
        "Evidence": "store",
        "Interval": "intervals",
        "Judged": "verdict",
        "Replaced": "replaced",
        "Replay": "store",
        "Row": "rows",
        "STORED": "summary",
        "Summary": "rows",
        "control_faults": "store",
        "in_place_of_ours": "rivals",
        "judge": "verdict",
        "matched_by": "rivals",
        "no_more_asked": "replaced",
        "row": "rows",
        "stored_evidence": "store",
        "swap_holds": "rivals",
        "syntax_hash": "source",
        "tally": "verdict",
        "unfaced": "store",
        "verdict_of": "summary",
    },
)
