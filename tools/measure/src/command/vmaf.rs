// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `vmaf`, libvmaf's own program. It reads Y4M and raw YUV only.

use std::fmt::Write as _;

use vmaf_fr_v2::catalogue::Extractor;

use super::{VMAF_MODEL, beside_the_model, path_text};
use crate::Error;
use crate::request::Request;
use crate::video::Storage;

/// Makes it write its version, to standard error.
pub const VERSION: [&str; 1] = ["--version"];

/// Measures a pair that `vmaf` reads; the log goes to `log`.
///
/// # Errors
/// [`Error::Input`] if a path is not UTF-8.
pub fn arguments<S: AsRef<str>>(
    request: &Request<'_, S>,
    needed: &[&Extractor],
    log: &str,
) -> Result<Vec<String>, Error> {
    let Request { reference, distorted, .. } = request;
    let mut arguments = files(&path_text(&reference.path)?, &path_text(&distorted.path)?);
    let mut option = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
    if let (Storage::Raw, Some(format)) = (reference.storage, reference.format()) {
        option("--width", reference.width.to_string());
        option("--height", reference.height.to_string());
        option("--pixel_format", format.subsampling.name().to_owned());
        option("--bitdepth", format.bit_depth.to_string());
    }
    if request.threads > 0 {
        option("--threads", request.threads.to_string());
    }
    arguments.extend(features(needed));
    arguments.extend(json(log));
    arguments.push("--quiet".to_owned());
    Ok(arguments)
}

/// A line for somebody who has the videos at hand; names in capitals are theirs to fill in.
pub fn example(needed: &[&Extractor]) -> String {
    let mut words = vec!["vmaf".to_owned()];
    words.extend(files("REFERENCE.y4m", "DISTORTED.y4m"));
    words.extend(features(needed));
    words.extend(json("LOG.json"));
    words.join(" ")
}

fn files(reference: &str, distorted: &str) -> Vec<String> {
    ["--reference", reference, "--distorted", distorted].map(str::to_owned).into()
}

fn features(needed: &[&Extractor]) -> Vec<String> {
    let mut arguments = vec!["--model".to_owned(), format!("version={VMAF_MODEL}")];
    for extractor in beside_the_model(needed) {
        arguments.push("--feature".to_owned());
        let mut feature = extractor.name.to_owned();
        for (i, (key, value)) in extractor.options.iter().enumerate() {
            let _ = write!(feature, "{}{key}={value}", if i == 0 { '=' } else { ':' });
        }
        arguments.push(feature);
    }
    arguments
}

fn json(log: &str) -> [String; 3] {
    ["--json", "--output", log].map(str::to_owned)
}
