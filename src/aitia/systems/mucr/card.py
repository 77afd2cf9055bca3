"""The card of mucr."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="mucr",
    title="Multimodal Causal Reasoning Benchmark: Challenging Vision Large Language Models to Infer Causal Links "
    "Between Siamese Images",
    authors=("Li", "Wang", "Liu", "Zhang", "Ma", "Long", "Cai"),
    year=2025,
    venue="Findings of ACL",
    task="whether a model finds the effect of what a picture shows among near alternatives, beside what pixels tell",
    claim="A model that recognises what pictures show does not get the causal link between two of them; one that has "
    "seen the link in pairs does, and so does one that is given the same in words.",
    source="https://arxiv.org/abs/2408.08105",
    home="model:Mucr",
    takes={
        "cause": Role(
            kind="picture", about="the picture that is shown: a cause, or an effect whose cause is asked for",
            needed=False, names=("cause", "shown", "before", "image_0"),
        ),
        "effect": Role(
            kind="picture", about="the true effect, or the second picture of a change", needed=False,
            names=("effect", "after", "image_1"),
        ),
        "asked": Role(kind="label", about="what is asked: `effect`, `cause`, `cue` or `reason`", needed=False),
        "choice": Role(kind="label", about="letter of the right candidate or cue", needed=False),
        "reason": Role(kind="text", about="the link in a sentence", needed=False),
        "captions": Role(
            kind="list", about="the pictures in words: what is shown, then the candidates or the second", needed=False
        ),
        "cues": Role(
            kind="list", about="the cues to choose among; beside `cue`, the false ones", needed=False,
            names=("cues", "false_cue", "false_cues"),
        ),
        "cue": Role(kind="text", about="the true cue of a record", needed=False),
        "cause_caption": Role(kind="text", about="a cause in words", needed=False, names=("caption_0",)),
        "effect_caption": Role(kind="text", about="its effect in words", needed=False, names=("caption_1",)),
        "links": Role(
            kind="list", about="ids of the records whose pictures are candidates", needed=False, names=("link_id",)
        ),
        "id": Role(kind="any", about="of a record", needed=False),
        "distractors": Role(kind="label", about="how the other candidates were made", needed=False),
        "style": Role(kind="label", about="of the pictures", needed=False),
        "candidates": Role(
            kind="picture", about="pictures to choose among, each with a column", needed=False, many=True, rest=True
        ),
    },
    subjects={
        "model": SubjectRole(kind="network", about="with a tower for pictures, as CLIP: its cosines", needed=False),
        "client": SubjectRole(kind="client", about="a vision-language model that is asked", needed=False),
    },
    fills=("choice", "reason"),
    does="edits a row",
    do="do(order=rotated) puts the last candidate or cue first, and do(SHOWN=other) shows the picture of another row, "
    "SHOWN being the column of what is shown (`cause` where words are): the control.",
    verbs=("predict", "edit", "encode", "effects"),
    absent={
        "counterfactual": "the world makes the candidates so; a picture keeps no noise",
        "graphs": "a row has one cause and one effect",
        "encode": "a client has no codes",
        "export": "the small encoders are a measure, no model to be used",
    },
    extra="language",
)  # fmt: skip
