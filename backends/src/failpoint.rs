//! Places at which `cargo xtask chaos` has this process end itself by `kill -9`: the moments between two steps
//! of which one is done and the other is not. A place is `failpoint!("name")`.
//!
//! They exist in debug builds with the feature `failpoints` only, which the test package asks for. Anywhere
//! else, in every release build, the macro expands to nothing. An environment variable arms one:
//! `MINDFLOW_FAILPOINT=before-ack:3` ends the process when it comes to `before-ack` for the third time.

#[cfg(all(feature = "failpoints", debug_assertions))]
pub use armed::pass;

/// Ends the process here when this place is armed. Nothing in a release build.
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {
        #[cfg(all(feature = "failpoints", debug_assertions))]
        $crate::failpoint::pass($name);
    };
}

#[cfg(all(feature = "failpoints", debug_assertions))]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    const VARIABLE: &str = "MINDFLOW_FAILPOINT";

    /// One place, and how often it is still passed before the end.
    struct Armed {
        place: String,
        passes_left: AtomicU32,
    }

    /// Counts that `place` is passed; the pass that was asked for does not return.
    pub fn pass(place: &str) {
        static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
        if let Some(armed) = ARMED.get_or_init(|| Armed::parse(&std::env::var(VARIABLE).ok()?))
            && armed.is_due(place)
        {
            // No destructor, no flush, no answer on the way: as a machine that fails.
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            loop {
                std::thread::park();
            }
        }
    }

    impl Armed {
        /// `PLACE:N`, the N-th pass; the first when `:N` is left out.
        fn parse(text: &str) -> Option<Self> {
            let (place, passes) = text.split_once(':').unwrap_or((text, "1"));
            let passes: u32 = passes.parse().ok().filter(|passes| *passes > 0)?;
            Some(Self { place: place.to_owned(), passes_left: AtomicU32::new(passes) })
        }

        fn is_due(&self, place: &str) -> bool {
            place == self.place && self.passes_left.fetch_sub(1, Ordering::Relaxed) == 1
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_pass_that_was_asked_for_is_due_and_no_other() {
            let armed = Armed::parse("before-ack:2").unwrap();
            assert!(!armed.is_due("after-ack"));
            assert!(!armed.is_due("before-ack"));
            assert!(armed.is_due("before-ack"));
            assert!(!armed.is_due("before-ack"));
        }

        #[test]
        fn what_names_no_pass_arms_the_first_and_nonsense_arms_nothing() {
            assert!(Armed::parse("after-relay").unwrap().is_due("after-relay"));
            assert!(Armed::parse("after-relay:0").is_none());
            assert!(Armed::parse("after-relay:x").is_none());
        }
    }
}
