// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What a container says of a video beyond its samples, and what about a pair makes its score doubtful.

use std::fmt::Display;

use crate::video::{FrameRate, Video};

/// What a container says of how its pictures are to be shown. Unknown values are absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Degrees by which players turn the picture: 0, 90, 180 or 270.
    pub rotation: u32,
    /// Width of a sample over its height.
    pub sample_aspect: Option<(u32, u32)>,
    /// FFmpeg's name, such as `progressive` or `tt`.
    pub field_order: Option<String>,
    /// FFmpeg's name of the transfer function, such as `smpte2084`.
    pub transfer: Option<String>,
    /// FFmpeg's name of the primaries.
    pub primaries: Option<String>,
    /// FFmpeg's name of the matrix.
    pub matrix: Option<String>,
    /// `tv` or `pc`.
    pub range: Option<String>,
    /// Time of the first frame, in seconds.
    pub start: Option<f64>,
    /// The rate at which all timestamps can be written.
    pub base_rate: Option<FrameRate>,
}

impl Facts {
    /// Players turn it by a quarter.
    pub fn is_turned(&self) -> bool {
        matches!(self.rotation, 90 | 270)
    }

    fn is_interlaced(&self) -> bool {
        self.field_order.as_deref().is_some_and(|order| order != "progressive")
    }

    fn is_hdr(&self) -> bool {
        matches!(self.transfer.as_deref(), Some("smpte2084" | "arib-std-b67"))
    }
}

/// What is wrong with comparing these two, each a sentence: what differs, and what it may do to the score.
pub fn doubts(reference: &Video, distorted: &Video) -> Vec<String> {
    let mut doubts = Vec::new();
    let mut differ = |what: &str, of: [&dyn Display; 2], so: &str| {
        doubts.push(format!("{what}: reference {}, distorted {}: {so}", of[0], of[1]));
    };
    let [r, d] = [&reference.facts, &distorted.facts];
    if let (Some(ours), Some(theirs)) = (reference.n_frames, distorted.n_frames)
        && ours != theirs
    {
        differ(
            "number of frames",
            [&ours, &theirs],
            "frames are paired by their number, and the longer one's end is left out; if a frame is missing anywhere \
             but at the end, different pictures are compared",
        );
    }
    if let (Some(ours), Some(theirs)) = (reference.frame_rate, distorted.frame_rate)
        && (ours.per_second() / theirs.per_second() - 1.0).abs() > 1e-3
    {
        differ(
            "frame rate",
            [&ours, &theirs],
            "frames are paired by their number, so that different moments are compared",
        );
    }
    if let (Some(ours), Some(theirs)) = (r.start, d.start) {
        let frame = reference.frame_rate.map_or(0.04, |rate| 1.0 / rate.per_second());
        // Containers round times to milliseconds.
        if (ours - theirs).abs() > frame / 2.0 + 0.001 {
            differ(
                "time of the first frame, in seconds",
                [&ours, &theirs],
                "frames are paired by their number; frames at the start may be missing",
            );
        }
    }
    if let (Some(ours), Some(theirs)) = (reference.display_aspect(), distorted.display_aspect())
        && (ours / theirs - 1.0).abs() > 0.02
    {
        differ(
            "width over height as displayed",
            [&format_args!("{ours:.3}"), &format_args!("{theirs:.3}")],
            "one is cropped, turned or has bars; the distorted one is stretched to the reference's size",
        );
    }
    for (name, of, so) in [
        ("transfer function", [&r.transfer, &d.transfer], "equal light has different samples"),
        ("primaries", [&r.primaries, &d.primaries], "equal colours have different samples"),
        ("matrix", [&r.matrix, &d.matrix], "equal colours have different samples"),
    ] {
        if let [Some(ours), Some(theirs)] = of
            && ours != theirs
        {
            differ(name, [ours, theirs], so);
        }
    }
    if r.is_hdr() != d.is_hdr() && (r.transfer.is_none() || d.transfer.is_none()) {
        let name = |facts: &Facts| facts.transfer.clone().unwrap_or_else(|| "unknown".to_owned());
        differ(
            "transfer function",
            [&name(r), &name(d)],
            "one is HDR and the other does not say so; HDR against SDR has no meaningful score",
        );
    }
    let range = |video: &Video| {
        let full = video.pix_fmt.as_deref().is_some_and(|name| name.starts_with("yuvj"));
        let named = video.facts.range.clone();
        named.unwrap_or_else(|| if full { "pc" } else { "tv" }.to_owned())
    };
    let [ours, theirs] = [range(reference), range(distorted)];
    if ours != theirs {
        differ("range", [&ours, &theirs], "the same picture has more contrast in one of them");
    }
    for (side, video) in [("reference", reference), ("distorted", distorted)] {
        let facts = &video.facts;
        if facts.is_interlaced() {
            let order = facts.field_order.as_deref().unwrap_or_default();
            doubts.push(format!(
                "the {side} is interlaced ({order}): its lines are compared as they are woven; deinterlace both sides \
                 first (ffmpeg -vf bwdif)"
            ));
        }
        if let (Some(mean), Some(base)) = (video.frame_rate, facts.base_rate)
            && (base.per_second() / mean.per_second() - 1.0).abs() > 0.05
        {
            doubts.push(format!(
                "the {side} has a variable frame rate ({mean} on average, timestamps of {base}): frames are paired by \
                 their number, so that different moments may be compared"
            ));
        }
    }
    doubts
}

/// What was converted before the comparison, each a sentence.
pub fn conversions(reference: &Video, distorted: &Video) -> Vec<String> {
    let mut made = Vec::new();
    for (side, video) in [("reference", reference), ("distorted", distorted)] {
        if video.facts.rotation != 0 {
            made.push(format!("the {side} was turned by {} degrees", video.facts.rotation));
        }
    }
    let size = |video: &Video| format!("{}x{}", video.width, video.height);
    if size(reference) != size(distorted) {
        made.push(format!(
            "the distorted one was scaled from {} to {} (bicubic)",
            size(distorted),
            size(reference)
        ));
    }
    if let (Some(ours), Some(theirs)) = (reference.format(), distorted.format())
        && ours != theirs
    {
        made.push(format!(
            "sample formats differ: reference {}, distorted {}; both were measured in the deeper one's bits",
            ours.ffmpeg_name(),
            theirs.ffmpeg_name()
        ));
    }
    made
}

/// What is wrong with a measurement that succeeded: frames that are missing, and what the program complained of.
pub fn doubts_after(
    reference: &Video,
    distorted: &Video,
    measured: u64,
    complaints: &str,
) -> Vec<String> {
    let mut doubts = Vec::new();
    let expected = [reference.n_frames, distorted.n_frames].into_iter().flatten().min();
    if let Some(expected) = expected
        && measured < expected
    {
        doubts.push(format!(
            "{measured} of {expected} frames were measured: the rest could not be decoded, or is not there"
        ));
    }
    let lines: Vec<&str> = complaints.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    if let Some(last) = lines.last() {
        let more = match lines.len() {
            1 => String::new(),
            n => format!(" (and {} more lines)", n - 1),
        };
        doubts.push(format!("errors while decoding, pictures may be damaged: {last}{more}"));
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn video(change: impl FnOnce(&mut Video)) -> Video {
        let mut video = Video {
            n_frames: Some(24),
            frame_rate: FrameRate::new(24, 1),
            ..Video::small("yuv420p")
        };
        video.facts.base_rate = FrameRate::new(24, 1);
        change(&mut video);
        video
    }

    #[test]
    fn equal_videos_are_not_doubted() {
        let same = video(|_| ());
        assert_eq!(doubts(&same, &same), Vec::<String>::new());
        assert_eq!(doubts_after(&same, &same, 24, " \n"), Vec::<String>::new());
        // Different codecs, 8 bits against 10, half the size.
        let half = video(|v| (v.width, v.height, v.pix_fmt) = (4, 2, Some("yuv420p10le".into())));
        assert_eq!(doubts(&same, &half), Vec::<String>::new());
        assert_eq!(conversions(&same, &half).len(), 2);
    }

    #[test]
    fn each_difference_is_said() {
        let some = |text: &str| Some(text.to_owned());
        let reference = video(|v| v.facts.transfer = some("bt709"));
        for (expected, other) in [
            ("number of frames: reference 24, distorted 23", video(|v| v.n_frames = Some(23))),
            (
                "frame rate: reference 24/1, distorted 12/1",
                video(|v| {
                    v.frame_rate = FrameRate::new(12, 1);
                    v.facts.base_rate = FrameRate::new(12, 1);
                }),
            ),
            ("as displayed: reference 2.000, distorted 0.500", video(|v| v.facts.rotation = 90)),
            (
                "as displayed: reference 2.000, distorted 2.667",
                video(|v| v.facts.sample_aspect = Some((4, 3))),
            ),
            ("transfer function", video(|v| v.facts.transfer = some("smpte2084"))),
            ("range: reference tv, distorted pc", video(|v| v.facts.range = some("pc"))),
            ("range: reference tv, distorted pc", video(|v| v.pix_fmt = some("yuvj420p"))),
            ("distorted is interlaced (tt)", video(|v| v.facts.field_order = some("tt"))),
            (
                "distorted has a variable frame rate",
                video(|v| v.facts.base_rate = FrameRate::new(60, 1)),
            ),
        ] {
            let mut other = other;
            if other.facts.rotation == 90 {
                (other.width, other.height) = (other.height, other.width);
            }
            let found = doubts(&reference, &other);
            assert_eq!(found.len(), 1, "{expected}: {found:?}");
            assert!(found[0].contains(expected), "{expected}: {found:?}");
        }
        let late =
            doubts(&video(|v| v.facts.start = Some(0.0)), &video(|v| v.facts.start = Some(0.084)));
        assert!(late[0].contains("first frame"), "{late:?}");
        let hdr = doubts(&video(|v| v.facts.transfer = some("smpte2084")), &video(|_| ()));
        assert!(hdr[0].contains("HDR"), "{hdr:?}");
    }

    #[test]
    fn what_a_measurement_lost_is_said() {
        let same = video(|_| ());
        let found = doubts_after(&same, &same, 20, "a\n[h264] error while decoding MB 3 4\n");
        assert!(found[0].contains("20 of 24 frames"), "{found:?}");
        assert!(found[1].ends_with("MB 3 4 (and 1 more lines)"), "{found:?}");
    }
}
