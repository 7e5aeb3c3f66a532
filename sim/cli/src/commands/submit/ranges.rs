//! Sets of shards as Slurm writes them, such as `1-3,7`.

use std::collections::BTreeSet;

/// Writes shards as ranges: `1-3,7`.
pub fn write(shards: &BTreeSet<u64>) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for shard in shards {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *shard => *last = *shard,
            _ => ranges.push((*shard, *shard)),
        }
    }
    let range = |(first, last): &(u64, u64)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    ranges.iter().map(range).collect::<Vec<_>>().join(",")
}

/// Reads the tasks of an array among the first `of`, as `squeue` and `sacct` write them: `7`, or `[1-3,7%2]` for tasks that wait together. Of what is no
/// such list, such as `N/A`, nothing is read.
pub fn read(text: &str, of: u64) -> BTreeSet<u64> {
    let list = text.trim_start_matches('[').trim_end_matches(']');
    let list = list.split_once('%').map_or(list, |(list, _)| list);
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        Some(first.max(1)..=last.min(of))
    };
    list.split(',').filter_map(range).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::{read, write};
    use std::collections::BTreeSet;

    #[test]
    fn lists_are_written_and_read() {
        for (list, text) in [
            (vec![], ""),
            (vec![4], "4"),
            (vec![1, 2, 3], "1-3"),
            (vec![1, 2, 4, 6, 7], "1-2,4,6-7"),
            (vec![9, 10], "9-10"),
        ] {
            let set: BTreeSet<u64> = list.into_iter().collect();
            assert_eq!(write(&set), text);
            assert_eq!(read(text, 10), set);
            assert_eq!(read(&format!("[{text}%2]"), 10), set);
        }
        assert_eq!(read("[1-18446744073709551615]", 3), BTreeSet::from([1, 2, 3]));
        for odd in ["N/A", "", "[", "-", "7-", "x-y", "0", "11"] {
            assert_eq!(read(odd, 10), BTreeSet::new(), "{odd}");
        }
    }
}
