//! The echo service: the generated processor and client over the transports of an arm.

use std::io;
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use thrift::TransportErrorKind;
use thrift::protocol::{
    TCompactInputProtocol, TCompactOutputProtocol, TOutputProtocol, TSerializable,
};
use thrift::server::TProcessor;

use crate::arms::Arm;
use crate::count::Allocs;
use crate::echo::{EchoSyncClient, EchoSyncHandler, EchoSyncProcessor, Record, Span};
use crate::fail::{Failure, Result};
use crate::wire::{FrameReader, FrameWriter};

type Input<A> = TCompactInputProtocol<FrameReader<A, TcpStream>>;
type Output<A> = TCompactOutputProtocol<FrameWriter<A, TcpStream>>;

pub type Client<A> = EchoSyncClient<Input<A>, Output<A>>;

/// A service counts as stuck if it does not answer within this time.
const PATIENCE: Duration = Duration::from_secs(60);

struct Handler;

impl EchoSyncHandler for Handler {
    fn handle_echo(&self, record: Record) -> thrift::Result<Record> {
        Ok(record)
    }
}

/// The allocations of a server's threads, and the number of messages that they have answered.
#[derive(Default)]
pub struct Tally {
    messages: AtomicU64,
    buffers: AtomicU64,
    all: AtomicU64,
}

impl Tally {
    pub fn add(&self, allocs: Allocs) {
        self.buffers.fetch_add(allocs.buffers, Ordering::Relaxed);
        self.all.fetch_add(allocs.all, Ordering::Relaxed);
        self.messages.fetch_add(1, Ordering::Release);
    }

    /// Returns the allocations for the first `messages` messages, after the last of them has been
    /// counted: a client can have its answer while the server is still releasing the buffer of that
    /// answer.
    pub fn after(&self, messages: u64) -> Allocs {
        while self.messages.load(Ordering::Acquire) < messages {
            thread::yield_now();
        }
        Allocs {
            buffers: self.buffers.load(Ordering::Relaxed),
            all: self.all.load(Ordering::Relaxed),
        }
    }
}

/// Answers one connection until the client closes it.
pub fn serve<A: Arm>(stream: TcpStream, tally: &Tally) -> thrift::Result<()> {
    let (mut input, mut output) = protocols::<A>(stream)?;
    let processor = EchoSyncProcessor::new(Handler);
    loop {
        let before = Allocs::now();
        match processor.process(&mut input, &mut output) {
            Ok(()) => tally.add(Allocs::now() - before),
            Err(thrift::Error::Transport(e)) if e.kind == TransportErrorKind::EndOfFile => {
                return Ok(());
            }
            Err(e) => return Err(e),
        }
    }
}

pub fn client<A: Arm>(stream: TcpStream) -> thrift::Result<Client<A>> {
    set_up_client(&stream)?;
    let (input, output) = protocols(stream)?;
    Ok(EchoSyncClient::new(input, output))
}

/// Sets the options that a client needs on its connection, whichever compiler made its code.
pub fn set_up_client(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))
}

fn protocols<A: Arm>(stream: TcpStream) -> io::Result<(Input<A>, Output<A>)> {
    stream.set_nodelay(true)?;
    let input = FrameReader::new(stream.try_clone()?);
    let output = FrameWriter::new(stream);
    Ok((TCompactInputProtocol::new(input), TCompactOutputProtocol::new(output)))
}

/// The record alone, without a message around it.
pub fn encode(record: &Record) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    record
        .write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut bytes))
        .map_err(|e| Failure::run(format!("cannot encode {}: {e}", name(record))))?;
    Ok(bytes)
}

/// Sends the record as one frame.
pub fn write(record: &Record, out: impl io::Write) -> thrift::Result<()> {
    let mut out = TCompactOutputProtocol::new(out);
    record.write_to_out_protocol(&mut out)?;
    out.flush()
}

/// Reads a record that is alone in its frame.
pub fn read(input: impl io::Read) -> thrift::Result<Record> {
    Record::read_from_in_protocol(&mut TCompactInputProtocol::new(input))
}

pub fn name(record: &Record) -> String {
    let Span { piece, pieces, .. } = record.span;
    format!("{:?} (piece {piece} of {pieces})", record.path)
}
