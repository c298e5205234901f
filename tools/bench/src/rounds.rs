// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Takes samples of several contenders in turn.

use crate::contender::Contender;
use crate::timing::Samples;

/// Takes a sample of about `sample` seconds of each contender, `rounds` times.
///
/// Each round has another order, and each sample begins with a call that does not count, so that
/// no contender gains or loses by what always ran before it.
pub fn measure(contenders: &mut [Contender<'_>], rounds: usize, sample: f64) -> Vec<Samples> {
    let times: Vec<usize> = contenders.iter_mut().map(|c| calls_in(c, sample)).collect();
    let mut all: Vec<Samples> = contenders
        .iter()
        .map(|c| Samples { name: c.name, seconds: Vec::with_capacity(rounds) })
        .collect();
    let mut order: Vec<usize> = (0..contenders.len()).collect();
    let mut state = 1;
    for _ in 0..rounds {
        shuffle(&mut order, &mut state);
        for &i in &order {
            (contenders[i].run)(1);
            all[i].seconds.push((contenders[i].run)(times[i]) / times[i] as f64);
        }
    }
    all
}

/// Reproducible numbers below 2^31.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn shuffle(order: &mut [usize], state: &mut u64) {
    for i in (1..order.len()).rev() {
        order.swap(i, random(state) as usize % (i + 1));
    }
}

/// How often a contender can be called in that many seconds.
fn calls_in(contender: &mut Contender<'_>, seconds: f64) -> usize {
    (contender.run)(1);
    let mut times = 1;
    loop {
        let took = (contender.run)(times);
        if took > seconds / 4.0 || times > 1 << 20 {
            return ((seconds / took * times as f64) as usize).max(1);
        }
        times *= 4;
    }
}
