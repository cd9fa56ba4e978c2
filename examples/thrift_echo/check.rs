//! The checks of a run: every byte must come back unchanged, and the transports must send the same
//! bytes as another implementation.

use std::net::{TcpListener, TcpStream};
use std::thread;

use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TCompactInputProtocol, TCompactOutputProtocol,
    TInputProtocol, TOutputProtocol,
};
use thrift::transport::{TFramedReadTransport, TFramedWriteTransport, TIoChannel, TTcpChannel};

use crate::arms::Arm;
use crate::echo::{EchoSyncClient, Record, TEchoSyncClient};
use crate::fail::{Failure, Result};
use crate::payload::Payload;
use crate::service::{self, Tally};
use crate::stack::{Protocol, Stack};
use crate::wire::FrameWriter;

/// Reports the first difference between the record that was sent and the one that came back.
pub fn compare(sent: &Record, got: &Record) -> std::result::Result<(), String> {
    if sent == got {
        return Ok(());
    }
    let what = if sent.raw != got.raw {
        differing_byte(&sent.raw, &got.raw)
    } else if let Some((a, b)) = sent.lines.iter().zip(&got.lines).find(|(a, b)| a != b) {
        format!("line: sent {a:?}, got {b:?}")
    } else if let Some((a, b)) = sent.words.iter().zip(&got.words).find(|(a, b)| a != b) {
        format!("word count: sent {a:?}, got {b:?}")
    } else if (sent.lines.len(), sent.words.len()) != (got.lines.len(), got.words.len()) {
        let lines = (sent.lines.len(), got.lines.len());
        let words = (sent.words.len(), got.words.len());
        format!("lines (sent, got): {lines:?}, distinct words (sent, got): {words:?}")
    } else {
        let head = |r: &Record| format!("{:?} {} {:?}", r.path, r.file_size, r.span);
        format!("sent {}, got {}", head(sent), head(got))
    };
    Err(format!("{} came back different: {what}", service::name(sent)))
}

fn differing_byte(sent: &[u8], got: &[u8]) -> String {
    match sent.iter().zip(got).position(|(a, b)| a != b) {
        Some(at) => format!("byte {at}: sent {:#04x}, got {:#04x}", sent[at], got[at]),
        None => format!("sent {} bytes, got {}", sent.len(), got.len()),
    }
}

/// Sends every record from a client with the transports of the `thrift` crate to a server of the
/// stack, and compares the answers.
pub fn stock_client<S: Stack>(listener: &TcpListener, payload: &Payload) -> Result<()> {
    let (ours, theirs) = connect(listener)?;
    let server = thread::spawn(move || S::serve(theirs, &Tally::default()));
    let talk = talk(ours, S::PROTOCOL, payload);
    let served = server.join();
    // The server's error comes first: if the server fails, its client fails too.
    match served {
        Ok(Ok(())) => talk,
        Ok(Err(e)) => Err(Failure::run(format!("the server failed: {e:?}"))),
        Err(_) => Err(Failure::run("the server panicked")),
    }
}

fn talk(stream: TcpStream, protocol: Protocol, payload: &Payload) -> Result<()> {
    let failed = |e: thrift::Error| Failure::run(format!("the stock client failed: {e}"));
    let (input, output) = TTcpChannel::with_stream(stream).split().map_err(failed)?;
    let (input, output) = (TFramedReadTransport::new(input), TFramedWriteTransport::new(output));
    let (input, output): (Box<dyn TInputProtocol>, Box<dyn TOutputProtocol>) = match protocol {
        Protocol::Binary => (
            Box::new(TBinaryInputProtocol::new(input, true)),
            Box::new(TBinaryOutputProtocol::new(output, true)),
        ),
        Protocol::Compact => (
            Box::new(TCompactInputProtocol::new(input)),
            Box::new(TCompactOutputProtocol::new(output)),
        ),
    };
    let mut client = EchoSyncClient::new(input, output);
    for record in &payload.records {
        let reply = client.echo(record.clone()).map_err(failed)?;
        compare(record, &reply).map_err(Failure::Run)?;
        let (sent, got) = (service::encode(record)?, service::encode(&reply)?);
        if sent != got {
            let what = differing_byte(&sent, &got);
            let name = service::name(record);
            return Err(Failure::run(format!("{name} encodes differently: {what}")));
        }
    }
    Ok(())
}

/// Compares the frames that the transports of the `thrift` crate and of the arm send.
pub fn same_frames<A: Arm>(payload: &Payload) -> Result<()> {
    payload.records.iter().try_for_each(same_frame::<A>)
}

fn same_frame<A: Arm>(record: &Record) -> Result<()> {
    let failed = |e: thrift::Error| Failure::run(format!("cannot encode a frame: {e}"));
    let (mut ours, mut stock) = (Vec::new(), Vec::new());
    service::write(record, FrameWriter::<A, _>::new(&mut ours)).map_err(failed)?;
    service::write(record, TFramedWriteTransport::new(&mut stock)).map_err(failed)?;
    if ours == stock {
        return Ok(());
    }
    Err(Failure::run(format!(
        "the frame of {} is not that of the stock transport: {}",
        service::name(record),
        differing_byte(&stock, &ours)
    )))
}

/// Returns both ends of a new connection: the client's and the server's.
pub fn connect(listener: &TcpListener) -> Result<(TcpStream, TcpStream)> {
    let failed = |e| Failure::run(format!("cannot connect to the service: {e}"));
    let client = TcpStream::connect(listener.local_addr().map_err(failed)?).map_err(failed)?;
    let address = client.local_addr().map_err(failed)?;
    loop {
        let (server, peer) = listener.accept().map_err(failed)?;
        // Any process on this machine can connect; only this program's client is served.
        if peer == address {
            return Ok((client, server));
        }
    }
}
