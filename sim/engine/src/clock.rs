//! The one place that reads the clock. It is used for progress, syncs and the names of folders, and decides no trial.

use std::time::Instant;
use time::OffsetDateTime;

/// Returns the time in UTC, to the second, in the form that the names of run folders have.
pub(crate) fn stamp() -> String {
    let now = OffsetDateTime::now_utc();
    let (date, [h, m, s]) = (now.date(), [now.hour(), now.minute(), now.second()]);
    format!("{}{:02}{:02}T{h:02}{m:02}{s:02}Z", date.year(), u8::from(date.month()), date.day())
}

/// Returns the current instant, for measuring how long something takes.
#[expect(clippy::disallowed_methods, reason = "the one place that asks")]
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}
