//! A general description of the machine.

use std::{fs, process::Command};

use crate::clock::processors;

fn line_of(file: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once([':', '='])?.1.trim().trim_matches('"').to_owned())
}

/// Returns the first words of a command's output.
fn words(command: &str, argument: &str, count: usize) -> Option<String> {
    let output = Command::new(command).arg(argument).output().ok()?.stdout;
    let text = String::from_utf8(output).ok()?;
    Some(text.split_whitespace().take(count).collect::<Vec<_>>().join(" "))
}

fn processor() -> Option<String> {
    let model = line_of("/proc/cpuinfo", "model name")?;
    let flags = line_of("/proc/cpuinfo", "flags").unwrap_or_default();
    let guest = flags.split(' ').any(|flag| flag == "hypervisor");
    Some(if guest { format!("{model}, in a virtual machine") } else { model })
}

pub fn describe() -> String {
    let parts = [
        Some(format!("{} cores", processors())),
        processor(),
        line_of("/etc/os-release", "PRETTY_NAME"),
        words("uname", "-sr", 2).map(|system| system.split('-').next().unwrap().to_owned()),
        words("rustc", "-V", 2),
        // Set by `benches/run` if Go has run.
        std::env::var("GO_VERSION").ok().filter(|version| !version.is_empty()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
