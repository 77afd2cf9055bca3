"""Packages that many systems load, loaded before the first of them is tested: their seconds are no one system's."""

import contextlib
import io
import logging
import warnings

__all__ = ["HEAVY", "load_heavy"]

HEAVY = """
import accelerate, datasets, matplotlib.pyplot, networkx, numba, pandas, peft, scipy.stats, sklearn.ensemble
import torch._dynamo
from diffusers import StableDiffusionPipeline, UNet2DModel
from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer, BertModel, CLIPTextModel, LlamaForCausalLM
from transformers import Trainer
"""


def load_heavy():
    """Loads them; what they say of packages that they would like to have is for no test."""
    logging.disable(logging.WARNING)
    with warnings.catch_warnings(action="ignore"), contextlib.redirect_stderr(io.StringIO()):
        exec(HEAVY, {})
    logging.disable(logging.NOTSET)
