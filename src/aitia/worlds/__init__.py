"""Simulators with known truth.

`World` is their contract: named latents, a graph, `sample`, `do`, exact `counterfactual`, `render`, environments, time.
The worlds of tables (`HeterogeneousWorld` and its kin) have a `graph` and draw a `Table` with `sample(n, seed)`.
"""

from aitia.worlds.axioms import AxiomsWorld
from aitia.worlds.calcium import CalciumWorld
from aitia.worlds.capabilities import CapabilitiesWorld
from aitia.worlds.clips import ClipsWorld, Event, Link
from aitia.worlds.collision import CollisionWorld
from aitia.worlds.concept_text import ConceptTextWorld
from aitia.worlds.corr2cause import Corr2CauseWorld
from aitia.worlds.digit_pages import DigitPagesWorld
from aitia.worlds.digit_sets import DigitSetsWorld
from aitia.worlds.entities import EntitiesWorld
from aitia.worlds.export import export_world
from aitia.worlds.facts import FactsWorld
from aitia.worlds.fall import FallWorld
from aitia.worlds.figure import FigureWorld
from aitia.worlds.flow import FlowWorld
from aitia.worlds.heterogeneous import ChainWorld, DriftWorld, HeterogeneousWorld, PairWorld
from aitia.worlds.latent_domains import LatentDomainsWorld
from aitia.worlds.mechanisms import Mechanism
from aitia.worlds.moderation import ModerationWorld
from aitia.worlds.mood import MoodWorld
from aitia.worlds.orca import CrowdWorld, OrcaWorld
from aitia.worlds.pairs import Pairs
from aitia.worlds.pendulum import PendulumWorld
from aitia.worlds.pond import PondWorld
from aitia.worlds.process import LatentProcessWorld
from aitia.worlds.process_config import LogEntry, ProcessConfig
from aitia.worlds.projectile import ProjectileWorld
from aitia.worlds.push import PushWorld
from aitia.worlds.questions import QuestionsWorld
from aitia.worlds.refraction import RefractionWorld
from aitia.worlds.reports import ReportsWorld
from aitia.worlds.review_editor import ReviewEditor
from aitia.worlds.reviews import ReviewsWorld
from aitia.worlds.robot import RobotWorld
from aitia.worlds.roles import RolesWorld, RoleTriples
from aitia.worlds.rollout import Frame, Rollout
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.scene_config import SceneConfig
from aitia.worlds.scenes import ScenesWorld
from aitia.worlds.shapes import ShapesWorld
from aitia.worlds.shifts import DomainShift
from aitia.worlds.siamese import SiameseWorld
from aitia.worlds.slope import SlopeWorld
from aitia.worlds.spring import SpringWorld
from aitia.worlds.spring_mass import SpringMassWorld
from aitia.worlds.static_scenes import StaticWorld
from aitia.worlds.stories import StoriesWorld
from aitia.worlds.town import TownWorld
from aitia.worlds.traffic import TrafficWorld
from aitia.worlds.varieties import VarietiesWorld
from aitia.worlds.walkers import WalkersWorld
from aitia.worlds.ward import WardWorld
from aitia.worlds.weighted_communities import WeightedCommunities
from aitia.worlds.what_if import WhatIf, WhatIfWorld
from aitia.worlds.world import World

__all__ = [
    "AxiomsWorld",
    "CalciumWorld",
    "CapabilitiesWorld",
    "ChainWorld",
    "ClipsWorld",
    "CollisionWorld",
    "ConceptTextWorld",
    "Corr2CauseWorld",
    "CrowdWorld",
    "DigitPagesWorld",
    "DigitSetsWorld",
    "DomainShift",
    "DriftWorld",
    "EntitiesWorld",
    "Event",
    "FactsWorld",
    "FallWorld",
    "FigureWorld",
    "FlowWorld",
    "Frame",
    "HeterogeneousWorld",
    "Latent",
    "LatentDomainsWorld",
    "LatentProcessWorld",
    "Link",
    "LogEntry",
    "Mechanism",
    "ModerationWorld",
    "MoodWorld",
    "OrcaWorld",
    "PairWorld",
    "Pairs",
    "PendulumWorld",
    "PondWorld",
    "ProcessConfig",
    "ProjectileWorld",
    "PushWorld",
    "QuestionsWorld",
    "RefractionWorld",
    "ReportsWorld",
    "ReviewEditor",
    "ReviewsWorld",
    "RobotWorld",
    "RoleTriples",
    "RolesWorld",
    "Rollout",
    "Sample",
    "SceneConfig",
    "ScenesWorld",
    "ShapesWorld",
    "SiameseWorld",
    "SlopeWorld",
    "SpringMassWorld",
    "SpringWorld",
    "StaticWorld",
    "StoriesWorld",
    "TownWorld",
    "TrafficWorld",
    "VarietiesWorld",
    "WalkersWorld",
    "WardWorld",
    "WeightedCommunities",
    "WhatIf",
    "WhatIfWorld",
    "World",
    "export_world",
]
