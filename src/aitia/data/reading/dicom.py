"""Pictures of DICOM files, by pydicom, as the file says that they are to be shown.

Stored values go through the modality rescale, then the window or table of values of interest, then to 8 bits; where the
file has no window the whole range of its bits is shown, which DICOM has a viewer do. MONOCHROME1 is turned over.

Source:
    DICOM PS3.3, C.11.1 (modality) and C.11.2 (values of interest).
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import FormatError, MissingExtraError
from aitia.guard import guarded

__all__ = ["dicom_pixels"]


def dicom_pixels(path: str | Path) -> NDArray[np.uint8]:
    """(height, width, 3) of a file with one picture.

    Raises:
        FormatError: If it is no DICOM file with pixels, holds several frames, or colours other than RGB.
        MissingExtraError: If pydicom is not installed.
    """
    try:
        import pydicom
    except ImportError as error:
        raise MissingExtraError(
            "DICOM files need pydicom, which is not installed: pip install 'aitia[vision]'"
        ) from error
    with guarded(path, "is no DICOM file whose pixels can be read"):
        held = pydicom.dcmread(path)
        frames = int(held.get("NumberOfFrames") or 1)
        kind = str(held.get("PhotometricInterpretation", ""))
        values = held.pixel_array if frames == 1 else None
    if values is None:
        raise FormatError(f"{path} holds {frames} frames, and a picture is one: write each as a file of its own")
    if kind in ("MONOCHROME1", "MONOCHROME2"):
        with guarded(path, "has a window that cannot be applied"):
            shown = _shown(held, values)
        grey = np.rint(255 * (1 - shown if kind == "MONOCHROME1" else shown)).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if kind == "RGB" and values.dtype == np.uint8:
        return np.asarray(values)
    raise FormatError(f"{path} holds {kind or 'unnamed'} pixels of {values.dtype}: convert it to MONOCHROME2 or RGB")


def _shown(held: Any, values: NDArray[Any]) -> NDArray[np.float64]:
    """Shares of full brightness."""
    from pydicom.pixels import apply_modality_lut, apply_voi_lut

    bits, signed = int(held.BitsStored), int(held.get("PixelRepresentation") or 0)
    ends = np.array([-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] if signed else [0, 2**bits - 1])
    low, high = np.sort(np.asarray(apply_modality_lut(ends, held), dtype=np.float64))
    if "VOILUTSequence" in held and "WindowCenter" not in held:
        low, high = 0.0, 2.0 ** int(held.VOILUTSequence[0].LUTDescriptor[2]) - 1
    found = apply_voi_lut(apply_modality_lut(values, held), held, prefer_lut=False)
    share: NDArray[np.float64] = np.clip((np.asarray(found, dtype=np.float64) - low) / (high - low), 0, 1)
    return share
