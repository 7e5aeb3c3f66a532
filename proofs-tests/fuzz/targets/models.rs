#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| fusion_proofs_tests::fuzz::models(input));
