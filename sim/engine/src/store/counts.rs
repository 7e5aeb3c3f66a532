//! `counts.csv`: one row for each block of trials, in the order of the script's strategies and then of trials.

use crate::campaign::Counter;
use crate::simulate::Counts;
use fusion_adversaries::script::MAX_TRIALS;
use fusion_spec::verdict::Reason;
use std::fmt::Write;
use std::ops::Range;

/// The first line of `counts.csv`.
pub const HEADER: &str = "strategy,trial_lo,trial_hi,win,harmless,caught,error,e_t,e_t_and_e_b,reasons_json";

/// One row of `counts.csv`: the counts of a block of trials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountsRow {
    /// The index of the counter among all counters of the campaign.
    pub counter: usize,
    /// The numbers of the trials in the block.
    pub trials: Range<u64>,
    /// How the trials ended.
    pub counts: Counts,
}

/// The reason why a file of counts cannot be continued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountsError {
    /// The first line is not the heading of a file of counts.
    #[error("line 1: not the heading of a file of counts")]
    Heading,
    /// A line is not a row of this campaign.
    #[error("line {line}: {what}")]
    Row {
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong with the line, in words.
        what: String,
    },
    /// Some trials are counted twice.
    #[error("line {line}: trials {}..{} of {name} overlap those of another line", .trials.start, .trials.end)]
    Overlap {
        /// The number of the line, from 1.
        line: usize,
        /// The name of the strategy.
        name: String,
        /// The numbers of the trials in the later line.
        trials: Range<u64>,
    },
}

impl CountsRow {
    /// Returns the row as a line of the file, with its line break.
    #[must_use]
    pub fn line(&self, counters: &[Counter]) -> String {
        let Self { counter, trials, counts } = self;
        let Counts { win, harmless, caught: _, error, e_t, e_t_and_e_b } = counts;
        let (lo, hi, caught) = (trials.start, trials.end, counts.caught());
        let mut line =
            format!("{},{lo},{hi},{win},{harmless},{caught},{error},{e_t},{e_t_and_e_b},\"{{", counters[*counter].name);
        let seen = Reason::ALL.iter().zip(counts.caught).filter(|(_, count)| *count > 0);
        for (index, (reason, count)) in seen.enumerate() {
            let comma = if index == 0 { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = write!(line, "{comma}\"\"{}\"\":{count}", reason.name());
        }
        line + "}\"\n"
    }

    fn parse(line: &str, counters: &[Counter]) -> Result<Self, String> {
        let (fields, reasons) = line.split_once(",\"{").ok_or("a row ends in the reasons, as quoted JSON")?;
        let fields: Vec<&str> = fields.split(',').collect();
        let [name, numbers @ ..] = &fields[..] else { return Err("the row is empty".into()) };
        let counter = counters.iter().position(|known| known.name == *name);
        let counter = counter.ok_or_else(|| format!("no strategy is called `{name}`"))?;
        let numbers = numbers.iter().map(|text| natural(text)).collect::<Result<Vec<u64>, String>>()?;
        let [lo, hi, win, harmless, all_caught, error, e_t, e_t_and_e_b] = numbers[..] else {
            return Err(format!("a row has {} fields", HEADER.split(',').count()));
        };
        let counts = Counts { win, harmless, caught: parse_reasons(reasons)?, error, e_t, e_t_and_e_b };
        let sum = [win, harmless, all_caught, error].into_iter().try_fold(0_u64, u64::checked_add);
        let reasons = counts.caught.into_iter().try_fold(0_u64, u64::checked_add);
        if lo >= hi || sum != Some(hi - lo) || reasons != Some(all_caught) || e_t > hi - lo || e_t_and_e_b > e_t {
            return Err("the counts do not add up".into());
        }
        let block = counters[counter].block;
        if lo % block != 0 || hi - lo > block || hi > MAX_TRIALS {
            return Err(format!("the trials {lo}..{hi} are no block of {block}"));
        }
        Ok(Self { counter, trials: lo..hi, counts })
    }
}

fn natural(text: &str) -> Result<u64, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().ok_or_else(|| format!("`{text}` is no count"))
}

/// Reads the counts of reasons, which [`CountsRow::line`] writes after `"{`.
fn parse_reasons(text: &str) -> Result<[u64; Reason::ALL.len()], String> {
    let wrong = || format!("`{{{text}` are no reasons");
    let inner = text.strip_suffix("}\"").ok_or_else(wrong)?;
    let mut caught = [0; Reason::ALL.len()];
    for entry in inner.split(',').filter(|entry| !entry.is_empty()) {
        let (name, count) = entry.split_once(':').ok_or_else(wrong)?;
        let name = name.strip_prefix("\"\"").and_then(|name| name.strip_suffix("\"\"")).ok_or_else(wrong)?;
        let place = Reason::ALL.iter().position(|reason| reason.name() == name).ok_or_else(wrong)?;
        caught[place] = natural(count)?;
    }
    Ok(caught)
}

/// Reads all rows of a file. A last line without a line break is torn, and dropped.
///
/// # Errors
/// [`CountsError`] for anything else that is not a file of counts.
pub fn parse(text: &str, counters: &[Counter]) -> Result<Vec<CountsRow>, CountsError> {
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let mut lines = whole.lines();
    match lines.next() {
        None if HEADER.starts_with(text) => return Ok(Vec::new()),
        Some(HEADER) => {}
        None | Some(_) => return Err(CountsError::Heading),
    }
    let mut rows: Vec<(usize, CountsRow)> = Vec::new();
    for (index, line) in lines.enumerate() {
        let line_number = index + 2;
        let row = CountsRow::parse(line, counters).map_err(|what| CountsError::Row { line: line_number, what })?;
        rows.push((line_number, row));
    }
    rows.sort_by_key(|(_, row)| (row.counter, row.trials.start));
    for pair in rows.windows(2) {
        let [(a_line, a), (b_line, b)] = pair else { continue };
        if a.counter == b.counter && b.trials.start < a.trials.end {
            let (line, row) = if a_line > b_line { (*a_line, a) } else { (*b_line, b) };
            return Err(CountsError::Overlap {
                line,
                name: counters[row.counter].name.clone(),
                trials: row.trials.clone(),
            });
        }
    }
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters() -> Vec<Counter> {
        [("honest", 1024), ("guess-one", 1024), ("bend", 16)]
            .map(|(name, block)| Counter { name: name.into(), block })
            .into()
    }

    fn row(counter: usize, lo: u64) -> CountsRow {
        let counts = Counts { win: 3, harmless: 1000, caught: [20, 0, 0, 1, 0], error: 0, e_t: 900, e_t_and_e_b: 40 };
        CountsRow { counter, trials: lo..lo + 1024, counts }
    }

    fn file(lines: &[String]) -> String {
        format!("{HEADER}\n{}", lines.concat())
    }

    #[test]
    fn rows_are_lines_and_lines_are_rows() {
        let line = row(1, 1024).line(&counters());
        let expected = "guess-one,1024,2048,3,1000,21,0,900,40,\"{\"\"public_wrong\"\":20,\"\"peer_gone\"\":1}\"\n";
        assert_eq!(line, expected);
        let cheats = CountsRow { counts: Counts { caught: [20, 0, 0, 0, 1], ..row(1, 1024).counts }, ..row(1, 1024) };
        assert_eq!(cheats.line(&counters()), expected.replace("peer_gone", "cheating"));
        assert_eq!(parse(&file(&[cheats.line(&counters())]), &counters()), Ok(vec![cheats]));
        let none = CountsRow { counter: 0, trials: 0..5, counts: Counts { harmless: 5, e_t: 5, ..Counts::default() } };
        assert_eq!(none.line(&counters()), "honest,0,5,0,5,0,0,5,0,\"{}\"\n");
        let text = file(&[row(1, 0).line(&counters()), row(0, 0).line(&counters()), row(1, 1024).line(&counters())]);
        assert_eq!(parse(&text, &counters()), Ok(vec![row(0, 0), row(1, 0), row(1, 1024)]), "in order");
        assert_eq!(
            parse(&text.replace("1000", "999"), &counters()).map_err(|e| e.to_string()).unwrap_err(),
            "line 2: the counts do not add up"
        );
    }

    /// Cut anywhere, a file loses its last row at the most.
    #[test]
    fn a_torn_tail_is_dropped() {
        let text = file(&[row(0, 0).line(&counters()), row(0, 1024).line(&counters())]);
        let second = text.len() - row(0, 1024).line(&counters()).len();
        for cut in 0..=text.len() {
            let rows = match cut {
                _ if cut < second => usize::from(cut == second),
                _ => 1,
            };
            let expected = if cut == text.len() { 2 } else { rows };
            let first_line = cut > HEADER.len() && cut < second;
            assert_eq!(
                parse(&text[..cut], &counters()).map(|rows| rows.len()),
                Ok(if first_line { 0 } else { expected })
            );
        }
    }

    #[test]
    fn what_is_no_row_is_located() {
        let good = row(0, 0).line(&counters());
        let message = |text: &str| parse(text, &counters()).expect_err("malformed").to_string();
        assert_eq!(message("a,b\n"), "line 1: not the heading of a file of counts");
        assert_eq!(
            message(&file(&[good.clone(), good.clone()])),
            "line 3: trials 0..1024 of honest overlap those of another line"
        );
        for (wrong, what) in [
            (good.replace("honest", "other"), "no strategy is called `other`"),
            (good.replace(",900", ""), "a row has 10 fields"),
            (good.replace(",900", ",-900"), "`-900` is no count"),
            (good.replace(",900", ",99999999999999999999"), "`99999999999999999999` is no count"),
            (good.replace(",21,", ",22,"), "the counts do not add up"),
            (good.replace("public_wrong", "bad_luck"), "`{\"\"bad_luck\"\":20,\"\"peer_gone\"\":1}\"` are no reasons"),
            ("honest\n".into(), "a row ends in the reasons, as quoted JSON"),
        ] {
            assert_eq!(message(&file(&[wrong])), format!("line 2: {what}"));
        }
    }

    #[test]
    fn a_row_is_a_block_of_its_own_counter() {
        let row = |counter, trials: Range<u64>| {
            let harmless = trials.end - trials.start;
            CountsRow { counter, trials, counts: Counts { harmless, ..Counts::default() } }
        };
        let parsed =
            |row: &CountsRow| parse(&file(&[row.line(&counters())]), &counters()).map_err(|error| error.to_string());
        for good in [row(0, 1024..2048), row(1, 0..7), row(2, 0..16), row(2, 16..32), row(2, 1024..1030)] {
            assert_eq!(parsed(&good), Ok(vec![good]));
        }
        for (wrong, what) in [
            (row(0, 16..32), "16..32 are no block of 1024"),
            (row(1, 0..1025), "0..1025 are no block of 1024"),
            (row(2, 0..1024), "0..1024 are no block of 16"),
            (row(2, 8..16), "8..16 are no block of 16"),
        ] {
            assert_eq!(parsed(&wrong), Err(format!("line 2: the trials {what}")));
        }
    }
}
