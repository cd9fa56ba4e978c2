//! A stack sends a record to the service and back: the code of one compiler, with the buffers of
//! one arm.

use std::{marker::PhantomData, net::TcpStream};

use corepool::buffer::BufferStats;

use crate::arms::Arm;
use crate::echo::{Record, TEchoSyncClient};
use crate::service::{self, Tally};
use crate::wire::{FrameReader, FrameWriter};

/// How messages are encoded.
pub enum Protocol {
    Binary,
    Compact,
}

pub trait Stack: 'static {
    const NAME: &'static str;

    const PROTOCOL: Protocol;

    /// The record type of the generated code.
    type Record;

    type Client;

    fn own(record: &Record) -> Self::Record;

    fn common(record: &Self::Record) -> Record;

    fn client(stream: TcpStream) -> thrift::Result<Self::Client>;

    fn echo(client: &mut Self::Client, record: Self::Record) -> thrift::Result<Self::Record>;

    /// Answers one connection until the client closes it.
    fn serve(stream: TcpStream, tally: &Tally) -> thrift::Result<()>;

    /// Encodes and decodes one record, with `wire` in place of the socket.
    fn through_memory(record: &Self::Record, wire: &mut Vec<u8>) -> thrift::Result<Self::Record>;

    /// Called once, before any message, with the number of buffers that can be in use at the same
    /// time.
    fn prepare(buffers: usize);

    fn stats() -> Option<BufferStats>;
}

/// The code that the Thrift compiler generated. It reads from and writes to the transports of an
/// arm.
pub struct Apache<A>(PhantomData<A>);

impl<A: Arm> Stack for Apache<A> {
    const NAME: &'static str = A::NAME;

    const PROTOCOL: Protocol = Protocol::Compact;

    type Record = Record;

    type Client = service::Client<A>;

    fn own(record: &Record) -> Record {
        record.clone()
    }

    fn common(record: &Record) -> Record {
        record.clone()
    }

    fn client(stream: TcpStream) -> thrift::Result<Self::Client> {
        service::client(stream)
    }

    fn echo(client: &mut Self::Client, record: Record) -> thrift::Result<Record> {
        client.echo(record)
    }

    fn serve(stream: TcpStream, tally: &Tally) -> thrift::Result<()> {
        service::serve::<A>(stream, tally)
    }

    fn through_memory(record: &Record, wire: &mut Vec<u8>) -> thrift::Result<Record> {
        wire.clear();
        service::write(record, FrameWriter::<A, _>::new(&mut *wire))?;
        service::read(FrameReader::<A, _>::new(&wire[..]))
    }

    fn prepare(buffers: usize) {
        A::prepare(buffers);
    }

    fn stats() -> Option<BufferStats> {
        A::stats()
    }
}
