//! Writes the page and the plots of the measurements.

mod bars;
mod go;
mod lines;
mod machine;
mod memory;
mod page;
mod samples;
mod spread;
mod svg;
mod table;

use std::{fs, io, path::Path};

use crate::work::WORKLOADS;
use samples::Samples;

/// The workload that is measured with many threads.
const GROWTH: &str = "hit";

/// Reads the lines in `folder`, and writes the page and the plots under `root`.
pub fn write(folder: &Path, root: &Path) -> io::Result<()> {
    let samples = Samples::parse(&fs::read_to_string(folder.join("samples.tsv"))?);
    let go = go::Figures::parse(&fs::read_to_string(folder.join("go.txt")).unwrap_or_default());
    let memory = fs::read_to_string(folder.join("memory.tsv")).unwrap_or_default();
    let memory = memory::section(&memory::Lines::parse(&memory), &go);
    let plots = root.join("benches/plots");
    fs::create_dir_all(&plots)?;
    for workload in WORKLOADS {
        fs::write(plots.join(format!("{}.svg", workload.name)), bars::plot(workload, &samples))?;
        if workload.name == GROWTH {
            fs::write(plots.join("growth.svg"), lines::plot(workload, &samples))?;
        }
    }
    page::write(&root.join("BENCHMARKS.md"), &samples, &go, &memory)
}
