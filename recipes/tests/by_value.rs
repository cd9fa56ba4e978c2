//! A guard as the writer that a library owns, or as the argument that it takes by reference.

use std::io::{Read, Write};

use bytes::{BufMut, Bytes};
use corepool::buffer::{Buffer, BufferPool};
use serde::{Deserialize, Serialize};

static BUFFERS: BufferPool = BufferPool::new();

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Record {
    id: u32,
    name: String,
    tags: Vec<String>,
}

fn record() -> Record {
    Record { id: 7, name: "seven".repeat(200), tags: vec!["odd".into(), "prime".into()] }
}

#[test]
fn flate2() {
    let mut encoder = flate2::write::GzEncoder::new(BUFFERS.get(), flate2::Compression::fast());
    encoder.write_all(b"hello").unwrap();
    let compressed: Buffer<'static> = encoder.finish().unwrap();
    let mut plain = BUFFERS.get();
    flate2::read::GzDecoder::new(&compressed[..]).read_to_end(&mut plain).unwrap();
    assert_eq!(*plain, b"hello");
    let mut decoder = flate2::write::GzDecoder::new(BUFFERS.get());
    decoder.write_all(&compressed).unwrap();
    assert_eq!(*decoder.finish().unwrap(), b"hello");
}

#[test]
fn zstd() {
    let mut encoder = zstd::Encoder::new(BUFFERS.get(), 3).unwrap();
    encoder.write_all(b"hello").unwrap();
    let compressed: Buffer<'static> = encoder.finish().unwrap();
    let mut plain = BUFFERS.with_capacity(100);
    zstd::bulk::Decompressor::new()
        .unwrap()
        .decompress_to_buffer(&compressed, &mut *plain)
        .unwrap();
    assert_eq!(*plain, b"hello");
}

/// By value, as the transport of a protocol; by reference, to use the buffer afterwards.
#[test]
fn thrift() {
    use thrift::protocol::{
        TBinaryInputProtocol, TBinaryOutputProtocol, TCompactInputProtocol, TCompactOutputProtocol,
        TInputProtocol, TOutputProtocol,
    };
    let mut owner = TBinaryOutputProtocol::new(BUFFERS.get(), true);
    owner.write_string("owned").unwrap();
    drop(owner);
    let mut owner = TCompactOutputProtocol::new(BUFFERS.get());
    owner.write_string("owned").unwrap();
    drop(owner);
    let mut binary = BUFFERS.get();
    TBinaryOutputProtocol::new(&mut binary, true).write_string("hello").unwrap();
    assert_eq!(TBinaryInputProtocol::new(&binary[..], true).read_string().unwrap(), "hello");
    let mut compact = BUFFERS.get();
    TCompactOutputProtocol::new(&mut *compact).write_i64(-42).unwrap();
    let bytes = Bytes::from_owner(compact);
    assert_eq!(TCompactInputProtocol::new(&bytes[..]).read_i64().unwrap(), -42);
    // A server's factory requires that its boxes are `Send`.
    let _: Box<dyn thrift::transport::TWriteTransport + Send> = Box::new(BUFFERS.get());
}

#[test]
fn postcard() {
    let buffer: Buffer<'static> = postcard::to_extend(&record(), BUFFERS.get()).unwrap();
    assert_eq!(postcard::from_bytes::<Record>(&buffer).unwrap(), record());
    let buffer: Buffer<'static> = postcard::to_io(&record(), BUFFERS.get()).unwrap();
    assert_eq!(postcard::from_bytes::<Record>(&buffer).unwrap(), record());
}

#[test]
fn prost() {
    use prost::Message;
    let message: String = "hello".repeat(100);
    let mut buffer = BUFFERS.get();
    message.encode(&mut buffer).unwrap();
    message.encode_length_delimited(&mut *buffer).unwrap();
    let bytes: Bytes = buffer.into();
    assert_eq!(String::decode(bytes.slice(..message.encoded_len())).unwrap(), message);
    // By value, if the buffer is not needed afterwards.
    message.encode_raw_to(BUFFERS.get());
}

trait EncodeRawTo {
    fn encode_raw_to(&self, buffer: impl BufMut);
}

impl<T: prost::Message> EncodeRawTo for T {
    fn encode_raw_to(&self, mut buffer: impl BufMut) {
        self.encode(&mut buffer).unwrap();
    }
}

#[test]
fn serde_json() {
    let mut buffer = BUFFERS.get();
    serde_json::to_writer(&mut buffer, &record()).unwrap();
    serde_json::to_writer(BUFFERS.get(), &record()).unwrap();
    let bytes = buffer.freeze();
    assert_eq!(serde_json::from_slice::<Record>(&bytes).unwrap(), record());
    let mut serializer = serde_json::Serializer::new(BUFFERS.get());
    record().serialize(&mut serializer).unwrap();
    let buffer: Buffer<'static> = serializer.into_inner();
    assert_eq!(*buffer, bytes);
}

#[test]
fn simd_json() {
    let mut buffer = BUFFERS.get();
    simd_json::serde::to_writer(&mut buffer, &record()).unwrap();
    simd_json::serde::to_writer(BUFFERS.get(), &record()).unwrap();
    assert_eq!(simd_json::serde::from_slice::<Record>(&mut buffer).unwrap(), record());
    // The call writes into its input, so a failed call leaves garbage in the buffer, which is not
    // read.
    buffer.clear();
    buffer.extend(b"{\"id\":");
    assert!(simd_json::serde::from_slice::<Record>(&mut buffer).is_err());
    Buffer::discard(buffer);
}

#[test]
fn owners() {
    let mut buffer = BUFFERS.get();
    buffer.put_slice(b"hello");
    assert_eq!(Bytes::from_owner(buffer), "hello");
}

/// A body for hyper and similar libraries, and a frame for channels.
#[test]
fn sent_elsewhere() {
    let bytes: Bytes = BUFFERS.zeroed(10_000).into();
    let elsewhere = std::thread::spawn(move || bytes.len());
    assert_eq!(elsewhere.join().unwrap(), 10_000);
}
