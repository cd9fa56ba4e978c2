//! Aligned buffers for direct I/O (`O_DIRECT`): a pool of blocks whose address and length are multiples
//! of 4 KiB.
//!
//! A `BufferPool` cannot lend these. Its buffers are `Vec<u8>`s, and a `Vec<u8>` is freed with the
//! alignment 1 whatever it was allocated with. So a block is a type of its own here, and a plain `Pool`
//! keeps it. A block owns its memory, and does not grow.
//!
//! The recipe writes a file and reads it back. On Linux it opens the file with `O_DIRECT`; where the
//! file system refuses that, as `tmpfs` may, or on other systems, it says so and goes on without.
//!
//! ```console
//! $ cargo run --release --example direct_io [-- --quick]
//! ```

#![allow(unsafe_code, reason = "memory of a chosen alignment")]

use std::{
    alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error},
    fs::{File, OpenOptions},
    io::{self, Read, Seek, Write},
    ops::{Deref, DerefMut},
    path::Path,
    ptr::NonNull,
};

use corepool::{Pool, Pooled};
use corepool_recipes::{Effort, Table};

/// The alignment of memory, length and offset that every file system accepts.
const ALIGN: usize = 4096;

/// The bytes of a block.
const LEN: usize = 64 << 10;

const LAYOUT: Layout = match Layout::from_size_align(LEN, ALIGN) {
    Ok(layout) => layout,
    Err(_) => panic!("the size is a multiple of the alignment"),
};

/// `LEN` bytes at an address that is a multiple of `ALIGN`.
pub struct Block(NonNull<u8>);

// SAFETY: a block owns its memory.
unsafe impl Send for Block {}
// SAFETY: as above.
unsafe impl Sync for Block {}

impl Block {
    /// Returns a block of zeros.
    pub fn new() -> Self {
        // SAFETY: the layout's size is not zero.
        let memory = unsafe { alloc_zeroed(LAYOUT) };
        Self(NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(LAYOUT)))
    }
}

impl Default for Block {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Block {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the memory is ours, and initialised.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr(), LEN) }
    }
}

impl DerefMut for Block {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_ptr(), LEN) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated by `new` with this layout, and freed once.
        unsafe { dealloc(self.0.as_ptr(), LAYOUT) };
    }
}

/// At most 16 MiB of idle blocks. A block comes back with the bytes of its last use, so users fill it
/// before they read it.
static BLOCKS: Pool<Block> = <Pool<Block>>::new(Block::new).with_max_idle((16 << 20) / LEN);

/// Copies `data` to `file` in whole blocks, the last one filled up with zeros. Returns how many bytes
/// were written.
pub fn write_blocks(file: &mut File, data: &[u8]) -> io::Result<usize> {
    let mut block: Pooled<'_, Block> = BLOCKS.get();
    for part in data.chunks(LEN) {
        block[..part.len()].copy_from_slice(part);
        let whole = part.len().next_multiple_of(ALIGN);
        block[part.len()..whole].fill(0);
        file.write_all(&block[..whole])?;
    }
    Ok(data.len().next_multiple_of(ALIGN))
}

/// Calls `f` with the bytes of `file`, block by block.
pub fn read_blocks(file: &mut File, mut f: impl FnMut(&[u8])) -> io::Result<()> {
    let mut block = BLOCKS.get();
    loop {
        // With `O_DIRECT` a read must ask for whole blocks, and is short at the end of the file only.
        match file.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(len) => f(&block[..len]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Creates a file that bypasses the page cache, or an ordinary one where that is refused. Returns the
/// reason then.
pub fn create_direct(path: &Path) -> io::Result<(File, Option<String>)> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true);
    let refusal = match direct(&options).map(|direct| direct.open(path)) {
        Some(Ok(file)) => return Ok((file, None)),
        // Only this error says that the file system has no direct I/O.
        Some(Err(error)) if error.kind() != io::ErrorKind::InvalidInput => return Err(error),
        Some(Err(error)) => format!("the file system refuses O_DIRECT: {error}"),
        None => String::from("this system has no O_DIRECT"),
    };
    Ok((options.open(path)?, Some(refusal)))
}

/// Returns the options with `O_DIRECT`, where there is such a flag.
#[cfg(target_os = "linux")]
fn direct(options: &OpenOptions) -> Option<OpenOptions> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = options.clone();
    options.custom_flags(libc::O_DIRECT);
    Some(options)
}

#[cfg(not(target_os = "linux"))]
fn direct(_: &OpenOptions) -> Option<OpenOptions> {
    None
}

/// A file that is removed at the end.
struct Temporary(std::path::PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may be in use on some systems; then the system's own clean-up removes it.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn main() {
    let effort = Effort::from_args();
    let name = format!("corepool-direct-io-{}", std::process::id());
    // In the present directory: the one for temporary files is often in memory.
    let path = Temporary(std::env::current_dir().unwrap().join(name));
    let (mut file, refusal) = create_direct(&path.0).expect("a file in the present directory");
    match &refusal {
        None => println!("the file is open with O_DIRECT"),
        Some(reason) => println!("without direct I/O, {reason}"),
    }
    let data: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
    let written = write_blocks(&mut file, &data).unwrap();
    file.rewind().unwrap();
    let mut read = Vec::new();
    read_blocks(&mut file, |bytes| read.extend_from_slice(bytes)).unwrap();
    assert_eq!((read.len(), &read[..data.len()]), (written, &data[..]));
    assert!(read[data.len()..].iter().all(|&byte| byte == 0));
    // One block served both.
    assert_eq!((BLOCKS.stats().created, BLOCKS.get().as_ptr().addr() % ALIGN), (1, 0));

    let part = &data[..LEN];
    let mut write_with = |block: &mut Block| {
        block.copy_from_slice(part);
        file.rewind().unwrap();
        file.write_all(block).unwrap();
    };
    // Both ways use the file.
    let write_with = std::cell::RefCell::new(&mut write_with);
    Table::new("a block of 64 KiB, written")
        .way("fresh", || (write_with.borrow_mut())(&mut Block::new()))
        .way("corepool", || (write_with.borrow_mut())(&mut BLOCKS.get()))
        .print(effort);
}
