"""Opens the network that draws pictures, a pipeline of diffusers; `aitia.nn.opening` says what a network may name."""

from aitia.data.subjects import Subject
from aitia.errors import OptionError
from aitia.nn.opening import _fetched, _opened  # private, as the evidence of others hashes that file
from aitia.nn.pipelines import ImagePipeline, load_pipeline

__all__ = ["open_pipeline"]


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
