// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The files of a model: read once, size-capped, kept inside the card's folder, pinned by sha256.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::builtin::{self, Builtin};
use crate::error::{Error, ErrorKind, Result, bail, err};

/// Cap on a card.
pub const CARD_LIMIT: usize = 1 << 20;
/// Cap on one graph with its external data.
pub const GRAPH_LIMIT: usize = 50 << 20;

/// Where a model was asked for.
#[derive(Debug, Clone)]
pub enum Location {
    /// A model inside the library.
    Builtin(&'static Builtin),
    /// An `.onnx` file; its card is beside it.
    Graph(PathBuf),
    /// A card; its graphs are relative to it.
    Card(PathBuf),
}

impl Location {
    /// `None`: the built-in release model; `builtin:ID`; else a path.
    pub fn parse(model: Option<&str>) -> Result<Self> {
        let Some(model) = model else {
            return builtin::default_model().map(Self::Builtin);
        };
        if let Some(id) = model.strip_prefix("builtin:") {
            return builtin::find(id).map(Self::Builtin);
        }
        let path = PathBuf::from(model);
        let is_card = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
        Ok(if is_card { Self::Card(path) } else { Self::Graph(path) })
    }

    /// How errors name the card.
    pub fn card_name(&self) -> String {
        match self {
            Self::Builtin(b) => format!("builtin:{}", b.id),
            Self::Graph(path) => path.with_extension("json").display().to_string(),
            Self::Card(path) => path.display().to_string(),
        }
    }

    /// The model's name where its card gives none.
    pub fn stem(&self) -> String {
        match self {
            Self::Builtin(b) => b.id.to_owned(),
            Self::Graph(path) | Self::Card(path) => {
                path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
            }
        }
    }

    /// The card's bytes; `None` where a graph has no card beside it.
    pub fn read_card(&self) -> Result<Option<Vec<u8>>> {
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
    fn folder(&self) -> Folder {
        match self {
            Self::Builtin(b) => Folder::Builtin(b),
            Self::Graph(path) | Self::Card(path) => {
                let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
                Folder::Directory(parent.unwrap_or(Path::new(".")).to_owned())
            }
        }
    }

    /// Opens the graph that the card's `onnx` member names; a graph that was asked for by its own
    /// path is that one.
    pub fn graph(&self, member: Option<&str>) -> Result<GraphFiles> {
        let folder = self.folder();
        let (name, bytes) = match (self, member) {
            (Self::Graph(path), _) => (path.display().to_string(), read_capped(path, GRAPH_LIMIT)?),
            (_, Some(member)) => folder.read(member, GRAPH_LIMIT)?,
            (_, None) => bail!(Inconsistent, "the card has no member 'onnx'"),
        };
        let left = GRAPH_LIMIT - bytes.len();
        Ok(GraphFiles { name, bytes, folder, left, external: Vec::new() })
    }
}

enum Folder {
    Builtin(&'static Builtin),
    Directory(PathBuf),
}

impl Folder {
    /// Reads a file by a relative path that must not leave the folder, not by a symbolic link either.
    fn read(&self, relative: &str, limit: usize) -> Result<(String, Vec<u8>)> {
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

/// The bytes of a graph and the way to its external data.
pub struct GraphFiles {
    /// How errors name the graph.
    pub name: String,
    bytes: Vec<u8>,
    folder: Folder,
    /// Bytes that external data may still have.
    left: usize,
    external: Vec<(String, Rc<[u8]>)>,
}

impl GraphFiles {
    /// sha256 of the graph's file, hexadecimal.
    pub fn sha256(&self) -> String {
        sha256(&self.bytes)
    }

    /// Hands out the graph's bytes, once.
    pub fn take_bytes(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// The bytes of an external data file; a file is read once.
    pub fn read_external(&mut self, location: &str) -> Result<Rc<[u8]>> {
        if let Some((_, bytes)) = self.external.iter().find(|(name, _)| name == location) {
            return Ok(Rc::clone(bytes));
        }
        let (_, bytes) = self.folder.read(location, self.left).map_err(|e| match e.kind() {
            ErrorKind::TooLarge => err!(
                TooLarge,
                "external data '{location}': graph and external data exceed {GRAPH_LIMIT} bytes"
            ),
            _ => e.of("external data"),
        })?;
        self.left -= bytes.len();
        let bytes: Rc<[u8]> = bytes.into();
        self.external.push((location.to_owned(), Rc::clone(&bytes)));
        Ok(bytes)
    }

    /// sha256 of every external data file that was read, by location.
    pub fn external_sha256(&self) -> impl Iterator<Item = (&str, String)> {
        self.external.iter().map(|(name, bytes)| (name.as_str(), sha256(bytes)))
    }
}

/// sha256, lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
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
