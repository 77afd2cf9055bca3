"""How much a concept of a text moves a classifier, told without edited texts: a language model that forgot the concept.

    L_CF = L_mlm + sum_c L_c - lambda L_treated   over the encoder,    each head minimises its own loss             (1)
    TReATE = mean_i sum_k | f_O(phi_O(x_i))_k - f_CF(phi_CF(x_i))_k |                                               (2)
    ATE    = mean_i sum_k | f_O(phi_O(x_i))_k - f_O(phi_O(x_i'))_k |    x_i' has the concept set anew              (3)

phi_CF is trained on by (1): it goes on as a language model, keeps the control concepts c, and hides the treated one
from an adversary behind a gradient reversal. phi_O has the same training without the last term, so that (2) compares
encoders that saw as much. f_O and f_CF are heads for one task, trained alike on the frozen encoders. k runs over
the classes, so that (2) and (3) lie between 0 and 2.

Stages: (i) a language model from the Hub or a folder, or a small one trained on the texts; (ii) equation (1); (iii) the
heads. A concept is one label a text, or tags of its words, where the adversary sees masked words and says which of them
had the treated tag, as many with it as without.

Where we differ from the source; `PUBLISHED` has its settings.

- The reversed gradient vanishes where the adversary is right and sure of itself, which it is at the start, and the
  more so the more it is trained; then nothing is hidden. `confusion` instead asks the encoder to make the adversary say
  every class alike, and its gradient is largest there.
- Where concept and label go together, an adversary can read the concept off the label, and hiding it destroys the
  label. `balanced` weighs the adversary's texts so that the concept is independent of label and control concepts.
- Its push is held back while the adversary is at chance (`hold`): it cannot turn the concept round, and the number of
  updates stays that of the controls.
- What is left for a linear classifier of the mean state is taken out in closed form (`closed_form`).
- (3) contrasts two values, (2) a value with none: of two values, removal moves about half as far as a flip. The
  flip-scaled TReATE is 2 TReATE; the calibrated one sets the concept anew by what unlearning takes from the texts of
  each value, see `calibration.py`. Both are ours.
- The source caps the masked words at 30 a text and trains phi_O on words alone; here 15 % are masked without a cap, and
  phi_O keeps the control heads, so that the treated term is all that differs.

Source:
    Feder, Oved, Shalit and Reichart, CausaLM: Causal model explanation through counterfactual language models,
    Computational Linguistics 47 (2021). Ganin et al., JMLR 17 (2016), for the reversal and its ramp; Tzeng, Hoffman,
    Darrell and Saenko, Simultaneous deep transfer across domains and tasks, ICCV 2015, for the confusion loss.
"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.causalm.config import PUBLISHED, CausaLMConfig
    from aitia.systems.causalm.effects import ConceptEffect, Erasure
    from aitia.systems.causalm.model import CausaLM

__all__ = ["PUBLISHED", "CausaLM", "CausaLMConfig", "ConceptEffect", "Erasure"]

__getattr__ = lazily(
    __name__,
    {
        "CausaLM": "model",
        "CausaLMConfig": "config",
        "ConceptEffect": "effects",
        "Erasure": "effects",
        "PUBLISHED": "config",
    },
)
