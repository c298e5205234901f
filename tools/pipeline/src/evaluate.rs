// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `evaluate`: how well a recipe predicts contents it has not seen, beside VMAF and beside its own controls.
//!
//! Leave one content out: for each content and seed, networks are fitted to all other contents and predict its
//! clips. Four kinds share a seed's pre-training: codec-blind (with a variance output, which does not touch the score),
//! codec-aware, codec-aware with labels shuffled within each dataset (what a codec block gains by chance), and one with
//! the dataset's own one-hot in the codec block's place (what it could gain by telling datasets apart).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::artifact::{json_bytes, sha256_hex, write_atomic, write_json};
use crate::fit::{Fit, Prediction, predict};
use crate::options::{Data, DataArgs, Protocol, RecipeArgs};
use crate::report;
use crate::samples::Samples;
use crate::statistics::{
    Agreement, Lift, Logistic, Z95, conformal_scale, fit_line, paired_bootstrap, plcc, quantile,
    rmse, srocc,
};

/// Judges a recipe by leave-one-content-out
#[derive(Debug, Clone, Args)]
pub struct EvaluateArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    recipe: RecipeArgs,
    /// Result, JSON; the report is written beside it as .html, predictions per clip as .clips.json
    #[arg(short, long)]
    output: PathBuf,
    /// Seeds per content
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// Draws of the bootstrap over contents
    #[arg(long, default_value_t = 2000)]
    draws: usize,
    /// No progress bar
    #[arg(long)]
    quiet: bool,
}

/// Result of an evaluation: numbers about predictions, never a rating of a clip.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Evaluation {
    /// `vmaf_fr_evaluation`.
    pub kind: String,
    /// Version of this layout.
    pub format: u32,
    /// What was evaluated.
    pub protocol: Protocol,
    /// Its fingerprint, which a model's card repeats.
    pub protocol_sha256: String,
    /// `leave-one-content-out`.
    pub scheme: String,
    /// Contents.
    pub contents: usize,
    /// Seeds per content.
    pub seeds: u64,
    /// Bootstrap draws.
    pub draws: usize,
    /// Which clips the main figures are over.
    pub primary: String,
    /// Agreement by kind of predictor.
    pub predictors: BTreeMap<String, Figures>,
    /// Differences with intervals, on the primary clips.
    pub lifts: BTreeMap<String, Lifts>,
    /// 95 % intervals on the primary clips, by kind of predictor.
    pub intervals: BTreeMap<String, Interval>,
    /// PLCC and RMSE of the codec-blind network on the primary clips when one feature is missing.
    pub missing: BTreeMap<String, Missing>,
}

/// A predictor's agreement with ratings, each the mean over seeds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figures {
    /// Clips of a known codec, all datasets together.
    pub primary: Agreement,
    /// All rated clips, unknown codecs too.
    pub all: Agreement,
    /// Standard deviation over seeds of the PLCC on the primary clips; 0 for one that has no seed.
    pub plcc_seed_stddev: f64,
    /// Primary clips of each dataset.
    pub datasets: BTreeMap<String, Agreement>,
    /// All clips of each codec.
    pub codecs: BTreeMap<String, Agreement>,
}

/// A difference between two predictors on the same clips.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lifts {
    /// In PLCC.
    pub plcc: Lift,
    /// In SROCC.
    pub srocc: Lift,
    /// In RMSE: negative is better.
    pub rmse: Lift,
    /// In the mean over datasets of the PLCC within a dataset.
    pub plcc_within_datasets: Lift,
}

/// How a predictor's 95 % interval does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Interval {
    /// Share of ratings inside score +- 1.96 stddev as the network gives it.
    pub coverage_unscaled: f64,
    /// Share inside when the scale comes from the other contents' residuals.
    pub coverage: f64,
    /// Mean total width of those intervals, clipped to the score range, in points.
    pub mean_width: f64,
    /// Mean total width before clipping to the score range.
    pub mean_width_unclipped: f64,
    /// Scale from all residuals: what a card carries.
    pub conformal_scale: f64,
    /// Nominal and observed coverage.
    pub calibration: Vec<[f64; 2]>,
}

/// What a missing feature costs.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Missing {
    /// Pearson.
    pub plcc: f64,
    /// On the 0..100 scale.
    pub rmse: f64,
}

/// Predictions per clip: for the report, and for whoever wants to look further. Holds ratings, so it stays with the corpus.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClipTable {
    /// Test of each clip.
    pub dataset: Vec<String>,
    /// Content of each clip.
    pub content: Vec<String>,
    /// Name of each clip.
    pub clip: Vec<String>,
    /// Codec of each clip.
    pub codec: Vec<String>,
    /// Whether it is a primary clip.
    pub primary: Vec<bool>,
    /// Target of each clip.
    pub rated: Vec<f64>,
    /// Predictions by kind, the mean over seeds.
    pub predicted: BTreeMap<String, Vec<f64>>,
}

/// One content and seed: predictions of the held-out clips.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Job {
    clips: Vec<usize>,
    blind: Vec<f64>,
    stddev: Vec<f64>,
    aware: Vec<f64>,
    shuffled: Vec<f64>,
    dataset: Vec<f64>,
    /// Of the codec-blind network, by missing feature.
    missing: BTreeMap<String, Vec<f64>>,
}

/// Runs the subcommand.
pub fn run(args: &EvaluateArgs) -> Result<()> {
    ensure!(args.seeds > 0 && args.draws > 0, "--seeds and --draws must be at least 1");
    let data = Data::read(&args.data, &args.recipe)?;
    let protocol_sha256 = data.protocol.fingerprint()?;
    let jobs = run_jobs(args, &data, &protocol_sha256)?;
    let (evaluation, clips) = summarise(&data, &jobs, args, protocol_sha256)?;
    write_json(&args.output, &evaluation)?;
    write_json(&args.output.with_extension("clips.json"), &clips)?;
    write_atomic(
        &args.output.with_extension("html"),
        report::html(&evaluation, &clips)?.as_bytes(),
    )?;
    print!("{}", report::text(&evaluation));
    Ok(())
}

fn job_folder(output: &Path, fingerprint: &str) -> PathBuf {
    output.with_extension(format!("{}.jobs", &fingerprint[..12]))
}

/// All contents and seeds; finished ones are read back, so that an interrupted evaluation goes on where it was.
fn run_jobs(args: &EvaluateArgs, data: &Data, fingerprint: &str) -> Result<Vec<Vec<Job>>> {
    let contents = data.corpus.contents();
    ensure!(
        contents.len() >= 2,
        "leaving one content out takes two contents, the corpus has {}",
        contents.len()
    );
    let folder = job_folder(&args.output, fingerprint);
    let todo: Vec<(u64, usize)> =
        (0..args.seeds).flat_map(|seed| (0..contents.len()).map(move |c| (seed, c))).collect();
    let bar = if args.quiet { ProgressBar::hidden() } else { ProgressBar::new(todo.len() as u64) };
    bar.set_style(ProgressStyle::with_template(
        "{elapsed_precise} {bar:30} {pos}/{len} folds, {eta} left",
    )?);
    let done: Vec<Job> = todo
        .par_iter()
        .map(|&(seed, content)| {
            let path = folder.join(format!("seed{seed}-content{content:03}.json"));
            let job = if let Ok(bytes) = std::fs::read(&path) {
                serde_json::from_slice(&bytes).with_context(|| format!("{}", path.display()))?
            } else {
                let job = run_job(data, seed, &contents[content])
                    .with_context(|| format!("content {:?}, seed {seed}", contents[content]))?;
                write_atomic(&path, &json_bytes(&job)?)?;
                job
            };
            bar.inc(1);
            Ok(job)
        })
        .collect::<Result<_>>()?;
    bar.finish_and_clear();
    Ok(done.chunks(contents.len()).map(<[Job]>::to_vec).collect())
}

fn run_job(data: &Data, seed: u64, content: &str) -> Result<Job> {
    let corpus = &data.corpus;
    let held_out = |i: usize| corpus.clips[i].content == content;
    let (samples, _) = Samples::new(
        corpus,
        &data.teacher,
        &data.codec,
        data.unknown,
        &data.protocol.weighting,
        held_out,
    )?;
    let recipe = &data.protocol.recipe;
    let codecs = data.unknown + 1;
    let clips: Vec<usize> = (0..corpus.clips.len()).filter(|&i| held_out(i)).collect();
    let range = Some(data.protocol.score_range);
    let held = samples.only(&clips);
    let pick =
        |all: &[Prediction], get: fn(&Prediction) -> f64| all.iter().map(get).collect::<Vec<f64>>();

    let blind_fit = Fit::new(&samples, recipe, 0, true, seed)?;
    let pretrained = blind_fit.pretrain()?;
    let blind_weights = blind_fit.finish(pretrained.clone())?;
    let blind = predict(&blind_weights, &held, &held.codec, range)?;
    let mut missing = BTreeMap::new();
    for (column, name) in corpus.feature_names.iter().enumerate() {
        let mut without = held.clone();
        without.z.iter_mut().skip(column).step_by(held.width).for_each(|z| *z = 0.0);
        missing.insert(
            name.clone(),
            pick(&predict(&blind_weights, &without, &held.codec, range)?, |p| p.score),
        );
    }

    let with_block = |codec: &[usize], width: usize| -> Result<Vec<f64>> {
        let labelled = Samples { codec: codec.to_vec(), ..samples.clone() };
        let weights =
            Fit::new(&labelled, recipe, width, false, seed)?.finish(pretrained.clone())?;
        let labels: Vec<usize> = clips.iter().map(|&i| codec[i]).collect();
        Ok(pick(&predict(&weights, &held, &labels, range)?, |p| p.score))
    };
    let datasets = dataset_ids(data);
    let kinds = datasets.iter().max().map_or(1, |m| m + 1);
    Ok(Job {
        blind: pick(&blind, |p| p.score),
        stddev: pick(&blind, |p| p.stddev),
        aware: with_block(&data.codec, codecs)?,
        shuffled: with_block(&shuffled_within_datasets(&data.codec, &datasets, seed), codecs)?,
        dataset: with_block(&datasets, kinds)?,
        missing,
        clips,
    })
}

/// Dataset of each clip as a number.
fn dataset_ids(data: &Data) -> Vec<usize> {
    let names: std::collections::BTreeSet<&str> =
        data.corpus.clips.iter().map(|clip| clip.dataset.as_str()).collect();
    let ids: BTreeMap<&str, usize> =
        names.into_iter().enumerate().map(|(i, name)| (name, i)).collect();
    data.corpus.clips.iter().map(|clip| ids[clip.dataset.as_str()]).collect()
}

/// The labels of each dataset in another order: as many of each codec there, on other clips.
pub fn shuffled_within_datasets(codec: &[usize], datasets: &[usize], seed: u64) -> Vec<usize> {
    let mut shuffled = codec.to_vec();
    for dataset in 0..=datasets.iter().copied().max().unwrap_or(0) {
        let members: Vec<usize> = (0..codec.len()).filter(|&i| datasets[i] == dataset).collect();
        let mut labels: Vec<usize> = members.iter().map(|&i| codec[i]).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(dataset as u64 + 1);
        labels.shuffle(&mut rng);
        for (&i, label) in members.iter().zip(labels) {
            shuffled[i] = label;
        }
    }
    shuffled
}

/// Predictions [seed][clip] of one kind.
fn collect(jobs: &[Vec<Job>], n: usize, get: impl Fn(&Job) -> &[f64]) -> Vec<Vec<f64>> {
    jobs.iter()
        .map(|seed| {
            let mut all = vec![f64::NAN; n];
            for job in seed {
                for (&clip, &value) in job.clips.iter().zip(get(job)) {
                    all[clip] = value;
                }
            }
            all
        })
        .collect()
}

fn mean_over_seeds(all: &[Vec<f64>]) -> Vec<f64> {
    (0..all[0].len())
        .map(|i| all.iter().map(|seed| seed[i]).sum::<f64>() / all.len() as f64)
        .collect()
}

#[expect(
    clippy::too_many_lines,
    reason = "one list of what an evaluation holds, in the order of its members"
)]
fn summarise(
    data: &Data,
    jobs: &[Vec<Job>],
    args: &EvaluateArgs,
    protocol_sha256: String,
) -> Result<(Evaluation, ClipTable)> {
    let clips = &data.corpus.clips;
    let n = clips.len();
    let rated: Vec<f64> = clips.iter().map(|clip| clip.target).collect();
    let known: Vec<usize> = (0..n).filter(|&i| !rated[i].is_nan()).collect();
    let primary: Vec<usize> =
        known.iter().copied().filter(|&i| data.codec[i] != data.unknown).collect();
    ensure!(primary.len() >= 10, "only {} rated clips have a known codec", primary.len());
    let contents = data.corpus.contents();
    let content: Vec<usize> =
        clips.iter().map(|clip| contents.binary_search(&clip.content).unwrap_or(0)).collect();
    let dataset = dataset_ids(data);

    let mut predictions: BTreeMap<String, Vec<Vec<f64>>> = BTreeMap::new();
    let mut keep = |name: &str, get: fn(&Job) -> &[f64]| {
        predictions.insert(name.to_owned(), collect(jobs, n, get))
    };
    keep("codec_blind", |job| &job.blind);
    keep("codec_aware", |job| &job.aware);
    keep("codec_shuffled", |job| &job.shuffled);
    keep("dataset_onehot", |job| &job.dataset);
    for kind in ["codec_blind", "codec_aware"] {
        let ensemble = mean_over_seeds(&predictions[kind]);
        predictions.insert(format!("{kind}_ensemble"), vec![ensemble]);
    }
    baselines(data, &primary, &content, &rated, &mut predictions)?;

    let figures = predictions
        .iter()
        .map(|(name, seeds)| (name.clone(), figures(data, seeds, &known, &primary, &rated)))
        .collect();

    let at = |all: &[Vec<f64>]| -> Vec<Vec<f64>> {
        all.iter().map(|seed| primary.iter().map(|&i| seed[i]).collect()).collect()
    };
    let rated_primary: Vec<f64> = primary.iter().map(|&i| rated[i]).collect();
    let content_primary: Vec<usize> = primary.iter().map(|&i| content[i]).collect();
    let dataset_primary: Vec<usize> = primary.iter().map(|&i| dataset[i]).collect();
    let lift = |first: &str, second: &str| -> Lifts {
        let (first, second) = (at(&predictions[first]), at(&predictions[second]));
        let boot = |statistic: &Statistic<'_>| {
            paired_bootstrap(
                &first,
                &second,
                &rated_primary,
                &content_primary,
                statistic,
                args.draws,
                95,
            )
        };
        Lifts {
            plcc: boot(&|p, r, _| plcc(p, r)),
            srocc: boot(&|p, r, _| srocc(p, r)),
            rmse: boot(&|p, r, _| rmse(p, r)),
            plcc_within_datasets: boot(&|p, r, clips| within(p, r, clips, &dataset_primary)),
        }
    };
    let mut pairs = vec![
        ("codec_aware", "codec_blind"),
        ("codec_aware", "codec_shuffled"),
        ("codec_shuffled", "codec_blind"),
        ("dataset_onehot", "codec_blind"),
        ("codec_blind_ensemble", "codec_blind"),
        ("codec_aware_ensemble", "codec_aware"),
    ];
    if predictions.contains_key("vmaf_logistic") {
        pairs.extend([
            ("codec_blind", "vmaf_logistic"),
            ("codec_aware", "vmaf_logistic"),
            ("codec_blind_ensemble", "vmaf_logistic"),
            ("codec_blind", "vmaf_logistic_in_sample"),
        ]);
    }
    let lifts = pairs.par_iter().map(|(a, b)| (format!("{a} - {b}"), lift(a, b))).collect();

    let mut intervals = BTreeMap::new();
    let stddev = collect(jobs, n, |job| &job.stddev);
    intervals.insert(
        "codec_blind".to_owned(),
        interval(
            &predictions["codec_blind"],
            &stddev,
            &primary,
            &rated,
            &content,
            data.protocol.score_range,
        ),
    );
    if args.seeds > 1 {
        let constant: Vec<Vec<f64>> = vec![vec![1.0; n]; predictions["codec_blind"].len()];
        intervals.insert(
            "codec_blind_constant_width".to_owned(),
            interval(
                &predictions["codec_blind"],
                &constant,
                &primary,
                &rated,
                &content,
                data.protocol.score_range,
            ),
        );
        let (mean, spread) = spread(&predictions["codec_blind"]);
        intervals.insert(
            "codec_blind_ensemble".to_owned(),
            interval(&[mean], &[spread], &primary, &rated, &content, data.protocol.score_range),
        );
    }

    let missing = data
        .corpus
        .feature_names
        .iter()
        .map(|name| {
            let seeds = at(&collect(jobs, n, |job| &job.missing[name]));
            let count = seeds.len() as f64;
            let missing = Missing {
                plcc: seeds.iter().map(|p| plcc(p, &rated_primary)).sum::<f64>() / count,
                rmse: seeds.iter().map(|p| rmse(p, &rated_primary)).sum::<f64>() / count,
            };
            (name.clone(), missing)
        })
        .collect();

    let table = ClipTable {
        dataset: clips.iter().map(|clip| clip.dataset.clone()).collect(),
        content: clips.iter().map(|clip| clip.content.clone()).collect(),
        clip: clips.iter().map(|clip| clip.name.clone()).collect(),
        codec: clips.iter().map(|clip| clip.codec.clone()).collect(),
        primary: (0..n).map(|i| primary.contains(&i)).collect(),
        rated,
        predicted: predictions
            .iter()
            .map(|(name, seeds)| (name.clone(), mean_over_seeds(seeds)))
            .collect(),
    };
    let evaluation = Evaluation {
        kind: "vmaf_fr_evaluation".to_owned(),
        format: 1,
        protocol: data.protocol.clone(),
        protocol_sha256,
        scheme: "leave-one-content-out".to_owned(),
        contents: contents.len(),
        seeds: args.seeds,
        draws: args.draws,
        primary: "rated clips of a known codec, all datasets pooled".to_owned(),
        predictors: figures,
        lifts,
        intervals,
        missing,
    };
    Ok((evaluation, table))
}

/// Of drawn predictions, their ratings, and which clips they are.
type Statistic<'a> = dyn Fn(&[f64], &[f64], &[usize]) -> f64 + 'a;

/// VMAF on the same clips: as it is, by a line, by a logistic; fitted without the content that is predicted, and, as
/// reports often do it, on the very clips.
fn baselines(
    data: &Data,
    primary: &[usize],
    content: &[usize],
    rated: &[f64],
    predictions: &mut BTreeMap<String, Vec<Vec<f64>>>,
) -> Result<()> {
    if data.teacher.is_empty() {
        return Ok(());
    }
    let pooled = |frames: &[f32]| -> Vec<f64> {
        data.corpus
            .clips
            .iter()
            .map(|clip| {
                frames[clip.frames.clone()].iter().map(|&v| f64::from(v)).sum::<f64>()
                    / clip.frames.len() as f64
            })
            .collect()
    };
    let vmaf = pooled(&data.teacher);
    let fit = |clips: &[usize]| {
        let x: Vec<f64> = clips.iter().map(|&i| vmaf[i]).collect();
        let y: Vec<f64> = clips.iter().map(|&i| rated[i]).collect();
        Logistic::fit(&x, &y).map(|curve| (curve, fit_line(&x, &y)))
    };
    let (mut line, mut logistic) = (vec![f64::NAN; vmaf.len()], vec![f64::NAN; vmaf.len()]);
    for held_out in 0..=content.iter().copied().max().unwrap_or(0) {
        let others: Vec<usize> =
            primary.iter().copied().filter(|&i| content[i] != held_out).collect();
        let (curve, straight) = fit(&others)?;
        for i in (0..vmaf.len()).filter(|&i| content[i] == held_out) {
            line[i] = straight(vmaf[i]);
            logistic[i] = curve.at(vmaf[i]);
        }
    }
    let (curve, _) = fit(primary)?;
    predictions.insert(
        "vmaf_logistic_in_sample".to_owned(),
        vec![vmaf.iter().map(|&v| curve.at(v)).collect()],
    );
    predictions.insert("vmaf_linear".to_owned(), vec![line]);
    predictions.insert("vmaf_logistic".to_owned(), vec![logistic]);
    if data.protocol.harmonisation.is_some() {
        predictions.insert("vmaf_as_reported".to_owned(), vec![pooled(&data.corpus.teacher)]);
    }
    predictions.insert("vmaf".to_owned(), vec![vmaf]);
    Ok(())
}

/// Mean over datasets of the PLCC within a dataset.
fn within(predicted: &[f64], rated: &[f64], clips: &[usize], dataset: &[usize]) -> f64 {
    let mut groups: BTreeMap<usize, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    for ((&p, &r), &clip) in predicted.iter().zip(rated).zip(clips) {
        let group = groups.entry(dataset[clip]).or_default();
        group.0.push(p);
        group.1.push(r);
    }
    let values: Vec<f64> =
        groups.values().map(|(p, r)| plcc(p, r)).filter(|v| !v.is_nan()).collect();
    values.iter().sum::<f64>() / values.len() as f64
}

fn figures(
    data: &Data,
    seeds: &[Vec<f64>],
    known: &[usize],
    primary: &[usize],
    rated: &[f64],
) -> Figures {
    let agreement = |clips: &[usize]| {
        let y: Vec<f64> = clips.iter().map(|&i| rated[i]).collect();
        let each: Vec<Agreement> = seeds
            .iter()
            .map(|seed| Agreement::of(&clips.iter().map(|&i| seed[i]).collect::<Vec<_>>(), &y))
            .collect();
        (Agreement::mean(&each), each)
    };
    let group = |clips: &[usize], key: &dyn Fn(usize) -> String| {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for &i in clips {
            groups.entry(key(i)).or_default().push(i);
        }
        groups
            .into_iter()
            .filter(|(_, clips)| clips.len() > 2)
            .map(|(name, clips)| (name, agreement(&clips).0))
            .collect()
    };
    let (pooled, each) = agreement(primary);
    let mean = pooled.plcc;
    let stddev = if each.len() > 1 {
        (each.iter().map(|a| (a.plcc - mean).powi(2)).sum::<f64>() / (each.len() - 1) as f64).sqrt()
    } else {
        0.0
    };
    Figures {
        primary: pooled,
        all: agreement(known).0,
        plcc_seed_stddev: stddev,
        datasets: group(primary, &|i| data.corpus.clips[i].dataset.clone()),
        codecs: group(known, &|i| data.corpus.clips[i].codec.clone()),
    }
}

/// Mean and sample standard deviation over seeds: an ensemble's score and stddev.
fn spread(seeds: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>) {
    let mean = mean_over_seeds(seeds);
    let stddev = (0..mean.len())
        .map(|i| {
            let sum: f64 = seeds.iter().map(|seed| (seed[i] - mean[i]).powi(2)).sum();
            (sum / (seeds.len() as f64 - 1.0)).sqrt().max(1e-6)
        })
        .collect();
    (mean, stddev)
}

fn interval(
    predicted: &[Vec<f64>],
    stddev: &[Vec<f64>],
    primary: &[usize],
    rated: &[f64],
    content: &[usize],
    [low, high]: [f64; 2],
) -> Interval {
    let contents = content.iter().max().map_or(0, |m| m + 1);
    let residual = |seed: usize, i: usize| rated[i] - predicted[seed][i];
    let pairs: Vec<(usize, usize)> =
        (0..predicted.len()).flat_map(|seed| primary.iter().map(move |&i| (seed, i))).collect();
    let scale_of = |keep: &dyn Fn(usize) -> bool| {
        let kept: Vec<&(usize, usize)> = pairs.iter().filter(|(_, i)| keep(*i)).collect();
        let r: Vec<f64> = kept.iter().map(|(seed, i)| residual(*seed, *i)).collect();
        let s: Vec<f64> = kept.iter().map(|(seed, i)| stddev[*seed][*i]).collect();
        conformal_scale(&r, &s)
    };
    let scales: Vec<f64> = (0..contents).map(|c| scale_of(&|i| content[i] != c)).collect();
    let n = pairs.len() as f64;
    let share = |inside: &dyn Fn(usize, usize) -> bool| {
        pairs.iter().filter(|(s, i)| inside(*s, *i)).count() as f64 / n
    };
    let half = |seed: usize, i: usize| Z95 * scales[content[i]] * stddev[seed][i];
    let width = |seed: usize, i: usize| {
        let (p, h) = (predicted[seed][i], half(seed, i));
        (p + h).clamp(low, high) - (p - h).clamp(low, high)
    };
    // Calibration: normal quantiles at each nominal level, with the card's single scale left out of the content's own.
    let calibration = (1..20)
        .map(|step| {
            let nominal = f64::from(step) * 0.05;
            let z = normal_quantile(0.5 + nominal / 2.0);
            [nominal, share(&|s, i| residual(s, i).abs() <= z * scales[content[i]] * stddev[s][i])]
        })
        .collect();
    Interval {
        coverage_unscaled: share(&|s, i| residual(s, i).abs() <= Z95 * stddev[s][i]),
        coverage: share(&|s, i| residual(s, i).abs() <= half(s, i)),
        mean_width: pairs.iter().map(|(s, i)| width(*s, *i)).sum::<f64>() / n,
        mean_width_unclipped: pairs.iter().map(|(s, i)| 2.0 * half(*s, *i)).sum::<f64>() / n,
        conformal_scale: scale_of(&|_| true),
        calibration,
    }
}

/// Quantile of the standard normal distribution, by bisection on the error function's integral.
fn normal_quantile(p: f64) -> f64 {
    let cdf =
        |x: f64| candle_core::cpu::erf::erf_f64(x / std::f64::consts::SQRT_2).mul_add(0.5, 0.5);
    let (mut low, mut high) = (-9.0, 9.0);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if cdf(middle) < p { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// Reads an evaluation and its sha256.
pub fn read(path: &Path) -> Result<(Evaluation, String)> {
    let bytes = std::fs::read(path)
        .with_context(|| format!("cannot read evaluation {}", path.display()))?;
    let evaluation: Evaluation = serde_json::from_slice(&bytes)
        .with_context(|| format!("{} is not an evaluation", path.display()))?;
    ensure!(
        evaluation.kind == "vmaf_fr_evaluation" && evaluation.format == 1,
        "{} is not an evaluation",
        path.display()
    );
    Ok((evaluation, sha256_hex(&bytes)))
}

/// Median of some values; for the report.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    quantile(&values, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffling_keeps_each_datasets_labels() {
        let codec = [0, 1, 2, 0, 1, 5, 5, 3, 3, 4];
        let datasets = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1];
        let shuffled = shuffled_within_datasets(&codec, &datasets, 3);
        assert_ne!(shuffled, codec);
        for dataset in 0..2 {
            let of = |labels: &[usize]| {
                let mut v: Vec<usize> = labels
                    .iter()
                    .zip(datasets)
                    .filter(|(_, d)| *d == dataset)
                    .map(|(l, _)| *l)
                    .collect();
                v.sort_unstable();
                v
            };
            assert_eq!(of(&codec), of(&shuffled));
        }
    }

    #[test]
    fn normal_quantiles() {
        assert!((normal_quantile(0.975) - 1.959_964).abs() < 1e-6);
        assert!(normal_quantile(0.5).abs() < 1e-9);
    }
}
