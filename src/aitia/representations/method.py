"""The systems that look for latent causes: fit, encode, save, what each cannot do without, and what `do` sets.

The latents are z1, z2, ... and have no names of their own. `do(z2=1)` sets one; with a decoder the row is decoded from
its codes with that latent set, which is an edit and no counterfactual: what the codes do not hold is lost.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.errors import DataError
from aitia.nn.pretrained import Pretrained, fitted
from aitia.report import Block
from aitia.representations.config import RepresentationConfig
from aitia.representations.judge import judged
from aitia.representations.networks import AT_ONCE, Network, VAENetwork, decode
from aitia.representations.page import blocks
from aitia.representations.rows import Rows, features_of, observed_shape, seen_of
from aitia.runs import RunStore
from aitia.system import Edits, Encodes, Given, Scores, Target, Targets, Training
from aitia.train import Batches, History, RowBatches, train

__all__ = ["Assumption", "Decoding", "Representation", "as_array"]

Values = NDArray[np.float64]
Assumption = Literal["labels", "domain labels", "views", "time"]
_VALIDATION_BATCHES = 8


class Representation(Pretrained, Encodes):
    """A method that looks for latent causes.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        history: How the training went.
    """

    assumes: ClassVar[tuple[Assumption, ...]] = ()
    """What the data have to offer."""
    config: RepresentationConfig
    history: History | None = None
    _net: Network | None = None
    _shape: tuple[int, ...] = ()

    # -- what a method gives -------------------------------------------------------------------------------------------

    @abstractmethod
    def _build(self) -> Network:
        """The network, for observations of the shape `_shape`."""

    def _tensors(self, data: Rows) -> tuple[Tensor, ...]:
        """What a row of a batch consists of."""
        return (torch.from_numpy(np.array(data.x)),)

    def _batches(self, data: Rows) -> Batches:
        """The batches of a training."""
        return RowBatches(self._tensors(data), self.config.batch, self.config.seed)

    def _learn_from(self, data: Rows) -> None:
        """Reads off the data what the network is built by, such as the names of the domains."""

    def _finish(self, data: Rows) -> None:
        """Reads off the data what only a fitted network knows."""

    def _learnt(self) -> dict[str, Any]:
        """What `_learn_from` and `_finish` learnt, as JSON values."""
        return {}

    def _restore(self, learnt: Mapping[str, Any]) -> None:
        """Takes back what `_learnt` gave."""

    def _names(self, codes: Values) -> tuple[str, ...]:
        """What the columns of the codes are called."""
        return tuple(f"z{k + 1}" for k in range(codes.shape[-1]))

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Refuses rows without what the method assumes.

        Raises:
            DataError: If the data lack it, or have no shape that the method can see.
        """
        data = self.rows(given)
        offered = {
            "labels": data.labels is not None,
            "domain labels": data.domain is not None and len(np.unique(data.domain)) > 1,
            "views": data.views,
            "time": data.frames is not None and data.frames > 1,
        }
        for assumption in self.assumes:
            if not offered[assumption]:
                raise DataError(f"{self.card.slug} needs {_TOLD[assumption]}: {data.source} offers none")

    def work(self, given: Given) -> str:
        """Steps and rows."""
        return f"{self.config.steps} steps of {self.config.batch} rows ({len(given)} in all)"

    def rows(self, given: Given) -> Rows:
        """What is given, as the method looks at it: the columns of the fit, where they are there."""
        return Rows.of(self._placed(given), views="views" in self.assumes)

    def _placed(self, given: Given) -> Given:
        """The same with the features in their role, where they are those of the fit or of no other role."""
        if given.columns("feature"):
            return given
        kept = self.roles.get("feature", ())
        names = tuple(kept) if kept and all(name in given.table for name in kept) else features_of(given)
        return replace(given, roles={**given.roles, "feature": names}) if names else given

    def _fit(self, given: Given, run: RunStore) -> None:
        given = self._placed(given)
        self.roles = dict(given.roles)
        data, config = self.rows(given), self.config
        self._shape = data.shape
        self._learn_from(data)
        kept, held = data.split(config.held_out, config.seed)
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            net = self._build()
        net.learn_scale(torch.from_numpy(np.array(kept.x)), config.scale == "common")
        if run.checkpoint is not None:
            run.checkpoint.mkdir(parents=True, exist_ok=True)
        unseen = self._batches(held)
        parts = min(-(-len(held) // config.batch), _VALIDATION_BATCHES)

        def validate() -> float:
            device = next(net.parameters()).device
            losses = [net(*(tensor.to(device) for tensor in unseen(part, 0, 1)))["loss"] for part in range(parts)]
            return float(torch.stack(losses).mean())

        self.history = train(
            net,
            self._batches(kept),
            config.training(),
            validate=validate,
            checkpoint=None if run.checkpoint is None else run.checkpoint / f"{self.card.slug}.safetensors",
            progress=run.progress,
            what=f"training {self.card.slug}",
        )
        self._net = net.cpu().eval()
        self._finish(data)

    @property
    def training(self) -> Training:
        """Losses, and which state was taken."""
        if self.history is None:
            return Training()
        best = self.history.best_step
        notes = (f"The state after {best} steps had the best loss on held-out rows and was taken.",) if best else ()
        return Training((("training", tuple(self.history.losses)),), notes)

    # -- asking --------------------------------------------------------------------------------------------------------

    def codes(self, *data: Any, **roles: Any) -> Values:
        """The codes as an array, (n, k), or (n, frames, k) of clips, with the latents that are held set.

        Raises:
            OptionError: If the method has not been fitted.
            DataError: If the observations have another shape than those of the training, or are not finite.
        """
        fitted(self._net, self)
        given = self._placed(self.given(*data, **roles))
        return self._acted(self._encoded(Rows(seen_of(given)).x))

    def _encoded(self, x: NDArray[Any]) -> Values:
        net = fitted(self._net, self)
        assert isinstance(net, Network)
        if observed_shape(x) != self._shape:
            raise DataError(
                f"{self.card.slug} was trained on observations of shape {self._shape}, got {observed_shape(x)}"
            )
        with torch.no_grad():
            parts = [net.encode(torch.from_numpy(np.array(x[at : at + AT_ONCE]))) for at in range(0, len(x), AT_ONCE)]
        codes: Values = torch.cat(parts).double().numpy()
        return codes

    def _acted(self, codes: Values) -> Values:
        """The codes with the latents set that are held."""
        for name, action in self.held.items():
            k = int(str(name)[1:]) - 1
            u = np.random.default_rng([self.config.seed, 89, k]).random(codes.shape[:-1])
            codes[..., k] = action.apply(codes[..., k], u)
        return codes

    def _encode(self, given: Given) -> Table:
        """A column for each latent: a number a row, or a number a frame of clips."""
        codes = self.codes(given)
        columns = {name: codes[..., k] for k, name in enumerate(self._names(codes))}
        return Table.of(columns, kinds=dict.fromkeys(columns, "number"))

    # -- judging and keeping -------------------------------------------------------------------------------------------

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """What the codes know of the true variables; see `judge.py`."""
        return judged(self, self._placed(fresh), self._placed(seen))

    def _network(self) -> nn.Module:
        return fitted(self._net, self)

    def _options(self) -> dict[str, Any]:
        return {"config": asdict(self.config), "shape": list(self._shape), "learnt": self._learnt()}

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(cls.Config(**options["config"]))
        model._shape = tuple(options["shape"])
        model._restore(options["learnt"])
        model._net = model._build().eval()
        return model


class Decoding(Representation, Edits):
    """A method with a decoder: `do` sets latents, and `edit` decodes rows with them set."""

    ranges: tuple[tuple[float, float], ...] = ()
    """Least and largest value of each latent over the rows of the fit."""

    @property
    def targets(self) -> Targets:
        """The latents."""
        about = "sets the latent; the row is decoded from its codes with it set"
        return Targets(Target(f"z{k + 1}", (), (low,), (high,), about) for k, (low, high) in enumerate(self.ranges))

    def decode(self, codes: Any) -> NDArray[Any]:
        """The observations that codes are decoded to: images of bytes, or vectors.

        Args:
            codes: (n, k), or (n, frames, k) of clips, as `codes` gives them.

        Raises:
            DataError: If codes have another number of latents.
        """
        net = fitted(self._net, self)
        assert isinstance(net, VAENetwork)
        return decode(net, codes)

    def _edit(self, given: Given) -> Data:
        """The rows decoded with the latents set that are held; the rows themselves where none is."""
        if not self.held:
            return given.data
        given = self._placed(given)
        made = self.decode(self.codes(given))
        if given.data.sequences is not None:
            return given.data.with_sequences(made)
        if column := given.column("image"):
            return given.data.with_known({column: made}, {column: "picture"})
        names = given.columns("feature")
        return given.data.with_known(dict(zip(names, made.T, strict=True)), dict.fromkeys(names, "number"))

    def truth(self, given: Given, intervention: Any) -> Data | None:
        """None: a world knows nothing of the latents of a model."""
        return None if intervention else given.data

    def report(self, given: Given) -> Sequence[Block]:
        """For each true variable, rows with the latent that goes with it best set to values from its range."""
        return blocks(self, self._placed(given))

    def _fit(self, given: Given, run: RunStore) -> None:
        super()._fit(given, run)
        codes = self._encoded(self.rows(given).x)
        flat = codes.reshape(-1, codes.shape[-1])
        self.ranges = tuple(zip(flat.min(axis=0).tolist(), flat.max(axis=0).tolist(), strict=True))

    def _options(self) -> dict[str, Any]:
        return {**super()._options(), "ranges": [list(pair) for pair in self.ranges]}

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = super()._rebuild(options)
        model.ranges = tuple((low, high) for low, high in options["ranges"])
        return model


_TOLD: Mapping[Assumption, str] = {
    "labels": "labels (values of the true variables)",
    "domain labels": "domain labels (a column `domain` with two or more values)",
    "views": "views (rows that share an `id`)",
    "time": "time (clips of two or more frames)",
}


def as_array(codes: Table) -> Values:
    """A table of codes as an array, (n, k), or (n, frames, k) of clips."""
    return np.stack([codes.column(name) for name in codes.names], axis=-1)
