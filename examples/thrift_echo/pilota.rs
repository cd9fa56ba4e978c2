//! The arm of pilota: a frame is received in a buffer of the pool and frozen, and the strings and bytes
//! of the record are slices of it. The buffer is back when the record has gone.
//!
//! The protocol is the binary one: of pilota 0.13.1 the compact one does not decode a struct in a struct.
//!
//! `pilota_echo.rs` comes from `pilota_build::Builder::thrift()`, which is published as pilota is.

use std::io::{self, Write};
use std::net::TcpStream;

use bytes::{Bytes, BytesMut};
use corepool::buffer::BufferStats;
use corepool::{Pool, Pooled};
use pilota::FastStr;
use pilota::thrift::binary::TBinaryProtocol;
use pilota::thrift::{
    Message, TInputProtocol, TMessageIdentifier, TMessageType, TOutputProtocol, ThriftException,
};

use crate::arms::{self, Arm, Corepool};
use crate::count::{self, Allocs};
use crate::echo;
use crate::service::{self, Tally};
use crate::stack::{Protocol, Stack};
use crate::wire::{self, HEADER};

#[allow(warnings, clippy::all, clippy::undocumented_unsafe_blocks)]
#[rustfmt::skip]
#[path = "pilota_echo.rs"]
mod generated;

use generated::r#gen::echo::{
    EchoEchoArgsRecv, EchoEchoArgsSend, EchoEchoResultRecv, EchoEchoResultSend, Line, Record, Span,
};

/// What it is called in messages.
const METHOD: &str = "echo";

/// What pilota writes to: its protocols know no other buffers.
static OUTPUT: Pool<BytesMut> =
    <Pool<BytesMut>>::new(|| BytesMut::with_capacity(arms::kept_capacity())).with_recycle(
        |frame| {
            frame.clear();
            true
        },
    );

pub struct Pilota;

pub struct Client {
    stream: TcpStream,
    calls: i32,
}

impl Stack for Pilota {
    const NAME: &'static str = "pilota";

    const PROTOCOL: Protocol = Protocol::Binary;

    type Record = Record;

    type Client = Client;

    fn own(record: &echo::Record) -> Record {
        let echo::Span { offset, piece, pieces } = record.span;
        let line = |line: &echo::Line| Line { number: line.number, text: line.text.clone().into() };
        Record {
            path: record.path.clone().into(),
            file_size: record.file_size,
            span: Span { offset, piece, pieces },
            lines: record.lines.iter().map(line).collect(),
            words: record.words.iter().map(|(word, &n)| (word.clone().into(), n)).collect(),
            raw: record.raw.clone().into(),
        }
    }

    fn common(record: &Record) -> echo::Record {
        let Span { offset, piece, pieces } = record.span;
        let line = |line: &Line| echo::Line { number: line.number, text: line.text.to_string() };
        echo::Record {
            path: record.path.to_string(),
            file_size: record.file_size,
            span: echo::Span { offset, piece, pieces },
            lines: record.lines.iter().map(line).collect(),
            words: record.words.iter().map(|(word, &n)| (word.to_string(), n)).collect(),
            raw: record.raw.to_vec(),
        }
    }

    fn client(stream: TcpStream) -> thrift::Result<Client> {
        service::set_up_client(&stream)?;
        Ok(Client { stream, calls: 0 })
    }

    fn echo(client: &mut Client, record: Record) -> thrift::Result<Record> {
        client.calls += 1;
        let call = EchoEchoArgsSend { record };
        send(&mut client.stream, TMessageType::Call, client.calls, &call)?;
        let frame = receive(&mut client.stream)?;
        let (number, reply) = open(frame, TMessageType::Reply)?;
        if number != client.calls {
            return Err(invalid(format!("the answer to call {number}")).into());
        }
        let EchoEchoResultRecv::Ok(record) = reply;
        Ok(record)
    }

    fn serve(mut stream: TcpStream, tally: &Tally) -> thrift::Result<()> {
        stream.set_nodelay(true)?;
        loop {
            let before = Allocs::now();
            let frame = match receive(&mut stream) {
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                frame => frame?,
            };
            let (number, EchoEchoArgsRecv { record }) = open(frame, TMessageType::Call)?;
            let reply = EchoEchoResultSend::Ok(record);
            send(&mut stream, TMessageType::Reply, number, &reply)?;
            drop(reply);
            tally.add(Allocs::now() - before);
        }
    }

    fn through_memory(record: &Record, wire: &mut Vec<u8>) -> thrift::Result<Record> {
        wire.clear();
        wire.write_all(&frame(|output| record.encode(output))?)?;
        let mut frame = receive(&mut &wire[..])?;
        Ok(Record::decode(&mut TBinaryProtocol::new(&mut frame, true)).map_err(failed)?)
    }

    fn prepare(buffers: usize) {
        Corepool::prepare(buffers);
        OUTPUT.reserve(buffers);
    }

    fn stats() -> Option<BufferStats> {
        Corepool::stats()
    }
}

/// A frame with what is encoded, as long as it says.
fn frame(
    encode: impl FnOnce(&mut TBinaryProtocol<&mut BytesMut>) -> Result<(), ThriftException>,
) -> io::Result<Pooled<'static, BytesMut>> {
    let mut frame = count::buffer(|| OUTPUT.get());
    // The place of the length, which is not known yet.
    frame.extend_from_slice(&[0; HEADER]);
    encode(&mut TBinaryProtocol::new(&mut *frame, false)).map_err(failed)?;
    wire::seal(&mut frame)?;
    Ok(frame)
}

fn send(
    stream: &mut impl Write,
    kind: TMessageType,
    number: i32,
    message: &impl Message,
) -> io::Result<()> {
    let frame = frame(|output| {
        output.write_message_begin(&TMessageIdentifier::new(
            FastStr::from_static_str(METHOD),
            kind,
            number,
        ))?;
        message.encode(output)?;
        output.write_message_end()
    })?;
    stream.write_all(&frame)
}

/// Reads one frame, as [`wire::receive`].
fn receive(stream: &mut impl io::Read) -> io::Result<Bytes> {
    let frame = wire::receive::<Corepool>(stream)?;
    Ok(count::buffer(|| frame.freeze()))
}

/// The number and the content of a message of this kind.
fn open<M: Message>(mut frame: Bytes, kind: TMessageType) -> io::Result<(i32, M)> {
    let mut input = TBinaryProtocol::new(&mut frame, true);
    let head = input.read_message_begin().map_err(failed)?;
    if head.message_type != kind || head.name != METHOD {
        return Err(invalid(format!("a message {head:?}")));
    }
    let message = M::decode(&mut input).map_err(failed)?;
    input.read_message_end().map_err(failed)?;
    Ok((head.sequence_number, message))
}

fn failed(e: ThriftException) -> io::Error {
    io::Error::other(e.to_string())
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what} was not expected"))
}
