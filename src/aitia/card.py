"""The card that every method carries: who published it, what it does and what it claims."""

import re

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = ["Card"]


class Card(BaseModel):
    """One published system in a few facts; the catalogue, the command line and the docs read them from here.

    Args:
        slug: Short lower-case name with hyphens, the name people type.
        title: Title of the paper.
        authors: Family names, in the paper's order.
        year: Year of publication.
        venue: Journal or conference.
        task: What a user gets, in a few words.
        modality: Kind of data, such as `table` or `images`.
        claim: The paper's claim in one sentence, as `aitia verify` measures it.
        source: Link to the paper.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: str
    title: str
    authors: tuple[str, ...] = Field(min_length=1)
    year: int = Field(ge=1900, le=2100)
    venue: str
    task: str
    modality: str
    claim: str
    source: str

    @field_validator("slug")
    @classmethod
    def _slug_is_plain(cls, slug: str) -> str:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
            raise ValueError(f"a slug is lower-case words joined by hyphens, got {slug!r}")
        return slug
