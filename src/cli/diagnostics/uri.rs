//! Paths as URIs (RFC 3986): relative to the working directory where a file lies below it, so that a log says
//! the same on every machine; absolute elsewhere.

use std::path::{Component, Path, PathBuf};

/// What relative URIs start from; the name is the one that other tools use.
pub(super) const BASE: &str = "%SRCROOT%";

pub(super) struct Uris {
    /// The working directory, and the same without links.
    bases: Vec<PathBuf>,
}

impl Uris {
    pub(super) fn of_working_directory() -> Self {
        Self::of_bases(std::env::current_dir().into_iter().collect())
    }

    fn of_bases(mut bases: Vec<PathBuf>) -> Self {
        let canonical: Vec<_> = bases.iter().filter_map(|base| base.canonicalize().ok()).collect();
        bases.extend(canonical);
        Self { bases }
    }

    /// The URI of a path, as the reader wrote it.
    pub(super) fn of(&self, path: &str) -> String {
        let path = Path::new(path);
        // What `..` leads to depends on links (SARIF 2.1.0, 3.10.2).
        let climbs = path.components().any(|component| component == Component::ParentDir);
        let path = climbs.then(|| path.canonicalize().ok()).flatten().unwrap_or_else(|| path.to_owned());
        let below = self.bases.iter().find_map(|base| path.strip_prefix(base).ok());
        let path = below.unwrap_or(&path);
        let mut uri = String::from(if path.is_absolute() { "file://" } else { "" });
        for component in path.components() {
            let name = match component {
                Component::Normal(name) => name.to_string_lossy(),
                Component::ParentDir => "..".into(),
                Component::CurDir | Component::RootDir | Component::Prefix(_) => continue,
            };
            if !uri.is_empty() {
                uri.push('/');
            }
            uri.push_str(&encoded(&name));
        }
        uri
    }
}

/// A segment of a path. A `:` is escaped too: it would end a scheme in the first segment.
pub(super) fn encoded(segment: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=@".contains(&byte);
    let mut encoded = String::new();
    for byte in segment.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_below_the_working_directory_are_relative_and_others_absolute() {
        let uris = Uris::of_bases(vec!["/home/a b".into()]);
        for (path, uri) in [
            ("rules/a.yaml", "rules/a.yaml"),
            ("./rules//b.yaml", "rules/b.yaml"),
            ("/home/a b/rules/c.yaml", "rules/c.yaml"),
            ("/home/a b c/d.yaml", "file:///home/a%20b%20c/d.yaml"),
            ("50% off, é/a:b.yaml", "50%25%20off,%20%C3%A9/a%3Ab.yaml"),
            ("../none/../there.yaml", "../none/../there.yaml"),
        ] {
            assert_eq!(uris.of(path), uri);
        }
    }

    #[test]
    fn steps_upwards_are_resolved_where_the_file_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("deep")).unwrap();
        std::fs::write(root.join("a.yaml"), "").unwrap();
        let path = root.join("deep/../a.yaml");
        assert_eq!(Uris::of_bases(vec![root.clone()]).of(&path.to_string_lossy()), "a.yaml");
        let elsewhere = Uris::of_bases(vec![root.join("deep")]).of(&path.to_string_lossy());
        assert_eq!(elsewhere, format!("file://{}", root.join("a.yaml").display()));
    }
}
