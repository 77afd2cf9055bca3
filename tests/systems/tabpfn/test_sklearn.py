"""`aitia.sklearn("tabpfn")` is an estimator as scikit-learn asks of one."""

import pytest
from sklearn.utils.estimator_checks import check_estimator

import aitia


@pytest.mark.filterwarnings("ignore")  # checks of scikit-learn provoke warnings on purpose
def test_every_check_of_scikit_learn_passes():
    told = check_estimator(aitia.sklearn("tabpfn", ensemble=1), on_fail=None, on_skip=None)
    assert len(told) > 40
    assert [one["check_name"] for one in told if one["status"] == "failed"] == []
