//! Obtaining, attaching, refreshing and revoking access tokens: a state machine without I/O.
