use super::*;

fn file(kind: u8, dimensions: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, u8::try_from(dimensions.len()).expect("small")];
    bytes.extend(dimensions.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend(data);
    bytes
}

#[test]
fn images_and_labels_are_read() {
    let images = Images::parse(&file(U8, &[2, 1, 3], &[1, 2, 3, 4, 5, 6])).expect("well formed");
    assert_eq!((images.shape(), images.len()), ([1, 1, 3], 2));
    assert_eq!((images.get(1), images.get(2)), (Some(&[4, 5, 6][..]), None));
    assert_eq!(labels(&file(U8, &[3], &[7, 0, 9])), Ok(vec![7, 0, 9]));
    assert_eq!(labels(&file(I16, &[2], &[1, 44, 0, 5])), Ok(vec![300, 5]));
}

#[test]
fn malformed_files_are_refused_without_allocating() {
    let length = |announced, found| IdxError::Length { announced: Announced(announced), found };
    assert_eq!(Images::parse(&[0; 3]), Err(IdxError::Magic));
    assert_eq!(Images::parse(b"P"), Err(IdxError::Magic));
    assert_eq!(labels(&file(0x0d, &[1], &[0; 4])), Err(IdxError::Type(0x0d)));
    assert_eq!(Images::parse(&file(I16, &[1, 1, 1], &[0, 0])), Err(IdxError::Type(I16)));
    assert_eq!(Images::parse(&file(U8, &[2, 2, 2], &[0; 7])), Err(length(Some(24), 23)));
    assert_eq!(Images::parse(&file(U8, &[2, 2, 2], &[0; 9])), Err(length(Some(24), 25)));
    assert_eq!(Images::parse(&file(U8, &[u32::MAX; 4], &[])), Err(length(None, 20)));
    assert_eq!(Images::parse(&[0, 0, U8, 255, 1]), Err(length(Some(1024), 5)));
    assert_eq!(labels(&file(U8, &[1, 1], &[0])), Err(IdxError::Rank { what: "labels", needed: "1", found: 2 }));
    assert_eq!(labels(&file(I16, &[1], &[255, 255])), Err(IdxError::Label { index: 0, value: -1 }));
    assert_eq!(Images::parse(&file(U8, &[5, 0, 3], &[])).map(|images| images.len()), Ok(0));
}

/// The array of NPY with a type, a shape, and these bytes.
fn array(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = u16::try_from(header.len()).expect("short").to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, content).expect("memory");
    encoder.finish().expect("memory")
}

fn floats(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[test]
fn arrays_of_each_shape_are_images() {
    let of = |shape: &str, count: u8| {
        let data: Vec<u8> = (0..count).collect();
        let images = Images::parse(&array("|u1", shape, &data)).expect("images");
        (images.shape(), images.len(), images.get(1).map(<[u8]>::to_vec))
    };
    assert_eq!(of("(2, 4)", 8), ([1, 2, 2], 2, Some(vec![4, 5, 6, 7])));
    assert_eq!(of("(2, 1, 3)", 6), ([1, 1, 3], 2, Some(vec![3, 4, 5])));
    assert_eq!(of("(2, 3, 1, 2)", 12), ([3, 1, 2], 2, Some(vec![6, 7, 8, 9, 10, 11])));
    let (shape, count, second) = of("(2, 5, 6, 3)", 180);
    let channels = (0..3).flat_map(|channel| (0..30).map(move |place| 90 + 3 * place + channel));
    assert_eq!((shape, count, second), ([3, 5, 6], 2, Some(channels.collect())), "channels that come last");
    for (shape, found) in [("(3,)", 1), ("(1, 1, 1, 1, 3)", 5)] {
        let rank = IdxError::Rank { what: "images", needed: "2, 3 or 4", found };
        assert_eq!(Images::parse(&array("|u1", shape, &[1, 2, 3])), Err(rank));
    }
    assert_eq!(Images::parse(&array("|u1", "(0, 28, 28)", &[])).map(|images| images.len()), Ok(0));
}

/// All 256 pixels, in each way of writing them.
#[test]
fn numbers_of_every_type_are_pixels() {
    let all: Vec<u8> = (0..=255).collect();
    let bytes = |word: &dyn Fn(u8) -> Vec<u8>| all.iter().flat_map(|byte| word(*byte)).collect::<Vec<u8>>();
    for (kind, data) in [
        ("|u1", all.clone()),
        ("<i2", bytes(&|x| i16::from(x).to_le_bytes().into())),
        (">i8", bytes(&|x| i64::from(x).to_be_bytes().into())),
        ("<f4", bytes(&|x| f32::from(x).to_le_bytes().into())),
        ("<f8", bytes(&|x| f64::from(x).to_le_bytes().into())),
        ("<f4", bytes(&|x| (f32::from(x) / 255.0).to_le_bytes().into())),
        ("<f4", bytes(&|x| (f32::from(x) * (1.0 / 255.0)).to_le_bytes().into())),
        ("<f8", bytes(&|x| (f64::from(x) / 255.0).to_le_bytes().into())),
    ] {
        let images = Images::parse(&array(kind, "(1, 16, 16)", &data)).expect("images");
        assert_eq!(images.get(0), Some(&all[..]), "{kind}");
    }
}

#[test]
fn what_is_no_pixel_is_told_with_its_image() {
    let refused = |kind, data: &[u8]| Images::parse(&array(kind, "(3, 1, 1)", data));
    let pixel = |image, value| Err(IdxError::Pixel { image, value });
    assert_eq!(refused("<f4", &floats(&[0.0, 0.5, 1.0])), pixel(1, 0.5));
    assert_eq!(refused("<f4", &floats(&[0.0, 7.5, 9.0])), pixel(1, 7.5));
    assert_eq!(refused("<f4", &floats(&[0.0, 9.0, 256.0])), pixel(2, 256.0));
    assert_eq!(refused("<f4", &floats(&[0.0, -0.25, 1.0])), pixel(1, -0.25));
    assert_eq!(refused("|i1", &[1, 2, 255]), pixel(2, -1.0));
    assert_eq!(refused("<u2", &[0, 0, 0, 1, 0, 0]), pixel(1, 256.0));
    for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert!(matches!(refused("<f4", &floats(&[0.0, 0.0, odd])), Err(IdxError::Pixel { image: 2, .. })), "{odd}");
    }
}

#[test]
fn arrays_of_integers_are_labels() {
    assert_eq!(labels(&array("<i8", "(2,)", &[7, 0, 0, 0, 0, 0, 0, 0, 9, 1, 0, 0, 0, 0, 0, 0])), Ok(vec![7, 265]));
    assert_eq!(labels(&array("|u1", "(2, 1)", &[7, 9])), Ok(vec![7, 9]));
    let rank = |found| Err(IdxError::Rank { what: "labels", needed: "1", found });
    assert_eq!(labels(&array("|u1", "(1, 2)", &[7, 9])), rank(2));
    assert_eq!(labels(&array("<f4", "(1,)", &floats(&[7.0]))), Err(IdxError::FloatLabels));
    assert_eq!(labels(&array("<i2", "(2,)", &[7, 0, 255, 255])), Err(IdxError::Label { index: 1, value: -1 }));
    assert_eq!(labels(&array("<u8", "(1,)", &[255; 8])), Err(IdxError::Label { index: 0, value: u64::MAX.into() }));
}

/// `train-images-idx3-ubyte.gz` is the file of IDX behind gzip, and NPY may be too.
#[test]
fn files_of_gzip_are_what_they_hold() {
    let plain = file(U8, &[60, 28, 28], &vec![9; 60 * 28 * 28]);
    assert_eq!(Images::parse(&gzip(&plain)), Images::parse(&plain));
    assert_eq!(labels(&gzip(&file(U8, &[3], &[7, 0, 9]))), Ok(vec![7, 0, 9]));
    let array = array("|u1", "(2, 1, 3)", &[1, 2, 3, 4, 5, 6]);
    assert_eq!(Images::parse(&gzip(&array)), Images::parse(&array));
}

/// What the header inside announces decides, before anything is unpacked for it.
#[test]
fn hostile_files_of_gzip_are_refused() {
    let bomb = gzip(&[file(U8, &[1, 1, 1], &[0]), vec![0; 1 << 22]].concat());
    assert_eq!(Images::parse(&bomb), Err(IdxError::Gzip(GzipError::Longer { announced: 17 })));
    let huge = gzip(&[file(U8, &[u32::MAX, 28, 28], &[]), vec![0; 1 << 22]].concat());
    assert_eq!(Images::parse(&huge), Err(IdxError::Gzip(GzipError::TooLarge { packed: huge.len() })));
    let beyond = gzip(&array("<f8", "(4294967295, 4294967295, 4294967295)", &[]));
    assert_eq!(Images::parse(&beyond), Err(IdxError::Gzip(GzipError::TooLarge { packed: beyond.len() })));
    let length = IdxError::Length { announced: Announced(Some(24)), found: 23 };
    assert_eq!(Images::parse(&gzip(&file(U8, &[2, 2, 2], &[0; 7]))), Err(length));
    let twice = Images::parse(&gzip(&gzip(&file(U8, &[1, 1, 1], &[0])))).expect_err("refused").to_string();
    assert!(twice.contains("compressed by gzip"), "{twice}");
    assert_eq!(Images::parse(&gzip(b"hello")), Err(IdxError::Magic));
    assert!(matches!(Images::parse(&gzip(&[])), Err(IdxError::Foreign("it is empty"))));
    let cut = gzip(&file(U8, &[1, 1, 1], &[0]));
    assert!(matches!(Images::parse(&cut[..cut.len() - 3]), Err(IdxError::Gzip(GzipError::Damaged(_)))));
    let npz = Images::parse(b"PK\x03\x04 and more").expect_err("refused").to_string();
    assert!(npz.starts_with("not an IDX file: it is a zip archive, as NPZ is"), "{npz}");
}
