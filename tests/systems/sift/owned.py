"""What the user of the page of this system has."""

from tests.docs.files import example, renamed


def owned(folder):
    found = example("sift", folder)
    renamed(found.files, folder / "reports.jsonl", {"sentence": "text", "names": "spans"})
    return {}
