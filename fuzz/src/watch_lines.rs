//! The bytes of a watch, cut anywhere: the lines are the same however they are cut, and what is read of one is
//! what is read of the whole object.

#![no_main]

use std::sync::LazyLock;

use k8s_healer::cluster::decode::{Decoder, Event};
use k8s_healer::cluster::slices::{LineScanner, Slice};
use k8s_healer_engine::projection::Projection;
use k8s_healer_fuzz::{in_chunks, pods, projection};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static DECODER: LazyLock<Decoder> = LazyLock::new(|| Decoder::new(&projection(), &pods()));

/// Small enough to be reached.
const LARGEST: usize = 4096;

fn lines(bytes: &[u8], sizes: &[u8]) -> Vec<Vec<u8>> {
    let (mut scanner, mut lines) = (LineScanner::new(LARGEST), Vec::new());
    in_chunks(bytes, sizes, |mut chunk| {
        while let Some(slice) = scanner.next(&mut chunk) {
            lines.push(match slice {
                Slice::Whole(line) => line.to_vec(),
                Slice::TooLarge(head) => [b"too large: ", head].concat(),
            });
        }
    });
    lines
}

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (sizes, bytes) = input;
    let cut = lines(&bytes, &sizes);
    assert_eq!(cut, lines(&bytes, &[]), "however it is cut");
    for line in &cut {
        let Ok(Event::Applied(object)) = DECODER.line(line) else { continue };
        let whole: Value = serde_json::from_slice(line).expect("what was read is JSON");
        let whole = Projection::of_everything().parse(whole["object"].to_string().as_bytes()).expect("JSON");
        // Of two members of one name, both take the last.
        assert_eq!(object.object()["metadata"]["name"], whole["metadata"]["name"]);
        assert_eq!(object.object()["status"]["phase"], whole["status"]["phase"]);
    }
});
