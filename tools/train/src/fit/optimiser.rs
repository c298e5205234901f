// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `AdamW` on a vector of numbers.

/// Adam with decoupled weight decay.
pub(super) struct AdamW {
    first: Vec<f32>,
    second: Vec<f32>,
    steps: i32,
}

impl AdamW {
    pub(super) fn new(n: usize) -> Self {
        Self { first: vec![0.0; n], second: vec![0.0; n], steps: 0 }
    }

    pub(super) fn step(&mut self, numbers: &mut [f32], gradient: &[f32], rate: f64, decay: f64) {
        const BETA1: f32 = 0.9;
        const BETA2: f32 = 0.999;
        const EPSILON: f32 = 1e-8;
        self.steps += 1;
        let correction1 = 1.0 - BETA1.powi(self.steps);
        let correction2 = 1.0 - BETA2.powi(self.steps);
        let (rate, decay) = (rate as f32, decay as f32);
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((number, &g), (m, v)) in numbers.iter_mut().zip(gradient).zip(moments) {
            *m = BETA1 * *m + (1.0 - BETA1) * g;
            *v = BETA2 * *v + (1.0 - BETA2) * g * g;
            *number -= rate * decay * *number;
            *number -= rate * (*m / correction1) / ((*v / correction2).sqrt() + EPSILON);
        }
    }
}
