//! Twilio: one folder a product. What they share is how a failed request becomes something that could not be seen.

pub mod console;
pub mod flex;
pub mod organization;
mod paging;
mod unknown;

/// What a person is told where several certificates are to be entered into a field that is documented for one.
const SEVERAL_CERTIFICATES: &str = "Paste all of them, one below the other. Twilio does not say whether the field takes several: if it refuses them, \
     do not confirm this step. In a rotation, say `signingKey: {overlap: false}` in the manifest and plan again; otherwise pin the certificate \
     that signs now in `trust.certificates`.";
