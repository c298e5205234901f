// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Agreement of clips that count several times, as a bootstrap draws them.
//!
//! A weight of 2 gives what the clip would give if it were listed twice, a weight of 0 what the list would give without it.

/// Two lists of the same clips, and their ranks' order, which no draw changes.
pub struct Pairing {
    x: Vec<f64>,
    y: Vec<f64>,
    order_x: Vec<usize>,
    order_y: Vec<usize>,
}

fn order(x: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
    order
}

impl Pairing {
    /// Of `x` and `y`, as long as each other.
    pub fn new(x: Vec<f64>, y: Vec<f64>) -> Self {
        let (order_x, order_y) = (order(&x), order(&y));
        Self { x, y, order_x, order_y }
    }

    /// Pearson's correlation; `None` if the clips that count do not vary.
    pub fn plcc(&self, weights: &[f64]) -> Option<f64> {
        plcc(&self.x, &self.y, weights)
    }

    /// Spearman's correlation, ties by mean rank; `None` if the clips that count do not vary.
    pub fn srocc(&self, weights: &[f64]) -> Option<f64> {
        plcc(
            &ranks(&self.x, &self.order_x, weights),
            &ranks(&self.y, &self.order_y, weights),
            weights,
        )
    }

    /// Root of the mean squared difference; `None` if no clip counts.
    pub fn rmse(&self, weights: &[f64]) -> Option<f64> {
        let total: f64 = weights.iter().sum();
        let sum: f64 =
            self.x.iter().zip(&self.y).zip(weights).map(|((x, y), w)| w * (x - y) * (x - y)).sum();
        (total > 0.0).then(|| (sum / total).sqrt())
    }
}

fn plcc(x: &[f64], y: &[f64], weights: &[f64]) -> Option<f64> {
    let total: f64 = weights.iter().sum();
    let mean = |v: &[f64]| v.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>() / total;
    let (mx, my) = (mean(x), mean(y));
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for ((a, b), w) in x.iter().zip(y).zip(weights) {
        xy += w * (a - mx) * (b - my);
        xx += w * (a - mx) * (a - mx);
        yy += w * (b - my) * (b - my);
    }
    // Below this, what is left of a constant is rounding.
    let varies = |sum: f64| sum > 1e-18 * total.max(1.0);
    (varies(xx) && varies(yy)).then(|| xy / (xx * yy).sqrt())
}

/// Mean ranks, from 1, in a list that has each value as often as its weight says.
fn ranks(x: &[f64], order: &[usize], weights: &[f64]) -> Vec<f64> {
    let mut ranks = vec![0.0; x.len()];
    let (mut start, mut before) = (0, 0.0);
    while start < order.len() {
        let mut end = start;
        let mut tied = 0.0;
        while end < order.len() && x[order[end]].total_cmp(&x[order[start]]).is_eq() {
            tied += weights[order[end]];
            end += 1;
        }
        for &i in &order[start..end] {
            ranks[i] = before + f64::midpoint(tied, 1.0);
        }
        before += tied;
        start = end;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::super::agreement;
    use super::*;

    #[test]
    fn a_weight_is_how_often_a_clip_is_listed() {
        let x = [1.0, 2.0, 2.0, 3.5, 4.0, 9.0];
        let y = [10.0, 8.0, 12.0, 12.0, 15.0, 18.0];
        let weights = [2.0, 1.0, 0.0, 3.0, 1.0, 2.0];
        let listed: Vec<usize> =
            (0..x.len()).flat_map(|i| std::iter::repeat_n(i, weights[i] as usize)).collect();
        let at = |v: &[f64]| listed.iter().map(|&i| v[i]).collect::<Vec<_>>();
        let pairing = Pairing::new(x.to_vec(), y.to_vec());
        let close = |a: Option<f64>, b: f64| assert!((a.unwrap() - b).abs() < 1e-12);
        close(pairing.plcc(&weights), agreement::plcc(&at(&x), &at(&y)));
        close(pairing.srocc(&weights), agreement::srocc(&at(&x), &at(&y)));
        close(pairing.rmse(&weights), agreement::rmse(&at(&x), &at(&y)));
        assert_eq!(pairing.plcc(&[0.0, 0.0, 0.0, 5.0, 0.0, 0.0]), None);
    }
}
