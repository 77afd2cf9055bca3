"""The methods that can be fitted from the command line; a new one of a kind that is here adds its line."""

from importlib import import_module
from typing import NamedTuple

from aitia.errors import OptionError
from aitia.workflow.contract import Adapter, missing_extra
from aitia.workflow.options import nearest

__all__ = ["find_method", "method_names"]


class _Home(NamedTuple):
    kind: str
    module: str
    cls: str


_SYSTEMS, _SUITE = "aitia.systems", "aitia.systems.causalverse"
_CODES = "representations:RepresentationAdapter"
_HOMES = {
    "beta-vae": _Home(_CODES, _SUITE, "BetaVAE"),
    "causal-motion": _Home("forecasts:CausalMotionAdapter", f"{_SYSTEMS}.causal_motion", "CausalMotion"),
    "causal-vae": _Home("causes:CauseAdapter", f"{_SYSTEMS}.causal_vae", "CausalVae"),
    "domain-counterfactuals": _Home(
        "domains:DomainAdapter", f"{_SYSTEMS}.domain_counterfactuals", "DomainCounterfactuals"
    ),
    "gcrl": _Home("forecasts:GCRLAdapter", f"{_SYSTEMS}.gcrl", "GCRL"),
    "gde": _Home("sets:SetAdapter", f"{_SYSTEMS}.gde", "GDE"),
    "idol": _Home(_CODES, _SUITE, "IDOL"),
    "ivae": _Home(_CODES, _SUITE, "IVAE"),
    "jacobian-sparsity": _Home(_CODES, _SUITE, "JacobianSparsity"),
    "multi-view": _Home(_CODES, _SUITE, "MultiView"),
    "sufficient-change": _Home(_CODES, _SUITE, "SufficientChange"),
    "supervised": _Home(_CODES, _SUITE, "Supervised"),
    "tcl": _Home(_CODES, _SUITE, "TCL"),
    "tdrl": _Home(_CODES, _SUITE, "TDRL"),
    "time-ivae": _Home(_CODES, _SUITE, "TimeIVAE"),
    "vae": _Home(_CODES, _SUITE, "VAE"),
}
"""For each slug the kind of method, its module and its class. The configuration is the class's `config_class`, or
stands beside the class as NAMEConfig."""


def method_names() -> tuple[str, ...]:
    """The slugs, sorted."""
    return tuple(sorted(_HOMES))


def find_method(slug: str) -> Adapter:
    """The method of this name.

    Raises:
        OptionError: If there is none; names the nearest.
        MissingExtraError: If a package that it needs is not installed.
    """
    if slug not in _HOMES:
        raise OptionError(
            f"there is no method {slug!r} to fit.{nearest(slug, _HOMES)} There are: {', '.join(method_names())}"
        )
    home = _HOMES[slug]
    file, kind = home.kind.split(":")
    try:
        module = import_module(home.module)
        made: type[Adapter] = getattr(import_module(f"aitia.workflow.{file}"), kind)
        cls = getattr(module, home.cls)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("aitia"):
            raise
        raise missing_extra(slug, error) from error
    config = getattr(cls, "config_class", None) or getattr(module, f"{home.cls}Config")
    return made(slug, cls, config)
