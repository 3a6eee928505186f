declare const TOKENWARD_VERSION: string; // replaced by the pack step with the version in Cargo.toml

/** The version of this package. */
export const version: string = TOKENWARD_VERSION;
