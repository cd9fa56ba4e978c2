//! `Async`, over descriptors that are no sockets of this crate.

use std::{
    fs::File,
    io::{self, Read, Write},
    os::fd::FromRawFd,
    sync::Arc,
};

use corepool::rt::{self, net::Async};

use crate::go;

/// Makes a pipe: the end to read, and the one to write.
fn pipe() -> io::Result<(File, File)> {
    let mut ends = [0; 2];
    // SAFETY: the call writes two descriptors.
    if unsafe { libc::pipe(ends.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: they are open, and nothing else owns them.
    Ok(unsafe { (File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1])) })
}

#[test]
fn a_pipe() {
    go(async {
        let (reader, writer) = pipe()?;
        let (reader, writer) = (Async::new(reader)?, Async::new(writer)?);
        let copy = rt::spawn(async move {
            let mut all = Vec::new();
            let mut bytes = [0; 1000];
            loop {
                reader.readable().await?;
                match reader.get_ref().read(&mut bytes) {
                    Ok(0) => return io::Result::Ok(all),
                    Ok(len) => all.extend_from_slice(&bytes[..len]),
                    Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                }
            }
        });
        let bytes: Vec<u8> = (0..1_000_000_u32).map(|i| (i % 251) as u8).collect();
        let mut sent = 0;
        while sent < bytes.len() {
            sent += writer.write_with(|mut pipe| pipe.write(&bytes[sent..])).await?;
        }
        drop(writer);
        assert!(copy.await.unwrap()? == bytes);
        Ok(())
    });
}

/// After a wait, a read that finds nothing is followed by another wait: it does not return at once
/// for what was there before.
#[test]
fn readable_asks_the_system() {
    go(async {
        let (reader, mut writer) = pipe()?;
        let reader = Arc::new(Async::new(reader)?);
        writer.write_all(b"1")?;
        reader.readable().await?;
        reader.readable().await?;
        assert_eq!(reader.get_ref().read(&mut [0; 10])?, 1);
        let waiter = {
            let reader = Arc::clone(&reader);
            rt::spawn(async move { reader.readable().await })
        };
        for _ in 0..100 {
            rt::yield_now().await;
        }
        assert!(!waiter.is_finished());
        writer.write_all(b"2")?;
        waiter.await.unwrap()?;
        assert_eq!(reader.read_with(|mut pipe| pipe.read(&mut [0; 10])).await?, 1);
        drop(writer);
        reader.readable().await?;
        assert_eq!(reader.get_ref().read(&mut [0; 10])?, 0);
        Ok(())
    });
}

#[test]
fn writable_asks_the_system() {
    go(async {
        let (mut reader, writer) = pipe()?;
        let writer = Async::new(writer)?;
        let bytes = [0; 4096];
        let mut sent = 0;
        loop {
            writer.writable().await?;
            match writer.get_ref().write(&bytes) {
                Ok(len) => sent += len,
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                    break;
                }
            }
            // No room: the wait would not end.
            if sent >= 65536 {
                break;
            }
        }
        let mut back = vec![0; sent];
        reader.read_exact(&mut back)?;
        writer.writable().await?;
        assert_eq!(writer.get_ref().write(b"x")?, 1);
        let mut writer = writer.into_inner();
        assert_eq!(writer.write(b"y")?, 1);
        Ok(())
    });
}

#[cfg(target_os = "linux")]
#[test]
fn an_eventfd() {
    go(async {
        // SAFETY: the new descriptor has no other owner.
        let file = unsafe { File::from_raw_fd(libc::eventfd(0, 0)) };
        let mut other = file.try_clone()?;
        let events = Async::new(file)?;
        let waiter = rt::spawn(async move {
            let mut sum = 0;
            while sum < 55 {
                let mut count = [0; 8];
                events.read_with(|mut file| file.read(&mut count)).await?;
                sum += u64::from_ne_bytes(count);
            }
            io::Result::Ok(sum)
        });
        for i in 1..=10_u64 {
            rt::yield_now().await;
            other.write_all(&i.to_ne_bytes())?;
        }
        assert_eq!(waiter.await.unwrap()?, 55);
        Ok(())
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_regular_file_is_refused() {
    go(async {
        let error = Async::new(File::open(std::env::current_exe()?)?).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        Ok(())
    });
}
