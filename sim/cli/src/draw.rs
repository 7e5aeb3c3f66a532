//! Small plots as text.

/// The number of columns of a plot.
const COLUMNS: usize = 48;

/// Draws values as characters of eight heights, from the least value to the greatest.
pub fn sparkline(values: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let (least, most) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(*value), most.max(*value)));
    let bar = |value: &f64| {
        let share = if most > least { (value - least) / (most - least) } else { 1.0 };
        let above = (1..BARS.len()).filter(|level| share * 8.0 >= index_f64(*level)).count();
        BARS[above]
    };
    values.iter().map(bar).collect()
}

/// Draws a row of a plot: a line from one percentage of the width to another, and marks, with ◈ where two coincide.
pub fn strip(line: [f64; 2], marks: &[(f64, char)]) -> String {
    let [from, to] = line.map(column);
    let mut cells = vec!['·'; COLUMNS];
    cells[from..=to].fill('─');
    (cells[from], cells[to]) = if from == to { ('│', '│') } else { ('├', '┤') };
    let mut taken = [false; COLUMNS];
    for (x, mark) in marks {
        let at = column(*x);
        cells[at] = if std::mem::replace(&mut taken[at], true) { '◈' } else { *mark };
    }
    cells.into_iter().collect()
}

/// Writes labels under a plot, where they fit.
pub fn scale(labels: &[(f64, String)]) -> String {
    let mut text = String::new();
    for (x, label) in labels {
        let start = column(*x).saturating_sub(label.chars().count() / 2);
        let width = text.chars().count();
        if start > width || width == 0 {
            text.extend(std::iter::repeat_n(' ', start - width.min(start)));
            text.push_str(label);
        }
    }
    text
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a percentage times a small number")]
fn column(x: f64) -> usize {
    let last = COLUMNS - 1;
    ((x.clamp(0.0, 100.0) / 100.0 * index_f64(last)).round() as usize).min(last)
}

#[expect(clippy::cast_precision_loss, reason = "columns and levels are few")]
fn index_f64(index: usize) -> f64 {
    index as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparklines_span_all_heights() {
        assert_eq!(sparkline(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]), "▁▂▃▄▅▆▇██");
        assert_eq!(sparkline(&[5.0, 5.0]), "██");
        assert_eq!(sparkline(&[]), "");
    }

    #[test]
    fn marks_stand_on_their_line() {
        let row = strip([0.0, 50.0], &[(25.0, '●'), (100.0, '◆')]);
        assert_eq!(row.chars().count(), COLUMNS);
        let at = |mark| row.chars().position(|c| c == mark).unwrap();
        assert_eq!((at('├'), at('●'), at('┤'), at('◆')), (0, 12, 24, 47));
        assert!(strip([0.0, 50.0], &[(25.0, '●'), (25.2, '◆')]).contains("─◈─"));
        assert_eq!(strip([10.0, 10.0], &[]).matches('│').count(), 1);
    }

    #[test]
    fn labels_do_not_overlap() {
        let labels: Vec<(f64, String)> = [0.0, 1.0, 50.0, 100.0].iter().map(|x| (*x, format!("{x}%"))).collect();
        assert_eq!(scale(&labels), format!("0%{}50%{}100%", " ".repeat(21), " ".repeat(19)));
    }
}
