"""The confounder dictionary of ATE-D: codes of a tied linear autoencoder, and the centroids of their clusters.

z = W x,    x^ = W' z,    W = argmin E |x - W' W x|^2,    {z_k}, P(z_k) from k-means of z                       (1)
"""

import torch
from torch import Tensor, nn

from aitia.errors import DataError

__all__ = ["Dictionary", "TiedAutoencoder", "cluster"]


class TiedAutoencoder(nn.Module):
    """(1) before the clusters.

    Args:
        features: Columns of x.
        size: Columns of z.
    """

    def __init__(self, features: int, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(size, features))
        nn.init.orthogonal_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """The mean squared error, summed over columns."""
        error: Tensor = (x - x @ self.weight.T @ self.weight).square().sum(dim=-1).mean()
        return error


class Dictionary(nn.Module):
    """The entries and their shares.

    Args:
        weight: W of (1), (size, features).
        centroids: (entries, size).
        shares: P(z_k), (entries,).
    """

    def __init__(self, weight: Tensor, centroids: Tensor, shares: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight.detach().clone())
        self.register_buffer("centroids", centroids)
        self.register_buffer("shares", shares)

    weight: Tensor
    centroids: Tensor
    shares: Tensor

    def encode(self, x: Tensor) -> Tensor:
        """W x, (n, size)."""
        return x @ self.weight.T

    def decode(self, z: Tensor) -> Tensor:
        """W' z, (n, features)."""
        return z @ self.weight

    def nearest(self, x: Tensor) -> Tensor:
        """The entry next to each row, (n,)."""
        return torch.cdist(self.encode(x), self.centroids).argmin(dim=1)


def cluster(weight: Tensor, x: Tensor, entries: int, seed: int) -> Dictionary:
    """The dictionary of these rows; clusters that k-means leaves empty are left out.

    Raises:
        DataError: If there are more entries than rows.
    """
    if entries > len(x):
        raise DataError(f"a dictionary of {entries} entries needs as many rows at least, got {len(x)}")
    from sklearn.cluster import KMeans

    codes = (x @ weight.detach().T).double().cpu().numpy()
    found = KMeans(entries, n_init=4, random_state=seed).fit(codes)
    counts = torch.bincount(torch.from_numpy(found.labels_).long(), minlength=entries)
    kept = counts > 0
    centroids = torch.from_numpy(found.cluster_centers_).float()[kept]
    return Dictionary(weight, centroids, counts[kept] / len(x))
