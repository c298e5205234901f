// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What was measured before, named by everything that the result depends on.
//!
//! `DIR/<kind>/<2 hex>/<sha256 of the key>.json` holds one clip's rows; files appear whole, by a rename. Each run
//! works in `DIR/run-*`, locked while it lives, and removes what dead runs left there.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use vmaf_fr_files::{WholeFile, create_parent, sha256_hex};

use crate::rows::FrameRows;

/// Changes with the meaning of what is stored.
const FORMAT: u32 = 1;

/// The name of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CacheKey {
    kind: &'static str,
    hex: String,
}

impl CacheKey {
    /// From everything that changes the result; the order of the members counts.
    pub(crate) fn of(kind: &'static str, parts: &impl Serialize) -> Result<Self> {
        let text = serde_json::to_vec(&(FORMAT, kind, parts))?;
        Ok(Self { kind, hex: sha256_hex(&text) })
    }
}

/// A folder of results, open for one run.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    run: TempDir,
    /// Held while this run lives.
    _lock: File,
}

/// A clip's own temporary folder.
#[derive(Debug)]
pub(crate) struct ScratchFolder(TempDir);

impl ScratchFolder {
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// JSON knows no NaN: `null` stands for it.
#[derive(Serialize, Deserialize)]
struct CacheEntry {
    reference_codec: String,
    frames: usize,
    frame_index: Vec<u32>,
    columns: Vec<(String, Vec<Option<f32>>)>,
}

const RUN: &str = "run-";
const LOCK: &str = "lock";

impl Cache {
    /// Opens or makes the folder, and removes what runs that were killed left behind.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let context = || format!("cache {}", folder.display());
        fs::create_dir_all(folder).with_context(context)?;
        let folder = fs::canonicalize(folder).with_context(context)?;
        // One at a time: a run whose lock is not taken yet must not be taken for a dead one.
        let gate = File::create(folder.join(LOCK)).with_context(context)?;
        gate.lock().with_context(context)?;
        for entry in fs::read_dir(&folder).with_context(context)? {
            let path = entry.with_context(context)?.path();
            let is_run =
                path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(RUN));
            if is_run && path.is_dir() && is_dead(&path) {
                // A program that outlived its run may still write there; what is left goes next time.
                let _ = fs::remove_dir_all(&path);
            }
        }
        let run = tempfile::Builder::new().prefix(RUN).tempdir_in(&folder).with_context(context)?;
        let lock = File::create(run.path().join(LOCK)).with_context(context)?;
        lock.lock().with_context(context)?;
        Ok(Self { folder, run, _lock: lock })
    }

    /// A new temporary folder, gone when it is dropped.
    pub(crate) fn scratch(&self) -> Result<ScratchFolder> {
        let parent = self.run.path();
        let folder = tempfile::Builder::new().prefix("clip-").tempdir_in(parent);
        Ok(ScratchFolder(folder.with_context(|| format!("cannot work in {}", parent.display()))?))
    }

    /// The entry's file, if it is there and sound.
    pub(crate) fn find(&self, key: &CacheKey) -> Option<PathBuf> {
        let path = self.path(key);
        Self::read(&path).is_ok().then_some(path)
    }

    /// Writes an entry and returns its file.
    pub(crate) fn store(&self, key: &CacheKey, rows: &FrameRows) -> Result<PathBuf> {
        let path = self.path(key);
        let context = || format!("cannot write {}", path.display());
        let entry = CacheEntry {
            reference_codec: rows.reference_codec.clone(),
            frames: rows.frame_index.len(),
            frame_index: rows.frame_index.clone(),
            columns: rows
                .columns
                .iter()
                .map(|(name, values)| {
                    (name.clone(), values.iter().map(|v| v.is_finite().then_some(*v)).collect())
                })
                .collect(),
        };
        create_parent(&path).with_context(context)?;
        let mut file = WholeFile::create_in(self.run.path(), &path).with_context(context)?;
        serde_json::to_writer(&mut file, &entry).with_context(context)?;
        file.write_all(b"\n").with_context(context)?;
        file.commit().with_context(context)?;
        Ok(path)
    }

    /// Reads an entry's file.
    pub(crate) fn read(path: &Path) -> Result<FrameRows> {
        let context = || format!("cache entry {}", path.display());
        let text = fs::read(path).with_context(context)?;
        let entry: CacheEntry = serde_json::from_slice(&text).with_context(context)?;
        let frames = entry.frames;
        ensure!(
            entry.frame_index.len() == frames
                && entry.columns.iter().all(|(_, v)| v.len() == frames),
            "cache entry {} has columns of different lengths",
            path.display()
        );
        Ok(FrameRows {
            reference_codec: entry.reference_codec,
            frame_index: entry.frame_index,
            columns: entry
                .columns
                .into_iter()
                .map(|(name, values)| {
                    (name, values.into_iter().map(|v| v.unwrap_or(f32::NAN)).collect())
                })
                .collect(),
        })
    }

    fn path(&self, key: &CacheKey) -> PathBuf {
        self.folder.join(key.kind).join(&key.hex[..2]).join(format!("{}.json", key.hex))
    }
}

/// Whether no process holds this run's lock.
fn is_dead(run: &Path) -> bool {
    match File::open(run.join(LOCK)) {
        Ok(file) => !matches!(file.try_lock(), Err(TryLockError::WouldBlock)),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> FrameRows {
        FrameRows {
            reference_codec: "h264".to_owned(),
            frame_index: vec![0, 1],
            columns: vec![
                ("a".to_owned(), vec![0.1, f32::NAN]),
                ("b".to_owned(), vec![1e-30, 60.0]),
            ],
        }
    }

    #[test]
    fn what_is_stored_is_found_and_equal() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(dir.path()).unwrap();
        let key = CacheKey::of("features", &("x", 1)).unwrap();
        assert_eq!(cache.find(&key), None);
        let path = cache.store(&key, &rows()).unwrap();
        assert_eq!(cache.find(&key), Some(path.clone()));
        let read = Cache::read(&path).unwrap();
        assert_eq!(read.columns[1], rows().columns[1]);
        assert_eq!(read.columns[0].1[0].to_bits(), 0.1_f32.to_bits());
        assert!(read.columns[0].1[1].is_nan());
    }

    #[test]
    fn a_damaged_entry_is_no_hit() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(dir.path()).unwrap();
        let key = CacheKey::of("features", &1).unwrap();
        let path = cache.store(&key, &rows()).unwrap();
        let text = fs::read(&path).unwrap();
        fs::write(&path, &text[..text.len() / 2]).unwrap();
        assert_eq!(cache.find(&key), None);
        let short = String::from_utf8(text).unwrap().replace("[0,1]", "[0]");
        fs::write(&path, short).unwrap();
        assert_eq!(cache.find(&key), None);
    }

    #[test]
    fn keys_differ_with_every_part() {
        let key = |kind, parts: (&str, u32)| CacheKey::of(kind, &parts).unwrap();
        let one = key("features", ("a", 1));
        assert_eq!(one, key("features", ("a", 1)));
        assert_ne!(one.hex, key("ssimulacra2", ("a", 1)).hex);
        assert_ne!(one, key("features", ("a", 2)));
        assert_ne!(one, key("features", ("b", 1)));
    }

    #[test]
    fn dead_runs_are_swept_and_living_ones_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let first = Cache::open(dir.path()).unwrap();
        let scratch = first.scratch().unwrap();
        let dead = dir.path().join("run-dead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join(LOCK), b"").unwrap();
        fs::write(dead.join("half.mp4"), b"").unwrap();
        let second = Cache::open(dir.path()).unwrap();
        assert!(!dead.exists());
        assert!(scratch.path().exists());
        drop(second);
        assert!(scratch.path().exists());
    }
}
