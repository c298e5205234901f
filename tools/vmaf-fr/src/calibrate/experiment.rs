// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The figures of docs/calibration.md: a laboratory whose contents are split in two, once to calibrate on and once to judge.
//!
//! `VMAF_FR_CALIBRATION_MODEL=card.json VMAF_FR_CALIBRATION_TABLE=rated.parquet cargo test -p vmaf-fr experiment --
//! --ignored --nocapture`, and `VMAF_FR_CALIBRATION_DATASET=NAME` for one test of several in the table.

use std::collections::BTreeSet;

use clap::Parser;
use vmaf_fr_v2::{Config, Scorer};

use super::card::Source;
use super::fit::{Clip, Judgement, fit};
use super::{Args, clips};

const DRAWS: u64 = 100;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: Args,
}

/// A shuffle that is the same on every machine (splitmix64).
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for i in (1..items.len()).rev() {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        items.swap(i, usize::try_from((z ^ (z >> 31)) % (i as u64 + 1)).unwrap());
    }
}

#[test]
#[ignore = "needs a model and a table that the environment names"]
fn experiment() {
    let [model, table] = ["MODEL", "TABLE"]
        .map(|name| std::env::var(format!("VMAF_FR_CALIBRATION_{name}")).expect("named"));
    let mut args = Command::parse_from(["calibrate", &model, &table, "-o", "unused.json"]).args;
    args.dataset = std::env::var("VMAF_FR_CALIBRATION_DATASET").ok();
    let config = Config { disable_clip: true, ..Config::default() };
    let mut scorer = Scorer::open(Some(&model), &config).unwrap();
    let source = Source::read(&model).unwrap();
    let (scale, prior) = (source.conformal_scale(), source.components());
    let clips = clips::scored(&args, &mut scorer, source.calibration(), scale).unwrap();
    let contents: BTreeSet<&str> = clips.iter().map(|clip| clip.content.as_str()).collect();
    let range = [0.0, 100.0];
    println!("clips   RMSE   bias  covers  width   (means of {DRAWS} draws; worst RMSE)");
    for n in [0, 5, 10, 20, 50] {
        let judged: Vec<Judgement> = (0..DRAWS)
            .map(|draw| {
                let mut contents: Vec<&str> = contents.iter().copied().collect();
                shuffle(&mut contents, draw);
                let (own, others) = contents.split_at(contents.len() / 2);
                let of = |set: &[&str]| -> Vec<&Clip> {
                    clips.iter().filter(|clip| set.contains(&clip.content.as_str())).collect()
                };
                let mut known = of(own);
                shuffle(&mut known, draw + 1000);
                known.truncate(n);
                let line = fit(&known, prior);
                let judged: Vec<Judgement> = others
                    .iter()
                    .map(|&content| {
                        Judgement::of(&of(&[content]), range, |clip| match n {
                            0 => clip.before,
                            _ => [line.at(clip.score), line.half(clip)],
                        })
                    })
                    .collect();
                Judgement::mean(&judged)
            })
            .collect();
        let Judgement { rmse, bias, coverage, mean_width } = Judgement::mean(&judged);
        let worst = judged.iter().map(|judged| judged.rmse).fold(0.0, f64::max);
        println!("{n:5} {rmse:6.1} {bias:6.1} {coverage:7.3} {mean_width:6.1}   {worst:.1}");
    }
}
