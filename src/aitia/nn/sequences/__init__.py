"""One transformer, three switches: who sees whom, what is corrupted and carries loss, and what a token is.

Any Hugging Face decoder, or encoder with decoder, unmodified. Knows no method by name.

visibility   who sees whom, as boolean masks
objectives   what is corrupted and which positions carry loss, with inverses
vocabulary   one space of ids for text, image codes, sentinels and markers
batch        examples as tensors
model        a model under the three switches
prefill      prompts read once, and what follows on top
ranking      log-probabilities of options
writing      what it writes under a rule of what may stand where
small        models of a small config with random weights
training     examples drawn anew at every step, and the loss over them
low_rank     low-rank updates of a model that is too large to be trained whole
tuned        something fitted that tunes a model that was given, or keeps its updates
retrieval    vectors of texts that are near where the texts belong together
"""

from aitia.nn.sequences.batch import SequenceBatch, collate
from aitia.nn.sequences.model import VISIBILITIES, SequenceModel, Visibility, check_takes_masks, weighted_loss
from aitia.nn.sequences.objectives import Example
from aitia.nn.sequences.prefill import Prefilled, prefill
from aitia.nn.sequences.ranking import OptionScores, option_log_probabilities, token_log_probabilities
from aitia.nn.sequences.small import POSITIONS, Positions, small_sequence_model
from aitia.nn.sequences.training import DrawnExamples, Planned, SequenceLoss
from aitia.nn.sequences.vocabulary import Vocabulary
from aitia.nn.sequences.writing import Allowed, Gap, fill, write

__all__ = [
    "POSITIONS",
    "VISIBILITIES",
    "Allowed",
    "DrawnExamples",
    "Example",
    "Gap",
    "OptionScores",
    "Planned",
    "Positions",
    "Prefilled",
    "SequenceBatch",
    "SequenceLoss",
    "SequenceModel",
    "Visibility",
    "Vocabulary",
    "check_takes_masks",
    "collate",
    "fill",
    "option_log_probabilities",
    "prefill",
    "small_sequence_model",
    "token_log_probabilities",
    "weighted_loss",
    "write",
]
