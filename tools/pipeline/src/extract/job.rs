// SPDX-License-Identifier: BSD-2-Clause-Patent
//! One distorted clip: where its two sides come from, and how its rows are made.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Serialize;
use vmaf_fr_measure::clip::{Clip, FrameRate, PixelFormat, Storage};
use vmaf_fr_measure::log::LogReader;
use vmaf_fr_measure::probe::Prober;
use vmaf_fr_measure::process::{self, Progress};
use vmaf_fr_measure::run::{self, Request, VMAF_MODEL};
use vmaf_fr_measure::tool::{Tool, Tools, ffmpeg_has_libvmaf, ffmpeg_version};
use vmaf_fr_v2::catalogue::FULL_FEATURES;

use super::cache::{Cache, Key, Scratch, sha256_file, sha256_reader};
use super::encode::Encode;
use super::ssimulacra2;

/// One distorted clip to extract.
#[derive(Debug)]
pub(super) struct Job {
    /// Names the clip, unique within the table.
    pub(super) key: String,
    /// Names the content.
    pub(super) source: String,
    pub(super) label: Label,
    pub(super) reference: Material,
    pub(super) distorted: Distorted,
    pub(super) settings: Settings,
    pub(super) mos: Option<f64>,
    /// What the reference must turn out to be.
    pub(super) check: Option<Check>,
    pub(super) target: Option<Target>,
}

/// Which codec the rows are labelled with.
#[derive(Debug)]
pub(super) enum Label {
    Given(String),
    OfReferenceStream,
}

/// Where a side of the comparison is.
#[derive(Debug)]
pub(super) enum Material {
    Raw {
        path: PathBuf,
        width: u32,
        height: u32,
        format: PixelFormat,
        rate: FrameRate,
    },
    File(PathBuf),
    ZipEntry {
        archive: PathBuf,
        name: String,
    },
    /// The recipe already knows why it cannot be had.
    Broken(String),
    /// Not needed: the clip was measured before.
    None,
}

/// The side to judge.
#[derive(Debug)]
pub(super) enum Distorted {
    Given(Material),
    Encoded(Encode),
    /// Measured before: libvmaf's log of it.
    Logged(PathBuf),
}

/// Encoder settings that a sweep writes into the table.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) preset: Option<String>,
    pub(super) crf: Option<f64>,
    pub(super) height: Option<u32>,
}

/// What a file's name promised.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bit_depth: u8,
}

/// A score per frame beside libvmaf's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Ssimulacra2,
}

/// The measured columns, in the table's order.
pub(super) fn measured_columns() -> Vec<&'static str> {
    FULL_FEATURES.iter().copied().chain(["vmaf"]).collect()
}

/// A clip's frames: what the cache keeps. NaN where libvmaf has no number.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rows {
    /// FFmpeg's name of the reference stream's codec.
    pub(super) reference_codec: String,
    pub(super) frame_index: Vec<u32>,
    /// Names and values, each as long as `frame_index`.
    pub(super) columns: Vec<(String, Vec<f32>)>,
}

/// A finished clip: its rows, or the cache's files that hold them.
#[derive(Debug)]
pub(super) enum Stored {
    Rows(Box<Rows>),
    Entries { features: PathBuf, target: Option<PathBuf> },
}

impl Stored {
    /// Reads the rows. What was just measured comes from its file too: a resumed run reads the same.
    pub(super) fn rows(&self) -> Result<Rows> {
        match self {
            Self::Rows(rows) => Ok(rows.as_ref().clone()),
            Self::Entries { features, target } => {
                let mut rows = Cache::read(features)?;
                if let Some(target) = target {
                    let scored = Cache::read(target)?;
                    ensure!(
                        scored.frame_index == rows.frame_index,
                        "{} and {} are not of the same frames",
                        features.display(),
                        target.display()
                    );
                    rows.columns.extend(scored.columns);
                }
                Ok(rows)
            }
        }
    }
}

/// Where a job's time went.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Times {
    pub(super) encoding: Duration,
    pub(super) measuring: Duration,
    pub(super) target: Duration,
    pub(super) all: Duration,
    /// Jobs that the cache answered.
    pub(super) hits: usize,
}

/// Found out once, by whoever needs it first.
type Once<T> = OnceLock<Result<T, String>>;

/// The programs, the cache and what is known about them; shared by all jobs.
pub(super) struct Bench {
    tools: Tools,
    prober: Prober,
    cache: Cache,
    ffmpeg: Option<(PathBuf, String)>,
    /// Identities of the measuring programs used so far.
    identities: Mutex<HashMap<PathBuf, String>>,
    for_encodes: Once<Tool>,
    hashes: Mutex<HashMap<PathBuf, Arc<Once<String>>>>,
}

impl Bench {
    pub(super) fn new(tools: Tools, prober: Prober, cache: Cache) -> Result<Self> {
        let ffmpeg = match tools.ffmpeg() {
            Some(path) => Some((path.to_owned(), ffmpeg_version(path)?)),
            None => None,
        };
        Ok(Self {
            tools,
            prober,
            cache,
            ffmpeg,
            identities: Mutex::default(),
            for_encodes: OnceLock::new(),
            hashes: Mutex::default(),
        })
    }

    /// The programs that measured, first lines of what they say of themselves.
    pub(super) fn describe(&self) -> String {
        let identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines: Vec<String> = identities
            .values()
            .map(|text| {
                text.lines()
                    .filter(|l| l.starts_with("ffmpeg version") || l.contains("vmaf "))
                    .filter(|l| !l.starts_with("configuration"))
                    .map(|l| l.split(" Copyright").next().unwrap_or(l))
                    .collect::<Vec<_>>()
                    .join(", ")
            })
            .collect();
        lines.sort();
        lines.join("; ")
    }

    fn ffmpeg(&self) -> Result<(&Path, &str)> {
        let (path, version) = self.ffmpeg.as_ref().context(
            "no ffmpeg was found on PATH: name one with the encoders and libvmaf with --ffmpeg-bin",
        )?;
        Ok((path, version))
    }

    /// What measures clips that are encoded here: the vmaf that the user named, else ffmpeg.
    fn tool_for_encodes(&self) -> Result<Tool> {
        let found = self.for_encodes.get_or_init(|| {
            if let Some(vmaf) = self.tools.named_vmaf() {
                return Ok(vmaf);
            }
            let (ffmpeg, _) = self.ffmpeg().map_err(|e| e.to_string())?;
            match ffmpeg_has_libvmaf(ffmpeg) {
                Ok(true) => Ok(Tool::Ffmpeg(ffmpeg.to_owned())),
                Ok(false) => Err(format!(
                    "{} was built without libvmaf: name one that has it with --ffmpeg-bin, or a vmaf with \
                     --vmaf-bin",
                    ffmpeg.display()
                )),
                Err(e) => Err(e.to_string()),
            }
        });
        found.clone().map_err(anyhow::Error::msg)
    }

    fn identity(&self, tool: &Tool) -> Result<String> {
        let mut known = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = known.get(tool.path()) {
            return Ok(text.clone());
        }
        let text = tool.identify()?;
        known.insert(tool.path().to_owned(), text.clone());
        Ok(text)
    }

    /// Hashes each file once per run, however many clips refer to it.
    fn hash(&self, path: &Path) -> Result<String> {
        let slot = {
            let mut known = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(path.to_owned()).or_default())
        };
        slot.get_or_init(|| sha256_file(path).map_err(|e| format!("{e:#}")))
            .clone()
            .map_err(anyhow::Error::msg)
    }
}

/// Content and, where the file does not say it itself, geometry.
#[derive(Serialize)]
struct ContentKey {
    sha256: String,
    geometry: Option<String>,
}

#[derive(Serialize)]
struct FeaturesKey<'a> {
    reference: &'a ContentKey,
    distorted: DistortedKey<'a>,
    measured_by: &'a str,
    model: &'a str,
    columns: &'a [&'a str],
}

#[derive(Serialize)]
struct TargetKey<'a> {
    reference: &'a ContentKey,
    distorted: DistortedKey<'a>,
    target: &'a str,
}

#[derive(Serialize, Clone, Copy)]
enum DistortedKey<'a> {
    Given(&'a ContentKey),
    Encoded { encode: &'a Encode, ffmpeg: &'a str },
}

/// A side that is on disk.
struct OnDisk {
    path: PathBuf,
    key: ContentKey,
    raw: Option<Clip>,
}

impl OnDisk {
    fn clip(&self, bench: &Bench) -> Result<Clip> {
        match &self.raw {
            Some(clip) => Ok(clip.clone()),
            None => Ok(bench.prober.probe(&self.path)?),
        }
    }
}

/// Steps of one job, told as a share of it.
struct Steps<'a> {
    done: u32,
    of: u32,
    tell: &'a mut dyn FnMut(f64),
}

impl Steps<'_> {
    fn within(&mut self) -> impl FnMut(Progress) + '_ {
        let (done, of) = (f64::from(self.done), f64::from(self.of));
        move |progress| {
            if let Some(total) = progress.total.filter(|&t| t > 0) {
                (self.tell)((done + (progress.frames as f64 / total as f64).min(1.0)) / of);
            }
        }
    }

    fn next(&mut self) {
        self.done += 1;
        (self.tell)(f64::from(self.done) / f64::from(self.of));
    }
}

impl Job {
    /// Makes the clip's rows, or finds them in the cache.
    pub(super) fn run(
        &self,
        bench: Option<&Bench>,
        times: &mut Times,
        tell: &mut dyn FnMut(f64),
    ) -> Result<Stored> {
        let begin = Instant::now();
        let result = match (&self.distorted, bench) {
            (Distorted::Logged(log), _) => {
                read_log(log, false).map(|rows| Stored::Rows(Box::new(rows)))
            }
            (_, Some(bench)) => self.measure(bench, times, tell),
            (_, None) => bail!("nothing to measure with"),
        };
        times.all += begin.elapsed();
        result
    }

    fn measure(
        &self,
        bench: &Bench,
        times: &mut Times,
        tell: &mut dyn FnMut(f64),
    ) -> Result<Stored> {
        let scratch = bench.cache.scratch()?;
        let reference = on_disk(&self.reference, bench, &scratch).context("reference")?;
        match &self.distorted {
            Distorted::Given(material) => {
                let distorted = on_disk(material, bench, &scratch).context("distorted clip")?;
                measure_given(&reference, &distorted, bench, times, tell)
            }
            Distorted::Encoded(encode) => {
                self.measure_encode(&reference, encode, bench, &scratch, times, tell)
            }
            Distorted::Logged(_) => bail!("a log is not measured"),
        }
    }

    fn measure_encode(
        &self,
        reference: &OnDisk,
        encode: &Encode,
        bench: &Bench,
        scratch: &Scratch,
        times: &mut Times,
        tell: &mut dyn FnMut(f64),
    ) -> Result<Stored> {
        // Before the cache is asked: what it holds of this content may stem from a file with another name.
        if let Some(check) = &self.check {
            check.hold(&reference.clip(bench)?)?;
        }
        let (ffmpeg, version) = bench.ffmpeg()?;
        let tool = bench.tool_for_encodes()?;
        let columns = measured_columns();
        let distorted = DistortedKey::Encoded { encode, ffmpeg: version };
        let features_key = Key::of(
            "features",
            &FeaturesKey {
                reference: &reference.key,
                distorted,
                measured_by: &bench.identity(&tool)?,
                model: VMAF_MODEL,
                columns: &columns,
            },
        )?;
        let target_key = self
            .target
            .map(|Target::Ssimulacra2| {
                let target = ssimulacra2::VERSION;
                Key::of("ssimulacra2", &TargetKey { reference: &reference.key, distorted, target })
            })
            .transpose()?;
        let mut features = bench.cache.find(&features_key);
        let mut target = target_key.as_ref().and_then(|key| bench.cache.find(key));
        if features.is_some() && target.is_some() == target_key.is_some() {
            times.hits += 1;
        } else {
            let clip = reference.clip(bench)?;
            let mut steps = Steps { done: 0, of: if target_key.is_some() { 3 } else { 2 }, tell };
            let encoded = encode.encoded(&clip, &scratch.path().join("distorted.mp4"));
            let begin = Instant::now();
            encode.run(ffmpeg, &clip, &encoded, &mut steps.within())?;
            times.encoding += begin.elapsed();
            steps.next();

            let expected = encoded.n_frames;
            if features.is_none() {
                let rows = if matches!(tool, Tool::Vmaf(_)) {
                    let begin = Instant::now();
                    let (a, b) = planar_pair(ffmpeg, &clip, &encoded, scratch)?;
                    times.measuring += begin.elapsed();
                    measure_pair(&tool, &a, &b, scratch, times, &mut steps)?
                } else {
                    measure_pair(&tool, &clip, &encoded, scratch, times, &mut steps)?
                };
                check_frames(&rows, expected)?;
                features = Some(bench.cache.store(&features_key, &rows)?);
            }
            steps.next();
            if let (Some(key), None) = (&target_key, &target) {
                let begin = Instant::now();
                let scores = ssimulacra2::score(ffmpeg, &clip, &encoded, &mut steps.within())?;
                times.target += begin.elapsed();
                let rows = Rows {
                    reference_codec: clip.codec_name.clone(),
                    frame_index: (0..).take(scores.len()).collect(),
                    columns: vec![(ssimulacra2::COLUMN.to_owned(), scores)],
                };
                check_frames(&rows, expected)?;
                target = Some(bench.cache.store(key, &rows)?);
                steps.next();
            }
        }
        Ok(Stored::Entries { features: features.context("no features")?, target })
    }
}

/// Measures a pair that is there already.
fn measure_given(
    reference: &OnDisk,
    distorted: &OnDisk,
    bench: &Bench,
    times: &mut Times,
    tell: &mut dyn FnMut(f64),
) -> Result<Stored> {
    let (a, b) = (reference.clip(bench)?, distorted.clip(bench)?);
    let tool = bench.tools.choose(&a, &b)?;
    let columns = measured_columns();
    let key = Key::of(
        "features",
        &FeaturesKey {
            reference: &reference.key,
            distorted: DistortedKey::Given(&distorted.key),
            measured_by: &bench.identity(&tool)?,
            model: VMAF_MODEL,
            columns: &columns,
        },
    )?;
    if let Some(features) = bench.cache.find(&key) {
        times.hits += 1;
        return Ok(Stored::Entries { features, target: None });
    }
    if let (Some(a), Some(b)) = (a.n_frames, b.n_frames) {
        ensure!(a == b, "the reference has {a} frames, the distorted clip {b}");
    }
    let scratch = bench.cache.scratch()?;
    let mut steps = Steps { done: 0, of: 1, tell };
    let rows = measure_pair(&tool, &a, &b, &scratch, times, &mut steps)?;
    check_frames(&rows, a.n_frames)?;
    Ok(Stored::Entries { features: bench.cache.store(&key, &rows)?, target: None })
}

impl Check {
    fn hold(&self, clip: &Clip) -> Result<()> {
        let depth = clip.format().map(|f| f.bit_depth);
        ensure!(
            (clip.width, clip.height, depth) == (self.width, self.height, Some(self.bit_depth)),
            "its name says {}x{}, {} bits; the stream is {}x{}, {}",
            self.width,
            self.height,
            self.bit_depth,
            clip.width,
            clip.height,
            clip.pix_fmt.as_deref().unwrap_or("of an unknown pixel format")
        );
        Ok(())
    }
}

/// Puts a side on disk and hashes it.
fn on_disk(material: &Material, bench: &Bench, scratch: &Scratch) -> Result<OnDisk> {
    match material {
        Material::Raw { path, width, height, format, rate } => {
            let clip = Clip::raw(path, *width, *height, *format, Some(*rate))?;
            let geometry = format!("{width}x{height} {} {rate}", format.ffmpeg_name());
            Ok(OnDisk {
                key: ContentKey { sha256: bench.hash(path)?, geometry: Some(geometry) },
                path: path.clone(),
                raw: Some(clip),
            })
        }
        Material::File(path) => Ok(OnDisk {
            key: ContentKey { sha256: bench.hash(path)?, geometry: None },
            path: path.clone(),
            raw: None,
        }),
        Material::ZipEntry { archive, name } => {
            let context = || format!("{} in {}", name, archive.display());
            let file = File::open(archive).with_context(context)?;
            let mut archive = zip::ZipArchive::new(file).with_context(context)?;
            let mut entry = archive.by_name(name).with_context(context)?;
            let path = scratch.path().join("reference.mp4");
            let mut output = File::create(&path).with_context(context)?;
            let sha256 = sha256_reader(&mut entry, &mut output).with_context(context)?;
            Ok(OnDisk { key: ContentKey { sha256, geometry: None }, path, raw: None })
        }
        Material::Broken(reason) => bail!("{reason}"),
        Material::None => bail!("there is no file"),
    }
}

fn measure_pair(
    tool: &Tool,
    reference: &Clip,
    distorted: &Clip,
    scratch: &Scratch,
    times: &mut Times,
    steps: &mut Steps<'_>,
) -> Result<Rows> {
    let log = scratch.path().join("log.json");
    let request = Request { reference, distorted, features: &FULL_FEATURES, threads: 0, log: &log };
    times.measuring += run::measure(tool, &request, &mut steps.within())?;
    let mut rows = read_log(&log, true)?;
    rows.reference_codec.clone_from(&reference.codec_name);
    Ok(rows)
}

/// Reads a log. Where `complete`, every column must be in every frame, though it may be without a number.
fn read_log(path: &Path, complete: bool) -> Result<Rows> {
    let names = measured_columns();
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut reader = LogReader::new(file, &path.display().to_string(), &names);
    let mut row = vec![f64::NAN; names.len()];
    let mut frame_index = Vec::new();
    let mut columns: Vec<(String, Vec<f32>)> =
        names.iter().map(|&name| (name.to_owned(), Vec::new())).collect();
    while let Some(frame) = reader.next_frame(&mut row)? {
        frame_index.push(frame);
        for ((_, values), &value) in columns.iter_mut().zip(&row) {
            values.push(value as f32);
        }
    }
    ensure!(!frame_index.is_empty(), "{}: no frames in it", path.display());
    let presence = reader.presence();
    if complete {
        if let Some((name, absent)) = names.iter().zip(presence).find(|(_, p)| p.absent > 0) {
            bail!("libvmaf left {name} out of {} of {} frames", absent.absent, frame_index.len());
        }
    } else if presence[..FULL_FEATURES.len()].iter().all(|p| p.present == 0) {
        bail!("{}: none of the {} features is in it", path.display(), FULL_FEATURES.len());
    }
    Ok(Rows { reference_codec: String::new(), frame_index, columns })
}

fn check_frames(rows: &Rows, expected: Option<u64>) -> Result<()> {
    let got = rows.frame_index.len() as u64;
    let expected = expected.unwrap_or(got);
    ensure!(got == expected, "{got} frames came out of the measurement, expected {expected}");
    let in_order = rows.frame_index.iter().zip(0..).all(|(&frame, i)| frame == i);
    ensure!(in_order, "the measurement skipped frames");
    Ok(())
}

/// Decodes both sides into Y4M files for `vmaf`: of the reference's geometry and chroma, at the deeper of both sample
/// depths, of as many frames as the distorted side has.
fn planar_pair(
    ffmpeg: &Path,
    reference: &Clip,
    distorted: &Clip,
    scratch: &Scratch,
) -> Result<(Clip, Clip)> {
    let format = reference.format().with_context(|| {
        let name = reference.pix_fmt.as_deref().unwrap_or("unknown");
        format!("libvmaf does not take the reference's pixel format, {name}")
    })?;
    let depth = distorted.format().map_or(0, |f| f.bit_depth).max(format.bit_depth);
    let like = Clip {
        storage: Storage::Y4m,
        pix_fmt: Some(PixelFormat { bit_depth: depth, ..format }.ffmpeg_name()),
        n_frames: distorted.n_frames,
        ..reference.clone()
    };
    let decoded = |clip: &Clip, name: &str| -> Result<Clip> {
        let output = Clip { path: scratch.path().join(name), ..like.clone() };
        decode(ffmpeg, clip, &output)?;
        Ok(output)
    };
    Ok((decoded(reference, "reference.y4m")?, decoded(distorted, "distorted.y4m")?))
}

/// Decodes `clip` into the Y4M file that `output` describes.
fn decode(ffmpeg: &Path, clip: &Clip, output: &Clip) -> Result<()> {
    let mut arguments = run::input_arguments(clip, 1)?;
    let mut options = |words: &[&str]| arguments.extend(words.iter().map(|&w| w.to_owned()));
    let format = output.pix_fmt.as_deref().unwrap_or("yuv420p");
    let (width, height) = (output.width, output.height);
    options(&["-map", "0:v:0", "-fps_mode", "passthrough", "-filter:v"]);
    options(&[&format!("scale={width}:{height}:flags=bicubic,format={format}")]);
    if let Some(frames) = output.n_frames {
        options(&["-frames:v", &frames.to_string()]);
    }
    options(&["-strict", "-1", "-f", "yuv4mpegpipe", &output.path.display().to_string()]);
    let folder = output.path.parent().unwrap_or(Path::new("."));
    Ok(process::ffmpeg(ffmpeg, folder, &arguments, output.n_frames, &mut |_| {})?)
}
