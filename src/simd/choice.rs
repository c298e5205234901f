// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Which instruction set runs: the best that the processor has.
//!
//! For developers: `VMAF_FR_V2_EMBEDDED_KERNEL=avx512|avx2|portable`, read at open, forces one in
//! tests and benchmarks, for the embedded engine and for standardising features for either engine;
//! one that the processor lacks is `ENOTSUP`, any other value `EINVAL`.

#[cfg(target_arch = "x86_64")]
use super::{avx2::Avx2, avx512::Avx512};
use crate::error::{Result, bail, err};

const VARIABLE: &str = "VMAF_FR_V2_EMBEDDED_KERNEL";

/// An instruction set that this processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InstructionSet {
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// What compilers make of arrays.
    Portable,
}

impl InstructionSet {
    const NAMES: [&str; 3] = ["avx512", "avx2", "portable"];

    /// The one of that name, where the processor has it.
    fn detect(name: &str) -> Option<Self> {
        match name {
            #[cfg(target_arch = "x86_64")]
            "avx512" => Avx512::detect().map(Self::Avx512),
            #[cfg(target_arch = "x86_64")]
            "avx2" => Avx2::detect().map(Self::Avx2),
            "portable" => Some(Self::Portable),
            _ => None,
        }
    }

    /// All that this processor has, the fastest first.
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        Self::NAMES.into_iter().filter_map(Self::detect)
    }

    /// The fastest one, or the one that the environment names.
    pub(crate) fn chosen() -> Result<Self> {
        let Some(name) = std::env::var_os(VARIABLE) else {
            return Ok(Self::available().next().unwrap_or(Self::Portable));
        };
        let Some(name) = Self::NAMES.into_iter().find(|n| name == *n) else {
            bail!(
                Argument,
                "{VARIABLE} is '{}' where avx512, avx2 or portable was expected",
                name.to_string_lossy()
            );
        };
        Self::detect(name).ok_or_else(|| {
            err!(Unsupported, "this processor does not have what the kernel '{name}' needs")
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => Self::NAMES[0],
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => Self::NAMES[1],
            Self::Portable => Self::NAMES[2],
        }
    }
}
