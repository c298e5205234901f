// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Scores the blocks of a log.

use vmaf_fr_v2::{Error, Score, Scorer};

use super::blocks::Block;
use crate::failure::Failure;

/// A model at work on one log.
pub struct Scoring<'a> {
    scorer: &'a mut Scorer,
    /// The log's name in messages.
    log: &'a str,
    codec_id: Option<i32>,
    codec_ids: Vec<i32>,
    scores: Vec<Score>,
}

impl<'a> Scoring<'a> {
    /// `codec_id` is that of every frame; `None`: unknown.
    pub fn new(scorer: &'a mut Scorer, log: &'a str, codec_id: Option<i32>) -> Self {
        Self { scorer, log, codec_id, codec_ids: Vec::new(), scores: Vec::new() }
    }

    /// The scores of a block's frames.
    pub fn block(&mut self, block: &Block) -> Result<&[Score], Failure> {
        let n = block.frames.len();
        if block.incomplete {
            // The mean of every feature would score like an average video, whatever the frame shows.
            let rows = block.features.chunks_exact(self.scorer.feature_names().len());
            for (frame, row) in block.frames.iter().zip(rows) {
                if row.iter().all(|value| value.is_nan()) {
                    return Err(Failure::new(format_args!(
                        "{}: frame {frame} has none of the model's features",
                        self.log
                    )));
                }
            }
        }
        self.scores.clear();
        self.scores.resize(n, Score::NONE);
        let ids = self.codec_id.map(|id| {
            self.codec_ids.clear();
            self.codec_ids.resize(n, id);
            &self.codec_ids[..]
        });
        match self.scorer.score(&block.features, ids, &mut self.scores) {
            Ok(()) => Ok(&self.scores),
            Err(error) => Err(refused(self.log, block, &error)),
        }
    }
}

/// The library counts frames from the block's first; the log has its own numbers.
fn refused(log: &str, block: &Block, error: &Error) -> Failure {
    let message = error.message();
    if let Some(row) = error.frame()
        && let Some(frame) = block.frames.get(row)
        && let Some(message) = message.strip_prefix(&format!("frame {row}: "))
    {
        return Failure::new(format_args!("{log}: frame {frame}: {message}"));
    }
    let (first, last) = (block.frames.first(), block.frames.last());
    let range = first.zip(last).map_or_else(String::new, |(a, b)| format!("frames {a} to {b}: "));
    Failure::new(format_args!("{log}: {range}{message}"))
}
