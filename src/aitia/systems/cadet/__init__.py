"""CADET: a classifier of texts whose decision uses what the writer wants, not the style in which it is written.

    U -> M, T, S,    U -> Y,    M -> Y,    (M, T, S) -> text                                                         (1)

Motivation M and context U make the label Y; target T (the role `topic`) and style S make the wording alone, and U opens
the back door S <- U -> Y, by which style and label go together. A variational autoencoder infers the four latents of a
text, reads the label from M, and writes texts again from all of them: do(style=...) and do(topic=...), by the names of
the columns, hold M and U.

    config    the options, the names and weights of the nine losses
    network   encoder, latents, purification, heads, decoders
    losses    the losses, their schedule, the back-door weights
    inputs    what is fitted to, read from rows and checked
    training  the epochs, and the threshold of the decision
    rewriting texts written again with latents set
    parts     encoder, tokenizer and decoder made, loaded, kept
    model     `Cadet`

Where we differ from the source. Its forward pass gives the flipped style to the decoder and never reads the result, so
that its counterfactual and cycle losses compare two draws of M: `variant="published"` is that. `variant="adjusted"`
writes with the flipped style, reads what was written, and asks for the same label, the same M and the other style;
besides, it weights rows so that style and label are independent, which is the back-door adjustment for an observed
style. Predictions are made from means and most likely categories; the official code draws, so that a text can be of
one class now and of the other then. A linear path runs past the LayerNorm of each purification. The heads of target and
style begin by calling category k value k, without which a short training leaves the target unread; the published losses
then do worse at the label than with a random start. The lower learning rate goes to the encoder alone.

Source:
    Zhao, Causality guided representation learning for cross-style hate speech detection, WWW 2026.
"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.cadet.config import LOSSES, CadetConfig
    from aitia.systems.cadet.losses import back_door_weights
    from aitia.systems.cadet.model import Cadet
    from aitia.systems.cadet.rewriting import RewrittenTexts

__all__ = ["LOSSES", "Cadet", "CadetConfig", "RewrittenTexts", "back_door_weights"]

__getattr__ = lazily(
    __name__,
    {
        "Cadet": "model",
        "CadetConfig": "config",
        "LOSSES": "config",
        "RewrittenTexts": "rewriting",
        "back_door_weights": "losses",
    },
)
