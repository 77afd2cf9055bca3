"""`do`: one small algebra of interventions, and the verbs that put it to any causal system.

    Intervention      what is done, as data: it prints, hashes, serialises, composes (`a | b`, the latest wins)
    do                the system under an intervention; the old system is left as it was
    counterfactual    what given rows would have been: abduction, action, prediction
    effect            what an intervention changes in an outcome, with its interval
    check             the laws that every causal system must obey, run on yours

A system is anything with the methods of `Acts` and `Sampler`: an SCM, a simulator, a learned generator. Nothing here
knows more of it than that.

Source:
    Pearl, Causality, 2nd ed. (2009), sections 1.4 (do), 4.2 (stochastic and soft actions), 7.1 (counterfactuals).
"""

from aitia.do.actions import Action, Categorical, Normal, Scale, Shift, Uniform, Value, scale, shift
from aitia.do.effects import FittedEffect, effect
from aitia.do.intervention import Intervention
from aitia.do.laws import Law, LawTable, check
from aitia.do.verbs import Acts, Effect, Sampler, counterfactual, do

__all__ = [
    "Action",
    "Acts",
    "Categorical",
    "Effect",
    "FittedEffect",
    "Intervention",
    "Law",
    "LawTable",
    "Normal",
    "Sampler",
    "Scale",
    "Shift",
    "Uniform",
    "Value",
    "check",
    "counterfactual",
    "do",
    "effect",
    "scale",
    "shift",
]
