"""The network that gives the feature: any module, read at a site; or none, where features are given."""

import copy
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from aitia.data.subjects import Network, Subject
from aitia.errors import DataError, FormatError, MissingExtraError, OptionError, UnknownVariableError, join_names
from aitia.nn.hugging_face import from_hugging_face
from aitia.nn.language import mean_state
from aitia.nn.opening import open_module
from aitia.nn.sites import Site, intervene
from aitia.nn.sites.places import find_places
from aitia.systems.causal_info_min.rows import FEATURES

__all__ = ["HeldWeights", "Tap", "described", "open_network", "rebuild_network", "taken_by"]


class Tap(nn.Module):
    """What a module gives at a site, as one vector a row: tokens and maps are averaged.

    Args:
        model: Any module; None passes on the input `features`.
        feature: The site, `.` for what the model gives.

    Raises:
        UnknownVariableError: If the model has no such module; names those that it has.
    """

    def __init__(self, model: nn.Module | None, feature: str = ".") -> None:
        super().__init__()
        self.model, self.site = model, Site(feature)
        if model is not None and not isinstance(model, HeldWeights):
            try:
                find_places(model, [self.site])
            except UnknownVariableError as error:
                parts = join_names([name for name, _ in model.named_modules() if name], 24)
                raise UnknownVariableError(f"{error}. As a feature name one of: {parts}") from None

    def check(self, inputs: Mapping[str, Tensor]) -> None:
        """Refuses inputs that the model does not take, or lacks.

        Raises:
            DataError: Names the input and those that the model takes.
        """
        if self.model is None:
            if set(inputs) != {FEATURES} or inputs[FEATURES].ndim != 2 or not inputs[FEATURES].is_floating_point():
                raise DataError(
                    "without a network the features are one array of real numbers (rows, columns), got "
                    f"{ {name: tuple(tensor.shape) for name, tensor in inputs.items()} }"
                )
            return
        if isinstance(self.model, HeldWeights):
            raise OptionError(f"this was fitted on a {self.model.name} of your own: attach it first, attach(model)")
        parameters = inspect.signature(self.model.forward).parameters
        kinds = {p.kind for p in parameters.values()}
        needed = [
            name
            for name, p in parameters.items()
            if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        ]
        if missing := [name for name in needed if name not in inputs]:
            raise DataError(
                f"the input {missing[0]!r} is missing: {type(self.model).__name__} takes {join_names(needed)}, "
                f"got {join_names(inputs)}"
            )
        unknown = [name for name in inputs if name not in parameters]
        if unknown and inspect.Parameter.VAR_KEYWORD not in kinds:
            raise DataError(
                f"{type(self.model).__name__} takes no input {unknown[0]!r}; it takes {join_names(parameters)}"
            )

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """(n, columns), with gradients where they are on."""
        if self.model is None:
            return inputs[FEATURES]
        gradients = torch.is_grad_enabled()
        with intervene(self.model, record=[self.site], training=True, gradients=gradients) as run:
            self.model(**inputs)
        value = next(iter(run.values()))
        if value.ndim == 3:
            mask = inputs.get("attention_mask")
            value = value.mean(dim=1) if mask is None or mask.shape != value.shape[:2] else mean_state(value, mask)
        return value.flatten(2).mean(dim=2) if value.ndim > 3 else value

    def frozen(self) -> "Tap":
        """A copy in evaluation mode that does not learn."""
        return copy.deepcopy(self).eval().requires_grad_(False)


class HeldWeights(nn.Module):
    """Weights of a network whose code is not here, under their own names.

    Args:
        name: Of its class.
        leaves: Shape and type of each weight.
    """

    def __init__(self, name: str, leaves: Mapping[str, tuple[list[int], str]]) -> None:
        super().__init__()
        self.name = name
        for path, (shape, kind) in leaves.items():
            *inside, last = path.split(".")
            place: nn.Module = self
            for part in inside:
                if part not in place._modules:
                    place.add_module(part, nn.Module())
                place = place.get_submodule(part)
            place.register_buffer(last, torch.zeros(shape, dtype=getattr(torch, kind)))


def described(model: nn.Module | None) -> dict[str, Any] | None:
    """What `rebuild_network` needs, as JSON values."""
    if model is None:
        return None
    config = getattr(model, "config", None)
    if type(model).__module__.startswith("transformers.") and config is not None:
        told = _without(config.to_dict(), "_name_or_path")  # where it was read from is no part of what it is
        return {"transformers": type(model).__name__, "model_type": config.model_type, "config": told}
    leaves = {
        name: (list(leaf.shape), str(leaf.dtype).removeprefix("torch.")) for name, leaf in model.state_dict().items()
    }
    return {"name": model.name if isinstance(model, HeldWeights) else type(model).__name__, "leaves": leaves}


def rebuild_network(said: Mapping[str, Any] | None) -> nn.Module | None:
    """The network that `described` told of, its weights to be filled in; one of the user's own is held by its names."""
    if said is None:
        return None
    if "transformers" not in said:
        return HeldWeights(said["name"], said["leaves"])
    transformers = _transformers()
    config = transformers.AutoConfig.for_model(said["model_type"], **_without(said["config"], "model_type"))
    model: nn.Module = getattr(transformers, said["transformers"])(config)
    return model


def taken_by(model: nn.Module | None) -> tuple[str, ...]:
    """Names of the inputs of a network; none without one."""
    return () if model is None else tuple(inspect.signature(model.forward).parameters)


def open_network(subject: Subject) -> nn.Module:
    """The network that a subject names: the module itself, what `package.module:name` gives, or a Hugging Face model.

    Raises:
        FormatError: If there is none, or its weights are a pickle.
        MissingExtraError: If transformers is not installed.
    """
    network = cast(Network, subject)
    in_code = network.opened is not None or ":" in network.id
    return open_module(network) if in_code else load_network(network.where())


def load_network(source: str | Path) -> nn.Module:
    """The network of a Hugging Face id or folder, without a head.

    Raises:
        FormatError: If there is none, or its weights are a pickle.
        MissingExtraError: If transformers is not installed.
    """
    from safetensors import SafetensorError

    try:
        # A pickle can run any program when it is read, so only safetensors are.
        library = _transformers()
        model: nn.Module = from_hugging_face(library.AutoModel, str(source), use_safetensors=True)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise FormatError(f"{source} cannot be loaded as a network: {first}") from error
    return model


def _transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError(
            "this needs transformers, which is not installed: pip install 'aitia[language]'"
        ) from error
    return transformers


def _without(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key != name}
