"""Sparse autoencoders in the files of SAELens: `cfg.json` beside `sae_weights.safetensors`.

    architecture   here            weights beside W_enc (width, features), W_dec (features, width) and b_dec
    standard       relu            b_enc
    topk           top-k           b_enc; k in the config
    jumprelu       threshold       b_enc, threshold
    gated          gated           b_gate, b_mag, r_mag

What SAELens calls `normalize_activations` is taken over where a run of the model alone says it (`none`, `layer_norm`,
`constant_norm_rescale`). Configs of version 6 and of those before it are read.

Source:
    Bloom, Tigges, Duong and Chanin, SAELens (2024), https://github.com/jbloomAus/SAELens.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aitia.errors import FormatError, OptionError, RunError
from aitia.files import write_whole
from aitia.guard import guarded, read_json
from aitia.nn.sparse_autoencoders import Activation, Normalisation, SparseAutoencoder
from aitia.nn.weights import read_weights
from aitia.saving import made

__all__ = ["CONFIG", "WEIGHTS", "TrainedOn", "read_saelens", "write_saelens"]

CONFIG, WEIGHTS = "cfg.json", "sae_weights.safetensors"
_ACTIVATIONS: Mapping[str, Activation] = {
    "standard": "relu", "topk": "top-k", "jumprelu": "threshold", "gated": "gated"
}  # fmt: skip
_NORMALISED: Mapping[str, Normalisation] = {
    "none": "none", "constant_norm_rescale": "length", "layer_norm": "layer"
}  # fmt: skip
_LEAVES = {
    "encoder": "W_enc",
    "decoder": "W_dec",
    "decoder_bias": "b_dec",
    "encoder_bias": "b_enc",
    "threshold": "threshold",
    "magnitude_scale": "r_mag",
    "magnitude_bias": "b_mag",
}
"""Ours, and what SAELens calls it; of a gated one the bias of the encoder is `b_gate`."""


@dataclass(frozen=True)
class TrainedOn:
    """What an autoencoder says of its training.

    Args:
        model: Name of the language model; empty where it does not say.
        place: Where in it, in the words of TransformerLens, such as `blocks.8.hook_resid_pre`.
    """

    model: str = ""
    place: str = ""


def read_saelens(folder: str | Path) -> tuple[SparseAutoencoder, TrainedOn]:
    """The autoencoder in a folder, and what it was trained on.

    Raises:
        FormatError: If a file is missing or damaged, the tensors do not fit together or are not finite, or it is of a
            kind or scale that is not known here; says which.
    """
    place = Path(folder)
    config = read_json(place / CONFIG, dict)
    with guarded(place / CONFIG, "is no config of SAELens"):
        told = config.get("metadata") or config
        on = TrainedOn(str(told.get("model_name") or ""), str(told.get("hook_name") or ""))
        name, k = _architecture(config)
        scale = str(config.get("normalize_activations") or "none")
        options: dict[str, Any] = {
            "width": int(config["d_in"]),
            "features": int(config["d_sae"]),
            "k": k,
            "centred": bool(config.get("apply_b_dec_to_input", True)),
            "by_length": bool(config.get("rescale_acts_by_decoder_norm", False)),
        }
    if name not in _ACTIVATIONS:
        raise FormatError(f"{place / CONFIG}: the architecture {name!r} is none of {', '.join(_ACTIVATIONS)}")
    if scale not in _NORMALISED:
        raise FormatError(
            f"{place / CONFIG}: activations are scaled by {scale!r}, a number that is not in the files: fold it into "
            "the weights with fold_activation_norm_scaling_factor of SAELens, and save it anew"
        )
    with guarded(place / CONFIG, "is no config of SAELens"):
        found = SparseAutoencoder(activation=_ACTIVATIONS[name], normalised=_NORMALISED[scale], **options)
    tensors, _ = read_weights(place / WEIGHTS)
    _fill(found, tensors, place / WEIGHTS)
    return found.eval(), on


def _architecture(config: Mapping[str, Any]) -> tuple[str, int]:
    """Its name, and k of top-k; before version 6 top-k was an activation of the standard one."""
    name = str(config.get("architecture") or "standard")
    given = config.get("activation_fn_kwargs") or {}
    if name == "standard" and "topk" in (config.get("activation_fn_str"), config.get("activation_fn")):
        name = "topk"
    return name, int(config.get("k") or given.get("k") or 0) if name == "topk" else 0


@torch.no_grad()
def _fill(found: SparseAutoencoder, tensors: Mapping[str, Tensor], path: Path) -> None:
    for ours, leaf in found.state_dict().items():
        name = "b_gate" if ours == "encoder_bias" and found.activation == "gated" else _LEAVES[ours]
        if name not in tensors:
            raise FormatError(f"{path} lacks {name}, here of shape {tuple(leaf.shape)}")
        if tensors[name].shape != leaf.shape:
            raise FormatError(f"{path}: {name} has shape {tuple(tensors[name].shape)}, not {tuple(leaf.shape)}")
        leaf.copy_(tensors[name])
    for name, tensor in tensors.items():
        if not (finite := torch.isfinite(tensor)).all():
            raise FormatError(
                f"{path}: {int((~finite).sum())} of the {finite.numel()} numbers of {name} are NaN or infinite: save "
                "the autoencoder anew, as it was before its training broke down"
            )
    if "scaling_factor" in tensors:  # of fine-tuned ones: features are multiplied by it before they are decoded
        found.decoder.mul_(tensors["scaling_factor"][:, None])


def write_saelens(autoencoder: SparseAutoencoder, folder: str | Path, on: TrainedOn | None = None) -> None:
    """Writes an autoencoder as a folder that SAELens reads.

    Args:
        autoencoder: Without a linear map beside it, for which SAELens has no place.
        folder: Made where it is not there.
        on: What it was trained on.

    Raises:
        OptionError: If it has such a map.
        RunError: If the folder cannot be written.
    """
    from safetensors.torch import save

    if autoencoder.rank:
        raise OptionError("SAELens has no place for the linear map of a structured autoencoder: train another kind")
    on = TrainedOn() if on is None else on
    names = {ours: theirs for theirs, ours in _ACTIVATIONS.items()}
    scales = {ours: theirs for theirs, ours in _NORMALISED.items()}
    config: dict[str, Any] = {
        "architecture": names[autoencoder.activation],
        "d_in": autoencoder.width,
        "d_sae": autoencoder.features,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": autoencoder.centred,
        "normalize_activations": scales[autoencoder.normalised],
        "reshape_activations": "none",
        "metadata": {"model_name": on.model, "hook_name": on.place},
    }
    if autoencoder.activation == "top-k":
        config |= {"k": autoencoder.k, "rescale_acts_by_decoder_norm": autoencoder.by_length}
    gated = autoencoder.activation == "gated"
    tensors = {
        "b_gate" if gated and ours == "encoder_bias" else _LEAVES[ours]: leaf.detach().float().cpu().contiguous()
        for ours, leaf in autoencoder.state_dict().items()
    }
    place = made(folder)
    write_whole(place / WEIGHTS, save(tensors), RunError)
    write_whole(place / CONFIG, json.dumps(config, indent=2) + "\n", RunError)
