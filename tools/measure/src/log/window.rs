// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The part of a log that is in memory.

use std::io::{self, Read};

/// Bytes asked for at a time: large enough that reading costs little, small enough to stay in the cache.
const CHUNK: usize = 256 << 10;

/// Bytes read and not yet taken, and where they stand in the log.
#[derive(Debug)]
pub struct Window<R> {
    source: R,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Whether the source has no more.
    eof: bool,
    /// Newlines before `bytes[0]`, and bytes between the last of them and it.
    lines: u64,
    column: u64,
}

impl<R: Read> Window<R> {
    pub fn new(source: R) -> Self {
        Self { source, bytes: vec![0; CHUNK], start: 0, end: 0, eof: false, lines: 0, column: 0 }
    }

    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Whether what is unread ends where the log ends.
    pub fn at_end(&self) -> bool {
        self.eof
    }

    /// Takes `n` of the unread bytes.
    pub fn advance(&mut self, n: usize) {
        self.start += n;
    }

    /// Line and column of the byte at `offset` of the unread ones, both from 1.
    pub fn place(&self, offset: usize) -> (u64, u64) {
        let before = &self.bytes[..(self.start + offset).min(self.end)];
        let lines = memchr::memchr_iter(b'\n', before).count() as u64;
        let column = match memchr::memrchr(b'\n', before) {
            Some(newline) => (before.len() - newline - 1) as u64,
            None => self.column + before.len() as u64,
        };
        (self.lines + lines + 1, column + 1)
    }

    /// Drops what was read and reads on; the unread bytes stay. Grows only for an item longer than the window.
    pub fn refill(&mut self) -> io::Result<()> {
        let (line, column) = self.place(0);
        self.lines = line - 1;
        self.column = column - 1;
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.bytes.len() {
            self.bytes.resize(2 * self.end, 0);
        }
        loop {
            match self.source.read(&mut self.bytes[self.end..]) {
                Ok(0) => self.eof = true,
                Ok(n) => self.end += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            return Ok(());
        }
    }
}
