//! Verification, from the text of a token to claims that can be trusted.
