#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| forte_media_fuzz::bodies::rebuild(data));
