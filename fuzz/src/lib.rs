//! What the fuzz targets share.

use k8s_healer::cluster::resource::Resource;
use k8s_healer_engine::projection::Projection;
use k8s_healer_engine::values::Path;

/// A kind, as good as any.
#[must_use]
pub fn pods() -> Resource {
    Resource {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        plural: "pods".to_owned(),
        singular: "pod".to_owned(),
        short_names: Vec::new(),
        namespaced: true,
        verbs: Vec::new(),
    }
}

/// What rules of all sorts read.
///
/// # Panics
///
/// Never: the paths are paths.
#[must_use]
pub fn projection() -> Projection {
    let mut projection = Projection::of_identity();
    for path in
        ["$.status.phase", "$.status.containerStatuses[*].state.waiting.reason", "$.a[0].b", "$.a[?@.c == 1].d", "$.m.*", "$..deep"]
    {
        projection.read(&Path::parse(path).expect("a path"));
    }
    projection
}

/// Cuts bytes at places that the first of them choose.
pub fn in_chunks(bytes: &[u8], sizes: &[u8], mut take: impl FnMut(&[u8])) {
    let mut rest = bytes;
    let mut sizes = sizes.iter().copied().cycle();
    while !rest.is_empty() {
        let size = usize::from(sizes.next().unwrap_or(u8::MAX)).clamp(1, rest.len());
        take(&rest[..size]);
        rest = &rest[size..];
    }
}
