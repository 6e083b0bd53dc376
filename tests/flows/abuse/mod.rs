//! Attackers on loopback and an honest user: whatever they do, nothing that the user asks for is refused.

mod door;
mod door_headers;
mod door_kit;
mod downloads;
mod places;
mod rate_limits;
