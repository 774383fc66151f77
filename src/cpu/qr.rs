//! The QR decomposition of one matrix.

/// Q (rows x kept) and R (kept x columns) of a row-major matrix, by Householder reflections. The signs are LAPACK's:
/// a column's reflection maps it to minus the sign of its head.
pub fn householder(a: &[f64], rows: usize, columns: usize, kept: usize) -> (Vec<f64>, Vec<f64>) {
    let mut r = a.to_vec();
    let steps = rows.min(columns);
    let mut reflections: Vec<(Vec<f64>, f64)> = Vec::with_capacity(steps);
    for k in 0..steps {
        let head = r[k * columns + k];
        let below: f64 = (k + 1..rows).map(|i| r[i * columns + k].powi(2)).sum();
        let mut v = vec![0.0; rows];
        if below == 0.0 {
            reflections.push((v, 0.0)); // nothing to annihilate: LAPACK leaves the column as it is
            continue;
        }
        let beta = -(head * head + below).sqrt().copysign(head);
        v[k] = 1.0;
        for i in k + 1..rows {
            v[i] = r[i * columns + k] / (head - beta);
        }
        let tau = (beta - head) / beta;
        reflect(&mut r, columns, &v, tau, k);
        for i in k + 1..rows {
            r[i * columns + k] = 0.0;
        }
        reflections.push((v, tau));
    }
    let mut q = vec![0.0; rows * kept];
    for i in 0..rows.min(kept) {
        q[i * kept + i] = 1.0;
    }
    for (k, (v, tau)) in reflections.iter().enumerate().rev() {
        reflect(&mut q, kept, v, *tau, k);
    }
    let upper = (0..kept * columns).map(|i| if i / columns <= i % columns { r[i] } else { 0.0 }).collect();
    (q, upper)
}

/// `m -= tau v (v' m)`, where v is zero above `from`.
fn reflect(m: &mut [f64], columns: usize, v: &[f64], tau: f64, from: usize) {
    for j in 0..columns {
        let dot: f64 = (from..v.len()).map(|i| v[i] * m[i * columns + j]).sum();
        for i in from..v.len() {
            m[i * columns + j] -= tau * dot * v[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_times_r_is_the_matrix_and_q_is_orthonormal() {
        let (m, n) = (4, 3);
        let a: Vec<f64> = (0..m * n).map(|i| ((i * 7 + 3) % 11) as f64 - 4.0).collect();
        let (q, r) = householder(&a, m, n, 3);
        for i in 0..m {
            for j in 0..n {
                let dot: f64 = (0..3).map(|k| q[i * 3 + k] * r[k * n + j]).sum();
                assert!((dot - a[i * n + j]).abs() < 1e-12);
            }
        }
        for j in 0..3 {
            for k in 0..3 {
                let dot: f64 = (0..m).map(|i| q[i * 3 + j] * q[i * 3 + k]).sum();
                assert!((dot - f64::from(j == k)).abs() < 1e-12);
            }
        }
    }
}
