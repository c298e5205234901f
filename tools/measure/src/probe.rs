// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Describes a video file: Y4M by its own header, anything else by `ffprobe`.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::Error;
use crate::command;
use crate::facts::Facts;
use crate::process;
use crate::program::find_program;
use crate::video::{FrameRate, Storage, UNCODED, Video};

/// Probes files.
#[derive(Clone, Debug)]
pub struct Prober {
    ffprobe: Option<PathBuf>,
}

impl Prober {
    /// With the `ffprobe` that the user named, else the one beside `ffmpeg`, else the one on PATH. Without any,
    /// Y4M files can still be probed.
    ///
    /// # Errors
    /// [`Error::NoTool`] if the named program is not an executable file.
    pub fn find(ffprobe_bin: Option<&Path>, ffmpeg: Option<&Path>) -> Result<Self, Error> {
        let beside = ffmpeg
            .map(|path| path.with_file_name("ffprobe"))
            .filter(|path| ffprobe_bin.is_none() && path.is_file());
        Ok(Self {
            ffprobe: match beside {
                Some(path) => Some(path),
                None => find_program("ffprobe", "--ffprobe-bin", ffprobe_bin)?,
            },
        })
    }

    /// Describes the first video stream of a file.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Input`] if there is no video in it, or a raw file's geometry is not known;
    /// [`Error::NoTool`] if ffprobe is needed and missing; [`Error::Failed`].
    pub fn probe(&self, path: &Path) -> Result<Video, Error> {
        let metadata = std::fs::metadata(path).map_err(Error::io(path))?;
        if !metadata.is_file() {
            return Err(Error::input(path, "not a regular file"));
        }
        let mut head = Vec::new();
        File::open(path)
            .map_err(Error::io(path))?
            .take(Y4M_MAGIC.len() as u64)
            .read_to_end(&mut head)
            .map_err(Error::io(path))?;
        if head == Y4M_MAGIC {
            return y4m(path, metadata.len());
        }
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("yuv")) {
            return Err(Error::input(
                path,
                "a .yuv file has no header: its width, height and pixel format must be given, or use Y4M",
            ));
        }
        let Some(ffprobe) = &self.ffprobe else {
            return Err(Error::NoTool(format!(
                "{}: ffprobe is needed to describe this file, and none was found on PATH (it comes with ffmpeg; \
                 name one with --ffprobe-bin)",
                path.display()
            )));
        };
        container(ffprobe, path)
    }
}

const Y4M_MAGIC: &[u8] = b"YUV4MPEG2 ";
/// Longer than any header in use, so that a file without line breaks is not read whole.
const Y4M_HEADER_LIMIT: u64 = 1024;

fn y4m(path: &Path, bytes: u64) -> Result<Video, Error> {
    let mut header = Vec::new();
    BufReader::new(File::open(path).map_err(Error::io(path))?)
        .take(Y4M_HEADER_LIMIT)
        .read_until(b'\n', &mut header)
        .map_err(Error::io(path))?;
    let header_bytes = header.len() as u64;
    let text = std::str::from_utf8(&header)
        .ok()
        .and_then(|text| text.strip_suffix('\n'))
        .ok_or_else(|| Error::input(path, "its Y4M header is cut or not text"))?;

    let (mut width, mut height, mut frame_rate, mut chroma) = (None, None, None, "420jpeg");
    let (mut sample_aspect, mut field_order, mut range) = (None, None, None);
    for token in text.split(' ').skip(1) {
        let (tag, value) = token.split_at(token.len().min(1));
        match tag {
            "W" => width = value.parse().ok().filter(|&w: &u32| w > 0),
            "H" => height = value.parse().ok().filter(|&h: &u32| h > 0),
            "F" => frame_rate = FrameRate::parse(value),
            "C" => chroma = value,
            "A" => sample_aspect = aspect(value),
            "I" => field_order = fields(value),
            "X" => range = value.strip_prefix("COLORRANGE=").and_then(y4m_range).or(range),
            _ => {}
        }
    }
    let (Some(width), Some(height)) = (width, height) else {
        return Err(Error::input(path, format!("its Y4M header has no size: {text:?}")));
    };
    let pix_fmt = y4m_pix_fmt(chroma);
    let mut video = Video {
        path: path.to_owned(),
        storage: Storage::Y4m,
        width,
        height,
        pix_fmt: pix_fmt.map(str::to_owned),
        frame_rate,
        n_frames: None,
        codec_name: UNCODED.to_owned(),
        facts: Facts { sample_aspect, field_order, range, ..Facts::default() },
    };
    if let Some(format) = video.format() {
        // "FRAME\n" before each; a frame header with parameters makes the count unknown, not wrong.
        let frame = format.frame_bytes(width, height) + 6;
        let body = bytes - header_bytes;
        video.n_frames = body.is_multiple_of(frame).then_some(body / frame);
    }
    Ok(video)
}

/// `W:H` of a sample; 0 is unknown.
fn aspect(text: &str) -> Option<(u32, u32)> {
    let (num, den) = text.split_once([':', '/'])?;
    let (num, den) = (num.parse().ok()?, den.parse().ok()?);
    (num > 0 && den > 0).then_some((num, den))
}

fn fields(letter: &str) -> Option<String> {
    let order = match letter {
        "p" => "progressive",
        "t" => "tt",
        "b" => "bb",
        "m" => "mixed",
        _ => return None,
    };
    Some(order.to_owned())
}

fn y4m_range(name: &str) -> Option<String> {
    match name {
        "FULL" => Some("pc".to_owned()),
        "LIMITED" => Some("tv".to_owned()),
        _ => None,
    }
}

fn y4m_pix_fmt(chroma: &str) -> Option<&'static str> {
    Some(match chroma {
        "420" | "420jpeg" | "420mpeg2" | "420paldv" => "yuv420p",
        "422" => "yuv422p",
        "444" => "yuv444p",
        "420p10" => "yuv420p10le",
        "422p10" => "yuv422p10le",
        "444p10" => "yuv444p10le",
        "420p12" => "yuv420p12le",
        "422p12" => "yuv422p12le",
        "444p12" => "yuv444p12le",
        "420p16" => "yuv420p16le",
        "422p16" => "yuv422p16le",
        "444p16" => "yuv444p16le",
        _ => return None,
    })
}

#[derive(Deserialize)]
struct FfprobeReport {
    #[serde(default)]
    streams: Vec<Stream>,
}

#[derive(Deserialize)]
struct Stream {
    codec_name: Option<String>,
    codec_tag_string: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    pix_fmt: Option<String>,
    avg_frame_rate: Option<String>,
    r_frame_rate: Option<String>,
    nb_frames: Option<String>,
    nb_read_packets: Option<String>,
    sample_aspect_ratio: Option<String>,
    field_order: Option<String>,
    color_transfer: Option<String>,
    color_primaries: Option<String>,
    color_space: Option<String>,
    color_range: Option<String>,
    start_time: Option<String>,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Deserialize)]
struct SideData {
    rotation: Option<f64>,
}

impl Stream {
    fn facts(&self) -> Facts {
        let known = |text: &Option<String>| text.clone().filter(|t| is_known(t));
        // Players turn to the nearest quarter.
        let turned = self.side_data_list.iter().find_map(|data| data.rotation).unwrap_or(0.0);
        let rotation = ((turned / 90.0).round() as i64).rem_euclid(4) as u32 * 90;
        Facts {
            rotation,
            sample_aspect: self.sample_aspect_ratio.as_deref().and_then(aspect),
            field_order: known(&self.field_order),
            transfer: known(&self.color_transfer),
            primaries: known(&self.color_primaries),
            matrix: known(&self.color_space),
            range: known(&self.color_range),
            start: self.start_time.as_deref().and_then(|text| text.parse().ok()),
            base_rate: self.r_frame_rate.as_deref().and_then(FrameRate::parse),
        }
    }
}

fn is_known(text: &str) -> bool {
    !text.is_empty() && text != "unknown" && text != "N/A"
}

fn container(ffprobe: &Path, path: &Path) -> Result<Video, Error> {
    let mut command = Command::new(ffprobe);
    let text = process::capture(ffprobe, command.args(command::ffmpeg::probe(path)?))?;
    let report: FfprobeReport = serde_json::from_str(&text).map_err(|e| Error::Output {
        program: ffprobe.to_owned(),
        reason: format!("its report on {} is not understood: {e}", path.display()),
    })?;
    let stream = report
        .streams
        .into_iter()
        .next()
        .ok_or_else(|| Error::input(path, "no video stream in it"))?;
    let (Some(width @ 1..), Some(height @ 1..)) = (stream.width, stream.height) else {
        return Err(Error::input(path, "ffprobe does not know its picture size"));
    };
    let facts = stream.facts();
    let (width, height) = if facts.is_turned() { (height, width) } else { (width, height) };
    let known = |text: Option<String>| text.filter(|t| is_known(t));
    let tag = known(stream.codec_tag_string);
    Ok(Video {
        path: path.to_owned(),
        storage: Storage::Container,
        width,
        height,
        pix_fmt: known(stream.pix_fmt),
        frame_rate: [stream.avg_frame_rate, stream.r_frame_rate]
            .iter()
            .find_map(|rate| FrameRate::parse(rate.as_deref()?)),
        // A header may promise frames that are not there.
        n_frames: [stream.nb_read_packets, stream.nb_frames]
            .iter()
            .find_map(|n| n.as_deref()?.parse().ok()),
        facts,
        codec_name: known(stream.codec_name)
            .or_else(|| tag.as_deref().and_then(codec_of_tag).map(str::to_owned))
            .unwrap_or_else(|| "unknown".to_owned()),
    })
}

/// An ffprobe older than a codec still reads its MP4 tag.
fn codec_of_tag(tag: &str) -> Option<&'static str> {
    Some(match tag {
        "avc1" | "avc3" => "h264",
        "hev1" | "hvc1" => "hevc",
        "vvc1" | "vvi1" => "vvc",
        "av01" => "av1",
        "vp09" => "vp9",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(dir: &Path, name: &str, head: &str, body: usize) -> PathBuf {
        let path = dir.join(name);
        let mut bytes = head.as_bytes().to_vec();
        bytes.resize(bytes.len() + body, 0);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    #[test]
    fn y4m_by_its_header() {
        let dir = tempfile::tempdir().unwrap();
        let prober = Prober { ffprobe: None };
        let path = write(
            dir.path(),
            "a",
            "YUV4MPEG2 W8 H4 F30000:1001 Ip A1:1 C420p10 XYSCSS=420P10\n",
            3 * (96 + 6),
        );
        let video = prober.probe(&path).unwrap();
        assert_eq!((video.width, video.height, video.n_frames), (8, 4, Some(3)));
        assert_eq!(video.pix_fmt.as_deref(), Some("yuv420p10le"));
        assert_eq!(video.frame_rate, FrameRate::new(30000, 1001));
        assert_eq!((video.storage, video.codec_name.as_str()), (Storage::Y4m, "rawvideo"));

        let path = write(dir.path(), "b", "YUV4MPEG2 W8 H4\n", 17);
        let video = prober.probe(&path).unwrap();
        assert_eq!((video.n_frames, video.pix_fmt.as_deref()), (None, Some("yuv420p")));
    }

    #[test]
    fn bad_files_are_named_with_a_reason() {
        let dir = tempfile::tempdir().unwrap();
        let prober = Prober { ffprobe: None };
        for (name, head, body, reason) in [
            ("no-size.y4m", "YUV4MPEG2 W8\n", 8, "no size"),
            ("zero.y4m", "YUV4MPEG2 W8 H0\n", 8, "no size"),
            ("cut.y4m", "YUV4MPEG2 W8 H4", 0, "cut"),
            ("endless.y4m", "YUV4MPEG2 W8 H4", 9000, "cut"),
            ("a.yuv", "", 48, "no header"),
            ("a.mp4", "", 48, "ffprobe is needed"),
        ] {
            let path = write(dir.path(), name, head, body);
            let error = prober.probe(&path).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains(name), "{error}");
        }
        let error = prober.probe(&dir.path().join("absent.y4m")).unwrap_err().to_string();
        assert!(error.contains("absent.y4m"), "{error}");
        let error = prober.probe(dir.path()).unwrap_err().to_string();
        assert!(error.contains("not a regular file"), "{error}");
    }
}
