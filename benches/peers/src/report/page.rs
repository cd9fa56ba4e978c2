//! The page: the text between its two marks is replaced, and the rest stays.

use std::{fs, io, path::Path};

use crate::{
    report::{
        GROWTH, go, machine,
        samples::Samples,
        table::{losses, table},
    },
    work::WORKLOADS,
};

const BEGIN: &str = "<!-- figures: written by benches/run -->\n";
const END: &str = "<!-- end of figures -->\n";

pub fn write(path: &Path, samples: &Samples, go: &go::Figures, memory: &str) -> io::Result<()> {
    let page = fs::read_to_string(path)?;
    let (before, rest) = page.split_once(BEGIN).ok_or(io::ErrorKind::InvalidData)?;
    let (_, after) = rest.split_once(END).ok_or(io::ErrorKind::InvalidData)?;
    fs::write(path, format!("{before}{BEGIN}{}{memory}\n{END}{after}", figures(samples, go)))
}

fn figures(samples: &Samples, go: &go::Figures) -> String {
    let mut text =
        format!("\nMachine: {}. Samples of each: {}.\n", machine::describe(), samples.rounds());
    text += &parallel(samples).unwrap_or_default();
    let lost: Vec<_> = WORKLOADS.iter().flat_map(|workload| losses(workload, samples)).collect();
    text += "\n## What corepool loses\n\n| workload | | quicker than corepool |\n|---|---|---|\n";
    text += &format!("{}\n", lost.join("\n"));
    text += "\n## Beside Go\n\n";
    text += &go::table(go, samples).unwrap_or_else(|| "Go was not available.\n".to_owned());
    for workload in WORKLOADS {
        text += &format!("\n## {}\n\n{}", workload.title, workload.text);
        if !workload.absent.is_empty() {
            text += &format!(" Not here: {}", uncapitalised(workload.absent));
        }
        text += &format!("\n\n![{0}](benches/plots/{0}.svg)\n", workload.name);
        if workload.name == GROWTH {
            text += "\n![growth](benches/plots/growth.svg)\n";
        }
        text += &format!("\n{}", table(workload, samples));
    }
    text
}

/// Reports whether the machine had two free cores: how much the slot, which shares nothing, gains
/// from a second thread.
fn parallel(samples: &Samples) -> Option<String> {
    let time = |threads| Some(samples.figure("hit", threads, "thread_local! slot")?.time.median);
    let part = time(2)? / time(1)?;
    Some(format!(
        "\nTwo threads with a `thread_local!` slot took {part:.2} of the time of one, where 0.50 is perfect{}.\n",
        if part > 0.7 {
            ": **the machine was busy, and the figures for more than one thread are of no use**"
        } else {
            ""
        },
    ))
}

fn uncapitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect()
}
