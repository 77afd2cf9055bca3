"""Traces and edits of a small pipeline of random weights."""

from aitia.nn.text_to_image import PainterConfig, small_text_to_image
from aitia.systems.diff_quickfix import DiffQuickfix


def numbers() -> dict[str, list[float] | float | str]:
    words = ["a", "red", "blue", "small", "large", "disc"]
    model = small_text_to_image(words, PainterConfig(size=8, channels=(8, 8), width=8, layers=2, longest=8))
    rows = {
        "prompt": ["a small red disc", "a large red disc", "a small disc"],
        "other": ["a small blue disc", "a large blue disc", ""],
    }
    system = DiffQuickfix(layer=0, steps=2, noises=1, windows=1).fit(rows, model=model)
    edit = system.edit_of(system.do(red="absent").held)
    told = system.effects()
    return {
        "edit": edit.delta.flatten().tolist(),
        "effects": told.column("effect").tolist(),
        "controls": told.column("control").tolist(),
        "places": ", ".join(site for site, _ in system.places),
    }
