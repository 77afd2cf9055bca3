"""The card of ireason."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="ireason",
    title="iReason: Multimodal Commonsense Reasoning using Videos and Natural Language with Interpretability",
    authors=("Chadha", "Jain"),
    year=2021,
    venue="arXiv",
    task="which event of a clip caused which, with the objects that make it so, beside what the sentences alone tell",
    claim="Where a clip decides what caused what, a model of sentences and of what is seen around the events keeps its "
    "answers under another prior, and sentences alone mislead.",
    source="https://arxiv.org/abs/2107.10300",
    home="model:Ireason",
    rows=("clips", "table"),
    takes={
        "clip": Role(kind="any", about="in a table of events: the clip, and its folder of frames", needed=False,
                     names=("id",)),
        "event": Role(kind="any", about="its number or name in the clip; without, 1, 2, ... in the order of the rows",
                      needed=False),
        "start": Role(kind="number", about="first frame of the event, from 0", needed=False),
        "end": Role(kind="number", about="its last frame", needed=False),
        "sentence": Role(kind="text", about="what happens", needed=False, names=("caption",)),
        "causes": Role(kind="list", about="the events that caused this one; of clips pairs [cause, effect]",
                       needed=False),
        "asked": Role(kind="list", about="the candidates, where not every event before; of clips pairs", needed=False),
        "objects": Role(kind="list", about="what is there: names, or [name, x, y, width, height]; of clips with the "
                        "frame before the name", needed=False),
        "frames": Role(kind="list", about="files of the frames of its clip; a folder with one CSV file and a folder of "
                       "frames for each clip has them", needed=False),
        "events": Role(kind="spans", about="of clips: what happens, as [start, stop, sentence] in frames",
                       needed=False),
        "group": Role(kind="any", about="the video that a clip is of: kept together where rows are split",
                      needed=False, names=("video", "clip", "id")),
        "split": Role(kind="label", about="`train` or `test`", needed=False),
    },
    subjects={
        "captioner": SubjectRole(kind="network", about="writes the sentence of an event without one", needed=False),
        "detector": SubjectRole(
            kind="network", about="finds objects, or gives patches, such as a ViT", needed=False
        ),
        "encoder": SubjectRole(kind="network", about="reads the sentences, as it is", needed=False),
        "client": SubjectRole(kind="client", about="a language model that scores pairs without training", needed=False),
    },
    fills=("causes",),
    does="replaces a state",
    do="do(text=absent) puts a blank in the place of what is said, do(context=absent) the mean in the place of all "
    'that is seen, do("object[NAME]"=absent) in that of one object, do("object[NAME]"=other) that of other clips.',
    verbs=("predict", "effects", "graphs"),
    absent={
        "counterfactual": "only a world knows what would have happened",
        "edit": "an object that is painted out still tells: masking is no intervention",
        "encode": "pairs of events have codes, and rows have none",
        "export": "the network reads tokens of our own",
    },
    extra="language",
)  # fmt: skip
