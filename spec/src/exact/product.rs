//! Binomials as products, for a small lower index.

use rug::Integer;

/// `n(n-1)..(n-k+1) / k!`, for a small `k`.
pub(super) fn small_binomial(n: &Integer, k: u128) -> Integer {
    falling(n, 0, k).div_exact(&falling(&Integer::from(k), 0, k))
}

/// The product of `n-j` for `from <= j < to`, by halves so that factors of like length meet.
fn falling(n: &Integer, from: u128, to: u128) -> Integer {
    if to - from <= 8 {
        return (from..to).map(|j| Integer::from(n - j)).product();
    }
    let middle = from + (to - from) / 2;
    falling(n, from, middle) * falling(n, middle, to)
}
