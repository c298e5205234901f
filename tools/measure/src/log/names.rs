// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Which keys of a log hold the wanted features.

use std::collections::HashMap;

use vmaf_fr_v2::catalogue::log_names;

/// A wanted feature that a key of the log may hold, and how much that key is preferred (0 most).
#[derive(Debug, Clone, Copy)]
pub struct Target {
    pub column: u16,
    pub rank: u8,
}

/// The keys that hold wanted features.
#[derive(Debug)]
pub struct Names {
    keys: HashMap<String, u32>,
    targets: Vec<Vec<Target>>,
}

impl Names {
    /// # Panics
    ///
    /// With 65,536 features or more.
    pub fn new<S: AsRef<str>>(features: &[S]) -> Self {
        let mut keys = HashMap::new();
        let mut targets: Vec<Vec<Target>> = Vec::new();
        for (column, feature) in features.iter().enumerate() {
            for (rank, key) in log_names(feature.as_ref()).into_iter().enumerate() {
                let index = *keys.entry(key.to_owned()).or_insert_with(|| {
                    targets.push(Vec::new());
                    targets.len() as u32 - 1
                });
                targets[index as usize].push(Target {
                    column: u16::try_from(column).expect("fewer than 65,536 features"),
                    rank: rank as u8,
                });
            }
        }
        Self { keys, targets }
    }

    /// The index of a key that holds wanted features; `None` for any other key.
    pub fn index(&self, key: &str) -> Option<u32> {
        self.keys.get(key).copied()
    }

    /// What the key of this index holds.
    pub fn targets(&self, index: u32) -> &[Target] {
        &self.targets[index as usize]
    }
}
