//! What the process keeps of memory that it gave back to itself.
//!
//! Threads hand each other what they take: a declaration is read by one, put into the journal by another and into the state by
//! a third. So memory is taken and given back in many places at one time, and what an allocator keeps for a next moment adds up.

use rustix::thread::disable_transparent_huge_pages;

/// How long mimalloc keeps memory that nothing uses for a next moment, in milliseconds. With its own second the process held some
/// 100 MB more under load, with 50 ms some 10 MB more, at the same speed.
const KEPT_MILLISECONDS: std::ffi::c_long = 10;

/// Which of its options that is (`mi_option_purge_delay` in `mimalloc.h`), for which its crate has no name.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// What in the environment says whether mimalloc may take huge pages. It asks for them where the system leaves that to programs.
const HUGE_PAGES: &str = "MIMALLOC_ALLOW_THP";

/// Lets the process hold little more memory than it uses. Called once, before there are threads.
///
/// Of a huge page all 2 MiB count when a kilobyte is used: without them the process holds 30 MB less, and a record takes no
/// longer that could be told from one run to the next. Where the system does not let go of them, it has them. `MIMALLOC_PURGE_DELAY`
/// and `MIMALLOC_ALLOW_THP` in the environment stand above what is set here.
pub fn hold_little_memory() {
    set_default(PURGE_DELAY, KEPT_MILLISECONDS);
    if std::env::var_os(HUGE_PAGES).is_none() {
        _ = disable_transparent_huge_pages(true);
    }
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

    use rustix::thread::transparent_huge_pages_are_disabled;

    use super::*;

    #[expect(unsafe_code, reason = "as above")]
    fn get(option: libmimalloc_sys::mi_option_t) -> std::ffi::c_long {
        // SAFETY: it only looks.
        unsafe { libmimalloc_sys::mi_option_get(option) }
    }

    /// Another number of another release of mimalloc would be another option: the environment says by name which one it is.
    #[test]
    fn who_runs_the_gateway_has_the_last_word() {
        const DELAY: &str = "MIMALLOC_PURGE_DELAY";
        if std::env::var_os(DELAY).is_some() {
            // The process that began this one has handed on that it takes none.
            disable_transparent_huge_pages(false).unwrap();
            hold_little_memory();
            assert_eq!(get(PURGE_DELAY), 4711);
            assert!(!transparent_huge_pages_are_disabled().unwrap());
            return;
        }
        hold_little_memory();
        assert_eq!(get(PURGE_DELAY), KEPT_MILLISECONDS);
        assert!(transparent_huge_pages_are_disabled().unwrap());
        let itself = std::env::current_exe().unwrap();
        let name = "daemon::memory::tests::who_runs_the_gateway_has_the_last_word";
        let again =
            Command::new(itself).args(["--exact", name]).env(DELAY, "4711").env(HUGE_PAGES, "1").output().unwrap();
        let said = String::from_utf8_lossy(&again.stdout);
        assert!(again.status.success() && said.contains("1 passed"), "{said}");
    }
}
