//! A share of a list of files, for one of many machines.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Every so many-th of a sorted list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shard {
    /// From 1 on.
    pub(crate) number: usize,
    pub(crate) count: usize,
}

impl Shard {
    /// Whether the item at this place of the list is in the share.
    pub(crate) fn has(self, at: usize) -> bool {
        at % self.count.max(1) + 1 == self.number
    }

    /// A log in `folder`, whose name begins with `name`, that no other machine writes.
    pub(crate) fn log(shard: Option<Self>, folder: &Path, name: &str) -> PathBuf {
        folder.join(match shard {
            Some(Self { number, count }) => format!("{name}.{number}-of-{count}.jsonl"),
            None => format!("{name}.jsonl"),
        })
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').map(|(number, count)| (number.parse(), count.parse()));
        match parts {
            Some((Ok(number), Ok(count))) if (1..=count).contains(&number) => {
                Ok(Self { number, count })
            }
            _ => Err(format!("expected K/N with K from 1 to N, found {text}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_in_one_share() {
        let shards: Vec<Shard> = (1..=3).map(|k| format!("{k}/3").parse().expect("one")).collect();
        for at in 0..20 {
            assert_eq!(shards.iter().filter(|shard| shard.has(at)).count(), 1, "item {at}");
        }
        for bad in ["0/3", "4/3", "1/0", "1", "/", "a/b", "-1/3"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }
}
