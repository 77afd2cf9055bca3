"""Language models of every size behind one surface: a model and its tokenizer, from the Hub, a folder, or made here.

What is trained in a minute on two cores and what is loaded by its id take the same path: a small encoder is a BERT of
small width with a tokenizer of whole words, so every method reads texts in one way.

model      a model with its tokenizer, and its states
loading    from a folder or the Hub
small      tokenizers, encoders and decoders with random weights
tokens     texts as tensors
"""

from aitia.nn.language.loading import Task, load_language_model
from aitia.nn.language.model import LanguageModel, last_states, mean_state
from aitia.nn.language.small import piece_tokenizer, small_decoder, small_encoder, word_tokenizer
from aitia.nn.language.tokens import by_length, mask_tokens, target_batch, token_batch

__all__ = [
    "LanguageModel",
    "Task",
    "by_length",
    "last_states",
    "load_language_model",
    "mask_tokens",
    "mean_state",
    "piece_tokenizer",
    "small_decoder",
    "small_encoder",
    "target_batch",
    "token_batch",
    "word_tokenizer",
]
