// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Probes and measures generated clips with the real programs (`scripts/test-needs.sh` installs them).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use vmaf_fr_measure::probe::Prober;
use vmaf_fr_measure::program::{Tool, Tools};
use vmaf_fr_measure::run::{Progress, Request, command_line, measure};
use vmaf_fr_measure::video::{FrameRate, PixelFormat, Storage, Video};
use vmaf_fr_v2::catalogue::{self, FEATURES, FULL_FEATURES};

/// A program the tests need: named by the environment, else where scripts/test-needs.sh puts it.
fn needed(variable: &str, below_deps: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.deps").join(below_deps),
        PathBuf::from,
    );
    assert!(
        path.is_file(),
        "{} is missing: run scripts/test-needs.sh, or set {variable}",
        path.display()
    );
    path
}

fn ffmpeg() -> PathBuf {
    needed("VMAF_FR_TEST_FFMPEG", "bin/ffmpeg")
}

fn vmaf() -> PathBuf {
    needed("VMAF_FR_TEST_VMAF", "libvmaf/bin/vmaf")
}

fn prober() -> Prober {
    Prober::find(None, None).expect("ffprobe on PATH (Debian package ffmpeg)")
}

fn run_ffmpeg(arguments: &str, output: &Path) {
    let status = Command::new(ffmpeg())
        .args(["-nostdin", "-y", "-loglevel", "error"])
        .args(arguments.split_whitespace())
        .arg(output)
        .status()
        .unwrap();
    assert!(status.success(), "ffmpeg {arguments}");
}

fn source(dir: &Path, name: &str, pix_fmt: &str, frames: u32) -> PathBuf {
    let path = dir.join(name);
    run_ffmpeg(
        &format!(
            "-f lavfi -i testsrc2=size=320x180:rate=30000/1001 -frames:v {frames} -pix_fmt {pix_fmt} -strict -1"
        ),
        &path,
    );
    path
}

type Frames = Vec<BTreeMap<String, f64>>;

fn read(log: &Path) -> Frames {
    let value: Value = serde_json::from_slice(&std::fs::read(log).unwrap()).unwrap();
    value["frames"]
        .as_array()
        .unwrap()
        .iter()
        .map(|frame| {
            frame["metrics"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| (name.clone(), value.as_f64().unwrap()))
                .collect()
        })
        .collect()
}

fn measured(
    tool: &Tool,
    reference: &Video,
    distorted: &Video,
    log: &Path,
) -> (Frames, Vec<Progress>) {
    let mut seen = Vec::new();
    let request = Request { reference, distorted, features: &FULL_FEATURES, threads: 1, log };
    measure(tool, &request, &mut |p| seen.push(p)).unwrap();
    (read(log), seen)
}

/// What both versions write for the 22 features; motion apart, whose name differs.
fn keys() -> impl Iterator<Item = &'static str> {
    FEATURES[..FULL_FEATURES.len()]
        .iter()
        .filter(|feature| feature.name != "motion")
        .map(|feature| feature.log_names[0])
}

fn motion(frame: &BTreeMap<String, f64>) -> f64 {
    catalogue::log_names("motion")
        .into_iter()
        .find_map(|key| frame.get(key).copied())
        .expect("motion in one of its names")
}

#[test]
fn vmaf_and_ffmpeg_measure_every_feature_of_the_same_pair() {
    for pix_fmt in ["yuv420p", "yuv420p10le", "yuv444p"] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let reference = source(dir, "ref.y4m", pix_fmt, 5);
        let distorted = dir.join("dis.y4m");
        run_ffmpeg(
            &format!(
                "-i {} -vf gblur=sigma=1.5 -pix_fmt {pix_fmt} -strict -1",
                reference.display()
            ),
            &distorted,
        );
        let (reference, distorted) =
            (prober().probe(&reference).unwrap(), prober().probe(&distorted).unwrap());
        assert_eq!(reference.n_frames, Some(5));
        let (a, _) = measured(&Tool::Vmaf(vmaf()), &reference, &distorted, &dir.join("vmaf.json"));
        let (b, progress) =
            measured(&Tool::Ffmpeg(ffmpeg()), &reference, &distorted, &dir.join("ffmpeg.json"));
        assert_eq!((a.len(), b.len()), (5, 5), "{pix_fmt}");
        assert_eq!(progress.last(), Some(&Progress { frames: 5, total: Some(5) }));
        for (i, (a, b)) in a.iter().zip(&b).enumerate() {
            for key in keys() {
                // Two libvmaf versions, one measurement: a swapped, shifted or converted input is far off this.
                assert!(
                    (a[key] - b[key]).abs() <= 2e-3 * a[key].abs().max(1.0),
                    "{pix_fmt} frame {i} {key}: {} {}",
                    a[key],
                    b[key]
                );
            }
            assert!((motion(a) - motion(b)).abs() < 1e-3, "{pix_fmt} frame {i} motion");
            assert!(a["vmaf"] < 95.0 && b["vmaf"] < 95.0);
        }
        assert!(motion(&a[0]).abs() < 1e-9);
        assert!(motion(&a[3]) > 0.1);
    }
}

#[test]
fn raw_files_measure_as_their_y4m_twins() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for pix_fmt in ["yuv420p", "yuv420p10le"] {
        let y4m = source(dir, "ref.y4m", pix_fmt, 3);
        let worse = dir.join("dis.y4m");
        run_ffmpeg(
            &format!("-i {} -vf gblur=sigma=2 -pix_fmt {pix_fmt} -strict -1", y4m.display()),
            &worse,
        );
        let raw = |y4m: &Path, name: &str| {
            let path = dir.join(name);
            run_ffmpeg(&format!("-i {} -f rawvideo", y4m.display()), &path);
            Video::raw(
                &path,
                320,
                180,
                PixelFormat::from_ffmpeg(pix_fmt).unwrap(),
                FrameRate::new(25, 1),
            )
            .unwrap()
        };
        let (raw_ref, raw_dis) = (raw(&y4m, "ref.yuv"), raw(&worse, "dis.yuv"));
        let (y4m, worse) = (prober().probe(&y4m).unwrap(), prober().probe(&worse).unwrap());
        for tool in [Tool::Vmaf(vmaf()), Tool::Ffmpeg(ffmpeg())] {
            let (a, _) = measured(&tool, &raw_ref, &raw_dis, &dir.join("raw.json"));
            let (b, _) = measured(&tool, &y4m, &worse, &dir.join("y4m.json"));
            assert_eq!(a, b, "{tool:?}");
        }
    }
}

#[test]
fn every_codec_is_probed_and_paired_frame_by_frame() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let path = source(dir, "ref.y4m", "yuv420p", 12);
    let reference = prober().probe(&path).unwrap();
    for (codec_name, encoder) in [
        ("h264", "libx264 -crf 20"),
        ("hevc", "libx265 -crf 20 -x265-params log-level=none"),
        ("av1", "libsvtav1 -crf 25 -preset 8"),
        ("vvc", "libvvenc -qp 25 -preset faster"),
        ("vp9", "libvpx-vp9 -crf 25 -b:v 0 -cpu-used 4"),
    ] {
        let encoded = dir.join("dis.mp4");
        run_ffmpeg(&format!("-i {} -c:v {encoder}", path.display()), &encoded);
        let distorted = prober().probe(&encoded).unwrap();
        assert_eq!(distorted.codec_name, codec_name);
        assert_eq!(
            (distorted.width, distorted.height, distorted.n_frames),
            (320, 180, Some(12)),
            "{codec_name}"
        );
        assert_eq!(distorted.frame_rate, FrameRate::new(30000, 1001), "{codec_name}");
        assert_eq!(distorted.storage, Storage::Container);
        let (frames, _) =
            measured(&Tool::Ffmpeg(ffmpeg()), &reference, &distorted, &dir.join("log.json"));
        assert_eq!(frames.len(), 12, "{codec_name}");
        // testsrc2 moves: one frame of offset costs more than 10 dB.
        for frame in &frames {
            assert!(frame["psnr_y"] > 28.0, "{codec_name}: {}", frame["psnr_y"]);
        }
    }
}

#[test]
fn smaller_clip_is_scaled_and_longer_one_cut() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let path = source(dir, "ref.y4m", "yuv420p", 6);
    let small = dir.join("small.mp4");
    run_ffmpeg(
        &format!("-i {} -vf scale=160:90 -frames:v 4 -c:v libx264 -crf 10", path.display()),
        &small,
    );
    let (reference, distorted) = (prober().probe(&path).unwrap(), prober().probe(&small).unwrap());
    let (frames, _) =
        measured(&Tool::Ffmpeg(ffmpeg()), &reference, &distorted, &dir.join("log.json"));
    assert_eq!(frames.len(), 4);
    assert!(frames.iter().all(|f| f["psnr_y"] > 15.0 && f["psnr_y"] < 40.0));
}

#[test]
fn names_with_spaces_and_quotes() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("a 'b': [c], d;e");
    std::fs::create_dir(&dir).unwrap();
    let path = source(&dir, "-r=1:2.y4m", "yuv420p", 2);
    let clip = prober().probe(&path).unwrap();
    let worse = dir.join("w,o;r[s]e's.y4m");
    run_ffmpeg(
        "-f lavfi -i testsrc2=size=320x180,noise=alls=20 -frames:v 2 -pix_fmt yuv420p",
        &worse,
    );
    let worse = prober().probe(&worse).unwrap();
    for (tool, log) in [(Tool::Vmaf(vmaf()), "a'v.json"), (Tool::Ffmpeg(ffmpeg()), "a'f:[1].json")]
    {
        let (frames, _) = measured(&tool, &clip, &worse, &dir.join(log));
        assert_eq!(frames.len(), 2);
        // The printed command line does the same from a shell.
        let again = dir.join(format!("again {log}"));
        let request = Request {
            reference: &clip,
            distorted: &worse,
            features: &FULL_FEATURES,
            threads: 1,
            log: &again,
        };
        let line = command_line(&tool, &request).unwrap();
        let output = Command::new("sh").args(["-c", &line]).output().unwrap();
        assert!(output.status.success(), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(read(&again), frames, "{line}");
    }
}

#[test]
fn failures_leave_no_log_and_say_why() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let path = source(dir, "ref.y4m", "yuv420p", 3);
    let reference = prober().probe(&path).unwrap();
    let encoded = dir.join("dis.mp4");
    run_ffmpeg(&format!("-i {} -c:v libx264", path.display()), &encoded);
    let mut distorted = prober().probe(&encoded).unwrap();
    std::fs::write(&encoded, b"no video at all").unwrap();
    let log = dir.join("log.json");
    let attempt = |tool: &Tool, distorted: &Video, features: &[&str]| {
        let request = Request { reference: &reference, distorted, features, threads: 0, log: &log };
        measure(tool, &request, &mut |_| {}).unwrap_err().to_string()
    };
    let error = attempt(&Tool::Ffmpeg(ffmpeg()), &distorted, &FULL_FEATURES);
    assert!(error.contains("exit status") && error.contains("dis.mp4"), "{error}");
    let error = attempt(&Tool::Vmaf(vmaf()), &distorted, &FULL_FEATURES);
    assert!(error.contains("neither Y4M nor raw"), "{error}");
    let error = attempt(&Tool::Ffmpeg(ffmpeg()), &distorted, &["adm2", "speed_chroma"]);
    assert!(error.contains("speed_chroma"), "{error}");
    let error =
        attempt(&Tool::Ffmpeg(PathBuf::from("/nonexistent/ffmpeg")), &distorted, &FULL_FEATURES);
    assert!(error.contains("/nonexistent/ffmpeg"), "{error}");
    let mut tiny = reference.clone();
    tiny.height = 170;
    let request = Request {
        reference: &tiny,
        distorted: &distorted,
        features: &FULL_FEATURES,
        threads: 0,
        log: &log,
    };
    let error = measure(&Tool::Ffmpeg(ffmpeg()), &request, &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("float_ms_ssim") && error.contains("176"), "{error}");
    let features: Vec<&str> = FULL_FEATURES.into_iter().filter(|f| *f != "float_ms_ssim").collect();
    (tiny.width, tiny.height) = (180, 180);
    let request = Request {
        reference: &tiny,
        distorted: &distorted,
        features: &features,
        threads: 0,
        log: &log,
    };
    let error = measure(&Tool::Ffmpeg(ffmpeg()), &request, &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("cambi") && error.contains("180x180"), "{error}");
    distorted.path = dir.join("absent.y4m");
    distorted.storage = Storage::Y4m;
    let error = attempt(&Tool::Vmaf(vmaf()), &distorted, &FULL_FEATURES);
    assert!(error.contains("absent.y4m"), "{error}");
    let left: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(
        !left.iter().any(|name| name.to_string_lossy().contains("log")
            || name.to_string_lossy().starts_with('.')),
        "{left:?}"
    );
}

#[test]
fn the_right_program_for_a_pair() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let path = source(dir, "ref.y4m", "yuv420p", 2);
    let reference = prober().probe(&path).unwrap();
    let encoded = dir.join("dis.mp4");
    run_ffmpeg(&format!("-i {} -c:v libx264", path.display()), &encoded);
    let distorted = prober().probe(&encoded).unwrap();
    let (v, f) = (vmaf(), ffmpeg());

    let named = Tools::find(Some(&v), Some(&f)).unwrap();
    assert!(matches!(named.choose(&reference, &reference).unwrap(), Tool::Vmaf(_)));
    let error = named.choose(&reference, &distorted).unwrap_err().to_string();
    assert!(error.contains("dis.mp4") && error.contains("--ffmpeg-bin"), "{error}");
    let named = Tools::find(None, Some(&f)).unwrap();
    assert!(matches!(named.choose(&reference, &reference).unwrap(), Tool::Ffmpeg(_)));
    assert!(matches!(named.choose(&reference, &distorted).unwrap(), Tool::Ffmpeg(_)));
    let error = Tools::find(Some(Path::new("/nonexistent/vmaf")), None).unwrap_err().to_string();
    assert!(error.contains("--vmaf-bin /nonexistent/vmaf"), "{error}");

    // An ffmpeg without libvmaf: says so instead of failing later.
    let fake = dir.join("ffmpeg");
    std::fs::write(&fake, "#!/bin/sh\necho ' T.. scale V->V Scale.'\n").unwrap();
    let mut mode = std::fs::metadata(&fake).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    std::fs::set_permissions(&fake, mode).unwrap();
    let error = Tools::find(None, Some(&fake))
        .unwrap()
        .choose(&reference, &distorted)
        .unwrap_err()
        .to_string();
    assert!(error.contains("without libvmaf"), "{error}");
}

#[test]
fn tools_identify_themselves() {
    let text = Tool::Vmaf(vmaf()).identify().unwrap();
    assert!(text.starts_with("vmaf ") && text.len() > 6, "{text}");
    let text = Tool::Ffmpeg(ffmpeg()).identify().unwrap();
    assert!(text.starts_with("ffmpeg version") && text.contains("\nlibvmaf "), "{text}");
    assert!(Tool::Ffmpeg(PathBuf::from("/nonexistent")).identify().is_err());
}
