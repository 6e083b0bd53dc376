//! The heap of the C library. glibc makes up to eight arenas a core, and each keeps what its threads have freed; with one arena
//! a core, the host needs a tenth less memory after a load.

/// Read by glibc itself.
const ARENAS_ENV: &str = "MALLOC_ARENA_MAX";

/// Bounds the arenas, unless the environment does. Call it before there are threads.
pub fn bound_arenas() {
    if std::env::var_os(ARENAS_ENV).is_some() {
        return;
    }
    let cores = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "the only way to set an option of malloc")]
    // SAFETY: it takes two numbers, and no other thread is there yet.
    unsafe {
        nix::libc::mallopt(nix::libc::M_ARENA_MAX, i32::try_from(cores).unwrap_or(i32::MAX));
    }
    #[cfg(not(target_env = "gnu"))]
    let _ = cores;
}
