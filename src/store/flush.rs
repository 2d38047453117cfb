//! What makes sled's flush reach the disk: every `sync_file_range` of this process is an `fdatasync`.
//!
//! sled 0.34 ends a flush with `sync_file_range`, which by its manual page reaches neither the cache of the disk nor the
//! metadata of the file. The linker finds the definition below before that of the C library, so the call becomes one
//! that does. [`self_test`] shows at start-up that this build really was linked so. It is the only unsafe code here.
#![cfg_attr(
    target_os = "linux",
    expect(unsafe_code, reason = "replacing a C symbol and calling the one it stands for cannot be said in safe Rust")
)]

/// This build flushes with `sync_file_range`, which does not reach the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this build was linked so that flushes of the state do not reach the disk; build it again with default linker settings"
)]
pub struct NotFlushing;

#[cfg(target_os = "linux")]
mod redirect {
    use std::sync::atomic::{AtomicU64, Ordering};

    use libc::{c_int, c_uint, off64_t};

    /// How often the definition below was called.
    static CALLS: AtomicU64 = AtomicU64::new(0);

    /// Stands in for the function of the C library: all of the file, and through the cache of the disk.
    ///
    /// The range is not needed, since `fdatasync` covers every range; the result and `errno` are those of `fdatasync`.
    // SAFETY: name and signature are those of the C library's function, and the promise kept is a stronger one.
    #[unsafe(no_mangle)]
    extern "C" fn sync_file_range(file: c_int, _offset: off64_t, _bytes: off64_t, _flags: c_uint) -> c_int {
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: fdatasync takes any number; one that is not an open file is answered with EBADF.
        unsafe { libc::fdatasync(file) }
    }

    pub(super) fn calls() -> u64 {
        CALLS.load(Ordering::Relaxed)
    }

    /// Calls the symbol as sled does, with a file that cannot exist.
    pub(super) fn call() {
        // SAFETY: no file has the number -1, so whichever function is linked only answers EBADF.
        unsafe { libc::sync_file_range(-1, 0, 0, 0) };
    }
}

/// Whether flushes reach the disk in this build.
///
/// # Errors
/// [`NotFlushing`] when the symbol is not ours; the store must then not run.
#[cfg(target_os = "linux")]
pub(crate) fn self_test() -> Result<(), NotFlushing> {
    let before = redirect::calls();
    redirect::call();
    if redirect::calls() > before { Ok(()) } else { Err(NotFlushing) }
}

/// Whether flushes reach the disk in this build: elsewhere than on Linux sled uses `fsync`.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub(crate) fn self_test() -> Result<(), NotFlushing> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_build_is_linked_right() {
        assert_eq!(self_test(), Ok(()));
    }

    #[test]
    fn a_flush_of_sled_comes_this_way() {
        let directory = tempfile::tempdir().unwrap();
        let db = sled::Config::new().path(directory.path()).flush_every_ms(None).open().unwrap();
        let before = redirect::calls();
        db.insert(b"key", b"value").unwrap();
        db.flush().unwrap();
        assert!(redirect::calls() > before);
    }
}
