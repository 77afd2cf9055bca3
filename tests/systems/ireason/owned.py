"""What the user of the page of this system has."""

from tests.systems.ireason.models import clips, detector, language_model


def owned(folder):
    clips(folder)
    detector(folder / "my-detector")
    language_model(folder / "my-model")
    return {}
