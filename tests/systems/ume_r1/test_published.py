"""Rows as published sets of pictures and texts have them, with a language model that was given."""

import json

import numpy as np
import pytest
from PIL import Image

from aitia.errors import DataError
from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import Vocabulary, small_sequence_model
from aitia.workflow.run import fit

COLUMNS = {"pictures": "query_image", "positive_pictures": "target_image"}
OPTIONS = {"pixels": 8, "codes": 4, "mode": "disc", "losses": ("disc",), "steps": 1, "batch": 4, "test_share": 0.25}


@pytest.fixture
def folder(tmp_path):
    """JSON lines with query, query_image, instruction, target and target_image, pictures of several sizes beside."""
    draw, lines = np.random.default_rng(0), []
    for k in range(12):
        for side in ("query", "target"):
            pixels = draw.integers(0, 255, (12 + k, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / f"{side}{k}.png")
        both = k % 3  # pictures alone, words alone, or both
        line = {"query": f"cup {k}" if both != 0 else None, "query_image": f"query{k}.png" if both != 1 else None}
        line |= {"instruction": "find it", "target": f"lid {k}", "target_image": f"target{k}.png" if both else None}
        lines.append(json.dumps(line))
    (tmp_path / "mmeb.jsonl").write_text("\n".join(lines), encoding="utf-8")
    words = ["cup", "lid", "find", "it", *map(str, range(12))]
    tokenizer = word_tokenizer(words)
    tokenizer.eos_token = "[SEP]"
    small_sequence_model(Vocabulary(tokenizer), width=16, layers=1, heads=2, longest=256).save(tmp_path / "decoder")
    return tmp_path


def test_queries_and_targets_of_pictures_words_or_both_are_read_and_embedded(folder):
    run = fit("ume-r1", str(folder / "mmeb.jsonl"), model=str(folder / "decoder"), **COLUMNS, **OPTIONS)
    values = run.system.encode(str(folder / "mmeb.jsonl"), **COLUMNS).matrix()
    assert values.shape[0] == 12
    assert np.allclose(np.linalg.norm(values, axis=1), 1, atol=1e-5)
    assert len({tuple(row) for row in values.round(6).tolist()}) == 12, "every query is read"


def test_a_picture_that_is_not_there_is_named(folder):
    (folder / "query0.png").unlink()
    with pytest.raises((DataError, OSError), match="query0"):
        fit("ume-r1", str(folder / "mmeb.jsonl"), model=str(folder / "decoder"), **COLUMNS, **OPTIONS)
