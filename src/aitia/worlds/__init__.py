"""Simulators with known truth.

`World` is their contract: named latents, a graph, `sample`, `do`, exact `counterfactual`, `render`, environments, time.
The worlds of tables (`HeterogeneousWorld` and its kin) have a `graph` and draw a `Table` with `sample(n, seed)`.
"""

from aitia.worlds.calcium import CalciumWorld
from aitia.worlds.capabilities import CapabilitiesWorld
from aitia.worlds.collision import CollisionWorld
from aitia.worlds.export import export_world
from aitia.worlds.figure import FigureWorld
from aitia.worlds.flow import FlowWorld
from aitia.worlds.heterogeneous import ChainWorld, DriftWorld, HeterogeneousWorld, PairWorld
from aitia.worlds.latent_domains import LatentDomainsWorld
from aitia.worlds.mechanisms import DomainShift, Mechanism
from aitia.worlds.moderation import ModerationWorld
from aitia.worlds.mood import MoodWorld
from aitia.worlds.motion_scenes import ProjectileWorld, SpringMassWorld
from aitia.worlds.orca import CrowdWorld, OrcaWorld
from aitia.worlds.pairs import Pairs
from aitia.worlds.pendulum import PendulumWorld
from aitia.worlds.process import LatentProcessWorld, ProcessConfig
from aitia.worlds.questions import QuestionsWorld
from aitia.worlds.reviews import ReviewEditor, ReviewsWorld
from aitia.worlds.robot import RobotWorld
from aitia.worlds.shapes import ShapesWorld
from aitia.worlds.static_physics import FallWorld, RefractionWorld, SlopeWorld, SpringWorld
from aitia.worlds.static_scenes import SceneConfig, StaticWorld
from aitia.worlds.temporal import TemporalWorld
from aitia.worlds.traffic import TrafficWorld
from aitia.worlds.varieties import VarietiesWorld
from aitia.worlds.walkers import WalkersWorld
from aitia.worlds.weighted_communities import WeightedCommunities
from aitia.worlds.world import Latent, Sample, World

__all__ = [
    "CalciumWorld",
    "CapabilitiesWorld",
    "ChainWorld",
    "CollisionWorld",
    "CrowdWorld",
    "DomainShift",
    "DriftWorld",
    "FallWorld",
    "FigureWorld",
    "FlowWorld",
    "HeterogeneousWorld",
    "Latent",
    "LatentDomainsWorld",
    "LatentProcessWorld",
    "Mechanism",
    "ModerationWorld",
    "MoodWorld",
    "OrcaWorld",
    "PairWorld",
    "Pairs",
    "PendulumWorld",
    "ProcessConfig",
    "ProjectileWorld",
    "QuestionsWorld",
    "RefractionWorld",
    "ReviewEditor",
    "ReviewsWorld",
    "RobotWorld",
    "Sample",
    "SceneConfig",
    "ShapesWorld",
    "SlopeWorld",
    "SpringMassWorld",
    "SpringWorld",
    "StaticWorld",
    "TemporalWorld",
    "TrafficWorld",
    "VarietiesWorld",
    "WalkersWorld",
    "WeightedCommunities",
    "World",
    "export_world",
]
