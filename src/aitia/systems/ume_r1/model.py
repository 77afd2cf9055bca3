"""UME-R1: embeddings of pictures and texts by a language model, in one pass or after a reasoning that it writes.

    e = h(<disc_emb>) / |h|   of   input <disc_emb>                                                                 (1)
    e = h(<gen_emb>) / |h|    of   input <disc_emb> <think> reasoning </think> <answer> answer <gen_emb>            (2)

Pictures are codes of their patches among the words. A cold start learns both embeddings by contrast and what is written
by heart; then the reasoning may be improved by what it is worth to retrieval. What belongs to a query is the target of
the fit that is nearest. `do(reasoning=...)` puts other words, none, or words that say nothing in the place of the
reasoning, so that what it does to the embedding is seen.

Source:
    Lan, Niu, Meng, Zhou and Su, UME-R1, ICLR 2026, section 3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self, cast

import numpy as np

from aitia.data.base import Data
from aitia.data.subjects import Network
from aitia.data.table import Table
from aitia.errors import DataError, OptionError, RunError
from aitia.files import write_whole
from aitia.guard import guarded
from aitia.nn.image_tokens import PatchVQ
from aitia.nn.sequences import SequenceModel
from aitia.nn.sequences.saving import KeepsModels, state_file
from aitia.report import Block
from aitia.runs import RunStore
from aitia.saving import model_folder
from aitia.system import Encodes, Given, Predicts, Scores, Target, Targets, Training
from aitia.systems.ume_r1.answers import answered
from aitia.systems.ume_r1.card import CARD
from aitia.systems.ume_r1.config import Mode, UmeR1Config
from aitia.systems.ume_r1.embedding import Embedder, Vectors
from aitia.systems.ume_r1.improving import improved
from aitia.systems.ume_r1.items import Item, meanings_of, pictures_of, queries_of, targets_of, tasks_of
from aitia.systems.ume_r1.judge import judged
from aitia.systems.ume_r1.layout import Layout, Written
from aitia.systems.ume_r1.making import check_written, made_decoder, opened_decoder
from aitia.systems.ume_r1.page import blocks
from aitia.systems.ume_r1.retrieval import Gallery, gallery_of
from aitia.systems.ume_r1.training import cold_start

__all__ = ["UmeR1"]


class UmeR1(KeepsModels, Predicts, Encodes):
    """Embeds pictures and texts and finds what belongs together, after `fit`; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        unfinished: Of the last reasonings that were written, the share that did not close their tags: their embedding
            was read behind what there was.

    Example:
        >>> rows = {"text": ["two and two", "one and two"] * 20, "reasoning": ["makes four", "makes three"] * 20,
        ...         "answer": ["four", "three"] * 20, "positive": ["a square", "a triangle"] * 20,
        ...         "positive_reasoning": ["sides are four", "sides are three"] * 20,
        ...         "positive_answer": ["four", "three"] * 20}
        >>> model = UmeR1(steps=60, width=16, layers=1, heads=2, batch=8, most=10, learning_rate=0.02).fit(rows)
        >>> found = model.predict({"text": ["one and two"]})
        >>> found.texts("answer"), found.texts("positive")
        (['three'], ['a triangle'])
    """

    card = CARD
    Config = UmeR1Config
    config: UmeR1Config
    unfinished: float = 0.0
    _model: SequenceModel | None = None
    _images: PatchVQ | None = None
    _gallery: Gallery | None = None
    _losses: tuple[tuple[str, tuple[Mapping[str, float], ...]], ...] = ()
    _told: tuple[str, ...] = ()

    def __init__(self, config: UmeR1Config | None = None, /, **options: Any) -> None:
        super().__init__(config, **options)
        self._vectors: dict[str, Vectors] = {}

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants queries with targets of more than one meaning, and reasonings where what is written is learnt."""
        if given.rows is None:
            raise OptionError("ume-r1 learns from queries and what belongs to them: say where they are")
        if not given.columns("positive") and not given.columns("positive_pictures"):
            raise OptionError("no column says what belongs to a query: name it (--positive or --positive-pictures)")
        config = self.config
        if config.generative and config.steps:
            for role in ("reasoning", "answer", "positive_reasoning", "positive_answer"):
                column = given.column(role)
                if column is None or column not in given.table:
                    raise OptionError(
                        f"what is written is learnt from reasonings; no column is the {role.replace('_', ' ')}: name "
                        f"it (--{role.replace('_', '-')}), or learn to embed alone (--losses disc --mode disc)"
                    )
                paired = self._paired(given)
                if len(gone := paired[given.table.absent(column)[paired]]):
                    also = f", as {len(gone) - 1} more" if len(gone) > 1 else ""
                    raise DataError(
                        f"row {gone[0]} has no {role.replace('_', ' ')} to learn from{also}: fill it in, or drop it"
                    )

    def work(self, given: Given) -> str:
        """Steps of both stages."""
        config = self.config
        policy = f", then {config.policy_steps} steps of policy" if config.policy_steps else ""
        return f"{config.steps} steps of {config.batch} pairs ({', '.join(config.losses)}){policy} ({len(given)} rows)"

    def _fit(self, given: Given, run: RunStore) -> None:
        config = self.config
        self._images = pictures_of(given, config)
        queries, targets = self._queries(given), targets_of(given, self._images, config.pixels)
        meanings, tasks = meanings_of(given, targets), tasks_of(given)
        paired = self._paired(given)
        pairs = [(queries[row], cast(Item, targets[row])) for row in paired]
        meanings, tasks = meanings[paired], tasks[paired]
        if len(np.unique(meanings)) < 2:
            raise DataError("all targets mean the same: there is nothing to tell apart")
        named = cast(Network | None, given.subjects.get("model"))
        codes = 0 if self._images is None else self._images.codes
        if named is None:
            self._model = made_decoder(config, (item for pair in pairs for item in pair), codes)
        else:
            self._model = opened_decoder(named, config, codes)
        layout = self._layout()
        if config.generative and config.steps:
            check_written(layout, [item for pair in pairs for item in pair], config.most)
        losses = []
        if config.steps:
            told = cold_start(
                self._model, layout, pairs, meanings, tasks, config,
                checkpoint=state_file(run.checkpoint, "cold-start"), progress=run.progress,
            )  # fmt: skip
            losses.append(("cold start", told))
        if config.policy_steps:
            told = improved(
                self._model, layout, [q.bare() for q, _ in pairs], [t.bare() for _, t in pairs], meanings, config,
                checkpoint=state_file(run.checkpoint, "policy"), progress=run.progress,
            )  # fmt: skip
            losses.append(("improving the reasoning", told))
        self._losses = tuple(losses)
        self._gallery, self._vectors = gallery_of([t for _, t in pairs], meanings), {}
        self._gallery = replace(self._gallery, rows=paired[self._gallery.rows])
        self._told = self._warnings(len(queries) - len(pairs))

    def _warnings(self, without: int) -> tuple[str, ...]:
        found = [f"{without} rows have nothing that belongs to them, and were not learnt from"] if without else []
        if self.config.mode == "gen":
            self._of_gallery()
            if self.unfinished:
                found.append(
                    f"{self.unfinished:.0%} of the reasonings on the targets do not close their tags within "
                    f"{self.config.most} tokens: their embeddings stand behind what there is; train longer, raise most"
                )
        return tuple(found)

    @property
    def training(self) -> Training:
        """The losses of both stages, and what to keep in mind."""
        return Training(losses=self._losses, warnings=self._told)

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """The reasoning, by the name of its column; none where nothing is written."""
        if not self.config.generative:
            return Targets()
        column = self.roles.get("reasoning", "reasoning")
        return Targets(
            [Target(str(column), text=True, about="words in the place of the reasoning, `absent` or `filler`")]
        )

    def embed(
        self, items: Sequence[Item], *, mode: Mode | None = None, temperature: float = 0.0, seed: int = 0
    ) -> tuple[Vectors, list[Written]]:
        """(n, width) embeddings of unit length, and what was written for them; nothing in mode `disc`.

        Args:
            items: Queries or targets; what is known of their reasoning is taken as it is.
            mode: Other than that of the options.
            temperature: Of what is written; 0 takes the likeliest token.
            seed: Of the draws.
        """
        embedder = self._embedder()
        if (mode or self.config.mode) == "disc":
            return embedder.in_one_pass(items), []
        action = next(iter(self.held.values()), None)
        held = None if action is None else str(getattr(action, "value", ""))
        written = embedder.written(items, reasoning=held, temperature=temperature, seed=seed)
        self.unfinished = float(np.mean([not w.finished for w in written])) if written else 0.0
        return embedder.after(items, written), written

    def retrieve(self, queries: Any, candidates: Any, /, *, most: int = 5, **roles: Any) -> Table:
        """The nearest candidates of each query: columns `row`, `rank`, `found` (row of the candidate), `similarity`.

        Args:
            queries: Rows with queries.
            candidates: Rows with what may belong to them: their `positive` words and pictures.
            most: Candidates a query.
            roles: As in `fit`.
        """
        asked, held = self.given(queries, **roles), self.given(candidates, **roles)
        gallery = self._gallery_of(held)
        cosines = self.embed(self._queries(asked))[0] @ self._asked_for_nothing().embed(gallery.items)[0].T
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :most]
        rows, ranks = np.divmod(np.arange(best.size), best.shape[1])
        return Table.of(
            {
                "row": rows.astype(float), "rank": ranks + 1.0, "found": gallery.rows[best.ravel()].astype(float),
                "similarity": np.take_along_axis(cosines, best, axis=1).ravel(),
            },
            kinds=dict.fromkeys(("row", "rank", "found", "similarity"), "number"),
        )  # fmt: skip

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """Reasoning, answer and what belongs to each query, where they are missing; `found` is its row in the fit."""
        gallery = self._held_gallery()
        queries = [item for item in self._queries(given) for _ in range(draws)]
        vectors, written = self.embed(queries, temperature=0.0 if draws == 1 else 1.0, seed=seed)
        if not written and any((c := given.column(role)) and c in given.table for role in ("reasoning", "answer")):
            written = self.embed(queries, mode="gen", seed=seed)[1] if self.config.generative else []
        return answered(given, vectors, written, gallery, self._of_gallery(), draws)

    def _encode(self, given: Given) -> Table:
        """`e1`, `e2`, ...: the embedding of each query."""
        return Table.of_numbers("e", np.round(self.embed(self._queries(given))[0], 9))

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Hits among the targets of the fresh rows; see `judge.py`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """Queries with their reasoning and what was found."""
        return blocks(self, given)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def export(self, folder: str | Path) -> None:
        """Saves the model as a folder that transformers reads, its markers among its tokens.

        Raises:
            OptionError: If nothing is fitted.
            RunError: If the folder cannot be written.
        """
        self._fitted().save(folder)

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes the model, the tokenizer of its pictures, and the targets with their embeddings."""
        from safetensors.numpy import save

        super().save_pretrained(folder)
        if self._images is not None:
            self._images.save_pretrained(Path(folder) / "pictures")
        self._of_gallery()
        write_whole(Path(folder) / "gallery.safetensors", save(self._vectors), RunError)

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """Reads what `save_pretrained` wrote."""
        from safetensors.numpy import load_file

        folder = model_folder(source)
        found = super().from_pretrained(folder)
        if (folder / "pictures").is_dir():
            found._images = PatchVQ.from_pretrained(folder / "pictures")
        with guarded(folder / "gallery.safetensors", "is damaged or not there: save the model again"):
            found._vectors = load_file(folder / "gallery.safetensors")
        return found

    def _models(self) -> Mapping[str, SequenceModel]:
        return {"embedder": self._fitted()}

    def _take(self, models: Mapping[str, SequenceModel]) -> None:
        self._model = models["embedder"]

    def _options(self) -> dict[str, Any]:
        held = self._held_gallery()
        items = [[list(map(list, i.pictures)), i.text, i.reasoning, i.answer] for i in held.items]
        gallery = {"items": items, "rows": held.rows.tolist(), "meanings": held.meanings.tolist()}
        return {"config": asdict(self.config), "gallery": gallery, "told": list(self._told)}

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(UmeR1Config(**{**options["config"], "losses": tuple(options["config"]["losses"])}))
        held = options["gallery"]
        items = tuple(
            Item(tuple(tuple(p) for p in pictures), text, "", reasoning, answer)
            for pictures, text, reasoning, answer in held["items"]
        )
        model._gallery = Gallery(items, np.array(held["rows"]), np.array(held["meanings"]))
        model._told = tuple(options["told"])
        return model

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _fitted(self) -> SequenceModel:
        if self._model is None:
            raise OptionError("this UmeR1 has not been fitted: call fit first")
        return self._model

    def _layout(self) -> Layout:
        return Layout(self._fitted().vocabulary, self.config.ask)

    def _embedder(self) -> Embedder:
        return Embedder(self._fitted(), self._layout(), self.config.most)

    def _queries(self, given: Given) -> list[Item]:
        return queries_of(given, self._images, self.config.pixels)

    def _gallery_of(self, given: Given) -> Gallery:
        """The targets of other rows, of which nothing is said yet."""
        targets = targets_of(given, self._images, self.config.pixels)
        held = gallery_of(targets, meanings_of(given, targets))
        if not held.items:
            raise DataError("no row has what may belong to a query: name its column (--positive)")
        return replace(held, items=tuple(item.bare() for item in held.items))

    def _paired(self, given: Given) -> Any:
        """(m,) the rows that have a target."""
        there = np.zeros(len(given), dtype=bool)
        for role in ("positive", "positive_pictures"):
            for column in given.columns(role):
                if column in given.table:
                    there |= ~given.table.absent(column)
        if not there.any():
            raise DataError("no row has what belongs to its query: there is nothing to learn")
        return np.flatnonzero(there)

    def _held_gallery(self) -> Gallery:
        if self._gallery is None:
            raise OptionError("this UmeR1 has not been fitted: call fit first")
        return self._gallery

    def _asked_for_nothing(self) -> Self:
        """The same with nothing held: targets reason by themselves."""
        import copy

        other = copy.copy(self)
        other.held = type(self.held)()
        return other

    def _of_gallery(self) -> Vectors:
        """The embeddings of the targets of the fit in the mode that is asked for, made once."""
        mode = self.config.mode
        if mode not in self._vectors:
            items = [item.bare() for item in self._held_gallery().items]
            other = self._asked_for_nothing()
            self._vectors[mode] = other.embed(items)[0]
            self.unfinished = other.unfinished
        return self._vectors[mode]
