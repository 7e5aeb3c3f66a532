//! A Slurm cluster of a test's own: munged, slurmctld and some slurmd on one machine, each with its files in one folder and ports of its own.

use crate::scratch::Scratch;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A step of waiting, and how many of them are too many.
const STEP: Duration = Duration::from_millis(50);
const STEPS: usize = 4800;
/// The programs that a cluster needs.
const PROGRAMS: [&str; 7] = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo", "setpriv"];

/// Returns why there can be no cluster here, or none of these programs beside it; `None` if there can. In CI there must be all of it.
pub fn missing(more: &[&str]) -> Option<String> {
    let path = search_path();
    let is_absent = |program: &&&str| !std::env::split_paths(&path).any(|folder| folder.join(program).exists());
    let absent = PROGRAMS.iter().chain(more).find(is_absent);
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let why = match absent {
        Some(program) => format!("{program} is not installed; scripts/slurm.sh --install installs it"),
        None if !is_root => "only root can start a node".into(),
        None => return None,
    };
    assert!(std::env::var_os("CI").is_none(), "CI needs Slurm: {why}");
    Some(why)
}

/// Waits until something is there.
pub fn wait_for<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let found = (0..STEPS).find_map(|_| {
        let found = find();
        if found.is_none() {
            sleep(STEP);
        }
        found
    });
    found.unwrap_or_else(|| panic!("waited in vain for {what}"))
}

/// The folders with programs. Daemons lie where only root looks.
fn search_path() -> String {
    format!("{}:/usr/local/sbin:/usr/sbin:/sbin", std::env::var("PATH").expect("a path"))
}

/// A cluster with the nodes `n1`, `n2` and so on, which ends with this value.
pub struct Cluster {
    munged: Child,
    controller: Child,
    nodes: BTreeMap<String, Child>,
    /// Where all files are, until every process has ended.
    folder: Scratch,
}

impl Cluster {
    /// Starts a cluster, and waits until every node is idle.
    pub fn start(name: &str, nodes: usize) -> Self {
        let folder = Scratch::new(name);
        let names: Vec<String> = (1..=nodes).map(|node| format!("n{node}")).collect();
        fs::create_dir(folder.join("state")).expect("creatable");
        for name in &names {
            fs::create_dir(folder.join(name)).expect("creatable");
        }
        fs::write(folder.join("plugstack.conf"), "").expect("writable");
        fs::write(folder.join("slurm.conf"), configuration(&folder, &names)).expect("writable");
        let munged = start_munged(&folder);
        wait_for("munged", || folder.join("munge.sock").exists().then_some(()));
        let controller = daemon(&folder, &folder, "slurmctld", &["-D"]);
        let nodes = names.into_iter().map(|name| (name.clone(), start_node(&folder, &name, &[]))).collect();
        let cluster = Self { munged, controller, nodes, folder };
        let idle = || cluster.states().iter().filter(|line| line.ends_with(" idle")).count();
        wait_for("idle nodes", || (idle() == cluster.nodes.len()).then_some(()));
        cluster
    }

    /// A program that uses the cluster.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("SLURM_CONF", self.configuration());
        command
    }

    /// The file that `SLURM_CONF` names.
    pub fn configuration(&self) -> PathBuf {
        self.folder.join("slurm.conf")
    }

    /// Kills a node's daemon. What it has started goes on, and nobody hears of it.
    pub fn kill_daemon(&mut self, node: &str) {
        let daemon = self.nodes.get_mut(node).expect("a node");
        daemon.kill().expect("running");
        daemon.wait().expect("ended");
    }

    /// Takes the power from a node: all its processes are gone at once.
    pub fn power_off(&mut self, node: &str) {
        let mut all = processes_under(&self.folder.join(node));
        all.extend(descendants(&all));
        all.into_iter().for_each(kill);
        self.nodes.get_mut(node).expect("a node").wait().expect("ended");
    }

    /// Starts a node again after the controller has noticed that it is gone. Its daemon reports a boot.
    pub fn power_on(&mut self, node: &str) {
        let is_down = || self.states().iter().any(|line| line.starts_with(&format!("{node} down"))).then_some(());
        wait_for("a node to be down", is_down);
        self.nodes.insert(node.into(), start_node(&self.folder, node, &["-b"]));
    }

    /// A line for each node: its name and its state.
    fn states(&self) -> Vec<String> {
        let shown = self.command("sinfo").args(["-h", "-N", "-o", "%N %T"]).output().expect("sinfo");
        String::from_utf8(shown.stdout).expect("UTF-8").lines().map(String::from).collect()
    }

    /// What the daemons have logged, for a test that fails.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("slurmctld.log")).expect("a log")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let daemons = self.nodes.values_mut().chain([&mut self.controller, &mut self.munged]);
        for daemon in daemons {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
        // Steps are no children of the daemons, and a task may have moved to another folder.
        let mut left = processes_under(&self.folder);
        left.extend(descendants(&left));
        left.into_iter().for_each(kill);
    }
}

/// Kills a process by its number. It may have ended in between.
pub fn kill(process: u32) {
    let _ = Command::new("kill").args(["-9", &process.to_string()]).stderr(Stdio::null()).status();
}

fn configuration(folder: &Path, nodes: &[String]) -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").expect("Linux");
    let host = host.trim().split('.').next().expect("a first part").to_string();
    // Held together, so that no two are the same.
    let listeners: Vec<TcpListener> =
        (0..=nodes.len()).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
    let ports: Vec<u16> = listeners.iter().map(|listener| listener.local_addr().expect("bound").port()).collect();
    let at = folder.display();
    let mut text = format!(
        "ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={at}/munge.sock,cred_expire=5
StateSaveLocation={at}/state
SlurmdSpoolDir={at}/%n
SlurmctldPidFile={at}/slurmctld.pid
SlurmdPidFile={at}/%n/slurmd.pid
SlurmctldLogFile={at}/slurmctld.log
SlurmdLogFile={at}/%n/slurmd.log
PlugStackConfig={at}/plugstack.conf
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
RequeueExit=137
SlurmdTimeout=3
BatchStartTimeout=1
TCPTimeout=1
MessageTimeout=3
KillWait=1
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1,sched_min_interval=0
",
        ports[0]
    );
    for (node, port) in nodes.iter().zip(&ports[1..]) {
        writeln!(text, "NodeName={node} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port} CPUs=2").expect("memory");
    }
    writeln!(text, "PartitionName=work Nodes={} Default=YES State=UP", nodes.join(",")).expect("memory");
    text
}

fn start_munged(folder: &Path) -> Child {
    // The key of a cluster that nobody else can reach.
    let key = folder.join("munge.key");
    fs::write(&key, [7; 128]).expect("writable");
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("ours");
    let files = [("key-file", "munge.key"), ("socket", "munge.sock"), ("pid-file", "munged.pid")];
    let files = files.into_iter().chain([("log-file", "munged.log"), ("seed-file", "munge.seed")]);
    let files: Vec<String> = files.map(|(flag, name)| format!("--{flag}={}", folder.join(name).display())).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    daemon(folder, folder, "munged", &[&["--foreground", "--force"], &files[..]].concat())
}

fn start_node(folder: &Path, node: &str, more: &[&str]) -> Child {
    daemon(folder, &folder.join(node), "slurmd", &[&["-D", "-N", node], more].concat())
}

/// Starts a daemon in the foreground. It ends with the test, however that ends.
fn daemon(folder: &Path, own: &Path, program: &str, arguments: &[&str]) -> Child {
    let output = fs::File::create(own.join(format!("{program}.out"))).expect("writable");
    Command::new("setpriv")
        .args(["--pdeathsig", "KILL", program])
        .args(arguments)
        .current_dir(own)
        .env("PATH", search_path())
        .env("SLURM_CONF", folder.join("slurm.conf"))
        .stdin(Stdio::null())
        .stdout(output.try_clone().expect("a second handle"))
        .stderr(output)
        .spawn()
        .expect("installed")
}

/// The numbers of all processes, each with that of its parent.
fn processes() -> Vec<(u32, u32)> {
    let entries = fs::read_dir("/proc").expect("Linux").filter_map(Result::ok);
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let with_parent = |process: u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name stands in brackets, and may hold anything.
        let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        Some((process, parent))
    };
    numbers.filter_map(with_parent).collect()
}

/// The processes whose working folder is this one, or in it.
fn processes_under(folder: &Path) -> Vec<u32> {
    let is_there =
        |process: &u32| fs::read_link(format!("/proc/{process}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
    processes().into_iter().map(|(process, _)| process).filter(is_there).collect()
}

/// The processes that these have started, and those that they have started.
fn descendants(of: &[u32]) -> Vec<u32> {
    let all = processes();
    let mut found: Vec<u32> = Vec::new();
    let mut next = of.to_vec();
    while let Some(parent) = next.pop() {
        let children = all.iter().filter(|(child, own)| *own == parent && !of.contains(child));
        let children: Vec<u32> = children.map(|(child, _)| *child).collect();
        found.extend(&children);
        next.extend(children);
    }
    found
}
