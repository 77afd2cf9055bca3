"""The parts of (1)."""

from collections.abc import Sequence

from torch import nn

from aitia.nn.layers import mlp
from aitia.systems.causal_motion.config import CausalMotionConfig
from aitia.systems.causal_motion.modular import Forecaster, GroupForecaster, PairForecaster, StyleReader
from aitia.systems.causal_motion.scene_bank import SceneBank

__all__ = ["Network"]


class Network(nn.Module):
    """psi, phi and g of (1), and some scenes of each environment."""

    def __init__(self, config: CausalMotionConfig, bank: Sequence[int] = (0, 0, 0, 2)) -> None:
        super().__init__()
        size, turned = config.style_size, config.frame == "scene"
        self.forecaster: Forecaster = (
            PairForecaster(config.observed, config.future, size, config.width, turned)
            if config.form == "pair"
            else GroupForecaster(config.future, size, config.width, config.channel)
        )
        if config.style == "modular":
            self.reader = StyleReader(config.observed + config.future, size, config.width // 2, turned)
        elif config.style == "given":
            self.number = mlp((1, config.width, size))
        else:
            self.forecaster.modulation.requires_grad_(False)
        self.bank = SceneBank(bank)
