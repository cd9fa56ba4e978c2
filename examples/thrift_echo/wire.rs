//! Thrift's framed transport, which holds the bytes of a message in the buffer of an arm.
//!
//! On the wire a frame is its length, four bytes, big-endian, and then the message. A transport
//! holds a buffer only while it has a message in it: from the first byte written until the frame
//! is sent, and from the frame's arrival until its last byte is read.

use std::io::{self, Read, Write};

use crate::arms::Arm;
use crate::count;

/// The default frame limit of other implementations of Thrift.
const FRAME_LIMIT: usize = 16_384_000;

pub const HEADER: usize = 4;

pub struct FrameWriter<A: Arm, W> {
    frame: Option<A::Buf>,
    stream: W,
}

impl<A: Arm, W: Write> FrameWriter<A, W> {
    pub fn new(stream: W) -> FrameWriter<A, W> {
        FrameWriter { frame: None, stream }
    }

    fn send(&mut self, frame: &mut [u8]) -> io::Result<()> {
        seal(frame)?;
        self.stream.write_all(frame)?;
        self.stream.flush()
    }
}

impl<A: Arm, W: Write> Write for FrameWriter<A, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let frame = self.frame.get_or_insert_with(|| {
            let mut frame = count::buffer(|| A::get(0));
            // Room for the length, which is not known yet.
            frame.extend_from_slice(&[0; HEADER]);
            frame
        });
        if frame.capacity() - frame.len() < bytes.len() {
            count::buffer(|| frame.reserve(bytes.len()));
        }
        frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let Some(mut frame) = self.frame.take() else {
            return Ok(());
        };
        let sent = self.send(&mut frame);
        count::buffer(|| drop(frame));
        sent
    }
}

pub struct FrameReader<A: Arm, R> {
    frame: Option<A::Buf>,
    read: usize,
    stream: R,
}

impl<A: Arm, R: Read> FrameReader<A, R> {
    pub fn new(stream: R) -> FrameReader<A, R> {
        FrameReader { frame: None, read: 0, stream }
    }
}

impl<A: Arm, R: Read> Read for FrameReader<A, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let frame = match &mut self.frame {
            Some(frame) => frame,
            none => none.insert(receive::<A>(&mut self.stream)?),
        };
        let n = (&frame[self.read..]).read(bytes)?;
        self.read += n;
        if self.read == frame.len() {
            self.read = 0;
            count::buffer(|| self.frame = None);
        }
        Ok(n)
    }
}

/// Writes the length of a frame in its place.
pub fn seal(frame: &mut [u8]) -> io::Result<()> {
    let len = frame.len() - HEADER;
    if len > FRAME_LIMIT {
        return Err(invalid(format!("a frame of {len} bytes is too long")));
    }
    frame[..HEADER].copy_from_slice(&(len as u32).to_be_bytes());
    Ok(())
}

/// Reads one frame. A connection that ends between two frames is an `UnexpectedEof`.
pub fn receive<A: Arm>(stream: &mut impl Read) -> io::Result<A::Buf> {
    let mut header = [0; HEADER];
    stream.read_exact(&mut header)?;
    let len = u32::from_be_bytes(header) as usize;
    if len == 0 || len > FRAME_LIMIT {
        return Err(invalid(format!("a frame cannot have {len} bytes")));
    }
    let mut frame = count::buffer(|| {
        let mut frame = A::get(len);
        frame.resize(len, 0);
        frame
    });
    match stream.read_exact(&mut frame) {
        Ok(()) => Ok(frame),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            Err(invalid("the connection ended inside a frame".to_string()))
        }
        Err(e) => Err(e),
    }
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}
