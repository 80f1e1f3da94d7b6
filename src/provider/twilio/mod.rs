//! Twilio: one folder a product. What they share is how a failed request becomes something that could not be seen.

pub mod console;
pub mod flex;
pub mod organization;
mod paging;
mod unknown;
