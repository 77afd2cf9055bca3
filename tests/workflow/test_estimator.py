"""Systems as estimators of scikit-learn."""

import pickle

import numpy as np
import pytest

import aitia as library
from aitia.errors import OptionError

REASONS = {"check_array_api_input": "skipped by scikit-learn itself unless SCIPY_ARRAY_API is set"}
"""Checks that are left out, and why."""


def test_an_estimator_passes_the_checks_of_scikit_learn(plugins):
    from sklearn.utils.estimator_checks import estimator_checks_generator

    for estimator, check in estimator_checks_generator(library.sklearn("nearest-row", power=1.0)):
        if getattr(check, "func", check).__name__ not in REASONS:
            check(estimator)


def test_it_keeps_labels_of_any_type_and_its_pickle_holds_saved_files(plugins):
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(20, 2)), rng.normal(4, 1, (20, 2))])
    y = np.repeat(["low", "high"], 20)
    fitted = library.sklearn("nearest-row").fit(x, y)
    assert fitted.predict(x).tolist() == y.tolist()
    packed = pickle.dumps(fitted)
    assert b"NearestRow" not in packed.replace(b'"class": "NearestRow"', b"")
    assert pickle.loads(packed).predict(x).tolist() == y.tolist()


def test_other_systems_and_options_are_refused(plugins):
    with pytest.raises(OptionError, match="tiny-redact does not fill one column"):
        library.sklearn("tiny-redact")
    with pytest.raises(OptionError, match=r"nearest-row has no option 'powr'\. Did you mean 'power'"):
        library.sklearn("nearest-row", powr=1)
    with pytest.raises(OptionError, match="fills a column of kind label, so it is a classifier"):
        library.sklearn("nearest-row", "regressor")
