//! What the standard library has for texts too, in a tenth of the code.

/// What stands before and after the first `separator`. `str::split_once` prepares for searching long texts, and brings the
/// messages of all that could go wrong with slicing them.
pub(crate) fn split_once<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let at = text.as_bytes().windows(separator.len()).position(|window| window == separator.as_bytes())?;
    Some((text.get(..at)?, text.get(at + separator.len()..)?))
}

/// Where a text stands in a list. One loop for every list: written out over each of them, as compilers like to, the comparisons
/// take more room than the lists.
#[cfg(feature = "session")]
#[inline(never)]
pub(crate) fn place_of(text: &str, list: &[&str]) -> Option<usize> {
    list.iter().position(|listed| *listed == text)
}

/// The items with `separator` between them.
pub(crate) fn join(items: impl IntoIterator<Item: AsRef<str>>, separator: &str) -> String {
    let mut text = String::new();
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            text.push_str(separator);
        }
        text.push_str(item.as_ref());
    }
    text
}
