//! `backend:`, a word or a map.

use crate::read::{Alternative, Reader};
use crate::script::backend::Backend;
use crate::yaml::{Kind, Node};
use fusion_2pc::backend::cheetah::CarryChoice;
use fusion_2pc::backend::cryptflow2::TripleForm;
use fusion_2pc::backend::delphi::{Decode, Mask, Prepare};
use fusion_2pc::backend::{Choice, Family, Options};
use fusion_2pc::linear::Linear;
use fusion_2pc::ot::{Checks, Extension};
use fusion_active::network::Triples;

pub fn backend<'n>(reader: &mut Reader, node: &'n Node) -> Option<Backend> {
    if !matches!(node.kind, Kind::Map(_)) {
        let words: Vec<(&str, Backend)> = Backend::all().map(|backend| (backend.name(), backend)).collect();
        return reader.word_or(node, "backend", &words, "{ aby: { extension: ferret } }");
    }
    let fields = reader.fields(node, "backend", &Backend::all().map(Backend::name).collect::<Vec<_>>())?;
    let readers =
        Family::ALL.map(|family| move |reader: &mut Reader, node: &'n Node| with_options(reader, node, family));
    let mut alternatives: Vec<Alternative<'_, 'n, Backend>> = Vec::new();
    for (family, read) in Family::ALL.into_iter().zip(&readers) {
        alternatives.push((family.name(), read));
    }
    alternatives.push((Backend::SPDZ, &spdz));
    reader.one_of(&fields, &alternatives)
}

fn spdz(reader: &mut Reader, node: &Node) -> Option<Backend> {
    let fields = reader.fields(node, "a backend's options", &["triples"])?;
    let words = Triples::ALL.map(|triples| (triples.name(), triples));
    let triples =
        reader.optional(&fields, "triples", Triples::default(), |r, n| r.word(n, "form of triples", &words))?;
    Some(Backend::Spdz(triples))
}

fn with_options(reader: &mut Reader, node: &Node, family: Family) -> Option<Backend> {
    let fields = reader.fields(node, "a backend's options", family.options())?;
    let extensions = Extension::ALL.map(|extension| (extension.name(), Some(extension)));
    let extension = reader.optional(&fields, "extension", None, |r, n| r.word(n, "extension", &extensions))?;
    let checks = Checks::ALL.map(|checks| (checks.name(), Some(checks)));
    let checks = reader.optional(&fields, "checks", None, |r, n| r.word(n, "checks", &checks))?;
    let masks = [("outside", Some(Mask::Outside)), ("inside", Some(Mask::Inside))];
    let mask = reader.optional(&fields, "mask", None, |r, n| r.word(n, "mask", &masks))?;
    let orders = Prepare::ALL.map(|prepare| (prepare.name(), Some(prepare)));
    let prepare = reader.optional(&fields, "prepare", None, |r, n| r.word(n, "prepare", &orders))?;
    let ends = Decode::ALL.map(|decode| (decode.name(), Some(decode)));
    let decode = reader.optional(&fields, "decode", None, |r, n| r.word(n, "decode", &ends))?;
    let forms = TripleForm::ALL.map(|form| (form.name(), Some(form)));
    let triples = reader.optional(&fields, "triples", None, |r, n| r.word(n, "form of triples", &forms))?;
    let chunk = reader.optional(&fields, "chunk", None, |r, n| r.natural32(n, "chunk", 1..=u32::MAX).map(Some))?;
    let layers = Linear::ALL.map(|linear| (linear.name(), Some(linear)));
    let linear =
        reader.optional(&fields, "linear", None, |r, n| r.word(n, "choice of what linear layers encrypt", &layers))?;
    let ways = CarryChoice::ALL.map(|carries| (carries.name(), Some(carries)));
    let carries = reader.optional(&fields, "carries", None, |r, n| r.word(n, "way to find carries", &ways))?;
    let options = Options { extension, checks, mask, prepare, decode, triples, chunk, linear, carries };
    match Choice::new(family, options) {
        Ok(choice) => Some(Backend::Family(choice)),
        Err(refusal) => reader.wrong(node.mark, refusal.to_string()),
    }
}
