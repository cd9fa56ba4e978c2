//! Thrift messages in pooled buffers. The example `thrift_echo` of the root is a whole service.
//!
//! ```console
//! $ cargo run --release --example thrift [-- --quick]
//! ```

use std::hint::black_box;

use bytes::Bytes;
use corepool::buffer::BufferPool;
use corepool_recipes::{Effort, Table};
use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TFieldIdentifier, TInputProtocol, TListIdentifier,
    TOutputProtocol, TStructIdentifier, TType,
};

static BUFFERS: BufferPool = BufferPool::new();

/// Writes a record of one field, as the code of Thrift's compiler does.
fn write(lines: &[String], output: &mut impl TOutputProtocol) -> thrift::Result<()> {
    output.write_struct_begin(&TStructIdentifier::new("Record"))?;
    output.write_field_begin(&TFieldIdentifier::new("lines", TType::List, 1))?;
    output.write_list_begin(&TListIdentifier::new(TType::String, lines.len() as i32))?;
    lines.iter().try_for_each(|line| output.write_string(line))?;
    output.write_list_end()?;
    output.write_field_end()?;
    output.write_field_stop()?;
    output.write_struct_end()
}

fn pooled(lines: &[String]) -> thrift::Result<Bytes> {
    let mut message = BUFFERS.get(); // its capacity is learnt
    write(lines, &mut TBinaryOutputProtocol::new(&mut *message, true))?;
    Ok(message.freeze())
}

fn fresh(lines: &[String]) -> thrift::Result<Bytes> {
    let mut message = Vec::new();
    write(lines, &mut TBinaryOutputProtocol::new(&mut message, true))?;
    Ok(message.into())
}

fn main() -> thrift::Result<()> {
    let lines: Vec<String> = (0..100).map(|line| format!("the text of line {line}")).collect();
    assert_eq!(pooled(&lines)?, fresh(&lines)?);
    let message = pooled(&lines)?;
    let mut input = TBinaryInputProtocol::new(&message[..], true);
    input.read_struct_begin()?;
    assert_eq!(input.read_field_begin()?.id, Some(1));
    assert_eq!(input.read_list_begin()?.size, 100);
    assert_eq!(input.read_string()?, lines[0]);
    Table::new("a Thrift message of 2.4 KB")
        .way("fresh", || drop(black_box(fresh(black_box(&lines)))))
        .way("corepool", || drop(black_box(pooled(black_box(&lines)))))
        .print(Effort::from_args());
    Ok(())
}
