"""Opens networks that draw pictures or turn them into features; `aitia.nn.opening` says what a network may name."""

from aitia.data.subjects import Subject
from aitia.errors import OptionError
from aitia.nn.backbones import ImageBackbone, load_backbone, of_module
from aitia.nn.opening import _fetched, _module, _opened  # private, as the evidence of others hashes that file
from aitia.nn.pipelines import ImagePipeline, load_pipeline

__all__ = ["open_backbone", "open_pipeline"]


def open_backbone(network: Subject) -> ImageBackbone:
    """What turns pictures into features: an image model of the Hugging Face library, a torch module, or a backbone.

    Raises:
        FormatError: If there is no such model, it reads no pictures, or its weights are a pickle.
        RunError: If it is another one than that of the hash.
    """
    found = _opened(network)
    if found is None:
        return load_backbone(_fetched(network))
    return found if isinstance(found, ImageBackbone) else of_module(_module(found, network))


def open_pipeline(network: Subject) -> ImagePipeline:
    """A model that draws pictures: a pipeline folder of diffusers, or an `ImagePipeline` as it is.

    Raises:
        OptionError: If it is another module, which does not say how it is driven.
        FormatError: If there is no such pipeline, a part is missing, or its weights are a pickle.
        RunError: If it is another one than that of the hash.
    """
    found = _opened(network)
    if found is None:
        return load_pipeline(_fetched(network))
    if not isinstance(found, ImagePipeline):
        raise OptionError(
            f"{network.id} is a {type(found).__name__} and no pipeline: give its folder, or an ImagePipeline of it"
        )
    return found
