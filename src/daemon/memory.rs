//! What the process keeps of memory that it gave back to itself.
//!
//! Threads hand each other what they take: a declaration is read by one, put into the journal by another and into the state by
//! a third. So memory is taken and given back in many places at one time, and what an allocator keeps for a next moment adds up.

/// How long mimalloc keeps memory that nothing uses for a next moment, in milliseconds. With its own second the process held some
/// 100 MB more under load, with 50 ms some 10 MB more, at the same speed.
const KEPT_MILLISECONDS: std::ffi::c_long = 10;

/// Which of its options that is (`mi_option_purge_delay` in `mimalloc.h`), for which its crate has no name.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// Lets the process hold little more memory than it uses. Called once, before there are threads.
///
/// `MIMALLOC_PURGE_DELAY` in the environment stands above what is set here. Huge pages, of which all counts when a kilobyte is
/// used, are left as the system has them: without them the process held 30 MB less, and a record took a twentieth longer.
pub fn hold_little_memory() {
    set_default(PURGE_DELAY, KEPT_MILLISECONDS);
}

#[expect(unsafe_code, reason = "mimalloc has its options behind functions of C")]
fn set_default(option: libmimalloc_sys::mi_option_t, value: std::ffi::c_long) {
    // SAFETY: the function looks at a table of its own and does nothing with a number that is not in it. It is not to be called
    // by two threads at one time; this is called before the first of ours begins.
    unsafe { libmimalloc_sys::mi_option_set_default(option, value) }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[expect(unsafe_code, reason = "as above")]
    fn get(option: libmimalloc_sys::mi_option_t) -> std::ffi::c_long {
        // SAFETY: it only looks.
        unsafe { libmimalloc_sys::mi_option_get(option) }
    }

    /// Another number of another release of mimalloc would be another option: the environment says by name which one it is.
    #[test]
    fn the_option_is_the_one_of_this_name() {
        const NAME: &str = "MIMALLOC_PURGE_DELAY";
        if std::env::var_os(NAME).is_some() {
            hold_little_memory();
            assert_eq!(get(PURGE_DELAY), 4711, "who runs the gateway has the last word");
            return;
        }
        hold_little_memory();
        assert_eq!(get(PURGE_DELAY), KEPT_MILLISECONDS);
        let itself = std::env::current_exe().unwrap();
        let name = "daemon::memory::tests::the_option_is_the_one_of_this_name";
        let again = Command::new(itself).args(["--exact", name]).env(NAME, "4711").output().unwrap();
        let said = String::from_utf8_lossy(&again.stdout);
        assert!(again.status.success() && said.contains("1 passed"), "{said}");
    }
}
