"""The card of gedi."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="gedi",
    title="Unifying Self-Supervised Clustering and Energy-Based Models",
    authors=("Sansone", "Manhaeve"),
    year=2025,
    venue="TMLR",
    task="clusters of unlabelled pictures or numbers, an alarm for strange rows, and draws, from one network",
    claim="One training clusters as well as self-supervision alone, tells strange rows as self-supervision alone does "
    "not, and learns the digits behind sums from fewer sums than the sums alone teach.",
    source="https://arxiv.org/abs/2401.00873",
    home="model:Gedi",
    takes={
        "image": Role(kind="picture", about="the pictures, where rows are pictures", needed=False),
        "variables": Role(
            kind="number", about="the numbers of a row, where it is no picture", needed=False, many=True, rest=True
        ),
        "cluster": Role(kind="label", about="the cluster of a row that is asked about, such as c3", needed=False),
        "label": Role(kind="any", about="known classes, for scores alone: the training sees none", needed=False),
        "other_image": Role(kind="picture", about="a second picture of the row, for cluster_sum", needed=False),
        "cluster_sum": Role(
            kind="any",
            about="the sum of the numbers of the clusters of image and other_image; may be empty in some rows",
            needed=False,
        ),
    },
    subjects={
        "backbone": SubjectRole(
            kind="network",
            about="an image model of transformers, or a torch module, on whose features the clusters stand",
            needed=False,
        ),
    },
    fills=("image", "variables", "cluster"),
    do="a cluster is no variable that is set: it is given in the row, and what it leaves open is drawn (predict).",
    verbs=("predict", "encode"),
    absent={
        "counterfactual": "what is drawn by Langevin steps is of no row: there is no noise of a row to keep",
        "edit": "as counterfactual",
        "effects": "nothing is done, so nothing has an effect",
        "graphs": "it finds no graph; its clusters are a column for discover",
    },
    extra="nets",
)
