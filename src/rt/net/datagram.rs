//! What sockets for datagrams of all kinds have in common.

/// Implements a socket's public methods. The socket is a wrapper of an `Io<$Mio>`.
macro_rules! datagrams {
    ($Type:ident, $Mio:ty, $Std:ty, $Address:ty) => {
        impl $Type {
            /// Makes a socket of the current runtime from one of `std`, which is put into non-blocking
            /// mode.
            ///
            /// # Errors
            ///
            /// If the calling thread belongs to no runtime, or if the system refuses.
            pub fn from_std(socket: $Std) -> io::Result<Self> {
                socket.set_nonblocking(true)?;
                Ok(Self(Io::new(<$Mio>::from_std(socket), BOTH)?))
            }

            /// Takes the socket off its runtime. It remains in non-blocking mode.
            ///
            /// # Errors
            ///
            /// None at present.
            pub fn into_std(self) -> io::Result<$Std> {
                Ok(self.0.into_inner().into())
            }

            /// Waits until there is a datagram. A [`try_recv`](Self::try_recv) that follows may still
            /// find none: await this again.
            ///
            /// # Errors
            ///
            /// If the runtime has ended.
            pub async fn readable(&self) -> io::Result<()> {
                self.0.ready(Direction::Read, |_| Ok(true)).await
            }

            /// Waits until there is room for a datagram.
            ///
            /// # Errors
            ///
            /// If the runtime has ended.
            pub async fn writable(&self) -> io::Result<()> {
                self.0.ready(Direction::Write, |_| Ok(true)).await
            }

            /// Sends a datagram to the other end: see [`connect`](Self::connect). Returns how many bytes
            /// were sent.
            ///
            /// # Errors
            ///
            /// The system's, for example if the other end has refused an earlier datagram; an error if
            /// the runtime has ended.
            pub async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
                self.0.when(Direction::Write, Until::Unknown, |socket| socket.send(bytes)).await
            }

            /// As [`send`](Self::send), without waiting.
            ///
            /// # Errors
            ///
            /// As [`send`](Self::send); one of kind `WouldBlock` if there is no room.
            pub fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
                self.0.attempt_now(Direction::Write, |socket| socket.send(bytes))
            }

            /// Waits for a datagram, and returns its length. What the buffer has no room for is lost.
            ///
            /// # Errors
            ///
            /// As [`send`](Self::send).
            pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.when(Direction::Read, Until::Unknown, |socket| socket.recv(buffer)).await
            }

            /// As [`recv`](Self::recv), without waiting.
            ///
            /// # Errors
            ///
            /// As [`recv`](Self::recv); one of kind `WouldBlock` if there is no datagram.
            pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.attempt_now(Direction::Read, |socket| socket.recv(buffer))
            }

            /// As [`recv`](Self::recv), with the address of the sender.
            ///
            /// # Errors
            ///
            /// As [`recv`](Self::recv).
            pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, $Address)> {
                self.0
                    .when(Direction::Read, Until::Unknown, |socket| socket.recv_from(buffer))
                    .await
            }

            /// As [`recv_from`](Self::recv_from), without waiting.
            ///
            /// # Errors
            ///
            /// As [`try_recv`](Self::try_recv).
            pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, $Address)> {
                self.0.attempt_now(Direction::Read, |socket| socket.recv_from(buffer))
            }

            /// Returns the address of this socket.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn local_addr(&self) -> io::Result<$Address> {
                self.0.get().local_addr()
            }

            /// Returns the address of the other end: see [`connect`](Self::connect).
            ///
            /// # Errors
            ///
            /// The system's, if there is none.
            pub fn peer_addr(&self) -> io::Result<$Address> {
                self.0.get().peer_addr()
            }

            /// Returns the error that the socket has, and clears it.
            ///
            /// # Errors
            ///
            /// If the system cannot say.
            pub fn take_error(&self) -> io::Result<Option<io::Error>> {
                self.0.get().take_error()
            }
        }
    };
}
pub(crate) use datagrams;
