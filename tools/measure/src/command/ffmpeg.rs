// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `ffmpeg` and `ffprobe`: reading, measuring, decoding and encoding.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;

use vmaf_fr_v2::catalogue::Extractor;

use super::{VMAF_MODEL, beside_the_model, path_text};
use crate::Error;
use crate::request::Request;
use crate::video::{FrameRate, Storage, Video, common_format};

/// Says no more than what is wrong, asks nothing, overwrites.
pub const QUIET: [&str; 5] = ["-hide_banner", "-nostdin", "-y", "-loglevel", "error"];
/// Writes its progress to standard output, which [`frames_done`] reads.
pub const REPORT: [&str; 5] = ["-nostats", "-progress", "pipe:1", "-stats_period", "0.2"];
/// Makes it write its version and configuration.
pub const VERSION: [&str; 1] = ["-version"];
/// Makes it list its filters.
pub const FILTERS: [&str; 2] = ["-hide_banner", "-filters"];

/// The frames done so far, if this line of [`REPORT`] says it.
pub fn frames_done(line: &str) -> Option<u64> {
    line.strip_prefix("frame=")?.trim().parse().ok()
}

/// Whether this line of [`FILTERS`] is libvmaf's.
pub fn is_libvmaf_filter(line: &str) -> bool {
    line.split_whitespace().nth(1) == Some("libvmaf")
}

/// `ffprobe` describing the first video stream of a file, in JSON.
///
/// # Errors
/// [`Error::Io`] if there is no current folder.
pub fn probe(path: &Path) -> Result<Vec<OsString>, Error> {
    let mut arguments: Vec<OsString> = [
        "-v",
        "error",
        "-select_streams",
        "v:0",
        "-of",
        "json",
        "-count_packets",
        "-show_entries",
        "stream=codec_name,codec_tag_string,width,height,pix_fmt,avg_frame_rate,r_frame_rate,nb_frames,nb_read_packets,\
         sample_aspect_ratio,field_order,color_transfer,color_primaries,color_space,color_range,start_time:\
         stream_side_data=rotation",
    ]
    .map(OsString::from)
    .into();
    arguments.push(std::path::absolute(path).map_err(Error::io(path))?.into());
    Ok(arguments)
}

/// Reads a video as players show it, turned if its container says so, on so many decoder threads (0: one).
///
/// # Errors
/// [`Error::Input`] if the path is not UTF-8.
pub fn input_arguments(video: &Video, threads: u32) -> Result<Vec<String>, Error> {
    let mut arguments = vec!["-threads".to_owned(), threads.max(1).to_string()];
    if video.storage == Storage::Raw {
        arguments.extend(["-f", "rawvideo", "-video_size"].map(str::to_owned));
        arguments.push(format!("{}x{}", video.width, video.height));
        if let Some(format) = &video.pix_fmt {
            arguments.extend(["-pixel_format".to_owned(), format.clone()]);
        }
        if let Some(rate) = video.frame_rate {
            arguments.extend(["-framerate".to_owned(), rate.to_string()]);
        }
    }
    arguments.extend(["-i".to_owned(), path_text(&video.path)?]);
    Ok(arguments)
}

/// Measures a pair; the log goes to `log`.
///
/// # Errors
/// [`Error::Input`] if a path is not UTF-8.
pub fn arguments<S: AsRef<str>>(
    request: &Request<'_, S>,
    needed: &[&Extractor],
    log: &str,
) -> Result<Vec<String>, Error> {
    let Request { reference, distorted, .. } = request;
    let mut arguments = input_arguments(distorted, request.threads)?;
    arguments.extend(input_arguments(reference, request.threads)?);
    let clock = clock(reference.frame_rate.or(distorted.frame_rate));
    let format = common_format(reference, distorted)
        .map_or_else(String::new, |f| format!(",format={}", f.ffmpeg_name()));
    let graph = format!(
        "[0:v:0]{clock}{}{format}[distorted];[1:v:0]{clock}{format}[reference];\
         [distorted][reference]libvmaf=shortest=1:n_threads={}:model='version={VMAF_MODEL}'{}:\
         log_fmt=json:log_path={}",
        scale(distorted, reference),
        request.threads,
        features(needed),
        escape_in_filter(log),
    );
    arguments.extend(["-filter_complex", &graph, "-f", "null", "-"].map(str::to_owned));
    Ok(arguments)
}

/// A line for somebody who has the videos at hand; names in capitals are theirs to fill in.
///
/// The filter's first input is the distorted video. Equal timestamps pair frames by their number, as `vmaf` does.
pub fn example(needed: &[&Extractor]) -> String {
    let (clock, features) = (clock(None), features(needed));
    format!(
        "ffmpeg -i DISTORTED.mp4 -i REFERENCE.mp4 -filter_complex \
         \"[0:v]{clock}[d];[1:v]{clock}[r];\
         [d][r]libvmaf=shortest=1:model=version={VMAF_MODEL}{features}:log_fmt=json:log_path=LOG.json\" -f null -"
    )
}

/// Measures two generated frames, for a log that names the version of the libvmaf inside.
pub fn two_frames(log: &str) -> Vec<String> {
    let graph = format!(
        "testsrc=size=192x108:rate=25:duration=0.08,format=yuv420p,split[a][b];\
         [a][b]libvmaf=log_fmt=json:log_path={log}[out]"
    );
    ["-filter_complex", &graph, "-map", "[out]", "-f", "null", "-"].map(str::to_owned).into()
}

/// Makes `encoded` of `reference`: every frame once, whatever its timestamps say, up to `frames`. `settings`
/// are those of the encoder, which they name.
///
/// # Errors
/// [`Error::Input`] if a path is not UTF-8.
pub fn encode(
    reference: &Video,
    encoded: &Video,
    frames: Option<u64>,
    settings: &[String],
) -> Result<Vec<String>, Error> {
    let mut arguments = input_arguments(reference, 1)?;
    let filter = format!("{}{}", clock(reference.frame_rate), scale(reference, encoded));
    let mut options = |words: &[&str]| arguments.extend(words.iter().map(|&w| w.to_owned()));
    options(&["-map", "0:v:0", "-an", "-fps_mode", "passthrough", "-filter:v", &filter]);
    if let Some(format) = &encoded.pix_fmt {
        options(&["-pix_fmt", format]);
    }
    if let Some(frames) = frames {
        options(&["-frames:v", &frames.to_string()]);
    }
    arguments.extend_from_slice(settings);
    arguments.extend(["-threads", "1", "-f", "mp4"].map(str::to_owned));
    arguments.push(path_text(&encoded.path)?);
    Ok(arguments)
}

/// Decodes `video` into the Y4M file that `output` describes.
///
/// # Errors
/// [`Error::Input`] if a path is not UTF-8.
pub fn decode_y4m(video: &Video, output: &Video) -> Result<Vec<String>, Error> {
    let format = output.pix_fmt.as_deref().unwrap_or("yuv420p");
    let filter = format!("scale={}:{}:flags=bicubic,format={format}", output.width, output.height);
    let mut arguments = decode(video, &filter)?;
    if let Some(frames) = output.n_frames {
        arguments.extend(["-frames:v".to_owned(), frames.to_string()]);
    }
    arguments.extend(["-strict", "-1", "-f", "yuv4mpegpipe"].map(str::to_owned));
    arguments.push(path_text(&output.path)?);
    Ok(arguments)
}

/// Decodes `video` to standard output: R'G'B' by the BT.709 matrix, 16 bits per sample, in the size of `like`.
///
/// # Errors
/// [`Error::Input`] if the path is not UTF-8.
pub fn decode_rgb48(video: &Video, like: &Video) -> Result<Vec<String>, Error> {
    let filter = format!(
        "scale={}:{}:in_color_matrix=bt709:\
         flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp,format=rgb48le",
        like.width, like.height
    );
    let mut arguments = decode(video, &filter)?;
    arguments.extend(["-f", "rawvideo", "pipe:1"].map(str::to_owned));
    Ok(arguments)
}

fn decode(video: &Video, filter: &str) -> Result<Vec<String>, Error> {
    let mut arguments = input_arguments(video, 1)?;
    let options = ["-map", "0:v:0", "-fps_mode", "passthrough", "-filter:v", filter];
    arguments.extend(options.map(str::to_owned));
    Ok(arguments)
}

/// Gives frames the timestamps 0, 1, 2, ... of one clock, so that they pair by their number.
fn clock(rate: Option<FrameRate>) -> String {
    let FrameRate { num, den } = rate.unwrap_or(FrameRate { num: 25, den: 1 });
    format!("settb={den}/{num},setpts=N")
}

/// The filter that gives `video` the size of `like`, unless it has it.
fn scale(video: &Video, like: &Video) -> String {
    if (video.width, video.height) == (like.width, like.height) {
        String::new()
    } else {
        format!(",scale={}:{}:flags=bicubic", like.width, like.height)
    }
}

/// The libvmaf filter's option that names extractors.
fn features(needed: &[&Extractor]) -> String {
    let mut list = String::new();
    for extractor in beside_the_model(needed) {
        list.push_str(if list.is_empty() { "name=" } else { "|name=" });
        list.push_str(extractor.name);
        for (key, value) in extractor.options {
            let _ = write!(list, r"\:{key}={value}");
        }
    }
    if list.is_empty() { list } else { format!(":feature='{list}'") }
}

/// Two levels of FFmpeg's escaping: the option's value, then the filter graph's description.
fn escape_in_filter(value: &str) -> String {
    let mut once = String::new();
    for c in value.chars() {
        if matches!(c, '\\' | '\'' | ':') {
            once.push('\\');
        }
        once.push(c);
    }
    let mut twice = String::new();
    for c in once.chars() {
        if matches!(c, '\\' | '\'' | '[' | ']' | ',' | ';') {
            twice.push('\\');
        }
        twice.push(c);
    }
    twice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_scaled_only_where_sizes_differ() {
        let small = Video { width: 4, height: 2, ..Video::small("yuv420p") };
        let rate = FrameRate::new(30000, 1001);
        let reference = Video { frame_rate: rate, ..Video::small("yuv420p") };
        let line = |encoded: &Video| encode(&reference, encoded, None, &[]).unwrap().join(" ");
        assert!(
            line(&small).contains("-filter:v settb=1001/30000,setpts=N,scale=4:2:flags=bicubic ")
        );
        assert!(line(&reference).contains("-filter:v settb=1001/30000,setpts=N "));
    }

    #[test]
    fn progress_is_read_from_its_line() {
        assert_eq!(frames_done("frame=  12"), Some(12));
        assert_eq!(frames_done("fps=12"), None);
    }
}
