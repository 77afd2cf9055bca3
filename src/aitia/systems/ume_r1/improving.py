"""The second stage: the reasoning is improved by what it is worth, by our own loop or by trl's.

Embeddings carry no gradient here: only the probabilities of the words that were written are moved.
"""

import copy
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from aitia.engine import Progress
from aitia.errors import MissingExtraError
from aitia.nn.sequences import SequenceModel
from aitia.systems.ume_r1.config import UmeR1Config
from aitia.systems.ume_r1.embedding import Embedder
from aitia.systems.ume_r1.items import Item
from aitia.systems.ume_r1.layout import Layout
from aitia.systems.ume_r1.policy import PolicyConfig, PolicyLoss, Rollouts
from aitia.systems.ume_r1.reward import EmbeddingReward, for_trl
from aitia.train import TrainConfig, train

__all__ = ["improved"]

Losses = tuple[dict[str, float], ...]


def improved(
    model: SequenceModel,
    layout: Layout,
    queries: Sequence[Item],
    targets: Sequence[Item],
    meanings: NDArray[np.int64],
    config: UmeR1Config,
    *,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Losses:
    """Improves a model in place; the mean form, reward, length and variety of what it wrote at each step.

    Raises:
        MissingExtraError: If `learner` is trl and it is not installed.
    """
    if config.shuffle_reward:
        order = np.random.default_rng([config.seed, 5]).permutation(len(queries))
        targets, meanings = [targets[row] for row in order], meanings[order]
    reward = EmbeddingReward(
        Embedder(model, layout, config.most), queries, targets, meanings, config.group, config.seed
    )
    prompts = [layout.prompt(item) for item in queries]
    if config.learner == "trl":
        _by_trl(model, prompts, reward, config)
    else:
        _by_ourselves(model, prompts, reward, config, checkpoint, progress)
    model.model.eval()
    return tuple({"step": float(k + 1), **told} for k, told in enumerate(reward.told))


def _by_ourselves(
    model: SequenceModel,
    prompts: Sequence[Sequence[int]],
    reward: EmbeddingReward,
    config: UmeR1Config,
    checkpoint: Path | None,
    progress: Progress | None,
) -> None:
    policy = PolicyConfig(
        prompts=config.policy_queries, group=config.group, most=config.most, beta=config.beta, scale=config.scale,
        updates=config.policy_updates, seed=config.seed,
    )  # fmt: skip
    reference = copy.copy(model)
    reference.model = copy.deepcopy(model.model)
    rollouts = Rollouts(
        model, prompts, reward, policy, reference if config.beta else None, [reward.embedder.layout.gen]
    )
    training = TrainConfig(
        steps=config.policy_steps, learning_rate=config.policy_learning_rate, schedule="cosine", clip=1.0,
        seed=config.seed, device=config.device,
    )  # fmt: skip
    train(
        PolicyLoss(model, policy), rollouts, training, what="improving the reasoning", checkpoint=checkpoint,
        progress=progress,
    )  # fmt: skip


def _by_trl(
    model: SequenceModel, prompts: Sequence[Sequence[int]], reward: EmbeddingReward, config: UmeR1Config
) -> None:
    """`GRPOTrainer` on the same prompts, with the same reward and sizes."""
    try:
        from datasets import Dataset
        from trl import GRPOConfig, GRPOTrainer
    except ImportError as error:
        raise MissingExtraError("learner=trl needs trl, which is not installed: pip install trl") from error
    # A text ends with the marker of its embedding, which trl knows as the end of a sequence.
    tokenizer = copy.deepcopy(model.vocabulary.tokenizer)
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(reward.embedder.layout.gen)
    prompted = [{"prompt": model.vocabulary.decode(list(ids)), "row": row} for row, ids in enumerate(prompts)]
    network = cast(Any, model.model)
    with tempfile.TemporaryDirectory() as folder:
        # The model as it was, to which the distance is held, is opened by trl from where the model says that it is.
        model.save(folder)
        named, network.config._name_or_path = network.config._name_or_path, folder
        options: dict[str, Any] = {
            "output_dir": folder, "max_steps": config.policy_steps, "num_generations": config.group,
            "per_device_train_batch_size": config.policy_queries * config.group, "max_completion_length": config.most,
            "num_iterations": config.policy_updates, "learning_rate": config.policy_learning_rate, "beta": config.beta,
            "epsilon": 0.2, "epsilon_high": 0.28, "temperature": 1.0,
            "scale_rewards": config.scale, "max_grad_norm": 1.0, "lr_scheduler_type": "cosine",
            "seed": config.seed, "report_to": "none", "save_strategy": "no", "use_cpu": config.device == "cpu",
            "bf16": False, "gradient_checkpointing": False, "logging_steps": config.policy_steps, "disable_tqdm": True,
        }  # fmt: skip
        trainer = GRPOTrainer(
            model=network, reward_funcs=[for_trl(reward)], args=GRPOConfig(**options),
            train_dataset=Dataset.from_list(prompted), processing_class=tokenizer,
        )  # fmt: skip
        trainer.train()
        network.config._name_or_path = named
