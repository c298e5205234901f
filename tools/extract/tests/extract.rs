// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Every recipe of `extract` on small generated content, with the real encoders and the real libvmaf
//! (`scripts/test-needs.sh` installs them). Each run is a process of its own: this very test program, which becomes
//! `extract` where [`ARGUMENTS`] is set.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use clap::Parser as _;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use vmaf_fr_extract::{ExtractArgs, run};
use vmaf_fr_v2::catalogue::FULL_FEATURES;

const ARGUMENTS: &str = "VMAF_FR_TEST_EXTRACT_ARGUMENTS";

#[derive(clap::Parser)]
struct Program {
    #[command(flatten)]
    extract: ExtractArgs,
}

/// Not a test: the process that the tests start.
#[test]
fn as_a_program() {
    let Some(arguments) = std::env::var_os(ARGUMENTS) else { return };
    let arguments = arguments.into_string().unwrap();
    let program =
        match Program::try_parse_from(["extract"].into_iter().chain(arguments.split('\n'))) {
            Ok(program) => program,
            Err(error) => {
                eprint!("{error}");
                std::process::exit(64);
            }
        };
    let code = match run(&program.extract) {
        Ok(code) => i32::from(code != std::process::ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("{error:#}");
            1
        }
    };
    std::process::exit(code);
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "as_a_program", "--nocapture"])
        .env(ARGUMENTS, arguments.join("\n"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

fn extract(arguments: &[&str]) -> (i32, String) {
    let Output { status, stderr, .. } = program(arguments).output().unwrap();
    (status.code().unwrap_or(-1), String::from_utf8_lossy(&stderr).into_owned())
}

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

fn run_ffmpeg(arguments: &str, output: &Path) {
    let status = Command::new(ffmpeg())
        .args(["-nostdin", "-y", "-loglevel", "error"])
        .args(arguments.split_whitespace())
        .arg(output)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "ffmpeg {arguments}");
}

fn generate(output: &Path, size: &str, frames: u32, options: &str) {
    fs::create_dir_all(output.parent().unwrap()).unwrap();
    run_ffmpeg(
        &format!(
            "-f lavfi -i testsrc2=size={size}:rate=25,noise=alls=6 -frames:v {frames} {options}"
        ),
        output,
    );
}

/// Numbers are absent where the table has null.
#[derive(Debug, Default)]
struct Row {
    text: BTreeMap<String, String>,
    number: BTreeMap<String, f64>,
}

struct Table {
    columns: Vec<String>,
    rows: Vec<Row>,
    metadata: BTreeMap<String, String>,
}

fn read(path: &Path) -> Table {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let file = reader.metadata().file_metadata();
    let columns = file.schema_descr().columns().iter().map(|c| c.name().to_owned()).collect();
    let metadata = file.key_value_metadata().unwrap().iter();
    let metadata =
        metadata.map(|kv| (kv.key.clone(), kv.value.clone().unwrap_or_default())).collect();
    let mut rows = Vec::new();
    for record in reader.get_row_iter(None).unwrap() {
        let mut row = Row::default();
        for (name, field) in record.unwrap().get_column_iter() {
            match field {
                Field::Str(text) => drop(row.text.insert(name.clone(), text.clone())),
                Field::Float(x) => drop(row.number.insert(name.clone(), f64::from(*x))),
                Field::Double(x) => drop(row.number.insert(name.clone(), *x)),
                Field::Int(x) => drop(row.number.insert(name.clone(), f64::from(*x))),
                Field::Null => {}
                other => panic!("{name}: {other:?}"),
            }
        }
        rows.push(row);
    }
    Table { columns, rows, metadata }
}

fn expected_columns(after: &[&str]) -> Vec<String> {
    ["key", "source", "frame_index", "codec"]
        .iter()
        .chain(&FULL_FEATURES)
        .chain(&["vmaf"])
        .chain(after)
        .map(|&name| name.to_owned())
        .collect()
}

/// Every feature is a number, motion starts at 0 in each clip, and frames are numbered from 0.
fn check_rows(table: &Table, frames: usize) {
    assert!(!table.rows.is_empty());
    for (i, row) in table.rows.iter().enumerate() {
        for feature in FULL_FEATURES.iter().chain(&["vmaf"]) {
            assert!(row.number[*feature].is_finite(), "row {i}: {feature}");
        }
        let index = i % frames;
        assert!((row.number["frame_index"] - index as f64).abs() < 1e-9);
        assert_eq!(index == 0, row.number["motion"].abs() < 1e-9, "row {i}: motion");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn netflix_public_keeps_the_good_and_lists_the_failed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let raw = "-pix_fmt yuv420p -f rawvideo";
    generate(&dir.join("ref/Some_Scene_25fps.yuv"), "1920x1080", 2, raw);
    generate(&dir.join("ref/Other_24fps.yuv"), "1920x1080", 2, raw);
    let blurred = "-vf gblur=sigma=2 -pix_fmt yuv420p -f rawvideo";
    generate(&dir.join("dis/Some_Scene_20_288_375.yuv"), "1920x1080", 2, blurred);
    generate(&dir.join("dis/Other_30_384_550.yuv"), "1280x720", 2, raw);
    generate(&dir.join("dis/Absent_30_384_550.yuv"), "320x180", 1, raw);
    generate(&dir.join("dis/misnamed.yuv"), "320x180", 1, raw);
    let table = dir.join("out/table.parquet");
    let (vmaf, ffmpeg) = (vmaf(), ffmpeg());
    let mut arguments = vec!["netflix-public", text(dir), "--output", text(&table)];
    arguments.extend(["--ffmpeg-bin", text(&ffmpeg), "--vmaf-bin", text(&vmaf)]);
    let (code, stderr) = extract(&arguments);
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("3 of 4 clips failed"), "{stderr}");
    for reason in [
        "Other_30_384_550: distorted clip: ",
        "not a whole number of 1920x1080 yuv420p frames",
        "Absent_30_384_550: reference: no reference ref/Absent_<fps>fps.yuv",
        "misnamed: reference: expected a name like <source>_<n>_<height>_<kbps>.yuv",
    ] {
        assert!(stderr.contains(reason), "{reason:?} in\n{stderr}");
    }
    let table = read(&table);
    assert_eq!(table.columns, expected_columns(&[]));
    assert_eq!(table.rows.len(), 2);
    check_rows(&table, 2);
    let row = &table.rows[1];
    assert_eq!(row.text["key"], "Some_Scene_20_288_375");
    assert_eq!(row.text["source"], "Some_Scene");
    assert_eq!(row.text["codec"], "unknown");
    assert!(table.metadata["vmaf_fr.measured_by"].contains("vmaf "), "{:?}", table.metadata);

    // With every clip failed there is no table, and the one that was there stays.
    fs::remove_file(dir.join("dis/Some_Scene_20_288_375.yuv")).unwrap();
    let before = fs::read(dir.join("out/table.parquet")).unwrap();
    let (code, stderr) = extract(&arguments);
    assert!(code == 1 && stderr.contains("every clip failed"), "{stderr}");
    assert_eq!(fs::read(dir.join("out/table.parquet")).unwrap(), before);
}

#[test]
fn bvi_dvc_reads_its_archive_and_keeps_ten_bits() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let ten = dir.join("ten.mp4");
    generate(&ten, "480x272", 4, "-c:v libx264 -crf 8 -pix_fmt yuv420p10le");
    let eight = dir.join("eight.mp4");
    generate(&eight, "480x272", 4, "-c:v libx264 -crf 8 -pix_fmt yuv420p");
    let archive = dir.join("bvi.zip");
    let mut zip = zip::ZipWriter::new(File::create(&archive).unwrap());
    for (name, file) in [
        ("BVI-DVC/Videos/DSceneOne_480x272_25fps_10bit_420.mp4", &ten),
        ("BVI-DVC/Videos/CSceneOne_960x544_25fps_10bit_420.mp4", &ten),
        ("BVI-DVC/Videos/DSceneTwo_480x272_25fps_10bit_420.mp4", &eight),
        ("BVI-DVC/readme.txt", &eight),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&fs::read(file).unwrap()).unwrap();
    }
    zip.finish().unwrap();

    let ffmpeg = ffmpeg();
    let output = dir.join("table.parquet");
    let common = ["bvi-dvc", text(&archive), "-o", text(&output), "--ffmpeg-bin", text(&ffmpeg)];
    let (code, stderr) = extract(&[&common[..], &["--tier", "D", "--codec", "h264"]].concat());
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("1 of 2 clips failed"), "{stderr}");
    assert!(
        stderr.contains("DSceneTwo_480x272_25fps_10bit_420: its name says 480x272, 10 bits"),
        "{stderr}"
    );
    let table = read(&output);
    assert_eq!(table.rows.len(), 4);
    check_rows(&table, 4);
    assert_eq!(table.rows[0].text["source"], "SceneOne");
    assert_eq!(table.rows[0].text["codec"], "x264");
    // 10-bit samples: psnr's cap is above the 60 dB of 8 bits, and CRF 35 is far below either.
    assert!(table.rows.iter().all(|r| r.number["psnr_y"] > 20.0 && r.number["psnr_y"] < 45.0));

    let (code, stderr) = extract(&[&common[..], &["--tier", "C"]].concat());
    assert!(code == 1 && stderr.contains("its name says 960x544"), "{stderr}");
    let (code, stderr) = extract(&[&common[..], &["--tier", "A"]].concat());
    assert!(code == 1 && stderr.contains("of that tier (3 of others)"), "{stderr}");
    let (code, stderr) = extract(&[&common[..], &["--codec", "x246"]].concat());
    assert!(code == 64 && stderr.contains("libsvtav1"), "{stderr}");
}

#[test]
fn konvid_labels_by_the_encoder_or_for_an_audit_by_the_source() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let videos = dir.join("KoNViD_1k_videos");
    generate(&videos.join("1001.mp4"), "320x180", 3, "-c:v libx264 -crf 10 -pix_fmt yuv420p");
    generate(&videos.join("1002.mp4"), "320x180", 3, "-c:v libx265 -crf 10 -pix_fmt yuv420p");
    fs::write(videos.join("1003.mp4"), b"no video").unwrap();
    let ffmpeg = ffmpeg();
    let output = dir.join("table.parquet");
    let common = ["konvid-1k", text(dir), "-o", text(&output), "--ffmpeg-bin", text(&ffmpeg)];
    let codecs = |table: &Table| -> Vec<String> {
        table.rows.iter().step_by(3).map(|row| row.text["codec"].clone()).collect()
    };

    let (code, stderr) = extract(&[&common[..], &["--codec", "x264"]].concat());
    assert!(
        code == 1 && stderr.contains("1 of 3 clips failed") && stderr.contains("1003: "),
        "{stderr}"
    );
    let table = read(&output);
    check_rows(&table, 3);
    assert_eq!(codecs(&table), ["x264", "x264"]);
    assert!(!table.metadata.contains_key("vmaf_fr.caution"));

    let (_, stderr) = extract(&[&common[..], &["--codec-from-source"]].concat());
    assert!(stderr.contains("for audits only"), "{stderr}");
    assert!(stderr.contains("2 clips from the cache"), "{stderr}");
    let table = read(&output);
    assert_eq!(codecs(&table), ["x264", "x265"]);
    assert!(table.metadata["vmaf_fr.caution"].contains("audits only"));
    let (code, _) = extract(&[&common[..], &["--codec-from-source", "--codec", "x264"]].concat());
    assert_eq!(code, 64);
}

/// An ffmpeg that writes down how it is called.
fn watched_ffmpeg(dir: &Path) -> (PathBuf, PathBuf) {
    let (script, calls) = (dir.join("ffmpeg-watched"), dir.join("calls"));
    let real = ffmpeg();
    fs::write(
        &script,
        format!(
            "#!/bin/sh\necho \"$@\" >> '{}'\nexec '{}' \"$@\"\n",
            calls.display(),
            real.display()
        ),
    )
    .unwrap();
    let mut mode = fs::metadata(&script).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    fs::set_permissions(&script, mode).unwrap();
    (script, calls)
}

/// Calls that touch a clip; asking for the version, the filters and the version of libvmaf does not.
fn work(calls: &Path, clip: &str) -> usize {
    fs::read_to_string(calls)
        .unwrap()
        .lines()
        .filter(|l| l.contains(clip) || l.contains("-c:v"))
        .count()
}

#[test]
fn sweep_measures_every_encoder_once_whatever_the_number_of_jobs() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let source = dir.join("scene.y4m");
    generate(&source, "216x176", 3, "-pix_fmt yuv420p");
    let (ffmpeg, calls) = watched_ffmpeg(dir);
    let output = dir.join("table.parquet");
    let sweep = |output: &Path, more: &[&str]| {
        let mut arguments = vec!["sweep", text(&source), "-o", text(output)];
        arguments.extend(["--ffmpeg-bin", text(&ffmpeg), "--crf", "30", "--crf", "x264=20,40"]);
        arguments.extend(["--target", "ssimulacra2", "--preset", "libvvenc=faster"]);
        arguments.extend(more);
        extract(&arguments)
    };
    let (code, stderr) = sweep(&output, &["--jobs", "2"]);
    assert_eq!(code, 0, "{stderr}");
    let table = read(&output);
    assert_eq!(table.columns, expected_columns(&["preset", "crf", "height", "ssimulacra2"]));
    check_rows(&table, 3);
    let clips: Vec<_> = table
        .rows
        .iter()
        .step_by(3)
        .map(|r| {
            (
                r.text["key"].as_str(),
                r.text["codec"].as_str(),
                r.number["crf"],
                r.number["ssimulacra2"],
            )
        })
        .collect();
    let keys: Vec<_> = clips.iter().map(|c| c.0).collect();
    assert_eq!(
        keys,
        [
            "scene__x264_medium_20",
            "scene__x264_medium_40",
            "scene__x265_medium_30",
            "scene__libsvtav1_8_30",
            "scene__libvvenc_faster_30",
            "scene__libvpx-vp9_good_30",
        ]
    );
    assert_eq!(clips[3].1, "libsvtav1");
    assert!((clips[1].2 - 40.0).abs() < 1e-9);
    assert!(clips[0].3 > clips[1].3 + 10.0 && clips[0].3 < 100.0, "{clips:?}");
    assert!(table.rows.iter().all(|r| !r.number.contains_key("height")));
    for row in &table.rows {
        // testsrc2 moves: a frame of offset costs more than this.
        assert!(row.number["psnr_y"] > 22.0, "{row:?}");
    }

    // The same again: nothing is encoded or measured, and the same bytes come out.
    assert!(work(&calls, "scene") >= 6 * 3);
    fs::remove_file(&calls).unwrap();
    let again = dir.join("again.parquet");
    let (code, stderr) = sweep(&again, &["--cache", text(&dir.join("table.parquet.cache"))]);
    assert!(code == 0 && stderr.contains("6 clips from the cache"), "{stderr}");
    assert_eq!(work(&calls, "scene"), 0);
    assert_eq!(fs::read(&again).unwrap(), fs::read(&output).unwrap());

    // From scratch on one job: the same bytes.
    let single = dir.join("single.parquet");
    let (code, stderr) = sweep(&single, &["--jobs", "1"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(fs::read(&single).unwrap(), fs::read(&output).unwrap());

    // Another source of the same name is another input.
    generate(&source, "216x176", 3, "-vf hue=h=90 -pix_fmt yuv420p");
    fs::remove_file(&calls).unwrap();
    let (code, stderr) = sweep(&output, &["--encoders", "x264,libvvenc"]);
    assert!(code == 0 && !stderr.contains("from the cache"), "{stderr}");
    assert!(work(&calls, "scene") >= 3 * 3);
}

#[test]
fn sweep_at_other_heights_by_either_program() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let source = dir.join("scene.mp4");
    generate(&source, "320x240", 5, "-c:v libx264 -crf 5 -pix_fmt yuv420p");
    let (ffmpeg, vmaf) = (ffmpeg(), vmaf());
    let mut tables = Vec::new();
    for (name, more) in [("f", &[][..]), ("v", &["--vmaf-bin", text(&vmaf)][..])] {
        let output = dir.join(name);
        let mut arguments =
            vec!["sweep", text(&source), "-o", text(&output), "--ffmpeg-bin", text(&ffmpeg)];
        arguments.extend([
            "--encoders",
            "x264,libvvenc",
            "--crf",
            "20",
            "--height",
            "120,240",
            "--frames",
            "3",
        ]);
        arguments.extend(more);
        let (code, stderr) = extract(&arguments);
        assert_eq!(code, 0, "{stderr}");
        tables.push(read(&output));
    }
    let [by_ffmpeg, by_vmaf] = &tables[..] else { panic!() };
    check_rows(by_ffmpeg, 3);
    assert_eq!((by_ffmpeg.rows.len(), by_vmaf.rows.len()), (12, 12));
    for (a, b) in by_ffmpeg.rows.iter().zip(&by_vmaf.rows) {
        for feature in FULL_FEATURES {
            let (a, b) = (a.number[feature], b.number[feature]);
            assert!((a - b).abs() <= 2e-3 * a.abs().max(1.0), "{feature}: {a} {b}");
        }
    }
    let psnr = |row: usize| by_ffmpeg.rows[row].number["psnr_y"];
    assert!(psnr(0) + 3.0 < psnr(3), "half height is worse: {} {}", psnr(0), psnr(3));
    assert_eq!(by_ffmpeg.rows[0].text["key"], "scene__x264_medium_20_120p");
}

#[test]
fn killed_run_resumes_to_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let source = dir.join("scene.y4m");
    generate(&source, "320x180", 12, "-pix_fmt yuv420p");
    let ffmpeg = ffmpeg();
    let (killed, whole) = (dir.join("killed.parquet"), dir.join("whole.parquet"));
    let arguments = |output: &'static str| -> Vec<String> {
        let output = dir.join(output);
        ["sweep", text(&source), "-o", text(&output), "--ffmpeg-bin", text(&ffmpeg)]
            .into_iter()
            .chain(["--jobs", "2", "--encoders", "x264,libvpx-vp9", "--crf", "20,25,30,35,40,45"])
            .map(str::to_owned)
            .collect()
    };
    let first = arguments("killed.parquet");
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    let cache = dir.join("killed.parquet.cache");
    let entries = || {
        fs::read_dir(cache.join("features")).map_or(0, |shards| {
            shards.flatten().filter_map(|s| fs::read_dir(s.path()).ok()).flatten().count()
        })
    };
    let mut child = program(&first).stderr(Stdio::null()).spawn().unwrap();
    let begin = Instant::now();
    while entries() < 3 {
        assert!(begin.elapsed() < Duration::from_mins(2), "no progress");
        assert!(child.try_wait().unwrap().is_none(), "ended before it could be killed");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let done = entries();
    assert!(done < 12, "killed too late to show anything");
    assert!(!killed.exists(), "half a run leaves no table");

    let (code, stderr) = extract(&first);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains(" clips from the cache"), "{stderr}");
    let second = arguments("whole.parquet");
    let (code, stderr) = extract(&second.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(code == 0 && !stderr.contains("from the cache"), "{stderr}");
    assert_eq!(fs::read(&killed).unwrap(), fs::read(&whole).unwrap());
    let left: Vec<_> = fs::read_dir(&cache)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("run-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn logs_with_their_codec_and_rating() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::create_dir(dir.join("l")).unwrap();
    let frame = |n: u32, vmaf: &str| {
        format!(
            r#"{{"frameNum": {n}, "metrics": {{"integer_adm2": 0.9, "integer_motion2": 1.5, "psnr_hvs": null, "float_ssim": null, "vmaf": {vmaf}}}}}"#
        )
    };
    let log =
        |frames: &[String]| format!(r#"{{"version": "2.3.1", "frames": [{}]}}"#, frames.join(","));
    fs::write(dir.join("l/a.json"), log(&[frame(0, "90.5"), frame(2, "80.25")])).unwrap();
    fs::write(dir.join("l/b.json"), log(&[frame(0, "70")])).unwrap();
    fs::write(dir.join("l/cut.json"), &log(&[frame(0, "70")])[..60]).unwrap();
    fs::write(dir.join("l/none.json"), r#"{"frames": [{"frameNum": 0, "metrics": {"niqe": 1}}]}"#)
        .unwrap();
    let manifest = dir.join("manifest.csv");
    let output = dir.join("table.parquet");
    let arguments = ["logs", text(&manifest), "-o", text(&output)];
    let with = |text: &str| {
        fs::write(&manifest, text).unwrap();
        extract(&arguments)
    };

    let (code, stderr) = with(
        "log,codec,source,mos,remark\nl/a.json,HEVC,one,81.5,x\nl/b.json,dcvc,two,,\nl/cut.json,av1,two,1,\n\
         l/none.json,av1,two,1,\nl/absent.json,av1,two,1,\n",
    );
    assert!(code == 1 && stderr.contains("3 of 5 clips failed"), "{stderr}");
    for reason in ["cut.json", "none of the 22 features", "absent.json"] {
        assert!(stderr.contains(reason), "{reason} in\n{stderr}");
    }
    let table = read(&output);
    assert_eq!(table.columns, expected_columns(&["mos"]));
    assert_eq!(table.rows.len(), 3);
    let row = &table.rows[1];
    assert_eq!((row.text["key"].as_str(), row.text["codec"].as_str()), ("a", "x265"));
    assert!((row.number["frame_index"] - 2.0).abs() < 1e-9);
    assert!((row.number["vmaf"] - 80.25).abs() < 1e-6 && (row.number["mos"] - 81.5).abs() < 1e-9);
    assert!((row.number["adm2"] - 0.9).abs() < 1e-6);
    // `null` in decibels means identical pictures, which an ADM of 0.9 contradicts; elsewhere it is missing.
    assert!(!row.number.contains_key("psnr_hvs"));
    assert!(!row.number.contains_key("float_ssim") && !row.number.contains_key("cambi"));
    assert_eq!(table.rows[2].text["codec"], "unknown");
    assert!(!table.rows[2].number.contains_key("mos"));

    for (manifest, reason) in [
        ("log,source\nl/a.json,x\n", "no column \"codec\""),
        (
            "log,codec,source,mos\nl/a.json,av1,x,101\n",
            "line 2: \"mos\" is \"101\", expected a number in 0..100",
        ),
        ("log,codec,source\nl/a.json,av1\n", "line"),
        ("log,codec,source\nl/a.json,,x\n", "\"codec\" is empty"),
        ("log,codec,source\nl/a.json,av1,x\nl/a.json,vp9,x\n", "the key \"a\""),
        ("log,codec,source\n", "no logs in it"),
    ] {
        let (code, stderr) = with(manifest);
        assert!(code == 1 && stderr.contains(reason), "{manifest}: {stderr}");
    }
}

#[test]
fn real_logs_of_four_versions() {
    let shared = std::env::var_os("VMAF_FR_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let logs = shared.join("logs");
    if !logs.is_dir() {
        eprintln!("skipped: {} is not there", logs.display());
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let manifest = dir.path().join("manifest.csv");
    let mut text_of = "log,codec,source\n".to_owned();
    for (name, codec) in [
        ("libvmaf-1.3.11-hevc-9-features.json", "hevc"),
        ("libvmaf-17a67b23-vvc-no-cambi-no-ciede.json", "vvc"),
        ("libvmaf-2.3.0-hdr-av1-13-features.json", "av1"),
        ("libvmaf-2b2cf9c-av1-22-features.json", "av1"),
    ] {
        text_of.extend([text(&logs.join(name)), ",", codec, ",one\n"]);
    }
    fs::write(&manifest, text_of).unwrap();
    let output = dir.path().join("table.parquet");
    let (code, stderr) = extract(&["logs", text(&manifest), "-o", text(&output)]);
    assert_eq!(code, 0, "{stderr}");
    let table = read(&output);
    assert_eq!(table.rows.len(), 480);
    let count = |from: usize| {
        FULL_FEATURES.iter().filter(|f| table.rows[from + 5].number.contains_key(**f)).count()
    };
    assert_eq!([count(0), count(120), count(240), count(360)], [9, 20, 13, 22]);
}
