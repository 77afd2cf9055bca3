"""The nine losses of CADET, their weights over the epochs, and the weights of rows that close the back door.

    reconstruction  .5   cross-entropy of the words, a mean over tokens; grows over epochs 1 to 5
    label          2.0   cross-entropy, classes weighted by their inverse frequency in the batch
    target          .5   cross-entropy, rows weighted by the annotators' confidence
    style          1.0   cross-entropy
    kl              .1   KL of M_raw and U to N(0, I), of T and S to even; 0 before epoch 2, full from 6
    orthogonality  3.0   squared cosine, a mean over the pairs of {M, T, S, U} after learned projections; from epoch 3
    adversarial    1.0   error of U predicted from M, T, S behind a reversed gradient; .1 until epoch 2, full from 5
    counterfactual  .5   published: (p(M) - p(M~))^2 for a second draw M~ of M
    cycle           .5   published: |M - M~|^2 / width

In the published forward pass the flipped style goes to the decoder alone, and the label is read from M, which never
sees it: the last two losses compare two draws of one law. `adjusted` decodes with the flipped style, encodes what was
written to M', and takes

    counterfactual  (p(M') - p(M))^2 + cross-entropy of the style of the new text against the flipped one
    cycle           |M' - M|^2 / width

both growing over epochs 2 to 5, for a decoder that cannot write yet says nothing,
and weights the rows of the label's loss by (1), so that style and label are independent in the weighted sample:

    w = P(s) P(y) / P(s, y)                                                                                          (1)
"""

import torch
from torch import Tensor, nn

from aitia.nn.erasure import GradientReversal
from aitia.nn.gaussian import gaussian_kl
from aitia.systems.cadet.config import LOSSES, CadetConfig, Variant
from aitia.systems.cadet.network import CadetNetwork, Inferred, pick_words

__all__ = ["Objective", "back_door_weights", "conditional_hsic", "schedule"]


def back_door_weights(style: Tensor, label: Tensor) -> Tensor:
    """(1) for each row, (n,), with the frequencies of these rows; 1 on average where every pair occurs.

    Args:
        style: (n,) codes from 0.
        label: (n,) codes from 0.

    Example:
        >>> style, label = torch.tensor([0, 0, 0, 1]), torch.tensor([0, 0, 1, 1])
        >>> back_door_weights(style, label).tolist()
        [0.75, 0.75, 1.5, 0.5]
    """
    pairs = torch.zeros(int(style.max()) + 1, int(label.max()) + 1, dtype=torch.float64)
    pairs.index_put_((style, label), torch.ones(len(style), dtype=torch.float64), accumulate=True)
    pairs /= len(style)
    weights = pairs.sum(1, keepdim=True) * pairs.sum(0, keepdim=True) / pairs
    return weights[style, label].float()


def schedule(name: str, epoch: float, variant: Variant) -> float:
    """The share of its weight that a loss has at an epoch, the first one beginning at 1.

    Example:
        >>> schedule("kl", 4.0, "published"), schedule("adversarial", 1.0, "published")
        (0.5, 0.1)
    """

    def ramp(begin: float, end: float) -> float:
        return min(max((epoch - begin) / (end - begin), 0.0), 1.0)

    if name == "reconstruction":
        return min(epoch / 5, 1.0)
    if name == "kl":
        return ramp(2, 6)
    if name == "orthogonality":
        return float(epoch >= 3)
    if name == "adversarial":
        return 0.1 + 0.9 * ramp(2, 5)
    if name in ("counterfactual", "cycle") and variant == "adjusted":
        return ramp(2, 5)
    return 1.0


def conditional_hsic(x: Tensor, style: Tensor, label: Tensor) -> Tensor:
    """HSIC of x (n, units) and style within each label, a mean over labels; Gaussian kernel of median width."""
    found: Tensor = x.new_zeros(())
    values = torch.unique(label)
    for value in values:
        rows = label == value
        if int(rows.sum()) < 4 or len(torch.unique(style[rows])) < 2:
            continue
        squares = torch.cdist(x[rows], x[rows]).square()
        gram = torch.exp(-squares / squares.detach().median().clamp(min=1e-6))
        same = (style[rows][:, None] == style[rows][None]).to(x.dtype)
        centred = same - same.mean(0) - same.mean(1, keepdim=True) + same.mean()
        found = found + (gram * centred).mean()
    return found / len(values)


class Objective(nn.Module):
    """The sum of the losses, from a batch.

    Args:
        net: The network.
        config: Which losses, and the weights of the further ones.
        steps: Updates in an epoch.
        end: The token that ends a text.
    """

    def __init__(self, net: CadetNetwork, config: CadetConfig, steps: int, end: int) -> None:
        super().__init__()
        self.net, self.config, self.steps, self.end = net, config, steps, end
        self.used = {name: weight for name, weight in LOSSES.items() if name not in config.drop}
        if config.variant == "erm":
            self.used = {"label": LOSSES["label"]}
        self.turn = GradientReversal()
        self.epoch = 1.0

    def begin(self, step: int) -> None:
        """Says at which step the training is, for the weights of the losses."""
        self.epoch = 1 + step / self.steps

    def forward(
        self,
        ids: Tensor,
        mask: Tensor,
        label: Tensor,
        style: Tensor,
        target: Tensor,
        confidence: Tensor,
        weight: Tensor,
        balance: Tensor,
    ) -> dict[str, Tensor]:
        """The losses of a batch, each unweighted, and their weighted sum under `loss`.

        Args:
            ids: (n, tokens).
            mask: (n, tokens).
            label: (n,) 0 or 1.
            style: (n,) 0 or 1.
            target: (n,) codes.
            confidence: (n,) of the target.
            weight: (n,) of the row in the loss of the label.
            balance: (n,) weight (1), for the adversary.
        """
        longest = int(mask.sum(1).max())
        ids, mask = ids[:, :longest], mask[:, :longest]
        h = self.net.see(ids, mask)
        if self.net.decoder is None:
            found, m = {"label": label_loss(self.net.label_head(h), label, weight)}, h
        else:
            fact = self.net.infer(h, sample=True)
            found, m = self._with_latents(fact, h, ids, mask, label, style, target, confidence, weight), fact.m
        total = torch.stack(
            [scale * schedule(name, self.epoch, self.config.variant) * found[name] for name, scale in self.used.items()]
        ).sum()
        if self.config.style_adversary:
            guess = nn.functional.cross_entropy(self.net.style_adversary(self.turn(m)), style, reduction="none")
            found["style adversary"] = (guess * balance).sum() / balance.sum()
            total = total + self.config.style_adversary * found["style adversary"]
        if self.config.independence:
            found["independence"] = conditional_hsic(m, style, label)
            total = total + self.config.independence * found["independence"]
        return {"loss": total, **found}

    def _with_latents(
        self,
        fact: Inferred,
        h: Tensor,
        ids: Tensor,
        mask: Tensor,
        label: Tensor,
        style: Tensor,
        target: Tensor,
        confidence: Tensor,
        weight: Tensor,
    ) -> dict[str, Tensor]:
        net, used = self.net, self.used
        found: dict[str, Tensor] = {}
        if "reconstruction" in used:
            words = net.words(net.code(fact.m, fact.u, fact.t, fact.s), ids)
            found["reconstruction"] = nn.functional.cross_entropy(words[mask.bool()], ids[mask.bool()])
        if "label" in used:
            found["label"] = label_loss(net.label_head(fact.m), label, weight)
        if "target" in used:
            each = nn.functional.cross_entropy(net.target_head(fact.t), target, reduction="none")
            found["target"] = (each * confidence).sum() / confidence.sum().clamp(min=1e-6)
        if "style" in used:
            found["style"] = nn.functional.cross_entropy(net.style_head(fact.s), style)
        if "kl" in used:
            found["kl"] = self._divergence(fact)
        if "orthogonality" in used:
            found["orthogonality"] = self._overlap(fact)
        if "adversarial" in used:
            parts = {"m": fact.m, "t": fact.t, "s": fact.s}
            guesses = [net.guess_u[name](self.turn(part)) for name, part in parts.items()]
            errors = [(guess - fact.u.detach()).square().mean() for guess in guesses]
            found["adversarial"] = torch.stack(errors).mean()
        if {"counterfactual", "cycle"} & used.keys():
            found |= self._counterfactual(fact, h, ids, mask)
        return found

    def _divergence(self, fact: Inferred) -> Tensor:
        parts = []
        for mean, log_variance in fact.laws.values():
            each = gaussian_kl(mean[..., None], log_variance[..., None]).mean(0)
            parts.append(each.clamp(min=self.config.spared).sum())
        for logits in (fact.t_logits, fact.s_logits):
            share = logits.log_softmax(-1)
            even = torch.log(torch.tensor(float(logits.shape[-1]), device=logits.device))
            parts.append((share.exp() * share).sum(-1).mean() + even)
        return torch.stack(parts).sum()

    def _overlap(self, fact: Inferred) -> Tensor:
        parts = {"m": fact.m, "t": fact.t, "s": fact.s, "u": fact.u}
        seen = [nn.functional.normalize(self.net.compare[name](part), dim=-1) for name, part in parts.items()]
        pairs = [(a * b).sum(-1).square().mean() for k, a in enumerate(seen) for b in seen[:k]]
        return torch.stack(pairs).mean()

    def _counterfactual(self, fact: Inferred, h: Tensor, ids: Tensor, mask: Tensor) -> dict[str, Tensor]:
        net = self.net
        p = net.label_head(fact.m).softmax(-1)[:, 1]
        if self.config.variant == "published":
            again = net.infer(h, sample=True)
            other = net.label_head(again.m).softmax(-1)[:, 1]
            return {"counterfactual": (p - other).square().mean(), "cycle": (fact.m - again.m).square().mean()}
        flipped = fact.s.flip(-1)
        logits = net.words(net.code(fact.m, fact.u, fact.t, flipped), ids)
        words, _ = pick_words(logits, self.end, sample=True)
        again = net.infer(net.see_words(words, mask), sample=True)
        other = net.label_head(again.m).softmax(-1)[:, 1]
        told = nn.functional.cross_entropy(net.style_head(again.s), net.style_head(flipped).argmax(-1))
        return {
            "counterfactual": (p - other).square().mean() + told,
            "cycle": (fact.m - again.m).square().mean(),
        }


def label_loss(logits: Tensor, label: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy of rows with these weights, classes weighted by their inverse frequency in the batch.

    Args:
        logits: (n, 2).
        label: (n,).
        weight: (n,).
    """
    count = torch.bincount(label, minlength=2).to(logits.dtype)
    weight = weight * (len(label) / (2 * count.clamp(min=1)))[label]
    each = nn.functional.cross_entropy(logits, label, reduction="none")
    return (each * weight).sum() / weight.sum()
