// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Reads a log on one thread while another scores what was read so far.

use std::io::Read;
use std::sync::mpsc::{channel, sync_channel};
use std::thread;

use vmaf_fr_measure::log::{Frames, LogError, LogReader, Presence};

use crate::failure::Failure;

/// Frames per block: enough to make a batch of, few enough to stay in the cache.
const BLOCK_FRAMES: usize = 1024;
/// Blocks that exist, read ahead or being scored.
const BLOCKS: usize = 4;

/// Some frames of a log.
#[derive(Debug, Default)]
pub struct Block {
    /// Frame numbers.
    pub frames: Vec<u32>,
    /// One row of raw feature values per frame, NaN for a missing one.
    pub features: Vec<f32>,
    /// Whether a value is missing that the model needs.
    pub incomplete: bool,
}

/// What is known of a log once it was read to its end.
#[derive(Debug)]
pub struct LogFacts {
    pub version: Option<String>,
    pub frames: Frames,
    pub presence: Vec<Presence>,
}

/// Hands the whole log to `score`, block by block. Memory does not grow with the log. `optional` says of each feature
/// whether the model can do without it.
pub fn read<R: Read + Send>(
    log: LogReader<R>,
    optional: &[bool],
    mut score: impl FnMut(&Block) -> Result<(), Failure>,
) -> Result<LogFacts, Failure> {
    let (full, blocks) = sync_channel::<Block>(BLOCKS);
    let (spent, empty) = channel::<Block>();
    for _ in 0..BLOCKS {
        // The other end is alive: it is still here.
        let _ = spent.send(Block::default());
    }
    thread::scope(|scope| {
        let reader = scope.spawn(move || fill(log, optional, &empty, &full));
        let mut result = Ok(());
        for block in &blocks {
            result = score(&block);
            if result.is_err() {
                break;
            }
            let _ = spent.send(block);
        }
        // A reader that waits for either channel stops here.
        drop((blocks, spent));
        let facts = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        result?;
        Ok(facts?)
    })
}

fn fill<R: Read>(
    mut log: LogReader<R>,
    optional: &[bool],
    empty: &std::sync::mpsc::Receiver<Block>,
    full: &std::sync::mpsc::SyncSender<Block>,
) -> Result<LogFacts, LogError> {
    let mut row = vec![0.0; optional.len()];
    let mut more = true;
    while more {
        let Ok(mut block) = empty.recv() else { break };
        block.frames.clear();
        block.features.clear();
        block.incomplete = false;
        while more && block.frames.len() < BLOCK_FRAMES {
            match log.next_frame(&mut row) {
                Ok(Some(frame)) => {
                    block.frames.push(frame);
                    block.features.extend(row.iter().map(|value| *value as f32));
                    block.incomplete |= row
                        .iter()
                        .zip(optional)
                        .any(|(value, optional)| value.is_nan() && !optional);
                }
                Ok(None) => more = false,
                Err(error) => {
                    // The frames before it are sound, but nobody will want their scores.
                    return Err(error);
                }
            }
        }
        if full.send(block).is_err() {
            break;
        }
    }
    Ok(LogFacts {
        version: log.version().map(str::to_owned),
        frames: log.frames(),
        presence: log.presence().to_vec(),
    })
}
