// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Programs that score on request: the C host (worker.c) and Python (worker.py).

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running program. It reads lines of "N TIMES", scores N frames that many times, and answers
/// with the nanoseconds of processor time and the last frame's score.
pub struct Worker {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Worker {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, input, output }
    }

    /// Returns seconds.
    pub fn run(&mut self, n: usize, times: usize) -> f64 {
        writeln!(self.input, "{n} {times}").expect("worker reads");
        self.input.flush().expect("worker reads");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("worker answers");
        let mut words = line.split_whitespace();
        let mut word = || words.next().unwrap_or_else(|| panic!("worker answered '{line}'"));
        let nanoseconds: f64 = word().parse().expect("nanoseconds");
        let score: f64 = word().parse().expect("score");
        assert!(score.is_finite(), "worker's score is {score}");
        nanoseconds * 1e-9
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // End of input ends the worker; what it returns does not matter any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
