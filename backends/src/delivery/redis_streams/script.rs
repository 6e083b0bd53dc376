//! The scripts, and the names of what they work on.

use redis::Script;
use uuid::Uuid;

use super::super::policy::LOST_SUSPECT;

/// `SUSPECT_AT` stands for [`LOST_SUSPECT`].
const PRELUDE: &str = include_str!("lua/prelude.lua");

pub(super) struct Scripts {
    pub(super) append: Script,
    pub(super) dead: Script,
    pub(super) depth: Script,
    pub(super) extend: Script,
    pub(super) hold: Script,
    pub(super) lease: Script,
    pub(super) next_due: Script,
    pub(super) progress: Script,
    pub(super) register: Script,
    pub(super) release: Script,
    pub(super) settle: Script,
    pub(super) trim: Script,
    pub(super) unregister: Script,
}

/// The names of keys: the valid epoch's, and all others below their epoch.
pub(super) struct Names {
    root: String,
}

// === impl Scripts ===

impl Default for Scripts {
    fn default() -> Self {
        let prelude = PRELUDE.replace("SUSPECT_AT", &LOST_SUSPECT.to_string());
        let script = |body: &str| Script::new(&format!("{prelude}\n{body}"));
        Self {
            append: script(include_str!("lua/append.lua")),
            dead: script(include_str!("lua/dead.lua")),
            depth: script(include_str!("lua/depth.lua")),
            extend: script(include_str!("lua/extend.lua")),
            hold: script(include_str!("lua/hold.lua")),
            lease: script(include_str!("lua/lease.lua")),
            next_due: script(include_str!("lua/next_due.lua")),
            progress: script(include_str!("lua/progress.lua")),
            register: script(include_str!("lua/register.lua")),
            release: script(include_str!("lua/release.lua")),
            settle: script(include_str!("lua/settle.lua")),
            trim: script(include_str!("lua/trim.lua")),
            unregister: script(include_str!("lua/unregister.lua")),
        }
    }
}

// === impl Names ===

impl Names {
    /// The scripts work on keys of all partitions, so in a cluster a hash tag keeps all of them on one node.
    pub(super) fn new(prefix: &str, is_cluster: bool) -> Self {
        let name = if is_cluster { "{delivery}" } else { "delivery" };
        Self { root: format!("{prefix}{name}:") }
    }

    /// Has the valid epoch.
    pub(super) fn epoch(&self) -> String {
        format!("{}epoch", self.root)
    }

    /// Before everything of one epoch.
    pub(super) fn base(&self, epoch: Uuid) -> String {
        format!("{}{epoch}:", self.root)
    }

    /// Has the epoch that is being built.
    pub(super) fn building(&self, epoch: Uuid) -> String {
        format!("{}building", self.base(epoch))
    }

    /// Matches everything of every epoch.
    pub(super) fn everything(&self) -> String {
        format!("{}*-*-*-*-*:*", escape(&self.root))
    }

    /// Matches the lists of waiting positions of a subscription.
    pub(super) fn waiting(&self, epoch: Uuid, subscription: &str) -> String {
        format!("{}q/{}/w/*", escape(&self.base(epoch)), escape(subscription))
    }
}

/// Makes a text match only itself in `SCAN … MATCH`.
fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut pattern, character| {
        if matches!(character, '*' | '?' | '[' | ']' | '^' | '-' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
        pattern
    })
}
