// SPDX-License-Identifier: BSD-2-Clause-Patent
//! First step of opening: where a model is. Its files are read once, size-capped, inside the card's folder.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::builtin::{self, Builtin};
use crate::error::{Error, ErrorKind, Result, bail, err};

/// Cap on a card.
const CARD_LIMIT: usize = 1 << 20;
/// Cap on one graph with its external data.
pub(super) const GRAPH_LIMIT: usize = 50 << 20;

/// A model that is there: its card is read, and nothing is parsed yet.
pub(crate) struct Found {
    pub(super) source: Source,
    /// `None` where a graph has no card beside it.
    pub(super) card: Option<Vec<u8>>,
}

impl Found {
    /// Finds the model that a caller names: `None` is the registry's default; `builtin:ID` or the bare `ID` a
    /// built-in one; else the path of a graph or of a card.
    pub(crate) fn find(model: Option<&str>) -> Result<Self> {
        let source = Source::parse(model)?;
        let card = source.read_card()?;
        Ok(Self { source, card })
    }
}

/// Where a model was asked for.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A model inside the library.
    Builtin(&'static Builtin),
    /// An `.onnx` file; its card is beside it.
    Graph(PathBuf),
    /// A card; its graphs are relative to it.
    Card(PathBuf),
}

impl Source {
    fn parse(model: Option<&str>) -> Result<Self> {
        let Some(model) = model else {
            return builtin::default_model().map(Self::Builtin);
        };
        if let Some(builtin) = builtin::REGISTRY.named(model)? {
            return Ok(Self::Builtin(builtin));
        }
        let path = PathBuf::from(model);
        let is_card = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
        Ok(if is_card { Self::Card(path) } else { Self::Graph(path) })
    }

    /// How errors name the card.
    pub(super) fn card_name(&self) -> String {
        match self {
            Self::Builtin(b) => format!("builtin:{}", b.id),
            Self::Graph(path) => path.with_extension("json").display().to_string(),
            Self::Card(path) => path.display().to_string(),
        }
    }

    /// The model's name where its card gives none.
    pub(super) fn stem(&self) -> String {
        match self {
            Self::Builtin(b) => b.id.to_owned(),
            Self::Graph(path) | Self::Card(path) => {
                path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
            }
        }
    }

    fn read_card(&self) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Builtin(b) => Ok(Some(b.card.to_vec())),
            Self::Card(path) => read_capped(path, CARD_LIMIT).map(Some),
            Self::Graph(path) => match read_capped(&path.with_extension("json"), CARD_LIMIT) {
                Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
                card => card.map(Some),
            },
        }
    }

    /// The folder that the files of the model may be in.
    pub(super) fn folder(&self) -> Folder {
        match self {
            Self::Builtin(b) => Folder::Builtin(b),
            Self::Graph(path) | Self::Card(path) => {
                let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
                Folder::Directory(parent.unwrap_or(Path::new(".")).to_owned())
            }
        }
    }

    /// The graph that the card's `onnx` member names, and how errors name it; a graph that was asked for by its own
    /// path is that one.
    pub(super) fn read_graph(&self, member: Option<&str>) -> Result<(String, Vec<u8>)> {
        match (self, member) {
            (Self::Graph(path), _) => {
                Ok((path.display().to_string(), read_capped(path, GRAPH_LIMIT)?))
            }
            (_, Some(member)) => self.folder().read(member, GRAPH_LIMIT),
            (_, None) => bail!(Inconsistent, "the card has no member 'onnx'"),
        }
    }
}

/// What the files of a model may not leave.
pub(super) enum Folder {
    Builtin(&'static Builtin),
    Directory(PathBuf),
}

impl Folder {
    /// Reads a file by a relative path that must not leave the folder, not by a symbolic link either.
    pub(super) fn read(&self, relative: &str, limit: usize) -> Result<(String, Vec<u8>)> {
        let plain = Path::new(relative)
            .components()
            .all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
        if relative.is_empty() || relative.contains('\0') || !plain {
            bail!(Forbidden, "path '{relative}' is not allowed: it must stay in the card's folder");
        }
        match self {
            Self::Builtin(b) => {
                let file = b.files.iter().find(|(name, _)| *name == relative);
                let (name, bytes) =
                    file.ok_or_else(|| err!(NotFound, "builtin:{}: no file '{relative}'", b.id))?;
                Ok((format!("builtin:{name}"), bytes.to_vec()))
            }
            Self::Directory(directory) => {
                let path = directory.join(relative);
                let real = path.canonicalize().map_err(|e| io_error(&path, &e))?;
                let home = directory.canonicalize().map_err(|e| io_error(directory, &e))?;
                if !real.starts_with(&home) {
                    bail!(
                        Forbidden,
                        "path '{relative}' is not allowed: it leads out of the card's folder to '{}'",
                        real.display()
                    );
                }
                Ok((path.display().to_string(), read_capped(&real, limit)?))
            }
        }
    }
}

fn io_error(path: &Path, e: &io::Error) -> Error {
    let kind = match e.kind() {
        io::ErrorKind::PermissionDenied => ErrorKind::NotReadable,
        io::ErrorKind::OutOfMemory => ErrorKind::OutOfMemory,
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidInput => {
            ErrorKind::NotFound
        }
        _ => match e.raw_os_error() {
            Some(libc::ELOOP | libc::ENAMETOOLONG) => ErrorKind::NotFound,
            _ => ErrorKind::Failed,
        },
    };
    Error::new(kind, format!("{}: {e}", path.display()))
}

/// Reads a regular file of at most `limit` bytes.
fn read_capped(path: &Path, limit: usize) -> Result<Vec<u8>> {
    // Looked at before it is opened: opening a FIFO would wait for its writer.
    let metadata = std::fs::metadata(path).map_err(|e| io_error(path, &e))?;
    if !metadata.is_file() {
        bail!(NotFound, "{}: not a regular file", path.display());
    }
    let too_big = || err!(TooLarge, "{}: above the limit of {limit} bytes", path.display());
    let size = usize::try_from(metadata.len()).map_err(|_| too_big())?;
    if size > limit {
        return Err(too_big());
    }
    let mut bytes = Vec::new();
    // One more than the size shows a file that grew, and keeps read_to_end from growing the buffer.
    bytes
        .try_reserve_exact(size + 1)
        .map_err(|_| err!(OutOfMemory, "{}: no memory for {size} bytes", path.display()))?;
    let file = File::open(path).map_err(|e| io_error(path, &e))?;
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|e| io_error(path, &e))?;
    if bytes.len() > limit {
        return Err(too_big());
    }
    Ok(bytes)
}
