//! The third number as a sentence, for wherever the two games are shown.

use crate::text::percent;
use fusion_engine::documents::substitution::SubstitutionDocument;

/// Says how often a server wins that swaps in the worst function. The numbers are rounded to the nearest.
pub fn sentence(worst: Option<&SubstitutionDocument>) -> String {
    let Some(SubstitutionDocument { rate: [_, rate], wrong_on: [_, wrong_on] }) = worst else {
        return "a server that swaps in another function wins with a probability that is not computed at this slack"
            .into();
    };
    let (rate, wrong_on) = (percent(*rate), percent(*wrong_on));
    format!(
        "a server that swaps in a function wrong on a fraction e of inputs wins with up to {rate} (at e = {wrong_on})"
    )
}
