import json

from aitia.system import Example


def write(folder, seed):
    rows = [
        {"text": f"{word} food, slow service", "spans": [[0, len(word), "food"]]} for word in ("fine", "old", "hot")
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Example(
        folder / "rows.jsonl",
        roles={"text": "text", "spans": "spans"},
        do="do(word=good)",
        other="do(word=bad)",
        mask={"text": "spans"},
        why_not="do edits a row",
    )
