//! A drawing as a PDF page of its size.

use super::scene::{Colour, Mark, RAISE, RAISED_SIZE, Scene};
use pdf_writer::{Content, Name, Pdf, Rect, Ref, Str};

/// The length of the handles with which four cubic curves come near a circle, as a share of its radius.
const HANDLE: f32 = 0.552_285;
/// The name of the font on the page.
const FONT: Name<'_> = Name(b"F");

/// Writes a drawing as a PDF document. Its fonts are of those that every reader has, and are not embedded.
pub fn write(scene: &Scene) -> Vec<u8> {
    let [catalog, pages, page, font, content] = [1, 2, 3, 4, 5].map(Ref::new);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    let mut sheet = pdf.page(page);
    sheet.media_box(Rect::new(0.0, 0.0, scene.size[0], scene.size[1])).parent(pages).contents(content);
    sheet.resources().fonts().pair(FONT, font);
    drop(sheet);
    pdf.type1_font(font).base_font(Name(scene.font.in_pdf())).encoding_predefined(Name(b"WinAnsiEncoding"));
    pdf.stream(content, &drawn(scene).finish());
    pdf.finish()
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
    text.chars().map(|letter| if letter.is_ascii() { letter as u8 } else { 0x96 }).collect()
}
