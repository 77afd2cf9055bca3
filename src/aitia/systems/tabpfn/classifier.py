"""The classifier in the manner of scikit-learn, which the system fits and asks.

`fit` trains nothing. It stores the training rows and lets the network read them once; `predict_proba` is one more pass
for the rows asked about, with keys and values of the training rows at hand.
"""

import warnings
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from aitia.errors import DataError, FormatError, OptionError, join_names
from aitia.systems.tabpfn.config import TabPFNConfig
from aitia.systems.tabpfn.inputs import as_frame, densified, find_categories, numbered, read_target, translated
from aitia.systems.tabpfn.members import Members, draw_members
from aitia.systems.tabpfn.shipped import load_weights
from aitia.systems.tabpfn.training import PriorFitted

__all__ = ["TabPFNClassifier"]

Values = NDArray[np.float64]

CHUNK = 1024
"""Queries a pass."""


class TabPFNClassifier:
    """A classifier of small tables of numbers that is fitted by reading.

    Args:
        weights: A folder that `pretrain` wrote, or one on the Hub (`owner/name`); None takes the network shipped.
        ensemble: Passes whose logits are averaged; each sees columns and classes shifted another way.
        power: Whether every second pass sees columns after a power transform.
        subsample: Whether a table with too many rows or columns is cut, each pass to a random part of its own.
        missing: `error` refuses missing values; `mean` takes the mean of the column.
        categories: `error` refuses columns of text; `ordinal` numbers their values in alphabetical order.
        seed: Of the choice of passes.
        device: `auto` takes a GPU where there is one.

    Attributes:
        classes_: The classes, sorted.
        n_features_in_: Columns of the fit.
        feature_names_in_: Their names, where they had some.
        target_: Name of the target, where it had one.
        notes_: What was done to the table, in sentences.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 3))
        >>> y = np.where(X[:, 0] + X[:, 1] > 0, "yes", "no")
        >>> model = TabPFNClassifier().fit(X[:40], y[:40])
        >>> model.predict_proba(X[40:]).shape, float((model.predict(X[40:]) == y[40:]).mean()) > 0.8
        ((20, 2), True)
    """

    n_features_in_: int
    feature_names_in_: NDArray[Any]

    def __init__(
        self,
        weights: str | Path | None = None,
        ensemble: int = 8,
        power: bool = True,
        subsample: bool = False,
        missing: str = "error",
        categories: str = "error",
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.weights, self.ensemble, self.power, self.subsample = weights, ensemble, power, subsample
        self.missing, self.categories, self.seed, self.device = missing, categories, seed, device

    # -- as scikit-learn wants it --------------------------------------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options by name."""
        return {name: getattr(self, name) for name in _PARAMETERS}

    def set_params(self, **options: Any) -> Self:
        """Other options; they count from the next `fit` on.

        Raises:
            OptionError: If there is no such option.
        """
        for name, value in options.items():
            if name not in _PARAMETERS:
                raise OptionError(f"TabPFNClassifier has no option {name!r}; it has {', '.join(_PARAMETERS)}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        return f"TabPFNClassifier({', '.join(f'{name}={value!r}' for name, value in self.get_params().items())})"

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(sparse=True, allow_nan=self.missing == "mean"),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classes_")

    @property
    def config(self) -> TabPFNConfig:
        """The options, checked.

        Raises:
            OptionError: If one is out of range.
        """
        return TabPFNConfig(**self.get_params())

    # -- fitting -------------------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any) -> Self:
        """Stores the rows and reads them once.

        Args:
            X: (n, features): numpy, pandas, polars, Arrow, a `Table` or a sparse matrix.
            y: Classes, (n,).

        Raises:
            OptionError: If an option is out of range.
            DataError: If the table is larger than the network reads, holds text or NaN, or the target no classes.
            FormatError: If there are no such weights.
        """
        name = getattr(y, "name", None)
        self.target_ = None if name is None else str(name)
        config = self.config
        X = as_frame(densified(X))
        classes, labels = read_target(y)
        found = find_categories(X) if config.categories == "ordinal" else {}
        rows = self._rows(X, found, config, reset=True)
        if len(labels) != len(rows):
            raise DataError(f"X has {len(rows)} rows and y {len(labels)}: inconsistent numbers of samples")
        source = load_weights(config.weights)
        self._check_size(rows, classes, source, config)
        with np.errstate(invalid="ignore"):
            kept = np.flatnonzero(np.nanmax(_or_zero(rows), axis=0) > np.nanmin(_or_zero(rows), axis=0))
        if not len(kept):
            raise DataError("every column is constant: there is nothing to tell the classes by")
        notes = []
        if len(kept) < rows.shape[1]:
            gone = np.setdiff1d(np.arange(rows.shape[1]), kept)
            notes.append(f"constant columns were left out: {join_names(self._column_name(j) for j in gone)}")
        self.notes_ = tuple(notes)
        self.classes_, self._kept, self._text = classes, kept, found
        self._used = config
        self._stored = _Stored(source, rows[:, kept], labels)
        self._members: Members | None = None
        self._ready()
        return self

    def _check_size(self, rows: Values, classes: NDArray[Any], source: PriorFitted, config: TabPFNConfig) -> None:
        size, most = source.network_config, source.recipe.most_rows
        if len(classes) > size.classes:
            raise DataError(
                f"the target has {len(classes)} classes, this network knows {size.classes} at most: join some, or give "
                "weights of a larger one"
            )
        for what, given, limit in (("rows", len(rows), most), ("columns", rows.shape[1], size.features)):
            if given > limit and not config.subsample:
                raise DataError(
                    f"the table has {given} {what}, this network reads {limit} at most: take subsample=True, or give "
                    "weights of a larger one"
                )

    def _ready(self) -> Members:
        """The passes, after they have read the training rows."""
        if self._members is None:
            config, stored = self._used, self._stored
            labels = stored.labels.cpu().numpy()
            counts = np.bincount(labels)
            if (counts == 1).any():
                lone = join_names(repr(c) for c in self.classes_[counts == 1].tolist())
                warnings.warn(f"{lone} has one row only: its probabilities mean little", UserWarning, stacklevel=3)
            members = draw_members(
                labels,
                stored.rows.shape[1],
                config.ensemble,
                power=config.power,
                most_rows=stored.source.recipe.most_rows,
                most_features=stored.source.network_config.features,
                seed=config.seed,
            )
            network = stored.network
            if config.device == "auto" and torch.cuda.is_available():
                network = deepcopy(network).to("cuda")  # the network shipped is shared
            self._members = Members(members, network, stored.rows.cpu().numpy(), labels)
        return self._members

    # -- asking --------------------------------------------------------------------------------------------------------

    def predict_proba(self, X: Any) -> Values:
        """Probabilities of the classes, (n, classes), in the order of `classes_`.

        Raises:
            OptionError: If it has not been fitted.
            DataError: If the columns are not those of the fit.
        """
        self._need_fit()
        rows = self._rows(as_frame(densified(X)), self._text, self._used, reset=False)[:, self._kept]
        members = self._ready()
        parts = [members.logits(rows[k : k + CHUNK]) for k in range(0, len(rows), CHUNK)]
        logits = np.concatenate(parts)
        share = np.exp(logits - logits.max(axis=1, keepdims=True))
        probability: Values = share / share.sum(axis=1, keepdims=True)
        return probability

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each row, (n,)."""
        probability = self.predict_proba(X)
        named: NDArray[Any] = self.classes_[probability.argmax(axis=1)]
        return named

    def score(self, X: Any, y: Any) -> float:
        """The share of rows whose class is right."""
        return float(np.mean(self.predict(X) == np.asarray(y)))

    def _rows(self, X: Any, categories: Mapping[int, tuple[str, ...]], config: TabPFNConfig, *, reset: bool) -> Values:
        """Numbers (n, features), checked; columns go by name where they have names."""
        from sklearn.utils.validation import validate_data

        plain = numbered(X, categories)
        rows = translated(
            lambda: validate_data(self, plain, reset=reset, dtype=np.float64, ensure_all_finite=False,
                                  ensure_min_samples=2 if reset else 1)
        )  # fmt: skip
        values = np.array(rows, dtype=np.float64)
        if np.isinf(values).any():
            odd = np.flatnonzero(np.isinf(values).any(axis=0))
            raise DataError(f"there is infinity (inf) in {join_names(self._column_name(j) for j in odd)}")
        odd = np.flatnonzero(np.isnan(values).any(axis=0))
        if len(odd) and config.missing == "error":
            names = join_names(self._column_name(j) for j in odd)
            raise DataError(
                f"values are missing (NaN) in {names}: missing='mean' takes the mean of the column for them"
            )
        return values

    def _column_name(self, j: Any) -> str:
        names = getattr(self, "feature_names_in_", None)
        return f"column {j}" if names is None else repr(str(names[j]))

    def _need_fit(self) -> None:
        if not hasattr(self, "classes_"):
            from sklearn.exceptions import NotFittedError

            # Both the error of this library and the one that scikit-learn's tools catch.
            kind = type("NotFittedError", (OptionError, NotFittedError), {})
            raise kind("this TabPFN has not been fitted: call fit first")

    # -- keeping -------------------------------------------------------------------------------------------------------

    @property
    def network(self) -> nn.Module:
        """The network and the training rows."""
        self._need_fit()
        return self._stored

    def to_json(self) -> dict[str, Any]:
        """All that `from_json` needs beside the weights of `network`."""
        self._need_fit()
        names = getattr(self, "feature_names_in_", None)
        return {
            "parameters": {**self.get_params(), "weights": None if self.weights is None else str(self.weights)},
            "network": self._stored.source._options(),
            "classes": self.classes_.tolist(),
            "classes_dtype": self.classes_.dtype.str,
            "features": self.n_features_in_,
            "target": self.target_,
            "names": None if names is None else [str(name) for name in names],
            "kept": self._kept.tolist(),
            "text": {str(j): list(values) for j, values in self._text.items()},
            "rows": len(self._stored.labels),
            "notes": list(self.notes_),
        }

    @classmethod
    def from_json(cls, options: Mapping[str, Any]) -> Self:
        """The classifier that `to_json` told of, its weights still to be filled in.

        Raises:
            FormatError: If the options are damaged.
        """
        try:
            model = cls(**options["parameters"])
            kind = options["classes_dtype"]
            model.classes_ = np.array(options["classes"], dtype=object if kind.startswith("|O") else np.dtype(kind))
            model.target_ = options["target"]
            model.n_features_in_ = int(options["features"])
            if options["names"] is not None:
                model.feature_names_in_ = np.array(options["names"], dtype=object)
            model._kept = np.array(options["kept"], dtype=np.int64)
            model._text = {int(j): tuple(values) for j, values in options["text"].items()}
            model.notes_ = tuple(options["notes"])
            model._used = model.config
            rows = np.zeros((options["rows"], len(model._kept)))
            source = PriorFitted._rebuild(options["network"])
        except (KeyError, TypeError, AttributeError) as error:
            raise FormatError(f"the options of the TabPFN are damaged: {error}") from error
        model._stored = _Stored(source, rows, np.zeros(len(rows), dtype=np.int64))
        model._members = None
        return model


class _Stored(nn.Module):
    """The network and the training rows: all that is kept."""

    rows: torch.Tensor
    labels: torch.Tensor

    def __init__(self, source: PriorFitted, rows: Values, labels: NDArray[np.int64]) -> None:
        super().__init__()
        self.source, self.network = source, source.network
        self.register_buffer("rows", torch.from_numpy(np.ascontiguousarray(rows)))
        self.register_buffer("labels", torch.from_numpy(labels))


_PARAMETERS = ("weights", "ensemble", "power", "subsample", "missing", "categories", "seed", "device")


def _or_zero(rows: Values) -> Values:
    """A column without any value is constant."""
    empty = np.isnan(rows).all(axis=0)
    return np.where(empty, 0.0, rows)
