"""What the systems that look for latent causes share: what they see, how they are fitted, decoded, judged and shown.

It knows no system by name. A system is a subclass of `Representation`, or of `Decoding` if it has a decoder, with its
loss as a `Network`.
"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.representations.config import DecodingConfig, RepresentationConfig, TransitionConfig
    from aitia.representations.method import Assumption, Decoding, Representation, as_array
    from aitia.representations.networks import Network, VAENetwork
    from aitia.representations.rows import Rows, rows_of, split_rows
    from aitia.representations.score import CodeScore, score

__all__ = [
    "Assumption",
    "CodeScore",
    "Decoding",
    "DecodingConfig",
    "Network",
    "Representation",
    "RepresentationConfig",
    "Rows",
    "TransitionConfig",
    "VAENetwork",
    "as_array",
    "rows_of",
    "score",
    "split_rows",
]

_HOMES = {
    "config": "DecodingConfig RepresentationConfig TransitionConfig",
    "method": "Assumption Decoding Representation as_array",
    "networks": "Network VAENetwork",
    "rows": "Rows rows_of split_rows",
    "score": "CodeScore score",
}
__getattr__ = lazily(__name__, {name: home for home, names in _HOMES.items() for name in names.split()})
