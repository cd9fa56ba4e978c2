//! Sockets in the child of a fork.

use std::io;

use corepool::rt::{self, net::TcpStream};

use crate::{
    go_on, pair,
    util::{in_a_process, runtime},
};

/// In the child, sockets of the parent's runtime return errors. What the child drops goes on working
/// in the parent.
#[test]
fn a_child_leaves_the_sockets_of_its_parent_alone() {
    in_a_process(|| {
        let runtime = runtime(2);
        let (one, other) = go_on(&runtime, pair());
        let reader = runtime.spawn({
            let clone = std::os::fd::AsFd::as_fd(&other).try_clone_to_owned().unwrap();
            async move {
                drop(clone);
                let mut bytes = [0; 5];
                other.read_exact(&mut bytes).await?;
                io::Result::Ok((bytes, other))
            }
        });
        // SAFETY: the child calls nothing that another thread may have locked, and ends.
        match unsafe { libc::fork() } {
            -1 => panic!("fork failed"),
            0 => {
                let refused =
                    one.try_read(&mut [0]).is_err_and(|error| error.to_string().contains("forked"));
                // The registration is in a structure that the child shares with its parent.
                drop(one);
                // SAFETY: ends the child.
                unsafe { libc::_exit(if refused { 0 } else { 1 }) };
            }
            child => {
                let mut status = -1;
                // SAFETY: the pointer is valid.
                assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
                assert_eq!(status, 0, "the child has failed");
            }
        }
        // Each direction still gets its events.
        go_on(&runtime, async move {
            let waits = rt::spawn(wait_and_answer(one));
            let (bytes, other): (_, TcpStream) = {
                rt::yield_now().await;
                reader.await.unwrap()?
            };
            assert_eq!(&bytes, b"hello");
            other.write_all(b"world").await?;
            let answer = waits.await.unwrap()?;
            assert_eq!(&answer, b"world");
            Ok(())
        });
    });
}

async fn wait_and_answer(stream: TcpStream) -> io::Result<[u8; 5]> {
    stream.write_all(b"hello").await?;
    let mut bytes = [0; 5];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}
