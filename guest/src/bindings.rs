//! WIT bindings: those that all components share, and the macro by which a component binds its world.

/// Declares the module `bindings` of a component: its world, with the types of `mindflow_guest` for what all worlds
/// share. Paths are relative to the repository's `wit`.
///
/// ```ignore
/// mindflow_guest::bindings! {
///     world: "mindflow:components/search" in "components/search.wit",
///     uses: ["services/search.wit", "services/query.wit"],
///     derives: [serde::Serialize],
/// }
/// ```
#[macro_export]
macro_rules! bindings {
    (world: $world:literal in $file:literal $(, $($rest:tt)*)?) => {
        $crate::bindings! { from "../../wit/", world: $world in $file $(, $($rest)*)? }
    };
    (
        from $wit:literal,
        world: $world:literal in $file:literal
        $(, uses: [$($package:literal),* $(,)?])?
        $(, derives: [$($derives:tt)*])?
        $(,)?
    ) => {
        $crate::bindings! {
            @module bindings {
                path: [
                    concat!($wit, "platform"),
                    concat!($wit, "services/journal.wit"),
                    $($(concat!($wit, $package),)*)?
                    concat!($wit, $file),
                ],
                world: $world,
                with: {
                    "mindflow:platform/call@0.1.0": mindflow_guest::call,
                    "mindflow:platform/events@0.1.0": mindflow_guest::events,
                    "mindflow:platform/websocket@0.1.0": mindflow_guest::websocket,
                    "mindflow:journal/types@0.1.0": mindflow_guest::journal,
                },
                additional_derives: [PartialEq, Clone, $($($derives)*)?],
                runtime_path: "mindflow_guest::wit_bindgen::rt",
            }
        }
    };
    // Generated code is not held to the rules of this repository.
    (@module $name:ident { $($options:tt)* }) => {
        #[allow(clippy::all, clippy::restriction)]
        pub(crate) mod $name {
            $crate::wit_bindgen::generate!({
                $($options)*
                generate_all,
                generate_unused_types: true,
            });
        }
    };
}

crate::bindings! {
    @module platform {
        path: "../wit/platform",
        world: "capabilities",
        additional_derives: [PartialEq, Clone],
    }
}

// Services cache what they answer as JSON.
crate::bindings! {
    @module vocabulary {
        path: ["../wit/platform", "../wit/services/journal.wit"],
        world: "mindflow:journal/vocabulary",
        additional_derives: [PartialEq, Clone, serde::Serialize, serde::Deserialize],
    }
}
