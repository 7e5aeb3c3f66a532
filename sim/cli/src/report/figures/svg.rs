//! A drawing as SVG.

use super::scene::{Colour, Mark, RAISE, RAISED_SIZE, Scene};
use std::fmt::Write;

/// Writes a drawing as an SVG document.
pub fn write(scene: &Scene) -> String {
    let [width, height] = scene.size;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}pt\" height=\"{height}pt\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"{}\">\n",
        scene.font.in_svg()
    );
    for mark in &scene.marks {
        // Writing into a string does not fail.
        let _ = writeln!(svg, "{}", element(scene, mark));
    }
    svg + "</svg>\n"
}

fn element(scene: &Scene, mark: &Mark) -> String {
    match mark {
        Mark::Line { points, colour, width } => {
            let points: Vec<String> = points.iter().map(|[x, y]| format!("{x:.2},{y:.2}")).collect();
            let colour = hex(*colour);
            format!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"/>",
                points.join(" ")
            )
        }
        Mark::Bar { at: [x, y], size: [width, height], colour } => {
            let colour = hex(*colour);
            format!("<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{colour}\"/>")
        }
        Mark::Dot { at: [x, y], radius, colour } => {
            format!("<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{radius:.2}\" fill=\"{}\"/>", hex(*colour))
        }
        Mark::Text { at, anchor, text, raised, size } => {
            let [x, y] = scene.start(*at, *anchor, text, raised, *size);
            let raised = if raised.is_empty() {
                String::new()
            } else {
                format!(
                    "<tspan dy=\"{:.2}\" font-size=\"{:.2}\">{}</tspan>",
                    -RAISE * size,
                    RAISED_SIZE * size,
                    escaped(raised)
                )
            };
            format!("<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{size}\">{}{raised}</text>", escaped(text))
        }
    }
}

fn hex([red, green, blue]: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
