//! Counts lines of code: those that are not blank, no comment, and not for tests.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// Files of a published crate, and the items in them that count. No items are all.
struct Original {
    package: &'static str,
    files: &'static [&'static str],
    items: &'static [&'static str],
}

/// What is in the files, and has no counterpart here.
const LEFT_OUT: [&str; 4] = [
    "#[cfg(test)]",
    "#[cfg(not(feature = \"std\"))]",
    "#[cfg(feature = \"serde\")]",
    "#[cfg(feature = \"indexmap\")]",
];

const LINEAR: Original = Original {
    package: "lockfree-object-pool",
    files: &[
        "src/linear_object_pool.rs",
        "src/linear_owned_reusable.rs",
        "src/linear_page.rs",
        "src/linear_reusable.rs",
        "src/page.rs",
    ],
    items: &[],
};

/// Each pool: its title, the original, and the files here.
const POOLS: [(&str, &[Original], &[&str]); 5] = [
    (
        "regex-automata",
        &[Original { package: "regex-automata", files: &["src/util/pool.rs"], items: &[] }],
        &["regex_automata.rs"],
    ),
    ("lockfree-object-pool, linear", &[LINEAR], &["lockfree_object_pool.rs"]),
    (
        "zopfli 0.8.1",
        &[
            LINEAR,
            Original {
                package: "zopfli",
                files: &["src/hash.rs", "src/lib.rs"],
                items: &["pub static HASH_POOL: Lazy", "pub fn prewarm_object_pools"],
            },
        ],
        &["zopfli.rs"],
    ),
    (
        "metrics-tracing-context",
        &[
            LINEAR,
            Original {
                package: "metrics-tracing-context",
                files: &["src/tracing_integration.rs"],
                items: &[
                    "pub(crate) type Map",
                    "fn get_pool",
                    "pub struct Labels",
                    "impl Default for Labels",
                    "impl Visit for Labels",
                    "impl AsRef<Map> for Labels",
                ],
            },
        ],
        &["metrics_tracing_context.rs"],
    ),
    (
        "poolshark",
        &[Original {
            package: "poolshark",
            files: &["src/lib.rs", "src/pooled.rs", "src/local/mod.rs", "src/global/mod.rs"],
            items: &[],
        }],
        &["poolshark/mod.rs", "poolshark/local.rs", "poolshark/global.rs", "poolshark/registry.rs"],
    ),
];

/// Prints a table of the lines.
pub fn print() {
    let metadata = metadata();
    println!("| pool | lines of theirs | lines here |\n|---|--:|--:|");
    for (title, originals, files) in POOLS {
        let theirs: usize = originals.iter().map(|original| original.count(&metadata)).sum();
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("swaps");
        let ours: usize = files.iter().map(|file| count(&read(&here.join(file)))).sum();
        println!("| {title} | {theirs} | {ours} |");
    }
    println!();
}

/// Returns what cargo knows of the packages, among it where their sources are.
fn metadata() -> Value {
    let rustc = output("RUSTC", "rustc", &["-vV"]);
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let arguments = ["metadata", "--format-version=1", "--locked", "--filter-platform", host];
    let metadata =
        output("CARGO", "cargo", &[&arguments[..], &["--manifest-path", manifest]].concat());
    serde_json::from_str(&metadata).expect("cargo writes JSON")
}

fn output(variable: &str, program: &str, arguments: &[&str]) -> String {
    let program = std::env::var_os(variable).unwrap_or_else(|| program.into());
    let output = Command::new(program).args(arguments).output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

impl Original {
    fn folder(&self, metadata: &Value) -> PathBuf {
        let packages = metadata["packages"].as_array().expect("a list of packages");
        let package = packages.iter().find(|package| package["name"] == self.package);
        let manifest = package.expect("a dependency")["manifest_path"].as_str().expect("a path");
        Path::new(manifest).parent().expect("a folder").to_owned()
    }

    fn count(&self, metadata: &Value) -> usize {
        let folder = self.folder(metadata);
        let texts: Vec<_> = self.files.iter().map(|file| read(&folder.join(file))).collect();
        if self.items.is_empty() {
            return texts.iter().map(|text| count(text)).sum();
        }
        let item = |start: &&str| {
            let text = texts.iter().find(|text| text.contains(*start)).expect("a file has it");
            let at = text.find(*start).expect("the text has it");
            count(&text[at..end_of_item(text, at)])
        };
        self.items.iter().map(item).sum()
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn count(text: &str) -> usize {
    let mut text = text.to_owned();
    for attribute in LEFT_OUT {
        while let Some(at) = text.find(attribute) {
            let end = end_of_item(&text, at + attribute.len());
            text.replace_range(at..end, "");
        }
    }
    let mut in_comment = false;
    let counts = |line: &&str| {
        let line = line.trim();
        let starts = line.starts_with("/*");
        let comment = in_comment || starts || line.starts_with("//");
        in_comment = (in_comment || starts) && !line.contains("*/");
        !line.is_empty() && !comment
    };
    text.lines().filter(counts).count()
}

/// Returns where an item ends: after its block, or after its semicolon.
fn end_of_item(text: &str, start: usize) -> usize {
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate().skip(start) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(byte, b'}' | b';') {
            return at + 1;
        }
    }
    text.len()
}

#[test]
fn only_code_is_counted() {
    let text = "//! head\n/* a\n b */\n\nfn a() {\n    b(); // says\n}\n#[cfg(test)]\nmod t { fn x() {} }\n";
    assert_eq!(count(text), 3);
}
