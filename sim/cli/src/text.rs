//! Numbers and tables as text.

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, Table, presets};
use fusion_adversaries::problem::{counted, is_unprintable, one_line};
use fusion_spec::bound::bits::{nearest, security_bits};
use rug::{Integer, Rational};
use std::path::Path;

/// The style of headings.
pub const HEADING: Style = Style::new().bold();
/// The style of what matters most in a table.
pub const ACCENT: Style = AnsiColor::Cyan.on_default().bold();
/// The style of what should not be overlooked.
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// The style of what must not be overlooked.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// The style of side remarks.
pub const DIM: Style = Style::new().dimmed();

/// The length in bits of the longest number that is shown digit by digit.
const SHORT_BITS: u32 = 34;

/// Returns text in a style, which is stripped on streams that are not terminals.
pub fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Formats a warning: something that does not stop a command, but should be known.
pub fn warning(message: &str) -> String {
    format!("{} {}", styled(WARNING, "warning:"), one_line(message))
}

/// Returns the end of a verdict after warnings that it does not show.
pub fn warned(warnings: usize) -> String {
    match warnings {
        0 => String::new(),
        n => format!("; {}", counted(n, "warning")),
    }
}

/// Writes a path as a word of a shell's command line. Bytes that are not UTF-8 or would move the cursor are escaped as POSIX
/// shells (2024) and bash read them, between `$'` and `'`.
pub fn shell(path: &Path) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:,@%".contains(c);
    match path.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(plain) => text.into(),
        Some(text) if !text.contains(is_unprintable) => format!("'{}'", text.replace('\'', "'\\''")),
        _ => {
            let byte = |byte: &u8| match byte {
                b'\'' | b'\\' => format!("\\{}", char::from(*byte)),
                b' '..=b'~' => char::from(*byte).to_string(),
                other => format!("\\{other:03o}"),
            };
            let bytes: String = path.as_os_str().as_encoded_bytes().iter().map(byte).collect();
            format!("$'{bytes}'")
        }
    }
}

/// Writes sizes in the form `6x24x24`.
pub fn shape(sizes: &[usize]) -> String {
    sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join("x")
}

/// Writes a probability briefly: as a fraction if it is short, else as a decimal, else as a power of two.
pub fn probability(p: &Rational) -> String {
    if p.numer().significant_bits().max(p.denom().significant_bits()) <= SHORT_BITS {
        return p.to_string();
    }
    let rest = Rational::from(1 - p);
    match (security_bits(p), security_bits(&rest)) {
        (Some(bits), _) if bits > 10.0 => format!("2^-{}", floor(bits)),
        (_, Some(bits)) if bits > 10.0 => format!("1 - 2^-{}", floor(bits)),
        _ => format!("{:.6}", nearest(p)),
    }
}

/// Writes a rate in percent, to three digits.
pub fn percent(rate: f64) -> String {
    match rate {
        0.0 => "0".into(),
        1.0 => "100%".into(),
        rate if rate < 1e-4 => format!("{rate:.2e}"),
        rate if rate < 0.1 => format!("{:.3}%", rate * 100.0),
        rate => format!("{:.2}%", rate * 100.0),
    }
}

/// Writes an interval from one rate to another.
pub fn interval([low, high]: [f64; 2]) -> String {
    format!("[{}, {}]", percent(low), percent(high))
}

/// Writes a count briefly.
pub fn count(n: &Integer) -> String {
    match n.significant_bits() {
        bits if bits <= SHORT_BITS => n.to_string(),
        bits => format!("> 2^{}", bits - 1),
    }
}

/// Writes security bits to two places, rounded down; `-` for an event that never happens.
pub fn bits(bits: Option<f64>) -> String {
    bits.map_or_else(|| "-".into(), floor)
}

fn floor(bits: f64) -> String {
    format!("{:.2}", (bits * 100.0).floor() / 100.0)
}

/// Formats a table with a heading, in which all columns but the first `left` are aligned to the right.
pub fn table(heading: &[&str], rows: Vec<Vec<String>>, left: usize) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(heading.to_vec()).add_rows(rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        let alignment = if index < left { CellAlignment::Left } else { CellAlignment::Right };
        column.set_cell_alignment(alignment);
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_string()).collect();
    let (first, rest) = lines.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    std::iter::once(styled(HEADING, first)).chain(rest.iter().cloned()).map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::shell;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    /// What a shell makes of a word is the path again, whatever bytes are in it.
    #[test]
    fn a_shell_reads_a_path_back() {
        let word = |bytes: &[u8]| shell(Path::new(OsStr::from_bytes(bytes)));
        assert_eq!(word(b"runs/a-b_1"), "runs/a-b_1");
        assert_eq!(word("n\u{e9} b".as_bytes()), "'n\u{e9} b'");
        assert_eq!(word(b"n\xff/it's"), r"$'n\377/it\'s'");
        for bytes in
            [&b"a b"[..], b"it's", b"n\xff", b"n\xff'\\", b"\x1b[2J\n1", b"", b"$HOME `x`", "\u{202e}9".as_bytes()]
        {
            let line = format!("printf %s {}", word(bytes));
            let read = std::process::Command::new("bash").args(["-c", &line]).output().expect("a shell");
            assert_eq!(read.stdout, bytes, "{line}");
        }
    }
}
