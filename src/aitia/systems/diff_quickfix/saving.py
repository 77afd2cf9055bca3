"""An edited pipeline as a folder: all that stood in the folder that was opened, with other weights."""

import json
import shutil
from pathlib import Path

from aitia.files import write_whole
from aitia.guard import read_json
from aitia.nn.edits import Edit
from aitia.nn.pipeline_folders import UNUSED
from aitia.nn.pipelines import ImagePipeline, load_pipeline
from aitia.systems.diff_quickfix.effects import in_force

__all__ = ["apply_edit", "save_edited"]

_INDEX = "model_index.json"


def save_edited(pipeline: ImagePipeline, edit: Edit | None, folder: str | Path) -> None:
    """Writes a pipeline folder with an edit in its weights; the pipeline itself stays as it is.

    Parts that are not opened, as they draw nothing, are copied: a safety checker is not lost by an edit.
    """
    with in_force(pipeline, edit):
        pipeline.save_pretrained(folder)
    before, place = Path(pipeline.source), Path(folder) / _INDEX
    if not (before / _INDEX).is_file():
        return
    old, new = read_json(before / _INDEX, dict), read_json(place, dict)
    for part in UNUSED:
        if isinstance(old.get(part), list) and (before / part).is_dir():
            shutil.copytree(before / part, Path(folder) / part, dirs_exist_ok=True)
            new[part] = old[part]
    if "requires_safety_checker" in old:
        new["requires_safety_checker"] = old["requires_safety_checker"]
    write_whole(place, json.dumps(new, indent=2) + "\n")


def apply_edit(model: str | Path, edit: str | Path, folder: str | Path) -> str:
    """Writes a saved edit into a pipeline, and that into a folder; returns the name of the matrix.

    Args:
        model: A pipeline folder.
        edit: What `Edit.save` wrote.
        folder: New.

    Raises:
        InterventionError: If the edit was made for other weights, or for another model.
        FormatError: If a file is missing or damaged, or the weights are a pickle.
    """
    change = Edit.load(edit)
    save_edited(load_pipeline(model), change, folder)
    return change.name
