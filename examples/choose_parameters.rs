//! From a promise to its price: plan, verify the certificate, and see what binds.
//!
//! `cargo run --example choose_parameters`

use fusion_spec::bound::certificate::check;
use fusion_spec::bound::deviation::Deviation;
use fusion_spec::bound::plan::{Goal, plan};
use fusion_spec::params::Lambda;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for R in [8, 512, 1 << 19] {
        let goal = Goal {
            R,
            lambda: Lambda::new(40)?,
            min_T: 0,
            max_T: None,
            slack: None,
            accuracy: None,
            substitution: None,
        };
        let plan = plan(&goal)?;
        if let Some(certificate) = &plan.certificate {
            check(certificate)?;
        }
        let params = plan.params;
        let one_query = Deviation::full(params, params.B().into())?.pr_win()?;
        println!(
            "{params}: {:.4} inferences per query, {} binds; all copies of one query are hit with {one_query}",
            params.cost().to_f64(),
            plan.binding.name(),
        );
    }
    Ok(())
}
