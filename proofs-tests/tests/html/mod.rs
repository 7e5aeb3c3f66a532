//! Pages on runs, read as a browser does.

use html5ever::driver::ParseOpts;
use html5ever::tendril::TendrilSink;
use html5ever::tree_builder::TreeBuilderOpts;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use std::collections::BTreeSet;
use std::path::Path;

/// An element, with its attributes and its text.
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
}

fn text_of(node: &Handle) -> String {
    match &node.data {
        NodeData::Text { contents } => contents.borrow().to_string(),
        _ => node.children.borrow().iter().map(text_of).collect(),
    }
}

fn collect(node: &Handle, elements: &mut Vec<Element>) {
    if let NodeData::Element { name, attrs, .. } = &node.data {
        let attribute =
            |attribute: &html5ever::Attribute| (attribute.name.local.to_string(), attribute.value.to_string());
        let attributes = attrs.borrow().iter().map(attribute).collect();
        let separator = if &*name.local == "tr" { " " } else { "" };
        let parts: Vec<String> = node.children.borrow().iter().map(text_of).collect();
        elements.push(Element { name: name.local.to_string(), attributes, text: parts.join(separator) });
    }
    for child in node.children.borrow().iter() {
        collect(child, elements);
    }
}

impl Element {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The elements of a page that parses without a single error, asks for nothing and runs nothing.
pub fn page(path: impl AsRef<Path>) -> Vec<Element> {
    let html = std::fs::read_to_string(&path).expect("there is a page");
    let options = ParseOpts {
        tree_builder: TreeBuilderOpts { exact_errors: true, ..TreeBuilderOpts::default() },
        ..ParseOpts::default()
    };
    let dom = html5ever::parse_document(RcDom::default(), options).one(html.as_str());
    let errors = dom.errors.borrow();
    assert!(errors.is_empty(), "{}: {errors:?}", path.as_ref().display());
    let mut elements = Vec::new();
    collect(&dom.document, &mut elements);
    let mut ids = BTreeSet::new();
    for Element { name, attributes, .. } in &elements {
        assert!(!["script", "iframe", "object", "embed", "img", "form", "base"].contains(&name.as_str()), "{name}");
        for (key, value) in attributes {
            assert!(!key.starts_with("on") && key != "style", "{key}");
            let data = value == "data:," || name == "a" && value.starts_with("data:image/svg+xml,");
            assert!(!["src", "href", "action"].contains(&key.as_str()) || data, "{key}={value}");
            assert!(key != "id" || ids.insert(value.clone()), "{value} twice");
        }
    }
    for element in &elements {
        if let Some(id) = element.get("aria-labelledby") {
            assert!(ids.contains(id), "{id} labels nothing");
        }
        assert!(
            element.name != "style" || !["url(h", "@import", "url(/"].iter().any(|word| element.text.contains(word))
        );
    }
    elements
}
