//! A buffer used as a writer, a `BufMut` and a collection has the same bytes as a `Vec`.

use std::borrow::{Borrow, BorrowMut};
use std::io::{IoSlice, Write};
use std::panic::{RefUnwindSafe, UnwindSafe};

use bytes::{Buf, BufMut};
use corepool::buffer::{Buffer, BufferPool, BufferStats};

use crate::util::alone;

const fn sent_and_shared<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}

const _: () = {
    sent_and_shared::<BufferPool>();
    sent_and_shared::<BufferStats>();
    sent_and_shared::<Buffer<'_>>();
    assert!(size_of::<Buffer<'_>>() <= 40);
    assert!(size_of::<BufferPool>() <= 8 << 10);
    assert!(size_of::<Option<Buffer<'_>>>() == size_of::<Buffer<'_>>());
};

/// Writes through every interface. Returns the bytes that a `Vec` received.
fn write(
    mut to: impl Write + BufMut + Extend<u8> + for<'a> Extend<&'a u8> + AsRef<[u8]>,
) -> Vec<u8> {
    to.write_all(b"all ").unwrap();
    assert_eq!(to.write(b"some ").unwrap(), 5);
    let slices = [IoSlice::new(b"in "), IoSlice::new(b"pieces ")];
    assert_eq!(to.write_vectored(&slices).unwrap(), 10);
    write!(to, "{} ", 42).unwrap();
    to.flush().unwrap();
    to.put_slice(b"slice ");
    to.put_u32_le(0x2021_2223);
    to.put_bytes(b'x', 300);
    to.put((&b"chained"[..]).chain(&b" buf"[..]));
    to.extend([1_u8, 2, 3]);
    to.extend(&[4_u8, 5]);
    let spare = to.chunk_mut();
    spare[..2].copy_from_slice(b"ab");
    // SAFETY: two bytes were written.
    unsafe { to.advance_mut(2) };
    assert_eq!(to.remaining_mut(), isize::MAX as usize - to.as_ref().len());
    to.as_ref().to_vec()
}

#[test]
fn a_buffer_writes_as_a_vec_does() {
    let _alone = alone();
    let pool = BufferPool::new();
    assert_eq!(write(pool.get()), write(Vec::new()));
    assert_eq!(pool.stats().idle, 1);
}

#[test]
fn a_buffer_borrows_as_a_vec_does() {
    let _alone = alone();
    let pool = BufferPool::new();
    let mut buffer = pool.get();
    let vec: &mut Vec<u8> = &mut buffer;
    vec.extend_from_slice(b"vec");
    buffer.as_mut()[0] = b'V';
    BorrowMut::<[u8]>::borrow_mut(&mut buffer)[1] = b'E';
    assert_eq!(Borrow::<[u8]>::borrow(&buffer), b"VEc");
    assert_eq!(format!("{buffer:?}"), format!("{:?}", b"VEc"));
    assert!(format!("{pool:?}").contains("max_capacity: 1048576"));
}
