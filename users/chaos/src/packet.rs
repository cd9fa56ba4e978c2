//! A packet that is sent, and a pointer to it that somebody else keeps.

use corepool::Pool;

#[derive(Default)]
struct Packet {
    text: [u8; 16],
    acknowledged: bool,
}

static PACKETS: Pool<Packet> = Pool::new(Packet::default);

/// Stands for a driver, which is told where a packet is, and acknowledges it later.
struct Driver(*mut Packet);

impl Driver {
    /// # Safety
    ///
    /// The packet is still there, and nobody uses it.
    unsafe fn acknowledge(self) -> bool {
        // SAFETY: the caller's promise.
        unsafe {
            (*self.0).acknowledged = true;
            (*self.0).acknowledged
        }
    }
}

/// Sends up to 16 bytes, and returns whether they were acknowledged.
pub fn send(text: &[u8]) -> bool {
    let mut packet = PACKETS.get();
    packet.acknowledged = false;
    packet.text[..text.len()].copy_from_slice(text);
    let driver = Driver(&raw mut *packet);
    if cfg!(feature = "planted") {
        drop(packet);
        // SAFETY: wrong. The packet is back in its pool, and may be somebody else's.
        return unsafe { driver.acknowledge() };
    }
    // SAFETY: `packet` is dropped later, and not used here.
    unsafe { driver.acknowledge() }
}
