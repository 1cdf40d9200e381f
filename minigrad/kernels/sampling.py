"""Array functions behind random samples that have gradients."""

from __future__ import annotations

import numpy as np

from minigrad.kernels import Array
from minigrad.kernels.special import digamma, lgamma


def gamma_slope(sample: Array, concentration: Array) -> Array:
    """How fast a number of the gamma distribution grows with its concentration a, at a fixed probability of less.

    dz/da = -(dP/da) / p for the distribution function P(a, z) = Σ z^(a+k) exp(-z) / Γ(a+k+1) and its density p: the series
    is differentiated term by term. Source: M. Figurnov et al., Implicit Reparameterization Gradients, NeurIPS 2018.
    """
    z, a = (np.asarray(x, np.float64) for x in np.broadcast_arrays(sample, concentration))
    log_z = np.log(np.maximum(z, np.finfo(np.float64).tiny))
    term = z / a
    psi = np.asarray(digamma(a + 1))
    slope = term * (psi - log_z)
    k = 1.0
    while True:
        over = a + k
        term = term * z / over
        psi = psi + 1 / over
        share = term * (psi - log_z)
        slope += share
        if not np.any((np.abs(share) > 1e-17 * np.abs(slope)) | (over < z)):
            break
        k += 1
    return slope.astype(np.result_type(sample, concentration))  # type: ignore[no-any-return]


def gamma_share(x: Array, concentration: Array) -> Array:
    """The distribution function of the gamma distribution, Σ x^(a+k) exp(-x) / Γ(a+k+1)."""
    z, a = (np.asarray(v, np.float64) for v in np.broadcast_arrays(x, concentration))
    term = np.exp(a * np.log(np.maximum(z, np.finfo(np.float64).tiny)) - z - lgamma(a + 1))
    total = term.copy()
    k = 1.0
    while True:
        over = a + k
        term = term * z / over
        total += term
        if not np.any((term > 1e-17 * total) | ((over < z) & (term > 0))):
            break
        k += 1
    return np.minimum(total, 1).astype(np.result_type(x, concentration))
