//! Rust as a list of words and signs: no comments, no text in quotes, no lifetimes, and on request nothing that only tests compile.

/// The words and signs of a file. A `::` is one sign, any other sign one character.
pub fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => quoted(rest),
            '\'' => character_or_lifetime(rest),
            'r' | 'b' | 'c' if raw_text(rest).is_some() => raw_text(rest).expect("just seen"),
            _ if is_word(first) => {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                found.push(&rest[..length]);
                length
            }
            _ if first.is_whitespace() => first.len_utf8(),
            _ => {
                let length = if rest.starts_with("::") { 2 } else { first.len_utf8() };
                found.push(&rest[..length]);
                length
            }
        };
        rest = &rest[length..];
    }
    found
}

/// Whether a character is part of a name or a number.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += rest.chars().next().map_or(0, char::len_utf8);
        }
        if depth == 0 || at == text.len() {
            return at;
        }
    }
}

fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of `r"..."`, `r#"..."#` and the like, if the text begins with one.
fn raw_text(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r"].into_iter().find(|prefix| text.starts_with(prefix))?;
    let hashes = text[prefix.len()..].chars().take_while(|c| *c == '#').count();
    let open = prefix.len() + hashes;
    let body = text[open..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(open + 1 + body.find(&end).map_or(body.len(), |at| at + end.len()))
}

fn character_or_lifetime(text: &str) -> usize {
    let mut after = text.char_indices().skip(1);
    let Some((_, first)) = after.next() else { return text.len() };
    let second = after.next();
    if first == '\\' {
        // What is escaped may itself be a quote: '\''.
        let from = second.map_or(text.len(), |(at, c)| at + c.len_utf8());
        return text[from..].find('\'').map_or(text.len(), |at| from + at + 1);
    }
    match second {
        Some((at, '\'')) => at + 1,
        _ => 1 + text[1..].find(|c| !is_word(c)).unwrap_or(text.len() - 1),
    }
}

/// Where the bracket that opens at `open` is closed, or the end.
pub fn closing(tokens: &[&str], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match *token {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len()
}

const TEST: [&str; 6] = ["#", "[", "cfg", "(", "test", ")"];
const TEST_AND: [&str; 8] = ["#", "[", "cfg", "(", "all", "(", "test", ","];

/// The tokens without each item that `#[cfg(test)]` stands before.
pub fn without_tests<'a>(tokens: &[&'a str]) -> Vec<&'a str> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let rest = &tokens[at..];
        if rest.starts_with(&TEST) || rest.starts_with(&TEST_AND) {
            at = end_of_item(tokens, at);
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

/// One past the end of the item whose attributes begin at `at`: past its `;`, or past its braces.
fn end_of_item(tokens: &[&str], mut at: usize) -> usize {
    while at < tokens.len() {
        match tokens[at] {
            ";" => return at + 1,
            "{" => return closing(tokens, at) + 1,
            "(" | "[" => at = closing(tokens, at) + 1,
            _ => at += 1,
        }
    }
    tokens.len()
}

#[test]
fn only_code_is_left() {
    let text = r##"
        // use a::b;
        /* use /* nested */ c::d; */
        fn f<'a>(x: &'a str) -> char { let _ = ("use e::f;", r#"use "g"::h;"#, b'"', '\'', "\""); 'x' }
        #[cfg(test)] #[rustfmt::skip] mod tests { use super::*; fn inner() {} }
        #[cfg(test)] pub mod rehearsal;
        #[cfg(test)] fn g(x: [u8; 4]) -> [u8; 4] { x }
        struct End;
    "##;
    let kept = without_tests(&tokens(text));
    let expected = "fn f < > ( x : & str ) -> char { let _ = ( , , b , , ) ; } struct End ;";
    assert_eq!(kept.join(" ").replace("- >", "->"), expected);
}
