"""The search that constraint-based learners share: checks, skeleton, orientation."""

from aitia.stats.search.auto import choose_test
from aitia.stats.search.checks import check_table, table_warnings
from aitia.stats.search.config import SearchConfig
from aitia.stats.search.evidence import ColliderRule
from aitia.stats.search.learner import ConstraintSearch
from aitia.stats.search.orientation import Orientation
from aitia.stats.search.partial_correlation import partial_correlation_skeleton
from aitia.stats.search.records import Skeleton, TestRecord
from aitia.stats.search.skeleton import Asker, Constraints, find_skeleton, predicted_seconds

__all__ = [
    "Asker",
    "ColliderRule",
    "ConstraintSearch",
    "Constraints",
    "Orientation",
    "SearchConfig",
    "Skeleton",
    "TestRecord",
    "check_table",
    "choose_test",
    "find_skeleton",
    "partial_correlation_skeleton",
    "predicted_seconds",
    "table_warnings",
]
