// SPDX-License-Identifier: BSD-2-Clause-Patent
//! libvmaf logs that exist already, with the codec and the rating of each.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::codec::vocabulary_name;
use crate::inputs::stem;
use crate::options::OutputOptions;
use crate::task::{
    ClipTask, CodecLabel, Distorted, EncoderSettings, Listing, Material, OptionalColumns,
};

/// Existing libvmaf JSON logs: MANIFEST.csv with the columns log, source, codec and optionally key, mos
///
/// `log` is relative to the manifest. `source` names the content, `codec` the codec (anything outside the vocabulary
/// becomes `unknown`), `key` the clip (default: the log's file name), `mos` its mean opinion score on 0..100.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    #[arg(value_name = "MANIFEST.csv")]
    manifest: PathBuf,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
}

pub(crate) fn list(args: &LogsArgs) -> Result<Listing> {
    let manifest = &args.manifest;
    let context = || format!("manifest {}", manifest.display());
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(manifest).with_context(context)?;
    let columns =
        ManifestColumns::find(reader.headers().with_context(context)?).with_context(context)?;
    let folder = manifest.parent().unwrap_or(Path::new(""));
    let mut tasks = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let record = record.with_context(context)?;
        // The heading is line 1.
        let line = record.position().map_or(index as u64 + 2, csv::Position::line);
        tasks.push(
            columns.task(&record, folder).with_context(|| format!("{}, line {line}", context()))?,
        );
    }
    if tasks.is_empty() {
        bail!("{}: no logs in it", context());
    }
    let columns = OptionalColumns { mos: columns.mos.is_some(), ..OptionalColumns::default() };
    Ok(Listing { collection: "logs", tasks, columns, caution: None })
}

struct ManifestColumns {
    log: usize,
    source: usize,
    codec: usize,
    key: Option<usize>,
    mos: Option<usize>,
}

impl ManifestColumns {
    fn find(header: &csv::StringRecord) -> Result<Self> {
        let column = |name: &str| header.iter().position(|h| h.eq_ignore_ascii_case(name));
        let required = |name: &str| {
            column(name).with_context(|| {
                let got = header.iter().collect::<Vec<_>>().join(", ");
                format!("no column \"{name}\": expected log, source, codec and optionally key, mos; got {got}")
            })
        };
        Ok(Self {
            log: required("log")?,
            source: required("source")?,
            codec: required("codec")?,
            key: column("key"),
            mos: column("mos"),
        })
    }

    fn task(&self, record: &csv::StringRecord, folder: &Path) -> Result<ClipTask> {
        let field = |index: usize| record.get(index).unwrap_or_default();
        let filled = |index: usize, name: &str| match field(index) {
            "" => bail!("\"{name}\" is empty"),
            text => Ok(text.to_owned()),
        };
        let log = folder.join(filled(self.log, "log")?);
        let key = match self.key {
            Some(index) => filled(index, "key")?,
            None => stem(&log)?,
        };
        let mos = match self.mos.map(field) {
            None | Some("") => None,
            Some(text) => match text.parse::<f64>() {
                Ok(mos) if (0.0..=100.0).contains(&mos) => Some(mos),
                _ => bail!("\"mos\" is \"{text}\", expected a number in 0..100"),
            },
        };
        Ok(ClipTask {
            key,
            source: filled(self.source, "source")?,
            label: CodecLabel::Given(vocabulary_name(&filled(self.codec, "codec")?).to_owned()),
            reference: Material::None,
            distorted: Distorted::Logged(log),
            settings: EncoderSettings::default(),
            mos,
            expected: None,
            target: None,
        })
    }
}
