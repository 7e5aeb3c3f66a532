//! The slots of a session that a picture has room for.

use fusion_engine::simulate::SlotRecord;
use fusion_spec::mix::Sample;
use fusion_spec::params::Params;
use serde::Serialize;
use std::collections::BTreeSet;

/// The largest number of slots that are drawn.
const MOST: usize = 120;

/// One slot as the page draws it.
#[derive(Serialize)]
pub struct SlotShown {
    slot: u32,
    /// The number of the query of which the slot holds a copy; `None` for a public.
    query: Option<u32>,
    copy: Option<u32>,
    /// The number of the public that the slot holds; `None` for a copy.
    public: Option<u32>,
    touched: bool,
    wrong: bool,
}

impl SlotShown {
    fn new(record: &SlotRecord) -> Self {
        let &SlotRecord { slot, sample, touched, named: _, labels: _, wrong } = record;
        let (query, copy, public) = match sample {
            Sample::Query { query, copy } => (Some(query), Some(copy), None),
            Sample::Public { index } => (None, None, Some(index)),
        };
        Self { slot, query, copy, public, touched, wrong }
    }

    /// Hides what the server did.
    pub fn hide(&mut self) {
        (self.touched, self.wrong) = (false, false);
    }
}

/// Chooses the slots to draw, and says which they are: all if there is room, otherwise whole groups of copies and some publics, those that the
/// server touched first.
pub fn sample(params: Params, slots: &[SlotRecord]) -> (Vec<SlotShown>, String) {
    if slots.len() <= MOST {
        return (slots.iter().map(SlotShown::new).collect(), format!("all {} slots", slots.len()));
    }
    let chosen = chosen(slots);
    let shown: Vec<SlotShown> =
        slots.iter().filter(|record| chosen.contains(&record.slot)).map(SlotShown::new).collect();
    let publics = shown.iter().filter(|slot| slot.public.is_some()).count();
    let queries: BTreeSet<u32> = shown.iter().filter_map(|slot| slot.query).collect();
    let drawn = format!(
        "{} of {} slots: copies of {} of {} queries, and {publics} of {} publics, beginning with what this server touches",
        shown.len(),
        slots.len(),
        queries.len(),
        params.R(),
        params.T()
    );
    (shown, drawn)
}

/// Returns the numbers of the slots to draw, where not all have room. A quarter of the room is for publics.
fn chosen(slots: &[SlotRecord]) -> BTreeSet<u32> {
    let (mut publics, mut copies) = (Vec::new(), Vec::new());
    for record in slots {
        match record.sample {
            Sample::Public { .. } => publics.push(record),
            Sample::Query { query, .. } => copies.push((query, record)),
        }
    }
    // Stable: within each kind, the order of the slots.
    publics.sort_by_key(|record| !record.touched);
    let mut chosen: BTreeSet<u32> = publics.iter().take(MOST / 4).map(|record| record.slot).collect();
    let touched: BTreeSet<u32> = copies.iter().filter(|(_, record)| record.touched).map(|(query, _)| *query).collect();
    copies.sort_by_key(|(query, record)| (!touched.contains(query), *query, !record.touched));
    for group in copies.chunk_by(|one, other| one.0 == other.0) {
        let room = MOST - chosen.len();
        // A group that does not fit ends the picture, unless it is the first.
        if group.len() > room && chosen.len() > MOST / 4 {
            break;
        }
        chosen.extend(group.iter().take(room).map(|(_, record)| record.slot));
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(slot: u32, sample: Sample, touched: bool) -> SlotRecord {
        SlotRecord { slot, sample, touched, named: false, labels: None, wrong: touched }
    }

    /// A batch in the order of its samples, in which some slots are touched.
    fn batch(params: Params, touched: &[u32]) -> Vec<SlotRecord> {
        let (R, B) = (u32::try_from(params.R()).expect("small"), u32::try_from(params.B()).expect("small"));
        let copies = (0..R).flat_map(|query| (0..B).map(move |copy| Sample::Query { query, copy }));
        let publics = (0..u32::try_from(params.T()).expect("small")).map(|index| Sample::Public { index });
        (0..).zip(copies.chain(publics)).map(|(slot, sample)| record(slot, sample, touched.contains(&slot))).collect()
    }

    #[test]
    fn a_small_batch_is_drawn_whole() {
        let params = Params::new(8, 2, 4, 0).expect("legal");
        let (shown, drawn) = sample(params, &batch(params, &[3]));
        assert_eq!((shown.len(), drawn.as_str()), (20, "all 20 slots"));
        assert!(shown[3].touched && shown[3].wrong && !shown[2].touched);
        assert_eq!((shown[3].query, shown[3].copy, shown[17].public), (Some(1), Some(1), Some(1)));
    }

    /// Of a large batch whole groups are drawn, what is touched with its copies, and no more than there is room for.
    #[test]
    fn a_large_batch_is_drawn_in_part() {
        let params = Params::new(512, 5, 100, 0).expect("legal");
        // Two copies of query 300, one of 511, and the last public.
        let touched = [1500, 1502, 2559, 2659];
        let (shown, drawn) = sample(params, &batch(params, &touched));
        assert_eq!(
            drawn,
            "120 of 2660 slots: copies of 18 of 512 queries, and 30 of 100 publics, beginning with what this server touches"
        );
        for slot in touched {
            assert!(shown.iter().any(|one| one.slot == slot && one.touched), "{slot}");
        }
        let copies = |query| shown.iter().filter(|one| one.query == Some(query)).count();
        assert_eq!([300, 511, 0, 15, 16].map(copies), [5, 5, 5, 5, 0]);
        assert!(shown.is_sorted_by_key(|one| one.slot));
    }

    #[test]
    fn a_group_too_large_is_cut() {
        let params = Params::new(1, 500, 0, 0).expect("legal");
        let (shown, _) = sample(params, &batch(params, &[499]));
        assert_eq!(shown.len(), 120);
        assert!(shown.last().is_some_and(|one| one.slot == 499 && one.touched));
        let params = Params::new(3, 100, 40, 0).expect("legal");
        let (shown, drawn) = sample(params, &batch(params, &[]));
        assert_eq!(
            (shown.len(), drawn.starts_with("120 of 340 slots: copies of 1 of 3 queries")),
            (120, true),
            "{drawn}"
        );
    }
}
