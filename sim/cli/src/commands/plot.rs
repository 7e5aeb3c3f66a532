//! Cost per query against R, as SVG.

use crate::answers::plan::PUBLISHED;
use fusion_engine::failure::Failure;
use fusion_spec::bound::bits::nearest;
use fusion_spec::bound::plan::Plan;
use fusion_spec::params::{Lambda, Params};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Wong's palette (Nature Methods 8, 2011), which colour-blind readers can tell apart.
pub const PALETTE: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
];

/// Draws one line for each lambda, and the published points.
pub fn cost(lambdas: &[Lambda], plans: &[&Plan]) -> Result<String, Failure> {
    let mut svg = String::new();
    draw(&mut svg, lambdas, plans).map_err(|error| Failure::Bug(format!("drawing the plot: {error}")))?;
    Ok(svg)
}

/// Returns a plan as the point `(log2 R, (RB+T)/R)`.
fn point(params: Params) -> (f64, f64) {
    (nearest(&params.R().into()).log2(), nearest(&params.cost()))
}

fn draw(svg: &mut String, lambdas: &[Lambda], plans: &[&Plan]) -> Result<(), Box<dyn std::error::Error>> {
    let mut published = Vec::new();
    for (log_R, B, T) in PUBLISHED {
        let params = Params::new(1 << log_R, B, T, 0)?;
        published.push((point(params), format!("({B},{T})")));
    }
    let points = plans.iter().map(|plan| point(plan.params)).chain(published.iter().map(|(point, _)| *point));
    let (right, top) = points.fold((1.0, 1.0), |(x, y): (f64, f64), point| (x.max(point.0), y.max(point.1)));

    let root = SVGBackend::with_string(svg, (960, 600)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("Cost of mix-and-check per query", ("sans-serif", 22))
        .margin(20)
        .x_label_area_size(50)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..right + 1.0, (0.8..top * 1.3).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("queries R")
        .y_desc("inferences per query, (RB+T)/R")
        .x_labels(12)
        .x_max_light_lines(1)
        .x_label_formatter(&|x| format!("2^{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.0}"))
        .light_line_style(RGBColor(240, 240, 240))
        .label_style(("sans-serif", 15))
        .draw()?;
    for (index, lambda) in lambdas.iter().enumerate() {
        let color = PALETTE[index % PALETTE.len()];
        let mut line: Vec<_> =
            plans.iter().filter(|plan| plan.lambda == *lambda).map(|plan| point(plan.params)).collect();
        line.sort_by(|a, b| a.0.total_cmp(&b.0));
        chart
            .draw_series(LineSeries::new(line.iter().copied(), color.stroke_width(2)).point_size(3))?
            .label(format!("lambda = {}", lambda.bits()))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 24, y)], color.stroke_width(2)));
    }
    let label = ("sans-serif", 13).into_text_style(&root).pos(Pos::new(HPos::Left, VPos::Bottom));
    chart
        .draw_series(published.iter().map(|(point, name)| {
            EmptyElement::at(*point)
                + Circle::new((0, 0), 6, BLACK.stroke_width(2))
                + Text::new(name.clone(), (8, -6), label.clone())
        }))?
        .label("published (B,T) at lambda = 40")
        .legend(|(x, y)| Circle::new((x + 12, y), 6, BLACK.stroke_width(2)));
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .border_style(RGBColor(200, 200, 200))
        .label_font(("sans-serif", 15))
        .draw()?;
    root.present()?;
    drop(chart);
    Ok(())
}
