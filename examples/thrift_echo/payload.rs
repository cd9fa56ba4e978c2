//! The records that are sent: one for each piece of each file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::echo::{Line, Record, Span};
use crate::fail::{Failure, Result};
use crate::service;

/// A file is cut into pieces of at most this number of bytes, at the end of a line if possible.
const PIECE: usize = 64 << 10;

/// All records are held in memory, several times as large as the files they are made from.
const INPUT_LIMIT: u64 = 64 << 20;

pub struct Payload {
    pub records: Vec<Record>,
    /// The index of the record that takes the most bytes when encoded, and these bytes.
    pub largest: usize,
    pub largest_bytes: usize,
    pub encoded_bytes: usize,
}

impl Payload {
    pub fn load(files: &[PathBuf]) -> Result<Payload> {
        let sources = if files.is_empty() {
            own_sources()?
        } else {
            files.iter().map(|f| (f.clone(), f.clone())).collect()
        };
        let mut records = Vec::new();
        let mut left = INPUT_LIMIT;
        for (path, name) in sources {
            let content = read(&path, left)?;
            left -= content.len() as u64;
            add_file(&mut records, &name, &content);
        }
        measure(records)
    }

    pub fn record(&self, index: usize) -> &Record {
        &self.records[index % self.records.len()]
    }
}

fn measure(records: Vec<Record>) -> Result<Payload> {
    let mut payload = Payload { records, largest: 0, largest_bytes: 0, encoded_bytes: 0 };
    for (index, record) in payload.records.iter().enumerate() {
        let len = service::encode(record)?.len();
        payload.encoded_bytes += len;
        if len > payload.largest_bytes {
            payload.largest_bytes = len;
            payload.largest = index;
        }
    }
    Ok(payload)
}

fn read(path: &Path, left: u64) -> Result<Vec<u8>> {
    let bad = |e: io::Error| Failure::input(format!("cannot read {path:?}: {e}"));
    // Checked before the file is opened: opening a pipe would wait for its other end.
    let kind = fs::metadata(path).map_err(bad)?.file_type();
    if kind.is_dir() {
        return Err(Failure::input(format!("{path:?} is a directory; name the files in it")));
    }
    if !kind.is_file() {
        return Err(Failure::input(format!("{path:?} is not a regular file")));
    }
    let mut content = Vec::new();
    let file = File::open(path).map_err(bad)?;
    file.take(left + 1).read_to_end(&mut content).map_err(bad)?;
    if content.len() as u64 > left {
        let limit = INPUT_LIMIT >> 20;
        return Err(Failure::input(format!("more than {limit} MiB of input, at {path:?}")));
    }
    Ok(content)
}

fn add_file(records: &mut Vec<Record>, name: &Path, content: &[u8]) {
    let pieces = pieces(content);
    let mut offset = 0;
    let mut line = 1;
    for (index, raw) in pieces.iter().enumerate() {
        let text = String::from_utf8_lossy(raw);
        records.push(Record {
            path: name.display().to_string(),
            file_size: content.len() as i64,
            span: Span::new(offset, index as i32 + 1, pieces.len() as i32),
            lines: (line..)
                .zip(text.lines())
                .map(|(number, text)| Line::new(number, text.to_string()))
                .collect(),
            words: words(&text),
            raw: raw.to_vec(),
        });
        offset += raw.len() as i64;
        line += raw.iter().filter(|&&byte| byte == b'\n').count() as i32;
    }
}

/// An empty file has one piece, which is empty.
fn pieces(mut rest: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while rest.len() > PIECE {
        let newline = rest[..PIECE].iter().rposition(|&byte| byte == b'\n');
        let (piece, tail) = rest.split_at(newline.map_or(PIECE, |at| at + 1));
        pieces.push(piece);
        rest = tail;
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(rest);
    }
    pieces
}

fn words(text: &str) -> BTreeMap<String, i32> {
    let mut counts = BTreeMap::new();
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
        if !word.is_empty() {
            *counts.entry(word.to_string()).or_insert(0) += 1;
        }
    }
    counts
}

/// The sources of this crate, in order: each with its path and the path inside the crate.
fn own_sources() -> Result<Vec<(PathBuf, PathBuf)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let bad = |e: io::Error| {
        Failure::input(format!("cannot list the sources in {root:?}: {e}; name some files"))
    };
    walk(root, true, &mut found).map_err(bad)?;
    found.sort();
    let inside = |path: &PathBuf| path.strip_prefix(root).unwrap_or(path).to_path_buf();
    Ok(found.into_iter().map(|p| (p.clone(), inside(&p))).collect())
}

fn walk(dir: &Path, top: bool, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let name = entry.file_name();
        if kind.is_dir() {
            let of_sources = ["src", "tests", "examples", "benches"].map(|d| name == d);
            if !top || of_sources.contains(&true) {
                walk(&path, false, found)?;
            }
        } else if kind.is_file() {
            let extension = path.extension().and_then(|e| e.to_str());
            if matches!(extension, Some("rs" | "md" | "toml")) {
                found.push(path);
            }
        }
    }
    Ok(())
}
