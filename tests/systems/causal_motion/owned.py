"""What the user of the page of this system has."""

from tests.docs.files import tracks


def owned(folder):
    tracks(folder)
    from aitia.data.reading.tracks import read_tracks

    return {"new": read_tracks(folder / "west.txt")}
