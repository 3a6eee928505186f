//! What checks a signature: one file per family, each algorithm behind [`jwt_compact::Algorithm`].
