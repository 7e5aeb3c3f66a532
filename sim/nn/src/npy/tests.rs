use super::*;

/// A file with a header and data.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(header.len()).expect("short").to_le_bytes();
    [MAGIC, &[1, 0], &length, header.as_bytes(), data].concat()
}

fn array(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    file(&format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}      \n"), data)
}

fn numbers(bytes: &[u8]) -> Vec<Number> {
    Array::parse(bytes).expect("well formed").numbers().collect()
}

fn refused(bytes: &[u8]) -> String {
    match Array::parse(bytes) {
        Ok(_) => panic!("it was read"),
        Err(error) => error.to_string(),
    }
}

/// What numpy 2.4.6 writes for `numpy.save(f, numpy.array([[1, 2], [3, 4]], "<i2"))`, byte by byte.
#[test]
fn what_numpy_writes_is_read() {
    let header = "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2), }";
    let padded = format!("{header:<117}\n");
    let bytes = file(&padded, &[1, 0, 2, 0, 3, 0, 4, 0]);
    assert_eq!(bytes.len(), 128 + 8, "the header ends at a multiple of 64");
    let read = Array::parse(&bytes).expect("well formed");
    assert_eq!(read.shape(), [2, 2]);
    assert_eq!(read.numbers().collect::<Vec<_>>(), [1, 2, 3, 4].map(Number::Integer));
    for version in [2, 3] {
        let length = u32::try_from(padded.len()).expect("short").to_le_bytes();
        let long = [MAGIC, &[version, 0], &length, padded.as_bytes(), &bytes[128..]].concat();
        assert_eq!(numbers(&long), [1, 2, 3, 4].map(Number::Integer), "version {version}");
    }
}

#[test]
fn every_type_is_read_in_both_orders() {
    let integer = |number| vec![Number::Integer(number)];
    for (kind, bytes, number) in [
        ("|u1", &[200][..], integer(200)),
        ("|b1", &[1], integer(1)),
        ("|i1", &[200], integer(-56)),
        ("<u2", &[1, 2], integer(0x0201)),
        (">u2", &[1, 2], integer(0x0102)),
        ("<i2", &[0xff, 0xff], integer(-1)),
        ("<u4", &[1, 2, 3, 0x84], integer(0x8403_0201)),
        (">i4", &[0xff, 0xff, 0xff, 0xfe], integer(-2)),
        ("<u8", &[0xff; 8], integer(u64::MAX.into())),
        ("<i8", &[0xff; 8], integer(-1)),
        ("<f4", &1.5_f32.to_le_bytes(), vec![Number::Float(1.5)]),
        (">f8", &(-2.5_f64).to_be_bytes(), vec![Number::Float(-2.5)]),
    ] {
        assert_eq!(numbers(&array(kind, "(1,)", bytes)), number, "{kind}");
    }
}

#[test]
fn other_arrays_are_refused_by_name() {
    for (bytes, says) in [
        (array("<f2", "(1,)", &[0, 0]), "elements of type '<f2' are not read"),
        (array("<c8", "(1,)", &[0; 8]), "elements of type '<c8'"),
        (array("é\u{1}", "(1,)", &[0; 8]), r"elements of type '\u{e9}\u{1}'"),
        (file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", &[0; 4]), "several fields"),
        (file("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1)}", &[0; 4]), "Fortran order"),
        ([MAGIC, &[4, 0, 0, 0]].concat(), "version 4.0"),
    ] {
        assert!(refused(&bytes).contains(says), "{}", refused(&bytes));
    }
    assert_eq!(numbers(&file("{'descr':'|u1','fortran_order':True,'shape':(1,)}", &[9])), [Number::Integer(9)]);
}

/// No header asks for memory, and none is read as something else.
#[test]
fn hostile_headers_are_refused() {
    let with = |shape: &str, data: &[u8]| refused(&array("<f8", shape, data));
    assert!(with("(2,)", &[0; 15]).contains("and the file has"));
    assert!(with("(2,)", &[0; 17]).contains("and the file has"));
    assert!(with("(4294967296, 4294967296)", &[]).contains("announces more than 2^64 bytes"));
    assert!(with("(18446744073709551615, 1)", &[]).contains("announces more than 2^64 bytes"));
    assert!(with("(18446744073709551616,)", &[]).contains("numbers of 64 bits"));
    assert!(with("(-1,)", &[]).contains("numbers of 64 bits"));
    assert!(with("(0, 4294967296)", &[]).contains("announces more than 2^64 bytes"), "a size that is of no use");
    assert!(with("(1,1,1,1,1,1,1,1,1)", &[0; 8]).contains("over 8 sizes"));
    assert!(with("[1]", &[0; 8]).contains("a tuple"));
    assert!(with("(1 2)", &[0; 8]).contains("a comma or )"));
    assert!(with("(1", &[0; 8]).contains("numbers of 64 bits"));
    for (header, says) in [
        ("", "start with {"),
        ("{", "in quotes"),
        ("{}", "needs descr, fortran_order and shape"),
        ("{'descr': '<f4'}", "needs descr, fortran_order and shape"),
        ("{'descr': '<f4', 'descr': '<f4'}", "a key twice"),
        ("{'descr': '<f4', 'other': 1}", "a key other than"),
        ("{'descr' '<f4'}", "needs a :"),
        ("{'descr': '<f4' 'shape': (1,)}", "comma or }"),
        ("{'descr", "does not end"),
        ("{'shape': (1", "does not end"),
        ("{'fortran_order': 0}", "True or False"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} or more", "something follows"),
    ] {
        assert!(refused(&file(header, &[0; 4])).contains(says), "{header}: {}", refused(&file(header, &[0; 4])));
    }
    let good = array("|u1", "(3,)", &[1, 2, 3]);
    assert_eq!(numbers(&good), [1, 2, 3].map(Number::Integer));
    for cut in MAGIC.len()..good.len() {
        assert!(Array::parse(&good[..cut]).is_err(), "{cut}");
    }
    let long = [MAGIC, &[2, 0, 0xff, 0xff, 0xff, 0xff]].concat();
    assert!(refused(&long).contains("over 10,000 bytes"));
    assert!(refused(&[MAGIC, &[1, 0, 1, 0, 0xff]].concat()).contains("no text"));
}
