"""The network made again from what was saved of it, and written for other libraries."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from aitia.errors import RunError
from aitia.files import write_whole
from aitia.nn.quiet import without_bars
from aitia.nn.weights import write_weights
from aitia.saving import made
from aitia.systems.causal_info_min.backbone import Tap, rebuild_network
from aitia.systems.causal_info_min.config import CausalInfoMinConfig
from aitia.systems.causal_info_min.debiasers import (
    AdjustedTotalEffect,
    Branch,
    Debiaser,
    Plain,
    Product,
    PublishedTotalEffect,
    TreatmentEffect,
)
from aitia.systems.causal_info_min.dictionary import Dictionary
from aitia.systems.causal_info_min.network import Network

__all__ = ["KINDS", "NOT_EXPORTED", "blank_network", "exported"]

NOT_EXPORTED = (
    "causal-info-min exports the network that it was fitted on, and this was fitted on features: there is no network "
    "behind them; fit it with model="
)
"""Why what was fitted on features exports nothing."""

KINDS: Mapping[str, type[Debiaser]] = {
    "plain": Plain,
    "product": Product,
    "total-effect-published": PublishedTotalEffect,
}
"""The variants that need nothing trained before them."""


def blank_network(config: CausalInfoMinConfig, options: Mapping[str, Any]) -> Network:
    """The network of these options, its weights still to be filled in."""
    width, size = int(options["features"]), len(options["vocabulary"])
    full: Plain | None = None
    if config.variant == "total-effect-adjusted":
        full = Plain(width, size, config)
        debiaser: Debiaser = AdjustedTotalEffect(width, size, config, Branch(width, size, config, 1.0))
    elif config.variant.startswith("treatment"):
        code, entries = config.width(width), int(options["entries"])
        blank = Dictionary(torch.zeros(code, width), torch.zeros(entries, code), torch.zeros(entries))
        debiaser = TreatmentEffect(width, size, config, blank)
    else:
        debiaser = KINDS[config.variant](width, size, config)
    taps = [Tap(rebuild_network(options["backbone"]), options["site"]) for _ in range(1 + options["learned"])]
    return Network(taps[0], taps[1] if options["learned"] else None, debiaser, full).eval()


def exported(network: nn.Module, net: Network, vocabulary: Sequence[Any], folder: Path) -> None:
    """Writes the network as it is now, as its own library opens it, and the heads on its feature beside it.

    A Hugging Face model is written as `from_pretrained` reads it; any other module as `model.safetensors`, which
    `safetensors.torch.load_model` reads. `heads.safetensors` and `answers.json` hold what stands on the feature.

    Raises:
        RunError: If the folder cannot be written.
    """
    folder = made(folder)
    if type(network).__module__.startswith("transformers."):
        try:
            with without_bars():
                cast(Any, network).save_pretrained(folder)
        except OSError as error:
            raise RunError(f"{folder} cannot be written: {error.strerror}") from error
    else:
        write_weights(folder / "model.safetensors", network.state_dict(), {})
    write_weights(folder / "heads.safetensors", net.debiaser.state_dict(), {})
    told = {"site": str(net.backbone.site), "answers": list(vocabulary)}
    write_whole(folder / "answers.json", json.dumps(told, indent=2, ensure_ascii=False) + "\n", RunError)
