//! Commands that somebody runs in a container (`kubectl exec`): they go on in
//! virtual time beside the container's own process, and end with it.

use super::host::Host;
use super::reach::PodReach;
use super::runtime::{
    Image, Key as Typed, Log, Machine, Reference, Step, Terminal, Tools, View, World, fingerprint,
};
use super::worker::PodWorker;
use super::{Kubelet, Timer, Wake, mounts};
use crate::api::{Key, Name};
use crate::client::Ctx;
use crate::network::Network;
use std::collections::VecDeque;

/// Commands at once on one node.
const EXECS_MAX: usize = 1024;
/// Input that a command has not read yet.
const INPUT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The exit code of a command whose container is gone.
const KILLED: i32 = 137;
const SHELLS: [&str; 4] = ["sh", "bash", "ash", "dash"];
/// Programs that read their input to its end where no file is named.
const READERS: [&str; 20] = [
    "cat",
    "tar",
    "grep",
    "sed",
    "awk",
    "tee",
    "wc",
    "sort",
    "uniq",
    "head",
    "tail",
    "tr",
    "cut",
    "xargs",
    "dd",
    "base64",
    "md5sum",
    "sha256sum",
    "read",
    "rev",
];

/// Why a command was not begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExecError {
    /// The kubelet knows no such running container.
    NoContainer(String),
    /// The runtime could not start the command.
    Runtime(String),
}

/// What to run.
#[derive(Clone, Debug, Default)]
pub struct ExecRequest {
    /// The command line.
    pub command: Vec<String>,
    /// Whether there is input.
    pub stdin: bool,
    /// Whether there is a terminal.
    pub tty: bool,
}

/// What became of a command since one asked last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecNews {
    /// What it wrote; true: to standard error.
    pub pieces: Vec<(bool, String)>,
    /// Its exit code, once it has ended.
    pub code: Option<i32>,
}

/// A command that runs.
#[derive(Clone, Debug)]
pub(super) struct Exec {
    uid: Name,
    index: usize,
    instance: u32,
    machine: Machine,
    output: Log,
    input: Input,
    terminal: Option<Terminal>,
    /// Whether the prompt is to be shown before the next line.
    prompts: Option<&'static str>,
    /// Whether the first prompt is still to be shown.
    greets: bool,
    code: Option<i32>,
}

/// Where a command's input stands.
#[derive(Clone, Debug)]
enum Input {
    /// It has none, or does not read it.
    None,
    /// Collected until it ends; the command begins then.
    Whole(String),
    /// A shell takes it line by line.
    Lines {
        partial: String,
        lines: VecDeque<String>,
        ended: bool,
        waits: bool,
    },
}

impl Kubelet {
    /// Begins a command; answers the number by which it is asked for.
    pub fn exec(
        &mut self,
        pod: &Key,
        container: &str,
        request: &ExecRequest,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) -> Result<u64, ExecError> {
        let gone = || ExecError::NoContainer(format!("container not found ({container:?})"));
        let uid = self.by_key.get(pod).ok_or_else(gone)?;
        let worker = self.pods.get(uid).ok_or_else(gone)?;
        let mut containers = worker.containers.iter();
        let index = containers
            .position(|found| *found.name == *container && found.is_running())
            .ok_or_else(gone)?;
        if self.execs.len() >= EXECS_MAX {
            return Err(ExecError::Runtime("too many open execs".to_owned()));
        }
        let exec = begin(worker, index, request)?;
        let id = self.next_exec;
        self.next_exec += 1;
        self.execs.insert(id, exec);
        self.step_exec(id, ctx, net);
        Ok(id)
    }

    /// Gives a command input.
    pub fn exec_input(&mut self, id: u64, text: &str, ctx: &mut Ctx<'_, Timer>, net: &mut Network) {
        if let Some(exec) = self.execs.get_mut(&id) {
            exec.take_input(text);
            self.step_exec(id, ctx, net);
        }
    }

    /// Ends a command's input.
    pub fn exec_input_end(&mut self, id: u64, ctx: &mut Ctx<'_, Timer>, net: &mut Network) {
        if let Some(exec) = self.execs.get_mut(&id) {
            exec.end_input();
            self.step_exec(id, ctx, net);
        }
    }

    /// What became of a command; none where there is none of that number. One
    /// that has ended is forgotten once that was told.
    pub fn exec_news(&mut self, id: u64) -> Option<ExecNews> {
        let exec = self.execs.get_mut(&id)?;
        let worker = self.pods.get(&exec.uid);
        let container = worker.and_then(|worker| worker.containers.get(exec.index));
        let lives =
            container.is_some_and(|found| found.instance == exec.instance && found.is_running());
        if !lives {
            exec.code.get_or_insert(KILLED);
        }
        let mut pieces = exec.output.take_pieces();
        if exec.terminal.is_some() {
            for (is_error, text) in &mut pieces {
                *is_error = false;
                *text = text.replace("\r\n", "\n").replace('\n', "\r\n");
            }
        }
        let news = ExecNews {
            pieces,
            code: exec.code,
        };
        if news.code.is_some() {
            self.execs.remove(&id);
        }
        Some(news)
    }

    /// Nobody wants to hear of a command any more.
    pub fn exec_end(&mut self, id: u64) {
        self.execs.remove(&id);
    }

    pub(super) fn step_exec(&mut self, id: u64, ctx: &mut Ctx<'_, Timer>, net: &mut Network) {
        let Some(mut exec) = self.execs.remove(&id) else {
            return;
        };
        let uid = exec.uid.clone();
        self.with_pod(&uid, |host, worker| {
            host.step_exec(id, &mut exec, worker, ctx, net)
        });
        self.execs.insert(id, exec);
    }
}

/// Looks the program up and prepares it.
fn begin(worker: &PodWorker, index: usize, request: &ExecRequest) -> Result<Exec, ExecError> {
    let runtime = |why: String| {
        let identity = format!("{} {index} {}", worker.uid, request.command.join(" "));
        let id = fingerprint(&identity);
        ExecError::Runtime(format!(
            "error executing command in container: failed to exec in container: failed to start exec {id:?}: OCI runtime exec failed: exec failed: unable to start container process: {why}: unknown"
        ))
    };
    let gone = || ExecError::NoContainer("container not found".to_owned());
    let container = worker.containers.get(index).ok_or_else(gone)?;
    let spec = container.spec(&worker.pod).ok_or_else(gone)?;
    let reference = Reference::parse(spec.image.as_deref().unwrap_or_default()).map_err(runtime)?;
    let (image, _) = Image::find(&reference);
    let program = request
        .command
        .first()
        .map(String::as_str)
        .unwrap_or_default();
    image.look_up(program).map_err(runtime)?;
    let name = program.rsplit('/').next().unwrap_or_default();
    let is_shell = SHELLS.contains(&name)
        && request
            .command
            .iter()
            .skip(1)
            .all(|arg| arg.starts_with('-') && !arg.contains('c'));
    let env = &container.env;
    let (machine, input) = match request.stdin {
        true if is_shell => {
            let lines = Input::Lines {
                partial: String::new(),
                lines: VecDeque::new(),
                ended: false,
                waits: true,
            };
            (Machine::waiting_shell(name, env, image, Vec::new()), lines)
        }
        reads => {
            let machine = Machine::new(&request.command, env, image, Vec::new());
            match reads && reads_input(&request.command) {
                true => (machine, Input::Whole(String::new())),
                false => (machine, Input::None),
            }
        }
    };
    let prompt = match (name, image.tools) {
        ("bash", _) => "bash",
        (_, Tools::Busybox) => "ash",
        _ => "sh",
    };
    Ok(Exec {
        uid: worker.uid.clone(),
        index,
        instance: container.instance,
        machine,
        output: Log::of_command(),
        prompts: (request.tty && is_shell).then_some(prompt),
        greets: true,
        input,
        terminal: request.tty.then(Terminal::default),
        code: None,
    })
}

/// Whether a command line names a program that reads its input.
fn reads_input(command: &[String]) -> bool {
    let words = command
        .iter()
        .flat_map(|word| word.split(|c: char| !c.is_ascii_alphanumeric()));
    words.into_iter().any(|word| READERS.contains(&word))
}

impl Exec {
    fn take_input(&mut self, text: &str) {
        let Some(terminal) = &mut self.terminal else {
            return self.take_text(text);
        };
        let (shown, keys) = terminal.typed(text);
        self.output.write(Default::default(), false, &shown);
        for key in keys {
            match key {
                Typed::Line(line) => self.take_text(&format!("{line}\n")),
                Typed::End => self.end_input(),
                Typed::Interrupt => self.interrupt(),
            }
        }
    }

    fn interrupt(&mut self) {
        self.machine.interrupt();
        match &mut self.input {
            Input::Lines { lines, .. } => lines.clear(),
            _ => self.code = Some(130),
        }
    }

    fn take_text(&mut self, text: &str) {
        match &mut self.input {
            Input::None => {}
            Input::Whole(whole) => {
                if whole.len() + text.len() <= INPUT_BYTES_MAX {
                    whole.push_str(text);
                }
            }
            Input::Lines { partial, lines, .. } => {
                partial.push_str(text);
                while let Some(end) = partial.find('\n') {
                    let line: String = partial.drain(..=end).collect();
                    lines.push_back(line.trim_end_matches(['\n', '\r']).to_owned());
                }
                if partial.len() > INPUT_BYTES_MAX {
                    partial.clear();
                }
            }
        }
    }

    fn end_input(&mut self) {
        match &mut self.input {
            Input::None => {}
            Input::Whole(whole) => {
                self.machine.feed(&std::mem::take(whole));
                self.input = Input::None;
            }
            Input::Lines {
                partial,
                lines,
                ended,
                ..
            } => {
                *ended = true;
                if !partial.is_empty() {
                    lines.push_back(std::mem::take(partial));
                }
            }
        }
    }

    /// Goes on until it sleeps, waits for input or ends.
    fn step(&mut self, world: &mut World<'_>) -> Option<crate::sim::Instant> {
        if self.code.is_some() || matches!(self.input, Input::Whole(_)) {
            return None;
        }
        loop {
            if let Input::Lines { waits: true, .. } = self.input {
                if !self.next_line(world) {
                    return None;
                }
                continue;
            }
            match self.machine.step(world) {
                Step::Sleeps(at) => return Some(at),
                Step::Runs => return None,
                Step::Exits(code) => match &mut self.input {
                    Input::Lines { waits, .. } if !self.machine.has_left() => {
                        *waits = true;
                        self.show_prompt(world);
                    }
                    _ => {
                        self.code = Some(code);
                        return None;
                    }
                },
            }
        }
    }

    /// Gives a shell its next line. False where it has to wait, or has ended.
    fn next_line(&mut self, world: &mut World<'_>) -> bool {
        let Input::Lines {
            lines,
            ended,
            waits,
            ..
        } = &mut self.input
        else {
            return false;
        };
        match lines.pop_front() {
            Some(line) => {
                *waits = false;
                self.machine.run_line(&line, world);
                true
            }
            None if *ended => {
                self.code = Some(match self.machine.step(world) {
                    Step::Exits(code) => code,
                    _ => 0,
                });
                false
            }
            None => false,
        }
    }

    fn show_prompt(&mut self, world: &mut World<'_>) {
        let folder = self.machine.folder();
        let prompt = match self.prompts {
            Some("bash") => format!("root@{}:{folder}# ", world.hostname),
            Some("ash") => format!("{folder} # "),
            Some(_) => "# ".to_owned(),
            None => return,
        };
        world.log.write(world.now, false, &prompt);
    }
}

impl Host {
    fn step_exec(
        &mut self,
        id: u64,
        exec: &mut Exec,
        worker: &mut PodWorker,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        let instance = worker
            .containers
            .get(exec.index)
            .map(|found| found.instance);
        if instance != Some(exec.instance) {
            return;
        }
        let mounts = mounts::of_container(worker, exec.index);
        let now = ctx.now();
        let mut reach = PodReach::new(net, ctx, worker);
        let PodWorker {
            containers,
            volumes,
            key,
            ..
        } = worker;
        let Some(container) = containers.get_mut(exec.index) else {
            return;
        };
        let mut output = std::mem::take(&mut exec.output);
        let mut world = World {
            now,
            hostname: &key.name,
            files: View {
                own: &mut container.files,
                volumes,
                mounts: &mounts,
            },
            log: &mut output,
            reach: &mut reach,
            // What listens for a command alone is of no use to anybody.
            opened: &mut Vec::new(),
        };
        if std::mem::take(&mut exec.greets) {
            exec.show_prompt(&mut world);
        }
        let next = exec.step(&mut world);
        exec.output = output;
        if let Some(at) = next {
            self.timer_at(ctx, at, Wake::Exec(id));
        }
    }
}
