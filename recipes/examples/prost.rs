//! Decoded messages of prost: `clear` and `merge` reuse the memory of strings and lists, but not
//! that of nested messages, which are dropped when a list of them is cleared.
//!
//! ```console
//! $ cargo run --release --example prost [-- --quick]
//! ```

use std::{cell::RefCell, hint::black_box};

use bytes::Bytes;
use corepool::{Pool, Pooled, buffer::BufferPool};
use corepool_recipes::{Effort, Table};
use prost::{DecodeError, Message};

/// A message type, as generated for two strings and two lists.
#[derive(Clone, PartialEq, Message)]
pub struct Sample {
    #[prost(string, tag = "1")]
    pub host: String,
    #[prost(string, tag = "2")]
    pub service: String,
    #[prost(int64, repeated, tag = "3")]
    pub times: Vec<i64>,
    #[prost(double, repeated, tag = "4")]
    pub values: Vec<f64>,
}

/// Messages are cleared when they are returned, in whatever state they are.
static MESSAGES: Pool<Sample> = <Pool<Sample>>::new(Sample::default).with_recycle(|message| {
    message.clear();
    message.values.capacity() <= 1 << 16
});

static BUFFERS: BufferPool = BufferPool::new();

/// Decodes into a message that was used before.
pub fn decode(data: &[u8]) -> Result<Pooled<'static, Sample>, DecodeError> {
    let mut message = MESSAGES.get();
    match message.merge(data) {
        Ok(()) => Ok(message),
        Err(error) => {
            // The message is half decoded. `clear` would suffice for this type, but another one may
            // have a cache or a flag that `clear` does not reset.
            Pooled::discard(message);
            Err(error)
        }
    }
}

/// Uses `get`: `encode` adds up the length of the message once, and a request for an exact capacity
/// would add it up again.
pub fn encode(message: &Sample) -> Bytes {
    let mut output = BUFFERS.get();
    message.encode(&mut *output).expect("a buffer grows");
    output.freeze()
}

fn sum(message: &Sample) -> f64 {
    message.values.iter().sum::<f64>() + message.host.len() as f64
}

thread_local! {
    static LOCAL: RefCell<Sample> = RefCell::default();
    static OUTPUT: RefCell<Vec<u8>> = RefCell::default();
}

fn main() {
    let effort = Effort::from_args();
    for count in [4, 100, 2000] {
        let message = Sample {
            host: "a-host-with-a-long-name.example.org".into(),
            service: "a service of that host".into(),
            times: (0..count).map(|i| 1_700_000_000_000 + i).collect(),
            values: (0..count).map(|i| i as f64).collect(),
        };
        let data = encode(&message);
        assert_eq!(*decode(&data).unwrap(), message);
        assert!(decode(&data[..data.len() - 1]).is_err());
        assert_eq!(
            (*MESSAGES.get() == Sample::default(), MESSAGES.stats().dropped > 0),
            (true, true)
        );
        Table::new(format!("decoding a message of {} bytes", data.len()))
            .way("fresh", || {
                black_box(sum(&Sample::decode(black_box(&data[..])).unwrap()));
            })
            .way("thread_local!", || {
                LOCAL.with_borrow_mut(|message| {
                    message.clear();
                    message.merge(black_box(&data[..])).unwrap();
                    black_box(sum(message));
                });
            })
            .way("corepool", || {
                black_box(sum(&decode(black_box(&data[..])).unwrap()));
            })
            .print(effort);
        Table::new(format!("encoding a message of {} bytes", data.len()))
            .way("fresh", || drop(black_box(Bytes::from(message.encode_to_vec()))))
            .way("thread_local!", || {
                OUTPUT.with_borrow_mut(|output| {
                    output.clear();
                    message.encode(output).expect("a buffer grows");
                    drop(black_box(Bytes::copy_from_slice(output)));
                });
            })
            .way("corepool", || drop(black_box(encode(&message))))
            .print(effort);
    }
}
