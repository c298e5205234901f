// SPDX-License-Identifier: BSD-2-Clause-Patent
//! How the distorted video was made, as far as the model takes it.

use vmaf_fr_v2::catalogue::{CODECS, UNKNOWN};
use vmaf_fr_v2::{ErrorKind, Scorer};

use crate::failure::{Failure, Notes};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Encode")]
pub struct EncodeArgs {
    #[arg(long, value_name = "NAME", help = codec_help())]
    pub codec: Option<String>,
    /// The encoder's preset, for models that take it
    #[arg(long, value_name = "PRESET", requires = "codec")]
    pub preset: Option<String>,
    /// The encoder's constant rate factor, for models that take it
    #[arg(long, value_name = "N", requires = "codec")]
    pub crf: Option<f64>,
}

fn codec_help() -> String {
    let codec = |codec: &vmaf_fr_v2::catalogue::Codec| match codec.aliases.first() {
        Some(alias) => format!("{} ({alias})", codec.name),
        None => codec.name.to_owned(),
    };
    let codecs: Vec<String> = CODECS.iter().map(codec).collect();
    format!("Codec or encoder that made the distorted video: {}, ...", codecs.join(", "))
}

impl EncodeArgs {
    /// Says to the model how `codec` was used, and returns the codec's id. `None`: unknown for every frame.
    pub fn apply(
        &self,
        codec: Option<&str>,
        notes: &Notes,
        scorer: &mut Scorer,
    ) -> Result<Option<i32>, Failure> {
        let info = scorer.info();
        if !info.codec_aware {
            if self.codec.is_some() {
                notes.doubt(format_args!("{} is codec-blind: --codec has no effect", info.id))?;
            }
            return Ok(None);
        }
        let Some(name) = codec else {
            notes.say(format_args!(
                "{} is codec-aware and the codec is not named: scored as '{UNKNOWN}' (--codec; it knows {})",
                info.id,
                scorer.codec_names().join(", ")
            ));
            return Ok(None);
        };
        let id = scorer.codec_id(name)?;
        if !scorer.vocabulary().knows(name) && !name.trim().eq_ignore_ascii_case(UNKNOWN) {
            notes.doubt(format_args!(
                "{} does not know the codec '{name}': scored as '{UNKNOWN}' (it knows {})",
                info.id,
                scorer.codec_names().join(", ")
            ))?;
        }
        if self.preset.is_some() || self.crf.is_some() {
            match scorer.set_encode(id, self.preset.as_deref(), self.crf) {
                Err(error) if error.kind() == ErrorKind::Unsupported => {
                    notes.doubt(format_args!(
                        "{} takes no preset and no crf: they have no effect",
                        info.id
                    ))?;
                }
                other => other?,
            }
        }
        Ok(Some(id))
    }
}
