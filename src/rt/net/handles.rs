//! The system's handles of the sockets, for crates that set options on them.

/// Implements `Debug`, and gives access to the system's handle.
macro_rules! handles {
    ($Type:ident) => {
        impl std::fmt::Debug for $Type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        #[cfg(unix)]
        impl std::os::fd::AsFd for $Type {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.0.get().as_fd()
            }
        }

        #[cfg(unix)]
        impl std::os::fd::AsRawFd for $Type {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                self.0.get().as_raw_fd()
            }
        }

        #[cfg(windows)]
        impl std::os::windows::io::AsSocket for $Type {
            fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
                self.0.get().as_socket()
            }
        }

        #[cfg(windows)]
        impl std::os::windows::io::AsRawSocket for $Type {
            fn as_raw_socket(&self) -> std::os::windows::io::RawSocket {
                self.0.get().as_raw_socket()
            }
        }
    };
}
pub(crate) use handles;
