//! The check of message authentication codes, of many opened values at once.
//!
//! Both parties toss a coin after everything is opened, add up the values and their codes with uniform coefficients from it, and open
//! `s_i = g_i - alpha_i y` under commitments: the sum is 0 (Damgard and others, `ESORICS` 2013, protocol `MACCheck`). A sum of wrong values passes with
//! a probability of at most `3/p`: the coefficients cancel the errors, a factor of what is combined is 0, or the peer guesses the key.

use crate::commit::CODES;
use crate::conduct::Check;
use crate::failure::{Cheating, Failure};
use crate::field::{self, ELEMENT_BITS};
use crate::party::{Opened, Party, element};
use crate::share::Share;
use fusion_2pc::bits::{pack, unpack};
use fusion_2pc::random::Seed;

/// So many uniform coefficients that grow from a coin.
pub(crate) fn coefficients(coin: &Seed, purpose: &str) -> impl Iterator<Item = u64> + use<> {
    let mut stream = coin.child(purpose).stream();
    std::iter::repeat_with(move || field::uniform(&mut stream))
}

impl Party {
    /// Checks everything that was opened since the last check. A party whose peer is caught sends and learns nothing more.
    ///
    /// # Errors
    /// [`Cheating::Mac`], [`Cheating::Commitment`], or a halt.
    pub fn check(&mut self) -> Result<(), Failure> {
        let opened = std::mem::take(&mut self.opened);
        if opened.is_empty() {
            return Ok(());
        }
        self.check_codes(opened.into_iter(), Check::Mac, Cheating::Mac)
    }

    /// Checks that shared values are 0, without opening them one by one.
    pub(crate) fn check_zero(
        &mut self,
        shares: impl Iterator<Item = Share>,
        check: Check,
        otherwise: Cheating,
    ) -> Result<(), Failure> {
        self.check_codes(shares.map(|share| (0, share.code)), check, otherwise)
    }

    /// Checks that codes are those of public values.
    pub(crate) fn check_codes(
        &mut self,
        opened: impl Iterator<Item = Opened>,
        check: Check,
        otherwise: Cheating,
    ) -> Result<(), Failure> {
        let coin = self.channel.toss()?;
        let (mut value, mut code) = (0, 0);
        for ((opened, share), factor) in opened.zip(coefficients(&coin, "a check of codes")) {
            value = field::add(value, field::mul(factor, opened));
            code = field::add(code, field::mul(factor, share));
        }
        let own = field::sub(code, field::mul(*self.alpha, value));
        let theirs = self.channel.exchange_committed(CODES, &pack(&[own], ELEMENT_BITS))?;
        let theirs = element(unpack(&theirs, ELEMENT_BITS, 1)[0]);
        if field::add(own, theirs) != 0 && !self.channel.conduct.omits(check) {
            return Err(self.channel.caught(otherwise));
        }
        Ok(())
    }
}
