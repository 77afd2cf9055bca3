"""The small decoder and encoder that have read texts of `RolesWorld`: every arm of the claim begins with them."""

from dataclasses import asdict, dataclass
from pathlib import Path

from aitia.evidence.trained_once import trained_once
from aitia.nn.language import LanguageModel, load_language_model
from aitia.nn.sequences import SequenceModel
from aitia.systems.causal2vec.backbones import made_decoder, made_encoder, read_by_decoder, read_by_encoder
from aitia.systems.causal2vec.config import Causal2VecConfig
from aitia.systems.causal2vec.embedder import headless
from aitia.systems.causal2vec.pairs import Pairs
from aitia.worlds import RolesWorld

__all__ = ["Readers", "Reading", "readers_of_roles", "seen_pairs", "trained_readers"]

Readers = tuple[SequenceModel, LanguageModel]


@dataclass(frozen=True)
class Reading:
    """Sizes of a reading.

    Args:
        events: Of a text.
        seen: Triples whose texts are read.
        steps: Updates of each model.
        batch: Texts of an update.
        width: Of the decoder.
        layers: Of the same.
        encoder_width: Of the encoder.
        encoder_layers: Of the same.
    """

    events: int
    seen: int
    steps: int
    batch: int
    width: int
    layers: int
    encoder_width: int
    encoder_layers: int


def readers_of_roles(seed: int, sizes: Reading) -> Readers:
    """Decoder and encoder without its head, trained or read from the cache."""

    def read(folder: Path) -> Readers:
        encoder = load_language_model(folder / "encoder", "masked")
        return SequenceModel.load(folder / "decoder"), encoder

    def save(models: Readers, folder: Path) -> None:
        for model, name in zip(models, ("decoder", "encoder"), strict=True):
            model.save(folder / name)

    decoder, encoder = trained_once(
        __name__, RolesWorld(sizes.events).name, asdict(sizes), seed, train=lambda: trained_readers(seed, sizes),
        save=save, read=read,
    )  # fmt: skip
    return decoder, headless(encoder)


def trained_readers(seed: int, sizes: Reading) -> Readers:
    """Decoder and encoder with its head, trained anew."""
    config = Causal2VecConfig(
        first_steps=sizes.steps, batch=sizes.batch, seed=seed, device="cpu", width=sizes.width, layers=sizes.layers,
        encoder_width=sizes.encoder_width, encoder_layers=sizes.encoder_layers,
    )  # fmt: skip
    texts = seen_pairs(seed, sizes).texts
    decoder, encoder = made_decoder(config, texts, []), made_encoder(config, texts)
    read_by_decoder(decoder, texts, config, None, None)
    read_by_encoder(encoder, texts, config, None, None)
    return decoder, encoder


def seen_pairs(seed: int, sizes: Reading) -> Pairs:
    """The triples whose texts are read, and that the arms learn from."""
    found = RolesWorld(sizes.events).triples(sizes.seen, seed=2 * seed)
    return Pairs(found.query, found.positive, [[text] for text in found.negative], [""] * sizes.seen)
