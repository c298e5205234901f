// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Makes a clip's rows, or finds them in the cache.

mod key;
mod material;
mod planar;
mod progress;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use vmaf_fr_measure::command::VMAF_MODEL;
use vmaf_fr_measure::program::Tool;
use vmaf_fr_measure::run::{self, Request};
use vmaf_fr_measure::video::Video;
use vmaf_fr_v2::catalogue::FULL_FEATURES;

use crate::cache::{CacheKey, ScratchFolder};
use crate::encode::Encode;
use crate::finished::FinishedClip;
use crate::instruments::Instruments;
use crate::log::read_log;
use crate::rows::{FrameRows, measured_columns};
use crate::ssimulacra2;
use crate::task::{ClipTask, Distorted, TargetMetric};
use key::{DistortedKey, FeaturesKey, TargetKey};
use material::{OnDisk, on_disk};
use planar::planar_pair;
use progress::Steps;

/// Where the time went.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Times {
    pub(crate) encoding: Duration,
    pub(crate) measuring: Duration,
    pub(crate) target: Duration,
    pub(crate) all: Duration,
    /// Clips that the cache had.
    pub(crate) hits: usize,
}

/// Finishes a task, and adds the time it took to `times`; `report` gets the share that is done.
pub(crate) fn finish(
    task: &ClipTask,
    instruments: Option<&Instruments>,
    times: &mut Times,
    report: &mut dyn FnMut(f64),
) -> Result<FinishedClip> {
    let begin = Instant::now();
    let result = match (&task.distorted, instruments) {
        (Distorted::Logged(log), _) => {
            read_log(log, false).map(|rows| FinishedClip::Rows(Box::new(rows)))
        }
        (_, Some(instruments)) => measure(task, instruments, times, report),
        (_, None) => bail!("nothing to measure with"),
    };
    times.all += begin.elapsed();
    result
}

fn measure(
    task: &ClipTask,
    instruments: &Instruments,
    times: &mut Times,
    report: &mut dyn FnMut(f64),
) -> Result<FinishedClip> {
    let scratch = instruments.cache.scratch()?;
    let reference = on_disk(&task.reference, instruments, &scratch).context("reference")?;
    match &task.distorted {
        Distorted::Given(material) => {
            let distorted = on_disk(material, instruments, &scratch).context("distorted clip")?;
            measure_given(&reference, &distorted, instruments, times, report)
        }
        Distorted::Encoded(encode) => {
            measure_encode(task, &reference, encode, instruments, &scratch, times, report)
        }
        Distorted::Logged(_) => bail!("a log is not measured"),
    }
}

fn measure_encode(
    task: &ClipTask,
    reference: &OnDisk,
    encode: &Encode,
    instruments: &Instruments,
    scratch: &ScratchFolder,
    times: &mut Times,
    report: &mut dyn FnMut(f64),
) -> Result<FinishedClip> {
    // Before the cache is asked: what it holds of this content may stem from a file with another name.
    if let Some(expected) = &task.expected {
        material::check(expected, &reference.video(instruments)?)?;
    }
    let (ffmpeg, version) = instruments.ffmpeg()?;
    let tool = instruments.tool_for_encodes()?;
    let columns = measured_columns();
    let distorted = DistortedKey::Encoded { encode, ffmpeg: version };
    let features_key = CacheKey::of(
        "features",
        &FeaturesKey {
            reference: &reference.key,
            distorted,
            measured_by: &instruments.identity(&tool)?,
            model: VMAF_MODEL,
            columns: &columns,
        },
    )?;
    let target_key = task
        .target
        .map(|TargetMetric::Ssimulacra2| {
            let target = ssimulacra2::VERSION;
            CacheKey::of("ssimulacra2", &TargetKey { reference: &reference.key, distorted, target })
        })
        .transpose()?;
    let mut features = instruments.cache.find(&features_key);
    let mut target = target_key.as_ref().and_then(|key| instruments.cache.find(key));
    if features.is_some() && target.is_some() == target_key.is_some() {
        times.hits += 1;
    } else {
        let video = reference.video(instruments)?;
        let mut steps = Steps { done: 0, of: if target_key.is_some() { 3 } else { 2 }, report };
        let encoded = encode.encoded(&video, &scratch.path().join("distorted.mp4"));
        let begin = Instant::now();
        encode.run(ffmpeg, &video, &encoded, &mut steps.within())?;
        times.encoding += begin.elapsed();
        steps.next();

        let expected = encoded.n_frames;
        if features.is_none() {
            let rows = if matches!(tool, Tool::Vmaf(_)) {
                let begin = Instant::now();
                let (a, b) = planar_pair(ffmpeg, &video, &encoded, scratch)?;
                times.measuring += begin.elapsed();
                measure_pair(&tool, &a, &b, scratch, times, &mut steps)?
            } else {
                measure_pair(&tool, &video, &encoded, scratch, times, &mut steps)?
            };
            rows.check_complete(expected)?;
            features = Some(instruments.cache.store(&features_key, &rows)?);
        }
        steps.next();
        if let (Some(key), None) = (&target_key, &target) {
            let begin = Instant::now();
            let scores = ssimulacra2::score(ffmpeg, &video, &encoded, &mut steps.within())?;
            times.target += begin.elapsed();
            let rows = FrameRows {
                reference_codec: video.codec_name.clone(),
                frame_index: (0..).take(scores.len()).collect(),
                columns: vec![(ssimulacra2::COLUMN.to_owned(), scores)],
            };
            rows.check_complete(expected)?;
            target = Some(instruments.cache.store(key, &rows)?);
            steps.next();
        }
    }
    Ok(FinishedClip::Entries { features: features.context("no features")?, target })
}

/// Measures a pair that is there already.
fn measure_given(
    reference: &OnDisk,
    distorted: &OnDisk,
    instruments: &Instruments,
    times: &mut Times,
    report: &mut dyn FnMut(f64),
) -> Result<FinishedClip> {
    let (a, b) = (reference.video(instruments)?, distorted.video(instruments)?);
    let tool = instruments.tools.choose(&a, &b)?;
    let columns = measured_columns();
    let key = CacheKey::of(
        "features",
        &FeaturesKey {
            reference: &reference.key,
            distorted: DistortedKey::Given(&distorted.key),
            measured_by: &instruments.identity(&tool)?,
            model: VMAF_MODEL,
            columns: &columns,
        },
    )?;
    if let Some(features) = instruments.cache.find(&key) {
        times.hits += 1;
        return Ok(FinishedClip::Entries { features, target: None });
    }
    if let (Some(a), Some(b)) = (a.n_frames, b.n_frames) {
        ensure!(a == b, "the reference has {a} frames, the distorted clip {b}");
    }
    let scratch = instruments.cache.scratch()?;
    let mut steps = Steps { done: 0, of: 1, report };
    let rows = measure_pair(&tool, &a, &b, &scratch, times, &mut steps)?;
    rows.check_complete(a.n_frames)?;
    Ok(FinishedClip::Entries { features: instruments.cache.store(&key, &rows)?, target: None })
}

fn measure_pair(
    tool: &Tool,
    reference: &Video,
    distorted: &Video,
    scratch: &ScratchFolder,
    times: &mut Times,
    steps: &mut Steps<'_>,
) -> Result<FrameRows> {
    let log = scratch.path().join("log.json");
    let request = Request { reference, distorted, features: &FULL_FEATURES, threads: 0, log: &log };
    times.measuring += run::measure(tool, &request, &mut steps.within())?.time;
    let mut rows = read_log(&log, true)?;
    rows.reference_codec.clone_from(&reference.codec_name);
    Ok(rows)
}
