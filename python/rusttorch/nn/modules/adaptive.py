"""AdaptiveLogSoftmaxWithLoss: a softmax over many classes, the rare ones in clusters of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import rusttorch as torch

from .. import functional as F
from .container import ModuleList, Sequential
from .linear import Linear
from .module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    output: torch.Tensor
    loss: torch.Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Efficient softmax approximation for GPUs. Grave et al., 2016.

    The frequent classes, numbered first, stand in the head beside one entry per cluster; each cluster of rarer
    classes has a projection to fewer features.

    Args:
        in_features: size of the input.
        n_classes: number of classes.
        cutoffs: where the clusters begin: increasing, distinct, between 1 and n_classes - 1 (ValueError).
        div_value: by which the features of each cluster are fewer than those of the one before.
        head_bias: whether the head has a bias.
        device, dtype: of the parameters.
    """

    in_features: int
    n_classes: int
    cutoffs: list[int]
    div_value: float
    head_bias: bool
    head: Linear
    tail: ModuleList

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        starts = list(cutoffs)
        if not starts:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if (
            starts != sorted(set(starts))
            or min(starts) <= 0
            or max(starts) > n_classes - 1
            or any(int(start) != start for start in starts)
        ):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each "
                "value is between 1 and n_classes-1"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*starts, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        factory = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **factory)
        self.tail = ModuleList()
        for i in range(self.n_clusters):
            hidden = int(in_features // (div_value ** (i + 1)))
            classes = self.cutoffs[i + 1] - self.cutoffs[i]
            self.tail.append(
                Sequential(
                    Linear(in_features, hidden, bias=False, **factory), Linear(hidden, classes, bias=False, **factory)
                )
            )

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        self.head.reset_parameters()
        for projection, output in self.tail:
            projection.reset_parameters()
            output.reset_parameters()

    def forward(self, input_: torch.Tensor, target_: torch.Tensor) -> _ASMoutput:
        """Inputs (N, in_features) or (in_features,) and classes (N,) or () to log probabilities and their mean loss."""
        dims = target_.dim()
        if dims == 1:
            if input_.size(0) != target_.size(0):
                raise RuntimeError("Input and target should have the same size in the batch dimension.")
            if input_.dim() != 2:
                raise RuntimeError(
                    f"1D target tensor expects 2D input tensors, but found inputs with size {input_.size()}"
                )
        elif dims == 0:
            if input_.dim() != 1:
                raise RuntimeError(
                    f"0D target tensor expects 1D input tensors, but found inputs with size {input_.size()}"
                )
        else:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        single = dims == 0
        input = input_.unsqueeze(0) if single else input_
        target = target_.unsqueeze(0) if single else target_

        output = input.new_zeros(target.size(0))
        head_index = target.new_empty(target.size(0))
        seen = 0
        for i, end in enumerate(self.cutoffs):
            start = 0 if i == 0 else self.cutoffs[i - 1]
            rows = ((target >= start) & (target < end)).nonzero().squeeze(1)
            if rows.numel() == 0:
                continue
            if i == 0:
                head_index.index_copy_(0, rows, target[rows])
            else:
                scores = self.tail[i - 1](input.index_select(0, rows))
                place = self.shortlist_size + i - 1
                head_index.index_fill_(0, rows, place)
                inside = (target[rows] - start).unsqueeze(1)
                local = F.log_softmax(scores, dim=1).gather(1, inside)
                output.index_copy_(0, rows, local.squeeze(1))
            seen += rows.numel()
        if seen != target.size(0):
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range [{target.min().item()}, "
                f"{target.max().item()}] were found. "
            )
        head = F.log_softmax(self.head(input), dim=1)
        output = output + head.gather(1, head_index.unsqueeze(1)).squeeze(1)
        loss = (-output).mean()
        return _ASMoutput(output.squeeze(0) if single else output, loss)

    def _get_full_log_prob(self, input: torch.Tensor, head_output: torch.Tensor) -> torch.Tensor:
        """Log probabilities of all classes, from the scores of the head."""
        head = F.log_softmax(head_output, dim=1)
        parts = [head[:, : self.shortlist_size]]
        for i, cluster in enumerate(self.tail):
            of_cluster = head[:, self.shortlist_size + i].unsqueeze(1)
            parts.append(F.log_softmax(cluster(input), dim=1) + of_cluster)
        return torch.cat(parts, dim=1)

    def log_prob(self, input: torch.Tensor) -> torch.Tensor:
        """Log probabilities of all classes: (N, in_features) to (N, n_classes)."""
        return self._get_full_log_prob(input, self.head(input))

    def predict(self, input: torch.Tensor) -> torch.Tensor:
        """The most probable class: (N, in_features) to (N,). Only the clusters that are needed are computed."""
        scores = self.head(input)
        output = scores.argmax(dim=1)
        rare = output >= self.shortlist_size
        if not rare.any():
            return output
        if rare.all():
            return self._get_full_log_prob(input, scores).argmax(dim=1)
        output[rare] = self._get_full_log_prob(input[rare], scores[rare]).argmax(dim=1)
        return output
