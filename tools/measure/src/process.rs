// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Runs an outside program: nothing on its standard input, the end of its standard error kept for the
//! message, killed and reaped when it is dropped before its end.
//!
//! Crates that run processes (`duct`) keep all of standard error or none, and have no event for a program that says
//! nothing for a while, which [`Event::Tick`] is for; with these two written here nothing would be left for them.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::Error;
use crate::command::ffmpeg::{QUIET, REPORT, frames_done};

/// How far a program has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Frames done.
    pub frames: u64,
    /// Frames in all, if known.
    pub total: Option<u64>,
}

/// A started program.
#[derive(Debug)]
pub struct Running {
    program: PathBuf,
    child: Child,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

/// The programs that run now, each the leader of a process group of its own; `None` once [`stop_all`] was called.
static STARTED: Mutex<Option<BTreeSet<u32>>> = Mutex::new(Some(BTreeSet::new()));

/// Kills every program that runs, with what it has started, and lets none start any more.
pub fn stop_all() {
    let started = STARTED.lock().unwrap_or_else(PoisonError::into_inner).take();
    for id in started.into_iter().flatten() {
        kill_group(id);
    }
}

#[cfg(unix)]
fn kill_group(id: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(group) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // It may have ended in the meantime.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn kill_group(_: u32) {}

/// Kept of standard error.
const TAIL_BYTES: usize = 4096;
const TAIL_LINES: usize = 12;

impl Running {
    /// Starts `command`, whose program is `program`, with standard input closed and both outputs piped.
    ///
    /// # Errors
    /// [`Error::Spawn`].
    pub fn spawn(program: &Path, command: &mut Command) -> Result<Self, Error> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        let spawned = match &mut *started {
            Some(started) => command.spawn().inspect(|child| {
                started.insert(child.id());
            }),
            None => Err(io::ErrorKind::Interrupted.into()),
        };
        drop(started);
        let mut child =
            spawned.map_err(|reason| Error::Spawn { program: program.to_owned(), reason })?;
        let stderr = child.stderr.take().map(|pipe| std::thread::spawn(move || keep_tail(pipe)));
        Ok(Self { program: program.to_owned(), child, stderr })
    }

    /// The program's standard output, once. Whoever takes it must read it to its end.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// [`Error::Failed`] with the end of standard error if the exit status is not 0.
    pub fn finish(mut self) -> Result<(), Error> {
        self.wait()
    }

    fn wait(&mut self) -> Result<(), Error> {
        drop(self.child.stdout.take());
        let status = self
            .child
            .wait()
            .map_err(|reason| Error::Spawn { program: self.program.clone(), reason })?;
        if status.success() {
            return Ok(());
        }
        let stderr_tail = last_lines(&self.stderr_tail());
        Err(Error::Failed { program: self.program.clone(), status, stderr_tail })
    }

    /// The end of standard error, once, after the program's end.
    fn stderr_tail(&mut self) -> Vec<u8> {
        self.stderr.take().and_then(|reader| reader.join().ok()).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After `finish` the child is reaped, and its number may be another's.
        if let Ok(None) = self.child.try_wait() {
            kill_group(self.child.id());
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(started) = &mut *started {
            started.remove(&self.child.id());
        }
    }
}

/// What [`run`] reports while the program runs.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A line of standard output.
    Line(&'a str),
    /// A moment went by without one; the process id.
    Tick(u32),
}

/// Runs a program to its end, and returns the end of what it wrote to standard error.
///
/// # Errors
/// [`Error::Spawn`], [`Error::Failed`].
pub fn run(
    program: &Path,
    command: &mut Command,
    on_event: &mut dyn FnMut(Event<'_>),
) -> Result<String, Error> {
    let mut running = Running::spawn(program, command)?;
    let id = running.id();
    let (lines, received) = mpsc::channel();
    let reader = running.stdout().map(|pipe| {
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    break;
                }
            }
        })
    });
    loop {
        match received.recv_timeout(Duration::from_millis(100)) {
            Ok(line) => on_event(Event::Line(&line)),
            Err(RecvTimeoutError::Timeout) => on_event(Event::Tick(id)),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let result = running.wait();
    if let Some(reader) = reader {
        let _ = reader.join();
    }
    result.map(|()| last_lines(&running.stderr_tail()))
}

/// Runs a program and returns what it wrote to standard output.
///
/// # Errors
/// [`Error::Spawn`], [`Error::Failed`].
pub fn capture(program: &Path, command: &mut Command) -> Result<String, Error> {
    captured(program, command).map(|(text, _)| text)
}

/// Runs a program and returns what it wrote to standard output, then to standard error, of which only the end is kept.
///
/// # Errors
/// [`Error::Spawn`], [`Error::Failed`].
pub fn capture_all(program: &Path, command: &mut Command) -> Result<String, Error> {
    let (text, mut running) = captured(program, command)?;
    Ok(text + &String::from_utf8_lossy(&running.stderr_tail()))
}

fn captured(program: &Path, command: &mut Command) -> Result<(String, Running), Error> {
    let mut running = Running::spawn(program, command)?;
    let mut text = Vec::new();
    if let Some(mut pipe) = running.stdout() {
        let _ = pipe.read_to_end(&mut text);
    }
    running.wait()?;
    Ok((String::from_utf8_lossy(&text).into_owned(), running))
}

/// Runs `ffmpeg` in `directory` with `arguments`, after the ones that keep it quiet and make it report, and reports the
/// frames done. Returns what it complained of, although it succeeded: errors of decoding, for example.
///
/// # Errors
/// [`Error::Spawn`], [`Error::Failed`].
pub fn ffmpeg(
    program: &Path,
    directory: &Path,
    arguments: &[String],
    total: Option<u64>,
    progress: &mut dyn FnMut(Progress),
) -> Result<String, Error> {
    let mut command = Command::new(program);
    command.current_dir(directory).args(QUIET).args(REPORT).args(arguments);
    run(program, &mut command, &mut |event| {
        if let Event::Line(line) = event
            && let Some(frames) = frames_done(line)
        {
            progress(Progress { frames, total });
        }
    })
}

fn keep_tail(mut pipe: impl Read) -> Vec<u8> {
    let mut tail = VecDeque::with_capacity(2 * TAIL_BYTES);
    let mut buffer = [0; TAIL_BYTES];
    while let Ok(n) = pipe.read(&mut buffer) {
        if n == 0 {
            break;
        }
        tail.extend(&buffer[..n]);
        let surplus = tail.len().saturating_sub(TAIL_BYTES);
        tail.drain(..surplus);
    }
    tail.into()
}

fn last_lines(tail: &[u8]) -> String {
    let text = String::from_utf8_lossy(tail);
    // Progress meters overwrite one line by carriage returns; only what stayed on the screen counts.
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.rsplit('\r').find(|part| !part.is_empty()).unwrap_or(""))
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn failure_carries_the_end_of_standard_error() {
        let error = capture(
            Path::new("sh"),
            &mut sh("i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; exit 3"),
        )
        .unwrap_err()
        .to_string();
        assert!(error.contains("exit status: 3"), "{error}");
        assert!(error.ends_with("line 2999"), "{error}");
        assert!(!error.contains("line 2900"), "{error}");
    }

    #[test]
    fn both_outputs_are_captured() {
        let mut command = sh("echo error >&2; echo output");
        assert_eq!(capture_all(Path::new("sh"), &mut command).unwrap(), "output\nerror\n");
    }

    #[test]
    fn standard_input_is_closed() {
        assert_eq!(capture(Path::new("sh"), &mut sh("cat; echo end")).unwrap(), "end\n");
    }

    #[test]
    fn dropped_child_is_killed() {
        let mut running = Running::spawn(Path::new("sh"), &mut sh("exec sleep 60")).unwrap();
        let mut stdout = running.stdout().unwrap();
        let begin = Instant::now();
        drop(running);
        let mut rest = Vec::new();
        stdout.read_to_end(&mut rest).unwrap();
        assert!(begin.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn missing_program_is_named() {
        let name = Path::new("/nonexistent/program");
        let error = capture(name, &mut Command::new(name)).unwrap_err().to_string();
        assert!(error.contains("/nonexistent/program"), "{error}");
    }

    #[test]
    fn progress_meters_leave_their_last_state() {
        assert_eq!(last_lines(b"\r1 frame\r2 frames\n\nbad thing\n"), "2 frames\nbad thing");
    }
}
