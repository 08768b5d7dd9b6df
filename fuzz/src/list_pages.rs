//! A page of a list, cut anywhere: where the page is JSON, its elements are those that a JSON parser sees, and
//! the rest of it is kept; where it is not, it ends in an error.

#![no_main]

use std::sync::LazyLock;

use k8s_healer::cluster::decode::Decoder;
use k8s_healer::cluster::page_slices::PageScanner;
use k8s_healer::cluster::slices::Slice;
use k8s_healer_fuzz::{in_chunks, pods, projection};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static DECODER: LazyLock<Decoder> = LazyLock::new(|| Decoder::new(&projection(), &pods()));

/// Small enough to be reached.
const LARGEST: usize = 4096;

/// The elements, and the page without them; `None`: it is refused.
fn cut(bytes: &[u8], sizes: &[u8]) -> Option<(Vec<Vec<u8>>, Value)> {
    let (mut scanner, mut elements, mut failed) = (PageScanner::new(LARGEST), Vec::new(), false);
    in_chunks(bytes, sizes, |mut chunk| {
        while !failed {
            match scanner.next(&mut chunk) {
                Ok(Some(Slice::Whole(element))) => elements.push(element.to_vec()),
                Ok(Some(Slice::TooLarge(head))) => elements.push([b"too large: ", head].concat()),
                Ok(None) => break,
                Err(_) => failed = true,
            }
        }
    });
    if failed { None } else { Some((elements, scanner.finish().ok()?)) }
}

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (sizes, bytes) = input;
    let page = cut(&bytes, &sizes);
    assert_eq!(page, cut(&bytes, &[]), "however it is cut");
    if let Some((elements, _)) = &page {
        elements.iter().for_each(|element| drop(DECODER.object(element)));
    }
    // Duplicate members are not what a server sends, and their meaning is anybody's guess.
    let Ok(Value::Object(parsed)) = serde_json::from_slice::<Value>(&bytes) else { return };
    let Some(items) = parsed.get("items").and_then(Value::as_array) else { return };
    if bytes.windows(5).filter(|window| window == b"items").count() != 1 || bytes.contains(&b'\\') {
        return;
    }
    let (elements, _) = page.expect("a page that is JSON is read");
    assert_eq!(elements.len(), items.len());
    for (element, item) in elements.iter().zip(items) {
        if !element.starts_with(b"too large: ") {
            assert_eq!(&serde_json::from_slice::<Value>(element).expect("an element is JSON"), item);
        }
    }
});
