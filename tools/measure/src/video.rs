// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What is known about a video file before it is measured.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::facts::Facts;

/// Frames per second as a fraction; both parts are positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRate {
    /// Frames ...
    pub num: u32,
    /// ... in so many seconds.
    pub den: u32,
}

impl FrameRate {
    /// `None` if either part is zero.
    pub fn new(num: u32, den: u32) -> Option<Self> {
        (num > 0 && den > 0).then_some(Self { num, den })
    }

    /// Parses `30000/1001`, `30000:1001` or `25`.
    pub fn parse(text: &str) -> Option<Self> {
        let (num, den) = text.split_once(['/', ':']).unwrap_or((text, "1"));
        Self::new(num.trim().parse().ok()?, den.trim().parse().ok()?)
    }
}

impl FrameRate {
    /// As a number.
    pub fn per_second(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

/// Chroma subsampling of a planar YUV format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subsampling {
    /// Half in both directions.
    S420,
    /// Half horizontally.
    S422,
    /// None.
    S444,
}

impl Subsampling {
    /// libvmaf's name: `420`, `422` or `444`.
    pub fn name(self) -> &'static str {
        match self {
            Self::S420 => "420",
            Self::S422 => "422",
            Self::S444 => "444",
        }
    }
}

/// A planar YUV sample format that libvmaf takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelFormat {
    /// Chroma subsampling.
    pub subsampling: Subsampling,
    /// Bits per sample: 8, 10, 12 or 16; above 8 in two bytes, little-endian.
    pub bit_depth: u8,
}

impl PixelFormat {
    /// The planar format that carries FFmpeg's `pix_fmt` without loss of depth or chroma: `yuv420p` for `yuvj420p`
    /// and `nv12`, `yuv420p10le` for `p010le`, `None` for RGB and alpha formats.
    pub fn from_ffmpeg(pix_fmt: &str) -> Option<Self> {
        let planar = match pix_fmt {
            "yuvj420p" | "nv12" | "nv21" => "yuv420p",
            "yuvj422p" | "nv16" => "yuv422p",
            "yuvj444p" => "yuv444p",
            "p010le" => "yuv420p10le",
            other => other,
        };
        let (chroma, depth) = planar.strip_prefix("yuv")?.split_once('p')?;
        let subsampling = match chroma {
            "420" => Subsampling::S420,
            "422" => Subsampling::S422,
            "444" => Subsampling::S444,
            _ => return None,
        };
        let bit_depth = match depth {
            "" => 8,
            "10le" => 10,
            "12le" => 12,
            "16le" => 16,
            _ => return None,
        };
        Some(Self { subsampling, bit_depth })
    }

    /// FFmpeg's name, such as `yuv420p10le`.
    pub fn ffmpeg_name(self) -> String {
        let depth = match self.bit_depth {
            8 => String::new(),
            bits => format!("{bits}le"),
        };
        format!("yuv{}p{depth}", self.subsampling.name())
    }

    /// Bytes of one frame of `width` x `height`; odd sizes round chroma up.
    pub fn frame_bytes(self, width: u32, height: u32) -> u64 {
        let (w, h) = (u64::from(width), u64::from(height));
        let chroma = match self.subsampling {
            Subsampling::S420 => w.div_ceil(2) * h.div_ceil(2),
            Subsampling::S422 => w.div_ceil(2) * h,
            Subsampling::S444 => w * h,
        };
        (w * h + 2 * chroma) * if self.bit_depth > 8 { 2 } else { 1 }
    }
}

/// How the samples are stored, as far as it decides which program can read the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Planar frames without any header; geometry and format come from whoever names the file.
    Raw,
    /// YUV4MPEG2.
    Y4m,
    /// Anything else; FFmpeg reads it.
    Container,
}

/// FFmpeg's name of the codec of samples that are stored as they are.
pub(crate) const UNCODED: &str = "rawvideo";

/// A video file and what is known about its first video stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Video {
    /// The file.
    pub path: PathBuf,
    /// How it is stored.
    pub storage: Storage,
    /// Luma samples per row, as coded: rotation metadata is not applied.
    pub width: u32,
    /// Rows, as coded.
    pub height: u32,
    /// FFmpeg's name of the sample format, if known.
    pub pix_fmt: Option<String>,
    /// If the file says so.
    pub frame_rate: Option<FrameRate>,
    /// If it is known without decoding.
    pub n_frames: Option<u64>,
    /// FFmpeg's name of the stream's codec, such as `hevc`; `rawvideo` for [`Storage::Raw`] and [`Storage::Y4m`].
    pub codec_name: String,
    /// What the container says beyond that.
    pub facts: Facts,
}

impl Video {
    /// A file of planar frames without a header.
    ///
    /// # Errors
    /// [`Error::Input`] if a dimension is 0 or the file's size is not a whole number of frames; [`Error::Io`].
    pub fn raw(
        path: &Path,
        width: u32,
        height: u32,
        format: PixelFormat,
        frame_rate: Option<FrameRate>,
    ) -> Result<Self, Error> {
        if width == 0 || height == 0 {
            return Err(Error::input(path, format!("raw video of {width}x{height}")));
        }
        let bytes = std::fs::metadata(path).map_err(Error::io(path))?.len();
        let frame = format.frame_bytes(width, height);
        if bytes == 0 || !bytes.is_multiple_of(frame) {
            return Err(Error::input(
                path,
                format!(
                    "{bytes} bytes are not a whole number of {width}x{height} {} frames of {frame} bytes",
                    format.ffmpeg_name()
                ),
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            storage: Storage::Raw,
            width,
            height,
            pix_fmt: Some(format.ffmpeg_name()),
            frame_rate,
            n_frames: Some(bytes / frame),
            codec_name: UNCODED.to_owned(),
            facts: Facts::default(),
        })
    }

    /// The codec that made the stream; `None` for Y4M and raw files, which do not say it.
    pub fn codec(&self) -> Option<&str> {
        Some(self.codec_name.as_str()).filter(|name| *name != UNCODED)
    }

    /// Width over height as players show it; `None` if the samples' shape is not known.
    pub fn display_aspect(&self) -> Option<f64> {
        let (num, den) = self.facts.sample_aspect.unwrap_or((1, 1));
        let sample = f64::from(num) / f64::from(den);
        let sample = if self.facts.is_turned() { 1.0 / sample } else { sample };
        (self.height > 0).then(|| f64::from(self.width) / f64::from(self.height) * sample)
    }

    /// The planar format in which libvmaf gets this video, if it takes it.
    pub fn format(&self) -> Option<PixelFormat> {
        self.pix_fmt.as_deref().and_then(PixelFormat::from_ffmpeg)
    }
}

/// The format of a measurement: the reference's chroma at the deeper of both depths, so that nothing is dithered
/// down.
pub fn common_format(reference: &Video, distorted: &Video) -> Option<PixelFormat> {
    let format = reference.format()?;
    let other = distorted.format().map_or(0, |f| f.bit_depth);
    Some(PixelFormat { bit_depth: format.bit_depth.max(other), ..format })
}

#[cfg(test)]
impl Video {
    /// A Y4M file of 8x4 for tests.
    pub(crate) fn small(pix_fmt: &str) -> Self {
        Self {
            path: PathBuf::from("/v/a"),
            storage: Storage::Y4m,
            width: 8,
            height: 4,
            pix_fmt: Some(pix_fmt.to_owned()),
            frame_rate: None,
            n_frames: None,
            codec_name: "rawvideo".to_owned(),
            facts: Facts::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_sizes() {
        let bytes = |name: &str, w, h| PixelFormat::from_ffmpeg(name).unwrap().frame_bytes(w, h);
        assert_eq!(bytes("yuv420p", 1920, 1080), 3_110_400);
        assert_eq!(bytes("yuv420p10le", 1920, 1080), 6_220_800);
        assert_eq!(bytes("yuv422p", 3, 3), 9 + 2 * 6);
        assert_eq!(bytes("yuv420p", 3, 3), 9 + 2 * 4);
        assert_eq!(bytes("yuv444p12le", 2, 2), 24);
    }

    #[test]
    fn formats_libvmaf_does_not_take() {
        for name in ["rgb24", "gray", "yuva420p", "yuv410p", "yuv420p9le", "yuv420p10be"] {
            assert_eq!(PixelFormat::from_ffmpeg(name), None, "{name}");
        }
        for name in ["yuv420p", "yuv422p10le", "yuv444p12le", "yuv444p16le"] {
            assert_eq!(PixelFormat::from_ffmpeg(name).unwrap().ffmpeg_name(), name);
        }
    }

    #[test]
    fn deeper_of_both() {
        let (eight, ten) = (Video::small("yuv422p"), Video::small("yuv420p10le"));
        assert_eq!(common_format(&eight, &ten).unwrap().ffmpeg_name(), "yuv422p10le");
        assert_eq!(common_format(&ten, &eight).unwrap().ffmpeg_name(), "yuv420p10le");
    }

    #[test]
    fn raw_video_of_a_broken_frame() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.yuv");
        std::fs::write(&path, vec![0; 6 * 4 * 2 + 1]).unwrap();
        let format = PixelFormat::from_ffmpeg("yuv420p").unwrap();
        let error = Video::raw(&path, 8, 4, format, None).unwrap_err().to_string();
        assert!(error.contains("49 bytes") && error.contains("48 bytes"), "{error}");
        std::fs::write(&path, vec![0; 6 * 4 * 2 * 3]).unwrap();
        assert_eq!(Video::raw(&path, 8, 4, format, None).unwrap().n_frames, Some(3));
    }

    #[test]
    fn frame_rates() {
        assert_eq!(FrameRate::parse("30000/1001"), FrameRate::new(30000, 1001));
        assert_eq!(FrameRate::parse("25"), FrameRate::new(25, 1));
        assert_eq!(FrameRate::parse("50:1"), FrameRate::new(50, 1));
        assert_eq!(FrameRate::parse("0/0"), None);
    }
}
