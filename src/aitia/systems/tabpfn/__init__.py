"""A classifier of small tables without fitting: one network, trained on tables of random causal models, reads it.

    q(y | x, D)  ~  p(y | x, D) = integral of p(y | x, S) p(S | D) over systems S of a prior                         (1)

S is a random structural causal model, or a network with random weights; D are the training rows. A transformer trained
to predict held-out rows of tables that the prior draws comes near to (1), for the cross-entropy is least there. After
that a new table is read, not learned: one pass, no gradient.

    prior.py        the tables             tables.py     one of them as an SCM, on which `do` is asked
    network.py      the transformer        scaling.py    how columns reach it
    training.py     (1), once              members.py    passes over shifted columns and classes
    classifier.py   fit and predict        inputs.py     what people hand in
    model.py        the system: rows with their label filled

The network shipped is small: 0.32 million parameters, where the source has 25.8 million; it reads 20 columns, 5 classes
and 448 training rows at most. `python -m aitia.systems.tabpfn.recipe` makes larger ones.

Where we differ from the source: a class is an embedding, not a number through a linear map; blocks normalise first;
values beyond 4 standard deviations grow as a logarithm, continuously; a pass is the mean of logits over shifts as in
the source. Checkpoints of the official package are pickles, and are not opened.

Source:
    Hollmann, Müller, Eggensperger and Hutter, TabPFN: A Transformer That Solves Small Tabular Classification Problems
    in a Second, ICLR 2023. Müller, Hollmann, Pineda Arango, Grabocka and Hutter, Transformers Can Do Bayesian
    Inference, ICLR 2022, for (1).
"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.tabpfn.classifier import TabPFNClassifier
    from aitia.systems.tabpfn.config import TabPFNConfig
    from aitia.systems.tabpfn.model import TabPFN
    from aitia.systems.tabpfn.network import NetworkConfig, TableTransformer
    from aitia.systems.tabpfn.prior import PriorConfig, TablePrior
    from aitia.systems.tabpfn.tables import PriorTable, sample_table
    from aitia.systems.tabpfn.training import PretrainConfig, PriorFitted, pretrain

__all__ = [
    "NetworkConfig",
    "PretrainConfig",
    "PriorConfig",
    "PriorFitted",
    "PriorTable",
    "TabPFN",
    "TabPFNClassifier",
    "TabPFNConfig",
    "TablePrior",
    "TableTransformer",
    "pretrain",
    "sample_table",
]

__getattr__ = lazily(
    __name__,
    {
        "NetworkConfig": "network",
        "PretrainConfig": "training",
        "PriorConfig": "prior",
        "PriorFitted": "training",
        "PriorTable": "tables",
        "TabPFN": "model",
        "TabPFNClassifier": "classifier",
        "TabPFNConfig": "config",
        "TablePrior": "prior",
        "TableTransformer": "network",
        "pretrain": "training",
        "sample_table": "tables",
    },
)
