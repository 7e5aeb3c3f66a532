//! A drawing as a PDF page of its size.

use super::font::{DASH, Font, advance, drawn as letter};
use super::scene::{Colour, Mark, RAISE, RAISED_SIZE, Scene};
use pdf_writer::types::FontFlags;
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};

/// The length of the handles with which four cubic curves come near a circle, as a share of its radius.
const HANDLE: f32 = 0.552_285;
/// The name of the font on the page.
const FONT: Name<'_> = Name(b"F");

/// The code of the dash in the encoding of the page.
const DASH_CODE: u8 = 0x96;

/// Writes a drawing as a PDF document, with its font embedded.
pub fn write(scene: &Scene) -> Vec<u8> {
    let [catalog, pages, page, font, content, descriptor, file] = [1, 2, 3, 4, 5, 6, 7].map(Ref::new);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    let mut sheet = pdf.page(page);
    sheet.media_box(Rect::new(0.0, 0.0, scene.size[0], scene.size[1])).parent(pages).contents(content);
    sheet.resources().fonts().pair(FONT, font);
    drop(sheet);
    embed(&mut pdf, scene.font, [font, descriptor, file]);
    pdf.stream(content, &drawn(scene).finish());
    pdf.finish()
}

/// Embeds a font: its dictionary, what describes it, and its file.
fn embed(pdf: &mut Pdf, font: Font, [dictionary, descriptor, file]: [Ref; 3]) {
    let (face, name) = (font.face(), Name(font.in_pdf()));
    let share = |units: i16| 1000.0 * f32::from(units) / f32::from(face.units_per_em());
    let mut entries = pdf.indirect(dictionary).dict();
    entries.pair(Name(b"Type"), Name(b"Font")).pair(Name(b"Subtype"), Name(b"TrueType")).pair(Name(b"BaseFont"), name);
    entries.pair(Name(b"FirstChar"), i32::from(b' ')).pair(Name(b"LastChar"), i32::from(DASH_CODE));
    let widths = (b' '..=DASH_CODE).map(|code| match code {
        b' '..=b'~' => 1000.0 * advance(&face, char::from(code)),
        DASH_CODE => 1000.0 * advance(&face, DASH),
        _ => 0.0,
    });
    entries.insert(Name(b"Widths")).array().items(widths);
    entries.pair(Name(b"FontDescriptor"), descriptor).pair(Name(b"Encoding"), Name(b"WinAnsiEncoding"));
    entries.finish();
    let bounds = face.global_bounding_box();
    let [left, bottom, right, top] = [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(share);
    let mut described = pdf.font_descriptor(descriptor);
    let serif = if font == Font::Times { FontFlags::SERIF } else { FontFlags::empty() };
    described.name(name).flags(FontFlags::NON_SYMBOLIC | serif).bbox(Rect::new(left, bottom, right, top));
    described.italic_angle(0.0).ascent(share(face.ascender())).descent(share(face.descender()));
    // The thickness of a stem is not in the file; viewers need it only where they have no font.
    described.cap_height(share(face.capital_height().unwrap_or(face.ascender()))).stem_v(80.0).font_file2(file);
    described.finish();
    #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "ten kilobytes")]
    let length = font.file().len() as i32;
    pdf.stream(file, font.file()).pair(Name(b"Length1"), length);
}

fn drawn(scene: &Scene) -> Content {
    let mut content = Content::new();
    for mark in &scene.marks {
        draw(scene, mark, &mut content);
    }
    content
}

fn draw(scene: &Scene, mark: &Mark, content: &mut Content) {
    // The origin of PDF is the lower left corner.
    let up = |y: f32| scene.size[1] - y;
    match mark {
        Mark::Line { points, colour, width } => {
            let [red, green, blue] = shares(*colour);
            content.set_stroke_rgb(red, green, blue).set_line_width(*width);
            for (place, [x, y]) in points.iter().enumerate() {
                if place == 0 {
                    content.move_to(*x, up(*y))
                } else {
                    content.line_to(*x, up(*y))
                };
            }
            content.stroke();
        }
        Mark::Bar { at: [x, y], size: [width, height], colour } => {
            fill(*colour, content);
            content.rect(*x, up(y + height), *width, *height).fill_nonzero();
        }
        Mark::Dot { at: [x, y], radius: r, colour } => {
            fill(*colour, content);
            let (y, h) = (up(*y), HANDLE * r);
            content.move_to(x + r, y);
            content.cubic_to(x + r, y + h, x + h, y + r, *x, y + r);
            content.cubic_to(x - h, y + r, x - r, y + h, x - r, y);
            content.cubic_to(x - r, y - h, x - h, y - r, *x, y - r);
            content.cubic_to(x + h, y - r, x + r, y - h, x + r, y);
            content.fill_nonzero();
        }
        Mark::Text { at, anchor, text, raised, size } => {
            let [x, y] = scene.start(*at, *anchor, text, raised, *size);
            fill([0; 3], content);
            content.begin_text().set_font(FONT, *size).next_line(x, up(y)).show(Str(&encoded(text)));
            if !raised.is_empty() {
                content
                    .set_font(FONT, RAISED_SIZE * size)
                    .set_rise(RAISE * size)
                    .show(Str(&encoded(raised)))
                    .set_rise(0.0);
            }
            content.end_text();
        }
    }
}

fn fill(colour: Colour, content: &mut Content) {
    let [red, green, blue] = shares(colour);
    content.set_fill_rgb(red, green, blue);
}

fn shares(colour: Colour) -> [f32; 3] {
    colour.map(|part| f32::from(part) / 255.0)
}

/// The bytes of a text in the encoding of the font: ASCII, and an en dash.
fn encoded(text: &str) -> Vec<u8> {
    text.chars().map(|one| u8::try_from(letter(one)).unwrap_or(DASH_CODE)).collect()
}
