//! The published tables with our figures in them.

use super::active::{ABOUT, Beside, plan_of};
use super::figures;
use super::published::{Network, PublishedRow, PublishedTable, Scheme, System, tables};
use fusion_2pc::backend::Family;
use fusion_engine::documents::active::{ActiveDocument, ActiveRow, QueryCost};
use fusion_engine::documents::tables::{
    ColumnDocument, MeasurementDocument, PlanOfRow, RowDocument, Source, TableDocument, TablesDocument,
};
use fusion_engine::failure::Failure;
use fusion_engine::store::commit;

/// What holds for all tables.
const NOTES: [&str; 4] = [
    "A query of mix-and-check costs (RB+T)/R inferences; an inference costs what it does in the largest batch that was measured.",
    "Bytes are exact and the same on every machine. They are those of messages, the offline part included; the set-up of a pair is apart.",
    "Seconds are the virtual time of the messages over a LAN (1 Gbit/s, 0.3 ms) or a WAN (100 Mbit/s, 40 ms), and the time of this machine without any overlap.",
    "Published figures are from the authors' slides of Fusion (NDSS 2023). They state no network beyond its data, no batch, and no speed of their lines.",
];

/// What was found by measuring.
#[derive(Clone, Debug)]
pub struct Found {
    /// Whether only a small batch of each backend was measured.
    pub quick: bool,
    /// The families that were to be measured.
    pub families: Vec<Family>,
    /// The measurements.
    pub measurements: Vec<MeasurementDocument>,
    /// The families that cannot compute a network, with the reason.
    pub refusals: Vec<(Family, Network, String)>,
    /// What full active security costs on each network, and what the families cost beside it.
    pub beside: Vec<Beside>,
}

impl Found {
    /// Returns the tables with these figures in them.
    ///
    /// # Errors
    /// [`Failure::Usage`] in principle only: the published parameters are legal.
    pub fn document(self) -> Result<TablesDocument, Failure> {
        let rows = self.beside.iter().map(|beside| beside.rows(&self.measurements));
        let rows: Vec<ActiveRow> = rows.collect::<Result<Vec<_>, Failure>>()?.concat();
        let tables = tables().iter().map(|table| self.table(table, &rows)).collect::<Result<_, Failure>>()?;
        let inferences = self.beside.iter().flat_map(|beside| beside.inferences(&self.measurements)).collect();
        Ok(TablesDocument {
            active: ActiveDocument { about: ABOUT.into(), inferences, rows },
            commit: commit(),
            notes: NOTES.map(String::from).into(),
            quick: self.quick,
            tables,
            version: env!("CARGO_PKG_VERSION").into(),
            measurements: self.measurements,
        })
    }

    fn table(&self, table: &PublishedTable, active: &[ActiveRow]) -> Result<TableDocument, Failure> {
        let columns = table.columns.iter();
        let columns = columns.map(|(name, unit)| ColumnDocument { name: (*name).into(), unit: unit.sign().into() });
        Ok(TableDocument {
            about: table.about.into(),
            columns: columns.collect(),
            number: table.number.into(),
            rows: table.rows.iter().map(|row| self.row(table, row, active)).collect::<Result<_, Failure>>()?,
            title: table.title.into(),
        })
    }

    fn row(&self, table: &PublishedTable, row: &PublishedRow, active: &[ActiveRow]) -> Result<RowDocument, Failure> {
        let (system, plan) = match row.scheme {
            Scheme::Fusion { over, choice } => (Some(over), Some(plan_of(choice)?)),
            Scheme::Active { choice, .. } => (Some(System::Cheetah), Some(plan_of(choice)?)),
            Scheme::Single(system) => (Some(system), None),
            Scheme::LevioSA => (None, None),
        };
        let empty = RowDocument {
            backend: system.and_then(System::family).map(|family| family.name().into()),
            batch: None,
            differs: Vec::new(),
            network: if system.is_some() { row.network.name() } else { "not known" }.into(),
            ours: vec![None; table.columns.len()],
            plan,
            published: row.figures.clone(),
            reason: None,
            scheme: row.scheme.title(),
            source: Source::NotMeasured,
        };
        if let (Scheme::Active { protocol, .. }, Some(plan)) = (row.scheme, plan) {
            return Ok(self.beside_cheetah(active, (plan, protocol.name()), row.network, empty));
        }
        let (system, measured) = match system.map(|system| (system, self.measured(system, row.network))) {
            Some((system, Ok(measured))) => (system, measured),
            Some((_, Err(reason))) => return Ok(RowDocument { reason: Some(reason), ..empty }),
            None => return Ok(RowDocument { reason: Some("LevioSA itself is not here".into()), ..empty }),
        };
        let cost = plan.map_or(1.0, |plan| plan.cost);
        let columns = table.columns.iter().enumerate();
        let ours = columns.map(|(column, (_, unit))| Some(cost * figures::of(measured, column, *unit)?)).collect();
        let is_published = row.figures.iter().any(Option::is_some);
        Ok(RowDocument {
            batch: Some(measured.batch),
            differs: if is_published { system.differs().to_vec() } else { Vec::new() },
            ours,
            source: measured.source,
            ..empty
        })
    }

    /// Fills the row of a multiple of mix-and-check over Cheetah.
    fn beside_cheetah(
        &self,
        active: &[ActiveRow],
        (plan, protocol): (PlanOfRow, &str),
        network: Network,
        empty: RowDocument,
    ) -> RowDocument {
        let is_of = |row: &&ActiveRow| {
            (row.backend.as_str(), row.protocol.as_str()) == (Family::Cheetah.name(), protocol)
                && row.network == network.name()
                && row.plan == plan
        };
        let found = active.iter().find(is_of);
        match found.and_then(|row| Some((row.batch, row.times?))) {
            Some((batch, QueryCost { bytes, lan_s, wan_s, .. })) => RowDocument {
                batch: Some(batch),
                ours: vec![Some(bytes), None, Some(lan_s), Some(wan_s)],
                source: Source::Predicted,
                ..empty
            },
            None if found.is_some() => RowDocument { reason: Some("not evaluated".into()), ..empty },
            None if !self.families.contains(&Family::Cheetah) => {
                RowDocument { reason: Some("left out by --backend".into()), ..empty }
            }
            None => RowDocument { reason: Some("left out by --quick".into()), ..empty },
        }
    }

    /// Returns the measurement of a system on a network with the largest batch, or says why there is none.
    fn measured(&self, system: System, network: Network) -> Result<&MeasurementDocument, String> {
        let family = system.family().ok_or("no backend yet")?;
        if !self.families.contains(&family) {
            return Err("left out by --backend".into());
        }
        if let Some((_, _, reason)) = self.refusals.iter().find(|(of, on, _)| (*of, *on) == (family, network)) {
            return Err(reason.clone());
        }
        let own = self
            .measurements
            .iter()
            .filter(|measured| measured.backend == family.name() && measured.network == network.name());
        own.max_by_key(|measured| measured.batch).ok_or_else(|| match network.flag() {
            Some(flag) if !self.quick => format!("no model of it here: see {flag}"),
            _ => "left out by --quick".into(),
        })
    }
}
