// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The programs that encode and measure, the cache, and what is found out about them once per run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Context as _, Result};
use vmaf_fr_files::sha256_file;
use vmaf_fr_measure::probe::Prober;
use vmaf_fr_measure::program::{Tool, Tools, ffmpeg_has_libvmaf, ffmpeg_version};

use crate::cache::Cache;

/// Found out once, by whoever needs it first.
type Once<T> = OnceLock<Result<T, String>>;

/// The programs, the cache and what is known about them; shared by all tasks.
pub(crate) struct Instruments {
    pub(crate) tools: Tools,
    pub(crate) prober: Prober,
    pub(crate) cache: Cache,
    ffmpeg: Option<(PathBuf, String)>,
    /// Identities of the measuring programs used so far.
    identities: Mutex<HashMap<PathBuf, String>>,
    for_encodes: Once<Tool>,
    hashes: Mutex<HashMap<PathBuf, Arc<Once<String>>>>,
}

impl Instruments {
    pub(crate) fn new(tools: Tools, prober: Prober, cache: Cache) -> Result<Self> {
        let ffmpeg = match tools.ffmpeg() {
            Some(path) => Some((path.to_owned(), ffmpeg_version(path)?)),
            None => None,
        };
        Ok(Self {
            tools,
            prober,
            cache,
            ffmpeg,
            identities: Mutex::default(),
            for_encodes: OnceLock::new(),
            hashes: Mutex::default(),
        })
    }

    /// The programs that measured, first lines of what they say of themselves.
    pub(crate) fn describe(&self) -> String {
        let identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines: Vec<String> = identities
            .values()
            .map(|text| {
                text.lines()
                    .filter(|l| l.starts_with("ffmpeg version") || l.contains("vmaf "))
                    .filter(|l| !l.starts_with("configuration"))
                    .map(|l| l.split(" Copyright").next().unwrap_or(l))
                    .collect::<Vec<_>>()
                    .join(", ")
            })
            .collect();
        lines.sort();
        lines.join("; ")
    }

    pub(crate) fn ffmpeg(&self) -> Result<(&Path, &str)> {
        let (path, version) = self.ffmpeg.as_ref().context(
            "no ffmpeg was found on PATH: name one with the encoders and libvmaf with --ffmpeg-bin",
        )?;
        Ok((path, version))
    }

    /// What measures clips that are encoded here: the vmaf that the user named, else ffmpeg.
    pub(crate) fn tool_for_encodes(&self) -> Result<Tool> {
        let found = self.for_encodes.get_or_init(|| {
            if let Some(vmaf) = self.tools.named_vmaf() {
                return Ok(vmaf);
            }
            let (ffmpeg, _) = self.ffmpeg().map_err(|e| e.to_string())?;
            match ffmpeg_has_libvmaf(ffmpeg) {
                Ok(true) => Ok(Tool::Ffmpeg(ffmpeg.to_owned())),
                Ok(false) => Err(format!(
                    "{} was built without libvmaf: name one that has it with --ffmpeg-bin, or a vmaf with \
                     --vmaf-bin",
                    ffmpeg.display()
                )),
                Err(e) => Err(e.to_string()),
            }
        });
        found.clone().map_err(anyhow::Error::msg)
    }

    pub(crate) fn identity(&self, tool: &Tool) -> Result<String> {
        let mut known = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = known.get(tool.path()) {
            return Ok(text.clone());
        }
        let text = tool.identify()?;
        known.insert(tool.path().to_owned(), text.clone());
        Ok(text)
    }

    /// Hashes each file once per run, however many clips refer to it.
    pub(crate) fn hash(&self, path: &Path) -> Result<String> {
        let slot = {
            let mut known = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(path.to_owned()).or_default())
        };
        slot.get_or_init(|| sha256_file(path).map_err(|e| format!("cannot read {e}")))
            .clone()
            .map_err(anyhow::Error::msg)
    }
}
