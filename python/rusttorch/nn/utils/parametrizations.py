"""Ready-made parametrizations: orthogonal, weight norm and spectral norm."""

from __future__ import annotations

from typing import Any

import rusttorch as torch

from .. import functional as F
from ..modules.module import Module
from . import parametrize
from .weight_norm import norm_except_dim, normalized

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

_ORTHOGONAL_MAPS = ("matrix_exp", "cayley", "householder")


def _is_orthogonal(Q: torch.Tensor, eps: float | None = None) -> bool:
    rows, cols = Q.size(-2), Q.size(-1)
    identity = torch.eye(cols, dtype=Q.dtype, device=Q.device)
    eps = 10.0 * rows * torch.finfo(Q.dtype).eps
    return torch.allclose(Q.mH @ Q, identity, atol=eps)


def _make_orthogonal(A: torch.Tensor) -> torch.Tensor:
    """The orthogonal factor of a tall matrix, the one that goes with a positive diagonal of the other."""
    X, tau = torch.geqrf(A)
    Q = torch.linalg.householder_product(X, tau)  # type: ignore[attr-defined]  # not native yet
    Q *= X.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)
    return Q


class _Orthogonal(Module):
    """Any matrix to an orthogonal one: of a square matrix all rows and columns, of others the shorter ones.

    Lezcano-Casado, Trivializations for gradient-based optimization on manifolds, 2019.
    """

    base: torch.Tensor | None

    def __init__(self, weight: torch.Tensor, orthogonal_map: str, *, use_trivialization: bool = True) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """(*, n, k) to the same."""
        wide = X.size(-2) < X.size(-1)
        if wide:
            X = X.mT
        rows, cols = X.size(-2), X.size(-1)
        if self.orthogonal_map == "householder":
            A = X.tril(diagonal=-1)
            tau = 2.0 / (1.0 + (A * A).sum(dim=-2))
            Q = torch.linalg.householder_product(A, tau)  # type: ignore[attr-defined]  # not native yet
            Q = Q * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
        else:
            X = X.tril()
            if rows != cols:
                fill = X.new_zeros(rows, rows - cols).expand(*X.shape[:-2], -1, -1)
                X = torch.cat([X, fill], dim=-1)
            A = X - X.mH  # skew, which both maps make orthogonal
            if self.orthogonal_map == "matrix_exp":
                Q = torch.matrix_exp(A)
            else:
                identity = torch.eye(rows, dtype=A.dtype, device=A.device)
                Q = torch.linalg.solve(torch.add(identity, A, alpha=-0.5), torch.add(identity, A, alpha=0.5))  # type: ignore[attr-defined]  # not native yet
            if rows != cols:
                Q = Q[..., :cols]
        if hasattr(self, "base"):
            Q = self.base @ Q
        return Q.mT if wide else Q

    def right_inverse(self, Q: torch.Tensor) -> torch.Tensor:
        """The matrix that makes the result ``Q``, which is made orthogonal first where that is possible."""
        with torch.no_grad():
            if Q.shape != self.shape:
                raise ValueError(
                    f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {Q.shape}."
                )
            given = Q
            wide = Q.size(-2) < Q.size(-1)
            if wide:
                Q = Q.mT
            rows, cols = Q.size(-2), Q.size(-1)
            if not hasattr(self, "base"):
                if self.orthogonal_map != "householder":
                    raise NotImplementedError(
                        "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                        "use_trivialization=False."
                    )
                A, tau = torch.geqrf(Q)
                diagonal = A.diagonal(dim1=-2, dim2=-1)
                diagonal.sign_()
                # A zero stands for the reflection that does nothing.
                diagonal[tau == 0.0] *= -1
                return A.mT if wide else A
            if rows != cols:
                extra = torch.randn(*(Q.size()[:-2] + (rows, rows - cols)), dtype=Q.dtype, device=Q.device)
                Q = _make_orthogonal(torch.cat([Q, extra], dim=-1))
            elif _is_orthogonal(Q):
                Q = Q.clone()
            else:
                Q = _make_orthogonal(Q)
            self.base = Q
            # -I on the diagonal: the maps send it to the identity, and householder's signs to -1 twice.
            negative = torch.zeros_like(given)
            negative.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
            return negative


def orthogonal(
    module: Module, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Module:
    """Keeps a weight orthogonal: its columns, or its rows where there are fewer, orthonormal.

    Args:
        module: parametrized in place.
        name: of a parameter or buffer (ValueError) of at least 2 dimensions (ValueError); the last two are a matrix.
        orthogonal_map: ``'matrix_exp'``, ``'cayley'`` or ``'householder'`` (ValueError). Default: the first for
            square or complex matrices, else the last.
        use_trivialization: whether the result is multiplied by a fixed orthogonal matrix, so that the start is the
            weight as it was.
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, torch.Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        square = weight.size(-2) == weight.size(-1)
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in _ORTHOGONAL_MAPS:
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    map_module = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    return parametrize.register_parametrization(module, name, map_module, unsafe=True)


class _WeightNorm(Module):
    """Norm and direction to the weight."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: torch.Tensor, weight_v: torch.Tensor) -> torch.Tensor:
        """The weight."""
        return normalized(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Norm and direction of a weight."""
        return norm_except_dim(weight, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Makes a weight the product of a norm (``original0``) and a direction (``original1``).

    Salimans and Kingma, 2016. State dicts of the old `weight_norm` are understood.

    Args:
        module: parametrized in place.
        name: of the parameter.
        dim: each index of it has a norm of its own; None for one norm of everything.
    """
    parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: Any,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        old = [f"{prefix}{name}_g", f"{prefix}{name}_v"]
        if all(key in state_dict for key in old):
            for i, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{name}.original{i}"] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(rename)
    return module


class _SpectralNorm(Module):
    """A weight divided by its largest singular value, found by the power method."""

    _u: torch.Tensor
    _v: torch.Tensor

    def __init__(self, weight: torch.Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        ndim = weight.ndim
        if not -ndim <= dim < ndim:
            raise IndexError(f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got {dim})")
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.dim = dim if dim >= 0 else dim + ndim
        self.eps = eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._reshape_weight_to_matrix(weight)
            rows, cols = matrix.size()
            u = matrix.new_empty(rows).normal_(0, 1)
            v = matrix.new_empty(cols).normal_(0, 1)
            self.register_buffer("_u", F.normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", F.normalize(v, dim=0, eps=eps))
            self._power_method(matrix, 15)

    def _reshape_weight_to_matrix(self, weight: torch.Tensor) -> torch.Tensor:
        if self.dim != 0:
            weight = weight.permute(self.dim, *[d for d in range(weight.dim()) if d != self.dim])
        return weight.flatten(1)

    def _power_method(self, matrix: torch.Tensor, steps: int) -> None:
        with torch.no_grad():
            for _ in range(steps):
                # In place, so that copies of the module that share the buffers share the progress.
                self._u = F.normalize(torch.mv(matrix, self._v), dim=0, eps=self.eps, out=self._u)
                self._v = F.normalize(torch.mv(matrix.mH, self._u), dim=0, eps=self.eps, out=self._v)

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """The normalised weight; in training the power method goes on first."""
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._reshape_weight_to_matrix(weight)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        # Copies, since the next forward changes the buffers before this one's backward.
        u = self._u.clone(memory_format=torch.contiguous_format)
        v = self._v.clone(memory_format=torch.contiguous_format)
        return weight / torch.vdot(u, torch.mv(matrix, v))

    def right_inverse(self, value: torch.Tensor) -> torch.Tensor:
        """The weight itself: its norm is not known any more."""
        return value


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Divides a weight by its largest singular value. Miyato et al., 2018.

    Args:
        module: parametrized in place.
        name: of a parameter or buffer (ValueError).
        n_power_iterations: steps of the power method at each use in training; positive (ValueError).
        eps: keeps norms from being 0.
        dim: of the outputs. Default: 1 for transposed convolutions, else 0.
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, torch.Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if dim is None:
        from ..modules.conv import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d

        dim = 1 if isinstance(module, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)) else 0
    parametrize.register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))
    return module
