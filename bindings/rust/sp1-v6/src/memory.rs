//! How much memory a kind needs.
use provernet::memory;

const GB: u64 = 1_000_000_000;

/// Measured on two cores with a small guest; it depends little on the guest up to one shard.
fn need(kind: &str) -> u64 {
    match kind {
        "sp1/core@6" => 97 * GB / 10,
        "sp1/compressed@6" => 178 * GB / 10,
        _ => GB,
    }
}

/// Why there is too little for this kind; None: there is enough.
pub fn refusal(kind: &str) -> Option<String> {
    memory::refusal(kind, need(kind), memory::available())
}
